//! The parts of a step: as an autoencoder, of the critic, and between the two.

use rand::RngExt as _;
use rand_pcg::Pcg64;
use tch::{Kind, Tensor};

use super::error::TrainError;
use super::penalty::gradient_penalty;
use super::training::{Step, Training};
use crate::nets::musegan::{BandGenerator, mean_counts};
use crate::tokens::part::Part;

impl Training<'_> {
    /// Raises the generator's logits so that as much is above zero as sounds in the data, and as many of those begin: an
    /// autoencoder is sure of little, so most of what it says is below one half.
    pub(super) fn calibrate(&mut self, rng: &mut Pcg64) -> Result<(), TrainError> {
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
    pub(super) fn warm_up_step(&mut self, rng: &mut Pcg64) -> Result<Step, TrainError> {
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

    pub(super) fn critic_step(&mut self, rng: &mut Pcg64, rate: f64) -> Result<Step, TrainError> {
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
