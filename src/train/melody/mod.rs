//! Training the melody encoder by contrast: songs as segments, their variations, the loop, its records.

pub mod evaluate;
pub mod log;
pub mod run;
pub mod songs;
mod vary;

pub use log::{TrainingRow, ValidationRow};
pub use run::{Progress, Report, TrainError, TrainOptions, run};
pub use songs::MelodySong;
pub use vary::vary;

#[cfg(test)]
mod tests;
