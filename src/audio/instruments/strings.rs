//! Bowed strings and voices: a saw-tooth source through the resonances of a body or a mouth.
//!
//! A bowed string moves in Helmholtz's saw-tooth, harmonics as 1/k (L. Cremer, *The Physics of the Violin*, 1984). A violin's body
//! has its air mode near 280 Hz, its main wood modes near 460 and 550 Hz and the bridge hill round 2.5 kHz (E. Jansson, *Acoustics
//! for Violin and Guitar Makers*, 2002); lower instruments have them lower. Between those lie narrow modes, written here as an
//! unevenness of the frequency axis: the vibrato runs across it and makes the timbre breathe. Vowels are formants after G.
//! Peterson and H. Barney (1952), raised for women's and children's voices. All of it is [`Section`]: each player has an own
//! vibrato, drift and entry, and loops of two seconds and more in which all of these come round.

use super::synthesis::{Envelope, Region, Section, bump, by_key, every, gain, spread};

/// Harmonic k of a bowed string at a frequency; `size` 1 for a violin, larger for lower instruments.
fn bowed(k: f64, frequency: f64, size: f64) -> f64 {
    let f = frequency * size;
    let body = 0.3
        + bump(f, 285.0, 0.22)
        + bump(f, 490.0, 0.28)
        + 0.55 * bump(f, 1_000.0, 0.4)
        + 0.8 * bump(f, 2_600.0, 0.5);
    let uneven = gain(3.0 * (frequency / 37.0).sin() + 2.5 * (frequency / 91.0 + 1.0).sin());
    body * uneven / k.powf(1.03) / (1.0 + (frequency / 5_200.0).powi(4))
}

/// Size of the instrument that plays a key in a section: basses below, violins above.
fn size_of(key: f64) -> f64 {
    by_key(
        &[
            (28.0, 2.2),
            (43.0, 1.7),
            (55.0, 1.3),
            (64.0, 1.05),
            (72.0, 1.0),
        ],
        key,
    )
}

/// String ensemble: nine players.
pub fn ensemble() -> Vec<Region> {
    spread(&every(31, 91), |root| {
        let size = size_of(f64::from(root));
        let tone = Section {
            name: "Strings",
            root,
            players: 9,
            spectrum: &|k, f| bowed(k, f, size),
            spread: 6.0,
            vibrato: (9.0, 5.6),
            drift: 4.0,
            rise: (0.07, 0.003),
            onset: 0.05,
            breath: Some((-40.0, 3_000.0)),
            settle: 0.22,
            cycle: 1.5,
            ..Section::default()
        }
        .tone();
        (tone, Envelope::held(0.05, 0.45))
    })
}

/// A section that plays tremolo or pizzicato chords needs no vibrato; one bowed instrument has its own, which grows.
fn soloist(name: &'static str, roots: &[u8], size: f64, vibrato: (f64, f64)) -> Vec<Region> {
    spread(roots, |root| {
        let tone = Section {
            name,
            root,
            players: 1,
            spectrum: &|k, f| bowed(k, f, size),
            vibrato,
            drift: 1.5,
            rise: (0.028, 0.003),
            breath: Some((-36.0, 3_200.0)),
            settle: 0.4,
            cycle: 0.68,
            ..Section::default()
        }
        .tone();
        (tone, Envelope::held(0.025, 0.15))
    })
}

/// Violin (also the fiddle).
pub fn violin() -> Vec<Region> {
    soloist("Violin", &every(55, 90), 1.0, (15.0, 5.7))
}

/// Viola: the body of a violin a fourth lower.
pub fn viola() -> Vec<Region> {
    soloist("Viola", &every(48, 83), 1.25, (13.0, 5.4))
}

/// Cello and double bass.
pub fn cello() -> Vec<Region> {
    soloist("Cello", &every(28, 74), 2.3, (11.0, 5.1))
}

/// A choir on a vowel given by its formants: centre (hertz), width (octaves), level.
fn choir(name: &'static str, formants: &[(f64, f64, f64)], roots: &[u8]) -> Vec<Region> {
    spread(roots, |root| {
        // Women's mouths are smaller: formants rise with the part.
        let small = 1.0 + 0.006 * (f64::from(root) - 57.0).clamp(-15.0, 25.0);
        let spectrum = |k: f64, f: f64| {
            let mouth: f64 = formants
                .iter()
                .map(|(centre, width, level)| level * bump(f, centre * small, *width))
                .sum();
            (mouth + 0.05) / k.powf(1.15)
        };
        let tone = Section {
            name,
            root,
            players: 7,
            spectrum: &spectrum,
            spread: 7.0,
            vibrato: (12.0, 5.3),
            drift: 3.0,
            rise: (0.06, 0.0),
            onset: 0.06,
            breath: Some((-33.0, 3_000.0)),
            settle: 0.22,
            cycle: 1.3,
            limit: 5_000.0,
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
            (660.0, 0.42, 1.0),
            (1_120.0, 0.22, 0.6),
            (2_750.0, 0.18, 0.4),
            (3_500.0, 0.16, 0.2),
        ],
        &every(43, 83),
    )
}

/// Voices on "oo".
pub fn oohs() -> Vec<Region> {
    choir(
        "Voice oo",
        &[(340.0, 0.4, 1.0), (820.0, 0.3, 0.4), (2_500.0, 0.25, 0.06)],
        &every(47, 82),
    )
}
