//! From what a generator says to what is played.

use serde::{Deserialize, Serialize};
use tch::{Kind, TchError, Tensor};

use crate::tokens::part::Part;

/// How the generator's probabilities become notes while it is trained.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", ascii_case_insensitive)]
pub enum Binarise {
    /// Not at all: the critic sees probabilities, and a threshold is put on afterwards.
    Soft,
    /// By a threshold of one half; the gradient goes through as if it were a flat sigmoid's (straight-through estimator,
    /// Bengio et al. 2013; deterministic binary neurons in Dong & Yang 2018).
    #[default]
    Threshold,
    /// By chance, with that probability; the gradient as above (stochastic binary neurons).
    Bernoulli,
}

/// How much flatter the sigmoid is whose gradient goes straight through. Of a steep one nothing would be left where a
/// generator is sure, and a part that it silences would be silent for good.
const FLATTER: f64 = 0.5;

/// Logits [N, 5, 2, 64, 72] to rolls of that shape as the critic sees them, with gradients.
pub fn binarised(logits: &Tensor, how: Binarise) -> Result<Tensor, TchError> {
    let soft = logits.f_sigmoid()?;
    let hard = match how {
        Binarise::Soft => return normal_form(&soft),
        Binarise::Threshold => soft.detach().f_gt(0.5)?.f_to_kind(Kind::Float)?,
        Binarise::Bernoulli => soft.detach().f_bernoulli()?,
    };
    // The value of `hard` with the gradient of a sigmoid.
    let flat = logits.f_mul_scalar(FLATTER)?.f_sigmoid()?;
    let through = flat.f_sub(&flat.detach())?.f_add(&hard)?;
    normal_form(&through)
}

/// Rolls [N, 5, 2, 64, 72] with onsets only where something sounds, and wherever a pitch sounds that was silent in the step
/// before; every stroke of the drums is an onset. This is how a [`BandRoll`](crate::tokens::band::BandRoll) is read.
pub fn normal_form(rolls: &Tensor) -> Result<Tensor, TchError> {
    let sounds = rolls.f_select(2, 0)?;
    let steps = sounds.size()[2];
    let before = sounds
        .f_narrow(2, 0, steps - 1)?
        .f_constant_pad_nd([0, 0, 1, 0])?;
    let rises = sounds.f_sub(&sounds.f_mul(&before)?)?;
    let begins = rises.f_maximum(&rolls.f_select(2, 1)?.f_mul(&sounds)?)?;
    let drums = Part::Drums.index() as i64;
    let parts = sounds.size()[1];
    let begins = Tensor::f_cat(
        &[
            begins.f_narrow(1, 0, drums)?,
            sounds.f_narrow(1, drums, 1)?,
            begins.f_narrow(1, drums + 1, parts - drums - 1)?,
        ],
        1,
    )?;
    Tensor::f_stack(&[sounds, begins], 2)
}
