//! `leitmotif seed`, `accompany`, `vary`, `interpolate`: music for a band.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use serde_json::{Value, json};

use super::options::{
    BandOptions, Bars, PerformanceOptions, find_track, parse_double, parse_share, parse_tempo,
    usage_error,
};
use super::work::{Folder, work};
use super::{Common, Outcome, songs};
use crate::compose::{
    AccompanySettings, Blend, Form, InfillSettings, Kind, MorphSettings, MorphWay, Preload,
    Request, SeedSettings, VarySettings, is_band, part_of, place,
};
use crate::score::{ClipOrigin, Lineage, Song, Span, Tempo, TempoMap, Tick};
use crate::tokens::part::Part;

/// Options of `seed`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  leitmotif seed --out ideas\n  leitmotif seed --bars 16 --candidates 8 --seed 7 --scale \"A minor\" --parts drums,bass,piano --out ideas"
)]
pub(super) struct SeedArgs {
    /// How many bars: 4, 8, 12 ... up to 64
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = parse_phrases)]
    bars: u32,
    /// How it goes on after four bars: "walk" step by step, or "contrast" with new bars for each phrase
    #[arg(long, value_name = "FORM", default_value_t)]
    form: Form,
    /// How many candidates; they are ranked
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    candidates: u32,
    /// Who plays: drums, piano, guitar, bass, strings; by default all
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    parts: Vec<Part>,
    /// Beats a minute
    #[arg(long, value_name = "BPM", default_value_t = 120.0, value_parser = parse_tempo)]
    tempo: f64,
    /// The model, by the name of its folder
    #[arg(long, value_name = "NAME", default_value = SeedSettings::MODEL)]
    model: String,
    #[command(flatten)]
    band: BandOptions,
    /// The random seed: equal seeds and options give equal files
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The folder for 01.mid, 02.mid, ... (best first) and report.json
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn parse_phrases(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(bars) if bars.is_multiple_of(4) && (4..=SeedSettings::MAX_BARS).contains(&bars) => {
            Ok(bars)
        }
        _ => Err("choose 4, 8, 12 ... up to 64 bars".to_owned()),
    }
}

/// Writes pieces for a band from nothing.
pub(super) fn seed(args: &SeedArgs, common: &Common) -> Outcome {
    common.check_device()?;
    let folder = Folder::make(&args.out, args.candidates, common)?;
    let song = empty(args.tempo);
    let settings = SeedSettings {
        model: args.model.clone(),
        bars: args.bars,
        form: args.form,
        parts: all_if_none(&args.parts),
        band: args.band.settings(),
        ..SeedSettings::default()
    };
    let request = Request {
        song: Arc::new(song.clone()),
        kind: Kind::Seed(settings.clone()),
        seed: args.seed,
        candidates: args.candidates,
    };
    let work = work(request, Preload::Nothing, None, common)?;
    let head = json!({ "command": "seed", "settings": settings, "seed": args.seed });
    let placed = |candidate: &_| place(&song, candidate, Tick::ZERO);
    folder.write(&work, head, args.band.scale, &placed, common)
}

/// A song without tracks.
pub(super) fn empty(bpm: f64) -> Song {
    Song {
        tempo: TempoMap::constant(Tempo::from_bpm(bpm)).into(),
        ..Song::default()
    }
}

/// The parts, or all where none is named.
pub(super) fn all_if_none(parts: &[Part]) -> Vec<Part> {
    if parts.is_empty() {
        Part::ALL.to_vec()
    } else {
        parts.to_vec()
    }
}

/// Options of `accompany`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  leitmotif accompany song.mid --track 1 --out band\n  leitmotif accompany song.mid --track Lead --as piano --bars 1-8 --parts drums,bass --follow 1.5 --out band"
)]
pub(super) struct AccompanyArgs {
    /// A MIDI file or a project
    song: PathBuf,
    /// The track to accompany, by number from 1 or by name; it stays as it is. More than one: the band hears them together
    #[arg(long, value_name = "TRACK", required = true, value_delimiter = ',')]
    track: Vec<String>,
    /// Which part of the band it is; by default told from its instrument
    #[arg(long = "as", value_name = "PART")]
    given_as: Option<Part>,
    /// The bars to accompany, such as 5-8; by default all in which the track plays. They must be in 4/4
    #[arg(long, value_name = "A-B")]
    bars: Option<Bars>,
    /// Which parts to write: drums, piano, guitar, bass, strings; by default all but the given one
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    parts: Vec<Part>,
    /// How closely the track is followed: 1 as learned, up to 2 exaggerated, down to 0 not at all
    #[arg(long, value_name = "F", default_value_t = 1.0, value_parser = parse_double)]
    follow: f32,
    /// How it goes on after four bars: "walk" step by step, or "contrast" with new bars for each phrase
    #[arg(long, value_name = "FORM", default_value_t)]
    form: Form,
    /// How many candidates; they are ranked
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    candidates: u32,
    /// The model, by the name of its folder
    #[arg(long, value_name = "NAME", default_value = AccompanySettings::MODEL)]
    model: String,
    #[command(flatten)]
    band: BandOptions,
    /// The random seed: equal seeds and options give equal files
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The folder for 01.mid, 02.mid, ... (the whole song with the band, best first) and report.json
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Writes a band around tracks of a song.
pub(super) fn accompany(args: &AccompanyArgs, common: &Common) -> Outcome {
    common.check_device()?;
    let song = songs::open(&args.song)?;
    let given = args
        .track
        .iter()
        .map(|wanted| find_track(&song, wanted))
        .collect::<anyhow::Result<Vec<_>>>()
        .with_context(|| args.song.display().to_string())
        .map_err(|error| anyhow!("{error:#}"))?;
    let bars = if let Some(Bars(bars)) = &args.bars {
        bars.clone()
    } else {
        let first = given.iter().filter_map(|track| track.notes().first());
        let first = first.map(|note| note.start).min().unwrap_or_default();
        let end = given.iter().map(|track| track.end()).max();
        let last = end.unwrap_or_default().max(Tick(1)) - Tick(1);
        song.metre.bar_at(first)..song.metre.bar_at(last) + 1
    };
    let folder = Folder::make(&args.out, args.candidates, common)?;
    let settings = AccompanySettings {
        model: args.model.clone(),
        bars,
        given: given.iter().map(|track| track.id).collect(),
        given_as: args.given_as,
        parts: all_if_none(&args.parts),
        follow: args.follow,
        form: args.form,
        band: args.band.settings(),
    };
    let request = Request {
        song: Arc::new(song.clone()),
        kind: Kind::Accompany(settings.clone()),
        seed: args.seed,
        candidates: args.candidates,
    };
    let work = work(request, Preload::Nothing, Some(&args.song), common)?;
    let head = json!({
        "command": "accompany", "song": args.song, "settings": settings, "seed": args.seed,
    });
    let placed = |candidate: &crate::compose::Candidate| place(&song, candidate, candidate.at);
    folder.write(&work, head, args.band.scale, &placed, common)
}

/// Options of `vary`.
#[derive(Debug, Args)]
#[command(
    after_help = "What a model wrote is known from the project, and for a MIDI file from the report.json beside it: then only the \
latents of those bars and parts are drawn anew. Other music needs --tracks: those are written anew around a part that stays.\n\
With --model theme, melody and piano are written anew between the bars around them, of any song.\n\n\
Examples:\n  leitmotif vary ideas/01.mid --bars 3 --out again\n  leitmotif vary song.leit --bars 5-8 --tracks drums,bass --change 0.5 --out again\n  \
leitmotif vary song.mid --bars 5-8 --model theme --tracks melody --out filled"
)]
pub(super) struct VaryArgs {
    /// A project, or a MIDI file that one of these commands wrote, with its report.json beside it
    pub(super) song: PathBuf,
    /// The bars to write again, such as 3 or 5-8
    #[arg(long, value_name = "A-B")]
    pub(super) bars: Bars,
    /// What to write again: parts (drums, bass ...), or tracks by number from 1 or by name; by default all parts. With --model
    /// theme: melody, piano, or their tracks; by default both
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(super) tracks: Vec<String>,
    /// How different it becomes: 1 is drawn anew, small numbers stay near what was there
    #[arg(long, value_name = "C", default_value_t = 1.0, value_parser = parse_share)]
    pub(super) change: f32,
    /// How many candidates; they are ranked
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(super) candidates: u32,
    /// With --model theme: how many are drawn for each candidate; those that lead best into the bars behind are kept
    #[arg(long, value_name = "N", default_value_t = InfillSettings::default().draws, value_parser = clap::value_parser!(u32).range(1..=8))]
    pub(super) draws: u32,
    /// The model for music that no model wrote; "theme" writes melody and piano between the bars around them
    #[arg(long, value_name = "NAME", default_value = AccompanySettings::MODEL)]
    pub(super) model: String,
    #[command(flatten)]
    pub(super) band: BandOptions,
    /// The random seed: equal seeds and options give equal files
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// The folder for 01.mid, 02.mid, ... (the whole song, best first) and report.json
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
}

/// Writes bars or parts of a song again.
pub(super) fn vary(args: &VaryArgs, common: &Common) -> Outcome {
    common.check_device()?;
    let song = with_lineage(&args.song)?;
    if args.model == InfillSettings::MODEL {
        return super::infill::run(args, &song, common);
    }
    let parts = args
        .tracks
        .iter()
        .map(|wanted| match wanted.parse::<Part>() {
            Ok(part) => Ok(part),
            Err(_) => find_track(&song, wanted).and_then(|track| {
                part_of(track).ok_or_else(|| {
                    anyhow!("--tracks {wanted}: this track is no part of a band; choose another")
                })
            }),
        })
        .collect::<anyhow::Result<Vec<Part>>>()?;
    let folder = Folder::make(&args.out, args.candidates, common)?;
    let settings = VarySettings {
        bars: args.bars.0.clone(),
        parts,
        change: args.change,
        model: args.model.clone(),
        band: args.band.settings(),
    };
    let request = Request {
        song: Arc::new(song.clone()),
        kind: Kind::Vary(settings.clone()),
        seed: args.seed,
        candidates: args.candidates,
    };
    let work = work(request, Preload::Nothing, Some(&args.song), common)?;
    let head = json!({
        "command": "vary", "song": args.song, "settings": settings, "seed": args.seed,
    });
    let placed = |candidate: &crate::compose::Candidate| place(&song, candidate, candidate.at);
    folder.write(&work, head, None, &placed, common)
}

/// Options of `interpolate`.
#[derive(Debug, Args)]
#[command(
    after_help = "Ideas are clips that seed, accompany, vary or interpolate wrote: projects, or MIDI files with their report.json \
beside them.\n\nExamples:\n  leitmotif interpolate ideas/01.mid ideas/02.mid --steps 8 --slerp --out path\n  leitmotif interpolate ideas/01.mid ideas/02.mid --grid --steps 4 --out grid"
)]
pub(super) struct InterpolateArgs {
    /// Two to four ideas
    #[arg(num_args = 2..=4, required = true)]
    ideas: Vec<PathBuf>,
    /// How many steps the path has, the first and the last idea among them; of a grid, how many a side
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=64))]
    steps: u32,
    /// A grid instead of a path: four ideas are its corners; of two, columns go from one's common ideas to the other's, and
    /// rows from one's single parts to the other's
    #[arg(long)]
    grid: bool,
    /// Along the arc, as far from the middle as the ideas are, not along the straight line
    #[arg(long)]
    slerp: bool,
    /// The path as one piece
    #[arg(long, conflicts_with = "grid")]
    joined: bool,
    /// Beats a minute; by default those of the first idea
    #[arg(long, value_name = "BPM", value_parser = parse_tempo)]
    tempo: Option<f64>,
    #[command(flatten)]
    performance: PerformanceOptions,
    /// The folder for 01.mid, 02.mid, ... (in the order of the path, or row after row) and report.json
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Writes what lies between ideas.
pub(super) fn interpolate(args: &InterpolateArgs, common: &Common) -> Outcome {
    if args.grid && args.steps > 8 {
        usage_error("--steps: a grid has 2 to 8 a side");
    }
    common.check_device()?;
    let songs = args
        .ideas
        .iter()
        .map(|path| with_lineage(path))
        .collect::<anyhow::Result<Vec<Song>>>()?;
    let ideas = songs
        .iter()
        .zip(&args.ideas)
        .map(|(song, path)| idea(song, path))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let count = match (args.grid, args.joined) {
        (true, _) => args.steps * args.steps,
        (false, true) => 1,
        (false, false) => args.steps,
    };
    let folder = Folder::make(&args.out, count, common)?;
    let bpm = args.tempo.or_else(|| {
        let first = songs.first()?;
        Some(first.tempo.tempo_at(Tick::ZERO).bpm())
    });
    let song = empty(bpm.unwrap_or(120.0));
    let settings = MorphSettings {
        ideas,
        way: if args.grid {
            MorphWay::Grid { side: args.steps }
        } else {
            MorphWay::Path { steps: args.steps }
        },
        blend: if args.slerp {
            Blend::Slerp
        } else {
            Blend::Lerp
        },
        joined: args.joined,
        at: Tick::ZERO,
        performance: args.performance.settings(),
    };
    let request = Request {
        song: Arc::new(song.clone()),
        kind: Kind::Morph(settings.clone()),
        seed: 0,
        candidates: count,
    };
    let work = work(request, Preload::Nothing, None, common)?;
    let head = json!({
        "command": "interpolate", "ideas": args.ideas,
        "settings": { "way": settings.way, "blend": settings.blend, "joined": settings.joined },
    });
    let placed = |candidate: &_| place(&song, candidate, Tick::ZERO);
    folder.write(&work, head, None, &placed, common)
}

/// The band's clip of a song that was written last.
fn idea(song: &Song, path: &Path) -> anyhow::Result<Arc<Lineage>> {
    let clips = song.origins.iter().rev();
    let mut ideas = clips.filter(|origin| is_band(&origin.lineage));
    let found = ideas.next().ok_or_else(|| {
        anyhow!(
            "{}: no band's model wrote this, so it has no latents; choose what seed, accompany or vary wrote, with its report.json",
            path.display()
        )
    })?;
    Ok(Arc::clone(&found.lineage))
}

/// A song with what is known of its clips: a project knows, and for a MIDI file the report beside it.
fn with_lineage(path: &Path) -> anyhow::Result<Song> {
    let mut song = songs::open(path)?;
    let report = path.with_file_name("report.json");
    if !song.origins.is_empty() || !report.is_file() {
        return Ok(song);
    }
    let text = std::fs::read(&report)
        .map_err(|error| anyhow!("{}: {error}; check the file", report.display()))?;
    let known: Value = serde_json::from_slice(&text).map_err(|error| {
        anyhow!(
            "{}: {error}; it is no report of this program",
            report.display()
        )
    })?;
    let candidates = known["candidates"].as_array();
    let entry = candidates.into_iter().flatten().find(|entry| {
        let file = entry["file"].as_str().map(Path::new);
        file.and_then(Path::file_name) == path.file_name()
    });
    if let Some(entry) = entry {
        match origin(&song, entry) {
            Some(origin) => song.origins.push(origin),
            None => bail!(
                "{}: what it says of {} cannot be read; write it again with this version",
                report.display(),
                path.display()
            ),
        }
    }
    Ok(song)
}

/// The clip that a report tells of.
fn origin(song: &Song, entry: &Value) -> Option<ClipOrigin> {
    let lineage: Lineage = serde_json::from_value(entry["lineage"].clone()).ok()?;
    let number = |value: &Value| u32::try_from(value.as_u64()?).ok();
    let first = number(&entry["bar"])?.checked_sub(1)?;
    let last = first.checked_add(number(&entry["bars"])?)?;
    let track = |place: &Value| {
        let place = number(place)?.checked_sub(1)?;
        Some(song.tracks.get(place as usize)?.id)
    };
    Some(ClipOrigin {
        span: Span::new(song.metre.bar_start(first), song.metre.bar_start(last)),
        tracks: entry["tracks"]
            .as_array()?
            .iter()
            .filter_map(track)
            .collect(),
        lineage: Arc::new(lineage),
    })
}
