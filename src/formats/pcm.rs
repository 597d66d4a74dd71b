//! From floating point to the numbers that sound files hold.

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg32;
use serde::{Deserialize, Serialize};

/// How samples are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleFormat {
    /// 16-bit integers, dithered.
    Int16,
    /// 24-bit integers.
    #[default]
    Int24,
    /// 32-bit floating point: nothing is rounded and nothing is clipped.
    Float32,
}

impl SampleFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Int16, Self::Int24, Self::Float32];

    /// Bits of one sample.
    pub fn bits(self) -> u16 {
        match self {
            Self::Int16 => 16,
            Self::Int24 => 24,
            Self::Float32 => 32,
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int16 => "16-bit",
            Self::Int24 => "24-bit",
            Self::Float32 => "32-bit float",
        }
    }
}

/// Rounds samples to integers, and counts what does not fit. 16-bit samples get dither of triangular distribution, two
/// steps wide, so that what rounding adds is noise and no distortion; silence stays silence.
#[derive(Debug)]
pub struct Quantiser {
    full: f64,
    dithers: bool,
    noise: Pcg32,
    clipped: u64,
}

impl Quantiser {
    /// A quantiser to the integers of `format` (24 bits for floating point). Equal seeds give equal dither.
    pub fn new(format: SampleFormat, seed: u64) -> Self {
        Self {
            full: if format == SampleFormat::Int16 {
                32_767.0
            } else {
                8_388_607.0
            },
            dithers: format == SampleFormat::Int16,
            noise: Pcg32::seed_from_u64(seed),
            clipped: 0,
        }
    }

    /// The integer of one sample, where ±1 is full scale.
    #[inline]
    pub fn quantise(&mut self, sample: f32) -> i32 {
        let mut value = f64::from(sample) * self.full;
        self.clipped += u64::from(value.abs() > self.full);
        if self.dithers && sample != 0.0 {
            value += self.noise.random::<f64>() - self.noise.random::<f64>();
        }
        let value = value.clamp(-self.full, self.full);
        // Rounds like `round`, which is a function call for each sample on processors of the lowest level.
        (value + 0.5_f64.copysign(value)) as i32
    }

    /// How many samples were beyond full scale.
    pub fn clipped(&self) -> u64 {
        self.clipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dither_is_triangular_noise_that_keeps_what_lies_between_two_steps() {
        let mut quantiser = Quantiser::new(SampleFormat::Int16, 1);
        let between = 0.3 / 32_767.0;
        let count = 200_000;
        let errors: Vec<f64> = (0..count)
            .map(|_| f64::from(quantiser.quantise(between)) - 0.3)
            .collect();
        let mean = errors.iter().sum::<f64>() / f64::from(count);
        let power = errors.iter().map(|error| error * error).sum::<f64>() / f64::from(count);
        assert!(mean.abs() < 0.01, "the mean is kept: {mean}");
        // Triangular dither (1/6) and rounding (1/12), whatever the sample is.
        assert!((power - 0.25).abs() < 0.01, "power {power}");
        assert!(errors.iter().all(|error| error.abs() <= 1.5));
    }

    #[test]
    fn equal_seeds_give_equal_samples_and_silence_stays_silent() {
        let run = |seed| {
            let mut quantiser = Quantiser::new(SampleFormat::Int16, seed);
            (0..1_000)
                .map(|i| quantiser.quantise((i as f32 * 0.01).sin() * 0.1))
                .collect::<Vec<_>>()
        };
        assert_eq!(run(3), run(3));
        assert_ne!(run(3), run(4));
        let mut quantiser = Quantiser::new(SampleFormat::Int16, 3);
        assert!((0..100).all(|_| quantiser.quantise(0.0) == 0));
    }

    #[test]
    fn what_does_not_fit_is_clipped_and_counted() {
        let mut quantiser = Quantiser::new(SampleFormat::Int24, 0);
        assert_eq!(quantiser.quantise(1.0), 8_388_607);
        assert_eq!(quantiser.clipped(), 0);
        assert_eq!(quantiser.quantise(-1.5), -8_388_607);
        assert_eq!(quantiser.clipped(), 1);
        assert_eq!(quantiser.quantise(f32::NAN), 0);
    }
}
