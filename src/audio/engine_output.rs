//! How the engine finds, opens, loses and finds again the device it plays on.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::super::callback::Callback;
use super::super::device::{
    DeviceError, DeviceKeeper, Health, KeeperReply, NullStream, StreamFormat, StreamWish,
    SystemBackend,
};
use super::super::line::Line;
use super::super::status::{Output, OutputState};
use super::{Engine, FAILED, LONGEST_RETRY, Opening, RETRY, SILENT_RATE, STALLED};

impl Engine {
    pub(super) fn run_silently(&mut self, callback: Callback) {
        match NullStream::start(callback, SILENT_RATE) {
            Ok(stream) => self.silent = Some(stream),
            Err(error) => tracing::error!("no thread for the silent stream: {error}"),
        }
    }

    fn wish(&self) -> StreamWish {
        StreamWish {
            device: match &self.settings.output {
                Output::Device(name) => Some(name.clone()),
                Output::Default | Output::Silent => None,
            },
            buffer_frames: self.settings.buffer_frames,
            rate: self.settings.rate,
        }
    }

    pub(super) fn probe(&mut self) {
        if let Some(keeper) = &self.keeper
            && keeper.probe(self.wish())
        {
            self.opening = Opening::Probing;
            if !matches!(self.state, OutputState::Lost(_)) {
                self.state = OutputState::Opening;
            }
        }
    }

    /// Opens the output anew, as the settings are now.
    pub(super) fn reopen(&mut self) {
        self.leave_device();
        if self.settings.output == Output::Silent {
            self.opening = Opening::Idle;
            self.state = OutputState::Silent;
            return;
        }
        self.state = OutputState::Opening;
        self.retry = RETRY;
        if self.keeper.is_none() {
            self.keeper = DeviceKeeper::start(SystemBackend::default()).ok();
        }
        self.opening = Opening::WaitingUntil(Instant::now());
    }

    pub(super) fn take_replies(&mut self) {
        while let Some(reply) = self.keeper.as_ref().and_then(DeviceKeeper::reply) {
            match reply {
                KeeperReply::Probed(Ok(format)) if matches!(self.opening, Opening::Probing) => {
                    self.open(format);
                }
                KeeperReply::Probed(Err(error)) if matches!(self.opening, Opening::Probing) => {
                    self.fail(error);
                }
                KeeperReply::Started(result) => {
                    let opening = std::mem::replace(&mut self.opening, Opening::Idle);
                    match (opening, result) {
                        (Opening::Starting(line, health), Ok(format)) => {
                            self.take_over(*line, health, format);
                        }
                        (Opening::Starting(..), Err(error)) => self.fail(error),
                        (other, result) => {
                            // The output was changed while this one was being opened.
                            self.opening = other;
                            if result.is_ok()
                                && let Some(keeper) = &self.keeper
                            {
                                keeper.close();
                            }
                        }
                    }
                }
                KeeperReply::Probed(_) => {}
                KeeperReply::Listed(devices) => self.devices = devices,
            }
        }
    }

    fn fail(&mut self, error: DeviceError) {
        if self.state != OutputState::Lost(error.clone()) {
            tracing::warn!("{error}");
        }
        self.state = OutputState::Lost(error);
        self.opening = Opening::WaitingUntil(Instant::now() + self.retry);
        self.retry = (2 * self.retry).min(LONGEST_RETRY);
    }

    fn open(&mut self, format: StreamFormat) {
        let (line, callback) = Line::new(format.rate, Arc::clone(&self.live));
        let health = Arc::new(Health::default());
        let asked = self
            .keeper
            .as_ref()
            .is_some_and(|keeper| keeper.open(format, callback, Arc::clone(&health)));
        self.opening = if asked {
            Opening::Starting(Box::new(line), health)
        } else {
            Opening::WaitingUntil(Instant::now() + RETRY)
        };
    }

    /// Goes on with another line at the same place.
    fn change_line(&mut self, line: Line) {
        let position = self.position();
        self.playing = self.is_playing();
        self.past_late += self.line.link.shared.late.load(Ordering::Relaxed);
        self.line = line;
        self.sought = None;
        self.order = 0;
        self.send_everything(position);
        self.seen = (0, Instant::now());
    }

    fn take_over(&mut self, line: Line, health: Arc<Health>, format: StreamFormat) {
        self.change_line(line);
        self.silent = None;
        self.past_xruns += self.health.xruns.load(Ordering::Relaxed);
        self.health = health;
        self.retry = RETRY;
        self.state = OutputState::Running(format);
    }

    /// Goes on in silence.
    fn leave_device(&mut self) {
        if let Some(keeper) = &self.keeper {
            keeper.close();
        }
        if self.silent.is_none() {
            let (line, callback) = Line::new(SILENT_RATE, Arc::clone(&self.live));
            self.change_line(line);
            self.run_silently(callback);
        }
    }

    /// Notices a device that died or asks for nothing any more.
    pub(super) fn watch_device(&mut self) {
        let OutputState::Running(format) = &self.state else {
            return;
        };
        let callbacks = self.line.link.shared.callbacks.load(Ordering::Relaxed);
        let now = Instant::now();
        if callbacks != self.seen.0 {
            self.seen = (callbacks, now);
        }
        let patience = if self.health.failing.load(Ordering::Relaxed) {
            FAILED
        } else {
            STALLED
        };
        let stalled = now.duration_since(self.seen.1) > patience;
        if stalled || self.health.lost.load(Ordering::Relaxed) {
            let error = DeviceError::Lost(format.device.clone());
            self.leave_device();
            self.fail(error);
        }
    }
}
