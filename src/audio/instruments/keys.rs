//! Electric pianos: tines and operators as a few decaying modes, struck softly or hard.
//!
//! A tine is a bar clamped at one end: its second mode lies at 6.27 times the first, its third at 17.5 (N. Fletcher and T. Rossing,
//! *The Physics of Musical Instruments*, 1998, section 2.12). The tine swings before a magnetic pickup, whose field is not linear: the
//! harder the stroke, the stronger the harmonics of the first mode. The frequency-modulation piano has a carrier with a modulator at
//! 14 times its frequency that dies fast (J. Chowning, 1973).

use super::plucked::by_velocity;
use super::synthesis::tone::ToneSpec;
use super::synthesis::{Envelope, Noise, Partial, Region, Shape, by_key, every, gain, spread};

/// What makes one electric piano.
pub struct Struck {
    /// Name of the tones.
    pub name: &'static str,
    /// Times the fundamental, amplitude of a hard stroke, decay against the fundamental's.
    pub modes: &'static [(f64, f64, f64)],
    /// Decay (1/s) of the fundamental at keys 30 and 96.
    pub rate: (f64, f64),
    /// By how many octaves of amplitude the overtones fall for every octave up the keyboard.
    pub thinning: f64,
    /// Level of the harmonics of a soft stroke against a hard one, in decibels; 0 for no layers.
    pub soft: f64,
}

impl Struck {
    /// The instrument: two layers of tones where the harmonics depend on the force, three steps of brightness.
    pub fn regions(&self) -> Vec<Region> {
        if self.soft == 0.0 {
            return by_velocity(self.layer(true));
        }
        let soft = self.layer(false).into_iter().map(|region| Region {
            velocities: 0..=71,
            ..region
        });
        let hard = by_velocity(self.layer(true))
            .into_iter()
            .filter(|region| *region.velocities.end() > 71)
            .map(|region| Region {
                velocities: (*region.velocities.start()).max(72)..=*region.velocities.end(),
                ..region
            });
        soft.chain(hard).collect()
    }

    fn layer(&self, hard: bool) -> Vec<Region> {
        spread(&every(36, 96), |root| {
            let key = f64::from(root);
            let layer = if hard { "hard" } else { "soft" };
            let mut spec = ToneSpec::new(&format!("{} {layer}", self.name), root);
            let mut noise = Noise::new(u64::from(root));
            let decay = by_key(&[(30.0, self.rate.0), (96.0, self.rate.1)], key);
            let thin = (self.thinning * (60.0 - key) / 12.0).exp2();
            for (ratio, amplitude, faster) in self.modes {
                let overtone = *ratio > 1.5;
                let level = if overtone {
                    amplitude * thin
                } else {
                    *amplitude
                };
                let level = if overtone && !hard {
                    level * gain(self.soft)
                } else {
                    level
                };
                let whole = (ratio - ratio.round()).abs() < 1e-6;
                let shape = if whole && *faster < 6.0 {
                    Shape::Decay(decay * faster)
                } else {
                    Shape::Transient(decay * faster)
                };
                spec.partials.push(Partial {
                    frequency: spec.fundamental() * ratio,
                    amplitude: level,
                    phase: 0.1 * noise.unit(),
                    shape,
                });
            }
            spec.envelope_rate = decay;
            spec.settle = by_key(&[(36.0, 0.3), (96.0, 0.18)], key);
            spec.cycle = 0.06;
            spec.fit_rate();
            (spec.render(), Envelope::struck(decay, 0.25))
        })
    }
}

/// Tine piano.
pub const TINE: Struck = Struck {
    name: "Tine piano",
    modes: &[
        (1.0, 1.0, 1.0),
        (2.0, 0.75, 1.5),
        (3.0, 0.36, 2.2),
        (4.0, 0.22, 2.8),
        (5.0, 0.13, 3.4),
        (6.0, 0.07, 4.0),
        (6.27, 0.2, 22.0),
        (8.0, 0.04, 5.0),
        (17.55, 0.08, 40.0),
    ],
    rate: (0.3, 1.1),
    thinning: 0.55,
    soft: -9.0,
};

/// Frequency-modulation piano: a soft body under glassy high partials.
pub const GLASSY: Struck = Struck {
    name: "Glass piano",
    modes: &[
        (1.0, 1.0, 1.0),
        (2.0, 0.22, 1.4),
        (3.0, 0.14, 2.0),
        (4.0, 0.06, 2.0),
        (13.0, 0.08, 5.0),
        (14.0, 0.2, 5.5),
        (15.0, 0.08, 5.0),
        (28.0, 0.03, 12.0),
    ],
    rate: (0.35, 1.2),
    thinning: 0.6,
    soft: 0.0,
};
