//! The command line: the same engine as the window, for scripts, tests and batch work.
//!
//! Exit codes: 0 done, 1 failed, 2 the command was not understood. Reports go to stdout (`--json`: one JSON value), all else
//! to stderr.

mod band;
mod chain;
mod continuation;
mod convert;
mod doctor;
mod humanise;
mod infill;
mod installed;
mod interrupt;
mod measure;
mod options;
mod output;
mod progress;
mod rank;
mod render;
mod songs;
mod theme;
mod train;
mod work;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use interrupt::Interrupt;

/// A studio for composing with neural networks: draw a theme, have it continued, hear it, take it to a DAW as MIDI.
#[derive(Debug, Parser)]
#[command(
    name = "leitmotif",
    version,
    arg_required_else_help = false,
    after_help = "Without a command the studio opens. Every command explains itself: leitmotif continue --help"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    common: Common,
}

/// Options of all commands.
#[derive(Debug, Clone, Args)]
struct Common {
    /// Print a machine-readable report (JSON) on stdout
    #[arg(long, global = true)]
    json: bool,
    /// Threads for the networks; equal results need equal numbers
    #[arg(long, global = true, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Where the networks compute
    #[arg(long, global = true, value_enum, default_value_t = Device::Auto)]
    device: Device,
    /// Overwrite files that exist
    #[arg(long, global = true)]
    force: bool,
}

/// Where the networks compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Device {
    /// Where it is fastest
    Auto,
    /// On the processor
    Cpu,
    /// On an NVIDIA graphics card
    Cuda,
}

impl Common {
    /// The networks compute on the processor, in every build so far: a wish for something else is refused, not ignored.
    fn check_device(&self) -> anyhow::Result<()> {
        match self.device {
            Device::Auto | Device::Cpu => Ok(()),
            Device::Cuda => {
                anyhow::bail!(
                    "--device cuda: this build computes on the processor; leave --device out"
                )
            }
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open the studio, on a file if one is given
    #[command(after_help = "Example:\n  leitmotif open song.mid")]
    Open {
        /// A MIDI file or a project
        file: Option<PathBuf>,
    },
    /// Continue a theme: candidates as MIDI files, best first
    Continue(continuation::ContinueArgs),
    /// Write music for a band of five from nothing
    Seed(band::SeedArgs),
    /// Write a band around a track of a song
    Accompany(band::AccompanyArgs),
    /// Write some bars or parts of a song again, the rest as it is
    Vary(band::VaryArgs),
    /// Write what lies between two to four ideas of a band
    Interpolate(band::InterpolateArgs),
    /// Go from nothing to a piece: a band's phrase becomes a theme, which is continued
    Compose(chain::ComposeArgs),
    /// Render a song to a WAV or FLAC file
    Render(render::RenderArgs),
    /// Convert between MIDI, project, WAV, FLAC and PNG, by extension
    Convert(convert::ConvertArgs),
    /// Play a song like a human: velocities and timing for what was typed or generated
    Humanise(humanise::HumaniseArgs),
    /// Put songs into order, the best first, and say why
    Rank(rank::RankArgs),
    /// Measure songs: how they treat their theme, and what their tracks are like
    Measure(measure::MeasureArgs),
    /// Find the theme of a song: the phrase that comes back most, and where
    Theme(theme::ThemeArgs),
    /// List the models that are installed
    #[command(after_help = "Example:\n  leitmotif models --json")]
    Models,
    /// List the SoundFonts that are installed
    #[command(after_help = "Example:\n  leitmotif soundfonts")]
    Soundfonts,
    /// List the audio output devices and the MIDI ports
    #[command(after_help = "Example:\n  leitmotif devices")]
    Devices,
    /// Check display, audio, networks, models and SoundFont, and say what to do
    #[command(after_help = "Example:\n  leitmotif doctor")]
    Doctor,
    /// Train a model, or make a training set
    Train(train::TrainArgs),
}

/// What a command ends with.
type Outcome = anyhow::Result<()>;

impl Cli {
    /// Whether the networks may be asked to compute.
    pub fn computes(&self) -> bool {
        match &self.command {
            None
            | Some(
                Command::Open { .. }
                | Command::Continue(_)
                | Command::Seed(_)
                | Command::Accompany(_)
                | Command::Vary(_)
                | Command::Interpolate(_)
                | Command::Compose(_)
                | Command::Humanise(_)
                | Command::Theme(_)
                | Command::Train(_),
            ) => true,
            Some(
                Command::Render(_)
                | Command::Convert(_)
                | Command::Measure(_)
                | Command::Rank(_)
                | Command::Models
                | Command::Soundfonts
                | Command::Devices
                | Command::Doctor,
            ) => false,
        }
    }

    /// Carries the command out; an error is one line on stderr. `open_window` opens the studio, on a file if one is given:
    /// the window stands above this layer.
    ///
    /// Gives the exit code.
    pub fn run(self, open_window: impl FnOnce(Option<PathBuf>) -> Outcome) -> u8 {
        let common = self.common;
        let outcome = match self.command {
            None => open_window(None),
            Some(Command::Open { file }) => open(file, open_window),
            Some(Command::Continue(args)) => continuation::run(&args, &common),
            Some(Command::Seed(args)) => band::seed(&args, &common),
            Some(Command::Accompany(args)) => band::accompany(&args, &common),
            Some(Command::Vary(args)) => band::vary(&args, &common),
            Some(Command::Interpolate(args)) => band::interpolate(&args, &common),
            Some(Command::Compose(args)) => chain::run(&args, &common),
            Some(Command::Render(args)) => render::run(&args, &common),
            Some(Command::Convert(args)) => convert::run(&args, &common),
            Some(Command::Humanise(args)) => humanise::run(&args, &common),
            Some(Command::Measure(args)) => measure::run(&args, &common),
            Some(Command::Rank(args)) => rank::run(&args, &common),
            Some(Command::Theme(args)) => theme::run(&args, &common),
            Some(Command::Models) => {
                installed::models(&common);
                Ok(())
            }
            Some(Command::Soundfonts) => {
                installed::soundfonts(&common);
                Ok(())
            }
            Some(Command::Devices) => {
                installed::devices(&common);
                Ok(())
            }
            Some(Command::Doctor) => doctor::run(&common),
            Some(Command::Train(args)) => train::run(&args, &common),
        };
        match outcome {
            Ok(()) => 0,
            Err(error) => {
                // Every error of ours says all that it knows itself; the chain below would say it twice.
                let message = error.to_string().replace('\n', " ");
                eprintln!("leitmotif: {message}");
                1
            }
        }
    }
}

/// A file that cannot be opened is told here, not in a window that then stands empty.
fn open(file: Option<PathBuf>, open_window: impl FnOnce(Option<PathBuf>) -> Outcome) -> Outcome {
    if let Some(file) = &file {
        crate::formats::open(file)?;
    }
    open_window(file)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_options_do_not_contradict_each_other() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string);
            assert!(
                help.is_some_and(|help| help.contains("Example")),
                "{} has none",
                command.get_name()
            );
        }
    }
}
