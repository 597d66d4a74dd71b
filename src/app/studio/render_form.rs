//! What a render is to be like, as the dialog shows it.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::audio::FontSource;
use crate::audio::render::{Loudness, RenderOptions, Stems};
use crate::formats::pcm::SampleFormat;
use crate::formats::sound_file::Container;
use crate::score::Span;

use super::Purpose;

/// What of the song is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum RenderRange {
    #[default]
    WholeSong,
    Loop,
}

impl RenderRange {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::WholeSong => "Whole song",
            Self::Loop => "Loop range",
        }
    }
}

/// The SoundFont of a render.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenderFont {
    /// The one that plays.
    #[default]
    AsPlayed,
    /// The one that is part of the program.
    BuiltIn,
    /// A file.
    File(PathBuf),
}

/// The settings of the render dialog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RenderForm {
    /// WAV or FLAC.
    pub container: Container,
    /// Bits of a sample.
    pub format: SampleFormat,
    /// Samples a second.
    pub rate: u32,
    /// A file for each track too.
    pub stems: Stems,
    /// What of the song.
    pub range: RenderRange,
    /// Loudness in LUFS; `None` as it is mixed.
    pub loudness: Option<f64>,
    /// How long it may ring on, in seconds.
    pub tail: f64,
    /// What plays it.
    pub font: RenderFont,
}

impl Default for RenderForm {
    fn default() -> Self {
        Self {
            container: Container::Wav,
            format: SampleFormat::Int24,
            rate: 48_000,
            stems: Stems::None,
            range: RenderRange::WholeSong,
            loudness: None,
            tail: 10.0,
            font: RenderFont::AsPlayed,
        }
    }
}

impl RenderForm {
    /// The rates that are offered, in samples a second.
    pub const RATES: [u32; 4] = [44_100, 48_000, 88_200, 96_000];

    /// This form without what its kind of file cannot hold.
    #[must_use]
    pub fn possible(mut self) -> Self {
        if self.container.check(self.format, self.rate).is_err() {
            self.format = SampleFormat::Int24;
        }
        self
    }

    /// What a path is asked for.
    pub fn purpose(&self) -> Purpose {
        match self.container {
            Container::Wav => Purpose::Wav,
            Container::Flac => Purpose::Flac,
        }
    }

    /// What it asks of the renderer, given the loop range and the SoundFont that plays.
    pub fn options(&self, looped: Option<Span>) -> RenderOptions {
        let span = match self.range {
            RenderRange::WholeSong => None,
            RenderRange::Loop => looped,
        };
        // A core is left to the sound and the window.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        RenderOptions {
            rate: self.rate,
            format: self.format,
            span,
            stems: self.stems,
            longest_tail: Duration::try_from_secs_f64(self.tail.min(600.0)).unwrap_or_default(),
            loudness: self.loudness.map(|lufs| Loudness {
                lufs,
                ..Loudness::STREAMING
            }),
            threads: cores.saturating_sub(1).max(1),
            ..RenderOptions::default()
        }
    }

    /// The SoundFont, if `played` is the file that plays.
    pub fn source(&self, played: Option<&PathBuf>) -> FontSource {
        match &self.font {
            RenderFont::AsPlayed => {
                played.map_or(FontSource::Preferred, |path| FontSource::File(path.clone()))
            }
            RenderFont::BuiltIn => FontSource::BuiltIn,
            RenderFont::File(path) => FontSource::File(path.clone()),
        }
    }
}
