//! Organs and free reeds: harmonics that stand still.

use super::synthesis::{Envelope, Region, Steady, bump, spread};

const ROOTS: [u8; 6] = [36, 45, 54, 63, 73, 85];

/// Drawbar organ: sines at 16', 8', 5 1/3', 4', 2 2/3' and 2', with a click of the contacts.
pub fn drawbar() -> Vec<Region> {
    spread(&ROOTS, |root| {
        // Steady's harmonics are those of the 16' stop: the root is an octave lower.
        let spectrum = |k: f64, f: f64| {
            let bar = match k as u32 {
                1 => 0.55,
                2 => 1.0,
                3 => 0.7,
                4 => 0.5,
                6 => 0.3,
                8 => 0.35,
                _ => 0.0,
            };
            bar / (1.0 + (f / 6_000.0).powi(4))
        };
        let mut tone = Steady {
            name: "Drawbar organ",
            root: root - 12,
            spectrum: &spectrum,
            settle: 0.03,
            cycle: 0.15,
            ..Steady::default()
        }
        .tone();
        tone.root = root;
        (tone, Envelope::held(0.004, 0.07))
    })
}

/// Church organ: a chorus of principals 8', 4', 2 2/3', 2' with a mixture, a little out of tune with each other.
pub fn church() -> Vec<Region> {
    spread(&ROOTS, |root| {
        let spectrum = |k: f64, f: f64| {
            let mut level = 1.0 / k.powf(1.3);
            for (foot, stop) in [(2.0, 0.8), (3.0, 0.35), (4.0, 0.55), (8.0, 0.25)] {
                if k % foot == 0.0 {
                    level += stop / (k / foot).powf(1.4);
                }
            }
            level * (1.0 + 0.6 * bump(f, 2_200.0, 1.0)) / (1.0 + (f / 6_000.0).powi(3))
        };
        let tone = Steady {
            name: "Church organ",
            root,
            spectrum: &spectrum,
            players: 3,
            spread: 2.2,
            rise: &|k| 0.035 / k.sqrt(),
            breath: Some((-44.0, 2_500.0)),
            settle: 0.15,
            cycle: 0.35,
            limit: 9_700.0,
        }
        .tone();
        (tone, Envelope::held(0.012, 0.35))
    })
}

/// Free reeds: accordion (two reeds that beat), harmonica and reed organ.
pub fn reeds() -> Vec<Region> {
    spread(&ROOTS, |root| {
        let spectrum = |k: f64, f: f64| {
            (1.0 / k.powf(0.75)) * (0.5 + bump(f, 1_300.0, 0.9)) / (1.0 + (f / 4_800.0).powi(3))
        };
        let tone = Steady {
            name: "Reeds",
            root,
            spectrum: &spectrum,
            players: 2,
            spread: 5.0,
            rise: &|k| 0.02 + 0.002 * k,
            settle: 0.1,
            cycle: 0.3,
            limit: 9_700.0,
            ..Steady::default()
        }
        .tone();
        (tone, Envelope::held(0.02, 0.1))
    })
}
