//! `leitmotif train performance`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::{Common, Interrupt, Outcome, output, progress};
use crate::tokens::expression::Player;
use crate::train::performance::evaluate::Scores;
use crate::train::performance::run::{self as training, Progress, TrainOptions};

/// Options of `train performance`.
#[derive(Debug, Args)]
pub(super) struct PerformanceArgs {
    /// The folder that groove, pop909 and pop909-cl were unpacked into
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The folder for configuration, weights, logs (CSV), curves (PNG) and the report (JSON)
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Stop after so many minutes
    #[arg(long, value_name = "M", required_unless_present = "steps")]
    minutes: Option<f64>,
    /// Stop after so many optimiser steps
    #[arg(long, value_name = "N")]
    steps: Option<u64>,
    /// Weights to begin with (.safetensors)
    #[arg(long, value_name = "FILE")]
    warm_start: Option<PathBuf>,
    /// Learning rate after warm-up
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Windows of eight bars in a step
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// The random seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

/// Trains a performance network.
pub(super) fn run(args: &PerformanceArgs, common: &Common) -> Outcome {
    common.check_device()?;
    output::may_write(&args.out.join("training.csv"), common)?;
    let interrupt = Interrupt::listen();
    let mut options = TrainOptions::new(&args.data, &args.out);
    options.warm_start.clone_from(&args.warm_start);
    options.minutes = args.minutes;
    options.steps = args.steps;
    options.threads = usize::from(common.threads);
    options.seed = args.seed;
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
            args.out.display(),
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
