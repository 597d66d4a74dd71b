//! The training loop.

use std::ops::ControlFlow;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::error::{TrainError, failed};
use super::log::{Log, TrainingRow};
use super::options::GanOptions;
use super::phrases::Phrases;
use super::training::{Step, Training};

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
    pub(super) generator_steps: i64,
    pub(super) critic_steps: i64,
    pub(super) encoder_steps: i64,
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
