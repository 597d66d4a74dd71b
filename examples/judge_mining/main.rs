//! Compares the theme miners with each other, with prepared labels and with what people heard.
//!
//! `cargo run --example judge_mining -- DATA ENCODER [--labels FILE] [--phrases DIR] [--pictures DIR] [--songs N]
//! [--explore]`: DATA holds pop909
//! and pop909-cl, ENCODER is a folder with config.json and weights.safetensors of a melody encoder. With --labels the theme
//! labels of a sequences.npz stand beside the miners'. With --phrases the phrases that people marked (Dai, Zhang & Dannenberg,
//! ISMIR 2020: DIR holds `NNN/human_label1.txt` and `NNN/melody.txt`) judge them: a region is right where it lies at the same
//! place of a phrase of the same letter as most regions of its theme. With --pictures theme maps of twenty songs are drawn.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

mod heard;
mod picture;
mod table;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use leitmotif::measure::fragment::Fragment;
use leitmotif::nets::melody_encoder::MelodyEncoder;
use leitmotif::tokens::theme;
use leitmotif::train::corpus::{pop909, pop909_numbers, validates};
use leitmotif::train::melody::evaluate::cosine;
use leitmotif::train::theme::sequences::SequenceSet;
use leitmotif::train::theme_mining::{Line, MiningOptions, clusters, mine, mine_by};

/// Regions of a song, the theme first; `None` where no theme was found.
type Mined = Option<Vec<Range<u32>>>;

/// Labels on the bars of their own melody.
type Labelled = (Line, Vec<Range<u32>>);

/// A song of the corpus, and what every miner says of it.
struct Song {
    number: u16,
    line: Line,
    mined: Vec<Mined>,
    labels: Option<Labelled>,
    heard: Option<heard::Phrases>,
}

/// What is known of the windows of a song.
struct Windows {
    fragments: Vec<Fragment>,
    /// By first bar; none of windows with few notes.
    points: BTreeMap<usize, Vec<f32>>,
}

impl Windows {
    fn edit(&self, a: usize, b: usize) -> Option<f64> {
        self.fragments[a].similarity(&self.fragments[b])
    }

    fn near(&self, a: usize, b: usize) -> Option<f64> {
        let cosine = cosine(self.points.get(&a)?, self.points.get(&b)?);
        Some(f64::from(cosine))
    }
}

/// Name and rule of a miner.
type Rule = (
    String,
    Box<dyn Fn(&Line, &Windows, &MiningOptions) -> Mined>,
);

/// The miners; to explore, with other limits and likenesses too.
fn miners(explore: bool) -> Vec<Rule> {
    let limits = |own: f64, others: &[f64]| -> Vec<f64> {
        let others = others.iter().filter(|_| explore).copied();
        std::iter::once(own).chain(others).collect()
    };
    let usual = MiningOptions::default();
    let clustered = |windows: &Windows, options: &MiningOptions| {
        let (bars, points): (Vec<u32>, Vec<Vec<f32>>) = (windows.points.iter())
            .map(|(bar, point)| (*bar as u32, point.clone()))
            .unzip();
        clusters::largest(&bars, &points, options)
    };
    let mut rules: Vec<Rule> = Vec::new();
    for least in limits(usual.similarity, &[0.65, 0.7]) {
        rules.push((
            format!("edit similarity {least}"),
            Box::new(move |line, windows, options| {
                mine_by(line, options, &|a, b| {
                    windows.edit(a, b).filter(|s| *s >= least)
                })
            }),
        ));
    }
    for distance in limits(usual.distance, &[0.4, 0.45, 0.55, 0.6]) {
        rules.push((
            format!("clusters {distance}"),
            Box::new(move |_, windows, options| {
                let options = MiningOptions {
                    distance,
                    ..*options
                };
                clustered(windows, &options)
            }),
        ));
    }
    rules.push((
        "clusters, else edit".to_owned(),
        Box::new(move |line, windows, options| {
            clustered(windows, options).or_else(|| mine(line, options))
        }),
    ));
    if explore {
        for least in [0.65, 0.7, 0.75] {
            rules.push((
                format!("mean of both {least}"),
                Box::new(move |line, windows, options| {
                    mine_by(line, options, &|a, b| {
                        let s = f64::midpoint(windows.near(a, b)?, windows.edit(a, b)?);
                        (s >= least).then_some(s)
                    })
                }),
            ));
        }
        for least in [0.75, 0.8, 0.85] {
            rules.push((
                format!("cosine {least}"),
                Box::new(move |line, windows, options| {
                    mine_by(line, options, &|a, b| {
                        windows.near(a, b).filter(|s| *s >= least)
                    })
                }),
            ));
        }
    }
    rules
}

struct Arguments {
    data: PathBuf,
    encoder: PathBuf,
    labels: Option<PathBuf>,
    phrases: Option<PathBuf>,
    pictures: Option<PathBuf>,
    songs: usize,
    explore: bool,
}

fn arguments() -> Result<Arguments> {
    let usage = "judge_mining DATA ENCODER [--labels FILE] [--phrases DIR] [--pictures DIR] [--songs N] [--explore]";
    let mut given = std::env::args().skip(1);
    let mut next = || given.next();
    let mut arguments = Arguments {
        data: next().context(usage)?.into(),
        encoder: next().context(usage)?.into(),
        labels: None,
        phrases: None,
        pictures: None,
        songs: usize::MAX,
        explore: false,
    };
    while let Some(option) = next() {
        if option == "--explore" {
            arguments.explore = true;
            continue;
        }
        let value = next().context(usage)?;
        match option.as_str() {
            "--labels" => arguments.labels = Some(value.into()),
            "--phrases" => arguments.phrases = Some(value.into()),
            "--pictures" => arguments.pictures = Some(value.into()),
            "--songs" => arguments.songs = value.parse().context(usage)?,
            _ => bail!(usage),
        }
    }
    Ok(arguments)
}

/// The labels of a sequence set, by song.
fn labels(path: Option<&PathBuf>) -> Result<BTreeMap<u16, Labelled>> {
    let Some(path) = path else {
        return Ok(BTreeMap::new());
    };
    let set = SequenceSet::read(path)?;
    let decoded = set.songs.iter().map(|song| {
        let clip = theme::decode(&song.tokens)?;
        Ok((song.number, (Line::of_clip(&clip), clip.themes)))
    });
    decoded.collect()
}

fn main() -> Result<()> {
    let arguments = arguments()?;
    tch::set_num_threads(1);
    let encoder = MelodyEncoder::load(&arguments.encoder, tch::Device::Cpu)?;
    let options = MiningOptions::default();
    let rules = miners(arguments.explore);
    let mut labels = labels(arguments.labels.as_ref())?;
    let mut songs = Vec::new();
    let mut pairs = heard::Pairs::default();
    for number in pop909_numbers(&arguments.data)?
        .into_iter()
        .take(arguments.songs)
    {
        let Ok(song) = pop909(&arguments.data, number)? else {
            continue;
        };
        let line = Line::of_clip(&song.clip);
        let (bars, points) = clusters::points(&line, &encoder, &options)?;
        let windows = Windows {
            fragments: (line.windows(options.bars))
                .map(|bars| line.fragment(bars))
                .collect(),
            points: bars
                .into_iter()
                .map(|bar| bar as usize)
                .zip(points)
                .collect(),
        };
        let heard = (arguments.phrases.as_ref())
            .and_then(|folder| heard::Phrases::read(folder, number, &song.clip));
        if let Some(heard) = heard.as_ref().filter(|_| validates(number)) {
            pairs.add(heard, &windows);
        }
        songs.push(Song {
            number,
            mined: rules
                .iter()
                .map(|(_, rule)| rule(&line, &windows, &options))
                .collect(),
            line,
            labels: labels.remove(&number),
            heard,
        });
    }
    let names: Vec<String> = rules.into_iter().map(|(name, _)| name).collect();
    for (title, held_out) in [("validation songs", true), ("all songs", false)] {
        let some: Vec<&Song> = songs
            .iter()
            .filter(|song| !held_out || validates(song.number))
            .collect();
        println!("{title}: {}", some.len());
        println!("{}", table::statistics(&names, &some));
        if arguments.phrases.is_some() {
            println!("{}", table::heard(&names, &some));
        }
        if !arguments.explore {
            println!("{}", table::agreement(&names, &some));
        }
    }
    if arguments.phrases.is_some() {
        println!("pairs of windows of validation songs: {pairs}");
    }
    if let Some(folder) = &arguments.pictures {
        std::fs::create_dir_all(folder)?;
        let some: Vec<&Song> = songs
            .iter()
            .filter(|song| validates(song.number))
            .take(20)
            .collect();
        for (index, some) in some.chunks(10).enumerate() {
            let path = folder.join(format!("themes-{}.png", index + 1));
            picture::draw(&names, some, &path)?;
            println!("{}", path.display());
        }
    }
    Ok(())
}
