//! `leitmotif continue`.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use clap::{Args, CommandFactory as _};
use crossbeam_channel::RecvTimeoutError;
use serde_json::{Map, Value, json};

use super::{Cli, Common, Interrupt, Outcome, output, progress, songs};
use crate::compose::{
    Candidate, ContinueSettings, Event, JobId, Kind, MAX_THEME_BARS, ModelInfo, Request, Worker,
    WorkerSettings, place,
};
use crate::formats::files::{self, Previous};
use crate::formats::midi::{self, MidiOptions};
use crate::score::{Key, Song, Span, Tick, Track, edit};

/// Options of `continue`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  leitmotif continue theme.mid --bars 16 --out ideas\n  leitmotif continue theme.mid --bars 16 --candidates 8 --seed 7 --scale \"A minor\" --theme-at 5,9,13 --out ideas"
)]
pub(super) struct ContinueArgs {
    /// A MIDI file or a project. Its marked theme is continued, else its first track from the first note on
    theme: PathBuf,
    /// How many bars to write
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=i64::from(ContinueSettings::MAX_BARS)))]
    bars: u32,
    /// How many candidates; they are written side by side and ranked
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    candidates: u32,
    /// Safe (below 1) to wild (above 1)
    #[arg(long, value_name = "T", default_value_t = ContinueSettings::default().temperature, value_parser = parse_temperature)]
    temperature: f32,
    /// Draw only from the likeliest tokens that together have this probability
    #[arg(long, value_name = "P", default_value_t = ContinueSettings::default().top_p, value_parser = parse_share)]
    top_p: f32,
    /// Draw only from that many of the likeliest tokens; 0 for all
    #[arg(long, value_name = "K", default_value_t = 0)]
    top_k: usize,
    /// No note leaves this key, such as "A minor"
    #[arg(long, value_name = "KEY")]
    scale: Option<Key>,
    /// Bars of the continuation, from 1, at which the theme must begin to return
    #[arg(long, value_name = "BARS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    theme_at: Vec<u32>,
    /// Tempo of the files in beats a minute; by default the theme's
    #[arg(long, value_name = "BPM", value_parser = parse_tempo)]
    tempo: Option<f64>,
    /// The track with the melody, by number from 1 or by name
    #[arg(long, value_name = "TRACK")]
    track: Option<String>,
    /// The random seed: equal seeds and options give equal files
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write the given song with the continuation behind its theme, not the continuation alone
    #[arg(long)]
    with_theme: bool,
    /// The folder for 01.mid, 02.mid, ... (best first) and report.json
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn parse_between(text: &str, what: &str, range: Range<f64>) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > range.start && value <= range.end => Ok(value),
        _ => Err(format!(
            "choose a {what} above {} and up to {}",
            range.start, range.end
        )),
    }
}

fn parse_temperature(text: &str) -> Result<f32, String> {
    parse_between(text, "temperature", 0.0..2.0).map(|value| value as f32)
}

fn parse_share(text: &str) -> Result<f32, String> {
    parse_between(text, "probability", 0.0..1.0).map(|value| value as f32)
}

fn parse_tempo(text: &str) -> Result<f64, String> {
    parse_between(text, "tempo", 10.0..400.0)
}

/// Ends the program as clap does where an option is wrong.
fn usage_error(message: &str) -> ! {
    Cli::command()
        .error(clap::error::ErrorKind::ValueValidation, message)
        .exit()
}

/// Continues a theme and writes the candidates.
pub(super) fn run(args: &ContinueArgs, common: &Common) -> Outcome {
    if let Some(late) = args.theme_at.iter().find(|bar| **bar > args.bars) {
        usage_error(&format!(
            "--theme-at {late} lies behind the last bar: choose bars from 1 to {}",
            args.bars
        ));
    }
    common.check_device()?;
    let mut song = songs::open(&args.theme)?;
    let settings = settings(args, &mut song)?;
    let report_path = args.out.join("report.json");
    let path_of = |place: usize| args.out.join(format!("{place:02}.mid"));
    output::may_write(&report_path, common)?;
    for place in 1..=args.candidates as usize {
        output::may_write(&path_of(place), common)?;
    }
    output::make_folder(&args.out)?;

    let song = Arc::new(song);
    let work = work(&song, &settings, args, common)?;
    let mut results = Vec::new();
    for (index, candidate) in work.candidates.iter().enumerate() {
        let path = path_of(index + 1);
        let file = if args.with_theme {
            place(&song, candidate, settings.start(&song))
        } else {
            (*candidate.clip).clone()
        };
        let bytes = midi::write(&file, &MidiOptions::default())?;
        files::write_atomically(&path, &bytes, Previous::Drop)?;
        results.push(describe(candidate, &path, settings.scale));
    }
    let report = json!({
        "command": "continue",
        "theme": args.theme,
        "model": work.model.as_ref().map(|model| &model.name),
        "checkpoint": work.model.as_ref().map(|model| &model.checkpoint),
        "settings": settings,
        "seed": args.seed,
        "threads": common.threads,
        "complete": work.complete,
        "seconds_to_load": work.seconds_to_load,
        "seconds_to_first_bar": work.seconds_to_first_bar,
        "seconds": work.seconds,
        "tokens": work.tokens,
        "tokens_per_second": work.tokens.map(|tokens| tokens as f64 / work.seconds.max(1e-9)),
        "candidates": results,
    });
    let text = serde_json::to_vec_pretty(&report)?;
    files::write_atomically(&report_path, &text, Previous::Drop)?;
    output::report(common, &report, || as_text(&work, &results));
    match (work.complete, results.len()) {
        (true, _) => Ok(()),
        (false, 0) => {
            bail!("stopped before any candidate was complete; run it again, or ask for fewer bars")
        }
        (false, complete) => bail!(
            "stopped; the {complete} candidates that were complete are in {}",
            args.out.display()
        ),
    }
}

/// What to continue, and how. A song without a marked theme gets one.
fn settings(args: &ContinueArgs, song: &mut Song) -> anyhow::Result<ContinueSettings> {
    let chosen = match &args.track {
        Some(wanted) => Some(find_track(song, wanted)?.id),
        None => None,
    };
    let marked = song
        .theme()
        .filter(|theme| chosen.is_none_or(|track| track == theme.track));
    if marked.is_none() {
        let track = match chosen {
            Some(id) => song.track(id),
            None => song.tracks.first(),
        }
        .ok_or_else(|| {
            anyhow!(
                "{}: there are no notes to continue; draw a theme first",
                args.theme.display()
            )
        })?;
        let span = likely_theme(song, track).ok_or_else(|| {
            anyhow!(
                "{}: the track \"{}\" has no notes; choose another with --track",
                args.theme.display(),
                track.name
            )
        })?;
        *song = edit::set_theme(song, track.id, span);
    }
    let mut settings = ContinueSettings::of_song(song)
        .ok_or_else(|| anyhow!("{}: no theme is marked", args.theme.display()))?;
    settings.bars = args.bars;
    settings.temperature = args.temperature;
    settings.top_p = args.top_p;
    settings.top_k = args.top_k;
    settings.scale = args.scale;
    settings.tempo = args.tempo;
    if !args.theme_at.is_empty() {
        let length = song
            .metre
            .bar_at(settings.theme.end - Tick(1))
            .saturating_sub(song.metre.bar_at(settings.theme.start))
            + 1;
        settings.painted = (args.theme_at.iter())
            .map(|bar| bar - 1..(bar - 1 + length).min(args.bars))
            .collect();
    }
    Ok(settings)
}

fn find_track<'a>(song: &'a Song, wanted: &str) -> anyhow::Result<&'a Track> {
    let by_number = wanted
        .parse::<usize>()
        .ok()
        .and_then(|number| song.tracks.get(number.checked_sub(1)?));
    let by_name = || {
        song.tracks
            .iter()
            .find(|track| track.name.eq_ignore_ascii_case(wanted))
    };
    let Some(track) = by_number.or_else(by_name) else {
        let names: Vec<&str> = song
            .tracks
            .iter()
            .map(|track| track.name.as_str())
            .collect();
        bail!(
            "--track {wanted}: there is no such track; choose one of: {}",
            names.join(", ")
        )
    };
    Ok(track)
}

/// The bars from the first note to the last, as many as a theme may have.
fn likely_theme(song: &Song, track: &Track) -> Option<Span> {
    let (first, last) = (track.notes().first()?, track.notes().last()?);
    let from = song.metre.bar_at(first.start);
    let to = song.metre.bar_at(last.start) + 1;
    Some(Span {
        start: song.metre.bar_start(from),
        end: song.metre.bar_start(to.min(from + MAX_THEME_BARS)),
    })
}

/// What came of the request.
struct Work {
    candidates: Vec<Candidate>,
    complete: bool,
    model: Option<ModelInfo>,
    tokens: Option<u64>,
    seconds: f64,
    seconds_to_load: Option<f64>,
    /// From the beginning of the job, the model loaded.
    seconds_to_first_bar: Option<f64>,
}

/// Has the request worked on; Ctrl+C ends it with what is complete.
fn work(
    song: &Arc<Song>,
    settings: &ContinueSettings,
    args: &ContinueArgs,
    common: &Common,
) -> anyhow::Result<Work> {
    let interrupt = Interrupt::listen();
    let begun = Instant::now();
    let mut worker = Worker::with_settings(WorkerSettings {
        threads: usize::from(common.threads),
        ..WorkerSettings::default()
    });
    let job: JobId = worker.submit(Request {
        song: Arc::clone(song),
        kind: Kind::Continue(settings.clone()),
        seed: args.seed,
        candidates: args.candidates,
    })?;
    let bar = progress::bar(u64::from(args.bars * args.candidates), "bars");
    let mut work = Work {
        candidates: Vec::new(),
        complete: false,
        model: None,
        tokens: None,
        seconds: 0.0,
        seconds_to_load: None,
        seconds_to_first_bar: None,
    };
    let mut ready = begun;
    let mut cancelled = false;
    loop {
        if interrupt.is_asked() && !cancelled {
            cancelled = true;
            worker.cancel(job);
        }
        let event = match worker.events().recv_timeout(Duration::from_millis(100)) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => {
                bail!("the composing thread stopped; run the command again")
            }
        };
        match event {
            Event::Ready { model } => {
                ready = Instant::now();
                work.seconds_to_load = Some((ready - begun).as_secs_f64());
                work.model = Some(model);
            }
            Event::Remark { message, .. } => output::note(&message),
            Event::Grown { .. } => {
                work.seconds_to_first_bar
                    .get_or_insert_with(|| ready.elapsed().as_secs_f64());
                bar.inc(1);
            }
            Event::Finished {
                candidates,
                tokens,
                seconds,
                ..
            } => {
                bar.finish_and_clear();
                work.candidates = candidates;
                work.complete = true;
                work.tokens = tokens;
                work.seconds = seconds;
                return Ok(work);
            }
            Event::Cancelled { candidates, .. } => {
                bar.finish_and_clear();
                work.candidates = candidates;
                work.seconds = ready.elapsed().as_secs_f64();
                return Ok(work);
            }
            Event::Failed { message, .. } => {
                bar.finish_and_clear();
                bail!("{}: {message}", args.theme.display())
            }
            // The job that fails for want of a model says the same.
            Event::Loading { .. } | Event::Unavailable { .. } => {}
        }
    }
}

fn describe(candidate: &Candidate, path: &Path, scale: Option<Key>) -> Value {
    let measures: Map<String, Value> = (candidate.measures.iter())
        .map(|measured| (measured.name.to_owned(), Value::from(measured.value)))
        .collect();
    let tracks = &candidate.clip.tracks;
    let notes = || tracks.iter().flat_map(|track| track.notes());
    let outside = scale.map(|key| {
        let inside = key.pitch_classes();
        notes().filter(|note| !inside.contains(note.pitch)).count()
    });
    json!({
        "file": path,
        "candidate": candidate.index,
        "score": candidate.score,
        "measures": measures,
        "bars": candidate.bars,
        "notes": notes().count(),
        "notes_outside_scale": outside,
        "theme_regions": candidate.clip.themes.len(),
        "lineage": candidate.lineage,
    })
}

fn as_text(work: &Work, results: &[Value]) -> String {
    let mut rows = Vec::new();
    for (candidate, result) in work.candidates.iter().zip(results) {
        let measures: Vec<String> = (candidate.measures.iter())
            .map(|measured| format!("{} {:.2}", measured.name, measured.value))
            .collect();
        rows.push(vec![
            result["file"].as_str().unwrap_or_default().to_owned(),
            format!("{:.3}", candidate.score),
            measures.join(", "),
        ]);
    }
    output::table(&rows)
}
