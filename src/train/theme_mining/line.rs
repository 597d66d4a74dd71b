//! A melody in bars: what miners look at.

use std::ops::Range;

use crate::measure::fragment::Fragment;
use crate::measure::grid::{step_of, steps_of};
use crate::score::{MetreMap, Track};
use crate::tokens::clip::Clip;
use crate::tokens::melody::{STEPS, Segment, SegmentNote};
use crate::tokens::theme_vocab::{STEPS_PER_BAR, Voice};

/// A melody on the grid of sixteenths, with its bar lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// The step at which each bar begins, and the one at which the last bar ends.
    bars: Vec<i64>,
    /// (step, length in steps, MIDI key) in order.
    notes: Vec<(i64, i64, i32)>,
}

impl Line {
    /// The melody of a clip.
    pub fn of_clip(clip: &Clip) -> Self {
        let notes = (clip.notes.iter())
            .filter(|note| note.voice == Voice::Melody)
            .map(|note| {
                let (step, length) = (i64::from(note.step), i64::from(note.length));
                (step, length, i32::from(note.pitch))
            });
        let bars = (0..=clip.bars).map(|bar| i64::from(bar * STEPS_PER_BAR));
        Self::new(bars.collect(), notes.collect())
    }

    /// The audible notes of a track, in bars of `metre` from the song's first to the one in which the last note begins.
    pub fn of_track(track: &Track, metre: &MetreMap) -> Self {
        let audible = || track.notes().iter().filter(|note| !note.muted);
        let bars = match audible().map(|note| note.start).max() {
            Some(last) => {
                let bars = 0..=metre.bar_at(last) + 1;
                bars.map(|bar| step_of(metre.bar_start(bar))).collect()
            }
            None => Vec::new(),
        };
        let notes = audible().map(|note| {
            let pitch = i32::from(note.pitch.get());
            (step_of(note.start), steps_of(note), pitch)
        });
        Self::new(bars, notes.collect())
    }

    fn new(bars: Vec<i64>, mut notes: Vec<(i64, i64, i32)>) -> Self {
        notes.sort_unstable_by_key(|(step, _, pitch)| (*step, *pitch));
        Self { bars, notes }
    }

    /// How many bars there are.
    pub fn bars(&self) -> u32 {
        self.bars.len().saturating_sub(1) as u32
    }

    /// Every stretch of `bars` bars, from each bar line on.
    pub fn windows(&self, bars: u32) -> impl Iterator<Item = Range<u32>> + use<> {
        let bars = bars.max(1);
        (0..(self.bars() + 1).saturating_sub(bars)).map(move |bar| bar..bar + bars)
    }

    /// The notes that begin in some bars as moves from note to note.
    pub fn fragment(&self, bars: Range<u32>) -> Fragment {
        let line: Vec<(i64, i32)> = (self.within(&bars).iter())
            .map(|(step, _, pitch)| (*step, *pitch))
            .collect();
        Fragment::of_line(&line)
    }

    /// The same as a segment, of which longer stretches keep the beginning.
    pub fn segment(&self, bars: Range<u32>) -> Segment {
        let first = self.first(bars.start);
        Segment::new(
            self.within(&bars)
                .iter()
                .filter_map(|(step, length, pitch)| {
                    Some(SegmentNote {
                        step: u8::try_from(step - first).ok()?,
                        length: (*length).clamp(1, STEPS as i64) as u8,
                        pitch: u8::try_from(*pitch).ok()?,
                    })
                }),
        )
    }

    /// The step at which a bar begins.
    fn first(&self, bar: u32) -> i64 {
        let bars = self.bars.get(bar as usize).or(self.bars.last());
        bars.copied().unwrap_or(0)
    }

    /// The notes that begin in some bars.
    fn within(&self, bars: &Range<u32>) -> &[(i64, i64, i32)] {
        let from = |step: i64| self.notes.partition_point(|note| note.0 < step);
        let (start, end) = (from(self.first(bars.start)), from(self.first(bars.end)));
        self.notes.get(start..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Instrument, Metre, Note, Pitch, Role, Tick, TrackId, Velocity};

    fn track(notes: &[(i64, i64, i32)]) -> Track {
        let notes = notes.iter().map(|(start, length, key)| {
            let pitch = Pitch::clamped(*key);
            Note::new(Tick(*start), Tick(*length), pitch, Velocity::DEFAULT)
        });
        let track = Track::new(TrackId(1), "", Instrument::pitched(0), Role::Melody);
        track.with_notes(notes.collect())
    }

    #[test]
    fn bars_follow_the_metre() {
        // Three quarters in a bar: twelve steps.
        let metre = MetreMap::constant(Metre::new(3, 4).unwrap());
        let line = Line::of_track(
            &track(&[
                (0, 480, 60),
                (2880, 480, 62),
                (3840, 240, 64),
                (3840, 240, 55),
            ]),
            &metre,
        );
        assert_eq!(line.bars(), 2);
        assert_eq!(
            (line.windows(2).next(), line.windows(2).count()),
            (Some(0..2), 1)
        );
        assert_eq!(line.fragment(1..2).moves(), [(2, 4)]);
        let note = |step, length, pitch| SegmentNote {
            step,
            length,
            pitch,
        };
        assert_eq!(line.segment(1..2).notes(), [note(0, 2, 62), note(4, 1, 64)]);
        assert_eq!(line.segment(0..2).notes().len(), 3);
    }

    #[test]
    fn nothing_has_no_bars() {
        let line = Line::of_track(&track(&[]), &MetreMap::default());
        assert_eq!((line.bars(), line.windows(2).count()), (0, 0));
        assert_eq!(line.fragment(0..2), Fragment::default());
    }
}
