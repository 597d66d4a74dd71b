//! How a melody breathes: rests at the ends of phrases, bars in which it is silent, bars in which it is caught.

use super::grid::{share, step_of};
use crate::score::{MetreMap, Note, Span, Tick, Track};

/// Bars of a phrase, from the first of the stretch.
pub const PHRASE_BARS: usize = 4;
/// From this share of the bar on nothing begins where a melody comes to rest.
const LAST_QUARTER: f64 = 0.75;

/// What the phrase measures look at: a melody with what accompanies it.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The track that carries the melody.
    pub melody: &'a Track,
    /// The track that accompanies it, if there is one.
    pub accompaniment: Option<&'a Track>,
    /// Where the bars are.
    pub metre: &'a MetreMap,
    /// The stretch that is measured, from bar line to bar line; phrases count from its first bar.
    pub span: Span,
}

/// The phrase measures of a stretch; `None` where one is not defined.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PhraseMeasures {
    /// Of the bars that end a phrase of four and have melody: the share in which no melody note begins in the last quarter, so
    /// that a long note or a rest stands there.
    pub rests_at_ends: Option<f64>,
    /// The same of all other bars with melody.
    pub rests_elsewhere: Option<f64>,
    /// Of those phrases that end at rest: the share whose last note is a pitch class that sounds in the accompaniment.
    pub chord_tones_at_ends: Option<f64>,
    /// Share of bars in which no melody note begins.
    pub silent_bars: Option<f64>,
    /// Most bars in a row in which none begins.
    pub longest_silence: Option<f64>,
    /// Most bars in a row that a pattern of one or two bars, of all voices, fills with itself; 0 where nothing repeats at once.
    pub longest_loop: Option<f64>,
}

impl Line<'_> {
    /// Every measure at once.
    pub fn measures(&self) -> PhraseMeasures {
        let bars = self.bars();
        if bars.is_empty() {
            return PhraseMeasures::default();
        }
        let rests: Vec<Option<bool>> = bars.iter().map(|bar| self.rests(*bar)).collect();
        let is_end = |bar: usize| bar % PHRASE_BARS == PHRASE_BARS - 1;
        let rest_share = |ends: bool| {
            let chosen = (0..).zip(&rests).filter(|(bar, _)| is_end(*bar) == ends);
            let (rest, all) = chosen
                .filter_map(|(_, rests)| *rests)
                .fold((0, 0), |(rest, all), rests| {
                    (rest + usize::from(rests), all + 1)
                });
            share(rest, all)
        };
        let settled: Vec<bool> = (0..)
            .zip(bars.iter().zip(&rests))
            .filter(|(bar, (_, rests))| is_end(*bar) && **rests == Some(true))
            .filter_map(|(_, (bar, _))| self.ends_on_chord_tone(*bar))
            .collect();
        let silent: Vec<bool> = rests.iter().map(Option::is_none).collect();
        PhraseMeasures {
            rests_at_ends: rest_share(true),
            rests_elsewhere: rest_share(false),
            chord_tones_at_ends: share(settled.iter().filter(|on| **on).count(), settled.len()),
            silent_bars: share(silent.iter().filter(|is| **is).count(), silent.len()),
            longest_silence: Some(longest(&silent) as f64),
            longest_loop: Some(self.longest_loop(&bars) as f64),
        }
    }

    fn bars(&self) -> Vec<Span> {
        if self.span.is_empty() {
            return Vec::new();
        }
        let last = self.metre.bar_at(self.span.end - Tick(1));
        (self.metre.bar_at(self.span.start)..=last)
            .map(|bar| Span {
                start: self.metre.bar_start(bar),
                end: self.metre.bar_start(bar + 1),
            })
            .collect()
    }

    fn melody_in(&self, bar: Span) -> impl DoubleEndedIterator<Item = &Note> {
        let notes = self.melody.notes_starting_in(bar).iter();
        notes.filter(|note| !note.muted)
    }

    /// Whether the melody comes to rest in a bar; `None` where it has no note there.
    fn rests(&self, bar: Span) -> Option<bool> {
        let last = self.melody_in(bar).next_back()?;
        let late = (bar.length().0 as f64 * LAST_QUARTER) as i64;
        Some(last.start.floor_to(Tick::SIXTEENTH) < bar.start + Tick(late))
    }

    /// Whether the last melody note of a bar agrees with what sounds below it; `None` where nothing does.
    fn ends_on_chord_tone(&self, bar: Span) -> Option<bool> {
        let last = self.melody_in(bar).next_back()?;
        let mut chord = self
            .accompaniment?
            .notes()
            .iter()
            .filter(|note| !note.muted && note.span().overlaps(last.span()))
            .peekable();
        chord.peek()?;
        Some(chord.any(|note| note.pitch.class() == last.pitch.class()))
    }

    fn longest_loop(&self, bars: &[Span]) -> usize {
        let contents: Vec<Vec<(i64, u8)>> = bars
            .iter()
            .map(|bar| {
                let tracks = [Some(self.melody), self.accompaniment];
                let mut notes: Vec<(i64, u8)> = (tracks.into_iter().flatten())
                    .flat_map(|track| track.notes_starting_in(*bar))
                    .map(|note| (step_of(note.start) - step_of(bar.start), note.pitch.get()))
                    .collect();
                notes.sort_unstable();
                notes
            })
            .collect();
        [1, 2]
            .map(|period| {
                let same: Vec<bool> = contents
                    .iter()
                    .zip(contents.iter().skip(period))
                    .map(|(bar, later)| !bar.is_empty() && bar == later)
                    .collect();
                let repeats = longest(&same);
                if repeats < period {
                    0
                } else {
                    repeats + period
                }
            })
            .into_iter()
            .max()
            .unwrap_or(0)
    }
}

/// The longest run of true.
fn longest(flags: &[bool]) -> usize {
    flags
        .split(|flag| !flag)
        .map(<[bool]>::len)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::score::{Instrument, Pitch, Role, TrackId, Velocity};

    fn track(role: Role, notes: &[(i64, i64, u8)]) -> Track {
        let notes = notes
            .iter()
            .map(|(step, length, key)| {
                Note::new(
                    Tick::SIXTEENTH * *step,
                    Tick::SIXTEENTH * *length,
                    Pitch::clamped(i32::from(*key)),
                    Velocity::DEFAULT,
                )
            })
            .collect();
        Track::new(TrackId(1), "A", Instrument::pitched(0), role).with_notes(notes)
    }

    fn measured(melody: &[(i64, i64, u8)], piano: &[(i64, i64, u8)], bars: i64) -> PhraseMeasures {
        let (melody, piano) = (track(Role::Melody, melody), track(Role::Piano, piano));
        Line {
            melody: &melody,
            accompaniment: Some(&piano),
            metre: &MetreMap::default(),
            span: Span::new(Tick::ZERO, Tick(3840 * bars)),
        }
        .measures()
    }

    #[test]
    fn eight_bars_by_hand() {
        // Bars 1 to 8: late, rest, nothing, rest on G over C E G; late, nothing, nothing, rest on A over C E G.
        let melody = [
            (0, 2, 60),
            (13, 2, 62),
            (18, 4, 64),
            (56, 8, 67),
            (76, 2, 65),
            (112, 16, 69),
        ];
        let piano = [
            (48, 16, 48),
            (48, 16, 52),
            (48, 16, 55),
            (112, 16, 48),
            (112, 16, 52),
            (112, 16, 55),
        ];
        let m = measured(&melody, &piano, 8);
        assert_eq!(m.rests_at_ends, Some(1.0));
        assert_eq!(m.rests_elsewhere, Some(1.0 / 3.0));
        assert_eq!(m.chord_tones_at_ends, Some(0.5));
        assert_eq!(m.silent_bars, Some(3.0 / 8.0));
        assert_eq!(m.longest_silence, Some(2.0));
        assert_eq!(m.longest_loop, Some(0.0));
    }

    #[test]
    fn a_pattern_that_fills_bars_with_itself_is_a_loop() {
        let bar = |bar: i64, key: u8| [(bar * 16, 2, key), (bar * 16 + 6, 2, key + 2)];
        let keys = [60, 60, 60, 70, 60, 70, 60, 70, 61];
        let melody: Vec<_> = (0..).zip(keys).flat_map(|(at, key)| bar(at, key)).collect();
        // Three bars of one pattern; six of two bars that alternate, from bar 3 on.
        assert_eq!(measured(&melody, &[], 9).longest_loop, Some(6.0));
        assert_eq!(measured(&melody[..6], &[], 3).longest_loop, Some(3.0));
        assert_eq!(measured(&[], &[], 0), PhraseMeasures::default());
        assert_eq!(measured(&[], &[], 2).longest_silence, Some(2.0));
        assert_eq!(measured(&[], &[], 2).rests_at_ends, None);
    }

    proptest! {
        #[test]
        fn shares_are_shares(notes in prop::collection::vec((0_i64..160, 1_i64..20, 40_u8..80), 0..40)) {
            let m = measured(&notes, &notes, 10);
            for value in [m.rests_at_ends, m.rests_elsewhere, m.chord_tones_at_ends, m.silent_bars].into_iter().flatten() {
                prop_assert!((0.0..=1.0).contains(&value));
            }
            // Over itself every note is a chord tone.
            prop_assert!(m.chord_tones_at_ends.is_none_or(|on| on == 1.0));
            prop_assert!(m.longest_silence <= Some(10.0) && m.longest_loop <= Some(10.0));
        }
    }
}
