//! Brass, reeds and flutes: one player, whose high harmonics come later and whose breath is heard.

use super::synthesis::{Envelope, Region, Steady, Vibrato, bump, by_key, hertz, spread};

struct Wind {
    name: &'static str,
    roots: &'static [u8],
    spectrum: fn(f64, f64) -> f64,
    rise: (f64, f64),
    breath: (f64, f64),
    attack: f64,
    vibrato: f64,
}

impl Wind {
    fn regions(&self) -> Vec<Region> {
        let mut regions = spread(self.roots, |root| {
            // Low notes speak slower.
            let slow = by_key(&[(36.0, 1.5), (84.0, 0.8)], f64::from(root));
            let tone = Steady {
                name: self.name,
                root,
                spectrum: &self.spectrum,
                players: 1,
                spread: 0.0,
                rise: &|k| (self.rise.0 + self.rise.1 * k.min(16.0)) * slow,
                breath: Some(self.breath),
                settle: 0.13,
                cycle: 0.14,
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

const BRASS: Wind = Wind {
    name: "Trumpet",
    roots: &[50, 56, 62, 68, 74, 82],
    spectrum: |k, f| brass(k, f, 2_900.0, 1_400.0),
    rise: (0.012, 0.0035),
    breath: (-46.0, 2_500.0),
    attack: 0.008,
    vibrato: 6.0,
};

/// Trumpet.
pub fn trumpet() -> Vec<Region> {
    BRASS.regions()
}

/// Muted trumpet: the mute leaves a nasal hill.
pub fn muted_trumpet() -> Vec<Region> {
    Wind {
        name: "Muted trumpet",
        roots: &[50, 62, 74, 84],
        spectrum: |k, f| {
            k.powf(-0.2) * (0.08 + bump(f, 1_900.0, 0.55) + 0.5 * bump(f, 4_200.0, 0.4))
        },
        ..BRASS
    }
    .regions()
}

/// Trombone and tuba.
pub fn trombone() -> Vec<Region> {
    Wind {
        name: "Trombone",
        roots: &[30, 38, 46, 54, 62, 72],
        spectrum: |k, f| brass(k, f, 1_150.0, 600.0),
        rise: (0.014, 0.003),
        vibrato: 0.0,
        ..BRASS
    }
    .regions()
}

/// French horn: the hand in the bell takes the edge off.
pub fn horn() -> Vec<Region> {
    Wind {
        name: "Horn",
        roots: &[36, 43, 50, 57, 64, 72],
        spectrum: |k, f| brass(k, f, 720.0, 380.0),
        rise: (0.022, 0.004),
        breath: (-42.0, 900.0),
        attack: 0.012,
        vibrato: 0.0,
    }
    .regions()
}

/// Brass section: trumpets and trombones, three of them.
pub fn section() -> Vec<Region> {
    spread(&[40, 48, 56, 63, 70, 80], |root| {
        let corner = by_key(&[(40.0, 1_900.0), (76.0, 3_200.0)], f64::from(root));
        let tone = Steady {
            name: "Brass section",
            root,
            spectrum: &|k, f| brass(k, f, corner, 0.5 * corner),
            players: 4,
            spread: 5.0,
            rise: &|k| 0.014 + 0.003 * k.min(16.0),
            breath: None,
            settle: 0.15,
            cycle: 0.35,
            limit: 9_700.0,
        }
        .tone();
        (tone, Envelope::held(0.01, 0.14))
    })
}

/// Saxophones: a conical reed with a broad hill.
pub fn sax() -> Vec<Region> {
    Wind {
        name: "Sax",
        roots: &[38, 46, 54, 61, 68, 77],
        spectrum: |k, f| {
            (0.5 + 0.8 * bump(f, 750.0, 0.7) + 0.5 * bump(f, 1_700.0, 0.5)) * k.powf(-0.45)
                / (1.0 + (f / 3_400.0).powi(3))
        },
        rise: (0.012, 0.002),
        breath: (-33.0, 2_800.0),
        attack: 0.012,
        vibrato: 9.0,
    }
    .regions()
}

/// Oboe and English horn: a narrow cone, nasal.
pub fn oboe() -> Vec<Region> {
    Wind {
        name: "Oboe",
        roots: &[52, 58, 64, 70, 76, 84],
        spectrum: |k, f| {
            (0.2 + bump(f, 1_150.0, 0.4) + 0.55 * bump(f, 2_900.0, 0.35)) * k.powf(-0.2)
                / (1.0 + (f / 5_000.0).powi(4))
        },
        rise: (0.012, 0.001),
        breath: (-42.0, 3_500.0),
        attack: 0.012,
        vibrato: 7.0,
    }
    .regions()
}

/// Bassoon: a long folded cone, hills at 450 Hz and 1.1 kHz.
pub fn bassoon() -> Vec<Region> {
    Wind {
        name: "Bassoon",
        roots: &[34, 41, 48, 55, 62, 70],
        spectrum: |k, f| {
            (0.15 + bump(f, 460.0, 0.45) + 0.4 * bump(f, 1_150.0, 0.35)) * k.powf(-0.25)
                / (1.0 + (f / 3_000.0).powi(3))
        },
        rise: (0.014, 0.002),
        breath: (-40.0, 1_800.0),
        attack: 0.012,
        vibrato: 4.0,
    }
    .regions()
}

/// Clarinet: a closed cylinder, odd harmonics first.
pub fn clarinet() -> Vec<Region> {
    Wind {
        name: "Clarinet",
        roots: &[48, 55, 62, 69, 76, 86],
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
    }
    .regions()
}

const FLUTE: Wind = Wind {
    name: "Flute",
    roots: &[60, 66, 72, 78, 86, 96],
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

/// Flute and piccolo.
pub fn flute() -> Vec<Region> {
    FLUTE.regions()
}

/// Recorder, whistle, ocarina: nearly sines.
pub fn recorder() -> Vec<Region> {
    Wind {
        name: "Recorder",
        roots: &[60, 68, 76, 84, 94],
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
    }
    .regions()
}

/// Pan flute, bottle, shakuhachi: stopped tubes with much breath.
pub fn pan_flute() -> Vec<Region> {
    Wind {
        name: "Pan flute",
        roots: &[52, 60, 68, 76, 86],
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
    }
    .regions()
}
