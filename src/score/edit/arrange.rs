//! Chords: stamp, arpeggiate, strum.

use super::{Edited, rewrite};
use crate::score::{Key, Note, Pitch, Selection, Song, Tick};

/// Which chord is built on a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, strum::EnumIter)]
pub enum ChordKind {
    /// Root, third, fifth of the key.
    #[default]
    Triad,
    /// Root, third, fifth, seventh of the key.
    Seventh,
    /// Root, fourth, fifth of the key.
    Suspended,
    /// Root and fifth of the key.
    Power,
}

impl ChordKind {
    /// Steps of the key above the root.
    fn steps(self) -> &'static [usize] {
        match self {
            Self::Triad => &[2, 4],
            Self::Seventh => &[2, 4, 6],
            Self::Suspended => &[3, 4],
            Self::Power => &[4],
        }
    }

    /// The name for the window.
    pub fn name(self) -> &'static str {
        match self {
            Self::Triad => "Triad",
            Self::Seventh => "Seventh",
            Self::Suspended => "Suspended",
            Self::Power => "Fifth",
        }
    }
}

/// The notes of `key` above `pitch`, in order, from its own.
fn above(pitch: Pitch, key: Key) -> impl Iterator<Item = Pitch> {
    let inside = key.pitch_classes();
    std::iter::once(pitch).chain(
        (1..=127)
            .filter_map(move |semitones| pitch.transposed(semitones))
            .filter(move |other| inside.contains(*other)),
    )
}

/// Builds a chord of `key` on every selected note. Tones above the keyboard are left out.
pub fn stamp_chord(song: &Song, selection: &Selection, kind: ChordKind, key: Key) -> Edited {
    rewrite(song, selection, |_, notes| {
        let mut chords = Vec::with_capacity(notes.len() * 4);
        for note in notes {
            chords.push(*note);
            chords.extend(
                kind.steps()
                    .iter()
                    .filter_map(|step| above(note.pitch, key).nth(*step))
                    .map(|pitch| Note { pitch, ..*note }),
            );
        }
        chords
    })
}

/// Which string is struck first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strum {
    /// The lowest.
    Down,
    /// The highest.
    Up,
}

/// Notes with one onset, lowest first.
fn chords(notes: &[Note]) -> impl Iterator<Item = &[Note]> {
    notes.chunk_by(|a, b| a.start == b.start)
}

/// Lets the notes of each selected chord begin `step` after one another; they end where they did.
pub fn strum(song: &Song, selection: &Selection, step: Tick, direction: Strum) -> Edited {
    let step = step.max(Tick::ZERO);
    rewrite(song, selection, |_, notes| {
        chords(notes)
            .flat_map(|chord| {
                chord.iter().enumerate().map(move |(index, note)| {
                    let place = match direction {
                        Strum::Down => index,
                        Strum::Up => chord.len() - 1 - index,
                    };
                    let start = (note.start + step * place as i64).min(note.end() - Tick(1));
                    Note {
                        start,
                        duration: note.end() - start,
                        ..*note
                    }
                })
            })
            .collect()
    })
}

/// Breaks each selected chord into its notes, upwards, one every `step`, again and again as long as the chord lasts.
/// Single notes stay. A step of zero or less changes nothing.
pub fn arpeggiate(song: &Song, selection: &Selection, step: Tick) -> Edited {
    if step <= Tick::ZERO {
        return Edited::unchanged(song, selection);
    }
    rewrite(song, selection, |_, notes| {
        let mut broken = Vec::new();
        for chord in chords(notes) {
            let Some(end) = chord
                .iter()
                .map(Note::end)
                .max()
                .filter(|_| chord.len() > 1)
            else {
                broken.extend_from_slice(chord);
                continue;
            };
            let mut at = chord[0].start;
            for note in chord.iter().cycle() {
                if at >= end {
                    break;
                }
                broken.push(Note {
                    start: at,
                    duration: step.min(end - at),
                    ..*note
                });
                at += step;
            }
        }
        broken
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{shown, song_of};
    use super::*;

    #[test]
    fn chords_are_stamped_in_the_key() {
        let song = song_of(&[(0, 100, 62)]);
        let edited = stamp_chord(
            &song,
            &Selection::all(&song),
            ChordKind::Seventh,
            Key::default(),
        );
        let pitches: Vec<u8> = shown(&edited.song).iter().map(|n| n.2).collect();
        assert_eq!(pitches, [62, 65, 69, 72]);
        assert_eq!(edited.selection.len(), 4);
    }

    #[test]
    fn chords_are_strummed_and_broken() {
        let song = song_of(&[(0, 400, 60), (0, 400, 64)]);
        let all = Selection::all(&song);
        assert_eq!(
            shown(&strum(&song, &all, Tick(30), Strum::Up).song),
            [(0, 400, 64), (30, 370, 60)]
        );
        assert_eq!(
            shown(&arpeggiate(&song, &all, Tick(150)).song),
            [(0, 150, 60), (150, 150, 64), (300, 100, 60)]
        );
    }
}
