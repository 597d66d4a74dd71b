//! Judges continuations of themes that no training saw, beside what people wrote and beside the published sampler.
//!
//! `cargo run --example judge_continuations -- DATA OUT [--themes DIR] [--part tune|eighth|report|all] [--bars 32] [--each 4] [--seed 1]
//! [--published N] [--ablate] [--paintings N] [--pictures N] [--likeness L] [--temperature T] [--theme-temperature T] [--top-p P] [--steering key=0.5,returns=1,...]`: DATA holds
//! sequences.npz; the themes are those of its validation songs, and of the .mid files of a folder. Writes `pieces.csv` (every measure of
//! every piece) and `table.md` (means with 95 % confidence intervals, bootstrapped by song) into OUT. Every second theme is for
//! tuning (an eighth of them for quick looks), the others are for the report.
//!
//! `... DATA --statistics` prints what the training songs do, `... DATA --memory FILE` writes the index of their melodies.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]
#![allow(clippy::print_stderr, reason = "progress goes there")]

mod measures;
mod pieces;
mod published;
mod statistics;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use leitmotif::compose::{ContinueSettings, ModelPaths, Returns, Steering, Worker};
use leitmotif::formats::png;
use leitmotif::measure::bootstrap::interval;
use leitmotif::measure::fragment::Fragment;
use leitmotif::nets::theme_transformer::Decoder;
use leitmotif::train::theme::sequences::{SequenceSet, SequenceSong};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use measures::Corpus;
use pieces::{Piece, Theme};

/// How continuations are written.
#[derive(Clone, Copy)]
struct Way {
    likeness: f32,
    temperature: f32,
    theme_temperature: f32,
    top_p: f32,
    steering: Steering,
}

impl Default for Way {
    fn default() -> Self {
        let settings = ContinueSettings::default();
        Self {
            likeness: settings.likeness,
            temperature: settings.temperature,
            theme_temperature: settings.theme_temperature,
            top_p: settings.top_p,
            steering: settings.steering,
        }
    }
}

impl Way {
    fn apply(self, settings: &mut ContinueSettings) {
        settings.likeness = self.likeness;
        settings.temperature = self.temperature;
        settings.theme_temperature = self.theme_temperature;
        settings.top_p = self.top_p;
        settings.steering = self.steering;
    }

    fn steered(self, change: impl Fn(&mut Steering)) -> Self {
        let mut way = self;
        change(&mut way.steering);
        way
    }
}

/// What is asked for.
struct Options {
    data: PathBuf,
    out: PathBuf,
    themes: Option<PathBuf>,
    part: String,
    bars: u32,
    each: u32,
    seed: u64,
    published: u32,
    ablate: bool,
    paintings: u32,
    pictures: usize,
    way: Way,
    statistics: bool,
    memory: Option<PathBuf>,
}

fn options() -> Result<Options> {
    let mut arguments = std::env::args().skip(1);
    let mut places = Vec::new();
    let mut options = Options {
        data: PathBuf::new(),
        out: PathBuf::new(),
        themes: None,
        part: "report".to_owned(),
        bars: 32,
        each: 4,
        seed: 1,
        published: 0,
        ablate: false,
        paintings: 0,
        pictures: 0,
        way: Way::default(),
        statistics: false,
        memory: None,
    };
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().context("a value is missing");
        match argument.as_str() {
            "--themes" => options.themes = Some(PathBuf::from(value()?)),
            "--part" => options.part = value()?,
            "--bars" => options.bars = value()?.parse()?,
            "--each" => options.each = value()?.parse()?,
            "--seed" => options.seed = value()?.parse()?,
            "--published" => options.published = value()?.parse()?,
            "--ablate" => options.ablate = true,
            "--paintings" => options.paintings = value()?.parse()?,
            "--pictures" => options.pictures = value()?.parse()?,
            "--likeness" => options.way.likeness = value()?.parse()?,
            "--temperature" => options.way.temperature = value()?.parse()?,
            "--top-p" => options.way.top_p = value()?.parse()?,
            "--theme-temperature" => options.way.theme_temperature = value()?.parse()?,
            "--steering" => {
                for part in value()?.split(',') {
                    let (name, value) = part.split_once('=').context("name=value")?;
                    let strength: f32 = value.parse()?;
                    let steering = &mut options.way.steering;
                    match name {
                        "key" => steering.key = strength,
                        "returns" => steering.returns = strength,
                        "phrases" => steering.phrases = strength,
                        "melody" => steering.melody = strength,
                        "density" => steering.density = strength,
                        "memory" => steering.memory = strength > 0.0,
                        other => bail!("there is no steering \"{other}\""),
                    }
                }
            }
            "--statistics" => options.statistics = true,
            "--memory" => options.memory = Some(PathBuf::from(value()?)),
            place => places.push(PathBuf::from(place)),
        }
    }
    let mut places = places.into_iter();
    options.data = places.next().context("give the folder of sequences.npz")?;
    options.out = places.next().unwrap_or_default();
    Ok(options)
}

/// The pieces of one column with their measures.
struct Column {
    name: String,
    pieces: Vec<Piece>,
    values: Vec<Vec<(String, f64)>>,
}

impl Column {
    fn new(name: &str, pieces: Vec<Piece>, corpus: &Corpus) -> Self {
        let values = pieces
            .iter()
            .map(|piece| measures::measures(piece, corpus))
            .collect();
        eprintln!("{name}: {} pieces", pieces.len());
        Self {
            name: name.to_owned(),
            pieces,
            values,
        }
    }

    /// The values of a measure, by theme.
    fn groups(&self, measure: &str) -> Vec<Vec<f64>> {
        let mut groups: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for (piece, values) in self.pieces.iter().zip(&self.values) {
            let value = values.iter().find(|(name, _)| name == measure);
            groups
                .entry(piece.group)
                .or_default()
                .extend(value.map(|(_, value)| *value));
        }
        groups.into_values().collect()
    }

    fn cell(&self, measure: &str) -> String {
        interval(&self.groups(measure), 1).map_or_else(
            || "-".to_owned(),
            |i| format!("{:.3} [{:.3}, {:.3}]", i.mean, i.low, i.high),
        )
    }
}

/// The table in Markdown: a row a measure, a column a set of pieces.
fn table(columns: &[Column]) -> String {
    let mut names: Vec<&String> = Vec::new();
    for (name, _) in columns.iter().flat_map(|column| &column.values).flatten() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let head: Vec<String> = columns
        .iter()
        .map(|column| format!("{} ({})", column.name, column.pieces.len()))
        .collect();
    let mut text = format!(
        "| | {} |\n|---|{}\n",
        head.join(" | "),
        "---|".repeat(head.len())
    );
    for name in names {
        let cells: Vec<String> = columns.iter().map(|column| column.cell(name)).collect();
        let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
    }
    text
}

fn csv(columns: &[Column]) -> String {
    let mut text = "set,theme,piece,measure,value\n".to_owned();
    for column in columns {
        for (piece, values) in column.pieces.iter().zip(&column.values) {
            for (measure, value) in values {
                let _ = writeln!(
                    text,
                    "{},{},{},\"{measure}\",{value}",
                    column.name, piece.group, piece.name
                );
            }
        }
    }
    text
}

/// The pieces that are asked for.
struct Judge<'a> {
    options: &'a Options,
    themes: Vec<(usize, &'a Theme)>,
    worker: Worker,
    corpus: &'a Corpus,
}

impl Judge<'_> {
    fn ours(&mut self, name: &str, change: &dyn Fn(&mut ContinueSettings)) -> Result<Column> {
        let begun = Instant::now();
        let mut pieces = Vec::new();
        for (group, theme) in &self.themes {
            let seed = self.options.seed.wrapping_mul(1000) + *group as u64;
            pieces.extend(pieces::ours(
                &mut self.worker,
                theme,
                *group,
                self.options.bars,
                change,
                (seed, self.options.each),
            )?);
        }
        let tokens: usize = pieces.iter().map(|piece| piece.tokens).sum();
        let seconds = begun.elapsed().as_secs_f64();
        eprintln!(
            "{name}: {tokens} tokens, {:.0} a second",
            tokens as f64 / seconds
        );
        Ok(Column::new(name, pieces, self.corpus))
    }

    /// Random paintings: of painted bars the share in which the theme is recognised, of the others the share in which it is not.
    fn paintings(&mut self) -> Result<()> {
        let mut rng = Pcg64::seed_from_u64(self.options.seed);
        let (mut counts, mut as_painted) = ([0; 4], 0);
        let mut groups = [Vec::new(), Vec::new()];
        for number in 0..self.options.paintings {
            let (group, theme) = self.themes[number as usize % self.themes.len()];
            let written = self.options.bars - theme.clip.bars;
            let painted = painting(&mut rng, written, theme.clip.bars);
            let wanted = painted.clone();
            let way = self.options.way;
            let change = move |settings: &mut ContinueSettings| {
                way.apply(settings);
                settings.painted.clone_from(&painted);
                settings.returns = Returns::Painted;
            };
            let seed = u64::from(number) + 1_000_000;
            let pieces = pieces::ours(
                &mut self.worker,
                theme,
                group,
                self.options.bars,
                &change,
                (seed, 1),
            )?;
            for piece in &pieces {
                let lead = piece.theme_bars;
                let regions: Vec<_> = (piece.song.themes.iter())
                    .map(|region| piece.song.metre.bar_at(region.span.start))
                    .filter_map(|bar| bar.checked_sub(lead))
                    .collect();
                let starts: Vec<u32> = wanted.iter().map(|painted| painted.start).collect();
                as_painted += usize::from(regions == starts);
                let found = measures::painted(piece).context("no melody")?;
                for (sum, count) in counts.iter_mut().zip(found) {
                    *sum += count;
                }
                groups[0].push(vec![found[0] as f64 / found[1].max(1) as f64]);
                groups[1].push(vec![found[2] as f64 / found[3].max(1) as f64]);
            }
        }
        let share = |part: usize, all: usize| part as f64 / all.max(1) as f64;
        println!(
            "{} paintings, regions exactly as painted in {as_painted}: the theme is recognised in {:.3} of the painted bars and in none of {:.3} of the others",
            self.options.paintings,
            share(counts[0], counts[1]),
            share(counts[2], counts[3]),
        );
        for (name, groups) in [("painted", &groups[0]), ("unpainted", &groups[1])] {
            if let Some(i) = interval(groups, 1) {
                println!(
                    "  {name}, mean of paintings: {:.3} [{:.3}, {:.3}]",
                    i.mean, i.low, i.high
                );
            }
        }
        Ok(())
    }
}

/// One to four regions of `length` bars in `bars` bars, apart from each other.
fn painting(rng: &mut Pcg64, bars: u32, length: u32) -> Vec<std::ops::Range<u32>> {
    let count = rng.random_range(1..=4);
    let mut painted: Vec<std::ops::Range<u32>> = Vec::new();
    while painted.len() < count {
        let start = rng.random_range(0..=bars - length);
        if painted
            .iter()
            .all(|other| start + length <= other.start || other.end <= start)
        {
            painted.push(start..start + length);
        }
    }
    painted.sort_by_key(|painted| painted.start);
    painted
}

fn draw(column: &Column, folder: &Path, most: usize) -> Result<()> {
    let step = (column.pieces.len() / most.max(1)).max(1);
    for piece in column.pieces.iter().step_by(step).take(most) {
        let picture = png::PngOptions {
            width: 1920,
            height: 420,
            ..png::PngOptions::default()
        };
        let name = format!("{} {}.png", column.name, piece.name).replace([' ', '#'], "_");
        std::fs::write(folder.join(name), png::pianoroll(&piece.song, &picture)?)?;
    }
    Ok(())
}

fn save(columns: &[Column], folder: &Path) -> Result<()> {
    std::fs::write(folder.join("table.md"), table(columns))?;
    Ok(std::fs::write(folder.join("pieces.csv"), csv(columns))?)
}

fn main() -> Result<()> {
    let options = options()?;
    let set = SequenceSet::read(&options.data.join("sequences.npz"))?;
    if options.statistics {
        return statistics::print(&set);
    }
    if let Some(path) = &options.memory {
        let memory = set.memory()?;
        let bytes = memory.to_bytes();
        println!("{:?} runs, {} bytes", memory.counts(), bytes.len());
        return Ok(std::fs::write(path, bytes)?);
    }
    std::fs::create_dir_all(&options.out)?;
    let themes = pieces::themes(&set, options.themes.as_deref())?;
    let chosen: Vec<(usize, &Theme)> = themes
        .iter()
        .enumerate()
        .filter(|(number, _)| match options.part.as_str() {
            "tune" => number % 2 == 0,
            "report" => number % 2 == 1,
            "eighth" => number % 8 == 0,
            _ => true,
        })
        .collect();
    let melodies: Vec<Fragment> = set
        .training()
        .map(SequenceSong::melody)
        .collect::<Result<_, _>>()?;
    let corpus = Corpus::new(&melodies);
    let mut human = Vec::new();
    for (group, theme) in themes.iter().enumerate() {
        human.extend(pieces::human(theme, group, options.bars)?);
    }
    let mut columns = vec![Column::new("human", human, &corpus)];
    let models = ModelPaths::find();
    if options.published > 0 {
        let decoder = Decoder::load(&models.model("theme").context("no model")?)?;
        for (name, top_p) in [("published code", 1.0), ("published paper", 0.9)] {
            let seed = (options.seed, options.published);
            let pieces = published::pieces(&decoder, &chosen, options.bars, top_p, seed)?;
            columns.push(Column::new(name, pieces, &corpus));
        }
    }
    let mut judge = Judge {
        options: &options,
        themes: chosen,
        worker: Worker::start(models),
        corpus: &corpus,
    };
    let way = options.way;
    if options.paintings > 0 {
        return judge.paintings();
    }
    if options.each > 0 {
        columns.push(judge.ours("this", &move |settings| way.apply(settings))?);
    }
    if options.ablate && options.each > 0 {
        for (name, way) in [
            (
                "free returns",
                Way {
                    likeness: 0.0,
                    ..way
                },
            ),
            ("no key", way.steered(|steering| steering.key = 0.0)),
            (
                "network's returns",
                way.steered(|steering| steering.returns = 0.0),
            ),
            ("no phrases", way.steered(|steering| steering.phrases = 0.0)),
            (
                "melody not called",
                way.steered(|steering| steering.melody = 0.0),
            ),
            (
                "not thinned",
                way.steered(|steering| steering.density = 0.0),
            ),
            ("no memory", way.steered(|steering| steering.memory = false)),
            (
                "none of it",
                Way {
                    likeness: 0.0,
                    steering: Steering::NONE,
                    ..way
                },
            ),
            (
                "likeness 1",
                Way {
                    likeness: 1.0,
                    ..way
                },
            ),
        ] {
            columns.push(judge.ours(name, &move |settings| way.apply(settings))?);
            save(&columns, &options.out)?;
        }
    }
    for column in &columns {
        draw(column, &options.out, options.pictures)?;
    }
    save(&columns, &options.out)?;
    println!("{}", table(&columns));
    Ok(())
}
