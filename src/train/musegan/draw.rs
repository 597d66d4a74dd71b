//! What the networks are shown: phrases, given parts, noise.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_pcg::Pcg64;
use tch::Tensor;

use super::binarise::{binarised, normal_form};
use super::error::TrainError;
use super::phrases::{Keys, batch, given_parts, key_shift, moved};
use super::training::Training;
use crate::nets::musegan::{BandGenerator, Given, Latents};
use crate::tokens::band::BandRoll;
use crate::tokens::part::Part;

impl Training<'_> {
    /// Real phrases as the critic sees them.
    pub(super) fn real(&self, rng: &mut Pcg64) -> Result<Tensor, TrainError> {
        let draw = |_| self.phrases.draw(rng, self.options.keys);
        let rolls: Vec<BandRoll> = (0..self.options.batch.max(2)).map(draw).collect();
        Ok(normal_form(&batch(&rolls)?)?)
    }

    /// Real phrases and a part of each to play to, where the model accompanies.
    pub(super) fn given(&self, rng: &mut Pcg64) -> Result<Option<(Tensor, Given)>, TrainError> {
        if !self.options.network.accompanies {
            return Ok(None);
        }
        let (real, parts) = self.pairs(rng)?;
        let given = given_parts(&real, &parts)?;
        Ok(Some((real, given)))
    }

    /// Real phrases, in the keys that a part of each suggests, and which part that is.
    pub(super) fn pairs(&self, rng: &mut Pcg64) -> Result<(Tensor, Vec<Part>), TrainError> {
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
    pub(super) fn noise(&self, rng: &mut Pcg64, rows: usize) -> Result<Tensor, TrainError> {
        let width = Latents::width(self.generator.config());
        let values: Vec<f32> = (0..rows as i64 * width).map(|_| normal(rng)).collect();
        Ok(Tensor::from_slice(&values).f_reshape([rows as i64, width])?)
    }

    pub(super) fn latents(&self, rng: &mut Pcg64) -> Result<Latents, TrainError> {
        let noise = self.noise(rng, self.options.batch.max(2))?;
        Ok(Latents::of_noise(self.generator.config(), &noise)?)
    }

    /// Generated phrases as the critic sees them, with gradients.
    pub(super) fn play(
        &self,
        rng: &mut Pcg64,
        given: Option<&Given>,
    ) -> Result<Tensor, TrainError> {
        let latents = self.latents(rng)?;
        let logits = self.generator.logits(&latents, given)?;
        let rolls = binarised(&logits, self.options.binarise)?;
        Ok(match given {
            Some(given) => BandGenerator::with_given(&rolls, given)?,
            None => rolls,
        })
    }
}

/// A standard normal number (Box & Muller 1958).
fn normal(rng: &mut Pcg64) -> f32 {
    let (radius, angle): (f64, f64) = (rng.random(), rng.random());
    let radius = (-2.0 * (1.0 - radius).ln()).sqrt();
    (radius * (std::f64::consts::TAU * angle).cos()) as f32
}
