//! Bowed strings and voices: sawtooth-like sources through the resonances of a body or a mouth.

use super::synthesis::{Envelope, Region, Steady, Vibrato, bump, spread};

/// The body of a violin family instrument; `size` 1 for a violin, larger for lower ones.
fn bowed(k: f64, frequency: f64, size: f64) -> f64 {
    let f = frequency * size;
    let body = 0.35
        + 0.7 * bump(f, 280.0, 0.25)
        + 0.8 * bump(f, 480.0, 0.3)
        + 0.5 * bump(f, 1_000.0, 0.4)
        + 0.75 * bump(f, 2_500.0, 0.5);
    body / k.powf(0.95) / (1.0 + (frequency / 5_200.0).powi(4))
}

/// String ensemble: a section of eight, each a little out of tune, their beats the section's chorus.
pub fn ensemble() -> Vec<Region> {
    spread(&[30, 37, 43, 49, 55, 61, 67, 73, 80, 90], |root| {
        let size = 2.6 - 0.018 * f64::from(root) - 0.2;
        let tone = Steady {
            name: "Strings",
            root,
            spectrum: &|k, f| bowed(k, f, size.max(0.9)),
            players: 7,
            spread: 6.5,
            rise: &|k| 0.03 + 0.003 * k.min(20.0),
            settle: 0.2,
            cycle: if root < 68 { 0.6 } else { 0.45 },
            limit: 9_700.0,
            ..Steady::default()
        }
        .tone();
        (tone, Envelope::held(0.05, 0.45))
    })
}

/// One bowed instrument: bite of the bow, then vibrato.
pub fn solo() -> Vec<Region> {
    let mut regions = spread(&[33, 41, 49, 56, 63, 70, 77, 87], |root| {
        let size = (2.9 - 0.026 * f64::from(root)).clamp(1.0, 2.2);
        let tone = Steady {
            name: "Solo string",
            root,
            spectrum: &|k, f| bowed(k, f, size),
            players: 2,
            spread: 1.2,
            rise: &|k| 0.02 + 0.002 * k.min(20.0),
            breath: Some((-38.0, 3_000.0)),
            settle: 0.12,
            cycle: 0.28,
            limit: 9_700.0,
        }
        .tone();
        (tone, Envelope::held(0.025, 0.15))
    });
    for region in &mut regions {
        region.vibrato = Some(Vibrato {
            cents: 14.0,
            frequency: 5.4,
            delay: 0.25,
        });
    }
    regions
}

/// A choir on a vowel given by its formants: centre (hertz), width (octaves), level.
fn choir(name: &'static str, formants: &[(f64, f64, f64)], roots: &[u8]) -> Vec<Region> {
    spread(roots, |root| {
        // Women's mouths are smaller: formants rise with the part.
        let small = 1.0 + 0.005 * (f64::from(root) - 55.0).clamp(-15.0, 25.0);
        let spectrum = |k: f64, f: f64| {
            let mouth: f64 = formants
                .iter()
                .map(|(centre, width, level)| level * bump(f, centre * small, *width))
                .sum();
            (mouth + 0.02) / k.powf(0.7)
        };
        let tone = Steady {
            name,
            root,
            spectrum: &spectrum,
            players: 6,
            spread: 7.0,
            rise: &|_| 0.04,
            breath: Some((-34.0, 3_200.0)),
            settle: 0.15,
            cycle: 0.45,
            limit: 7_000.0,
        }
        .tone();
        (tone, Envelope::held(0.06, 0.4))
    })
}

/// Choir on "ah".
pub fn aahs() -> Vec<Region> {
    choir(
        "Choir ah",
        &[
            (720.0, 0.28, 1.0),
            (1_150.0, 0.22, 0.6),
            (2_750.0, 0.2, 0.25),
            (3_500.0, 0.2, 0.12),
        ],
        &[43, 51, 58, 65, 72, 81],
    )
}

/// Voices on "oo".
pub fn oohs() -> Vec<Region> {
    choir(
        "Voice oo",
        &[(340.0, 0.4, 1.0), (820.0, 0.3, 0.4), (2_500.0, 0.25, 0.06)],
        &[48, 58, 68, 80],
    )
}
