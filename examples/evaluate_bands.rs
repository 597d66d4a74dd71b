//! How good trained bands are: their measures beside those of held-out phrases, diversity, whether an accompaniment follows,
//! how smoothly latents blend, and how long it takes.
//!
//! ```text
//! cargo run --example evaluate_bands -- --data set --phrases 500 models/musegan-hybrid models/musegan-accompany
//! ```
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};
use clap::Parser;
use leitmotif::measure::pianoroll::tonal_distance;
use leitmotif::nets::checkpoint;
use leitmotif::nets::musegan::{BandConfig, BandGenerator, BandKind, Given, Latents};
use leitmotif::score::{MetreMap, Span, Tick, Track, TrackId, Velocity};
use leitmotif::tokens::band::BandRoll;
use leitmotif::tokens::part::Part;
use leitmotif::train::bands::set::BandSet;
use leitmotif::train::bands::sheet::sheet;
use leitmotif::train::bands::statistics::{BandStatistics, Measure, table};
use leitmotif::train::musegan::{Phrases, Place, batch, given_parts, key_shift, moved, rolls_of};
use tch::{Device, Tensor, nn};

#[derive(Parser)]
struct Args {
    /// Folders with config.json and weights.safetensors
    models: Vec<PathBuf>,
    /// The set with held-out phrases
    #[arg(long)]
    data: PathBuf,
    /// Phrases to measure of each
    #[arg(long, default_value_t = 500)]
    phrases: usize,
    /// Phrases to look for copies and repetitions
    #[arg(long, default_value_t = 1000)]
    seeds: usize,
    /// How many of them to compare with every training phrase
    #[arg(long, default_value_t = 300)]
    compared: usize,
    /// A folder for pictures of phrases
    #[arg(long)]
    pictures: Option<PathBuf>,
}

struct Model {
    name: String,
    generator: BandGenerator,
}

fn open(folder: &Path) -> Result<Model> {
    let text = std::fs::read_to_string(folder.join("config.json"))
        .with_context(|| format!("{} holds no model", folder.display()))?;
    let config: BandConfig = serde_json::from_str(&text)?;
    let tensors = checkpoint::read(&folder.join("weights.safetensors"))?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    Ok(Model {
        name: name.into_owned(),
        generator: BandGenerator::from_tensors(&config, &tensors, Device::Cpu)?,
    })
}

/// Every so many of `places` that there are about `count`.
fn spread(places: &[Place], count: usize) -> Vec<Place> {
    let stride = places.len().div_ceil(count.max(1)).max(1);
    places.iter().copied().step_by(stride).collect()
}

fn played(probabilities: &Tensor, config: &BandConfig) -> Result<Vec<BandRoll>> {
    Ok(rolls_of(probabilities, &config.cuts())?)
}

/// `count` phrases; to parts of `real` phrases in turn where the model accompanies.
fn phrases(generator: &BandGenerator, real: &[BandRoll], count: usize) -> Result<Vec<BandRoll>> {
    let config = generator.config();
    tch::manual_seed(2026);
    let mut all = Vec::new();
    while all.len() < count {
        let rows = (count - all.len()).min(50);
        let latents = Latents::normal(config, rows as i64, Device::Cpu)?;
        let given = config.accompanies.then(|| {
            let rolls: Vec<BandRoll> = real
                .iter()
                .cycle()
                .skip(all.len())
                .take(rows)
                .cloned()
                .collect();
            let parts: Vec<Part> = (0..rows).map(|row| Part::ALL[row % 5]).collect();
            given_parts(&batch(&rolls)?, &parts)
        });
        let given = given.transpose()?;
        let probabilities = tch::no_grad(|| generator.forward(&latents, given.as_ref()))?;
        all.extend(played(&probabilities, config)?);
    }
    Ok(all)
}

/// Cells in which two phrases differ, as a share of those in which either sounds.
fn difference(a: &BandRoll, b: &BandRoll) -> f64 {
    let (mut differ, mut either) = (0, 0);
    for part in Part::ALL {
        for step in 0..a.steps() {
            let ((a, _), (b, _)) = (a.bits(part, step), b.bits(part, step));
            differ += (a ^ b).count_ones();
            either += (a | b).count_ones();
        }
    }
    if either == 0 {
        0.0
    } else {
        f64::from(differ) / f64::from(either)
    }
}

/// How many cells sound.
fn cells(phrase: &BandRoll) -> u32 {
    let steps = |part| (0..phrase.steps()).map(move |step| phrase.bits(part, step).0.count_ones());
    Part::ALL.into_iter().flat_map(steps).sum()
}

/// The least [`difference`] from any of `others`, which come with their [`cells`].
fn nearest(phrase: &BandRoll, others: &[(u32, BandRoll)]) -> f64 {
    let own = cells(phrase);
    let mut least = 1.0;
    'others: for (count, other) in others {
        // Cells in either are at most those of both together.
        let bound = least * f64::from(own + count);
        let mut differ = 0;
        for part in Part::ALL {
            for step in 0..phrase.steps() {
                differ += (phrase.bits(part, step).0 ^ other.bits(part, step).0).count_ones();
            }
            if f64::from(differ) > bound {
                continue 'others;
            }
        }
        least = difference(phrase, other).min(least);
    }
    least
}

fn diversity(phrases: &[BandRoll], train: &[(u32, BandRoll)], compared: usize) {
    let distinct: HashSet<&BandRoll> = phrases.iter().collect();
    let compared = phrases.iter().take(compared);
    let nearest: Vec<f64> = compared.map(|phrase| nearest(phrase, train)).collect();
    let close = nearest.iter().filter(|nearest| **nearest <= 0.05).count();
    let pairs: Vec<f64> = phrases
        .windows(2)
        .map(|pair| difference(&pair[0], &pair[1]))
        .collect();
    println!(
        "  {} of {} phrases are distinct; two differ in {:.3} of their cells; {} of them differ from the nearest of {} training phrases in {:.3} (median {:.3}); within 5 %: {:.2} %",
        distinct.len(),
        phrases.len(),
        mean(&pairs),
        nearest.len(),
        train.len(),
        mean(&nearest),
        median(nearest.clone()),
        100.0 * close as f64 / nearest.len() as f64
    );
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The pitched parts but for `except`, on one track.
fn others(phrase: &BandRoll, except: Part) -> Track {
    let parts = Part::ALL[1..].iter().filter(|part| **part != except);
    let notes = parts.flat_map(|part| phrase.score_notes(*part, Velocity::DEFAULT));
    Track::new(TrackId(1), "", Part::Piano.instrument(), Part::Piano.role())
        .with_notes(notes.collect())
}

fn agreement(given: &BandRoll, part: Part, played: &BandRoll) -> Option<f64> {
    let span = Span::new(Tick::ZERO, Tick::SIXTEENTH * given.steps() as i64);
    if part == Part::Drums {
        // Of the onsets of the others, those without a stroke of the drums.
        let strokes: HashSet<usize> = given.notes(part).iter().map(|note| note.step).collect();
        let onsets = Part::ALL[1..].iter().flat_map(|part| played.notes(*part));
        let alone: Vec<f64> = onsets
            .map(|note| f64::from(u8::from(!strokes.contains(&note.step))))
            .collect();
        return (!alone.is_empty()).then(|| mean(&alone));
    }
    let track = Track::new(TrackId(2), "", part.instrument(), part.role())
        .with_notes(given.score_notes(part, Velocity::DEFAULT));
    tonal_distance(&track, &others(played, part), &MetreMap::default(), span)
}

/// Whether the output follows what is given, for each part: 200 pairs of real phrases, the same noise.
fn follows(generator: &BandGenerator, real: &[BandRoll]) -> Result<()> {
    let config = generator.config();
    for part in Part::ALL {
        // In one key, so that nothing agrees by the key alone.
        let fitting = real
            .iter()
            .filter(|phrase| !phrase.is_silent(part, 0..phrase.bars()));
        let chosen: Vec<BandRoll> = fitting
            .take(200)
            .map(|phrase| {
                moved(
                    phrase,
                    if part == Part::Drums {
                        0
                    } else {
                        key_shift(phrase, &[part])
                    },
                )
            })
            .collect();
        if chosen.len() < 2 {
            println!("  {part}: too few held-out phrases");
            continue;
        }
        tch::manual_seed(7);
        let rows = chosen.len() as i64;
        let latents = Latents::normal(config, rows, Device::Cpu)?;
        let rolls = batch(&chosen)?;
        let parts = vec![part; chosen.len()];
        let own = given_parts(&rolls, &parts)?;
        let swapped = Given {
            rolls: own.rolls.roll([1], [0]),
            part: own.part.shallow_clone(),
        };
        let play = |given: &Given| tch::no_grad(|| generator.forward(&latents, Some(given)));
        let (first, second) = (play(&own)?, play(&swapped)?);
        let place = part.index() as i64;
        let untouched = first.select(1, place).equal(&own.rolls)
            && second.select(1, place).equal(&swapped.rolls);
        let (first, second) = (played(&first, config)?, played(&second, config)?);
        let without = |phrase: &BandRoll| {
            let mut other = phrase.clone();
            other.replace(part, 0, &BandRoll::new(phrase.bars()));
            other
        };
        let pairs = first.iter().zip(&second);
        let changes: Vec<f64> = pairs
            .map(|(a, b)| difference(&without(a), &without(b)))
            .collect();
        let (mut with, mut apart, mut human) = (Vec::new(), Vec::new(), Vec::new());
        for (index, given) in chosen.iter().enumerate() {
            with.extend(agreement(given, part, &first[index]));
            apart.extend(agreement(given, part, &second[index]));
            human.extend(agreement(given, part, given));
        }
        println!(
            "  {part:<8} {} pairs, given part untouched: {untouched}; swapping it changes {:.3} of the cells of the others (in {:.0} % of the pairs); {}: own {:.3}, another's {:.3}, real {:.3}",
            chosen.len(),
            mean(&changes),
            100.0 * changes.iter().filter(|change| **change > 0.0).count() as f64
                / changes.len() as f64,
            if part == Part::Drums {
                "onsets without a stroke"
            } else {
                "tonal distance"
            },
            mean(&with),
            mean(&apart),
            mean(&human)
        );
    }
    Ok(())
}

/// Real phrases and those of the published hybrid, from the table of Dong et al. 2018 (other data, 96 steps a bar: only
/// relative errors compare).
fn published() -> [(Measure, f64, f64); 20] {
    use Measure::{DrumPattern, EmptyBars, QualifiedNotes, TonalDistance, UsedPitchClasses};
    use Part::{Bass, Drums, Guitar, Piano, Strings};
    [
        (EmptyBars(Bass), 8.06, 2.14),
        (EmptyBars(Drums), 8.06, 29.7),
        (EmptyBars(Guitar), 19.4, 11.7),
        (EmptyBars(Piano), 24.8, 17.8),
        (EmptyBars(Strings), 10.1, 6.04),
        (UsedPitchClasses(Bass), 1.71, 2.35),
        (UsedPitchClasses(Guitar), 3.08, 4.76),
        (UsedPitchClasses(Piano), 3.28, 5.45),
        (UsedPitchClasses(Strings), 3.38, 5.24),
        (QualifiedNotes(Bass), 90.0, 44.6),
        (QualifiedNotes(Guitar), 81.9, 43.2),
        (QualifiedNotes(Piano), 88.4, 45.5),
        (QualifiedNotes(Strings), 89.6, 52.0),
        (DrumPattern, 88.6, 71.3),
        (TonalDistance(Guitar, Bass), 1.57, 1.34),
        (TonalDistance(Bass, Strings), 1.58, 1.35),
        (TonalDistance(Piano, Bass), 1.51, 1.32),
        (TonalDistance(Guitar, Strings), 1.10, 0.85),
        (TonalDistance(Piano, Guitar), 1.02, 0.85),
        (TonalDistance(Piano, Strings), 1.04, 0.83),
    ]
}

/// Each measure's error as a share of the real value, beside the published hybrid's.
fn errors(real: &BandStatistics, made: &BandStatistics) {
    let error = |real: f64, made: f64| 100.0 * (made - real).abs() / real.abs();
    let mut nearer = 0;
    for (measure, published_real, published_made) in published() {
        let measure = match measure {
            Measure::TonalDistance(a, b) if a.index() > b.index() => Measure::TonalDistance(b, a),
            other => other,
        };
        let published = error(published_real, published_made);
        let own = real.mean(measure).zip(made.mean(measure));
        let own = own.map_or(f64::NAN, |(real, made)| error(real, made));
        nearer += usize::from(own < published);
        println!(
            "  {:<22} {own:>5.0} % from the real one, published {published:>4.0} %",
            measure.to_string()
        );
    }
    println!(
        "  nearer than the published hybrid in {nearer} of {}",
        published().len()
    );
}

/// How two phrases blend in sixteen steps.
fn smoothness(generator: &BandGenerator, real: &[BandRoll]) -> Result<()> {
    let config = generator.config();
    let (mut largest, mut ends) = (Vec::new(), Vec::new());
    let mut from_first = [0.0; 16];
    for pair in 0..20 {
        tch::manual_seed(100 + pair);
        let two = Latents::normal(config, 2, Device::Cpu)?;
        let path = |x: &Tensor| {
            let steps: Vec<Tensor> = (0..16)
                .map(|step| {
                    let angle = std::f64::consts::FRAC_PI_2 * step as f64 / 15.0;
                    x.get(0) * angle.cos() + x.get(1) * angle.sin()
                })
                .collect();
            Tensor::stack(&steps, 0)
        };
        let latents = Latents {
            shared: path(&two.shared),
            shared_time: path(&two.shared_time),
            private: path(&two.private),
            private_time: path(&two.private_time),
        };
        let given = config.accompanies.then(|| {
            let rolls = vec![real[pair as usize % real.len()].clone(); 16];
            given_parts(&batch(&rolls)?, &[Part::Piano; 16])
        });
        let given = given.transpose()?;
        let probabilities = tch::no_grad(|| generator.forward(&latents, given.as_ref()))?;
        let phrases = played(&probabilities, config)?;
        let steps = phrases
            .windows(2)
            .map(|pair| difference(&pair[0], &pair[1]));
        largest.push(steps.fold(0.0, f64::max));
        ends.push(difference(&phrases[0], &phrases[15]));
        for (sum, phrase) in from_first.iter_mut().zip(&phrases) {
            *sum += difference(&phrases[0], phrase) / 20.0;
        }
    }
    println!(
        "  sixteen steps between two seeds (20 pairs): the ends differ in {:.3} of the cells, the largest single step in {:.3}",
        mean(&ends),
        mean(&largest)
    );
    let curve: Vec<String> = from_first.iter().map(|d| format!("{d:.2}")).collect();
    println!("  how far each is from the first: {}", curve.join(" "));
    Ok(())
}

fn time(generator: &BandGenerator, real: &[BandRoll]) -> Result<()> {
    for rows in [1, 64] {
        let mut times = Vec::new();
        for _ in 0..7 {
            let start = Instant::now();
            phrases(generator, real, rows)?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        println!("  {rows} phrases: {:.0} ms", median(times));
    }
    Ok(())
}

fn main() -> Result<()> {
    let args = Args::parse();
    tch::set_num_threads(1);
    let set = Phrases::of(&BandSet::open(&args.data)?);
    let real: Vec<BandRoll> = spread(set.held_out(), args.phrases)
        .into_iter()
        .map(|place| set.in_white_keys(place))
        .collect();
    let models: Vec<Model> = args
        .models
        .iter()
        .map(|path| open(path))
        .collect::<Result<_>>()?;
    let measured = |phrases: &[BandRoll]| BandStatistics::of(phrases.iter().cloned());
    let mut rows = vec![("held out".to_owned(), measured(&real))];
    tch::manual_seed(1);
    let store = nn::VarStore::new(Device::Cpu);
    let untrained = BandGenerator::new(&store.root(), &BandConfig::of(BandKind::Hybrid, false))?;
    rows.push((
        "untrained".to_owned(),
        measured(&phrases(&untrained, &real, args.phrases)?),
    ));
    for model in &models {
        let phrases = phrases(&model.generator, &real, args.phrases)?;
        if let Some(folder) = &args.pictures {
            std::fs::create_dir_all(folder)?;
            let picture = sheet(&phrases[..phrases.len().min(16)])?;
            std::fs::write(folder.join(format!("{}.png", model.name)), picture)?;
        }
        rows.push((model.name.clone(), measured(&phrases)));
    }
    let named: Vec<(&str, &BandStatistics)> = rows
        .iter()
        .map(|(name, set)| (name.as_str(), set))
        .collect();
    println!("{}", table(&named));
    let train: Vec<(u32, BandRoll)> = (set.train().iter())
        .map(|place| set.in_white_keys(*place))
        .map(|phrase| (cells(&phrase), phrase))
        .collect();
    for Model { name, generator } in &models {
        println!("{name}");
        if let Some((_, made)) = rows.iter().find(|(row, _)| row == name) {
            errors(&rows[0].1, made);
        }
        diversity(
            &phrases(generator, &real, args.seeds)?,
            &train,
            args.compared,
        );
        if generator.config().accompanies {
            follows(generator, &real)?;
        }
        smoothness(generator, &real)?;
        time(generator, &real)?;
    }
    Ok(())
}
