#![allow(clippy::unwrap_used)]

use super::*;
use crate::formats::midi::{self, MidiOptions};
use crate::score::{
    Instrument, Note, Pitch, Role, Song, Tempo, TempoMap, Tick, Track, TrackId, Velocity,
};
use crate::tokens::part::Part;
use crate::train::bands::grooves::tests::performance;

fn track(id: u32, name: &str, instrument: Instrument, notes: &[(i64, i64, i32)]) -> Track {
    // (sixteenth, sixteenths, key)
    let note = |(step, length, key): &(i64, i64, i32)| {
        Note::new(
            Tick::SIXTEENTH * *step,
            Tick::SIXTEENTH * *length,
            Pitch::clamped(*key),
            Velocity::clamped(60 + (*key + *step as i32) % 60),
        )
    };
    Track::new(TrackId(id), name, instrument, Role::Melody)
        .with_notes(notes.iter().map(note).collect())
}

fn save(path: &Path, song: &Song) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, midi::write(song, &MidiOptions::default()).unwrap()).unwrap();
}

/// Six bars of drums, bass and piano; the piano moves so that no two phrases are alike.
fn band() -> Song {
    let quarters = |key: i32| -> Vec<_> { (0..24).map(|beat| (beat * 4, 4, key)).collect() };
    let piano: Vec<_> = (0..24)
        .map(|beat| (beat * 4, 4, 60 + beat as i32 % 7))
        .collect();
    Song::default()
        .with_track(track(1, "d", Instrument::DRUMS, &quarters(36)))
        .with_track(track(2, "b", Instrument::pitched(33), &quarters(40)))
        .with_track(track(3, "p", Instrument::pitched(0), &piano))
}

fn options(data: &Path) -> PrepareOptions {
    PrepareOptions {
        data: data.to_owned(),
        out: data.join("out"),
        seed: 5,
    }
}

#[test]
fn a_folder_of_midi_becomes_a_set_with_a_report() {
    let folder = tempfile::tempdir().unwrap();
    save(&folder.path().join("x/song.mid"), &band());
    save(&folder.path().join("y/copy.mid"), &band());
    let solo = track(1, "p", Instrument::pitched(0), &[(0, 64, 60), (64, 4, 61)]);
    save(
        &folder.path().join("solo.mid"),
        &Song::default().with_track(solo),
    );
    std::fs::write(folder.path().join("bad.mid"), b"MThd").unwrap();
    let options = options(folder.path());
    let report = run(&options, &mut |_, _| ControlFlow::Continue(())).unwrap();
    let left_out = &report.left_out[&Source::Folder];
    assert_eq!(left_out["cannot be read"], ["bad.mid"]);
    assert_eq!(left_out["fewer than three of the five parts"], ["solo.mid"]);
    assert_eq!(left_out["the same notes as another file"], ["y/copy.mid"]);
    let set = BandSet::open(&options.out).unwrap();
    let all: usize = [Split::Train, Split::Validation]
        .iter()
        .map(|split| set.phrases(*split).len())
        .sum();
    assert_eq!((all, set.songs().len()), (3, 1));
    assert_eq!(set.song(0).name, "x/song.mid");
    let figures = report.sources[&Source::Folder].values().next().unwrap();
    assert_eq!((figures.songs, figures.bars, figures.phrases), (1, 6, 3));
    assert_eq!(figures.active[&Part::Piano], 1.0);
    assert_eq!(figures.notes_per_bar[&Part::Drums], 4.0);
    assert_eq!(figures.measures["EB strings"], 1.0);
    let written: serde_json::Value =
        serde_json::from_slice(&std::fs::read(options.out.join("report.json")).unwrap()).unwrap();
    assert!(written["sources"]["folder"].is_object());
    assert!(options.out.join("folder-1.png").is_file());
}

#[test]
fn pop909_is_arranged_with_the_bands_and_grooves_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    save(&data.join("bands/openmsx/song.mid"), &band());
    std::fs::create_dir_all(data.join("groove/d")).unwrap();
    let beat: Vec<(i64, i32, i32)> = (0..16)
        .flat_map(|beat| {
            let skin = if beat % 2 == 0 { 36 } else { 38 };
            [
                (beat * 960, skin, 90),
                (beat * 960, 42, 90),
                (beat * 960 + 480, 42, 90),
            ]
        })
        .collect();
    std::fs::write(data.join("groove/d/beat.mid"), performance(&beat)).unwrap();
    let table = "style,bpm,beat_type,time_signature,midi_filename\nrock,120,beat,4-4,d/beat.mid\n";
    std::fs::write(data.join("groove/info.csv"), table).unwrap();
    // Eight bars in C and F; melody and piano; the first beat at 0 seconds.
    let melody: Vec<_> = (0..32)
        .map(|beat| (beat * 4, 4, 67 + (beat * 5 % 7) as i32))
        .collect();
    let piano: Vec<_> = (0..32)
        .map(|beat| (beat * 4, 4, 55 + (beat * 3 % 8) as i32))
        .collect();
    let chords: Vec<_> = (0..8)
        .flat_map(|bar| {
            let root = if bar % 2 == 0 { 48 } else { 53 };
            [0, 4, 7].map(|third| (bar * 16, 16, root + third))
        })
        .collect();
    let mut performed = Song::default()
        .with_track(track(1, "MELODY", Instrument::pitched(0), &melody))
        .with_track(track(2, "PIANO", Instrument::pitched(0), &piano));
    performed.tempo = std::sync::Arc::new(TempoMap::constant(Tempo::from_bpm(120.0)));
    save(&data.join("pop909/songs/027/027.mid"), &performed);
    std::fs::write(data.join("pop909/songs/027/beat_midi.txt"), "0.0 1.0 1.0\n").unwrap();
    let both = [melody.as_slice(), piano.as_slice()].concat();
    let corrected = Song::default()
        .with_track(track(1, "piano", Instrument::pitched(0), &both))
        .with_track(track(2, "chords", Instrument::pitched(0), &chords));
    save(&data.join("pop909-cl/songs/027.mid"), &corrected);

    // Not every arrangement has a bass; the first seed whose has one. Files come before POP909 in a set.
    let (options, report, set) = (1..20)
        .map(|seed| {
            let options = PrepareOptions {
                seed,
                ..options(data)
            };
            let report = run(&options, &mut |_, _| ControlFlow::Continue(())).unwrap();
            let set = BandSet::open(&options.out).unwrap();
            (options, report, set)
        })
        .find(|(_, _, set)| !set.song_roll(1).is_silent(Part::Bass, 0..8))
        .unwrap();
    assert!(report.left_out.is_empty(), "{:?}", report.left_out);
    // 27 leaves 7 modulo 20.
    let song = set.song(1);
    assert_eq!(
        (song.source, song.split),
        (Source::Pop909, Split::Validation)
    );
    let roll = set.song_roll(1);
    assert_eq!(roll.bars(), 8);
    // The piano as played, and the bass on the roots at the beginning of each bar.
    let played = |part: Part, step: usize, pitch: u8| {
        roll.notes(part)
            .iter()
            .any(|note| (note.step, note.pitch) == (step, pitch))
    };
    assert!(
        piano
            .iter()
            .all(|(step, _, key)| played(Part::Piano, *step as usize, *key as u8))
    );
    for bar in 0..8 {
        let notes = roll.notes(Part::Bass);
        let first = notes.iter().find(|note| note.step == bar * 16).unwrap();
        assert_eq!(first.pitch % 12, if bar % 2 == 0 { 0 } else { 5 });
    }
    let credits: Vec<_> = report.credits.iter().map(|credit| credit.folder).collect();
    assert_eq!(credits, ["pop909", "pop909-cl", "groove", "bands/openmsx"]);

    // The same again.
    let before = std::fs::read(options.out.join("bands.bin")).unwrap();
    run(&options, &mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(
        std::fs::read(options.out.join("bands.bin")).unwrap(),
        before
    );

    std::fs::remove_dir_all(data.join("bands")).unwrap();
    std::fs::remove_dir_all(&options.out).unwrap();
    let alone = run(&options, &mut |_, _| ControlFlow::Continue(()));
    assert!(
        matches!(alone, Err(PrepareError::NoRhythms(_))),
        "{alone:?}"
    );
}

#[test]
fn stopped_or_without_phrases_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let nothing = run(&options, &mut |_, _| ControlFlow::Continue(()));
    assert!(matches!(
        nothing,
        Err(PrepareError::Nothing { files: 0, .. })
    ));
    save(&folder.path().join("song.mid"), &band());
    let stopped = run(&options, &mut |_, _| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(PrepareError::Stopped)));
    assert!(!options.out.exists());
}

#[test]
fn the_split_of_files_is_the_published_hash() {
    // Test vectors of FNV-1a.
    assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
    assert_eq!(hash(b"foobar"), 0x8594_4171_f739_67e8);
}
