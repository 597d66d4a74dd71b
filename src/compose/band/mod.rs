//! Music for a band of five parts: phrases from nothing, accompaniment, re-rolls, and what lies between ideas.
//!
//! A request becomes [`Recipe`]s (latents, named by the seeds of their noise, and everything else that makes the notes). A
//! [`BandModel`] turns the latents of a phrase into numbers, `decide` those into a roll of notes, a
//! [`Performer`](super::perform::Performer) the roll into notes with velocities. The recipe stands in the lineage of the clip: it
//! makes the clip again to the note, and parts of it otherwise.

pub(crate) mod accompany;
pub(crate) mod again;
mod decide;
mod error;
mod latents;
mod measures;
mod model;
pub(crate) mod morph;
mod recipe;
mod region;
pub(crate) mod seed;
mod session;
mod settings;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod vary;
mod write;

pub use error::BandError;
#[cfg(any(feature = "torch", test))]
pub(crate) use latents::derived;
pub use latents::{Blend, PhraseLatents, PhraseSeeds};
pub(crate) use measures::judge;
pub(crate) use model::BandModel;
#[cfg(any(feature = "torch", test))]
pub(crate) use model::{Abilities, Given, Handles};
pub(crate) use recipe::{Recipe, Reroll};
pub use region::part_of;
#[cfg(feature = "torch")]
pub(crate) use region::{bar_line, span_of};
pub(crate) use session::{Done, Session};
pub use settings::{
    AccompanySettings, BandSettings, Form, MorphSettings, MorphWay, Performance, SeedSettings,
    VarySettings,
};
pub(crate) use write::track_id;
