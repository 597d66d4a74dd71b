//! Damaged files: no panic, no hang, and an error that names the place.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use leitmotif::audio::render::{RenderError, RenderOptions, render_to_memory};
use leitmotif::audio::soundfont;
use leitmotif::formats::midi::{self, MidiError, MidiFormat, MidiOptions};
use leitmotif::formats::project::{self, Project, ProjectError};
use leitmotif::formats::{demo, png};
use leitmotif::score::{Instrument, Note, Pitch, Role, Song, Tick, Track, TrackId, Velocity};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rayon::prelude::*;

/// Damages a file the `seed`-th way: bytes changed, cut out, put in, doubled, or the end cut off.
fn mutated(original: &[u8], seed: u64) -> Vec<u8> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut bytes = original.to_vec();
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..bytes.len());
        let end = (at + rng.random_range(1..=12)).min(bytes.len());
        match rng.random_range(0..7) {
            0 => bytes[at] = rng.random(),
            1 => bytes[at] ^= 1 << rng.random_range(0..8),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let put_in: Vec<u8> = (at..end).map(|_| rng.random()).collect();
                bytes.splice(at..at, put_in);
            }
            4 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            5 => bytes[at..end].fill(0xFF),
            _ => bytes.truncate(at.max(1)),
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
    bytes
}

#[test]
fn five_hundred_and_ten_damaged_midi_files() {
    let song = demo::song();
    let originals = [MidiFormat::One, MidiFormat::Zero].map(|format| {
        let options = MidiOptions {
            format,
            ..MidiOptions::default()
        };
        midi::write(&song, &options).unwrap()
    });
    let (mut refused, mut read) = (0, 0);
    for seed in 0..510 {
        let original = &originals[seed as usize % 2];
        let bytes = mutated(original, seed);
        let begun = Instant::now();
        match midi::read(&bytes) {
            Ok(imported) => {
                read += 1;
                // What was read can be written again, and drawn.
                let again = midi::write(&imported.song, &MidiOptions::default()).unwrap();
                midi::read(&again).unwrap();
                if seed % 10 == 0 {
                    png::pianoroll(&imported.song, &png::PngOptions::default()).unwrap();
                }
            }
            Err(error) => {
                refused += 1;
                assert!(error.offset() <= bytes.len(), "{seed}: {error}");
                let text = error.to_string();
                assert!(
                    text.starts_with(&format!("byte {}:", error.offset())),
                    "{seed}: {text}"
                );
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{seed} took long");
    }
    assert!(refused > 150 && read > 20, "{refused} refused, {read} read");
}

#[test]
fn every_cut_of_a_midi_file_is_noticed() {
    let bytes = midi::write(&demo::song(), &MidiOptions::default()).unwrap();
    for length in (0..bytes.len()).step_by(7) {
        let error = midi::read(&bytes[..length]).unwrap_err();
        assert!(error.offset() <= length, "{error}");
        if length >= 14 {
            assert!(
                matches!(
                    error,
                    MidiError::Truncated { .. } | MidiError::MissingTracks { .. }
                ),
                "cut at {length}: {error}"
            );
        }
    }
}

#[test]
fn two_hundred_damaged_projects() {
    let original = project::write(&Project {
        song: demo::song(),
        view: serde_json::json!({ "zoom": 1.0 }),
    });
    let lines = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').count();
    let (mut refused, mut read) = (0, 0);
    for seed in 0..200 {
        let bytes = mutated(&original, 10_000 + seed);
        match project::read(&bytes) {
            Ok(project) => {
                read += 1;
                assert_eq!(
                    project::read(&project::write(&project)).unwrap(),
                    project,
                    "{seed}"
                );
            }
            Err(error) => {
                refused += 1;
                let text = error.to_string();
                assert!(text.starts_with("line "), "{seed}: {text}");
                if let ProjectError::Damaged { line, .. } = error {
                    assert!((1..=lines(&bytes)).contains(&line), "{seed}: {text}");
                }
            }
        }
    }
    assert!(refused > 100 && read > 0, "{refused} refused, {read} read");
}

/// Where the chunks of a SoundFont begin: the three lists, and what is in them.
fn chunk_places(bytes: &[u8]) -> Vec<usize> {
    let mut places = vec![0];
    let mut at = 12;
    while at + 8 <= bytes.len() {
        places.push(at);
        let size = u32::from_le_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        at += if &bytes[at..at + 4] == b"LIST" {
            12
        } else {
            8 + size
        };
    }
    places
}

/// Damages a SoundFont the `seed`-th way: flipped bits, mostly in its tables; lengths that lie; chunks that changed places;
/// tables filled, shifted or doubled; the end cut off.
fn mutated_font(original: &[u8], seed: u64) -> Vec<u8> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut bytes = original.to_vec();
    let places = chunk_places(original);
    let tables = *places
        .iter()
        .rfind(|&&at| &original[at..at + 4] == b"LIST")
        .unwrap();
    for _ in 0..rng.random_range(1..=6) {
        let length = bytes.len();
        let from = if rng.random_range(0..4) == 0 || tables >= length {
            0
        } else {
            tables
        };
        let at = rng.random_range(from..length);
        let end = (at + rng.random_range(1..=64)).min(length);
        match rng.random_range(0..9) {
            0 | 1 => bytes[at] ^= 1 << rng.random_range(0..8),
            2 => bytes[at] = rng.random(),
            3 => bytes[at..end].fill(if rng.random() { 0xFF } else { 0 }),
            4 => drop(bytes.drain(at..end)),
            5 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            6 | 7 => {
                let place = places[rng.random_range(0..places.len())];
                let lie = [
                    0,
                    rng.random_range(0..64),
                    rng.random(),
                    u32::MAX,
                    1 << 31,
                    length as u32,
                ];
                let lie: u32 = lie[rng.random_range(0..lie.len())];
                if let Some(size) = bytes.get_mut(place + 4..place + 8) {
                    size.copy_from_slice(&lie.to_le_bytes());
                }
            }
            _ => {
                // Two chunks exchange their names, or the end is cut off.
                let [a, b] = [(); 2].map(|()| places[rng.random_range(0..places.len())]);
                if rng.random() && a + 4 <= length && b + 4 <= length {
                    for byte in 0..4 {
                        bytes.swap(a + byte, b + byte);
                    }
                } else {
                    bytes.truncate(at.max(1));
                }
            }
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
    bytes
}

/// Every instrument of the song plays something under a font that may be damaged.
fn trial() -> Song {
    let mut song = Song::default();
    for (id, instrument) in (0..8)
        .map(|program| Instrument::pitched(program * 17))
        .chain([Instrument::DRUMS])
        .enumerate()
    {
        let notes = (0..24)
            .map(|i| {
                Note::new(
                    Tick(i * 100),
                    Tick(300),
                    Pitch::clamped(20 + (i * 5) as i32 % 100),
                    Velocity::clamped(20 + (i * 41 % 100) as i32),
                )
            })
            .collect();
        let id = TrackId(id as u32 + 1);
        song = song.with_track(Track::new(id, "A", instrument, Role::Piano).with_notes(notes));
    }
    song
}

/// Loads a font from a file and plays with it. Says which of the two failed, if one did.
fn load_and_play(bytes: &[u8], path: &Path, song: &Song) -> &'static str {
    std::fs::write(path, bytes).unwrap();
    let font = match soundfont::load(path) {
        Ok(font) => font,
        Err(error) => {
            let text = error.to_string();
            assert!(text.starts_with(&path.display().to_string()), "{text}");
            assert!(text.contains("choose") && !text.contains('\n'), "{text}");
            return "refused";
        }
    };
    let options = RenderOptions {
        rate: 16_000,
        threads: 1,
        longest_tail: Duration::from_millis(100),
        ..RenderOptions::default()
    };
    match render_to_memory(song, &font, &options, &mut |_| ControlFlow::Continue(())) {
        Ok(sound) => {
            assert!(
                sound
                    .left
                    .iter()
                    .chain(&sound.right)
                    .all(|x| x.abs() <= 1.0)
            );
            "played"
        }
        Err(error) => {
            let text = error.to_string();
            assert!(matches!(error, RenderError::Font(_)), "{text}");
            assert!(text.contains("choose another"), "{text}");
            "failed while playing"
        }
    }
}

#[test]
fn six_hundred_damaged_soundfonts() {
    let small = include_bytes!("../data/click.sf2").as_slice();
    let large = include_bytes!("../../soundfonts/leitmotif.sf2").as_slice();
    let song = trial();
    let folder = tempfile::tempdir().unwrap();
    for font in [small, large] {
        let path = folder.path().join("sound.sf2");
        assert_eq!(load_and_play(font, &path, &song), "played");
    }
    let outcomes: Vec<&str> = (0..600_u64)
        .into_par_iter()
        .map(|seed| {
            let original = if seed % 12 == 0 { large } else { small };
            let path = folder.path().join(format!("mutant-{seed}.sf2"));
            let outcome = load_and_play(&mutated_font(original, 20_000 + seed), &path, &song);
            std::fs::remove_file(&path).unwrap();
            outcome
        })
        .collect();
    let count = |wanted| {
        outcomes
            .iter()
            .filter(|outcome| **outcome == wanted)
            .count()
    };
    assert!(
        count("refused") > 200 && count("played") > 50,
        "{outcomes:?}"
    );
}

#[test]
fn files_that_are_no_soundfonts_are_told_by_their_kind() {
    let folder = tempfile::tempdir().unwrap();
    let mut compressed = include_bytes!("../data/click.sf2").to_vec();
    let version = compressed.windows(4).position(|id| id == b"ifil").unwrap() + 8;
    compressed[version] = 3;
    for (name, bytes, kind, advice) in [
        ("a.sf3", compressed.as_slice(), "SF3", "Polyphone"),
        (
            "b.dls",
            b"RIFF\x10\0\0\0DLS colh\x04\0\0\0\0\0\0\0",
            "DLS",
            "Polyphone",
        ),
        (
            "c.sfz",
            b"// piano\n<group> ampeg_release=1\n<region> sample=c4.wav",
            "SFZ",
            "Polyphone",
        ),
        ("d.sf2", b"PK\x03\x04 font.sf2", "archive", "unpack"),
        ("e.sf2", b"MThd\0\0\0\x06", "MIDI", ".sf2"),
        ("f.sf2", b"", "damaged", "choose another"),
        ("g.sf2", b"hello", "damaged", "choose another"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let text = soundfont::load(&path).unwrap_err().to_string();
        for word in [name, kind, advice] {
            assert!(text.contains(word), "{text}");
        }
    }
}

/// Tables that claim to be huge would cost gigabytes if they were believed.
#[test]
fn a_soundfont_of_lies_costs_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lies.sf2");
    let original = include_bytes!("../data/click.sf2");
    let bag = original.windows(4).position(|id| id == b"ibag").unwrap();
    // Many zones that each claim all generators, in turn.
    let mut bytes = original[..bag].to_vec();
    let zones: Vec<u8> = (0..60_000_u32)
        .flat_map(|zone| {
            if zone % 2 == 0 {
                [0, 0, 0, 0]
            } else {
                [7, 0, 0, 0]
            }
        })
        .collect();
    bytes.extend(b"ibag");
    bytes.extend((zones.len() as u32).to_le_bytes());
    bytes.extend(&zones);
    let next = original.windows(4).position(|id| id == b"imod").unwrap();
    bytes.extend(&original[next..]);
    let list = bytes.windows(4).rposition(|id| id == b"LIST").unwrap();
    let size = (bytes.len() - list - 8) as u32;
    bytes[list + 4..list + 8].copy_from_slice(&size.to_le_bytes());
    std::fs::write(&path, &bytes).unwrap();
    let text = soundfont::load(&path).unwrap_err().to_string();
    assert!(text.contains("ibag"), "{text}");
}
