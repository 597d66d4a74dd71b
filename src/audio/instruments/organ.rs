//! Organs and free reeds: harmonics that stand still.
//!
//! The drawbar organ has the nine pitches of L. Hammond's patent (US 1,956,350), six of them drawn. The church organ is a chorus of
//! principals at 8', 4', 2 2/3', 2' with a mixture, three pipes for each harmonic a little apart. Free reeds are narrow pulses; the
//! accordion's two reeds are tuned apart and beat on purpose (two layers of its program).

use super::synthesis::{Envelope, Region, Section, Steady, bump, every, spread};

/// Drawbar organ: sines at 16', 8', 5 1/3', 4', 2 2/3' and 2', with the click of the contacts that a start at full level makes.
pub fn drawbar() -> Vec<Region> {
    spread(&every(36, 91), |root| {
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

/// Church organ.
pub fn church() -> Vec<Region> {
    spread(&every(36, 86), |root| {
        let spectrum = |k: f64, f: f64| {
            let mut level = 1.0 / k.powf(1.3);
            for (foot, stop) in [(2.0, 0.8), (3.0, 0.35), (4.0, 0.55), (8.0, 0.25)] {
                if k % foot == 0.0 {
                    level += stop / (k / foot).powf(1.4);
                }
            }
            level * (1.0 + 0.6 * bump(f, 2_200.0, 1.0)) / (1.0 + (f / 6_000.0).powi(3))
        };
        let tone = Section {
            name: "Church organ",
            root,
            players: 3,
            spectrum: &spectrum,
            spread: 2.0,
            rise: (0.035, 0.0),
            breath: Some((-44.0, 2_500.0)),
            settle: 0.15,
            cycle: 0.42,
            limit: 6_000.0,
            ..Section::default()
        }
        .tone();
        (tone, Envelope::held(0.012, 0.35))
    })
}

/// Free reeds: accordion, harmonica and reed organ; programs tune two of them apart.
pub fn reeds() -> Vec<Region> {
    spread(&every(41, 91), |root| {
        let spectrum = |k: f64, f: f64| {
            (1.0 / k.powf(0.75)) * (0.5 + bump(f, 1_300.0, 0.9)) / (1.0 + (f / 4_000.0).powi(3))
        };
        let tone = Steady {
            name: "Reeds",
            root,
            spectrum: &spectrum,
            rise: &|k| 0.02 + 0.002 * k,
            breath: Some((-42.0, 2_000.0)),
            settle: 0.12,
            cycle: 0.2,
            limit: 8_000.0,
        }
        .tone();
        (tone, Envelope::held(0.02, 0.1))
    })
}
