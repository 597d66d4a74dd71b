//! Synthesizer waves: leads and pads, band-limited because they are sums of harmonics.

use super::synthesis::{Envelope, Region, Steady, bump, spread};

const ROOTS: [u8; 7] = [33, 43, 52, 60, 68, 78, 92];

fn wave(
    name: &'static str,
    spectrum: fn(f64, f64) -> f64,
    players: usize,
    detune: f64,
    envelope: Envelope,
) -> Vec<Region> {
    spread(&ROOTS, |root| {
        let tone = Steady {
            name,
            root,
            spectrum: &spectrum,
            players,
            spread: detune,
            settle: 0.02,
            cycle: if players > 1 { 0.28 } else { 0.05 },
            limit: 12_000.0,
            ..Steady::default()
        }
        .tone();
        (tone, envelope)
    })
}

/// Square wave, its corners a little rounded.
pub fn square() -> Vec<Region> {
    wave(
        "Square",
        |k, f| {
            if k % 2.0 == 1.0 {
                1.0 / k / (1.0 + (f / 7_000.0).powi(2))
            } else {
                0.0
            }
        },
        1,
        0.0,
        Envelope::held(0.003, 0.08),
    )
}

/// Sawtooth lead: two waves that beat slowly.
pub fn saw() -> Vec<Region> {
    wave(
        "Sawtooth",
        |k, f| 1.0 / k / (1.0 + (f / 7_000.0).powi(2)),
        2,
        4.0,
        Envelope::held(0.003, 0.08),
    )
}

/// Warm pad: five soft sawtooth waves.
pub fn pad() -> Vec<Region> {
    wave(
        "Pad",
        |k, f| k.powf(-1.2) / (1.0 + (f / 2_600.0).powi(2)),
        5,
        8.0,
        Envelope::held(0.12, 0.8),
    )
}

/// Bowed glass: few high partials over a fundamental.
pub fn glass() -> Vec<Region> {
    wave(
        "Glass pad",
        |k, f| match k as u32 {
            1 => 1.0,
            2 => 0.3,
            3 => 0.35,
            5 => 0.2,
            7 => 0.12,
            11 => 0.05,
            _ => 0.0,
        } / (1.0 + (f / 7_000.0).powi(2)) * (0.8 + 0.4 * bump(f, 1_500.0, 1.0)),
        4,
        7.0,
        Envelope::held(0.1, 0.9),
    )
}
