//! Offline render: the same schedule, synthesizers and mixer as in real time, as fast as they go, into a file or into
//! memory. The file is written as it is made, so that its length costs no memory, and appears under its name only when it
//! is complete.

use std::io::{BufWriter, Seek, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::score::{Song, Span, Tick, TrackId};

use super::player::Player;
use super::protocol::{ScoreUpdate, ToAudio, TransportOrder};
use super::schedule::Compiler;
use super::soundfont::Font;
use super::synths::Rack;
use super::transport::AtEnd;

/// Events fall on multiples of this many samples: at most 0.09 ms from their place at 44.1 kHz.
const BLOCK: usize = 8;
/// Frames made at once.
const CHUNK: usize = 1024;
/// What is cut off at the longest tail fades over this many seconds.
const FADE_SECONDS: f64 = 0.1;

/// How samples are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SampleFormat {
    /// 16-bit integers, dithered.
    Int16,
    /// 24-bit integers.
    #[default]
    Int24,
    /// 32-bit floating point.
    Float32,
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
    /// One track alone, even if it is muted; by default what mutes and solos leave.
    pub only: Option<TrackId>,
    /// How long releases and echoes may ring on after the end; by default 10 s.
    pub longest_tail: Duration,
    /// Gain before the limiter, 0..=4; by default 1.
    pub gain: f32,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self {
            rate: 48_000,
            format: SampleFormat::default(),
            span: None,
            only: None,
            longest_tail: Duration::from_secs(10),
            gain: 1.0,
        }
    }
}

/// How far a render is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Seconds of sound that are done.
    pub done_seconds: f64,
    /// Seconds of sound in all, without the tail.
    pub total_seconds: f64,
}

/// What a render was like.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rendered {
    /// Frames written.
    pub frames: u64,
    /// The loudest sample, 0..=1.
    pub peak: f32,
}

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
    /// The font is damaged.
    #[error("the SoundFont “{0}” is damaged and cannot play this song: choose another")]
    Font(String),
    /// The file cannot be written.
    #[error("cannot write {}: {reason}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
}

/// Where samples go.
type Sink<'a> = &'a mut dyn FnMut(&[f32], &[f32]) -> Result<(), RenderError>;

/// The song without what begins at `end` or later.
fn without_notes_from(song: &Song, end: Tick) -> Song {
    let mut song = song.clone();
    for track in &mut song.tracks {
        let before = Span::new(Tick::ZERO, end);
        *track = Arc::new(track.with_notes(track.notes_starting_in(before).to_vec()));
    }
    song
}

/// Renders into `sink`, chunk by chunk.
fn render(
    song: &Song,
    font: &Arc<Font>,
    options: &RenderOptions,
    sink: Sink<'_>,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Rendered, RenderError> {
    let rate = options.rate;
    if !(16_000..=192_000).contains(&rate) {
        return Err(RenderError::Rate(rate));
    }
    let part;
    let song = match options.span {
        Some(span) => {
            part = without_notes_from(song, span.end);
            &part
        }
        None => song,
    };
    let mut schedule = Compiler::new(rate).compile(song, |index, _| index);
    if let Some(only) = options.only {
        schedule.tracks.retain(|track| track.id == only);
        for track in &mut schedule.tracks {
            track.audible = true;
        }
    }
    // What is not heard need not be computed.
    schedule.tracks.retain(|track| track.audible);
    for (slot, track) in schedule.tracks.iter_mut().enumerate() {
        track.slot = slot;
    }
    let clock = &schedule.clock;
    let from = options.span.map_or(Tick::ZERO, |span| span.start);
    let end = options.span.map_or(schedule.last_note_end, |span| {
        clock.nearest_sample(span.end)
    });
    let content = (end - clock.nearest_sample(from.max(Tick::ZERO))).max(0) as u64;

    let rack = Rack::new(Some(font), rate, BLOCK, schedule.tracks.len());
    let mut player = Player::new(rate, BLOCK, Box::new(rack));
    // What lags is cut off at the start.
    let lag = player.latency() as u64 + (f64::from(font.onset_delay()) * f64::from(rate)) as u64;
    for order in [
        ToAudio::Score(Box::new(ScoreUpdate {
            schedule,
            more_synths: Vec::new(),
            room: None,
        })),
        ToAudio::AtEnd(AtEnd::GoOn),
        ToAudio::Gain(options.gain),
        ToAudio::Transport(TransportOrder::Seek(from), 1),
        ToAudio::Transport(TransportOrder::Play, 2),
    ] {
        player.obey(order);
    }

    let seconds = |frames: u64| frames as f64 / f64::from(rate);
    let longest = lag + content + (options.longest_tail.as_secs_f64() * f64::from(rate)) as u64;
    let fade = (FADE_SECONDS * f64::from(rate)) as u64;
    let (mut left, mut right) = ([0.0_f32; CHUNK], [0.0_f32; CHUNK]);
    let mut made = 0_u64;
    let mut rendered = Rendered::default();
    let mut reported = 0;
    while made < longest {
        // Chunks end where the lag and the song do.
        let stop = [lag, content, longest]
            .into_iter()
            .filter(|&stop| stop > made)
            .min()
            .unwrap_or(longest);
        let frames = (stop - made).min(CHUNK as u64) as usize;
        let (left, right) = (&mut left[..frames], &mut right[..frames]);
        player.render(left, right);
        if made >= lag {
            for side in [&mut *left, &mut *right] {
                for (index, sample) in side.iter_mut().enumerate() {
                    let ahead = longest - (made + index as u64);
                    if ahead < fade {
                        *sample *= ahead as f32 / fade as f32;
                    }
                    rendered.peak = rendered.peak.max(sample.abs());
                }
            }
            sink(left, right)?;
            rendered.frames += frames as u64;
        }
        made += frames as u64;
        if made == content && options.span.is_some() {
            player.obey(ToAudio::Transport(TransportOrder::Pause, 3));
        }
        if player.rack().has_failed() {
            return Err(RenderError::Font(font.name().to_owned()));
        }
        if made - reported >= u64::from(rate) / 4 {
            reported = made;
            let now = Progress {
                done_seconds: seconds(made.min(content)),
                total_seconds: seconds(content),
            };
            if progress(now).is_break() {
                return Err(RenderError::Cancelled);
            }
        }
        if made >= content + lag && player.is_at_rest() {
            break;
        }
    }
    let done = Progress {
        done_seconds: seconds(content),
        total_seconds: seconds(content),
    };
    if progress(done).is_break() {
        return Err(RenderError::Cancelled);
    }
    Ok(rendered)
}

/// Renders into memory.
pub fn render_to_memory(
    song: &Song,
    font: &Arc<Font>,
    options: &RenderOptions,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Sound, RenderError> {
    let mut sound = Sound {
        rate: options.rate,
        ..Sound::default()
    };
    render(
        song,
        font,
        options,
        &mut |left, right| {
            sound.left.extend_from_slice(left);
            sound.right.extend_from_slice(right);
            Ok(())
        },
        progress,
    )?;
    Ok(sound)
}

/// Renders into a WAV file at `path`, replacing one that is there only when the new one is complete. `progress` is
/// called four times a second of sound, and cancels by breaking.
pub fn render_to_wav(
    song: &Song,
    font: &Arc<Font>,
    options: &RenderOptions,
    path: &Path,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Rendered, RenderError> {
    let failed = |reason: String| RenderError::Write {
        path: path.to_owned(),
        reason,
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let file = tempfile::Builder::new()
        .prefix(".leitmotif-")
        .suffix(".wav")
        .tempfile_in(folder)
        .map_err(|error| failed(error.to_string()))?;
    let rendered = {
        let mut writer = WavSink::new(BufWriter::new(file.as_file()), options)
            .map_err(|error| failed(error.to_string()))?;
        let rendered = render(
            song,
            font,
            options,
            &mut |left, right| {
                writer
                    .write(left, right)
                    .map_err(|error| failed(error.to_string()))
            },
            progress,
        )?;
        writer
            .writer
            .finalize()
            .map_err(|error| failed(error.to_string()))?;
        rendered
    };
    file.as_file()
        .sync_all()
        .map_err(|error| failed(error.to_string()))?;
    readable_by_others(file.as_file());
    file.persist(path)
        .map_err(|error| failed(error.error.to_string()))?;
    Ok(rendered)
}

/// A temporary file is private; the finished one is like any other.
#[cfg(unix)]
fn readable_by_others(file: &std::fs::File) {
    use std::os::unix::fs::PermissionsExt;
    if let Err(error) = file.set_permissions(std::fs::Permissions::from_mode(0o644)) {
        tracing::debug!("permissions of the render: {error}");
    }
}

#[cfg(not(unix))]
fn readable_by_others(_file: &std::fs::File) {}

/// Writes samples in the format that is wanted.
struct WavSink<W: Write + Seek> {
    writer: hound::WavWriter<W>,
    format: SampleFormat,
    noise: u32,
}

impl<W: Write + Seek> WavSink<W> {
    fn new(to: W, options: &RenderOptions) -> Result<Self, hound::Error> {
        let (bits_per_sample, sample_format) = match options.format {
            SampleFormat::Int16 => (16, hound::SampleFormat::Int),
            SampleFormat::Int24 => (24, hound::SampleFormat::Int),
            SampleFormat::Float32 => (32, hound::SampleFormat::Float),
        };
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: options.rate,
            bits_per_sample,
            sample_format,
        };
        Ok(Self {
            writer: hound::WavWriter::new(to, spec)?,
            format: options.format,
            noise: 0x1234_5678,
        })
    }

    /// Noise of triangular distribution between -1 and 1, the same in every render.
    fn dither(&mut self) -> f32 {
        let mut uniform = || {
            self.noise = self
                .noise
                .wrapping_mul(1_664_525)
                .wrapping_add(1_013_904_223);
            (self.noise >> 8) as f32 / (1 << 24) as f32
        };
        uniform() - uniform()
    }

    fn write(&mut self, left: &[f32], right: &[f32]) -> Result<(), hound::Error> {
        for (left, right) in left.iter().zip(right) {
            for &sample in [left, right] {
                match self.format {
                    SampleFormat::Float32 => self.writer.write_sample(sample)?,
                    SampleFormat::Int24 => {
                        let full = 8_388_607.0;
                        self.writer
                            .write_sample((f64::from(sample) * full).round() as i32)?;
                    }
                    SampleFormat::Int16 => {
                        let full = 32_767.0;
                        // Silence stays silence.
                        let dither = if sample == 0.0 { 0.0 } else { self.dither() };
                        let value = (sample * full + dither).round().clamp(-full, full);
                        self.writer.write_sample(value as i16)?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
