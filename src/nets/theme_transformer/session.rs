//! Decoding token by token, many candidates at once.

use super::fast::Decoder;
use super::group::Group;
use super::helper::Helper;
use super::inputs::{check_labels, check_tokens};
use crate::nets::NetError;

/// A batch of candidates being written by one [`Decoder`].
///
/// The source is read once. A step costs one token, not the whole context: keys and values of all tokens so far are kept. Rows
/// share one clock: each step gives every row a token. After a [`Self::prime`] with prefixes of unequal length the shorter ones
/// are padded in front, and every row keeps positions of its own.
///
/// Where the decoder has several threads the rows are shared out among them ([`Decoder::with_threads`]). The same calls give
/// the same bits on the same machine with the same number of threads.
#[derive(Debug)]
pub struct Session {
    decoder: Decoder,
    /// The group of the calling thread; those of the others.
    own: Group,
    helpers: Vec<Helper>,
    /// Group and place in it of every row.
    places: Vec<(usize, usize)>,
    capacity: usize,
    /// Slots filled, padding included.
    length: usize,
    logits: Vec<f32>,
}

impl Session {
    /// Reads the sources (token numbers; one for all rows, or one a row) for `rows` candidates.
    ///
    /// The context holds as many tokens as the configuration's `max_target`.
    ///
    /// # Errors
    /// When there are no rows, no sources or another number of them than rows, an empty or far too long source, or a
    /// token out of range.
    pub fn new(decoder: &Decoder, sources: &[&[i64]], rows: usize) -> Result<Self, NetError> {
        if rows == 0 || sources.len() != 1 && sources.len() != rows {
            return Err(NetError::Input(format!(
                "{} sources for {rows} rows: give one, or one a row",
                sources.len()
            )));
        }
        let config = decoder.network().config();
        for source in sources {
            check_tokens(source, config.vocab, "source")?;
        }
        let groups = decoder.threads().min(rows.div_ceil(LEAST_ROWS));
        let of_group = |group: usize| {
            let (first, end) = (group * rows / groups, (group + 1) * rows / groups);
            let own = if sources.len() == 1 { 0..1 } else { first..end };
            (sources[own].to_vec(), end - first)
        };
        let helpers = (1..groups).map(|group| {
            let (sources, rows) = of_group(group);
            Helper::start(decoder, &sources, rows)
        });
        let helpers = helpers.collect::<Result<_, NetError>>()?;
        let (first, count) = of_group(0);
        let places = (0..groups)
            .flat_map(|group| (0..of_group(group).1).map(move |place| (group, place)))
            .collect();
        let mut session = Self {
            own: Group::new(decoder, &first, count)?,
            decoder: decoder.clone(),
            helpers,
            places,
            capacity: config.max_target,
            length: 0,
            logits: vec![0.0; rows * config.vocab as usize],
        };
        session.wait_after(Ok(()))?;
        Ok(session)
    }

    /// How many candidates.
    pub fn rows(&self) -> usize {
        self.places.len()
    }

    /// How many tokens a row has in its context.
    pub fn context(&self, row: usize) -> usize {
        match self.places.get(row) {
            Some((0, place)) => self.own.context(*place),
            Some((group, place)) => self.helpers[group - 1].context(*place),
            None => 0,
        }
    }

    /// How many more steps fit before the rows must be primed again.
    pub fn remaining(&self) -> usize {
        self.capacity - self.length
    }

    /// The logits of the last [`Self::prime`] or [`Self::step`]: `vocab` numbers a row, row after row.
    pub fn logits(&mut self) -> &mut [f32] {
        &mut self.logits
    }

    /// Forgets the context and reads new prefixes at once: tokens and labels, one prefix for all rows or one a row, of
    /// any lengths from 1 to `max_target`. The logits that follow each prefix are in the result, as in [`Self::step`].
    ///
    /// # Errors
    /// When the prefixes do not fit, or a token or label is out of range. The context is empty after an error.
    pub fn prime(&mut self, prefixes: &[(&[i64], &[i64])]) -> Result<&mut [f32], NetError> {
        self.length = 0;
        let vocab = self.decoder.network().config().vocab;
        if prefixes.len() != 1 && prefixes.len() != self.rows() {
            return Err(NetError::Input(format!(
                "{} prefixes for {} rows: give one, or one a row",
                prefixes.len(),
                self.rows()
            )));
        }
        for (tokens, labels) in prefixes {
            check_tokens(tokens, vocab, "prefix")?;
            check_labels(labels)?;
            if labels.len() != tokens.len() || tokens.len() > self.capacity {
                return Err(NetError::Input(format!(
                    "a prefix of {} tokens and {} labels for a context of {}",
                    tokens.len(),
                    labels.len(),
                    self.capacity
                )));
            }
        }
        // All groups count their slots alike, so that their contexts are full at once.
        let longest = prefixes.iter().map(|(tokens, _)| tokens.len()).max();
        let longest = longest.unwrap_or_default();
        let of_group = |places: &[(usize, usize)], group: usize| -> Vec<(Vec<i64>, Vec<i64>)> {
            let owned = |(tokens, labels): &(&[i64], &[i64])| (tokens.to_vec(), labels.to_vec());
            if let [one] = prefixes {
                return vec![owned(one)];
            }
            let rows = places.iter().zip(prefixes);
            let rows = rows.filter(|((of, _), _)| *of == group);
            rows.map(|(_, prefix)| owned(prefix)).collect()
        };
        for (index, helper) in self.helpers.iter_mut().enumerate() {
            helper.prime(of_group(&self.places, index + 1), longest)?;
        }
        let own = of_group(&self.places, 0);
        let done = if own.is_empty() {
            Ok(())
        } else {
            self.own.prime(&own, longest)
        };
        self.wait_after(done)?;
        self.length = longest;
        Ok(&mut self.logits)
    }

    /// Gives every row its next token and label; returns the logits of the tokens after them, `vocab` numbers a row,
    /// row after row, free to be edited.
    ///
    /// # Errors
    /// When the context is full ([`Self::remaining`] is 0), a slice is not one number a row, or a number is out of range.
    pub fn step(&mut self, tokens: &[i64], labels: &[i64]) -> Result<&mut [f32], NetError> {
        if self.remaining() == 0 {
            return Err(NetError::Input(format!(
                "the context of {} tokens is full: prime again from the last bars",
                self.capacity
            )));
        }
        if tokens.len() != self.rows() || labels.len() != self.rows() {
            return Err(NetError::Input(format!(
                "{} tokens and {} labels for {} rows",
                tokens.len(),
                labels.len(),
                self.rows()
            )));
        }
        check_tokens(tokens, self.decoder.network().config().vocab, "step")?;
        check_labels(labels)?;
        let of_group = |places: &[(usize, usize)], group: usize| -> (Vec<i64>, Vec<i64>) {
            let numbers = tokens.iter().copied().zip(labels.iter().copied());
            let rows = places.iter().zip(numbers);
            let rows = rows.filter(|((of, _), _)| *of == group);
            rows.map(|(_, numbers)| numbers).unzip()
        };
        for (index, helper) in self.helpers.iter_mut().enumerate() {
            let (tokens, labels) = of_group(&self.places, index + 1);
            helper.step(tokens, labels)?;
        }
        let (tokens, labels) = of_group(&self.places, 0);
        let done = if tokens.is_empty() {
            Ok(())
        } else {
            self.own.step(&tokens, &labels)
        };
        self.wait_after(done)?;
        self.length += 1;
        Ok(&mut self.logits)
    }

    /// Keeps only these rows, in this order, so that finished candidates cost nothing. Rows may be repeated.
    ///
    /// # Errors
    /// When no row, or one that does not exist, is named.
    pub fn keep(&mut self, rows: &[usize]) -> Result<(), NetError> {
        if rows.is_empty() || rows.iter().any(|&row| row >= self.rows()) {
            return Err(NetError::Input(format!("rows {rows:?} of {}", self.rows())));
        }
        let mut kept = vec![Vec::new(); self.helpers.len() + 1];
        let places = rows.iter().map(|row| {
            let (group, place) = self.places[*row];
            kept[group].push(place);
            (group, kept[group].len() - 1)
        });
        self.places = places.collect();
        for (helper, kept) in self.helpers.iter_mut().zip(&kept[1..]) {
            helper.keep(kept.clone())?;
        }
        let done = if kept[0].is_empty() {
            Ok(())
        } else {
            self.own.keep(&kept[0])
        };
        self.wait_after(done)
    }

    /// Gathers the logits of all groups, `done` being what came of the calling thread's.
    fn wait_after(&mut self, mut done: Result<(), NetError>) -> Result<(), NetError> {
        for helper in &mut self.helpers {
            // All are waited for, also after an error, so that none is a step behind.
            let helped = helper.wait();
            done = done.and(helped);
        }
        done?;
        let vocab = self.decoder.network().config().vocab as usize;
        self.logits.clear();
        for (group, place) in &self.places {
            let logits = match group {
                0 => self.own.logits(),
                group => self.helpers[group - 1].logits(),
            };
            self.logits
                .extend_from_slice(&logits[place * vocab..(place + 1) * vocab]);
        }
        Ok(())
    }
}

/// A group of fewer rows is not worth a thread.
const LEAST_ROWS: usize = 2;
