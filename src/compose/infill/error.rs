//! Why bars cannot be written anew.

use crate::compose::continuation::ContinueError;
use crate::compose::model::ModelError;
use crate::compose::{BandError, ThemeError};

/// Why bars cannot be written anew.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InfillError {
    /// No bars, or bars that are not in 4/4.
    #[error(transparent)]
    Bars(#[from] BandError),
    /// Too many bars.
    #[error("{0} bars are too many to be written between others: choose at most {1}")]
    TooMany(u32, u32),
    /// Neither melody nor piano.
    #[error(
        "there is no melody and no piano around these bars: draw some notes before or behind them"
    )]
    Nothing,
    /// The voice that is to be written has no track.
    #[error("the song has no {0} to write: choose the other voice, or give a track the role {0}")]
    NoVoice(&'static str),
    /// The track that is to be written is locked.
    #[error("the track \"{0}\" is locked: unlock it, or write the other voice")]
    Locked(String),
    /// What stands in for the theme cannot be read.
    #[error(transparent)]
    Theme(#[from] ThemeError),
    /// The network failed, or its tokens are no music.
    #[error(transparent)]
    Writing(#[from] ContinueError),
    /// The network failed while it judged.
    #[error(transparent)]
    Model(#[from] ModelError),
}
