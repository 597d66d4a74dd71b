//! WAV files, written as they are rendered.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use super::files::{FileError, Pending, Previous};

/// How a sample is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// 16 bits, with triangular dither.
    Int16,
    /// 24 bits.
    #[default]
    Int24,
    /// 32-bit floating point.
    Float32,
}

/// A WAV file that could not be written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum WavError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{path}: cannot write WAV: {source}")]
    Wav { path: PathBuf, source: hound::Error },
}

/// A WAV file that grows. It takes its place at [`Self::finish`]; dropped before, it leaves no trace.
pub struct WavWriter {
    path: PathBuf,
    pending: Pending,
    writer: hound::WavWriter<BufWriter<File>>,
    depth: Depth,
    dither: Dither,
}

impl WavWriter {
    /// Begins a file of `channels` channels at `rate` samples a second.
    pub fn create(path: &Path, rate: u32, channels: u16, depth: Depth) -> Result<Self, WavError> {
        let pending = Pending::create(path)?;
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: match depth {
                Depth::Int16 => 16,
                Depth::Int24 => 24,
                Depth::Float32 => 32,
            },
            sample_format: match depth {
                Depth::Float32 => hound::SampleFormat::Float,
                _ => hound::SampleFormat::Int,
            },
        };
        let file = BufWriter::new(pending.reopen()?);
        let writer = hound::WavWriter::new(file, spec).map_err(|source| WavError::Wav {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            pending,
            writer,
            depth,
            dither: Dither::default(),
        })
    }

    /// Adds samples, the channels in turn, -1..=1; what is beyond is held at the ends, what is not a number is silence.
    pub fn write(&mut self, samples: &[f32]) -> Result<(), WavError> {
        for &sample in samples {
            let sample = if sample.is_finite() {
                sample.clamp(-1.0, 1.0)
            } else {
                0.0
            };
            let written = match self.depth {
                Depth::Int16 => {
                    let value = sample * 32767.0 + self.dither.next();
                    let value = value.round().clamp(-32768.0, 32767.0) as i16;
                    self.writer.write_sample(value)
                }
                Depth::Int24 => {
                    let value = (f64::from(sample) * 8_388_607.0).round() as i32;
                    self.writer.write_sample(value)
                }
                Depth::Float32 => self.writer.write_sample(sample),
            };
            written.map_err(|source| WavError::Wav {
                path: self.path.clone(),
                source,
            })?;
        }
        Ok(())
    }

    /// Samples for each channel so far.
    pub fn frames(&self) -> u32 {
        self.writer.duration()
    }

    /// Ends the file and puts it in its place.
    pub fn finish(self) -> Result<(), WavError> {
        let path = self.path;
        self.writer
            .finalize()
            .map_err(|source| WavError::Wav { path, source })?;
        self.pending.commit(Previous::Drop)?;
        Ok(())
    }
}

impl std::fmt::Debug for WavWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WavWriter")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// Triangular dither of one step either way; always the same, so that equal renders are equal files.
#[derive(Debug, Default)]
struct Dither(u32);

impl Dither {
    fn uniform(&mut self) -> f32 {
        // Linear congruence (Knuth and Lewis, in Numerical Recipes); only its high bits are used.
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / 16_777_216.0
    }

    fn next(&mut self) -> f32 {
        self.uniform() - self.uniform()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_back_at_every_depth() {
        let folder = tempfile::tempdir().unwrap();
        let samples = [0.0, 0.5, -0.5, 1.5, -2.0, f32::NAN];
        let expected = [0.0, 0.5, -0.5, 1.0, -1.0, 0.0];
        for (depth, step) in [
            (Depth::Int16, 3.0 / 32767.0),
            (Depth::Int24, 1.0 / 8_000_000.0),
            (Depth::Float32, 0.0),
        ] {
            let path = folder.path().join("a.wav");
            let mut writer = WavWriter::create(&path, 44_100, 2, depth).unwrap();
            writer.write(&samples).unwrap();
            assert_eq!(writer.frames(), 3);
            writer.finish().unwrap();
            let mut reader = hound::WavReader::open(&path).unwrap();
            assert_eq!(reader.spec().sample_rate, 44_100);
            let back: Vec<f32> = match depth {
                Depth::Float32 => reader.samples::<f32>().map(Result::unwrap).collect(),
                Depth::Int24 => (reader.samples::<i32>())
                    .map(|s| s.unwrap() as f32 / 8_388_607.0)
                    .collect(),
                Depth::Int16 => (reader.samples::<i32>())
                    .map(|s| s.unwrap() as f32 / 32767.0)
                    .collect(),
            };
            for (a, b) in back.iter().zip(expected) {
                assert!((a - b).abs() <= step, "{depth:?}: {a} for {b}");
            }
        }
    }

    #[test]
    fn a_render_that_is_given_up_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let mut writer = WavWriter::create(&path, 48_000, 2, Depth::Int16).unwrap();
        writer.write(&[0.0; 1000]).unwrap();
        drop(writer);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
