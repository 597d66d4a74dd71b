//! The candidates that wait to be kept or discarded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::score::{Role, Song, Span, Tick};

use super::super::composer::Proposal;

/// One candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What was written, so far.
    pub proposal: Proposal,
    /// Bars that are there and bars there will be, while it is being written.
    pub writing: Option<(u32, u32)>,
    /// Set aside by the user as good.
    pub starred: bool,
}

/// The candidates of one job.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tray {
    /// Where they belong in the song.
    pub at: Tick,
    /// How long they are, or will be.
    pub length: Tick,
    /// The candidates, best first once all are written.
    pub entries: Vec<Entry>,
    /// Which of them is heard in place of the song.
    pub heard: Option<usize>,
}

impl Tray {
    /// The candidate that is heard.
    pub fn heard_entry(&self) -> Option<&Entry> {
        self.heard.and_then(|index| self.entries.get(index))
    }

    /// The bars that a candidate fills.
    pub fn span(&self) -> Span {
        Span::new(self.at, self.at + self.length)
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

/// A clip with only its melody.
pub(super) fn only_melody(clip: &Song) -> Arc<Song> {
    let mut song = clip.clone();
    song.tracks.retain(|track| track.role == Role::Melody);
    let kept: Vec<_> = song.tracks.iter().map(|track| track.id).collect();
    song.themes.retain(|region| kept.contains(&region.track));
    Arc::new(song)
}
