//! A stream that goes nowhere, in real time: keeps the playhead moving without a device, and serves tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::super::callback::Callback;
use super::Stream;

/// Frames in a buffer.
const FRAMES: usize = 512;
/// A machine that slept longer than this does not make up for it.
const TOO_LATE: Duration = Duration::from_millis(250);

/// A real-time stream without a device. Dropping it ends and joins its thread.
#[derive(Debug)]
pub struct NullStream {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NullStream {
    /// Starts calling `callback` at the pace of `rate` samples a second.
    pub fn start(mut callback: Callback, rate: u32) -> std::io::Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let period = Duration::from_secs_f64(FRAMES as f64 / f64::from(rate.max(1)));
        let thread = std::thread::Builder::new()
            .name("audio-silent".into())
            .spawn(move || {
                let mut buffer = vec![0.0_f32; 2 * FRAMES];
                let mut next = Instant::now();
                while !end.load(Ordering::Relaxed) {
                    callback.fill(&mut buffer, 2);
                    next += period;
                    let now = Instant::now();
                    if let Some(rest) = next.checked_duration_since(now) {
                        std::thread::sleep(rest);
                    } else if now - next > TOO_LATE {
                        next = now;
                    }
                }
            })?;
        Ok(Self {
            ended,
            thread: Some(thread),
        })
    }
}

impl Stream for NullStream {}

impl Drop for NullStream {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the silent audio thread panicked");
        }
    }
}
