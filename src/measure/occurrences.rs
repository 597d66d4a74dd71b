//! Where a theme returns, found by its likeness and not by labels.

use std::collections::HashMap;
use std::ops::Range;

use super::fragment::Fragment;
use super::theme::OCCURRENCE;
use crate::score::{MetreMap, Span, Tick, Track};

/// Most windows whose similarity is remembered; beyond it all are forgotten.
const REMEMBERED: usize = 8192;

/// A return of a theme that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Occurrence {
    /// Where it lies: whole bars, as many as the theme has.
    pub span: Span,
    /// The same as bars, from 0.
    pub bars: Range<u32>,
    /// Similarity with the theme, [`OCCURRENCE`] to 1.
    pub similarity: f64,
}

/// Finds the returns of a theme. It remembers what it has compared, so that after an edit only the bars that changed are
/// compared again.
#[derive(Debug, Clone, Default)]
pub struct Finder {
    theme: Fragment,
    compared: HashMap<Fragment, Option<f64>>,
}

impl Finder {
    /// The bar-aligned windows of `track` that are like the bars `theme` of the same track (s >= [`OCCURRENCE`]), in order,
    /// neither overlapping each other nor the theme: of overlapping ones the most similar.
    pub fn occurrences(&mut self, track: &Track, metre: &MetreMap, theme: Span) -> Vec<Occurrence> {
        let (Some(last), false) = (track.notes().last(), theme.is_empty()) else {
            return Vec::new();
        };
        let fragment = Fragment::in_span(track, theme);
        if fragment != self.theme || self.compared.len() > REMEMBERED {
            self.compared.clear();
            self.theme = fragment;
        }
        let bars = metre.bar_at(theme.end - Tick(1)) + 1 - metre.bar_at(theme.start);
        let starts: Vec<Tick> = (0..=metre.bar_at(last.start) + bars)
            .map(|bar| metre.bar_start(bar))
            .collect();
        let mut alike = Vec::new();
        for (first, ends) in (0_u32..).zip(starts.windows(bars as usize + 1)) {
            let span = Span {
                start: ends[0],
                end: ends[bars as usize],
            };
            if span.overlaps(theme) {
                continue;
            }
            if let Some(similarity) = self.similarity(Fragment::in_span(track, span))
                && similarity >= OCCURRENCE
            {
                alike.push(Occurrence {
                    span,
                    bars: first..first + bars,
                    similarity,
                });
            }
        }
        alike.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
        let mut kept: Vec<Occurrence> = Vec::new();
        for occurrence in alike {
            if !kept
                .iter()
                .any(|other| other.span.overlaps(occurrence.span))
            {
                kept.push(occurrence);
            }
        }
        kept.sort_by_key(|occurrence| occurrence.span.start);
        kept
    }

    fn similarity(&mut self, window: Fragment) -> Option<f64> {
        if let Some(similarity) = self.compared.get(&window) {
            return *similarity;
        }
        let similarity = self.theme.similarity(&window);
        self.compared.insert(window, similarity);
        similarity
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Instrument, Metre, Note, Pitch, Role, TrackId, Velocity};

    /// Notes at (sixteenth, MIDI key).
    fn track(line: &[(i64, u8)]) -> Track {
        let notes = line.iter().map(|(step, key)| {
            Note::new(
                Tick::SIXTEENTH * *step,
                Tick::SIXTEENTH,
                Pitch::clamped(i32::from(*key)),
                Velocity::DEFAULT,
            )
        });
        Track::new(TrackId(1), "", Instrument::pitched(0), Role::Melody).with_notes(notes.collect())
    }

    fn bars(metre: &MetreMap, bars: Range<u32>) -> Span {
        Span::new(metre.bar_start(bars.start), metre.bar_start(bars.end))
    }

    fn found(track: &Track, metre: &MetreMap, theme: Range<u32>) -> Vec<(Range<u32>, f64)> {
        let found = Finder::default().occurrences(track, metre, bars(metre, theme));
        found
            .into_iter()
            .map(|found| (found.bars, found.similarity))
            .collect()
    }

    const THEME: [(i64, u8); 6] = [(0, 60), (4, 64), (8, 67), (14, 65), (18, 64), (26, 62)];

    #[test]
    fn returns_are_found_before_and_after_the_theme() {
        // The theme in bar 4; a fourth higher in bar 0; with its last note changed in bar 7: four of five moves.
        let mut line: Vec<(i64, u8)> = THEME.map(|(step, key)| (step, key + 5)).to_vec();
        line.extend(THEME.map(|(step, key)| (step + 64, key)));
        line.extend(THEME.map(|(step, key)| (step + 112, if step == 26 { 71 } else { key })));
        let metre = MetreMap::default();
        assert_eq!(
            found(&track(&line), &metre, 4..6),
            [(0..2, 1.0), (7..9, 0.8)]
        );
    }

    #[test]
    fn a_theme_of_one_bar_in_three_four_returns_in_the_last_bar() {
        let metre = MetreMap::constant(Metre::new(3, 4).unwrap());
        let phrase = [(0, 60), (4, 62), (8, 64)];
        let line = [0, 24]
            .map(|at| phrase.map(|(step, key)| (step + at, key)))
            .concat();
        assert_eq!(found(&track(&line), &metre, 0..1), [(2..3, 1.0)]);
    }

    #[test]
    fn nothing_returns_of_nothing() {
        let metre = MetreMap::default();
        assert_eq!(found(&track(&[]), &metre, 0..2), []);
        assert_eq!(found(&track(&[(0, 60)]), &metre, 0..2), []);
        let nowhere = Span::new(Tick(0), Tick(0));
        assert_eq!(
            Finder::default().occurrences(&track(&THEME), &metre, nowhere),
            []
        );
    }

    #[test]
    fn what_is_remembered_is_what_is_found_anew() {
        let metre = MetreMap::default();
        let mut line: Vec<(i64, u8)> = THEME.to_vec();
        line.extend(THEME.map(|(step, key)| (step + 64, key)));
        let mut finder = Finder::default();
        let theme = bars(&metre, 0..2);
        assert_eq!(finder.occurrences(&track(&line), &metre, theme).len(), 1);
        for note in &mut line[6..] {
            // Every second move differs.
            note.1 += (note.0 % 8) as u8;
        }
        let edited = track(&line);
        let again = finder.occurrences(&edited, &metre, theme);
        assert_eq!(again, Finder::default().occurrences(&edited, &metre, theme));
        let other = bars(&metre, 4..6);
        let moved = finder.occurrences(&edited, &metre, other);
        assert_eq!(moved, Finder::default().occurrences(&edited, &metre, other));
    }
}
