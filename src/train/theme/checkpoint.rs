//! Where a training stands, on disk: enough to go on as if it had never stopped.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tch::nn::VarStore;

use super::optimiser::AdamW;
use crate::nets::checkpoint::{self, Precision, Tensors};

const FOLDER: &str = "checkpoint";
const WEIGHTS: &str = "weights.safetensors";
const OPTIMISER: &str = "optimiser.safetensors";
const STATE: &str = "state.json";

/// The part of a checkpoint that is not tensors. Windows and dropout are drawn from `seed` and `step` alone, so
/// these two are the whole state of the random numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct State {
    /// Optimiser steps taken.
    pub step: u64,
    /// Decoder tokens trained on.
    pub tokens: u64,
    /// Seconds trained.
    pub seconds: f64,
    /// The seed of the training.
    pub seed: u64,
    /// Steps of the optimiser's own bias correction.
    pub optimiser_steps: i64,
    /// The lowest validation loss so far, in nats a token.
    pub best: Option<f64>,
}

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

fn tensors(path: &Path) -> impl FnOnce(checkpoint::CheckpointError) -> CheckpointError + '_ {
    move |source| CheckpointError::Tensors {
        path: path.to_owned(),
        source,
    }
}

/// Writes a checkpoint into `dir`, replacing the last one only when the new one is whole.
pub fn write(
    dir: &Path,
    parameters: &Tensors,
    optimiser: &AdamW,
    state: &State,
) -> Result<(), CheckpointError> {
    let (part, old, folder) = (
        dir.join("checkpoint.part"),
        dir.join("checkpoint.old"),
        dir.join(FOLDER),
    );
    for stale in [&part, &old] {
        if stale.exists() {
            fs::remove_dir_all(stale).map_err(io(stale))?;
        }
    }
    fs::create_dir_all(&part).map_err(io(&part))?;
    let path = part.join(WEIGHTS);
    checkpoint::write(&path, parameters, Precision::Single).map_err(tensors(&path))?;
    let (mean, square, steps) = optimiser.state();
    let path = part.join(OPTIMISER);
    let running = [("mean", mean), ("square", square)]
        .map(|(name, tensor)| (name.to_owned(), tensor.shallow_clone()))
        .into();
    checkpoint::write(&path, &running, Precision::Single).map_err(tensors(&path))?;
    let path = part.join(STATE);
    let state = State {
        optimiser_steps: steps,
        ..state.clone()
    };
    let text = serde_json::to_vec_pretty(&state).map_err(|source| CheckpointError::State {
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

/// Reads the checkpoint of `dir` into the parameters of `store` and the state of `optimiser`.
pub fn read(dir: &Path, store: &VarStore, optimiser: &mut AdamW) -> Result<State, CheckpointError> {
    // A training that was killed between the two renames left only the old one.
    let folder = [FOLDER, "checkpoint.old"]
        .map(|name| dir.join(name))
        .into_iter()
        .find(|folder| folder.join(STATE).exists())
        .ok_or_else(|| CheckpointError::Missing(dir.to_owned()))?;
    let path = folder.join(WEIGHTS);
    let stored = checkpoint::read(&path).map_err(tensors(&path))?;
    checkpoint::fill(store, &stored).map_err(tensors(&path))?;
    let path = folder.join(STATE);
    let text = fs::read(&path).map_err(io(&path))?;
    let state: State = serde_json::from_slice(&text).map_err(|source| CheckpointError::State {
        path: path.clone(),
        source,
    })?;
    let path = folder.join(OPTIMISER);
    let running = checkpoint::read(&path).map_err(tensors(&path))?;
    let running = |name: &str| {
        let missing = || CheckpointError::Missing(dir.to_owned());
        running.get(name).ok_or_else(missing)
    };
    let (mean, square) = (running("mean")?, running("square")?);
    optimiser
        .restore(mean, square, state.optimiser_steps)
        .map_err(|source| CheckpointError::Optimiser {
            path: path.clone(),
            source,
        })?;
    Ok(state)
}
