//! `leitmotif theme`.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;
use serde_json::json;

use super::options::find_track;
use super::{Common, Outcome, output, songs};
use crate::compose::{FoundTheme, ModelPaths, ThemeFinder, theme_track};
use crate::score::{Song, Span, Tick, Track};

/// Options of `theme`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  leitmotif theme song.mid\n  leitmotif theme song.leit --track Lead --json"
)]
pub(super) struct ThemeArgs {
    /// A MIDI file or a project
    song: PathBuf,
    /// The track to look through, by number from 1 or by name; by default the melody
    #[arg(long, value_name = "T")]
    track: Option<String>,
}

/// Finds the theme of a song and prints where it stands and returns, and how closely.
pub(super) fn run(args: &ThemeArgs, common: &Common) -> Outcome {
    let song = songs::open(&args.song)?;
    let track = match &args.track {
        Some(wanted) => Some(find_track(&song, wanted)?),
        None => theme_track(&song, None)
            .and_then(|id| song.track(id))
            .map(|track| &**track),
    };
    let track = track.ok_or_else(|| {
        anyhow!(
            "{}: there is no melody to look through; name a track with --track",
            args.song.display()
        )
    })?;
    #[cfg(feature = "torch")]
    tch::set_num_threads(i32::from(common.threads));
    let finder = ThemeFinder::in_paths(&ModelPaths::find());
    let found = finder.find(&song, track.id)?;
    let bars = |span: Span| {
        let last = (span.end - Tick(1)).max(span.start);
        (
            song.metre.bar_at(span.start) + 1,
            song.metre.bar_at(last) + 1,
        )
    };
    let returns = found.iter().flat_map(|found| &found.returns).map(|found| {
        let (first, last) = bars(found.span);
        json!({ "first_bar": first, "last_bar": last, "similarity": found.similarity })
    });
    let report = json!({
        "file": args.song,
        "track": song.track_index(track.id).map(|index| index + 1),
        "name": track.name,
        "theme": found.as_ref().map(|found| {
            let (first, last) = bars(found.theme);
            json!({ "first_bar": first, "last_bar": last })
        }),
        "returns": returns.collect::<Vec<_>>(),
    });
    output::report(common, &report, || match &found {
        Some(found) => as_text(&song, track, found),
        None => format!("no phrase of two bars comes back in \"{}\"", track.name),
    });
    Ok(())
}

fn as_text(song: &Song, track: &Track, found: &FoundTheme) -> String {
    let bars = |span: Span| {
        let last = (span.end - Tick(1)).max(span.start);
        format!(
            "{}-{}",
            song.metre.bar_at(span.start) + 1,
            song.metre.bar_at(last) + 1
        )
    };
    let mut rows = vec![["bars".to_owned(), "similarity".to_owned()].to_vec()];
    for found in &found.returns {
        rows.push(vec![bars(found.span), format!("{:.2}", found.similarity)]);
    }
    format!(
        "the theme of \"{}\" is in bars {}; it returns:\n{}",
        track.name,
        bars(found.theme),
        output::table(&rows)
    )
}
