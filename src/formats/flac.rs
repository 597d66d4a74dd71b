//! FLAC files, written as the samples come.
//!
//! The encoder's own way from a source to a stream keeps every frame in memory. Here frames are encoded some at a time,
//! side by side, and what the head of the file says about all of them is written at the end.

use std::io::{self, Seek, SeekFrom, Write};

use flacenc::bitsink::ByteSink;
use flacenc::component::{BitRepr as _, Frame, StreamInfo};
use flacenc::config::Encoder;
use flacenc::error::{Verified, Verify as _};
use flacenc::source::{Context, Fill as _, FrameBuf};
use rayon::prelude::*;

use super::pcm::{Quantiser, SampleFormat};
use super::sound_file::Container;

/// Samples of one side in a frame of the file.
const BLOCK: usize = 4096;
/// Frames that are encoded side by side.
const BATCH: usize = 16;
/// The marker, and the head of the one metadata block: it is the last, of type "stream information", with 34 bytes.
const HEAD: [u8; 8] = [b'f', b'L', b'a', b'C', 0x80, 0, 0, 34];

/// Writes a stereo FLAC file. Its head is right only after [`Self::finish`].
pub struct FlacWriter<W: Write + Seek> {
    to: W,
    encoder: Verified<Encoder>,
    info: StreamInfo,
    checksum: Context,
    quantiser: Quantiser,
    /// Samples that wait for a full batch, left and right in turn.
    waiting: Vec<i32>,
    frames: usize,
    bytes_per_sample: usize,
}

fn failed(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("the FLAC encoder failed: {error}"))
}

impl<W: Write + Seek> FlacWriter<W> {
    /// Begins a file of `rate` samples a second. What [`Container::check`] refuses is an error.
    pub fn new(mut to: W, rate: u32, format: SampleFormat, dither_seed: u64) -> io::Result<Self> {
        Container::Flac
            .check(format, rate)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let bits = usize::from(format.bits());
        let info = StreamInfo::new(rate as usize, 2, bits).map_err(failed)?;
        let encoder = Encoder::default()
            .into_verified()
            .map_err(|(_, error)| failed(error))?;
        to.write_all(&HEAD)?;
        to.write_all(&[0; 34])?;
        Ok(Self {
            to,
            encoder,
            info,
            checksum: Context::new(bits, 2),
            quantiser: Quantiser::new(format, dither_seed),
            waiting: Vec::with_capacity(2 * BLOCK * BATCH),
            frames: 0,
            bytes_per_sample: bits / 8,
        })
    }

    /// Adds samples; both sides have one length.
    pub fn write(&mut self, left: &[f32], right: &[f32]) -> io::Result<()> {
        for (left, right) in left.iter().zip(right) {
            self.waiting.push(self.quantiser.quantise(*left));
            self.waiting.push(self.quantiser.quantise(*right));
            if self.waiting.len() == 2 * BLOCK * BATCH {
                self.encode_waiting()?;
            }
        }
        Ok(())
    }

    fn encode_waiting(&mut self) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(self.waiting.len() * self.bytes_per_sample);
        for sample in &self.waiting {
            let all = sample.to_le_bytes();
            bytes.extend_from_slice(all.get(..self.bytes_per_sample).unwrap_or(&all));
        }
        self.checksum
            .fill_le_bytes(&bytes, self.bytes_per_sample)
            .map_err(failed)?;
        let (encoder, info, first) = (&self.encoder, &self.info, self.frames);
        let frames: Vec<Frame> = self
            .waiting
            .par_chunks(2 * BLOCK)
            .enumerate()
            .map(|(index, samples)| {
                let mut block = FrameBuf::with_size(2, BLOCK).map_err(failed)?;
                block.fill_interleaved(samples).map_err(failed)?;
                let number = first + index;
                let mut frame = flacenc::encode_fixed_size_frame(encoder, &block, number, info)
                    .map_err(failed)?;
                frame.precompute_bitstream();
                Ok(frame)
            })
            .collect::<io::Result<_>>()?;
        for frame in &frames {
            let mut sink = ByteSink::new();
            frame.write(&mut sink).map_err(failed)?;
            self.to.write_all(sink.as_slice())?;
            self.info.update_frame_info(frame);
        }
        self.frames += frames.len();
        self.waiting.clear();
        Ok(())
    }

    /// Samples that were beyond full scale.
    pub fn clipped(&self) -> u64 {
        self.quantiser.clipped()
    }

    /// Writes what is left, and the head.
    pub fn finish(mut self) -> io::Result<()> {
        if !self.waiting.is_empty() {
            self.encode_waiting()?;
        }
        // The last block may be shorter; the head gives the size of the others.
        self.info.set_block_sizes(BLOCK, BLOCK).map_err(failed)?;
        if self.frames == 0 {
            self.info.set_frame_sizes(0, 0).map_err(failed)?;
        }
        self.info.set_md5_digest(&self.checksum.md5_digest());
        let mut sink = ByteSink::new();
        self.info.write(&mut sink).map_err(failed)?;
        self.to.seek(SeekFrom::Start(HEAD.len() as u64))?;
        self.to.write_all(sink.as_slice())?;
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// What another decoder reads: the samples, left and right in turn.
    fn decoded(bytes: &[u8]) -> (claxon::metadata::StreamInfo, Vec<i32>) {
        let mut reader = claxon::FlacReader::new(bytes).unwrap();
        let info = reader.streaminfo();
        (info, reader.samples().map(Result::unwrap).collect())
    }

    #[test]
    fn another_decoder_reads_every_sample() {
        for (format, frames) in [
            (SampleFormat::Int16, 0_usize),
            (SampleFormat::Int16, 1),
            (SampleFormat::Int24, 40),
            (SampleFormat::Int24, BLOCK),
            (SampleFormat::Int16, BLOCK * (BATCH + 2) + 77),
            (SampleFormat::Int24, BLOCK * (2 * BATCH + 1) + 5),
        ] {
            let side = |step: f32| -> Vec<f32> {
                (0..frames)
                    .map(|i| (i as f32 * step).sin() * (i as f32 * 0.000_1).cos())
                    .collect()
            };
            let (left, right) = (side(0.02), side(0.031));
            let mut bytes = Cursor::new(Vec::new());
            let mut writer = FlacWriter::new(&mut bytes, 44_100, format, 9).unwrap();
            for (left, right) in left.chunks(1_000).zip(right.chunks(1_000)) {
                writer.write(left, right).unwrap();
            }
            writer.finish().unwrap();
            let mut quantiser = Quantiser::new(format, 9);
            let wanted: Vec<i32> = left
                .iter()
                .zip(&right)
                .flat_map(|(left, right)| [quantiser.quantise(*left), quantiser.quantise(*right)])
                .collect();
            let (info, read) = decoded(bytes.get_ref());
            assert_eq!(info.sample_rate, 44_100);
            assert_eq!(info.bits_per_sample, u32::from(format.bits()));
            if frames > 0 {
                assert_eq!(info.samples, Some(frames as u64));
            }
            assert!(read == wanted, "{format:?}, {frames} frames");
            // The checksum is that of the bytes of the samples.
            let mut checksum = Context::new(usize::from(format.bits()), 2);
            checksum.fill_interleaved(&wanted).unwrap();
            assert_eq!(info.md5sum, checksum.md5_digest());
        }
    }

    #[test]
    fn sound_takes_less_room_than_its_samples() {
        let tone: Vec<f32> = (0..96_000).map(|i| (i as f32 * 0.05).sin() * 0.5).collect();
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = FlacWriter::new(&mut bytes, 48_000, SampleFormat::Int24, 0).unwrap();
        writer.write(&tone, &tone).unwrap();
        writer.finish().unwrap();
        assert!(bytes.get_ref().len() < 96_000 * 6 / 2);
        assert!(FlacWriter::new(&mut bytes, 48_000, SampleFormat::Float32, 0).is_err());
        assert!(FlacWriter::new(&mut bytes, 96_000, SampleFormat::Int24, 0).is_ok());
        assert!(FlacWriter::new(&mut bytes, 96_001, SampleFormat::Int24, 0).is_err());
    }
}
