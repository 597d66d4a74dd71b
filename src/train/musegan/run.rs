//! The training loop.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::binarise::{Binarise, binarised, normal_form, threshold};
use super::log::{Log, TrainingRow};
use super::penalty::gradient_penalty;
use super::phrases::{Keys, Phrases, batch, given_parts, key_shift, moved, rolls_of};
use super::sheet::song;
use crate::formats::files::{self, Previous};
use crate::formats::midi::{self, MidiOptions};
use crate::nets::checkpoint::{self as weights, Precision, Tensors};
use crate::nets::musegan::{
    BandConfig, BandCritic, BandEncoder, BandGenerator, CriticConfig, Given, Latents, mean_counts,
};
use crate::nets::{NetError, checkpoint::CheckpointError as WeightsError};
use crate::tokens::band::BandRoll;
use crate::tokens::part::Part;
use crate::train::bands::sheet::sheet;
use crate::train::bands::statistics::BandStatistics;
use crate::train::checkpoint::{self, CheckpointError};
use crate::train::optimiser::{AdamW, AdamWOptions};

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
    /// Weight of the squared relative differences between counts of generated and real notes ([`mean_counts`]) in the
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

/// Where a training stands. Phrases and noise are drawn from `seed` and `step` alone.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct GanState {
    /// Generator steps taken.
    pub step: u64,
    /// Seconds trained.
    pub seconds: f64,
    /// The seed of the training.
    pub seed: u64,
    /// Distance of the measures of the last samples from the data's.
    pub distance: Option<f64>,
    generator_steps: i64,
    critic_steps: i64,
    encoder_steps: i64,
}

/// How far a training is.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// A step was taken; so much of the training is done, 0..=1.
    Stepped(f64),
    /// The mean of the steps since the last such row.
    Trained(TrainingRow),
    /// Phrases were generated and measured: generator steps, and the distance from the data's measures.
    Sampled(u64, f64),
}

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

fn failed<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    path: &Path,
) -> impl FnOnce(E) -> TrainError + '_ {
    move |source| TrainError::Write {
        path: path.to_owned(),
        source: source.into(),
    }
}

/// Trains as `options` say and returns where it ended. `progress` may end it early; weights and checkpoint are written then too.
pub fn run(
    options: &GanOptions,
    phrases: &Phrases,
    progress: &mut dyn FnMut(&Progress) -> ControlFlow<()>,
) -> Result<GanState, TrainError> {
    if options.minutes.is_none() && options.steps.is_none() {
        return Err(TrainError::Endless);
    }
    if phrases.train().len() < 2 {
        return Err(TrainError::Empty);
    }
    std::fs::create_dir_all(&options.out).map_err(failed(&options.out))?;
    tch::set_num_threads(options.threads.max(1) as i32);
    let mut training = Training::new(options, phrases)?;
    let log = Log::new(&options.out);
    let reference = training.reference();
    let start = Instant::now();
    let before = training.state.seconds;
    let seconds = || before + start.elapsed().as_secs_f64();
    let mut mean = Mean::default();
    let (mut stored, mut sampled) = (before, before);
    let mut stopped = false;
    while !stopped && training.share() < 1.0 {
        let step = training.step()?;
        let now = seconds();
        mean.add(&step, now - training.state.seconds);
        training.state.seconds = now;
        stopped = progress(&Progress::Stepped(training.share())).is_break();
        if training.state.step.is_multiple_of(options.log_steps.max(1)) {
            let row = mean.take(&training.state);
            log.training(&row).map_err(failed(&options.out))?;
            stopped |= progress(&Progress::Trained(row)).is_break();
        }
        if now - sampled > options.sample_minutes * 60.0 && !stopped {
            let distance = training.sample(&log, reference.as_ref())?;
            stopped |= progress(&Progress::Sampled(training.state.step, distance)).is_break();
            sampled = now;
        }
        if now - stored > options.checkpoint_minutes * 60.0 {
            training.store()?;
            stored = now;
        }
    }
    // Who stops a training does not want to wait for measurements.
    if !stopped {
        let distance = training.sample(&log, reference.as_ref())?;
        let _ = progress(&Progress::Sampled(training.state.step, distance));
    }
    training.store()?;
    Ok(training.state)
}

/// What one generator step with its critic steps showed.
#[derive(Default)]
struct Step {
    distance: f64,
    penalty: f64,
    mismatch: Option<f64>,
    density: f64,
    norm: f64,
}

#[derive(Default)]
struct Mean {
    sum: Step,
    seconds: f64,
    steps: f64,
}

impl Mean {
    fn add(&mut self, step: &Step, seconds: f64) {
        self.sum.distance += step.distance;
        self.sum.penalty += step.penalty;
        self.sum.density += step.density;
        self.sum.norm += step.norm;
        if let Some(mismatch) = step.mismatch {
            *self.sum.mismatch.get_or_insert(0.0) += mismatch;
        }
        self.seconds += seconds;
        self.steps += 1.0;
    }

    fn take(&mut self, state: &GanState) -> TrainingRow {
        let Self {
            sum,
            seconds,
            steps,
        } = std::mem::take(self);
        TrainingRow {
            step: state.step,
            minutes: state.seconds / 60.0,
            distance: sum.distance / steps,
            penalty: sum.penalty / steps,
            mismatch: sum.mismatch.map(|mismatch| mismatch / steps),
            density: sum.density / steps,
            generator_norm: sum.norm / steps,
            seconds: seconds / steps,
        }
    }
}

struct Training<'a> {
    options: &'a GanOptions,
    phrases: &'a Phrases,
    generator: BandGenerator,
    critic: BandCritic,
    generator_weights: Tensors,
    critic_weights: Tensors,
    generator_steps: AdamW,
    critic_steps: AdamW,
    encoder: BandEncoder,
    encoder_weights: Tensors,
    encoder_steps: AdamW,
    /// The generator with the running mean of the weights, and those.
    mean: BandGenerator,
    mean_weights: Tensors,
    /// The counts of real phrases, a running mean.
    counts: Option<Tensor>,
    state: GanState,
}

const GENERATOR: &str = "generator.safetensors";
const CRITIC: &str = "critic.safetensors";
const MEAN: &str = "mean.safetensors";
const GENERATOR_ADAM: &str = "generator_adam.safetensors";
const CRITIC_ADAM: &str = "critic_adam.safetensors";
const ENCODER: &str = "encoder.safetensors";
const COUNTS: &str = "counts.safetensors";
const ENCODER_ADAM: &str = "encoder_adam.safetensors";

impl<'a> Training<'a> {
    fn new(options: &'a GanOptions, phrases: &'a Phrases) -> Result<Self, TrainError> {
        tch::manual_seed(options.seed as i64);
        let config = BandConfig {
            white_keys: options.keys == Keys::White,
            ..options.network.clone()
        };
        let path = options.out.join("config.json");
        let text = serde_json::to_string_pretty(&config).map_err(failed(&path))?;
        std::fs::write(&path, text).map_err(failed(&path))?;
        let stores = [(); 4].map(|()| VarStore::new(Device::Cpu));
        let [store, critic_store, mean_store, encoder_store] = &stores;
        let mut generator = BandGenerator::new(&store.root(), &config)?;
        let critic = BandCritic::new(&critic_store.root(), &options.critic, config.accompanies)?;
        let mean = BandGenerator::new(&mean_store.root(), &config)?;
        let encoder = BandEncoder::new(&encoder_store.root(), &options.critic, &config)?;
        let variables = |store: &VarStore| -> Tensors { store.variables().into_iter().collect() };
        if let Some(path) = &options.warm_start {
            let tensors = weights::read(path).map_err(NetError::from)?;
            weights::fill(store, &tensors).map_err(NetError::from)?;
        } else if !options.resume {
            let stride = phrases.train().len().div_ceil(2000);
            generator.set_rates(&phrases.rates(options.keys, stride)?)?;
        }
        let adam = |weights: &Tensors| {
            let options = AdamWOptions {
                beta1: 0.5,
                beta2: 0.9,
                epsilon: 1e-8,
                weight_decay: 0.0,
                clip: f64::INFINITY,
            };
            AdamW::new(
                weights.values().map(Tensor::shallow_clone).collect(),
                options,
            )
        };
        let (generator_weights, critic_weights) = (variables(store), variables(critic_store));
        let encoder_weights = variables(encoder_store);
        let mut training = Self {
            generator_steps: adam(&generator_weights),
            critic_steps: adam(&critic_weights),
            encoder_steps: adam(&encoder_weights),
            encoder,
            encoder_weights,
            mean_weights: variables(mean_store),
            counts: None,
            options,
            phrases,
            generator,
            critic,
            generator_weights,
            critic_weights,
            mean,
            state: GanState {
                seed: options.seed,
                ..GanState::default()
            },
        };
        if options.resume {
            let (folder, state) = checkpoint::read::<GanState>(&options.out)?;
            for (name, store) in [
                (GENERATOR, store),
                (CRITIC, critic_store),
                (MEAN, mean_store),
                (ENCODER, encoder_store),
            ] {
                let path = folder.join(name);
                weights::fill(store, &checkpoint::file(&path)?)
                    .map_err(|source| CheckpointError::Tensors { path, source })?;
            }
            for (name, optimiser, steps) in [
                (
                    GENERATOR_ADAM,
                    &mut training.generator_steps,
                    state.generator_steps,
                ),
                (CRITIC_ADAM, &mut training.critic_steps, state.critic_steps),
                (
                    ENCODER_ADAM,
                    &mut training.encoder_steps,
                    state.encoder_steps,
                ),
            ] {
                checkpoint::restore(&folder.join(name), optimiser, steps)?;
            }
            let path = folder.join(COUNTS);
            training.counts = checkpoint::file(&path)?.remove("mean");
            training.state = state;
        } else {
            training.follow(0.0)?;
        }
        Ok(training)
    }

    /// How much of the training is done, by time or by steps, whichever is further.
    fn share(&self) -> f64 {
        let (options, state) = (self.options, &self.state);
        let by_time = options
            .minutes
            .map_or(0.0, |minutes| state.seconds / (minutes * 60.0).max(1e-9));
        let by_steps = options
            .steps
            .map_or(0.0, |steps| state.step as f64 / (steps as f64).max(1e-9));
        by_time.max(by_steps)
    }

    /// Critic steps of this step: five times as many in the first twenty, so that a generator which was warmed up is not pulled
    /// about by a critic that knows nothing.
    fn critic_steps_now(&self) -> usize {
        let steps = self.options.critic_steps.max(1);
        if self.state.step < self.options.warm_up + 20 {
            5 * steps
        } else {
            steps
        }
    }

    /// By how much the learning rates are lowered: not at all for two thirds, then to a tenth.
    fn fall(&self) -> f64 {
        let late = ((self.share() - 2.0 / 3.0) * 3.0).clamp(0.0, 1.0);
        1.0 - 0.9 * late
    }

    /// One generator step with its critic steps.
    fn step(&mut self) -> Result<Step, TrainError> {
        let key = self.state.seed ^ self.state.step.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut rng = Pcg64::seed_from_u64(key);
        tch::manual_seed(key as i64);
        if self.state.step < self.options.warm_up {
            return self.warm_up_step(&mut rng);
        }
        if self.options.warm_up > 0 && self.state.step == self.options.warm_up {
            self.calibrate(&mut rng)?;
        }
        let fall = self.fall();
        let mut step = Step::default();
        let critic_steps = self.critic_steps_now();
        for _ in 0..critic_steps {
            let one = self.critic_step(&mut rng, self.options.critic_rate * fall)?;
            let share = critic_steps as f64;
            step.distance += one.distance / share;
            step.penalty += one.penalty / share;
            step.density += one.density / share;
            if let Some(mismatch) = one.mismatch {
                *step.mismatch.get_or_insert(0.0) += mismatch / share;
            }
        }
        let given = self.given(&mut rng)?.map(|(_, given)| given);
        let rolls = self.play(&mut rng, given.as_ref())?;
        let loss = self
            .critic
            .forward(&rolls, given.as_ref())?
            .f_mean(Kind::Float)?
            .f_neg()?;
        let loss = match &self.counts {
            Some(real) => {
                let apart = mean_counts(&rolls)?.f_sub(real)?;
                let apart = apart.f_div(&real.f_add_scalar(0.05)?)?;
                let apart = apart.f_square()?.f_sum(Kind::Float)?;
                loss.f_add(&apart.f_mul_scalar(self.options.counts)?)?
            }
            None => loss,
        };
        self.generator_steps.accumulate(&loss)?;
        step.norm = self
            .generator_steps
            .step(self.options.generator_rate * fall)?;
        self.state.step += 1;
        let steps = self.state.step as f64;
        self.follow(self.options.mean_decay.min((1.0 + steps) / (10.0 + steps)))?;
        Ok(step)
    }

    /// Raises the generator's logits so that as much is above zero as sounds in the data, and as many of those begin: an
    /// autoencoder is sure of little, so most of what it says is below one half.
    fn calibrate(&mut self, rng: &mut Pcg64) -> Result<(), TrainError> {
        let (mut played, mut real) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            let given = self.given(rng)?.map(|(_, given)| given);
            let latents = self.latents(rng)?;
            played.push(tch::no_grad(|| {
                self.generator.logits(&latents, given.as_ref())
            })?);
            real.push(self.real(rng)?);
        }
        let (played, real) = (Tensor::f_cat(&played, 0)?, Tensor::f_cat(&real, 0)?);
        let mut by = Vec::new();
        for part in 0..Part::COUNT as i64 {
            let cells = |rolls: &Tensor, plane| -> Result<Tensor, tch::TchError> {
                rolls.f_select(1, part)?.f_select(1, plane)?.f_reshape([-1])
            };
            let share = |cells: &Tensor| -> Result<f64, tch::TchError> {
                cells.f_mean(Kind::Double)?.f_double_value(&[])
            };
            let sounds = cells(&real, 0)?;
            let level = quantile(&cells(&played, 0)?, share(&sounds)?)?;
            let sounding = cells(&played, 0)?.f_gt(level)?;
            let of_them = cells(&real, 1)?.f_masked_select(&sounds.f_gt(0.5)?)?;
            let begins = cells(&played, 1)?.f_masked_select(&sounding)?;
            by.extend([-level, -quantile(&begins, share(&of_them)?)?]);
        }
        self.generator.raise(&Tensor::from_slice(&by))?;
        self.follow(0.0)
    }

    /// One step as a variational autoencoder.
    fn warm_up_step(&mut self, rng: &mut Pcg64) -> Result<Step, TrainError> {
        let (real, given) = match self.given(rng)? {
            Some((real, given)) => (real, Some(given)),
            None => (self.real(rng)?, None),
        };
        let noise = self.noise(rng, self.options.batch.max(2))?;
        let (latents, nats) = self.encoder.forward(&real, given.as_ref(), &noise)?;
        let logits = self.generator.logits(&latents, given.as_ref())?;
        let rows = real.size()[0] as f64;
        let loss = logits.f_binary_cross_entropy_with_logits::<Tensor>(
            &real,
            None,
            None,
            tch::Reduction::Sum,
        )?;
        let loss = loss.f_div_scalar(rows)?;
        let nats = nats.f_mean(Kind::Float)?;
        // The latents come to mean something before they are asked to be noise.
        let grown = (self.state.step as f64 / (0.3 * self.options.warm_up as f64)).min(1.0);
        let total = loss.f_add(&nats.f_mul_scalar(self.options.divergence * grown)?)?;
        self.encoder_steps.accumulate_shared(&total)?;
        self.generator_steps.accumulate(&total)?;
        let rate = self.options.warm_up_rate;
        self.encoder_steps.step(rate)?;
        let norm = self.generator_steps.step(rate)?;
        self.state.step += 1;
        let steps = self.state.step as f64;
        self.follow(self.options.mean_decay.min((1.0 + steps) / (10.0 + steps)))?;
        Ok(Step {
            distance: loss.f_double_value(&[])?,
            penalty: nats.f_double_value(&[])?,
            norm,
            ..Step::default()
        })
    }

    /// Real phrases as the critic sees them.
    fn real(&self, rng: &mut Pcg64) -> Result<Tensor, TrainError> {
        let draw = |_| self.phrases.draw(rng, self.options.keys);
        let rolls: Vec<BandRoll> = (0..self.options.batch.max(2)).map(draw).collect();
        Ok(normal_form(&batch(&rolls)?)?)
    }

    /// Real phrases and a part of each to play to, where the model accompanies.
    fn given(&self, rng: &mut Pcg64) -> Result<Option<(Tensor, Given)>, TrainError> {
        if !self.options.network.accompanies {
            return Ok(None);
        }
        let (real, parts) = self.pairs(rng)?;
        let given = given_parts(&real, &parts)?;
        Ok(Some((real, given)))
    }

    /// Real phrases, in the keys that a part of each suggests, and which part that is.
    fn pairs(&self, rng: &mut Pcg64) -> Result<(Tensor, Vec<Part>), TrainError> {
        let mut rolls = Vec::new();
        let mut parts = Vec::new();
        for _ in 0..self.options.batch.max(2) {
            let roll = self.phrases.draw(rng, self.options.keys);
            let heard: Vec<Part> = Part::ALL
                .into_iter()
                .filter(|part| !roll.is_silent(*part, 0..roll.bars()))
                .collect();
            let part = heard.choose(rng).copied().unwrap_or(Part::Piano);
            let alone = key_shift(&roll, &[part]);
            let roll = if self.options.keys == Keys::White && part != Part::Drums {
                moved(&roll, alone)
            } else {
                roll
            };
            rolls.push(roll);
            parts.push(part);
        }
        Ok((normal_form(&batch(&rolls)?)?, parts))
    }

    /// Standard normal numbers, as many as the latents of so many phrases take. Not from libtorch, whose random numbers are one
    /// sequence for all threads of a program.
    fn noise(&self, rng: &mut Pcg64, rows: usize) -> Result<Tensor, TrainError> {
        let width = Latents::width(self.generator.config());
        let values: Vec<f32> = (0..rows as i64 * width).map(|_| normal(rng)).collect();
        Ok(Tensor::from_slice(&values).f_reshape([rows as i64, width])?)
    }

    fn latents(&self, rng: &mut Pcg64) -> Result<Latents, TrainError> {
        let noise = self.noise(rng, self.options.batch.max(2))?;
        Ok(Latents::of_noise(self.generator.config(), &noise)?)
    }

    /// Generated phrases as the critic sees them, with gradients.
    fn play(&self, rng: &mut Pcg64, given: Option<&Given>) -> Result<Tensor, TrainError> {
        let latents = self.latents(rng)?;
        let logits = self.generator.logits(&latents, given)?;
        let rolls = binarised(&logits, self.options.binarise)?;
        Ok(match given {
            Some(given) => BandGenerator::with_given(&rolls, given)?,
            None => rolls,
        })
    }

    fn critic_step(&mut self, rng: &mut Pcg64, rate: f64) -> Result<Step, TrainError> {
        let (real, given) = match self.given(rng)? {
            Some((real, given)) => (real, Some(given)),
            None => (self.real(rng)?, None),
        };
        let fake = tch::no_grad(|| self.play(rng, given.as_ref()))?;
        let mean = |scores: Tensor| scores.f_mean(Kind::Float);
        let given = given.as_ref();
        let score = mean(self.critic.forward(&real, given)?)?;
        let counts = mean_counts(&real)?;
        self.counts = Some(match &self.counts {
            Some(before) => before.f_lerp(&counts, 0.02)?,
            None => counts,
        });
        let distance = score.f_sub(&mean(self.critic.forward(&fake, given)?)?)?;
        let shares: Vec<f32> = (0..self.options.batch.max(2))
            .map(|_| rng.random())
            .collect();
        let penalty = gradient_penalty(
            |rolls| self.critic.forward(rolls, given),
            &real,
            &fake,
            &Tensor::from_slice(&shares),
        )?;
        let mut loss = distance
            .f_neg()?
            .f_add(&penalty.f_mul_scalar(self.options.penalty)?)?;
        let mut mismatch = None;
        if let Some(given) = given {
            // Real parts of others around the given one: each good music, but not together.
            let others = BandGenerator::with_given(&real.f_roll([1], [0])?, given)?;
            let apart = score.f_sub(&mean(self.critic.forward(&others, Some(given))?)?)?;
            loss = loss.f_sub(&apart.f_mul_scalar(0.5)?)?;
            mismatch = Some(apart.f_double_value(&[])?);
        }
        self.critic_steps.accumulate(&loss)?;
        self.critic_steps.step(rate)?;
        let sounding = |rolls: &Tensor| -> Result<f64, tch::TchError> {
            (rolls.f_select(2, 0)?.f_sum(Kind::Float)?).f_double_value(&[])
        };
        Ok(Step {
            distance: distance.f_double_value(&[])?,
            penalty: penalty.f_double_value(&[])?,
            mismatch,
            density: sounding(&fake)? / sounding(&real)?.max(1.0),
            norm: 0.0,
        })
    }

    /// Moves the mean weights towards the generator's.
    fn follow(&mut self, decay: f64) -> Result<(), TrainError> {
        tch::no_grad(|| {
            for (name, mean) in &mut self.mean_weights {
                if let Some(weight) = self.generator_weights.get(name) {
                    let _ = mean.f_lerp_(weight, 1.0 - decay)?;
                }
            }
            Ok::<(), tch::TchError>(())
        })?;
        Ok(())
    }

    fn store(&self) -> Result<(), TrainError> {
        let (generator, critic) = (&self.generator_steps, &self.critic_steps);
        let encoder = &self.encoder_steps;
        let state = GanState {
            generator_steps: generator.state().2,
            critic_steps: critic.state().2,
            encoder_steps: encoder.state().2,
            ..self.state.clone()
        };
        let counts = self.counts.as_ref().map(Tensor::shallow_clone);
        let counts: Tensors = counts
            .map(|counts| ("mean".to_owned(), counts))
            .into_iter()
            .collect();
        let files = [
            (COUNTS, &counts),
            (GENERATOR, &self.generator_weights),
            (CRITIC, &self.critic_weights),
            (MEAN, &self.mean_weights),
            (GENERATOR_ADAM, &checkpoint::running(generator)),
            (CRITIC_ADAM, &checkpoint::running(critic)),
            (ENCODER, &self.encoder_weights),
            (ENCODER_ADAM, &checkpoint::running(encoder)),
        ];
        checkpoint::write(&self.options.out, &files, &state)?;
        let path = self.options.out.join("weights.safetensors");
        weights::write(&path, &self.mean_weights, Precision::Half)
            .map_err(|source: WeightsError| CheckpointError::Tensors { path, source })?;
        Ok(())
    }

    /// The measures of held-out phrases; of the training's where none are held out.
    fn reference(&self) -> Option<BandStatistics> {
        let places = match self.phrases.held_out() {
            [] => self.phrases.train(),
            places => places,
        };
        let stride = places
            .len()
            .div_ceil(4 * self.options.samples.max(1))
            .max(1);
        let phrases: Vec<BandRoll> = places
            .iter()
            .step_by(stride)
            .map(|place| self.phrases.in_white_keys(*place))
            .collect();
        (!phrases.is_empty()).then(|| BandStatistics::of(phrases))
    }

    /// Plays phrases with the mean weights, measures them, and writes some down. Returns their distance from the data's.
    fn sample(&mut self, log: &Log, reference: Option<&BandStatistics>) -> Result<f64, TrainError> {
        let mut phrases = Vec::new();
        let mut rng = Pcg64::seed_from_u64(self.options.seed);
        tch::manual_seed(self.options.seed as i64);
        while phrases.len() < self.options.samples.max(1) {
            let given = self.given(&mut rng)?.map(|(_, given)| given);
            let latents = self.latents(&mut rng)?;
            let thresholds = self.mean.config().thresholds;
            let rolls = tch::no_grad(|| -> Result<Tensor, NetError> {
                let played = self.mean.logits(&latents, given.as_ref())?.f_sigmoid()?;
                let rolls = threshold(&played, &thresholds)?;
                Ok(match &given {
                    Some(given) => BandGenerator::with_given(&rolls, given)?,
                    None => rolls,
                })
            })?;
            phrases.extend(rolls_of(&normal_form(&rolls)?)?);
        }
        phrases.truncate(self.options.samples.max(1));
        let measures = BandStatistics::of(phrases.iter().cloned());
        let distance = reference.and_then(|reference| measures.against(reference).mean());
        self.state.distance = distance;
        let distance = distance.unwrap_or(f64::NAN);
        let (out, step) = (&self.options.out, self.state.step);
        log.measures(step, self.state.seconds / 60.0, distance, &measures)
            .map_err(failed(out))?;
        let folder = out.join("samples");
        std::fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let path = folder.join(format!("{step:06}.png"));
        let picture = sheet(&phrases[..phrases.len().min(12)]).map_err(failed(&path))?;
        files::write_atomically(&path, &picture, Previous::Drop).map_err(failed(&path))?;
        let song = song(&phrases[..phrases.len().min(8)], 110.0);
        let path = folder.join(format!("{step:06}.mid"));
        let bytes = midi::write(&song, &MidiOptions::default()).map_err(failed(&path))?;
        files::write_atomically(&path, &bytes, Previous::Drop).map_err(failed(&path))?;
        // A picture is worth having but not worth stopping for.
        if let Err(error) = log.draw() {
            tracing::warn!("the curves could not be drawn: {error}");
        }
        Ok(distance)
    }
}

/// A standard normal number (Box & Muller 1958).
fn normal(rng: &mut Pcg64) -> f32 {
    let (radius, angle): (f64, f64) = (rng.random(), rng.random());
    let radius = (-2.0 * (1.0 - radius).ln()).sqrt();
    (radius * (std::f64::consts::TAU * angle).cos()) as f32
}

/// The value that so large a share of `values` is above; 0 where there are none.
fn quantile(values: &Tensor, share: f64) -> Result<f64, tch::TchError> {
    let count = values.numel() as i64;
    let above = ((count as f64 * share) as i64).clamp(1, count.max(1));
    if count == 0 {
        return Ok(0.0);
    }
    let (sorted, _) = values.f_kthvalue(count - above + 1, 0, false)?;
    sorted.f_double_value(&[])
}
