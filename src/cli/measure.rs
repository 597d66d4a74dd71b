//! `leitmotif measure`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use clap::Args;
use serde_json::{Map, Value, json};

use super::{Common, Outcome, output, songs};
use crate::measure::fragment::Fragment;
use crate::measure::pianoroll::{TrackMeasures, tonal_distance};
use crate::measure::reference;
use crate::measure::theme::ThemePiece;
use crate::score::{Key, Role, Song, Span, ThemeKind, Tick, Track};

/// Options of `measure`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  leitmotif measure out/*.mid\n  leitmotif measure song.leit --json\n  leitmotif measure out/*.mid --reference songs"
)]
pub(super) struct MeasureArgs {
    /// MIDI files or projects
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Compare with the songs in this folder, measure by measure
    #[arg(long, value_name = "DIR")]
    reference: Option<PathBuf>,
}

/// Named values in order; those that are not defined are absent.
type Values = Vec<(&'static str, Option<f64>)>;

/// Measures songs and prints what is defined.
pub(super) fn run(args: &MeasureArgs, common: &Common) -> Outcome {
    let mut reports = Vec::new();
    let mut text = String::new();
    let mut failures = Vec::new();
    for path in &args.files {
        match songs::open(path) {
            Ok(song) => {
                let report = measure(path, &song);
                text.push_str(&as_text(&report));
                reports.push(report);
            }
            // The others are still measured.
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    let compared = match &args.reference {
        Some(folder) => Some(compare(&reports, folder)?),
        None => None,
    };
    if let Some(compared) = &compared {
        text.push_str(&compared_as_text(compared));
    }
    let report = json!({ "files": reports, "reference": compared });
    output::report(common, &report, || text);
    match failures.split_first() {
        None => Ok(()),
        Some((first, [])) => bail!("{first}"),
        Some((first, rest)) => bail!("{first} (and {} more files)", rest.len()),
    }
}

fn measure(path: &Path, song: &Song) -> Value {
    let span = Span {
        start: Tick::ZERO,
        end: song.metre.bar_start(song.bars()),
    };
    let pitched = || song.tracks.iter().filter(|track| !track.instrument.drums);
    let key = song
        .key
        .or_else(|| Key::detect(pitched().flat_map(|track| track.notes())));
    let notes: usize = song.tracks.iter().map(|track| track.notes().len()).sum();
    let tracks: Vec<Value> = song
        .tracks
        .iter()
        .map(|track| {
            json!({
                "name": track.name,
                "role": track.role,
                "notes": track.notes().len(),
                "measures": object(&track_values(track, song, span)),
            })
        })
        .collect();
    let mut distances = Vec::new();
    let pitched: Vec<_> = pitched().collect();
    for (index, a) in pitched.iter().enumerate() {
        for b in &pitched[index + 1..] {
            if let Some(distance) = tonal_distance(a, b, &song.metre, span) {
                distances.push(json!({ "tracks": [a.name, b.name], "distance": distance }));
            }
        }
    }
    json!({
        "file": path,
        "title": song.title,
        "bars": song.bars(),
        "notes": notes,
        "seconds": song.tempo.seconds_at(song.end()),
        "key": key.map(|key| key.to_string()),
        "theme": theme_values(song, span).map(|values| object(&values)),
        "tracks": tracks,
        "tonal_distances": distances,
    })
}

/// The values of every measure over a set of reports: those of the theme by name, those of tracks by role and name.
fn collect(reports: &[Value]) -> BTreeMap<String, Vec<f64>> {
    let mut all: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    let mut add = |of: &str, values: &Value| {
        for (name, value) in values.as_object().into_iter().flatten() {
            if let Some(value) = value.as_f64() {
                all.entry(format!("{of} {}", name.replace('_', " ")))
                    .or_default()
                    .push(value);
            }
        }
    };
    for report in reports {
        add("theme", &report["theme"]);
        for track in report["tracks"].as_array().into_iter().flatten() {
            add(
                track["role"].as_str().unwrap_or_default(),
                &track["measures"],
            );
        }
    }
    all
}

/// The distance of the measured files to the songs of a folder.
fn compare(reports: &[Value], folder: &Path) -> anyhow::Result<Value> {
    let entries = std::fs::read_dir(folder).map_err(|error| {
        anyhow!(
            "{}: cannot read the folder: {error}; name one with MIDI files or projects",
            folder.display()
        )
    })?;
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
            matches!(extension.as_deref(), Some("mid" | "midi" | "leit"))
        })
        .collect();
    paths.sort();
    let mut references = Vec::new();
    for path in &paths {
        match songs::open(path) {
            Ok(song) => references.push(measure(path, &song)),
            Err(error) => output::note(&format!("left out: {error}")),
        }
    }
    if references.is_empty() {
        bail!(
            "{}: there is no song to compare with; name a folder with MIDI files or projects",
            folder.display()
        );
    }
    let (ours, theirs) = (collect(reports), collect(&references));
    let (mut measures, mut distances) = (Map::new(), Vec::new());
    for (name, values) in &ours {
        let others = theirs.get(name).map_or(&[][..], Vec::as_slice);
        let Some(distance) = reference::distance(values, others) else {
            continue;
        };
        distances.push(distance);
        measures.insert(
            name.clone(),
            json!({ "distance": distance.mean, "overlap": distance.overlap }),
        );
    }
    Ok(json!({
        "folder": folder,
        "songs": references.len(),
        "mean_distance": reference::mean_distance(&distances),
        "measures": measures,
    }))
}

fn compared_as_text(compared: &Value) -> String {
    let figure = |value: &Value| {
        value
            .as_f64()
            .map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
    };
    let mut rows = vec![vec![
        "  measure".to_owned(),
        "distance".to_owned(),
        "overlap".to_owned(),
    ]];
    for (name, distance) in compared["measures"].as_object().into_iter().flatten() {
        rows.push(vec![
            format!("  {name}"),
            figure(&distance["distance"]),
            figure(&distance["overlap"]),
        ]);
    }
    format!(
        "distance to {} songs: {}\n{}",
        compared["songs"],
        figure(&compared["mean_distance"]),
        output::table(&rows)
    )
}

fn object(values: &Values) -> Value {
    let defined = values
        .iter()
        .filter_map(|(name, value)| Some(((*name).to_owned(), Value::from((*value)?))));
    Value::Object(defined.collect::<Map<_, _>>())
}

fn track_values(track: &Track, song: &Song, span: Span) -> Values {
    let measures = TrackMeasures::of(track, &song.metre, span);
    let drums = track.instrument.drums;
    let pitched = |value: Option<f64>| value.filter(|_| !drums);
    vec![
        ("empty_bars", measures.empty_bars),
        ("used_pitch_classes", pitched(measures.used_pitch_classes)),
        ("qualified_notes", pitched(measures.qualified_notes)),
        ("drum_pattern", measures.drum_pattern.filter(|_| drums)),
        ("polyphony", measures.polyphony),
        ("pitch_range", pitched(measures.pitch_range)),
        ("notes_per_bar", measures.notes_per_bar),
        ("in_key", pitched(measures.in_key)),
        ("off_beat", measures.off_beat),
    ]
}

/// Of the melody: the track of the theme regions, else the one with that role. Without a marked theme the first region
/// stands for it, and without regions only the measures that need none are defined.
fn theme_values(song: &Song, span: Span) -> Option<Values> {
    let regions: Vec<_> = (song.themes.iter())
        .filter(|region| region.kind != ThemeKind::Painted)
        .collect();
    let theme = song.theme().or_else(|| regions.first().copied());
    let melody = match theme {
        Some(theme) => song.track(theme.track)?,
        None => song
            .tracks
            .iter()
            .find(|track| track.role == Role::Melody)?,
    };
    let fragment = theme.map_or_else(Fragment::default, |theme| {
        Fragment::in_span(melody, theme.span)
    });
    let theme_bars = theme.map_or(0, |theme| {
        song.metre.bar_at(theme.span.end - Tick(1)) - song.metre.bar_at(theme.span.start) + 1
    });
    let spans: Vec<Span> = (regions.iter())
        .filter(|region| region.track == melody.id)
        .map(|region| region.span)
        .collect();
    let measures = ThemePiece {
        melody,
        metre: &song.metre,
        span,
        theme: &fragment,
        theme_bars,
        regions: &spans,
    }
    .measures();
    let with_theme = |value: Option<f64>| value.filter(|_| theme.is_some());
    Some(vec![
        ("uncontrollability", with_theme(measures.uncontrollability)),
        ("inconsistency", with_theme(measures.inconsistency)),
        ("gap", with_theme(measures.gap)),
        ("coverage", with_theme(measures.coverage)),
        ("label_precision", with_theme(measures.label_precision)),
        ("label_recall", with_theme(measures.label_recall)),
        ("melody_inconsistency", measures.melody_inconsistency),
        ("entropy_1_bar", measures.entropy_1_bar),
        ("entropy_4_bars", measures.entropy_4_bars),
        ("grooving_consistency", measures.grooving_consistency),
    ])
}

/// The report for people.
fn as_text(report: &Value) -> String {
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(value) if number.is_f64() => format!("{value:.3}"),
            _ => number.to_string(),
        },
        Value::Null => "unknown".to_owned(),
        other => other.to_string(),
    };
    let mut text = format!(
        "{}: {} bars, {} notes, {} s, key {}\n",
        plain(&report["file"]),
        plain(&report["bars"]),
        plain(&report["notes"]),
        plain(&report["seconds"]),
        plain(&report["key"]),
    );
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut add = |of: &str, values: &Value| {
        for (name, value) in values.as_object().into_iter().flatten() {
            rows.push(vec![
                format!("  {of}"),
                name.replace('_', " "),
                plain(value),
            ]);
        }
    };
    add("theme", &report["theme"]);
    for track in report["tracks"].as_array().into_iter().flatten() {
        add(&plain(&track["name"]), &track["measures"]);
    }
    for distance in report["tonal_distances"].as_array().into_iter().flatten() {
        let tracks = &distance["tracks"];
        let of = format!("{} / {}", plain(&tracks[0]), plain(&tracks[1]));
        add(&of, &json!({ "tonal distance": distance["distance"] }));
    }
    text.push_str(&output::table(&rows));
    text
}
