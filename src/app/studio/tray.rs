//! The candidates that wait to be kept or discarded.

use std::time::{Duration, Instant};

use crate::compose::{Candidate, NEARLY_THE_SAME, Weights, likeness};
use crate::score::{Span, Tick};
use crate::tokens::clip::bar_ticks;

use super::form::Making;

/// One candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What was written, so far.
    pub candidate: Candidate,
    /// Bars that are there and bars there will be, while it is being written.
    pub writing: Option<(u32, u32)>,
    /// Set aside by the user as good.
    pub starred: bool,
    /// A better candidate, from 0, that is nearly the same.
    pub like: Option<usize>,
}

impl Entry {
    /// The bars of the song that it fills, so far.
    pub fn span(&self) -> Span {
        let length = bar_ticks() * i64::from(self.candidate.bars);
        Span::new(self.candidate.at, self.candidate.at + length)
    }
}

/// The candidates of one job.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tray {
    /// What made them.
    pub making: Making,
    /// Where they belong in the song, if not where they say themselves.
    pub at: Option<Tick>,
    /// The bars of the song that they fill, or will.
    pub span: Span,
    /// The candidates, best first once all are written.
    pub entries: Vec<Entry>,
    /// Which of them is heard in place of the song.
    pub heard: Option<usize>,
}

impl Tray {
    /// Puts what is finished into the order of these weights, the best first; what is heard goes on being heard.
    pub(super) fn rank(&mut self, weights: &Weights) {
        if self.entries.iter().any(|entry| entry.writing.is_some()) {
            return;
        }
        let heard = self.heard_entry().map(|entry| entry.candidate.index);
        for entry in &mut self.entries {
            entry.candidate.score = weights.score(&entry.candidate.measures);
        }
        let order = |entries: &[Entry]| -> Vec<u32> {
            entries.iter().map(|entry| entry.candidate.index).collect()
        };
        let before = order(&self.entries);
        self.entries.sort_by(|a, b| {
            let (a, b) = (&a.candidate, &b.candidate);
            b.score.total_cmp(&a.score).then(a.index.cmp(&b.index))
        });
        // A slider that is dragged asks again and again; who is better changes seldom.
        if order(&self.entries) != before {
            self.mark_alike();
        }
        let is_heard = |entry: &Entry| Some(entry.candidate.index) == heard;
        self.heard = heard.and_then(|_| self.entries.iter().position(is_heard));
    }

    /// Marks candidates that are nearly the same as a better one.
    pub(super) fn mark_alike(&mut self) {
        let clips: Vec<_> = (self.entries.iter())
            .map(|entry| entry.candidate.clip.clone())
            .collect();
        for (index, entry) in self.entries.iter_mut().enumerate() {
            entry.like = clips.iter().take(index).position(|better| {
                likeness(better, &entry.candidate.clip)
                    .is_some_and(|share| share >= NEARLY_THE_SAME)
            });
        }
    }

    /// The candidate that is heard.
    pub fn heard_entry(&self) -> Option<&Entry> {
        self.heard.and_then(|index| self.entries.get(index))
    }
}

/// A job that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// When it was started.
    pub started: Instant,
    /// Whether a model is still being loaded.
    pub loading: bool,
    /// Bars of every candidate.
    pub done: Vec<u32>,
    /// Bars there will be of each.
    pub total: u32,
}

impl Job {
    /// How far it is, 0..=1.
    pub fn progress(&self) -> f32 {
        let all = self.total as f32 * self.done.len() as f32;
        if all == 0.0 {
            0.0
        } else {
            self.done.iter().sum::<u32>() as f32 / all
        }
    }

    /// The bar that is being written, from 1: the furthest one.
    pub fn bar(&self) -> u32 {
        (self.done.iter().copied().max().unwrap_or_default() + 1).min(self.total)
    }

    /// How much longer it takes, as far as can be told.
    pub fn left(&self) -> Option<Duration> {
        let progress = self.progress();
        (progress > 0.02).then(|| self.started.elapsed().mul_f32((1.0 - progress) / progress))
    }
}
