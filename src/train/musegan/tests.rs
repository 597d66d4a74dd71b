//! The training as a whole, on networks small enough for a test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::ops::ControlFlow;
use std::path::Path;

use rand::SeedableRng as _;
use rand_pcg::Pcg64;
use tch::{Device, Kind, Tensor};

use super::*;
use crate::nets::checkpoint;
use crate::nets::musegan::{BandConfig, BandGenerator, BandKind, CriticConfig};
use crate::tokens::band::{BandNote, BandRoll};
use crate::tokens::cut::Cut;
use crate::tokens::part::Part;

const CUTS: [Cut; Part::COUNT] = [Cut::at(0.5); Part::COUNT];

/// Songs of eight bars over C, F, G and A minor chords, in the key that is so many semitones above C.
fn song(key: i32, order: usize) -> BandRoll {
    let mut roll = BandRoll::new(8);
    let chords = [[0, 4, 7], [5, 9, 12], [7, 11, 14], [9, 12, 16]];
    for bar in 0..8 {
        let chord = chords[(bar + order) % 4].map(|tone| tone + key);
        let at = |step: usize| bar * 16 + step;
        let mut add = |part, step, length, pitch: i32| {
            let pitch = pitch as u8;
            let note = BandNote {
                step,
                length,
                pitch,
            };
            roll.add(part, note);
        };
        for beat in 0..4 {
            let drum = if beat % 2 == 0 { 36 } else { 38 };
            add(Part::Drums, at(4 * beat), 1, drum);
            add(Part::Drums, at(4 * beat), 1, 42);
            add(Part::Drums, at(4 * beat + 2), 1, 42);
            add(Part::Bass, at(4 * beat), 4, 36 + chord[0]);
        }
        for tone in chord {
            add(Part::Piano, at(0), 8, 60 + tone);
            add(Part::Piano, at(8), 8, 60 + tone);
            add(Part::Strings, at(0), 16, 48 + tone);
        }
        for (index, tone) in chord.iter().enumerate() {
            add(Part::Guitar, at(2 + 4 * index), 2, 52 + tone);
        }
    }
    roll
}

fn phrases() -> Phrases {
    let songs: Vec<BandRoll> = (0..24)
        .map(|index| song(index % 12 - 5, index as usize))
        .collect();
    let places = |songs: std::ops::Range<usize>| {
        let of = |song| (0..5).map(move |bar| Place { song, bar });
        songs.flat_map(of).collect()
    };
    Phrases::new(songs, places(0..20), places(20..24))
}

fn tiny(accompanies: bool) -> BandConfig {
    BandConfig {
        latent: 6,
        latent_time: 4,
        bar: 24,
        beat: 16,
        step: 12,
        octave: 8,
        given: 8,
        ..BandConfig::of(BandKind::Hybrid, accompanies)
    }
}

fn options(out: &Path, accompanies: bool) -> GanOptions {
    let mut options = GanOptions::new(out, tiny(accompanies));
    options.critic = CriticConfig {
        step: 16,
        beat: 16,
        bar: 16,
        phrase: 16,
    };
    options.steps = Some(4);
    options.warm_up = 2;
    options.batch = 4;
    options.critic_steps = 2;
    options.samples = 8;
    options.log_steps = 2;
    options
}

fn train(options: &GanOptions) -> GanState {
    let state = run(options, &phrases(), &mut |_| ControlFlow::Continue(()));
    state.unwrap()
}

fn weights(out: &Path) -> checkpoint::Tensors {
    checkpoint::read(&out.join("checkpoint/generator.safetensors")).unwrap()
}

#[test]
fn a_training_leaves_weights_samples_and_records() {
    for accompanies in [false, true] {
        let out = tempfile::tempdir().unwrap();
        let state = train(&options(out.path(), accompanies));
        assert_eq!(state.step, 4);
        assert!(state.distance.is_some());
        for file in ["samples/000004.png", "samples/000004.mid", "curve.png"] {
            assert!(out.path().join(file).is_file(), "{file}");
        }
        let lines = |name: &str| {
            let text = std::fs::read_to_string(out.path().join(name)).unwrap();
            text.lines().count()
        };
        assert_eq!((lines("training.csv"), lines("measures.csv")), (3, 2));
        let config = std::fs::read_to_string(out.path().join("config.json")).unwrap();
        let config: BandConfig = serde_json::from_str(&config).unwrap();
        assert!(config.white_keys && config.accompanies == accompanies);
        let weights = checkpoint::read(&out.path().join("weights.safetensors")).unwrap();
        BandGenerator::from_tensors(&config, &weights, Device::Cpu).unwrap();
    }
}

/// Trains until so many steps are taken, of those that the options say.
fn train_until(options: &GanOptions, step: u64) {
    let mut taken = 0;
    let state = run(options, &phrases(), &mut |progress| {
        if let Progress::Stepped(share) = progress {
            taken = (*share * options.steps.unwrap() as f64).round() as u64;
        }
        if taken == step {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!(state.unwrap().step, step);
}

#[test]
fn a_stopped_training_goes_on_as_if_it_had_not() {
    // From one checkpoint: tests share libtorch's random numbers, so that two first steps would differ.
    let (whole, halves) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut options = options(whole.path(), true);
    train_until(&options, 1);
    let folder = |out: &tempfile::TempDir| out.path().join("checkpoint");
    std::fs::create_dir(folder(&halves)).unwrap();
    for file in std::fs::read_dir(folder(&whole)).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder(&halves).join(file.file_name())).unwrap();
    }
    options.resume = true;
    train_until(&options, 4);
    options.out = halves.path().to_owned();
    train_until(&options, 3);
    train_until(&options, 4);
    let (a, b) = (weights(whole.path()), weights(halves.path()));
    for (name, weight) in &a {
        assert!(weight.equal(&b[name]), "{name}");
    }
}

#[test]
fn a_training_begins_with_the_weights_it_is_given() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    train(&options(first.path(), false));
    let mut options = options(second.path(), false);
    options.warm_up = 0;
    options.warm_start = Some(first.path().join("checkpoint/generator.safetensors"));
    options.steps = Some(1);
    options.generator_rate = 0.0;
    train(&options);
    let (a, b) = (weights(first.path()), weights(second.path()));
    assert!(a.iter().all(|(name, weight)| weight.equal(&b[name])));
}

#[test]
fn what_cannot_be_trained_is_an_error() {
    let out = tempfile::tempdir().unwrap();
    let mut options = options(out.path(), false);
    let mut go_on = |_: &Progress| ControlFlow::Continue(());
    let empty = run(&options, &Phrases::default(), &mut go_on);
    assert!(matches!(empty, Err(TrainError::Empty)));
    options.steps = None;
    let endless = run(&options, &phrases(), &mut go_on);
    assert!(matches!(endless, Err(TrainError::Endless)));
    options.steps = Some(1);
    options.resume = true;
    let nothing = run(&options, &phrases(), &mut go_on);
    assert!(matches!(nothing, Err(TrainError::Checkpoint(_))));
}

/// The penalty of a two-layer critic by its definition, with gradients from differences: the derivative with respect to a
/// weight must be that of libtorch's double backward.
#[test]
fn the_penalty_has_the_gradient_that_differences_show() {
    let double = (Kind::Double, Device::Cpu);
    tch::manual_seed(3);
    let (real, fake) = (Tensor::randn([4, 3], double), Tensor::randn([4, 3], double));
    let share = Tensor::rand([4], double);
    let first = Tensor::randn([5, 3], double).set_requires_grad(true);
    let second = Tensor::randn([1, 5], double).set_requires_grad(true);
    let penalty = |first: &Tensor, second: &Tensor| {
        let critic = |x: &Tensor| -> Result<Tensor, crate::nets::NetError> {
            let hidden = x.linear(first, None::<&Tensor>).tanh();
            Ok(hidden.linear(second, None::<&Tensor>).squeeze_dim(1))
        };
        gradient_penalty(critic, &real, &fake, &share).unwrap()
    };
    // By hand: d score / dx = second * (1 - tanh^2) * first.
    let between = &fake + share.view([4, 1]) * (&real - &fake);
    let slope: Tensor = 1.0 - between.matmul(&first.tr()).tanh().square();
    let gradient = (slope * &second).matmul(&first);
    let norms = gradient
        .square()
        .sum_dim_intlist(1_i64, false, Kind::Double)
        .sqrt();
    let by_hand = (norms - 1.0).square().mean(Kind::Double).double_value(&[]);
    let value = penalty(&first, &second);
    assert!((value.double_value(&[]) - by_hand).abs() < 1e-9);
    let gradients = Tensor::run_backward(&[&value], &[&first, &second], false, false);
    for (weights, gradient) in [&first, &second].into_iter().zip(&gradients) {
        for index in 0..weights.numel() as i64 {
            let moved = |by: f64| {
                let other = weights.detach().copy();
                let _ = other.view([-1]).get(index).g_add_scalar_(by);
                let other = other.set_requires_grad(true);
                let pair = if weights.size() == first.size() {
                    penalty(&other, &second)
                } else {
                    penalty(&first, &other)
                };
                pair.double_value(&[])
            };
            let difference = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            let exact = gradient.view([-1]).double_value(&[index]);
            assert!((difference - exact).abs() < 1e-5, "{difference} {exact}");
        }
    }
}

#[test]
fn what_the_critic_sees_is_what_is_played() {
    let rolls = Tensor::zeros([1, 5, 2, 64, 72], (Kind::Float, Device::Cpu));
    let set = |part: i64, plane: i64, step: i64, pitch: i64| {
        let cell = rolls.get(0).get(part).get(plane).get(step);
        let _ = cell.get(pitch).fill_(1.0);
    };
    // Piano: two steps, of which the second begins again; a third after a rest, unmarked. An onset in silence is none.
    for step in [4, 5, 8] {
        set(1, 0, step, 40);
    }
    set(1, 1, 5, 40);
    set(1, 1, 20, 40);
    // Drums: two strokes in a row.
    set(0, 0, 0, 12);
    set(0, 0, 1, 12);
    let begins = normal_form(&rolls).unwrap().get(0).select(1, 1);
    let at = |part: i64, pitch: i64| -> Vec<i64> {
        let steps = begins.get(part).select(1, pitch).nonzero().view([-1]);
        steps.try_into().unwrap()
    };
    assert_eq!((at(1, 40), at(0, 12)), (vec![4, 5, 8], vec![0, 1]));
    // As the roll says itself.
    let roll = &rolls_of(&normal_form(&rolls).unwrap(), &CUTS).unwrap()[0];
    let onsets: Vec<usize> = roll
        .notes(Part::Piano)
        .iter()
        .map(|note| note.step)
        .collect();
    assert_eq!(onsets, [4, 5, 8]);
}

#[test]
fn binary_rolls_have_the_gradient_of_a_flat_sigmoid() {
    tch::manual_seed(5);
    for how in [Binarise::Threshold, Binarise::Bernoulli] {
        let logits = Tensor::randn([1, 5, 2, 64, 72], (Kind::Float, Device::Cpu));
        let logits = logits.set_requires_grad(true);
        let rolls = binarised(&logits, how).unwrap();
        let (zeros, ones) = (rolls.eq(0.0), rolls.eq(1.0));
        assert!(bool::try_from(zeros.logical_or(&ones).all()).unwrap());
        // The plane of what sounds passes straight through: the derivative is that of the sigmoid of half the logit.
        let sum = rolls.select(2, 0).sum(Kind::Float);
        let gradient = &Tensor::run_backward(&[&sum], &[&logits], false, false)[0];
        let flat = (&logits * 0.5).sigmoid();
        let slope: Tensor = &flat * (1.0 - &flat) * 0.5;
        assert!(
            gradient
                .select(2, 0)
                .allclose(&slope.select(2, 0), 1e-5, 1e-6, false)
        );
    }
}

#[test]
fn rolls_survive_being_tensors() {
    let phrases = phrases();
    let rolls: Vec<BandRoll> = phrases.train()[..6]
        .iter()
        .map(|place| phrases.in_white_keys(*place))
        .collect();
    assert_eq!(rolls_of(&batch(&rolls).unwrap(), &CUTS).unwrap(), rolls);
    let given = given_parts(&batch(&rolls).unwrap(), &[Part::Bass; 6]).unwrap();
    let bass = batch(&rolls).unwrap().select(1, Part::Bass.index() as i64);
    assert!(given.rolls.equal(&bass));
}

#[test]
fn the_same_song_in_every_key_is_the_same_phrase() {
    let songs: Vec<BandRoll> = (-5..=6).map(|key| song(key, 0)).collect();
    let places = (0..songs.len()).map(|song| Place { song, bar: 0 });
    let phrases = Phrases::new(songs, places.collect(), Vec::new());
    // Pitch classes of the parts, for some are an octave away.
    let classes = |place: &Place| -> Vec<(usize, usize, u8)> {
        let phrase = phrases.in_white_keys(*place);
        assert_eq!(key_shift(&phrase, &Part::ALL), 0);
        let of = |part: Part| phrase.notes(part).into_iter().map(move |note| (part, note));
        let notes = Part::ALL.into_iter().flat_map(of);
        let mut all: Vec<(usize, usize, u8)> = notes
            .map(|(part, note)| (part.index(), note.step, note.pitch % 12))
            .collect();
        all.sort_unstable();
        all
    };
    let first = classes(&phrases.train()[0]);
    for place in phrases.train() {
        assert_eq!(classes(place), first, "{place:?}");
    }
}

#[test]
fn favoured_songs_are_drawn_by_their_share() {
    let places = |count: usize, song| (0..count).map(move |_| Place { song, bar: 0 });
    let all = || places(9, 0).chain(places(1, 1)).collect::<Vec<_>>();
    let mut drums = BandRoll::new(4);
    drums.add(
        Part::Drums,
        BandNote {
            step: 0,
            length: 1,
            pitch: 36,
        },
    );
    let phrases = Phrases::new(vec![BandRoll::new(4), drums], all(), all());
    let phrases = phrases.favouring(&[false, true], 0.5);
    let mut rng = Pcg64::seed_from_u64(1);
    let drawn = (0..400).map(|_| phrases.draw(&mut rng, Keys::White));
    let favoured = drawn
        .filter(|roll| !roll.is_silent(Part::Drums, 0..4))
        .count();
    assert!((160..240).contains(&favoured), "{favoured}");
    let held_out: Vec<usize> = phrases.held_out().iter().map(|place| place.song).collect();
    assert_eq!(held_out, [0, 1]);
}
