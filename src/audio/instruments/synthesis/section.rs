//! Held sounds of living players: each has a pitch that moves by itself, so a section never stands still and never beats in step.
//!
//! Every player is a harmonic series on a phase `n t / T + sum A_j sin(2 pi q_j t / T + a_j)`, where `T` is the loop and `n` and all
//! `q_j` are whole numbers: vibrato, drift and detuning all come round with the loop, which therefore has no seam however long
//! the chord is held. The amplitudes follow the spectrum at the momentary frequency: vibrato across the resonances of a body
//! moves the timbre as well as the pitch.

use std::f64::consts::{LN_2, TAU};

use super::tone::{GUARD, ToneSpec, add_breath};
use super::{Noise, Partial, Shape, Tone};

/// Points per piece of an amplitude curve.
const STEP: usize = 64;
/// Harmonics of a low note beyond which nothing is heard.
const HARMONICS: u32 = 96;

/// A held sound by one player or many.
pub struct Section<'a> {
    /// Name of the family.
    pub name: &'a str,
    /// Key.
    pub root: u8,
    /// How many play.
    pub players: usize,
    /// Amplitude of harmonic k at a frequency in hertz.
    pub spectrum: &'a dyn Fn(f64, f64) -> f64,
    /// How far the players are apart, in cents (deviation).
    pub spread: f64,
    /// Depth (cents to each side) and speed (hertz) of each player's vibrato.
    pub vibrato: (f64, f64),
    /// Slow wandering of the pitch, in cents.
    pub drift: f64,
    /// Seconds until a harmonic has swelled to two thirds, and seconds to add for every harmonic above the first.
    pub rise: (f64, f64),
    /// The players begin within so many seconds.
    pub onset: f64,
    /// Level of the breath or bow against the tone, in decibels, and the centre of its band in hertz.
    pub breath: Option<(f64, f64)>,
    /// Seconds before the loop; the vibrato grows over them.
    pub settle: f64,
    /// Seconds of the loop.
    pub cycle: f64,
    /// Harmonics above this frequency are left out.
    pub limit: f64,
}

impl Default for Section<'_> {
    fn default() -> Self {
        Self {
            name: "",
            root: 60,
            players: 8,
            spectrum: &|k, _| 1.0 / k,
            spread: 6.0,
            vibrato: (0.0, 5.5),
            drift: 0.0,
            rise: (0.03, 0.002),
            onset: 0.0,
            breath: None,
            settle: 0.25,
            cycle: 2.4,
            limit: 9_700.0,
        }
    }
}

/// One slow movement of a player's phase: depth in turns, whole turns a loop, phase in turns.
struct Sway {
    depth: f64,
    turns: f64,
    phase: f64,
}

/// One player: whole periods of the fundamental in a loop, movements, and when the note begins (s).
struct Player {
    periods: f64,
    vibrato: Sway,
    drift: Vec<Sway>,
    begins: f64,
    leads: bool,
}

/// Where a tone's loop lies, in points.
struct Span {
    rate: f64,
    start: f64,
    cycle: f64,
}

impl Span {
    /// From 0 at the beginning to 1 where the loop begins, level at both ends.
    fn settled(&self, index: f64) -> f64 {
        let share = (index / (self.start - 2.0 * STEP as f64).max(1.0)).clamp(0.0, 1.0);
        share * share * (3.0 - 2.0 * share)
    }
}

impl Sway {
    fn at(&self, turn: f64) -> f64 {
        self.depth * (TAU * (self.turns * turn + self.phase)).sin()
    }

    /// A movement of so many cents on a fundamental of `periods` a loop.
    fn of(cents: f64, turns: f64, periods: f64, noise: &mut Noise) -> Self {
        Self {
            depth: LN_2 * cents / 1_200.0 * periods / (TAU * turns),
            turns,
            phase: noise.unit(),
        }
    }
}

impl Player {
    /// Phase in turns of the fundamental, `index` points from the beginning.
    fn phase(&self, index: f64, span: &Span) -> f64 {
        let turn = (index - span.start) / span.cycle;
        let drift: f64 = self.drift.iter().map(|sway| sway.at(turn)).sum();
        self.periods * turn + self.vibrato.at(turn) * span.settled(index) + drift
    }
}

impl Section<'_> {
    /// The tone, the same every time.
    pub fn tone(&self) -> Tone {
        let mut noise = Noise::new(u64::from(self.root) * 7_907 + self.name.len() as u64);
        let mut spec = ToneSpec::new(self.name, self.root);
        let fundamental = spec.fundamental();
        // A section reaches as high as its highest sounding harmonic: that decides the rate.
        spec.partials = (1..=HARMONICS)
            .map(f64::from)
            .take_while(|k| k * fundamental <= self.limit)
            .map(|k| Partial {
                frequency: k * fundamental,
                amplitude: (self.spectrum)(k, k * fundamental),
                phase: 0.0,
                shape: Shape::Rise(0.0),
            })
            .collect();
        spec.fit_rate();
        let rate = f64::from(spec.rate);
        let periods = (self.cycle * fundamental).round().max(1.0);
        let span = Span {
            rate,
            start: (self.settle * rate).round(),
            // The length of the loop is what tunes the tone.
            cycle: (periods / fundamental * rate).round(),
        };
        let (start, cycle) = (span.start as usize, span.cycle as usize);
        let mut points = vec![0.0; start + cycle + GUARD];
        let count = spec.partials.len();
        for player in self.cast(periods, &span, &mut noise) {
            let phases: Vec<f64> = (0..count).map(|_| noise.unit()).collect();
            self.play(&player, &phases, &span, &mut points);
        }
        if self.players > 2 {
            level_out(&mut points, start, cycle, (0.25 * rate) as usize);
        }
        if let Some((level, centre)) = self.breath {
            let mut noise = Noise::new(u64::from(self.root) + 31);
            add_breath(&mut points, cycle, spec.rate, (level, centre), &mut noise);
        }
        Tone {
            name: spec.name,
            rate: spec.rate,
            points,
            cycle: Some((start, start + cycle)),
            root: self.root,
        }
    }

    /// The players of a loop of `periods` of the fundamental.
    fn cast(&self, periods: f64, span: &Span, noise: &mut Noise) -> Vec<Player> {
        let seconds = span.cycle / span.rate;
        // The leader is in tune; the others stand in pairs on both sides of the pitch, so that their mean is in tune as well.
        let mut apart = 0.0;
        (0..self.players)
            .map(|number| {
                if number % 2 == 1 {
                    let cents = self.spread * noise.between(0.4, 1.6);
                    apart = (periods * cents * LN_2 / 1_200.0).round();
                }
                let offset = match number {
                    0 => 0.0,
                    odd if odd % 2 == 1 => apart,
                    _ => -apart,
                };
                let speed = self.vibrato.1 * noise.between(0.88, 1.12);
                let turns = (speed * seconds).round().max(1.0);
                let depth = self.vibrato.0 * noise.between(0.8, 1.2);
                Player {
                    periods: periods + offset,
                    vibrato: Sway::of(depth, turns, periods, noise),
                    drift: (1..=3)
                        .map(|turns| Sway::of(self.drift * 0.6, f64::from(turns), periods, noise))
                        .collect(),
                    begins: if number == 0 {
                        0.0
                    } else {
                        self.onset * noise.unit()
                    },
                    leads: number == 0,
                }
            })
            .collect()
    }

    /// Level of a player at a frequency: low harmonics beat slowly, which would be heard as a pulse, so there the leader has most of
    /// the power, which is the same everywhere.
    fn share(&self, player: &Player, frequency: f64) -> f64 {
        let players = self.players as f64;
        let others = 0.3 + 0.7 * (frequency / 2_200.0).clamp(0.0, 1.0);
        if player.leads {
            (1.0 - (players - 1.0) / players * others * others).sqrt()
        } else {
            others / players.sqrt()
        }
    }

    /// Amplitude of harmonic `k` at a point of a player's note.
    fn amplitude(&self, player: &Player, k: f64, frequency: f64, index: f64, span: &Span) -> f64 {
        let rise = (self.rise.0 + self.rise.1 * (k - 1.0).min(20.0)).max(1e-4);
        let time = index / span.rate - player.begins;
        let missing = (-time.max(0.0) / rise).exp() * (1.0 - span.settled(index));
        self.share(player, frequency) * (self.spectrum)(k, frequency) * (1.0 - missing)
    }

    fn play(&self, player: &Player, phases: &[f64], span: &Span, points: &mut [f64]) {
        let turns: Vec<(f64, f64)> = phases.iter().map(|phase| (TAU * phase).sin_cos()).collect();
        // Amplitudes at a point, all harmonics at once.
        let levels = |index: usize| -> Vec<f64> {
            let index = index as f64;
            let step = STEP as f64;
            let frequency =
                (player.phase(index + step, span) - player.phase(index, span)) * span.rate / step;
            (1..=phases.len())
                .map(|k| self.amplitude(player, k as f64, k as f64 * frequency, index, span))
                .collect()
        };
        let mut low = levels(0);
        for (piece, block) in points.chunks_mut(STEP).enumerate() {
            let first = piece * STEP;
            let high = levels(first + STEP);
            for (offset, point) in block.iter_mut().enumerate() {
                let share = offset as f64 / STEP as f64;
                let (sin, cos) =
                    (TAU * player.phase((first + offset) as f64, span).fract()).sin_cos();
                // The k-th power of a unit vector is the k-th harmonic.
                let (mut s, mut c) = (sin, cos);
                let mut sum = 0.0;
                for ((low, high), (turn_sin, turn_cos)) in low.iter().zip(&high).zip(&turns) {
                    sum += (low + (high - low) * share) * (s * turn_cos + c * turn_sin);
                    (s, c) = (s * cos + c * sin, c * cos - s * sin);
                }
                *point += sum;
            }
            low = high;
        }
    }
}

/// Evens out how loud the section is over a window of points, as players listen to each other: the same in every round of the loop.
fn level_out(points: &mut [f64], start: usize, cycle: usize, window: usize) {
    let round: Vec<f64> = points
        .iter()
        .skip(start)
        .take(cycle)
        .map(|point| point * point)
        .collect();
    let mean = round.iter().sum::<f64>() / cycle.max(1) as f64;
    // Power of a window round each hundredth of the loop, in a ring.
    let pieces = 100;
    let power = |piece: usize| {
        let first = piece * cycle / pieces + cycle - window.min(cycle) / 2;
        let ring = (first..first + window).map(|index| round.get(index % cycle).copied());
        ring.map(|power| power.unwrap_or(0.0)).sum::<f64>() / window.max(1) as f64
    };
    let gains: Vec<f64> = (0..pieces)
        .map(|piece| (mean / power(piece).max(1e-3 * mean)).powf(0.4))
        .collect();
    for (index, point) in points.iter_mut().enumerate() {
        // Before the loop, the ring goes on backwards.
        let turn = (index as f64 - start as f64) / cycle as f64;
        let place = turn.rem_euclid(1.0) * pieces as f64;
        let gain = |piece: usize| gains.get(piece % pieces).copied().unwrap_or(1.0);
        let (low, high) = (gain(place as usize), gain(place as usize + 1));
        *point *= low + (high - low) * place.fract();
    }
}
