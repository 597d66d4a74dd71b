//! Finds the theme of a song and where it returns, by the similarity of its melody with itself.

use std::ops::Range;

use crate::measure::fragment::Fragment;
use crate::measure::grid::mean;
use crate::tokens::clip::{Clip, ClipNote};
use crate::tokens::theme_vocab::{STEPS_PER_BAR, Voice};

/// What counts as a theme.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MiningOptions {
    /// Bars of a theme, 2 by default.
    pub bars: u32,
    /// A window is a return from this similarity with the theme on, .6 by default.
    pub similarity: f64,
    /// Melody notes of a theme, at least 4 by default.
    pub notes: usize,
    /// Regions of a theme, at least 3 by default, the theme itself included.
    pub regions: usize,
}

impl Default for MiningOptions {
    fn default() -> Self {
        Self {
            bars: 2,
            similarity: crate::measure::theme::OCCURRENCE,
            notes: 4,
            regions: 3,
        }
    }
}

/// The theme and its returns as ranges of bars, in order, not overlapping; the first is the theme. `None` where the song has
/// none.
///
/// Every bar-aligned window is tried as the theme. Its returns are the later windows that are similar enough, the most
/// similar taken first where windows overlap. The window with the most returns is the theme, more so the more they are
/// like it; a theme of few notes counts less, since few notes are soon alike.
pub fn mine(clip: &Clip, options: &MiningOptions) -> Option<Vec<Range<u32>>> {
    const ENOUGH_NOTES: usize = 8;
    let starts = 0..(clip.bars + 1).saturating_sub(options.bars.max(1));
    let windows: Vec<Fragment> = starts
        .map(|bar| fragment(&clip.notes, bar..bar + options.bars.max(1)))
        .collect();
    let mut best: Option<(f64, Vec<Range<u32>>)> = None;
    for (first, theme) in windows.iter().enumerate() {
        if theme.notes() < options.notes.max(2) {
            continue;
        }
        let found = returns(first, theme, &windows, options);
        if found.len() + 1 < options.regions {
            continue;
        }
        let likeness = mean(found.iter().map(|(s, _)| *s)).unwrap_or(0.0);
        let weight = theme.notes().min(ENOUGH_NOTES) as f64 / ENOUGH_NOTES as f64;
        let score = found.len() as f64 * likeness * weight;
        if best.as_ref().is_none_or(|(high, _)| score > *high) {
            let mut bars: Vec<u32> = found.iter().map(|(_, bar)| *bar as u32).collect();
            bars.push(first as u32);
            bars.sort_unstable();
            let regions = bars.into_iter().map(|bar| bar..bar + options.bars.max(1));
            best = Some((score, regions.collect()));
        }
    }
    best.map(|(_, regions)| regions)
}

/// The returns of window `first`: (similarity, window), most similar first.
fn returns(
    first: usize,
    theme: &Fragment,
    windows: &[Fragment],
    options: &MiningOptions,
) -> Vec<(f64, usize)> {
    let length = options.bars.max(1) as usize;
    let mut similar: Vec<(f64, usize)> = windows
        .iter()
        .enumerate()
        .skip(first + length)
        .filter(|(_, window)| window.notes() >= options.notes)
        .filter_map(|(bar, window)| Some((theme.similarity(window)?, bar)))
        .filter(|(s, _)| *s >= options.similarity)
        .collect();
    similar.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut kept: Vec<(f64, usize)> = Vec::new();
    for (s, bar) in similar {
        if kept.iter().all(|(_, other)| bar.abs_diff(*other) >= length) {
            kept.push((s, bar));
        }
    }
    kept
}

/// The melody of some bars.
fn fragment(notes: &[ClipNote], bars: Range<u32>) -> Fragment {
    let steps = bars.start * STEPS_PER_BAR..bars.end * STEPS_PER_BAR;
    let mut line: Vec<(i64, i32)> = notes
        .iter()
        .filter(|note| note.voice == Voice::Melody && steps.contains(&note.step))
        .map(|note| (i64::from(note.step), i32::from(note.pitch)))
        .collect();
    line.sort_unstable();
    Fragment::of_line(&line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clip(bars: u32, notes: impl IntoIterator<Item = (u32, u8)>) -> Clip {
        let mut clip = Clip {
            bars,
            notes: notes
                .into_iter()
                .map(|(step, pitch)| ClipNote {
                    voice: Voice::Melody,
                    step,
                    length: 2,
                    pitch,
                    velocity: 80,
                })
                .collect(),
            ..Clip::default()
        };
        clip.sort();
        clip
    }

    const THEME: [(u32, u8); 6] = [(0, 60), (4, 64), (8, 67), (14, 65), (18, 64), (26, 62)];

    #[test]
    fn a_planted_theme_is_found_in_any_key() {
        // The theme at bars 1, 5 and 8 (a fourth higher), other notes between.
        let planted = [(1, 0), (5, 0), (8, 5)].into_iter().flat_map(|(bar, up)| {
            THEME.map(|(step, pitch)| (bar * STEPS_PER_BAR + step, pitch + up))
        });
        let between = [
            (48, 50),
            (51, 58),
            (57, 49),
            (112, 70),
            (117, 51),
            (125, 66),
        ];
        let regions = mine(&clip(10, planted.chain(between)), &MiningOptions::default());
        assert_eq!(regions, Some(vec![1..3, 5..7, 8..10]));
    }

    #[test]
    fn a_song_that_never_repeats_has_no_theme() {
        let line = (0..40_u32).map(|i| (i * 4 + i % 3, 40 + ((i * i * 7) % 43) as u8));
        assert_eq!(mine(&clip(10, line), &MiningOptions::default()), None);
        assert_eq!(mine(&Clip::default(), &MiningOptions::default()), None);
    }

    proptest! {
        #[test]
        fn regions_are_apart_inside_and_alike(
            line in prop::collection::btree_map(0_u32..256, 55_u8..62, 0..80)
        ) {
            let clip = clip(16, line);
            let options = MiningOptions::default();
            if let Some(regions) = mine(&clip, &options) {
                prop_assert!(regions.len() >= options.regions);
                prop_assert!(regions.windows(2).all(|pair| pair[0].end <= pair[1].start));
                prop_assert!(regions.iter().all(|region| region.end <= 16 && region.len() == 2));
                let theme = fragment(&clip.notes, regions[0].clone());
                for region in &regions {
                    let s = theme.similarity(&fragment(&clip.notes, region.clone()));
                    prop_assert!(s >= Some(options.similarity));
                }
            }
        }
    }
}
