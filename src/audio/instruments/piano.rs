//! Grand piano: stiff strings after published measurements, struck by a felt hammer, on a soundboard.
//!
//! - Inharmonicity by key: `B = exp(-0.0847 k - 5.82) + exp(0.0926 k - 13.64)` for MIDI key k, the bass and treble bridges as F. Rigaud,
//!   B. David and L. Daudet measured them on real pianos (*A parametric model of piano tuning*, Digital Audio Effects 2011). The
//!   tuning itself stays equal-tempered, so that other instruments agree with it.
//! - Each partial is a prompt sound and a weaker, longer after-sound of strings coupled at the bridge, slightly apart, so that they beat
//!   (G. Weinreich, *Coupled piano strings*, 1977).
//! - Hammers grow harder with the force of the stroke (A. Chaigne and A. Askenfelt, *Numerical simulations of piano strings*, 1994): three
//!   layers of tones, each opened by a low-pass for the velocities between.
//! - High partials lose more: decays rise with frequency, and a low-pass closes after the loop has begun.
//! - The knock of key and hammer on the soundboard is filtered noise under the tone; hard strokes add the click of the felt.

use super::synthesis::region::key_ranges;
use super::synthesis::tone::ToneSpec;
use super::synthesis::{
    Biquad, Envelope, Noise, Region, StringModel, Tone, by_key, every, gain, hertz,
};

/// One layer: how hard the hammer is (0 to 1), and its velocities with the cutoff of each, in harmonics of the key.
struct Layer {
    name: &'static str,
    force: f64,
    steps: &'static [(u8, u8, f64)],
}

const LAYERS: [Layer; 3] = [
    Layer {
        name: "Piano soft",
        force: 0.0,
        steps: &[(0, 25, 5.0), (26, 47, 14.0)],
    },
    Layer {
        name: "Piano medium",
        force: 0.5,
        steps: &[(48, 66, 9.0), (67, 87, 22.0)],
    },
    Layer {
        name: "Piano hard",
        force: 1.0,
        steps: &[(88, 107, 20.0), (108, 127, 45.0)],
    },
];

/// Inharmonicity of the string of a key: bass bridge and treble bridge.
fn inharmonicity(key: f64) -> f64 {
    (-0.0847 * key - 5.82).exp() + (0.0926 * key - 13.64).exp()
}

/// Radiation of the soundboard: little below its first mode, a broad hill, and small unevenness that stays with the frequency.
fn soundboard(frequency: f64) -> f64 {
    let low = frequency * frequency / (frequency * frequency + 75.0 * 75.0);
    let uneven = (frequency / 83.0).sin() * 1.2 + (frequency / 217.0 + 1.0).sin() * 1.5;
    low * gain(uneven)
}

/// The string of a key, struck with a force from 0 (soft) to 1 (hard).
fn string(key: f64, force: f64) -> StringModel<'static> {
    let softness = by_key(
        &[
            (21.0, 1_300.0),
            (36.0, 2_000.0),
            (48.0, 2_100.0),
            (60.0, 2_150.0),
            (72.0, 2_800.0),
            (84.0, 3_600.0),
            (108.0, 6_000.0),
        ],
        key,
    );
    let decay = by_key(
        &[
            (21.0, 0.2),
            (40.0, 0.3),
            (60.0, 0.48),
            (72.0, 0.75),
            (84.0, 1.25),
            (96.0, 2.6),
            (108.0, 6.0),
        ],
        key,
    );
    StringModel {
        fundamental: hertz(key),
        inharmonicity: inharmonicity(key),
        contact: by_key(&[(21.0, 0.122), (70.0, 0.115), (108.0, 0.07)], key),
        tilt: by_key(
            &[(21.0, 0.3), (36.0, 0.42), (60.0, 0.72), (108.0, 0.9)],
            key,
        ),
        // A felt gets harder as it is pressed: hard strokes reach higher partials.
        softness: softness * (0.34 + 0.8 * force),
        body: &soundboard,
        decay,
        damping: 0.65,
        prompt: by_key(&[(21.0, 2.2), (60.0, 2.4), (84.0, 3.0), (108.0, 1.6)], key),
        after: 0.26,
        limit: 10_500.0,
    }
}

/// One tone of a layer.
fn tone(layer: &Layer, root: u8) -> (Tone, Envelope) {
    let (key, force) = (f64::from(root), layer.force);
    let mut spec = ToneSpec::new(layer.name, root);
    let mut noise = Noise::new(u64::from(root) * 101);
    let model = string(key, force);
    spec.envelope_rate = model.envelope_rate();
    spec.partials = model.partials(&mut noise);
    spec.settle = by_key(
        &[(21.0, 1.15), (60.0, 1.0), (84.0, 0.6), (108.0, 0.25)],
        key,
    ) * (0.8 + 0.2 * force);
    spec.cycle = by_key(
        &[(21.0, 0.4), (60.0, 0.22), (84.0, 0.15), (108.0, 0.06)],
        key,
    );
    spec.fade_in =
        by_key(&[(21.0, 0.003), (60.0, 0.0018), (108.0, 0.0007)], key) * (1.7 - 0.7 * force);
    spec.fit_rate();
    let rate = spec.rate;
    let tone = spec.render_with(|points, _| {
        let peak = points
            .iter()
            .fold(0.0_f64, |peak, point| peak.max(point.abs()));
        let knock = by_key(
            &[(21.0, -20.0), (60.0, -21.0), (84.0, -15.0), (108.0, -9.0)],
            key,
        );
        let centre = by_key(&[(21.0, 150.0), (60.0, 260.0), (108.0, 700.0)], key);
        strike(
            points,
            rate,
            &mut noise,
            (centre, 0.7),
            0.022,
            peak * gain(knock - 6.0 * (1.0 - force)),
        );
        strike(
            points,
            rate,
            &mut noise,
            (2_600.0, 0.9),
            0.004,
            peak * gain(-22.0 - 16.0 * (1.0 - force)),
        );
    });
    // The highest strings have no dampers.
    let release = by_key(&[(21.0, 0.6), (60.0, 0.4), (86.0, 0.35), (91.0, 1.2)], key);
    (tone, Envelope::struck(model.envelope_rate(), release))
}

/// Adds a burst of noise in a band (hertz, Q) that decays with a time constant (s) from a peak of `level`.
fn strike(
    points: &mut [f64],
    rate: u32,
    noise: &mut Noise,
    (centre, q): (f64, f64),
    decay: f64,
    level: f64,
) {
    let length = (6.0 * decay * f64::from(rate)) as usize;
    let mut burst: Vec<f64> = noise
        .take(length)
        .iter()
        .enumerate()
        .map(|(index, value)| value * (-(index as f64) / f64::from(rate) / decay).exp())
        .collect();
    Biquad::band_pass(rate, centre, q).run(&mut burst);
    let peak = burst
        .iter()
        .fold(1e-9_f64, |peak, value| peak.max(value.abs()));
    for (index, (point, value)) in points.iter_mut().zip(&burst).enumerate() {
        let close = 1.0 - index as f64 / length as f64;
        *point += value / peak * level * close * (index as f64 / 24.0).min(1.0);
    }
}

/// The piano: three layers, six steps of brightness, the bass to the left as the player hears it.
pub fn grand() -> Vec<Region> {
    let roots = every(23, 108);
    let mut regions = Vec::new();
    for (root, keys) in roots.iter().zip(key_ranges(&roots)) {
        let pan = by_key(&[(24.0, -16.0), (108.0, 16.0)], f64::from(*root));
        let frequency = hertz(f64::from(*root));
        let level = by_key(&[(72.0, 0.0), (108.0, -4.0)], f64::from(*root));
        for layer in &LAYERS {
            let (tone, envelope) = tone(layer, *root);
            let region = Region::new(tone, keys.clone(), envelope);
            for (softest, hardest, harmonics) in layer.steps {
                regions.push(Region {
                    velocities: *softest..=*hardest,
                    cutoff: Some((900.0 + frequency * harmonics).min(12_000.0)),
                    // A string's high partials die first: the filter closes as the note rings.
                    closing: (*root < 90).then_some((1.6, 4.0)),
                    pan,
                    level,
                    ..region.clone()
                });
            }
        }
    }
    regions
}
