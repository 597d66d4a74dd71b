//! Bars and parts once more, and what must not change.

use super::*;

#[test]
fn a_bar_is_written_again_and_all_else_stays() {
    let (song, _) = seeded(SeedSettings {
        bars: 8,
        ..seed_settings()
    });
    let song = saved_and_opened(&song);
    let vary = VarySettings {
        bars: 4..5,
        ..VarySettings::default()
    };
    let best = made(&song, Kind::Vary(vary), 3, 3).remove(0);
    let varied = place(&song, &best, best.at);
    for part in Part::ALL {
        assert_eq!(
            notes(&varied, part, 0..4),
            notes(&song, part, 0..4),
            "{part}"
        );
        assert_eq!(
            notes(&varied, part, 5..20),
            notes(&song, part, 5..20),
            "{part}"
        );
        assert_ne!(
            notes(&varied, part, 4..5),
            notes(&song, part, 4..5),
            "{part}"
        );
        // The clip itself says the same as the song.
        let clip = best.clip.track(track_id(part)).unwrap();
        let moved = |note: &Note| Note {
            start: note.start + Tick(2 * 3840),
            ..*note
        };
        let clip: Vec<Note> = clip.notes().iter().map(moved).collect();
        assert_eq!(clip, notes(&varied, part, 0..20));
    }
    assert_eq!(varied.origins.len(), 1, "the clip is still one");
    assert_eq!(best.measures[0].name, "new");
    // And it is made again from what was stored.
    let opened = saved_and_opened(&varied);
    let lineage = Arc::clone(&opened.origins[0].lineage);
    let again = made(&opened, Kind::Again(lineage), 1, 1).remove(0);
    assert_eq!(again.clip.tracks, best.clip.tracks);
}

#[test]
fn parts_and_bars_of_parts_are_written_again_and_again() {
    let (song, _) = seeded(seed_settings());
    let vary = |song: &Song, bars, parts: &[Part], seed| {
        let settings = VarySettings {
            bars,
            parts: parts.to_vec(),
            ..VarySettings::default()
        };
        let best = made(song, Kind::Vary(settings), seed, 1).remove(0);
        place(song, &best, best.at)
    };
    let drums = vary(&song, 2..6, &[Part::Drums], 1);
    assert_ne!(
        notes(&drums, Part::Drums, 2..6),
        notes(&song, Part::Drums, 2..6)
    );
    for part in Part::ALL.into_iter().skip(1) {
        assert_eq!(notes(&drums, part, 0..9), notes(&song, part, 0..9));
    }
    let cell = vary(&drums, 3..4, &[Part::Bass, Part::Guitar], 2);
    for part in Part::ALL {
        let is_meant = [Part::Bass, Part::Guitar].contains(&part);
        let same = notes(&cell, part, 3..4) == notes(&drums, part, 3..4);
        assert_eq!(same, !is_meant, "{part}");
        for rest in [0..3, 4..9] {
            assert_eq!(notes(&cell, part, rest.clone()), notes(&drums, part, rest));
        }
    }
    // However often: the lineage does not grow inwards, and leads back to the notes.
    let mut song = cell;
    for seed in 10..14 {
        song = vary(&song, 2..3, &[Part::Piano], seed);
    }
    let lineage = Arc::clone(&song.origins[0].lineage);
    assert_eq!(lineage.parent.as_ref().unwrap().kind, "seed");
    assert!(lineage.parent.as_ref().unwrap().parent.is_none());
    let again = made(&song, Kind::Again(lineage), 1, 1).remove(0);
    assert_eq!(
        place(&Song::default(), &again, Tick(7680)).tracks,
        song.tracks
    );
}

#[test]
fn notes_changed_by_hand_are_kept_as_they_are() {
    let (song, _) = seeded(seed_settings());
    let bass = song
        .tracks
        .iter()
        .find(|track| track.role == Role::Bass)
        .unwrap();
    let mut edited = bass.notes().to_vec();
    edited[0].velocity = Velocity::clamped(3);
    edited.push(Note {
        locked: true,
        ..Note::new(
            Tick(3 * 3840 + 77),
            Tick(11),
            Pitch::clamped(100),
            Velocity::DEFAULT,
        )
    });
    let song = song.with_track(bass.with_notes(edited));
    let vary = VarySettings {
        bars: 3..6,
        ..VarySettings::default()
    };
    let best = made(&song, Kind::Vary(vary), 8, 1).remove(0);
    let varied = place(&song, &best, best.at);
    assert_eq!(
        notes(&varied, Part::Bass, 0..3),
        notes(&song, Part::Bass, 0..3)
    );
    let locked = notes(&varied, Part::Bass, 3..4);
    assert!(
        locked
            .iter()
            .any(|note| note.locked && note.pitch.get() == 100)
    );
}

#[test]
fn music_drawn_by_hand_is_varied_around_what_stays() {
    let song = drawn();
    let vary = |parts: &[Part]| VarySettings {
        bars: 2..4,
        parts: parts.to_vec(),
        model: "accompany".to_owned(),
        ..VarySettings::default()
    };
    let best = made(&song, Kind::Vary(vary(&[Part::Bass])), 1, 1).remove(0);
    let varied = place(&song, &best, best.at);
    assert_eq!(varied.tracks[0], song.tracks[0]);
    assert_eq!(varied.tracks.len(), 2);
    assert_ne!(
        notes(&varied, Part::Bass, 2..4),
        notes(&song, Part::Bass, 2..4)
    );
    assert_eq!(
        notes(&varied, Part::Bass, 4..8),
        notes(&song, Part::Bass, 4..8)
    );
    for parts in [&[][..], &Part::ALL] {
        let message = refused(&song, Kind::Vary(vary(parts)));
        assert!(message.contains("leave at least one"), "{message}");
    }
}

#[test]
fn bars_that_were_cut_out_of_a_clip_are_noticed() {
    let (song, _) = seeded(seed_settings());
    let mut song = song;
    song.origins[0].span.end -= Tick(3840);
    let vary = VarySettings {
        bars: 2..3,
        ..VarySettings::default()
    };
    let message = refused(&song, Kind::Vary(vary));
    assert!(
        message.contains("added to this clip or taken out"),
        "{message}"
    );
}

#[test]
fn a_changed_model_is_told() {
    let (mut song, _) = seeded(seed_settings());
    let mut lineage: Lineage = (*song.origins[0].lineage).clone();
    lineage.checkpoint = "another".to_owned();
    song.origins[0].lineage = Arc::new(lineage);
    let mut worker = worker();
    let kind = Kind::Again(Arc::clone(&song.origins[0].lineage));
    let job = worker.submit(request(&song, kind, 1, 1)).unwrap();
    let told = events(&worker, job).into_iter().any(
        |event| matches!(event, Event::Remark { message, .. } if message.contains("has changed")),
    );
    assert!(told);
}

#[test]
fn small_changes_and_more_notes_are_heard() {
    let (song, _) = seeded(seed_settings());
    let vary = |change| {
        let settings = VarySettings {
            bars: 2..6,
            change,
            ..VarySettings::default()
        };
        made(&song, Kind::Vary(settings), 6, 1).remove(0)
    };
    assert_ne!(vary(0.3).clip, vary(1.0).clip);
    let unchanged = vary(0.0);
    assert_eq!(place(&song, &unchanged, unchanged.at).tracks.len(), 5);
    let mut dense = seed_settings();
    dense.band.density = -1.0;
    let sparse = made(&Song::default(), Kind::Seed(dense), 5, 1);
    assert!(
        sparse[0]
            .clip
            .tracks
            .iter()
            .all(|track| !track.notes().is_empty())
    );
    assert!(usize::from(LOWEST_PITCH) + PITCHES <= 128);
}
