//! A drum, a cymbal or a shaker: skins, metal and grains laid over each other.

use std::f64::consts::TAU;

use super::{Biquad, DRUM_RATE, Noise, Tone};

/// A drum sound being made: every step adds something to it.
#[must_use]
#[derive(Debug, Clone)]
pub struct Hit {
    /// The points so far.
    pub points: Vec<f64>,
    noise: Noise,
    /// Points per second.
    pub rate: u32,
}

impl Hit {
    /// Silence of so many seconds at [`DRUM_RATE`], whose noise comes from a seed.
    pub fn new(seconds: f64, seed: u64) -> Self {
        Self::at_rate(DRUM_RATE, seconds, seed)
    }

    /// Skins need no more than half the rate.
    pub fn low(seconds: f64, seed: u64) -> Self {
        Self::at_rate(DRUM_RATE / 2, seconds, seed)
    }

    /// Silence of so many seconds at a rate in hertz.
    pub fn at_rate(rate: u32, seconds: f64, seed: u64) -> Self {
        Self {
            points: vec![0.0; (seconds * f64::from(rate)) as usize],
            noise: Noise::new(seed),
            rate,
        }
    }

    /// A sine that falls from `frequency * (1 + fall)` to `frequency` with a time constant, and decays with another (s).
    pub fn skin(
        mut self,
        level: f64,
        frequency: f64,
        fall: f64,
        fall_time: f64,
        decay: f64,
    ) -> Self {
        let rate = f64::from(self.rate);
        let mut angle = 0.0;
        for (index, point) in self.points.iter_mut().enumerate() {
            let t = index as f64 / rate;
            angle += frequency * (1.0 + fall * (-t / fall_time).exp()) / rate;
            *point += level * (TAU * angle).sin() * (-t / decay).exp();
        }
        self
    }

    /// Noise through a band that decays (s) after rising (s).
    pub fn burst(mut self, level: f64, low: f64, high: f64, rise: f64, decay: f64) -> Self {
        let rate = f64::from(self.rate);
        let mut burst = self.noise.take(self.points.len());
        Biquad::high_pass(self.rate, low, 0.7).run(&mut burst);
        Biquad::low_pass(self.rate, high, 0.7).run(&mut burst);
        let power = (burst.iter().map(|v| v * v).sum::<f64>() / burst.len().max(1) as f64)
            .sqrt()
            .max(1e-9);
        for (index, (point, value)) in self.points.iter_mut().zip(&burst).enumerate() {
            let t = index as f64 / rate;
            *point +=
                level * value / power / 3.0 * (t / rise.max(1e-5)).min(1.0) * (-t / decay).exp();
        }
        self
    }

    /// Modes between two frequencies, more of them higher up; `decay` (s) at 1 kHz, shorter above.
    pub fn metal(
        mut self,
        level: f64,
        count: usize,
        low: f64,
        high: f64,
        decay: f64,
        tilt: f64,
    ) -> Self {
        let rate = f64::from(self.rate);
        let length = self.points.len();
        let scale = level / (count as f64).sqrt();
        for _ in 0..count {
            let frequency = low * (high / low).powf(self.noise.unit().powf(0.7));
            let amplitude = scale * (0.4 + self.noise.unit()) * (frequency / 3_000.0).powf(tilt);
            let constant =
                decay / (0.7 + 0.3 * frequency / 1_000.0).sqrt() * (0.5 + self.noise.unit());
            // High modes take some milliseconds to be fed by the low ones.
            let rise = 0.0004 + 0.004 * self.noise.unit() * (frequency / 8_000.0);
            let (turn_sin, turn_cos) = (TAU * frequency / rate).sin_cos();
            let (mut sin, mut cos) = (TAU * self.noise.unit()).sin_cos();
            let fall = (-1.0 / (constant * rate)).exp();
            let grow = (-1.0 / (rise * rate)).exp();
            let (mut envelope, mut missing) = (amplitude, 1.0);
            for point in self.points.iter_mut().take(length) {
                *point += envelope * (1.0 - missing) * sin;
                envelope *= fall;
                missing *= grow;
                (sin, cos) = (
                    sin * turn_cos + cos * turn_sin,
                    cos * turn_cos - sin * turn_sin,
                );
            }
        }
        self
    }

    /// Exact modes: frequency, level, decay (s).
    pub fn modes(mut self, modes: &[(f64, f64, f64)]) -> Self {
        let rate = f64::from(self.rate);
        for (frequency, level, decay) in modes {
            for (index, point) in self.points.iter_mut().enumerate() {
                let t = index as f64 / rate;
                *point += level * (TAU * frequency * t).sin() * (-t / decay).exp();
            }
        }
        self
    }

    /// Several short bursts of noise at the times given (s), with a level each.
    pub fn grains(
        mut self,
        level: f64,
        band: (f64, f64),
        decay: f64,
        times: &[(f64, f64)],
    ) -> Self {
        let rate = f64::from(self.rate);
        let mut grains = vec![0.0; self.points.len()];
        for (at, strength) in times {
            let start = (at * rate) as usize;
            for (index, grain) in grains.iter_mut().skip(start).enumerate() {
                let t = index as f64 / rate;
                if t > 7.0 * decay {
                    break;
                }
                *grain +=
                    strength * self.noise.white() * (t / 0.0006).min(1.0) * (-t / decay).exp();
            }
        }
        Biquad::band_pass(self.rate, band.0, band.1).run(&mut grains);
        let peak = grains
            .iter()
            .fold(1e-9_f64, |peak, value| peak.max(value.abs()));
        for (point, grain) in self.points.iter_mut().zip(&grains) {
            *point += level * grain / peak;
        }
        self
    }

    /// All so far through a filter of the same rate.
    pub fn filtered(mut self, filter: Biquad) -> Self {
        filter.run(&mut self.points);
        self
    }

    /// Soft clipping: glues the parts together.
    pub fn driven(mut self, drive: f64) -> Self {
        let peak = self
            .points
            .iter()
            .fold(1e-9_f64, |peak, point| peak.max(point.abs()));
        for point in &mut self.points {
            *point = (*point / peak * drive).tanh();
        }
        self
    }

    /// The finished sound: fades over its last quarter, plays once.
    pub fn tone(mut self, name: &str, root: u8) -> Tone {
        let length = self.points.len();
        let tail = length / 4;
        for (index, point) in self.points.iter_mut().rev().enumerate().take(tail) {
            let share = index as f64 / tail as f64;
            *point *= share * share;
        }
        // A third of a millisecond keeps the first point from clicking.
        for (index, point) in self.points.iter_mut().enumerate().take(14) {
            *point *= (index as f64 + 1.0) / 14.0;
        }
        self.points.resize(length + 16, 0.0);
        Tone {
            name: name.to_owned(),
            rate: self.rate,
            points: self.points,
            cycle: None,
            root,
        }
    }
}
