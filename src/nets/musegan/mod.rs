//! MuseGAN (Dong et al., "MuseGAN: Multi-track Sequential Generative Adversarial Networks for Symbolic Music Generation
//! and Accompaniment", AAAI 2018): noise in, pianorolls of several parts out.
//!
//! [`Generator`] is the one that was published for PyTorch. [`BandGenerator`] is the paper's family, to be trained here: composer,
//! jamming and hybrid, from noise alone or to a given part; [`BandCritic`] is what it is trained against.

mod blocks;
mod config;
mod critic;
mod generator;
mod keys;
mod latents;
mod published;
#[cfg(test)]
mod tests;

pub use config::{BandConfig, BandKind};
pub use critic::{BandCritic, BandEncoder, CriticConfig, mean_counts};
pub use generator::BandGenerator;
pub use keys::white_keys;
pub use latents::{Given, Latents};
pub use published::{ARCHITECTURE, Config, Generator};

/// The name of the family in `config.json`.
pub const BAND_ARCHITECTURE: &str = "musegan_band";

/// Parts of the band.
pub(crate) const PARTS: i64 = 5;
/// Bars of a phrase.
pub(crate) const BARS: i64 = 4;
/// Beats of a bar.
pub(crate) const BEATS: i64 = 4;
/// Steps of a beat.
pub(crate) const BEAT_STEPS: i64 = 4;
/// Steps of a phrase.
pub(crate) const STEPS: i64 = BARS * BEATS * BEAT_STEPS;
/// Octaves of a roll.
pub(crate) const OCTAVES: i64 = 6;
/// Pitches of an octave.
pub(crate) const CLASSES: i64 = 12;
/// Pitches of a roll.
pub(crate) const PITCHES: i64 = OCTAVES * CLASSES;
/// What sounds, and what begins.
pub(crate) const PLANES: i64 = 2;
