//! Keys and values that decoding attends to, and attention over them.
//!
//! Reading them from memory is most of what many candidates cost: those of eight with 512 tokens are 50 MB in 32-bit floats.
//! They can be rounded to 16 or 8 bits, with one scale for each token and head, and what all candidates have in common is
//! kept once. The loops are plain Rust, compiled twice: for any processor, and for x86-64 with AVX2.

#![allow(
    clippy::inline_always,
    reason = "what is not inlined into the function compiled for AVX2 is compiled without it"
)]

use std::ops::Range;

/// Slots whose keys are interleaved, so that their products with a query are formed side by side.
const LANES: usize = 32;
/// Columns of values that are summed side by side.
const COLUMNS: usize = 32;
/// Scores that are softened side by side.
const WIDE: usize = 16;

/// A number as it is kept.
pub(super) trait Cell: Copy + Default + Send + std::fmt::Debug {
    /// The largest; `None` where numbers are kept as they are.
    const LARGEST: Option<f32>;

    /// The nearest to `value`, which is at most [`Self::LARGEST`] in size.
    fn nearest(value: f32) -> Self;

    fn wide(self) -> f32;
}

impl Cell for f32 {
    const LARGEST: Option<f32> = None;

    #[inline(always)]
    fn nearest(value: f32) -> Self {
        value
    }

    #[inline(always)]
    fn wide(self) -> f32 {
        self
    }
}

macro_rules! whole_cell {
    ($number:ty) => {
        impl Cell for $number {
            const LARGEST: Option<f32> = Some(Self::MAX as f32);

            #[inline(always)]
            fn nearest(value: f32) -> Self {
                whole(value) as Self
            }

            #[inline(always)]
            fn wide(self) -> f32 {
                f32::from(self)
            }
        }
    };
}

whole_cell!(i16);
whole_cell!(i8);

/// Added to a float below 2^22 in size, leaves its nearest whole number in the lowest bits.
const ROUNDER: f32 = 12_582_912.0;

/// The nearest whole number, for less than 2^22: two instructions on any processor, where `round` may be a call.
#[inline(always)]
fn whole(value: f32) -> i32 {
    ((value + ROUNDER).to_bits() as i32).wrapping_sub(ROUNDER.to_bits() as i32)
}

/// Which slots of which row a query reads.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) row: usize,
    pub(super) slots: Range<usize>,
}

/// Keys and values of one layer for some rows.
#[derive(Debug)]
pub(super) struct Cells<T> {
    heads: usize,
    width: usize,
    /// Slots of a row, a multiple of [`LANES`].
    slots: usize,
    /// Slots before this one are the same in every row and are kept in the first.
    shared: usize,
    /// `[row, head, slot / LANES, width, slot % LANES]`.
    keys: Vec<T>,
    /// `[row, head, slot, width]`.
    values: Vec<T>,
    /// What a number of a slot's key is worth, `[row, head, slot]`; of its value.
    key_scales: Vec<f32>,
    value_scales: Vec<f32>,
}

impl<T: Cell> Cells<T> {
    /// Empty cells for so many rows, heads of some width, and at least so many slots.
    pub(super) fn new(rows: usize, heads: usize, width: usize, slots: usize) -> Self {
        let slots = slots.next_multiple_of(LANES);
        let lines = rows * heads * slots;
        Self {
            heads,
            width,
            slots,
            shared: 0,
            keys: vec![T::default(); lines * width],
            values: vec![T::default(); lines * width],
            key_scales: vec![0.0; lines],
            value_scales: vec![0.0; lines],
        }
    }

    /// From now on the slots before `count` are those of the first row for all of them.
    pub(super) fn share(&mut self, count: usize) {
        self.shared = count;
    }

    /// Keeps the key and value of one head in a slot.
    pub(super) fn write(
        &mut self,
        row: usize,
        head: usize,
        slot: usize,
        key: &[f32],
        value: &[f32],
    ) {
        let width = self.width;
        let line = (row * self.heads + head) * self.slots;
        let (scale, inverse) = scale_of::<T>(key);
        self.key_scales[line + slot] = scale;
        let block = (line + slot / LANES * LANES) * width;
        let columns = self.keys[block..block + width * LANES].chunks_exact_mut(LANES);
        for (column, key) in columns.zip(key) {
            column[slot % LANES] = T::nearest(key * inverse);
        }
        let (scale, inverse) = scale_of::<T>(value);
        self.value_scales[line + slot] = scale;
        let at = (line + slot) * width;
        for (cell, value) in self.values[at..at + width].iter_mut().zip(value) {
            *cell = T::nearest(value * inverse);
        }
    }

    /// Keeps only these rows, in this order.
    pub(super) fn keep(&mut self, rows: &[usize]) {
        let (lines, cells) = (
            self.heads * self.slots,
            self.heads * self.slots * self.width,
        );
        let first = rows.first().copied().unwrap_or_default();
        if self.shared > 0 && first != 0 {
            self.carry_shared_to(first);
        }
        self.keys = picked(&self.keys, rows, cells);
        self.values = picked(&self.values, rows, cells);
        self.key_scales = picked(&self.key_scales, rows, lines);
        self.value_scales = picked(&self.value_scales, rows, lines);
    }

    /// Copies what the first row keeps for all to another, which will be the first.
    fn carry_shared_to(&mut self, row: usize) {
        let shared = self.shared;
        let width = self.width;
        for head in 0..self.heads {
            let from = head * self.slots;
            let to = (row * self.heads + head) * self.slots;
            self.key_scales.copy_within(from..from + shared, to);
            self.value_scales.copy_within(from..from + shared, to);
            self.values
                .copy_within(from * width..(from + shared) * width, to * width);
            for column in 0..shared.div_ceil(LANES) * width {
                let lanes = (shared - column / width * LANES).min(LANES);
                let at = from * width + column * LANES;
                self.keys
                    .copy_within(at..at + lanes, to * width + column * LANES);
            }
        }
    }

    /// Softmax attention, one query of all heads for each reader: `queries` and `out` are `[readers, heads * width]`. A reader
    /// of no slot gets 0.
    pub(super) fn attend(
        &self,
        queries: &[f32],
        readers: &[Reader],
        scores: &mut Vec<f32>,
        out: &mut Vec<f32>,
    ) {
        scores.resize(self.slots, 0.0);
        out.clear();
        out.resize(queries.len(), 0.0);
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            attend_with_avx2(self, queries, readers, scores, out);
            return;
        }
        attend(self, queries, readers, scores, out);
    }

    #[inline(always)]
    fn score(
        &self,
        row: usize,
        head: usize,
        slots: Range<usize>,
        query: &[f32],
        scores: &mut [f32],
    ) {
        if slots.is_empty() {
            return;
        }
        let line = (row * self.heads + head) * self.slots;
        let scaling = 1.0 / (self.width as f32).sqrt();
        for first in (slots.start / LANES * LANES..slots.end).step_by(LANES) {
            let mut sums = [0.0_f32; LANES];
            let block = (line + first) * self.width;
            let (columns, _) = self.keys[block..block + self.width * LANES].as_chunks::<LANES>();
            for (column, query) in columns.iter().zip(query) {
                for (sum, key) in sums.iter_mut().zip(column) {
                    *sum += key.wide() * query;
                }
            }
            let read = slots.start.max(first)..slots.end.min(first + LANES);
            let sums = &sums[read.start - first..];
            let scales = &self.key_scales[line + read.start..line + read.end];
            for ((score, sum), scale) in scores[read].iter_mut().zip(sums).zip(scales) {
                *score = sum * (scale * scaling);
            }
        }
    }

    #[inline(always)]
    fn gather(
        &self,
        row: usize,
        head: usize,
        slots: Range<usize>,
        scores: &[f32],
        out: &mut [f32],
    ) {
        if slots.is_empty() {
            return;
        }
        let line = (row * self.heads + head) * self.slots;
        let read = line + slots.start..line + slots.end;
        let values = &self.values[read.start * self.width..read.end * self.width];
        let scales = &self.value_scales[read];
        let slots = || {
            (values.chunks_exact(self.width))
                .zip(scales.iter().zip(&scores[slots.clone()]))
                .map(|(values, (scale, score))| (values, scale * score))
        };
        let (wide, rest) = out.as_chunks_mut::<COLUMNS>();
        let narrow = wide.len() * COLUMNS;
        for (i, out) in wide.iter_mut().enumerate() {
            let mut sums = *out;
            for (values, weight) in slots() {
                let (values, _) = values[i * COLUMNS..].as_chunks::<COLUMNS>();
                if let Some(values) = values.first() {
                    for (sum, value) in sums.iter_mut().zip(values) {
                        *sum += value.wide() * weight;
                    }
                }
            }
            *out = sums;
        }
        if !rest.is_empty() {
            for (values, weight) in slots() {
                for (sum, value) in rest.iter_mut().zip(&values[narrow..]) {
                    *sum += value.wide() * weight;
                }
            }
        }
    }
}

/// What one step is worth so that the largest of `numbers` just fits, and its inverse.
#[inline(always)]
fn scale_of<T: Cell>(numbers: &[f32]) -> (f32, f32) {
    let most = numbers
        .iter()
        .fold(0.0_f32, |most, number| most.max(number.abs()));
    match T::LARGEST {
        Some(largest) if most > 0.0 => (most / largest, largest / most),
        _ => (1.0, 1.0),
    }
}

fn picked<T: Copy>(numbers: &[T], rows: &[usize], of_row: usize) -> Vec<T> {
    let mut kept = Vec::with_capacity(rows.len() * of_row);
    for row in rows {
        kept.extend_from_slice(&numbers[row * of_row..(row + 1) * of_row]);
    }
    kept
}

/// [`attend`], compiled for processors with AVX2.
#[cfg(target_arch = "x86_64")]
#[allow(
    unsafe_code,
    reason = "calling what is compiled for a processor that has been asked for"
)]
fn attend_with_avx2<T: Cell>(
    cells: &Cells<T>,
    queries: &[f32],
    readers: &[Reader],
    scores: &mut [f32],
    out: &mut [f32],
) {
    #[target_feature(enable = "avx2")]
    fn compiled<T: Cell>(
        cells: &Cells<T>,
        queries: &[f32],
        readers: &[Reader],
        scores: &mut [f32],
        out: &mut [f32],
    ) {
        attend(cells, queries, readers, scores, out);
    }
    // SAFETY: the caller has asked whether the processor has AVX2.
    unsafe { compiled(cells, queries, readers, scores, out) }
}

#[inline(always)]
fn attend<T: Cell>(
    cells: &Cells<T>,
    queries: &[f32],
    readers: &[Reader],
    scores: &mut [f32],
    out: &mut [f32],
) {
    let all = cells.heads * cells.width;
    for head in 0..cells.heads {
        // Readers one after another: what they share is in the nearest cache for all but the first.
        for (i, Reader { row, slots }) in readers.iter().enumerate() {
            if slots.is_empty() {
                continue;
            }
            let part = i * all + head * cells.width..i * all + (head + 1) * cells.width;
            let (query, out) = (&queries[part.clone()], &mut out[part]);
            let border = cells.shared.clamp(slots.start, slots.end);
            let (common, own) = (slots.start..border, border..slots.end);
            cells.score(0, head, common.clone(), query, scores);
            cells.score(*row, head, own.clone(), query, scores);
            let sum = soften(&mut scores[slots.clone()]);
            cells.gather(0, head, common, scores, out);
            cells.gather(*row, head, own, scores, out);
            for out in out {
                *out /= sum;
            }
        }
    }
}

/// Replaces scores by the exponentials of what they are above the largest; returns their sum.
#[inline(always)]
fn soften(scores: &mut [f32]) -> f32 {
    let mut most = [f32::NEG_INFINITY; WIDE];
    let (chunks, rest) = scores.as_chunks::<WIDE>();
    for chunk in chunks {
        for (most, score) in most.iter_mut().zip(chunk) {
            *most = if score > most { *score } else { *most };
        }
    }
    let most = (most.iter().chain(rest)).fold(f32::NEG_INFINITY, |most, score| most.max(*score));
    let mut sums = [0.0_f32; WIDE];
    let (chunks, rest) = scores.as_chunks_mut::<WIDE>();
    for chunk in chunks {
        for (sum, score) in sums.iter_mut().zip(chunk) {
            *score = exponential(*score - most);
            *sum += *score;
        }
    }
    let mut sum: f32 = sums.iter().sum();
    for score in rest {
        *score = exponential(*score - most);
        sum += *score;
    }
    sum
}

/// e to the power of `x`, which is at most 0, within 2e-7 of it: 2 to a whole number times the series of what is left.
#[inline(always)]
fn exponential(x: f32) -> f32 {
    let x = if x < -87.0 { -87.0 } else { x };
    let rounded = x * std::f32::consts::LOG2_E + ROUNDER;
    let power = f32::from_bits(rounded.to_bits().wrapping_add(127) << 23);
    let y = x - (rounded - ROUNDER) * std::f32::consts::LN_2;
    let series = 1.0 / 720.0;
    let series = series * y + 1.0 / 120.0;
    let series = series * y + 1.0 / 24.0;
    let series = series * y + 1.0 / 6.0;
    let series = series * y + 0.5;
    let series = series * y + 1.0;
    (series * y + 1.0) * power
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_pcg::Pcg64;

    use super::*;

    const HEADS: usize = 3;

    fn numbers(count: usize, seed: u64) -> Vec<f32> {
        let mut rng = Pcg64::seed_from_u64(seed);
        (0..count).map(|_| rng.random_range(-2.0..2.0)).collect()
    }

    /// Keys and values of `rows` rows, the first `shared` slots alike in all.
    fn filled<T: Cell>(rows: usize, width: usize, slots: usize, shared: usize) -> Cells<T> {
        let mut cells = Cells::new(rows, HEADS, width, slots);
        for row in 0..rows {
            for slot in 0..slots {
                let seed = if slot < shared { 0 } else { row as u64 };
                for head in 0..HEADS {
                    let seed = (seed * 1000 + slot as u64) * 10 + head as u64;
                    let both = numbers(2 * width, seed);
                    cells.write(row, head, slot, &both[..width], &both[width..]);
                }
            }
        }
        cells
    }

    fn read<T: Cell>(cells: &Cells<T>, queries: &[f32], readers: &[Reader]) -> Vec<f32> {
        let (mut scores, mut out) = (Vec::new(), Vec::new());
        cells.attend(queries, readers, &mut scores, &mut out);
        out
    }

    /// The definition, in 64 bits, from the numbers that were written.
    fn defined(width: usize, query: &[f32], reader: &Reader) -> Vec<f64> {
        let mut out = Vec::new();
        for head in 0..HEADS {
            let query = &query[head * width..(head + 1) * width];
            let slots: Vec<(f64, Vec<f32>)> = (reader.slots.clone())
                .map(|slot| {
                    let seed = (reader.row as u64 * 1000 + slot as u64) * 10 + head as u64;
                    let both = numbers(2 * width, seed);
                    let product: f64 = (query.iter().zip(&both[..width]))
                        .map(|(a, b)| f64::from(*a) * f64::from(*b))
                        .sum();
                    let weight = (product / (width as f64).sqrt()).exp();
                    (weight, both[width..].to_vec())
                })
                .collect();
            let total: f64 = slots.iter().map(|(weight, _)| weight).sum();
            out.extend((0..width).map(|column| {
                let sum: f64 = slots
                    .iter()
                    .map(|(weight, values)| weight * f64::from(values[column]))
                    .sum();
                sum / total
            }));
        }
        out
    }

    fn worst<T: Cell>(width: usize) -> f64 {
        let cells = filled::<T>(2, width, 70, 0);
        let readers = [(1, 3..70), (0, 0..33), (1, 40..41)]
            .map(|(row, slots): (usize, Range<usize>)| Reader { row, slots });
        let queries = numbers(readers.len() * HEADS * width, 77);
        let out = read(&cells, &queries, &readers);
        let all = HEADS * width;
        let mut worst = 0.0_f64;
        for (i, reader) in readers.iter().enumerate() {
            let part = i * all..(i + 1) * all;
            let expected = defined(width, &queries[part.clone()], reader);
            for (out, expected) in out[part].iter().zip(expected) {
                worst = worst.max((f64::from(*out) - expected).abs());
            }
        }
        worst
    }

    #[test]
    fn attention_is_that_of_the_definition() {
        for width in [8, 32, 40] {
            assert!(worst::<f32>(width) < 2e-6, "{}", worst::<f32>(width));
            assert!(worst::<i16>(width) < 4e-4, "{}", worst::<i16>(width));
            assert!(worst::<i8>(width) < 5e-2, "{}", worst::<i8>(width));
        }
    }

    #[test]
    fn both_compilations_give_the_same_bits() {
        let cells = filled::<i16>(2, 32, 70, 0);
        let readers = [Reader {
            row: 1,
            slots: 5..69,
        }];
        let queries = numbers(HEADS * 32, 5);
        let mut plain = vec![0.0; queries.len()];
        let mut scores = vec![0.0; cells.slots];
        attend(&cells, &queries, &readers, &mut scores, &mut plain);
        assert_eq!(read(&cells, &queries, &readers), plain);
    }

    #[test]
    fn what_is_shared_is_read_from_the_first_row_and_survives_it() {
        let apart = filled::<i8>(3, 16, 50, 37);
        let mut together = filled::<i8>(3, 16, 50, 37);
        together.share(37);
        // What the others hold there is no longer looked at.
        for row in 1..3 {
            for slot in 0..37 {
                for head in 0..HEADS {
                    together.write(row, head, slot, &[9.0; 16], &[9.0; 16]);
                }
            }
        }
        let readers: Vec<Reader> = (0..3).map(|row| Reader { row, slots: 2..50 }).collect();
        let queries = numbers(3 * HEADS * 16, 6);
        let expected = read(&apart, &queries, &readers);
        assert_eq!(read(&together, &queries, &readers), expected);
        together.keep(&[2, 1]);
        let all = HEADS * 16;
        let swapped = [&queries[2 * all..], &queries[all..2 * all]].concat();
        let kept = read(&together, &swapped, &readers[..2]);
        assert_eq!(kept[..all], expected[2 * all..]);
        assert_eq!(kept[all..], expected[all..2 * all]);
    }

    #[test]
    fn a_reader_of_nothing_gets_nothing() {
        let cells = filled::<f32>(1, 8, 4, 0);
        let reader = Reader {
            row: 0,
            slots: 2..2,
        };
        assert_eq!(read(&cells, &numbers(24, 1), &[reader]), [0.0; 24]);
    }

    #[test]
    fn exponentials_are_near() {
        for i in 0..9000 {
            let x = -0.01 * i as f32;
            let exact = f64::from(x.max(-87.0)).exp();
            let error = (f64::from(exponential(x)) - exact).abs() / exact;
            assert!(error < 5e-6, "{x}: {error}");
        }
    }
}
