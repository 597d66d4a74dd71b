//! The worker thread's side.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, SendTimeoutError, Sender};

use super::{Job, Preload};
use crate::compose::band::BandModel;
use crate::compose::model::{Library, ModelError, THEME, ThemeModel};
use crate::compose::{Candidate, Event, Kind, ModelInfo};

/// What the thread has: its models, and whom it tells.
pub(super) struct Desk {
    library: Box<dyn Library>,
    theme: Option<Box<dyn ThemeModel>>,
    /// By name.
    bands: BTreeMap<String, Box<dyn BandModel>>,
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

    fn load_theme(&mut self) -> Result<(), ModelError> {
        if self.theme.is_none() {
            let model = self.guarded(
                THEME,
                |library| library.theme(),
                |model| model.info().clone(),
            )?;
            self.theme = Some(model);
        }
        Ok(())
    }

    fn load_band(&mut self, name: &str) -> Result<(), ModelError> {
        if !self.bands.contains_key(name) {
            let model = self.guarded(
                name,
                |library| library.band(name),
                |model| model.info().clone(),
            )?;
            self.bands.insert(name.to_owned(), model);
        }
        Ok(())
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
            Kind::Continue(settings) => self
                .load_theme()
                .map_err(|error| error.to_string())
                .and_then(|()| self.continue_theme(job, settings)),
            #[cfg(not(feature = "torch"))]
            Kind::Continue(_) => Err(ModelError::NoNetworks.to_string()),
            Kind::Seed(settings) => self
                .load_band(&settings.model)
                .map_err(|error| error.to_string())
                .and_then(|()| Err("this build cannot write for a band yet".to_owned())),
            _ => Err("this build cannot write for a band yet".to_owned()),
        };
        done.unwrap_or_else(|message| Event::Failed {
            job: job.id,
            message,
        })
    }

    #[cfg(feature = "torch")]
    fn continue_theme(
        &self,
        job: &Job,
        settings: &crate::compose::ContinueSettings,
    ) -> Result<Event, String> {
        use crate::compose::{PlacedTrack, Theme, continuation, lineage, rank};
        use crate::score::{Tempo, TrackId};

        let begun = std::time::Instant::now();
        let model = self
            .theme
            .as_deref()
            .ok_or_else(|| ModelError::NoNetworks.to_string())?;
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
        let lineage = |index| {
            lineage::of_continuation(&request.song, settings, model.info(), request.seed, index)
        };
        let candidate = |index: u32, clip: &crate::tokens::clip::Clip| Candidate {
            index,
            clip: Arc::new(clip.to_song(tempo)),
            bars: clip.bars,
            at: settings.start(&request.song),
            tracks: [(1, Some(theme.melody)), (2, theme.piano)]
                .map(|(from, into)| PlacedTrack {
                    from: TrackId(from),
                    into,
                    bars: 0..clip.bars,
                })
                .into(),
            keeps: Vec::new(),
            stages: Vec::new(),
            lineage: Arc::new(lineage(index)),
            measures: Vec::new(),
            score: 0.0,
        };
        let is_cancelled = || job.cancelled.load(Ordering::Relaxed) || self.is_closing();
        let mut report = |progress: &continuation::Progress<'_>| {
            let mut draft = candidate(progress.candidate, progress.clip);
            draft.lineage = Arc::new(lineage::stopped(&draft.lineage, progress.bars_done));
            // A reader that is far behind misses bars, not results.
            let _ = self.outbox.try_send(Event::Grown {
                job: job.id,
                draft: Box::new(draft),
                bars_total: settings.bars,
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
            .iter()
            .map(|(index, clip)| {
                let mut candidate = candidate(*index, clip);
                candidate.measures =
                    rank::measures(&candidate.clip, clip.bars, &theme, settings.scale);
                candidate.score = rank::score(&candidate.measures);
                candidate
            })
            .collect();
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.index.cmp(&b.index)));
        Ok(if written.complete {
            Event::Finished {
                job: job.id,
                candidates,
                tokens: Some(written.tokens),
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
