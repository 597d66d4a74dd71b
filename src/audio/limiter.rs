//! The master limiter: nothing leaves the mixer above the ceiling, between the samples neither, and nothing below it is
//! touched.

use super::true_peak::{TruePeak, loudest};

/// The true peak that nothing exceeds: -1 dBFS, the usual room for what converters and codecs do.
pub const TRUE_PEAK: f32 = 0.891_25;
/// The loudest peak that is let through, 0.8 dB lower: noise that reaches up to half the rate hides as much of its peaks
/// from every filter of a bearable length.
pub const CEILING: f32 = 0.812_8;
/// How far the limiter looks ahead, in seconds: the time over which it turns down.
const LOOK_AHEAD_SECONDS: f64 = 0.0015;
/// Time constant of turning up again, in seconds.
const RELEASE_SECONDS: f64 = 0.12;
/// So many samples before and after a peak, the gain is as low as at it.
const AROUND: usize = 8;
/// Samples that are limited together.
const STRETCH: usize = 64;

/// A stereo limiter with look-ahead. Its output lags by [`Self::latency`] samples.
///
/// For every sample the gain it needs is known a look-ahead before it leaves. The smallest of these over the look-ahead,
/// released slowly and averaged over the look-ahead, is smooth and never above what any leaving sample needs.
#[derive(Debug)]
pub struct Limiter {
    finders: [TruePeak; 2],
    /// Samples on their way, left and right, and where the next one goes.
    delay: [Vec<f32>; 2],
    at: usize,
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
    /// Samples since the released gain was below one.
    idle: usize,
}

impl Limiter {
    /// A limiter at `rate` samples a second.
    pub fn new(rate: u32) -> Self {
        let length = ((f64::from(rate) * LOOK_AHEAD_SECONDS) as usize).max(1);
        let latency = length + TruePeak::DELAY + AROUND;
        Self {
            finders: [TruePeak::new(CEILING), TruePeak::new(CEILING)],
            delay: [vec![0.0; latency], vec![0.0; latency]],
            at: 0,
            minima: vec![(0, 1.0); length + 2 * AROUND],
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
        let [left, _] = &self.delay;
        left.len()
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
        let oldest = self.index.saturating_sub(capacity as u64 - 1);
        while self.minima_length > 0 && self.minima[self.first_minimum].0 < oldest {
            self.first_minimum = (self.first_minimum + 1) % capacity;
            self.minima_length -= 1;
        }
        let next = (self.first_minimum + self.minima_length) % capacity;
        self.minima[next] = (self.index, needed);
        self.minima_length += 1;
        self.minima[self.first_minimum].1
    }

    /// Limits samples in place. What is not a number is silenced.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32]) {
        for (left, right) in left.chunks_mut(STRETCH).zip(right.chunks_mut(STRETCH)) {
            self.stretch(left, right);
        }
    }

    /// Whether every gain that is still to be given is one.
    fn is_at_rest(&self) -> bool {
        self.idle >= self.window.len()
    }

    fn stretch(&mut self, left: &mut [f32], right: &mut [f32]) {
        let mut peaks = [[0.0_f32; STRETCH]; 2];
        let sides = [&mut *left, &mut *right];
        for ((side, finder), peaks) in sides.into_iter().zip(&mut self.finders).zip(&mut peaks) {
            for sample in side.iter_mut() {
                if !sample.is_finite() {
                    *sample = 0.0;
                }
            }
            finder.process(side, peaks.get_mut(..side.len()).unwrap_or_default());
        }
        let [left_peaks, right_peaks] = &peaks;
        if self.is_at_rest() && loudest(left_peaks).max(loudest(right_peaks)) <= CEILING {
            self.pass_on(left, right);
            return;
        }
        let peaks = left_peaks.iter().zip(right_peaks).map(|(l, r)| l.max(*r));
        for ((left, right), peak) in left.iter_mut().zip(right.iter_mut()).zip(peaks) {
            let gain = self.next_gain(peak);
            for (sample, delay) in [left, right].into_iter().zip(&mut self.delay) {
                if let Some(held) = delay.get_mut(self.at) {
                    std::mem::swap(sample, held);
                }
                // Only rounding could exceed it.
                *sample = (*sample * gain).clamp(-CEILING, CEILING);
            }
            self.at = (self.at + 1) % self.latency();
        }
    }

    /// Lets samples through as they are, only late.
    fn pass_on(&mut self, left: &mut [f32], right: &mut [f32]) {
        let latency = self.latency();
        self.index += left.len() as u64;
        self.idle = self.idle.saturating_add(left.len());
        let (mut left, mut right) = (left, right);
        while !left.is_empty() {
            let count = left.len().min(latency - self.at);
            let (now_left, later_left) = left.split_at_mut(count);
            let (now_right, later_right) = right.split_at_mut(count);
            for (now, delay) in [now_left, now_right].into_iter().zip(&mut self.delay) {
                if let Some(held) = delay.get_mut(self.at..self.at + count) {
                    now.swap_with_slice(held);
                }
            }
            self.at = (self.at + count) % latency;
            (left, right) = (later_left, later_right);
        }
    }

    /// The gain of the sample that leaves, given the peak that was just found.
    fn next_gain(&mut self, peak: f32) -> f32 {
        let length = self.window.len();
        let needed = if peak > CEILING { CEILING / peak } else { 1.0 };
        let smallest = f64::from(self.smallest_needed(needed));
        self.released = if smallest < self.released {
            smallest
        } else {
            let next = self.released + (1.0 - self.released) * self.release;
            let next = if next > 0.9999 { 1.0 } else { next };
            next.min(smallest)
        };
        self.idle = if self.released < 1.0 {
            0
        } else {
            self.idle.saturating_add(1)
        };
        let slot = (self.index % length as u64) as usize;
        self.index += 1;
        let Some(oldest) = self.window.get_mut(slot) else {
            return 1.0;
        };
        self.sum += self.released - std::mem::replace(oldest, self.released);
        if self.is_at_rest() {
            // The window is all ones; what rounding left in their sum is forgotten.
            self.minima_length = 0;
            self.sum = length as f64;
        }
        (self.sum / length as f64).min(1.0) as f32
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
        let input: Vec<f32> = (0..5_000).map(|i| (i as f32 * 0.1).sin() * 0.8).collect();
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

    /// The loudest of sixteen times as many samples, by a Fourier transform: the peak of the signal itself.
    fn true_peak(signal: &[f32]) -> f32 {
        const TIMES: usize = 16;
        let mut planner = realfft::RealFftPlanner::<f32>::new();
        let mut input = signal.to_vec();
        let forward = planner.plan_fft_forward(input.len());
        let mut spectrum = forward.make_output_vec();
        forward.process(&mut input, &mut spectrum).unwrap();
        let inverse = planner.plan_fft_inverse(TIMES * signal.len());
        let mut wide = inverse.make_input_vec();
        wide[..spectrum.len()].copy_from_slice(&spectrum);
        let mut fine = inverse.make_output_vec();
        inverse.process(&mut wide, &mut fine).unwrap();
        fine.iter()
            .fold(0.0_f32, |peak, x| peak.max(x.abs() / signal.len() as f32))
    }

    const LENGTH: usize = 16_384;

    /// Sound, faded in and out so that the transform sees no edge, through the limiter: its true peak.
    fn limited(name: &str, sound: impl FnMut(usize) -> f32) -> f32 {
        let fade = |i: usize| {
            let ramp = 4_096.0;
            (i as f32 / ramp)
                .min((LENGTH - 1 - i) as f32 / ramp)
                .min(1.0)
        };
        let faded: Vec<f32> = (0..LENGTH)
            .map(sound)
            .enumerate()
            .map(|(i, x)| x * fade(i))
            .collect();
        assert!(true_peak(&faded) > 1.0, "{name} is loud enough to matter");
        let mut limiter = Limiter::new(48_000);
        let mut limited = through(&mut limiter, &faded);
        limited.extend(through(&mut limiter, &vec![0.0; 4_096]));
        true_peak(&limited)
    }

    type Noise = Box<dyn FnMut(usize) -> f32>;

    /// Uniform noise in -1..1.
    fn noise(seed: u32) -> impl FnMut() -> f32 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        }
    }

    fn assert_in_bounds(name: &str, peak: f32) {
        let decibels = 20.0 * peak.log10();
        assert!(peak <= TRUE_PEAK, "{name}: {decibels} dBTP");
        assert!(peak > 0.7, "{name} is turned down too far: {decibels} dBTP");
    }

    #[test]
    fn no_true_peak_of_noise_is_above_one_decibel_below_full_scale() {
        for seed in [1, 2] {
            let burst = move |i: usize| i / 1_500 % 3 == seed as usize;
            let mut white = noise(seed);
            let mut signs = noise(seed + 10);
            let mut dark = noise(seed + 20);
            let mut low = 0.0_f32;
            let kinds: [(&str, Noise); 5] = [
                ("white noise", Box::new(move |_| 1.5 * white())),
                ("white bursts", {
                    let mut white = noise(seed + 30);
                    Box::new(move |i| if burst(i) { 2.0 * white() } else { 0.0 })
                }),
                ("random signs in bursts", {
                    Box::new(move |i| {
                        let sign = signs().signum();
                        if burst(i) { 1.2 * sign } else { 0.1 * sign }
                    })
                }),
                ("bell-shaped noise in bursts", {
                    let mut sum = noise(seed + 40);
                    Box::new(move |i| {
                        let x = (0..12).map(|_| sum()).sum::<f32>() * 0.35;
                        if burst(i) { x } else { 0.0 }
                    })
                }),
                ("dark noise in bursts", {
                    Box::new(move |i| {
                        low += 0.3 * (dark() - low);
                        low * if burst(i) { 6.0 } else { 0.5 }
                    })
                }),
            ];
            for (name, sound) in kinds {
                assert_in_bounds(name, limited(name, sound));
            }
        }
    }

    #[test]
    fn no_true_peak_of_a_tone_is_above_one_decibel_below_full_scale() {
        for share in [0.02, 0.25, 0.35, 0.4167, 0.45, 0.475, 0.49, 0.495, 0.499] {
            for phase in [0.0, 1.3] {
                let name = format!("a tone of {share} of the rate, phase {phase}");
                let peak = limited(&name, |i| {
                    let angle = std::f64::consts::TAU * share * i as f64 + phase;
                    1.5 * angle.sin() as f32
                });
                assert_in_bounds(&name, peak);
            }
        }
        let squares = |i: usize| if i % 109 < 54 { 1.5 } else { -1.5 };
        assert_in_bounds("squares", limited("squares", squares));
    }
}
