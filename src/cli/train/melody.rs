//! `leitmotif train melody`.

use std::path::PathBuf;

use clap::Args;

use super::options::RunOptions;
use crate::cli::{Common, Outcome, output, progress};
use crate::train::melody::run::{self as training, Progress, TrainOptions};

/// Options of `train melody`.
#[derive(Debug, Args)]
pub(super) struct MelodyArgs {
    /// The folder that pop909 and pop909-cl were unpacked into
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Go on from the checkpoint in the folder
    #[arg(long)]
    resume: bool,
    /// Learning rate after warm-up
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Songs in a step, two segments of each
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    #[command(flatten)]
    run: RunOptions,
}

/// Trains a melody encoder.
pub(super) fn run(args: &MelodyArgs, common: &Common) -> Outcome {
    let interrupt = args.run.begin(args.resume, common)?;
    let mut options = TrainOptions::new(&args.data, &args.run.out);
    options.minutes = args.run.minutes;
    options.steps = args.run.steps;
    options.resume = args.resume;
    options.threads = usize::from(common.threads);
    options.seed = args.run.seed;
    options.learning_rate = args.learning_rate.unwrap_or(options.learning_rate);
    options.songs = args.batch.unwrap_or(options.songs);

    let bar = progress::bar(1000, "training");
    let report = training::run(&options, &mut |progress| {
        match progress {
            Progress::Read(done, all) => bar.set_message(format!("{done} of {all} songs read")),
            Progress::Stepped(share) => bar.set_position((share * 1000.0) as u64),
            Progress::Trained(row) => bar.set_message(format!(
                "step {}, {:.3} nats, {:.3} found, {:.0} segments/s",
                row.step, row.loss, row.accuracy, row.segments_per_second
            )),
            Progress::Validated(row) => bar.suspend(|| {
                output::note(&format!(
                    "validation at step {}: {:.3} of the variations found, area {:.4}, of edit-similar pairs {:.4}",
                    row.step, row.top1, row.auc, row.auc_same_theme
                ));
            }),
        }
        interrupt.flow()
    })?;
    bar.finish_and_clear();
    let json = serde_json::to_value(&report)?;
    output::report(common, &json, || {
        let found = &report.validation;
        format!(
            "{} steps in {:.1} minutes, {} parameters; weights, logs and curves are in {}\n\
             variations found among {}: {:.3} (by edit similarity {:.3}), area {:.4} ({:.4})\n\
             area of edit-similar pairs of a song: {:.4}",
            report.steps,
            report.seconds / 60.0,
            report.parameters,
            args.run.out.display(),
            found.among,
            found.top1,
            found.top1_edit,
            found.auc,
            found.auc_edit,
            found.auc_same_theme,
        )
    });
    Ok(())
}
