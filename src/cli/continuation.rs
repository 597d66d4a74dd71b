//! `leitmotif continue`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use clap::Args;
use serde_json::json;

use super::options::{self, find_track, parse_between, parse_tempo, usage_error};
use super::work::{Folder, work};
use super::{Common, Outcome, songs};
use crate::compose::{Candidate, ContinueSettings, Kind, MAX_THEME_BARS, Preload, Request, place};
use crate::score::{Key, Song, Span, Tick, Track, TrackId, edit};
use crate::tokens::clip::Voices;

/// Options of `continue`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  leitmotif continue theme.mid --bars 16 --out ideas\n  leitmotif continue theme.mid --bars 16 --candidates 8 --seed 7 --scale \"A minor\" --theme-at 5,9,13 --out ideas\n  \
leitmotif continue song.mid --from 17 --with-theme --out ideas"
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
    /// The bar of the song at which to begin: what stands before it is continued. By default right behind the theme
    #[arg(long, value_name = "BAR", value_parser = clap::value_parser!(u32).range(2..))]
    from: Option<u32>,
    /// Bars of the continuation, from 1, at which the theme must begin to return
    #[arg(long, value_name = "BARS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    theme_at: Vec<u32>,
    /// How literally the theme returns, 0 to 1: the share of its melody that is kept
    #[arg(long, value_name = "SHARE", default_value_t = ContinueSettings::default().likeness, value_parser = options::parse_share)]
    likeness: f32,
    /// Where the melody may go: 1 never below the theme's lowest note, -1 never above its highest, 0 anywhere
    #[arg(long, value_name = "R", default_value_t = 0.0, value_parser = options::parse_balance, allow_negative_numbers = true)]
    register: f32,
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

fn parse_temperature(text: &str) -> Result<f32, String> {
    parse_between(text, "temperature", 0.0..2.0).map(|value| value as f32)
}

fn parse_share(text: &str) -> Result<f32, String> {
    parse_between(text, "probability", 0.0..1.0).map(|value| value as f32)
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
    let folder = Folder::make(&args.out, args.candidates, common)?;
    let request = Request {
        song: Arc::new(song.clone()),
        kind: Kind::Continue(settings.clone()),
        seed: args.seed,
        candidates: args.candidates,
    };
    let work = work(request, Preload::Theme, Some(&args.theme), common)?;
    let head = json!({
        "command": "continue", "theme": args.theme, "settings": settings, "seed": args.seed,
    });
    let file = |candidate: &Candidate| {
        if args.with_theme {
            place(&song, candidate, candidate.at)
        } else {
            (*candidate.clip).clone()
        }
    };
    folder.write(&work, head, settings.scale, &file, common)
}

/// What to continue, and how. A song without a marked theme gets one.
fn settings(args: &ContinueArgs, song: &mut Song) -> anyhow::Result<ContinueSettings> {
    let chosen = match &args.track {
        Some(wanted) => Some(find_track(song, wanted)?.id),
        None => None,
    };
    if let Some(from) = args.from {
        return from_bar(args, song, chosen, from - 1);
    }
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
    fill_in(args, song, &mut settings);
    Ok(settings)
}

/// What goes on at bar `from`, from 0.
fn from_bar(
    args: &ContinueArgs,
    song: &Song,
    chosen: Option<TrackId>,
    from: u32,
) -> anyhow::Result<ContinueSettings> {
    let melody = chosen.or(Voices::of(song).melody);
    let found = melody.and_then(|track| ContinueSettings::from_bar(song, track, from));
    let mut settings = found.ok_or_else(|| {
        anyhow!(
            "{}: nothing stands before bar {}; choose a later bar, or another --track",
            args.theme.display(),
            from + 1
        )
    })?;
    fill_in(args, song, &mut settings);
    Ok(settings)
}

/// The options that are the same wherever it begins.
fn fill_in(args: &ContinueArgs, song: &Song, settings: &mut ContinueSettings) {
    settings.bars = args.bars;
    settings.temperature = args.temperature;
    settings.top_p = args.top_p;
    settings.top_k = args.top_k;
    settings.scale = args.scale;
    settings.tempo = args.tempo;
    settings.likeness = args.likeness;
    settings.register = args.register;
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
