//! Plays in real time for some minutes while everything is being changed, and reports how the callback fared.
//!
//! `cargo run --example soak -- [MINUTES] [--frames N] [--font FILE] [--generate] [--work THREADS] [--silent]`
//!
//! Edits every second, loops, seeks, changes of SoundFont and previews. `--frames` asks for buffers of that size, by
//! default 256. `--generate` runs `leitmotif continue` on the demo song over and over beside it (the program is looked
//! for where `cargo build` leaves it); `--work` keeps that many threads busy; `--silent` uses the silent stream instead
//! of the system's device. A device that is lost is waited for; the report counts it. Fails if no stream could be opened
//! at the start.

#![allow(
    clippy::print_stdout,
    reason = "a report on the terminal is its purpose"
)]

use std::path::PathBuf;
use std::process::{Command, Stdio};
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

/// Keeps a network writing, in a process of its own at the usual priority, until `done`; how many files it wrote.
fn generate(done: &AtomicBool) -> anyhow::Result<u64> {
    let example = std::env::current_exe()?;
    let program: PathBuf = (example.ancestors().nth(2))
        .context("the program is not where cargo puts it")?
        .join("leitmotif");
    let folder = tempfile::tempdir()?;
    let mut written = 0;
    while !done.load(Ordering::Relaxed) {
        let seed = written + 1;
        let mut child = Command::new(&program)
            .args([
                "continue",
                "assets/demo.mid",
                "--bars",
                "16",
                "--candidates",
                "8",
            ])
            .args(["--seed", &seed.to_string(), "--out"])
            .arg(folder.path().join(seed.to_string()))
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot run {}: build it first", program.display()))?;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if done.load(Ordering::Relaxed) {
                child.kill()?;
                child.wait()?;
                return Ok(written);
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        if !status.success() {
            // A measurement without the load that was asked for is none.
            eprintln!("leitmotif continue ended with {status}");
            std::process::exit(1);
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
        Some(thread.spawn(move || generate(&done))?)
    } else {
        None
    };

    engine.set_at_end(AtEnd::GoOn);
    engine.set_song(Arc::new(song(0)));
    engine.play();
    let soaked = soak(&mut engine, &options);
    done.store(true, Ordering::Relaxed);
    soaked.report(&engine);
    for worker in workers {
        if worker.join().is_err() {
            bail!("a worker panicked");
        }
    }
    if let Some(generator) = generator {
        match generator.join() {
            Ok(written) => println!("a network wrote {} times 4 candidates meanwhile", written?),
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
             xruns {} and late callbacks {} after the first second",
            self.edits,
            self.seeks,
            self.fonts,
            self.moved,
            self.seconds,
            self.losses,
            status.xruns - self.xruns_at_first,
            status.late_callbacks - self.late_at_first,
        );
    }
}

fn soak(engine: &mut Engine, options: &Options) -> Soaked {
    let started = Instant::now();
    let length = Duration::from_secs_f64(options.minutes * 60.0);
    let mut soaked = Soaked::default();
    let mut last = Tick::ZERO;
    let mut troubled = false;
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
    soaked
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
