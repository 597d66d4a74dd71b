//! The generators of the family.

use tch::nn::Path;
use tch::{Device, Kind, TchError, Tensor};

use super::blocks::{Grouped, Level};
use super::keys::Keyed;
use super::latents::{Given, Latents};
use super::{BARS, BEAT_STEPS, BEATS, BandConfig, CLASSES, OCTAVES, PARTS, PITCHES, PLANES, STEPS};
use crate::nets::NetError;
use crate::nets::checkpoint::{self, Tensors};
use crate::tokens::part::Part;

/// Which part is the drums, [1, 5, 1, 1] bool.
pub(super) fn drums(device: Device) -> Result<Tensor, TchError> {
    Tensor::f_arange(PARTS, (Kind::Int64, device))?
        .f_eq(Part::Drums.index() as i64)?
        .f_reshape([1, PARTS, 1, 1])
}

/// Temporal generators, bar generators and, where it accompanies, the encoder of the given part (Dong et al. 2018, figures
/// 4 to 6).
///
/// Levels of a bar generator: bar, 4 beats, 16 steps, 6 octaves of each step, 12 pitches of each. Bar, beat and step also speak
/// to all 72 pitches at once, so that what lasts for a bar or a beat, a chord or a held note, is said once. The given part's
/// encoder climbs the same levels, and joins each.
#[derive(Debug)]
pub struct BandGenerator {
    config: BandConfig,
    shared_time: Option<Temporal>,
    private_time: Option<Temporal>,
    encoder: Option<Encoder>,
    bar: Level,
    beat: Level,
    step: Level,
    octave: Level,
    pitch: Grouped,
    /// Straight to all pitches: of a bar, a beat, a step.
    whole: [Grouped; 3],
}

/// Noise of a bar to what the bar is made from: [G, N, T] to [G, N, 4, T].
#[derive(Debug)]
struct Temporal {
    first: Level,
    second: Grouped,
}

impl Temporal {
    fn new(path: &Path<'_>, groups: i64, width: i64) -> Result<Self, TchError> {
        Ok(Self {
            first: Level::new(&(path / "first"), groups, width, 1, 2 * width)?,
            second: Grouped::new(&(path / "second"), groups, 2 * width, BARS * width, 1.4)?,
        })
    }

    /// Noise [G, N, 4, T]: of what comes from a bar's noise, the bar takes its own quarter.
    fn forward(&self, noise: &Tensor) -> Result<Tensor, TchError> {
        let (groups, rows, bars, width) = noise.size4()?;
        let x = self.first.forward(&noise.f_reshape([groups, -1, width])?)?;
        let x = self
            .second
            .forward(&x)?
            .f_reshape([groups, rows, bars, bars, width])?;
        // [G, N, T, 4]: the diagonal of (noise of bar, output for bar).
        x.f_diagonal(0, 2, 3)?.f_transpose(2, 3)
    }
}

/// The bar encoder: features of the given part at the levels step, beat and bar.
#[derive(Debug)]
struct Encoder {
    step: Level,
    beat: Level,
    bar: Level,
}

struct Encoded {
    /// [1, N * 64, F]
    step: Tensor,
    /// [1, N * 16, F]
    beat: Tensor,
    /// [1, N * 4, F + 5], with which part it is.
    bar: Tensor,
}

impl Encoder {
    fn new(path: &Path<'_>, width: i64) -> Result<Self, TchError> {
        let rows = PLANES * PITCHES + PARTS;
        Ok(Self {
            step: Level::new(&(path / "step"), 1, rows, 1, width)?,
            beat: Level::new(&(path / "beat"), 1, BEAT_STEPS * width, 1, width)?,
            bar: Level::new(&(path / "bar"), 1, BEATS * width, 1, width)?,
        })
    }

    fn forward(&self, given: &Given) -> Result<Encoded, TchError> {
        let rows = given.part.size1()?;
        let part = given.one_hot()?.f_to_device(given.rolls.device())?;
        let of = |places: i64| {
            part.f_unsqueeze(1)?
                .f_expand([rows, places, PARTS], false)?
                .f_reshape([1, rows * places, PARTS])
        };
        // [N, 2, 64, 72] to [1, N * 64, 144]
        let x = given
            .rolls
            .f_transpose(1, 2)?
            .f_reshape([1, rows * STEPS, PLANES * PITCHES])?;
        let step = self
            .step
            .forward(&Tensor::f_cat(&[x.f_to_kind(Kind::Float)?, of(STEPS)?], 2)?)?;
        let width = step.size()[2];
        let beat = self
            .beat
            .forward(&step.f_reshape([1, -1, BEAT_STEPS * width])?)?;
        let bar = self.bar.forward(&beat.f_reshape([1, -1, BEATS * width])?)?;
        let bar = Tensor::f_cat(&[bar, of(BARS)?], 2)?;
        Ok(Encoded { step, beat, bar })
    }
}

impl BandGenerator {
    /// Parameters under `path`, ready to be trained.
    ///
    /// # Errors
    /// When the configuration cannot be.
    pub fn new(path: &Path<'_>, config: &BandConfig) -> Result<Self, NetError> {
        config.check()?;
        let (s, t, groups) = (config.latent, config.latent_time, config.groups());
        let kinds = i64::from(config.kind.has_shared()) + i64::from(config.kind.has_private());
        let (given, part) = if config.accompanies {
            (config.given, PARTS)
        } else {
            (0, 0)
        };
        let temporal = |name: &str, groups, has: bool| {
            has.then(|| Temporal::new(&(path / name), groups, t))
                .transpose()
        };
        let encoder = || Encoder::new(&(path / "encoder"), config.given);
        let outputs = PARTS / groups * PLANES;
        let (step, octave) = (config.step + given, config.octave);
        let whole = |level: &str, inputs| {
            let path = path / "whole" / level;
            Grouped::new(&path, groups, inputs, outputs * PITCHES, 0.7)
        };
        Ok(Self {
            shared_time: temporal("shared_time", 1, config.kind.has_shared())?,
            private_time: temporal("private_time", PARTS, config.kind.has_private())?,
            encoder: config.accompanies.then(encoder).transpose()?,
            bar: Level::new(
                &(path / "bar"),
                groups,
                kinds * (s + t) + given + part,
                1,
                config.bar,
            )?,
            beat: Level::new(
                &(path / "beat"),
                groups,
                config.bar + given + part,
                BEATS,
                config.beat,
            )?,
            step: Level::new(
                &(path / "step"),
                groups,
                config.beat + given,
                BEAT_STEPS,
                config.step,
            )?,
            octave: Level::new(&(path / "octave"), groups, step, OCTAVES, octave)?,
            pitch: Grouped::new(&(path / "pitch"), groups, octave, outputs * CLASSES, 0.6)?,
            whole: [
                whole("bar", config.bar + given + part)?,
                whole("beat", config.beat + given)?,
                whole("step", step)?,
            ],
            config: config.clone(),
        })
    }

    /// Builds the generator around weights that were read already, for use without training.
    ///
    /// # Errors
    /// When the weights do not belong to the configuration.
    pub fn from_tensors(
        config: &BandConfig,
        tensors: &Tensors,
        device: Device,
    ) -> Result<Self, NetError> {
        checkpoint::frozen(tensors, device, |path| Self::new(path, config))
    }

    /// The configuration it was built with.
    pub fn config(&self) -> &BandConfig {
        &self.config
    }

    /// Sets what the outputs begin with, so that an untrained generator plays about as much as the data.
    ///
    /// `rates` [5, 2, 72] are the shares of steps in which each pitch of each part sounds and begins.
    ///
    /// # Errors
    /// When the shape is another.
    pub fn set_rates(&mut self, rates: &Tensor) -> Result<(), NetError> {
        if rates.size() != [PARTS, PLANES, PITCHES] {
            return Err(NetError::Input(format!(
                "rates must be [5, 2, 72], not {:?}",
                rates.size()
            )));
        }
        // A logit begins with a standard deviation of about 1 (four products after rectifiers): it is above zero as often as
        // a normal number is above the quantile of the rate.
        let rates = rates.f_to_kind(Kind::Float)?.f_clamp(1e-4, 0.9)?;
        let quantile = rates
            .f_mul_scalar(2.0)?
            .f_sub_scalar(1.0)?
            .f_erfinv()?
            .f_mul_scalar(std::f64::consts::SQRT_2)?;
        let bias = quantile.f_reshape([self.config.groups(), 1, -1])?;
        let [_, _, step] = &mut self.whole;
        tch::no_grad(|| step.bias.f_copy_(&bias))?;
        Ok(())
    }

    /// Raises the logits of each part by `by` [5, 2]: of what sounds, and of what begins.
    ///
    /// # Errors
    /// When the shape is another.
    pub fn raise(&mut self, by: &Tensor) -> Result<(), NetError> {
        let groups = self.config.groups();
        let by = by
            .f_to_kind(Kind::Float)?
            .f_reshape([PARTS, PLANES, 1])?
            .f_expand([PARTS, PLANES, PITCHES], false)?
            .f_reshape([groups, 1, -1])?;
        let [_, _, step] = &mut self.whole;
        let _ = tch::no_grad(|| step.bias.f_add_(&by))?;
        Ok(())
    }

    /// `latents` of N phrases to the probabilities [N, 5, 2, 64, 72] that a pitch sounds (plane 0) and that a note begins
    /// there (plane 1, never above plane 0). Drums are strokes: their planes are equal. A given part is copied untouched; a
    /// model of the white keys hears it, and is heard, transposed ([`white_keys`](super::white_keys)).
    ///
    /// # Errors
    /// When shapes do not fit, or a given part is there and the model does not accompany, or the reverse.
    pub fn forward(&self, latents: &Latents, given: Option<&Given>) -> Result<Tensor, NetError> {
        let keyed = match given {
            Some(given) if self.config.white_keys => {
                given.check(given.part.size1()?)?;
                Some(Keyed::new(given)?)
            }
            _ => None,
        };
        let heard = keyed.as_ref().map_or(given, |keyed| Some(&keyed.given));
        let all = self.logits(latents, heard)?.f_sigmoid()?;
        let all = match &keyed {
            Some(keyed) => keyed.back(&all)?,
            None => all,
        };
        let sounds = all.f_select(2, 0)?;
        let begins = sounds.f_minimum(&all.f_select(2, 1)?)?;
        let strokes = drums(all.device())?;
        let begins = begins.f_where_self(&strokes.f_logical_not()?, &sounds)?;
        let rolls = Tensor::f_stack(&[sounds, begins], 2)?;
        match given {
            Some(given) => Ok(Self::with_given(&rolls, given)?),
            None => Ok(rolls),
        }
    }

    /// `rolls` [N, 5, 2, 64, 72] with the given part in its place.
    ///
    /// # Errors
    /// When the shapes do not fit.
    pub fn with_given(rolls: &Tensor, given: &Given) -> Result<Tensor, TchError> {
        let rows = given.part.size1()?;
        let place = given
            .one_hot()?
            .f_to_device(rolls.device())?
            .f_gt(0.5)?
            .f_reshape([rows, PARTS, 1, 1, 1])?;
        let part = given.rolls.f_to_kind(Kind::Float)?.f_unsqueeze(1)?;
        part.f_where_self(&place, rolls)
    }

    /// The logits behind [`Self::forward`], [N, 5, 2, 64, 72]; the given part's place holds what the model would play there.
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn logits(&self, latents: &Latents, given: Option<&Given>) -> Result<Tensor, NetError> {
        let rows = latents.rows(&self.config)?;
        let encoded = match (&self.encoder, given) {
            (Some(encoder), Some(given)) => {
                given.check(rows)?;
                Some(encoder.forward(given)?)
            }
            (None, None) => None,
            (Some(_), None) => {
                return Err(NetError::Input(
                    "this model accompanies: give it a part".to_owned(),
                ));
            }
            (None, Some(_)) => {
                return Err(NetError::Input(
                    "this model plays from noise alone: it cannot take a part".to_owned(),
                ));
            }
        };
        Ok(self.decode(&self.bar_latents(latents, rows)?, encoded.as_ref(), rows)?)
    }

    /// What each bar is made from, [G, N * 4, kinds * (S + T)].
    fn bar_latents(&self, latents: &Latents, rows: i64) -> Result<Tensor, TchError> {
        let groups = self.config.groups();
        let (s, t) = (self.config.latent, self.config.latent_time);
        let mut all = Vec::new();
        let every = |x: Tensor, width: i64| {
            x.f_expand([groups, rows, BARS, width], false)?
                .f_reshape([groups, rows * BARS, width])
        };
        if let Some(temporal) = &self.shared_time {
            all.push(every(latents.shared.f_reshape([1, rows, 1, s])?, s)?);
            all.push(every(
                temporal.forward(&latents.shared_time.f_unsqueeze(0)?)?,
                t,
            )?);
        }
        if let Some(temporal) = &self.private_time {
            all.push(every(
                latents.private.f_transpose(0, 1)?.f_unsqueeze(2)?,
                s,
            )?);
            all.push(every(
                temporal.forward(&latents.private_time.f_transpose(0, 1)?)?,
                t,
            )?);
        }
        Tensor::f_cat(&all, 2)
    }

    fn decode(
        &self,
        latents: &Tensor,
        encoded: Option<&Encoded>,
        rows: i64,
    ) -> Result<Tensor, TchError> {
        let groups = self.config.groups();
        let join = |x: Tensor, extra: Option<&Tensor>| match extra {
            Some(extra) => {
                let (_, places, width) = extra.size3()?;
                Tensor::f_cat(&[x, extra.f_expand([groups, places, width], false)?], 2)
            }
            None => Ok(x),
        };
        let bar_given = encoded.map(|given| &given.bar);
        let bar = join(latents.shallow_clone(), bar_given)?;
        let bar = join(self.bar.forward(&bar)?, bar_given)?;
        let beat = join(self.beat.forward(&bar)?, encoded.map(|given| &given.beat))?;
        let step = join(self.step.forward(&beat)?, encoded.map(|given| &given.step))?;
        let octave = self.octave.forward(&step)?;
        let parts = PARTS / groups;
        // [G, N * 64 * 6, parts * 2 * 12] to [G, N, 64, parts * 2, 72]
        let pitch = self
            .pitch
            .forward(&octave)?
            .f_reshape([groups, rows * STEPS, OCTAVES, parts * PLANES, CLASSES])?
            .f_transpose(2, 3)?
            .f_reshape([groups, rows, STEPS, parts * PLANES, PITCHES])?;
        // Coarse before fine, so that only the last sum is of full size.
        let mut logits: Option<Tensor> = None;
        for (head, level) in self.whole.iter().zip([&bar, &beat, &step]) {
            let said = head.forward(level)?;
            let (_, places, width) = said.size3()?;
            logits = Some(match logits {
                Some(coarse) => {
                    let before = coarse.size()[1];
                    said.f_reshape([groups, before, places / before, width])?
                        .f_add(&coarse.f_unsqueeze(2)?)?
                        .f_reshape([groups, places, width])?
                }
                None => said,
            });
        }
        let logits = match logits {
            Some(coarse) => pitch.f_add(&coarse.f_reshape_as(&pitch)?)?,
            None => pitch,
        };
        // [G, N, 64, parts, 2, 72] to [N, G, parts, 2, 64, 72]
        logits
            .f_reshape([groups, rows, STEPS, parts, PLANES, PITCHES])?
            .f_permute([1, 0, 3, 4, 2, 5])?
            .f_reshape([rows, PARTS, PLANES, STEPS, PITCHES])
    }
}
