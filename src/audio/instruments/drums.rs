//! The drum kit: 47 keys of General MIDI (35..=81) and the extra ones of level 2 (27..=34, 82..=87).
//!
//! Skins are a few modes whose pitch falls in the first hundredth of a second, with noise for the beater and snares; cymbals
//! are hundreds of modes at random frequencies, each with its own decay, under a short stroke of noise: what rings is a sum
//! of sines, as in metal, so it neither hisses nor repeats. Shakers and scrapers are grains of filtered noise.

use std::f64::consts::TAU;

use super::synthesis::{Biquad, DRUM_RATE, Envelope, Hit, RATE, Region, Tone, gain};

/// A drum on its key: level in decibels against the snare, place, class of hits that cut each other.
struct Drum {
    key: u8,
    level: f64,
    pan: f64,
    exclusive: u8,
    tone: Tone,
}

fn kick(frequency: f64, click: f64, seed: u64) -> Hit {
    Hit::low(0.42, seed)
        .skin(1.0, frequency, 2.6, 0.018, 0.13)
        .skin(0.35, frequency * 1.9, 1.2, 0.01, 0.04)
        .burst(click, 1_200.0, 6_000.0, 0.0004, 0.005)
        .burst(0.25, 100.0, 900.0, 0.001, 0.02)
        .driven(1.6)
}

fn snare(frequency: f64, wires: f64, seed: u64) -> Hit {
    Hit::new(0.36, seed)
        .skin(0.7, frequency, 0.5, 0.012, 0.06)
        .skin(0.4, frequency * 1.78, 0.3, 0.01, 0.045)
        .burst(wires, 1_400.0, 11_000.0, 0.0008, 0.085)
        .burst(0.5 * wires, 400.0, 4_500.0, 0.0004, 0.035)
        .burst(0.5, 2_500.0, 12_000.0, 0.0003, 0.006)
        .driven(1.4)
}

fn tom(frequency: f64, seed: u64) -> Tone {
    Hit::low(0.15 + 34.0 / frequency, seed)
        .skin(1.0, frequency, 0.35, 0.05, 14.0 / frequency + 0.06)
        .skin(0.35, frequency * 1.59, 0.25, 0.03, 0.09)
        .skin(0.18, frequency * 2.3, 0.2, 0.02, 0.05)
        .burst(0.35, 200.0, 3_500.0, 0.0004, 0.018)
        .driven(1.2)
        .tone("Tom", 60)
}

fn hat(seconds: f64, decay: f64, seed: u64) -> Hit {
    Hit::new(seconds, seed)
        .metal(1.0, 220, 3_200.0, 16_500.0, decay, 0.6)
        .burst(0.25, 6_000.0, 16_000.0, 0.0002, decay.min(0.05) * 0.5)
        .filtered(Biquad::high_pass(DRUM_RATE, 5_500.0, 0.7))
}

fn crash(seconds: f64, decay: f64, low: f64, seed: u64) -> Hit {
    Hit::new(seconds, seed)
        .metal(1.0, 480, low, 16_000.0, decay, 0.12)
        .burst(0.45, 2_500.0, 15_000.0, 0.001, 0.09)
        .filtered(Biquad::high_pass(DRUM_RATE, 300.0, 0.7))
}

fn ride(bell: f64, seed: u64) -> Hit {
    Hit::new(0.8, seed)
        .metal(0.55, 260, 600.0, 15_000.0, 0.6, 0.3)
        .modes(&[
            (587.0, 0.12 * bell, 0.5),
            (1_147.0, 0.25 * bell, 0.45),
            (1_871.0, 0.3 * bell, 0.4),
            (2_693.0, 0.3 * bell, 0.35),
            (3_963.0, 0.25 * bell, 0.25),
            (5_210.0, 0.2 * bell, 0.2),
        ])
        .burst(0.3, 5_000.0, 15_000.0, 0.0002, 0.008)
        .filtered(Biquad::high_pass(DRUM_RATE, 350.0, 0.7))
}

fn skin_drum(name: &str, frequency: f64, decay: f64, slap: f64, seed: u64) -> Tone {
    Hit::low(0.06 + 4.2 * decay, seed)
        .skin(1.0, frequency, 0.18, 0.02, decay)
        .skin(0.4, frequency * 1.6, 0.1, 0.02, 0.5 * decay)
        .burst(slap, 500.0, 6_000.0, 0.0003, 0.012)
        .tone(name, 60)
}

fn bell(name: &str, modes: &[(f64, f64, f64)], seconds: f64, seed: u64) -> Tone {
    Hit::new(seconds, seed)
        .modes(modes)
        .burst(0.25, 2_000.0, 9_000.0, 0.0002, 0.004)
        .tone(name, 60)
}

fn shake(name: &str, centre: f64, seconds: f64, swell: f64, seed: u64) -> Tone {
    Hit::new(seconds, seed)
        .burst(1.0, centre, 1.8 * centre, swell, 0.3 * seconds)
        .tone(name, 60)
}

fn scrape(name: &str, seconds: f64, teeth: usize, seed: u64) -> Tone {
    let times: Vec<(f64, f64)> = (0..teeth)
        .map(|n| {
            (
                seconds * 0.85 * (n as f64 / teeth as f64).powf(0.8),
                0.6 + 0.4 * n as f64 / teeth as f64,
            )
        })
        .collect();
    Hit::new(seconds, seed)
        .grains(1.0, (2_600.0, 1.2), 0.006, &times)
        .tone(name, 60)
}

fn whistle(seconds: f64) -> Tone {
    let mut hit = Hit::low(seconds, 90);
    let rate = f64::from(hit.rate);
    let mut angle = 0.0;
    for (index, point) in hit.points.iter_mut().enumerate() {
        let t = index as f64 / rate;
        angle += (2_350.0 + 60.0 * (TAU * 32.0 * t).sin()) / rate;
        *point =
            (TAU * angle).sin() * (t / 0.008).min(1.0) * (0.75 + 0.25 * (TAU * 32.0 * t).sin());
    }
    hit.burst(0.12, 1_800.0, 4_000.0, 0.004, 1.0)
        .tone("Whistle", 60)
}

fn cuica(from: f64, to: f64, seconds: f64) -> Tone {
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
    hit.filtered(filter).tone("Cuica", 60)
}

const CLASS_HAT: u8 = 1;
const CLASS_WHISTLE: u8 = 2;
const CLASS_GUIRO: u8 = 3;
const CLASS_CUICA: u8 = 4;
const CLASS_TRIANGLE: u8 = 5;
const CLASS_SURDO: u8 = 6;

fn drums() -> Vec<Drum> {
    let drum = |key, level, pan, exclusive, tone| Drum {
        key,
        level,
        pan,
        exclusive,
        tone,
    };
    let triangle = [
        (1_230.0, 0.2, 0.9),
        (2_710.0, 0.4, 0.9),
        (4_180.0, 0.7, 0.8),
        (6_390.0, 0.6, 0.6),
        (8_750.0, 0.5, 0.45),
        (11_300.0, 0.3, 0.3),
    ];
    let cut = triangle.map(|(frequency, level, decay)| (frequency, level, 0.06 * decay));
    let cowbell = [
        (562.0, 0.9, 0.09),
        (845.0, 1.0, 0.11),
        (1_690.0, 0.35, 0.05),
        (2_530.0, 0.25, 0.04),
        (3_900.0, 0.12, 0.03),
    ];
    let agogo = |f: f64| {
        [
            (f, 1.0, 0.14),
            (1.48 * f, 0.6, 0.11),
            (2.62 * f, 0.45, 0.08),
            (4.1 * f, 0.25, 0.05),
        ]
    };
    let wood = |f: f64| {
        [
            (f, 1.0, 0.022),
            (1.55 * f, 0.5, 0.014),
            (2.8 * f, 0.3, 0.008),
        ]
    };
    let clap = Hit::new(0.3, 39)
        .grains(
            1.0,
            (1_250.0, 0.9),
            0.007,
            &[(0.0, 0.9), (0.011, 0.8), (0.022, 0.9)],
        )
        .grains(0.55, (1_400.0, 0.7), 0.055, &[(0.032, 1.0)]);
    let tambourine = Hit::new(0.34, 54)
        .metal(0.6, 60, 4_500.0, 15_000.0, 0.16, 0.2)
        .grains(
            0.8,
            (8_500.0, 1.2),
            0.02,
            &[(0.0, 1.0), (0.018, 0.4), (0.03, 0.3)],
        );
    let vibraslap: Vec<(f64, f64)> = (0..22)
        .map(|n| {
            (
                0.032 * f64::from(n) * (1.0 - 0.008 * f64::from(n)),
                gain(-1.1 * f64::from(n)),
            )
        })
        .collect();
    let bell_tree: Vec<(f64, f64, f64)> = (0..14)
        .map(|n| (2_200.0 * 1.13_f64.powi(n), 0.3, 0.5))
        .collect();
    vec![
        drum(
            27,
            -4.0,
            0.0,
            0,
            Hit::new(0.08, 27)
                .skin(1.0, 700.0, 3.0, 0.015, 0.02)
                .tone("High Q", 60),
        ),
        drum(
            28,
            -4.0,
            0.0,
            0,
            Hit::new(0.12, 28)
                .grains(1.0, (1_700.0, 1.0), 0.015, &[(0.0, 1.0)])
                .tone("Slap", 60),
        ),
        drum(
            29,
            -8.0,
            0.0,
            0,
            shake("Scratch push", 1_300.0, 0.12, 0.05, 29),
        ),
        drum(
            30,
            -8.0,
            0.0,
            0,
            shake("Scratch pull", 1_000.0, 0.14, 0.02, 30),
        ),
        drum(31, -4.0, 0.0, 0, bell("Sticks", &wood(2_600.0), 0.09, 31)),
        drum(
            32,
            -6.0,
            0.0,
            0,
            bell(
                "Square click",
                &[(1_800.0, 1.0, 0.006), (5_400.0, 0.33, 0.006)],
                0.05,
                32,
            ),
        ),
        drum(
            33,
            -6.0,
            0.0,
            0,
            bell("Metronome click", &wood(1_900.0), 0.09, 33),
        ),
        drum(
            34,
            -6.0,
            0.0,
            0,
            bell(
                "Metronome bell",
                &[(2_640.0, 1.0, 0.12), (7_100.0, 0.4, 0.05)],
                0.4,
                34,
            ),
        ),
        drum(35, 2.0, 0.0, 0, kick(48.0, 0.18, 35).tone("Kick 2", 60)),
        drum(36, 2.5, 0.0, 0, kick(55.0, 0.4, 36).tone("Kick 1", 60)),
        drum(
            37,
            -1.5,
            4.0,
            0,
            Hit::new(0.12, 37)
                .modes(&[
                    (480.0, 0.5, 0.014),
                    (1_720.0, 1.0, 0.012),
                    (2_600.0, 0.4, 0.008),
                ])
                .burst(0.5, 1_500.0, 9_000.0, 0.0002, 0.006)
                .tone("Side stick", 60),
        ),
        drum(38, 0.0, 2.0, 0, snare(186.0, 0.8, 38).tone("Snare 1", 60)),
        drum(39, 0.0, 6.0, 0, clap.tone("Clap", 60)),
        drum(40, 0.0, 2.0, 0, snare(228.0, 0.95, 40).tone("Snare 2", 60)),
        drum(41, 0.5, 22.0, 0, tom(74.0, 41)),
        drum(45, 0.5, 8.0, 0, tom(112.0, 45)),
        drum(48, 0.5, -8.0, 0, tom(168.0, 48)),
        drum(
            42,
            -6.0,
            -12.0,
            CLASS_HAT,
            hat(0.14, 0.035, 42).tone("Closed hat", 60),
        ),
        drum(
            44,
            -7.5,
            -12.0,
            CLASS_HAT,
            hat(0.16, 0.028, 44)
                .burst(0.2, 300.0, 1_500.0, 0.002, 0.012)
                .tone("Pedal hat", 60),
        ),
        drum(
            46,
            -5.0,
            -12.0,
            CLASS_HAT,
            hat(0.75, 0.4, 46).tone("Open hat", 60),
        ),
        drum(
            49,
            1.0,
            -18.0,
            0,
            crash(1.45, 0.75, 380.0, 49).tone("Crash 1", 60),
        ),
        drum(
            52,
            0.0,
            14.0,
            0,
            crash(0.8, 0.34, 320.0, 52).driven(1.8).tone("China", 60),
        ),
        drum(
            55,
            -1.0,
            -6.0,
            0,
            crash(0.55, 0.2, 800.0, 55).tone("Splash", 60),
        ),
        drum(51, -4.5, 16.0, 0, ride(0.5, 51).tone("Ride 1", 60)),
        drum(53, -3.0, 16.0, 0, ride(2.2, 53).tone("Ride bell", 60)),
        drum(54, -2.5, 10.0, 0, tambourine.tone("Tambourine", 60)),
        drum(56, -2.5, 8.0, 0, bell("Cowbell", &cowbell, 0.45, 56)),
        drum(
            58,
            -3.0,
            -10.0,
            0,
            Hit::at_rate(RATE, 0.7, 58)
                .grains(1.0, (2_400.0, 2.5), 0.012, &vibraslap)
                .tone("Vibraslap", 60),
        ),
        drum(
            60,
            -1.0,
            12.0,
            0,
            skin_drum("High bongo", 390.0, 0.06, 0.35, 60),
        ),
        drum(
            62,
            -1.0,
            -12.0,
            0,
            skin_drum("Mute conga", 310.0, 0.025, 0.6, 62),
        ),
        drum(
            63,
            0.0,
            -12.0,
            0,
            skin_drum("Open conga", 250.0, 0.11, 0.35, 63),
        ),
        drum(
            65,
            0.0,
            16.0,
            0,
            Hit::new(0.5, 65)
                .skin(1.0, 410.0, 0.06, 0.02, 0.1)
                .skin(0.5, 690.0, 0.04, 0.02, 0.07)
                .metal(0.15, 20, 1_200.0, 7_000.0, 0.08, 0.0)
                .burst(0.4, 1_500.0, 9_000.0, 0.0003, 0.01)
                .tone("High timbale", 60),
        ),
        drum(
            67,
            -3.0,
            -16.0,
            0,
            bell("High agogo", &agogo(1_080.0), 0.55, 67),
        ),
        drum(69, -5.0, -14.0, 0, shake("Cabasa", 6_000.0, 0.1, 0.008, 69)),
        drum(
            70,
            -5.5,
            14.0,
            0,
            shake("Maracas", 7_500.0, 0.06, 0.004, 70),
        ),
        drum(71, -3.0, -14.0, CLASS_WHISTLE, whistle(0.16)),
        drum(72, -2.0, -14.0, CLASS_WHISTLE, whistle(0.42)),
        drum(
            73,
            -3.5,
            10.0,
            CLASS_GUIRO,
            scrape("Short guiro", 0.12, 12, 73),
        ),
        drum(
            74,
            -3.5,
            10.0,
            CLASS_GUIRO,
            scrape("Long guiro", 0.45, 38, 74),
        ),
        drum(
            75,
            -1.5,
            14.0,
            0,
            bell(
                "Claves",
                &[(2_480.0, 1.0, 0.028), (5_200.0, 0.12, 0.01)],
                0.14,
                75,
            ),
        ),
        drum(
            76,
            -1.5,
            16.0,
            0,
            bell("High woodblock", &wood(1_150.0), 0.12, 76),
        ),
        drum(78, -2.0, -8.0, CLASS_CUICA, cuica(520.0, 430.0, 0.14)),
        drum(79, -1.0, -8.0, CLASS_CUICA, cuica(380.0, 640.0, 0.3)),
        drum(
            80,
            -5.0,
            -18.0,
            CLASS_TRIANGLE,
            bell("Mute triangle", &cut, 0.2, 80),
        ),
        drum(
            81,
            -4.0,
            -18.0,
            CLASS_TRIANGLE,
            bell("Open triangle", &triangle, 0.75, 81),
        ),
        drum(82, -9.0, 10.0, 0, shake("Shaker", 5_200.0, 0.12, 0.03, 82)),
        drum(
            83,
            -9.0,
            0.0,
            0,
            Hit::new(0.5, 83)
                .metal(1.0, 70, 3_800.0, 14_000.0, 0.2, 0.2)
                .tone("Jingle bell", 60),
        ),
        drum(84, -9.0, 0.0, 0, bell("Bell tree", &bell_tree, 0.7, 84)),
        drum(
            85,
            -5.0,
            -6.0,
            0,
            Hit::new(0.12, 85)
                .grains(1.0, (2_300.0, 2.0), 0.005, &[(0.0, 1.0), (0.018, 0.7)])
                .tone("Castanets", 60),
        ),
        drum(
            86,
            -1.0,
            0.0,
            CLASS_SURDO,
            skin_drum("Mute surdo", 82.0, 0.06, 0.12, 86),
        ),
        drum(
            87,
            -1.0,
            0.0,
            CLASS_SURDO,
            skin_drum("Open surdo", 78.0, 0.22, 0.08, 87),
        ),
    ]
}

/// Keys that play another key's sound: key, the other, semitones to add, level and place to add.
const SHARED: [(u8, u8, i16, f64, f64); 10] = [
    (43, 41, 3, 0.0, -6.0),
    (47, 45, 4, 0.0, -8.0),
    (50, 48, 4, 0.0, -8.0),
    (57, 49, 2, 0.0, 36.0),
    (59, 51, 1, 0.0, 4.0),
    (61, 60, -5, 0.0, 0.0),
    (64, 63, -5, 0.0, -2.0),
    (66, 65, -6, 0.0, 0.0),
    (68, 67, -7, 0.0, 0.0),
    (77, 76, -5, 0.0, 0.0),
];

/// The kit: one region a key. Letting go of a key stops nothing: a drum rings out.
pub fn kit() -> Vec<Region> {
    let mut regions: Vec<Region> = drums()
        .into_iter()
        .map(|drum| {
            let key = drum.key;
            let tone = Tone {
                root: key,
                name: format!("{} {key}", drum.tone.name),
                ..drum.tone
            };
            let mut region = Region::new(tone, key..=key, Envelope::held(0.0, 15.0));
            (region.pan, region.exclusive, region.level) = (drum.pan, drum.exclusive, drum.level);
            region
        })
        .collect();
    for (key, other, semitones, level, pan) in SHARED {
        let Some(shared) = regions.iter().find(|region| region.keys == (other..=other)) else {
            continue;
        };
        let mut region = shared.clone();
        region.keys = key..=key;
        // The tone sounds as it is on the other key.
        region.transpose = i16::from(other) - i16::from(key) + semitones;
        region.level += level;
        region.pan += pan;
        regions.push(region);
    }
    regions.into_iter().flat_map(by_velocity).collect()
}

/// Three steps of brightness: a soft stroke excites fewer of the high modes.
fn by_velocity(region: Region) -> impl Iterator<Item = Region> {
    let bright = region.tone.rate == DRUM_RATE;
    let steps = if bright {
        [
            (0..=45, Some(6_500.0)),
            (46..=79, Some(11_000.0)),
            (80..=127, None),
        ]
    } else {
        [
            (0..=45, Some(1_800.0)),
            (46..=79, Some(4_000.0)),
            (80..=127, None),
        ]
    };
    steps.into_iter().map(move |(velocities, cutoff)| Region {
        velocities,
        cutoff,
        ..region.clone()
    })
}
