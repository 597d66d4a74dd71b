//! Music for the five parts of a band on the grid of sixteenths, as pianorolls: what MuseGAN reads and writes.
//!
//! Besides what sounds, a roll knows where notes begin, so that repeated notes stay apart.

use std::ops::Range;

use super::part::Part;
use crate::score::{Note, Pitch, Tick, Track, Velocity};

/// Steps of a bar (4/4 in sixteenths).
pub const STEPS_PER_BAR: usize = 16;
/// Pitches of a roll.
pub const PITCHES: usize = 72;
/// MIDI number of the lowest pitch (C1); the highest is B6.
pub const LOWEST_PITCH: u8 = 24;
/// Bars of a phrase, which is what a model writes at once.
pub const PHRASE_BARS: usize = 4;

/// The bits of a step that are pitches.
const ROWS: u128 = (1 << PITCHES) - 1;

/// A note on the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BandNote {
    /// Onset in steps from the beginning of the roll.
    pub step: usize,
    /// Length in steps, at least 1.
    pub length: usize,
    /// MIDI pitch, 24..=95.
    pub pitch: u8,
}

/// One step of one part: bit `n` is the pitch `LOWEST_PITCH + n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Step {
    sounding: u128,
    /// Always within `sounding`.
    onsets: u128,
}

/// Whole bars of the five parts.
///
/// **Where notes begin and end.** A note begins where an onset is marked, and where a pitch sounds that did not sound in the
/// step before; it lasts until the pitch is silent or begins again. Neighbouring steps of one pitch are therefore one note
/// unless an onset says otherwise. What sounds in the first step begins there, even if it was held over from before.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BandRoll {
    bars: usize,
    /// Part by part, step by step.
    steps: Vec<Step>,
}

impl BandRoll {
    /// Silence of so many bars.
    pub fn new(bars: usize) -> Self {
        Self {
            bars,
            steps: vec![Step::default(); Part::COUNT * bars * STEPS_PER_BAR],
        }
    }

    /// Number of bars.
    pub fn bars(&self) -> usize {
        self.bars
    }

    /// Number of steps.
    pub fn steps(&self) -> usize {
        self.bars * STEPS_PER_BAR
    }

    fn part(&self, part: Part) -> &[Step] {
        &self.steps[part.index() * self.steps()..][..self.steps()]
    }

    fn part_mut(&mut self, part: Part) -> &mut [Step] {
        let steps = self.steps();
        &mut self.steps[part.index() * steps..][..steps]
    }

    /// Adds a note; what lies outside the roll in time is cut off. Pitches out of range are moved by octaves into it, but for
    /// drums, whose pitches are instruments: those are left out. Drums are strokes: one step, whatever their length.
    pub fn add(&mut self, part: Part, note: BandNote) {
        let Some(row) = row(part, note.pitch) else {
            return;
        };
        let bit = 1 << row;
        let length = if part == Part::Drums {
            1
        } else {
            note.length.max(1)
        };
        let steps = self.steps();
        let end = note.step.saturating_add(length).min(steps);
        for (index, step) in self
            .part_mut(part)
            .iter_mut()
            .enumerate()
            .take(end)
            .skip(note.step)
        {
            step.sounding |= bit;
            if index == note.step {
                step.onsets |= bit;
            }
        }
    }

    /// Adds the audible notes of `track` that sound in the roll, which begins at `from`: onsets and ends rounded to the nearest
    /// step. A note held over from before `from` sounds without an onset.
    pub fn add_track(&mut self, part: Part, track: &Track, from: Tick) {
        let step_of = |tick: Tick| (tick - from).round_to(Tick::SIXTEENTH).0 / Tick::SIXTEENTH.0;
        let steps = self.steps() as i64;
        for note in track.notes().iter().filter(|note| !note.muted) {
            let start = step_of(note.start);
            let end = step_of(note.end()).max(start + 1);
            let held = start < 0;
            if start >= steps || end <= 0 || (held && part == Part::Drums) {
                continue;
            }
            let on_grid = BandNote {
                step: start.max(0) as usize,
                length: (end - start.max(0)) as usize,
                pitch: note.pitch.get(),
            };
            let before = row(part, on_grid.pitch)
                .is_some_and(|row| self.part(part)[on_grid.step].onsets >> row & 1 == 1);
            self.add(part, on_grid);
            if let Some(row) = row(part, on_grid.pitch).filter(|_| held && !before) {
                self.part_mut(part)[0].onsets &= !(1 << row);
            }
        }
    }

    /// Whether a pitch (row 0 is [`LOWEST_PITCH`]) of `part` sounds in a step; false outside the roll.
    pub fn sounds(&self, part: Part, step: usize, row: usize) -> bool {
        row < PITCHES
            && self
                .part(part)
                .get(step)
                .is_some_and(|step| step.sounding >> row & 1 == 1)
    }

    /// Whether a note is marked to begin there; false outside the roll.
    pub fn begins(&self, part: Part, step: usize, row: usize) -> bool {
        row < PITCHES
            && self
                .part(part)
                .get(step)
                .is_some_and(|step| step.onsets >> row & 1 == 1)
    }

    /// The bits of a step, lowest pitch first: what sounds, and what begins. Nothing outside the roll.
    pub fn bits(&self, part: Part, step: usize) -> (u128, u128) {
        self.part(part)
            .get(step)
            .map_or((0, 0), |step| (step.sounding, step.onsets))
    }

    /// Sets the bits of a step, as [`Self::bits`] gives them; bits that are no pitches are ignored, and what begins sounds.
    /// Does nothing outside the roll.
    pub fn set_bits(&mut self, part: Part, step: usize, sounding: u128, onsets: u128) {
        if let Some(slot) = self.part_mut(part).get_mut(step) {
            *slot = Step {
                sounding: (sounding | onsets) & ROWS,
                onsets: onsets & ROWS,
            };
        }
    }

    /// Whether `part` is silent in `bars`.
    pub fn is_silent(&self, part: Part, bars: Range<usize>) -> bool {
        let steps = bars.start * STEPS_PER_BAR..bars.end.min(self.bars) * STEPS_PER_BAR;
        self.part(part)
            .get(steps)
            .is_none_or(|steps| steps.iter().all(|step| step.sounding == 0))
    }

    /// The notes of `part` in order of onset, low before high.
    pub fn notes(&self, part: Part) -> Vec<BandNote> {
        let steps = self.part(part);
        let mut notes = Vec::new();
        let mut before = 0;
        for (index, step) in steps.iter().enumerate() {
            let mut begins = if part == Part::Drums {
                step.sounding
            } else {
                step.onsets | (step.sounding & !before)
            };
            before = step.sounding;
            while begins != 0 {
                let row = begins.trailing_zeros() as usize;
                begins &= begins - 1;
                let held = steps[index + 1..].iter().take_while(|step| {
                    step.sounding >> row & 1 == 1 && step.onsets >> row & 1 == 0
                });
                notes.push(BandNote {
                    step: index,
                    length: if part == Part::Drums {
                        1
                    } else {
                        1 + held.count()
                    },
                    pitch: LOWEST_PITCH + row as u8,
                });
            }
        }
        notes
    }

    /// The notes of `part` as score notes of one velocity, from tick 0.
    pub fn score_notes(&self, part: Part, velocity: Velocity) -> Vec<Note> {
        let note = |note: BandNote| {
            Note::new(
                Tick::SIXTEENTH * note.step as i64,
                Tick::SIXTEENTH * note.length as i64,
                Pitch::clamped(i32::from(note.pitch)),
                velocity,
            )
        };
        self.notes(part).into_iter().map(note).collect()
    }

    /// The bars of `bars` that there are.
    #[must_use]
    pub fn slice(&self, bars: Range<usize>) -> Self {
        let bars = bars.start.min(self.bars)..bars.end.min(self.bars);
        let mut slice = Self::new(bars.len());
        for part in Part::ALL {
            let steps =
                &self.part(part)[bars.start * STEPS_PER_BAR..][..bars.len() * STEPS_PER_BAR];
            slice.part_mut(part).copy_from_slice(steps);
        }
        slice
    }

    /// Puts `other`'s `part` in place of this one's from bar `at` on, as far as both reach.
    pub fn replace(&mut self, part: Part, at: usize, other: &Self) {
        let from = at.min(self.bars) * STEPS_PER_BAR;
        let slots = &mut self.part_mut(part)[from..];
        for (slot, step) in slots.iter_mut().zip(other.part(part)) {
            *slot = *step;
        }
    }

    /// This roll with `other` behind it.
    #[must_use]
    pub fn followed_by(&self, other: &Self) -> Self {
        let mut both = Self::new(self.bars + other.bars);
        for part in Part::ALL {
            both.replace(part, 0, self);
            both.replace(part, self.bars, other);
        }
        both
    }

    /// The pitched parts moved by semitones; `None` where a note would leave the range.
    #[must_use]
    pub fn transposed(&self, semitones: i32) -> Option<Self> {
        let mut moved = self.clone();
        let distance = semitones.unsigned_abs();
        let shift = |bits: u128| -> Option<u128> {
            if distance as usize >= PITCHES {
                return (bits == 0).then_some(0);
            }
            let there = if semitones < 0 {
                bits >> distance
            } else {
                bits << distance
            };
            (there & ROWS == there && there.count_ones() == bits.count_ones()).then_some(there)
        };
        for part in Part::ALL.into_iter().filter(|part| *part != Part::Drums) {
            for step in moved.part_mut(part) {
                step.sounding = shift(step.sounding)?;
                step.onsets = shift(step.onsets)?;
            }
        }
        Some(moved)
    }
}

/// The row of a pitch, moved by octaves into the roll; drums outside it have none.
fn row(part: Part, pitch: u8) -> Option<usize> {
    let mut row = i32::from(pitch) - i32::from(LOWEST_PITCH);
    let rows = PITCHES as i32;
    if part == Part::Drums && !(0..rows).contains(&row) {
        return None;
    }
    while row < 0 {
        row += 12;
    }
    while row >= rows {
        row -= 12;
    }
    Some(row as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::score::{Role, TrackId};

    fn note(step: usize, length: usize, pitch: u8) -> BandNote {
        BandNote {
            step,
            length,
            pitch,
        }
    }

    #[test]
    fn repeated_notes_stay_apart_and_held_ones_are_one() {
        let mut roll = BandRoll::new(1);
        for n in [note(0, 2, 60), note(2, 2, 60), note(4, 12, 64)] {
            roll.add(Part::Piano, n);
        }
        let expected = [note(0, 2, 60), note(2, 2, 60), note(4, 12, 64)];
        assert_eq!(roll.notes(Part::Piano), expected);
        // Without the onset the first two are one note.
        let (sounding, _) = roll.bits(Part::Piano, 2);
        roll.set_bits(Part::Piano, 2, sounding, 0);
        assert_eq!(roll.notes(Part::Piano), [note(0, 4, 60), note(4, 12, 64)]);
    }

    #[test]
    fn every_drum_step_is_a_stroke() {
        let mut roll = BandRoll::new(1);
        roll.add(Part::Drums, note(0, 8, 36));
        roll.add(Part::Drums, note(1, 1, 36));
        roll.add(Part::Drums, note(0, 1, 20));
        assert_eq!(roll.notes(Part::Drums), [note(0, 1, 36), note(1, 1, 36)]);
    }

    #[test]
    fn a_track_is_rounded_and_what_was_held_has_no_onset() {
        let at = |steps: f64, length: f64, pitch: i32| {
            Note::new(
                Tick((steps * 240.0) as i64),
                Tick((length * 240.0) as i64),
                Pitch::clamped(pitch),
                Velocity::DEFAULT,
            )
        };
        let track =
            Track::new(TrackId(1), "p", Part::Piano.instrument(), Role::Piano).with_notes(vec![
                at(14.0, 4.0, 60),
                at(18.6, 1.0, 62),
                at(20.0, 0.1, 12),
                at(40.0, 1.0, 70),
            ]);
        let mut roll = BandRoll::new(1);
        roll.add_track(Part::Piano, &track, Tick(3840));
        assert!(roll.sounds(Part::Piano, 0, 36) && !roll.begins(Part::Piano, 0, 36));
        assert_eq!(
            roll.notes(Part::Piano),
            [note(0, 2, 60), note(3, 1, 62), note(4, 1, 24)]
        );
    }

    #[test]
    fn bars_are_cut_joined_and_replaced() {
        let mut roll = BandRoll::new(2);
        roll.add(Part::Bass, note(4, 20, 40));
        roll.add(Part::Drums, note(16, 1, 38));
        let (first, second) = (roll.slice(0..1), roll.slice(1..2));
        assert_eq!(second.notes(Part::Bass), [note(0, 8, 40)]);
        assert_eq!(first.followed_by(&second), roll);
        assert!(first.is_silent(Part::Drums, 0..1) && !roll.is_silent(Part::Drums, 0..2));
        roll.replace(Part::Drums, 0, &second);
        assert_eq!(roll.notes(Part::Drums), [note(0, 1, 38), note(16, 1, 38)]);
        assert_eq!(roll.slice(5..9).bars(), 0);
    }

    #[test]
    fn drums_do_not_move_and_nothing_falls_off() {
        let mut roll = BandRoll::new(1);
        roll.add(Part::Drums, note(0, 1, 36));
        roll.add(Part::Piano, note(0, 4, 94));
        assert_eq!(roll.transposed(2), None);
        let moved = roll.transposed(1).unwrap();
        assert_eq!(moved.notes(Part::Piano), [note(0, 4, 95)]);
        assert_eq!(moved.notes(Part::Drums), roll.notes(Part::Drums));
        assert_eq!(moved.transposed(-1), Some(roll));
    }

    proptest! {
        #[test]
        fn notes_make_the_roll_again(
            notes in prop::collection::vec((0_usize..5, 0_usize..32, 1_usize..20, 24_u8..96), 0..40)
        ) {
            let mut roll = BandRoll::new(2);
            for (part, step, length, pitch) in notes {
                roll.add(Part::ALL[part], note(step, length, pitch));
            }
            let mut again = BandRoll::new(2);
            for part in Part::ALL {
                for note in roll.notes(part) {
                    again.add(part, note);
                }
            }
            prop_assert_eq!(&roll, &again);
        }
    }
}
