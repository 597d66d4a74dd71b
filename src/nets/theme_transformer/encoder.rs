//! The encoder: reads the theme.

use tch::nn::Path;
use tch::{TchError, Tensor};

use super::Config;
use super::feed_forward::FeedForward;
use crate::nets::layers::{LayerNorm, Linear, Products, attend, dropout, merge_heads, split_heads};

/// One post-norm layer: self-attention, then feed-forward, each added to its input and normalised.
#[derive(Debug)]
pub(super) struct EncoderLayer {
    heads: i64,
    pub(super) qkv: Linear,
    pub(super) out: Linear,
    norm1: LayerNorm,
    pub(super) feed_forward: FeedForward,
    norm2: LayerNorm,
}

impl EncoderLayer {
    pub(super) fn new(path: &Path<'_>, config: &Config) -> Result<Self, TchError> {
        let d = config.d_model;
        let attention = path / "self_attn";
        Ok(Self {
            heads: config.n_head,
            qkv: Linear::named(&attention, "in_proj_weight", "in_proj_bias", d, 3 * d)?,
            out: Linear::new(&(attention / "out_proj"), d, d)?,
            norm1: LayerNorm::new(&(path / "norm1"), d)?,
            feed_forward: FeedForward::new(path, config)?,
            norm2: LayerNorm::new(&(path / "norm2"), d)?,
        })
    }

    /// `x` [B, S, D]; `mask` broadcasts to [B, heads, S, S], false where nothing may be read.
    pub(super) fn forward(
        &self,
        x: &Tensor,
        mask: Option<&Tensor>,
        products: Products,
        drop: f64,
        train: bool,
    ) -> Result<Tensor, TchError> {
        let parts = self.qkv.forward(x, products)?.f_chunk(3, -1)?;
        let [q, k, v] = parts.as_slice() else {
            return Err(TchError::Shape("projection of three".to_owned()));
        };
        let read = attend(
            &split_heads(q, self.heads)?,
            &split_heads(k, self.heads)?,
            &split_heads(v, self.heads)?,
            mask,
            false,
        )?;
        let read = self.out.forward(&merge_heads(&read)?, products)?;
        let x = self
            .norm1
            .forward(&x.f_add(&dropout(read, drop, train)?)?)?;
        let fed = self.feed_forward.forward(&x, products, drop, train)?;
        self.norm2.forward(&x.f_add(&dropout(fed, drop, train)?)?)
    }
}
