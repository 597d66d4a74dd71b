//! Measures of how a piece treats its theme.

use super::fragment::Fragment;
use super::grid::{mean, share, step_of, windows};
use crate::score::{MetreMap, Span, Tick, Track};

/// A bar-aligned window is an occurrence of the theme from this similarity on.
pub const OCCURRENCE: f64 = 0.6;

/// What the theme measures look at.
#[derive(Debug, Clone, Copy)]
pub struct ThemePiece<'a> {
    /// The track that carries the melody.
    pub melody: &'a Track,
    /// Where the bars are.
    pub metre: &'a MetreMap,
    /// The stretch that is measured, from bar line to bar line.
    pub span: Span,
    /// The theme.
    pub theme: &'a Fragment,
    /// How many bars the theme has.
    pub theme_bars: u32,
    /// The labelled regions, in order.
    pub regions: &'a [Span],
}

/// The theme measures of a piece; `None` where one is not defined.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ThemeMeasures {
    /// Mean of 1 - s(theme, region) over the labelled regions: 0 where every region is the theme. Lower is better.
    pub uncontrollability: Option<f64>,
    /// Share of the labelled regions whose melody is the theme's, in any key.
    pub exact_copies: Option<f64>,
    /// Mean of 1 - s over pairs of labelled regions. Lower is better.
    pub inconsistency: Option<f64>,
    /// Mean number of bars between one region's end and the next one's start.
    pub gap: Option<f64>,
    /// Share of bars inside an occurrence of the theme, labels not looked at.
    pub coverage: Option<f64>,
    /// Share of labelled bars that lie inside an occurrence.
    pub label_precision: Option<f64>,
    /// Share of bars inside an occurrence that are labelled.
    pub label_recall: Option<f64>,
    /// Mean of 1 - s over all pairs of bar-aligned two-bar windows.
    pub melody_inconsistency: Option<f64>,
    /// Mean pitch-class entropy of the melody's bars, in bits.
    pub entropy_1_bar: Option<f64>,
    /// The same over four bars at a time.
    pub entropy_4_bars: Option<f64>,
    /// Mean of 1 - (differing onset steps / steps) over neighbouring bars.
    pub grooving_consistency: Option<f64>,
}

impl ThemePiece<'_> {
    /// Every measure at once.
    pub fn measures(&self) -> ThemeMeasures {
        let occupied = self.occurrence_bars();
        let labelled = self.labelled_bars();
        let both = occupied
            .iter()
            .zip(&labelled)
            .filter(|(a, b)| **a && **b)
            .count();
        let count = |bars: &[bool]| bars.iter().filter(|bar| **bar).count();
        ThemeMeasures {
            uncontrollability: mean(self.likenesses().map(|s| 1.0 - s)),
            exact_copies: mean(self.likenesses().map(|s| f64::from(u8::from(s == 1.0)))),
            inconsistency: self.inconsistency(),
            gap: self.gap(),
            coverage: share(count(&occupied), occupied.len()),
            label_precision: share(both, count(&labelled)),
            label_recall: share(both, count(&occupied)),
            melody_inconsistency: self.melody_inconsistency(),
            entropy_1_bar: self.entropy(1),
            entropy_4_bars: self.entropy(4),
            grooving_consistency: self.grooving_consistency(),
        }
    }

    /// How similar each labelled region is to the theme; regions without a melody are left out.
    pub fn likenesses(&self) -> impl Iterator<Item = f64> {
        self.regions.iter().filter_map(|region| {
            let region = Fragment::in_span(self.melody, *region);
            self.theme.similarity(&region)
        })
    }

    fn inconsistency(&self) -> Option<f64> {
        let fragments: Vec<Fragment> = self
            .regions
            .iter()
            .map(|region| Fragment::in_span(self.melody, *region))
            .collect();
        mean(pairs(&fragments).filter_map(|(a, b)| Some(1.0 - a.similarity(b)?)))
    }

    fn gap(&self) -> Option<f64> {
        mean(self.regions.windows(2).map(|pair| {
            let bar = self.metre.metre_at(pair[0].end).bar().0;
            (pair[1].start - pair[0].end).0 as f64 / bar as f64
        }))
    }

    /// The bars of the measured stretch.
    fn bars(&self) -> Vec<Span> {
        if self.span.is_empty() {
            return Vec::new();
        }
        let first = self.metre.bar_at(self.span.start);
        let last = self.metre.bar_at(self.span.end - Tick(1));
        (first..=last)
            .map(|bar| Span {
                start: self.metre.bar_start(bar),
                end: self.metre.bar_start(bar + 1),
            })
            .collect()
    }

    /// For each bar, whether it lies inside a bar-aligned window of the theme's length with s >= [`OCCURRENCE`].
    pub fn occurrence_bars(&self) -> Vec<bool> {
        let bars = self.bars();
        let length = self.theme_bars.max(1) as usize;
        let mut inside = vec![false; bars.len()];
        for (index, window) in bars.windows(length).enumerate() {
            let span = Span {
                start: window[0].start,
                end: window[length - 1].end,
            };
            let s = self.theme.similarity(&Fragment::in_span(self.melody, span));
            if s.is_some_and(|s| s >= OCCURRENCE) {
                inside[index..index + length].fill(true);
            }
        }
        inside
    }

    /// For each bar, whether a labelled region covers more than half of it.
    fn labelled_bars(&self) -> Vec<bool> {
        self.bars()
            .into_iter()
            .map(|bar| {
                let covered: i64 = self
                    .regions
                    .iter()
                    .map(|region| {
                        (region.end.min(bar.end) - region.start.max(bar.start))
                            .0
                            .max(0)
                    })
                    .sum();
                covered * 2 > bar.length().0
            })
            .collect()
    }

    fn two_bar_windows(&self) -> Vec<Fragment> {
        self.bars()
            .windows(2)
            .map(|pair| {
                let span = Span {
                    start: pair[0].start,
                    end: pair[1].end,
                };
                Fragment::in_span(self.melody, span)
            })
            .collect()
    }

    fn melody_inconsistency(&self) -> Option<f64> {
        let fragments = self.two_bar_windows();
        mean(pairs(&fragments).filter_map(|(a, b)| Some(1.0 - a.similarity(b)?)))
    }

    /// Mean similarity of two-bar windows `k` bars apart, for `k` = 1..=16 (index `k - 1`).
    pub fn self_similarity(&self) -> [Option<f64>; 16] {
        let fragments = self.two_bar_windows();
        std::array::from_fn(|lag| {
            mean(
                fragments
                    .iter()
                    .zip(fragments.iter().skip(lag + 1))
                    .filter_map(|(a, b)| a.similarity(b)),
            )
        })
    }

    /// Mean entropy, in bits, of the pitch classes of `bars` bars at a time; stretches without notes are left out.
    fn entropy(&self, bars: usize) -> Option<f64> {
        let all = self.bars();
        mean(
            all.chunks(bars)
                .filter(|chunk| chunk.len() == bars)
                .filter_map(|chunk| {
                    let span = Span {
                        start: chunk.first()?.start,
                        end: chunk.last()?.end,
                    };
                    let mut counts = [0_usize; 12];
                    for note in self.melody.notes_starting_in(span) {
                        counts[usize::from(note.pitch.get() % 12)] += 1;
                    }
                    entropy(&counts)
                }),
        )
    }

    fn grooving_consistency(&self) -> Option<f64> {
        let patterns: Vec<Vec<bool>> = self
            .bars()
            .into_iter()
            .map(|bar| {
                let steps = windows(bar, Tick::SIXTEENTH).count();
                let mut onsets = vec![false; steps];
                for note in self.melody.notes_starting_in(bar) {
                    let step = (step_of(note.start) - step_of(bar.start)) as usize;
                    if let Some(onset) = onsets.get_mut(step) {
                        *onset = true;
                    }
                }
                onsets
            })
            .collect();
        mean(patterns.windows(2).filter_map(|pair| {
            let steps = pair[0].len().max(pair[1].len());
            let on = |bar: &[bool], step: usize| bar.get(step).copied().unwrap_or(false);
            let differing = (0..steps)
                .filter(|step| on(&pair[0], *step) != on(&pair[1], *step))
                .count();
            Some(1.0 - share(differing, steps)?)
        }))
    }
}

/// Shannon entropy of `counts` in bits; `None` without any.
pub fn entropy(counts: &[usize]) -> Option<f64> {
    let total: usize = counts.iter().sum();
    (total > 0).then(|| {
        counts
            .iter()
            .filter(|count| **count > 0)
            .map(|count| {
                let p = *count as f64 / total as f64;
                -p * p.log2()
            })
            .sum()
    })
}

/// All unordered pairs.
fn pairs<T>(items: &[T]) -> impl Iterator<Item = (&T, &T)> {
    items
        .iter()
        .enumerate()
        .flat_map(|(index, a)| items[index + 1..].iter().map(move |b| (a, b)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::score::{Instrument, Note, Pitch, Role, TrackId, Velocity};

    const BAR: Tick = Tick(3840);

    fn track(line: &[(i64, u8)]) -> Track {
        let notes = line
            .iter()
            .map(|(step, key)| {
                Note::new(
                    Tick::SIXTEENTH * *step,
                    Tick::SIXTEENTH,
                    Pitch::clamped(i32::from(*key)),
                    Velocity::DEFAULT,
                )
            })
            .collect();
        Track::new(TrackId(1), "MELODY", Instrument::pitched(0), Role::Melody).with_notes(notes)
    }

    fn bars(first: i64, end: i64) -> Span {
        Span::new(BAR * first, BAR * end)
    }

    /// One bar C D E, one other bar, the first bar a fifth higher, an empty bar.
    fn example() -> Track {
        track(&[
            (0, 60),
            (4, 62),
            (8, 64),
            (16, 60),
            (22, 60),
            (28, 59),
            (32, 67),
            (36, 69),
            (40, 71),
        ])
    }

    fn measured(melody: &Track, span: Span, regions: &[Span]) -> ThemeMeasures {
        let theme = Fragment::in_span(melody, bars(0, 1));
        ThemePiece {
            melody,
            metre: &MetreMap::default(),
            span,
            theme: &theme,
            theme_bars: 1,
            regions,
        }
        .measures()
    }

    #[test]
    fn a_small_piece_by_hand() {
        let melody = example();
        let m = measured(&melody, bars(0, 4), &[bars(0, 1), bars(1, 2), bars(2, 3)]);
        // Regions: the theme, something else (s = 0), the theme again.
        assert_eq!(m.uncontrollability, Some(1.0 / 3.0));
        assert_eq!(m.exact_copies, Some(2.0 / 3.0));
        assert_eq!(m.inconsistency, Some(2.0 / 3.0));
        assert_eq!(m.gap, Some(0.0));
        // Bars 0 and 2 of four are occurrences; three are labelled.
        assert_eq!(m.coverage, Some(0.5));
        assert_eq!(m.label_precision, Some(2.0 / 3.0));
        assert_eq!(m.label_recall, Some(1.0));
        // Three different classes, then C C B, then three, then nothing.
        let two_one =
            -(2.0_f64 / 3.0).mul_add((2.0_f64 / 3.0).log2(), (1.0 / 3.0) * (1.0_f64 / 3.0).log2());
        let expected = (3.0_f64.log2() * 2.0 + two_one) / 3.0;
        assert!((m.entropy_1_bar.unwrap_or_default() - expected).abs() < 1e-12);
        // Onsets 0 4 8 | 0 6 12 | 0 4 8 | none: 4, 4 and 3 of 16 steps differ.
        let groove = ((1.0 - 4.0 / 16.0) * 2.0 + (1.0 - 3.0 / 16.0)) / 3.0;
        assert!((m.grooving_consistency.unwrap_or_default() - groove).abs() < 1e-12);
    }

    #[test]
    fn repeats_show_as_self_similarity_at_their_lag() {
        let phrase = [(0, 60), (4, 64), (10, 62), (16, 67), (24, 65)];
        let line: Vec<(i64, u8)> = (0..4)
            .flat_map(|time| phrase.map(|(step, key)| (step + 32 * time, key)))
            .collect();
        let melody = track(&line);
        let theme = Fragment::in_span(&melody, bars(0, 2));
        let piece = ThemePiece {
            melody: &melody,
            metre: &MetreMap::default(),
            span: bars(0, 8),
            theme: &theme,
            theme_bars: 2,
            regions: &[],
        };
        let lags = piece.self_similarity();
        assert_eq!(lags[1], Some(1.0));
        assert!(lags[0].is_some_and(|s| s < 1.0));
        assert_eq!(lags[7], None);
        assert_eq!(piece.measures().coverage, Some(1.0));
    }

    #[test]
    fn what_is_not_defined_is_absent() {
        let melody = track(&[]);
        assert_eq!(measured(&melody, bars(0, 0), &[]), ThemeMeasures::default());
        let m = measured(&example(), bars(0, 4), &[bars(0, 1)]);
        assert_eq!((m.inconsistency, m.gap), (None, None));
    }

    proptest! {
        #[test]
        fn shares_lie_between_nothing_and_all(
            line in prop::collection::vec((0_i64..128, 40_u8..80), 0..40),
            starts in prop::collection::btree_set(0_i64..8, 0..4)
        ) {
            let melody = track(&line);
            let regions: Vec<Span> = starts.iter().map(|bar| bars(*bar, bar + 1)).collect();
            let m = measured(&melody, bars(0, 8), &regions);
            for value in [
                m.uncontrollability, m.inconsistency, m.coverage, m.label_precision, m.label_recall,
                m.melody_inconsistency, m.grooving_consistency,
            ].into_iter().flatten() {
                prop_assert!((0.0..=1.0).contains(&value), "{value}");
            }
            prop_assert!(m.entropy_1_bar.is_none_or(|bits| (0.0..=12.0_f64.log2() + 1e-9).contains(&bits)));
        }
    }
}
