//! The worker's jobs for a band, and those that make something again.

use std::sync::Arc;
use std::time::Instant;

use super::Job;
use super::desk::Desk;
use crate::compose::band::{BandError, Done, Session, accompany, again, morph, seed, vary};
use crate::compose::{
    AccompanySettings, Candidate, Event, MorphSettings, SeedSettings, VarySettings,
};
use crate::score::Lineage;

impl Desk {
    pub(super) fn seed(&mut self, job: &Job, settings: &SeedSettings) -> Result<Event, String> {
        self.with_band(job, &settings.model, |session| {
            seed::write(session, settings)
        })
    }

    pub(super) fn accompany(
        &mut self,
        job: &Job,
        settings: &AccompanySettings,
    ) -> Result<Event, String> {
        self.with_band(job, &settings.model, |session| {
            accompany::write(session, settings)
        })
    }

    pub(super) fn vary(&mut self, job: &Job, settings: &VarySettings) -> Result<Event, String> {
        let song = Arc::clone(&job.request.song);
        let in_words = |error: BandError| error.to_string();
        let standing = vary::Standing::at(&song, &settings.bars).map_err(in_words)?;
        if let Some(standing) = standing {
            self.with_written(job, standing.model(), standing.lineage(), |session| {
                vary::write(session, settings, &standing)
            })
        } else {
            let around = vary::around_what_stays(&song, settings).map_err(in_words)?;
            self.with_band(job, &around.model, |session| {
                vary::write_by_hand(session, &around)
            })
        }
    }

    pub(super) fn morph(&mut self, job: &Job, settings: &MorphSettings) -> Result<Event, String> {
        let model = morph::model_of(settings).map_err(|error| error.to_string())?;
        let Some(idea) = settings.ideas.first() else {
            return Err(BandError::Ideas(0).to_string());
        };
        self.with_written(job, model, idea, |session| morph::write(session, settings))
    }

    pub(super) fn again(&mut self, job: &Job, lineage: &Arc<Lineage>) -> Result<Event, String> {
        #[cfg(feature = "torch")]
        if lineage.kind == crate::compose::lineage::CONTINUE {
            return self.continue_again(job, lineage);
        }
        #[cfg(feature = "torch")]
        if lineage.kind == crate::compose::lineage::INFILL {
            return self.infill_again(job, lineage);
        }
        let model = again::model_of(lineage).map_err(|error| error.to_string())?;
        self.with_written(job, model, lineage, |session| {
            again::write(session, lineage)
        })
    }

    /// Does `work` with a model that wrote something before; says so if it is not the same any more.
    fn with_written(
        &mut self,
        job: &Job,
        model: &str,
        lineage: &Lineage,
        work: impl FnOnce(&Session<'_>) -> Result<Done, BandError>,
    ) -> Result<Event, String> {
        self.load_band(model).map_err(|error| error.to_string())?;
        if self.band(model)?.info().checkpoint != lineage.checkpoint {
            self.remark(
                job,
                &format!(
                    "The model \"{model}\" has changed since this was written: it will not be the same to the note."
                ),
            );
        }
        self.with_band(job, model, work)
    }

    /// Does `work` with a model.
    fn with_band(
        &mut self,
        job: &Job,
        model: &str,
        work: impl FnOnce(&Session<'_>) -> Result<Done, BandError>,
    ) -> Result<Event, String> {
        self.load_band(model).map_err(|error| error.to_string())?;
        self.load_performer();
        let begun = Instant::now();
        let is_cancelled = || self.is_cancelled(job);
        let report = |draft: Candidate, bars_total| self.grown(job, draft, bars_total);
        let session = Session {
            song: &job.request.song,
            seed: job.request.seed,
            candidates: job.request.candidates,
            model: self.band(model)?,
            performer: self.performer()?,
            is_cancelled: &is_cancelled,
            report: &report,
        };
        let done = work(&session).map_err(|error| error.to_string())?;
        Ok(Self::last_event(
            job,
            done.candidates,
            done.complete,
            None,
            begun,
        ))
    }
}
