//! Continues every theme of a folder and prints what `compose` promises: validity, scale, repeatability, speed.
//!
//! `cargo run --example continuations -- THEMES OUT [--bars 16] [--candidates 8] [--seed 7] [--scale "A minor"]
//! [--theme-at 1,9]
//! [--temperature T] [--theme-temperature T] [--top-p P] [--melody-only] [--once]`: reads each .mid of THEMES, writes candidates as .mid and .png into OUT.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use leitmotif::compose::{
    Candidate, ContinueSettings, Event, Kind, ModelPaths, Request, Worker, place,
};
use leitmotif::formats::{midi, png};
use leitmotif::score::{Key, Note, Role, Span, Tick};

struct Options {
    themes: PathBuf,
    out: PathBuf,
    bars: u32,
    candidates: u32,
    seed: u64,
    scale: Option<Key>,
    melody_only: bool,
    once: bool,
    painted: Vec<u32>,
    settings: BTreeMap<String, f32>,
}

fn options() -> Result<Options> {
    let mut arguments = std::env::args().skip(1);
    let mut places = Vec::new();
    let mut options = Options {
        themes: PathBuf::new(),
        out: PathBuf::new(),
        bars: 16,
        candidates: 8,
        seed: 7,
        scale: None,
        melody_only: false,
        once: false,
        painted: Vec::new(),
        settings: BTreeMap::new(),
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().context("a value is missing");
        match argument.as_str() {
            "--bars" => options.bars = value()?.parse()?,
            "--candidates" => options.candidates = value()?.parse()?,
            "--seed" => options.seed = value()?.parse()?,
            "--scale" => options.scale = Some(value()?.parse()?),
            "--melody-only" => options.melody_only = true,
            "--theme-at" => {
                let bars: Result<Vec<u32>, _> = value()?.split(',').map(str::parse).collect();
                options.painted = bars?;
            }
            "--once" => options.once = true,
            other if other.starts_with("--") => {
                options
                    .settings
                    .insert(other.trim_start_matches('-').to_owned(), value()?.parse()?);
            }
            place => places.push(PathBuf::from(place)),
        }
    }
    let [themes, out] = places.as_slice() else {
        bail!("give the folder of themes and the folder to write to");
    };
    (options.themes, options.out) = (themes.clone(), out.clone());
    Ok(options)
}

struct Run {
    candidates: Vec<Candidate>,
    first_bar: Duration,
    all_first_bars: Duration,
    tokens: u64,
    seconds: f64,
}

fn run(worker: &mut Worker, request: Request) -> Result<Run> {
    let begun = Instant::now();
    let wanted = request.candidates as usize;
    let job = worker.submit(request)?;
    let (mut first_bar, mut all_first_bars, mut seen) = (Duration::ZERO, Duration::ZERO, 0);
    for event in worker.events() {
        match event {
            Event::Grown { draft, .. } if draft.bars == 1 => {
                seen += 1;
                if seen == 1 {
                    first_bar = begun.elapsed();
                }
                if seen == wanted {
                    all_first_bars = begun.elapsed();
                }
            }
            Event::Remark { message, .. } => println!("  {message}"),
            Event::Finished {
                job: of,
                candidates,
                tokens,
                seconds,
            } if of == job => {
                return Ok(Run {
                    candidates,
                    first_bar,
                    all_first_bars,
                    tokens: tokens.unwrap_or_default(),
                    seconds,
                });
            }
            Event::Failed { message, .. } | Event::Unavailable { message, .. } => bail!(message),
            _ => {}
        }
    }
    bail!("the worker stopped")
}

fn bytes(candidate: &Candidate) -> Result<Vec<u8>> {
    Ok(midi::write(&candidate.clip, &midi::MidiOptions::default())?)
}

fn one_theme(path: &Path, worker: &mut Worker, options: &Options) -> Result<Vec<(String, f64)>> {
    let name = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut song = midi::read(&std::fs::read(path)?)?.song;
    if options.melody_only {
        song.tracks.retain(|track| track.name != "PIANO");
    }
    let mut settings = match ContinueSettings::of_song(&song) {
        Some(settings) => settings,
        None => ContinueSettings {
            theme: Span::new(Tick::ZERO, song.end()),
            track: song.tracks.first().context("no track")?.id,
            ..ContinueSettings::default()
        },
    };
    settings.bars = options.bars;
    settings.scale = options.scale;
    let length = song.metre.bar_at(settings.theme.end - Tick(1))
        - song.metre.bar_at(settings.theme.start)
        + 1;
    settings.painted = options
        .painted
        .iter()
        .map(|bar| bar.saturating_sub(1)..bar.saturating_sub(1) + length)
        .collect();
    let set = |name: &str, of: &mut f32| {
        if let Some(value) = options.settings.get(name) {
            *of = *value;
        }
    };
    set("temperature", &mut settings.temperature);
    set("theme-temperature", &mut settings.theme_temperature);
    set("top-p", &mut settings.top_p);
    let request = Request {
        song: Arc::new(song.clone()),
        kind: Kind::Continue(settings.clone()),
        seed: options.seed,
        candidates: options.candidates,
    };
    let result = run(worker, request.clone())?;
    let mut same = true;
    if !options.once {
        let again = run(worker, request)?;
        for (a, b) in result.candidates.iter().zip(&again.candidates) {
            same &= bytes(a)? == bytes(b)?;
        }
    }
    let mut sums: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut outside = 0;
    for (rank, candidate) in result.candidates.iter().enumerate() {
        let notes: Vec<&Note> = candidate
            .clip
            .tracks
            .iter()
            .flat_map(|t| t.notes())
            .collect();
        if let Some(key) = options.scale {
            outside += notes
                .iter()
                .filter(|note| !key.pitch_classes().contains(note.pitch))
                .count();
        }
        let of = |role: Role| {
            candidate
                .clip
                .tracks
                .iter()
                .find(|t| t.role == role)
                .map_or(0, |t| t.notes().len())
        };
        let per_bar = |count: usize| count as f64 / f64::from(options.bars);
        for (name, value) in candidate.measures.iter().map(|m| (m.name, m.value)).chain([
            ("~score", f64::from(candidate.score)),
            ("~mel/bar", per_bar(of(Role::Melody))),
            ("~pno/bar", per_bar(of(Role::Piano))),
            ("~returns", candidate.clip.themes.len() as f64),
        ]) {
            sums.entry(name.to_owned()).or_default().push(value);
        }
        if rank < 3 {
            let placed = place(&song, candidate, settings.start(&song));
            let base = options.out.join(format!("{name}_{}", rank + 1));
            std::fs::write(base.with_extension("mid"), bytes(candidate)?)?;
            std::fs::write(
                base.with_extension("png"),
                png::pianoroll(&placed, &png::PngOptions::default())?,
            )?;
        }
    }
    println!(
        "{name}: {} candidates, {} bars, outside scale {outside}, same twice {same}, first bar {:.2} s, all first bars {:.2} s, {:.0} tokens/s, {:.1} s",
        result.candidates.len(),
        result
            .candidates
            .iter()
            .map(|c| c.bars)
            .min()
            .unwrap_or_default(),
        result.first_bar.as_secs_f64(),
        result.all_first_bars.as_secs_f64(),
        result.tokens as f64 / result.seconds,
        result.seconds,
    );
    let means: Vec<(String, f64)> = sums
        .into_iter()
        .map(|(name, values)| (name, values.iter().sum::<f64>() / values.len() as f64))
        .collect();
    Ok(means)
}

fn main() -> Result<()> {
    let options = options()?;
    std::fs::create_dir_all(&options.out)?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(&options.themes)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "mid"))
        .collect();
    files.sort();
    let mut worker = Worker::start(ModelPaths::find());
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for file in &files {
        for (name, value) in
            one_theme(file, &mut worker, &options).with_context(|| file.display().to_string())?
        {
            all.entry(name).or_default().push(value);
        }
    }
    let shown: Vec<String> = all
        .iter()
        .map(|(name, values)| {
            format!(
                "{name} {:.3}",
                values.iter().sum::<f64>() / values.len() as f64
            )
        })
        .collect();
    println!("means: {}", shown.join(", "));
    Ok(())
}
