//! The feed-forward block of both stacks.

use tch::nn::Path;
use tch::{TchError, Tensor};

use super::{Activation, Config};
use crate::nets::layers::{Linear, Products, dropout};

/// Widen, bend, narrow.
#[derive(Debug)]
pub(super) struct FeedForward {
    pub(super) widen: Linear,
    pub(super) narrow: Linear,
    pub(super) activation: Activation,
}

impl FeedForward {
    /// Parameters `linear1` and `linear2` under the layer's path.
    pub(super) fn new(path: &Path<'_>, config: &Config) -> Result<Self, TchError> {
        Ok(Self {
            widen: Linear::new(&(path / "linear1"), config.d_model, config.ffn)?,
            narrow: Linear::new(&(path / "linear2"), config.ffn, config.d_model)?,
            activation: config.activation,
        })
    }

    pub(super) fn forward(
        &self,
        x: &Tensor,
        products: Products,
        drop: f64,
        train: bool,
    ) -> Result<Tensor, TchError> {
        let wide = self.activation.apply(&self.widen.forward(x, products)?)?;
        self.narrow.forward(&dropout(wide, drop, train)?, products)
    }
}

impl Activation {
    pub(super) fn apply(self, x: &Tensor) -> Result<Tensor, TchError> {
        match self {
            Self::Gelu => x.f_gelu("none"),
            Self::Relu => x.f_relu(),
        }
    }
}
