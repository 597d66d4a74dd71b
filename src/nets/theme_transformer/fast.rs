//! The decoder's parameters in the form that decoding wants them.

use std::path::Path;
use std::sync::Arc;

use tch::{Device, TchError};

use super::decoder::DecoderLayer;
use super::norm::{Norm, numbers};
use super::{Activation, ThemeTransformer};
use crate::nets::NetError;
use crate::nets::layers::Linear;
use crate::nets::packed;

/// How the weights of decoding are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arithmetic {
    /// Half-precision weights packed for the processor where it has products for them, keys and values in 16 bits, 32-bit sums:
    /// several times faster.
    #[default]
    Packed,
    /// Weights, what goes into products, keys and values in 8 bits: steps are half as fast again; what it costs on held-out
    /// songs, `examples/judge_decoding` measures. The range of the roundings is that of all rows together, so that a candidate
    /// depends a little on those beside it.
    Quantized,
    /// 32-bit weights: the same numbers as [`ThemeTransformer::forward`].
    Single,
}

/// A network made ready for decoding, shared by any number of [`Session`](super::Session)s. Clones are handles on the same
/// weights.
#[derive(Clone, Debug)]
pub struct Decoder {
    pub(super) inner: Arc<Inner>,
    threads: usize,
}

/// What all handles share; nothing in it is written once it is made.
#[derive(Debug)]
pub(super) struct Inner {
    network: ThemeTransformer,
    arithmetic: Arithmetic,
    /// The tables of the network as numbers, row after row.
    embedding: Vec<f32>,
    positions: Vec<f32>,
    pub(super) layers: Vec<FastLayer>,
    pub(super) norm: Norm,
    pub(super) output: packed::Linear,
}

#[allow(
    unsafe_code,
    reason = "tensors are not shared between threads unless somebody vouches for it"
)]
// SAFETY: the tensors are only read, by operations that change none of their metadata, which libtorch allows from any number of
// threads at once; handles to their storage are counted atomically.
unsafe impl Sync for Inner {}

/// One decoder layer. The branches' mean is taken in the weights: both `out` layers carry half of the published ones.
#[derive(Debug)]
pub(super) struct FastLayer {
    pub(super) exclusive: bool,
    pub(super) self_qkv: packed::Linear,
    pub(super) self_out: packed::Linear,
    pub(super) cross_q: packed::Linear,
    /// Used once a session, on the encoder's output.
    pub(super) cross_kv: Linear,
    pub(super) cross_out: packed::Linear,
    pub(super) norm1: Norm,
    pub(super) widen: packed::Linear,
    pub(super) activation: Activation,
    pub(super) narrow: packed::Linear,
    pub(super) norm3: Norm,
}

impl Decoder {
    /// Takes a trained network over.
    ///
    /// # Errors
    /// When it is not on the CPU, where alone there is decoding, or memory runs out.
    pub fn new(network: ThemeTransformer, arithmetic: Arithmetic) -> Result<Self, NetError> {
        let _guard = tch::no_grad_guard();
        if network.embedding.device() != Device::Cpu {
            return Err(NetError::Input(
                "decoding runs on the CPU: load the network there".to_owned(),
            ));
        }
        let linear = |layer: &Linear, factor: f64| -> Result<packed::Linear, TchError> {
            let (weight, bias) = (
                layer.weight.f_mul_scalar(factor)?,
                layer.bias.f_mul_scalar(factor)?,
            );
            match arithmetic {
                Arithmetic::Packed => packed::Linear::packed(&weight, &bias),
                Arithmetic::Quantized => packed::Linear::quantized(&weight, &bias),
                Arithmetic::Single => packed::Linear::plain(&weight, &bias),
            }
        };
        let d = network.config.d_model;
        let layer = |layer: &DecoderLayer| -> Result<FastLayer, TchError> {
            Ok(FastLayer {
                exclusive: layer.exclusive,
                self_qkv: linear(&layer.self_qkv, 1.0)?,
                self_out: linear(&layer.self_out, 0.5)?,
                cross_q: linear(&layer.cross_qkv.outputs(0, d)?, 1.0)?,
                cross_kv: layer.cross_qkv.outputs(d, 2 * d)?,
                cross_out: linear(&layer.cross_out, 0.5)?,
                norm1: Norm::new(&layer.norm1)?,
                widen: linear(&layer.feed_forward.widen, 1.0)?,
                activation: layer.feed_forward.activation,
                narrow: linear(&layer.feed_forward.narrow, 1.0)?,
                norm3: Norm::new(&layer.norm3)?,
            })
        };
        let inner = Inner {
            arithmetic,
            embedding: numbers(&network.embedding)?,
            positions: numbers(&network.positions)?,
            layers: network
                .decoder
                .iter()
                .map(layer)
                .collect::<Result<_, TchError>>()?,
            norm: Norm::new(&network.decoder_norm)?,
            output: linear(&network.output, 1.0)?,
            network,
        };
        Ok(Self {
            inner: Arc::new(inner),
            threads: 1,
        })
    }

    /// Loads a model's folder (`config.json` and weights) for decoding on the CPU.
    ///
    /// # Errors
    /// As [`ThemeTransformer::load`].
    pub fn load(folder: &Path) -> Result<Self, NetError> {
        Self::new(
            ThemeTransformer::load(folder, Device::Cpu)?,
            Arithmetic::default(),
        )
    }

    /// Shares the rows of sessions out among so many threads, 1 by default, of which the caller's is one.
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Self {
        Self {
            threads: threads.max(1),
            ..self
        }
    }

    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    pub(super) fn arithmetic(&self) -> Arithmetic {
        self.inner.arithmetic
    }

    /// The width of the model.
    pub(super) fn width(&self) -> usize {
        self.inner.network.config.d_model as usize
    }

    /// The embedding of a token below the vocabulary's size.
    pub(super) fn embedding_of(&self, token: usize) -> &[f32] {
        let width = self.width();
        &self.inner.embedding[token * width..(token + 1) * width]
    }

    /// The sinusoids of a position or label below [`super::POSITIONS`].
    pub(super) fn position(&self, position: usize) -> &[f32] {
        let width = self.width();
        &self.inner.positions[position * width..(position + 1) * width]
    }

    /// The network itself, for its configuration, its encoder and whole passes.
    pub fn network(&self) -> &ThemeTransformer {
        &self.inner.network
    }

    /// Whether the products are packed: they are not on processors without AVX2.
    pub fn is_packed(&self) -> bool {
        self.inner.output.is_packed()
    }
}
