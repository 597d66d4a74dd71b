//! Peaks between the samples.
//!
//! What a converter makes of samples can be louder than any of them. ITU-R BS.1770-5, annex 2, finds such peaks by
//! interpolating at least four times as many samples, with twelve coefficients each, which lets noise hide peaks a
//! decibel above what it finds. Here eight times as many are interpolated with `TAPS` coefficients each. That is
//! dear, so it is done only where a peak above the threshold is possible at all: of what lies between two samples, a
//! bound is known from their magnitudes and from how strongly the signal bends around them.

use std::f64::consts::PI;

/// Samples that the filter looks at.
const TAPS: usize = 96;
/// Places at which the signal is looked at for each sample, the sample itself included.
const PLACES: usize = 8;
/// Shape of the filter's Kaiser window: little, so that its passband reaches far up.
const SHAPE: f64 = 2.0;
/// Samples that are looked at together.
const STRETCH: usize = 64;
/// The bound is this much larger than it need be, for what rounding does.
const SLACK: f32 = 1.001;

/// Finds the peaks of one channel, between its samples too.
#[derive(Debug, Clone)]
pub struct TruePeak {
    /// For each tap, oldest sample first, its weight at each place between two samples.
    filter: Box<[[f32; PLACES]; TAPS]>,
    /// How far the signal can leave the straight line between two samples, for second differences of up to one.
    bend: f32,
    threshold: f32,
    /// The samples of the last stretch that are still needed, then those of this one.
    held: [f32; TAPS + STRETCH],
}

/// The modified Bessel function of the first kind and order zero.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..30 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}

/// The weights of the taps for `place` (0..1) between the two samples in the middle.
fn weights(place: f64) -> [f64; TAPS] {
    let half = TAPS as f64 / 2.0;
    let middle = TAPS / 2 - 1;
    let mut weights = [0.0; TAPS];
    for (tap, weight) in weights.iter_mut().enumerate() {
        let way = tap as f64 - middle as f64 - place;
        let sinc = if way == 0.0 {
            1.0
        } else {
            (PI * way).sin() / (PI * way)
        };
        let window = (1.0 - (way / half).powi(2)).max(0.0).sqrt();
        *weight = sinc * bessel(SHAPE * window) / bessel(SHAPE);
    }
    // Constants and straight lines come through exactly, which the bound relies on.
    let sum: f64 = weights.iter().sum();
    for weight in &mut weights {
        *weight /= sum;
    }
    let moment = |weights: &[f64; TAPS]| -> f64 {
        (weights.iter().enumerate())
            .map(|(tap, weight)| weight * (tap as f64 - middle as f64))
            .sum()
    };
    let missing = place - moment(&weights);
    weights[middle] -= missing;
    weights[middle + 1] += missing;
    weights
}

/// How far what the weights make of a signal can be from the straight line between the two samples in the middle, for
/// second differences of up to one: both are sums of second differences, whose weights are the second sums of theirs.
fn bend(weights: &[f64; TAPS], place: f64) -> f64 {
    let middle = TAPS / 2 - 1;
    let (mut first, mut second, mut bend) = (0.0, 0.0_f64, 0.0);
    for (tap, weight) in weights.iter().enumerate() {
        let line = match tap {
            _ if tap == middle => 1.0 - place,
            _ if tap == middle + 1 => place,
            _ => 0.0,
        };
        first += weight - line;
        second += first;
        bend += second.abs();
    }
    bend
}

/// The largest magnitude among samples. Eight side by side: one alone waits for itself.
pub(in crate::audio) fn loudest(samples: &[f32]) -> f32 {
    let mut maxima = [0.0_f32; 8];
    for samples in samples.chunks(maxima.len()) {
        for (maximum, sample) in maxima.iter_mut().zip(samples) {
            let magnitude = sample.abs();
            if magnitude > *maximum {
                *maximum = magnitude;
            }
        }
    }
    maxima.into_iter().fold(0.0, f32::max)
}

impl TruePeak {
    /// How many samples later than a sample the peak after it is found.
    pub const DELAY: usize = TAPS / 2;

    /// A finder of peaks above `threshold`.
    pub fn new(threshold: f32) -> Self {
        let mut filter = Box::new([[0.0; PLACES]; TAPS]);
        let mut most = 0.0_f64;
        for index in 0..PLACES {
            let place = index as f64 / PLACES as f64;
            let weights = weights(place);
            most = most.max(bend(&weights, place));
            for (tap, weight) in filter.iter_mut().zip(weights) {
                if let Some(slot) = tap.get_mut(index) {
                    *slot = weight as f32;
                }
            }
        }
        Self {
            filter,
            bend: most as f32 * SLACK,
            threshold,
            held: [0.0; TAPS + STRETCH],
        }
    }

    /// Takes samples in. `peaks`, as many, are the peaks from each sample to the one after it, [`Self::DELAY`] samples
    /// late; what is not above the threshold is given as something that is not.
    pub fn process(&mut self, samples: &[f32], peaks: &mut [f32]) {
        for (samples, peaks) in samples.chunks(STRETCH).zip(peaks.chunks_mut(STRETCH)) {
            self.stretch(samples, peaks);
        }
    }

    fn stretch(&mut self, samples: &[f32], peaks: &mut [f32]) {
        let count = samples.len();
        let Some(held) = self.held.get_mut(..TAPS + count) else {
            return;
        };
        if let Some(new) = held.get_mut(TAPS..) {
            new.copy_from_slice(samples);
        }
        let mut bends = [0.0_f32; TAPS + STRETCH];
        for (bend, three) in bends.iter_mut().zip(held.windows(3)) {
            if let [before, at, after] = *three {
                *bend = before - 2.0 * at + after;
            }
        }
        let between = self.bend * loudest(&bends);
        // Window `i` ends with new sample `i`.
        for (window, peak) in held.windows(TAPS).skip(1).zip(peaks.iter_mut()) {
            let (at, next) = match window.get(TAPS / 2 - 1..=TAPS / 2) {
                Some(&[at, next]) => (at.abs(), next.abs()),
                _ => (0.0, 0.0),
            };
            *peak = at;
            if at.max(next) + between > self.threshold {
                let mut sums = [0.0_f32; PLACES];
                for (sample, weights) in window.iter().zip(self.filter.iter()) {
                    for (sum, weight) in sums.iter_mut().zip(weights) {
                        *sum += sample * weight;
                    }
                }
                *peak = loudest(&sums).max(at);
            }
        }
        held.copy_within(count.., 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peaks(samples: &[f32], threshold: f32, chunk: usize) -> Vec<f32> {
        let mut finder = TruePeak::new(threshold);
        let mut peaks = vec![0.0; samples.len()];
        for (samples, peaks) in samples.chunks(chunk).zip(peaks.chunks_mut(chunk)) {
            finder.process(samples, peaks);
        }
        peaks
    }

    /// A tone that fades in.
    fn tone(share_of_rate: f32, phase: f32) -> Vec<f32> {
        (0..2_000)
            .map(|i| {
                let angle = i as f32 * share_of_rate * std::f32::consts::TAU + phase;
                0.8 * angle.sin() * (i as f32 / 500.0).min(1.0)
            })
            .collect()
    }

    #[test]
    fn a_peak_between_samples_is_seen() {
        // A quarter of the rate, sampled at 45 degrees: every sample is 3 dB below the peak.
        let samples = tone(0.25, std::f32::consts::FRAC_PI_4);
        assert!(loudest(&samples) < 0.57);
        let peak = loudest(&peaks(&samples, 0.5, 100));
        assert!((peak - 0.8).abs() < 0.005, "{peak}");
        for share in [0.05, 0.3, 0.41, 0.45] {
            let peak = loudest(&peaks(&tone(share, 0.3), 0.5, 100));
            assert!((peak - 0.8).abs() < 0.02, "{share}: {peak}");
        }
    }

    #[test]
    fn a_peak_is_told_by_its_sample_and_however_samples_come() {
        let mut samples = vec![0.0_f32; 400];
        samples[200] = 0.9;
        samples[201] = 0.9;
        let found = peaks(&samples, 0.5, 400);
        let loudest = (0..400).max_by(|a, b| found[*a].total_cmp(&found[*b]));
        assert_eq!(loudest, Some(200 + TruePeak::DELAY));
        // Half way between the two: (1 + 1/3 + ...) is cut by the window, the two nearest samples give 4/pi.
        let peak = found[200 + TruePeak::DELAY];
        assert!(
            (peak - 0.9 * 4.0 / std::f32::consts::PI).abs() < 0.01,
            "{peak}"
        );
        for chunk in [1, 7, 64, 65] {
            let again = peaks(&samples, 0.5, chunk);
            assert!(
                again
                    .iter()
                    .zip(&found)
                    .all(|(a, b)| a.max(0.5) == b.max(0.5))
            );
        }
    }

    #[test]
    fn no_peak_above_the_threshold_is_passed_over() {
        let mut seed = 1_u32;
        let mut noise = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        let mut low = 0.0;
        let samples: Vec<f32> = (0..20_000)
            .map(|i| {
                low += 0.1 * (noise() - low);
                low * 2.0 + noise() * (i as f32 * 0.001).sin().max(0.0)
            })
            .collect();
        // With a threshold of nothing every place is looked at.
        let all = peaks(&samples, 0.0, 64);
        for threshold in [0.3, 0.7, 1.2] {
            let some = peaks(&samples, threshold, 64);
            for (all, some) in all.iter().zip(&some) {
                assert!(all == some || *all <= threshold, "{all} and {some}");
            }
        }
    }
}
