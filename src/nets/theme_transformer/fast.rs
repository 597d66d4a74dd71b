//! The decoder's parameters in the form that decoding wants them.

use std::path::Path;

use tch::{Device, TchError, Tensor};

use super::decoder::DecoderLayer;
use super::{Activation, ThemeTransformer};
use crate::nets::NetError;
use crate::nets::layers::{LayerNorm, Linear};
use crate::nets::packed;

/// How the weights of decoding are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arithmetic {
    /// Half-precision weights packed for the processor, 32-bit sums: several times faster, where the processor has it.
    #[default]
    Packed,
    /// Weights and what goes into products in 8 bits: a fifth faster again with one candidate, .0008 nats a token worse on held-out
    /// songs (`examples/judge_decoding`). The range of the roundings is that of all rows together, so that a candidate depends a
    /// little on those beside it.
    Quantized,
    /// 32-bit weights: the same numbers as [`ThemeTransformer::forward`].
    Single,
}

/// A network made ready for decoding, shared by any number of [`Session`](super::Session)s, one after another.
#[derive(Debug)]
pub struct Decoder {
    network: ThemeTransformer,
    pub(super) embedding: Tensor,
    pub(super) layers: Vec<FastLayer>,
    pub(super) norm: LayerNorm,
    pub(super) output: packed::Linear,
}

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
    pub(super) norm1: LayerNorm,
    pub(super) widen: packed::Linear,
    pub(super) activation: Activation,
    pub(super) narrow: packed::Linear,
    pub(super) norm3: LayerNorm,
}

impl Decoder {
    /// Takes a trained network over.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn new(network: ThemeTransformer, arithmetic: Arithmetic) -> Result<Self, NetError> {
        let _guard = tch::no_grad_guard();
        // Packed products exist on the CPU alone.
        let on_cpu = network.embedding.device() == Device::Cpu;
        let linear = |layer: &Linear, factor: f64| -> Result<packed::Linear, TchError> {
            let (weight, bias) = (
                layer.weight.f_mul_scalar(factor)?,
                layer.bias.f_mul_scalar(factor)?,
            );
            match arithmetic {
                Arithmetic::Packed if on_cpu => packed::Linear::packed(&weight, &bias),
                Arithmetic::Quantized if on_cpu => packed::Linear::quantized(&weight, &bias),
                _ => packed::Linear::plain(&weight, &bias),
            }
        };
        let d = network.config.d_model;
        let norm = |norm: &LayerNorm| -> Result<LayerNorm, TchError> {
            Ok(LayerNorm {
                weight: norm.weight.f_detach()?,
                bias: norm.bias.f_detach()?,
            })
        };
        let layer = |layer: &DecoderLayer| -> Result<FastLayer, TchError> {
            Ok(FastLayer {
                exclusive: layer.exclusive,
                self_qkv: linear(&layer.self_qkv, 1.0)?,
                self_out: linear(&layer.self_out, 0.5)?,
                cross_q: linear(&layer.cross_qkv.outputs(0, d)?, 1.0)?,
                cross_kv: layer.cross_qkv.outputs(d, 2 * d)?,
                cross_out: linear(&layer.cross_out, 0.5)?,
                norm1: norm(&layer.norm1)?,
                widen: linear(&layer.feed_forward.widen, 1.0)?,
                activation: layer.feed_forward.activation,
                narrow: linear(&layer.feed_forward.narrow, 1.0)?,
                norm3: norm(&layer.norm3)?,
            })
        };
        Ok(Self {
            embedding: network.embedding.f_detach()?,
            layers: network
                .decoder
                .iter()
                .map(layer)
                .collect::<Result<_, TchError>>()?,
            norm: norm(&network.decoder_norm)?,
            output: linear(&network.output, 1.0)?,
            network,
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

    /// The network itself, for its configuration, its encoder and whole passes.
    pub fn network(&self) -> &ThemeTransformer {
        &self.network
    }

    /// Whether the products are packed: they are not on processors without AVX2.
    pub fn is_packed(&self) -> bool {
        self.output.is_packed()
    }
}
