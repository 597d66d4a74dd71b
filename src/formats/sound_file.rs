//! Sound files of either kind, made beside their place and put there when they are complete.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{FileError, Pending};
use super::flac::FlacWriter;
use super::pcm::SampleFormat;
use super::wav::WavWriter;

/// More samples a second the encoder of FLAC files does not take.
const MOST_FLAC_RATE: u32 = 96_000;

/// Why a kind of sound file cannot hold a sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// FLAC holds integers.
    #[error("FLAC holds no floating point: choose 16 or 24 bits, or WAV")]
    FloatingPoint,
    /// FLAC files have so many samples a second at most.
    #[error(
        "FLAC files of {0} samples a second cannot be written: choose {MOST_FLAC_RATE} or less, or WAV"
    )]
    Rate(u32),
}

/// Kinds of sound files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Container {
    /// Samples as they are.
    #[default]
    Wav,
    /// Compressed without loss.
    Flac,
}

impl Container {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Wav, Self::Flac];

    /// The kind that the name of a file asks for.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        Self::ALL
            .into_iter()
            .find(|kind| extension.eq_ignore_ascii_case(kind.extension()))
    }

    /// The ending of its files, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Flac => "flac",
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wav => "WAV",
            Self::Flac => "FLAC",
        }
    }

    /// Whether it can hold `rate` samples a second of `format`.
    pub fn check(self, format: SampleFormat, rate: u32) -> Result<(), SpecError> {
        match self {
            Self::Flac if format == SampleFormat::Float32 => Err(SpecError::FloatingPoint),
            Self::Flac if rate > MOST_FLAC_RATE => Err(SpecError::Rate(rate)),
            Self::Wav | Self::Flac => Ok(()),
        }
    }
}

/// What is in a sound file. All are stereo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoundSpec {
    /// Its kind.
    pub container: Container,
    /// Its samples.
    pub format: SampleFormat,
    /// Samples a second.
    pub rate: u32,
    /// Chooses the dither of 16-bit samples: equal seeds, equal files.
    pub dither_seed: u64,
}

enum Writer {
    Wav(WavWriter<BufWriter<File>>),
    Flac(Box<FlacWriter<BufWriter<File>>>),
}

/// A sound file that is being written; dropped before it is finished and committed, it leaves no trace.
pub struct SoundFile {
    path: PathBuf,
    pending: Pending,
    writer: Writer,
}

impl std::fmt::Debug for SoundFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SoundFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl SoundFile {
    /// Begins a file that will be at `path`.
    pub fn create(path: &Path, spec: &SoundSpec) -> Result<Self, FileError> {
        let failed = |error| FileError::new(path, "write", error);
        let refused = |error| failed(io::Error::new(io::ErrorKind::InvalidInput, error));
        spec.container
            .check(spec.format, spec.rate)
            .map_err(refused)?;
        let mut pending = Pending::create(path)?;
        let to = BufWriter::with_capacity(1 << 16, pending.file().try_clone().map_err(failed)?);
        let (rate, format, seed) = (spec.rate, spec.format, spec.dither_seed);
        let writer = match spec.container {
            Container::Wav => WavWriter::new(to, rate, format, seed).map(Writer::Wav),
            Container::Flac => {
                FlacWriter::new(to, rate, format, seed).map(|writer| Writer::Flac(Box::new(writer)))
            }
        };
        Ok(Self {
            path: path.to_owned(),
            pending,
            writer: writer.map_err(failed)?,
        })
    }

    fn failed(&self) -> impl Fn(io::Error) -> FileError + 'static {
        let path = self.path.clone();
        move |error| FileError::new(&path, "write", error)
    }

    /// Adds samples; both sides have one length, and ±1 is full scale.
    pub fn write(&mut self, left: &[f32], right: &[f32]) -> Result<(), FileError> {
        match &mut self.writer {
            Writer::Wav(writer) => writer.write(left, right),
            Writer::Flac(writer) => writer.write(left, right),
        }
        .map_err(self.failed())
    }

    /// Where it will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Samples that were beyond full scale and were clipped; floating point clips none.
    pub fn clipped(&self) -> u64 {
        match &self.writer {
            Writer::Wav(writer) => writer.clipped(),
            Writer::Flac(writer) => writer.clipped(),
        }
    }

    /// Completes the file; [`Pending::commit`] puts it in its place.
    pub fn finish(self) -> Result<Pending, FileError> {
        let failed = self.failed();
        match self.writer {
            Writer::Wav(writer) => writer.finish(),
            Writer::Flac(writer) => writer.finish(),
        }
        .map_err(failed)?;
        Ok(self.pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::files::Previous;

    #[test]
    fn names_choose_the_kind() {
        assert_eq!(Container::of(Path::new("a.WAV")), Some(Container::Wav));
        assert_eq!(Container::of(Path::new("a.flac")), Some(Container::Flac));
        assert_eq!(Container::of(Path::new("a.mp3")), None);
        assert_eq!(Container::of(Path::new("wav")), None);
    }

    #[test]
    fn a_file_is_there_when_it_is_committed_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        for container in Container::ALL {
            let path = folder
                .path()
                .join("a")
                .with_extension(container.extension());
            let spec = SoundSpec {
                container,
                format: SampleFormat::Int16,
                rate: 48_000,
                dither_seed: 0,
            };
            let mut file = SoundFile::create(&path, &spec).unwrap();
            file.write(&[0.5; 100], &[-0.5; 100]).unwrap();
            let complete = file.finish().unwrap();
            assert!(!path.exists());
            complete.commit(Previous::Drop).unwrap();
            assert!(path.exists());
            drop(SoundFile::create(&path, &spec).unwrap());
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
        for (format, rate, words) in [
            (SampleFormat::Float32, 48_000, "24 bits"),
            (SampleFormat::Int24, 192_000, "96000 or less"),
        ] {
            let spec = SoundSpec {
                container: Container::Flac,
                format,
                rate,
                dither_seed: 0,
            };
            let error = SoundFile::create(&folder.path().join("b.flac"), &spec).unwrap_err();
            let text = error.to_string();
            assert!(text.contains("b.flac") && text.contains(words), "{text}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
