//! Starts the studio, or runs a command.

use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    leitmotif::app::run(std::env::args_os().nth(1).map(PathBuf::from))
}
