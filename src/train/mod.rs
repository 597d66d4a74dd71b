//! Data sets, theme mining, training loops, checkpoints.
//!
//! Data sets are made in every build; the training loops exist only with the feature `torch`.

pub mod bands;
pub mod corpus;
#[cfg(feature = "torch")]
pub mod theme;
pub mod theme_mining;
