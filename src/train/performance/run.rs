//! The training loop.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use rayon::prelude::*;
use serde::Serialize;
use strum::IntoEnumIterator as _;
use tch::nn::VarStore;
use tch::{Device, Tensor};

use super::data::{self, DataError, Performed, Split};
use super::evaluate::{self, Scores};
use super::log::{Log, TrainingRow, ValidationRow};
use super::{Baselines, Batch, Window, windows};
use crate::nets::NetError;
use crate::nets::checkpoint::{self, CheckpointError, Precision, Tensors};
use crate::nets::performance::{Config, PerformanceNet};
use crate::tokens::expression::{FEATURES, PAST, Player, TIMING_BINS, VELOCITY_BINS};
use crate::train::corpus;
use crate::train::optimiser::{AdamW, AdamWOptions};

/// Training windows begin every four bars, windows to measure by do not overlap.
const TRAINING_STRIDE: usize = 4;
const MEASURING_STRIDE: usize = 8;

/// What to train, on what, for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainOptions {
    /// The folder that groove, pop909 and pop909-cl were unpacked into.
    pub data: PathBuf,
    /// Where configuration, weights, logs and the report go.
    pub out: PathBuf,
    /// Weights to begin with; by default random ones.
    pub warm_start: Option<PathBuf>,
    /// Stop, annealed, after so many minutes.
    pub minutes: Option<f64>,
    /// Stop, annealed, after so many optimiser steps.
    pub steps: Option<u64>,
    /// Threads for libtorch, 1 by default.
    pub threads: usize,
    /// Learning rate after warm-up, 2e-3 by default.
    pub learning_rate: f64,
    /// Learning rate at the end, 2e-5 by default.
    pub final_learning_rate: f64,
    /// Steps in which the learning rate rises, 100 by default.
    pub warm_up: u64,
    /// Windows in a step, 32 by default; half of them drums.
    pub batch: usize,
    /// Steps between rounds of validation, 250 by default.
    pub validation_steps: u64,
    /// Windows a player in a round of validation, 64 by default. The report takes all.
    pub validation_windows: usize,
    /// Steps between rows of the log, 25 by default.
    pub log_steps: u64,
    /// Seed of weights, windows and dropout.
    pub seed: u64,
    /// Sizes of the network.
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
            threads: 1,
            learning_rate: 2e-3,
            final_learning_rate: 2e-5,
            warm_up: 100,
            batch: 32,
            validation_steps: 250,
            validation_windows: 64,
            log_steps: 25,
            seed: 1,
            network: Config {
                features: FEATURES as i64,
                past: PAST as i64,
                velocities: VELOCITY_BINS as i64,
                timings: TIMING_BINS as i64,
                ..Config::default()
            },
        }
    }
}

/// How far a training is.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// So many of so many recordings are read.
    Read(usize, usize),
    /// A step was taken; so much of the training is done, 0..=1.
    Stepped(f64),
    /// The mean of the steps since the last such row.
    Trained(TrainingRow),
    /// The validation windows were measured.
    Validated(ValidationRow),
}

/// Why a training stopped.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The data could not be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// There is nothing to train on or to measure by.
    #[error(
        "{folder} holds no {what} in 4/4: unpack the whole of groove, pop909 and pop909-cl into it"
    )]
    Empty {
        /// The folder.
        folder: PathBuf,
        /// What is missing.
        what: String,
    },
    /// Neither a time nor a number of steps was given.
    #[error("say how long to train: --minutes M or --steps N")]
    Endless,
    /// The network could not be built, or libtorch refused.
    #[error("the training stopped: {0}")]
    Net(#[from] NetError),
    /// A file could not be written.
    #[error("{path}: {source}; check the folder and the free space")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The training was interrupted while it read its data.
    #[error("interrupted before the training began")]
    Interrupted,
}

impl From<CheckpointError> for TrainError {
    fn from(error: CheckpointError) -> Self {
        Self::Net(error.into())
    }
}

impl From<tch::TchError> for TrainError {
    fn from(error: tch::TchError) -> Self {
        Self::Net(error.into())
    }
}

/// What a training ends with; also written as `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Optimiser steps.
    pub steps: u64,
    /// Seconds of training, without reading the data.
    pub seconds: f64,
    /// Parameters of the network.
    pub parameters: usize,
    /// The step whose weights were the best on the validation windows, and were kept.
    pub best_step: u64,
    /// Parts and notes trained on, by player.
    pub trained_on: Vec<(Player, usize, usize)>,
    /// The kept weights, as stored, on all validation recordings.
    pub validation: Scores,
    /// The same on the test recordings.
    pub test: Scores,
}

/// Reads every recording in `folder`. `progress` may end it.
pub fn recordings(
    folder: &Path,
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Vec<Performed>, TrainError> {
    /// Songs between two looks at whether to go on.
    const SONGS: usize = 32;
    let mut all = data::groove(folder)?;
    let numbers = corpus::pop909_numbers(folder).map_err(DataError::from)?;
    for (index, some) in numbers.chunks(SONGS).enumerate() {
        if progress(&Progress::Read(index * SONGS, numbers.len())).is_break() {
            return Err(TrainError::Interrupted);
        }
        let read: Result<Vec<Vec<Performed>>, DataError> = some
            .par_iter()
            .map(|number| data::pop909(folder, *number))
            .collect();
        all.extend(read?.into_iter().flatten());
    }
    Ok(all)
}

/// The windows of one split.
pub fn windows_of(recordings: &[Performed], split: Split) -> Vec<Window> {
    let stride = match split {
        Split::Train => TRAINING_STRIDE,
        Split::Validation | Split::Test => MEASURING_STRIDE,
    };
    recordings
        .iter()
        .filter(|recording| recording.split == split)
        .flat_map(|recording| windows(recording, stride))
        .collect()
}

/// Trains as `options` say. `progress` may end it early; the best weights so far are then kept all the same.
pub fn run(
    options: &TrainOptions,
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Report, TrainError> {
    if options.minutes.is_none() && options.steps.is_none() {
        return Err(TrainError::Endless);
    }
    std::fs::create_dir_all(&options.out).map_err(io(&options.out))?;
    let recordings = recordings(&options.data, progress)?;
    train(options, &recordings, progress)
}

/// Trains on recordings that were read already.
pub(super) fn train(
    options: &TrainOptions,
    recordings: &[Performed],
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Report, TrainError> {
    let pools = Pools::new(recordings, &options.data)?;
    let validation = windows_of(recordings, Split::Validation);
    let test = windows_of(recordings, Split::Test);
    let baselines = Baselines::new(pools.all());
    let few = few_of_each(&validation, options.validation_windows);

    tch::set_num_threads(options.threads.max(1) as i32);
    tch::manual_seed(options.seed as i64);
    let mut rng = Pcg64::seed_from_u64(options.seed);
    let store = VarStore::new(Device::Cpu);
    let network = PerformanceNet::new(&store.root(), &options.network)?;
    if let Some(path) = &options.warm_start {
        checkpoint::fill(&store, &checkpoint::read(path)?)?;
    }
    let parameters: Tensors = store.variables().into_iter().collect();
    let mut optimiser = AdamW::new(
        parameters.values().map(Tensor::shallow_clone).collect(),
        AdamWOptions::default(),
    );
    write_config(&options.out, &options.network)?;
    let weights = options.out.join("weights.safetensors");
    let log = Log::new(&options.out).map_err(io(&options.out))?;

    let start = Instant::now();
    let mut step = 0;
    let mut best = (f64::INFINITY, 0);
    let mut mean = Mean::new();
    let mut stopped = false;
    loop {
        let share = share(options, step, start.elapsed().as_secs_f64());
        let done = stopped || share >= 1.0;
        if done || step.is_multiple_of(options.validation_steps.max(1)) {
            let scores = evaluate::scores(&network, &baselines, &few)?;
            let drums = scores.of(Player::Drums).copied().unwrap_or_default();
            let row = ValidationRow {
                step,
                minutes: start.elapsed().as_secs_f64() / 60.0,
                drums: drums.velocity,
                timing: drums.timing,
                pitched: scores.pitched(),
            };
            log.validation(&row).map_err(io(&options.out))?;
            if row.sum() < best.0 {
                best = (row.sum(), step);
                checkpoint::write(&weights, &parameters, Precision::Half)?;
            }
            stopped |= progress(&Progress::Validated(row)).is_break();
        }
        if done {
            break;
        }
        let rate = learning_rate(options, step, share);
        let drawn = pools.draw(&mut rng, options.batch);
        let batch = Batch::new(&drawn)?;
        let (velocities, timings) = batch.counts()?;
        let losses = batch.losses(&network, true)?;
        let velocity = mean_of(&losses.velocity, velocities)?;
        let timing = mean_of(&losses.timing, timings)?;
        optimiser.accumulate(&velocity.f_add(&timing)?)?;
        let norm = optimiser.step(rate)?;
        step += 1;
        mean.add(
            [
                velocity.f_double_value(&[])?,
                timing.f_double_value(&[])?,
                norm,
            ],
            velocities,
        );
        stopped |= progress(&Progress::Stepped(share)).is_break();
        if step.is_multiple_of(options.log_steps.max(1)) {
            let row = mean.take(step, rate, start);
            log.training(&row).map_err(io(&options.out))?;
            stopped |= progress(&Progress::Trained(row)).is_break();
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    if let Err(error) = log.draw() {
        tracing::warn!("the curves could not be drawn: {error}");
    }
    let kept = PerformanceNet::load(&options.out, Device::Cpu)?;
    let report = Report {
        steps: step,
        seconds,
        parameters: parameters.values().map(Tensor::numel).sum(),
        best_step: best.1,
        trained_on: trained_on(recordings),
        validation: evaluate::scores(&kept, &baselines, &validation)?,
        test: evaluate::scores(&kept, &baselines, &test)?,
    };
    let path = options.out.join("report.json");
    let text = serde_json::to_string_pretty(&report).unwrap_or_default();
    std::fs::write(&path, text).map_err(io(&path))?;
    Ok(report)
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> TrainError + use<> {
    let path = path.to_owned();
    move |source| TrainError::Io { path, source }
}

fn write_config(folder: &Path, config: &Config) -> Result<(), TrainError> {
    let path = folder.join("config.json");
    let text = serde_json::to_string_pretty(config).unwrap_or_default();
    std::fs::write(&path, text).map_err(io(&path))
}

/// The sum of nats over how many notes there are.
fn mean_of(nats: &Tensor, count: i64) -> Result<Tensor, tch::TchError> {
    nats.f_sum(tch::Kind::Float)?
        .f_div_scalar(count.max(1) as f64)
}

/// How much of the training is done, by time or by steps, whichever is further.
fn share(options: &TrainOptions, step: u64, seconds: f64) -> f64 {
    let by_time = options
        .minutes
        .map_or(0.0, |minutes| seconds / (minutes * 60.0).max(1e-9));
    let by_steps = options
        .steps
        .map_or(0.0, |steps| step as f64 / (steps as f64).max(1e-9));
    by_time.max(by_steps)
}

/// Linear warm-up, then a cosine that ends with the training.
fn learning_rate(options: &TrainOptions, step: u64, share: f64) -> f64 {
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * share.min(1.0)).cos());
    let rate = options.final_learning_rate
        + (options.learning_rate - options.final_learning_rate) * cosine;
    rate * ((step + 1) as f64 / options.warm_up.max(1) as f64).min(1.0)
}

fn trained_on(recordings: &[Performed]) -> Vec<(Player, usize, usize)> {
    let count = |player| {
        let parts = recordings.iter();
        let parts = parts.filter(|part| part.player == player && part.split == Split::Train);
        let sizes: Vec<usize> = parts.map(|part| part.notes.len()).collect();
        (player, sizes.len(), sizes.iter().sum())
    };
    Player::iter().map(count).collect()
}

/// The same few windows of each player, spread over all of them.
fn few_of_each(windows: &[Window], few: usize) -> Vec<Window> {
    let mut chosen = Vec::new();
    for player in Player::iter() {
        let of_player: Vec<&Window> = windows
            .iter()
            .filter(|window| window.player == player)
            .collect();
        let stride = of_player.len().div_ceil(few.max(1)).max(1);
        chosen.extend(of_player.into_iter().step_by(stride).cloned());
    }
    chosen
}

/// The training windows of each player.
struct Pools {
    players: Vec<Vec<Window>>,
}

impl Pools {
    fn new(recordings: &[Performed], folder: &Path) -> Result<Self, TrainError> {
        let mut players = vec![Vec::new(); Player::COUNT];
        for window in windows_of(recordings, Split::Train) {
            players[window.player.index()].push(window);
        }
        let missing = Player::iter().find(|player| players[player.index()].is_empty());
        match missing {
            None => Ok(Self { players }),
            Some(player) => Err(TrainError::Empty {
                folder: folder.to_owned(),
                what: format!("training recording of {player}"),
            }),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Window> {
        self.players.iter().flatten()
    }

    /// Every second window is of drums, the others of pitched players in turn.
    fn draw(&self, rng: &mut Pcg64, count: usize) -> Vec<&Window> {
        let mut draw = |index: usize| {
            let player = if index.is_multiple_of(2) {
                Player::Drums.index()
            } else {
                1 + index / 2 % (Player::COUNT - 1)
            };
            let pool = &self.players[player];
            &pool[rng.random_range(0..pool.len())]
        };
        (0..count.max(2)).map(&mut draw).collect()
    }
}

/// The mean of the steps since the last log row.
struct Mean {
    /// Velocity and timing nats, and norms.
    sums: [f64; 3],
    steps: f64,
    notes: i64,
    since: Instant,
}

impl Mean {
    fn new() -> Self {
        Self {
            sums: [0.0; 3],
            steps: 0.0,
            notes: 0,
            since: Instant::now(),
        }
    }

    fn add(&mut self, values: [f64; 3], notes: i64) {
        for (sum, value) in self.sums.iter_mut().zip(values) {
            *sum += value;
        }
        self.steps += 1.0;
        self.notes += notes;
    }

    fn take(&mut self, step: u64, learning_rate: f64, start: Instant) -> TrainingRow {
        let [velocity, timing, norm] = self.sums.map(|sum| sum / self.steps);
        let row = TrainingRow {
            step,
            minutes: start.elapsed().as_secs_f64() / 60.0,
            learning_rate,
            velocity,
            timing,
            gradient_norm: norm,
            notes_per_second: self.notes as f64 / self.since.elapsed().as_secs_f64(),
        };
        *self = Self::new();
        row
    }
}
