//! The seam behind which networks that write for a band stand.

use super::PhraseLatents;
use crate::compose::{ModelError, ModelInfo};
use crate::tokens::band::BandRoll;
use crate::tokens::cut::Cut;
use crate::tokens::part::Part;

/// Which latents a model has, and so what it can write again by itself.
#[cfg_attr(
    not(feature = "torch"),
    allow(dead_code, reason = "only networks have latents")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handles {
    /// One for everything: only the whole phrase.
    Whole,
    /// Also for single bars.
    Bars,
    /// Also for single bars and single parts.
    BarsAndParts,
}

impl Handles {
    /// Whether single bars can be written again.
    pub(crate) fn by_bar(self) -> bool {
        self != Self::Whole
    }

    /// Whether single parts can be written again.
    pub(crate) fn by_part(self) -> bool {
        self == Self::BarsAndParts
    }
}

/// What a model can be asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Abilities {
    /// What can be written again by itself.
    pub(crate) handles: Handles,
    /// It hears a given part, and needs one.
    pub(crate) accompanies: bool,
    /// It writes in the keys without accidentals only (C major, A minor), and hears what is given best in them.
    pub(crate) white_keys: bool,
    /// For each part, above which values pitches sound.
    pub(crate) cuts: [Cut; Part::COUNT],
}

/// A part that is given for one phrase: its place in `roll`, which has four bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) part: Part,
    pub(crate) roll: BandRoll,
}

/// A network that writes phrases for a band.
pub(crate) trait BandModel {
    /// What is known of it.
    fn info(&self) -> &ModelInfo;

    /// What it can be asked for.
    fn abilities(&self) -> Abilities;

    /// One phrase: [`PHRASE_VALUES`](crate::tokens::cut::PHRASE_VALUES) numbers between 0 and 1. The noise of the latents is multiplied by `variety`. Phrases
    /// are written one at a time, so that one that is made again has exactly the same numbers.
    fn phrase(
        &self,
        latents: &PhraseLatents,
        variety: f32,
        given: Option<&Given>,
    ) -> Result<Vec<f32>, ModelError>;
}
