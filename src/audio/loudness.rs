//! The loudness meter of the output, after EBU R 128.

use ebur128::{EbuR128, Mode};

/// How often a reading is taken, in seconds: as often as the standard asks for.
const READING_SECONDS: f64 = 0.1;
/// A meter that heard nothing but zeros for so long rests, in seconds: longer than its window.
const REST_SECONDS: f64 = 1.0;

/// Momentary loudness of a stereo signal: over the last 400 ms, K-weighted (ITU-R BS.1770). [`Self::measure`] neither
/// allocates nor locks.
pub struct LoudnessMeter {
    /// Absent at a rate that the standard's filters cannot have.
    meter: Option<EbuR128>,
    reading_frames: usize,
    /// Frames until the next reading.
    until_reading: usize,
    rest_frames: usize,
    /// Frames of zeros so far.
    silent: usize,
    momentary: f32,
}

impl std::fmt::Debug for LoudnessMeter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoudnessMeter")
            .field("momentary", &self.momentary)
            .finish_non_exhaustive()
    }
}

impl LoudnessMeter {
    /// A meter for `rate` samples a second.
    pub fn new(rate: u32) -> Self {
        let frames = |seconds: f64| ((f64::from(rate) * seconds) as usize).max(1);
        Self {
            meter: EbuR128::new(2, rate, Mode::M).ok(),
            reading_frames: frames(READING_SECONDS),
            until_reading: frames(READING_SECONDS),
            rest_frames: frames(REST_SECONDS),
            silent: frames(REST_SECONDS),
            momentary: f32::NEG_INFINITY,
        }
    }

    /// Takes the next samples in, as many of the left as of the right.
    pub fn measure(&mut self, left: &[f32], right: &[f32]) {
        let frames = left.len().min(right.len());
        let (Some(left), Some(right)) = (left.get(..frames), right.get(..frames)) else {
            return;
        };
        if left.iter().chain(right).all(|sample| *sample == 0.0) {
            self.silent = self.silent.saturating_add(frames);
        } else {
            self.silent = 0;
        }
        if self.silent >= self.rest_frames {
            self.momentary = f32::NEG_INFINITY;
            return;
        }
        let Some(meter) = &mut self.meter else {
            return;
        };
        if meter.add_frames_planar_f32(&[left, right]).is_err() {
            return;
        }
        self.until_reading = self.until_reading.saturating_sub(frames);
        if self.until_reading == 0 {
            self.until_reading = self.reading_frames;
            if let Ok(lufs) = meter.loudness_momentary() {
                self.momentary = lufs as f32;
            }
        }
    }

    /// The last reading in LUFS; negative infinity in silence.
    pub fn momentary(&self) -> f32 {
        self.momentary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f32, level: f32, seconds: f32) -> Vec<f32> {
        (0..(seconds * 48_000.0) as usize)
            .map(|i| level * (i as f32 / 48_000.0 * hertz * std::f32::consts::TAU).sin())
            .collect()
    }

    #[test]
    fn a_full_scale_tone_on_both_sides_reads_as_the_standard_says() {
        // BS.1770: a 997 Hz tone of full scale on one front channel reads -3.01 LUFS, on two 3.01 dB more.
        let mut meter = LoudnessMeter::new(48_000);
        for part in tone(997.0, 1.0, 1.0).chunks(256) {
            meter.measure(part, part);
        }
        assert!(meter.momentary().abs() < 0.05, "{}", meter.momentary());
        for part in tone(997.0, 0.1, 1.0).chunks(333) {
            meter.measure(part, part);
        }
        assert!((meter.momentary() + 20.0).abs() < 0.05);
    }

    #[test]
    fn silence_has_no_loudness_and_wakes_up_again() {
        let mut meter = LoudnessMeter::new(48_000);
        let (loud, quiet) = (tone(997.0, 0.5, 1.0), vec![0.0; 96_000]);
        for sound in [&loud, &quiet] {
            for part in sound.chunks(256) {
                meter.measure(part, part);
            }
        }
        assert_eq!(meter.momentary(), f32::NEG_INFINITY);
        for part in loud.chunks(256) {
            meter.measure(part, part);
        }
        assert!((meter.momentary() + 6.02).abs() < 0.05);
    }
}
