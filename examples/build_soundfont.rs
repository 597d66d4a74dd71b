//! Writes the built-in SoundFont, or checks that the one in the repository is what this program makes.
//!
//! `cargo run --example build_soundfont -- [--check] [FILE]` (by default `soundfonts/leitmotif.sf2`)

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, bail};
use leitmotif::audio::instruments;

#[allow(clippy::print_stdout)]
fn main() -> anyhow::Result<()> {
    let mut check = false;
    let mut path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("soundfonts/leitmotif.sf2");
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--check" => check = true,
            other => path = PathBuf::from(other),
        }
    }
    let begun = Instant::now();
    let bytes = instruments::build()?;
    let seconds = begun.elapsed().as_secs_f64();
    if check {
        let there = std::fs::read(&path).with_context(|| {
            format!(
                "{} cannot be read; build it without --check",
                path.display()
            )
        })?;
        let difference = instruments::compare(&there, &bytes)?;
        println!("{}: {difference} ({seconds:.1} s)", path.display());
        if !difference.is_same() {
            bail!(
                "{} is not what this program makes; run it without --check and commit the file",
                path.display()
            );
        }
    } else {
        std::fs::write(&path, &bytes)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        println!(
            "{}: {} bytes in {seconds:.1} s",
            path.display(),
            bytes.len()
        );
    }
    Ok(())
}
