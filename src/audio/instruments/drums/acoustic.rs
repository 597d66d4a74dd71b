//! What the other acoustic kits have in place of the standard kit's: louder and deeper drums, a jazz kit, brushes, an orchestra's.
//!
//! Brushes are noise that swells in some milliseconds, where a stick's begins at once; a swirl is a slow swell. The orchestra's
//! kettledrums have the preferred modes 1 : 1.5 : 1.98 : 2.44 of an air-loaded membrane (T. Rossing, *The physics of kettledrums*, 1982).

use super::super::synthesis::{Hit, RATE, mix};
use super::Sound::{Like, One, Two};
use super::Voice;
use super::standard;

/// The power kit: larger drums in a larger room.
#[rustfmt::skip] // A table: one line a voice.
pub const POWER: &[Voice] = &[
    Voice::new(35, "Power kick 2", 2.5, 0.0, Like(36, -2)),
    Voice::new(36, "Power kick", 3.0, 0.0, Two(power_kick)),
    Voice::new(38, "Power snare", 1.0, 0.0, Two(power_snare)),
    Voice::new(40, "Power snare 2", 1.0, 0.0, Like(38, 3)),
];

/// The jazz kit: a small bass drum that rings, high toms.
#[rustfmt::skip] // A table: one line a voice.
pub const JAZZ: &[Voice] = &[
    Voice::new(35, "Jazz kick 2", 0.5, 0.0, Like(36, -2)),
    Voice::new(36, "Jazz kick", 1.0, 0.0, Two(jazz_kick)),
    Voice::new(38, "Jazz snare", 0.0, 2.0, Two(|force| standard::snare(212.0, 0.6, force, 438))),
    Voice::new(40, "Jazz snare 2", 0.0, 2.0, Like(38, 2)),
    Voice::new(41, "Jazz tom 1", 0.0, 20.0, One(|| standard::tom(98.0, 441))),
    Voice::new(43, "Jazz tom 2", 0.0, 14.0, Like(41, 3)),
    Voice::new(45, "Jazz tom 3", 0.0, 6.0, Like(41, 6)),
    Voice::new(47, "Jazz tom 4", 0.0, -2.0, One(|| standard::tom(190.0, 447))),
    Voice::new(48, "Jazz tom 5", 0.0, -8.0, Like(47, 3)),
    Voice::new(50, "Jazz tom 6", 0.0, -14.0, Like(47, 6)),
];

/// The brush kit: what the jazz kit plays with sticks, wiped and tapped.
#[rustfmt::skip] // A table: one line a voice.
pub const BRUSH: &[Voice] = &[
    Voice::new(38, "Brush tap", -1.0, 2.0, Two(|force| brush(0.3, mix(0.006, 0.003, force), 0.05, force, 538))),
    Voice::new(39, "Brush slap", 0.0, 2.0, Two(|force| brush(0.25, 0.0015, 0.035, force, 539))),
    Voice::new(40, "Brush swirl", -3.0, 2.0, One(swirl)),
    Voice::new(41, "Brush tom 1", -1.0, 20.0, One(|| brush_tom(98.0, 541))),
    Voice::new(43, "Brush tom 2", -1.0, 14.0, Like(41, 3)),
    Voice::new(45, "Brush tom 3", -1.0, 6.0, Like(41, 6)),
    Voice::new(47, "Brush tom 4", -1.0, -2.0, One(|| brush_tom(190.0, 547))),
    Voice::new(48, "Brush tom 5", -1.0, -8.0, Like(47, 3)),
    Voice::new(50, "Brush tom 6", -1.0, -14.0, Like(47, 6)),
];

/// The orchestra's drums: kettledrums on keys 41 to 53 sound as written.
#[rustfmt::skip] // A table: one line a voice.
pub const ORCHESTRA: &[Voice] = &[
    Voice::new(35, "Concert bass drum 2", 2.0, 0.0, Like(36, -3)),
    Voice::new(36, "Concert bass drum", 2.5, 0.0, Two(concert_bass_drum)),
    Voice::new(38, "Concert snare", 0.0, 4.0, Two(|force| standard::snare(240.0, 1.1, force, 638))),
    Voice::new(40, "Concert snare 2", 0.0, 4.0, Like(38, 2)),
    Voice::new(41, "Timpani F", 1.0, -10.0, Like(46, -5)),
    Voice::new(42, "Timpani F#", 1.0, -8.0, Like(46, -4)),
    Voice::new(43, "Timpani G", 1.0, -6.0, Like(46, -3)),
    Voice::new(44, "Timpani G#", 1.0, -4.0, Like(46, -2)),
    Voice::new(45, "Timpani A", 1.0, -2.0, Like(46, -1)),
    Voice::new(46, "Timpani A#", 1.0, 0.0, Two(kettledrum)),
    Voice::new(47, "Timpani B", 1.0, 2.0, Like(46, 1)),
    Voice::new(48, "Timpani c", 1.0, 4.0, Like(46, 2)),
    Voice::new(49, "Timpani c#", 1.0, 6.0, Like(46, 3)),
    Voice::new(50, "Timpani d", 1.0, 8.0, Like(46, 4)),
    Voice::new(51, "Timpani d#", 1.0, 10.0, Like(46, 5)),
    Voice::new(52, "Timpani e", 1.0, 12.0, Like(46, 6)),
    Voice::new(53, "Timpani f", 1.0, 14.0, Like(46, 7)),
];

fn power_kick(force: f64) -> Hit {
    standard::kick(47.0, 1.3, force, 136)
        .burst(0.25, 60.0, 400.0, 0.012, 0.09)
        .driven(1.6)
}

fn power_snare(force: f64) -> Hit {
    standard::snare(168.0, 1.0, force, 138)
        .burst(0.22, 300.0, 5_000.0, 0.02, 0.13)
        .driven(1.5)
}

fn jazz_kick(force: f64) -> Hit {
    Hit::low(0.6, 436)
        .skin(1.0, 66.0, mix(0.25, 0.5, force), 0.03, 0.19)
        .skin(0.45, 66.0 * 1.59, 0.2, 0.02, 0.12)
        .skin(0.2, 66.0 * 2.3, 0.2, 0.02, 0.08)
        .burst(mix(0.06, 0.2, force), 500.0, 3_000.0, 0.001, 0.012)
}

/// Wires that meet the skin within `swell` seconds.
fn brush(seconds: f64, swell: f64, decay: f64, force: f64, seed: u64) -> Hit {
    Hit::new(seconds, seed)
        .burst(1.0, 900.0, mix(4_500.0, 8_000.0, force), swell, decay)
        .burst(0.35, 2_500.0, 9_000.0, 1.5 * swell, 1.6 * decay)
        .skin(mix(0.1, 0.22, force), 205.0, 0.1, 0.01, 0.06)
}

/// A circle on the skin: noise that comes and goes.
fn swirl() -> Hit {
    let mut hit = Hit::new(0.55, 540).burst(1.0, 1_100.0, 5_500.0, 0.001, 10.0);
    let length = hit.points.len() as f64;
    for (index, point) in hit.points.iter_mut().enumerate() {
        let share = index as f64 / length;
        *point *= (std::f64::consts::PI * share.powf(0.7)).sin();
    }
    hit
}

fn brush_tom(frequency: f64, seed: u64) -> Hit {
    Hit::low(0.45, seed)
        .skin(0.8, frequency, 0.15, 0.03, 14.0 / frequency + 0.05)
        .skin(0.3, frequency * 1.59, 0.1, 0.02, 0.08)
        .burst(0.5, 700.0, 5_000.0, 0.003, 0.03)
}

fn concert_bass_drum(force: f64) -> Hit {
    Hit::low(1.1, 636)
        .skin(1.0, 44.0, mix(0.1, 0.25, force), 0.08, 0.38)
        .skin(0.6, 44.0 * 1.59, 0.15, 0.05, 0.26)
        .skin(0.4, 44.0 * 2.14, 0.1, 0.04, 0.2)
        .skin(0.25, 44.0 * 2.9, 0.1, 0.03, 0.14)
        .burst(mix(0.1, 0.25, force), 80.0, 700.0, 0.003, 0.05)
}

fn kettledrum(force: f64) -> Hit {
    // The sounding pitch of key 46.
    let f = 116.54;
    Hit::at_rate(RATE / 2, 1.1, 646)
        .modes(&[
            (f, 1.0, 0.5),
            (1.5 * f, 0.75, 0.4),
            (1.98 * f, 0.5 * mix(0.6, 1.0, force), 0.32),
            (2.44 * f, 0.35 * mix(0.5, 1.0, force), 0.26),
            (2.89 * f, 0.2 * mix(0.4, 1.0, force), 0.2),
            (0.85 * f, 0.4, 0.08),
        ])
        .burst(mix(0.12, 0.3, force), 150.0, 1_500.0, 0.002, 0.02)
}
