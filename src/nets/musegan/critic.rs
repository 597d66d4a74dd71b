//! What a generator is trained against, and what warms it up.

use serde::{Deserialize, Serialize};
use tch::nn::Path;
use tch::{Kind, TchError, Tensor};

use super::blocks::{Dense, rectified};
use super::latents::{Given, Latents};
use super::{BARS, BEAT_STEPS, BEATS, BandConfig, CLASSES, OCTAVES, PARTS, PITCHES, PLANES, STEPS};
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
/// A step sees every part and pitch at once; a beat sees itself and the next one, so a note across the beat is seen whole; the
/// phrase sees its bars and how neighbouring bars differ. What is hard to see for products of whole steps is counted for them
/// ([`Counts`]): how many notes sound, begin, begin again and are short, and which pitch classes a beat and a bar use.
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
            step: dense(
                "step",
                PARTS * (PLANES * PITCHES + COUNTS) + part,
                config.step,
            )?,
            beat: dense("beat", 2 * BEAT_STEPS * config.step + CHROMA, config.beat)?,
            bar: dense("bar", BEATS * config.beat + CHROMA, config.bar)?,
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
        let counts = Counts::of(rolls)?;
        let x = Tensor::f_cat(&[x, counts.steps], 2)?;
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
        let beats = Tensor::f_cat(&[beats, next, counts.beats], 2)?;
        let beat = rectified(&self.beat.forward(&beats)?)?;
        let bars = beat.f_reshape([rows, BARS, BEATS * self.widths.beat])?;
        let bars = Tensor::f_cat(&[bars, counts.bars], 2)?;
        let bar = rectified(&self.bar.forward(&bars)?)?;
        let changes = bar
            .f_narrow(1, 1, BARS - 1)?
            .f_sub(&bar.f_narrow(1, 0, BARS - 1)?)?
            .f_abs()?;
        let phrase = Tensor::f_cat(&[bar, changes], 1)?.f_flatten(1, 2)?;
        rectified(&self.phrase.forward(&phrase)?)
    }
}

/// Counts of a step and part.
const COUNTS: i64 = 4;
/// Pitch classes of the pitched parts.
const CHROMA: i64 = (PARTS - 1) * CLASSES;

/// What is counted for the layers.
struct Counts {
    /// Pitches of each part that sound, begin, begin again and begin for a single step, [N, 64, 20].
    steps: Tensor,
    /// How much of each pitch class the pitched parts use, below 1, [N, 16, 48].
    beats: Tensor,
    /// The same of bars, [N, 4, 48].
    bars: Tensor,
}

impl Counts {
    fn of(rolls: &Tensor) -> Result<Self, TchError> {
        let rows = rolls.size().first().copied().unwrap_or(0);
        let (sounds, begins) = (rolls.f_select(2, 0)?, rolls.f_select(2, 1)?);
        let held = sounds.f_sub(&sounds.f_mul(&begins)?)?;
        let next = |x: &Tensor| x.f_narrow(2, 1, STEPS - 1)?.f_constant_pad_nd([0, 0, 0, 1]);
        let before = sounds
            .f_narrow(2, 0, STEPS - 1)?
            .f_constant_pad_nd([0, 0, 1, 0])?;
        let again = begins.f_mul(&before)?;
        let short = begins.f_sub(&begins.f_mul(&next(&held)?)?)?;
        let count = |x: &Tensor| x.f_sum_dim_intlist(3_i64, false, Kind::Float);
        let steps = [
            count(&sounds)?,
            count(&begins)?,
            count(&again)?,
            count(&short)?,
        ];
        // [N, 5, 64] each to [N, 64, 20]
        let steps = Tensor::f_cat(&steps, 1)?.f_transpose(1, 2)?;
        // Drums come first, and have no pitch classes.
        let beats = sounds
            .f_narrow(1, 1, PARTS - 1)?
            .f_reshape([rows, PARTS - 1, BARS * BEATS, BEAT_STEPS * OCTAVES, CLASSES])?
            .f_sum_dim_intlist(3_i64, false, Kind::Float)?
            .f_transpose(1, 2)?;
        let bars = beats
            .f_reshape([rows, BARS, BEATS, CHROMA])?
            .f_sum_dim_intlist(2_i64, false, Kind::Float)?;
        Ok(Self {
            steps,
            beats: beats
                .f_reshape([rows, BARS * BEATS, CHROMA])?
                .f_mul_scalar(0.5)?
                .f_tanh()?,
            bars: bars.f_mul_scalar(0.3)?.f_tanh()?,
        })
    }
}

/// How many pitches of each part sound, begin, begin again and begin for a single step, mean over the steps of `rolls`
/// `[N, 5, 2, 64, 72]`: `[20]`, all parts of one count after another.
///
/// # Errors
/// When the shape is another.
pub fn mean_counts(rolls: &Tensor) -> Result<Tensor, TchError> {
    Counts::of(rolls)?
        .steps
        .f_mean_dim([0_i64, 1].as_slice(), false, Kind::Float)
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

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn notes_are_counted_by_what_they_do() {
        let rolls = Tensor::zeros([1, 5, 2, 64, 72], (Kind::Float, Device::Cpu));
        let set = |plane: i64, step: i64, pitch: i64| {
            let cell = rolls.get(0).get(3).get(plane).get(step);
            let _ = cell.get(pitch).fill_(1.0);
        };
        // Bass: a note of two steps, the same again for one, and with it a note an octave and a tone higher.
        for (step, pitch) in [(0, 4), (1, 4), (2, 4), (2, 18)] {
            set(0, step, pitch);
        }
        for (step, pitch) in [(0, 4), (2, 4), (2, 18)] {
            set(1, step, pitch);
        }
        let counts = Counts::of(&rolls).unwrap();
        let at = |step: i64| -> Vec<f64> {
            (0..COUNTS)
                .map(|count| counts.steps.double_value(&[0, step, count * PARTS + 3]))
                .collect()
        };
        // Sounds, begins, begins again, begins for a single step.
        assert_eq!(at(0), [1.0, 1.0, 0.0, 0.0]);
        assert_eq!(at(1), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(at(2), [2.0, 2.0, 1.0, 2.0]);
        assert_eq!(counts.steps.sum(Kind::Float).double_value(&[]), 10.0);
        // The third of the pitched parts: E three times, F sharp once.
        let class = |of: &Tensor, place: i64, class: i64| of.double_value(&[0, place, 24 + class]);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
        assert!(near(class(&counts.beats, 0, 4), 1.5_f64.tanh()));
        assert!(near(class(&counts.beats, 0, 6), 0.5_f64.tanh()));
        assert!(near(class(&counts.bars, 0, 4), 0.9_f64.tanh()));
        assert!(near(class(&counts.beats, 1, 4), 0.0));
    }
}
