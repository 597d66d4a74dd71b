//! The master limiter: nothing leaves the mixer above the ceiling, and nothing below it is touched.

/// Loudest sample that may leave (-0.3 dB).
pub const CEILING: f32 = 0.966;
/// How far the limiter looks ahead, in seconds: the time over which it turns down.
const LOOK_AHEAD_SECONDS: f64 = 0.0015;
/// Time constant of turning up again, in seconds.
const RELEASE_SECONDS: f64 = 0.12;

/// A stereo limiter with look-ahead. Its output lags by [`Self::latency`] samples.
///
/// For every sample the gain it needs is known a look-ahead before it leaves. The smallest of these over the look-ahead,
/// released slowly and averaged over the look-ahead, is smooth and never above what any leaving sample needs.
#[derive(Debug)]
pub struct Limiter {
    delay: Vec<[f32; 2]>,
    /// Needed gains of the window whose minimum is wanted, as a queue of (index, gain) with rising gains.
    minima: Vec<(u64, f32)>,
    first_minimum: usize,
    minima_length: usize,
    /// The last released minima, and their sum.
    window: Vec<f64>,
    sum: f64,
    released: f64,
    release: f64,
    index: u64,
    /// Samples since a gain below one was needed.
    idle: usize,
}

impl Limiter {
    /// A limiter at `rate` samples a second.
    pub fn new(rate: u32) -> Self {
        let length = ((f64::from(rate) * LOOK_AHEAD_SECONDS) as usize).max(1);
        Self {
            delay: vec![[0.0; 2]; length],
            minima: vec![(0, 1.0); length + 1],
            first_minimum: 0,
            minima_length: 0,
            window: vec![1.0; length],
            sum: length as f64,
            released: 1.0,
            release: 1.0 - (-1.0 / (RELEASE_SECONDS * f64::from(rate))).exp(),
            index: 0,
            idle: usize::MAX / 2,
        }
    }

    /// How many samples the output lags.
    pub fn latency(&self) -> usize {
        self.delay.len()
    }

    /// The gain of the last sample, 0..=1.
    pub fn gain(&self) -> f32 {
        (self.sum / self.window.len() as f64).min(1.0) as f32
    }

    fn smallest_needed(&mut self, needed: f32) -> f32 {
        let capacity = self.minima.len();
        while self.minima_length > 0 {
            let last = (self.first_minimum + self.minima_length - 1) % capacity;
            if self.minima[last].1 < needed {
                break;
            }
            self.minima_length -= 1;
        }
        let oldest = self.index.saturating_sub(self.delay.len() as u64);
        while self.minima_length > 0 && self.minima[self.first_minimum].0 < oldest {
            self.first_minimum = (self.first_minimum + 1) % capacity;
            self.minima_length -= 1;
        }
        let next = (self.first_minimum + self.minima_length) % capacity;
        self.minima[next] = (self.index, needed);
        self.minima_length += 1;
        self.minima[self.first_minimum].1
    }

    /// Limits one stretch in place. What is not a number is silenced.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32]) {
        let length = self.delay.len();
        for (left, right) in left.iter_mut().zip(right.iter_mut()) {
            let mut input = [*left, *right];
            for sample in &mut input {
                if !sample.is_finite() {
                    *sample = 0.0;
                }
            }
            let peak = input[0].abs().max(input[1].abs());
            let needed = if peak > CEILING { CEILING / peak } else { 1.0 };
            self.idle = if needed < 1.0 { 0 } else { self.idle + 1 };
            let slot = (self.index % length as u64) as usize;
            let output = std::mem::replace(&mut self.delay[slot], input);
            if self.idle > 2 * length && self.released >= 1.0 {
                // At rest: the window is all ones.
                [*left, *right] = output;
                self.index += 1;
                continue;
            }
            if self.idle == 0 && self.minima_length == 0 {
                self.sum = length as f64;
                self.window.fill(1.0);
            }
            let smallest = f64::from(self.smallest_needed(needed));
            self.released = if smallest < self.released {
                smallest
            } else {
                let next = self.released + (1.0 - self.released) * self.release;
                let next = if next > 0.9999 { 1.0 } else { next };
                next.min(smallest)
            };
            let oldest = std::mem::replace(&mut self.window[slot], self.released);
            self.sum += self.released - oldest;
            let gain = (self.sum / length as f64).min(1.0) as f32;
            *left = (output[0] * gain).clamp(-CEILING, CEILING);
            *right = (output[1] * gain).clamp(-CEILING, CEILING);
            self.index += 1;
            if self.idle > 2 * length && self.released >= 1.0 {
                self.minima_length = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(limiter: &mut Limiter, input: &[f32]) -> Vec<f32> {
        let mut left = input.to_vec();
        let mut right = input.to_vec();
        for (left, right) in left.chunks_mut(100).zip(right.chunks_mut(100)) {
            limiter.process(left, right);
        }
        left
    }

    #[test]
    fn what_is_below_the_ceiling_passes_unchanged_but_late() {
        let mut limiter = Limiter::new(48_000);
        let latency = limiter.latency();
        let input: Vec<f32> = (0..5_000).map(|i| (i as f32 * 0.1).sin() * 0.9).collect();
        let output = through(&mut limiter, &input);
        assert_eq!(output[latency..], input[..input.len() - latency]);
        assert!(output[..latency].iter().all(|&sample| sample == 0.0));
    }

    #[test]
    fn nothing_leaves_above_the_ceiling_and_no_edge_is_cut() {
        let mut limiter = Limiter::new(48_000);
        let latency = limiter.latency();
        let input: Vec<f32> = (0..48_000)
            .map(|i| {
                let burst = if i % 7_000 < 2_000 { 3.0 } else { 0.3 };
                (i as f32 * 0.05).sin() * burst
            })
            .collect();
        let output = through(&mut limiter, &input);
        assert!(output.iter().all(|sample| sample.abs() <= CEILING));
        // A limiter that merely cut would leave flat tops: the share of samples at the ceiling itself stays tiny.
        let flat = output
            .iter()
            .filter(|sample| sample.abs() > 0.9999 * CEILING)
            .count();
        assert!(flat < output.len() / 100, "{flat} samples at the ceiling");
        // After the bursts it lets go.
        let quiet: Vec<f32> = vec![0.5; 96_000];
        let after = through(&mut limiter, &quiet);
        assert_eq!(after[95_999], 0.5);
        assert!(after[latency] < 0.5);
    }

    #[test]
    fn what_is_not_a_number_becomes_silence() {
        let mut limiter = Limiter::new(48_000);
        let mut input = vec![0.1; 1_000];
        input[10] = f32::NAN;
        input[11] = f32::INFINITY;
        let output = through(&mut limiter, &input);
        assert!(output.iter().all(|sample| sample.is_finite()));
        assert_eq!(output[999], 0.1);
    }
}
