//! What can go wrong in a network.

use tch::TchError;

use super::checkpoint::CheckpointError;

/// Why a network could not be built, loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// A configuration that no network can have, or that this program does not know.
    #[error("{0}")]
    Config(String),
    /// Inputs whose shapes or ranges do not belong together.
    #[error("{0}")]
    Input(String),
    /// The weights could not be read, or belong to another network.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// libtorch refused an operation (most often: not enough memory).
    #[error("libtorch could not compute this: {}", first_line(.0))]
    Torch(TchError),
}

// Not through `#[from]`, which would make it a source too: chains of causes would then print the back trace.
impl From<TchError> for NetError {
    fn from(error: TchError) -> Self {
        Self::Torch(error)
    }
}

/// libtorch's messages carry a C++ back trace below their first line, which helps no user.
pub(crate) fn first_line(error: &TchError) -> String {
    error
        .to_string()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}
