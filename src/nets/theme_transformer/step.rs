//! One more token for every candidate: the decoder on slices, with tensors for the large products only. A single token is too
//! little work for a tensor operation to be worth its call.

use tch::{TchError, Tensor};

use super::cells::{Cell, Cells, Reader};
use super::fast::{Arithmetic, Decoder, FastLayer};
use crate::nets::packed;

/// Keys and values of one layer, in the numbers that the arithmetic asks for.
#[derive(Debug)]
pub(super) enum Store {
    Single(Cells<f32>),
    Sixteen(Cells<i16>),
    Eight(Cells<i8>),
}

/// The same for whichever numbers.
macro_rules! each {
    ($store:expr, $cells:ident => $what:expr) => {
        match $store {
            Store::Single($cells) => $what,
            Store::Sixteen($cells) => $what,
            Store::Eight($cells) => $what,
        }
    };
}

impl Store {
    /// Room for so many rows and slots.
    pub(super) fn new(decoder: &Decoder, rows: usize, slots: usize) -> Self {
        let config = decoder.network().config();
        let heads = config.n_head as usize;
        let width = config.d_model as usize / heads;
        match decoder.arithmetic() {
            Arithmetic::Single => Self::Single(Cells::new(rows, heads, width, slots)),
            Arithmetic::Packed => Self::Sixteen(Cells::new(rows, heads, width, slots)),
            Arithmetic::Quantized => Self::Eight(Cells::new(rows, heads, width, slots)),
        }
    }

    /// Takes the first slots from keys and values `[rows, heads, slots, width]`; one row stands for all.
    pub(super) fn fill(&mut self, keys: &Tensor, values: &Tensor) -> Result<(), TchError> {
        each!(self, cells => fill(cells, keys, values))
    }

    pub(super) fn share(&mut self, count: usize) {
        each!(self, cells => cells.share(count));
    }

    pub(super) fn keep(&mut self, rows: &[usize]) {
        each!(self, cells => cells.keep(rows));
    }

    fn write(&mut self, row: usize, slot: usize, width: usize, key: &[f32], value: &[f32]) {
        let heads = key.chunks_exact(width).zip(value.chunks_exact(width));
        for (head, (key, value)) in heads.enumerate() {
            each!(self, cells => cells.write(row, head, slot, key, value));
        }
    }

    fn attend(
        &self,
        queries: &[f32],
        readers: &[Reader],
        scores: &mut Vec<f32>,
        out: &mut Vec<f32>,
    ) {
        each!(self, cells => cells.attend(queries, readers, scores, out));
    }
}

fn fill<T: Cell>(cells: &mut Cells<T>, keys: &Tensor, values: &Tensor) -> Result<(), TchError> {
    let (rows, heads, slots, width) = keys.size4()?;
    let (rows, heads, slots, width) = (
        rows as usize,
        heads as usize,
        slots as usize,
        width as usize,
    );
    let (keys, values) = (super::norm::numbers(keys)?, super::norm::numbers(values)?);
    let each = keys.chunks_exact(width).zip(values.chunks_exact(width));
    for (i, (key, value)) in each.enumerate().take(rows * heads * slots) {
        let (line, slot) = (i / slots, i % slots);
        cells.write(line / heads, line % heads, slot, key, value);
    }
    Ok(())
}

/// What a step of some rows is told.
pub(super) struct Step<'a> {
    pub(super) tokens: &'a [i64],
    pub(super) labels: &'a [i64],
    /// Slots of padding in front of every row.
    pub(super) padding: &'a [usize],
    /// The slot that every row fills.
    pub(super) slot: usize,
    /// Tokens of each source; one for all rows, or one a row.
    pub(super) sources: &'a [usize],
}

/// Room for what comes up in a step, kept from one to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    x: Vec<f32>,
    sum: Vec<f32>,
    input: Vec<f32>,
    projected: Vec<f32>,
    queries: Vec<f32>,
    read: Vec<f32>,
    scores: Vec<f32>,
    readers: Vec<Reader>,
}

impl Scratch {
    /// Runs the step through all layers and returns the logits, `[rows, vocab]`.
    pub(super) fn run(
        &mut self,
        decoder: &Decoder,
        caches: &mut [Store],
        memories: &[Store],
        step: &Step<'_>,
    ) -> Result<Tensor, TchError> {
        self.x.clear();
        for token in step.tokens {
            self.x
                .extend_from_slice(decoder.embedding_of(*token as usize));
        }
        for ((layer, cache), memory) in decoder.inner.layers.iter().zip(caches).zip(memories) {
            self.sum.clone_from(&self.x);
            self.own_branch(decoder, layer, cache, step)?;
            self.cross_branch(decoder, layer, memory, step)?;
            layer.norm1.apply(&mut self.sum);
            let rows = step.tokens.len();
            let wide = layer.widen.forward(&tensor(&self.sum, rows)?)?;
            let fed = layer.narrow.forward(&layer.activation.apply(&wide)?)?;
            take(&fed, &mut self.x)?;
            add(&mut self.x, &self.sum);
            layer.norm3.apply(&mut self.x);
        }
        decoder.inner.norm.apply(&mut self.x);
        decoder
            .inner
            .output
            .forward(&tensor(&self.x, step.tokens.len())?)
    }

    /// Keeps the new keys and values and adds what rows read in their own past. Exclusive layers are closed inside regions.
    fn own_branch(
        &mut self,
        decoder: &Decoder,
        layer: &FastLayer,
        cache: &mut Store,
        step: &Step<'_>,
    ) -> Result<(), TchError> {
        let (rows, d) = (step.tokens.len(), decoder.width());
        let width = d / decoder.network().config().n_head as usize;
        self.input.clone_from(&self.x);
        for (row, pad) in self.input.chunks_exact_mut(d).zip(step.padding) {
            add(row, decoder.position(step.slot.saturating_sub(*pad)));
        }
        product(&layer.self_qkv, &self.input, rows, &mut self.projected)?;
        self.queries.clear();
        self.readers.clear();
        for (row, projected) in self.projected.chunks_exact(3 * d).enumerate() {
            let (query, both) = projected.split_at(d);
            let (key, value) = both.split_at(d);
            cache.write(row, step.slot, width, key, value);
            if !(layer.exclusive && step.labels[row] > 0) {
                self.queries.extend_from_slice(query);
                self.readers.push(Reader {
                    row,
                    slots: step.padding[row]..step.slot + 1,
                });
            }
        }
        self.read_in(cache, &layer.self_out)
    }

    /// Adds what rows inside theme regions read in their sources.
    fn cross_branch(
        &mut self,
        decoder: &Decoder,
        layer: &FastLayer,
        memory: &Store,
        step: &Step<'_>,
    ) -> Result<(), TchError> {
        let d = decoder.width();
        let inside = || (0..step.labels.len()).filter(|row| step.labels[*row] > 0);
        self.input.clear();
        for row in inside() {
            self.input
                .extend_from_slice(&self.x[row * d..(row + 1) * d]);
            let label = decoder.position(step.labels[row] as usize);
            let start = self.input.len() - d;
            add(&mut self.input[start..], label);
        }
        self.readers.clear();
        for row in inside() {
            let own = step.sources.get(row).filter(|_| step.sources.len() > 1);
            let length = own.or(step.sources.first()).copied().unwrap_or_default();
            self.readers.push(Reader {
                row,
                slots: 0..length,
            });
        }
        if self.readers.is_empty() {
            return Ok(());
        }
        let rows = self.readers.len();
        product(&layer.cross_q, &self.input, rows, &mut self.queries)?;
        self.read_in(memory, &layer.cross_out)
    }

    /// Attention of the queries, projected and added to the sums of the readers' rows.
    fn read_in(&mut self, store: &Store, out: &packed::Linear) -> Result<(), TchError> {
        if self.readers.is_empty() {
            return Ok(());
        }
        store.attend(
            &self.queries,
            &self.readers,
            &mut self.scores,
            &mut self.read,
        );
        let rows = self.readers.len();
        product(out, &self.read, rows, &mut self.projected)?;
        let d = self.projected.len() / rows;
        for (reader, read) in self.readers.iter().zip(self.projected.chunks_exact(d)) {
            add(&mut self.sum[reader.row * d..(reader.row + 1) * d], read);
        }
        Ok(())
    }
}

fn tensor(numbers: &[f32], rows: usize) -> Result<Tensor, TchError> {
    Tensor::f_from_slice(numbers)?.f_view([rows as i64, (numbers.len() / rows) as i64])
}

fn take(tensor: &Tensor, numbers: &mut Vec<f32>) -> Result<(), TchError> {
    numbers.resize(tensor.numel(), 0.0);
    tensor.f_copy_data(numbers, tensor.numel())
}

fn product(
    layer: &packed::Linear,
    input: &[f32],
    rows: usize,
    output: &mut Vec<f32>,
) -> Result<(), TchError> {
    take(&layer.forward(&tensor(input, rows)?)?, output)
}

fn add(to: &mut [f32], what: &[f32]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += what;
    }
}
