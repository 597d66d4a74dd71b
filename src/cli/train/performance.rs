//! `leitmotif train performance`.

use std::path::PathBuf;

use clap::Args;

use super::options::RunOptions;
use crate::cli::{Common, Outcome, output, progress};
use crate::tokens::expression::Player;
use crate::train::performance::evaluate::Scores;
use crate::train::performance::run::{self as training, Progress, TrainOptions};

/// Options of `train performance`.
#[derive(Debug, Args)]
pub(super) struct PerformanceArgs {
    /// The folder that groove, pop909 and pop909-cl were unpacked into
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Weights to begin with (.safetensors)
    #[arg(long, value_name = "FILE")]
    warm_start: Option<PathBuf>,
    /// Learning rate after warm-up
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Windows of eight bars in a step
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    #[command(flatten)]
    run: RunOptions,
}

/// Trains a performance network.
pub(super) fn run(args: &PerformanceArgs, common: &Common) -> Outcome {
    let interrupt = args.run.begin(false, common)?;
    let mut options = TrainOptions::new(&args.data, &args.run.out);
    options.warm_start.clone_from(&args.warm_start);
    options.minutes = args.run.minutes;
    options.steps = args.run.steps;
    options.threads = usize::from(common.threads);
    options.seed = args.run.seed;
    options.learning_rate = args.learning_rate.unwrap_or(options.learning_rate);
    options.batch = args.batch.unwrap_or(options.batch);

    let bar = progress::bar(1000, "training");
    let report = training::run(&options, &mut |progress| {
        match progress {
            Progress::Read(done, all) => {
                bar.set_message(format!("{done} of {all} songs read"));
            }
            Progress::Stepped(share) => bar.set_position((share * 1000.0) as u64),
            Progress::Trained(row) => bar.set_message(format!(
                "step {}, velocity {:.3}, timing {:.3} nats, {:.0} notes/s",
                row.step, row.velocity, row.timing, row.notes_per_second
            )),
            Progress::Validated(row) => bar.suspend(|| {
                output::note(&format!(
                    "validation at step {}: velocity of drums {:.4}, of pitched players {:.4}, timing of drums {:.4} nats a note",
                    row.step, row.drums, row.pitched, row.timing
                ));
            }),
        }
        interrupt.flow()
    })?;
    bar.finish_and_clear();
    let json = serde_json::to_value(&report)?;
    output::report(common, &json, || {
        format!(
            "{} steps in {:.1} minutes, {} parameters; the weights of step {} are in {}\n\nTest recordings, nats a note:\n{}",
            report.steps,
            report.seconds / 60.0,
            report.parameters,
            report.best_step,
            args.run.out.display(),
            table(&report.test)
        )
    });
    Ok(())
}

/// Network and baselines side by side, a row for each player.
fn table(scores: &Scores) -> String {
    let header = [
        "player", "notes", "velocity", "constant", "table", "timing", "constant", "table",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    for (player, score) in &scores.players {
        let timed = *player == Player::Drums;
        let nats = |value: f64| format!("{value:.3}");
        let timing = |value: f64| if timed { nats(value) } else { "-".to_owned() };
        rows.push(vec![
            player.to_string(),
            score.notes.to_string(),
            nats(score.velocity),
            nats(score.velocity_constant),
            nats(score.velocity_table),
            timing(score.timing),
            timing(score.timing_constant),
            timing(score.timing_table),
        ]);
    }
    output::table(&rows)
}
