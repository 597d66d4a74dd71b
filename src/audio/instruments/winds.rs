//! Brass, reeds and flutes, as data for one model: harmonics of which the high ones come later, and breath.
//!
//! Brass spectra are even up to a corner that rises with force and fall by 18 dB an octave above it, and their high harmonics come
//! later (J.-C. Risset, *Computer Study of Trumpet Tones*, 1966). Reeds and flutes follow the formants and the missing even harmonics
//! of J. Meyer, *Acoustics and the Performance of Music* (2009). Vibrato and the darker soft notes are the player's: an LFO and a
//! low-pass.

use super::synthesis::{
    Envelope, Region, Section, Steady, Vibrato, bump, by_key, every, hertz, spread,
};

/// What makes one wind instrument differ from another.
pub struct Wind {
    /// Name of the tones.
    pub name: &'static str,
    /// Lowest and highest key that gets a tone of its own.
    pub range: (u8, u8),
    /// Amplitude of harmonic k at a frequency in hertz.
    pub spectrum: fn(f64, f64) -> f64,
    /// Seconds until a harmonic has swelled to two thirds, and seconds to add for every harmonic.
    pub rise: (f64, f64),
    /// Level of the breath against the tone (decibels) and the centre of its band (hertz).
    pub breath: (f64, f64),
    /// Linear attack in seconds.
    pub attack: f64,
    /// Depth of the vibrato in cents; it begins after 0.3 s.
    pub vibrato: f64,
}

impl Wind {
    /// The instrument over the whole keyboard.
    pub fn regions(&self) -> Vec<Region> {
        let mut regions = spread(&every(self.range.0, self.range.1), |root| {
            // Low notes speak slower.
            let slow = by_key(&[(36.0, 1.5), (84.0, 0.8)], f64::from(root));
            let tone = Steady {
                name: self.name,
                root,
                spectrum: &self.spectrum,
                rise: &|k| (self.rise.0 + self.rise.1 * k.min(16.0)) * slow,
                breath: Some(self.breath),
                settle: 0.13,
                // Noise that repeats fast would flutter.
                cycle: if self.breath.0 > -36.0 { 0.27 } else { 0.15 },
                limit: 9_700.0,
            }
            .tone();
            (tone, Envelope::held(self.attack, 0.1))
        });
        for region in &mut regions {
            region.vibrato = (self.vibrato > 0.0).then_some(Vibrato {
                cents: self.vibrato,
                frequency: 5.1,
                delay: 0.3,
            });
        }
        // Soft notes are darker.
        let mut steps = Vec::new();
        for region in regions {
            let cutoff = 900.0 + 6.0 * hertz(f64::from(region.tone.root));
            for (velocities, factor) in [(0..=56, 1.0), (57..=90, 1.9), (91..=127, 9.0)] {
                let cutoff = Some(cutoff * factor).filter(|cutoff| *cutoff < 12_000.0);
                steps.push(Region {
                    velocities,
                    cutoff,
                    ..region.clone()
                });
            }
        }
        steps
    }
}

/// Harmonics of a bell-shaped brass tube: even up to a corner, falling fast above.
fn brass(k: f64, frequency: f64, corner: f64, formant: f64) -> f64 {
    let over = frequency / corner;
    (0.75 + 0.5 * bump(frequency, formant, 0.6)) * k.powf(-0.25) / (1.0 + over.powi(3))
        * (1.0 - 0.3 * bump(k, 1.0, 0.3))
}

/// Trumpet.
pub const TRUMPET: Wind = Wind {
    name: "Trumpet",
    range: (50, 82),
    spectrum: |k, f| brass(k, f, 2_900.0, 1_400.0),
    rise: (0.012, 0.0035),
    breath: (-46.0, 2_500.0),
    attack: 0.008,
    vibrato: 6.0,
};

/// Muted trumpet: the mute leaves a nasal hill.
pub const MUTED_TRUMPET: Wind = Wind {
    name: "Muted trumpet",
    range: (53, 83),
    spectrum: |k, f| k.powf(-0.2) * (0.08 + bump(f, 1_900.0, 0.55) + 0.5 * bump(f, 4_200.0, 0.4)),
    ..TRUMPET
};

/// Trombone and tuba.
pub const TROMBONE: Wind = Wind {
    name: "Trombone",
    range: (30, 72),
    spectrum: |k, f| brass(k, f, 1_150.0, 600.0),
    rise: (0.014, 0.003),
    vibrato: 0.0,
    ..TRUMPET
};

/// French horn: the hand in the bell takes the edge off.
pub const HORN: Wind = Wind {
    name: "Horn",
    range: (36, 72),
    spectrum: |k, f| brass(k, f, 720.0, 380.0),
    rise: (0.022, 0.004),
    breath: (-42.0, 900.0),
    attack: 0.012,
    vibrato: 0.0,
};

/// Saxophones: a conical reed with a broad hill.
pub const SAX: Wind = Wind {
    name: "Sax",
    range: (38, 77),
    spectrum: |k, f| {
        (0.5 + 0.8 * bump(f, 750.0, 0.7) + 0.5 * bump(f, 1_700.0, 0.5)) * k.powf(-0.45)
            / (1.0 + (f / 3_400.0).powi(3))
    },
    rise: (0.012, 0.002),
    breath: (-33.0, 2_800.0),
    attack: 0.012,
    vibrato: 9.0,
};

/// Oboe and English horn: a narrow cone, nasal.
pub const OBOE: Wind = Wind {
    name: "Oboe",
    range: (52, 84),
    spectrum: |k, f| {
        (0.2 + bump(f, 1_150.0, 0.4) + 0.55 * bump(f, 2_900.0, 0.35)) * k.powf(-0.2)
            / (1.0 + (f / 5_000.0).powi(4))
    },
    rise: (0.012, 0.001),
    breath: (-42.0, 3_500.0),
    attack: 0.012,
    vibrato: 7.0,
};

/// Bassoon: a long folded cone, hills at 450 Hz and 1.1 kHz.
pub const BASSOON: Wind = Wind {
    name: "Bassoon",
    range: (34, 70),
    spectrum: |k, f| {
        (0.15 + bump(f, 460.0, 0.45) + 0.4 * bump(f, 1_150.0, 0.35)) * k.powf(-0.25)
            / (1.0 + (f / 3_000.0).powi(3))
    },
    rise: (0.014, 0.002),
    breath: (-40.0, 1_800.0),
    attack: 0.012,
    vibrato: 4.0,
};

/// Clarinet: a closed cylinder, odd harmonics first.
pub const CLARINET: Wind = Wind {
    name: "Clarinet",
    range: (48, 86),
    spectrum: |k, f| {
        let odd = if k % 2.0 == 1.0 {
            1.0
        } else {
            0.05 + 0.3 * (f / 3_000.0).min(1.0)
        };
        odd * k.powf(-0.4) * (0.7 + 0.6 * bump(f, 1_600.0, 0.6)) / (1.0 + (f / 3_400.0).powi(3))
    },
    rise: (0.016, 0.002),
    breath: (-40.0, 2_200.0),
    attack: 0.014,
    vibrato: 0.0,
};

/// Flute and piccolo.
pub const FLUTE: Wind = Wind {
    name: "Flute",
    range: (60, 96),
    spectrum: |k, f| {
        let level = match k as u32 {
            1 => 1.0,
            2 => 0.55,
            3 => 0.28,
            4 => 0.1,
            _ => 0.3 / (k * k),
        };
        level / (1.0 + (f / 4_500.0).powi(3))
    },
    rise: (0.022, 0.004),
    breath: (-27.0, 2_400.0),
    attack: 0.014,
    vibrato: 8.0,
};

/// Recorder, whistle, ocarina: nearly sines.
pub const RECORDER: Wind = Wind {
    name: "Recorder",
    range: (60, 94),
    spectrum: |k, _| {
        [1.0, 0.12, 0.14, 0.03, 0.02]
            .get(k as usize - 1)
            .copied()
            .unwrap_or(0.0)
    },
    rise: (0.014, 0.002),
    breath: (-33.0, 2_800.0),
    attack: 0.008,
    vibrato: 5.0,
};

/// Pan flute, bottle, shakuhachi: stopped tubes with much breath.
pub const PAN_FLUTE: Wind = Wind {
    name: "Pan flute",
    range: (52, 86),
    spectrum: |k, _| {
        [1.0, 0.05, 0.3, 0.02, 0.07]
            .get(k as usize - 1)
            .copied()
            .unwrap_or(0.0)
    },
    rise: (0.03, 0.003),
    breath: (-17.0, 1_500.0),
    attack: 0.012,
    vibrato: 6.0,
};

/// Brass section: trumpets and trombones, five of them.
pub fn section() -> Vec<Region> {
    spread(&every(40, 82), |root| {
        let corner = by_key(&[(40.0, 1_700.0), (76.0, 2_900.0)], f64::from(root));
        let tone = Section {
            name: "Brass section",
            root,
            players: 5,
            spectrum: &|k, f| brass(k, f, corner, 0.5 * corner),
            spread: 5.0,
            vibrato: (4.0, 5.2),
            drift: 3.0,
            rise: (0.018, 0.004),
            onset: 0.02,
            breath: Some((-46.0, 2_500.0)),
            settle: 0.18,
            cycle: 0.8,
            limit: 8_500.0,
        }
        .tone();
        (tone, Envelope::held(0.01, 0.14))
    })
}
