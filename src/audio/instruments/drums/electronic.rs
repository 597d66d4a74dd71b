//! An analogue drum machine after the Roland TR-808, and an electronic kit with harder skins on top of it.
//!
//! Frequencies and decays follow the machine's service notes (Roland, 1981) and the circuit model of K. Werner, J. Abel and J. Smith
//! (*A physically-informed, circuit-bendable, digital model of the Roland TR-808 bass drum*, Digital Audio Effects 2014): the bass
//! drum is a ringing filter near 50 Hz; cymbals, hats and cowbell are six square waves at unrelated frequencies through
//! band-passes; the rest is ringing filters and gated noise. Nothing of the machine is sampled.

use super::super::synthesis::{Biquad, DRUM_RATE, Hit, mix};
use super::Class::Hat;
use super::Sound::{Like, One, Two};
use super::Voice;

/// Frequencies (hertz) of the six square waves that make its metal.
const METAL: [f64; 6] = [205.3, 304.4, 369.6, 522.7, 540.0, 800.0];

/// The drum machine.
#[rustfmt::skip] // A table: one line a voice.
pub const MACHINE: &[Voice] = &[
    Voice::new(35, "808 kick 2", 2.0, 0.0, Like(36, -2)),
    Voice::new(36, "808 kick", 2.5, 0.0, Two(machine_kick)),
    Voice::new(37, "808 rim", -1.5, 4.0, One(|| Hit::new(0.08, 237).modes(&[(455.0, 0.6, 0.006), (1_667.0, 1.0, 0.008)]).driven(3.0))),
    Voice::new(38, "808 snare", 0.0, 0.0, Two(machine_snare)),
    Voice::new(39, "808 clap", 0.0, 6.0, One(machine_clap)),
    Voice::new(40, "808 snare 2", 0.0, 0.0, Like(38, 3)),
    Voice::new(41, "808 low tom", 0.5, 18.0, One(|| machine_tom(80.0, 0.12, 241))),
    Voice::new(42, "808 closed hat", -8.0, -8.0, Two(|force| machine_hat(0.12, mix(0.02, 0.032, force), 242))).class(Hat),
    Voice::new(43, "808 low tom 2", 0.5, 14.0, Like(41, 3)),
    Voice::new(44, "808 pedal hat", -7.5, -8.0, Like(42, 0)).class(Hat),
    Voice::new(45, "808 mid tom", 0.5, 4.0, Like(41, 7)),
    Voice::new(46, "808 open hat", -6.5, -8.0, Two(|force| machine_hat(0.6, mix(0.16, 0.22, force), 246))).class(Hat),
    Voice::new(47, "808 mid tom 2", 0.5, 0.0, Like(41, 9)),
    Voice::new(48, "808 high tom", 0.5, -8.0, One(|| machine_tom(165.0, 0.09, 248))),
    Voice::new(49, "808 cymbal", 0.0, -14.0, One(machine_cymbal)),
    Voice::new(50, "808 high tom 2", 0.5, -14.0, Like(48, 3)),
    Voice::new(51, "808 ride", -4.5, 14.0, One(|| machine_ride(251))),
    Voice::new(53, "808 bell", -3.0, 14.0, Like(56, 12)),
    Voice::new(56, "808 cowbell", -2.5, 8.0, One(machine_cowbell)),
    Voice::new(57, "808 cymbal 2", 0.0, 14.0, Like(49, 3)),
    Voice::new(59, "808 ride 2", -4.5, 18.0, Like(51, 2)),
    Voice::new(62, "808 high conga", -1.0, -10.0, One(|| machine_conga(370.0, 262))),
    Voice::new(63, "808 mid conga", 0.0, -10.0, Like(62, -5)),
    Voice::new(64, "808 low conga", 0.0, -12.0, Like(62, -10)),
    Voice::new(70, "808 maracas", -5.5, 12.0, One(|| Hit::new(0.06, 270).burst(1.0, 5_000.0, 14_000.0, 0.012, 0.008))),
    Voice::new(75, "808 claves", -1.5, 12.0, One(|| Hit::new(0.1, 275).modes(&[(2_500.0, 1.0, 0.013)]))),
];

/// What the electronic kit has in place of the drum machine's.
#[rustfmt::skip] // A table: one line a voice.
pub const KIT: &[Voice] = &[
    Voice::new(35, "Electronic kick 2", 2.0, 0.0, Like(36, -3)),
    Voice::new(36, "Electronic kick", 2.5, 0.0, Two(kick)),
    Voice::new(38, "Electronic snare", 0.0, 0.0, Two(snare)),
    Voice::new(40, "Electronic snare 2", 0.0, 0.0, Like(38, 4)),
    Voice::new(41, "Electronic tom 1", 0.5, 22.0, One(|| sweep_tom(82.0, 341))),
    Voice::new(43, "Electronic tom 2", 0.5, 14.0, Like(41, 4)),
    Voice::new(45, "Electronic tom 3", 0.5, 6.0, Like(41, 8)),
    Voice::new(47, "Electronic tom 4", 0.5, -2.0, One(|| sweep_tom(160.0, 347))),
    Voice::new(48, "Electronic tom 5", 0.5, -10.0, Like(47, 4)),
    Voice::new(50, "Electronic tom 6", 0.5, -18.0, Like(47, 8)),
];

fn machine_kick(force: f64) -> Hit {
    Hit::low(0.9, 236)
        .skin(1.0, 49.0, mix(0.4, 1.1, force), 0.006, 0.26)
        .burst(0.12 * mix(0.3, 1.0, force), 800.0, 3_000.0, 0.0003, 0.003)
        .driven(mix(1.0, 1.4, force))
}

/// Two ringing filters and high-passed noise ("snappy").
fn machine_snare(force: f64) -> Hit {
    Hit::new(0.3, 238)
        .skin(0.9, 182.0, 0.15, 0.006, 0.05)
        .skin(0.55, 336.0, 0.1, 0.006, 0.032)
        .burst(
            mix(0.35, 0.6, force),
            2_400.0,
            12_000.0,
            0.0006,
            mix(0.045, 0.065, force),
        )
}

fn machine_clap() -> Hit {
    Hit::new(0.35, 239)
        .grains(
            1.0,
            (1_050.0, 1.4),
            0.005,
            &[(0.0, 1.0), (0.010, 1.0), (0.020, 1.0)],
        )
        .grains(0.8, (1_050.0, 1.2), 0.06, &[(0.030, 1.0)])
}

fn machine_tom(frequency: f64, decay: f64, seed: u64) -> Hit {
    Hit::low(0.1 + 4.0 * decay, seed)
        .skin(1.0, frequency, 0.35, 0.02, decay)
        .burst(0.12, 100.0, 1_200.0, 0.002, 0.07)
}

fn machine_conga(frequency: f64, seed: u64) -> Hit {
    Hit::low(0.3, seed).skin(1.0, frequency, 0.12, 0.012, 0.06)
}

/// The six square waves through a band.
fn squares(seconds: f64, waves: &[f64], (centre, q): (f64, f64), seed: u64) -> Hit {
    let mut hit = Hit::new(seconds, seed);
    for frequency in waves {
        // As sums of odd harmonics, which do not fold back.
        let harmonics: Vec<(f64, f64, f64)> = (0..100)
            .map(|n| f64::from(2 * n + 1))
            .take_while(|k| k * frequency < 17_000.0)
            .map(|k| (k * frequency, 1.0 / k, 1e6))
            .collect();
        hit = hit.modes(&harmonics);
    }
    hit.filtered(Biquad::band_pass(DRUM_RATE, centre, q))
}

/// Lets what is there decay with a time constant (s).
fn decaying(mut hit: Hit, decay: f64) -> Hit {
    let rate = f64::from(hit.rate);
    for (index, point) in hit.points.iter_mut().enumerate() {
        *point *= (-(index as f64) / rate / decay).exp();
    }
    hit
}

fn machine_hat(seconds: f64, decay: f64, seed: u64) -> Hit {
    let metal = squares(seconds, &METAL, (10_000.0, 1.1), seed);
    decaying(metal, decay).filtered(Biquad::high_pass(DRUM_RATE, 7_000.0, 0.8))
}

fn machine_cymbal() -> Hit {
    let high = decaying(squares(1.1, &METAL, (10_000.0, 1.0), 249), 0.35);
    let low = decaying(squares(1.1, &METAL, (3_400.0, 1.2), 250), 0.22);
    let mut both = high;
    for (point, other) in both.points.iter_mut().zip(&low.points) {
        *point += 0.7 * other;
    }
    both.filtered(Biquad::high_pass(DRUM_RATE, 2_200.0, 0.7))
}

fn machine_ride(seed: u64) -> Hit {
    decaying(squares(0.6, &METAL, (8_000.0, 1.3), seed), 0.2)
        .filtered(Biquad::high_pass(DRUM_RATE, 4_000.0, 0.8))
}

fn machine_cowbell() -> Hit {
    let ring = squares(0.5, &[540.0, 800.0], (2_640.0, 1.0), 256);
    let tap = decaying(squares(0.5, &[540.0, 800.0], (2_640.0, 1.0), 257), 0.012);
    let mut both = decaying(ring, 0.09);
    for (point, other) in both.points.iter_mut().zip(&tap.points) {
        *point += other;
    }
    both
}

/// A sweep from above 200 Hz into a saturated low tone.
fn kick(force: f64) -> Hit {
    Hit::low(0.5, 336)
        .skin(1.0, 52.0, mix(2.4, 4.2, force), 0.022, 0.15)
        .burst(mix(0.1, 0.45, force), 2_000.0, 8_000.0, 0.0002, 0.004)
        .driven(mix(1.5, 2.6, force))
}

fn snare(force: f64) -> Hit {
    Hit::new(0.32, 338)
        .skin(1.0, 176.0, mix(0.5, 0.9, force), 0.012, 0.06)
        .skin(0.5, 330.0, 0.4, 0.008, 0.035)
        .burst(mix(0.4, 0.75, force), 900.0, 9_000.0, 0.0004, 0.075)
        .filtered(Biquad::high_pass(DRUM_RATE, 120.0, 0.7))
        .driven(2.0)
}

fn sweep_tom(frequency: f64, seed: u64) -> Hit {
    Hit::low(0.65, seed)
        .skin(1.0, frequency, 1.3, 0.07, 0.16)
        .burst(0.18, 400.0, 5_000.0, 0.0003, 0.02)
        .driven(1.6)
}
