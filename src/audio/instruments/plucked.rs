//! Plucked strings: guitars, basses, harp, harpsichord and their relatives, as data for one model.
//!
//! The model is [`StringModel`]: a stiff string with losses that grow with frequency and a prompt and an after-sound. An instrument is
//! the place and softness of the pluck, a body (resonances as bumps on a logarithmic frequency axis) or a pickup, and losses. Bodies:
//! air and top-plate modes of guitars near 100, 200 and 400 Hz after N. Fletcher and T. Rossing, *The Physics of Musical Instruments*
//! (1998), chapter 9; the double bass after A. Brown, *Acoustical studies on the flat-backed and round-backed double bass* (2004).
//! Inharmonicity of steel and nylon strings after J. Woodhouse, *Plucked guitar transients* (2004): 1e-5 to 1e-4.

use super::synthesis::tone::ToneSpec;
use super::synthesis::{
    Biquad, Envelope, Noise, Region, StringModel, Tone, bump, by_key, every, gain, hertz, spread,
};

/// What makes one plucked instrument differ from another. Pairs are the values at the two keys of `range`.
pub struct Pluck {
    /// Name of the tones.
    pub name: &'static str,
    /// Lowest and highest key that gets a tone of its own.
    pub range: (u8, u8),
    /// Where the string is plucked, as a share of its length.
    pub contact: f64,
    /// Exponent of the fall of amplitude with the partial's number.
    pub tilt: f64,
    /// Hertz over which a finger's softness takes off 8.7 dB.
    pub softness: (f64, f64),
    /// Inharmonicity B.
    pub inharmonicity: f64,
    /// Decay (1/s) of the after-sound at frequency 0.
    pub decay: (f64, f64),
    /// Decay (1/s) to add for every kilohertz.
    pub damping: f64,
    /// How many times faster the prompt sound decays, and the share of the after-sound.
    pub prompt: (f64, f64),
    /// Level (decibels) and band (hertz) of the scrape of nail, plectrum or fret.
    pub pick: (f64, f64),
    /// Seconds before the loop.
    pub settle: (f64, f64),
    /// Seconds of the loop.
    pub cycle: (f64, f64),
    /// Seconds by which a damped string has fallen by 80 dB.
    pub release: f64,
    /// Partials above this frequency (hertz) are left out.
    pub limit: f64,
    /// Gain of the body or pickup at a frequency.
    pub body: fn(f64) -> f64,
}

/// Nylon-string guitar: plucked softly over the sound hole.
pub const NYLON: Pluck = Pluck {
    name: "Nylon",
    range: (40, 84),
    contact: 0.16,
    tilt: 0.72,
    softness: (2_100.0, 3_600.0),
    inharmonicity: 3e-5,
    decay: (0.45, 1.7),
    damping: 1.5,
    prompt: (2.2, 0.38),
    pick: (-25.0, 1_500.0),
    settle: (0.68, 0.38),
    cycle: (0.09, 0.05),
    release: 0.3,
    limit: 9_700.0,
    body: guitar_body,
};

/// Steel-string guitar: a harder pick, stiffer strings, slower losses.
pub const STEEL: Pluck = Pluck {
    name: "Steel",
    contact: 0.12,
    tilt: 0.52,
    softness: (3_200.0, 5_200.0),
    inharmonicity: 8e-5,
    decay: (0.35, 1.2),
    damping: 1.2,
    prompt: (2.6, 0.33),
    pick: (-21.0, 3_200.0),
    settle: (0.7, 0.4),
    limit: 12_000.0,
    ..NYLON
};

/// Clean electric guitar: a pickup instead of a body, longer ringing.
pub const CLEAN: Pluck = Pluck {
    name: "Clean guitar",
    contact: 0.13,
    tilt: 0.5,
    softness: (3_000.0, 5_000.0),
    inharmonicity: 6e-5,
    decay: (0.35, 1.0),
    damping: 0.75,
    prompt: (1.9, 0.45),
    pick: (-27.0, 2_500.0),
    settle: (0.55, 0.32),
    body: pickup,
    ..NYLON
};

/// Harp: fingertips in the middle of the string, a soundboard, no dampers.
pub const HARP: Pluck = Pluck {
    name: "Harp",
    range: (31, 91),
    contact: 0.3,
    tilt: 0.95,
    softness: (1_700.0, 3_600.0),
    decay: (0.6, 1.9),
    damping: 1.0,
    pick: (-32.0, 1_500.0),
    settle: (0.5, 0.28),
    release: 1.2,
    body: board,
    ..NYLON
};

/// Pizzicato strings: a wooden body, fast losses.
pub const PIZZICATO: Pluck = Pluck {
    name: "Pizzicato",
    range: (31, 86),
    contact: 0.2,
    tilt: 0.85,
    softness: (900.0, 1_900.0),
    decay: (4.0, 8.0),
    damping: 3.0,
    prompt: (1.5, 0.45),
    pick: (-24.0, 700.0),
    settle: (0.24, 0.16),
    cycle: (0.05, 0.04),
    ..NYLON
};

/// Harpsichord: quills near the end of brass strings.
pub const HARPSICHORD: Pluck = Pluck {
    name: "Harpsichord",
    range: (36, 86),
    contact: 0.09,
    tilt: 0.28,
    softness: (3_800.0, 6_000.0),
    inharmonicity: 5e-5,
    decay: (0.6, 1.8),
    damping: 0.55,
    prompt: (2.0, 0.4),
    pick: (-17.0, 3_500.0),
    settle: (0.3, 0.2),
    release: 0.2,
    limit: 12_000.0,
    body: board,
    ..NYLON
};

/// Clavinet: a string pressed on an anvil, two pickups.
pub const CLAVINET: Pluck = Pluck {
    name: "Clavinet",
    range: (36, 84),
    contact: 0.07,
    tilt: 0.35,
    softness: (2_400.0, 3_800.0),
    decay: (1.2, 2.6),
    damping: 0.8,
    prompt: (1.8, 0.45),
    pick: (-20.0, 2_000.0),
    settle: (0.26, 0.18),
    release: 0.12,
    body: pickup,
    ..NYLON
};

/// Sitar: the curved bridge feeds the high partials for long.
pub const SITAR: Pluck = Pluck {
    name: "Sitar",
    range: (43, 80),
    contact: 0.08,
    tilt: 0.15,
    softness: (3_400.0, 4_500.0),
    decay: (1.0, 2.0),
    damping: 0.2,
    prompt: (2.2, 0.45),
    settle: (0.3, 0.22),
    body: skin,
    ..NYLON
};

/// Banjo and shamisen: a skin that takes the sound away fast.
pub const BANJO: Pluck = Pluck {
    name: "Banjo",
    range: (43, 81),
    contact: 0.1,
    tilt: 0.35,
    softness: (2_800.0, 3_800.0),
    decay: (2.4, 4.5),
    damping: 1.0,
    prompt: (1.8, 0.45),
    pick: (-18.0, 3_000.0),
    settle: (0.3, 0.2),
    cycle: (0.06, 0.04),
    body: skin,
    ..NYLON
};

/// Finger bass: soft fingertips over the pickup.
pub const FINGER_BASS: Pluck = Pluck {
    name: "Finger bass",
    range: (28, 63),
    contact: 0.2,
    tilt: 0.85,
    softness: (820.0, 1_000.0),
    inharmonicity: 1.2e-4,
    decay: (0.3, 0.6),
    damping: 1.4,
    prompt: (1.7, 0.5),
    pick: (-27.0, 500.0),
    settle: (0.52, 0.36),
    cycle: (0.1, 0.06),
    release: 0.16,
    limit: 7_000.0,
    body: bass_pickup,
};

/// Picked bass: harder, nearer to the bridge.
pub const PICKED_BASS: Pluck = Pluck {
    name: "Picked bass",
    contact: 0.12,
    tilt: 0.6,
    softness: (1_500.0, 1_700.0),
    damping: 1.1,
    pick: (-20.0, 2_200.0),
    ..FINGER_BASS
};

/// Slap bass: the string hits the frets.
pub const SLAP_BASS: Pluck = Pluck {
    name: "Slap bass",
    contact: 0.07,
    tilt: 0.35,
    softness: (1_900.0, 2_100.0),
    damping: 1.5,
    pick: (-11.0, 2_600.0),
    settle: (0.5, 0.35),
    limit: 9_000.0,
    ..FINGER_BASS
};

/// Upright bass: plucked gut on a large body, with fast losses.
pub const UPRIGHT_BASS: Pluck = Pluck {
    name: "Upright bass",
    contact: 0.24,
    tilt: 0.9,
    softness: (700.0, 900.0),
    decay: (0.9, 1.8),
    damping: 2.6,
    prompt: (2.2, 0.45),
    pick: (-23.0, 350.0),
    body: upright_body,
    ..FINGER_BASS
};

/// Air resonance, top plate and its higher modes of a guitar.
fn guitar_body(frequency: f64) -> f64 {
    0.55 * frequency / (frequency + 90.0)
        + 0.6 * bump(frequency, 102.0, 0.22)
        + 0.7 * bump(frequency, 205.0, 0.28)
        + 0.45 * bump(frequency, 420.0, 0.3)
        + 0.35 * bump(frequency, 1_300.0, 0.5)
        + 0.4 * bump(frequency, 2_800.0, 0.6)
}

/// Air and wood modes of a double bass.
fn upright_body(frequency: f64) -> f64 {
    0.5 + 0.5 * bump(frequency, 62.0, 0.3)
        + 0.6 * bump(frequency, 105.0, 0.4)
        + 0.4 * bump(frequency, 230.0, 0.4)
        + 0.25 * bump(frequency, 900.0, 0.7)
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

/// Magnetic pickup near the bridge, and a loudspeaker.
fn pickup(frequency: f64) -> f64 {
    let speaker = 1.0 / (1.0 + (frequency / 4_800.0).powi(4));
    (0.65 + 0.75 * bump(frequency, 2_700.0, 0.75)) * speaker * frequency / (frequency + 90.0)
}

/// A bass guitar's pickup and its larger loudspeaker.
fn bass_pickup(frequency: f64) -> f64 {
    (0.75 + 0.45 * bump(frequency, 750.0, 0.9)) * frequency
        / (frequency + 30.0)
        / (1.0 + (frequency / 3_800.0).powi(3))
}

impl Pluck {
    /// The value of a pair at a key.
    fn at(&self, ends: (f64, f64), root: u8) -> f64 {
        let (low, high) = (f64::from(self.range.0), f64::from(self.range.1));
        by_key(&[(low, ends.0), (high, ends.1)], f64::from(root))
    }

    /// The string on a key before it sounds: its partials, the envelope that carries it on, and the noise of its pick.
    pub fn string(&self, root: u8) -> (ToneSpec, Envelope, Noise) {
        let mut noise = Noise::new(u64::from(root) * 211 + self.name.len() as u64);
        let mut spec = ToneSpec::new(self.name, root);
        let model = StringModel {
            fundamental: hertz(f64::from(root)),
            inharmonicity: self.inharmonicity,
            contact: self.contact,
            tilt: self.tilt,
            softness: self.at(self.softness, root),
            body: &self.body,
            decay: self.at(self.decay, root),
            damping: self.damping,
            prompt: self.prompt.0,
            after: self.prompt.1,
            limit: self.limit,
        };
        spec.envelope_rate = model.envelope_rate();
        spec.partials = model.partials(&mut noise);
        spec.settle = self.at(self.settle, root);
        spec.cycle = self.at(self.cycle, root);
        spec.fade_in = 0.0008;
        spec.fit_rate();
        let envelope = Envelope::struck(model.envelope_rate(), self.release);
        (spec, envelope, noise)
    }

    fn tone(&self, root: u8) -> (Tone, Envelope) {
        let (spec, envelope, mut noise) = self.string(root);
        let rate = spec.rate;
        let tone = spec.render_with(|points, _| add_pick(points, rate, &mut noise, self.pick));
        (tone, envelope)
    }

    /// The instrument over the whole keyboard.
    pub fn regions(&self) -> Vec<Region> {
        by_velocity(spread(&every(self.range.0, self.range.1), |root| {
            self.tone(root)
        }))
    }
}

/// The scrape of a nail or plectrum: a few milliseconds of noise, at a level against the tone's peak (decibels) in a band (hertz).
fn add_pick(points: &mut [f64], rate: u32, noise: &mut Noise, (level, band): (f64, f64)) {
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

/// Three steps of brightness: a low-pass that follows the key and closes as the note rings, further open for hard strokes.
pub fn by_velocity(regions: Vec<Region>) -> Vec<Region> {
    let mut steps = Vec::new();
    for region in regions {
        let frequency = hertz(f64::from(region.tone.root));
        for (velocities, cutoff) in [
            (0..=49, 600.0 + 3.0 * frequency),
            (50..=84, 1_900.0 + 8.0 * frequency),
            (85..=127, 6_500.0 + 10.0 * frequency),
        ] {
            let cutoff = (cutoff < 12_000.0).then_some(cutoff);
            steps.push(Region {
                velocities,
                cutoff,
                closing: cutoff.map(|_| (1.2, 3.0)),
                ..region.clone()
            });
        }
    }
    steps
}
