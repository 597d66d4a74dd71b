//! Offline render: the same schedule and synthesizers as in real time, as fast as they go, into files or into memory.
//! Files are written as they are made, so that their length costs no memory, and appear under their names only when all of
//! them are complete.
//!
//! `mixdown` makes the sound of all tracks, `part` that of one, `strand` lets every note begin on its sample,
//! `master` has gain, limiter and loudness, and `files` the files.

mod files;
mod master;
mod mixdown;
mod part;
mod strand;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::formats::files::FileError;
use crate::score::{Song, Span, TrackId};

pub use crate::formats::pcm::SampleFormat;
pub use files::{Rendered, render_to_files, stem_path};

use super::limiter::TRUE_PEAK;
use super::soundfont::Font;
use master::Master;
use mixdown::{Chunk, Mixdown};

/// Frames made at once.
const CHUNK: usize = 16_384;
/// What is cut off at the longest tail fades over this many seconds.
const FADE_SECONDS: f64 = 0.1;
/// Below this a tail is over (-80 dB) ...
const SILENCE: f32 = 1e-4;
/// ... when it lasts so many seconds.
const SILENT_SECONDS: f64 = 0.25;
/// Share of the work that is rendering where the loudness is measured afterwards.
const RENDERING: f64 = 0.8;

/// Whether every track is also rendered by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stems {
    /// Only the mix.
    #[default]
    None,
    /// One stem for each track that is heard, turned up or down as the mix is: their sum is the mix before its limiter.
    Separate,
}

/// How loud a render should be, after ITU-R BS.1770.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loudness {
    /// Integrated loudness in LUFS, -60..=-5.
    pub lufs: f64,
    /// The true peak stays below this, in dB, -20..=0.
    pub true_peak: f64,
}

impl Loudness {
    /// What streaming services play at, with the usual room for what they do to it.
    pub const STREAMING: Self = Self {
        lufs: -14.0,
        true_peak: -1.0,
    };
}

/// What to render, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderOptions {
    /// Samples a second, 16,000..=192,000; by default 48,000.
    pub rate: u32,
    /// By default 24-bit.
    pub format: SampleFormat,
    /// By default the whole song, from its first tick.
    pub span: Option<Span>,
    /// By default none.
    pub stems: Stems,
    /// How long releases and echoes may ring on after the end; they end earlier when nothing louder than -80 dB is left.
    /// By default 10 s.
    pub longest_tail: Duration,
    /// Gain before the limiter, 0..=4; by default 1.
    pub gain: f32,
    /// By default the song is as loud as it is mixed.
    pub loudness: Option<Loudness>,
    /// Chooses the dither of 16-bit files: equal seeds, equal files. By default 0.
    pub dither_seed: u64,
    /// Threads that work; 0, the default, for as many as there are processors.
    pub threads: usize,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self {
            rate: 48_000,
            format: SampleFormat::default(),
            span: None,
            stems: Stems::None,
            longest_tail: Duration::from_secs(10),
            gain: 1.0,
            loudness: None,
            dither_seed: 0,
            threads: 0,
        }
    }
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The song is played.
    Rendering,
    /// Its loudness is measured and set.
    Measuring,
}

/// How far a render is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much is done, 0..=1.
    pub share: f64,
}

/// What is told how far a render is, and may cancel it by breaking.
pub type Watch<'a> = &'a mut (dyn FnMut(Progress) -> ControlFlow<()> + Send);

/// Sound in memory.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sound {
    /// Samples a second.
    pub rate: u32,
    /// Left.
    pub left: Vec<f32>,
    /// Right.
    pub right: Vec<f32>,
}

/// Why there is no sound.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// It was cancelled; nothing was written.
    #[error("the render was cancelled; nothing was written")]
    Cancelled,
    /// The rate is out of range.
    #[error("{0} samples a second cannot be rendered: choose 16000 to 192000, for example 48000")]
    Rate(u32),
    /// The loudness is out of range.
    #[error("{0} LUFS cannot be reached: choose -60 to -5, for example -14")]
    Loudness(f64),
    /// The name of the file does not say what it should be.
    #[error("{}: only WAV and FLAC can be written; name a .wav or .flac file", .0.display())]
    Kind(PathBuf),
    /// There is nothing in the range.
    #[error("there is nothing to render: the range is empty")]
    Empty,
    /// The font is damaged.
    #[error("the SoundFont “{0}” is damaged and cannot play this song: choose another")]
    Font(String),
    /// What is kept between two passes cannot be written or read.
    #[error(
        "the mix cannot be kept while its loudness is measured: {0}; make room on the disk, or render without a loudness"
    )]
    Tape(String),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl RenderOptions {
    /// Refuses what cannot be rendered.
    pub fn check(&self) -> Result<(), RenderError> {
        if !(16_000..=192_000).contains(&self.rate) {
            return Err(RenderError::Rate(self.rate));
        }
        if let Some(loudness) = self.loudness
            && !(-60.0..=-5.0).contains(&loudness.lufs)
        {
            return Err(RenderError::Loudness(loudness.lufs));
        }
        if self.span.is_some_and(Span::is_empty) {
            return Err(RenderError::Empty);
        }
        Ok(())
    }
}

/// Where chunks go.
trait Output: Send {
    fn begin(&mut self, stems: &[TrackId]) -> Result<(), RenderError>;
    fn write(&mut self, chunk: &Chunk) -> Result<(), RenderError>;
}

/// Runs `work` with as many threads as are wanted, which have names.
fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|index| format!("render-{index}"))
        .build();
    match pool {
        Ok(pool) => pool.install(work),
        Err(error) => {
            tracing::warn!("rendering without threads of its own: {error}");
            work()
        }
    }
}

/// Renders into `output`, chunk by chunk: while one is written, the next is made.
fn render(
    song: &Song,
    font: &Arc<Font>,
    options: &RenderOptions,
    output: &mut dyn Output,
    watch: Watch<'_>,
) -> Result<(), RenderError> {
    let rate = f64::from(options.rate);
    let mut mixdown = Mixdown::new(song, font, options);
    output.begin(&mixdown.stems().collect::<Vec<_>>())?;
    let content = mixdown.content();
    let longest = content + (options.longest_tail.as_secs_f64() * rate) as u64;
    let fade = ((FADE_SECONDS * rate) as u64).min(longest - content);
    let silent = ((SILENT_SECONDS * rate) as u64).min(longest - content);
    let (mut chunk, mut next) = (Chunk::default(), Chunk::default());
    let mut lag = mixdown.lag();
    while lag > 0 {
        let frames = lag.min(CHUNK);
        mixdown.render(&mut next, frames)?;
        lag -= frames;
    }
    let (mut made, mut quiet) = (0_u64, 0_u64);
    loop {
        let over = made >= longest || (made >= content && quiet >= silent);
        let stop = if made < content { content } else { longest };
        let frames = if over {
            0
        } else {
            (stop - made).min(CHUNK as u64) as usize
        };
        let (written, rendered) = rayon::join(
            || {
                if chunk.frames() > 0 {
                    output.write(&chunk)
                } else {
                    Ok(())
                }
            },
            || {
                if over {
                    Ok(())
                } else {
                    mixdown.render(&mut next, frames)
                }
            },
        );
        written?;
        rendered?;
        if over {
            break;
        }
        if made + frames as u64 > longest - fade {
            for side in next.sides_mut() {
                for (sample, at) in side.iter_mut().zip(made..) {
                    let ahead = longest - at;
                    if ahead < fade {
                        *sample *= ahead as f32 / fade as f32;
                    }
                }
            }
        }
        let sounds = |(left, right): (&f32, &f32)| left.abs().max(right.abs()) > SILENCE;
        let last = next.mix[0].iter().zip(&next.mix[1]).rposition(sounds);
        quiet = match last {
            Some(last) => (frames - 1 - last) as u64,
            None => quiet + frames as u64,
        };
        made += frames as u64;
        let scale = if options.loudness.is_some() {
            RENDERING
        } else {
            1.0
        };
        let now = Progress {
            stage: Stage::Rendering,
            share: scale * made.min(content) as f64 / content.max(1) as f64,
        };
        if watch(now).is_break() {
            return Err(RenderError::Cancelled);
        }
        std::mem::swap(&mut chunk, &mut next);
    }
    Ok(())
}

/// Keeps the mix in memory.
struct Memory {
    sound: Sound,
    master: Master,
}

impl Output for Memory {
    fn begin(&mut self, _stems: &[TrackId]) -> Result<(), RenderError> {
        Ok(())
    }

    fn write(&mut self, chunk: &Chunk) -> Result<(), RenderError> {
        let (left, right) = self.master.pass(&chunk.mix[0], &chunk.mix[1]);
        self.sound.left.extend_from_slice(left);
        self.sound.right.extend_from_slice(right);
        Ok(())
    }
}

/// Renders the mix into memory; loudness and stems are left out.
pub fn render_to_memory(
    song: &Song,
    font: &Arc<Font>,
    options: &RenderOptions,
    watch: Watch<'_>,
) -> Result<Sound, RenderError> {
    options.check()?;
    let options = RenderOptions {
        stems: Stems::None,
        loudness: None,
        ..options.clone()
    };
    let mut memory = Memory {
        sound: Sound {
            rate: options.rate,
            ..Sound::default()
        },
        master: Master::new(options.rate, options.gain, TRUE_PEAK),
    };
    on_threads(options.threads, || {
        render(song, font, &options, &mut memory, watch)
    })?;
    let Memory {
        mut sound,
        mut master,
    } = memory;
    let (left, right) = master.rest();
    sound.left.extend_from_slice(left);
    sound.right.extend_from_slice(right);
    Ok(sound)
}

#[cfg(test)]
mod tests;
