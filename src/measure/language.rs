//! Measures of a model that predicts tokens, and a plain model to compare with.

use std::collections::HashMap;

/// Sums over predicted tokens.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Prediction {
    /// Negative log-likelihoods, in nats.
    pub nats: f64,
    /// Tokens whose likeliest prediction was right.
    pub right: f64,
    /// Tokens.
    pub tokens: f64,
}

impl Prediction {
    /// Nats a token; `None` without tokens.
    pub fn loss(&self) -> Option<f64> {
        (self.tokens > 0.0).then(|| self.nats / self.tokens)
    }

    /// Share of tokens predicted right; `None` without tokens.
    pub fn accuracy(&self) -> Option<f64> {
        (self.tokens > 0.0).then(|| self.right / self.tokens)
    }

    /// Takes in the sums of more tokens.
    pub fn add(&mut self, other: &Self) {
        self.nats += other.nats;
        self.right += other.right;
        self.tokens += other.tokens;
    }
}

/// What followed one context.
#[derive(Debug, Clone, Default)]
struct Followers {
    total: u32,
    counts: HashMap<i64, u32>,
}

/// An n-gram model with interpolated absolute discounting (Ney, Essen & Kneser 1994): every count gives up a share that
/// goes to the next shorter context, down to all tokens being equally likely.
#[derive(Debug, Clone)]
pub struct NGram {
    order: usize,
    vocabulary: usize,
    /// For each context length from 0: context -> followers.
    contexts: Vec<HashMap<Vec<i64>, Followers>>,
}

impl NGram {
    const DISCOUNT: f64 = 0.75;

    /// Counts `sequences` of tokens of a vocabulary of `vocabulary` tokens. `order` 3 predicts from the two tokens before.
    pub fn train<'a>(
        order: usize,
        vocabulary: usize,
        sequences: impl IntoIterator<Item = &'a [i64]>,
    ) -> Self {
        let order = order.max(1);
        let mut contexts = vec![HashMap::<Vec<i64>, Followers>::new(); order];
        for sequence in sequences {
            for (at, token) in sequence.iter().enumerate() {
                for (length, table) in contexts.iter_mut().enumerate().take(at + 1) {
                    let followers = table.entry(sequence[at - length..at].to_vec()).or_default();
                    followers.total += 1;
                    *followers.counts.entry(*token).or_default() += 1;
                }
            }
        }
        Self {
            order,
            vocabulary: vocabulary.max(1),
            contexts,
        }
    }

    /// The probability of `token` after `history`, above 0 for every token.
    pub fn probability(&self, history: &[i64], token: i64) -> f64 {
        let mut probability = 1.0 / self.vocabulary as f64;
        for (length, table) in self.contexts.iter().enumerate().take(history.len() + 1) {
            let Some(followers) = table.get(&history[history.len() - length..]) else {
                break;
            };
            let total = f64::from(followers.total);
            let count = f64::from(followers.counts.get(&token).copied().unwrap_or(0));
            let given_up = Self::DISCOUNT * followers.counts.len() as f64 / total;
            probability = (count - Self::DISCOUNT).max(0.0) / total + given_up * probability;
        }
        probability
    }

    /// How well the model predicts the tokens of `sequence` from number `from` on.
    pub fn predict(&self, sequence: &[i64], from: usize) -> Prediction {
        let mut sums = Prediction::default();
        for at in from..sequence.len() {
            let history = &sequence[at.saturating_sub(self.order - 1)..at];
            let probability = self.probability(history, sequence[at]);
            sums.add(&Prediction {
                nats: -probability.ln(),
                right: f64::from(u8::from(self.likeliest(history) == Some(sequence[at]))),
                tokens: 1.0,
            });
        }
        sums
    }

    /// The likeliest token after `history`: the one most often seen after its longest known part.
    fn likeliest(&self, history: &[i64]) -> Option<i64> {
        let longest = history.len().min(self.order - 1);
        (0..=longest).rev().find_map(|length| {
            self.contexts[length]
                .get(&history[history.len() - length..])?
                .counts
                .iter()
                .max_by_key(|(token, count)| (**count, -**token))
                .map(|(token, _)| *token)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bigram_by_hand() {
        // 0 1 0 1 0: after 0 always 1 (twice), after 1 always 0 (twice); three zeros and two ones in all.
        let model = NGram::train(2, 4, [&[0, 1, 0, 1, 0][..]]);
        let unigram_1 = (2.0 - 0.75) / 5.0 + 0.75 * 2.0 / 5.0 * 0.25;
        let expected = (2.0 - 0.75) / 2.0 + 0.75 / 2.0 * unigram_1;
        assert!((model.probability(&[0], 1) - expected).abs() < 1e-12);
        // A context that was never seen falls back on the unigram.
        assert!((model.probability(&[3], 1) - unigram_1).abs() < 1e-12);
        let sums = model.predict(&[0, 1, 0], 1);
        assert_eq!((sums.tokens, sums.accuracy()), (2.0, Some(1.0)));
        assert_eq!(model.predict(&[0], 1).loss(), None);
    }

    proptest! {
        #[test]
        fn probabilities_sum_to_one(
            sequence in prop::collection::vec(0_i64..6, 0..40), history in prop::collection::vec(0_i64..6, 0..4)
        ) {
            let model = NGram::train(3, 6, [&sequence[..]]);
            let sum: f64 = (0..6).map(|token| model.probability(&history, token)).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9, "{sum}");
        }
    }
}
