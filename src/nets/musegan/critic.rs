//! What a generator is trained against, and what warms it up.

use serde::{Deserialize, Serialize};
use tch::nn::Path;
use tch::{Kind, TchError, Tensor};

use super::blocks::{Dense, rectified};
use super::latents::{Given, Latents};
use super::{BARS, BEAT_STEPS, BEATS, BandConfig, PARTS, PITCHES, PLANES, STEPS};
use crate::nets::NetError;

/// Sizes of a [`BandCritic`], and of a [`BandEncoder`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CriticConfig {
    /// Features of a step.
    pub step: i64,
    /// Features of a beat.
    pub beat: i64,
    /// Features of a bar.
    pub bar: i64,
    /// Features of the phrase.
    pub phrase: i64,
}

impl Default for CriticConfig {
    fn default() -> Self {
        Self {
            step: 128,
            beat: 128,
            bar: 192,
            phrase: 192,
        }
    }
}

/// Looks at a whole phrase of all parts.
///
/// A step sees every part and pitch at once, so chords, chroma and density are within its reach; a beat sees itself and the
/// next one, so a note across the beat is seen whole; the phrase sees its bars and how neighbouring bars differ.
#[derive(Debug)]
struct Trunk {
    step: Dense,
    beat: Dense,
    bar: Dense,
    phrase: Dense,
    widths: CriticConfig,
}

impl Trunk {
    fn new(path: &Path<'_>, config: &CriticConfig, accompanies: bool) -> Result<Self, TchError> {
        let part = if accompanies { PARTS } else { 0 };
        let dense = |name: &str, inputs, outputs| Dense::new(&(path / name), inputs, outputs);
        Ok(Self {
            step: dense("step", PARTS * PLANES * PITCHES + part, config.step)?,
            beat: dense("beat", 2 * BEAT_STEPS * config.step, config.beat)?,
            bar: dense("bar", BEATS * config.beat, config.bar)?,
            phrase: dense("phrase", (2 * BARS - 1) * config.bar, config.phrase)?,
            widths: config.clone(),
        })
    }

    /// Features [N, phrase] of `rolls` [N, 5, 2, 64, 72]; which part was `given` where the model accompanies.
    fn forward(&self, rolls: &Tensor, given: Option<&Given>) -> Result<Tensor, TchError> {
        let rows = rolls.size().first().copied().unwrap_or(0);
        // [N, 64, 5 * 2 * 72]
        let x =
            rolls
                .f_permute([0, 3, 1, 2, 4])?
                .f_reshape([rows, STEPS, PARTS * PLANES * PITCHES])?;
        let x = match given {
            Some(given) => {
                let part = given
                    .one_hot()?
                    .f_to_device(x.device())?
                    .f_unsqueeze(1)?
                    .f_expand([rows, STEPS, PARTS], false)?;
                Tensor::f_cat(&[x, part], 2)?
            }
            None => x,
        };
        let step = rectified(&self.step.forward(&x)?)?;
        let beats = step.f_reshape([rows, BARS * BEATS, BEAT_STEPS * self.widths.step])?;
        // After the last beat comes silence.
        let next = beats
            .f_narrow(1, 1, BARS * BEATS - 1)?
            .f_constant_pad_nd([0, 0, 0, 1])?;
        let beat = rectified(&self.beat.forward(&Tensor::f_cat(&[beats, next], 2)?)?)?;
        let bars = beat.f_reshape([rows, BARS, BEATS * self.widths.beat])?;
        let bar = rectified(&self.bar.forward(&bars)?)?;
        let changes = bar
            .f_narrow(1, 1, BARS - 1)?
            .f_sub(&bar.f_narrow(1, 0, BARS - 1)?)?
            .f_abs()?;
        let phrase = Tensor::f_cat(&[bar, changes], 1)?.f_flatten(1, 2)?;
        rectified(&self.phrase.forward(&phrase)?)
    }
}

/// Scores phrases: high for what it takes for real (a critic of Arjovsky et al. 2017, no probability).
///
/// Nothing is normalised over the batch (that would break the gradient penalty), but the last layer is told how much the
/// phrases of a batch differ (Karras et al. 2018), so that a generator which repeats itself is found out.
#[derive(Debug)]
pub struct BandCritic {
    trunk: Trunk,
    score: Dense,
}

impl BandCritic {
    /// Parameters under `path`; with `accompanies` it is told which part was given.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn new(
        path: &Path<'_>,
        config: &CriticConfig,
        accompanies: bool,
    ) -> Result<Self, NetError> {
        Ok(Self {
            trunk: Trunk::new(path, config, accompanies)?,
            score: Dense::new(&(path / "score"), config.phrase + 1, 1)?,
        })
    }

    /// Scores `[N]` of `rolls` `[N, 5, 2, 64, 72]`; which part was `given` where the model accompanies.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn forward(&self, rolls: &Tensor, given: Option<&Given>) -> Result<Tensor, NetError> {
        let phrase = self.trunk.forward(rolls, given)?;
        let rows = phrase.size2()?.0;
        let spread = Self::spread(&phrase)?.f_expand([rows, 1], false)?;
        let score = self.score.forward(&Tensor::f_cat(&[phrase, spread], 1)?)?;
        Ok(score.f_squeeze_dim(1)?)
    }

    /// The standard deviation over the batch, mean over features: [1, 1].
    fn spread(x: &Tensor) -> Result<Tensor, TchError> {
        let mean = x.f_mean_dim(0_i64, true, Kind::Float)?;
        let variance = x
            .f_sub(&mean)?
            .f_square()?
            .f_mean_dim(0_i64, false, Kind::Float)?;
        // The small number keeps the derivative of the root finite where phrases are equal.
        variance
            .f_add_scalar(1e-6)?
            .f_sqrt()?
            .f_mean(Kind::Float)?
            .f_reshape([1, 1])
    }
}

/// Guesses the latents a phrase could have been made from: the encoder of a variational autoencoder (Kingma & Welling 2014)
/// whose decoder is the generator.
#[derive(Debug)]
pub struct BandEncoder {
    trunk: Trunk,
    mean: Dense,
    /// Logarithm of the variance.
    spread: Dense,
    config: BandConfig,
}

impl BandEncoder {
    /// Parameters under `path` for the latents of a generator.
    ///
    /// # Errors
    /// When libtorch refuses.
    pub fn new(
        path: &Path<'_>,
        sizes: &CriticConfig,
        config: &BandConfig,
    ) -> Result<Self, NetError> {
        let width = Latents::width(config);
        Ok(Self {
            trunk: Trunk::new(path, sizes, config.accompanies)?,
            mean: Dense::new(&(path / "mean"), sizes.phrase, width)?,
            spread: Dense::new(&(path / "spread"), sizes.phrase, width)?,
            config: config.clone(),
        })
    }

    /// Latents for `rolls` `[N, 5, 2, 64, 72]`, drawn by standard normal `noise` of N rows of [`Latents::width`], and how many nats each phrase tells by them
    /// beyond standard normal noise (Kullback-Leibler divergence), `[N]`.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn forward(
        &self,
        rolls: &Tensor,
        given: Option<&Given>,
        noise: &Tensor,
    ) -> Result<(Latents, Tensor), NetError> {
        let phrase = self.trunk.forward(rolls, given)?;
        let mean = self.mean.forward(&phrase)?;
        let spread = self.spread.forward(&phrase)?.f_clamp(-8.0, 4.0)?;
        let nats = (mean.f_square()?.f_add(&spread.f_exp()?)?)
            .f_sub_scalar(1.0)?
            .f_sub(&spread)?
            .f_sum_dim_intlist(1_i64, false, Kind::Float)?
            .f_mul_scalar(0.5)?;
        let z = mean.f_add(&spread.f_mul_scalar(0.5)?.f_exp()?.f_mul(noise)?)?;
        let latents = Latents::of_noise(&self.config, &z)?;
        Ok((latents, nats))
    }
}
