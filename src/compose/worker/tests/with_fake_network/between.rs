//! Bars between others, bars from anywhere on, and notes that stay.

use super::*;
use crate::compose::{FillVoices, InfillSettings, infill_of, place};
use crate::score::{ClipOrigin, Pitch};

/// Eight bars of melody and piano, played a little off the grid.
fn duo() -> Arc<Song> {
    let line = |every: i64, pitch: i32| {
        (0..8 * 3840 / every)
            .map(|place| {
                Note::new(
                    Tick(place * every + place % 3 * 7),
                    Tick(every - 60),
                    Pitch::clamped(pitch + (place * 5 % 12) as i32),
                    Velocity::DEFAULT,
                )
            })
            .collect::<Vec<Note>>()
    };
    let track = |id, role| Track::new(TrackId(id), "T", Instrument::pitched(0), role);
    Arc::new(
        Song::default()
            .with_track(track(1, Role::Melody).with_notes(line(480, 67)))
            .with_track(track(2, Role::Piano).with_notes(line(960, 45)))
            .with_track(track(3, Role::Bass).with_notes(line(1920, 33))),
    )
}

/// The song with the `place`th note of a track locked.
fn locked(song: &Song, id: u32, places: &[usize]) -> Arc<Song> {
    let track = song.track(TrackId(id)).unwrap();
    let mut notes = track.notes().to_vec();
    for place in places {
        notes[*place].locked = true;
    }
    Arc::new(song.with_track(track.with_notes(notes)))
}

fn fill(song: &Arc<Song>, settings: InfillSettings, candidates: u32) -> Request {
    Request {
        song: Arc::clone(song),
        kind: Kind::Infill(settings),
        seed: 6,
        candidates,
    }
}

fn bars(from: i64, to: i64) -> Span {
    Span::new(Tick(from * 3840), Tick(to * 3840))
}

/// The notes of a track outside a span.
fn outside(song: &Song, id: u32, span: Span) -> Vec<Note> {
    let notes = song.track(TrackId(id)).unwrap().notes().iter();
    notes
        .filter(|note| !span.contains(note.start))
        .copied()
        .collect()
}

#[test]
fn bars_are_filled_and_the_rest_stays_to_the_tick() {
    // Bars 4 and 5; two notes of the melody and one of the piano are locked, all of them off the grid.
    let song = locked(&locked(&duo(), 1, &[25, 29]), 2, &[13]);
    let settings = InfillSettings {
        bars: 3..5,
        ..InfillSettings::default()
    };
    let candidates = finished(
        &mut worker(512, usize::MAX),
        fill(&song, settings.clone(), 4),
    );
    assert_eq!(candidates.len(), 4);
    let gap = bars(3, 5);
    let mut written = 0;
    for candidate in &candidates {
        assert_eq!((candidate.bars, candidate.at), (2, gap.start));
        assert_eq!(infill_of(&candidate.lineage), Some(settings.clone()));
        assert_eq!(candidate.measures[0].name, "leads on");
        let placed = place(&song, candidate, candidate.at);
        for id in [1, 2] {
            assert_eq!(outside(&placed, id, gap), outside(&song, id, gap));
            let now = placed.track(TrackId(id)).unwrap().notes_starting_in(gap);
            let then = song.track(TrackId(id)).unwrap().notes_starting_in(gap);
            assert_ne!(now, then);
            let locks = |notes: &[Note]| -> Vec<Note> {
                notes.iter().filter(|note| note.locked).copied().collect()
            };
            assert_eq!(locks(now), locks(then));
            assert_eq!(locks(now).len(), if id == 1 { 2 } else { 1 });
            written += now.len() - locks(now).len();
        }
        assert_eq!(placed.tracks[2], song.tracks[2]);
        assert_eq!(placed.tracks.len(), 3);
    }
    assert!(written > 8, "{written} notes in eight places");
    // The clips are shown as they will stand: the locked notes are in them, to the tick.
    let first = song.tracks[0].notes()[25];
    let shown = candidates[0].clip.tracks[0].notes();
    assert!(
        shown
            .iter()
            .any(|note| note.start + gap.start == first.start && note.locked)
    );
}

#[test]
fn one_voice_is_written_and_the_other_is_heard() {
    let song = duo();
    let settings = InfillSettings {
        bars: 0..2,
        voices: FillVoices::Piano,
        scale: Some(Key::default()),
        ..InfillSettings::default()
    };
    for candidate in finished(&mut worker(512, usize::MAX), fill(&song, settings, 3)) {
        assert_eq!(candidate.tracks.len(), 1);
        let placed = place(&song, &candidate, candidate.at);
        assert_eq!(placed.tracks[0], song.tracks[0], "the melody stays");
        assert_eq!(
            outside(&placed, 2, bars(0, 2)),
            outside(&song, 2, bars(0, 2))
        );
        let new = placed.tracks[1].notes_starting_in(bars(0, 2));
        assert!(!new.is_empty());
        assert!(
            new.iter()
                .all(|note| Key::default().pitch_classes().contains(note.pitch))
        );
        // Its clip holds what was given as well, for eyes and ears.
        let given: Vec<Note> = song.tracks[0].notes_starting_in(bars(0, 2)).to_vec();
        assert_eq!(candidate.clip.tracks[0].notes(), given);
    }
}

#[test]
fn filled_bars_are_made_again_and_filled_once_more() {
    let song = duo();
    let settings = InfillSettings {
        bars: 6..8,
        ..InfillSettings::default()
    };
    let mut worker = worker(512, usize::MAX);
    let request = fill(&song, settings, 2);
    let first = finished(&mut worker, request.clone());
    assert_eq!(first, finished(&mut worker, request.clone()));
    // Nothing stands behind the last bars: there is nothing that they could lead to.
    assert!(
        first
            .iter()
            .all(|c| c.measures.iter().all(|m| m.name != "leads on"))
    );
    let kept = Arc::new(place(&song, &first[0], first[0].at));
    let again = Request {
        kind: Kind::Again(Arc::clone(&first[0].lineage)),
        song: Arc::clone(&kept),
        ..request.clone()
    };
    let again = finished(&mut worker, again);
    assert_eq!(again.len(), 1);
    assert_eq!(
        (&again[0].clip, &again[0].lineage),
        (&first[0].clip, &first[0].lineage)
    );
    // Filled over: the origin of the first is replaced, and is no parent.
    let next = finished(
        &mut worker,
        Request {
            song: Arc::clone(&kept),
            seed: 8,
            ..request
        },
    );
    assert!(
        next.iter()
            .all(|candidate| candidate.lineage.parent.is_none())
    );
    let placed = place(&kept, &next[0], next[0].at);
    assert_eq!(placed.origins.len(), 1);
}

#[test]
fn a_return_ends_where_the_new_bars_begin_and_comes_where_it_is_painted() {
    let mut song = (*duo()).clone();
    let region = |span, kind| crate::score::ThemeRegion {
        span,
        track: TrackId(1),
        kind,
    };
    song.themes = vec![
        region(bars(0, 2), ThemeKind::Theme),
        region(bars(2, 4), ThemeKind::Return),
        region(bars(5, 7), ThemeKind::Return),
        region(bars(4, 5), ThemeKind::Painted),
    ];
    let song = Arc::new(song);
    let settings = InfillSettings {
        bars: 3..6,
        ..InfillSettings::default()
    };
    for candidate in finished(&mut worker(512, usize::MAX), fill(&song, settings, 3)) {
        let placed = place(&song, &candidate, candidate.at);
        let mut regions = placed.themes.clone();
        regions.retain(|region| region.kind == ThemeKind::Return);
        // What is left of both returns, and one more where it was painted.
        let spans: Vec<Span> = regions.iter().map(|region| region.span).collect();
        assert_eq!(spans, [bars(2, 3), bars(4, 5), bars(6, 7)]);
    }
}

#[test]
fn bars_that_cannot_be_filled_say_why() {
    let song = duo();
    let fails = |song: &Arc<Song>, settings: InfillSettings| {
        let mut worker = worker(512, usize::MAX);
        let id = worker.submit(fill(song, settings, 1)).unwrap();
        match events_of(&worker, id).pop() {
            Some(Event::Failed { message, .. }) => message,
            other => panic!("{other:?}"),
        }
    };
    let with = |bars, voices| InfillSettings {
        bars,
        voices,
        ..InfillSettings::default()
    };
    let empty = Arc::new(Song::default());
    assert!(fails(&empty, with(0..2, FillVoices::Both)).contains("draw some notes"));
    assert!(fails(&song, with(0..40, FillVoices::Both)).contains("at most 16"));
    assert!(fails(&song, with(4..4, FillVoices::Both)).contains("bar"));
    let alone = Arc::new(Song {
        tracks: vec![Arc::clone(&song.tracks[0])],
        ..(*song).clone()
    });
    assert!(fails(&alone, with(2..4, FillVoices::Piano)).contains("no piano"));
    let mut track = (*song.tracks[0]).clone();
    track.locked = true;
    let shut = Arc::new(song.with_track(track));
    assert!(fails(&shut, with(2..4, FillVoices::Both)).contains("is locked"));
}

#[test]
fn a_melody_goes_on_from_any_bar_around_its_locked_notes() {
    let song = locked(&duo(), 1, &[35]);
    let settings = ContinueSettings {
        bars: 3,
        ..ContinueSettings::from_bar(&song, TrackId(1), 4).unwrap()
    };
    assert_eq!(
        settings.theme,
        bars(2, 4),
        "the last phrase stands in for a theme"
    );
    let request = Request {
        song: Arc::clone(&song),
        kind: Kind::Continue(settings.clone()),
        seed: 2,
        candidates: 3,
    };
    let mut worker = worker(512, usize::MAX);
    for candidate in finished(&mut worker, request.clone()) {
        assert_eq!((candidate.bars, candidate.at), (3, Tick(4 * 3840)));
        assert_eq!(settings_of(&candidate.lineage), Some(settings.clone()));
        let placed = place(&song, &candidate, candidate.at);
        for id in [1, 2] {
            assert_eq!(
                outside(&placed, id, bars(4, 7)),
                outside(&song, id, bars(4, 7))
            );
        }
        let lock = song.tracks[0].notes()[35];
        assert!(placed.tracks[0].notes().contains(&lock));
        let origin: &ClipOrigin = &placed.origins[0];
        assert_eq!(origin.span, bars(4, 7));
    }
    // Where nothing stands before, the theme itself is what is continued.
    let late = ContinueSettings {
        from: Some(30),
        theme: bars(0, 2),
        track: TrackId(1),
        bars: 2,
        ..ContinueSettings::default()
    };
    let request = Request {
        kind: Kind::Continue(late),
        ..request
    };
    let candidates = finished(&mut worker, request);
    assert!(
        candidates
            .iter()
            .all(|candidate| candidate.at == Tick(30 * 3840))
    );
}

#[test]
fn a_locked_note_stays_behind_the_theme() {
    let mut notes = song().tracks[0].notes().to_vec();
    notes.push(Note {
        locked: true,
        ..Note::new(
            Tick(7680 + 973),
            Tick(700),
            Pitch::clamped(61),
            Velocity::DEFAULT,
        )
    });
    let lock = notes[notes.len() - 1];
    let song = Arc::new(song().with_track(song().tracks[0].with_notes(notes)));
    let request = Request {
        song: Arc::clone(&song),
        ..request(settings(), 4)
    };
    for candidate in finished(&mut worker(512, usize::MAX), request) {
        let placed = place(&song, &candidate, candidate.at);
        assert!(placed.tracks[0].notes().contains(&lock));
        let clip = candidate.clip.tracks[0].notes();
        let beside = clip
            .iter()
            .filter(|note| (960..1673).contains(&note.start.0));
        assert_eq!(beside.count(), 1, "nothing else begins where it sounds");
    }
}

#[test]
fn a_register_keeps_the_melody_on_its_side_of_the_theme() {
    // The theme lies between C4 (60) and C5 (72).
    let melody = |register| -> Vec<u8> {
        let settings = ContinueSettings {
            register,
            ..settings()
        };
        finished(&mut worker(512, usize::MAX), request(settings, 4))
            .iter()
            .flat_map(|candidate| candidate.clip.tracks[0].notes().to_vec())
            .map(|note| note.pitch.get())
            .collect()
    };
    let free = melody(0.0);
    assert!(free.iter().any(|pitch| !(60..=72).contains(pitch)));
    assert!(melody(1.0).iter().all(|pitch| *pitch >= 60));
    assert!(melody(-1.0).iter().all(|pitch| *pitch <= 72));
    // Halfway to the lowest note that there is, 36; and to the highest, 96.
    assert!(melody(0.5).iter().all(|pitch| *pitch >= 48));
    assert!(melody(-0.5).iter().all(|pitch| *pitch <= 84));
}
