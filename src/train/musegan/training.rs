//! A training under way: networks, optimisers, and one step.

use rand::SeedableRng as _;
use rand_pcg::Pcg64;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use super::error::{TrainError, failed};
use super::options::GanOptions;
use super::phrases::{Keys, Phrases};
use super::run::GanState;
use crate::nets::NetError;
use crate::nets::checkpoint::{self as weights, Precision, Tensors};
use crate::nets::musegan::{BandConfig, BandCritic, BandEncoder, BandGenerator, mean_counts};
use crate::train::checkpoint::{self, CheckpointError};
use crate::train::optimiser::{AdamW, AdamWOptions};

/// What one generator step with its critic steps showed.
#[derive(Default)]
pub(super) struct Step {
    pub(super) distance: f64,
    pub(super) penalty: f64,
    pub(super) mismatch: Option<f64>,
    pub(super) density: f64,
    pub(super) norm: f64,
}

pub(super) struct Training<'a> {
    pub(super) options: &'a GanOptions,
    pub(super) phrases: &'a Phrases,
    pub(super) generator: BandGenerator,
    pub(super) critic: BandCritic,
    pub(super) generator_weights: Tensors,
    pub(super) critic_weights: Tensors,
    pub(super) generator_steps: AdamW,
    pub(super) critic_steps: AdamW,
    pub(super) encoder: BandEncoder,
    pub(super) encoder_weights: Tensors,
    pub(super) encoder_steps: AdamW,
    /// The generator with the running mean of the weights, and those.
    pub(super) mean: BandGenerator,
    pub(super) mean_weights: Tensors,
    /// The counts of real phrases, a running mean.
    pub(super) counts: Option<Tensor>,
    pub(super) state: GanState,
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
    pub(super) fn new(options: &'a GanOptions, phrases: &'a Phrases) -> Result<Self, TrainError> {
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
    pub(super) fn share(&self) -> f64 {
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
    pub(super) fn critic_steps_now(&self) -> usize {
        let steps = self.options.critic_steps.max(1);
        if self.state.step < self.options.warm_up + 20 {
            5 * steps
        } else {
            steps
        }
    }

    /// By how much the learning rates are lowered: not at all for two thirds, then to a tenth.
    pub(super) fn fall(&self) -> f64 {
        let late = ((self.share() - 2.0 / 3.0) * 3.0).clamp(0.0, 1.0);
        1.0 - 0.9 * late
    }

    /// One generator step with its critic steps.
    pub(super) fn step(&mut self) -> Result<Step, TrainError> {
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

    /// Moves the mean weights towards the generator's.
    pub(super) fn follow(&mut self, decay: f64) -> Result<(), TrainError> {
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

    pub(super) fn store(&self) -> Result<(), TrainError> {
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
            .map_err(|source| CheckpointError::Tensors { path, source })?;
        Ok(())
    }
}
