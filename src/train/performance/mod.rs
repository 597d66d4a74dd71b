//! Training the performance network: recorded performances on the grid, windows, the loop, its records, and what it is
//! compared with.

mod baselines;
mod batch;
pub mod data;
pub mod evaluate;
mod log;
pub mod run;
mod windows;

pub use baselines::Baselines;
pub use batch::Batch;
pub use log::{TrainingRow, ValidationRow};
pub use run::{Progress, TrainError, TrainOptions, run};
pub use windows::{Window, windows};

#[cfg(test)]
mod tests;
