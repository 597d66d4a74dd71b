//! Renders into files: the mix, and the stems.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::master::{Master, Measured, Tape};
use super::mixdown::Chunk;
use super::{
    Loudness, Output, Progress, RENDERING, RenderError, RenderOptions, Stage, Stems, Watch,
    on_threads, render,
};
use crate::audio::limiter::TRUE_PEAK;
use crate::audio::soundfont::Font;
use crate::audio::true_peak::loudest;
use crate::formats::files::{FileError, Previous};
use crate::formats::sound_file::{Container, SoundFile, SoundSpec};
use crate::score::{Song, TrackId};

/// A file of a render.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// Where it is.
    pub path: PathBuf,
    /// The track, for a stem.
    pub track: Option<TrackId>,
    /// Frames written.
    pub frames: u64,
    /// The loudest sample, 1 for full scale.
    pub peak: f32,
    /// Samples that were beyond full scale and were cut.
    pub clipped: u64,
    /// Integrated loudness in LUFS and true peak in dB, where they were asked for.
    pub loudness: Option<Loudness>,
}

/// A file that is being written, and what is known about it.
struct Writing {
    file: SoundFile,
    track: Option<TrackId>,
    frames: u64,
    peak: f32,
}

impl Writing {
    fn create(
        path: &Path,
        options: &RenderOptions,
        track: Option<TrackId>,
    ) -> Result<Self, RenderError> {
        let spec = SoundSpec {
            container: Container::of(path).ok_or_else(|| RenderError::Kind(path.to_owned()))?,
            format: options.format,
            rate: options.rate,
            dither_seed: options.dither_seed,
        };
        Ok(Self {
            file: SoundFile::create(path, &spec)?,
            track,
            frames: 0,
            peak: 0.0,
        })
    }

    fn write(&mut self, left: &[f32], right: &[f32]) -> Result<(), RenderError> {
        self.frames += left.len() as u64;
        self.peak = self.peak.max(loudest(left)).max(loudest(right));
        Ok(self.file.write(left, right)?)
    }
}

/// What a sound goes through before its file.
enum Finish {
    /// Straight on.
    Master(Box<Master>),
    /// Kept until the gain is known.
    Tape(Tape),
}

/// The mix or a stem, on its way into its file.
struct Strip {
    writing: Writing,
    finish: Finish,
}

impl Strip {
    /// A sound for the file at `path`: one that goes through `master` unless the loudness is to be measured first.
    fn create(
        path: &Path,
        options: &RenderOptions,
        track: Option<TrackId>,
        master: Master,
    ) -> Result<Self, RenderError> {
        let writing = Writing::create(path, options, track)?;
        let finish = if options.loudness.is_some() {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty())
                .unwrap_or(Path::new("."));
            let failed = |error| FileError::new(path, "write", error);
            Finish::Tape(Tape::new(folder, options.rate).map_err(failed)?)
        } else {
            Finish::Master(Box::new(master))
        };
        Ok(Self { writing, finish })
    }

    fn write(&mut self, left: &[f32], right: &[f32]) -> Result<(), RenderError> {
        match &mut self.finish {
            Finish::Master(master) => {
                let (left, right) = master.pass(left, right);
                self.writing.write(left, right)
            }
            Finish::Tape(tape) => tape.write(left, right),
        }
    }

    /// Writes what is still to be written: what waits in a master, or the whole tape through `late`, the master that
    /// its loudness asks for. `check` is called now and then, to cancel.
    fn end(
        &mut self,
        late: Master,
        check: &mut dyn FnMut() -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        let writing = &mut self.writing;
        match &mut self.finish {
            Finish::Master(master) => {
                let (left, right) = master.rest();
                writing.write(left, right)
            }
            Finish::Tape(tape) => tape.play(late, &mut |left, right| {
                check()?;
                writing.write(left, right)
            }),
        }
    }
}

/// Writes the mix, and the stems.
struct Files<'a> {
    options: &'a RenderOptions,
    mix: Strip,
    stem_path: &'a (dyn Fn(TrackId) -> PathBuf + Sync),
    stems: Vec<Strip>,
}

impl Output for Files<'_> {
    fn begin(&mut self, stems: &[TrackId]) -> Result<(), RenderError> {
        if self.options.stems == Stems::Separate {
            for &track in stems {
                let path = (self.stem_path)(track);
                let master = Master::without_limiter(self.options.gain);
                self.stems
                    .push(Strip::create(&path, self.options, Some(track), master)?);
            }
        }
        Ok(())
    }

    fn write(&mut self, chunk: &Chunk) -> Result<(), RenderError> {
        let [left, right] = &chunk.mix;
        self.mix.write(left, right)?;
        for (stem, [left, right]) in self.stems.iter_mut().zip(&chunk.stems) {
            stem.write(left, right)?;
        }
        Ok(())
    }
}

impl Files<'_> {
    /// Writes what the files still lack when the song is over; says how loud the mix is, if that was to be measured.
    fn end(&mut self, watch: Watch<'_>) -> Result<Option<Measured>, RenderError> {
        // How often it must be measured is not known: each step goes a part of the way that is left.
        let mut share = RENDERING;
        let mut check = || {
            share += (1.0 - share) * 0.002;
            let stage = Stage::Measuring;
            match watch(Progress { stage, share }) {
                ControlFlow::Continue(()) => Ok(()),
                ControlFlow::Break(()) => Err(RenderError::Cancelled),
            }
        };
        let fit = match (&mut self.mix.finish, self.options.loudness) {
            (Finish::Tape(tape), Some(wanted)) => Some(tape.fit(wanted, &mut check)?),
            _ => None,
        };
        let (gain, ceiling) = fit.map_or((self.options.gain, TRUE_PEAK), |fit| {
            (fit.gain, fit.ceiling)
        });
        let master = Master::new(self.options.rate, gain, ceiling);
        self.mix.end(master, &mut check)?;
        for stem in &mut self.stems {
            stem.end(Master::without_limiter(gain), &mut check)?;
        }
        Ok(fit.and_then(|fit| fit.measured))
    }
}

/// Renders into the file at `path`, WAV or FLAC by its ending, and the stems that `options` ask for into the files that
/// `stem_path` names. Files that are there are replaced, and only when every new one is complete. `watch` is told many
/// times a second how far it is.
pub fn render_to_files(
    song: &Song,
    font: &Arc<Font>,
    options: &RenderOptions,
    path: &Path,
    stem_path: &(dyn Fn(TrackId) -> PathBuf + Sync),
    watch: Watch<'_>,
) -> Result<Vec<Rendered>, RenderError> {
    options.check()?;
    let master = Master::new(options.rate, options.gain, TRUE_PEAK);
    let mut files = Files {
        options,
        mix: Strip::create(path, options, None, master)?,
        stem_path,
        stems: Vec::new(),
    };
    let measured = on_threads(options.threads, || {
        render(song, font, options, &mut files, watch)?;
        files.end(watch)
    })?;
    let mut done = Vec::new();
    let mut complete = Vec::new();
    let strips = std::iter::once(files.mix).chain(files.stems);
    for writing in strips.map(|strip| strip.writing) {
        let of_mix = |_: &Measured| writing.track.is_none();
        done.push(Rendered {
            path: writing.file.path().to_owned(),
            track: writing.track,
            frames: writing.frames,
            peak: writing.peak,
            clipped: writing.file.clipped(),
            loudness: measured.filter(of_mix).map(|measured| Loudness {
                lufs: measured.lufs,
                true_peak: measured.true_peak,
            }),
        });
        complete.push(writing.file.finish()?);
    }
    for file in complete {
        file.commit(Previous::Drop)?;
    }
    Ok(done)
}

/// The file of a stem, beside that of the mix: "Song - 02 Bass.wav". `number` counts the tracks of the song from 1.
pub fn stem_path(mix: &Path, number: usize, name: &str) -> PathBuf {
    let safe: String = name
        .chars()
        .filter(|c| !c.is_control() && !r#"/\:*?"<>|"#.contains(*c))
        .collect();
    let stem = crate::formats::files::stem(mix);
    let extension = mix.extension().unwrap_or_default().to_string_lossy();
    let name = format!("{stem} - {number:02} {}", safe.trim());
    mix.with_file_name(format!("{}.{extension}", name.trim_end()))
}
