//! The thread that owns the networks.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, SendTimeoutError, Sender, TrySendError, bounded};

use super::model::{LoadTheme, ModelError, ThemeModel};
use super::{Busy, Event, JobId, Kind, ModelPaths, Request};

/// Requests that may wait.
const WAITING: usize = 16;
/// Events that may wait for a slow reader; beyond it bars are left out, results never.
const EVENTS: usize = 1024;

/// How a worker is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerSettings {
    /// Where models are.
    pub models: ModelPaths,
    /// Threads that the networks use, by default 1: the sound and the window need the others.
    pub threads: usize,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            models: ModelPaths::find(),
            threads: 1,
        }
    }
}

/// A handle on the thread that owns the networks. The model is loaded when the thread starts, and kept. Dropping the
/// handle cancels what is being written and joins the thread.
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
        let threads = settings.threads.max(1);
        Self::with_loader(Box::new(move || {
            set_threads(threads);
            load(&settings.models)
        }))
    }

    /// Starts the thread on a model of any kind.
    pub(crate) fn with_loader(load: LoadTheme) -> Self {
        let (requests, inbox) = bounded(WAITING);
        let (outbox, events) = bounded(EVENTS);
        let closing = Arc::new(AtomicBool::new(false));
        let closes = Arc::clone(&closing);
        // Without a thread (the system is out of them) every request is answered with Busy::Stopped.
        let thread = std::thread::Builder::new()
            .name("compose".to_owned())
            .spawn(move || {
                // A network never leaves this thread.
                let desk = Desk {
                    load,
                    model: None,
                    outbox,
                    closing: closes,
                };
                desk.run(&inbox);
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

/// The thread's side.
struct Desk {
    load: LoadTheme,
    model: Option<Box<dyn ThemeModel>>,
    outbox: Sender<Event>,
    closing: Arc<AtomicBool>,
}

impl Desk {
    fn run(mut self, inbox: &Receiver<Job>) {
        if let Err(error) = self.guarded_load() {
            self.tell(Event::Unavailable {
                message: error.to_string(),
            });
        }
        for job in inbox {
            if self.is_closing() {
                return;
            }
            let id = job.id;
            let outcome = catch_unwind(AssertUnwindSafe(|| self.work(&job)));
            let last = match outcome {
                Ok(event) => event,
                Err(panic) => {
                    // What the network holds may be half done: it is loaded again for the next job.
                    self.model = None;
                    Event::Failed {
                        job: id,
                        message: format!(
                            "composing stopped unexpectedly ({}): try again; if it stays so, restart the program",
                            panic_message(panic.as_ref())
                        ),
                    }
                }
            };
            self.tell(last);
        }
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// Sends what must not be lost; gives up only when the handle is dropped.
    fn tell(&self, event: Event) {
        let mut event = event;
        loop {
            match self.outbox.send_timeout(event, Duration::from_millis(100)) {
                Ok(()) | Err(SendTimeoutError::Disconnected(_)) => return,
                Err(SendTimeoutError::Timeout(_)) if self.is_closing() => return,
                Err(SendTimeoutError::Timeout(back)) => event = back,
            }
        }
    }

    fn guarded_load(&mut self) -> Result<(), ModelError> {
        if self.model.is_some() {
            return Ok(());
        }
        self.tell(Event::Loading {
            model: "theme".to_owned(),
        });
        let loaded = catch_unwind(AssertUnwindSafe(|| (self.load)()));
        let model = loaded
            .unwrap_or_else(|panic| Err(ModelError::Failed(panic_message(panic.as_ref()))))?;
        self.tell(Event::Ready {
            model: model.info().clone(),
        });
        self.model = Some(model);
        Ok(())
    }

    /// Does a job; returns its last event.
    fn work(&mut self, job: &Job) -> Event {
        let failed = |message: String| Event::Failed {
            job: job.id,
            message,
        };
        if job.cancelled.load(Ordering::Relaxed) {
            return Event::Cancelled {
                job: job.id,
                candidates: Vec::new(),
            };
        }
        if let Err(error) = self.guarded_load() {
            return failed(error.to_string());
        }
        let Some(model) = self.model.as_deref() else {
            return failed(ModelError::NoNetworks.to_string());
        };
        match &job.request.kind {
            #[cfg(feature = "torch")]
            Kind::Continue(settings) => self
                .continue_theme(model, job, settings)
                .unwrap_or_else(failed),
            #[cfg(not(feature = "torch"))]
            Kind::Continue(_) => failed(format!(
                "{} ({})",
                ModelError::NoNetworks,
                model.info().name
            )),
        }
    }

    #[cfg(feature = "torch")]
    fn continue_theme(
        &self,
        model: &dyn ThemeModel,
        job: &Job,
        settings: &super::ContinueSettings,
    ) -> Result<Event, String> {
        use super::{Candidate, Theme, continuation, lineage, rank};
        use crate::score::Tempo;

        let begun = std::time::Instant::now();
        let request = &job.request;
        let theme = Theme::of(&request.song, settings).map_err(|error| error.to_string())?;
        for message in &theme.remarks {
            self.tell(Event::Remark {
                job: job.id,
                message: message.clone(),
            });
        }
        let tempo = settings.tempo.map_or_else(
            || request.song.tempo.tempo_at(settings.theme.start),
            Tempo::from_bpm,
        );
        let is_cancelled = || job.cancelled.load(Ordering::Relaxed) || self.is_closing();
        let mut report = |progress: &continuation::Progress<'_>| {
            // A reader that is far behind misses bars, not results.
            let _ = self.outbox.try_send(Event::BarWritten {
                job: job.id,
                candidate: progress.candidate,
                bars_done: progress.bars_done,
                bars_total: settings.bars,
                clip: Arc::new(progress.clip.to_song(tempo)),
            });
        };
        let written = continuation::write(
            model,
            &theme,
            settings,
            request.seed,
            request.candidates,
            &is_cancelled,
            &mut report,
        )
        .map_err(|error| error.to_string())?;
        let mut candidates: Vec<Candidate> = written
            .clips
            .into_iter()
            .map(|(index, clip)| {
                let song = clip.to_song(tempo);
                let measures = rank::measures(&song, clip.bars, &theme, settings.scale);
                let lineage = lineage::of_continuation(
                    &request.song,
                    settings,
                    model.info(),
                    request.seed,
                    index,
                );
                Candidate {
                    index,
                    bars: clip.bars,
                    clip: Arc::new(song),
                    melody_track: theme.melody,
                    piano_track: theme.piano,
                    lineage: Arc::new(lineage),
                    score: rank::score(&measures),
                    measures,
                }
            })
            .collect();
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.index.cmp(&b.index)));
        Ok(if written.complete {
            Event::Finished {
                job: job.id,
                candidates,
                tokens: written.tokens,
                seconds: begun.elapsed().as_secs_f64(),
            }
        } else {
            Event::Cancelled {
                job: job.id,
                candidates,
            }
        })
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(feature = "torch")]
fn load(models: &ModelPaths) -> Result<Box<dyn ThemeModel>, ModelError> {
    super::torch_model::load_theme(models)
}

#[cfg(not(feature = "torch"))]
fn load(_: &ModelPaths) -> Result<Box<dyn ThemeModel>, ModelError> {
    Err(ModelError::NoNetworks)
}

#[cfg(feature = "torch")]
fn set_threads(threads: usize) {
    tch::set_num_threads(i32::try_from(threads).unwrap_or(1));
}

#[cfg(not(feature = "torch"))]
fn set_threads(_: usize) {}

#[cfg(test)]
mod tests;
