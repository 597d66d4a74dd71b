//! Plucked strings: guitars, harp, harpsichord and their relatives.
//!
//! Every one is the same string model (see `synthesis::strings`) with another place and softness of the pluck, another body
//! (resonances as bumps on a logarithmic frequency axis) or pickup, and other losses. The overdriven guitar sends its string, at four
//! times the rate, through a soft clipper and a loudspeaker; what the clipper makes of a sound that repeats also repeats.

use super::synthesis::tone::ToneSpec;
use super::synthesis::{
    Biquad, Envelope, Noise, RATE, Region, StringModel, Tone, bump, by_key, gain, hertz, spread,
};

/// What makes one plucked instrument differ from another.
struct Pluck {
    name: &'static str,
    contact: f64,
    tilt: f64,
    softness: [f64; 2],
    inharmonicity: f64,
    decay: [f64; 2],
    damping: f64,
    prompt: f64,
    after: f64,
    pick: f64,
    pick_band: f64,
    settle: f64,
    cycle: f64,
    release: f64,
    limit: f64,
    body: fn(f64) -> f64,
}

/// A nylon-string guitar; the others say how they differ.
const NYLON: Pluck = Pluck {
    name: "Nylon",
    contact: 0.17,
    tilt: 0.9,
    softness: [1_900.0, 3_400.0],
    inharmonicity: 3e-5,
    decay: [0.75, 2.2],
    damping: 1.15,
    prompt: 2.2,
    after: 0.45,
    pick: -24.0,
    pick_band: 1_500.0,
    settle: 0.5,
    cycle: 0.09,
    release: 0.3,
    limit: 9_700.0,
    body: guitar_body,
};

/// Air resonance, top plate and its higher modes of a guitar.
fn guitar_body(frequency: f64) -> f64 {
    0.55 * frequency / (frequency + 60.0)
        + 0.7 * bump(frequency, 102.0, 0.22)
        + 0.75 * bump(frequency, 205.0, 0.28)
        + 0.4 * bump(frequency, 400.0, 0.3)
        + 0.25 * bump(frequency, 2_600.0, 0.6)
}

/// A large soundboard without strong resonances.
fn board(frequency: f64) -> f64 {
    frequency / (frequency + 90.0) * gain((frequency / 140.0).sin() * 1.5)
}

/// A skin over a frame: little bass, a hill in the middle.
fn skin(frequency: f64) -> f64 {
    0.35 * frequency / (frequency + 250.0)
        + 0.8 * bump(frequency, 850.0, 0.7)
        + 0.35 * bump(frequency, 3_000.0, 0.5)
}

/// Magnetic pickup a quarter of the string from the bridge at most, and a loudspeaker.
fn pickup(frequency: f64) -> f64 {
    let speaker = 1.0 / (1.0 + (frequency / 4_800.0).powi(4));
    (0.7 + 0.6 * bump(frequency, 2_600.0, 0.7)) * speaker * frequency / (frequency + 50.0)
}

fn flat(_: f64) -> f64 {
    1.0
}

impl Pluck {
    fn spec(&self, root: u8) -> (ToneSpec, Envelope, Noise) {
        let key = f64::from(root);
        let share = |ends: [f64; 2]| by_key(&[(40.0, ends[0]), (84.0, ends[1])], key);
        let mut noise = Noise::new(u64::from(root) * 211 + self.name.len() as u64);
        let mut spec = ToneSpec::new(self.name, root);
        let model = StringModel {
            fundamental: hertz(key),
            inharmonicity: self.inharmonicity,
            contact: self.contact,
            tilt: self.tilt,
            softness: share(self.softness),
            body: &self.body,
            decay: share(self.decay),
            damping: self.damping,
            prompt: self.prompt,
            after: self.after,
            limit: if root < 57 {
                self.limit.min(9_700.0)
            } else {
                self.limit
            },
        };
        spec.envelope_rate = model.envelope_rate();
        spec.partials = model.partials(&mut noise);
        spec.settle = by_key(&[(40.0, self.settle), (88.0, 0.6 * self.settle)], key);
        spec.cycle = by_key(&[(40.0, self.cycle), (88.0, 0.6 * self.cycle)], key);
        spec.fade_in = 0.0008;
        spec.fit_rate();
        (
            spec,
            Envelope::struck(model.envelope_rate(), self.release),
            noise,
        )
    }

    fn tone(&self, root: u8) -> (Tone, Envelope) {
        let (spec, envelope, mut noise) = self.spec(root);
        let rate = spec.rate;
        let tone = spec
            .render_with(|points, _| add_pick(points, rate, &mut noise, self.pick, self.pick_band));
        (tone, envelope)
    }

    fn regions(&self, roots: &[u8]) -> Vec<Region> {
        by_velocity(spread(roots, |root| self.tone(root)))
    }
}

/// The scrape of a nail or plectrum: a few milliseconds of noise in a band, at a level against the tone's peak.
pub fn add_pick(points: &mut [f64], rate: u32, noise: &mut Noise, level: f64, band: f64) {
    let peak = points
        .iter()
        .fold(0.0_f64, |peak, point| peak.max(point.abs()));
    let length = (0.03 * f64::from(rate)) as usize;
    let mut scrape: Vec<f64> = noise
        .take(length)
        .iter()
        .enumerate()
        .map(|(i, value)| value * (-(i as f64) / 0.004 / f64::from(rate)).exp())
        .collect();
    Biquad::band_pass(rate, band, 0.8).run(&mut scrape);
    let top = scrape
        .iter()
        .fold(1e-9_f64, |top, value| top.max(value.abs()));
    for (index, (point, value)) in points.iter_mut().zip(&scrape).enumerate() {
        *point += peak * gain(level) * value / top
            * (1.0 - index as f64 / length as f64)
            * (index as f64 / 12.0).min(1.0);
    }
}

/// Three steps of brightness: soft notes through a low-pass that follows the key.
pub fn by_velocity(regions: Vec<Region>) -> Vec<Region> {
    let mut steps = Vec::new();
    for region in regions {
        let frequency = hertz(f64::from(region.tone.root));
        for (velocities, cutoff) in [
            (0..=49, 400.0 + 2.2 * frequency),
            (50..=84, 1_000.0 + 6.0 * frequency),
            (85..=127, 20_000.0),
        ] {
            let cutoff = (cutoff < 12_000.0).then_some(cutoff);
            steps.push(Region {
                velocities,
                cutoff,
                ..region.clone()
            });
        }
    }
    steps
}

const GUITAR_ROOTS: [u8; 9] = [40, 45, 50, 55, 60, 66, 72, 78, 84];
const WIDE_ROOTS: [u8; 6] = [35, 45, 54, 63, 73, 86];
const FEW_ROOTS: [u8; 5] = [43, 52, 61, 70, 80];

/// Nylon-string guitar: plucked softly over the sound hole.
pub fn nylon() -> Vec<Region> {
    NYLON.regions(&GUITAR_ROOTS)
}

/// Steel-string guitar: a harder pick, stiffer strings, slower losses.
pub fn steel() -> Vec<Region> {
    Pluck {
        name: "Steel",
        contact: 0.13,
        tilt: 0.65,
        softness: [3_800.0, 6_000.0],
        inharmonicity: 8e-5,
        decay: [0.5, 1.5],
        damping: 0.62,
        prompt: 2.6,
        after: 0.4,
        pick: -21.0,
        pick_band: 3_200.0,
        limit: 13_500.0,
        ..NYLON
    }
    .regions(&GUITAR_ROOTS)
}

const CLEAN: Pluck = Pluck {
    name: "Clean guitar",
    contact: 0.14,
    tilt: 0.5,
    softness: [2_800.0, 4_600.0],
    inharmonicity: 6e-5,
    decay: [0.35, 1.0],
    damping: 0.7,
    prompt: 1.9,
    after: 0.5,
    pick: -27.0,
    pick_band: 2_500.0,
    body: pickup,
    ..NYLON
};

/// Clean electric guitar: a pickup instead of a body, longer ringing.
pub fn clean() -> Vec<Region> {
    CLEAN.regions(&GUITAR_ROOTS)
}

/// Overdriven guitar; `drive` in decibels before the clipper.
pub fn overdriven(drive: f64, name: &'static str) -> Vec<Region> {
    spread(&[40, 46, 52, 58, 64, 71, 80], |root| {
        let over = 4;
        let pluck = Pluck {
            name,
            inharmonicity: 0.0,
            tilt: 0.5,
            settle: 0.3,
            cycle: 0.1,
            body: flat,
            ..CLEAN
        };
        let (mut spec, envelope, _) = pluck.spec(root);
        // At four times the rate, what the clipper adds above hearing is filtered off before it can fold back.
        spec.rate = RATE * over;
        // The loop must be whole at the low rate too.
        let period = f64::from(RATE) / spec.fundamental();
        let count = (4..60).min_by(|x, y| {
            let off = |n: i32| {
                (f64::from(n) * period - (f64::from(n) * period).round()).abs() / f64::from(n)
                    + if (f64::from(n) * period) < 1_600.0 || f64::from(n) * period > 4_800.0 {
                        1.0
                    } else {
                        0.0
                    }
            };
            off(*x).total_cmp(&off(*y))
        });
        let cycle = f64::from(count.unwrap_or(8)) * period;
        spec.cycle = cycle.round() / f64::from(RATE);
        let start = (spec.settle * f64::from(RATE)) as usize;
        let whole = clipped(&spec, cycle.round() as usize, start, drive);
        let tone = Tone {
            name: spec.name.clone(),
            rate: RATE,
            points: whole,
            cycle: Some((start, start + cycle.round() as usize)),
            root,
        };
        // The clipper evens the level: a slower decay than the string's.
        (
            tone,
            Envelope {
                decay_rate: 0.35 * envelope.decay_rate,
                release: 0.2,
                ..envelope
            },
        )
    })
}

/// The string of `spec` (at four times the rate) clipped, filtered, and brought down to [`RATE`].
fn clipped(spec: &ToneSpec, cycle: usize, start: usize, drive: f64) -> Vec<f64> {
    let over = (spec.rate / RATE) as usize;
    let length = start + cycle + super::synthesis::tone::GUARD;
    let exact = ToneSpec {
        envelope_rate: 0.0,
        ..spec.clone()
    };
    let mut string = exact.points(start * over, cycle * over, (length + 64) * over);
    // The first stage takes off bass, or the clipper would make mud of chords.
    Biquad::high_pass(spec.rate, 420.0, 0.6).run(&mut string);
    let peak = string
        .iter()
        .fold(1e-9_f64, |peak, point| peak.max(point.abs()));
    let mut out: Vec<f64> = string
        .iter()
        .map(|point| (point / peak * gain(drive) + 0.2).tanh())
        .collect();
    for _ in 0..3 {
        Biquad::low_pass(spec.rate, 9_500.0, 0.75).run(&mut out);
    }
    let mut points: Vec<f64> = out.into_iter().step_by(over).take(length).collect();
    // A twelve-inch loudspeaker: nothing below 80 Hz, a hill at 2.5 kHz, little above 5 kHz.
    Biquad::high_pass(RATE, 85.0, 0.8).run(&mut points);
    Biquad::low_pass(RATE, 5_000.0, 1.1).run(&mut points);
    Biquad::low_pass(RATE, 7_500.0, 0.7).run(&mut points);
    points
}

/// Orchestral harp: fingertips in the middle of long strings.
pub fn harp() -> Vec<Region> {
    Pluck {
        name: "Harp",
        settle: 0.5,
        contact: 0.3,
        tilt: 1.05,
        softness: [1_500.0, 3_400.0],
        decay: [0.8, 1.9],
        damping: 0.9,
        pick: -32.0,
        release: 1.2,
        body: board,
        ..NYLON
    }
    .regions(&WIDE_ROOTS)
}

/// Pizzicato strings: a wooden body, fast losses.
pub fn pizzicato() -> Vec<Region> {
    Pluck {
        name: "Pizzicato",
        contact: 0.2,
        tilt: 0.9,
        softness: [900.0, 1_800.0],
        decay: [4.5, 9.0],
        damping: 3.0,
        prompt: 1.5,
        pick: -24.0,
        pick_band: 700.0,
        settle: 0.22,
        cycle: 0.04,
        body: guitar_body,
        ..NYLON
    }
    .regions(&WIDE_ROOTS)
}

/// Harpsichord: quills near the end of brass strings.
pub fn harpsichord() -> Vec<Region> {
    Pluck {
        name: "Harpsichord",
        limit: 12_000.0,
        contact: 0.09,
        tilt: 0.28,
        softness: [3_800.0, 6_000.0],
        inharmonicity: 5e-5,
        decay: [0.7, 1.8],
        damping: 0.45,
        prompt: 2.0,
        pick: -17.0,
        pick_band: 3_500.0,
        settle: 0.4,
        release: 0.2,
        body: board,
        ..NYLON
    }
    .regions(&WIDE_ROOTS)
}

/// Clavinet: a string pressed on an anvil, two pickups.
pub fn clavinet() -> Vec<Region> {
    Pluck {
        name: "Clavinet",
        contact: 0.07,
        tilt: 0.35,
        softness: [2_400.0, 3_800.0],
        decay: [1.2, 2.6],
        damping: 0.7,
        prompt: 1.8,
        pick: -20.0,
        pick_band: 2_000.0,
        settle: 0.35,
        release: 0.12,
        body: pickup,
        ..NYLON
    }
    .regions(&FEW_ROOTS)
}

/// Sitar: the curved bridge feeds the high partials for long.
pub fn sitar() -> Vec<Region> {
    Pluck {
        name: "Sitar",
        contact: 0.08,
        tilt: 0.15,
        softness: [3_400.0, 4_500.0],
        decay: [1.0, 2.0],
        damping: 0.12,
        prompt: 2.2,
        settle: 0.45,
        body: skin,
        ..NYLON
    }
    .regions(&FEW_ROOTS)
}

/// Banjo and shamisen: a skin that takes the sound away fast.
pub fn banjo() -> Vec<Region> {
    Pluck {
        name: "Banjo",
        contact: 0.1,
        tilt: 0.35,
        softness: [2_800.0, 3_800.0],
        decay: [2.4, 4.5],
        damping: 0.9,
        prompt: 1.8,
        pick: -18.0,
        pick_band: 3_000.0,
        settle: 0.3,
        cycle: 0.06,
        body: skin,
        ..NYLON
    }
    .regions(&FEW_ROOTS)
}
