//! Two bars of melody as numbers for a network: only how the notes lie to each other, not in which key or octave.

use crate::measure::fragment::Fragment;

/// Steps (sixteenths) of a segment: two bars of 4/4.
pub const STEPS: usize = 32;
/// Numbers that describe a step.
pub const CHANNELS: usize = 2 * PITCHES + INTERVALS;

/// Semitones below and above the middle of the segment; what lies beyond counts as the outermost.
const REACH: i32 = 24;
const PITCHES: usize = 2 * REACH as usize + 1;
/// Semitones from note to note; longer leaps count as the longest.
const LEAP: i32 = 12;
const INTERVALS: usize = 2 * LEAP as usize + 1;

/// A note of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentNote {
    /// Onset in steps from the beginning of the segment, below [`STEPS`].
    pub step: u8,
    /// Length in steps, at least 1.
    pub length: u8,
    /// MIDI pitch, 0..=127.
    pub pitch: u8,
}

impl SegmentNote {
    /// The step at which it has ended.
    pub fn end(self) -> u8 {
        self.step.saturating_add(self.length)
    }
}

/// Up to two bars of melody: one note at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Segment {
    notes: Vec<SegmentNote>,
}

impl Segment {
    /// The melody among `notes`: of those at one step the highest, each cut where the next begins and at the end of the
    /// segment. Notes that begin outside it are left out.
    pub fn new(notes: impl IntoIterator<Item = SegmentNote>) -> Self {
        let inside = |note: &SegmentNote| usize::from(note.step) < STEPS;
        let mut notes: Vec<SegmentNote> = notes.into_iter().filter(inside).collect();
        notes.sort_by_key(|note| (note.step, std::cmp::Reverse(note.pitch)));
        notes.dedup_by_key(|note| note.step);
        let mut end = STEPS as u8;
        for note in notes.iter_mut().rev() {
            note.length = note.length.clamp(1, end - note.step);
            end = note.step;
        }
        Self { notes }
    }

    /// Its notes in order, not overlapping.
    pub fn notes(&self) -> &[SegmentNote] {
        &self.notes
    }

    /// The same as moves from note to note, which edit similarity compares.
    pub fn fragment(&self) -> Fragment {
        let line: Vec<(i64, i32)> = (self.notes.iter())
            .map(|note| (i64::from(note.step), i32::from(note.pitch)))
            .collect();
        Fragment::of_line(&line)
    }

    /// The segment as [`CHANNELS`] rows of [`STEPS`] numbers, each 0 or 1:
    ///
    /// - 49 rows: a note begins, so many semitones (-24..=24) from the middle pitch;
    /// - 49 rows: a note goes on, likewise;
    /// - 25 rows: a note begins, so many semitones (-12..=12) from the one before it.
    ///
    /// The middle pitch is the median over the steps that sound, so the same melody has the same numbers in every key and
    /// octave: to be free of transposition costs a network nothing.
    pub fn features(&self) -> Vec<f32> {
        let mut rows = vec![0.0; CHANNELS * STEPS];
        let middle = self.middle();
        let mut before: Option<i32> = None;
        for note in &self.notes {
            let pitch = i32::from(note.pitch);
            let height = ((pitch - middle).clamp(-REACH, REACH) + REACH) as usize;
            let first = usize::from(note.step);
            rows[height * STEPS + first] = 1.0;
            let held = (PITCHES + height) * STEPS;
            rows[held + first + 1..held + usize::from(note.end())].fill(1.0);
            if let Some(before) = before {
                let leap = ((pitch - before).clamp(-LEAP, LEAP) + LEAP) as usize;
                rows[(2 * PITCHES + leap) * STEPS + first] = 1.0;
            }
            before = Some(pitch);
        }
        rows
    }

    /// The median of the pitches, each counted as often as it has steps; 0 without notes.
    fn middle(&self) -> i32 {
        let mut sounding: Vec<u8> = (self.notes.iter())
            .flat_map(|note| std::iter::repeat_n(note.pitch, usize::from(note.length)))
            .collect();
        sounding.sort_unstable();
        sounding
            .get(sounding.len() / 2)
            .copied()
            .map_or(0, i32::from)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn note(step: u8, length: u8, pitch: u8) -> SegmentNote {
        SegmentNote {
            step,
            length,
            pitch,
        }
    }

    #[test]
    fn one_note_sounds_at_a_time() {
        let segment = Segment::new([
            note(4, 9, 64),
            note(0, 16, 60),
            note(4, 2, 72),
            note(30, 9, 62),
            note(32, 1, 60),
        ]);
        assert_eq!(
            segment.notes(),
            [note(0, 4, 60), note(4, 2, 72), note(30, 2, 62)]
        );
        assert_eq!(segment.fragment().moves(), [(12, 4), (-10, 26)]);
    }

    #[test]
    fn rows_of_two_notes_by_hand() {
        // Three steps of C and one of E: the middle is C.
        let rows = Segment::new([note(0, 3, 60), note(8, 1, 64)]).features();
        let set: Vec<usize> = (0..rows.len()).filter(|at| rows[*at] != 0.0).collect();
        let begins = |semitones: usize, step: usize| (24 + semitones) * STEPS + step;
        let expected = [
            begins(0, 0),
            begins(4, 8),
            49 * STEPS + begins(0, 1),
            49 * STEPS + begins(0, 2),
            // Up four semitones.
            (98 + 12 + 4) * STEPS + 8,
        ];
        assert_eq!(set, expected);
        assert!(Segment::default().features().iter().all(|x| *x == 0.0));
    }

    proptest! {
        #[test]
        fn the_key_makes_no_difference(
            notes in prop::collection::vec((0_u8..32, 1_u8..16, 40_u8..90), 0..20), up in 0_u8..30
        ) {
            let at = |up: u8| Segment::new(notes.iter().map(|(s, l, p)| note(*s, *l, p + up)));
            prop_assert_eq!(at(0).features(), at(up).features());
            prop_assert_eq!(at(0).fragment(), at(up).fragment());
            prop_assert!(at(0).notes().windows(2).all(|two| two[0].end() <= two[1].step));
        }
    }
}
