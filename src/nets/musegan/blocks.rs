//! What generator and critic are built of: products for several groups at once, and what follows them.
//!
//! A transposed convolution whose kernel is as wide as its stride is a matrix product and a change of shape, which is what a
//! processor does fastest.

use tch::nn::{Init, Path};
use tch::{TchError, Tensor};

use crate::nets::layers::LAYER_NORM_EPSILON;

/// Slope of the rectifiers below zero.
const SLOPE: f64 = 0.2;

/// `y = x W + b` for each of G groups (parts): [G, M, inputs] to [G, M, outputs].
#[derive(Debug)]
pub(crate) struct Grouped {
    weight: Tensor,
    pub(crate) bias: Tensor,
}

impl Grouped {
    /// Parameters `weight` [G, inputs, outputs] and `bias` [G, 1, outputs] under `path`: normal so that the variance stays
    /// (times `gain`), and zero.
    pub(crate) fn new(
        path: &Path<'_>,
        groups: i64,
        inputs: i64,
        outputs: i64,
        gain: f64,
    ) -> Result<Self, TchError> {
        let init = Init::Randn {
            mean: 0.0,
            stdev: gain / (inputs as f64).sqrt(),
        };
        Ok(Self {
            weight: path.f_var("weight", &[groups, inputs, outputs], init)?,
            bias: path.f_zeros("bias", &[groups, 1, outputs])?,
        })
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        x.f_matmul(&self.weight)?.f_add(&self.bias)
    }
}

/// [`Grouped`], layer normalisation over the features of each place, leaky rectifier. One place does not see another, so
/// nothing depends on what else is in the batch.
#[derive(Debug)]
pub(crate) struct Level {
    product: Grouped,
    features: i64,
}

impl Level {
    /// Each place becomes `places` places of `features` features.
    pub(crate) fn new(
        path: &Path<'_>,
        groups: i64,
        inputs: i64,
        places: i64,
        features: i64,
    ) -> Result<Self, TchError> {
        Ok(Self {
            product: Grouped::new(path, groups, inputs, places * features, 1.0)?,
            features,
        })
    }

    /// [G, M, inputs] to [G, M * places, features].
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let groups = x.size().first().copied().unwrap_or(1);
        let y = self
            .product
            .forward(x)?
            .f_reshape([groups, -1, self.features])?;
        let y = y.f_layer_norm::<Tensor>([self.features], None, None, LAYER_NORM_EPSILON, false)?;
        rectified(&y)
    }
}

/// The leaky rectifier.
pub(crate) fn rectified(x: &Tensor) -> Result<Tensor, TchError> {
    // The maximum of x and a small multiple of it: unlike `leaky_relu` tch offers no slope for that one.
    x.f_maximum(&x.f_mul_scalar(SLOPE)?)
}

/// `y = x W^T + b` with the weights of a rectified network: [.., inputs] to [.., outputs].
#[derive(Debug)]
pub(crate) struct Dense {
    weight: Tensor,
    bias: Tensor,
}

impl Dense {
    /// Parameters `weight` `[outputs, inputs]` and `bias` `[outputs]` under `path`.
    pub(crate) fn new(path: &Path<'_>, inputs: i64, outputs: i64) -> Result<Self, TchError> {
        let gain = (2.0 / (1.0 + SLOPE * SLOPE)).sqrt();
        let init = Init::Randn {
            mean: 0.0,
            stdev: gain / (inputs as f64).sqrt(),
        };
        Ok(Self {
            weight: path.f_var("weight", &[outputs, inputs], init)?,
            bias: path.f_zeros("bias", &[outputs])?,
        })
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        x.f_linear(&self.weight, Some(&self.bias))
    }
}
