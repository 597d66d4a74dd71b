//! Requests and what comes back.

use std::fmt;
use std::sync::Arc;

use super::{Candidate, ContinueSettings, ModelInfo};
use crate::score::Song;

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
    /// How many candidates, 1..=64; they are written side by side.
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

/// What a worker tells. Events of one job come in order; the last is `Finished`, `Cancelled` or `Failed`.
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
    /// No model can be used; requests will fail with the same message.
    Unavailable {
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
    /// A candidate has one more whole bar. May be left out when the reader is slow.
    BarWritten {
        /// Which job.
        job: JobId,
        /// Which candidate, from 0.
        candidate: u32,
        /// Its whole bars so far.
        bars_done: u32,
        /// Its bars when it is finished.
        bars_total: u32,
        /// Its whole bars, from tick 0.
        clip: Arc<Song>,
    },
    /// The job is done.
    Finished {
        /// Which job.
        job: JobId,
        /// All candidates, best first.
        candidates: Vec<Candidate>,
        /// Tokens drawn for all candidates together.
        tokens: u64,
        /// Seconds from the beginning of the job.
        seconds: f64,
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
            | Self::BarWritten { job, .. }
            | Self::Finished { job, .. }
            | Self::Cancelled { job, .. }
            | Self::Failed { job, .. } => Some(*job),
        }
    }
}
