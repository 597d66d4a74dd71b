//! Plays in real time for some minutes while everything is being changed, and reports how the callback fared.
//!
//! `cargo run --example soak -- [MINUTES] [--frames N] [--font FILE] [--generate] [--work THREADS] [--silent]`
//!
//! Edits every second, loops, seeks, changes of SoundFont and previews. `--frames` asks for buffers of that size, by
//! default 256. `--generate` has the composing thread continue the demo song over and over, eight candidates at a time, as
//! it does in the studio; `--work` keeps that many threads busy; `--silent` uses the silent stream instead of the system's
//! device. Pauses of the machine itself are watched for ([`pauses`]), and an xrun during one is told apart.
//! A device that is lost is waited for; the report counts it. Fails if no stream could be opened at the start.

#![allow(
    clippy::print_stdout,
    reason = "a report on the terminal is its purpose"
)]

mod pauses;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use crossbeam_channel::RecvTimeoutError;
use leitmotif::audio::{
    AtEnd, AudioSettings, Engine, FontSource, Output, OutputState, Preview, soundfont,
};
use leitmotif::compose::{ContinueSettings, Event, Kind, ModelPaths, Request, Worker};
use leitmotif::formats::midi;
use leitmotif::score::{
    Instrument, Note, Pitch, Role, Song, Span, Tempo, TempoMap, Tick, Track, TrackId, Velocity,
    edit,
};
use pauses::{Pauses, STILL};

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
    frames: u32,
    silent: bool,
    font: Option<String>,
    generate: bool,
    work: usize,
}

fn options() -> anyhow::Result<Options> {
    let mut options = Options {
        minutes: 1.0,
        frames: 256,
        silent: false,
        font: None,
        generate: false,
        work: 0,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = |what: &str| arguments.next().context(format!("{argument} needs {what}"));
        match argument.as_str() {
            "--silent" => options.silent = true,
            "--generate" => options.generate = true,
            "--font" => options.font = Some(value("a file")?),
            "--frames" => options.frames = value("a number")?.parse().context("--frames")?,
            "--work" => options.work = value("a number")?.parse().context("--work")?,
            minutes => options.minutes = minutes.parse().context("minutes")?,
        }
    }
    Ok(options)
}

/// Keeps the studio's composing thread writing candidates for the demo song until `done`; how many jobs it finished.
///
/// # Errors
/// When a job fails: a measurement without the load that was asked for is none.
fn generate(done: &AtomicBool) -> anyhow::Result<u64> {
    let song = midi::read(&std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/assets/demo.mid"
    ))?)?
    .song;
    let lead = song.tracks.first().context("the demo song is empty")?.id;
    let song = Arc::new(edit::set_theme(
        &song,
        lead,
        Span::new(Tick::ZERO, Tick(7_680)),
    ));
    let settings = ContinueSettings::of_song(&song).context("the demo song has no theme")?;
    let mut worker = Worker::start(ModelPaths::find());
    let mut written = 0;
    while !done.load(Ordering::Relaxed) {
        let job = worker.submit(Request {
            song: Arc::clone(&song),
            kind: Kind::Continue(settings.clone()),
            seed: written,
            candidates: 8,
        })?;
        loop {
            match worker.events().recv_timeout(Duration::from_millis(50)) {
                Ok(Event::Finished { .. }) => break,
                Ok(Event::Cancelled { .. }) => return Ok(written),
                Ok(Event::Failed { message, .. } | Event::Unavailable { message, .. }) => {
                    bail!(message)
                }
                Err(RecvTimeoutError::Disconnected) => bail!("the composing thread stopped"),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            }
            if done.load(Ordering::Relaxed) {
                worker.cancel(job);
            }
        }
        written += 1;
    }
    Ok(written)
}

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
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
        buffer_frames: Some(options.frames),
        rate: None,
        font: Some(font),
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
    let generator = if options.generate {
        let done = Arc::clone(&done);
        let thread = std::thread::Builder::new().name("generate".into());
        Some(thread.spawn(move || {
            let written = generate(&done);
            if let Err(error) = &written {
                eprintln!("generation ended: {error:#}");
                std::process::exit(1);
            }
            written
        })?)
    } else {
        None
    };

    engine.set_at_end(AtEnd::GoOn);
    engine.set_song(Arc::new(song(0)));
    engine.play();
    let soaked = soak(&mut engine, &options);
    done.store(true, Ordering::Relaxed);
    let soaked = soaked?;
    soaked.report(&engine);
    for worker in workers {
        if worker.join().is_err() {
            bail!("a worker panicked");
        }
    }
    if let Some(generator) = generator {
        match generator.join() {
            Ok(written) => println!(
                "the composing thread finished {} jobs of 8 candidates meanwhile",
                written?
            ),
            Err(_) => bail!("the generating thread panicked"),
        }
    }
    Ok(())
}

/// What happened in a soak, besides what the engine counts.
#[derive(Default)]
struct Soaked {
    seconds: i64,
    /// Seconds in which the playhead moved.
    moved: u64,
    edits: u64,
    seeks: u64,
    fonts: u64,
    losses: u64,
    /// Xruns while the machine itself stood still.
    excused: u32,
    /// Xruns and late callbacks since the stream began (the first second warms caches up).
    xruns_at_first: u32,
    late_at_first: u32,
}

impl Soaked {
    fn report(&self, engine: &Engine) {
        report(engine, self.seconds);
        let status = engine.status();
        println!(
            "{} edits, {} seeks, {} changes of SoundFont; the playhead moved in {} of {} seconds; device lost {} times; \
             xruns {} and late callbacks {} after the first second, {} of the xruns while the machine stood still",
            self.edits,
            self.seeks,
            self.fonts,
            self.moved,
            self.seconds,
            self.losses,
            status.xruns - self.xruns_at_first,
            status.late_callbacks - self.late_at_first,
            self.excused,
        );
    }
}

fn soak(engine: &mut Engine, options: &Options) -> anyhow::Result<Soaked> {
    let started = Instant::now();
    let length = Duration::from_secs_f64(options.minutes * 60.0);
    let mut soaked = Soaked::default();
    let mut last = Tick::ZERO;
    let mut troubled = false;
    let mut pauses = Pauses::watch()?;
    let mut xruns = engine.status().xruns;
    while started.elapsed() < length {
        engine.poll();
        let lost = matches!(engine.status().output, OutputState::Lost(_));
        if lost != troubled {
            troubled = lost;
            soaked.losses += u64::from(lost);
            println!(
                "{:7.2} s: {:?}, position {:?}",
                started.elapsed().as_secs_f64(),
                engine.status().output,
                engine.position()
            );
        }
        pauses.hear();
        let new = engine.status().xruns - xruns;
        if new > 0 {
            xruns += new;
            let pause = pauses.longest_within(Duration::from_millis(100));
            let at = started.elapsed().as_secs_f64();
            println!("{at:7.2} s: {new} xruns; the machine had stood still for {pause:.1?}");
            if pause >= STILL && soaked.seconds > 0 {
                soaked.excused += new;
            }
        }
        if started.elapsed().as_secs() as i64 > soaked.seconds {
            soaked.seconds += 1;
            let second = soaked.seconds;
            if second == 1 {
                soaked.xruns_at_first = engine.status().xruns;
                soaked.late_at_first = engine.status().late_callbacks;
            }
            soaked.moved += u64::from(engine.position() != last);
            last = engine.position();
            engine.set_song(Arc::new(song(second)));
            soaked.edits += 1;
            match second % 20 {
                5 => engine.set_loop(Some(Span::new(Tick(0), Tick(7_680)))),
                6 | 16 => {
                    soaked.seeks += 1;
                    engine.seek(Tick(second * 331 % 50_000));
                }
                9 => engine.set_loop(None),
                11 => engine.set_metronome(second % 40 < 20),
                13 => {
                    soaked.fonts += 1;
                    engine.load_font(match (&options.font, second % 40 < 20) {
                        (Some(path), true) => FontSource::File(path.into()),
                        _ => FontSource::BuiltIn,
                    });
                }
                _ => engine.preview(Preview {
                    instrument: Instrument::pitched((second % 128) as u8),
                    pitch: Pitch::clamped(60 + (second % 24) as i32),
                    velocity: Velocity::DEFAULT,
                    length: Duration::from_millis(400),
                }),
            }
            if second % 30 == 0 {
                report(engine, second);
            }
        }
        std::thread::sleep(Duration::from_millis(15));
    }
    println!(
        "the machine stood still {} times for 5 ms or more, {} times for 10 ms or more",
        pauses.count(STILL),
        pauses.count(2 * STILL)
    );
    Ok(soaked)
}

fn report(engine: &Engine, second: i64) {
    let status = engine.status();
    println!(
        "{second:5} s: {} callbacks, xruns {}, late {}, of the time there is p50 {:.0} % p99 {:.0} % worst {:.0} % ({:.1} ms), \
         latency {:.1} ms, {} priority, peak {:.2}, {:.1} LUFS",
        status.load.callbacks,
        status.xruns,
        status.late_callbacks,
        100.0 * status.load.median,
        100.0 * status.load.p99,
        100.0 * status.load.worst,
        status.load.worst_microseconds as f64 / 1_000.0,
        status.latency.unwrap_or_default().as_secs_f64() * 1_000.0,
        if status.realtime {
            "real-time"
        } else {
            "usual"
        },
        engine.meters().master[0],
        engine.meters().loudness,
    );
    if let Some(trouble) = status.trouble() {
        println!("        {trouble}");
    }
}
