//! Theme labels: which token of the theme each token of a theme region answers to.
//!
//! The decoder's cross-attention sees a label with every token: 0 outside theme regions, where the theme is not
//! looked at, and `1 + k` where token `k` of the source is meant. [`LabelClock`] computes them one token at a time
//! from what is already written, so training and sampling share it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::theme_vocab::{BAR, Id, THEME_END, THEME_START, Token};

/// How labels are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Labels {
    /// 1, 2, 3, ... from Theme_Start on, as published. One token more or less than the theme has, and all later
    /// labels of the region point beside what they mean.
    #[default]
    Published,
    /// Aligned again by musical time at every Bar and Position; the same as [`Labels::Published`] for an exact copy
    /// of the theme, and right for variations and for themes of melody alone.
    Timed,
}

/// Where a step stands in a region: bar from the region's first (-1 before it) and position (-1 at the bar line).
type Place = (i32, i32);

/// The places of a source sequence at which its bars and positions stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceMarks {
    /// Places in rising order with the index of their token; the last is Theme_End, later than all.
    marks: Vec<(Place, i64)>,
    /// Index of the last token.
    last: i64,
}

impl SourceMarks {
    /// Reads a source: Theme_Start, the theme's tokens, Theme_End.
    pub fn new(source: &[Id]) -> Self {
        let mut marks = Vec::new();
        let mut bar = -1;
        for (index, id) in (0..).zip(source) {
            match Token::from_id(*id) {
                Some(Token::Bar) => {
                    bar += 1;
                    marks.push(((bar, -1), index));
                }
                Some(Token::Position(position)) => {
                    marks.push(((bar, i32::from(position)), index));
                }
                Some(Token::ThemeEnd) => marks.push(((i32::MAX, -1), index)),
                _ => {}
            }
        }
        Self {
            marks,
            last: (source.len() as i64 - 1).max(0),
        }
    }

    fn index(&self, mark: usize) -> i64 {
        self.marks.get(mark).map_or(self.last, |(_, index)| *index)
    }

    /// Label of a place, and the label that no later token of the same step may pass.
    fn labels_at(&self, place: Place) -> (i64, i64) {
        let mark = self.marks.partition_point(|(at, _)| *at < place);
        let exact = self.marks.get(mark).is_some_and(|(at, _)| *at == place);
        (
            1 + self.index(mark),
            1 + self.index(mark + usize::from(exact)),
        )
    }
}

/// Computes the labels of a target, token by token.
#[derive(Debug, Clone)]
pub struct LabelClock {
    kind: Labels,
    source: Arc<SourceMarks>,
    region: Option<Region>,
}

#[derive(Debug, Clone, Copy)]
struct Region {
    bar: i32,
    label: i64,
    limit: i64,
}

impl LabelClock {
    /// A clock at the beginning of a target.
    pub fn new(kind: Labels, source: Arc<SourceMarks>) -> Self {
        Self {
            kind,
            source,
            region: None,
        }
    }

    /// The label of `token`, the next of the target.
    pub fn push(&mut self, token: Id) -> i64 {
        if token == THEME_START {
            self.region = Some(Region {
                bar: -1,
                label: 1,
                limit: 1 + self.source.index(0),
            });
            return 1;
        }
        if token == THEME_END {
            self.region = None;
        }
        let Some(region) = &mut self.region else {
            return 0;
        };
        let place = match Token::from_id(token) {
            _ if self.kind == Labels::Published => None,
            _ if token == BAR => {
                region.bar += 1;
                Some((region.bar, -1))
            }
            Some(Token::Position(position)) => Some((region.bar.max(0), i32::from(position))),
            _ => None,
        };
        match (self.kind, place) {
            (Labels::Published, _) => region.label += 1,
            (Labels::Timed, Some(place)) => {
                (region.label, region.limit) = self.source.labels_at(place);
            }
            (Labels::Timed, None) => region.label = (region.label + 1).min(region.limit),
        }
        region.label
    }
}

/// The labels of a whole target.
pub fn labels(kind: Labels, source: &[Id], target: &[Id]) -> Vec<i64> {
    let mut clock = LabelClock::new(kind, Arc::new(SourceMarks::new(source)));
    target.iter().map(|token| clock.push(*token)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::theme_vocab::Voice::{Melody, Piano};
    use super::*;

    fn ids(tokens: &[Token]) -> Vec<Id> {
        tokens.iter().map(|token| token.id()).collect()
    }

    fn note(voice: super::super::theme_vocab::Voice, pitch: u8) -> [Token; 3] {
        [
            Token::NoteOn(voice, pitch),
            Token::Duration(voice, 2),
            Token::Velocity(voice, 80),
        ]
    }

    fn source() -> Vec<Id> {
        ids(&[
            &[Token::ThemeStart, Token::Bar, Token::Position(0)][..],
            &note(Melody, 60),
            &[Token::Position(8)],
            &note(Melody, 62),
            &[Token::Bar, Token::Position(4)],
            &note(Melody, 64),
            &[Token::ThemeEnd],
        ]
        .concat())
    }

    #[test]
    fn an_exact_copy_has_the_published_labels() {
        let source = source();
        let mut target = ids(&[Token::Tempo(119)]);
        target.extend(&source);
        target.extend(ids(&[Token::Bar]));
        let published = labels(Labels::Published, &source, &target);
        assert_eq!(published, labels(Labels::Timed, &source, &target));
        let count = source.len() as i64 - 1;
        let expected: Vec<i64> = [0].into_iter().chain(1..=count).chain([0, 0]).collect();
        assert_eq!(published, expected);
    }

    #[test]
    fn timed_labels_find_their_place_again() {
        let source = source();
        // A piano note more at step 0, a step that the theme lacks, then a step that it has.
        let target = ids(&[
            &[Token::ThemeStart, Token::Bar, Token::Position(0)][..],
            &note(Melody, 60),
            &note(Piano, 48),
            &[Token::Position(5)],
            &note(Melody, 61),
            &[Token::Position(8)],
            &note(Melody, 62),
            &[Token::Bar, Token::Position(4)],
            &note(Melody, 64),
        ]
        .concat());
        assert_eq!(
            labels(Labels::Timed, &source, &target),
            [
                1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 7, 7, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15
            ]
        );
    }

    #[test]
    fn bars_beyond_the_source_stay_at_its_end() {
        let source = source();
        let end = source.len() as i64;
        let target = ids(&[Token::ThemeStart, Token::Bar, Token::Bar, Token::Bar]);
        assert_eq!(labels(Labels::Timed, &source, &target), [1, 2, 11, end]);
    }
}
