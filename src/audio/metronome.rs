//! The metronome: where the beats are, and what they sound like.

use crate::score::{MetreMap, Tick};

use super::clock::SampleClock;

/// Clicks that may sound at once.
const AT_ONCE: usize = 4;

/// One click of the metronome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beat {
    /// Its sample.
    pub at: i64,
    /// Whether it begins a bar.
    pub accent: bool,
}

/// The first beat at or after `tick`, and whether it begins a bar.
fn beat_from(metre: &MetreMap, tick: Tick) -> (Tick, bool) {
    let tick = tick.max(Tick::ZERO);
    let position = metre.position(tick);
    if position.tick == 0 {
        return (tick, position.beat == 0);
    }
    let bar = metre.bar_span(tick);
    let next = tick - Tick(i64::from(position.tick)) + metre.metre_at(tick).beat();
    if next >= bar.end {
        (bar.end, true)
    } else {
        (next, false)
    }
}

/// The first beat whose sample is at or after `sample`.
pub fn next_beat(metre: &MetreMap, clock: &SampleClock, sample: i64) -> Beat {
    let mut tick = Tick(clock.tick_at(sample as f64).floor() as i64 - 1);
    loop {
        let (beat, accent) = beat_from(metre, tick);
        let at = clock.nearest_sample(beat);
        if at >= sample {
            return Beat { at, accent };
        }
        tick = beat + Tick(1);
    }
}

/// Bars of clicks before time passes, in the metre and at the tempo of where it will begin.
///
/// The clicks fall as they would if the metre went on backwards from there: begun in the middle of a bar, the count-in
/// begins in the middle of one too.
#[derive(Debug, Clone, PartialEq)]
pub struct CountIn {
    /// Ticks from a bar line to where it begins.
    offset: i64,
    beat: i64,
    bar: i64,
    /// Its length in ticks.
    length: i64,
    samples_per_tick: f64,
    /// How many samples of it are over.
    passed: i64,
    /// Ticks from its beginning to its next click.
    next: i64,
}

impl CountIn {
    /// `bars` bars before `start`; `None` for no bar.
    pub fn new(metre: &MetreMap, clock: &SampleClock, start: Tick, bars: u8) -> Option<Self> {
        let span = metre.bar_span(start);
        let (bar, beat) = (
            span.length().0.max(1),
            metre.metre_at(start).beat().0.max(1),
        );
        let offset = (start - span.start).0;
        let here = start.0 as f64;
        (bars > 0).then(|| Self {
            offset,
            beat,
            bar,
            length: i64::from(bars) * bar,
            samples_per_tick: clock.sample_at(here + 1.0) - clock.sample_at(here),
            passed: 0,
            next: (beat - offset % beat) % beat,
        })
    }

    fn samples(&self, ticks: i64) -> i64 {
        (ticks as f64 * self.samples_per_tick).round() as i64
    }

    /// Lets samples pass.
    pub fn advance(&mut self, samples: usize) {
        self.passed += samples as i64;
    }

    /// Samples until time passes; negative when it should have begun already.
    pub fn samples_left(&self) -> i64 {
        self.samples(self.length) - self.passed
    }

    /// Ticks until time passes.
    pub fn ticks_left(&self) -> f64 {
        (self.length as f64 - self.passed as f64 / self.samples_per_tick).max(0.0)
    }

    /// Samples until the next click, and whether it begins a bar; `None` when all have sounded.
    pub fn next_click(&self) -> Option<(i64, bool)> {
        (self.next < self.length).then(|| {
            let accent = (self.offset + self.next) % self.bar == 0;
            (self.samples(self.next) - self.passed, accent)
        })
    }

    /// Goes on to the click after the next one.
    pub fn step(&mut self) {
        self.next += self.beat;
    }
}

/// Plays clicks.
#[derive(Debug)]
pub struct Clicks {
    accent: Vec<f32>,
    beat: Vec<f32>,
    /// Which clicks sound, and how far they are.
    sounding: [Option<(bool, usize)>; AT_ONCE],
}

/// A short tone that dies away at once.
fn click(rate: u32, hertz: f32, level: f32) -> Vec<f32> {
    let rate = rate as f32;
    (0..(0.05 * rate) as usize)
        .map(|index| {
            let seconds = index as f32 / rate;
            let attack = (seconds / 0.000_5).min(1.0);
            let phase = std::f32::consts::TAU * hertz * seconds;
            level * attack * (-seconds / 0.009).exp() * (phase.sin() + 0.3 * (2.0 * phase).sin())
        })
        .collect()
}

impl Clicks {
    /// Clicks at `rate` samples a second.
    pub fn new(rate: u32) -> Self {
        Self {
            accent: click(rate, 1_568.0, 0.4),
            beat: click(rate, 1_046.5, 0.28),
            sounding: [None; AT_ONCE],
        }
    }

    /// Starts a click.
    pub fn start(&mut self, accent: bool) {
        if let Some(slot) = self.sounding.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some((accent, 0));
        }
    }

    /// Whether any click sounds.
    pub fn is_at_rest(&self) -> bool {
        self.sounding.iter().all(Option::is_none)
    }

    /// Adds the next samples.
    pub fn render_onto(&mut self, left: &mut [f32], right: &mut [f32]) {
        for slot in &mut self.sounding {
            let Some((accent, from)) = *slot else {
                continue;
            };
            let sound = if accent { &self.accent } else { &self.beat };
            let rest = sound.get(from..).unwrap_or_default();
            for ((left, right), sample) in left.iter_mut().zip(right.iter_mut()).zip(rest) {
                *left += sample;
                *right += sample;
            }
            *slot = (rest.len() > left.len()).then_some((accent, from + left.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Metre, MetreChange, TempoMap};

    #[test]
    fn beats_follow_the_metre() {
        let metre = MetreMap::new(vec![
            MetreChange {
                at: Tick(0),
                metre: Metre {
                    numerator: 3,
                    denominator: 4,
                },
            },
            MetreChange {
                at: Tick(2880),
                metre: Metre {
                    numerator: 6,
                    denominator: 8,
                },
            },
        ]);
        let clock = SampleClock::new(&TempoMap::default(), 48_000);
        let mut sample = 0;
        let mut beats = Vec::new();
        for _ in 0..10 {
            let beat = next_beat(&metre, &clock, sample);
            beats.push((beat.at / 12_000, beat.accent));
            assert_eq!(beat.at % 12_000, 0);
            sample = beat.at + 1;
        }
        let expected = [
            (0, true),
            (2, false),
            (4, false),
            (6, true),
            (7, false),
            (8, false),
            (9, false),
            (10, false),
            (11, false),
            (12, true),
        ];
        assert_eq!(beats, expected);
    }

    #[test]
    fn a_count_in_goes_backwards_from_where_it_leads() {
        let metre = MetreMap::constant(Metre {
            numerator: 3,
            denominator: 4,
        });
        let clock = SampleClock::new(&TempoMap::default(), 48_000);
        let clicks = |start: i64, bars: u8| {
            let mut count = CountIn::new(&metre, &clock, Tick(start), bars)?;
            let mut clicks = Vec::new();
            while let Some((at, accent)) = count.next_click() {
                clicks.push((at / 12_000, accent));
                count.step();
            }
            Some((clicks, count.samples_left() / 12_000))
        };
        assert_eq!(clicks(0, 0), None);
        let (at_start, length) = clicks(0, 2).unwrap();
        let bar = [true, false, false];
        let beats: Vec<_> = bar.into_iter().chain(bar).collect();
        assert_eq!(at_start.iter().map(|c| c.1).collect::<Vec<_>>(), beats);
        assert_eq!(
            at_start.iter().map(|c| c.0).collect::<Vec<_>>(),
            [0, 2, 4, 6, 8, 10]
        );
        assert_eq!(length, 12);
        // From the second half of the second beat: the clicks before it are half a beat away.
        let (inside, length) = clicks(2_880 + 1_440, 1).unwrap();
        assert_eq!(inside, [(1, false), (3, true), (5, false)]);
        assert_eq!(length, 6);
    }

    #[test]
    fn a_click_dies_away() {
        let mut clicks = Clicks::new(48_000);
        clicks.start(true);
        let (mut left, mut right) = (vec![0.0; 4_800], vec![0.0; 4_800]);
        for (left, right) in left.chunks_mut(128).zip(right.chunks_mut(128)) {
            clicks.render_onto(left, right);
        }
        assert!(left.iter().any(|sample: &f32| sample.abs() > 0.2));
        assert!(left[2_400..].iter().all(|sample| sample.abs() < 0.001));
        assert!(clicks.is_at_rest());
    }
}
