//! `leitmotif humanise`.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::{Common, Outcome, output, songs};
use crate::compose::ModelPaths;
use crate::compose::perform::{humanise, performer_in};
use crate::formats::files::{self, Previous};
use crate::formats::midi::{self, MidiOptions};
use crate::formats::project::{self, Project};

/// Options of `humanise`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  leitmotif humanise typed.mid --out played.mid\n  leitmotif humanise song.leit --out song-played.leit --strength 0.6 --seed 4"
)]
pub(super) struct HumaniseArgs {
    /// A MIDI file (.mid) or a project (.leit)
    input: PathBuf,
    /// The file to write: .mid or .leit
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How far notes go towards what the player would do: 0 changes nothing, 1 is as learned
    #[arg(long, value_name = "S", default_value_t = 0.7, value_parser = parse_strength)]
    strength: f32,
    /// The random seed: equal seeds play alike
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

fn parse_strength(text: &str) -> Result<f32, String> {
    text.parse()
        .ok()
        .filter(|strength| (0.0..=1.0).contains(strength))
        .ok_or_else(|| format!("\"{text}\" is not a strength: write a number from 0 to 1"))
}

/// Plays a song: velocities and timing as a trained performer would choose them.
pub(super) fn run(args: &HumaniseArgs, common: &Common) -> Outcome {
    let extension = args
        .out
        .extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    if !matches!(extension.as_str(), "mid" | "midi" | "leit") {
        bail!(
            "{}: cannot write \".{extension}\"; name a .mid or .leit file",
            args.out.display()
        );
    }
    output::may_write(&args.out, common)?;
    let song = songs::open(&args.input)?;
    #[cfg(feature = "torch")]
    tch::set_num_threads(i32::from(common.threads));
    let performer = performer_in(&ModelPaths::find());
    let played = humanise(&*performer, &song, args.strength, args.seed)?;
    let bytes = if extension == "leit" {
        project::write(&Project {
            song: played.song,
            ..Project::default()
        })
    } else {
        midi::write(&played.song, &MidiOptions::default())?
    };
    files::write_atomically(&args.out, &bytes, Previous::Drop)?;
    let report = json!({
        "written": args.out,
        "performer": performer.name(),
        "strength": args.strength,
        "seed": args.seed,
        "changed": played.changed,
        "kept_off_grid": played.off_grid,
    });
    output::report(common, &report, || {
        format!(
            "{} notes changed by the {}, {} off the grid kept their places",
            played.changed,
            performer.name(),
            played.off_grid
        )
    });
    Ok(())
}
