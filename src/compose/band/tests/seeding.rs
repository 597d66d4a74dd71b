//! Music from nothing: seeds, streaming, repetition, the key.

use super::*;

#[test]
fn a_band_plays_from_nothing_and_the_same_seed_gives_the_same() {
    let kind = || {
        Kind::Seed(SeedSettings {
            bars: 8,
            parts: vec![Part::Bass, Part::Drums],
            ..seed_settings()
        })
    };
    let song = Song::default();
    let candidates = made(&song, kind(), 7, 4);
    assert_eq!(candidates, made(&song, kind(), 7, 4));
    assert_eq!(candidates.len(), 4);
    for pair in candidates.windows(2) {
        assert!(pair[0].score >= pair[1].score);
        assert_ne!(pair[0].clip, pair[1].clip);
    }
    for candidate in &candidates {
        assert_eq!((candidate.bars, candidate.clip.tracks.len()), (8, 2));
        let drums = &candidate.clip.tracks[0];
        assert!(drums.instrument.drums && !drums.notes().is_empty());
        assert!(candidate.clip.end() <= Tick(8 * 3840));
        let loud: Vec<u8> = drums
            .notes()
            .iter()
            .map(|note| note.velocity.get())
            .collect();
        assert!(
            loud.iter().any(|velocity| *velocity != loud[0]),
            "never flat"
        );
    }
    // Fewer candidates are the first of many.
    let one = made(&song, kind(), 7, 1).remove(0);
    let same = candidates.iter().find(|candidate| candidate.index == 0);
    assert_eq!(Some(&one), same);
}

#[test]
fn phrases_are_shown_as_they_grow() {
    let mut worker = worker();
    let settings = SeedSettings {
        bars: 12,
        ..seed_settings()
    };
    let request = request(&Song::default(), Kind::Seed(settings), 1, 2);
    let job = worker.submit(request).unwrap();
    let mut grown = [vec![], vec![]];
    for event in events(&worker, job) {
        if let Event::Grown {
            draft, bars_total, ..
        } = event
        {
            assert_eq!(bars_total, 12);
            grown[draft.index as usize].push(draft.bars);
            if draft.bars < 12 {
                assert_eq!(draft.lineage.settings["stopped"], draft.bars.to_string());
            }
        }
    }
    assert_eq!(grown, [[4, 8, 12], [4, 8, 12]]);
}

#[test]
fn what_was_stored_is_made_again_to_the_note() {
    let (song, best) = seeded(SeedSettings {
        bars: 8,
        ..seed_settings()
    });
    let opened = saved_and_opened(&song);
    assert_eq!(opened, song);
    let lineage = Arc::clone(&opened.origins[0].lineage);
    let again = made(&opened, Kind::Again(lineage), 99, 1).remove(0);
    assert_eq!(again.clip, best.clip);
    assert_eq!(again.at, Tick(2 * 3840));
    assert_eq!(place(&opened, &again, again.at), song);
}

#[test]
fn the_key_is_locked_and_the_song_is_moved_into_it() {
    let key: Key = "E major".parse().unwrap();
    let mut settings = seed_settings();
    settings.band.scale = Some(key);
    for candidate in made(&Song::default(), Kind::Seed(settings), 4, 4) {
        let mut count = 0;
        for track in &candidate.clip.tracks {
            for note in track.notes().iter().filter(|_| !track.instrument.drums) {
                assert!(key.pitch_classes().contains(note.pitch));
                count += 1;
            }
        }
        // The fake plays in C major: most of its notes would be outside if they were not moved.
        assert!(count > 60, "{count}");
    }
}

#[test]
fn a_cancelled_piece_keeps_what_is_complete() {
    let mut worker = worker();
    let long = SeedSettings {
        bars: 64,
        ..seed_settings()
    };
    let job = worker
        .submit(request(&Song::default(), Kind::Seed(long), 1, 64))
        .unwrap();
    worker.cancel(job);
    assert!(matches!(
        events(&worker, job).pop(),
        Some(Event::Cancelled { .. })
    ));
}
