//! Where the sound goes: an interface to output devices, one that is the system's, and one that only keeps time.

mod keeper;
mod null;
#[cfg(target_os = "linux")]
mod priority;
mod system;

pub use keeper::{DeviceKeeper, KeeperReply};
pub use null::NullStream;
pub(super) use system::hush;
pub use system::{SystemBackend, list};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32};

use super::callback::Callback;

/// What is asked of a device; it may give something else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamWish {
    /// Name of the device; by default the one that the system prefers.
    pub device: Option<String>,
    /// Frames in a buffer, made a power of two; by default 512.
    pub buffer_frames: Option<u32>,
    /// Samples a second; by default, and where the device cannot do it, the rate that it prefers.
    pub rate: Option<u32>,
}

/// What a device gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamFormat {
    /// Name of the device.
    pub device: String,
    /// Samples a second.
    pub rate: u32,
    /// Samples in a frame.
    pub channels: u16,
    /// Frames in a buffer, where it is known.
    pub buffer_frames: Option<u32>,
}

/// An output device, as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceInfo {
    /// Its name.
    pub name: String,
    /// Whether the system prefers it.
    pub is_default: bool,
    /// Samples a second that it prefers; `None` if it cannot be used now.
    pub rate: Option<u32>,
    /// The usual rates that it can do, lowest first.
    pub rates: Vec<u32>,
    /// Channels.
    pub channels: Option<u16>,
}

/// How a running stream fares: written by its threads, read by the engine.
#[derive(Debug, Default)]
pub struct Health {
    /// The stream is dead and must be opened again.
    pub lost: AtomicBool,
    /// The stream fails; it may come to itself again, and says so with its next callback.
    pub failing: AtomicBool,
    /// Times at which the device ran out of samples.
    pub xruns: AtomicU32,
    /// Microseconds from a callback until its sound leaves the device; 0 while it is not known.
    pub latency_microseconds: AtomicU32,
    /// Whether the thread of the callback goes before ordinary ones.
    pub realtime: AtomicBool,
}

/// Why there is no sound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// There is no output device.
    #[error("no audio output device was found: connect one, or check that the sound server runs")]
    None,
    /// The device that was asked for is not there.
    #[error("the audio device “{0}” is not there: choose another, or connect it")]
    Missing(String),
    /// The device cannot be opened.
    #[error(
        "the audio device “{device}” cannot be opened ({reason}): close what else uses it, or choose another"
    )]
    Refused {
        /// The device.
        device: String,
        /// What the system says.
        reason: String,
    },
    /// The stream ended by itself.
    #[error("the audio device “{0}” was lost: connect it again, or choose another")]
    Lost(String),
}

/// A running stream. Dropping it ends it.
pub trait Stream {}

/// A kind of output.
pub trait Backend: Send + 'static {
    /// What the device that is wished for would give.
    fn probe(&mut self, wish: &StreamWish) -> Result<StreamFormat, DeviceError>;

    /// The output devices there are, by name.
    fn list(&mut self) -> Vec<DeviceInfo>;

    /// Starts a stream in `format` that is fed by `callback`.
    fn start(
        &mut self,
        format: &StreamFormat,
        callback: Callback,
        health: Arc<Health>,
    ) -> Result<Box<dyn Stream>, DeviceError>;
}
