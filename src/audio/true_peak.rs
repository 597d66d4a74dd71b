//! Peaks between the samples.
//!
//! What a converter makes of samples can be louder than any of them. ITU-R BS.1770-5, annex 2, finds such peaks by
//! interpolating four times as many samples with a filter of 48 coefficients; this is that filter.

/// Samples that the filter looks at.
pub const TAPS: usize = 12;
/// The four phases of the filter, the newest sample first.
#[rustfmt::skip]
const PHASES: [[f32; TAPS]; 4] = [
    [
        0.001_708_984_4, 0.010_986_328, -0.019_653_32, 0.033_203_125, -0.059_448_242, 0.137_329_1,
        0.972_167_97, -0.102_294_92, 0.047_607_422, -0.026_611_328, 0.014_892_578, -0.008_300_781,
    ],
    [
        -0.029_174_805, 0.029_296_875, -0.051_757_813, 0.089_111_33, -0.166_503_9, 0.465_087_9,
        0.779_785_16, -0.200_317_38, 0.101_562_5, -0.058_227_54, 0.033_081_055, -0.018_920_898,
    ],
    [
        -0.018_920_898, 0.033_081_055, -0.058_227_54, 0.101_562_5, -0.200_317_38, 0.779_785_16,
        0.465_087_9, -0.166_503_9, 0.089_111_33, -0.051_757_813, 0.029_296_875, -0.029_174_805,
    ],
    [
        -0.008_300_781, 0.014_892_578, -0.026_611_328, 0.047_607_422, -0.102_294_92, 0.972_167_97,
        0.137_329_1, -0.059_448_242, 0.033_203_125, -0.019_653_32, 0.010_986_328, 0.001_708_984_4,
    ],
];
/// How much louder than its samples a signal can be at most, as this filter sees it: the largest sum of the magnitudes
/// of a phase.
pub const LARGEST_GAIN: f32 = 2.03;

/// Finds the peaks of one channel, between its samples too.
#[derive(Debug, Clone)]
pub struct TruePeak {
    /// The last samples, twice in a row, so that they always lie in one piece with the newest first.
    last: [f32; 2 * TAPS],
    newest: usize,
    /// Below this no sample needs a closer look.
    of_interest: f32,
    /// How many samples ago one was above `of_interest`.
    quiet: usize,
}

impl TruePeak {
    /// A finder that only looks between samples where a peak of at least `threshold` is possible.
    pub fn new(threshold: f32) -> Self {
        Self {
            last: [0.0; 2 * TAPS],
            newest: 0,
            of_interest: threshold / LARGEST_GAIN,
            quiet: TAPS,
        }
    }

    /// Takes a sample in, and gives the larger of its magnitude and of what lies around the sample five to six before
    /// it.
    pub fn push(&mut self, sample: f32) -> f32 {
        self.newest = if self.newest == 0 {
            TAPS - 1
        } else {
            self.newest - 1
        };
        for place in [self.newest, self.newest + TAPS] {
            if let Some(slot) = self.last.get_mut(place) {
                *slot = sample;
            }
        }
        let magnitude = sample.abs();
        self.quiet = if magnitude > self.of_interest {
            0
        } else {
            self.quiet.saturating_add(1)
        };
        if self.quiet >= TAPS {
            return magnitude;
        }
        let Some(last) = self.last.get(self.newest..self.newest + TAPS) else {
            return magnitude;
        };
        PHASES.iter().fold(magnitude, |peak, phase| {
            let between: f32 = phase.iter().zip(last).map(|(a, b)| a * b).sum();
            peak.max(between.abs())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peak_of(samples: impl Iterator<Item = f32>) -> f32 {
        let mut finder = TruePeak::new(0.5);
        samples.fold(0.0, |peak: f32, sample| peak.max(finder.push(sample)))
    }

    #[test]
    fn a_peak_between_samples_is_seen() {
        // A quarter of the rate, sampled at 45 degrees: every sample is 3 dB below the peak. After the first ones,
        // which begin out of nothing.
        let tone = |i: i32| (i as f32 * 0.5 + 0.25) * std::f32::consts::PI;
        let samples: Vec<f32> = (0..480)
            .map(|i| 0.8 * tone(i).sin() * (i as f32 / 100.0).min(1.0))
            .collect();
        let loudest = samples.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
        assert!(loudest < 0.57);
        let peak = peak_of(samples.into_iter());
        assert!((peak - 0.8).abs() < 0.04, "{peak}");
    }

    #[test]
    fn the_filter_leaves_constants_alone_and_has_the_gain_it_says() {
        for phase in &PHASES {
            let sum: f32 = phase.iter().sum();
            assert!((sum - 1.0).abs() < 0.03, "{sum}");
            let gain: f32 = phase.iter().map(|x| x.abs()).sum();
            assert!(gain <= LARGEST_GAIN, "{gain}");
        }
    }
}
