//! Training the `MuseGAN` family: phrases, the adversarial steps, the loop, its records.
//!
//! The critic sees what a listener would get: binary rolls in which a note that rises begins. Generated rolls are made binary
//! before it sees them ([`Binarise`]), or it would tell them by their soft values alone.

mod binarise;
mod draw;
mod error;
mod log;
mod options;
mod penalty;
mod phrases;
mod run;
mod sample;
mod sheet;
mod steps;
#[cfg(test)]
mod tests;
mod training;

pub use binarise::{Binarise, binarised, normal_form};
pub use error::TrainError;
pub use log::TrainingRow;
pub use options::GanOptions;
pub use penalty::gradient_penalty;
pub use phrases::{Keys, Phrases, Place, batch, given_parts, key_shift, moved, rolls_of};
pub use run::{GanState, Progress, run};
pub use sheet::song;
