//! The decoder: writes the piece, reading the theme where a label says so.

use tch::nn::Path;
use tch::{TchError, Tensor};

use super::Config;
use super::feed_forward::FeedForward;
use crate::nets::layers::{LayerNorm, Linear, Products, attend, dropout, merge_heads, split_heads};

/// One layer: causal self-attention and cross-attention side by side, their gated mean added to the input and
/// normalised; then feed-forward, added and normalised.
#[derive(Debug)]
pub(super) struct DecoderLayer {
    pub(super) heads: i64,
    /// Whether the self branch is closed where the cross branch is open.
    pub(super) exclusive: bool,
    pub(super) self_qkv: Linear,
    pub(super) self_out: Linear,
    pub(super) cross_qkv: Linear,
    pub(super) cross_out: Linear,
    pub(super) norm1: LayerNorm,
    pub(super) feed_forward: FeedForward,
    pub(super) norm3: LayerNorm,
}

/// What every layer of one pass shares.
pub(super) struct Pass<'a> {
    /// Encodings of the target positions [T, D].
    pub(super) positions: &'a Tensor,
    /// Encodings of the labels [B, T, D].
    pub(super) labels: &'a Tensor,
    /// 1 where a label is given, else 0, [B, T, 1].
    pub(super) gate: &'a Tensor,
    /// 1 - gate.
    pub(super) closed: &'a Tensor,
    /// The encoder's output [B, S, D].
    pub(super) memory: &'a Tensor,
    /// Broadcasts to [B, heads, T, S], false at padding.
    pub(super) memory_mask: Option<&'a Tensor>,
    pub(super) products: Products,
    pub(super) drop: f64,
    pub(super) train: bool,
}

impl DecoderLayer {
    pub(super) fn new(path: &Path<'_>, config: &Config, exclusive: bool) -> Result<Self, TchError> {
        let d = config.d_model;
        let (own, cross) = (path / "self_attn", path / "multihead_attn");
        Ok(Self {
            heads: config.n_head,
            exclusive,
            self_qkv: Linear::named(&own, "in_proj_weight", "in_proj_bias", d, 3 * d)?,
            self_out: Linear::new(&(own / "out_proj"), d, d)?,
            cross_qkv: Linear::named(&cross, "in_proj_weight", "in_proj_bias", d, 3 * d)?,
            cross_out: Linear::new(&(cross / "out_proj"), d, d)?,
            norm1: LayerNorm::new(&(path / "norm1"), d)?,
            feed_forward: FeedForward::new(path, config)?,
            norm3: LayerNorm::new(&(path / "norm3"), d)?,
        })
    }

    /// `x` [B, T, D] to the same shape.
    pub(super) fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, TchError> {
        let both = self
            .self_branch(x, pass)?
            .f_add(&self.cross_branch(x, pass)?)?
            .f_mul_scalar(0.5)?;
        let x = self
            .norm1
            .forward(&x.f_add(&dropout(both, pass.drop, pass.train)?)?)?;
        let fed = self
            .feed_forward
            .forward(&x, pass.products, pass.drop, pass.train)?;
        self.norm3
            .forward(&x.f_add(&dropout(fed, pass.drop, pass.train)?)?)
    }

    fn self_branch(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, TchError> {
        let parts = self
            .self_qkv
            .forward(&x.f_add(pass.positions)?, pass.products)?
            .f_chunk(3, -1)?;
        let [q, k, v] = parts.as_slice() else {
            return Err(TchError::Shape("projection of three".to_owned()));
        };
        let read = attend::<&Tensor>(
            &split_heads(q, self.heads)?,
            &split_heads(k, self.heads)?,
            &split_heads(v, self.heads)?,
            None,
            true,
        )?;
        let read = self.self_out.forward(&merge_heads(&read)?, pass.products)?;
        if self.exclusive {
            read.f_mul(pass.closed)
        } else {
            Ok(read)
        }
    }

    fn cross_branch(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor, TchError> {
        let d = x.size().last().copied().unwrap_or_default();
        let q = self
            .cross_qkv
            .outputs(0, d)?
            .forward(&x.f_add(pass.labels)?, pass.products)?;
        let parts = self
            .cross_qkv
            .outputs(d, 2 * d)?
            .forward(pass.memory, pass.products)?
            .f_chunk(2, -1)?;
        let [k, v] = parts.as_slice() else {
            return Err(TchError::Shape("projection of two".to_owned()));
        };
        let read = attend(
            &split_heads(&q, self.heads)?,
            &split_heads(k, self.heads)?,
            &split_heads(v, self.heads)?,
            pass.memory_mask,
            false,
        )?;
        self.cross_out
            .forward(&merge_heads(&read)?, pass.products)?
            .f_mul(pass.gate)
    }
}
