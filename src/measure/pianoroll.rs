//! The pianoroll measures of the MuseGAN paper (Dong et al. 2018), and a few more of their kind.
//!
//! Figures on a grid of 16 steps a bar; those of other grids are not comparable.

use super::grid::{mean, share, step_of, steps_of, windows};
use super::tonal;
use crate::score::{MetreMap, Note, PitchClassSet, Scale, Span, Tick, Track};

/// Measures of one track over a stretch of bars; `None` where one is not defined.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TrackMeasures {
    /// EB: empty bars / bars. A bar is empty where nothing sounds.
    pub empty_bars: Option<f64>,
    /// UPC: distinct pitch classes of a bar, mean over the bars that are not empty.
    pub used_pitch_classes: Option<f64>,
    /// QN: notes of at least two steps (an eighth) / notes.
    pub qualified_notes: Option<f64>,
    /// DP: (onsets on even steps + 0.3 x onsets on odd steps) / onsets. Made for drums.
    pub drum_pattern: Option<f64>,
    /// Mean number of keys that sound, over the steps where any does.
    pub polyphony: Option<f64>,
    /// Semitones between the lowest and the highest note.
    pub pitch_range: Option<f64>,
    /// Notes that begin in a bar, mean over all bars.
    pub notes_per_bar: Option<f64>,
    /// Share of notes in the major or minor key that fits them best.
    pub in_key: Option<f64>,
    /// Share of notes that begin off the beats of the metre.
    pub off_beat: Option<f64>,
}

/// The bars of `span`.
fn bars(metre: &MetreMap, span: Span) -> Vec<Span> {
    if span.is_empty() {
        return Vec::new();
    }
    let last = metre.bar_at(span.end - Tick(1));
    (metre.bar_at(span.start)..=last)
        .map(|bar| Span {
            start: metre.bar_start(bar),
            end: metre.bar_start(bar + 1),
        })
        .collect()
}

/// The notes of `track` that are heard and begin in `span`.
fn notes(track: &Track, span: Span) -> impl Iterator<Item = &Note> + Clone {
    track
        .notes_starting_in(span)
        .iter()
        .filter(|note| !note.muted)
}

impl TrackMeasures {
    /// The measures of what `track` plays in `span`, which begins and ends at bar lines.
    pub fn of(track: &Track, metre: &MetreMap, span: Span) -> Self {
        let bars = bars(metre, span);
        let notes = notes(track, span);
        let count = notes.clone().count();
        let sounding: Vec<Vec<&Note>> = bars
            .iter()
            .map(|bar| {
                notes
                    .clone()
                    .filter(|note| note.span().overlaps(*bar))
                    .collect()
            })
            .collect();
        let classes = |bar: &[&Note]| {
            let bits = bar
                .iter()
                .fold(0_u16, |bits, note| bits | 1 << (note.pitch.get() % 12));
            f64::from(bits.count_ones())
        };
        let on_even = notes
            .clone()
            .filter(|note| step_of(note.start) % 2 == 0)
            .count();
        let pitches = || notes.clone().map(|note| note.pitch.get());
        Self {
            empty_bars: share(
                sounding.iter().filter(|bar| bar.is_empty()).count(),
                bars.len(),
            ),
            used_pitch_classes: mean(
                sounding
                    .iter()
                    .filter(|bar| !bar.is_empty())
                    .map(|bar| classes(bar)),
            ),
            qualified_notes: share(
                notes.clone().filter(|note| steps_of(note) >= 2).count(),
                count,
            ),
            drum_pattern: (count > 0)
                .then(|| (on_even as f64 + 0.3 * (count - on_even) as f64) / count as f64),
            polyphony: polyphony(notes.clone(), span),
            pitch_range: pitches()
                .max()
                .zip(pitches().min())
                .map(|(high, low)| f64::from(high - low)),
            notes_per_bar: share(count, bars.len()),
            in_key: best_key_share(notes.clone()),
            off_beat: share(
                notes
                    .clone()
                    .filter(|note| {
                        let grid = note.start.floor_to(Tick::SIXTEENTH);
                        metre.position(grid).tick != 0
                    })
                    .count(),
                count,
            ),
        }
    }
}

/// Mean number of keys that sound, over the steps of `span` where any does.
fn polyphony<'a>(notes: impl Iterator<Item = &'a Note>, span: Span) -> Option<f64> {
    let first = step_of(span.start);
    let mut keys = vec![0_u32; windows(span, Tick::SIXTEENTH).count()];
    for note in notes {
        let start = (step_of(note.start) - first).max(0) as usize;
        let end = (start + steps_of(note) as usize).min(keys.len());
        for step in keys.get_mut(start..end).unwrap_or_default() {
            *step += 1;
        }
    }
    mean(
        keys.iter()
            .filter(|keys| **keys > 0)
            .map(|keys| f64::from(*keys)),
    )
}

/// Share of `notes` whose pitch class is in `set`; `None` without notes.
pub fn share_in<'a>(notes: impl IntoIterator<Item = &'a Note>, set: PitchClassSet) -> Option<f64> {
    let (inside, all) = notes.into_iter().fold((0, 0), |(inside, all), note| {
        (inside + usize::from(set.contains(note.pitch)), all + 1)
    });
    share(inside, all)
}

/// Share of `notes` in the one of the twelve diatonic scales that holds the most of them; `None` without notes. A major key
/// and its relative minor are the same scale.
pub fn best_key_share<'a>(notes: impl IntoIterator<Item = &'a Note>) -> Option<f64> {
    let mut counts = [0; 12];
    for note in notes {
        counts[usize::from(note.pitch.get() % 12)] += 1;
    }
    let inside = |tonic: usize| -> usize {
        let steps = Scale::Major.steps().iter();
        steps
            .map(|step| counts[(tonic + usize::from(*step)) % 12])
            .sum()
    };
    share((0..12).map(inside).max()?, counts.iter().sum())
}

/// TD: tonal distance of two tracks, the mean over the beats in which both sound; `None` where there is none.
pub fn tonal_distance(a: &Track, b: &Track, metre: &MetreMap, span: Span) -> Option<f64> {
    let sounding = |track: &Track, beat: Span| {
        let mut chroma = [0.0; 12];
        for note in track.notes().iter().filter(|note| !note.muted) {
            if note.start >= beat.end {
                break;
            }
            let overlap = note.end().min(beat.end) - note.start.max(beat.start);
            chroma[usize::from(note.pitch.get() % 12)] += overlap.0.max(0) as f64;
        }
        tonal::centroid(&chroma)
    };
    mean(bars(metre, span).into_iter().flat_map(|bar| {
        windows(bar, metre.metre_at(bar.start).beat())
            .filter_map(|beat| Some(tonal::distance(&sounding(a, beat)?, &sounding(b, beat)?)))
            .collect::<Vec<_>>()
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::score::{Instrument, Pitch, Role, TrackId, Velocity};

    /// Notes as (step, steps, key).
    fn track(notes: &[(i64, i64, i32)]) -> Track {
        let notes = notes
            .iter()
            .map(|(step, steps, key)| {
                Note::new(
                    Tick::SIXTEENTH * *step,
                    Tick::SIXTEENTH * *steps,
                    Pitch::clamped(*key),
                    Velocity::DEFAULT,
                )
            })
            .collect();
        Track::new(TrackId(1), "t", Instrument::pitched(0), Role::Piano).with_notes(notes)
    }

    fn span(bars: i64) -> Span {
        Span::new(Tick::ZERO, Tick(3840 * bars))
    }

    #[test]
    fn a_small_track_by_hand() {
        // Bar 0: C4 E4 together for four steps, C5 for one on step 5. Bar 1: empty. Bar 2: C#4 for two.
        let track = track(&[(0, 4, 60), (0, 4, 64), (5, 1, 72), (32, 2, 61)]);
        let m = TrackMeasures::of(&track, &MetreMap::default(), span(3));
        assert_eq!(m.empty_bars, Some(1.0 / 3.0));
        assert_eq!(m.used_pitch_classes, Some(1.5));
        assert_eq!(m.qualified_notes, Some(0.75));
        assert_eq!(m.drum_pattern, Some((3.0 + 0.3) / 4.0));
        // Four steps of two keys, one of one, two of one.
        assert_eq!(m.polyphony, Some(11.0 / 7.0));
        assert_eq!(m.pitch_range, Some(12.0));
        assert_eq!(m.notes_per_bar, Some(4.0 / 3.0));
        assert_eq!(m.in_key, Some(0.75));
        assert_eq!(m.off_beat, Some(0.25));
    }

    #[test]
    fn a_note_held_over_the_bar_line_fills_the_next_bar() {
        let track = track(&[(12, 8, 60)]);
        let m = TrackMeasures::of(&track, &MetreMap::default(), span(2));
        assert_eq!(m.empty_bars, Some(0.0));
    }

    #[test]
    fn an_empty_track_has_empty_bars_and_nothing_else() {
        let m = TrackMeasures::of(&track(&[]), &MetreMap::default(), span(2));
        let expected = TrackMeasures {
            empty_bars: Some(1.0),
            notes_per_bar: Some(0.0),
            ..TrackMeasures::default()
        };
        assert_eq!(m, expected);
        let nothing = TrackMeasures::of(&track(&[]), &MetreMap::default(), span(0));
        assert_eq!(nothing, TrackMeasures::default());
    }

    #[test]
    fn unison_is_tonally_close_and_a_tritone_far() {
        let (metre, c) = (MetreMap::default(), track(&[(0, 4, 60)]));
        let td = |other: &Track| tonal_distance(&c, other, &metre, span(1));
        assert_eq!(td(&track(&[(0, 4, 48)])), Some(0.0));
        assert_eq!(td(&track(&[(4, 4, 48)])), None);
        let (fifth, tritone) = (td(&track(&[(0, 4, 67)])), td(&track(&[(0, 4, 66)])));
        assert!(fifth < tritone, "{fifth:?} {tritone:?}");
    }

    proptest! {
        #[test]
        fn shares_are_shares_and_octaves_fold(
            notes in prop::collection::vec((0_i64..64, 1_i64..8, 36_i32..84), 1..30)
        ) {
            let low = TrackMeasures::of(&track(&notes), &MetreMap::default(), span(4));
            let raised: Vec<_> = notes.iter().map(|(s, l, k)| (*s, *l, k + 12)).collect();
            let high = TrackMeasures::of(&track(&raised), &MetreMap::default(), span(4));
            prop_assert_eq!(low, high);
            for value in [low.empty_bars, low.qualified_notes, low.drum_pattern, low.in_key, low.off_beat] {
                prop_assert!(value.is_some_and(|value| (0.0..=1.0).contains(&value)));
            }
            // Any note lies in some key, and seven of twelve classes are in each.
            prop_assert!(low.in_key >= Some(7.0 / 12.0 - 1e-9));
        }
    }
}
