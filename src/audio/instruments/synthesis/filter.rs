//! Second-order filters after R. Bristow-Johnson's *Audio EQ Cookbook*.

use std::f64::consts::TAU;

/// A second-order filter and its state.
#[derive(Debug, Clone, Default)]
pub struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    x: [f64; 2],
    y: [f64; 2],
}

impl Biquad {
    fn from_parts(b: [f64; 3], a: [f64; 3]) -> Self {
        Self {
            b: b.map(|value| value / a[0]),
            a: [a[1] / a[0], a[2] / a[0]],
            ..Self::default()
        }
    }

    fn angle(rate: u32, frequency: f64, q: f64) -> (f64, f64) {
        let angle = TAU * (frequency / f64::from(rate)).min(0.49);
        (angle.cos(), angle.sin() / (2.0 * q))
    }

    /// Low-pass: 12 dB an octave above `frequency` (hertz), resonance `q` (0.707 is flat).
    pub fn low_pass(rate: u32, frequency: f64, q: f64) -> Self {
        let (cos, alpha) = Self::angle(rate, frequency, q);
        let half = (1.0 - cos) / 2.0;
        Self::from_parts(
            [half, 2.0 * half, half],
            [1.0 + alpha, -2.0 * cos, 1.0 - alpha],
        )
    }

    /// High-pass: 12 dB an octave below `frequency` (hertz).
    pub fn high_pass(rate: u32, frequency: f64, q: f64) -> Self {
        let (cos, alpha) = Self::angle(rate, frequency, q);
        let half = f64::midpoint(1.0, cos);
        Self::from_parts(
            [half, -2.0 * half, half],
            [1.0 + alpha, -2.0 * cos, 1.0 - alpha],
        )
    }

    /// Band-pass with a gain of 1 at `frequency` (hertz); the higher `q`, the narrower.
    pub fn band_pass(rate: u32, frequency: f64, q: f64) -> Self {
        let (cos, alpha) = Self::angle(rate, frequency, q);
        Self::from_parts([alpha, 0.0, -alpha], [1.0 + alpha, -2.0 * cos, 1.0 - alpha])
    }

    /// Raises or lowers everything above `frequency` (hertz) by `decibels`.
    pub fn high_shelf(rate: u32, frequency: f64, decibels: f64) -> Self {
        let (cos, alpha) = Self::angle(rate, frequency, std::f64::consts::FRAC_1_SQRT_2);
        let level = 10_f64.powf(decibels / 40.0);
        let root = 2.0 * level.sqrt() * alpha;
        let (plus, minus) = (level + 1.0, level - 1.0);
        Self::from_parts(
            [
                level * (plus + minus * cos + root),
                -2.0 * level * (minus + plus * cos),
                level * (plus + minus * cos - root),
            ],
            [
                plus - minus * cos + root,
                2.0 * (minus - plus * cos),
                plus - minus * cos - root,
            ],
        )
    }

    /// One value through the filter.
    pub fn step(&mut self, input: f64) -> f64 {
        let output = self.b[0] * input + self.b[1] * self.x[0] + self.b[2] * self.x[1]
            - self.a[0] * self.y[0]
            - self.a[1] * self.y[1];
        self.x = [input, self.x[0]];
        self.y = [output, self.y[0]];
        output
    }

    /// All values through the filter, in place.
    pub fn run(mut self, values: &mut [f64]) {
        for value in values {
            *value = self.step(*value);
        }
    }
}
