//! What every training can be told.

use std::path::PathBuf;

use clap::Args;

use crate::cli::{Common, Interrupt, output};

/// Where a training writes and how long it runs.
#[derive(Debug, Args)]
pub(super) struct RunOptions {
    /// The folder for configuration, weights, checkpoints, logs (CSV) and curves (PNG)
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// Stop after so many minutes
    #[arg(long, value_name = "M", required_unless_present = "steps")]
    pub(super) minutes: Option<f64>,
    /// Stop after so many steps of the optimiser; of a GAN, of the generator's
    #[arg(long, value_name = "N")]
    pub(super) steps: Option<u64>,
    /// The random seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
}

impl RunOptions {
    /// Refuses a device that cannot be used, and a folder that holds another training unless that goes on; then listens for
    /// Ctrl+C.
    pub(super) fn begin(&self, resume: bool, common: &Common) -> anyhow::Result<Interrupt> {
        common.check_device()?;
        if !resume {
            output::may_write(&self.out.join("training.csv"), common)?;
        }
        Ok(Interrupt::listen())
    }
}
