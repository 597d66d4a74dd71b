//! Why a band cannot write what was asked for.

use crate::compose::ModelError;
use crate::tokens::part::Part;

/// Why a band's request fails, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BandError {
    /// The network.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A number of bars that is not possible.
    #[error("{0} bars cannot be written: ask for 4, 8, 12 ... up to {most}", most = super::SeedSettings::MAX_BARS)]
    Bars(u32),
    /// A stretch of no bars.
    #[error("no bars are chosen: choose at least one")]
    NoBars,
    /// The song is not in 4/4 there.
    #[error("bar {bar} is in {metre}, but the band knows 4/4 only: choose bars in 4/4")]
    Metre {
        /// The bar, from 1.
        bar: u32,
        /// Its metre.
        metre: String,
    },
    /// Nobody is asked to play.
    #[error("no part is chosen: choose at least one of drums, piano, guitar, bass, strings")]
    NoParts,
    /// Nothing to accompany.
    #[error("the track to accompany is not in the song any more: choose another")]
    NoGiven,
    /// Nothing to accompany in those bars.
    #[error(
        "the given track has no audible notes in these bars: choose other bars, or another track"
    )]
    SilentGiven,
    /// A model that does not listen was asked to accompany.
    #[error(
        "the model \"{0}\" cannot accompany: it writes from nothing; choose one that accompanies, such as {accompany}",
        accompany = super::AccompanySettings::MODEL
    )]
    CannotAccompany(String),
    /// A model that only accompanies was asked for music from nothing.
    #[error(
        "the model \"{0}\" only accompanies: choose one that writes from nothing, such as {seed}",
        seed = super::SeedSettings::MODEL
    )]
    OnlyAccompanies(String),
    /// The model has no latents for single bars.
    #[error(
        "the model \"{0}\" writes its four bars in one piece, so single bars cannot be written again: write all of it again, or use {seed}",
        seed = super::SeedSettings::MODEL
    )]
    NotByBar(String),
    /// The model has no latents for single parts.
    #[error(
        "the model \"{0}\" writes all parts together, so single parts cannot be written again: write all parts again, or use {seed}",
        seed = super::SeedSettings::MODEL
    )]
    NotByPart(String),
    /// The parts were not written with the clip.
    #[error("the clip has no {0} of its own: choose from {1}")]
    PartNotInClip(Part, String),
    /// The bars reach beyond the clip.
    #[error("bars {first} to {last} were written together: choose bars among them")]
    BeyondClip {
        /// First bar of the clip, from 1.
        first: u32,
        /// Last bar of the clip, from 1.
        last: u32,
    },
    /// The clip's bars are not those that were written.
    #[error(
        "bars were added to this clip or taken out of it since it was written, so single ones cannot be found again: choose parts, and the rest of the band is followed"
    )]
    Resized,
    /// Music without a lineage, and nothing is to stay.
    #[error(
        "these bars were not written by a model here, so something must stay to be followed: choose the parts to write again, and leave at least one that plays"
    )]
    NothingStays,
    /// Ideas that cannot be mixed.
    #[error("choose two to four ideas to mix, not {0}")]
    Ideas(usize),
    /// Ideas of different models.
    #[error(
        "the ideas were written by different models ({0} and {1}), which have no latents in common: choose ideas of one model"
    )]
    DifferentModels(String, String),
    /// Weights that say nothing.
    #[error("give each idea a weight of 0 or more, and at least one more than 0")]
    Weights,
    /// A number of steps that is not possible.
    #[error("{0} steps cannot be made: choose {1}")]
    Steps(u32, &'static str),
    /// A clip that no band's model wrote.
    #[error(
        "\"{0}\" was not written by a band's model, so it has no latents: choose a clip of Seed, Accompany or Vary"
    )]
    NoLatents(String),
    /// A lineage that cannot be read.
    #[error("this clip was written by a newer version: update the program to vary it")]
    Unreadable,
}
