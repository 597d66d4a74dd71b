//! When a sample of the stream is made: a line fitted through the moments at which buffers are asked for.

use std::time::{Duration, Instant};

/// How fast the fit follows, in hertz: slow enough to even out what the scheduler does to single callbacks.
const BANDWIDTH: f64 = 0.15;
/// The first buffers are followed faster, and more slowly from one to the next: the bandwidth falls as this over the
/// seconds that have passed, from `FIRST_BANDWIDTH` on.
const SETTLING: f64 = 0.5;
const FIRST_BANDWIDTH: f64 = 8.0;
/// A buffer that comes so far from where it was expected begins a new line: the stream stood still.
const LOST: f64 = 0.15;

/// A second-order delay-locked loop: the moments of callbacks jitter by milliseconds, what it makes of them does not,
/// and it follows a card whose crystal runs a little faster or slower than the computer's clock.
#[derive(Debug, Clone)]
pub struct StreamClock {
    rate: f64,
    origin: Instant,
    /// The last buffer: its first sample, and when it is reckoned to have been asked for, in seconds after `origin`.
    line: Option<(u64, f64)>,
    seconds_per_sample: f64,
    /// Seconds since the line began.
    age: f64,
}

impl StreamClock {
    /// A clock for a stream of `rate` samples a second.
    pub fn new(rate: u32) -> Self {
        let rate = f64::from(rate.max(1));
        Self {
            rate,
            origin: Instant::now(),
            line: None,
            seconds_per_sample: 1.0 / rate,
            age: 0.0,
        }
    }

    fn seconds(&self, at: Instant) -> f64 {
        match at.checked_duration_since(self.origin) {
            Some(after) => after.as_secs_f64(),
            None => -self.origin.duration_since(at).as_secs_f64(),
        }
    }

    fn instant(&self, seconds: f64) -> Option<Instant> {
        let way = Duration::try_from_secs_f64(seconds.abs()).ok()?;
        if seconds < 0.0 {
            self.origin.checked_sub(way)
        } else {
            self.origin.checked_add(way)
        }
    }

    /// A buffer that begins with `sample` was asked for.
    pub fn buffer(&mut self, sample: u64, at: Instant) {
        let seen = self.seconds(at);
        let Some((last, reckoned)) = self.line else {
            self.line = Some((sample, seen));
            return;
        };
        let Some(samples) = sample.checked_sub(last).filter(|samples| *samples > 0) else {
            return;
        };
        let way = samples as f64 * self.seconds_per_sample;
        let error = seen - (reckoned + way);
        if error.abs() > LOST {
            self.line = Some((sample, seen));
            self.seconds_per_sample = 1.0 / self.rate;
            self.age = 0.0;
            return;
        }
        self.age += way;
        let bandwidth = (SETTLING / self.age).clamp(BANDWIDTH, FIRST_BANDWIDTH);
        let omega = (std::f64::consts::TAU * bandwidth * way).min(0.5);
        self.line = Some((
            sample,
            reckoned + way + std::f64::consts::SQRT_2 * omega * error,
        ));
        let slope = self.seconds_per_sample + omega * omega * error / samples as f64;
        // No card is off by more than a few parts in a thousand.
        let nominal = 1.0 / self.rate;
        self.seconds_per_sample = slope.clamp(0.99 * nominal, 1.01 * nominal);
    }

    /// How many samples pass in `time`.
    pub fn samples_in(&self, time: Duration) -> f64 {
        time.as_secs_f64() / self.seconds_per_sample
    }

    /// When a sample is made; `None` before the first buffer.
    pub fn at(&self, sample: u64) -> Option<Instant> {
        let (last, reckoned) = self.line?;
        let way = sample as f64 - last as f64;
        self.instant(reckoned + way * self.seconds_per_sample)
    }

    /// The sample, with its fraction, that is made at a moment; `None` before the first buffer.
    pub fn sample(&self, at: Instant) -> Option<f64> {
        let (last, reckoned) = self.line?;
        Some(last as f64 + (self.seconds(at) - reckoned) / self.seconds_per_sample)
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};

    use super::*;

    /// Buffers of `frames` from a card that runs at `true_rate`, each up to `jitter` seconds late; the largest error of
    /// the clock after `settled` seconds.
    fn worst_error(frames: u64, true_rate: f64, jitter: f64, settled: f64) -> f64 {
        let mut random = rand_pcg::Pcg64::seed_from_u64(5);
        let mut clock = StreamClock::new(48_000);
        let start = Instant::now();
        let mut worst = 0.0_f64;
        // The clock goes through the middle of the jitter.
        let mut sum = (0.0, 0);
        let mut errors = Vec::new();
        for index in 0..4_000_u64 {
            let sample = index * frames;
            let due = sample as f64 / true_rate;
            let late = random.random_range(0.0..=jitter.max(1e-9));
            clock.buffer(sample, start + Duration::from_secs_f64(due + late));
            if due > settled {
                let reckoned = clock.at(sample + frames).unwrap();
                let error = reckoned.duration_since(start).as_secs_f64()
                    - (sample + frames) as f64 / true_rate;
                sum = (sum.0 + error, sum.1 + 1);
                errors.push(error);
            }
        }
        let mean = sum.0 / f64::from(sum.1);
        for error in errors {
            worst = worst.max((error - mean).abs());
        }
        worst
    }

    #[test]
    fn jitter_of_the_callback_is_evened_out() {
        assert!(worst_error(512, 48_000.0, 0.0, 0.5) < 1e-6);
        assert!(worst_error(512, 48_000.0, 0.004, 5.0) < 0.000_7);
        assert!(worst_error(128, 48_000.0, 0.002, 5.0) < 0.000_3);
    }

    #[test]
    fn a_card_that_runs_fast_is_followed() {
        assert!(worst_error(512, 48_010.0, 0.002, 12.0) < 0.000_6);
        assert!(worst_error(1_024, 47_980.0, 0.002, 12.0) < 0.000_8);
    }

    #[test]
    fn a_stream_that_stood_still_begins_anew() {
        let mut clock = StreamClock::new(48_000);
        let start = Instant::now();
        assert_eq!(clock.at(0), None);
        for index in 0..100 {
            let sample = index * 480;
            clock.buffer(sample, start + Duration::from_millis(10 * index));
        }
        let late = start + Duration::from_secs(10);
        clock.buffer(48_000, late);
        assert!(clock.at(48_000).unwrap().duration_since(late).as_secs_f64() < 1e-6);
        let back = clock.sample(late + Duration::from_millis(10)).unwrap();
        assert!((back - 48_480.0).abs() < 0.01);
    }
}
