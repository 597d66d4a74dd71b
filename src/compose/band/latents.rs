//! The latents of a band's phrase, named by the seeds of their noise.

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::tokens::band::PHRASE_BARS;
use crate::tokens::part::Part;

/// The seeds of one phrase's noise. MuseGAN has four kinds of latents (Dong et al. 2018, "Modeling the multi-track
/// interdependency" and "Modeling the temporal structure"); each is a vector of standard normal numbers, and a seed stands for
/// one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PhraseSeeds {
    /// `z`: common to all parts, for the whole phrase.
    pub shared: u64,
    /// `z_t`: common to all parts, for each bar.
    pub shared_time: [u64; PHRASE_BARS],
    /// `z_i`: of each part, for the whole phrase.
    pub private: [u64; Part::COUNT],
    /// `z_it`: of each part, for each bar.
    pub private_time: [[u64; PHRASE_BARS]; Part::COUNT],
}

/// How latents are mixed.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", ascii_case_insensitive)]
pub enum Blend {
    /// Along the straight line. The middle lies nearer to the origin: calmer.
    Lerp,
    /// Along the arc, at the distance from the origin that the model knows.
    #[default]
    Slerp,
}

/// The latents of a phrase: a mixture of one or more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhraseLatents {
    /// What is mixed, with weights of 0 and above that are not all 0.
    pub mix: Vec<(PhraseSeeds, f32)>,
    /// How.
    pub blend: Blend,
}

impl PhraseSeeds {
    /// Seeds that follow from one (the outputs of `SplitMix64`): the four bars share theirs, as in training, so that they are
    /// one phrase.
    pub fn from_seed(seed: u64) -> Self {
        let mut state = seed;
        let mut next = || split_mix(&mut state);
        Self {
            shared: next(),
            shared_time: [next(); PHRASE_BARS],
            private: std::array::from_fn(|_| next()),
            private_time: std::array::from_fn(|_| [next(); PHRASE_BARS]),
        }
    }

    /// These, with the latents of single bars taken from `other`.
    #[must_use]
    pub(crate) fn with_bars_of(self, other: &Self) -> Self {
        Self {
            shared_time: other.shared_time,
            private_time: other.private_time,
            ..self
        }
    }

    /// These, with the latents of single parts taken from `other`.
    #[must_use]
    pub(crate) fn with_parts_of(self, other: &Self) -> Self {
        Self {
            private: other.private,
            private_time: other.private_time,
            ..self
        }
    }
}

impl PhraseLatents {
    /// The latents of one set of seeds.
    pub fn of(seeds: PhraseSeeds) -> Self {
        Self {
            mix: vec![(seeds, 1.0)],
            blend: Blend::default(),
        }
    }

    /// From `a` (at 0) to `b` (at 1), along the arc.
    pub(crate) fn between(a: PhraseSeeds, b: PhraseSeeds, at: f32) -> Self {
        let mut mix = vec![(a, 1.0 - at), (b, at)];
        mix.retain(|(_, weight)| *weight > 0.0);
        Self {
            mix,
            blend: Blend::Slerp,
        }
    }

    /// The noise of one kind of latent, which `seed` picks: `length` numbers, mixed as this says and multiplied by
    /// `variety`.
    ///
    /// More than two are mixed one after the other, each by its share of the weights so far. Latents whose seeds are equal
    /// are one: what ideas have in common stays as it is to the bit.
    pub fn noise(
        &self,
        length: usize,
        variety: f32,
        seed: impl Fn(&PhraseSeeds) -> u64,
    ) -> Vec<f32> {
        let mut parts: Vec<(u64, f32)> = Vec::new();
        for (seeds, weight) in self.mix.iter().filter(|(_, weight)| *weight > 0.0) {
            let seed = seed(seeds);
            match parts.iter_mut().find(|(known, _)| *known == seed) {
                Some((_, sum)) => *sum += weight,
                None => parts.push((seed, *weight)),
            }
        }
        let mut mixed = vec![0.0; length];
        let mut sum = 0.0;
        for (seed, weight) in parts {
            let next = noise(seed, length);
            sum += weight;
            mixed = if sum > weight {
                self.blend.between(&mixed, &next, weight / sum)
            } else {
                next
            };
        }
        for value in &mut mixed {
            *value *= variety;
        }
        mixed
    }
}

impl Blend {
    /// What lies between `a` (at 0) and `b` (at 1).
    fn between(self, a: &[f32], b: &[f32], at: f32) -> Vec<f32> {
        let (from_a, from_b) = match self {
            Self::Lerp => (1.0 - at, at),
            Self::Slerp => slerp_weights(a, b, at),
        };
        a.iter()
            .zip(b)
            .map(|(a, b)| from_a * a + from_b * b)
            .collect()
    }
}

/// The weights of spherical interpolation (Shoemake 1985); those of the line where the angle is too small to tell.
fn slerp_weights(a: &[f32], b: &[f32], at: f32) -> (f32, f32) {
    let dot = |x: &[f32], y: &[f32]| -> f64 {
        x.iter()
            .zip(y)
            .map(|(x, y)| f64::from(*x) * f64::from(*y))
            .sum()
    };
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    let angle = if lengths > 0.0 {
        (dot(a, b) / lengths).clamp(-1.0, 1.0).acos()
    } else {
        0.0
    };
    let sine = angle.sin();
    if sine < 1e-4 {
        return (1.0 - at, at);
    }
    let weight = |share: f32| ((f64::from(share) * angle).sin() / sine) as f32;
    (weight(1.0 - at), weight(at))
}

/// Standard normal noise of a seed: pairs of the polar method (Marsaglia) from `Pcg64::seed_from_u64`, in double precision.
fn noise(seed: u64, length: usize) -> Vec<f32> {
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut uniform = || rng.random::<f64>() * 2.0 - 1.0;
    let mut values = Vec::with_capacity(length + 1);
    while values.len() < length {
        let (x, y) = (uniform(), uniform());
        let square = x * x + y * y;
        if square > 0.0 && square < 1.0 {
            let factor = (-2.0 * square.ln() / square).sqrt();
            values.extend([(x * factor) as f32, (y * factor) as f32]);
        }
    }
    values.truncate(length);
    values
}

/// The next output of the `SplitMix64` generator (Steele, Lea & Flood 2014).
pub(crate) fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A seed that follows from another in a way that `salt` decides: equal seeds stay equal, different ones different.
pub(crate) fn derived(seed: u64, salt: u64) -> u64 {
    let mut state = seed.wrapping_add(salt.wrapping_mul(0xD134_2543_DE82_EF95));
    split_mix(&mut state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_standard_normal_and_repeats() {
        let values = noise(7, 20_000);
        assert_eq!(values, noise(7, 20_000));
        assert_eq!(values.get(..9), Some(&noise(7, 9)[..]));
        let mean = values.iter().sum::<f32>() / 20_000.0;
        let square = values.iter().map(|v| v * v).sum::<f32>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (square - 1.0).abs() < 0.03);
        let beyond_two = values.iter().filter(|v| v.abs() > 2.0).count();
        // 4.55 % of a normal distribution.
        assert!((800..1020).contains(&beyond_two), "{beyond_two}");
        assert_ne!(noise(8, 4), noise(7, 4));
    }

    #[test]
    fn the_arc_keeps_its_distance_and_the_line_does_not() {
        let (a, b) = (vec![1.0, 0.0], vec![0.0, 1.0]);
        let half = std::f32::consts::FRAC_1_SQRT_2;
        for (blend, expected) in [(Blend::Lerp, 0.5), (Blend::Slerp, half)] {
            for value in blend.between(&a, &b, 0.5) {
                assert!((value - expected).abs() < 1e-6);
            }
        }
        // A third of the way along a right angle is 30 degrees.
        let third = Blend::Slerp.between(&a, &b, 1.0 / 3.0);
        assert!((third[0] - 0.75_f32.sqrt()).abs() < 1e-6 && (third[1] - 0.5).abs() < 1e-6);
        assert_eq!(Blend::Slerp.between(&a, &a, 0.3), a, "no angle to tell");
    }

    #[test]
    fn what_ideas_have_in_common_stays() {
        let (a, b) = (PhraseSeeds::from_seed(1), PhraseSeeds::from_seed(2));
        let mixed = PhraseLatents::between(a, a.with_bars_of(&b), 0.3);
        let alone = PhraseLatents::of(a);
        let noise =
            |latents: &PhraseLatents, pick: fn(&PhraseSeeds) -> u64| latents.noise(16, 1.0, pick);
        assert_eq!(noise(&mixed, |s| s.shared), noise(&alone, |s| s.shared));
        assert_ne!(
            noise(&mixed, |s| s.shared_time[2]),
            noise(&alone, |s| s.shared_time[2])
        );
        assert_eq!(
            noise(&PhraseLatents::between(a, b, 1.0), |s| s.private[3]),
            noise(&PhraseLatents::of(b), |s| s.private[3])
        );
        let half = alone.noise(16, 0.5, |s| s.shared);
        for (half, whole) in half.iter().zip(noise(&alone, |s| s.shared)) {
            assert_eq!(*half, whole * 0.5);
        }
    }

    #[test]
    fn the_bars_of_a_phrase_share_their_noise_and_all_else_differs() {
        let seeds = PhraseSeeds::from_seed(3);
        let mut all = vec![seeds.shared, seeds.shared_time[0]];
        assert_eq!(seeds.shared_time, [seeds.shared_time[0]; 4]);
        all.extend(seeds.private);
        all.extend(seeds.private_time.iter().map(|bars| bars[3]));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 12);
    }
}
