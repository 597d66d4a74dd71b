//! The latents of a band's phrase, named by the seeds of their noise.

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::tokens::band::PHRASE_BARS;
use crate::tokens::part::Part;

/// The seeds of one phrase's noise. MuseGAN has four kinds of latents (Dong et al. 2018, section 4.2); each is a vector of
/// standard normal numbers, and a seed stands for one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PhraseSeeds {
    /// z: common to all parts, for the whole phrase.
    pub shared: u64,
    /// z_t: common to all parts, for each bar.
    pub shared_time: [u64; PHRASE_BARS],
    /// z_i: of each part, for the whole phrase.
    pub private: [u64; Part::COUNT],
    /// z_i,t: of each part, for each bar.
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
    /// Seeds that follow from one: the `n`-th of them is the `n`-th output of `SplitMix64` from `seed`.
    pub fn from_seed(seed: u64) -> Self {
        let mut state = seed;
        let mut next = || split_mix(&mut state);
        Self {
            shared: next(),
            shared_time: std::array::from_fn(|_| next()),
            private: std::array::from_fn(|_| next()),
            private_time: std::array::from_fn(|_| std::array::from_fn(|_| next())),
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

    /// The noise of one kind of latent, which `seed` picks: `length` numbers, mixed as this says and multiplied by
    /// `variety`.
    pub fn noise(
        &self,
        length: usize,
        variety: f32,
        seed: impl Fn(&PhraseSeeds) -> u64,
    ) -> Vec<f32> {
        let mut mixed: Option<(Vec<f32>, f32)> = None;
        for (seeds, weight) in self.mix.iter().filter(|(_, weight)| *weight > 0.0) {
            let next = noise(seed(seeds), length);
            mixed = Some(match mixed {
                None => (next, *weight),
                Some((before, sum)) => {
                    let sum = sum + weight;
                    (self.blend.between(&before, &next, weight / sum), sum)
                }
            });
        }
        let mut mixed = mixed.map_or_else(|| vec![0.0; length], |(mixed, _)| mixed);
        for value in &mut mixed {
            *value *= variety;
        }
        mixed
    }
}

impl Blend {
    /// What lies between `a` (at 0) and `b` (at 1). Equal vectors stay as they are.
    fn between(self, a: &[f32], b: &[f32], at: f32) -> Vec<f32> {
        let (from_a, from_b) = match self {
            Self::Lerp => (1.0 - at, at),
            Self::Slerp => slerp_weights(a, b, at),
        };
        a.iter()
            .zip(b)
            .map(|(a, b)| {
                if a.to_bits() == b.to_bits() {
                    *a
                } else {
                    from_a * a + from_b * b
                }
            })
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
