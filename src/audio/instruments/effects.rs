//! Sound effects: shaped noise and sweeps, one tone each, over the whole keyboard.

use std::f64::consts::TAU;

use super::synthesis::{Biquad, Envelope, Noise, Region, Tone, gain};

/// Sampling rate in hertz: noises need no more.
const RATE: u32 = 22_050;

/// A tone of `seconds` from a function of time (seconds); with `looped` it repeats from its first fifth on, the seam
/// faded over.
fn effect(
    name: &str,
    seconds: f64,
    looped: bool,
    envelope: Envelope,
    make: impl FnOnce(&mut Vec<f64>),
) -> Vec<Region> {
    let length = (seconds * f64::from(RATE)) as usize;
    let mut points = vec![0.0; length];
    make(&mut points);
    let mut cycle = None;
    if looped {
        // The end fades over into what lies before the loop's start: end and start then sound the same.
        let start = length / 5;
        let fade = start.min(4_000);
        let end = length - 32;
        for index in 0..fade {
            let share = (index as f64 + 1.0) / fade as f64;
            let (from, into) = ((1.0 - share).sqrt(), share.sqrt());
            let before = points.get(start - fade + index).copied().unwrap_or(0.0);
            if let Some(point) = points.get_mut(end - fade + index) {
                *point = *point * from + before * into;
            }
        }
        for index in 0..32 {
            let value = points.get(start + index).copied().unwrap_or(0.0);
            if let Some(point) = points.get_mut(end + index) {
                *point = value;
            }
        }
        cycle = Some((start, end));
    } else {
        for (index, point) in points.iter_mut().rev().enumerate().take(800) {
            *point *= index as f64 / 800.0;
        }
        points.resize(length + 16, 0.0);
    }
    vec![Region::new(
        Tone {
            name: name.to_owned(),
            rate: RATE,
            points,
            cycle,
            root: 60,
        },
        0..=127,
        envelope,
    )]
}

/// Soft clipping: raises what is between the peaks.
fn driven(points: &mut [f64], drive: f64) {
    let peak = points
        .iter()
        .fold(1e-9_f64, |peak, point| peak.max(point.abs()));
    for point in points {
        *point = (*point / peak * drive).tanh();
    }
}

fn time(index: usize) -> f64 {
    index as f64 / f64::from(RATE)
}

/// Waves on a beach: brown noise that swells.
pub fn seashore() -> Vec<Region> {
    effect("Seashore", 1.8, true, Envelope::held(0.4, 1.5), |points| {
        points.clone_from(&Noise::new(5).take(points.len()));
        Biquad::low_pass(RATE, 1_400.0, 0.5).run(points);
        Biquad::high_pass(RATE, 120.0, 0.7).run(points);
        for (index, point) in points.iter_mut().enumerate() {
            *point *= 0.65 - 0.35 * (TAU * time(index) / 1.44).cos();
        }
    })
}

/// Breath.
pub fn breath() -> Vec<Region> {
    effect(
        "Breath",
        0.5,
        true,
        Envelope {
            attack: 0.02,
            decay_rate: 2.5,
            release: 0.2,
        },
        |points| {
            points.clone_from(&Noise::new(6).take(points.len()));
            Biquad::band_pass(RATE, 1_900.0, 0.7).run(points);
        },
    )
}

/// A finger along a wound string.
pub fn fret_noise() -> Vec<Region> {
    effect(
        "Fret noise",
        0.3,
        false,
        Envelope::held(0.0, 0.1),
        |points| {
            let mut noise = Noise::new(7);
            let mut angle = 0.0_f64;
            for (index, point) in points.iter_mut().enumerate() {
                let t = time(index);
                angle += (1_500.0 + 2_600.0 * t) / f64::from(RATE);
                let shape = (t / 0.03).min(1.0) * (-t / 0.09).exp();
                *point = ((TAU * angle).sin() * 0.5 + noise.white() * 0.6) * shape;
            }
            Biquad::band_pass(RATE, 2_300.0, 0.9).run(points);
        },
    )
}

/// A bird's chirps.
pub fn bird() -> Vec<Region> {
    effect("Bird", 0.5, true, Envelope::held(0.005, 0.15), |points| {
        let mut angle = 0.0_f64;
        for (index, point) in points.iter_mut().enumerate() {
            let beat = (time(index) % 0.2) / 0.2;
            angle +=
                (3_000.0 + 1_100.0 * (TAU * beat * 1.5).sin() + 500.0 * beat) / f64::from(RATE);
            *point = (TAU * angle).sin() * (beat * TAU / 2.0).sin();
        }
    })
}

/// A bell that rings twenty times a second.
pub fn telephone() -> Vec<Region> {
    effect(
        "Telephone",
        0.5,
        true,
        Envelope::held(0.002, 0.2),
        |points| {
            for (index, point) in points.iter_mut().enumerate() {
                let t = time(index);
                let stroke = (-(t % 0.05) * 22.0).exp();
                *point = stroke
                    * ((TAU * 1_320.0 * t).sin()
                        + 0.7 * (TAU * 1_640.0 * t).sin()
                        + 0.4 * (TAU * 3_300.0 * t).sin());
            }
        },
    )
}

/// Rotor blades.
pub fn helicopter() -> Vec<Region> {
    effect(
        "Helicopter",
        0.8,
        true,
        Envelope::held(0.1, 0.6),
        |points| {
            let mut noise = Noise::new(8);
            for (index, point) in points.iter_mut().enumerate() {
                let beat = (time(index) * 12.5) % 1.0;
                *point = noise.white() * (-beat * 6.0).exp() * (beat * 30.0).min(1.0);
            }
            Biquad::low_pass(RATE, 900.0, 0.7).run(points);
            Biquad::high_pass(RATE, 60.0, 0.7).run(points);
            driven(points, 2.5);
        },
    )
}

/// Many hands.
pub fn applause() -> Vec<Region> {
    effect("Applause", 1.1, true, Envelope::held(0.15, 0.8), |points| {
        let mut noise = Noise::new(9);
        let length = points.len();
        for _ in 0..760 {
            let at = (noise.unit() * length as f64) as usize;
            let level = 0.3 + noise.unit();
            for (index, point) in points.iter_mut().skip(at).take(260).enumerate() {
                *point += level * noise.white() * (-(index as f64) / 60.0).exp();
            }
        }
        Biquad::band_pass(RATE, 1_500.0, 0.5).run(points);
        driven(points, 1.6);
    })
}

/// A shot and its echo off a wall.
pub fn gunshot() -> Vec<Region> {
    effect("Gunshot", 0.7, false, Envelope::held(0.0, 0.6), |points| {
        let mut noise = Noise::new(10);
        for (index, point) in points.iter_mut().enumerate() {
            let t = time(index);
            *point = noise.white() * ((-t / 0.02).exp() + 0.25 * (-t / 0.2).exp());
        }
        Biquad::low_pass(RATE, 3_500.0, 0.6).run(points);
        driven(points, 3.0);
    })
}

/// A cymbal backwards: swells for a second and stops.
pub fn reverse_cymbal() -> Vec<Region> {
    effect(
        "Reverse cymbal",
        0.9,
        false,
        Envelope::held(0.0, 0.2),
        |points| {
            let mut noise = Noise::new(11);
            let end = points.len() as f64 / f64::from(RATE);
            for (index, point) in points.iter_mut().enumerate() {
                *point = noise.white() * (gain(-42.0) + (-(end - time(index)) / 0.22).exp());
            }
            Biquad::high_pass(RATE, 2_800.0, 0.7).run(points);
        },
    )
}
