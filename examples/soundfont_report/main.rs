//! Measures a SoundFont as its player plays it: loudness, tuning, loops, times and spectra.
//!
//! `cargo run --example soundfont_report -- [FILE.sf2] [--beside OTHER.sf2] [--pictures FOLDER]`
//!
//! Without a file it measures the built-in SoundFont. The tables go to the terminal as Markdown. `--beside` adds another font's
//! times and centroids; `--pictures` writes the spectra of eight instruments, both fonts in one picture.

#![allow(
    clippy::print_stdout,
    reason = "a report on the terminal is its purpose"
)]

mod loops;
mod measures;
mod pictures;
mod play;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use leitmotif::audio::instruments::bank::middle_key;
use leitmotif::audio::instruments::programs::KITS;
use leitmotif::audio::instruments::synthesis::loudness;
use leitmotif::score::gm;
use rayon::prelude::*;

use measures::Sound;
use play::{Font, Note, RATE};

/// Velocities of the loudness table.
const VELOCITIES: [u8; 4] = [40, 80, 100, 127];
/// What is compared with another font: name, program, keys.
const COMPARED: [(&str, u8, &[u8]); 12] = [
    ("piano", 0, &[28, 36, 48, 60, 72, 84, 96]),
    ("tine piano", 4, &[40, 60, 76]),
    ("vibraphone", 11, &[55, 67, 79]),
    ("nylon guitar", 24, &[40, 52, 64, 76]),
    ("steel guitar", 25, &[40, 52, 64, 76]),
    ("clean guitar", 27, &[40, 52, 64, 76]),
    ("upright bass", 32, &[28, 36, 48]),
    ("finger bass", 33, &[28, 36, 48]),
    ("violin", 40, &[55, 67, 79]),
    ("strings", 48, &[43, 55, 67, 79]),
    ("trumpet", 56, &[58, 67, 76]),
    ("flute", 73, &[64, 76]),
];

fn main() -> anyhow::Result<()> {
    let (mut file, mut beside, mut folder) = (None, None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().context("a path is missing at the end");
        match argument.as_str() {
            "--beside" => beside = Some(PathBuf::from(value()?)),
            "--pictures" => folder = Some(PathBuf::from(value()?)),
            other if other.starts_with('-') => bail!("{other} is not an option of this example"),
            other => file = Some(PathBuf::from(other)),
        }
    }
    let file = file
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("soundfonts/leitmotif.sf2"));
    let font = Font::open(&file)?;
    let other = beside.as_deref().map(Font::open).transpose()?;
    println!("# {}\n", file.display());
    loudness_table(&font)?;
    tuning_table(&font)?;
    loops::table(&font);
    times_table(&font, other.as_ref())?;
    if let Some(folder) = folder {
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        pictures::spectra(&folder, &font, other.as_ref())?;
    }
    Ok(())
}

/// Loudness of every program and kit, and how far the programs are apart.
fn loudness_table(font: &Font) -> anyhow::Result<()> {
    println!("## Loudness in LUFS of what sounds, at four velocities; peak at 127 in dBFS\n");
    println!("| program | key | 40 | 80 | 100 | 127 | peak |\n|---|---|---|---|---|---|---|");
    let rows: Vec<(String, [f64; 5])> = (0..128_u8)
        .into_par_iter()
        .map(|program| {
            let key = middle_key(program);
            let levels = levels(VELOCITIES, |velocity| {
                font.play(&Note::of(program, key, velocity), 1.0, 1.0)
            })?;
            let name = gm::program_name(program);
            Ok((format!("{program} {name} | {key}"), levels))
        })
        .collect::<anyhow::Result<_>>()?;
    let kits: Vec<(String, [f64; 5])> = KITS
        .par_iter()
        .map(|kit| {
            let levels = levels(VELOCITIES, |velocity| font.beat(kit.program, velocity))?;
            Ok((format!("kit {} {} | beat", kit.program, kit.name), levels))
        })
        .collect::<anyhow::Result<_>>()?;
    for (name, [a, b, c, d, peak]) in rows.iter().chain(&kits) {
        println!("| {name} | {a:.1} | {b:.1} | {c:.1} | {d:.1} | {peak:.1} |");
    }
    let at_100 = || rows.iter().map(|(_, levels)| levels[2]);
    let (softest, loudest) = (
        at_100().fold(f64::INFINITY, f64::min),
        at_100().fold(f64::NEG_INFINITY, f64::max),
    );
    println!(
        "\nAt velocity 100 the 128 programs lie between {softest:.1} and {loudest:.1} LUFS ({:.1} dB).\n",
        loudest - softest
    );
    Ok(())
}

fn levels(
    velocities: [u8; 4],
    play: impl Fn(u8) -> anyhow::Result<[Vec<f64>; 2]>,
) -> anyhow::Result<[f64; 5]> {
    let mut levels = [0.0; 5];
    for (level, velocity) in levels.iter_mut().zip(velocities) {
        *level = loudness::sounding(&play(velocity)?, RATE);
    }
    let hardest = play(127)?;
    let peak = hardest
        .iter()
        .flatten()
        .fold(1e-9_f64, |peak, point| peak.max(point.abs()));
    levels[4] = 20.0 * peak.log10();
    Ok(levels)
}

/// Programs whose pitch is definite and meant to be in tune: not noises and drums, not bells and the orchestra hit, and not the honky-tonk
/// piano and the accordions, whose reeds and strings are tuned apart.
fn is_pitched(program: u8) -> bool {
    !matches!(program, 3 | 14 | 21 | 23 | 47 | 55 | 112 | 113 | 115..)
}

/// The keys at which a program's tuning is measured.
fn keys(program: u8) -> std::iter::StepBy<std::ops::RangeInclusive<u8>> {
    match program {
        0..=7 => 28..=96,
        8..=15 | 72..=79 | 98 | 100 | 108 | 114 => 57..=93,
        32..=39 => 28..=60,
        42 | 43 | 57 | 58 | 70 => 33..=69,
        _ => 40..=88,
    }
    .step_by(3)
}

fn tuning_table(font: &Font) -> anyhow::Result<()> {
    println!("## Tuning: cents off equal temperament, worst key of each program\n");
    let worst: Vec<(u8, u8, f64, usize)> = (0..128_u8)
        .into_par_iter()
        .filter(|program| is_pitched(*program))
        .map(|program| {
            let mut worst = (program, 0, 0.0_f64, 0);
            for key in keys(program) {
                let sound = font.play(&Note::of(program, key, 100), 3.6, 3.6)?;
                let cents = measures::cents_off(&play::mono(&sound), key);
                if cents.abs() >= worst.2.abs() {
                    (worst.1, worst.2) = (key, cents);
                }
                worst.3 += 1;
            }
            Ok(worst)
        })
        .collect::<anyhow::Result<_>>()?;
    println!("| program | worst key | cents |\n|---|---|---|");
    for (program, key, cents, _) in worst.iter().filter(|row| row.2.abs() >= 1.0) {
        println!(
            "| {program} {} | {key} | {cents:+.2} |",
            gm::program_name(*program)
        );
    }
    let most = worst
        .iter()
        .fold(0.0_f64, |most, row| most.max(row.2.abs()));
    let notes: usize = worst.iter().map(|row| row.3).sum();
    println!(
        "\n{notes} notes of {} programs: {most:.2} cents at most; programs not named are within 1 cent.\n",
        worst.len()
    );
    Ok(())
}

fn times_table(font: &Font, other: Option<&Font>) -> anyhow::Result<()> {
    println!(
        "## Attack (ms), T60 of the first 0.3 s and of 0.8 to 2.3 s (s), centroid of the power in 0 to 0.15 s and 0.8 to 1.3 s (Hz)\n"
    );
    println!(
        "| sound | font | attack | T60 first | T60 later | centroid | later |\n|---|---|---|---|---|---|---|"
    );
    for (name, program, keys) in COMPARED {
        for (key, velocity) in keys.iter().flat_map(|key| [(*key, 40), (*key, 100)]) {
            let fonts = [("this", Some(font)), ("other", other)];
            for (which, font) in fonts.iter().filter_map(|(w, f)| f.map(|f| (w, f))) {
                let sound = font.play(&Note::of(program, key, velocity), 3.0, 3.0)?;
                let Sound {
                    attack,
                    decays,
                    centroids,
                } = Sound::of(&play::mono(&sound));
                println!(
                    "| {name} {key} at {velocity} | {which} | {attack:.0} | {:.1} | {:.1} | {:.0} | {:.0} |",
                    decays[0], decays[1], centroids[0], centroids[1]
                );
            }
        }
    }
    println!();
    Ok(())
}
