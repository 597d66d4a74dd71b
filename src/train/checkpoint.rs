//! Checkpoints of a training: a folder that is replaced only when the new one is whole.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::optimiser::AdamW;
use crate::nets::checkpoint::{self, Precision, Tensors};

const FOLDER: &str = "checkpoint";
const OLD: &str = "checkpoint.old";
const STATE: &str = "state.json";

/// Why a checkpoint could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// There is none.
    #[error(
        "{0} holds no checkpoint to resume from: leave --resume out, or give the folder of an earlier training"
    )]
    Missing(PathBuf),
    /// A file could not be written, read or renamed.
    #[error("{path}: {source}; check the folder and the free space")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The tensors could not be written or read, or do not fit the network.
    #[error("{path}: {source}")]
    Tensors {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        source: checkpoint::CheckpointError,
    },
    /// The optimiser's tensors do not fit the network.
    #[error("{path}: {source}; the checkpoint is damaged or of another network")]
    Optimiser {
        /// The file.
        path: PathBuf,
        /// What libtorch said.
        source: tch::TchError,
    },
    /// The state is not readable.
    #[error("{path}: {source}; the checkpoint is damaged")]
    State {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        source: serde_json::Error,
    },
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> CheckpointError + '_ {
    move |source| CheckpointError::Io {
        path: path.to_owned(),
        source,
    }
}

pub(super) fn tensors(
    path: &Path,
) -> impl FnOnce(checkpoint::CheckpointError) -> CheckpointError + '_ {
    move |source| CheckpointError::Tensors {
        path: path.to_owned(),
        source,
    }
}

/// Writes files of tensors and `state` as the checkpoint of `dir`, in place of the last one.
pub fn write(
    dir: &Path,
    files: &[(&str, &Tensors)],
    state: &impl Serialize,
) -> Result<(), CheckpointError> {
    let (part, old, folder) = (dir.join("checkpoint.part"), dir.join(OLD), dir.join(FOLDER));
    for stale in [&part, &old] {
        if stale.exists() {
            fs::remove_dir_all(stale).map_err(io(stale))?;
        }
    }
    fs::create_dir_all(&part).map_err(io(&part))?;
    for (name, values) in files {
        let path = part.join(name);
        checkpoint::write(&path, values, Precision::Single).map_err(tensors(&path))?;
    }
    let path = part.join(STATE);
    let text = serde_json::to_vec_pretty(state).map_err(|source| CheckpointError::State {
        path: path.clone(),
        source,
    })?;
    fs::write(&path, text).map_err(io(&path))?;
    if folder.exists() {
        fs::rename(&folder, &old).map_err(io(&folder))?;
    }
    fs::rename(&part, &folder).map_err(io(&part))?;
    if old.exists() {
        fs::remove_dir_all(&old).map_err(io(&old))?;
    }
    Ok(())
}

/// The folder of the last whole checkpoint in `dir`, and its state.
pub fn read<S: DeserializeOwned>(dir: &Path) -> Result<(PathBuf, S), CheckpointError> {
    // A training that was killed between the two renames left only the old one.
    let folder = [FOLDER, OLD]
        .map(|name| dir.join(name))
        .into_iter()
        .find(|folder| folder.join(STATE).exists())
        .ok_or_else(|| CheckpointError::Missing(dir.to_owned()))?;
    let path = folder.join(STATE);
    let text = fs::read(&path).map_err(io(&path))?;
    let state = serde_json::from_slice(&text).map_err(|source| CheckpointError::State {
        path: path.clone(),
        source,
    })?;
    Ok((folder, state))
}

/// The tensors of a file of a checkpoint.
pub fn file(path: &Path) -> Result<Tensors, CheckpointError> {
    checkpoint::read(path).map_err(tensors(path))
}

/// The running means of an optimiser as tensors to store.
pub fn running(optimiser: &AdamW) -> Tensors {
    let (mean, square, _) = optimiser.state();
    [("mean", mean), ("square", square)]
        .map(|(name, tensor)| (name.to_owned(), tensor.shallow_clone()))
        .into()
}

/// Puts what [`running`] gave, and was stored at `path`, back into an optimiser that has taken `steps` steps.
pub fn restore(path: &Path, optimiser: &mut AdamW, steps: i64) -> Result<(), CheckpointError> {
    let stored = file(path)?;
    let part = |name: &str| {
        let missing = || CheckpointError::Missing(path.to_owned());
        stored.get(name).ok_or_else(missing)
    };
    optimiser
        .restore(part("mean")?, part("square")?, steps)
        .map_err(|source| CheckpointError::Optimiser {
            path: path.to_owned(),
            source,
        })
}
