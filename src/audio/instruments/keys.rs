//! Electric pianos: tines and reeds as a few decaying modes.

use super::plucked::by_velocity;
use super::synthesis::tone::ToneSpec;
use super::synthesis::{Envelope, Noise, Partial, Region, Shape, by_key, spread};

const ROOTS: [u8; 6] = [36, 46, 55, 64, 74, 86];

/// A mode: times the fundamental, amplitude, decay against the fundamental's.
type Modes = [(f64, f64, f64)];

fn struck(
    name: &'static str,
    modes: &'static Modes,
    rate: (f64, f64),
    level_by_key: f64,
) -> Vec<Region> {
    by_velocity(spread(&ROOTS, |root| {
        let key = f64::from(root);
        let mut spec = ToneSpec::new(name, root);
        let mut noise = Noise::new(u64::from(root));
        let decay = by_key(&[(30.0, rate.0), (96.0, rate.1)], key);
        for (ratio, amplitude, faster) in modes {
            let frequency = spec.fundamental() * ratio;
            // High keys are struck softer against their own pitch: fewer overtones.
            let amplitude = amplitude
                * if *ratio > 1.5 {
                    (level_by_key * (60.0 - key) / 12.0).exp2()
                } else {
                    1.0
                };
            let whole = (ratio - ratio.round()).abs() < 1e-6;
            let shape = if whole && *faster < 6.0 {
                Shape::Decay(decay * faster)
            } else {
                Shape::Transient(decay * faster)
            };
            spec.partials.push(Partial {
                frequency,
                amplitude,
                phase: 0.1 * noise.unit(),
                shape,
            });
        }
        spec.envelope_rate = decay;
        (spec.settle, spec.cycle) = (0.32, 0.06);
        spec.fit_rate();
        (spec.render(), Envelope::struck(decay, 0.25))
    }))
}

/// Tine piano: a tuning fork before a pickup that bends its sine, with the bell of the tine.
pub fn tine() -> Vec<Region> {
    struck(
        "Tine piano",
        &[
            (1.0, 1.0, 1.0),
            (2.0, 0.5, 1.4),
            (3.0, 0.2, 2.2),
            (4.0, 0.1, 2.8),
            (5.0, 0.06, 3.4),
            (6.27, 0.14, 22.0),
            (8.0, 0.03, 5.0),
            (17.55, 0.06, 40.0),
        ],
        (0.35, 1.1),
        0.5,
    )
}

/// Frequency-modulation piano: a soft body under glassy high partials.
pub fn glassy() -> Vec<Region> {
    struck(
        "Glass piano",
        &[
            (1.0, 1.0, 1.0),
            (2.0, 0.16, 1.4),
            (3.0, 0.12, 2.0),
            (4.0, 0.05, 2.0),
            (13.0, 0.08, 5.0),
            (14.0, 0.2, 5.5),
            (15.0, 0.08, 5.0),
            (28.0, 0.03, 12.0),
        ],
        (0.4, 1.2),
        0.6,
    )
}
