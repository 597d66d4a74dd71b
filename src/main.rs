//! Starts the studio, or runs a command.

use std::io::{IsTerminal as _, Write as _};

use clap::Parser as _;

fn main() {
    let cli = leitmotif::cli::Cli::parse();
    if cli.computes() {
        wait_passively();
    }
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
    leave(cli.run(leitmotif::app::run))
}

/// Ends the program. By now all that is ours is written, told and dropped; libtorch would go on to take its thousands of
/// operators out of their tables one by one, for a tenth of a second, and is not let.
#[cfg(unix)]
fn leave(exit_code: u8) -> ! {
    // Nobody is left to be told that nobody reads.
    let _ = std::io::stdout().flush();
    #[allow(
        unsafe_code,
        reason = "the one way out without the destructors of libraries; _exit has no precondition"
    )]
    unsafe {
        libc::_exit(exit_code.into())
    }
}

#[cfg(not(unix))]
fn leave(exit_code: u8) -> ! {
    std::process::exit(exit_code.into())
}

/// Starts the program once more with OpenMP told to let its threads sleep while they wait.
///
/// Waiting threads that spin take the processor from those that work: on a busy machine two threads are then several times
/// slower than one. OpenMP reads the settings when it is loaded, before anything here runs, so they must be in the
/// environment from the start. What does without networks is spared this: loading libtorch takes longer than much of it.
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
