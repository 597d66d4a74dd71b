//! Basses: the string model with heavy strings and a pickup; a gut string on a large body; and a synthesizer's sawtooth.

use super::plucked::{add_pick, by_velocity};
use super::synthesis::tone::ToneSpec;
use super::synthesis::{Envelope, Noise, Region, Steady, StringModel, bump, by_key, hertz, spread};

const ROOTS: [u8; 7] = [28, 33, 38, 43, 48, 54, 62];
const FEW_ROOTS: [u8; 5] = [29, 36, 43, 50, 60];

struct Bass {
    name: &'static str,
    contact: f64,
    tilt: f64,
    softness: f64,
    decay: f64,
    damping: f64,
    pick: (f64, f64),
    body: fn(f64) -> f64,
}

fn pickup(frequency: f64) -> f64 {
    (0.75 + 0.45 * bump(frequency, 750.0, 0.9)) * frequency
        / (frequency + 30.0)
        / (1.0 + (frequency / 3_800.0).powi(3))
}

fn upright(frequency: f64) -> f64 {
    0.5 + 0.6 * bump(frequency, 98.0, 0.4) + 0.4 * bump(frequency, 230.0, 0.4)
}

impl Bass {
    fn regions(&self, roots: &[u8]) -> Vec<Region> {
        by_velocity(spread(roots, |root| {
            let key = f64::from(root);
            let mut noise = Noise::new(u64::from(root) * 307 + self.name.len() as u64);
            let mut spec = ToneSpec::new(self.name, root);
            let model = StringModel {
                fundamental: hertz(key),
                inharmonicity: 1.2e-4,
                contact: self.contact,
                tilt: self.tilt,
                softness: self.softness,
                body: &self.body,
                decay: self.decay * by_key(&[(28.0, 0.9), (62.0, 1.8)], key),
                damping: self.damping,
                prompt: 1.7,
                after: 0.55,
                limit: 9_000.0,
            };
            spec.envelope_rate = model.envelope_rate();
            spec.partials = model.partials(&mut noise);
            spec.settle = by_key(&[(28.0, 0.45), (62.0, 0.32)], key);
            spec.cycle = by_key(&[(28.0, 0.1), (62.0, 0.06)], key);
            spec.fade_in = 0.0015;
            spec.fit_rate();
            let rate = spec.rate;
            let tone = spec.render_with(|points, _| {
                add_pick(points, rate, &mut noise, self.pick.0, self.pick.1);
            });
            (tone, Envelope::struck(model.envelope_rate(), 0.16))
        }))
    }
}

const FINGER: Bass = Bass {
    name: "Finger bass",
    contact: 0.2,
    tilt: 0.85,
    softness: 800.0,
    decay: 0.3,
    damping: 1.3,
    pick: (-27.0, 500.0),
    body: pickup,
};

/// Finger bass: soft fingertips over the pickup.
pub fn finger() -> Vec<Region> {
    FINGER.regions(&ROOTS)
}

/// Picked bass: harder, nearer to the bridge.
pub fn picked() -> Vec<Region> {
    Bass {
        name: "Picked bass",
        contact: 0.12,
        tilt: 0.6,
        softness: 1_700.0,
        damping: 0.9,
        pick: (-20.0, 2_200.0),
        ..FINGER
    }
    .regions(&FEW_ROOTS)
}

/// Slap bass: the string hits the frets.
pub fn slap() -> Vec<Region> {
    Bass {
        name: "Slap bass",
        contact: 0.07,
        tilt: 0.35,
        softness: 1_900.0,
        damping: 1.4,
        pick: (-11.0, 2_600.0),
        ..FINGER
    }
    .regions(&FEW_ROOTS)
}

/// Upright bass: plucked gut on a large body, with fast losses.
pub fn acoustic() -> Vec<Region> {
    Bass {
        name: "Upright bass",
        contact: 0.24,
        tilt: 0.95,
        softness: 700.0,
        decay: 1.3,
        damping: 2.6,
        pick: (-25.0, 350.0),
        body: upright,
    }
    .regions(&ROOTS)
}

/// Synthesizer bass: two sawtooth waves an unequal bit apart.
pub fn synth() -> Vec<Region> {
    spread(&[26, 36, 46, 58], |root| {
        let tone = Steady {
            name: "Synth bass",
            root,
            spectrum: &|k, f| 1.0 / k / (1.0 + (f / 3_500.0).powi(2)),
            settle: 0.02,
            cycle: 0.12,
            ..Steady::default()
        }
        .tone();
        (tone, Envelope::struck(0.5, 0.12))
    })
}
