//! A tone as a sum of partials that ends in a seamless loop.
//!
//! Everything with a pitch is made here. The loop holds a whole number of periods of the fundamental, and every partial
//! that still sounds in it is moved to the nearest multiple of the loop's own frequency (at most 1 Hz away). Before
//! the loop the partials swell or decay each in its own way; towards the loop these movements come to rest, so that
//! the loop repeats without a seam and the player's volume envelope carries the common decay on.

use std::f64::consts::{PI, TAU};

use super::{Biquad, RATE, gain, hertz};

/// Points per piece of an amplitude curve: linear within, exact at its ends.
const STEP: usize = 64;
/// Points after the loop's end that repeat its beginning, for interpolating players.
pub const GUARD: usize = 32;

/// How a partial's amplitude moves with time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Decays at this rate (1/s) on its way to the loop, where it goes on with the others.
    Decay(f64),
    /// Decays at this rate (1/s) and is gone before the loop begins: keeps its exact frequency.
    Transient(f64),
    /// Decays like [`Shape::Decay`] at `rate` and takes over the power of a [`Shape::Transient`] that decays at `prompt` and is
    /// `ratio` times as strong, as that one fades out before the loop.
    Heir {
        /// Own decay (1/s).
        rate: f64,
        /// Decay of the other (1/s).
        prompt: f64,
        /// Amplitude of the other against the own.
        ratio: f64,
    },
    /// Swells with this time constant (s) and stays.
    Rise(f64),
}

/// One sine of a tone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Partial {
    /// Frequency in hertz.
    pub frequency: f64,
    /// Amplitude at the start (or, for [`Shape::Rise`], at the end).
    pub amplitude: f64,
    /// Phase in turns.
    pub phase: f64,
    /// Movement.
    pub shape: Shape,
}

/// A finished tone.
#[derive(Debug, Clone, PartialEq)]
pub struct Tone {
    /// Name in the bank.
    pub name: String,
    /// Points per second.
    pub rate: u32,
    /// The points, of any scale.
    pub points: Vec<f64>,
    /// The loop: first point, and first point after it.
    pub cycle: Option<(usize, usize)>,
    /// The key at which it sounds as it is.
    pub root: u8,
}

/// What a tone is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct ToneSpec {
    /// Name in the bank.
    pub name: String,
    /// The key.
    pub root: u8,
    /// Points per second.
    pub rate: u32,
    /// Seconds before the loop.
    pub settle: f64,
    /// Seconds of the loop, about. With 0 the tone plays once and fades over its last part.
    pub cycle: f64,
    /// The decay (1/s) that the player's envelope adds: taken out of the partials here.
    pub envelope_rate: f64,
    /// Seconds until full level at the very start.
    pub fade_in: f64,
    /// The partials.
    pub partials: Vec<Partial>,
}

impl ToneSpec {
    /// An empty tone of a family on a key: half a second, then a loop of 0.4 s.
    pub fn new(family: &str, root: u8) -> Self {
        Self {
            name: format!("{family} {root}"),
            root,
            rate: RATE,
            settle: 0.5,
            cycle: 0.4,
            envelope_rate: 0.0,
            fade_in: 0.001,
            partials: Vec::new(),
        }
    }

    /// Frequency of the key.
    pub fn fundamental(&self) -> f64 {
        hertz(f64::from(self.root))
    }

    /// Takes the lowest rate that carries every partial within 54 dB of the strongest, and whose images stay below -40 dB: players
    /// interpolate in a straight line, which leaves of a partial at `f` an image at `rate - f`, `(f / (rate - f))^2` times as strong.
    pub fn fit_rate(&mut self) {
        let strongest = self
            .partials
            .iter()
            .fold(0.0_f64, |most, partial| most.max(partial.amplitude.abs()));
        let carries = |rate: u32| {
            let rate = f64::from(rate);
            self.partials.iter().all(|partial| {
                let level = partial.amplitude.abs() / strongest;
                let image = (partial.frequency / (rate - partial.frequency)).powi(2);
                (partial.frequency < 0.44 * rate || level < 2e-3) && level * image < 1e-2
            })
        };
        self.rate = [14_700, 16_000, 18_900, 22_050, 25_200, 29_400]
            .into_iter()
            .find(|rate| carries(*rate))
            .unwrap_or(RATE);
    }

    /// First point of the loop, its length in points, and how many periods it holds. The length is what tunes the tone.
    fn grid(&self) -> (usize, usize) {
        let rate = f64::from(self.rate);
        let start = (self.settle * rate).round() as usize;
        if self.cycle <= 0.0 {
            return (start, 0);
        }
        let period = rate / self.fundamental();
        let wanted = (self.cycle * rate / period).round().max(1.0);
        // Of loops of nearly that length, the one closest to a whole number of points; long ones are close enough anyway.
        let more = if wanted * period > 3_000.0 { 1 } else { 8 };
        let best = (0..more)
            .map(|more| (wanted + f64::from(more)) * period)
            .min_by(|x, y| (x - x.round()).abs().total_cmp(&(y - y.round()).abs()))
            .unwrap_or(period);
        (start, best.round() as usize)
    }

    /// The points of the loop: noise of this length repeats in it without a seam.
    pub fn cycle_points(&self) -> usize {
        self.grid().1
    }

    /// The tone. `finish` may shape the points (filter, distort, add noise); it must not depend on the time since
    /// the start but within the part before the loop, or the loop would not repeat.
    pub fn render_with(&self, finish: impl FnOnce(&mut Vec<f64>, usize)) -> Tone {
        let (start, cycle) = self.grid();
        let length = if cycle == 0 {
            start
        } else {
            start + cycle + GUARD
        };
        let mut points = self.points(start, cycle, length);
        finish(&mut points, cycle);
        if cycle == 0 {
            let tail = (length / 5).max(1);
            for (index, point) in points.iter_mut().rev().enumerate().take(tail) {
                let share = index as f64 / tail as f64;
                *point *= share * share;
            }
            points.resize(length + 16, 0.0);
        }
        Tone {
            name: self.name.clone(),
            rate: self.rate,
            points,
            cycle: (cycle > 0).then_some((start, start + cycle)),
            root: self.root,
        }
    }

    /// The bare sum of partials: `length` points, a loop of `cycle` points from `start` on, repeated for as long as asked.
    pub fn points(&self, start: usize, cycle: usize, length: usize) -> Vec<f64> {
        let mut points = vec![0.0; length];
        for partial in &self.partials {
            self.add(partial, &mut points, start, cycle);
        }
        let fade = ((self.fade_in * f64::from(self.rate)) as usize).max(1);
        for (index, point) in points.iter_mut().enumerate().take(fade) {
            *point *= 0.5 - 0.5 * ((index as f64 + 0.5) / fade as f64 * PI).cos();
        }
        points
    }

    /// The tone as it is.
    pub fn render(&self) -> Tone {
        self.render_with(|_, _| ())
    }

    fn add(&self, partial: &Partial, points: &mut [f64], start: usize, cycle: usize) {
        let rate = f64::from(self.rate);
        if partial.frequency > 0.47 * rate || partial.frequency <= 0.0 || partial.amplitude == 0.0 {
            return;
        }
        let frequency = match partial.shape {
            Shape::Transient(_) => partial.frequency,
            _ if cycle > 0 => {
                let grid = rate / cycle as f64;
                // The fundamental and exact harmonics land where they are; the others move by half a step at most.
                grid * (partial.frequency / grid).round().max(1.0)
            }
            _ => partial.frequency,
        };
        // All movement ends two pieces before the loop: its first piece must be as level as its last.
        let settle = (start as f64 - 2.0 * STEP as f64).max(1.0) / rate;
        // Time runs at its own pace in the first two fifths and slows to a stop at the loop.
        let pace = |time: f64| {
            if cycle == 0 {
                return time;
            }
            let (from, rest) = (0.4 * settle, 0.6 * settle);
            let share = ((time - from) / rest).clamp(0.0, 1.0);
            time.min(from) + rest * (share - 0.5 * share * share)
        };
        // How much of the transients' power the others have taken over: all of it at the loop.
        let handed = |time: f64| {
            let share = ((time / settle - 0.4) / 0.6).clamp(0.0, 1.0);
            if cycle == 0 {
                0.0
            } else {
                share * share * (3.0 - 2.0 * share)
            }
        };
        let level = |index: usize| {
            let time = index as f64 / rate;
            partial.amplitude
                * match partial.shape {
                    Shape::Decay(decay) => (-(decay - self.envelope_rate) * pace(time)).exp(),
                    Shape::Transient(decay) => {
                        (-(decay - self.envelope_rate) * time).exp()
                            * (1.0 - handed(time)).max(0.0).sqrt()
                    }
                    Shape::Heir {
                        rate,
                        prompt,
                        ratio,
                    } => {
                        let left = ratio * (-(prompt - rate) * pace(time)).exp();
                        (-(rate - self.envelope_rate) * pace(time)).exp()
                            * (1.0 + handed(time) * left * left).sqrt()
                    }
                    Shape::Rise(constant) => 1.0 - (-pace(time) / constant.max(1e-4)).exp(),
                }
        };
        let (turn_sin, turn_cos) = (TAU * frequency / rate).sin_cos();
        let (mut sin, mut cos) = (TAU * partial.phase).sin_cos();
        let mut low = level(0);
        for (piece, block) in points.chunks_mut(STEP).enumerate() {
            let high = level((piece + 1) * STEP);
            if low.abs() < 1e-7 && high.abs() < 1e-7 {
                if matches!(partial.shape, Shape::Rise(_)) {
                    low = high;
                } else {
                    return;
                }
            }
            let slope = (high - low) / STEP as f64;
            let mut amplitude = low;
            for point in block {
                *point += amplitude * sin;
                amplitude += slope;
                (sin, cos) = (
                    sin * turn_cos + cos * turn_sin,
                    cos * turn_cos - sin * turn_sin,
                );
            }
            low = high;
        }
    }
}

/// Noise that repeats after `cycle` points without a seam, through the filters given, to be added to a tone of `length`
/// points whose loop is `cycle` points long.
pub fn looped_noise(
    noise: &mut super::Noise,
    cycle: usize,
    length: usize,
    filters: &[super::Biquad],
) -> Vec<f64> {
    let period = noise.take(cycle.max(1));
    // After one round the filters have settled: the second round repeats for ever.
    let mut twice: Vec<f64> = period.iter().chain(&period).copied().collect();
    for filter in filters {
        filter.clone().run(&mut twice);
    }
    let settled = twice.split_off(period.len());
    settled.into_iter().cycle().take(length).collect()
}

/// Adds breath to a tone whose loop is `cycle` points long: noise in a band, `level` decibels against the tone, round its centre (hertz).
pub fn add_breath(
    points: &mut [f64],
    cycle: usize,
    rate: u32,
    (level, centre): (f64, f64),
    noise: &mut super::Noise,
) {
    let filters = [
        Biquad::band_pass(rate, centre, 0.8),
        Biquad::high_pass(rate, centre / 4.0, 0.7),
    ];
    let breath = looped_noise(noise, cycle, points.len(), &filters);
    let power = |values: &[f64]| {
        (values.iter().map(|v| v * v).sum::<f64>() / values.len().max(1) as f64).sqrt()
    };
    let scale = gain(level) * power(points) / power(&breath).max(1e-9);
    for (point, breath) in points.iter_mut().zip(&breath) {
        *point += scale * breath;
    }
}
