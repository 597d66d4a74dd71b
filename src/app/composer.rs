//! What the studio asks of the networks: the seam between the window and the compose worker.

use std::sync::Arc;

use crate::score::{Key, Lineage, Song, Tick};

/// What to write, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The song that is continued.
    pub song: Arc<Song>,
    /// Where the new music begins.
    pub at: Tick,
    /// How many bars of it.
    pub bars: u32,
    /// How many candidates, 1..=8.
    pub candidates: u32,
    /// The random seed.
    pub seed: u64,
    /// Sampling temperature outside returns of the theme, above 0.
    pub temperature: f32,
    /// Sampling temperature inside returns of the theme, above 0.
    pub theme_temperature: f32,
    /// Share of the probability that is sampled from, 0..=1.
    pub top_p: f32,
    /// How many of the likeliest tokens are sampled from; 0 for all.
    pub top_k: u32,
    /// The key that no note may leave.
    pub key: Option<Key>,
    /// Whether the theme must return in the painted bars.
    pub return_where_painted: bool,
    /// Whether the theme returns nowhere else.
    pub only_painted: bool,
    /// Whether the accompaniment is written too.
    pub accompany: bool,
}

/// One measure of a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Rating {
    /// What it is called on a card, in a word.
    pub name: String,
    /// What it says, in a sentence.
    pub meaning: String,
    /// 0 (worst) to 1 (best).
    pub share: f32,
    /// The value itself.
    pub value: f64,
}

/// Something a network wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The music; it starts at tick 0.
    pub clip: Arc<Song>,
    /// How it came to be, to make it again.
    pub lineage: Option<Arc<Lineage>>,
    /// The measures that ranked it.
    pub ratings: Vec<Rating>,
    /// What they say together, 0..=1.
    pub score: f32,
}

/// What the worker says.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A model is being loaded.
    Loading,
    /// Something worth knowing; the job goes on.
    Remark(String),
    /// A candidate has grown by a bar.
    Wrote {
        /// Which of the candidates, from 0.
        candidate: usize,
        /// Bars that are there.
        done: u32,
        /// Bars there will be.
        total: u32,
        /// What is there, not judged yet.
        proposal: Proposal,
    },
    /// All is written; the best first.
    Finished(Vec<Proposal>),
    /// It could not be done.
    Failed(String),
}

/// Asks networks for music. No method blocks.
pub trait Composer {
    /// Starts a job. At most one runs at a time. The error says why it cannot be started.
    fn ask(&mut self, ask: Ask) -> Result<(), String>;
    /// Stops the job, if one runs.
    fn cancel(&mut self);
    /// What happened since the last call.
    fn poll(&mut self) -> Vec<Event>;
    /// The song with a proposal put at `at`.
    fn placed(&self, song: &Song, proposal: &Proposal, at: Tick) -> Song;
    /// The models there are, the best first.
    fn models(&self) -> Vec<String>;
}
