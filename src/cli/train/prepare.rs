//! `leitmotif train prepare`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::{Common, Interrupt, Outcome, output, progress};
use crate::train::bands::prepare::{self as bands, PrepareOptions};
use crate::train::bands::report::Report;
use crate::train::bands::set::FILE_NAME;

/// Options of `train prepare`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  leitmotif train prepare bands --data my-midi --out set")]
pub(super) struct PrepareArgs {
    #[command(subcommand)]
    set: Set,
}

#[derive(Debug, Subcommand)]
enum Set {
    /// Four-bar phrases for drums, piano, guitar, bass and strings, from MIDI files of bands
    #[command(
        after_help = "Examples:\n  leitmotif train prepare bands --data my-midi --out set\n  leitmotif train prepare bands --data corpora --out set --seed 2"
    )]
    Bands(BandsArgs),
}

#[derive(Debug, Args)]
struct BandsArgs {
    /// A folder with MIDI files, in any depth, or one that pop909, pop909-cl, groove and bands were unpacked into
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The folder for the set, its report (JSON) and pictures of it (PNG)
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The random seed of the arrangements that are made of pop909
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Makes a training set.
pub(super) fn run(args: &PrepareArgs, common: &Common) -> Outcome {
    match &args.set {
        Set::Bands(args) => bands(args, common),
    }
}

fn bands(args: &BandsArgs, common: &Common) -> Outcome {
    output::may_write(&args.out.join(FILE_NAME), common)?;
    let interrupt = Interrupt::listen();
    let bar = progress::bar(0, "reading music");
    let options = PrepareOptions {
        data: args.data.clone(),
        out: args.out.clone(),
        seed: args.seed,
    };
    let report = bands::run(&options, &mut |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
        interrupt.flow()
    })?;
    bar.finish_and_clear();
    output::report(common, &serde_json::to_value(&report)?, || {
        format!(
            "{}\n{}\nset, report and pictures are in {}",
            counts(&report),
            report.table,
            args.out.display()
        )
    });
    Ok(())
}

/// What is in the set, and what was left out and why.
fn counts(report: &Report) -> String {
    let mut rows = vec![
        ["source", "split", "songs", "bars", "phrases"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for (source, splits) in &report.sources {
        for (split, figures) in splits {
            rows.push(vec![
                source.to_string(),
                split.to_string(),
                figures.songs.to_string(),
                figures.bars.to_string(),
                figures.phrases.to_string(),
            ]);
        }
    }
    let mut lines = vec![output::table(&rows)];
    for (source, reasons) in &report.left_out {
        for (reason, names) in reasons {
            lines.push(format!("left out of {source}: {} {reason}", names.len()));
        }
    }
    lines.join("\n")
}
