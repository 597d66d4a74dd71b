//! The worker's jobs for the network that continues themes.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Instant;

use super::Job;
use super::desk::Desk;
use crate::compose::chain::{Chain, THEME, Taken};
use crate::compose::continue_theme::Continuing;
use crate::compose::infill::{Infilling, MOST_DRAWS};
use crate::compose::{
    Candidate, ChainSettings, ContinueSettings, Event, InfillSettings, infill_of, lineage,
    settings_of,
};
use crate::score::{Lineage, Song, Tick};
use crate::tokens::clip::bar_ticks;

use crate::compose::band::{Session, again};

impl Desk {
    pub(super) fn continue_theme(
        &mut self,
        job: &Job,
        settings: &ContinueSettings,
    ) -> Result<Event, String> {
        self.load_theme().map_err(|error| error.to_string())?;
        let begun = Instant::now();
        let continued = Continuing {
            model: self.theme()?,
            song: &job.request.song,
            settings,
            seed: job.request.seed,
            candidates: job.request.candidates,
            parent: None,
            is_cancelled: &|| self.is_cancelled(job),
            remark: &|message| self.remark(job, message),
            report: &|draft, bars_total| self.grown(job, draft, bars_total),
        }
        .write()?;
        let tokens = Some(continued.tokens);
        Ok(Self::last_event(
            job,
            continued.candidates,
            continued.complete,
            tokens,
            begun,
        ))
    }

    pub(super) fn infill(&mut self, job: &Job, settings: &InfillSettings) -> Result<Event, String> {
        let candidates = job.request.candidates.clamp(1, MOST_DRAWS);
        let draws = (candidates * settings.draws.clamp(1, 8)).min(MOST_DRAWS);
        self.infill_drawing(job, settings, job.request.seed, draws, candidates, None)
    }

    /// Bars between others once more, in the song as it stands around them now.
    pub(super) fn infill_again(&mut self, job: &Job, lineage: &Lineage) -> Result<Event, String> {
        let settings = infill_of(lineage).ok_or(
            "these bars were written by a newer version: update the program to make them again",
        )?;
        let draws = lineage::setting(lineage, lineage::BATCH)
            .unwrap_or(lineage.candidate + 1)
            .clamp(lineage.candidate + 1, MOST_DRAWS.max(lineage.candidate + 1));
        self.infill_drawing(job, &settings, lineage.seed, draws, draws, Some(lineage))
    }

    fn infill_drawing(
        &mut self,
        job: &Job,
        settings: &InfillSettings,
        seed: u64,
        draws: u32,
        candidates: u32,
        again: Option<&Lineage>,
    ) -> Result<Event, String> {
        self.load_theme().map_err(|error| error.to_string())?;
        let begun = Instant::now();
        let infilled = Infilling {
            model: self.theme()?,
            song: &job.request.song,
            settings,
            seed,
            draws,
            candidates,
            is_cancelled: &|| self.is_cancelled(job),
            report: &|draft, bars_total| {
                if again.is_none() {
                    self.grown(job, draft, bars_total);
                }
            },
        }
        .write()
        .map_err(|error| error.to_string())?;
        let mut written = infilled.candidates;
        if let Some(lineage) = again {
            written.retain(|candidate| candidate.index == lineage.candidate);
            if let Some(bars) = lineage::setting(lineage, lineage::STOPPED) {
                for candidate in &mut written {
                    cut(candidate, bars);
                }
            }
        }
        let tokens = Some(infilled.tokens);
        Ok(Self::last_event(
            job,
            written,
            infilled.complete,
            tokens,
            begun,
        ))
    }

    pub(super) fn chain(&mut self, job: &Job, settings: &ChainSettings) -> Result<Event, String> {
        let in_words = |error: crate::compose::ModelError| error.to_string();
        self.load_theme().map_err(in_words)?;
        self.load_band(&settings.seed.model).map_err(in_words)?;
        if let Some(accompany) = &settings.accompany {
            self.load_band(&accompany.model).map_err(in_words)?;
        }
        self.load_performer();
        let begun = Instant::now();
        let accompany = match &settings.accompany {
            Some(accompany) => Some(self.band(&accompany.model)?),
            None => None,
        };
        let chained = Chain {
            band: self.band(&settings.seed.model)?,
            theme: self.theme()?,
            accompany,
            performer: self.performer()?,
            song: &job.request.song,
            settings,
            seed: job.request.seed,
            candidates: job.request.candidates,
            is_cancelled: &|| self.is_cancelled(job),
            remark: &|message| self.remark(job, message),
            report: &|draft, bars_total| self.grown(job, draft, bars_total),
        }
        .write()?;
        let tokens = Some(chained.tokens);
        Ok(Self::last_event(
            job,
            chained.candidates,
            chained.complete,
            tokens,
            begun,
        ))
    }

    /// A continuation once more, of the theme in the song, or of the one that the chain had.
    pub(super) fn continue_again(&mut self, job: &Job, lineage: &Lineage) -> Result<Event, String> {
        let unreadable = || {
            "this continuation was written by a newer version: update the program to make it again"
                .to_owned()
        };
        let settings = settings_of(lineage).ok_or_else(unreadable)?;
        let song = match &lineage.parent {
            Some(theme) if theme.kind == THEME => Arc::new(self.theme_again(job, theme)?),
            _ => Arc::clone(&job.request.song),
        };
        self.load_theme().map_err(|error| error.to_string())?;
        let begun = Instant::now();
        let stopped: Option<u32> = lineage::setting(lineage, lineage::STOPPED);
        // What was stopped comes back as it was shown then: bars that were never heard would shorten notes that they repeat.
        let draft = RefCell::new(None);
        let continued = Continuing {
            model: self.theme()?,
            song: &song,
            settings: &settings,
            seed: lineage.seed,
            candidates: lineage::setting(lineage, lineage::BATCH)
                .unwrap_or(lineage.candidate + 1)
                .max(lineage.candidate + 1),
            parent: lineage.parent.as_deref().cloned(),
            is_cancelled: &|| self.is_cancelled(job) || draft.borrow().is_some(),
            remark: &|message| self.remark(job, message),
            report: &|candidate, _| {
                if candidate.index == lineage.candidate && Some(candidate.bars) == stopped {
                    draft.replace(Some(candidate));
                }
            },
        }
        .write()?;
        let tokens = Some(continued.tokens);
        let (mut candidates, mut complete) = (continued.candidates, continued.complete);
        candidates.retain(|candidate| candidate.index == lineage.candidate);
        if let Some(draft) = draft.into_inner() {
            (candidates, complete) = (vec![draft], true);
        }
        Ok(Self::last_event(job, candidates, complete, tokens, begun))
    }

    /// A theme that was taken from a band's phrase.
    fn theme_again(&mut self, job: &Job, lineage: &Lineage) -> Result<Song, String> {
        let unreadable = "this theme was written by a newer version: update the program";
        let phrase = lineage.parent.as_deref().ok_or(unreadable)?;
        let form = lineage::setting(lineage, "form").ok_or(unreadable)?;
        let seconds = lineage::setting(lineage, "seconds").ok_or(unreadable)?;
        let model = again::model_of(phrase).map_err(|error| error.to_string())?;
        self.load_band(model).map_err(|error| error.to_string())?;
        self.load_performer();
        let session = Session {
            song: &job.request.song,
            seed: job.request.seed,
            candidates: 1,
            model: self.band(model)?,
            performer: self.performer()?,
            is_cancelled: &|| self.is_cancelled(job),
            report: &|_, _| {},
        };
        let clip = again::clip(&session, phrase).map_err(|error| error.to_string())?;
        Taken::from(&clip, seconds, form)
            .map(|taken| taken.song)
            .ok_or_else(|| "the phrase has no melody any more: its model has changed".to_owned())
    }
}

/// Takes away all bars but the first ones.
fn cut(candidate: &mut Candidate, bars: u32) {
    let end = bar_ticks() * i64::from(bars);
    let mut clip = (*candidate.clip).clone();
    for track in &candidate.clip.tracks {
        let kept = track.notes().iter().filter(|note| note.start < end);
        clip = clip.with_track(track.with_notes(kept.copied().collect()));
    }
    clip.themes.retain(|region| region.span.start < end);
    for region in &mut clip.themes {
        region.span.end = region.span.end.min(end).max(Tick::ZERO);
    }
    candidate.bars = candidate.bars.min(bars);
    for track in &mut candidate.tracks {
        track.bars.end = track.bars.end.min(bars);
    }
    candidate.clip = Arc::new(clip);
}
