//! Finds the theme of a song and where it returns.
//!
//! Two miners stand behind [`Miner::mine`]: one by the edit similarity of the melody with itself, and, as published (Shih et
//! al., IEEE TMM 2022, section IV), one by clusters of the points that a trained encoder gives two-bar segments.
//! `examples/judge_mining` compares them.

#[cfg(feature = "torch")]
pub mod clusters;
mod line;

use std::ops::Range;

use crate::measure::fragment::Fragment;
use crate::measure::grid::mean;
#[cfg(feature = "torch")]
use crate::nets::melody_encoder::MelodyEncoder;
#[cfg(feature = "torch")]
use crate::tokens::melody::{CHANNELS, STEPS};

pub use line::Line;

/// What counts as a theme.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MiningOptions {
    /// Bars of a theme, 2 by default: what the encoder was trained on.
    pub bars: u32,
    /// A window is a return from this similarity with the theme on, .6 by default.
    pub similarity: f64,
    /// Points no farther apart than this are neighbours (0 to 2, on a sphere around the origin).
    pub distance: f64,
    /// Melody notes of a theme, at least 4 by default.
    pub notes: usize,
    /// Regions of a theme, at least 3 by default, the theme itself included.
    pub regions: usize,
}

impl MiningOptions {
    /// The distance of neighbours that is right most often, by phrases that people marked.
    pub const DISTANCE: f64 = 0.5;
}

impl Default for MiningOptions {
    fn default() -> Self {
        Self {
            bars: 2,
            similarity: crate::measure::theme::OCCURRENCE,
            distance: Self::DISTANCE,
            notes: 4,
            regions: 3,
        }
    }
}

/// How themes are found.
#[derive(Debug, Default)]
pub enum Miner {
    /// The window with the most and most similar returns; needs no network.
    #[default]
    Similarity,
    /// The largest cluster of points, as published; where there is none, by similarity. It agrees better with people.
    #[cfg(feature = "torch")]
    Clusters(Box<MelodyEncoder>),
}

/// Why no theme could be looked for.
#[derive(Debug, thiserror::Error)]
pub enum MiningError {
    /// The encoder failed.
    #[cfg(feature = "torch")]
    #[error("the melody encoder failed: {0}")]
    Net(#[from] crate::nets::NetError),
}

impl Miner {
    /// The miner that measures best among those there are: by clusters with the encoder in `folder`, by edit similarity
    /// without one.
    ///
    /// # Errors
    /// When the encoder cannot be loaded, or is of another size.
    #[cfg(feature = "torch")]
    pub fn with_encoder(folder: Option<&std::path::Path>) -> Result<Self, MiningError> {
        let Some(folder) = folder else {
            return Ok(Self::Similarity);
        };
        let encoder = MelodyEncoder::load(folder, tch::Device::Cpu)?;
        let config = encoder.config();
        let wanted = [CHANNELS as i64, STEPS as i64];
        if [config.channels, config.steps] != wanted {
            return Err(crate::nets::NetError::Config(format!(
                "{}: channels and steps are {} and {}, this program has {wanted:?}",
                folder.display(),
                config.channels,
                config.steps
            ))
            .into());
        }
        Ok(Self::Clusters(Box::new(encoder)))
    }

    /// The theme of a melody and its returns as ranges of bars, in order, not overlapping; the first is the theme. `None`
    /// where there is none.
    ///
    /// # Errors
    /// When a network fails.
    pub fn mine(
        &self,
        line: &Line,
        options: &MiningOptions,
    ) -> Result<Option<Vec<Range<u32>>>, MiningError> {
        match self {
            Self::Similarity => Ok(mine(line, options)),
            #[cfg(feature = "torch")]
            Self::Clusters(encoder) => {
                let clustered = clusters::mine(line, encoder, options)?;
                Ok(clustered.or_else(|| mine(line, options)))
            }
        }
    }
}

/// Mines by edit similarity.
///
/// Every bar-aligned window whose first bar has notes is tried as the theme. Its returns are the later windows that are similar enough, the most
/// similar taken first where windows overlap. The window with the most returns is the theme, more so the more they are
/// like it; a theme of few notes counts less, since few notes are soon alike.
pub fn mine(line: &Line, options: &MiningOptions) -> Option<Vec<Range<u32>>> {
    let windows: Vec<Fragment> = (line.windows(options.bars))
        .map(|bars| line.fragment(bars))
        .collect();
    let alike = |a: usize, b: usize| {
        let s = windows[a].similarity(&windows[b])?;
        (s >= options.similarity).then_some(s)
    };
    mine_by(line, options, &alike)
}

/// Mines by any likeness: `alike` says of two windows, given by their first bars, how alike they are, 0..=1, if they are
/// enough.
pub fn mine_by(
    line: &Line,
    options: &MiningOptions,
    alike: &dyn Fn(usize, usize) -> Option<f64>,
) -> Option<Vec<Range<u32>>> {
    let notes: Vec<usize> = (line.windows(options.bars))
        .map(|bars| line.fragment(bars).notes())
        .collect();
    let length = options.bars.max(1);
    let mut best: Option<(f64, Vec<Range<u32>>)> = None;
    for (first, count) in notes.iter().enumerate() {
        if *count < options.notes.max(2) || !begins(line, first as u32) {
            continue;
        }
        let later =
            (first + length as usize..notes.len()).filter(|bar| notes[*bar] >= options.notes);
        let found = apart(
            later.filter_map(|bar| Some((alike(first, bar)?, bar))),
            length as usize,
        );
        if found.len() + 1 < options.regions {
            continue;
        }
        let likeness = mean(found.iter().map(|(s, _)| *s)).unwrap_or(0.0);
        let score = found.len() as f64 * likeness * weight(*count);
        if best.as_ref().is_none_or(|(high, _)| score > *high) {
            let mut bars: Vec<u32> = found.iter().map(|(_, bar)| *bar as u32).collect();
            bars.push(first as u32);
            bars.sort_unstable();
            let regions = bars.into_iter().map(|bar| bar..bar + length);
            best = Some((score, regions.collect()));
        }
    }
    best.map(|(_, regions)| regions)
}

/// What a theme of so many notes counts, 0..=1: few notes are soon alike.
fn weight(notes: usize) -> f64 {
    const ENOUGH: usize = 8;
    notes.min(ENOUGH) as f64 / ENOUGH as f64
}

/// Whether a phrase can begin in this bar: it has notes.
fn begins(line: &Line, bar: u32) -> bool {
    line.fragment(bar..bar + 1).notes() > 0
}

/// Of windows (likeness, first bar), each `length` bars long, those that do not overlap: the most alike first.
fn apart(windows: impl Iterator<Item = (f64, usize)>, length: usize) -> Vec<(f64, usize)> {
    let mut alike: Vec<(f64, usize)> = windows.collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut kept: Vec<(f64, usize)> = Vec::new();
    for (s, bar) in alike {
        if kept.iter().all(|(_, other)| bar.abs_diff(*other) >= length) {
            kept.push((s, bar));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tokens::clip::{Clip, ClipNote};
    use crate::tokens::theme_vocab::{STEPS_PER_BAR, Voice};

    fn line(bars: u32, notes: impl IntoIterator<Item = (u32, u8)>) -> Line {
        Line::of_clip(&Clip {
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
        })
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
        let regions = mine(&line(10, planted.chain(between)), &MiningOptions::default());
        assert_eq!(regions, Some(vec![1..3, 5..7, 8..10]));
    }

    #[test]
    fn a_song_that_never_repeats_has_no_theme() {
        let wandering = (0..40_u32).map(|i| (i * 4 + i % 3, 40 + ((i * i * 7) % 43) as u8));
        assert_eq!(mine(&line(10, wandering), &MiningOptions::default()), None);
        assert_eq!(mine(&Line::default(), &MiningOptions::default()), None);
    }

    proptest! {
        #[test]
        fn regions_are_apart_inside_and_alike(
            notes in prop::collection::btree_map(0_u32..256, 55_u8..62, 0..80)
        ) {
            let line = line(16, notes);
            let options = MiningOptions::default();
            if let Some(regions) = mine(&line, &options) {
                prop_assert!(regions.len() >= options.regions);
                prop_assert!(regions.windows(2).all(|pair| pair[0].end <= pair[1].start));
                prop_assert!(regions.iter().all(|region| region.end <= 16 && region.len() == 2));
                let theme = line.fragment(regions[0].clone());
                for region in &regions {
                    let s = theme.similarity(&line.fragment(region.clone()));
                    prop_assert!(s >= Some(options.similarity));
                }
            }
        }
    }
}
