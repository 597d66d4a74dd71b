//! Plays a file through the MIDI output in real time, with a silent audio stream as its clock, and says which ports there
//! are: for finding out why a DAW does not follow.
//!
//! `cargo run --example midi_out -- [FILE] [--port NAME] [--wait SECONDS] [--no-clock] [--loop FROM TO] [--listen SECONDS]`
//!
//! Without `--port` it opens the virtual port “Leitmotif” and waits (5 seconds by default) for something to be connected
//! to it. `--loop` repeats from one bar to another (counted from 1) for a minute. `--listen` shows what is played on the
//! MIDI inputs while the song runs, with the bar and beat that were heard.

#![allow(
    clippy::print_stdout,
    reason = "a report on the terminal is its purpose"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use leitmotif::audio::midi::{Midi, MidiInputChoice, MidiSettings, Moment};
use leitmotif::audio::{AtEnd, AudioSettings, Engine, Output};
use leitmotif::formats;
use leitmotif::score::{Song, Span, Tick};

#[derive(Default)]
struct Options {
    file: Option<String>,
    port: Option<String>,
    wait: Option<f64>,
    no_clock: bool,
    looped: Option<(u32, u32)>,
    listen: Option<f64>,
}

fn options() -> anyhow::Result<Options> {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut next = || {
            arguments
                .next()
                .context(format!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--port" => options.port = Some(next()?),
            "--wait" => options.wait = Some(next()?.parse()?),
            "--listen" => options.listen = Some(next()?.parse()?),
            "--loop" => options.looped = Some((next()?.parse()?, next()?.parse()?)),
            "--no-clock" => options.no_clock = true,
            flag if flag.starts_with("--") => bail!("{flag} is not known"),
            file => options.file = Some(file.to_owned()),
        }
    }
    Ok(options)
}

/// Keeps sound and MIDI going for some time.
fn run(
    engine: &mut Engine,
    midi: &mut Midi,
    time: Duration,
    mut until: impl FnMut(&Engine) -> bool,
) {
    let end = Instant::now() + time;
    while Instant::now() < end && !until(engine) {
        engine.poll();
        if let Some(tap) = engine.take_tap() {
            midi.follow(tap);
        }
        engine.set_tapped(midi.tapped());
        for moment in midi.moments() {
            if let Moment::Played { event, tick } = moment {
                let place = engine.song().metre.position(Tick(tick as i64));
                println!("{place:?}  tick {tick:.1}  {event:?}");
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn main() -> anyhow::Result<()> {
    let options = options()?;
    let song = match &options.file {
        Some(path) => formats::open(path)?.song,
        None => Song::default(),
    };
    let mut engine = Engine::start(AudioSettings {
        output: Output::Silent,
        ..AudioSettings::default()
    });
    let settings = MidiSettings {
        input: if options.listen.is_some() {
            MidiInputChoice::All
        } else {
            MidiInputChoice::None
        },
        virtual_output: options.port.is_none(),
        output: options.port.clone(),
        clock: !options.no_clock,
        thru: false,
    };
    let mut midi = Midi::start(engine.live(), settings, || {})?;
    engine.set_song(Arc::new(song));
    run(&mut engine, &mut midi, Duration::from_millis(500), |_| {
        false
    });
    let state = midi.state();
    for (what, ports) in [
        ("input", &state.ports.inputs),
        ("output", &state.ports.outputs),
    ] {
        for port in ports {
            println!("{what}: {port}");
        }
    }
    if let Some(trouble) = &state.trouble {
        bail!("{trouble}");
    }
    let wait = Duration::from_secs_f64(options.wait.unwrap_or(5.0));
    println!("Playing in {} s ...", wait.as_secs_f64());
    run(&mut engine, &mut midi, wait, |_| false);
    let mut time = Duration::from_hours(1);
    if let Some((from, to)) = options.looped {
        let metre = &engine.song().metre;
        let bar = |number: u32| metre.bar_start(number.saturating_sub(1));
        let span = Span::new(bar(from), bar(to));
        engine.set_loop(Some(span));
        engine.seek(span.start);
        time = Duration::from_mins(1);
    }
    if let Some(listen) = options.listen {
        engine.set_at_end(AtEnd::GoOn);
        time = Duration::from_secs_f64(listen);
    }
    engine.play();
    run(&mut engine, &mut midi, Duration::from_millis(200), |_| {
        false
    });
    run(&mut engine, &mut midi, time, |engine| !engine.is_playing());
    engine.pause();
    // The last messages are still on their way.
    run(&mut engine, &mut midi, Duration::from_millis(300), |_| {
        false
    });
    println!("Done.");
    Ok(())
}
