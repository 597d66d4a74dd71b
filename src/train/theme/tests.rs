//! The training as a whole, on a network small enough for a test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::ops::ControlFlow;
use std::path::Path;

use tch::{Kind, Tensor};

use super::evaluate::{self, Scores, SourceForm};
use super::run::{Progress, TrainError, TrainOptions, run};
use super::sequences::{SequenceSet, SequenceSong};
use super::windows::WindowOptions;
use crate::nets::checkpoint;
use crate::nets::theme_transformer::{Config, KeyKind};
use crate::tokens::labels::Labels;
use crate::tokens::theme_vocab::{BAR, Id, THEME_END, THEME_START, Token, Voice};
use crate::train::optimiser::{AdamW, AdamWOptions};

/// Songs of two themes, each said three times with a bar between; song 7 validates.
fn songs() -> SequenceSet {
    let bar = |pitch: u8| -> Vec<Id> {
        let mut ids = vec![BAR];
        for step in [0, 4, 8, 12] {
            ids.extend([
                Token::Position(step).id(),
                Token::NoteOn(Voice::Melody, pitch + step / 2).id(),
                Token::Duration(Voice::Melody, 4).id(),
                Token::Velocity(Voice::Melody, 80).id(),
            ]);
        }
        ids
    };
    let song = |number: u16, pitch: u8| {
        let theme = [
            vec![THEME_START],
            bar(pitch),
            bar(pitch + 2),
            vec![THEME_END],
        ]
        .concat();
        let tokens = [
            theme.clone(),
            bar(50),
            theme.clone(),
            bar(55),
            theme.clone(),
        ]
        .concat();
        SequenceSong::new(number, Token::Tempo(89).id(), tokens, theme)
    };
    SequenceSet {
        songs: vec![song(1, 60), song(2, 67), song(7, 62)],
    }
}

fn options(data: &Path, out: &Path) -> TrainOptions {
    songs().write(&data.join("sequences.npz")).unwrap();
    TrainOptions {
        steps: Some(8),
        batch: 2,
        rows: 1,
        warm_up: 2,
        log_steps: 4,
        bf16: false,
        dropout: 0.1,
        validation_minutes: 1e9,
        checkpoint_minutes: 1e9,
        windows: WindowOptions {
            length: 48,
            ..WindowOptions::default()
        },
        network: Config {
            d_model: 16,
            n_head: 2,
            ffn: 32,
            encoder_layers: 1,
            decoder_xor_pattern: vec![0, 1],
            ..Config::default()
        },
        ..TrainOptions::new(data, out)
    }
}

#[test]
fn a_resumed_training_ends_where_an_unbroken_one_does() {
    let (data, whole, broken) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    // Other tests draw from libtorch's one random generator at the same time: begin with given weights, drop nothing.
    let mut first = options(data.path(), whole.path());
    first.steps = Some(1);
    run(&first, &mut |_| ControlFlow::Continue(())).unwrap();
    let start = data.path().join("start.safetensors");
    std::fs::rename(whole.path().join("weights.safetensors"), &start).unwrap();
    let options = |out: &Path| TrainOptions {
        warm_start: Some(start.clone()),
        dropout: 0.0,
        ..options(data.path(), out)
    };

    let mut rows = Vec::new();
    let end = run(&options(whole.path()), &mut |progress| {
        if !matches!(progress, Progress::Stepped(_)) {
            rows.push(progress.clone());
        }
        ControlFlow::Continue(())
    });
    let end = end.unwrap();
    assert_eq!(end.step, 8);
    assert!(end.best.is_some_and(f64::is_finite));
    assert!(whole.path().join("best.safetensors").is_file());
    assert!(matches!(rows[0], Progress::Validated(row) if row.loss.is_finite()));
    assert_eq!(rows.len(), 4);

    let mut options = options(broken.path());
    let half = run(&options, &mut |progress| match progress {
        Progress::Trained(_) => ControlFlow::Break(()),
        Progress::Stepped(_) | Progress::Validated(_) => ControlFlow::Continue(()),
    });
    assert_eq!(half.unwrap().step, 4);
    options.resume = true;
    assert_eq!(
        run(&options, &mut |_| ControlFlow::Continue(()))
            .unwrap()
            .step,
        8
    );

    let read =
        |folder: &Path| checkpoint::read(&folder.join("checkpoint/weights.safetensors")).unwrap();
    let (whole_weights, broken_weights) = (read(whole.path()), read(broken.path()));
    assert_eq!(whole_weights.len(), broken_weights.len());
    for (name, tensor) in &whole_weights {
        assert!(tensor.equal(&broken_weights[name]), "{name}");
    }
    // The output folder is a model folder.
    let config = Config::read(&broken.path().join("config.json")).unwrap();
    assert_eq!(config.max_target, 48);
    let log = std::fs::read_to_string(broken.path().join("training.csv")).unwrap();
    assert_eq!(log.lines().count(), 3, "{log}");
}

#[test]
fn training_lowers_the_loss() {
    let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut options = options(data.path(), out.path());
    options.steps = Some(60);
    options.learning_rate = 1e-2;
    options.dropout = 0.0;
    let mut validation = Vec::new();
    run(&options, &mut |progress| {
        if let Progress::Validated(row) = progress {
            validation.push(row.loss);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    // Uniform guessing costs ln 1033 = 6.94.
    assert!(validation[0] > 5.5, "{validation:?}");
    assert!(validation[1] < validation[0] - 2.0, "{validation:?}");
}

#[test]
fn a_training_says_what_it_lacks() {
    let (data, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut options = options(data.path(), out.path());
    options.steps = None;
    let mut quiet = |_: &Progress| ControlFlow::Continue(());
    assert!(matches!(
        run(&options, &mut quiet),
        Err(TrainError::Endless)
    ));
    options.steps = Some(1);
    options.resume = true;
    let error = run(&options, &mut quiet).unwrap_err().to_string();
    assert!(error.contains("no checkpoint"), "{error}");
    options.data = out.path().to_owned();
    let error = run(&options, &mut quiet).unwrap_err().to_string();
    assert!(error.contains("sequences.npz"), "{error}");
}

#[test]
fn adamw_steps_by_hand() {
    let parameter = Tensor::from_slice(&[1.0_f32, -2.0])
        .view([1, 2])
        .set_requires_grad(true);
    let mut optimiser = AdamW::new(vec![parameter.shallow_clone()], AdamWOptions::default());
    // Gradient (.3, .4): its norm of .5 is not clipped; a first step has mean / sqrt(square) = the sign of the gradient.
    let loss = (&parameter * Tensor::from_slice(&[0.3_f32, 0.4])).sum(Kind::Float);
    optimiser.accumulate(&loss).unwrap();
    let norm = optimiser.step(0.1).unwrap();
    assert!((norm - 0.5).abs() < 1e-6);
    let values = Vec::<f32>::try_from(parameter.view([-1])).unwrap();
    for (value, start) in values.iter().zip([1.0_f32, -2.0]) {
        let expected = start * (1.0 - 0.1 * 0.01) - 0.1;
        assert!((value - expected).abs() < 1e-5, "{value} {expected}");
    }
    // A gradient that is not a number changes nothing.
    let before = parameter.copy();
    optimiser
        .accumulate(&(&parameter * f64::NAN).sum(Kind::Float))
        .unwrap();
    assert!(!optimiser.step(0.1).unwrap().is_finite());
    assert!(parameter.equal(&before));
}

#[test]
fn scores_tell_inside_from_outside_and_leave_padding_out() {
    // Logits that are sure of token 5 at every place; targets 5, 6, padding.
    let logits = Tensor::full([1, 3, 1033], 0.0, (Kind::Float, tch::Device::Cpu));
    let _ = logits.narrow(2, 5, 1).fill_(10.0);
    let target = Tensor::from_slice(&[5_i64, 6, 0]).view([1, 3]);
    let labels = Tensor::from_slice(&[3_i64, 0, 0]).view([1, 3]);
    let scores = Scores::of(&logits, &target, &labels).unwrap();
    let log_sum = (1032.0 + 10.0_f64.exp()).ln();
    assert_eq!(
        (
            scores.all.tokens,
            scores.inside.tokens,
            scores.outside.tokens
        ),
        (2.0, 1.0, 1.0)
    );
    assert!((scores.inside.nats - (log_sum - 10.0)).abs() < 1e-4);
    assert!((scores.outside.nats - log_sum).abs() < 1e-4);
    assert_eq!(scores.all.accuracy(), Some(0.5));
}

#[test]
fn validation_chunks_hold_a_tag_and_their_own_labels() {
    let set = songs();
    let chunks =
        |source| evaluate::chunks(set.validation(), 32, Labels::Timed, source, KeyKind::Any);
    let whole = chunks(SourceForm::Whole);
    assert!(!whole.is_empty());
    for chunk in &whole {
        let all = chunk.input.iter().chain(&chunk.target);
        assert!(all.clone().any(|id| matches!(*id, THEME_START | THEME_END)));
        // Exact copies: a labelled input token is the source token before the one its label reads.
        for (id, label) in chunk.input.iter().zip(&chunk.labels) {
            if *label > 0 {
                assert_eq!(chunk.source[*label as usize - 1], *id);
            }
        }
    }
    // One validation song: its neighbour is itself, so "wrong" is the same theme here.
    assert_eq!(chunks(SourceForm::Wrong), whole);
}
