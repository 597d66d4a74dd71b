//! What a network proposes.

use std::ops::Range;
use std::sync::Arc;

use crate::score::{Lineage, Song, Tick, TrackId};

/// Which way a measure is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Better {
    /// The higher the better.
    Higher,
    /// The lower the better.
    Lower,
    /// The nearer to this value the better.
    Near(f64),
}

/// One measure of a candidate, as it is shown beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Its name in musicians' words.
    pub name: &'static str,
    /// What it says, in one sentence.
    pub meaning: &'static str,
    /// Its value; absent measures are not listed.
    pub value: f64,
    /// Which way it is better.
    pub better: Better,
    /// What it contributes to the score, 0..=1.
    pub merit: f64,
}

/// A track of a candidate's clip, and where it goes in the song.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedTrack {
    /// The track of the clip.
    pub from: TrackId,
    /// The track of the song that takes it; a new one where that is gone or locked. `None`: the first unlocked track of the
    /// same role that nothing else takes, else a new one.
    pub into: Option<TrackId>,
    /// The bars of the clip that are written; in its other bars the song's notes stay as they are. Empty for a track that
    /// belongs to the clip but is kept.
    pub bars: Range<u32>,
}

/// What a step of a chain made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum StageKind {
    /// The phrase of the band that all began with.
    Phrase,
    /// The theme that was taken from it.
    Theme,
    /// The theme and what continues it.
    Continuation,
    /// The same with the band around it.
    Accompaniment,
}

/// A step of a chain, to be looked at and heard.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// Which step.
    pub kind: StageKind,
    /// Its music, from tick 0.
    pub clip: Arc<Song>,
    /// Length of the clip in bars.
    pub bars: u32,
    /// How it came to be.
    pub lineage: Arc<Lineage>,
}

/// A proposal: a clip that starts at tick 0, where it belongs, how it came about, and how it was judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its number within the job, from 0; with the job's seed it makes the same notes again.
    pub index: u32,
    /// The music from tick 0, with what was given and kept; and the theme regions of a continuation.
    pub clip: Arc<Song>,
    /// Length of the clip in bars.
    pub bars: u32,
    /// Where it belongs in the song.
    pub at: Tick,
    /// The tracks that it brings into the song. Tracks of the clip that are not listed were given, and stay as they are.
    pub tracks: Vec<PlacedTrack>,
    /// Tracks of the song that it was written for, and never takes.
    pub keeps: Vec<TrackId>,
    /// The steps that led to it, the first one first; empty where there was one step.
    pub stages: Vec<Stage>,
    /// Model, seed, settings and parent.
    pub lineage: Arc<Lineage>,
    /// The measures behind the score.
    pub measures: Vec<Measured>,
    /// Mean merit of the measures, 0..=1: the higher the better.
    pub score: f32,
}

impl Candidate {
    /// This candidate with only some of the tracks that it brings.
    #[must_use]
    pub fn only(&self, wanted: impl Fn(&PlacedTrack) -> bool) -> Self {
        let mut less = self.clone();
        less.tracks.retain(wanted);
        less
    }
}
