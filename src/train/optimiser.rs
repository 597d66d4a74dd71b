//! `AdamW` whose state can be stored and read back.

use tch::{Kind, Tensor};

/// Settings of [`AdamW`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWOptions {
    /// Decay of the mean of the gradients.
    pub beta1: f64,
    /// Decay of the mean of their squares.
    pub beta2: f64,
    /// Keeps the quotient finite.
    pub epsilon: f64,
    /// Decoupled weight decay of matrices; vectors are not decayed.
    pub weight_decay: f64,
    /// The largest norm of all gradients together.
    pub clip: f64,
}

impl Default for AdamWOptions {
    fn default() -> Self {
        Self {
            beta1: 0.9,
            beta2: 0.98,
            epsilon: 1e-8,
            weight_decay: 0.01,
            clip: 1.0,
        }
    }
}

/// `AdamW` (Loshchilov & Hutter 2019) over all parameters as one flat vector, so that a step is a dozen large
/// operations instead of a dozen for each of 150 tensors.
#[derive(Debug)]
pub struct AdamW {
    parameters: Vec<Tensor>,
    ranges: Vec<(i64, i64)>,
    decayed: i64,
    values: Tensor,
    gradient: Tensor,
    mean: Tensor,
    square: Tensor,
    steps: i64,
    options: AdamWOptions,
}

impl AdamW {
    /// Takes over the storage of `parameters`, f32 leaves that require gradients: from here on they are views of one vector.
    pub fn new(mut parameters: Vec<Tensor>, options: AdamWOptions) -> Self {
        // Matrices first: they are the ones that decay.
        parameters.sort_by_key(|parameter| parameter.dim() < 2);
        let mut ranges = Vec::with_capacity(parameters.len());
        let mut start = 0;
        let mut decayed = 0;
        for parameter in &parameters {
            let length = parameter.numel() as i64;
            ranges.push((start, length));
            start += length;
            if parameter.dim() >= 2 {
                decayed = start;
            }
        }
        let values = tch::no_grad(|| {
            let flat: Vec<Tensor> = parameters
                .iter()
                .map(|parameter| parameter.detach().reshape([-1]).to_kind(Kind::Float))
                .collect();
            Tensor::cat(&flat, 0)
        });
        for (parameter, (start, length)) in parameters.iter_mut().zip(&ranges) {
            let view = values
                .narrow(0, *start, *length)
                .view(parameter.size().as_slice());
            parameter.set_data(&view);
        }
        Self {
            gradient: values.zeros_like(),
            mean: values.zeros_like(),
            square: values.zeros_like(),
            parameters,
            ranges,
            decayed,
            values,
            steps: 0,
            options,
        }
    }

    /// Adds the gradients of `loss` to those gathered since the last step.
    pub fn accumulate(&mut self, loss: &Tensor) -> Result<(), tch::TchError> {
        self.gather(loss, false)
    }

    /// The same, for a loss of which others take gradients too.
    pub fn accumulate_shared(&mut self, loss: &Tensor) -> Result<(), tch::TchError> {
        self.gather(loss, true)
    }

    fn gather(&mut self, loss: &Tensor, keep_graph: bool) -> Result<(), tch::TchError> {
        let gradients = Tensor::f_run_backward(&[loss], &self.parameters, keep_graph, false)?;
        tch::no_grad(|| {
            for (gradient, (start, length)) in gradients.iter().zip(&self.ranges) {
                let _ = self
                    .gradient
                    .narrow(0, *start, *length)
                    .f_add_(&gradient.f_reshape([-1])?)?;
            }
            Ok(())
        })
    }

    /// One step down the gathered gradients, which are then forgotten. Returns their norm before clipping; where that is not
    /// finite nothing is changed.
    pub fn step(&mut self, learning_rate: f64) -> Result<f64, tch::TchError> {
        let options = self.options;
        tch::no_grad(|| {
            let norm = self.gradient.f_norm()?.f_double_value(&[])?;
            if norm.is_finite() {
                if norm > options.clip {
                    let _ = self.gradient.f_mul_scalar_(options.clip / norm)?;
                }
                self.steps += 1;
                let power = self.steps.min(i64::from(i32::MAX)) as i32;
                let bias1 = 1.0 - options.beta1.powi(power);
                let bias2 = 1.0 - options.beta2.powi(power);
                let _ = self.mean.f_lerp_(&self.gradient, 1.0 - options.beta1)?;
                let squared = self.gradient.f_square()?;
                let _ = self.square.f_lerp_(&squared, 1.0 - options.beta2)?;
                let mut update = self.square.f_sqrt()?;
                let _ = update.f_mul_scalar_(1.0 / bias2.sqrt())?;
                let _ = update.f_add_scalar_(options.epsilon)?;
                let _ = update.f_reciprocal_()?;
                let _ = update.f_mul_(&self.mean)?;
                let _ = update.f_mul_scalar_(-learning_rate / bias1)?;
                let mut matrices = self.values.f_narrow(0, 0, self.decayed)?;
                let _ = matrices.f_mul_scalar_(1.0 - learning_rate * options.weight_decay)?;
                let _ = self.values.f_add_(&update)?;
            }
            let _ = self.gradient.f_zero_()?;
            Ok(norm)
        })
    }

    /// What a resumed training needs beside the parameters: the running mean, the running square (both flat f32) and the
    /// number of steps taken.
    pub fn state(&self) -> (&Tensor, &Tensor, i64) {
        (&self.mean, &self.square, self.steps)
    }

    /// Continues from a stored [`Self::state`]; an error if it is of another number of parameters.
    pub fn restore(
        &mut self,
        mean: &Tensor,
        square: &Tensor,
        steps: i64,
    ) -> Result<(), tch::TchError> {
        tch::no_grad(|| {
            self.mean.f_copy_(mean)?;
            self.square.f_copy_(square)?;
            Ok::<(), tch::TchError>(())
        })?;
        self.steps = steps;
        Ok(())
    }
}
