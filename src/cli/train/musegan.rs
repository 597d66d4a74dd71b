//! `leitmotif train musegan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::options::RunOptions;
use crate::cli::{Common, Outcome, output, progress};
use crate::nets::musegan::{BandConfig, BandKind};
use crate::train::bands::set::BandSet;
use crate::train::musegan::{self, Binarise, GanOptions, Keys, Phrases, Progress};

#[derive(Debug, Args)]
pub(super) struct MuseGanArgs {
    /// What to train
    #[arg(long, value_enum, default_value = "hybrid")]
    kind: Kind,
    /// The folder of a set that `leitmotif train prepare bands` made
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Go on from the checkpoint in the folder
    #[arg(long)]
    resume: bool,
    /// Weights of a generator to begin with (.safetensors)
    #[arg(long, value_name = "FILE")]
    warm_start: Option<PathBuf>,
    /// Phrases in a step
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Critic steps to one generator step
    #[arg(long, value_name = "N")]
    critic_steps: Option<usize>,
    /// Steps as a variational autoencoder before the adversarial ones
    #[arg(long, value_name = "N")]
    warm_up: Option<u64>,
    /// Weight of the latents' divergence from noise in the warm-up
    #[arg(long, value_name = "WEIGHT")]
    divergence: Option<f64>,
    /// Learning rate of the warm-up
    #[arg(long, value_name = "RATE")]
    warm_up_rate: Option<f64>,
    /// Weight of the counts of notes in the generator's loss
    #[arg(long, value_name = "WEIGHT")]
    counts: Option<f64>,
    /// Learning rate of the generator
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Learning rate of the critic
    #[arg(long, value_name = "RATE")]
    critic_rate: Option<f64>,
    /// How generated rolls become notes while training: threshold, bernoulli or soft
    #[arg(long, value_name = "HOW")]
    binarise: Option<Binarise>,
    /// Into which keys phrases are moved: white (C major, A minor) or any
    #[arg(long, value_name = "KEYS")]
    keys: Option<Keys>,
    /// Scale the networks' widths
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    width: f64,
    /// Minutes between samples and their measures
    #[arg(long, value_name = "M")]
    sample_minutes: Option<f64>,
    #[command(flatten)]
    run: RunOptions,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// Shared and private latents, a generator for each part
    Hybrid,
    /// Private latents only
    Jamming,
    /// Shared latents, one generator for all parts
    Composer,
    /// The hybrid that plays to a given part
    Accompany,
}

/// Trains a member of the family.
pub(super) fn run(args: &MuseGanArgs, common: &Common) -> Outcome {
    let interrupt = args.run.begin(args.resume, common)?;
    let phrases = Phrases::of(&BandSet::open(&args.data)?);
    let bar = progress::bar(1000, "training");
    let state = musegan::run(&options(args, common), &phrases, &mut |progress| {
        match progress {
            Progress::Stepped(share) => bar.set_position((share * 1000.0) as u64),
            Progress::Trained(row) => bar.set_message(format!(
                "step {}, distance {:.2}, {:.2} s a step",
                row.step, row.distance, row.seconds
            )),
            Progress::Sampled(step, distance) => bar.suspend(|| {
                output::note(&format!(
                    "step {step}: the measures are {distance:.3} deviations from the data's"
                ));
            }),
        }
        interrupt.flow()
    })?;
    bar.finish_and_clear();
    let report = json!({
        "out": args.run.out,
        "steps": state.step,
        "seconds": state.seconds,
        "seed": state.seed,
        "distance": state.distance,
    });
    output::report(common, &report, || {
        format!(
            "{} steps; weights, samples, logs and curves are in {}",
            state.step,
            args.run.out.display()
        )
    });
    Ok(())
}

fn options(args: &MuseGanArgs, common: &Common) -> GanOptions {
    let kind = match args.kind {
        Kind::Hybrid | Kind::Accompany => BandKind::Hybrid,
        Kind::Jamming => BandKind::Jamming,
        Kind::Composer => BandKind::Composer,
    };
    let network = BandConfig::of(kind, matches!(args.kind, Kind::Accompany));
    let base = GanOptions::new(&args.run.out, network);
    let wide = |size: i64| ((size as f64 * args.width).round() as i64).max(1);
    let (net, critic) = (base.network, base.critic);
    GanOptions {
        minutes: args.run.minutes,
        steps: args.run.steps,
        resume: args.resume,
        warm_start: args.warm_start.clone(),
        threads: usize::from(common.threads),
        seed: args.run.seed,
        batch: args.batch.unwrap_or(base.batch),
        critic_steps: args.critic_steps.unwrap_or(base.critic_steps),
        generator_rate: args.learning_rate.unwrap_or(base.generator_rate),
        critic_rate: args.critic_rate.unwrap_or(base.critic_rate),
        warm_up: args.warm_up.unwrap_or(base.warm_up),
        warm_up_rate: args.warm_up_rate.unwrap_or(base.warm_up_rate),
        divergence: args.divergence.unwrap_or(base.divergence),
        counts: args.counts.unwrap_or(base.counts),
        binarise: args.binarise.unwrap_or(base.binarise),
        keys: args.keys.unwrap_or(base.keys),
        sample_minutes: args.sample_minutes.unwrap_or(base.sample_minutes),
        network: BandConfig {
            bar: wide(net.bar),
            beat: wide(net.beat),
            step: wide(net.step),
            octave: wide(net.octave),
            given: wide(net.given),
            ..net
        },
        critic: crate::nets::musegan::CriticConfig {
            step: wide(critic.step),
            beat: wide(critic.beat),
            bar: wide(critic.bar),
            phrase: wide(critic.phrase),
        },
        ..base
    }
}
