//! Grand piano: stiff strings after published physics, struck by a felt hammer, on a soundboard.
//!
//! Inharmonicity by key after F. Rigaud, B. David and L. Daudet (2011); two-stage decay and beats after G. Weinreich (1977); hammers
//! that grow harder with the force of the stroke after A. Chaigne and A. Askenfelt (1994), as two layers of tones (soft,
//! hard), each opened by a low-pass for the velocities between. The knock of hammer and key is filtered noise.

use super::synthesis::region::key_ranges;
use super::synthesis::tone::ToneSpec;
use super::synthesis::{Biquad, Envelope, Noise, Region, StringModel, Tone, by_key, gain, hertz};

/// Roots of the tones: at most six semitones apart.
pub const ROOTS: [u8; 17] = [
    24, 30, 36, 41, 46, 51, 56, 61, 66, 71, 76, 81, 86, 91, 96, 102, 108,
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

/// One tone; `force` from 0 (soft) to 1 (hard).
fn tone(root: u8, force: f64) -> (Tone, Envelope) {
    let key = f64::from(root);
    let layer = if force > 0.5 {
        "Piano hard"
    } else {
        "Piano soft"
    };
    let mut spec = ToneSpec::new(layer, root);
    let mut noise = Noise::new(u64::from(root) * 101);
    // A felt gets harder as it is pressed: hard strokes reach higher partials.
    let softness = by_key(
        &[
            (21.0, 1_000.0),
            (36.0, 1_350.0),
            (48.0, 1_850.0),
            (60.0, 2_400.0),
            (72.0, 3_000.0),
            (84.0, 4_000.0),
            (108.0, 7_000.0),
        ],
        key,
    ) * (0.42 + 0.58 * force);
    let decay = by_key(
        &[
            (21.0, 0.22),
            (40.0, 0.32),
            (60.0, 0.5),
            (72.0, 0.85),
            (84.0, 1.7),
            (96.0, 3.6),
            (108.0, 8.0),
        ],
        key,
    );
    let model = StringModel {
        fundamental: hertz(key),
        inharmonicity: inharmonicity(key),
        contact: by_key(&[(21.0, 0.122), (70.0, 0.115), (108.0, 0.07)], key),
        tilt: 0.85,
        softness,
        body: &soundboard,
        decay,
        damping: 0.55,
        prompt: by_key(&[(21.0, 1.9), (60.0, 2.3), (84.0, 2.3), (108.0, 1.6)], key),
        after: 0.35,
        limit: if force > 0.5 && root > 64 {
            13_000.0
        } else {
            9_700.0
        },
    };
    spec.envelope_rate = model.envelope_rate();
    spec.partials = model.partials(&mut noise);
    spec.settle = by_key(
        &[(21.0, 0.95), (60.0, 0.8), (84.0, 0.55), (108.0, 0.25)],
        key,
    ) * (0.68 + 0.32 * force);
    spec.fit_rate();
    spec.cycle = by_key(
        &[(21.0, 0.4), (60.0, 0.22), (84.0, 0.15), (108.0, 0.06)],
        key,
    );
    spec.fade_in =
        by_key(&[(21.0, 0.0035), (60.0, 0.0022), (108.0, 0.0008)], key) * (1.6 - 0.6 * force);
    let rate = spec.rate;
    let tone = spec.render_with(|points, _| {
        let strongest = points
            .iter()
            .fold(0.0_f64, |peak, point| peak.max(point.abs()));
        let level = strongest
            * gain(by_key(
                &[(21.0, -21.0), (60.0, -23.0), (84.0, -17.0), (108.0, -11.0)],
                key,
            ))
            * (0.5 + 0.5 * force);
        let length = (0.09 * f64::from(rate)) as usize;
        let mut knock: Vec<f64> = noise
            .take(length)
            .iter()
            .enumerate()
            .map(|(index, value)| value * (-(index as f64) / f64::from(rate) / 0.016).exp())
            .collect();
        Biquad::band_pass(
            rate,
            by_key(&[(21.0, 180.0), (60.0, 330.0), (108.0, 800.0)], key),
            0.7,
        )
        .run(&mut knock);
        Biquad::low_pass(rate, 1_800.0 + 1_500.0 * force, 0.7).run(&mut knock);
        let peak = knock
            .iter()
            .fold(1e-9_f64, |peak, value| peak.max(value.abs()));
        for (index, (point, value)) in points.iter_mut().zip(&knock).enumerate() {
            let close = 1.0 - index as f64 / length as f64;
            *point += value / peak * level * close * (index as f64 / 24.0).min(1.0);
        }
    });
    // The highest strings have no dampers.
    let release = by_key(
        &[(21.0, 0.55), (60.0, 0.38), (86.0, 0.35), (91.0, 1.2)],
        key,
    );
    (tone, Envelope::struck(model.envelope_rate(), release))
}

/// The piano: two layers, five steps of brightness.
pub fn grand() -> Vec<Region> {
    let mut regions = Vec::new();
    for (root, keys) in ROOTS.into_iter().zip(key_ranges(&ROOTS)) {
        let pan = by_key(&[(24.0, -14.0), (108.0, 14.0)], f64::from(root));
        let frequency = hertz(f64::from(root));
        let level = by_key(&[(72.0, 0.0), (108.0, -3.0)], f64::from(root));
        for (force, steps) in [
            (0.0, [(0..=35, 4.0), (36..=64, 10.0)].as_slice()),
            (
                1.0,
                [(65..=84, 5.5), (85..=104, 12.0), (105..=127, 30.0)].as_slice(),
            ),
        ] {
            let (tone, envelope) = tone(root, force);
            let region = Region::new(tone, keys.clone(), envelope);
            for (velocities, harmonics) in steps {
                // A string's high partials die first: the filter closes as the note rings.
                let cutoff = Some((700.0 + frequency * harmonics).min(11_000.0));
                let closing = (root < 90).then_some((1.6, 4.0));
                regions.push(Region {
                    velocities: velocities.clone(),
                    cutoff,
                    closing,
                    pan,
                    level,
                    ..region.clone()
                });
            }
        }
    }
    regions
}
