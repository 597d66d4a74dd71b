//! `leitmotif compose`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::json;

use super::band::{all_if_none, empty};
use super::options::{BandOptions, parse_between, parse_tempo};
use super::work::{Folder, work, write_midi};
use super::{Common, Outcome, output};
use crate::compose::{
    AccompanySettings, Candidate, ChainSettings, ContinueSettings, Kind, Preload, Request,
    SeedSettings, ThemeForm, place,
};
use crate::score::Tick;
use crate::tokens::part::Part;

/// Options of `compose`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  leitmotif compose --bars 16 --out pieces\n  leitmotif compose --bars 32 --candidates 4 --accompany --tempo 96 --scale \"D minor\" --stages --out pieces"
)]
pub(super) struct ComposeArgs {
    /// How many bars to write behind the theme
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=i64::from(ContinueSettings::MAX_BARS)))]
    bars: u32,
    /// How many candidates; they are ranked
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    candidates: u32,
    /// How many phrases of the band become themes; the candidates are shared out among them
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=8))]
    phrases: u32,
    /// How many seconds of a phrase become the theme, to the nearest bar
    #[arg(long, value_name = "S", default_value_t = 6.0, value_parser = parse_seconds)]
    seconds: f64,
    /// Guitar and piano as they are, not thinned to a melody and two hands
    #[arg(long)]
    raw: bool,
    /// Have the band join the whole piece
    #[arg(long)]
    accompany: bool,
    /// Safe (below 1) to wild (above 1), of the continuation
    #[arg(long, value_name = "T", default_value_t = ContinueSettings::default().temperature, value_parser = parse_temperature)]
    temperature: f32,
    /// Beats a minute
    #[arg(long, value_name = "BPM", default_value_t = 120.0, value_parser = parse_tempo)]
    tempo: f64,
    /// The model of the phrase, by the name of its folder
    #[arg(long, value_name = "NAME", default_value = SeedSettings::MODEL)]
    model: String,
    #[command(flatten)]
    band: BandOptions,
    /// Write every step too: 01-phrase.mid, 01-theme.mid ...
    #[arg(long)]
    stages: bool,
    /// The random seed: equal seeds and options give equal files
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The folder for 01.mid, 02.mid, ... (best first) and report.json
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn parse_seconds(text: &str) -> Result<f64, String> {
    parse_between(text, "number of seconds", 0.0..60.0)
}

fn parse_temperature(text: &str) -> Result<f32, String> {
    parse_between(text, "temperature", 0.0..2.0).map(|value| value as f32)
}

/// Goes from nothing to a piece.
pub(super) fn run(args: &ComposeArgs, common: &Common) -> Outcome {
    common.check_device()?;
    let folder = Folder::make(&args.out, args.candidates, common)?;
    let song = empty(args.tempo);
    let band = args.band.settings();
    let settings = ChainSettings {
        seed: SeedSettings {
            model: args.model.clone(),
            parts: all_if_none(&[]),
            band: band.clone(),
            ..SeedSettings::default()
        },
        phrases: args.phrases,
        seconds: args.seconds,
        form: if args.raw {
            ThemeForm::Raw
        } else {
            ThemeForm::Thinned
        },
        continuation: ContinueSettings {
            bars: args.bars,
            temperature: args.temperature,
            scale: args.band.scale,
            ..ContinueSettings::default()
        },
        accompany: args.accompany.then(|| AccompanySettings {
            parts: vec![Part::Drums, Part::Guitar, Part::Bass, Part::Strings],
            band,
            ..AccompanySettings::default()
        }),
    };
    let request = Request {
        song: Arc::new(song.clone()),
        kind: Kind::Chain(Box::new(settings.clone())),
        seed: args.seed,
        candidates: args.candidates,
    };
    let work = work(request, Preload::Nothing, None, common)?;
    if args.stages {
        for (number, candidate) in (1..).zip(&work.candidates) {
            for stage in &candidate.stages {
                let path = args.out.join(format!("{number:02}-{}.mid", stage.kind));
                output::may_write(&path, common)?;
                write_midi(&path, &stage.clip)?;
            }
        }
    }
    let head = json!({ "command": "compose", "settings": settings, "seed": args.seed });
    let placed = |candidate: &Candidate| place(&song, candidate, Tick::ZERO);
    folder.write(&work, head, args.band.scale, &placed, common)
}
