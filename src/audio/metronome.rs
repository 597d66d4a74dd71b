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
