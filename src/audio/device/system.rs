//! The system's audio devices, through cpal.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{ErrorKind, FromSample, SampleFormat, SizedSample, SupportedBufferSize};

use super::super::callback::Callback;
use super::{Backend, DeviceError, DeviceInfo, Health, Stream, StreamFormat, StreamWish};

/// Samples that are converted at once at most, where a device does not take 32-bit floats.
const CONVERTED: usize = 4096;
/// Frames in a buffer when nothing else is asked for.
const DEFAULT_FRAMES: u32 = 512;
/// The rates that are offered where a device can do them.
const RATES: [u32; 6] = [44_100, 48_000, 88_200, 96_000, 176_400, 192_000];

/// The system's devices.
#[derive(Debug, Default)]
pub struct SystemBackend {
    /// Asked of [`Backend::probe`] last: with which device [`Backend::start`] goes on.
    probed: Option<Probed>,
}

#[derive(Debug)]
struct Probed {
    device: cpal::Device,
    sample_format: SampleFormat,
}

struct SystemStream {
    _stream: cpal::Stream,
}

impl Stream for SystemStream {}

fn name_of(device: &cpal::Device) -> String {
    device
        .description()
        .map_or_else(|_| device.to_string(), |about| about.name().to_owned())
}

/// Keeps what the sound library says while it tries devices away from the terminal: what matters comes back as an error.
/// It holds for the calling thread; what an earlier call collected is dropped.
pub(in crate::audio) fn hush() {
    #[cfg(target_os = "linux")]
    if let Err(error) = alsa::Output::local_error_handler() {
        tracing::debug!("the sound library talks to the terminal: {error}");
    }
}

/// The system's output devices, by name.
pub fn list() -> Vec<DeviceInfo> {
    hush();
    let host = cpal::default_host();
    let default = host.default_output_device();
    let mut devices: Vec<DeviceInfo> = host
        .output_devices()
        .into_iter()
        .flatten()
        .map(|device| {
            let config = device.default_output_config().ok();
            DeviceInfo {
                is_default: default.as_ref() == Some(&device),
                rate: config
                    .as_ref()
                    .map(cpal::SupportedStreamConfig::sample_rate),
                channels: config.as_ref().map(cpal::SupportedStreamConfig::channels),
                rates: config
                    .as_ref()
                    .map(|config| rates(&device, config))
                    .unwrap_or_default(),
                name: name_of(&device),
            }
        })
        .collect();
    devices.sort_by(|a, b| a.name.cmp(&b.name));
    devices
}

/// The configuration of `device` that differs from its own in nothing but the rate, if it can do that.
fn at_rate(
    device: &cpal::Device,
    own: &cpal::SupportedStreamConfig,
    rate: u32,
) -> Option<cpal::SupportedStreamConfig> {
    device
        .supported_output_configs()
        .ok()?
        .filter(|range| {
            range.channels() == own.channels() && range.sample_format() == own.sample_format()
        })
        .find_map(|range| range.try_with_sample_rate(rate))
}

fn rates(device: &cpal::Device, own: &cpal::SupportedStreamConfig) -> Vec<u32> {
    RATES
        .into_iter()
        .filter(|rate| *rate == own.sample_rate() || at_rate(device, own, *rate).is_some())
        .collect()
}

/// The power of two nearest to `wished` from below that lies in what the device can do.
fn buffer_frames(wished: u32, can: &SupportedBufferSize) -> Option<u32> {
    let power = |frames: u32| 1_u32 << frames.max(1).ilog2();
    match *can {
        SupportedBufferSize::Range { min, max } => {
            let least = min.max(1).checked_next_power_of_two()?;
            let frames = power(wished.clamp(16, 8192)).clamp(least, power(max).max(least));
            (frames <= max).then_some(frames)
        }
        SupportedBufferSize::Unknown => None,
    }
}

impl Backend for SystemBackend {
    fn probe(&mut self, wish: &StreamWish) -> Result<StreamFormat, DeviceError> {
        hush();
        let host = cpal::default_host();
        let device = match &wish.device {
            Some(name) => host
                .output_devices()
                .into_iter()
                .flatten()
                .find(|device| name_of(device) == *name)
                .ok_or_else(|| DeviceError::Missing(name.clone()))?,
            None => host.default_output_device().ok_or(DeviceError::None)?,
        };
        let name = name_of(&device);
        // Without a sound card there still is a default device, but it has no configuration.
        let config = device.default_output_config().map_err(|error| {
            if wish.device.is_none() {
                DeviceError::None
            } else {
                DeviceError::Refused {
                    device: name.clone(),
                    reason: error.to_string(),
                }
            }
        })?;
        let config = wish
            .rate
            .filter(|rate| *rate != config.sample_rate())
            .and_then(|rate| at_rate(&device, &config, rate))
            .unwrap_or(config);
        let wished = wish.buffer_frames.unwrap_or(DEFAULT_FRAMES);
        let format = StreamFormat {
            device: name,
            rate: config.sample_rate(),
            channels: config.channels(),
            buffer_frames: buffer_frames(wished, config.buffer_size()),
        };
        self.probed = Some(Probed {
            device,
            sample_format: config.sample_format(),
        });
        Ok(format)
    }

    fn list(&mut self) -> Vec<DeviceInfo> {
        list()
    }

    fn start(
        &mut self,
        format: &StreamFormat,
        callback: Callback,
        health: Arc<Health>,
    ) -> Result<Box<dyn Stream>, DeviceError> {
        let Some(Probed {
            device,
            sample_format,
        }) = self.probed.take()
        else {
            return Err(DeviceError::None);
        };
        let started = match sample_format {
            SampleFormat::F32 => start_float(&device, format, callback, health),
            SampleFormat::F64 => start_as::<f64>(&device, format, callback, health),
            SampleFormat::I8 => start_as::<i8>(&device, format, callback, health),
            SampleFormat::I16 => start_as::<i16>(&device, format, callback, health),
            SampleFormat::I24 => start_as::<cpal::I24>(&device, format, callback, health),
            SampleFormat::I32 => start_as::<i32>(&device, format, callback, health),
            SampleFormat::U8 => start_as::<u8>(&device, format, callback, health),
            SampleFormat::U16 => start_as::<u16>(&device, format, callback, health),
            SampleFormat::U32 => start_as::<u32>(&device, format, callback, health),
            _ => Err(cpal::Error::new(ErrorKind::UnsupportedConfig)),
        };
        started.map_err(|error| DeviceError::Refused {
            device: format.device.clone(),
            reason: error.to_string(),
        })
    }
}

fn config(format: &StreamFormat) -> cpal::StreamConfig {
    cpal::StreamConfig {
        channels: format.channels,
        sample_rate: format.rate,
        buffer_size: format
            .buffer_frames
            .map_or(cpal::BufferSize::Default, cpal::BufferSize::Fixed),
    }
}

/// What each error of a running stream means: count it, open again, or go on.
fn take_note(error: &cpal::Error, health: &Health) {
    match error.kind() {
        ErrorKind::Xrun => {
            health.xruns.fetch_add(1, Ordering::Relaxed);
        }
        // After an xrun a sound server may answer so until its stream is there again.
        ErrorKind::BackendError => {
            if !health.failing.swap(true, Ordering::Relaxed) {
                tracing::debug!("audio stream: {error}");
            }
        }
        ErrorKind::DeviceNotAvailable
        | ErrorKind::StreamInvalidated
        | ErrorKind::HostUnavailable => {
            if !health.lost.swap(true, Ordering::Relaxed) {
                tracing::warn!("audio stream lost: {error}");
            }
        }
        _ => tracing::debug!("audio stream: {error}"),
    }
}

/// What is done in the audio thread around each callback.
struct Watch {
    health: Arc<Health>,
    promoted: bool,
}

impl Watch {
    fn new(health: &Arc<Health>) -> Self {
        Self {
            health: Arc::clone(health),
            promoted: false,
        }
    }

    /// Gives how long after this the sound leaves the device, if it tells.
    fn begin(&mut self, info: cpal::OutputCallbackInfo) -> Option<Duration> {
        #[cfg(target_os = "linux")]
        if !self.promoted {
            self.promoted = true;
            let realtime = super::priority::promote();
            self.health.realtime.store(realtime, Ordering::Relaxed);
        }
        self.health.failing.store(false, Ordering::Relaxed);
        let time = info.timestamp();
        let latency = time.playback.saturating_duration_since(time.callback);
        let microseconds = latency.as_micros().min(u128::from(u32::MAX)) as u32;
        self.health
            .latency_microseconds
            .store(microseconds, Ordering::Relaxed);
        (!latency.is_zero()).then_some(latency)
    }
}

fn start_float(
    device: &cpal::Device,
    format: &StreamFormat,
    mut callback: Callback,
    health: Arc<Health>,
) -> Result<Box<dyn Stream>, cpal::Error> {
    let channels = usize::from(format.channels);
    let mut watch = Watch::new(&health);
    let stream = device.build_output_stream(
        config(format),
        move |output: &mut [f32], info: &cpal::OutputCallbackInfo| {
            callback.set_device_latency(watch.begin(*info));
            callback.fill(output, channels);
        },
        move |error| take_note(&error, &health),
        None,
    )?;
    stream.play()?;
    Ok(Box::new(SystemStream { _stream: stream }))
}

fn start_as<T: SizedSample + FromSample<f32> + Send + 'static>(
    device: &cpal::Device,
    format: &StreamFormat,
    mut callback: Callback,
    health: Arc<Health>,
) -> Result<Box<dyn Stream>, cpal::Error> {
    let channels = usize::from(format.channels.max(1));
    let mut watch = Watch::new(&health);
    let mut buffer = vec![0.0_f32; (CONVERTED / channels).max(1) * channels];
    let stream = device.build_output_stream(
        config(format),
        move |output: &mut [T], info: &cpal::OutputCallbackInfo| {
            callback.set_device_latency(watch.begin(*info));
            let most = buffer.len();
            for part in output.chunks_mut(most) {
                if let Some(floats) = buffer.get_mut(..part.len()) {
                    callback.fill(floats, channels);
                    for (out, float) in part.iter_mut().zip(floats) {
                        *out = T::from_sample_(*float);
                    }
                }
            }
        },
        move |error| take_note(&error, &health),
        None,
    )?;
    stream.play()?;
    Ok(Box::new(SystemStream { _stream: stream }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_powers_of_two_that_the_device_can_do() {
        let range = |min, max| SupportedBufferSize::Range { min, max };
        assert_eq!(buffer_frames(1024, &range(64, 8192)), Some(1024));
        assert_eq!(buffer_frames(1000, &range(64, 8192)), Some(512));
        assert_eq!(buffer_frames(16, &range(100, 8192)), Some(128));
        assert_eq!(buffer_frames(4096, &range(64, 1000)), Some(512));
        assert_eq!(buffer_frames(512, &range(700, 800)), None);
        assert_eq!(buffer_frames(512, &SupportedBufferSize::Unknown), None);
    }
}
