//! `leitmotif train`.

#[cfg(feature = "torch")]
mod melody;
#[cfg(feature = "torch")]
mod musegan;
#[cfg(feature = "torch")]
mod options;
#[cfg(feature = "torch")]
mod performance;
mod prepare;
#[cfg(feature = "torch")]
mod theme;

use clap::{Args, Subcommand};

use super::{Common, Outcome};

/// Options of `train`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  leitmotif train theme --data corpus --out run --minutes 60\n  leitmotif train theme --data corpus --out run --minutes 60 --resume\n  leitmotif train prepare bands --data my-midi --out set\n  leitmotif train musegan --data set --out run --minutes 60"
)]
pub(super) struct TrainArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The melody encoder, which tells variations of a melody from other melodies
    #[cfg(feature = "torch")]
    #[command(
        after_help = "Example:\n  leitmotif train melody --data corpus --out run --minutes 20"
    )]
    Melody(melody::MelodyArgs),
    /// The performance network, which plays notes on the grid with velocity and timing
    #[cfg(feature = "torch")]
    #[command(
        after_help = "Example:\n  leitmotif train performance --data data --out run --minutes 20"
    )]
    Performance(performance::PerformanceArgs),
    /// Make a training set from music
    Prepare(prepare::PrepareArgs),
    /// The `MuseGAN` family, which writes four bars for five parts
    #[cfg(feature = "torch")]
    #[command(
        name = "musegan",
        after_help = "Examples:\n  leitmotif train musegan --kind hybrid --data set --out run --minutes 60\n  leitmotif train musegan --kind accompany --data set --out run --minutes 60 --resume"
    )]
    MuseGan(Box<musegan::MuseGanArgs>),
    /// The Theme Transformer, which continues themes
    #[cfg(feature = "torch")]
    #[command(
        after_help = "Examples:\n  leitmotif train theme --data corpus --out run --steps 2000\n  leitmotif train theme --data corpus --out run --minutes 60 --one-key --warm-start models/theme/weights.safetensors"
    )]
    Theme(theme::ThemeArgs),
}

/// Trains a model, or makes a training set.
pub(super) fn run(args: &TrainArgs, common: &Common) -> Outcome {
    match &args.what {
        #[cfg(feature = "torch")]
        What::Melody(args) => melody::run(args, common),
        #[cfg(feature = "torch")]
        What::Performance(args) => performance::run(args, common),
        What::Prepare(args) => prepare::run(args, common),
        #[cfg(feature = "torch")]
        What::MuseGan(args) => musegan::run(args, common),
        #[cfg(feature = "torch")]
        What::Theme(args) => theme::run(args, common),
    }
}
