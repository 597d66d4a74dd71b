//! What goes into a generator.

use tch::{Device, Kind, TchError, Tensor};

use super::{BARS, BandConfig, PARTS, PITCHES, PLANES, STEPS};
use crate::nets::NetError;

/// Standard normal noise for N phrases. A model that has no shared, or no private, latents ignores those.
///
/// The noise of a bar goes through a temporal generator, which has four outputs; the bar takes its own. A phrase is one piece
/// when its four bars share one noise, as in training; a bar with another noise is written anew, the other three stay.
#[derive(Debug)]
pub struct Latents {
    /// `z`, of all parts and bars, [N, S] f32.
    pub shared: Tensor,
    /// `z_t`, of all parts, for each bar, [N, 4, T] f32.
    pub shared_time: Tensor,
    /// `z_i`, of each part, [N, 5, S] f32.
    pub private: Tensor,
    /// `z_i,t`, of each part, for each bar, [N, 5, 4, T] f32.
    pub private_time: Tensor,
}

impl Latents {
    /// How many numbers a phrase is made from when its bars share theirs.
    pub fn width(config: &BandConfig) -> i64 {
        (PARTS + 1) * (config.latent + config.latent_time)
    }

    /// Latents of `noise` [N, [`width`](Self::width)], the four bars of each phrase sharing theirs.
    ///
    /// # Errors
    /// When the shape is another.
    pub fn of_noise(config: &BandConfig, noise: &Tensor) -> Result<Self, TchError> {
        let (s, t) = (config.latent, config.latent_time);
        let rows = noise.size2()?.0;
        let parts = noise
            .f_narrow(1, s + t, PARTS * (s + t))?
            .f_reshape([rows, PARTS, s + t])?;
        Ok(Self {
            shared: noise.f_narrow(1, 0, s)?,
            shared_time: (noise.f_narrow(1, s, t)?.f_unsqueeze(1)?)
                .f_expand([rows, BARS, t], false)?
                .f_contiguous()?,
            private: parts.f_narrow(2, 0, s)?,
            private_time: (parts.f_narrow(2, s, t)?.f_unsqueeze(2)?)
                .f_expand([rows, PARTS, BARS, t], false)?
                .f_contiguous()?,
        })
    }

    /// The same of noise from libtorch's own random numbers.
    ///
    /// # Errors
    /// When libtorch refuses (most often: not enough memory).
    pub fn normal(config: &BandConfig, rows: i64, device: Device) -> Result<Self, TchError> {
        let noise = Tensor::f_randn([rows, Self::width(config)], (Kind::Float, device))?;
        Self::of_noise(config, &noise)
    }

    /// The number of phrases, N.
    ///
    /// # Errors
    /// When the shapes do not fit the configuration or each other.
    pub fn rows(&self, config: &BandConfig) -> Result<i64, NetError> {
        let (s, t) = (config.latent, config.latent_time);
        let rows = self.shared.size().first().copied().unwrap_or(0);
        if rows < 1 {
            return Err(NetError::Input("latents of no phrase".to_owned()));
        }
        for (name, tensor, expected) in [
            ("shared", &self.shared, vec![rows, s]),
            ("shared_time", &self.shared_time, vec![rows, BARS, t]),
            ("private", &self.private, vec![rows, PARTS, s]),
            (
                "private_time",
                &self.private_time,
                vec![rows, PARTS, BARS, t],
            ),
        ] {
            if tensor.size() != expected {
                return Err(NetError::Input(format!(
                    "the {name} latents must be {expected:?}, not {:?}",
                    tensor.size()
                )));
            }
        }
        Ok(rows)
    }
}

/// The part that N phrases are to be played to.
#[derive(Debug)]
pub struct Given {
    /// What sounds and what begins, [N, 2, 64, 72], 0 or 1.
    pub rolls: Tensor,
    /// Which part it is, `[N]` i64, 0..5.
    pub part: Tensor,
}

impl Given {
    /// Whether these are parts for `rows` phrases.
    pub(crate) fn check(&self, rows: i64) -> Result<(), NetError> {
        let expected = [rows, PLANES, STEPS, PITCHES];
        if self.rolls.size() != expected || self.part.size() != [rows] {
            return Err(NetError::Input(format!(
                "the given parts must be {expected:?} and their numbers [{rows}], not {:?} and {:?}",
                self.rolls.size(),
                self.part.size()
            )));
        }
        let (low, high) = (self.part.f_min()?, self.part.f_max()?);
        let (low, high) = (low.f_int64_value(&[])?, high.f_int64_value(&[])?);
        if low < 0 || high >= PARTS {
            return Err(NetError::Input(format!(
                "parts are 0 to {}, not {low} to {high}",
                PARTS - 1
            )));
        }
        Ok(())
    }

    /// The parts as rows of a unit matrix, [N, 5] f32.
    pub(crate) fn one_hot(&self) -> Result<Tensor, TchError> {
        self.part
            .f_to_kind(Kind::Int64)?
            .f_one_hot(PARTS)?
            .f_to_kind(Kind::Float)
    }
}
