//! Variations of a melody such as songs have: what the encoder learns to look through.
//!
//! The published ones (Shih et al. 2022, section IV-B) are a shift within the scale, another length of the last note, and
//! notes split and joined; ours are these and ornaments, octaves, shifted onsets, changed and left out notes. Chromatic
//! transposition needs none: segments are free of it.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rand_pcg::Pcg64;

use crate::score::{Pitch, PitchClassSet};
use crate::tokens::melody::{STEPS, Segment, SegmentNote};

/// A small change of a melody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// A long note is struck twice.
    Split,
    /// A note is held over the next, if that is short or the same.
    Join,
    /// A neighbour of the scale goes before a note.
    Ornament,
    /// A note, or all from it on, an octave up or down.
    Octave,
    /// A note begins a sixteenth earlier or later.
    Shift,
    /// The last note is shorter or longer.
    Last,
    /// A note moves to its neighbour in the scale.
    Neighbour,
    /// A short note is left out.
    Omit,
}

const CHANGES: [Change; 8] = [
    Change::Split,
    Change::Join,
    Change::Ornament,
    Change::Octave,
    Change::Shift,
    Change::Last,
    Change::Neighbour,
    Change::Omit,
];

/// How often the whole moves within the scale, and by a sixteenth.
const SEQUENCES: f64 = 0.2;
const SHIFTS: f64 = 0.1;

/// A variation of `segment`, whose key has the pitch classes `scale`: one to four small changes, at times the whole a few steps
/// of the scale higher or lower, or a sixteenth earlier or later.
pub fn vary(segment: &Segment, scale: PitchClassSet, rng: &mut Pcg64) -> Segment {
    let mut notes = segment.notes().to_vec();
    if rng.random_bool(SEQUENCES) {
        let (up, steps) = (rng.random(), rng.random_range(1..=3));
        for note in &mut notes {
            for _ in 0..steps {
                note.pitch = neighbour(note.pitch, scale, up);
            }
        }
    }
    if rng.random_bool(SHIFTS) {
        let later: bool = rng.random();
        notes.retain(|note| later || note.step > 0);
        for note in &mut notes {
            note.step = if later { note.step + 1 } else { note.step - 1 };
        }
    }
    for _ in 0..rng.random_range(1..=4) {
        if let Some(change) = CHANGES.choose(rng) {
            let melody = Segment::new(notes);
            notes = melody.notes().to_vec();
            apply(*change, &mut notes, scale, rng);
        }
    }
    Segment::new(notes)
}

/// Makes a change at a place drawn from those where it can be made; none where there is no such place.
fn apply(change: Change, notes: &mut Vec<SegmentNote>, scale: PitchClassSet, rng: &mut Pcg64) {
    let fits = |index: &usize| {
        let (note, next) = (notes[*index], notes.get(*index + 1));
        match change {
            Change::Split | Change::Ornament => note.length >= 2,
            Change::Join => next.is_some_and(|next| next.pitch == note.pitch || next.length <= 2),
            Change::Shift => note.length >= 2 || note.step > 0,
            Change::Last => *index + 1 == notes.len(),
            Change::Omit => note.length <= 2 && notes.len() > 3,
            Change::Octave | Change::Neighbour => true,
        }
    };
    let places: Vec<usize> = (0..notes.len()).filter(fits).collect();
    let Some(&place) = places.choose(rng) else {
        return;
    };
    let note = notes[place];
    match change {
        Change::Split => {
            let first = note.length / 2;
            notes[place].length = first;
            notes.insert(
                place + 1,
                SegmentNote {
                    step: note.step + first,
                    length: note.length - first,
                    pitch: note.pitch,
                },
            );
        }
        Change::Join => {
            let next = notes.remove(place + 1);
            notes[place].length = next.end() - note.step;
        }
        Change::Ornament => {
            notes[place].step += 1;
            notes[place].length -= 1;
            notes.insert(
                place,
                SegmentNote {
                    length: 1,
                    pitch: neighbour(note.pitch, scale, rng.random()),
                    ..note
                },
            );
        }
        Change::Octave => {
            let up: bool = rng.random();
            let last = if rng.random() { place } else { notes.len() - 1 };
            for note in &mut notes[place..=last] {
                let pitch = i16::from(note.pitch) + if up { 12 } else { -12 };
                note.pitch = pitch.clamp(0, 127) as u8;
            }
        }
        Change::Shift => {
            let free = |step: u8| notes.iter().all(|other| other.step != step);
            let later = note.length >= 2 && (note.step == 0 || rng.random());
            let step = if later { note.step + 1 } else { note.step - 1 };
            if free(step) {
                notes[place].length = if later {
                    note.length - 1
                } else {
                    note.length + 1
                };
                notes[place].step = step;
            }
        }
        Change::Last => {
            notes[place].length = rng.random_range(1..=STEPS as u8 - note.step);
        }
        Change::Neighbour => notes[place].pitch = neighbour(note.pitch, scale, rng.random()),
        Change::Omit => {
            notes.remove(place);
        }
    }
}

/// The next pitch of `scale` above or below; the pitch itself at the end of the keyboard.
fn neighbour(pitch: u8, scale: PitchClassSet, up: bool) -> u8 {
    let inside = |pitch: &u8| Pitch::new(*pitch).is_some_and(|pitch| scale.contains(pitch));
    let found = if up {
        (pitch.saturating_add(1)..=127).find(inside)
    } else {
        (0..pitch).rev().find(inside)
    };
    found.unwrap_or(pitch)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;

    use super::*;
    use crate::score::Key;

    fn note(step: u8, length: u8, pitch: u8) -> SegmentNote {
        SegmentNote {
            step,
            length,
            pitch,
        }
    }

    fn changed(change: Change, notes: &[SegmentNote]) -> Vec<SegmentNote> {
        let mut notes = notes.to_vec();
        let scale = Key::default().pitch_classes();
        apply(change, &mut notes, scale, &mut Pcg64::seed_from_u64(1));
        notes
    }

    #[test]
    fn changes_of_a_single_note_by_hand() {
        assert_eq!(
            changed(Change::Split, &[note(4, 5, 60)]),
            [note(4, 2, 60), note(6, 3, 60)]
        );
        assert_eq!(
            changed(Change::Join, &[note(0, 4, 60), note(6, 4, 60)]),
            [note(0, 10, 60)]
        );
        assert_eq!(changed(Change::Join, &[note(0, 4, 60)]), [note(0, 4, 60)]);
        let ornamented = changed(Change::Ornament, &[note(8, 4, 60)]);
        assert_eq!(ornamented[1], note(9, 3, 60));
        assert!([59, 62].contains(&ornamented[0].pitch) && ornamented[0].length == 1);
        let octave = changed(Change::Octave, &[note(8, 4, 60)]);
        assert!([48, 72].contains(&octave[0].pitch));
        let shifted = changed(Change::Shift, &[note(0, 4, 60)]);
        assert_eq!(shifted, [note(1, 3, 60)]);
        let near = changed(Change::Neighbour, &[note(8, 4, 64)]);
        assert!([62, 65].contains(&near[0].pitch));
        let four = [
            note(0, 4, 60),
            note(4, 2, 62),
            note(6, 4, 64),
            note(12, 4, 65),
        ];
        assert_eq!(changed(Change::Omit, &four), [four[0], four[2], four[3]]);
    }

    #[test]
    fn neighbours_are_of_the_scale() {
        let scale = Key::default().pitch_classes();
        assert_eq!(
            [60, 61, 64].map(|pitch| neighbour(pitch, scale, true)),
            [62, 62, 65]
        );
        assert_eq!(neighbour(60, scale, false), 59);
        assert_eq!(neighbour(127, scale, true), 127);
    }

    proptest! {
        #[test]
        fn a_variation_is_a_melody_and_depends_on_the_seed_alone(
            notes in prop::collection::vec((0_u8..32, 1_u8..12, 48_u8..84), 4..24), seed in 0_u64..1000
        ) {
            let melody = Segment::new(notes.iter().map(|(s, l, p)| note(*s, *l, *p)));
            let scale = Key::default().pitch_classes();
            let draw = || vary(&melody, scale, &mut Pcg64::seed_from_u64(seed));
            let varied = draw();
            prop_assert_eq!(&varied, &draw());
            prop_assert!(varied.notes().len() + 9 > melody.notes().len());
            prop_assert!(varied.notes().iter().all(|note| note.end() <= 32 && note.length > 0));
            prop_assert!(varied.notes().windows(2).all(|two| two[0].end() <= two[1].step));
        }
    }
}
