//! How long seeds hang together: bars across the seams of their phrases of four bars beside bars within them, and how far the
//! end is from the beginning, for each form and for songs that people wrote.
//!
//! ```text
//! cargo run --example judge_forms -- --data set [--model musegan-hybrid] [--pieces 50] [--pictures DIR]
//! ```
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Parser;
use leitmotif::compose::{Event, Form, Kind, Request, SeedSettings, Worker, WorkerSettings};
use leitmotif::measure::tonal::{Centroid, centroid, distance};
use leitmotif::score::{Song, Tick};
use leitmotif::tokens::band::BandRoll;
use leitmotif::tokens::part::Part;
use leitmotif::train::bands::set::{BandSet, Split};
use leitmotif::train::bands::sheet::sheet;

const BARS: usize = 16;
const PHRASE: usize = 4;

#[derive(Parser)]
struct Args {
    /// The set with held-out songs
    #[arg(long)]
    data: PathBuf,
    /// The model, by the name of its folder
    #[arg(long, default_value = SeedSettings::MODEL)]
    model: String,
    /// Pieces of each form
    #[arg(long, default_value_t = 50)]
    pieces: u32,
    /// A folder for pictures
    #[arg(long)]
    pictures: Option<PathBuf>,
}

/// Sums and counts of what is defined.
#[derive(Default)]
struct Mean(f64, u32);

impl Mean {
    fn add(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.0 += value;
            self.1 += 1;
        }
    }

    fn of(&self) -> f64 {
        self.0 / f64::from(self.1)
    }
}

#[derive(Default)]
struct Row {
    /// Differences of neighbouring bars, of cells and in harmony, within phrases and across seams.
    within: [Mean; 2],
    across: [Mean; 2],
    /// Of the last phrase from the first, bar by bar.
    apart: [Mean; 2],
}

/// Cells in which two bars differ as a share of those in which either sounds; `None` where both are silent.
fn cells(a: &BandRoll, b: &BandRoll) -> Option<f64> {
    let (mut differ, mut either) = (0, 0);
    for part in Part::ALL {
        for step in 0..a.steps() {
            let ((a, _), (b, _)) = (a.bits(part, step), b.bits(part, step));
            differ += (a ^ b).count_ones();
            either += (a | b).count_ones();
        }
    }
    (either > 0).then(|| f64::from(differ) / f64::from(either))
}

/// What all pitched parts together sound like.
fn harmony(bar: &BandRoll) -> Option<Centroid> {
    let mut chroma = [0.0; 12];
    for part in Part::ALL.into_iter().filter(|part| *part != Part::Drums) {
        for note in bar.notes(part) {
            chroma[usize::from(note.pitch % 12)] += note.length as f64;
        }
    }
    centroid(&chroma)
}

fn differences(a: &BandRoll, b: &BandRoll) -> [Option<f64>; 2] {
    let harmony = harmony(a).zip(harmony(b));
    [cells(a, b), harmony.map(|(a, b)| distance(&a, &b))]
}

impl Row {
    fn add(&mut self, piece: &BandRoll) {
        let bars: Vec<BandRoll> = (0..BARS).map(|bar| piece.slice(bar..bar + 1)).collect();
        for (bar, pair) in (1..).zip(bars.windows(2)) {
            let into = if bar % PHRASE == 0 {
                &mut self.across
            } else {
                &mut self.within
            };
            for (mean, value) in into.iter_mut().zip(differences(&pair[0], &pair[1])) {
                mean.add(value);
            }
        }
        for bar in 0..PHRASE {
            let values = differences(&bars[bar], &bars[BARS - PHRASE + bar]);
            for (mean, value) in self.apart.iter_mut().zip(values) {
                mean.add(value);
            }
        }
    }

    fn print(&self, name: &str, pieces: usize) {
        let [cells, harmony] = [0, 1].map(|which| {
            format!(
                "{:.3} within, {:.3} across seams, {:.3} from first to last phrase",
                self.within[which].of(),
                self.across[which].of(),
                self.apart[which].of()
            )
        });
        println!(
            "{name} ({pieces} pieces of {BARS} bars)\n  cells that differ: {cells}\n  harmony: {harmony}"
        );
    }
}

fn roll(clip: &Song) -> BandRoll {
    let mut roll = BandRoll::new(BARS);
    for part in Part::ALL {
        let track = clip.tracks.iter().find(|track| track.role == part.role());
        if let Some(track) = track {
            roll.add_track(part, track, Tick::ZERO);
        }
    }
    roll
}

fn seeds(worker: &mut Worker, args: &Args, form: Form) -> Result<Vec<BandRoll>> {
    let mut settings = SeedSettings {
        model: args.model.clone(),
        bars: BARS as u32,
        form,
        ..SeedSettings::default()
    };
    settings.band.performance.strength = 0.0;
    worker.submit(Request {
        song: Arc::new(Song::default()),
        kind: Kind::Seed(settings),
        seed: 2026,
        candidates: args.pieces,
    })?;
    loop {
        match worker.events().recv()? {
            Event::Finished { candidates, .. } => {
                return Ok(candidates.iter().map(|c| roll(&c.clip)).collect());
            }
            Event::Failed { message, .. } => bail!(message),
            _ => {}
        }
    }
}

fn main() -> Result<()> {
    let args = Args::parse();
    let set = BandSet::open(&args.data)?;
    let held_out = (0..)
        .zip(set.songs())
        .filter(|(_, song)| song.split == Split::Validation)
        .map(|(number, _)| set.song_roll(number));
    let real: Vec<BandRoll> = held_out
        .flat_map(|song| {
            let starts = (0..song.bars() / BARS).map(|stretch| stretch * BARS);
            starts
                .map(|start| song.slice(start..start + BARS))
                .collect::<Vec<_>>()
        })
        .collect();
    let mut worker = Worker::with_settings(WorkerSettings::default());
    let walk = seeds(&mut worker, &args, Form::Walk)?;
    let contrast = seeds(&mut worker, &args, Form::Contrast)?;
    for (name, pieces) in [
        ("held-out songs", &real),
        ("walk", &walk),
        ("contrast", &contrast),
    ] {
        let mut row = Row::default();
        for piece in pieces {
            row.add(piece);
        }
        row.print(name, pieces.len());
        if let Some(folder) = &args.pictures {
            std::fs::create_dir_all(folder)?;
            let picture = sheet(&pieces[..pieces.len().min(8)])?;
            std::fs::write(
                folder.join(format!("{}.png", name.replace(' ', "-"))),
                picture,
            )?;
        }
    }
    Ok(())
}
