//! Music for a band of five parts: phrases from nothing, accompaniment, re-rolls, and what lies between ideas.

mod latents;
mod model;
mod settings;

pub use latents::{Blend, PhraseLatents, PhraseSeeds};
pub(crate) use model::{Abilities, BandModel, Given, PHRASE_VALUES};
pub use settings::{
    AccompanySettings, BandSettings, Form, MorphSettings, MorphWay, Performance, SeedSettings,
    VarySettings,
};
