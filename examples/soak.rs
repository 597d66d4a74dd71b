//! Plays in real time for some minutes while everything is being changed, and reports how the callback fared.
//!
//! `cargo run --example soak -- [MINUTES] [--silent] [--font FILE] [--work THREADS]`
//!
//! Edits every second, loops, seeks, changes of SoundFont, previews. `--silent` uses the silent stream instead of the
//! system's device; `--work` keeps that many other threads busy. Fails if a stream could not be opened.

#![allow(
    clippy::print_stdout,
    reason = "a report on the terminal is its purpose"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use leitmotif::audio::{
    AtEnd, AudioSettings, Engine, FontSource, Output, OutputState, Preview, soundfont,
};
use leitmotif::score::{
    Instrument, Note, Pitch, Role, Song, Span, Tempo, TempoMap, Tick, Track, TrackId, Velocity,
};

/// Eight busy tracks of 64 bars, a little different for every `variation`.
fn song(variation: i64) -> Song {
    let parts = [
        (Instrument::pitched(73), Role::Melody, 72, 240),
        (Instrument::pitched(0), Role::Piano, 60, 480),
        (Instrument::pitched(25), Role::Guitar, 55, 240),
        (Instrument::pitched(33), Role::Bass, 36, 480),
        (Instrument::pitched(48), Role::Strings, 60, 1_920),
        (Instrument::DRUMS, Role::Drums, 36, 240),
        (Instrument::pitched(88), Role::Strings, 64, 3_840),
        (Instrument::pitched(11), Role::Melody, 84, 480),
    ];
    let mut song = Song {
        tempo: Arc::new(TempoMap::constant(Tempo::from_bpm(
            112.0 + (variation % 3) as f64,
        ))),
        ..Song::default()
    };
    for (index, (instrument, role, key, step)) in parts.into_iter().enumerate() {
        let chord: &[i64] = if matches!(role, Role::Piano | Role::Strings) {
            &[0, 4, 7, 11]
        } else {
            &[0]
        };
        let notes = (0..64 * 3_840 / step)
            .flat_map(|i| {
                chord.iter().map(move |interval| {
                    let walk = (i * 5 + variation * (i % 7)) % 12;
                    Note::new(
                        Tick(i * step),
                        Tick(step * 9 / 10),
                        Pitch::clamped((key + walk + interval) as i32),
                        Velocity::clamped((70 + (i * 13 % 50)) as i32),
                    )
                })
            })
            .collect();
        let id = TrackId(index as u32 + 1);
        song = song.with_track(Track::new(id, role.name(), instrument, role).with_notes(notes));
    }
    song
}

struct Options {
    minutes: f64,
    silent: bool,
    font: Option<String>,
    work: usize,
}

fn options() -> anyhow::Result<Options> {
    let mut options = Options {
        minutes: 1.0,
        silent: false,
        font: None,
        work: 0,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--silent" => options.silent = true,
            "--font" => options.font = Some(arguments.next().context("--font needs a file")?),
            "--work" => {
                options.work = arguments
                    .next()
                    .context("--work needs a number")?
                    .parse()
                    .context("--work")?;
            }
            minutes => options.minutes = minutes.parse().context("minutes")?,
        }
    }
    Ok(options)
}

fn main() -> anyhow::Result<()> {
    let options = options()?;
    let font = match &options.font {
        Some(path) => soundfont::load(path.as_ref())?,
        None => soundfont::built_in()?,
    };
    let mut engine = Engine::start(AudioSettings {
        output: if options.silent {
            Output::Silent
        } else {
            Output::Default
        },
        font: Some(font),
        ..AudioSettings::default()
    });
    let started = Instant::now();
    while !options.silent && !matches!(engine.status().output, OutputState::Running(_)) {
        engine.poll();
        std::thread::sleep(Duration::from_millis(10));
        if started.elapsed() > Duration::from_secs(10) {
            bail!("no device: {:?}", engine.status().output);
        }
    }
    println!("output: {:?}", engine.status().output);

    let done = Arc::new(AtomicBool::new(false));
    let mut workers = Vec::new();
    for number in 0..options.work {
        let done = Arc::clone(&done);
        let worker = std::thread::Builder::new().name(format!("work-{number}"));
        workers.push(worker.spawn(move || {
            let mut value = 1.0_f64;
            while !done.load(Ordering::Relaxed) {
                value = (value * 1.000_001).sin() + 1.0;
            }
            value
        })?);
    }

    engine.set_at_end(AtEnd::GoOn);
    engine.set_song(Arc::new(song(0)));
    engine.play();
    let started = Instant::now();
    let length = Duration::from_secs_f64(options.minutes * 60.0);
    let mut second = 0_i64;
    let mut moved = 0_u64;
    let mut last = Tick::ZERO;
    while started.elapsed() < length {
        engine.poll();
        if started.elapsed().as_secs() as i64 > second {
            second += 1;
            moved += u64::from(engine.position() != last);
            last = engine.position();
            engine.set_song(Arc::new(song(second)));
            match second % 20 {
                5 => engine.set_loop(Some(Span::new(Tick(0), Tick(7_680)))),
                6 | 16 => engine.seek(Tick(second * 331 % 50_000)),
                9 => engine.set_loop(None),
                11 => engine.set_metronome(second % 40 < 20),
                13 => engine.load_font(match (&options.font, second % 40 < 20) {
                    (Some(path), true) => FontSource::File(path.into()),
                    _ => FontSource::BuiltIn,
                }),
                _ => engine.preview(Preview {
                    instrument: Instrument::pitched((second % 128) as u8),
                    pitch: Pitch::clamped(60 + (second % 24) as i32),
                    velocity: Velocity::DEFAULT,
                    length: Duration::from_millis(400),
                }),
            }
            if second % 30 == 0 {
                report(&engine, second);
            }
        }
        std::thread::sleep(Duration::from_millis(15));
    }
    report(&engine, second);
    println!("the playhead moved in {moved} of {second} seconds");
    done.store(true, Ordering::Relaxed);
    for worker in workers {
        if worker.join().is_err() {
            bail!("a worker panicked");
        }
    }
    Ok(())
}

fn report(engine: &Engine, second: i64) {
    let status = engine.status();
    println!(
        "{second:4} s: {} callbacks, xruns {}, late {}, load p50 {:.0} % p99 {:.0} % worst {:.0} % ({:.1} ms), peak {:.2}",
        status.load.callbacks,
        status.xruns,
        status.late_callbacks,
        100.0 * status.load.median,
        100.0 * status.load.p99,
        100.0 * status.load.worst,
        status.load.worst_microseconds as f64 / 1_000.0,
        engine.meters().master[0],
    );
    if let Some(trouble) = status.trouble() {
        println!("       {trouble}");
    }
}
