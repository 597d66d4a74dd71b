//! WAV files, written as the samples come.

use std::io::{self, Seek, Write};

use super::pcm::{Quantiser, SampleFormat};

/// What the 32-bit sizes of the format can count, with room for its headers.
const MOST_BYTES: u64 = u32::MAX as u64 - 1024;

/// Writes a stereo WAV file. Its header is right only after [`Self::finish`].
pub struct WavWriter<W: Write + Seek> {
    writer: hound::WavWriter<W>,
    format: SampleFormat,
    quantiser: Quantiser,
    bytes: u64,
}

fn io_error(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}

impl<W: Write + Seek> WavWriter<W> {
    /// Begins a file of `rate` samples a second.
    pub fn new(to: W, rate: u32, format: SampleFormat, dither_seed: u64) -> io::Result<Self> {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: rate,
            bits_per_sample: format.bits(),
            sample_format: match format {
                SampleFormat::Float32 => hound::SampleFormat::Float,
                SampleFormat::Int16 | SampleFormat::Int24 => hound::SampleFormat::Int,
            },
        };
        Ok(Self {
            writer: hound::WavWriter::new(to, spec).map_err(io_error)?,
            format,
            quantiser: Quantiser::new(format, dither_seed),
            bytes: 0,
        })
    }

    /// Adds samples; both sides have one length.
    pub fn write(&mut self, left: &[f32], right: &[f32]) -> io::Result<()> {
        self.bytes += 2 * left.len() as u64 * u64::from(self.format.bits() / 8);
        if self.bytes > MOST_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "a WAV file holds no more than 4 GB: choose FLAC, fewer bits or a lower rate",
            ));
        }
        for (left, right) in left.iter().zip(right) {
            for &sample in [left, right] {
                match self.format {
                    SampleFormat::Float32 => self.writer.write_sample(sample),
                    SampleFormat::Int16 | SampleFormat::Int24 => {
                        self.writer.write_sample(self.quantiser.quantise(sample))
                    }
                }
                .map_err(io_error)?;
            }
        }
        Ok(())
    }

    /// Samples that were beyond full scale.
    pub fn clipped(&self) -> u64 {
        self.quantiser.clipped()
    }

    /// Completes the header.
    pub fn finish(self) -> io::Result<()> {
        self.writer.finalize().map_err(io_error)
    }
}
