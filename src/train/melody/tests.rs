//! A whole training on made-up melodies.
#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use super::run::{Progress, TrainError, TrainOptions, run, train};
use super::songs::MelodySong;
use crate::nets::melody_encoder::MelodyEncoder;
use crate::tokens::clip::{Clip, ClipNote};
use crate::tokens::theme_vocab::Voice;

/// Ten bars of a random melody in C major.
fn song(number: u16) -> MelodySong {
    const MAJOR: [u8; 7] = [0, 2, 4, 5, 7, 9, 11];
    let mut rng = Pcg64::seed_from_u64(u64::from(number));
    let mut step = 0;
    let mut notes = Vec::new();
    while step < 160 {
        let length = [2_u8, 2, 4, 4, 8][rng.random_range(0..5)];
        notes.push(ClipNote {
            voice: Voice::Melody,
            step,
            length,
            pitch: 60 + MAJOR[rng.random_range(0..7)],
            velocity: 80,
        });
        step += u32::from(length);
    }
    let clip = Clip {
        bars: 10,
        notes,
        ..Clip::default()
    };
    MelodySong::of(number, &clip).unwrap()
}

fn songs() -> Vec<MelodySong> {
    (1..=12).map(song).collect()
}

fn options(out: &std::path::Path) -> TrainOptions {
    let mut options = TrainOptions::new(out, out);
    options.steps = Some(30);
    options.songs = 8;
    options.warm_up = 4;
    options.validation_steps = 15;
    options.log_steps = 10;
    options.network.width = 16;
    options.network.wide = 16;
    options.network.embedding = 8;
    options
}

#[test]
fn variations_are_learned_to_be_found() {
    let home = tempfile::tempdir().unwrap();
    let mut losses = Vec::new();
    let report = train(&options(home.path()), &songs(), &mut |progress| {
        if let Progress::Trained(row) = progress {
            losses.push(row.loss);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!((report.steps, losses.len()), (30, 3));
    assert!(losses[2] < losses[0], "{losses:?}");
    // Song 7 validates; its nine segments hold at most nine that differ.
    assert_eq!((report.trained_on.0, report.validated_on.0), (11, 1));
    assert!((2..=9).contains(&report.validation.among));
    assert!(report.validation.auc > 0.6, "{:?}", report.validation);
    assert!(MelodyEncoder::load(home.path(), tch::Device::Cpu).is_ok());
    for file in ["training.csv", "validation.csv", "curve.png", "report.json"] {
        assert!(home.path().join(file).is_file(), "{file}");
    }
}

#[test]
fn a_training_goes_on_as_if_it_had_never_stopped() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut options = options(whole.path());
    options.steps = Some(6);
    // A checkpoint after every step; no random numbers but those of songs and variations, since other tests draw from
    // libtorch's at the same time.
    options.checkpoint_minutes = 0.0;
    options.network.dropout = 0.0;
    let copy = || {
        let (from, to) = (
            whole.path().join("checkpoint"),
            parts.path().join("checkpoint"),
        );
        std::fs::create_dir(&to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().flatten() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    };
    let mut steps = 0;
    train(&options, &songs(), &mut |progress| {
        steps += usize::from(matches!(progress, Progress::Stepped(_)));
        if steps == 4 && !parts.path().join("checkpoint").exists() {
            copy();
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    options.out = parts.path().to_owned();
    options.resume = true;
    let report = train(&options, &songs(), &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(report.steps, 6);
    let weights = |home: &std::path::Path| std::fs::read(home.join("weights.safetensors")).unwrap();
    assert!(
        weights(whole.path()) == weights(parts.path()),
        "the weights differ"
    );
}

#[test]
fn what_is_missing_is_said() {
    let home = tempfile::tempdir().unwrap();
    let mut go_on = |_: &Progress| ControlFlow::Continue(());
    let mut endless = options(home.path());
    endless.steps = None;
    assert!(matches!(
        run(&endless, &mut go_on),
        Err(TrainError::Endless)
    ));
    let options = options(home.path());
    let few = train(&options, &songs()[..2], &mut go_on).unwrap_err();
    assert!(few.to_string().contains("too few songs"), "{few}");
    let missing = run(&options, &mut go_on).unwrap_err();
    assert!(missing.to_string().contains("unpack pop909"), "{missing}");
}
