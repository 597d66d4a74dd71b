//! Building blocks that the networks share, with the parameter names of PyTorch's modules.

use std::borrow::Borrow;

use tch::nn::{Init, Path};
use tch::{Device, Kind, TchError, Tensor};

/// In what numbers matrix products are computed. Weights, sums and norms stay 32-bit in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Products {
    /// 32-bit: exact, and the only choice for decoding.
    #[default]
    Single,
    /// bfloat16 operands, 32-bit results: faster training on processors and GPUs that have the instructions.
    Bfloat16,
}

/// `y = x W^T + b`.
#[derive(Debug)]
pub(crate) struct Linear {
    pub(crate) weight: Tensor,
    pub(crate) bias: Tensor,
}

impl Linear {
    /// Parameters `weight` `[outputs, inputs]` and `bias` `[outputs]` under `path`: Xavier uniform and zero.
    pub(crate) fn new(path: &Path<'_>, inputs: i64, outputs: i64) -> Result<Self, TchError> {
        Self::named(path, "weight", "bias", inputs, outputs)
    }

    /// The same under names of their own (attention's `in_proj_weight`).
    pub(crate) fn named(
        path: &Path<'_>,
        weight: &str,
        bias: &str,
        inputs: i64,
        outputs: i64,
    ) -> Result<Self, TchError> {
        Ok(Self {
            weight: path.f_var(weight, &[outputs, inputs], xavier(inputs, outputs))?,
            bias: path.f_zeros(bias, &[outputs])?,
        })
    }

    pub(crate) fn forward(&self, x: &Tensor, products: Products) -> Result<Tensor, TchError> {
        linear(x, &self.weight, &self.bias, products)
    }

    /// A part of the outputs: `count` of them from `first`.
    pub(crate) fn outputs(&self, first: i64, count: i64) -> Result<Self, TchError> {
        Ok(Self {
            weight: self.weight.f_narrow(0, first, count)?,
            bias: self.bias.f_narrow(0, first, count)?,
        })
    }
}

/// The uniform distribution of Glorot and Bengio (2010).
pub(crate) fn xavier(inputs: i64, outputs: i64) -> Init {
    let bound = (6.0 / (inputs + outputs) as f64).sqrt();
    Init::Uniform {
        lo: -bound,
        up: bound,
    }
}

fn linear(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    products: Products,
) -> Result<Tensor, TchError> {
    match products {
        Products::Single => x.f_linear(weight, Some(bias)),
        Products::Bfloat16 => {
            let to = |t: &Tensor| t.f_to_kind(Kind::BFloat16);
            to(x)?.f_linear(&to(weight)?, Some(&to(bias)?))
        }
    }
}

/// Layer normalisation over the last dimension.
#[derive(Debug)]
pub(crate) struct LayerNorm {
    pub(crate) weight: Tensor,
    pub(crate) bias: Tensor,
}

/// PyTorch's default.
pub(crate) const LAYER_NORM_EPSILON: f64 = 1e-5;

impl LayerNorm {
    /// Parameters `weight` and `bias` `[size]` under `path`: one and zero.
    pub(crate) fn new(path: &Path<'_>, size: i64) -> Result<Self, TchError> {
        Ok(Self {
            weight: path.f_ones("weight", &[size])?,
            bias: path.f_zeros("bias", &[size])?,
        })
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        x.f_layer_norm(
            &self.weight.size()[..],
            Some(&self.weight),
            Some(&self.bias),
            LAYER_NORM_EPSILON,
            false,
        )
    }
}

/// The sinusoids of Vaswani et al. (2017): sine in even columns, cosine in odd ones, row r for position `first + r`.
pub(crate) fn sinusoids(
    rows: i64,
    width: i64,
    first: f64,
    device: Device,
) -> Result<Tensor, TchError> {
    // In 32-bit steps like the published tables, so that late rows agree with them too.
    let float = (Kind::Float, Device::Cpu);
    let positions = (Tensor::f_arange(rows, float)?.f_add_scalar(first)?).f_unsqueeze(1)?;
    let steps = Tensor::f_arange_start_step(0, width, 2, float)?
        .f_mul_scalar(-(10_000_f64.ln()) / width as f64)?
        .f_exp()?;
    let angles = positions.f_mul(&steps)?;
    Tensor::f_stack(&[angles.f_sin()?, angles.f_cos()?], 2)?
        .f_reshape([rows, width])?
        .f_to_device(device)
}

/// Splits [batch, time, width] into heads: [batch, heads, time, width / heads].
pub(crate) fn split_heads(x: &Tensor, heads: i64) -> Result<Tensor, TchError> {
    let (batch, time, width) = x.size3()?;
    x.f_view([batch, time, heads, width / heads])?
        .f_transpose(1, 2)
}

/// The reverse of [`split_heads`].
pub(crate) fn merge_heads(x: &Tensor) -> Result<Tensor, TchError> {
    let (batch, heads, time, width) = x.size4()?;
    x.f_transpose(1, 2)?.f_reshape([batch, time, heads * width])
}

/// Softmax attention with the usual scaling by the root of the head's width.
pub(crate) fn attend<T: Borrow<Tensor>>(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    mask: Option<T>,
    causal: bool,
) -> Result<Tensor, TchError> {
    Tensor::f_scaled_dot_product_attention(q, k, v, mask, 0.0, causal, None, false)
}

/// Dropout while training, nothing otherwise.
pub(crate) fn dropout(x: Tensor, probability: f64, train: bool) -> Result<Tensor, TchError> {
    if train && probability > 0.0 {
        x.f_dropout(probability, true)
    } else {
        Ok(x)
    }
}
