//! Where a training stands, on disk: enough to go on as if it had never stopped.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tch::nn::VarStore;

use crate::nets::checkpoint::{self, Tensors};
pub use crate::train::checkpoint::CheckpointError;
use crate::train::checkpoint::{self as folder, tensors};
use crate::train::optimiser::AdamW;

const WEIGHTS: &str = "weights.safetensors";
const OPTIMISER: &str = "optimiser.safetensors";

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

/// Writes a checkpoint into `dir`, replacing the last one only when the new one is whole.
pub fn write(
    dir: &Path,
    parameters: &Tensors,
    optimiser: &AdamW,
    state: &State,
) -> Result<(), CheckpointError> {
    let state = State {
        optimiser_steps: optimiser.state().2,
        ..state.clone()
    };
    let files = [
        (WEIGHTS, parameters),
        (OPTIMISER, &folder::running(optimiser)),
    ];
    folder::write(dir, &files, &state)
}

/// Reads the checkpoint of `dir` into the parameters of `store` and the state of `optimiser`.
pub fn read(dir: &Path, store: &VarStore, optimiser: &mut AdamW) -> Result<State, CheckpointError> {
    let (place, state) = folder::read::<State>(dir)?;
    let path = place.join(WEIGHTS);
    checkpoint::fill(store, &folder::file(&path)?).map_err(tensors(&path))?;
    folder::restore(&place.join(OPTIMISER), optimiser, state.optimiser_steps)?;
    Ok(state)
}
