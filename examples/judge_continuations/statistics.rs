//! What the training songs do: the figures that the steering of continuations was set by.

use anyhow::Result;
use leitmotif::measure::fragment::Fragment;
use leitmotif::tokens::clip::Clip;
use leitmotif::tokens::theme::decode;
use leitmotif::tokens::theme_vocab::{STEPS_PER_BAR, Voice};
use leitmotif::train::theme::sequences::SequenceSet;

/// Gaps that are told apart.
const GAPS: usize = 17;

/// Prints how often themes return, how returns vary, and how melodies rest.
pub(crate) fn print(set: &SequenceSet) -> Result<()> {
    let (mut begun, mut open) = ([0_usize; GAPS], [0_usize; GAPS]);
    let (mut alike, mut exact, mut regions) = (0.0, 0, 0);
    let mut shifts = std::collections::BTreeMap::<i32, usize>::new();
    let (mut kept_heads, mut kept_tails, mut varied) = (0, 0, 0);
    let mut silences = [0_usize; 33];
    let mut densities = Vec::new();
    for song in set.training() {
        let clip = decode(&song.tokens)?;
        for pair in clip.themes.windows(2) {
            let gap = (pair[1].start - pair[0].end) as usize;
            for earlier in 0..=gap {
                open[earlier.min(GAPS - 1)] += 1;
            }
            begun[gap.min(GAPS - 1)] += 1;
        }
        // Behind the last region the theme did not return as long as the song went on.
        let rest = clip.themes.last().map_or(0, |last| clip.bars - last.end);
        for gap in 0..rest as usize {
            open[gap.min(GAPS - 1)] += 1;
        }
        let theme = line(&decode(&song.source)?);
        for region in clip.themes.iter().skip(1) {
            let melody = line(&clip.bars_of(region.clone()));
            let (a, b) = (Fragment::of_line(&theme), Fragment::of_line(&melody));
            let Some(s) = a.similarity(&b) else { continue };
            regions += 1;
            alike += s;
            exact += usize::from(s == 1.0);
            if let Some(shift) = shift(&theme, &melody) {
                *shifts.entry(shift).or_default() += 1;
            }
            if s < 1.0 {
                let half = a.moves().len() / 2;
                let same = |from: usize, to: usize| {
                    let (a, b) = (a.moves(), b.moves());
                    b.len() >= to && a[from..to] == b[from..to]
                };
                varied += 1;
                kept_heads += usize::from(same(0, half));
                let tail = a.moves().len() - half;
                let end = b.moves().len().checked_sub(tail);
                kept_tails +=
                    usize::from(end.is_some_and(|at| b.moves()[at..] == a.moves()[half..]));
            }
        }
        densities.extend(density(&clip, &decode(&song.source)?));
        let mut silent = 0;
        for bar in 0..clip.bars {
            let steps = bar * STEPS_PER_BAR..(bar + 1) * STEPS_PER_BAR;
            let mut melody = clip.notes.iter().filter(|note| note.voice == Voice::Melody);
            if melody.any(|note| steps.contains(&note.step)) {
                silences[silent.min(32)] += 1;
                silent = 0;
            } else {
                silent += 1;
            }
        }
    }
    println!(
        "returns: {regions}, similarity {:.3}, exact copies {:.3}",
        alike / regions as f64,
        exact as f64 / regions as f64
    );
    println!(
        "of {varied} varied returns, the first half is kept in {:.3}, the second in {:.3}",
        kept_heads as f64 / varied as f64,
        kept_tails as f64 / varied as f64
    );
    let mut shifts: Vec<(i32, usize)> = shifts.into_iter().collect();
    shifts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    println!(
        "transposed by (semitones, returns): {:?}",
        &shifts[..shifts.len().min(8)]
    );
    let hazard: Vec<String> = begun
        .iter()
        .zip(&open)
        .map(|(begun, open)| format!("{:.3}", *begun as f64 / (*open).max(1) as f64))
        .collect();
    println!(
        "probability of a return by bars since the last: [{}]",
        hazard.join(", ")
    );
    densities.sort_by(f64::total_cmp);
    let quantile = |share: f64| densities.get((share * densities.len() as f64) as usize);
    println!(
        "melody notes in a bar that has any outside theme regions, of those in a bar of the theme: {:.2?} {:.2?} {:.2?} (quartiles)",
        quantile(0.25),
        quantile(0.5),
        quantile(0.75)
    );
    let total: usize = silences.iter().sum();
    let mut sum = 0;
    for (bars, count) in silences.iter().enumerate() {
        sum += count;
        if *count > 0 {
            println!(
                "silent for at most {bars} bars before a bar with melody: {:.4}",
                sum as f64 / total as f64
            );
        }
    }
    Ok(())
}

/// Melody notes in a bar that has any, outside theme regions, by those in a bar of the theme.
fn density(clip: &Clip, theme: &Clip) -> Option<f64> {
    let outside = |bar: u32| !clip.themes.iter().any(|region| region.contains(&bar));
    let counts: Vec<usize> = (0..clip.bars)
        .filter(|bar| outside(*bar))
        .map(|bar| line(&clip.bars_of(bar..bar + 1)).len())
        .filter(|notes| *notes > 0)
        .collect();
    let of_theme = line(theme).len() as f64 / f64::from(theme.bars.max(1));
    let sum: usize = counts.iter().sum();
    (!counts.is_empty() && of_theme > 0.0).then(|| sum as f64 / counts.len() as f64 / of_theme)
}

/// The melody of a clip: (step, pitch).
fn line(clip: &Clip) -> Vec<(i64, i32)> {
    let mut line: Vec<(i64, i32)> = (clip.notes.iter())
        .filter(|note| note.voice == Voice::Melody)
        .map(|note| (i64::from(note.step), i32::from(note.pitch)))
        .collect();
    line.sort_unstable();
    line
}

/// The transposition at which most notes at the same steps agree.
fn shift(theme: &[(i64, i32)], other: &[(i64, i32)]) -> Option<i32> {
    let mut votes = std::collections::BTreeMap::<i32, usize>::new();
    for (step, pitch) in theme {
        for (_, there) in other.iter().filter(|(at, _)| at == step) {
            *votes.entry(there - pitch).or_default() += 1;
        }
    }
    votes
        .into_iter()
        .max_by_key(|(shift, count)| (*count, -shift.abs()))
        .map(|(shift, _)| shift)
}
