//! The seam between musical time and the stream: ticks to samples and back.

use crate::score::{TICKS_PER_QUARTER, TempoMap, Tick};

/// A stretch of constant tempo.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Segment {
    tick: i64,
    sample: f64,
    samples_per_tick: f64,
}

/// A tempo map at one sampling rate. Conversions neither allocate nor fail; before the start and after the last
/// change the nearest tempo goes on for ever.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleClock {
    rate: u32,
    segments: Vec<Segment>,
}

impl SampleClock {
    /// The clock of `tempo` at `rate` samples a second.
    pub fn new(tempo: &TempoMap, rate: u32) -> Self {
        let mut segments: Vec<Segment> = Vec::with_capacity(tempo.changes().len());
        for change in tempo.changes() {
            let sample = segments.last().map_or(0.0, |last| {
                last.sample + (change.at.0 - last.tick) as f64 * last.samples_per_tick
            });
            let micros = f64::from(change.tempo.micros_per_quarter());
            segments.push(Segment {
                tick: change.at.0,
                sample,
                samples_per_tick: micros / 1e6 / TICKS_PER_QUARTER as f64 * f64::from(rate),
            });
        }
        Self { rate, segments }
    }

    /// Samples a second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    fn segment(&self, after: usize) -> Segment {
        self.segments
            .get(after.saturating_sub(1))
            .copied()
            .unwrap_or(Segment {
                tick: 0,
                sample: 0.0,
                samples_per_tick: 0.5 * f64::from(self.rate) / TICKS_PER_QUARTER as f64,
            })
    }

    /// The sample, with its fraction, at a tick with its fraction.
    pub fn sample_at(&self, tick: f64) -> f64 {
        let after = self
            .segments
            .partition_point(|segment| segment.tick as f64 <= tick);
        let segment = self.segment(after);
        segment.sample + (tick - segment.tick as f64) * segment.samples_per_tick
    }

    /// The sample nearest to a tick.
    pub fn nearest_sample(&self, tick: Tick) -> i64 {
        self.sample_at(tick.0 as f64).round() as i64
    }

    /// The tick, with its fraction, at a sample with its fraction: the inverse of [`Self::sample_at`].
    pub fn tick_at(&self, sample: f64) -> f64 {
        let after = self
            .segments
            .partition_point(|segment| segment.sample <= sample);
        let segment = self.segment(after);
        segment.tick as f64 + (sample - segment.sample) / segment.samples_per_tick
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Tempo, TempoChange};

    #[test]
    fn samples_agree_with_the_seconds_of_the_score() {
        let map = TempoMap::new(vec![
            TempoChange {
                at: Tick(0),
                tempo: Tempo::from_bpm(120.0),
            },
            TempoChange {
                at: Tick(1000),
                tempo: Tempo::from_bpm(77.0),
            },
            TempoChange {
                at: Tick(5000),
                tempo: Tempo::from_bpm(190.0),
            },
        ]);
        for rate in [44_100, 48_000, 96_000] {
            let clock = SampleClock::new(&map, rate);
            for tick in [0, 1, 999, 1000, 1001, 4999, 5000, 123_456] {
                let expected = map.seconds_at(Tick(tick)) * f64::from(rate);
                assert!((clock.sample_at(tick as f64) - expected).abs() < 1e-4);
                assert!((clock.tick_at(expected) - tick as f64).abs() < 1e-6);
            }
        }
    }
}
