//! Bars inside a song written anew: melody and piano between what stands before and what comes after.
//!
//! The network writes from left to right. It is given the bars before, writes the bars many times, and of what it wrote those
//! are taken after which it finds the bars behind the likeliest: they lead there. Locked notes, and a voice that is not to be
//! written, are written along as they are.

#[cfg(feature = "torch")]
mod error;
#[cfg(feature = "torch")]
mod likelihood;
#[cfg(feature = "torch")]
mod measures;
mod settings;
#[cfg(feature = "torch")]
mod surroundings;
#[cfg(all(test, feature = "torch"))]
mod tests;
#[cfg(feature = "torch")]
mod write;

pub use settings::{FillVoices, InfillSettings};
#[cfg(feature = "torch")]
pub(crate) use write::{Infilling, MOST_DRAWS};
