//! Fills gaps in songs that the network never saw, and compares what is chosen with all that was drawn and with what stood
//! there.
//!
//! `cargo run --example judge_infill -- DATA [--gaps 50] [--bars 2] [--draws 24] [--seed 1] [--json]`: DATA holds
//! sequences.npz; its validation songs are used. Prints, over the gaps: how much better the bars behind follow (nats a token,
//! against what stood there), the share of notes in the key of what stands around, and the steps of the melody at the seams.
#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use leitmotif::compose::{
    Candidate, Event, InfillSettings, Kind, ModelPaths, Request, Worker, likeness,
};
use leitmotif::measure::pianoroll::share_in;
use leitmotif::score::{Key, Note, Song, Span, Tempo, ThemeKind, Tick, TrackId};
use leitmotif::tokens::clip::bar_ticks;
use leitmotif::tokens::theme::decode;
use leitmotif::tokens::theme_vocab::Token;
use leitmotif::train::theme::sequences::SequenceSet;
use serde_json::json;

const MELODY: TrackId = TrackId(1);

struct Options {
    data: PathBuf,
    gaps: usize,
    bars: u32,
    draws: u32,
    seed: u64,
    json: bool,
}

fn options() -> Result<Options> {
    let mut options = Options {
        data: PathBuf::new(),
        gaps: 50,
        bars: 2,
        draws: 24,
        seed: 1,
        json: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().context("a value is missing");
        match argument.as_str() {
            "--gaps" => options.gaps = value()?.parse()?,
            "--bars" => options.bars = value()?.parse()?,
            "--draws" => options.draws = value()?.parse()?,
            "--seed" => options.seed = value()?.parse()?,
            "--json" => options.json = true,
            folder => options.data = folder.into(),
        }
    }
    if options.data.as_os_str().is_empty() {
        bail!("give the folder that holds sequences.npz");
    }
    Ok(options)
}

/// What is compared at one gap.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    lead: f64,
    in_key: f64,
    seam: f64,
    /// Share of notes in common with what stood there.
    same: f64,
}

/// A song and the bars in it that are taken out.
struct Gap {
    song: Arc<Song>,
    number: u16,
    bars: std::ops::Range<u32>,
}

/// Gaps in which, before which and behind which the melody plays, spread over the songs and over their lengths.
fn gaps(options: &Options) -> Result<Vec<Gap>> {
    let set = SequenceSet::read(&options.data.join("sequences.npz"))?;
    let mut gaps = Vec::new();
    for round in 0..8_u32 {
        for sequence in set.validation() {
            let clip = decode(&sequence.tokens)?;
            let Some(Token::Tempo(bpm)) = Token::from_id(sequence.tempo) else {
                continue;
            };
            let mut song = clip.to_song(Tempo::from_bpm(f64::from(bpm)));
            // The first labelled region is the theme, the others are its returns.
            if let Some(first) = song.themes.first_mut() {
                first.kind = ThemeKind::Theme;
            }
            let plays = |bar: u32| {
                let from = bar_ticks() * i64::from(bar);
                let track = song.track(MELODY);
                track.is_some_and(|track| {
                    let span = Span::new(from, from + bar_ticks());
                    track.notes_starting_in(span).len() > 1
                })
            };
            // At different places of different songs: an odd step through the bars.
            let span = clip.bars.saturating_sub(options.bars + 12).max(1);
            let first = 8 + (u32::from(sequence.number) * 7 + round * 23) % span;
            let whole = first - 2..first + options.bars + 2;
            if whole.clone().all(plays) {
                gaps.push(Gap {
                    song: Arc::new(song),
                    number: sequence.number,
                    bars: first..first + options.bars,
                });
            }
            if gaps.len() == options.gaps {
                return Ok(gaps);
            }
        }
    }
    Ok(gaps)
}

fn filled(worker: &mut Worker, gap: &Gap, options: &Options) -> Result<Vec<Candidate>> {
    let job = worker.submit(Request {
        song: Arc::clone(&gap.song),
        // All that are drawn come back.
        kind: Kind::Infill(InfillSettings {
            bars: gap.bars.clone(),
            draws: 1,
            ..InfillSettings::default()
        }),
        seed: options.seed,
        candidates: options.draws,
    })?;
    for event in worker.events() {
        match event {
            Event::Finished {
                job: of,
                candidates,
                ..
            } if of == job => return Ok(candidates),
            Event::Failed { message, .. } | Event::Unavailable { message, .. } => bail!(message),
            _ => {}
        }
    }
    bail!("the worker stopped")
}

fn value(candidate: &Candidate, name: &str) -> Option<f64> {
    let found = candidate.measures.iter().find(|m| m.name == name);
    found.map(|measured| measured.value)
}

/// The gap as it was, from tick 0.
fn original(gap: &Gap) -> Song {
    let at = bar_ticks() * i64::from(gap.bars.start);
    let span = Span::new(at, bar_ticks() * i64::from(gap.bars.end));
    let tracks = gap.song.tracks.iter().map(|track| {
        let notes = track.notes_starting_in(span).iter().map(|note| Note {
            start: note.start - at,
            ..*note
        });
        Arc::new(track.with_notes(notes.collect()))
    });
    Song {
        tracks: tracks.collect(),
        ..Song::default()
    }
}

/// Mean step of the melody into the gap and out of it.
fn seam(gap: &Gap) -> Option<f64> {
    let track = gap.song.track(MELODY)?;
    let at = |bar: u32| bar_ticks() * i64::from(bar);
    let notes = track.notes_starting_in(Span::new(at(gap.bars.start), at(gap.bars.end)));
    let before = track.notes_starting_in(Span::new(Tick::ZERO, at(gap.bars.start)));
    let after = track.notes_starting_in(Span::new(at(gap.bars.end), track.end()));
    let step = |a: Option<&Note>, b: Option<&Note>| {
        let (a, b) = (f64::from(a?.pitch.get()), f64::from(b?.pitch.get()));
        Some((a - b).abs())
    };
    let steps = [
        step(before.last(), notes.first()),
        step(notes.last(), after.first()),
    ];
    let found: Vec<f64> = steps.into_iter().flatten().collect();
    (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
}

/// The key of the sixteen bars before and the four behind, as the program finds it.
fn key(gap: &Gap) -> Option<Key> {
    let at = |bar: u32| bar_ticks() * i64::from(bar);
    let around = [
        Span::new(at(gap.bars.start.saturating_sub(16)), at(gap.bars.start)),
        Span::new(at(gap.bars.end), at(gap.bars.end + 4)),
    ];
    let notes = (around.iter()).flat_map(|span| {
        let tracks = gap.song.tracks.iter();
        tracks.flat_map(|track| track.notes_starting_in(*span))
    });
    Key::detect(notes)
}

fn mean(rows: &[Row], of: impl Fn(&Row) -> f64) -> f64 {
    rows.iter().map(of).sum::<f64>() / rows.len().max(1) as f64
}

fn main() -> Result<()> {
    let options = options()?;
    let gaps = gaps(&options)?;
    let mut worker = Worker::start(ModelPaths::find());
    let (mut chosen, mut drawn, mut there) = (Vec::new(), Vec::new(), Vec::new());
    let mut better = 0;
    for gap in &gaps {
        let candidates = filled(&mut worker, gap, &options)
            .with_context(|| format!("song {}, bars {:?}", gap.number, gap.bars))?;
        let was = original(gap);
        let row = |candidate: &Candidate| Row {
            lead: value(candidate, "leads on").unwrap_or(0.0),
            in_key: value(candidate, "in key").unwrap_or(1.0),
            seam: value(candidate, "seam").unwrap_or(0.0),
            same: likeness(&candidate.clip, &was).unwrap_or(0.0),
        };
        let rows: Vec<Row> = candidates.iter().map(row).collect();
        let Some(best) = rows.first() else {
            bail!("song {}: nothing was written", gap.number)
        };
        better += usize::from(best.lead > 0.0);
        eprintln!(
            "song {}, bars {:?}: {:+.3} against {:+.3} on average",
            gap.number,
            gap.bars,
            best.lead,
            mean(&rows, |row| row.lead)
        );
        chosen.push(*best);
        drawn.push(Row {
            lead: mean(&rows, |row| row.lead),
            in_key: mean(&rows, |row| row.in_key),
            seam: mean(&rows, |row| row.seam),
            same: mean(&rows, |row| row.same),
        });
        let notes = || was.tracks.iter().flat_map(|track| track.notes());
        there.push(Row {
            lead: 0.0,
            in_key: key(gap)
                .and_then(|key| share_in(notes(), key.pitch_classes()))
                .unwrap_or(1.0),
            seam: seam(gap).unwrap_or(0.0),
            same: 1.0,
        });
    }
    let table: Vec<_> = [
        ("chosen", &chosen),
        ("all drawn", &drawn),
        ("as it was", &there),
    ]
    .into_iter()
    .map(|(name, rows)| {
        json!({
            "rows": name,
            "leads_on": mean(rows, |row| row.lead),
            "in_key": mean(rows, |row| row.in_key),
            "seam_semitones": mean(rows, |row| row.seam),
            "notes_in_common": mean(rows, |row| row.same),
        })
    })
    .collect();
    if options.json {
        let report = json!({ "gaps": gaps.len(), "bars": options.bars, "draws": options.draws, "better_than_it_was": better, "table": table });
        println!("{}", serde_json::to_string_pretty(&report)?);
        return Ok(());
    }
    println!(
        "{} gaps of {} bars, {} draws each; the bars behind follow better than after what stood there in {better}",
        gaps.len(),
        options.bars,
        options.draws
    );
    for line in table {
        println!(
            "{:10} leads on {:+.3}, in key {:.3}, seam {:.2}, notes in common {:.2}",
            line["rows"].as_str().unwrap_or_default(),
            line["leads_on"].as_f64().unwrap_or_default(),
            line["in_key"].as_f64().unwrap_or_default(),
            line["seam_semitones"].as_f64().unwrap_or_default(),
            line["notes_in_common"].as_f64().unwrap_or_default(),
        );
    }
    Ok(())
}
