//! Noise that is the same on every machine.

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg32;

/// A seeded source of random numbers.
#[derive(Debug, Clone)]
pub struct Noise(Pcg32);

impl Noise {
    /// A source that always gives the same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(Pcg32::seed_from_u64(seed))
    }

    /// The next number, evenly spread over 0..1.
    pub fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// The next number, evenly spread over -1..1.
    pub fn white(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }

    /// The next number, evenly spread over `low..high`.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Bell-shaped around 0 with a deviation of 1 (sum of twelve).
    pub fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// `length` numbers of white noise.
    pub fn take(&mut self, length: usize) -> Vec<f64> {
        (0..length).map(|_| self.white()).collect()
    }
}
