//! What the owner tells the engine at the start, and what the engine tells of itself.

use std::sync::Arc;
use std::time::Duration;

use crate::score::{Instrument, Pitch, TrackId, Velocity};

use super::device::{DeviceError, StreamFormat};
use super::shared::Load;
use super::soundfont::Font;

/// Where the sound goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Output {
    /// The device that the system prefers.
    #[default]
    Default,
    /// The device of this name.
    Device(String),
    /// Nowhere, in real time.
    Silent,
}

/// How an engine starts.
#[derive(Debug, Clone, Default)]
pub struct AudioSettings {
    /// By default the device that the system prefers.
    pub output: Output,
    /// Frames in a buffer, made a power of two; by default 512.
    pub buffer_frames: Option<u32>,
    /// Samples a second; by default, and where the device cannot do it, the rate that it prefers.
    pub rate: Option<u32>,
    /// By default none: silence until `Engine::set_font`.
    pub font: Option<Arc<Font>>,
}

/// A note to try out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preview {
    /// What it is played with.
    pub instrument: Instrument,
    /// Its key.
    pub pitch: Pitch,
    /// How hard.
    pub velocity: Velocity,
    /// How long.
    pub length: Duration,
}

/// Levels: peaks of 0..=1, falling slowly after each, and loudness.
#[derive(Debug, Clone, PartialEq)]
pub struct Meters {
    /// Left, right.
    pub master: [f32; 2],
    /// Momentary loudness in LUFS; negative infinity in silence.
    pub loudness: f32,
    /// Each track of the song, in its order.
    pub tracks: Vec<(TrackId, f32)>,
}

/// What the output does.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputState {
    /// A device is being opened; nothing is heard yet.
    Opening,
    /// Sound comes out.
    Running(StreamFormat),
    /// Silent because it was asked for.
    Silent,
    /// Silent because there is no device; it is tried again by itself.
    Lost(DeviceError),
}

/// How the engine fares.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// The output.
    pub output: OutputState,
    /// Name of the font; `None` without one.
    pub font: Option<String>,
    /// A font is being loaded.
    pub font_loading: bool,
    /// Why the font that was asked for last is not the one that plays.
    pub font_error: Option<String>,
    /// The font drove a synthesizer out of its samples; that track is silent. Choose another font.
    pub font_failed: bool,
    /// Times at which the device ran out of samples.
    pub xruns: u32,
    /// Callbacks that took longer than their sound lasts.
    pub late_callbacks: u32,
    /// How much of its time the callback uses.
    pub load: Load,
    /// Samples a second of the stream (also of a silent one).
    pub rate: u32,
    /// How long a sound takes through mixer and device, where the device tells.
    pub latency: Option<Duration>,
    /// Whether the audio thread goes before ordinary ones.
    pub realtime: bool,
}

impl Status {
    /// What the user should know, if anything is wrong.
    pub fn trouble(&self) -> Option<String> {
        match &self.output {
            OutputState::Lost(error) => Some(error.to_string()),
            _ if self.font_failed => Some(format!(
                "the SoundFont “{}” is damaged: choose another",
                self.font.as_deref().unwrap_or("?")
            )),
            _ if self.font_error.is_some() => self.font_error.clone(),
            _ if self.font.is_none() && self.font_loading => None,
            _ if self.font.is_none() => Some("no SoundFont is loaded: choose one".to_owned()),
            _ => None,
        }
    }
}
