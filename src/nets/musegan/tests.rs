//! The family on networks small enough for a test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::*;
use crate::nets::checkpoint::{self, Precision, Tensors};

fn small(kind: BandKind, accompanies: bool) -> BandConfig {
    BandConfig {
        kind,
        accompanies,
        latent: 5,
        latent_time: 3,
        bar: 16,
        beat: 12,
        step: 8,
        octave: 6,
        given: 7,
        ..BandConfig::default()
    }
}

fn build(config: &BandConfig) -> (VarStore, BandGenerator) {
    tch::manual_seed(7);
    let store = VarStore::new(Device::Cpu);
    let generator = BandGenerator::new(&store.root(), config).unwrap();
    (store, generator)
}

fn kinds() -> Vec<BandConfig> {
    let kinds = [BandKind::Hybrid, BandKind::Jamming, BandKind::Composer];
    let of = |kind| [false, true].map(|accompanies| small(kind, accompanies));
    kinds.into_iter().flat_map(of).collect()
}

/// A part of two held notes for each of `rows` phrases.
fn given(rows: i64, parts: &[i64]) -> Given {
    let rolls = Tensor::zeros([rows, 2, 64, 72], (Kind::Float, Device::Cpu));
    let _ = rolls
        .narrow(1, 0, 1)
        .narrow(2, 0, 30)
        .narrow(3, 24, 1)
        .fill_(1.0);
    let _ = rolls
        .narrow(1, 0, 1)
        .narrow(2, 30, 34)
        .narrow(3, 31, 1)
        .fill_(1.0);
    let _ = rolls
        .narrow(1, 1, 1)
        .narrow(2, 0, 1)
        .narrow(3, 24, 1)
        .fill_(1.0);
    let part = Tensor::from_slice(parts);
    Given { rolls, part }
}

fn forward(generator: &BandGenerator, latents: &Latents, given: Option<&Given>) -> Tensor {
    tch::no_grad(|| generator.forward(latents, given)).unwrap()
}

fn maybe_given(config: &BandConfig, rows: i64) -> Option<Given> {
    let parts: Vec<i64> = (0..rows).map(|row| row % 5).collect();
    config.accompanies.then(|| given(rows, &parts))
}

fn copy(latents: &Latents) -> Latents {
    Latents {
        shared: latents.shared.copy(),
        shared_time: latents.shared_time.copy(),
        private: latents.private.copy(),
        private_time: latents.private_time.copy(),
    }
}

/// Which parts and bars differ between two outputs [1, 5, 2, 64, 72]: [part][bar].
fn changed(a: &Tensor, b: &Tensor) -> Vec<Vec<bool>> {
    let differs = |part: i64, bar: i64| {
        let cut = |x: &Tensor| x.select(1, part).narrow(2, bar * 16, 16);
        !cut(a).equal(&cut(b))
    };
    (0..5)
        .map(|part| (0..4).map(|bar| differs(part, bar)).collect())
        .collect()
}

#[test]
fn every_kind_gives_probabilities_of_one_shape() {
    for config in kinds() {
        let (_store, generator) = build(&config);
        let latents = Latents::normal(&config, 3, Device::Cpu).unwrap();
        let rolls = forward(&generator, &latents, maybe_given(&config, 3).as_ref());
        assert_eq!(rolls.size(), [3, 5, 2, 64, 72]);
        assert!(rolls.min().double_value(&[]) >= 0.0 && rolls.max().double_value(&[]) <= 1.0);
        let (sounds, begins) = (rolls.select(2, 0), rolls.select(2, 1));
        assert_eq!(
            (&begins - &sounds)
                .clamp_min(0.0)
                .sum(Kind::Float)
                .double_value(&[]),
            0.0
        );
        let own = config.accompanies.then_some(0);
        for row in (0..3).filter(|row| Some(*row) != own) {
            let drums = |plane: &Tensor| plane.get(row).get(0);
            assert!(drums(&sounds).equal(&drums(&begins)));
        }
    }
}

#[test]
fn a_latent_changes_what_it_stands_for_and_nothing_else() {
    let all = vec![vec![true; 4]; 5];
    for config in kinds() {
        let (_store, generator) = build(&config);
        let latents = Latents::normal(&config, 1, Device::Cpu).unwrap();
        // A given part stays in any case: drums.
        let given = config.accompanies.then(|| given(1, &[0]));
        let before = forward(&generator, &latents, given.as_ref());
        let after = |change: &dyn Fn(&mut Latents)| {
            let mut other = copy(&latents);
            change(&mut other);
            changed(&before, &forward(&generator, &other, given.as_ref()))
        };
        let expected = |may: &dyn Fn(usize, usize) -> bool, has: bool| -> Vec<Vec<bool>> {
            let mut grid = all.clone();
            for (part, bars) in grid.iter_mut().enumerate() {
                for (bar, differs) in bars.iter_mut().enumerate() {
                    *differs = has && may(part, bar) && !(config.accompanies && part == 0);
                }
            }
            grid
        };
        let name = format!("{config:?}");
        let (shared, private) = (config.kind.has_shared(), config.kind.has_private());
        let grid = after(&|latents| latents.shared = &latents.shared + 1.0);
        assert_eq!(grid, expected(&|_, _| true, shared), "{name}");
        let grid = after(&|latents| {
            let _ = latents.shared_time.get(0).get(2).g_add_scalar_(1.0);
        });
        assert_eq!(grid, expected(&|_, bar| bar == 2, shared), "{name}");
        let grid = after(&|latents| {
            let _ = latents.private.get(0).get(3).g_add_scalar_(1.0);
        });
        assert_eq!(grid, expected(&|part, _| part == 3, private), "{name}");
        let grid = after(&|latents| {
            let _ = latents.private_time.get(0).get(1).get(3).g_add_scalar_(1.0);
        });
        assert_eq!(
            grid,
            expected(&|part, bar| part == 1 && bar == 3, private),
            "{name}"
        );
    }
}

#[test]
fn a_given_part_comes_back_untouched_and_is_heard_bar_by_bar() {
    for config in kinds().into_iter().filter(|config| config.accompanies) {
        let (_store, generator) = build(&config);
        let latents = Latents::normal(&config, 5, Device::Cpu).unwrap();
        let first = given(5, &[0, 1, 2, 3, 4]);
        let before = forward(&generator, &latents, Some(&first));
        for row in 0..5 {
            assert!(before.get(row).get(row).equal(&first.rolls.get(row)));
        }
        let second = given(5, &[0, 1, 2, 3, 4]);
        let _ = second.rolls.narrow(2, 16, 16).narrow(3, 40, 1).fill_(1.0);
        let after = forward(&generator, &latents, Some(&second));
        for row in 0..5 {
            let grid = changed(&before.narrow(0, row, 1), &after.narrow(0, row, 1));
            for (part, bars) in grid.iter().enumerate() {
                assert_eq!(bars, &[false, true, false, false], "{row} {part}");
            }
        }
    }
}

#[test]
fn a_part_in_another_key_is_played_to_in_that_key() {
    let config = BandConfig {
        white_keys: true,
        ..small(BandKind::Hybrid, true)
    };
    let (_store, generator) = build(&config);
    let latents = Latents::normal(&config, 1, Device::Cpu).unwrap();
    // C and G, then D flat and A flat: one semitone up.
    let low = given(1, &[1]);
    let high = Given {
        rolls: low.rolls.roll([1], [3]),
        part: low.part.copy(),
    };
    let (low, high) = (
        forward(&generator, &latents, Some(&low)),
        forward(&generator, &latents, Some(&high)),
    );
    for part in [2, 3, 4] {
        let (low, high) = (low.get(0).get(part), high.get(0).get(part));
        assert!(low.narrow(2, 0, 59).equal(&high.narrow(2, 1, 59)), "{part}");
    }
    assert!(low.get(0).get(0).equal(&high.get(0).get(0)));
}

#[test]
fn weights_come_back_from_a_file() {
    for config in kinds() {
        let (store, generator) = build(&config);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        let tensors: Tensors = store.variables().into_iter().collect();
        checkpoint::write(&path, &tensors, Precision::Single).unwrap();
        let text = serde_json::to_string(&config).unwrap();
        let config: BandConfig = serde_json::from_str(&text).unwrap();
        let read = checkpoint::read(&path).unwrap();
        let again = BandGenerator::from_tensors(&config, &read, Device::Cpu).unwrap();
        let latents = Latents::normal(&config, 2, Device::Cpu).unwrap();
        let given = maybe_given(&config, 2);
        let (a, b) = (
            forward(&generator, &latents, given.as_ref()),
            forward(&again, &latents, given.as_ref()),
        );
        assert!(a.equal(&b));
    }
}

#[test]
fn what_does_not_belong_together_is_an_error() {
    let config = small(BandKind::Hybrid, false);
    let (store, generator) = build(&config);
    let tensors: Tensors = store.variables().into_iter().collect();
    for wrong in [
        BandConfig {
            latent: 6,
            ..config.clone()
        },
        BandConfig {
            kind: BandKind::Jamming,
            ..config.clone()
        },
        BandConfig {
            accompanies: true,
            ..config.clone()
        },
        BandConfig {
            bar: 0,
            ..config.clone()
        },
        BandConfig {
            step: i64::MAX,
            ..config.clone()
        },
        BandConfig {
            thresholds: [0.5, 0.5, 1.5, 0.5, 0.5],
            ..config.clone()
        },
        BandConfig {
            architecture: ARCHITECTURE.to_owned(),
            ..config.clone()
        },
    ] {
        assert!(
            BandGenerator::from_tensors(&wrong, &tensors, Device::Cpu).is_err(),
            "{wrong:?}"
        );
    }
    assert!(BandGenerator::from_tensors(&config, &Tensors::new(), Device::Cpu).is_err());
    let latents = Latents::normal(&config, 2, Device::Cpu).unwrap();
    assert!(
        generator
            .forward(&latents, Some(&given(2, &[0, 1])))
            .is_err()
    );
    let mut narrow = copy(&latents);
    narrow.shared = Tensor::zeros([2, 4], (Kind::Float, Device::Cpu));
    assert!(generator.forward(&narrow, None).is_err());
    let config = small(BandKind::Composer, true);
    let (_store, generator) = build(&config);
    assert!(generator.forward(&latents, None).is_err());
    assert!(generator.forward(&latents, Some(&given(1, &[0]))).is_err());
    assert!(
        generator
            .forward(&latents, Some(&given(2, &[0, 5])))
            .is_err()
    );
}

#[test]
fn an_untrained_generator_plays_about_as_much_as_it_is_told() {
    let config = BandConfig::default();
    let (_store, mut generator) = build(&config);
    let rates = Tensor::full([5, 2, 72], 0.05, (Kind::Float, Device::Cpu));
    generator.set_rates(&rates).unwrap();
    let latents = Latents::normal(&config, 8, Device::Cpu).unwrap();
    let played = forward(&generator, &latents, None)
        .gt(0.5)
        .to_kind(Kind::Float);
    let share = played.select(2, 0).mean(Kind::Float).double_value(&[]);
    assert!((0.02..0.1).contains(&share), "{share}");
    assert!(generator.set_rates(&rates.narrow(2, 0, 71)).is_err());
}

#[test]
fn a_critic_scores_every_phrase_and_knows_what_was_given() {
    let sizes = CriticConfig {
        step: 8,
        beat: 7,
        bar: 6,
        phrase: 5,
    };
    let store = VarStore::new(Device::Cpu);
    let critic = BandCritic::new(&store.root(), &sizes, true).unwrap();
    let rolls = Tensor::rand([3, 5, 2, 64, 72], (Kind::Float, Device::Cpu));
    let score = |parts: &[i64]| critic.forward(&rolls, Some(&given(3, parts))).unwrap();
    let first = score(&[0, 1, 2]);
    assert_eq!(first.size(), [3]);
    assert!(!first.equal(&score(&[3, 1, 2])));
}
