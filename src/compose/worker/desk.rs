//! The worker thread's side.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, SendTimeoutError, Sender};

use super::{Job, Preload};
use crate::compose::band::BandModel;
use crate::compose::model::{Library, ModelError, THEME, ThemeModel};
use crate::compose::perform::Performer;
use crate::compose::{Candidate, Event, Kind, ModelInfo, ThemeFinder};
use crate::score::TrackId;

/// What the thread has: its models, and whom it tells.
pub(super) struct Desk {
    library: Box<dyn Library>,
    theme: Option<Box<dyn ThemeModel>>,
    /// By name.
    bands: BTreeMap<String, Box<dyn BandModel>>,
    performer: Option<Box<dyn Performer>>,
    finder: Option<ThemeFinder>,
    outbox: Sender<Event>,
    closing: Arc<AtomicBool>,
}

impl Desk {
    pub(super) fn new(
        library: Box<dyn Library>,
        outbox: Sender<Event>,
        closing: Arc<AtomicBool>,
    ) -> Self {
        Self {
            library,
            theme: None,
            bands: BTreeMap::new(),
            performer: None,
            finder: None,
            outbox,
            closing,
        }
    }

    pub(super) fn run(mut self, inbox: &Receiver<Job>, preload: Preload) {
        if preload == Preload::Theme
            && let Err(error) = self.load_theme()
        {
            self.tell(Event::Unavailable {
                model: THEME.to_owned(),
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
                    // What the networks hold may be half done: they are loaded again for the next job.
                    self.theme = None;
                    self.bands.clear();
                    self.performer = None;
                    self.finder = None;
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

    /// Does a job; returns its last event.
    fn work(&mut self, job: &Job) -> Event {
        if job.cancelled.load(Ordering::Relaxed) {
            return Event::Cancelled {
                job: job.id,
                candidates: Vec::new(),
            };
        }
        let done = match &job.request.kind {
            #[cfg(feature = "torch")]
            Kind::Continue(settings) => self.continue_theme(job, settings),
            #[cfg(feature = "torch")]
            Kind::Infill(settings) => self.infill(job, settings),
            #[cfg(feature = "torch")]
            Kind::Chain(settings) => self.chain(job, settings),
            #[cfg(not(feature = "torch"))]
            Kind::Continue(_) | Kind::Infill(_) | Kind::Chain(_) => {
                Err(ModelError::NoNetworks.to_string())
            }
            Kind::Seed(settings) => self.seed(job, settings),
            Kind::Accompany(settings) => self.accompany(job, settings),
            Kind::Vary(settings) => self.vary(job, settings),
            Kind::Morph(settings) => self.morph(job, settings),
            Kind::Again(lineage) => self.again(job, lineage),
            Kind::FindTheme(track) => Ok(self.find_theme(job, *track)),
        };
        done.unwrap_or_else(|message| Event::Failed {
            job: job.id,
            message,
        })
    }

    fn find_theme(&mut self, job: &Job, track: TrackId) -> Event {
        let finder = (self.finder).get_or_insert_with(|| self.library.theme_finder());
        let found = finder.find(&job.request.song, track);
        Event::ThemeFound {
            job: job.id,
            found: found.map_err(|error| error.to_string()),
        }
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    pub(super) fn is_cancelled(&self, job: &Job) -> bool {
        job.cancelled.load(Ordering::Relaxed) || self.is_closing()
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

    pub(super) fn remark(&self, job: &Job, message: &str) {
        self.tell(Event::Remark {
            job: job.id,
            message: message.to_owned(),
        });
    }

    /// Shows a draft. A reader that is far behind misses bars, not results.
    pub(super) fn grown(&self, job: &Job, draft: Candidate, bars_total: u32) {
        let _ = self.outbox.try_send(Event::Grown {
            job: job.id,
            draft: Box::new(draft),
            bars_total,
        });
    }

    pub(super) fn last_event(
        job: &Job,
        candidates: Vec<Candidate>,
        complete: bool,
        tokens: Option<u64>,
        begun: Instant,
    ) -> Event {
        if complete {
            Event::Finished {
                job: job.id,
                candidates,
                tokens,
                seconds: begun.elapsed().as_secs_f64(),
            }
        } else {
            Event::Cancelled {
                job: job.id,
                candidates,
            }
        }
    }

    /// Tells of a model that is loaded now.
    fn guarded<M>(
        &mut self,
        name: &str,
        load: impl FnOnce(&mut dyn Library) -> Result<M, ModelError>,
        info: impl FnOnce(&M) -> ModelInfo,
    ) -> Result<M, ModelError> {
        self.tell(Event::Loading {
            model: name.to_owned(),
        });
        let loaded = catch_unwind(AssertUnwindSafe(|| load(self.library.as_mut())));
        let model = loaded
            .unwrap_or_else(|panic| Err(ModelError::Failed(panic_message(panic.as_ref()))))?;
        self.tell(Event::Ready {
            model: info(&model),
        });
        Ok(model)
    }

    pub(super) fn load_theme(&mut self) -> Result<(), ModelError> {
        if self.theme.is_none() {
            let load = |library: &mut dyn Library| library.theme();
            self.theme = Some(self.guarded(THEME, load, |model| model.info().clone())?);
        }
        Ok(())
    }

    pub(super) fn load_band(&mut self, name: &str) -> Result<(), ModelError> {
        if !self.bands.contains_key(name) {
            let load = |library: &mut dyn Library| library.band(name);
            let model = self.guarded(name, load, |model| model.info().clone())?;
            self.bands.insert(name.to_owned(), model);
        }
        Ok(())
    }

    pub(super) fn load_performer(&mut self) {
        if self.performer.is_none() {
            self.performer = Some(self.library.performer());
        }
    }

    #[cfg(feature = "torch")]
    pub(super) fn theme(&self) -> Result<&dyn ThemeModel, String> {
        loaded(self.theme.as_deref(), THEME)
    }

    pub(super) fn band(&self, name: &str) -> Result<&dyn BandModel, String> {
        loaded(self.bands.get(name).map(Box::as_ref), name)
    }

    pub(super) fn performer(&self) -> Result<&dyn Performer, String> {
        loaded(self.performer.as_deref(), "performer")
    }
}

/// What was loaded before it is used.
fn loaded<'a, M: ?Sized>(model: Option<&'a M>, name: &str) -> Result<&'a M, String> {
    model.ok_or_else(|| ModelError::Failed(format!("\"{name}\" is not loaded")).to_string())
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
