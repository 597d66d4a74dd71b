//! Starts the studio, or runs a command.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    wait_passively();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .without_time()
        .with_target(false)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("LEITMOTIF_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn")),
        )
        .init();
    leitmotif::cli::Cli::parse().run(leitmotif::app::run)
}

/// Starts the program once more with OpenMP told to let its threads sleep while they wait.
///
/// Waiting threads that spin take the processor from those that work: on a busy machine two threads are then several times
/// slower than one. OpenMP reads the settings when it is loaded, before anything here runs, so they must be in the
/// environment from the start.
#[cfg(unix)]
fn wait_passively() {
    use std::os::unix::process::CommandExt as _;
    const WANTED: [(&str, &str); 2] = [("OMP_WAIT_POLICY", "passive"), ("GOMP_SPINCOUNT", "0")];
    if WANTED
        .iter()
        .all(|(name, _)| std::env::var_os(name).is_some())
    {
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let mut again = std::process::Command::new(program);
    let mut arguments = std::env::args_os();
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    again.args(arguments);
    for (name, value) in WANTED {
        if std::env::var_os(name).is_none() {
            again.env(name, value);
        }
    }
    // Comes back only if it failed; then the program is slower, and no worse.
    let _ = again.exec();
}

#[cfg(not(unix))]
fn wait_passively() {}
