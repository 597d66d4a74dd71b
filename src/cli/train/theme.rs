//! `leitmotif train theme`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::options::RunOptions;
use crate::cli::{Common, Interrupt, Outcome, output, progress};
use crate::compose::ModelPaths;
use crate::nets::theme_transformer::KeyKind;
use crate::train::theme::log::ValidationRow;
use crate::train::theme::prepare::{self, PrepareOptions};
use crate::train::theme::run::{self as training, Progress, TrainOptions};
use crate::train::theme_mining::MiningOptions;

/// Options of `train theme`.
#[derive(Debug, Args)]
pub(super) struct ThemeArgs {
    /// A folder with sequences.npz, or one that pop909 and pop909-cl were unpacked into: the sequences are then made first
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Go on from the checkpoint in the folder
    #[arg(long)]
    resume: bool,
    /// A folder with a melody encoder, which finds the themes; by default the one that is installed
    #[arg(long, value_name = "DIR")]
    encoder: Option<PathBuf>,
    /// Weights to begin with (.safetensors or .pt)
    #[arg(long, value_name = "FILE")]
    warm_start: Option<PathBuf>,
    /// Learning rate after warm-up
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Share of values that training drops, 0 to below 1
    #[arg(long, value_name = "SHARE", value_parser = crate::cli::options::parse_share)]
    dropout: Option<f32>,
    /// Move every song to C major or A minor, instead of to any key
    #[arg(long)]
    one_key: bool,
    /// Windows of 512 tokens in a step
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    #[command(flatten)]
    run: RunOptions,
}

/// Trains a Theme Transformer.
pub(super) fn run(args: &ThemeArgs, common: &Common) -> Outcome {
    let interrupt = args.run.begin(args.resume, common)?;
    let data = sequences(args, &interrupt)?;
    let mut options = TrainOptions::new(data, &args.run.out);
    options.minutes = args.run.minutes;
    options.steps = args.run.steps;
    options.resume = args.resume;
    options.warm_start.clone_from(&args.warm_start);
    options.threads = usize::from(common.threads);
    options.seed = args.run.seed;
    options.learning_rate = args.learning_rate.unwrap_or(options.learning_rate);
    options.dropout = args.dropout.map_or(options.dropout, f64::from);
    if args.one_key {
        options.windows.keys = KeyKind::Common;
    }
    options.batch = args.batch.unwrap_or(options.batch);

    let bar = progress::bar(1000, "training");
    let mut last: Option<ValidationRow> = None;
    let state = training::run(&options, &mut |progress| {
        match progress {
            Progress::Stepped(share) => bar.set_position((share * 1000.0) as u64),
            Progress::Trained(row) => {
                bar.set_message(format!(
                    "step {}, {:.3} nats a token, {:.0} tokens/s",
                    row.step, row.loss, row.tokens_per_second
                ));
            }
            Progress::Validated(row) => {
                bar.suspend(|| output::note(&describe(row)));
                last = Some(*row);
            }
        }
        interrupt.flow()
    })?;
    bar.finish_and_clear();
    let report = json!({
        "out": args.run.out,
        "steps": state.step,
        "tokens": state.tokens,
        "seconds": state.seconds,
        "seed": state.seed,
        "best_validation_loss": state.best,
        "validation": last.map(|row| json!({
            "step": row.step, "loss": row.loss, "accuracy": row.accuracy, "inside": row.inside,
            "inside_melody_only": row.inside_melody_only, "inside_wrong": row.inside_wrong, "outside": row.outside,
        })),
    });
    output::report(common, &report, || {
        format!(
            "{} steps, {} tokens; weights, logs and curves are in {}",
            state.step,
            state.tokens,
            args.run.out.display()
        )
    });
    Ok(())
}

fn describe(row: &ValidationRow) -> String {
    format!(
        "validation at step {}: {:.4} nats a token, accuracy {:.3}; inside themes {:.3}, of a melody alone {:.3}, with a wrong theme {:.3}",
        row.step, row.loss, row.accuracy, row.inside, row.inside_melody_only, row.inside_wrong
    )
}

/// The folder that holds the sequences; made from the corpus if there are none yet.
fn sequences(args: &ThemeArgs, interrupt: &Interrupt) -> anyhow::Result<PathBuf> {
    let holds = |folder: &Path| folder.join("sequences.npz").is_file();
    if let Some(folder) = [&args.data, &args.run.out]
        .into_iter()
        .find(|folder| holds(folder))
    {
        return Ok(folder.clone());
    }
    output::make_folder(&args.run.out)?;
    let bar = progress::bar(0, "finding themes");
    let report = prepare::run(
        &PrepareOptions {
            data: args.data.clone(),
            out: args.run.out.clone(),
            mining: MiningOptions::default(),
            encoder: args
                .encoder
                .clone()
                .or_else(|| ModelPaths::find().model("melody")),
        },
        &mut |done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
            interrupt.flow()
        },
    )?;
    bar.finish_and_clear();
    output::note(&format!(
        "{} of {} songs have themes: {} tokens, {} theme regions",
        report.kept, report.songs, report.tokens, report.regions
    ));
    Ok(args.run.out.clone())
}
