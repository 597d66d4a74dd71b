//! Whole prefixes through the decoder, as tensors.

use tch::{Kind, TchError, Tensor};

use super::fast::{Decoder, FastLayer};
use super::inputs::prime_mask;
use super::sources::{Memory, Sources};
use super::step::Store;
use crate::nets::NetError;
use crate::nets::layers::{attend, merge_heads};

/// Prefixes of equal length, padded in front.
pub(super) struct Prime<'a> {
    decoder: &'a Decoder,
    /// Rows and tokens.
    shape: [i64; 2],
    /// Encodings of positions, [R, T, D].
    positions: Tensor,
    /// Encodings of labels and their gates [R, T, D], [R, T, 1]. None where no token has a label.
    labels: Option<(Tensor, Tensor)>,
    /// 1 - gate, [R, T, 1]. None where no token has a label.
    closed: Option<Tensor>,
    /// What may be read where, for rows that are padded.
    mask: Option<Tensor>,
    sources: &'a Sources,
}

impl<'a> Prime<'a> {
    /// For `labels` of so many rows, with so many tokens of padding in front of each.
    pub(super) fn new(
        decoder: &'a Decoder,
        sources: &'a Sources,
        labels: &[i64],
        pads: &[usize],
    ) -> Result<Self, TchError> {
        let time = labels.len() / pads.len().max(1);
        let shape = [pads.len() as i64, time as i64];
        let table = &decoder.network().positions;
        let encoded = |numbers: &[i64]| {
            let numbers = Tensor::f_from_slice(numbers)?.f_view(shape)?;
            Tensor::f_embedding(table, &numbers, -1, false, false)
        };
        let positions: Vec<i64> = (pads.iter())
            .flat_map(|&pad| (0..time).map(move |slot| slot.saturating_sub(pad) as i64))
            .collect();
        let labels = if labels.iter().any(|&label| label > 0) {
            let gate = Tensor::f_from_slice(labels)?
                .f_view(shape)?
                .f_gt(0)?
                .f_to_kind(Kind::Float)?
                .f_unsqueeze(-1)?;
            Some((encoded(labels)?, gate))
        } else {
            None
        };
        let mask = if pads.iter().any(|&pad| pad > 0) {
            Some(prime_mask(pads, time)?)
        } else {
            None
        };
        Ok(Self {
            decoder,
            shape,
            positions: encoded(&positions)?,
            closed: (labels.as_ref())
                .map(|(_, gate)| gate.f_neg()?.f_add_scalar(1.0))
                .transpose()?,
            labels,
            mask,
            sources,
        })
    }

    /// Runs the tokens through all layers, filling the caches. Returns the logits after the last of each row, [R, vocab].
    pub(super) fn run(&self, tokens: &[i64], caches: &mut [Store]) -> Result<Tensor, NetError> {
        let tokens = Tensor::f_from_slice(tokens)?.f_view(self.shape)?;
        let mut x = self.decoder.network().embed(&tokens)?;
        let layers = self.decoder.inner.layers.iter().zip(&self.sources.memories);
        for ((layer, memory), cache) in layers.zip(caches) {
            x = self.layer(layer, memory, cache, &x)?;
        }
        let last = x.f_select(1, self.shape[1] - 1)?.f_contiguous()?;
        Ok((self.decoder.inner.output).forward(&self.decoder.inner.norm.forward(&last)?)?)
    }

    fn layer(
        &self,
        layer: &FastLayer,
        memory: &Memory,
        cache: &mut Store,
        x: &Tensor,
    ) -> Result<Tensor, TchError> {
        let mut sum = x.f_add(&self.own_branch(layer, cache, x)?)?;
        if let Some((labels, gate)) = &self.labels {
            let read = self.cross_branch(layer, memory, &x.f_add(labels)?)?;
            sum = sum.f_add(&read.f_mul(gate)?)?;
        }
        let x = layer.norm1.forward(&sum)?;
        let wide = layer.activation.apply(&layer.widen.forward(&x)?)?;
        layer
            .norm3
            .forward(&layer.narrow.forward(&wide)?.f_add(&x)?)
    }

    /// Half of what the layer's self-attention reads.
    fn own_branch(
        &self,
        layer: &FastLayer,
        cache: &mut Store,
        x: &Tensor,
    ) -> Result<Tensor, TchError> {
        let (rows, time, d) = x.size3()?;
        let heads = self.decoder.network().config().n_head;
        let qkv = layer
            .self_qkv
            .forward(&x.f_add(&self.positions)?)?
            .f_view([rows, time, 3, heads, d / heads])?
            .f_permute([2, 0, 3, 1, 4])?;
        let (q, k, v) = (qkv.f_get(0)?, qkv.f_get(1)?, qkv.f_get(2)?);
        cache.fill(&k, &v)?;
        let read = attend(&q, &k, &v, self.mask.as_ref(), self.mask.is_none())?;
        let read = layer.self_out.forward(&merge_heads(&read)?)?;
        match &self.closed {
            Some(closed) if layer.exclusive => read.f_mul(closed),
            _ => Ok(read),
        }
    }

    /// Half of what the layer's cross-attention reads in the source, for labelled inputs `x` [R, T, D].
    fn cross_branch(
        &self,
        layer: &FastLayer,
        memory: &Memory,
        x: &Tensor,
    ) -> Result<Tensor, TchError> {
        let (rows, time, d) = x.size3()?;
        let heads = self.decoder.network().config().n_head;
        // One source for all rows: every row's tokens are just more queries to it.
        let (batch, queries) = if self.sources.is_one() {
            (1, rows * time)
        } else {
            (rows, time)
        };
        let q = layer
            .cross_q
            .forward(x)?
            .f_view([batch, queries, heads, d / heads])?
            .f_transpose(1, 2)?;
        let mask = self.sources.mask.as_ref();
        let read = attend(&q, &memory.keys, &memory.values, mask, false)?;
        layer
            .cross_out
            .forward(&merge_heads(&read)?.f_view([rows, time, d])?)
    }
}
