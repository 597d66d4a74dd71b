//! The acoustic kit and the hand percussion of General MIDI.
//!
//! Skins are a few modes (ratios 1, 1.59, 2.14, 2.3 of a membrane: N. Fletcher and T. Rossing, *The Physics of Musical Instruments*,
//! 1998, chapter 18) whose pitch falls in the first hundredths of a second, with noise for the beater and the snares. Cymbals are
//! hundreds of modes at random frequencies, each with its own decay, under a short stroke of noise: what rings is a sum of
//! sines, as in metal, so it neither hisses nor repeats. Shakers and scrapers are grains of filtered noise.

use std::f64::consts::TAU;

use super::super::synthesis::{Biquad, DRUM_RATE, Hit, RATE, gain, mix};
use super::Class::{Cuica, Guiro, Hat, Surdo, Triangle, Whistle};
use super::Sound::{Like, One, Two};
use super::Voice;

/// The table, by key.
#[rustfmt::skip] // A table: one line a voice.
pub const VOICES: &[Voice] = &[
    Voice::new(27, "High Q", -4.0, 0.0, One(|| Hit::new(0.08, 27).skin(1.0, 700.0, 3.0, 0.015, 0.02))),
    Voice::new(28, "Slap", -4.0, 0.0, One(|| Hit::new(0.12, 28).grains(1.0, (1_700.0, 1.0), 0.015, &[(0.0, 1.0)]))),
    Voice::new(29, "Scratch push", -8.0, 0.0, One(|| shake(1_300.0, 0.12, 0.05, 29))),
    Voice::new(30, "Scratch pull", -8.0, 0.0, One(|| shake(1_000.0, 0.14, 0.02, 30))),
    Voice::new(31, "Sticks", -4.0, 0.0, One(|| wood(2_600.0, 31))),
    Voice::new(32, "Square click", -6.0, 0.0, One(|| bell(&[(1_800.0, 1.0, 0.006), (5_400.0, 0.33, 0.006)], 0.05, 32))),
    Voice::new(33, "Metronome click", -6.0, 0.0, One(|| wood(1_900.0, 33))),
    Voice::new(34, "Metronome bell", -6.0, 0.0, One(|| bell(&[(2_640.0, 1.0, 0.12), (7_100.0, 0.4, 0.05)], 0.4, 34))),
    Voice::new(35, "Kick 2", 2.0, 0.0, Two(|force| kick(50.0, 0.5, force, 35))),
    Voice::new(36, "Kick 1", 2.5, 0.0, Two(|force| kick(57.0, 1.0, force, 36))),
    Voice::new(37, "Side stick", -1.5, 4.0, One(side_stick)),
    Voice::new(38, "Snare 1", 0.0, 2.0, Two(|force| snare(186.0, 0.8, force, 38))),
    Voice::new(39, "Clap", 2.0, 6.0, One(clap)),
    Voice::new(40, "Snare 2", 0.0, 2.0, Two(|force| snare(228.0, 0.95, force, 40))),
    Voice::new(41, "Low floor tom", 2.5, 22.0, One(|| tom(74.0, 41))),
    Voice::new(42, "Closed hat", -9.0, -12.0, Two(|force| hat(0.2, mix(0.032, 0.055, force), force, 42))).class(Hat),
    Voice::new(43, "High floor tom", 2.5, 16.0, Like(41, 3)),
    Voice::new(44, "Pedal hat", -9.5, -12.0, One(pedal_hat)).class(Hat),
    Voice::new(45, "Low tom", 2.5, 8.0, One(|| tom(112.0, 45))),
    Voice::new(46, "Open hat", -7.0, -12.0, Two(|force| hat(0.9, mix(0.32, 0.5, force), force, 46))).class(Hat),
    Voice::new(47, "Low mid tom", 2.5, 0.0, Like(45, 4)),
    Voice::new(48, "High mid tom", 2.5, -8.0, One(|| tom(168.0, 48))),
    Voice::new(49, "Crash 1", 2.5, -18.0, One(|| crash(1.6, 0.85, 330.0, 49))),
    Voice::new(50, "High tom", 2.5, -16.0, Like(48, 4)),
    Voice::new(51, "Ride 1", -3.5, 16.0, Two(|force| ride(1.45, 0.5, force, 51))),
    Voice::new(52, "China", 0.0, 14.0, One(|| crash(0.9, 0.38, 320.0, 52).driven(1.8))),
    Voice::new(53, "Ride bell", -3.0, 16.0, One(|| ride(0.9, 2.2, 1.0, 53))),
    Voice::new(54, "Tambourine", 1.0, 10.0, One(tambourine)),
    Voice::new(55, "Splash", -1.0, -6.0, One(|| crash(0.7, 0.24, 800.0, 55))),
    Voice::new(56, "Cowbell", -2.5, 8.0, One(cowbell)),
    Voice::new(57, "Crash 2", 2.5, 18.0, Like(49, 2)),
    Voice::new(58, "Vibraslap", -3.0, -10.0, One(vibraslap)),
    Voice::new(59, "Ride 2", -3.5, 20.0, Like(51, 1)),
    Voice::new(60, "High bongo", -1.0, 12.0, One(|| hand_drum(390.0, 0.045, 0.9, 60))),
    Voice::new(61, "Low bongo", -1.0, 12.0, Like(60, -5)),
    Voice::new(62, "Mute conga", -1.0, -12.0, One(|| hand_drum(310.0, 0.025, 0.6, 62))),
    Voice::new(63, "Open conga", 0.0, -12.0, One(|| hand_drum(250.0, 0.1, 0.8, 63))),
    Voice::new(64, "Low conga", 0.0, -14.0, Like(63, -5)),
    Voice::new(65, "High timbale", 0.0, 16.0, One(timbale)),
    Voice::new(66, "Low timbale", 0.0, 16.0, Like(65, -6)),
    Voice::new(67, "High agogo", -3.0, -16.0, One(agogo)),
    Voice::new(68, "Low agogo", -3.0, -16.0, Like(67, -7)),
    Voice::new(69, "Cabasa", -5.0, -14.0, One(|| shake(6_000.0, 0.1, 0.008, 69))),
    Voice::new(70, "Maracas", -3.0, 14.0, One(|| shake(7_500.0, 0.06, 0.004, 70))),
    Voice::new(71, "Short whistle", -3.0, -14.0, One(|| whistle(0.16))).class(Whistle),
    Voice::new(72, "Long whistle", -2.0, -14.0, One(|| whistle(0.42))).class(Whistle),
    Voice::new(73, "Short guiro", -3.5, 10.0, One(|| scrape(0.12, 12, 73))).class(Guiro),
    Voice::new(74, "Long guiro", -3.5, 10.0, One(|| scrape(0.45, 38, 74))).class(Guiro),
    Voice::new(75, "Claves", -1.5, 14.0, One(|| bell(&[(2_480.0, 1.0, 0.028), (5_200.0, 0.12, 0.01)], 0.14, 75))),
    Voice::new(76, "High woodblock", -1.5, 16.0, One(|| wood(1_150.0, 76))),
    Voice::new(77, "Low woodblock", -1.5, 16.0, Like(76, -5)),
    Voice::new(78, "Mute cuica", -2.0, -8.0, One(|| cuica(520.0, 430.0, 0.14))).class(Cuica),
    Voice::new(79, "Open cuica", -1.0, -8.0, One(|| cuica(380.0, 640.0, 0.3))).class(Cuica),
    Voice::new(80, "Mute triangle", -5.0, -18.0, One(|| triangle(0.06, 0.2, 80))).class(Triangle),
    Voice::new(81, "Open triangle", -4.0, -18.0, One(|| triangle(1.0, 0.9, 81))).class(Triangle),
    Voice::new(82, "Shaker", -9.0, 10.0, One(|| shake(5_200.0, 0.12, 0.03, 82))),
    Voice::new(83, "Jingle bell", -9.0, 0.0, One(|| Hit::new(0.5, 83).metal(1.0, 70, 3_800.0, 14_000.0, 0.2, 0.2))),
    Voice::new(84, "Bell tree", -9.0, 0.0, One(bell_tree)),
    Voice::new(85, "Castanets", -5.0, -6.0, One(castanets)),
    Voice::new(86, "Mute surdo", -1.0, 0.0, One(|| hand_drum(82.0, 0.06, 0.12, 86))).class(Surdo),
    Voice::new(87, "Open surdo", -1.0, 0.0, One(|| hand_drum(78.0, 0.22, 0.08, 87))).class(Surdo),
];

/// Bass drum: `click` is how much of the beater is heard of a hard stroke.
pub fn kick(frequency: f64, click: f64, force: f64, seed: u64) -> Hit {
    let beater = click * mix(0.25, 1.0, force);
    Hit::low(0.36, seed)
        .skin(1.0, frequency, mix(1.2, 2.2, force), 0.02, 0.085)
        .skin(0.35, frequency * 1.9, 1.2, 0.01, 0.045)
        .skin(0.12, frequency * 3.1, 0.4, 0.01, 0.03)
        .burst(1.1 * beater, 1_500.0, 7_500.0, 0.0004, 0.007)
        .burst(0.35 * mix(0.5, 1.0, force), 120.0, 900.0, 0.001, 0.022)
        .driven(mix(1.0, 1.4, force))
}

/// Snare drum: two modes of the skin, and the wires, which ring longer than it.
pub fn snare(frequency: f64, wires: f64, force: f64, seed: u64) -> Hit {
    let stick = mix(0.25, 1.0, force);
    Hit::new(0.36, seed)
        .skin(0.8, frequency, mix(0.15, 0.45, force), 0.012, 0.048)
        .skin(0.45, frequency * 1.78, 0.25, 0.01, 0.038)
        .skin(0.2, frequency * 2.6, 0.2, 0.008, 0.03)
        .burst(
            0.75 * wires,
            1_800.0,
            9_500.0,
            0.0012,
            mix(0.055, 0.08, force),
        )
        .burst(0.85 * wires, 450.0, 4_000.0, 0.0005, 0.032)
        .burst(0.7 * stick, 2_500.0, 12_000.0, 0.0003, 0.005)
        .driven(mix(1.0, 1.5, force))
}

/// A tom of a fundamental in hertz: the larger, the longer it rings.
pub fn tom(frequency: f64, seed: u64) -> Hit {
    Hit::low(0.2 + 40.0 / frequency, seed)
        .skin(1.0, frequency, 0.35, 0.05, 16.0 / frequency + 0.06)
        .skin(0.4, frequency * 1.59, 0.25, 0.03, 0.1)
        .skin(0.2, frequency * 2.3, 0.2, 0.02, 0.06)
        .burst(1.0, 200.0, 6_000.0, 0.0004, 0.016)
        .driven(1.2)
}

fn hat(seconds: f64, decay: f64, force: f64, seed: u64) -> Hit {
    Hit::new(seconds, seed)
        .metal(1.0, 240, 900.0, 16_500.0, decay, mix(0.45, 0.6, force))
        .burst(
            mix(0.1, 0.28, force),
            5_000.0,
            16_000.0,
            0.0002,
            decay.min(0.05) * 0.5,
        )
        .filtered(Biquad::high_pass(DRUM_RATE, 3_000.0, 0.7))
        .filtered(Biquad::high_pass(DRUM_RATE, 500.0, 0.7))
}

fn pedal_hat() -> Hit {
    hat(0.16, 0.028, 0.5, 44).burst(0.2, 300.0, 1_500.0, 0.002, 0.012)
}

/// Crash cymbal; `decay` (s) at 1 kHz.
pub fn crash(seconds: f64, decay: f64, low: f64, seed: u64) -> Hit {
    Hit::at_rate(RATE, seconds, seed)
        .metal(1.0, 520, low, 14_500.0, decay, 0.12)
        .burst(0.45, 2_500.0, 13_500.0, 0.001, 0.09)
        .filtered(Biquad::high_pass(RATE, 300.0, 0.7))
}

/// Ride cymbal; `bell` is how much of the bell is heard.
pub fn ride(seconds: f64, bell: f64, force: f64, seed: u64) -> Hit {
    Hit::at_rate(RATE, seconds, seed)
        .metal(mix(0.35, 0.5, force), 300, 500.0, 14_500.0, 0.9, 0.5)
        .modes(&[
            (587.0, 0.12 * bell, 0.9),
            (1_147.0, 0.25 * bell, 0.8),
            (1_871.0, 0.3 * bell, 0.7),
            (2_693.0, 0.3 * bell, 0.55),
            (3_963.0, 0.25 * bell, 0.4),
            (5_210.0, 0.2 * bell, 0.3),
        ])
        .burst(mix(0.35, 0.9, force), 5_000.0, 14_500.0, 0.0002, 0.012)
        .filtered(Biquad::high_pass(RATE, 350.0, 0.7))
}

fn side_stick() -> Hit {
    Hit::new(0.12, 37)
        .modes(&[
            (480.0, 0.5, 0.014),
            (1_720.0, 1.0, 0.012),
            (2_600.0, 0.4, 0.008),
        ])
        .burst(0.5, 1_500.0, 9_000.0, 0.0002, 0.006)
}

/// Several hands that meet a little apart, and the room.
pub fn clap() -> Hit {
    Hit::new(0.3, 39)
        .grains(
            1.0,
            (1_250.0, 0.9),
            0.007,
            &[(0.0, 0.9), (0.011, 0.8), (0.022, 0.9)],
        )
        .grains(0.55, (1_400.0, 0.7), 0.055, &[(0.032, 1.0)])
}

fn tambourine() -> Hit {
    Hit::new(0.34, 54)
        .metal(0.6, 60, 4_500.0, 15_000.0, 0.16, 0.2)
        .grains(
            0.8,
            (8_500.0, 1.2),
            0.02,
            &[(0.0, 1.0), (0.018, 0.4), (0.03, 0.3)],
        )
}

fn cowbell() -> Hit {
    let modes = [
        (562.0, 0.9, 0.09),
        (845.0, 1.0, 0.11),
        (1_690.0, 0.35, 0.05),
        (2_530.0, 0.25, 0.04),
        (3_900.0, 0.12, 0.03),
    ];
    bell(&modes, 0.45, 56)
}

fn vibraslap() -> Hit {
    let teeth: Vec<(f64, f64)> = (0..22)
        .map(f64::from)
        .map(|n| (0.032 * n * (1.0 - 0.008 * n), gain(-1.1 * n)))
        .collect();
    Hit::at_rate(RATE, 0.7, 58).grains(1.0, (2_400.0, 2.5), 0.012, &teeth)
}

fn hand_drum(frequency: f64, decay: f64, slap: f64, seed: u64) -> Hit {
    Hit::low(0.06 + 4.2 * decay, seed)
        .skin(1.0, frequency, 0.18, 0.02, decay)
        .skin(0.4, frequency * 1.6, 0.1, 0.02, 0.5 * decay)
        .burst(slap, 500.0, 6_000.0, 0.0003, 0.012)
}

fn timbale() -> Hit {
    Hit::new(0.5, 65)
        .skin(1.0, 410.0, 0.06, 0.02, 0.1)
        .skin(0.5, 690.0, 0.04, 0.02, 0.07)
        .metal(0.15, 20, 1_200.0, 7_000.0, 0.08, 0.0)
        .burst(0.4, 1_500.0, 9_000.0, 0.0003, 0.01)
}

/// Modes with a short tap.
pub fn bell(modes: &[(f64, f64, f64)], seconds: f64, seed: u64) -> Hit {
    Hit::new(seconds, seed)
        .modes(modes)
        .burst(0.25, 2_000.0, 9_000.0, 0.0002, 0.004)
}

fn agogo() -> Hit {
    let modes = [
        (1.0, 1.0, 0.14),
        (1.48, 0.6, 0.11),
        (2.62, 0.45, 0.08),
        (4.1, 0.25, 0.05),
    ];
    bell(
        &modes.map(|(ratio, level, decay)| (1_080.0 * ratio, level, decay)),
        0.55,
        67,
    )
}

fn wood(frequency: f64, seed: u64) -> Hit {
    let modes = [(1.0, 1.0, 0.022), (1.55, 0.5, 0.014), (2.8, 0.3, 0.008)];
    bell(
        &modes.map(|(ratio, level, decay)| (frequency * ratio, level, decay)),
        0.12,
        seed,
    )
}

/// Triangle: `ring` is 1 when it is free.
fn triangle(ring: f64, seconds: f64, seed: u64) -> Hit {
    let modes = [
        (1_230.0, 0.2, 0.9),
        (2_710.0, 0.4, 0.9),
        (4_180.0, 0.7, 0.8),
        (6_390.0, 0.6, 0.6),
        (8_750.0, 0.5, 0.45),
        (11_300.0, 0.3, 0.3),
    ];
    bell(
        &modes.map(|(frequency, level, decay)| (frequency, level, ring * decay)),
        seconds,
        seed,
    )
}

fn bell_tree() -> Hit {
    let modes: Vec<(f64, f64, f64)> = (0..14)
        .map(|n| (2_200.0 * 1.13_f64.powi(n), 0.3, 0.5))
        .collect();
    bell(&modes, 0.5, 84)
}

/// A cloud of beads that swells in `swell` seconds.
pub fn shake(centre: f64, seconds: f64, swell: f64, seed: u64) -> Hit {
    Hit::new(seconds, seed).burst(1.0, centre, 1.8 * centre, swell, 0.3 * seconds)
}

fn scrape(seconds: f64, teeth: usize, seed: u64) -> Hit {
    let times: Vec<(f64, f64)> = (0..teeth)
        .map(|n| n as f64 / teeth as f64)
        .map(|share| (seconds * 0.85 * share.powf(0.8), 0.6 + 0.4 * share))
        .collect();
    Hit::new(seconds, seed).grains(1.0, (2_600.0, 1.2), 0.006, &times)
}

fn castanets() -> Hit {
    Hit::new(0.12, 85).grains(1.0, (2_300.0, 2.0), 0.005, &[(0.0, 1.0), (0.018, 0.7)])
}

fn whistle(seconds: f64) -> Hit {
    let mut hit = Hit::low(seconds, 90);
    let rate = f64::from(hit.rate);
    let mut angle = 0.0;
    for (index, point) in hit.points.iter_mut().enumerate() {
        let t = index as f64 / rate;
        // The ball in the pipe closes it 32 times a second.
        let ball = (TAU * 32.0 * t).sin();
        angle += (2_350.0 + 60.0 * ball) / rate;
        *point = (TAU * angle).sin() * (t / 0.008).min(1.0) * (0.75 + 0.25 * ball);
    }
    hit.burst(0.12, 1_800.0, 4_000.0, 0.004, 1.0)
}

fn cuica(from: f64, to: f64, seconds: f64) -> Hit {
    let mut hit = Hit::low(seconds, 91);
    let rate = f64::from(hit.rate);
    let mut angle = 0.0;
    for (index, point) in hit.points.iter_mut().enumerate() {
        let share = index as f64 / rate / seconds;
        angle += (from + (to - from) * share) / rate;
        let wave: f64 = (1..7)
            .map(|k| (TAU * angle * f64::from(k)).sin() / f64::from(k))
            .sum();
        *point = wave * (share * seconds / 0.01).min(1.0) * (1.0 - share);
    }
    let filter = Biquad::band_pass(hit.rate, 900.0, 0.6);
    hit.filtered(filter)
}
