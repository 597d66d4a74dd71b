//! When the machine itself stood still.
//!
//! Beside each processor's other work a real-time thread sleeps there for a millisecond at a time, at a priority above the audio's. When
//! it oversleeps, the processor did nothing for anybody: the host of a virtual machine takes it away like that, and no program
//! inside can play meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

/// A pause as long as this leaves nothing in a buffer of 256 frames at 48 kHz.
pub(crate) const STILL: Duration = Duration::from_millis(5);
/// Shorter ones are what a timer is late by.
const SHORTEST: Duration = Duration::from_millis(2);
const NAP: Duration = Duration::from_millis(1);

/// The threads, and what they overslept.
pub(crate) struct Pauses {
    seen: Receiver<(Instant, Duration)>,
    /// When, and for how long.
    all: Vec<(Instant, Duration)>,
    done: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Pauses {
    /// Begins to watch every processor.
    pub(crate) fn watch() -> anyhow::Result<Self> {
        let (sender, seen) = bounded(1024);
        let done = Arc::new(AtomicBool::new(false));
        let processors = core_affinity::get_core_ids().unwrap_or_default();
        let mut threads = Vec::new();
        for processor in processors {
            let (sender, done) = (sender.clone(), Arc::clone(&done));
            let thread = std::thread::Builder::new().name("pauses".into());
            threads.push(thread.spawn(move || {
                if !core_affinity::set_for_current(processor) {
                    eprintln!("processor {} cannot be watched", processor.id);
                } else if !promote() {
                    eprintln!("no real-time priority: what else runs counts as standing still");
                }
                nap(&sender, &done);
            })?);
        }
        Ok(Self {
            seen,
            all: Vec::new(),
            done,
            threads,
        })
    }

    /// Takes down what was seen.
    pub(crate) fn hear(&mut self) {
        self.all.extend(self.seen.try_iter());
    }

    /// The longest pause of the last `time`.
    pub(crate) fn longest_within(&mut self, time: Duration) -> Duration {
        self.hear();
        let late = self.all.iter().rev();
        let late = late.take_while(|(at, _)| at.elapsed() <= time);
        late.map(|(_, over)| *over).max().unwrap_or_default()
    }

    /// How many pauses were at least as long as that.
    pub(crate) fn count(&mut self, length: Duration) -> usize {
        self.hear();
        self.all.iter().filter(|(_, over)| *over >= length).count()
    }
}

impl Drop for Pauses {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn nap(sender: &Sender<(Instant, Duration)>, done: &AtomicBool) {
    while !done.load(Ordering::Relaxed) {
        let before = Instant::now();
        std::thread::sleep(NAP);
        let over = before.elapsed().saturating_sub(NAP);
        if over >= SHORTEST && sender.send((Instant::now(), over)).is_err() {
            return;
        }
    }
}

/// Gives the calling thread a priority above the audio's.
#[cfg(target_os = "linux")]
fn promote() -> bool {
    use thread_priority as priority;
    let Ok(value) = 90.try_into() else {
        return false;
    };
    priority::set_thread_priority_and_policy(
        priority::thread_native_id(),
        priority::ThreadPriority::Crossplatform(value),
        priority::ThreadSchedulePolicy::Realtime(
            priority::RealtimeThreadSchedulePolicy::RoundRobin,
        ),
    )
    .is_ok()
}

#[cfg(not(target_os = "linux"))]
fn promote() -> bool {
    false
}
