//! What the candidates of a session read as their theme.

use tch::{TchError, Tensor};

use super::fast::Decoder;
use super::inputs::{check_tokens, right_padded};
use super::step::Store;
use crate::nets::NetError;
use crate::nets::layers::Products;

/// The encoded sources: one for all rows, or one a row.
#[derive(Debug)]
pub(super) struct Sources {
    /// Keys and values for every layer, as primes read them.
    pub(super) memories: Vec<Memory>,
    /// The same as steps read them.
    pub(super) stores: Vec<Store>,
    /// Tokens of each.
    pub(super) lengths: Vec<usize>,
    /// False at the padding of shorter ones, [sources, 1, 1, S].
    pub(super) mask: Option<Tensor>,
}

/// Keys and values in one layer, [sources, heads, S, head width] each.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) keys: Tensor,
    pub(super) values: Tensor,
}

impl Sources {
    /// Reads the sources' token numbers.
    pub(super) fn read(decoder: &Decoder, sources: &[&[i64]]) -> Result<Self, NetError> {
        let network = decoder.network();
        let config = network.config();
        for source in sources {
            check_tokens(source, config.vocab, "source")?;
        }
        let lengths: Vec<usize> = sources.iter().map(|source| source.len()).collect();
        let longest = lengths.iter().copied().max().unwrap_or_default();
        let tokens: Vec<i64> = (sources.iter())
            .flat_map(|source| right_padded(source, longest))
            .collect();
        let shape = [sources.len() as i64, longest as i64];
        let tokens = Tensor::f_from_slice(&tokens)?.f_view(shape)?;
        let ends = if lengths.iter().any(|length| *length < longest) {
            let ends: Vec<bool> = (lengths.iter())
                .flat_map(|length| (0..longest).map(move |i| i >= *length))
                .collect();
            Some(Tensor::f_from_slice(&ends)?.f_view(shape)?)
        } else {
            None
        };
        let memory = network.encode(&tokens, ends.as_ref(), false)?;
        let heads = config.n_head;
        let memories = decoder.inner.layers.iter().map(|layer| {
            let both = layer
                .cross_kv
                .forward(&memory, Products::Single)?
                .f_view([shape[0], shape[1], 2, heads, config.d_model / heads])?
                .f_permute([2, 0, 3, 1, 4])?;
            Ok(Memory {
                keys: both.f_get(0)?.f_contiguous()?,
                values: both.f_get(1)?.f_contiguous()?,
            })
        });
        let memories = memories.collect::<Result<Vec<_>, TchError>>()?;
        let stores = memories.iter().map(|memory| {
            let mut store = Store::new(decoder, sources.len(), longest);
            store.fill(&memory.keys, &memory.values)?;
            if sources.len() == 1 {
                store.share(longest);
            }
            Ok(store)
        });
        Ok(Self {
            stores: stores.collect::<Result<_, TchError>>()?,
            memories,
            lengths,
            mask: ends
                .map(|ends| ends.f_logical_not()?.f_unsqueeze(1)?.f_unsqueeze(1))
                .transpose()?,
        })
    }

    /// Whether one stands for all rows.
    pub(super) fn is_one(&self) -> bool {
        self.lengths.len() == 1
    }

    /// Keeps those of these rows, in this order; one for all stays.
    pub(super) fn keep(&mut self, rows: &[usize]) -> Result<(), TchError> {
        if self.is_one() {
            return Ok(());
        }
        let index: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        let index = Tensor::f_from_slice(&index)?;
        for memory in &mut self.memories {
            memory.keys = memory.keys.f_index_select(0, &index)?;
            memory.values = memory.values.f_index_select(0, &index)?;
        }
        self.mask = (self.mask.as_ref())
            .map(|mask| mask.f_index_select(0, &index))
            .transpose()?;
        self.lengths = (rows.iter())
            .filter_map(|row| self.lengths.get(*row).copied())
            .collect();
        for store in &mut self.stores {
            store.keep(rows);
            if let [only] = self.lengths[..] {
                store.share(only);
            }
        }
        Ok(())
    }
}
