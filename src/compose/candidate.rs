//! What a network proposes.

use std::sync::Arc;

use crate::score::{Lineage, Song, TrackId};

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

/// A finished proposal: a clip that starts at tick 0, how it came about, and how it was judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its number within the job, from 0; with the job's seed it makes the same notes again.
    pub index: u32,
    /// Tracks MELODY and PIANO, and the theme regions that the network wrote, from tick 0.
    pub clip: Arc<Song>,
    /// Length of the clip in bars.
    pub bars: u32,
    /// The track of the song that carries the theme, where the melody continues.
    pub melody_track: TrackId,
    /// The track of the song that accompanies the theme, if there is one.
    pub piano_track: Option<TrackId>,
    /// Model, seed, settings and parent.
    pub lineage: Arc<Lineage>,
    /// The measures behind the score.
    pub measures: Vec<Measured>,
    /// Mean merit of the measures, 0..=1: the higher the better.
    pub score: f32,
}
