//! Held sounds whose pitch stands still: harmonics with a spectrum, swelling into a short loop, with breath noise.

use super::tone::{ToneSpec, add_breath};
use super::{Noise, Partial, Shape, Tone};

/// A held sound on one key.
pub struct Steady<'a> {
    /// Name of the family.
    pub name: &'a str,
    /// Key.
    pub root: u8,
    /// Amplitude of harmonic k at a frequency in hertz.
    pub spectrum: &'a dyn Fn(f64, f64) -> f64,
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
            spec.partials.push(Partial {
                frequency,
                amplitude,
                phase: noise.unit(),
                shape,
            });
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
            add_breath(points, cycle, rate, (level, centre), &mut noise);
        })
    }
}
