//! A whole training on made-up players.

use std::ops::ControlFlow;

use strum::IntoEnumIterator as _;

use super::data::{Performed, Split};
use super::run::{Progress, TrainError, TrainOptions, run, train};
use crate::nets::performance::PerformanceNet;
use crate::tokens::band::BandNote;
use crate::tokens::expression::{Player, Stroke};

/// Sixteen bars in eighths: the beat loud and in time, what follows it soft and late.
fn regular(player: Player, split: Split) -> Performed {
    let eighths = 0..128;
    Performed {
        name: format!("{player} {split}"),
        player,
        bpm: 100.0,
        split,
        notes: eighths
            .clone()
            .map(|eighth| BandNote {
                step: 2 * eighth,
                length: 2,
                pitch: 42,
            })
            .collect(),
        strokes: eighths
            .map(|eighth| {
                if eighth % 2 == 0 {
                    Stroke::clamped(100.0, 0.0)
                } else {
                    Stroke::clamped(40.0, 0.2)
                }
            })
            .collect(),
    }
}

fn recordings() -> Vec<Performed> {
    Player::iter()
        .flat_map(|player| {
            [Split::Train, Split::Validation, Split::Test].map(|split| regular(player, split))
        })
        .collect()
}

fn options(out: &std::path::Path) -> TrainOptions {
    let mut options = TrainOptions::new(out, out);
    options.steps = Some(40);
    options.batch = 4;
    options.learning_rate = 1e-2;
    options.warm_up = 4;
    options.validation_steps = 20;
    options.log_steps = 10;
    options.network.hidden = 16;
    options.network.width = 8;
    options
}

#[test]
fn a_regular_player_is_learned_and_the_best_weights_are_kept() {
    let home = tempfile::tempdir().unwrap();
    let mut validated = Vec::new();
    let report = train(&options(home.path()), &recordings(), &mut |progress| {
        if let Progress::Validated(row) = progress {
            validated.push(*row);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    let steps: Vec<u64> = validated.iter().map(|row| row.step).collect();
    assert_eq!(steps, [0, 20, 40]);
    assert!(
        validated[2].sum() < 0.5 * validated[0].sum(),
        "{validated:?}"
    );
    let drums = report.test.of(Player::Drums).unwrap();
    assert_eq!(drums.notes, 128);
    assert!(drums.velocity < drums.velocity_constant, "{drums:?}");
    assert!(drums.timing < drums.timing_constant, "{drums:?}");
    // Pitched players have no timing to learn.
    assert_eq!(report.test.of(Player::Melody).unwrap().timing, 0.0);
    assert_eq!(report.trained_on[0], (Player::Drums, 1, 128));
    assert!(PerformanceNet::load(home.path(), tch::Device::Cpu).is_ok());
    for file in ["training.csv", "validation.csv", "curve.png", "report.json"] {
        assert!(home.path().join(file).is_file(), "{file}");
    }
}

#[test]
fn a_training_that_is_stopped_keeps_its_weights() {
    let home = tempfile::tempdir().unwrap();
    let report = train(
        &options(home.path()),
        &recordings(),
        &mut |progress| match progress {
            Progress::Stepped(_) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        },
    )
    .unwrap();
    assert_eq!(report.steps, 1);
    assert!(PerformanceNet::load(home.path(), tch::Device::Cpu).is_ok());
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
    let few: Vec<Performed> = recordings()
        .into_iter()
        .filter(|recording| recording.player != Player::Low)
        .collect();
    let error = train(&options(home.path()), &few, &mut go_on).unwrap_err();
    assert!(error.to_string().contains("recording of low"), "{error}");
}
