#![allow(clippy::unwrap_used)]

use super::likelihood::{Judged, nats};
use crate::compose::ModelInfo;
use crate::compose::model::{ModelError, NextToken, ThemeModel};
use crate::tokens::labels::Labels;
use crate::tokens::theme_vocab::{BAR, Id, SIZE, THEME_END, THEME_START};

/// Finds the token after the last one's number 99 times as likely as any other.
struct Counting(ModelInfo, usize);

struct Session {
    rows: usize,
    left: usize,
}

fn logits(last: impl Iterator<Item = Id>) -> Vec<f32> {
    last.flat_map(|last| {
        let mut row = vec![0.0; SIZE];
        row[last as usize + 1] = 99.0_f32.ln();
        row
    })
    .collect()
}

impl ThemeModel for Counting {
    fn info(&self) -> &ModelInfo {
        &self.0
    }

    fn labels(&self) -> Labels {
        Labels::Timed
    }

    fn context(&self) -> usize {
        self.1
    }

    fn start<'a>(&'a self, _: &[Id], rows: usize) -> Result<Box<dyn NextToken + 'a>, ModelError> {
        Ok(Box::new(Session { rows, left: self.1 }))
    }
}

impl NextToken for Session {
    fn prime(&mut self, prefixes: &[(&[Id], &[i64])]) -> Result<Vec<f32>, ModelError> {
        assert_eq!(prefixes.len(), self.rows);
        let longest = prefixes.iter().map(|prefix| prefix.0.len()).max().unwrap();
        self.left -= longest;
        Ok(logits(
            prefixes.iter().map(|prefix| prefix.0[prefix.0.len() - 1]),
        ))
    }

    fn step(&mut self, tokens: &[Id], labels: &[i64]) -> Result<Vec<f32>, ModelError> {
        assert_eq!((tokens.len(), labels.len()), (self.rows, self.rows));
        self.left -= 1;
        Ok(logits(tokens.iter().copied()))
    }

    fn keep(&mut self, _: &[usize]) -> Result<(), ModelError> {
        Ok(())
    }

    fn remaining(&self) -> usize {
        self.left
    }
}

fn model(context: usize) -> Counting {
    let info = ModelInfo {
        name: "counting".into(),
        checkpoint: String::new(),
    };
    Counting(info, context)
}

fn judged(before: &[Id], after: &[Id]) -> Judged {
    Judged {
        tokens: [before, after].concat(),
        from: before.len(),
    }
}

const SOURCE: [Id; 3] = [THEME_START, BAR, THEME_END];

#[test]
fn what_comes_after_is_judged_token_by_token() {
    let after = [20, 21, 40];
    let sequences = [judged(&[BAR, 19], &after), judged(&[BAR, 5, 7], &after)];
    let found = nats(&model(512), &SOURCE, &sequences, None)
        .unwrap()
        .unwrap();
    // 99 of 99 + 1032 for what is expected, 1 for anything else.
    let (expected, other) = ((1131.0_f64 / 99.0).ln(), 1131.0_f64.ln());
    assert!(
        (found[0] - (2.0 * expected + other) / 3.0).abs() < 1e-5,
        "{found:?}"
    );
    assert!(
        (found[1] - (expected + 2.0 * other) / 3.0).abs() < 1e-5,
        "{found:?}"
    );
}

#[test]
fn a_long_past_and_a_long_future_fit_into_the_context() {
    let before: Vec<Id> = (0..100).flat_map(|_| [BAR, 3, 4]).collect();
    let after: Vec<Id> = (100..400).collect();
    let found = nats(&model(64), &SOURCE, &[judged(&before, &after)], None)
        .unwrap()
        .unwrap();
    // 32 tokens of the future, of which only the first does not follow from the one before.
    let (expected, other) = ((1131.0_f64 / 99.0).ln(), 1131.0_f64.ln());
    assert!((found[0] - (31.0 * expected + other) / 32.0).abs() < 1e-5);
    assert_eq!(
        nats(&model(64), &SOURCE, &[judged(&before, &[])], None).unwrap(),
        None
    );
    assert_eq!(nats(&model(64), &SOURCE, &[], None).unwrap(), None);
}
