//! Training the Theme Transformer: sequences, windows, the loop, its records.

pub mod batch;
pub mod checkpoint;
pub mod evaluate;
pub mod log;
pub mod prepare;
pub mod run;
pub mod sequences;
pub mod windows;

pub use run::{Progress, TrainError, TrainOptions, run};

#[cfg(test)]
mod tests;
