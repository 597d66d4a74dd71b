//! Asks a network for music: jobs, candidates, ranking, lineage, the worker thread.
//!
//! The window and the command line hand a [`Request`] to a [`Worker`] and read [`Event`]s: bars as they are written,
//! then the finished [`Candidate`]s, best first. [`place()`] puts a candidate into a song. The networks live on the
//! worker's own thread; without the `torch` feature it answers every request with an error that says so.

mod band;
mod candidate;
mod chain;
#[cfg(feature = "torch")]
mod continuation;
#[cfg(feature = "torch")]
mod continue_theme;
mod find_theme;
mod infill;
mod job;
mod judge;
#[cfg(feature = "torch")]
mod lead;
#[cfg_attr(
    not(feature = "torch"),
    allow(dead_code, reason = "only networks write and rank")
)]
mod lineage;
#[cfg_attr(
    not(feature = "torch"),
    allow(dead_code, reason = "only networks write and rank")
)]
mod model;
#[cfg(feature = "torch")]
mod one_key;
pub mod perform;
mod place;
#[cfg_attr(
    not(feature = "torch"),
    allow(dead_code, reason = "only networks write and rank")
)]
mod rank;
mod settings;
#[cfg(feature = "torch")]
mod steer;
mod theme;
#[cfg(feature = "torch")]
mod torch_band;
#[cfg(feature = "torch")]
mod torch_model;
#[cfg_attr(
    not(feature = "torch"),
    allow(dead_code, reason = "only networks lead on")
)]
mod weights;
mod worker;

pub use band::{
    AccompanySettings, BandError, BandSettings, Blend, Form, MorphSettings, MorphWay, Performance,
    PhraseLatents, PhraseSeeds, SeedSettings, VarySettings, part_of,
};
pub use candidate::{Better, Candidate, Measured, PlacedTrack, Stage, StageKind};
pub use chain::{ChainSettings, ThemeForm};
pub use find_theme::{FindThemeError, FoundTheme, ThemeFinder, theme_track};
pub use infill::{FillVoices, InfillSettings};
pub use job::{Busy, Event, JobId, Kind, Request};
pub use judge::judge;
pub use lineage::{infill_of, is_band, settings_of};
pub use model::{ModelError, ModelInfo, ModelPaths};
pub use place::place;
pub use settings::{ContinueSettings, Returns, Steering};
pub use theme::{MAX_THEME_BARS, Theme, ThemeError};
#[cfg(feature = "torch")]
pub(crate) use weights::LEADS_ON;
pub use weights::{NEARLY_THE_SAME, Weights, likeness};
pub use worker::{Preload, Worker, WorkerSettings};
