//! Candidates that are decoded together by one thread.

use tch::Tensor;

use super::fast::Decoder;
use super::prime::Prime;
use super::sources::Sources;
use super::step::{Scratch, Step, Store};
use crate::nets::NetError;

/// Tokens and labels of one row.
pub(super) type Prefix = (Vec<i64>, Vec<i64>);

/// Rows with one clock: each step gives every row a token. Self-attention's keys and values of all tokens so far are kept, so
/// that a step costs one token, not the whole context; those of a prefix that all rows have in common are kept once.
#[derive(Debug)]
pub(super) struct Group {
    decoder: Decoder,
    rows: usize,
    /// Slots filled, padding included.
    length: usize,
    /// Slots of padding in front of every row.
    padding: Vec<usize>,
    /// Keys and values of the rows' own tokens, a store for every layer.
    caches: Vec<Store>,
    sources: Sources,
    scratch: Scratch,
    logits: Vec<f32>,
}

impl Group {
    /// Reads the sources (one for all rows, or one a row) for `rows` candidates.
    pub(super) fn new(
        decoder: &Decoder,
        sources: &[&[i64]],
        rows: usize,
    ) -> Result<Self, NetError> {
        let _guard = tch::no_grad_guard();
        let config = decoder.network().config();
        let caches =
            (0..decoder.inner.layers.len()).map(|_| Store::new(decoder, rows, config.max_target));
        Ok(Self {
            decoder: decoder.clone(),
            rows,
            length: 0,
            padding: vec![0; rows],
            caches: caches.collect(),
            sources: Sources::read(decoder, sources)?,
            scratch: Scratch::default(),
            logits: vec![0.0; rows * config.vocab as usize],
        })
    }

    /// How many tokens a row has in its context.
    pub(super) fn context(&self, row: usize) -> usize {
        self.length
            .saturating_sub(self.padding.get(row).copied().unwrap_or_default())
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn logits(&self) -> &[f32] {
        &self.logits
    }

    /// Forgets the context and reads new prefixes, one for all rows or one a row, padded in front to `longest` tokens. Those that
    /// do not fit were refused before.
    pub(super) fn prime(&mut self, prefixes: &[Prefix], longest: usize) -> Result<(), NetError> {
        let _guard = tch::no_grad_guard();
        self.length = 0;
        for cache in &mut self.caches {
            cache.share(0);
        }
        let vocab = self.decoder.network().config().vocab;
        // One row stands for all where nothing tells them apart.
        let shared = prefixes.len() == 1 && self.sources.is_one();
        let rows = if shared { 1 } else { self.rows };
        let prefix = |row: usize| prefixes.get(row).or(prefixes.first());
        let (mut tokens, mut labels, mut pads) = (Vec::new(), Vec::new(), Vec::new());
        for (own_tokens, own_labels) in (0..rows).filter_map(prefix) {
            let pad = longest.saturating_sub(own_tokens.len());
            for (all, own) in [(&mut tokens, own_tokens), (&mut labels, own_labels)] {
                all.extend(std::iter::repeat_n(0, pad));
                all.extend_from_slice(own);
            }
            pads.push(pad);
        }
        let logits = Prime::new(&self.decoder, &self.sources, &labels, &pads)?
            .run(&tokens, &mut self.caches)?;
        if shared {
            for cache in &mut self.caches {
                cache.share(longest);
            }
        }
        self.padding = if shared {
            vec![pads.first().copied().unwrap_or_default(); self.rows]
        } else {
            pads
        };
        self.length = longest;
        let logits = logits
            .f_expand([self.rows as i64, vocab], false)?
            .f_contiguous()?;
        self.deliver(&logits)
    }

    /// Gives every row its next token and label.
    pub(super) fn step(&mut self, tokens: &[i64], labels: &[i64]) -> Result<(), NetError> {
        let _guard = tch::no_grad_guard();
        let step = Step {
            tokens,
            labels,
            padding: &self.padding,
            slot: self.length,
            sources: &self.sources.lengths,
        };
        let logits =
            self.scratch
                .run(&self.decoder, &mut self.caches, &self.sources.stores, &step)?;
        self.length += 1;
        self.deliver(&logits)
    }

    /// Keeps only these rows, in this order.
    pub(super) fn keep(&mut self, rows: &[usize]) -> Result<(), NetError> {
        let _guard = tch::no_grad_guard();
        self.sources.keep(rows)?;
        for cache in &mut self.caches {
            cache.keep(rows);
        }
        let vocab = self.logits.len() / self.rows;
        self.logits = rows
            .iter()
            .flat_map(|&row| self.logits.iter().skip(row * vocab).take(vocab).copied())
            .collect();
        self.padding = rows
            .iter()
            .filter_map(|&row| self.padding.get(row).copied())
            .collect();
        self.rows = rows.len();
        Ok(())
    }

    fn deliver(&mut self, logits: &Tensor) -> Result<(), NetError> {
        Ok(logits.f_copy_data(&mut self.logits, logits.numel())?)
    }
}
