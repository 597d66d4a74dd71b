//! Requests and what comes back.

use std::fmt;
use std::sync::Arc;

use super::{
    AccompanySettings, Candidate, ChainSettings, ContinueSettings, FoundTheme, InfillSettings,
    ModelInfo, MorphSettings, SeedSettings, VarySettings,
};
use crate::score::{Lineage, Song, TrackId};

/// The number of a job, rising with every request of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Music that goes on from a theme.
    Continue(ContinueSettings),
    /// Bars of melody and piano anew, between what stands before and behind them.
    Infill(InfillSettings),
    /// A phrase or a whole piece for a band, from nothing.
    Seed(SeedSettings),
    /// The other parts of a band around what is there.
    Accompany(AccompanySettings),
    /// Some bars or parts of a band once more, the rest as it is.
    Vary(VarySettings),
    /// What lies between two to four ideas of a band.
    Morph(MorphSettings),
    /// A band's phrase that becomes a theme, which is continued.
    Chain(Box<ChainSettings>),
    /// What was made before, made again to the note; the request's seed and number of candidates do not matter.
    Again(Arc<Lineage>),
    /// The theme of a track: what comes back is [`Event::ThemeFound`]; the seed and the number of candidates do not matter.
    FindTheme(TrackId),
}

/// A request for music.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The song as it stands; it is not changed.
    pub song: Arc<Song>,
    /// What to make of it.
    pub kind: Kind,
    /// The same request with the same seed gives the same notes.
    pub seed: u64,
    /// How many candidates, 1..=64.
    pub candidates: u32,
}

/// No request can be taken at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Busy {
    /// The queue is full.
    #[error("other requests are still waiting: try again when one has finished, or cancel it")]
    Queue,
    /// The worker thread is gone.
    #[error("the composing thread has stopped: restart the program")]
    Stopped,
}

/// What a worker tells. Events of one job come in order; the last is `Finished`, `ThemeFound`, `Cancelled` or `Failed`.
#[derive(Debug, Clone)]
pub enum Event {
    /// A model is being loaded.
    Loading {
        /// Its name.
        model: String,
    },
    /// A model is loaded and stays so.
    Ready {
        /// What it is.
        model: ModelInfo,
    },
    /// A model cannot be used; requests that need it will fail with the same message.
    Unavailable {
        /// Its name.
        model: String,
        /// What is missing and what to do.
        message: String,
    },
    /// Something about the request that the user should know; the job goes on.
    Remark {
        /// Which job.
        job: JobId,
        /// A sentence.
        message: String,
    },
    /// A candidate has grown by a bar, or by a phrase of bars. May be left out when the reader is slow.
    Grown {
        /// Which job.
        job: JobId,
        /// The candidate as far as it is written: it can be heard and placed, but is not judged yet. Its number does not
        /// change; its lineage says after how many bars it stopped.
        draft: Box<Candidate>,
        /// Its bars when it is finished.
        bars_total: u32,
    },
    /// The job is done.
    Finished {
        /// Which job.
        job: JobId,
        /// All candidates, best first; those of a path or a grid in its order.
        candidates: Vec<Candidate>,
        /// Tokens drawn for all candidates together; `None` where the model does not write tokens.
        tokens: Option<u64>,
        /// Seconds from the beginning of the job, without loading models.
        seconds: f64,
    },
    /// A theme was looked for.
    ThemeFound {
        /// Which job.
        job: JobId,
        /// The theme, `None` where no phrase comes back; or why it could not be looked for.
        found: Result<Option<FoundTheme>, String>,
    },
    /// The job was cancelled.
    Cancelled {
        /// Which job.
        job: JobId,
        /// Candidates that were complete, best first.
        candidates: Vec<Candidate>,
    },
    /// The job cannot be done.
    Failed {
        /// Which job.
        job: JobId,
        /// What went wrong and what to do.
        message: String,
    },
}

impl Event {
    /// The job that the event is about, if it is about one.
    pub fn job(&self) -> Option<JobId> {
        match self {
            Self::Loading { .. } | Self::Ready { .. } | Self::Unavailable { .. } => None,
            Self::Remark { job, .. }
            | Self::Grown { job, .. }
            | Self::Finished { job, .. }
            | Self::ThemeFound { job, .. }
            | Self::Cancelled { job, .. }
            | Self::Failed { job, .. } => Some(*job),
        }
    }
}
