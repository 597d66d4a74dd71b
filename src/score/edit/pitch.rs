//! Changing pitches.

use super::{Edited, free_notes, move_by, rewrite_each};
use crate::score::{Key, Note, Pitch, Selection, Song, Tick};

/// Transposes the selected notes; the group stops at the ends of the keyboard.
pub fn transpose(song: &Song, selection: &Selection, semitones: i32) -> Edited {
    move_by(song, selection, Tick::ZERO, semitones)
}

/// Moves the selected notes by steps of a key: a note of the key lands on a note of the key; one outside goes to the
/// nearest note of the key in the direction of the move first. A move that would leave the keyboard is not made.
pub fn move_in_key(song: &Song, selection: &Selection, key: Key, steps: i32) -> Edited {
    let fits = free_notes(song, selection)
        .iter()
        .flat_map(|(_, notes)| notes)
        .all(|note| in_key(note.pitch, key, steps).is_some());
    if !fits {
        return Edited::unchanged(song, selection);
    }
    rewrite_each(song, selection, |note| Note {
        pitch: in_key(note.pitch, key, steps).unwrap_or(note.pitch),
        ..*note
    })
}

/// Moves every selected note that is outside `key` to the nearest pitch inside, the lower of two equally near.
pub fn snap_to_key(song: &Song, selection: &Selection, key: Key) -> Edited {
    let inside = key.pitch_classes();
    rewrite_each(song, selection, |note| {
        let pitch = (0..12)
            .flat_map(|distance| {
                [
                    note.pitch.transposed(-distance),
                    note.pitch.transposed(distance),
                ]
            })
            .flatten()
            .find(|pitch| inside.contains(*pitch))
            .unwrap_or(note.pitch);
        Note { pitch, ..*note }
    })
}

/// The pitch `steps` notes of `key` away.
fn in_key(pitch: Pitch, key: Key, steps: i32) -> Option<Pitch> {
    let inside = key.pitch_classes();
    let direction = steps.signum();
    let mut at = pitch;
    for _ in 0..steps.unsigned_abs().min(128) {
        at = at.transposed(direction)?;
        while !inside.contains(at) {
            at = at.transposed(direction)?;
        }
    }
    Some(at)
}

/// Turns the selected notes upside down around `axis`, or around the middle of their range: each track's group as one body
/// is kept on the keyboard by octaves.
pub fn invert(song: &Song, selection: &Selection, axis: Option<Pitch>) -> Edited {
    let free = free_notes(song, selection);
    let pitches = || {
        free.iter()
            .flat_map(|(_, notes)| notes.iter().map(|note| i32::from(note.pitch.get())))
    };
    let (Some(lowest), Some(highest)) = (pitches().min(), pitches().max()) else {
        return Edited::unchanged(song, selection);
    };
    let twice = axis.map_or(lowest + highest, |axis| 2 * i32::from(axis.get()));
    // The turned group spans twice - highest ..= twice - lowest.
    let mut shift = 0;
    while twice - highest + shift < 0 {
        shift += 12;
    }
    while twice - lowest + shift > 127 {
        shift -= 12;
    }
    rewrite_each(song, selection, |note| Note {
        pitch: Pitch::clamped(twice - i32::from(note.pitch.get()) + shift),
        ..*note
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::testing::{shown, song_of};
    use super::*;

    #[test]
    fn scale_steps_stay_in_the_key() {
        let song = song_of(&[(0, 10, 60), (20, 10, 64), (40, 10, 61)]);
        let key: Key = "C major".parse().unwrap();
        let up = move_in_key(&song, &Selection::all(&song), key, 1);
        assert_eq!(shown(&up.song), [(0, 10, 62), (20, 10, 65), (40, 10, 62)]);
        let down = move_in_key(&song, &Selection::all(&song), key, -7);
        assert_eq!(shown(&down.song)[0], (0, 10, 48));
        let far = move_in_key(&song, &Selection::all(&song), key, 70);
        assert_eq!(far.song, song);
    }

    #[test]
    fn notes_outside_the_key_go_to_the_nearest_inside() {
        let song = song_of(&[(0, 10, 60), (20, 10, 61), (40, 10, 66)]);
        let snapped = snap_to_key(&song, &Selection::all(&song), Key::default());
        assert_eq!(
            shown(&snapped.song),
            [(0, 10, 60), (20, 10, 60), (40, 10, 65)]
        );
    }

    #[test]
    fn inversion_turns_around_the_middle_and_twice_is_none() {
        let song = song_of(&[(0, 10, 60), (20, 10, 64), (40, 10, 67)]);
        let once = invert(&song, &Selection::all(&song), None);
        assert_eq!(shown(&once.song), [(0, 10, 67), (20, 10, 63), (40, 10, 60)]);
        assert_eq!(invert(&once.song, &once.selection, None).song, song);
        let low = invert(&song, &Selection::all(&song), Some(Pitch::clamped(20)));
        assert!(shown(&low.song).iter().all(|n| n.2 < 60));
    }
}
