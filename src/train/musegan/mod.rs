//! Training the `MuseGAN` family: phrases, the adversarial steps, the loop, its records.
//!
//! The critic sees what a listener would get: binary rolls in which a note that rises begins. Generated rolls are made binary
//! before it sees them ([`Binarise`]), or it would tell them by their soft values alone.

mod binarise;
mod log;
mod penalty;
mod phrases;
mod run;
mod sheet;
#[cfg(test)]
mod tests;

pub use binarise::{Binarise, binarised, normal_form, threshold};
pub use log::TrainingRow;
pub use penalty::gradient_penalty;
pub use phrases::{Keys, Phrases, Place, batch, given_parts, key_shift, moved, rolls_of};
pub use run::{GanOptions, GanState, Progress, TrainError, run};
pub use sheet::song;
