//! Compares generated performances with recorded ones, by numbers and in a picture.
//!
//! `cargo run --example judge_performance -- DATA MODELS [--picture FILE] [--songs N]`: DATA holds groove, pop909 and
//! pop909-cl, MODELS the folder `performance`. The notes of the test recordings are played anew, four bars at a time and up.
//! The table has the mean velocity of each piece by place in the bar, recorded / by the network / by the rules that stand in
//! for it, and how alike neighbouring velocities are. With --picture one groove is drawn: recorded above, played below.
#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use image::{Rgb, RgbImage};
use leitmotif::compose::ModelPaths;
use leitmotif::compose::perform::{Performer, Profile, performer_in};
use leitmotif::tokens::band::STEPS_PER_BAR;
use leitmotif::tokens::expression::{DrumPiece, Player, Stroke};
use leitmotif::train::corpus::pop909_numbers;
use leitmotif::train::performance::data::{self, Split};
use leitmotif::train::performance::{Window, windows};

/// Windows whose strokes are known three times: recorded, by the network, by the rules.
type Judged = (Window, [Vec<Stroke>; 3]);

const PLACES: [&str; 5] = [
    "first beat",
    "two and four",
    "beat three",
    "eighths",
    "sixteenths",
];

fn place(step: usize) -> usize {
    match step % STEPS_PER_BAR {
        0 => 0,
        4 | 12 => 1,
        8 => 2,
        step if step.is_multiple_of(2) => 3,
        _ => 4,
    }
}

/// Mean and standard deviation.
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / count).sqrt())
}

/// Pearson's correlation.
fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let (a, b): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let ((mean_a, deviation_a), (mean_b, deviation_b)) = (moments(&a), moments(&b));
    let products = pairs.iter().map(|(a, b)| (a - mean_a) * (b - mean_b));
    products.sum::<f64>() / pairs.len().max(1) as f64 / (deviation_a * deviation_b).max(1e-9)
}

fn velocity(stroke: Stroke) -> f64 {
    f64::from(stroke.velocity)
}

/// Values of two notes: one and the one before it of its class, or one and the one in its place a bar before.
fn neighbours(
    judged: &[Judged],
    who: usize,
    distance: Option<usize>,
    value: fn(Stroke) -> f64,
) -> Vec<(f64, f64)> {
    let mut pairs = Vec::new();
    for (window, strokes) in judged {
        let notes = &window.notes;
        for (index, note) in notes.iter().enumerate() {
            let class = |index: usize| window.player.class(notes[index].pitch);
            let before = (0..index).rev().find(|other| {
                class(*other) == class(index)
                    && notes[*other].step != note.step
                    && distance.is_none_or(|steps| notes[*other].step + steps == note.step)
            });
            if let Some(before) = before {
                let strokes = &strokes[who];
                pairs.push((value(strokes[before]), value(strokes[index])));
            }
        }
    }
    pairs
}

fn judge(name: &str, judged: &[Judged], is_it: impl Fn(u8) -> bool) {
    let mut line = vec![format!("{name:<12}")];
    for at in 0..PLACES.len() {
        let values: [Vec<f64>; 3] = std::array::from_fn(|who| {
            let each = judged.iter().flat_map(|(window, strokes)| {
                let both = window.notes.iter().zip(&strokes[who]);
                both.filter(|(note, _)| is_it(note.pitch) && place(note.step) == at)
                    .map(|(_, stroke)| velocity(*stroke))
                    .collect::<Vec<f64>>()
            });
            each.collect()
        });
        let shown: Vec<String> = values
            .iter()
            .map(|values| {
                let (mean, deviation) = moments(values);
                format!("{mean:.0}±{deviation:.0}")
            })
            .collect();
        line.push(format!("{:<22}", shown.join(" / ")));
    }
    println!("{}", line.join("  ").trim_end());
}

/// How alike neighbours are, and how much the strokes vary inside a window.
fn likeness(name: &str, judged: &[Judged]) {
    let show = |value: &dyn Fn(usize) -> f64| -> String {
        let values: Vec<String> = (0..3).map(|who| format!("{:.2}", value(who))).collect();
        values.join(" / ")
    };
    let inside = |who: usize, value: fn(Stroke) -> f64| {
        let each = judged.iter().map(|(_, strokes)| {
            moments(
                &strokes[who]
                    .iter()
                    .copied()
                    .map(value)
                    .collect::<Vec<f64>>(),
            )
            .1
        });
        moments(&each.collect::<Vec<f64>>()).0
    };
    println!("{name}");
    println!(
        "  velocity: correlation with the last note of its class {}, a bar before {}; deviation in eight bars {}",
        show(&|who| correlation(&neighbours(judged, who, None, velocity))),
        show(&|who| correlation(&neighbours(judged, who, Some(STEPS_PER_BAR), velocity))),
        show(&|who| inside(who, velocity)),
    );
    if judged
        .iter()
        .any(|(window, _)| window.player == Player::Drums)
    {
        let offset: fn(Stroke) -> f64 = |stroke| f64::from(stroke.offset);
        println!(
            "  timing (sixteenths): correlation {}, a bar before {}; deviation {}",
            show(&|who| correlation(&neighbours(judged, who, None, offset))),
            show(&|who| correlation(&neighbours(judged, who, Some(STEPS_PER_BAR), offset))),
            show(&|who| inside(who, offset)),
        );
    }
}

/// Four bars: a lane a piece, a stem a stroke, as high as it is loud and where it is played.
fn draw(window: &Window, performances: &[&[Stroke]], path: &Path) -> Result<()> {
    const STEP: f32 = 18.0;
    const LANE: u32 = 64;
    let mut pieces: Vec<DrumPiece> = window
        .notes
        .iter()
        .map(|note| DrumPiece::of(note.pitch))
        .collect();
    pieces.sort_unstable();
    pieces.dedup();
    let steps = 4 * STEPS_PER_BAR;
    let height = (pieces.len() as u32 + 1) * LANE;
    let width = (steps as f32 * STEP) as u32 + 40;
    let mut picture =
        RgbImage::from_pixel(width, height * performances.len() as u32, Rgb([255; 3]));
    for (panel, strokes) in performances.iter().enumerate() {
        let top = panel as u32 * height + LANE / 2;
        for step in 0..=steps {
            let shade = match step {
                step if step % STEPS_PER_BAR == 0 => 120,
                step if step % 4 == 0 => 200,
                _ => 235,
            };
            let x = 20 + (step as f32 * STEP) as u32;
            for y in top..top + pieces.len() as u32 * LANE {
                picture.put_pixel(x, y, Rgb([shade; 3]));
            }
        }
        for (note, stroke) in window.notes.iter().zip(*strokes) {
            let lane = pieces
                .iter()
                .position(|piece| *piece == DrumPiece::of(note.pitch));
            let (Some(lane), true) = (lane, note.step < steps) else {
                continue;
            };
            let x = 20.0 + (note.step as f32 + stroke.offset) * STEP;
            let x = x.round().max(1.0) as u32;
            let floor = top + (lane as u32 + 1) * LANE - 2;
            for y in floor - u32::from(stroke.velocity) * (LANE - 8) / 127..floor {
                for x in [x - 1, x, x + 1] {
                    picture.put_pixel(x, y, Rgb([20, 90 + 10 * lane as u8, 190]));
                }
            }
        }
    }
    picture
        .save(path)
        .with_context(|| path.display().to_string())
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "judge_performance DATA MODELS [--picture FILE] [--songs N]";
    let folder = PathBuf::from(arguments.next().context(usage)?);
    let models = PathBuf::from(arguments.next().context(usage)?);
    let (mut picture, mut songs) = (None, 20);
    while let Some(option) = arguments.next() {
        let value = arguments.next().context(usage)?;
        match option.as_str() {
            "--picture" => picture = Some(PathBuf::from(value)),
            "--songs" => songs = value.parse().context(usage)?,
            _ => anyhow::bail!("{usage}"),
        }
    }
    // Steps of one note are too small to share.
    tch::set_num_threads(1);
    let performer = performer_in(&ModelPaths {
        folders: vec![models],
    });
    println!("recorded / {} / {}", performer.name(), Profile.name());
    let mut recordings = data::groove(&folder)?;
    let numbers = pop909_numbers(&folder)?;
    let test = numbers
        .iter()
        .filter(|number| Split::of_song(**number) == Split::Test);
    for number in test.take(songs) {
        recordings.extend(data::pop909(&folder, *number)?);
    }
    let mut judged: Vec<Judged> = Vec::new();
    let mut seconds = 0.0;
    let mut notes = 0;
    for (index, recording) in recordings.iter().enumerate() {
        if recording.split != Split::Test {
            continue;
        }
        for window in windows(recording, 8) {
            let seed = index as u64;
            let start = std::time::Instant::now();
            let played = performer.perform(window.player, &window.notes, window.bpm, seed)?;
            seconds += start.elapsed().as_secs_f64();
            notes += played.len();
            let ruled = Profile.perform(window.player, &window.notes, window.bpm, seed)?;
            judged.push((window.clone(), [window.strokes.clone(), played, ruled]));
        }
    }
    println!(
        "{notes} notes, {:.0} microseconds each",
        1e6 * seconds / notes as f64
    );
    let of = |player: Player| -> Vec<Judged> {
        let judged = judged.iter();
        judged
            .filter(|(window, _)| window.player == player)
            .cloned()
            .collect()
    };
    let columns: Vec<String> = PLACES.iter().map(|place| format!("{place:<22}")).collect();
    println!("\n{:<12}  {}", "velocity", columns.join("  ").trim_end());
    let drums = of(Player::Drums);
    for piece in [
        DrumPiece::Kick,
        DrumPiece::Snare,
        DrumPiece::ClosedHat,
        DrumPiece::PedalHat,
        DrumPiece::Ride,
        DrumPiece::Crash,
    ] {
        judge(&piece.to_string(), &drums, |pitch| {
            DrumPiece::of(pitch) == piece
        });
    }
    for player in [Player::Melody, Player::Bridge, Player::Piano, Player::Low] {
        judge(&player.to_string(), &of(player), |_| true);
    }
    println!();
    likeness("drums", &drums);
    for player in [Player::Melody, Player::Piano, Player::Low] {
        likeness(&player.to_string(), &of(player));
    }
    if let Some(path) = picture {
        let full = |judged: &&Judged| judged.0.notes.iter().filter(|n| n.step < 64).count() > 70;
        let (window, strokes) = drums
            .iter()
            .find(full)
            .context("no groove is long enough")?;
        draw(window, &[&strokes[0], &strokes[1], &strokes[2]], &path)?;
    }
    Ok(())
}
