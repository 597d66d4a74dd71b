//! How likely the network finds what comes after.

use std::sync::Arc;

use crate::compose::model::{ModelError, ThemeModel};
use crate::compose::one_key;
use crate::score::Key;
use crate::tokens::labels::{LabelClock, SourceMarks};
use crate::tokens::theme_vocab::{BAR, Id, SIZE, THEME_START};

/// Most tokens of what comes after that are judged: about two bars.
const JUDGED: usize = 96;

/// A sequence, and the token from which on it is judged.
pub(super) struct Judged {
    pub(super) tokens: Vec<Id>,
    pub(super) from: usize,
}

/// Mean negative log-likelihood, in nats a token, of what follows `from` in each sequence, at most [`JUDGED`] tokens of it.
/// Those tokens must be the same in all of them. `None` where there are none. `scale` is the one that the bars are written in, if
/// one was asked for.
pub(super) fn nats(
    model: &dyn ThemeModel,
    source: &[Id],
    sequences: &[Judged],
    scale: Option<Key>,
) -> Result<Option<Vec<f64>>, ModelError> {
    let after = sequences
        .first()
        .and_then(|first| first.tokens.get(first.from..))
        .unwrap_or_default();
    // One token at least of what stands before, and the context must hold both.
    let most = JUDGED.min(model.context() / 2);
    let after = after.get(..after.len().min(most)).unwrap_or_default();
    if after.is_empty() {
        return Ok(None);
    }
    let marks = Arc::new(SourceMarks::new(source));
    let rows: Vec<Row> = sequences
        .iter()
        .map(|sequence| Row::new(model, &marks, sequence, model.context() - after.len()))
        .collect();
    let before = rows.first().map_or(&[][..], |row| &row.tokens);
    let mut network = one_key::start(model, source, before, scale, rows.len())?;
    let prefixes: Vec<(&[Id], &[i64])> = (rows.iter())
        .map(|row| (&row.tokens[..], &row.labels[..]))
        .collect();
    let mut logits = network.prime(&prefixes)?;
    let mut sums = vec![0.0; rows.len()];
    for (place, token) in after.iter().enumerate() {
        for (sum, logits) in sums.iter_mut().zip(logits.chunks(SIZE)) {
            *sum += surprise(logits, *token);
        }
        if place + 1 < after.len() {
            let labels: Vec<i64> = (rows.iter())
                .map(|row| row.later.get(place).copied().unwrap_or_default())
                .collect();
            logits = network.step(&vec![*token; rows.len()], &labels)?;
        }
    }
    let count = after.len() as f64;
    Ok(Some(sums.into_iter().map(|sum| sum / count).collect()))
}

/// What one sequence is judged by.
struct Row {
    /// The last whole bars before, as many as fit, with their labels.
    tokens: Vec<Id>,
    labels: Vec<i64>,
    /// The labels of what is judged.
    later: Vec<i64>,
}

impl Row {
    fn new(
        model: &dyn ThemeModel,
        marks: &Arc<SourceMarks>,
        sequence: &Judged,
        most: usize,
    ) -> Self {
        let mut clock = LabelClock::new(model.labels(), Arc::clone(marks));
        let mut labels: Vec<i64> = sequence.tokens.iter().map(|id| clock.push(*id)).collect();
        let later = labels.split_off(sequence.from.min(labels.len()));
        let before = sequence.tokens.get(..labels.len()).unwrap_or_default();
        let from = last_bars(before, most);
        Self {
            tokens: before.get(from..).unwrap_or_default().to_vec(),
            labels: labels.split_off(from),
            later,
        }
    }
}

/// Where the last whole bars begin that fit into `most` tokens; the last tokens where not even one does.
fn last_bars(tokens: &[Id], most: usize) -> usize {
    let earliest = tokens.len().saturating_sub(most);
    if earliest == 0 {
        return 0;
    }
    let begins = |place: &usize| match tokens.get(*place) {
        Some(&THEME_START) => true,
        Some(&BAR) => tokens.get(place.wrapping_sub(1)) != Some(&THEME_START),
        _ => false,
    };
    (earliest..tokens.len()).find(begins).unwrap_or(earliest)
}

/// The negative logarithm of a token's share of the softmax.
fn surprise(logits: &[f32], token: Id) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|l| f64::from(l - most).exp()).sum();
    let own = usize::try_from(token)
        .ok()
        .and_then(|index| logits.get(index))
        .copied()
        .unwrap_or(f32::NEG_INFINITY);
    sum.ln() - f64::from(own - most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surprise_is_the_logarithm_of_the_softmax() {
        // Shares 1/4 and 3/4.
        let logits = [0.0, 3.0_f32.ln()];
        assert!((surprise(&logits, 0) - 4.0_f64.ln()).abs() < 1e-6);
        assert!((surprise(&logits, 1) - (4.0_f64 / 3.0).ln()).abs() < 1e-6);
        assert_eq!(surprise(&logits, 7), f64::INFINITY);
    }

    #[test]
    fn the_context_is_cut_at_bar_lines() {
        // A tempo, a bar of two tokens, a region of one bar, an open bar.
        let tokens = [940, BAR, 1012, THEME_START, BAR, 1013, BAR, 1014];
        assert_eq!(last_bars(&tokens, 8), 0);
        assert_eq!(last_bars(&tokens, 7), 1);
        assert_eq!(last_bars(&tokens, 6), 3);
        assert_eq!(last_bars(&tokens, 4), 6);
        assert_eq!(last_bars(&tokens, 1), 7);
    }
}
