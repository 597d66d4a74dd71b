//! The training loop.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rand::SeedableRng as _;
use rand::seq::IndexedRandom as _;
use rand::seq::index::sample;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};
use tch::nn::VarStore;
use tch::{Device, Kind, TchError, Tensor};

use super::evaluate::{self, Scores};
use super::log::{Log, TrainingRow, ValidationRow};
use super::songs::{self, MelodySong};
use super::vary::vary;
use crate::nets::NetError;
use crate::nets::checkpoint::{self as weights, Precision, Tensors};
use crate::nets::melody_encoder::{Config, MelodyEncoder};
use crate::tokens::melody::{CHANNELS, STEPS, Segment};
use crate::train::checkpoint::{self, CheckpointError};
use crate::train::corpus::CorpusError;
use crate::train::optimiser::{AdamW, AdamWOptions};

const WEIGHTS: &str = "weights.safetensors";
const OPTIMISER: &str = "optimiser.safetensors";

/// What to train, on what, for how long.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainOptions {
    /// The folder that `pop909` and `pop909-cl` were unpacked into.
    pub data: PathBuf,
    /// Where configuration, weights, checkpoints, logs and the report go.
    pub out: PathBuf,
    /// Stop, annealed, after so many minutes of training.
    pub minutes: Option<f64>,
    /// Stop, annealed, after so many optimiser steps.
    pub steps: Option<u64>,
    /// Go on from the checkpoint in `out`.
    pub resume: bool,
    /// Threads for libtorch, 1 by default.
    pub threads: usize,
    /// Learning rate after warm-up, 2e-3 by default.
    pub learning_rate: f64,
    /// Learning rate at the end, 2e-5 by default.
    pub final_learning_rate: f64,
    /// Steps in which the learning rate rises, 50 by default.
    pub warm_up: u64,
    /// Songs in a step, 96 by default: two segments of each.
    pub songs: usize,
    /// What nearness is divided by in the loss, .1 by default.
    pub temperature: f64,
    /// Steps between rounds of validation, 200 by default.
    pub validation_steps: u64,
    /// Steps between rows of the log, 20 by default.
    pub log_steps: u64,
    /// Minutes between checkpoints, 4 by default.
    pub checkpoint_minutes: f64,
    /// Seed of weights, segments, variations and dropout.
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
            minutes: None,
            steps: None,
            resume: false,
            threads: 1,
            learning_rate: 2e-3,
            final_learning_rate: 2e-5,
            warm_up: 50,
            songs: 96,
            temperature: 0.1,
            validation_steps: 200,
            log_steps: 20,
            checkpoint_minutes: 4.0,
            seed: 1,
            network: Config {
                channels: CHANNELS as i64,
                steps: STEPS as i64,
                ..Config::default()
            },
        }
    }
}

/// Where a training stands. Segments, variations and dropout are drawn from `seed` and `step` alone.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct State {
    /// Optimiser steps taken.
    pub step: u64,
    /// Seconds trained.
    pub seconds: f64,
    /// The seed of the training.
    pub seed: u64,
    /// Steps of the optimiser's own bias correction.
    pub optimiser_steps: i64,
}

/// How far a training is.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// So many of so many songs are read.
    Read(usize, usize),
    /// A step was taken; so much of the training is done, 0..=1.
    Stepped(f64),
    /// The mean of the steps since the last such row.
    Trained(TrainingRow),
    /// The validation songs were measured.
    Validated(ValidationRow),
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
    /// Songs and segments trained on.
    pub trained_on: (usize, usize),
    /// Songs and segments kept for validation.
    pub validated_on: (usize, usize),
    /// The weights, as stored, on the validation songs.
    pub validation: Scores,
}

/// Why a training stopped.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The corpus could not be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// There is too little to train on or to measure by.
    #[error(
        "{0} holds too few songs with a melody: unpack the whole of pop909 and pop909-cl into it"
    )]
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

impl From<TchError> for TrainError {
    fn from(error: TchError) -> Self {
        Self::Net(error.into())
    }
}

/// Trains as `options` say. `progress` may end it early; weights and a checkpoint are written then too.
///
/// # Errors
/// When the data cannot be read, libtorch refuses, or a file cannot be written.
pub fn run(
    options: &TrainOptions,
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Report, TrainError> {
    if options.minutes.is_none() && options.steps.is_none() {
        return Err(TrainError::Endless);
    }
    let read = songs::pop909(&options.data, &mut |done, all| {
        progress(&Progress::Read(done, all))
    })?;
    let songs = read.ok_or(TrainError::Interrupted)?;
    train(options, &songs, progress)
}

/// Trains on songs that were read already.
pub(super) fn train(
    options: &TrainOptions,
    songs: &[MelodySong],
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Report, TrainError> {
    let (validation, training): (Vec<&MelodySong>, Vec<&MelodySong>) =
        songs.iter().partition(|song| song.validates());
    if training.len() < 2 || validation.is_empty() {
        return Err(TrainError::Empty(options.data.clone()));
    }
    std::fs::create_dir_all(&options.out).map_err(io(&options.out))?;
    tch::set_num_threads(options.threads.max(1) as i32);
    tch::manual_seed(options.seed as i64);
    let store = VarStore::new(Device::Cpu);
    let network = MelodyEncoder::new(&store.root(), &options.network)?;
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
        state = resume(&options.out, &store, &mut optimiser)?;
    }
    write_json(&options.out.join("config.json"), &options.network)?;
    let log = Log::new(&options.out, state.step == 0).map_err(io(&options.out))?;
    let validate = |state: &State| -> Result<ValidationRow, TrainError> {
        let scores = evaluate::scores(&network, &validation)?;
        let row = ValidationRow {
            step: state.step,
            minutes: state.seconds / 60.0,
            top1: scores.top1,
            auc: scores.auc,
            auc_same_theme: scores.auc_same_theme,
        };
        log.validation(&row).map_err(io(&options.out))?;
        Ok(row)
    };

    let (before, start) = (state.seconds, Instant::now());
    let mut mean = Mean::default();
    let (mut stored, mut stopped) = (before, false);
    while !stopped && share(options, &state) < 1.0 {
        let rate = learning_rate(options, &state);
        let (loss, accuracy, norm) =
            step(options, &network, &mut optimiser, &training, &state, rate)?;
        state.step += 1;
        let now = before + start.elapsed().as_secs_f64();
        mean.add([loss, accuracy, norm], now - state.seconds);
        state.seconds = now;
        stopped = progress(&Progress::Stepped(share(options, &state))).is_break();
        if state.step.is_multiple_of(options.log_steps.max(1)) {
            let row = mean.take(options, &state, rate);
            log.training(&row).map_err(io(&options.out))?;
            stopped |= progress(&Progress::Trained(row)).is_break();
        }
        if state.step.is_multiple_of(options.validation_steps.max(1)) && !stopped {
            stopped = progress(&Progress::Validated(validate(&state)?)).is_break();
        }
        if state.seconds - stored > options.checkpoint_minutes * 60.0 {
            store_checkpoint(options, &parameters, &optimiser, &state)?;
            stored = state.seconds;
        }
    }
    store_checkpoint(options, &parameters, &optimiser, &state)?;
    let path = options.out.join(WEIGHTS);
    weights::write(&path, &parameters, Precision::Half).map_err(NetError::from)?;
    let _ = progress(&Progress::Validated(validate(&state)?));
    if let Err(error) = log.draw() {
        tracing::warn!("the curves could not be drawn: {error}");
    }
    let kept = MelodyEncoder::load(&options.out, Device::Cpu)?;
    let report = Report {
        steps: state.step,
        seconds: state.seconds,
        parameters: parameters.values().map(Tensor::numel).sum(),
        trained_on: counts(&training),
        validated_on: counts(&validation),
        validation: evaluate::scores(&kept, &validation)?,
    };
    write_json(&options.out.join("report.json"), &report)?;
    Ok(report)
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> TrainError + use<> {
    let path = path.to_owned();
    move |source| TrainError::Io { path, source }
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), TrainError> {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    std::fs::write(path, text).map_err(io(path))
}

fn counts(songs: &[&MelodySong]) -> (usize, usize) {
    (
        songs.len(),
        songs.iter().map(|song| song.segments.len()).sum(),
    )
}

fn store_checkpoint(
    options: &TrainOptions,
    parameters: &Tensors,
    optimiser: &AdamW,
    state: &State,
) -> Result<(), CheckpointError> {
    let state = State {
        optimiser_steps: optimiser.state().2,
        ..state.clone()
    };
    let running = checkpoint::running(optimiser);
    let files = [(WEIGHTS, parameters), (OPTIMISER, &running)];
    checkpoint::write(&options.out, &files, &state)
}

fn resume(dir: &Path, store: &VarStore, optimiser: &mut AdamW) -> Result<State, CheckpointError> {
    let (place, state) = checkpoint::read::<State>(dir)?;
    let path = place.join(WEIGHTS);
    weights::fill(store, &checkpoint::file(&path)?)
        .map_err(|source| CheckpointError::Tensors { path, source })?;
    checkpoint::restore(&place.join(OPTIMISER), optimiser, state.optimiser_steps)?;
    Ok(state)
}

/// One optimiser step; returns the loss, the share of own variations that are nearest, and the norm of the gradient.
fn step(
    options: &TrainOptions,
    network: &MelodyEncoder,
    optimiser: &mut AdamW,
    songs: &[&MelodySong],
    state: &State,
    rate: f64,
) -> Result<(f64, f64, f64), NetError> {
    let mut rng = Pcg64::seed_from_u64(state.seed ^ state.step.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    tch::manual_seed((state.seed ^ (state.step << 20)) as i64);
    let drawn = draw(songs, options.songs, &mut rng);
    let config = network.config();
    let rows = |segments: &mut dyn Iterator<Item = Segment>| {
        let numbers: Vec<f32> = segments.flat_map(|segment| segment.features()).collect();
        Tensor::f_from_slice(&numbers)?.f_view([-1, config.channels, config.steps])
    };
    let own = rows(&mut drawn.iter().map(|(_, segment)| (*segment).clone()))?;
    let varied = rows(
        &mut drawn
            .iter()
            .map(|(song, segment)| vary(segment, song.scale, &mut rng)),
    )?;
    let points = network.forward(&Tensor::f_cat(&[own, varied], 0)?, true)?;
    let (loss, accuracy) = nt_xent(&points, options.temperature)?;
    optimiser.accumulate(&loss)?;
    let norm = optimiser.step(rate)?;
    Ok((loss.f_double_value(&[])?, accuracy, norm))
}

/// Two segments of each of `count` songs. Those of one song are unlike by edit similarity where a few tries find such: what the
/// song has in common (its key, its rhythms) shall not tell them apart from others', and a repeat is no other melody.
fn draw<'a>(
    songs: &[&'a MelodySong],
    count: usize,
    rng: &mut Pcg64,
) -> Vec<(&'a MelodySong, &'a Segment)> {
    const TRIES: usize = 8;
    const UNLIKE: f64 = 0.35;
    let mut drawn = Vec::new();
    for index in sample(rng, songs.len(), count.clamp(2, songs.len())) {
        let song = songs[index];
        let Some(first) = song.segments.choose(rng) else {
            continue;
        };
        drawn.push((song, first));
        let fragment = first.fragment();
        let unlike = |other: &&Segment| {
            let s = fragment.similarity(&other.fragment());
            s.is_some_and(|s| s < UNLIKE)
        };
        let mut tries = (0..TRIES).filter_map(|_| song.segments.choose(rng));
        if let Some(second) = tries.find(unlike) {
            drawn.push((song, second));
        }
    }
    drawn
}

/// The normalised temperature-scaled cross entropy (Chen et al. 2020, equation 1) of points [2 N, E] at distance 1 from the
/// origin, of which row i and row i + N belong together: mean nats, and the share of the first N rows whose own is nearest.
fn nt_xent(points: &Tensor, temperature: f64) -> Result<(Tensor, f64), TchError> {
    let rows = points.size()[0];
    let options = (Kind::Float, points.device());
    // A point is not compared with itself.
    let itself = Tensor::f_eye(rows, options)?.f_mul_scalar(-1e9)?;
    let near = points.f_matmul(&points.f_transpose(0, 1)?)?;
    let logits = near.f_div_scalar(temperature)?.f_add(&itself)?;
    let own = Tensor::f_arange(rows, (Kind::Int64, points.device()))?
        .f_add_scalar(rows / 2)?
        .f_remainder(rows)?;
    let loss =
        logits.f_cross_entropy_loss::<Tensor>(&own, None, tch::Reduction::Mean, -100, 0.0)?;
    let half = rows / 2;
    let nearest = logits.f_narrow(0, 0, half)?.f_argmax(1, false)?;
    let right = nearest.f_eq_tensor(&own.f_narrow(0, 0, half)?)?;
    let accuracy = right.f_to_kind(Kind::Double)?.f_mean(Kind::Double)?;
    Ok((loss, accuracy.f_double_value(&[])?))
}

/// How much of the training is done, by time or by steps, whichever is further.
fn share(options: &TrainOptions, state: &State) -> f64 {
    let by_time =
        (options.minutes).map_or(0.0, |minutes| state.seconds / (minutes * 60.0).max(1e-9));
    let by_steps =
        (options.steps).map_or(0.0, |steps| state.step as f64 / (steps as f64).max(1e-9));
    by_time.max(by_steps)
}

/// Linear warm-up, then a cosine that ends with the training.
fn learning_rate(options: &TrainOptions, state: &State) -> f64 {
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * share(options, state).min(1.0)).cos());
    let rate = options.final_learning_rate
        + (options.learning_rate - options.final_learning_rate) * cosine;
    rate * ((state.step + 1) as f64 / options.warm_up.max(1) as f64).min(1.0)
}

/// The mean of the steps since the last log row.
#[derive(Default)]
struct Mean {
    /// Loss, accuracy and norm.
    sums: [f64; 3],
    steps: f64,
    seconds: f64,
}

impl Mean {
    fn add(&mut self, values: [f64; 3], seconds: f64) {
        for (sum, value) in self.sums.iter_mut().zip(values) {
            *sum += value;
        }
        self.steps += 1.0;
        self.seconds += seconds;
    }

    fn take(&mut self, options: &TrainOptions, state: &State, learning_rate: f64) -> TrainingRow {
        let [loss, accuracy, norm] = self.sums.map(|sum| sum / self.steps);
        let row = TrainingRow {
            step: state.step,
            minutes: state.seconds / 60.0,
            learning_rate,
            loss,
            accuracy,
            gradient_norm: norm,
            segments_per_second: 2.0 * options.songs as f64 * self.steps / self.seconds.max(1e-9),
        };
        *self = Self::default();
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loss_by_hand() {
        // Two pairs at right angles: of three others the own is at nearness 1, two are at 0.
        let points = Tensor::from_slice(&[1.0_f32, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]).view([4, 2]);
        let (loss, accuracy) = nt_xent(&points, 1.0).unwrap();
        let expected = (1.0 + 2.0 / std::f64::consts::E).ln();
        assert!((loss.double_value(&[]) - expected).abs() < 1e-6);
        assert_eq!(accuracy, 1.0);
        // Crossed: the own is at 0, one of the others at 1.
        let points = Tensor::from_slice(&[1.0_f32, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0]).view([4, 2]);
        let (loss, accuracy) = nt_xent(&points, 1.0).unwrap();
        let expected = (2.0 + std::f64::consts::E).ln();
        assert!((loss.double_value(&[]) - expected).abs() < 1e-6);
        assert_eq!(accuracy, 0.0);
    }
}
