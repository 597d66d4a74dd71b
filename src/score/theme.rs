//! Theme regions: where a theme stands, returns, or is asked to return.

use serde::{Deserialize, Serialize};

use super::{Span, TrackId};

/// What a theme region says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeKind {
    /// The theme itself, marked by the musician. A song has at most one.
    Theme,
    /// A return: labelled by the network that wrote it, or found in the song.
    Return,
    /// Bars painted by the musician: the theme must return here.
    Painted,
}

/// A stretch of a melody track that has to do with the theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ThemeRegion {
    /// Where it lies.
    pub span: Span,
    /// The track that carries the melody.
    pub track: TrackId,
    /// What it says.
    pub kind: ThemeKind,
}
