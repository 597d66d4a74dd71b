//! The built-in SoundFont, synthesised: every sound is computed here, nothing is recorded.
//!
//! | room | what it makes |
//! |---|---|
//! | [`synthesis`] | partials with seamless loops, string physics, noise, filters, loudness |
//! | [`piano`] [`keys`] [`mallets`] [`organ`] | keyboards and bars |
//! | [`plucked`] [`overdrive`] | guitars, harps, basses |
//! | [`strings`] [`winds`] [`synth`] [`effects`] | bowed strings and voices, brass, reeds and flutes, waves, noises |
//! | [`drums`] | the kits |
//! | [`programs`] | which of these stands for each General MIDI program |
//! | [`bank`] | puts them together, balanced in loudness |
//! | [`sf2`] | writes the file |

pub mod bank;
pub mod compare;
pub mod drums;
pub mod effects;
pub mod keys;
pub mod mallets;
pub mod organ;
pub mod overdrive;
pub mod piano;
pub mod plucked;
pub mod programs;
pub mod sf2;
pub mod strings;
pub mod synth;
pub mod synthesis;
pub mod winds;

#[cfg(test)]
mod tests;

pub use bank::{BuildError, build, build_programs};
pub use compare::{Difference, compare};
