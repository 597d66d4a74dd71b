//! What can go wrong in a training.

use std::path::{Path, PathBuf};

use crate::nets::NetError;
use crate::train::checkpoint::CheckpointError;

/// Why a training stopped.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// No phrases.
    #[error("the data holds too few phrases of four bars: prepare it again from more songs")]
    Empty,
    /// Neither a time nor a number of steps was given.
    #[error("say how long to train: --minutes M or --steps N")]
    Endless,
    /// A checkpoint could not be written or read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The network could not be built, or libtorch refused.
    #[error(
        "the training stopped: {0}; a checkpoint written before is whole, go on from it with --resume"
    )]
    Net(#[from] NetError),
    /// A log or a sample could not be written.
    #[error("{path}: {source}; check the folder and the free space")]
    Write {
        /// The folder.
        path: PathBuf,
        /// What was wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl From<tch::TchError> for TrainError {
    fn from(error: tch::TchError) -> Self {
        Self::Net(error.into())
    }
}

pub(super) fn failed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    path: &Path,
) -> impl FnOnce(E) -> TrainError + '_ {
    move |source| TrainError::Write {
        path: path.to_owned(),
        source: source.into(),
    }
}
