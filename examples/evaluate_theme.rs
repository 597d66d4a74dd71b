//! Measures a Theme Transformer on the validation songs of a sequence set, and looks for melodies it has by heart.
//!
//! `cargo run --example evaluate_theme -- MODEL DATA [--threads N] [--bf16] [--clips DIR]`: MODEL is a folder with config.json
//! and weights or a weights file of the published sizes, DATA holds sequences.npz. With --clips the .mid files of DIR are
//! compared with the melodies of the training songs instead.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use leitmotif::formats::midi;
use leitmotif::measure::fragment::{Fragment, longest_shared_run};
use leitmotif::measure::language::{NGram, Prediction};
use leitmotif::nets::theme_transformer::{Config, KeyKind, ThemeTransformer};
use leitmotif::nets::{Products, checkpoint};
use leitmotif::score::{Note, Role};
use leitmotif::tokens::labels::Labels;
use leitmotif::tokens::theme_vocab::{self, Id, SIZE};
use leitmotif::tokens::transpose;
use leitmotif::train::theme::evaluate::{SourceForm, chunks, score};
use leitmotif::train::theme::sequences::{SequenceSet, SequenceSong};
use leitmotif::train::theme::windows::move_by;

const CHUNK: usize = 512;

fn network(model: &Path, products: Products) -> Result<ThemeTransformer> {
    let device = tch::Device::Cpu;
    let mut network = if model.is_dir() {
        ThemeTransformer::load(model, device)?
    } else {
        ThemeTransformer::from_tensors(&Config::default(), &checkpoint::read(model)?, device)?
    };
    network.set_products(products);
    Ok(network)
}

fn line(name: &str, sums: &Prediction) -> String {
    let show = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
    format!("{name} {} ({})", show(sums.loss()), show(sums.accuracy()))
}

fn predictions(set: &SequenceSet, model: &Path, products: Products) -> Result<()> {
    let network = network(model, products)?;
    for (name, labels, source) in [
        (
            "published labels, its theme",
            Labels::Published,
            SourceForm::Whole,
        ),
        ("timed labels, its theme", Labels::Timed, SourceForm::Whole),
        (
            "timed labels, the theme's melody alone",
            Labels::Timed,
            SourceForm::MelodyOnly,
        ),
        (
            "timed labels, another song's theme",
            Labels::Timed,
            SourceForm::Wrong,
        ),
    ] {
        let windows = chunks(
            set.validation(),
            CHUNK,
            labels,
            source,
            network.config().keys,
        );
        let scores = score(&network, &windows, 8)?;
        println!(
            "{name}: {} chunks, {} tokens, nats a token (accuracy): {}, {}, {}",
            windows.len(),
            scores.all.tokens,
            line("all", &scores.all),
            line("inside themes", &scores.inside),
            line("outside", &scores.outside),
        );
    }
    // Whoever is compared hears the songs in the network's keys.
    let songs: Vec<Vec<Id>> = (set.training())
        .map(|song| {
            let mut tokens = song.tokens.clone();
            if network.config().keys == KeyKind::Common {
                move_by(&mut tokens, transpose::to_common(&song.tokens));
            }
            tokens
        })
        .collect();
    let model = NGram::train(3, SIZE, songs.iter().map(Vec::as_slice));
    let mut sums = Prediction::default();
    for window in chunks(
        set.validation(),
        CHUNK,
        Labels::Timed,
        SourceForm::Whole,
        network.config().keys,
    ) {
        let mut tokens = window.input;
        tokens.extend(window.target.last());
        sums.add(&model.predict(&tokens, 1));
    }
    println!("{}", line("3-gram", &sums));
    Ok(())
}

/// Prints the longest run each melody shares with any training song, and the same for the validation songs' own melodies in
/// stretches of 16 bars.
fn memory(set: &SequenceSet, clips: &Path) -> Result<()> {
    let known: Vec<Fragment> = set
        .training()
        .map(SequenceSong::melody)
        .collect::<Result<_, _>>()?;
    let longest = |fragment: &Fragment| -> usize {
        let runs = known.iter().map(|song| longest_shared_run(fragment, song));
        runs.max().unwrap_or(0)
    };
    let mut generated = Vec::new();
    for entry in std::fs::read_dir(clips)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "mid") {
            continue;
        }
        let song = midi::read(&std::fs::read(&path)?)?.song;
        let track = song.tracks.iter().find(|track| track.role == Role::Melody);
        let notes: &[Note] = track.map_or(&[], |track| track.notes());
        generated.push(longest(&Fragment::of(notes)));
    }
    let mut human = Vec::new();
    for song in set.validation() {
        let bars: Vec<usize> = (0..song.tokens.len())
            .filter(|at| song.tokens[*at] == theme_vocab::BAR)
            .collect();
        for stretch in bars.windows(17).step_by(16) {
            let tokens = song.tokens[stretch[0]..stretch[16]].iter().copied();
            let plain = tokens
                .filter(|id| !matches!(*id, theme_vocab::THEME_START | theme_vocab::THEME_END));
            let stretch = SequenceSong::new(song.number, song.tempo, plain.collect(), Vec::new());
            human.push(longest(&stretch.melody()?));
        }
    }
    for (name, mut runs) in [
        ("clips", generated),
        ("validation songs, 16 bars each", human),
    ] {
        runs.sort_unstable();
        let at = |share: f64| runs.get(((runs.len() as f64 - 1.0) * share) as usize);
        println!(
            "{name}: {} melodies; notes of the longest run shared with a training song: median {:?}, nine in ten {:?}, most {:?}",
            runs.len(),
            at(0.5),
            at(0.9),
            runs.last()
        );
    }
    Ok(())
}

fn main() -> Result<()> {
    let mut places = Vec::new();
    let mut clips = None;
    let mut products = Products::Single;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--threads" => {
                tch::set_num_threads(arguments.next().context("a number is missing")?.parse()?);
            }
            "--bf16" => products = Products::Bfloat16,
            "--clips" => {
                clips = Some(PathBuf::from(
                    arguments.next().context("a folder is missing")?,
                ));
            }
            _ => places.push(PathBuf::from(argument)),
        }
    }
    let [model, data] = places.as_slice() else {
        bail!("give the model and the folder of sequences.npz");
    };
    let set = SequenceSet::read(&data.join("sequences.npz"))?;
    match clips {
        Some(clips) => memory(&set, &clips),
        None => predictions(&set, model, products),
    }
}
