//! What people heard: the phrases of a song.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use leitmotif::tokens::clip::Clip;
use leitmotif::tokens::theme_vocab::{STEPS_PER_BAR, Voice};
use leitmotif::train::melody::evaluate::area;

use crate::Windows;

/// The phrases of a song on the bars of its clip.
pub(crate) struct Phrases {
    /// Letter (a capital where there is a melody), first bar and number of bars.
    pub(crate) phrases: Vec<(char, i64, i64)>,
}

impl Phrases {
    /// The phrases of song `number`; `None` where there are none or its melody cannot be found in the clip.
    pub(crate) fn read(folder: &Path, number: u16, clip: &Clip) -> Option<Self> {
        let folder = folder.join(format!("{number:03}"));
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        let label = text("human_label1.txt").or_else(|| text("human_label2.txt"))?;
        let mut step = 0;
        let mut theirs: Vec<(i64, i32)> = Vec::new();
        for line in text("melody.txt")?.lines() {
            let mut cells = line.split_whitespace();
            let (pitch, length) = (
                cells.next()?.parse().ok()?,
                cells.next()?.parse::<i64>().ok()?,
            );
            if pitch > 0 {
                theirs.push((step, pitch));
            }
            step += length;
        }
        let bars = offset(&theirs, clip)? / i64::from(STEPS_PER_BAR);
        let mut phrases = Vec::new();
        let mut at = -bars;
        let mut rest = label.trim();
        while let Some(letter) = rest.chars().next() {
            let digits = rest[letter.len_utf8()..]
                .find(|c: char| !c.is_ascii_digit())
                .map_or(rest.len(), |end| end + letter.len_utf8());
            let length: i64 = rest[letter.len_utf8()..digits].parse().ok()?;
            phrases.push((letter, at, length));
            at += length;
            rest = &rest[digits..];
        }
        Some(Self { phrases })
    }

    /// The letter of the phrase that holds some bars, and which bar of it is their first.
    pub(crate) fn place(&self, bars: &Range<u32>) -> Option<(char, i64)> {
        let (first, end) = (i64::from(bars.start), i64::from(bars.end));
        let holds = |(letter, at, length): &&(char, i64, i64)| {
            letter.is_uppercase() && *letter != 'X' && *at <= first && end <= at + length
        };
        let (letter, at, _) = self.phrases.iter().find(holds)?;
        Some((*letter, first - at))
    }
}

/// By how many steps their melody is later: whole bars, at which most of our notes find theirs.
fn offset(theirs: &[(i64, i32)], clip: &Clip) -> Option<i64> {
    let ours: Vec<(i64, i32)> = (clip.notes.iter())
        .filter(|note| note.voice == Voice::Melody)
        .map(|note| (i64::from(note.step), i32::from(note.pitch)))
        .collect();
    let mut votes: BTreeMap<i64, usize> = BTreeMap::new();
    for (step, pitch) in &ours {
        for (other, _) in theirs.iter().filter(|(_, other)| other == pitch) {
            for near in -1..=1 {
                *votes.entry(other - step + near).or_default() += 1;
            }
        }
    }
    let whole = votes
        .into_iter()
        .filter(|(steps, _)| steps % i64::from(STEPS_PER_BAR) == 0);
    let (steps, count) = whole.max_by_key(|(_, count)| *count)?;
    (count * 10 >= ours.len() * 8).then_some(steps)
}

/// Pairs of windows that do not overlap: those at the same place of a phrase of one letter, and the others.
#[derive(Default)]
pub(crate) struct Pairs {
    /// Edit similarity, cosine, mean of both.
    same: Vec<[f64; 3]>,
    other: Vec<[f64; 3]>,
}

impl Pairs {
    pub(crate) fn add(&mut self, heard: &Phrases, windows: &Windows) {
        let places: Vec<_> = windows.points.keys().copied().collect();
        for (index, &a) in places.iter().enumerate() {
            for &b in &places[index + 1..] {
                let place = |bar: usize| heard.place(&(bar as u32..bar as u32 + 2));
                let (Some(first), Some(second)) = (place(a), place(b)) else {
                    continue;
                };
                if b < a + 2 {
                    continue;
                }
                let (Some(edit), Some(near)) = (windows.edit(a, b), windows.near(a, b)) else {
                    continue;
                };
                let values = [edit, near, f64::midpoint(edit, near)];
                if first == second {
                    self.same.push(values);
                } else {
                    self.other.push(values);
                }
            }
        }
    }
}

impl fmt::Display for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} at the same place of a phrase of one letter, {} others; area under the ROC curve:",
            self.same.len(),
            self.other.len()
        )?;
        for (name, exact) in [("all", true), ("without exact copies", false)] {
            let of = |pairs: &[[f64; 3]], column: usize| -> Vec<f64> {
                let kept = pairs.iter().filter(|pair| exact || pair[0] < 1.0);
                kept.map(|pair| pair[column]).collect()
            };
            let areas: Vec<String> = ["edit similarity", "cosine", "mean of both"]
                .iter()
                .enumerate()
                .map(|(column, what)| {
                    let area = area(&of(&self.same, column), &mut of(&self.other, column));
                    format!("{what} {:.4}", area.unwrap_or(f64::NAN))
                })
                .collect();
            writeln!(
                f,
                "  {name} ({}): {}",
                of(&self.same, 0).len(),
                areas.join(", ")
            )?;
        }
        Ok(())
    }
}
