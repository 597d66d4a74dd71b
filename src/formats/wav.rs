//! WAV files, written as the samples come.
//!
//! The head is the `hound` crate's; the samples are packed here a stretch at a time, because a call for each of them
//! would take longer than many a song's synthesis.

use std::io::{self, Seek, SeekFrom, Write};

use super::pcm::{Quantiser, SampleFormat};

/// What the 32-bit sizes of the format can count, with room for its headers.
const MOST_BYTES: u64 = u32::MAX as u64 - 1024;
/// Frames that are packed at once.
const STRETCH: usize = 4096;

/// Writes a stereo WAV file. Its head is right only after [`Self::finish`].
pub struct WavWriter<W: Write + Seek> {
    to: W,
    format: SampleFormat,
    quantiser: Quantiser,
    /// Bytes of the head; the size of the samples is its last number.
    head: u64,
    /// Bytes of the samples so far.
    bytes: u64,
    packed: Vec<u8>,
}

impl<W: Write + Seek> WavWriter<W> {
    /// Begins a file of `rate` samples a second.
    pub fn new(mut to: W, rate: u32, format: SampleFormat, dither_seed: u64) -> io::Result<Self> {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: rate,
            bits_per_sample: format.bits(),
            sample_format: match format {
                SampleFormat::Float32 => hound::SampleFormat::Float,
                SampleFormat::Int16 | SampleFormat::Int24 => hound::SampleFormat::Int,
            },
        };
        // Its sizes are filled in at the end.
        let head = spec.into_header_for_infinite_file();
        to.write_all(&head)?;
        Ok(Self {
            to,
            format,
            quantiser: Quantiser::new(format, dither_seed),
            head: head.len() as u64,
            bytes: 0,
            packed: Vec::new(),
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
        for (left, right) in left.chunks(STRETCH).zip(right.chunks(STRETCH)) {
            match self.format {
                SampleFormat::Float32 => self.pack(left, right, |_, sample| sample.to_le_bytes()),
                SampleFormat::Int16 => self.pack(left, right, |quantiser, sample| {
                    let [a, b, ..] = quantiser.quantise(sample).to_le_bytes();
                    [a, b]
                }),
                SampleFormat::Int24 => self.pack(left, right, |quantiser, sample| {
                    let [a, b, c, _] = quantiser.quantise(sample).to_le_bytes();
                    [a, b, c]
                }),
            }
            self.to.write_all(&self.packed)?;
        }
        Ok(())
    }

    /// Puts frames into `packed`, each sample as the `N` bytes that `bytes` makes of it.
    fn pack<const N: usize>(
        &mut self,
        left: &[f32],
        right: &[f32],
        bytes: impl Fn(&mut Quantiser, f32) -> [u8; N],
    ) {
        self.packed.resize(2 * N * left.len(), 0);
        let (frames, _) = self.packed.as_chunks_mut::<N>();
        for (frame, (left, right)) in frames.chunks_exact_mut(2).zip(left.iter().zip(right)) {
            if let [first, second] = frame {
                *first = bytes(&mut self.quantiser, *left);
                *second = bytes(&mut self.quantiser, *right);
            }
        }
    }

    /// Samples that were beyond full scale.
    pub fn clipped(&self) -> u64 {
        self.quantiser.clipped()
    }

    /// Completes the head.
    pub fn finish(mut self) -> io::Result<()> {
        // Sizes count what follows them; that of the file stands behind its four-letter name.
        let whole = self.head - 8 + self.bytes;
        for (place, size) in [(4, whole), (self.head - 4, self.bytes)] {
            let size = u32::try_from(size).map_err(io::Error::other)?;
            self.to.seek(SeekFrom::Start(place))?;
            self.to.write_all(&size.to_le_bytes())?;
        }
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn another_reader_finds_every_sample() {
        let frames = STRETCH + 77;
        let side =
            |step: f32| -> Vec<f32> { (0..frames).map(|i| (i as f32 * step).sin()).collect() };
        let (left, right) = (side(0.02), side(0.031));
        for format in SampleFormat::ALL {
            let mut bytes = Cursor::new(Vec::new());
            let mut writer = WavWriter::new(&mut bytes, 44_100, format, 9).unwrap();
            for (left, right) in left.chunks(1_000).zip(right.chunks(1_000)) {
                writer.write(left, right).unwrap();
            }
            assert_eq!(writer.clipped(), 0);
            writer.finish().unwrap();
            let size = bytes.get_ref().len();
            let mut reader = hound::WavReader::new(Cursor::new(bytes.into_inner())).unwrap();
            let spec = reader.spec();
            assert_eq!((spec.channels, spec.sample_rate), (2, 44_100));
            assert_eq!(spec.bits_per_sample, format.bits());
            assert_eq!(reader.duration() as usize, frames);
            let body = frames * 2 * usize::from(format.bits() / 8);
            assert!(size > body && size < body + 100, "{size} bytes");
            let sides = || left.iter().zip(&right).flat_map(|(l, r)| [*l, *r]);
            if format == SampleFormat::Float32 {
                let read: Vec<f32> = reader.samples().map(Result::unwrap).collect();
                assert!(read.into_iter().eq(sides()));
            } else {
                let mut quantiser = Quantiser::new(format, 9);
                let read: Vec<i32> = reader.samples().map(Result::unwrap).collect();
                assert!(read.into_iter().eq(sides().map(|x| quantiser.quantise(x))));
            }
        }
    }

    #[test]
    fn a_file_without_samples_is_whole() {
        let mut bytes = Cursor::new(Vec::new());
        let writer = WavWriter::new(&mut bytes, 48_000, SampleFormat::Int24, 0).unwrap();
        writer.finish().unwrap();
        let reader = hound::WavReader::new(Cursor::new(bytes.into_inner())).unwrap();
        assert_eq!(reader.duration(), 0);
    }
}
