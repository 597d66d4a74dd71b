//! The thread that owns the networks.

mod band_jobs;
mod desk;
#[cfg(feature = "torch")]
mod theme_jobs;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::model::Library;
use super::{Busy, Event, JobId, ModelPaths, Request};
use desk::Desk;

/// Requests that may wait.
const WAITING: usize = 16;
/// Events that may wait for a slow reader; beyond it bars are left out, results never.
const EVENTS: usize = 1024;

/// How a worker is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerSettings {
    /// Where models are.
    pub models: ModelPaths,
    /// Threads of one operation of a network, by default 1.
    pub threads: usize,
    /// Threads that candidates are shared out among; by default all that the sound does not need, at most 4. The notes do not
    /// depend on it.
    pub writers: usize,
    /// What is loaded before it is asked for, by default the model that continues themes.
    pub preload: Preload,
}

/// What a worker loads when it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preload {
    /// Every model when it is first needed.
    Nothing,
    /// The model that continues themes; the others when they are first needed.
    #[default]
    Theme,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            models: ModelPaths::find(),
            threads: 1,
            writers: spare_cores(),
            preload: Preload::default(),
        }
    }
}

/// The processors but one, which the sound needs; 1 to 4.
fn spare_cores() -> usize {
    std::thread::available_parallelism()
        .map_or(1, |cores| cores.get().saturating_sub(1))
        .clamp(1, 4)
}

/// A handle on the thread that owns the networks. A model that was loaded is kept; one that cannot be loaded makes only the
/// requests fail that need it. Dropping the handle cancels what is being written and joins the thread.
#[derive(Debug)]
pub struct Worker {
    requests: Option<Sender<Job>>,
    events: Receiver<Event>,
    /// Set when the handle is dropped.
    closing: Arc<AtomicBool>,
    /// The latest jobs with their cancel flags; old ones are forgotten.
    jobs: VecDeque<(JobId, Arc<AtomicBool>)>,
    next: u64,
    thread: Option<JoinHandle<()>>,
}

/// A request on its way to the thread.
struct Job {
    id: JobId,
    request: Request,
    cancelled: Arc<AtomicBool>,
}

impl Worker {
    /// Starts the thread with one thread for the networks.
    pub fn start(models: ModelPaths) -> Self {
        Self::with_settings(WorkerSettings {
            models,
            ..WorkerSettings::default()
        })
    }

    /// Starts the thread.
    pub fn with_settings(settings: WorkerSettings) -> Self {
        Self::with_library(
            library(
                settings.models,
                settings.threads.max(1),
                settings.writers.max(1),
            ),
            settings.preload,
        )
    }

    /// Starts the thread on models of any kind.
    pub(crate) fn with_library(library: Box<dyn Library>, preload: Preload) -> Self {
        let (requests, inbox) = bounded(WAITING);
        let (outbox, events) = bounded(EVENTS);
        let closing = Arc::new(AtomicBool::new(false));
        let closes = Arc::clone(&closing);
        // Without a thread (the system is out of them) every request is answered with Busy::Stopped.
        let thread = std::thread::Builder::new()
            .name("compose".to_owned())
            .spawn(move || {
                // A network never leaves this thread.
                Desk::new(library, outbox, closes).run(&inbox, preload);
            })
            .map_err(|error| tracing::error!("the composing thread cannot be started: {error}"))
            .ok();
        Self {
            requests: Some(requests),
            events,
            closing,
            jobs: VecDeque::new(),
            next: 1,
            thread,
        }
    }

    /// Hands a request over; it is worked on after those before it.
    ///
    /// # Errors
    /// When too many requests wait, or the thread is gone.
    pub fn submit(&mut self, request: Request) -> Result<JobId, Busy> {
        let id = JobId(self.next);
        let cancelled = Arc::new(AtomicBool::new(false));
        let job = Job {
            id,
            request,
            cancelled: Arc::clone(&cancelled),
        };
        let requests = self.requests.as_ref().ok_or(Busy::Stopped)?;
        requests.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Busy::Queue,
            TrySendError::Disconnected(_) => Busy::Stopped,
        })?;
        self.next += 1;
        self.jobs.push_back((id, cancelled));
        // One is being worked on, the others wait.
        if self.jobs.len() > WAITING + 1 {
            self.jobs.pop_front();
        }
        Ok(id)
    }

    /// Stops a job at its next token; it ends with [`Event::Cancelled`]. Does nothing when it has ended.
    pub fn cancel(&self, job: JobId) {
        if let Some((_, cancelled)) = self.jobs.iter().find(|(id, _)| *id == job) {
            cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// What the thread tells. Read it regularly.
    pub fn events(&self) -> &Receiver<Event> {
        &self.events
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        self.requests = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the composing thread ended with a panic");
        }
    }
}

#[cfg(feature = "torch")]
fn library(models: ModelPaths, threads: usize, writers: usize) -> Box<dyn Library> {
    Box::new(super::torch_model::TorchLibrary::new(
        models, threads, writers,
    ))
}

#[cfg(not(feature = "torch"))]
fn library(models: ModelPaths, _: usize, _: usize) -> Box<dyn Library> {
    Box::new(super::model::NoLibrary(models))
}

#[cfg(test)]
mod tests;
