//! Synthesizer waves: leads and pads, band-limited because they are sums of harmonics.
//!
//! Pads of several oscillators are [`Section`]s without vibrato: detuned by whole periods in a long loop, so they beat freely and come
//! round without a seam.

use super::synthesis::{Envelope, Region, Section, Steady, bump, every, spread};

fn oscillator(name: &'static str, spectrum: fn(f64, f64) -> f64) -> Vec<Region> {
    spread(&every(33, 93), |root| {
        let tone = Steady {
            name,
            root,
            spectrum: &spectrum,
            settle: 0.02,
            cycle: 0.05,
            limit: 11_000.0,
            ..Steady::default()
        }
        .tone();
        (tone, Envelope::held(0.003, 0.08))
    })
}

/// Square wave, its corners a little rounded.
pub fn square() -> Vec<Region> {
    oscillator("Square", |k, f| {
        if k % 2.0 == 1.0 {
            1.0 / k / (1.0 + (f / 7_000.0).powi(2))
        } else {
            0.0
        }
    })
}

/// Sawtooth wave; programs detune two of them.
pub fn saw() -> Vec<Region> {
    oscillator("Sawtooth", |k, f| 1.0 / k / (1.0 + (f / 7_000.0).powi(2)))
}

fn oscillators(
    name: &'static str,
    roots: &[u8],
    (players, detune): (usize, f64),
    (cycle, limit): (f64, f64),
    envelope: Envelope,
    spectrum: fn(f64, f64) -> f64,
) -> Vec<Region> {
    spread(roots, |root| {
        let tone = Section {
            name,
            root,
            players,
            spectrum: &spectrum,
            spread: detune,
            rise: (0.0, 0.0),
            settle: 0.02,
            cycle,
            limit,
            ..Section::default()
        }
        .tone();
        (tone, envelope)
    })
}

/// Warm pad: five soft sawtooth waves.
pub fn pad() -> Vec<Region> {
    oscillators(
        "Pad",
        &every(41, 86),
        (5, 7.0),
        (1.0, 4_500.0),
        Envelope::held(0.12, 0.8),
        |k, f| k.powf(-1.2) / (1.0 + (f / 2_000.0).powi(2)),
    )
}

/// Bowed glass: few high partials over a fundamental.
pub fn glass() -> Vec<Region> {
    oscillators(
        "Glass pad",
        &every(43, 88),
        (5, 6.0),
        (0.9, 5_000.0),
        Envelope::held(0.1, 0.9),
        |k, f| {
            let level = match k as u32 {
                1 => 1.0,
                2 => 0.3,
                3 => 0.35,
                5 => 0.2,
                7 => 0.12,
                11 => 0.05,
                _ => 0.0,
            };
            level / (1.0 + (f / 4_500.0).powi(2)) * (0.8 + 0.4 * bump(f, 1_500.0, 1.0))
        },
    )
}

/// Synthesizer bass: a sawtooth; the program's filter makes its movement.
pub fn bass() -> Vec<Region> {
    spread(&every(26, 61), |root| {
        let tone = Steady {
            name: "Synth bass",
            root,
            spectrum: &|k, f| 1.0 / k / (1.0 + (f / 3_500.0).powi(2)),
            settle: 0.02,
            cycle: 0.12,
            ..Steady::default()
        }
        .tone();
        (tone, Envelope::struck(0.5, 0.12))
    })
}
