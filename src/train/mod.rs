//! Data sets, theme mining, training loops, checkpoints.
//!
//! Data sets are made in every build; the training loops exist only with the feature `torch`.

pub mod bands;
#[cfg(feature = "torch")]
pub mod checkpoint;
pub mod corpus;
#[cfg(feature = "torch")]
mod curves;
#[cfg(feature = "torch")]
pub mod melody;
#[cfg(feature = "torch")]
pub mod musegan;
#[cfg(feature = "torch")]
pub mod optimiser;
#[cfg(feature = "torch")]
pub mod performance;
#[cfg(feature = "torch")]
pub mod theme;
pub mod theme_mining;
