//! The training loop.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rand::SeedableRng as _;
use rand_pcg::Pcg64;
use tch::nn::VarStore;
use tch::{Device, Tensor};

use super::batch::Batch;
use super::checkpoint::{self, CheckpointError, State};
use super::evaluate::{self, Scores, SourceForm};
use super::log::{Log, TrainingRow, ValidationRow};
use super::sequences::{SequenceSet, SequencesError};
use super::windows::{Window, WindowOptions, WindowSampler};
use crate::nets::checkpoint::{Precision, Tensors};
use crate::nets::theme_transformer::{Config, LabelKind, ThemeTransformer};
use crate::nets::{NetError, Products, checkpoint as weights};
use crate::tokens::labels::Labels;
use crate::tokens::theme_vocab;
use crate::train::optimiser::{AdamW, AdamWOptions};

/// What to train, on what, for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainOptions {
    /// The folder that holds `sequences.npz`.
    pub data: PathBuf,
    /// Where checkpoints, logs and weights go.
    pub out: PathBuf,
    /// Weights to begin with, in the published names (.safetensors or .pt); by default random ones.
    pub warm_start: Option<PathBuf>,
    /// Stop, annealed, after so many minutes of training.
    pub minutes: Option<f64>,
    /// Stop, annealed, after so many optimiser steps.
    pub steps: Option<u64>,
    /// Go on from the checkpoint in `out`.
    pub resume: bool,
    /// Threads for libtorch, 1 by default.
    pub threads: usize,
    /// Learning rate after warm-up, 2.5e-4 by default.
    pub learning_rate: f64,
    /// Learning rate at the end, 2e-5 by default.
    pub final_learning_rate: f64,
    /// Steps in which the learning rate rises, 40 by default.
    pub warm_up: u64,
    /// Windows in a step, 8 by default.
    pub batch: usize,
    /// Windows that go through the network at once, 4 by default: their gradients are added up.
    pub rows: usize,
    /// Dropout, .02 by default.
    pub dropout: f64,
    /// Matrix products in bf16 (the weights stay f32), on by default: twice as fast where the processor has them.
    pub bf16: bool,
    /// Seed of windows and dropout.
    pub seed: u64,
    /// Minutes between checkpoints, 4 by default.
    pub checkpoint_minutes: f64,
    /// Minutes between validations, 15 by default.
    pub validation_minutes: f64,
    /// Validation chunks of every row of `validation.csv`, the same ones each time, 48 by default. The last report takes all.
    pub validation_chunks: usize,
    /// Steps between rows of the log, 20 by default.
    pub log_steps: u64,
    /// How windows are drawn.
    pub windows: WindowOptions,
    /// The network; the published sizes by default. Its labels, dropout and context follow from the options above.
    pub network: Config,
}

impl TrainOptions {
    /// The defaults for a data and an output folder.
    pub fn new(data: impl Into<PathBuf>, out: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            out: out.into(),
            warm_start: None,
            minutes: None,
            steps: None,
            resume: false,
            threads: 1,
            learning_rate: 2.5e-4,
            final_learning_rate: 2e-5,
            warm_up: 40,
            batch: 8,
            rows: 4,
            dropout: 0.02,
            bf16: true,
            seed: 1,
            checkpoint_minutes: 4.0,
            validation_minutes: 15.0,
            validation_chunks: 48,
            log_steps: 20,
            windows: WindowOptions::default(),
            network: Config::default(),
        }
    }
}

/// How far a training is.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// A step was taken; so much of the training is done, 0..=1.
    Stepped(f64),
    /// The mean of the steps since the last such row.
    Trained(TrainingRow),
    /// The validation songs were measured.
    Validated(ValidationRow),
}

/// Why a training stopped.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The data could not be read.
    #[error(transparent)]
    Data(#[from] SequencesError),
    /// The data holds nothing to train on.
    #[error("{0} holds no training song with a theme region: prepare it again from more songs")]
    Empty(PathBuf),
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
    /// A log could not be written.
    #[error("{path}: {source}; check the folder and the free space")]
    Log {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Trains as `options` say and returns where it ended. `progress` may end it early; the weights are then written as they are.
pub fn run(
    options: &TrainOptions,
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<State, TrainError> {
    if options.minutes.is_none() && options.steps.is_none() {
        return Err(TrainError::Endless);
    }
    let log_error = |source| TrainError::Log {
        path: options.out.clone(),
        source,
    };
    std::fs::create_dir_all(&options.out).map_err(log_error)?;
    let set = SequenceSet::read(&options.data.join("sequences.npz"))?;
    write_memory(options, &set)?;
    let sampler = WindowSampler::new(&set, options.windows)
        .ok_or_else(|| TrainError::Empty(options.data.clone()))?;
    tch::set_num_threads(options.threads.max(1) as i32);
    let (network, store) = build(options)?;
    let parameters: Tensors = store.variables().into_iter().collect();
    let mut optimiser = AdamW::new(
        parameters.values().map(Tensor::shallow_clone).collect(),
        AdamWOptions::default(),
    );
    let mut state = State {
        seed: options.seed,
        ..State::default()
    };
    if options.resume {
        state = checkpoint::read(&options.out, &store, &mut optimiser)?;
    }
    let log = Log::new(&options.out);
    let validator = Validator::new(&set, options);
    // Measures the validation songs; the best weights so far are kept beside the last ones.
    let validate = |state: &mut State| -> Result<ValidationRow, TrainError> {
        let row = validator.measure(&network, state, options.validation_chunks)?;
        log.validation(&row).map_err(log_error)?;
        // Before the first row of training there is nothing to draw.
        if state.step >= options.log_steps {
            draw(&log);
        }
        if state.best.is_none_or(|best| row.loss < best) {
            state.best = Some(row.loss);
            write_weights(options, "best.safetensors", &parameters)?;
        }
        Ok(row)
    };
    if state.step == 0 {
        let row = validate(&mut state)?;
        let _ = progress(&Progress::Validated(row));
    }
    let clock = Clock::new(state.seconds);
    let mut mean = Mean {
        since: clock.seconds(),
        ..Mean::default()
    };
    let (mut stored, mut validated) = (clock.seconds(), clock.seconds());
    let mut stopped = false;
    while !stopped && share(options, &state) < 1.0 {
        let rate = learning_rate(options, &state);
        let (scores, norm) = train_step(&network, &mut optimiser, &sampler, options, &state, rate)?;
        state.step += 1;
        state.tokens += scores.all.tokens as u64;
        state.seconds = clock.seconds();
        mean.add(&scores, norm);
        stopped = progress(&Progress::Stepped(share(options, &state))).is_break();
        if state.step.is_multiple_of(options.log_steps.max(1)) {
            let row = mean.take(&state, rate);
            log.training(&row).map_err(log_error)?;
            stopped |= progress(&Progress::Trained(row)).is_break();
        }
        if state.seconds - stored > options.checkpoint_minutes * 60.0 || stopped {
            checkpoint::write(&options.out, &parameters, &optimiser, &state)?;
            stored = state.seconds;
        }
        if !stopped && state.seconds - validated > options.validation_minutes * 60.0 {
            let row = validate(&mut state)?;
            stopped = progress(&Progress::Validated(row)).is_break();
            state.seconds = clock.seconds();
            validated = state.seconds;
        }
    }
    write_weights(options, "weights.safetensors", &parameters)?;
    // Who stops a training does not want to wait for measurements: `--resume` goes on from the checkpoint.
    if !stopped {
        validate(&mut state)?;
    }
    checkpoint::write(&options.out, &parameters, &optimiser, &state)?;
    if stopped {
        return Ok(state);
    }
    let all = validator.measure(&network, &state, usize::MAX)?;
    let _ = progress(&Progress::Validated(all));
    Ok(state)
}

/// The network of `options` with its parameters by name, ready to be trained.
fn build(options: &TrainOptions) -> Result<(ThemeTransformer, VarStore), TrainError> {
    let config = Config {
        labels: LabelKind::Timed,
        keys: options.windows.keys,
        dropout: options.dropout,
        max_target: options.windows.length,
        ..options.network.clone()
    };
    tch::manual_seed(options.seed as i64);
    let store = VarStore::new(Device::Cpu);
    let mut network = ThemeTransformer::new(&store.root(), &config)?;
    match &options.warm_start {
        Some(path) => {
            let tensors = weights::read(path).map_err(NetError::from)?;
            weights::fill(&store, &tensors).map_err(NetError::from)?;
        }
        None => network.initialise()?,
    }
    network.set_products(if options.bf16 {
        Products::Bfloat16
    } else {
        Products::Single
    });
    let path = options.out.join("config.json");
    let text = serde_json::to_string_pretty(&config).unwrap_or_default();
    std::fs::write(&path, text).map_err(|source| TrainError::Log { path, source })?;
    Ok((network, store))
}

/// Writes what a sampler needs in order not to recite the songs that are trained on, beside the weights.
fn write_memory(options: &TrainOptions, set: &SequenceSet) -> Result<(), TrainError> {
    let memory = set.memory().map_err(|error| SequencesError::Inconsistent {
        path: options.data.display().to_string(),
        what: error.to_string(),
    })?;
    let path = options.out.join("memory.bin");
    std::fs::write(&path, memory.to_bytes()).map_err(|source| TrainError::Log { path, source })
}

fn write_weights(
    options: &TrainOptions,
    name: &str,
    parameters: &Tensors,
) -> Result<(), TrainError> {
    let path = options.out.join(name);
    weights::write(&path, parameters, Precision::Half)
        .map_err(|source| CheckpointError::Tensors { path, source })?;
    Ok(())
}

/// A picture is worth having but not worth stopping for.
fn draw(log: &Log) {
    if let Err(error) = log.draw() {
        tracing::warn!("the curves could not be drawn: {error}");
    }
}

/// One optimiser step on windows drawn from the seed and the step number.
fn train_step(
    network: &ThemeTransformer,
    optimiser: &mut AdamW,
    sampler: &WindowSampler<'_>,
    options: &TrainOptions,
    state: &State,
    rate: f64,
) -> Result<(Scores, f64), NetError> {
    let mut rng = Pcg64::seed_from_u64(state.seed ^ state.step.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    tch::manual_seed((state.seed ^ (state.step << 20)) as i64);
    let windows: Vec<Window> = (0..options.batch.max(1))
        .map(|_| sampler.draw(&mut rng))
        .collect();
    let total: usize = windows.iter().map(|window| window.target.len()).sum();
    let mut scores = Scores::default();
    for group in windows.chunks(options.rows.max(1)) {
        let batch = Batch::new(&group.iter().collect::<Vec<_>>());
        let logits = batch.forward(network, true)?;
        let loss = logits
            .f_reshape([-1, theme_vocab::SIZE as i64])?
            .f_cross_entropy_loss::<Tensor>(
                &batch.target.f_reshape([-1])?,
                None,
                tch::Reduction::Sum,
                0,
                0.0,
            )?;
        optimiser.accumulate(&loss.f_div_scalar(total as f64)?)?;
        scores.merge(&Scores::of(&logits, &batch.target, &batch.labels)?);
    }
    let norm = optimiser.step(rate)?;
    Ok((scores, norm))
}

/// How much of the training is done, by time or by steps, whichever is further.
fn share(options: &TrainOptions, state: &State) -> f64 {
    let by_time = options
        .minutes
        .map_or(0.0, |minutes| state.seconds / (minutes * 60.0).max(1e-9));
    let by_steps = options
        .steps
        .map_or(0.0, |steps| state.step as f64 / (steps as f64).max(1e-9));
    by_time.max(by_steps)
}

/// Linear warm-up, then a cosine that ends with the training however long its steps took.
fn learning_rate(options: &TrainOptions, state: &State) -> f64 {
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * share(options, state).min(1.0)).cos());
    let rate = options.final_learning_rate
        + (options.learning_rate - options.final_learning_rate) * cosine;
    rate * ((state.step + 1) as f64 / options.warm_up.max(1) as f64).min(1.0)
}

/// Seconds trained, over all sessions.
struct Clock {
    before: Duration,
    start: Instant,
}

impl Clock {
    fn new(before: f64) -> Self {
        Self {
            before: Duration::try_from_secs_f64(before).unwrap_or_default(),
            start: Instant::now(),
        }
    }

    fn seconds(&self) -> f64 {
        (self.before + self.start.elapsed()).as_secs_f64()
    }
}

/// The mean of the steps since the last log row.
#[derive(Default)]
struct Mean {
    scores: Scores,
    norm: f64,
    steps: f64,
    since: f64,
}

impl Mean {
    fn add(&mut self, scores: &Scores, norm: f64) {
        self.scores.merge(scores);
        self.norm += norm;
        self.steps += 1.0;
    }

    fn take(&mut self, state: &State, learning_rate: f64) -> TrainingRow {
        let row = TrainingRow {
            step: state.step,
            tokens: state.tokens,
            minutes: state.seconds / 60.0,
            learning_rate,
            loss: self.scores.all.loss().unwrap_or(f64::NAN),
            accuracy: self.scores.all.accuracy().unwrap_or(f64::NAN),
            inside: self.scores.inside.loss().unwrap_or(f64::NAN),
            outside: self.scores.outside.loss().unwrap_or(f64::NAN),
            gradient_norm: self.norm / self.steps,
            tokens_per_second: self.scores.all.tokens / (state.seconds - self.since),
        };
        *self = Self {
            since: state.seconds,
            ..Self::default()
        };
        row
    }
}

/// The validation chunks, with the right theme, its melody alone, and a wrong one.
struct Validator {
    whole: Vec<Window>,
    melody_only: Vec<Window>,
    wrong: Vec<Window>,
    rows: usize,
}

impl Validator {
    fn new(set: &SequenceSet, options: &TrainOptions) -> Self {
        let chunks = |source| {
            evaluate::chunks(
                set.validation(),
                options.windows.length,
                Labels::Timed,
                source,
                options.windows.keys,
            )
        };
        Self {
            whole: chunks(SourceForm::Whole),
            melody_only: chunks(SourceForm::MelodyOnly),
            wrong: chunks(SourceForm::Wrong),
            rows: options.rows,
        }
    }

    /// Scores of about `limit` chunks, evenly spread, the same ones each time.
    fn measure(
        &self,
        network: &ThemeTransformer,
        state: &State,
        limit: usize,
    ) -> Result<ValidationRow, NetError> {
        let stride = self
            .whole
            .len()
            .div_ceil(limit.clamp(1, self.whole.len().max(1)))
            .max(1);
        let score = |windows: &[Window]| {
            let picked: Vec<&Window> = windows.iter().step_by(stride).collect();
            evaluate::score(network, &picked, self.rows)
        };
        let whole = score(&self.whole)?;
        Ok(ValidationRow {
            step: state.step,
            tokens: state.tokens,
            minutes: state.seconds / 60.0,
            loss: whole.all.loss().unwrap_or(f64::NAN),
            accuracy: whole.all.accuracy().unwrap_or(f64::NAN),
            inside: whole.inside.loss().unwrap_or(f64::NAN),
            inside_melody_only: score(&self.melody_only)?.inside.loss().unwrap_or(f64::NAN),
            inside_wrong: score(&self.wrong)?.inside.loss().unwrap_or(f64::NAN),
            outside: whole.outside.loss().unwrap_or(f64::NAN),
        })
    }
}
