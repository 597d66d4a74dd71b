//! What to train, and how.

use std::path::PathBuf;

use super::binarise::Binarise;
use super::phrases::Keys;
use crate::nets::musegan::{BandConfig, CriticConfig};

/// What to train, for how long, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct GanOptions {
    /// Where checkpoints, logs, samples and weights go.
    pub out: PathBuf,
    /// Stop after so many minutes of training.
    pub minutes: Option<f64>,
    /// Stop after so many generator steps.
    pub steps: Option<u64>,
    /// Go on from the checkpoint in `out`.
    pub resume: bool,
    /// Weights of a generator to begin with; by default random ones.
    pub warm_start: Option<PathBuf>,
    /// Threads for libtorch, 1 by default.
    pub threads: usize,
    /// Seed of phrases and noise.
    pub seed: u64,
    /// The generator.
    pub network: BandConfig,
    /// The critic.
    pub critic: CriticConfig,
    /// Phrases in a step, 32 by default.
    pub batch: usize,
    /// Critic steps to one generator step, 4 by default.
    pub critic_steps: usize,
    /// Learning rate of the generator, 3e-4 by default. This and the critic's fall to a tenth over the last third.
    pub generator_rate: f64,
    /// Learning rate of the critic, 5e-4 by default.
    pub critic_rate: f64,
    /// Steps in which the generator learns to play real phrases from an encoder's latents (a variational autoencoder), before
    /// the adversarial ones begin; 1,500 by default.
    pub warm_up: u64,
    /// Learning rate of the warm-up, 2e-3 by default.
    pub warm_up_rate: f64,
    /// Weight of the latents' divergence from noise in the warm-up, .2 by default.
    pub divergence: f64,
    /// Weight of the gradient penalty, 10 by default.
    pub penalty: f64,
    /// Weight of the squared relative differences between counts of generated and real notes (`mean_counts`) in the
    /// generator's loss, .1 by default: what Salimans et al. (2016) call feature matching, for features that are known.
    pub counts: f64,
    /// How generated rolls become binary, by a threshold by default.
    pub binarise: Binarise,
    /// Into which keys phrases are moved, the white ones by default.
    pub keys: Keys,
    /// Decay of the running mean of the generator's weights, which is what is used in the end; .998 by default.
    pub mean_decay: f64,
    /// Minutes between checkpoints, 4 by default.
    pub checkpoint_minutes: f64,
    /// Minutes between samples and their measures, 5 by default.
    pub sample_minutes: f64,
    /// Phrases that are measured, 96 by default.
    pub samples: usize,
    /// Steps between rows of the log, 20 by default.
    pub log_steps: u64,
}

impl GanOptions {
    /// The defaults for an output folder and a network.
    pub fn new(out: impl Into<PathBuf>, network: BandConfig) -> Self {
        Self {
            out: out.into(),
            minutes: None,
            steps: None,
            resume: false,
            warm_start: None,
            threads: 1,
            seed: 1,
            network,
            critic: CriticConfig::default(),
            batch: 32,
            critic_steps: 4,
            generator_rate: 3e-4,
            critic_rate: 5e-4,
            warm_up: 1500,
            warm_up_rate: 2e-3,
            divergence: 0.2,
            penalty: 10.0,
            counts: 0.1,
            binarise: Binarise::default(),
            keys: Keys::default(),
            mean_decay: 0.998,
            checkpoint_minutes: 4.0,
            sample_minutes: 5.0,
            samples: 96,
            log_steps: 20,
        }
    }
}
