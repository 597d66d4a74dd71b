//! Held sounds: harmonics with a spectrum, swelling into a loop, by one player or a section, with breath noise.

use super::tone::{ToneSpec, looped_noise};
use super::{Biquad, Noise, Partial, Shape, Tone};

/// A held sound on one key.
pub struct Steady<'a> {
    /// Name of the family.
    pub name: &'a str,
    /// Key.
    pub root: u8,
    /// Amplitude of harmonic k at a frequency in hertz.
    pub spectrum: &'a dyn Fn(f64, f64) -> f64,
    /// Sines per harmonic: 1 for a solo instrument.
    pub players: usize,
    /// How far the players are apart, in cents (deviation).
    pub spread: f64,
    /// Seconds until harmonic k has swelled to two thirds; 0 starts at once.
    pub rise: &'a dyn Fn(f64) -> f64,
    /// Level of the breath noise against the tone, in decibels, and the centre of its band in hertz.
    pub breath: Option<(f64, f64)>,
    /// Seconds before the loop.
    pub settle: f64,
    /// Seconds of the loop.
    pub cycle: f64,
    /// Harmonics above this frequency are left out.
    pub limit: f64,
}

impl Default for Steady<'_> {
    fn default() -> Self {
        Self {
            name: "",
            root: 60,
            spectrum: &|k, _| 1.0 / k,
            players: 1,
            spread: 0.0,
            rise: &|_| 0.0,
            breath: None,
            settle: 0.1,
            cycle: 0.25,
            limit: 12_000.0,
        }
    }
}

impl Steady<'_> {
    /// The specification, with all partials.
    pub fn spec(&self) -> ToneSpec {
        let mut spec = ToneSpec::new(self.name, self.root);
        (spec.settle, spec.cycle) = (self.settle, self.cycle);
        let mut noise = Noise::new(u64::from(self.root) * 7919 + self.name.len() as u64);
        let fundamental = spec.fundamental();
        for number in 1..=160 {
            let k = f64::from(number);
            let frequency = k * fundamental;
            if frequency > self.limit {
                break;
            }
            let amplitude = (self.spectrum)(k, frequency);
            let rise = (self.rise)(k);
            let shape = if rise > 0.0 {
                Shape::Rise(rise)
            } else {
                Shape::Decay(0.0)
            };
            let others = 0.8 * (frequency / 2_400.0).clamp(0.25, 1.0);
            let power = 1.0 + others * others * (self.players - 1) as f64;
            for player in 0..self.players {
                // The first player is in tune and a little louder: the section has a clear pitch.
                let cents = if player == 0 {
                    0.0
                } else {
                    self.spread * noise.bell()
                };
                // Low harmonics beat slowly, which would be heard as a pulse: there the others are softer.
                let level = if player == 0 { 1.0 } else { others };
                spec.partials.push(Partial {
                    frequency: frequency * (cents / 1200.0).exp2(),
                    amplitude: amplitude * level / power.sqrt(),
                    phase: noise.unit(),
                    shape,
                });
            }
        }
        spec.fit_rate();
        spec
    }

    /// The tone.
    pub fn tone(&self) -> Tone {
        let spec = self.spec();
        let rate = spec.rate;
        spec.render_with(|points, cycle| {
            let Some((level, centre)) = self.breath else {
                return;
            };
            let mut noise = Noise::new(u64::from(self.root) + 31);
            let filters = [
                Biquad::band_pass(rate, centre, 0.8),
                Biquad::high_pass(rate, centre / 4.0, 0.7),
            ];
            let breath = looped_noise(&mut noise, cycle, points.len(), &filters);
            let power = |values: &[f64]| {
                (values.iter().map(|v| v * v).sum::<f64>() / values.len().max(1) as f64).sqrt()
            };
            let scale = super::gain(level) * power(points) / power(&breath).max(1e-9);
            for (point, breath) in points.iter_mut().zip(&breath) {
                *point += scale * breath;
            }
        })
    }
}
