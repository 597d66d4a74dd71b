//! The master limiter: nothing leaves the mixer above the ceiling, between the samples neither, and nothing below it is
//! touched.

use super::true_peak::{TAPS, TruePeak};

/// Loudest peak that may leave, between samples too: -1 dBFS, less 0.3 dB for what a finer filter sees.
pub const CEILING: f32 = 0.861;
/// How far the limiter looks ahead, in seconds: the time over which it turns down.
const LOOK_AHEAD_SECONDS: f64 = 0.0015;
/// Time constant of turning up again, in seconds.
const RELEASE_SECONDS: f64 = 0.12;
/// So many samples after one the peaks around it are known.
const FOUND_AFTER: usize = TAPS / 2;

/// A stereo limiter with look-ahead. Its output lags by [`Self::latency`] samples.
///
/// For every sample the gain it needs is known a look-ahead before it leaves. The smallest of these over the look-ahead,
/// released slowly and averaged over the look-ahead, is smooth and never above what any leaving sample needs.
#[derive(Debug)]
pub struct Limiter {
    peaks: [TruePeak; 2],
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
            peaks: [TruePeak::new(CEILING), TruePeak::new(CEILING)],
            delay: vec![[0.0; 2]; length + FOUND_AFTER],
            // A peak is held for as long as the filter that found it is wide.
            minima: vec![(0, 1.0); length + TAPS + 1],
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

    /// Limits one stretch in place. What is not a number is silenced.
    pub fn process(&mut self, left: &mut [f32], right: &mut [f32]) {
        let length = self.window.len();
        let latency = self.latency();
        let at_rest = 2 * (latency + TAPS);
        for (left, right) in left.iter_mut().zip(right.iter_mut()) {
            let mut input = [*left, *right];
            let mut peak = 0.0_f32;
            for (sample, finder) in input.iter_mut().zip(&mut self.peaks) {
                if !sample.is_finite() {
                    *sample = 0.0;
                }
                peak = peak.max(finder.push(*sample));
            }
            let needed = if peak > CEILING { CEILING / peak } else { 1.0 };
            self.idle = if needed < 1.0 { 0 } else { self.idle + 1 };
            let delayed = (self.index % latency as u64) as usize;
            let output = std::mem::replace(&mut self.delay[delayed], input);
            if self.idle > at_rest && self.released >= 1.0 {
                // The window is all ones.
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
            let slot = (self.index % length as u64) as usize;
            let oldest = std::mem::replace(&mut self.window[slot], self.released);
            self.sum += self.released - oldest;
            let gain = (self.sum / length as f64).min(1.0) as f32;
            *left = (output[0] * gain).clamp(-CEILING, CEILING);
            *right = (output[1] * gain).clamp(-CEILING, CEILING);
            self.index += 1;
            if self.idle > at_rest && self.released >= 1.0 {
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
        let input: Vec<f32> = (0..5_000).map(|i| (i as f32 * 0.1).sin() * 0.85).collect();
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
    fn peak_between(signal: &[f32]) -> f32 {
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

    /// The true peak as another program's meter finds it.
    fn true_peak(signal: &[f32]) -> f32 {
        let mut meter = ebur128::EbuR128::new(1, 48_000, ebur128::Mode::TRUE_PEAK).unwrap();
        meter.add_frames_f32(signal).unwrap();
        meter.true_peak(0).unwrap() as f32
    }

    #[test]
    fn no_true_peak_is_above_one_decibel_below_full_scale() {
        let limit = 10_f32.powf(-1.0 / 20.0);
        let mut seed = 7_u32;
        let mut noise = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        // Fades in and out, so that the transform sees no edge.
        let fade = |i: usize| {
            (i as f32 / 4_096.0)
                .min((65_535 - i) as f32 / 4_096.0)
                .min(1.0)
        };
        let mut low = 0.0_f32;
        let signals: [(&str, Vec<f32>); 4] = [
            (
                "a quarter of the rate, between its peaks",
                (0..65_536)
                    .map(|i| (i as f32 * 0.5 + 0.25) * std::f32::consts::PI)
                    .map(|phase| 1.3 * phase.sin())
                    .collect(),
            ),
            (
                "squares",
                (0..65_536)
                    .map(|i| if i % 109 < 54 { 1.5 } else { -1.5 })
                    .collect(),
            ),
            (
                "noise",
                (0..65_537)
                    .map(|_| 2.0 * noise())
                    .collect::<Vec<f32>>()
                    .windows(2)
                    .map(|pair| pair[0] + pair[1])
                    .collect(),
            ),
            (
                "dark noise in bursts",
                (0..65_536)
                    .map(|i| {
                        low += 0.3 * (noise() - low);
                        low * if i % 9_000 < 3_000 { 6.0 } else { 0.5 }
                    })
                    .collect(),
            ),
        ];
        for (name, signal) in signals {
            let faded: Vec<f32> = (signal.iter().enumerate())
                .map(|(i, x)| x * fade(i))
                .collect();
            assert!(
                peak_between(&faded) > 1.0,
                "{name} is loud enough to matter"
            );
            let mut limiter = Limiter::new(48_000);
            let mut limited = through(&mut limiter, &faded);
            limited.extend(through(&mut limiter, &vec![0.0; 8_192]));
            let peak = true_peak(&limited);
            assert!(peak < limit, "{name}: {} dBFS", 20.0 * peak.log10());
            assert!(peak > 0.7, "{name} is not turned down more than needed");
            // Noise can hide peaks from every filter of the standard's length, but not a decibel of them.
            let peak = peak_between(&limited);
            assert!(peak < 0.97, "{name}: {} dBFS", 20.0 * peak.log10());
        }
    }
}
