//! The transport as the window shows it.

use crate::score::{Span, Tick};

/// A mirror of what the sound does, refreshed every frame, and what the sound is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Transport {
    /// The playhead.
    pub position: Tick,
    /// Whether the song plays.
    pub playing: bool,
    /// Where playing began: where Stop goes back to.
    pub started_at: Tick,
    /// The loop range, kept while looping is off.
    pub range: Option<Span>,
    /// Whether the loop range is played over and over.
    pub looping: bool,
    /// Whether every beat clicks.
    pub metronome: bool,
}

impl Transport {
    /// The range that is played over and over, if one is.
    pub fn active_loop(&self) -> Option<Span> {
        self.range.filter(|_| self.looping)
    }
}
