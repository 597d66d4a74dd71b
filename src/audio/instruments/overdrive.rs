//! Overdriven guitars: the clean guitar's string, at four times the rate, through a soft clipper and a loudspeaker.
//!
//! The clipper is `tanh` with an offset (even harmonics, as in a triode), behind a high-pass that keeps chords from becoming mud, as
//! guitar pedals do (D. Yeh, *Digital Implementation of Musical Distortion Circuits*, 2009). What a clipper makes of a sound that
//! repeats also repeats: the loop stays seamless. Each note has a clipper of its own, so chords do not growl as they do in an
//! amplifier.

use super::plucked::{CLEAN, Pluck};
use super::synthesis::tone::{GUARD, ToneSpec};
use super::synthesis::{Biquad, Envelope, Region, Tone, every, gain, spread};

/// Points per second: the loudspeaker leaves little above 6 kHz.
const RATE: u32 = 25_200;
/// How many times the rate of the tone the clipper runs at: what it adds above hearing is filtered off before it can fold back.
const OVER: u32 = 4;

/// Points after the string has come to rest until the filters have, too: there the loop begins.
const SETTLING: usize = 700;

/// A guitar with `drive` decibels before the clipper.
pub fn guitar(drive: f64, name: &'static str) -> Vec<Region> {
    spread(&every(40, 80), |root| {
        let pluck = Pluck {
            name,
            inharmonicity: 0.0,
            settle: (0.26, 0.2),
            cycle: (0.1, 0.1),
            limit: 9_700.0,
            body: |_| 1.0,
            ..CLEAN
        };
        let (mut spec, envelope, _) = pluck.string(root);
        spec.rate = RATE * OVER;
        spec.envelope_rate = 0.0;
        let cycle = whole_cycle(f64::from(RATE) / spec.fundamental());
        spec.cycle = cycle as f64 / f64::from(RATE);
        let start = (spec.settle * f64::from(RATE)) as usize;
        let settled = start + SETTLING;
        let tone = Tone {
            name: spec.name.clone(),
            rate: RATE,
            points: clipped(&spec, start, cycle, drive),
            cycle: Some((settled, settled + cycle)),
            root,
        };
        let envelope = Envelope {
            // The clipper evens the level: a slower decay than the string's.
            decay_rate: 0.3 * envelope.decay_rate,
            release: 0.2,
            ..envelope
        };
        (tone, envelope)
    })
}

/// The loop of a twentieth to a ninth of a second that is closest to a whole number of points.
fn whole_cycle(period: f64) -> usize {
    (3..60)
        .map(|periods| f64::from(periods) * period)
        .filter(|length| (1_200.0..2_800.0).contains(length))
        .min_by(|x, y| {
            let off = |length: f64| (length - length.round()).abs() / length;
            off(*x).total_cmp(&off(*y))
        })
        .map_or(8.0 * period, f64::round) as usize
}

/// The string of `spec` clipped, filtered, and brought down to [`RATE`]: its loop of `cycle` points begins at `start`.
fn clipped(spec: &ToneSpec, start: usize, cycle: usize, drive: f64) -> Vec<f64> {
    let over = OVER as usize;
    let length = start + SETTLING + cycle + GUARD;
    let mut string = spec.points(start * over, cycle * over, (length + 64) * over);
    Biquad::high_pass(spec.rate, 420.0, 0.6).run(&mut string);
    let peak = string
        .iter()
        .fold(1e-9_f64, |peak, point| peak.max(point.abs()));
    let mut out: Vec<f64> = string
        .iter()
        .map(|point| (point / peak * gain(drive) + 0.2).tanh())
        .collect();
    for _ in 0..3 {
        Biquad::low_pass(spec.rate, 9_500.0, 0.75).run(&mut out);
    }
    let mut points: Vec<f64> = out.into_iter().step_by(over).take(length).collect();
    // A twelve-inch loudspeaker: nothing below 80 Hz, a hill at 2.5 kHz, little above 5 kHz.
    Biquad::high_pass(RATE, 85.0, 0.8).run(&mut points);
    Biquad::low_pass(RATE, 5_000.0, 1.1).run(&mut points);
    Biquad::low_pass(RATE, 7_500.0, 0.7).run(&mut points);
    points
}
