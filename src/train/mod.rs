//! Data sets, theme mining, training loops, checkpoints.

pub mod corpus;
pub mod theme;
pub mod theme_mining;
