//! Damaged files: no panic, no hang, and an error that names the place.

use std::time::{Duration, Instant};

use leitmotif::formats::midi::{self, MidiError, MidiFormat, MidiOptions};
use leitmotif::formats::project::{self, Project, ProjectError};
use leitmotif::formats::{demo, png};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

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
