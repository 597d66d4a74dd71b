//! Knife and glue.

use super::{Edited, rewrite};
use crate::score::{Note, NoteKey, Selection, Song, Tick};

/// Splits every selected note that sounds at `at` into two there.
pub fn split(song: &Song, selection: &Selection, at: Tick) -> Edited {
    rewrite(song, selection, |_, notes| {
        let mut parts = Vec::with_capacity(notes.len() * 2);
        for note in notes {
            if note.start < at && at < note.end() {
                parts.push(Note {
                    duration: at - note.start,
                    ..*note
                });
                parts.push(Note {
                    start: at,
                    duration: note.end() - at,
                    ..*note
                });
            } else {
                parts.push(*note);
            }
        }
        parts
    })
}

/// Splits one note: the click of the knife. Both halves are selected.
pub fn split_note(song: &Song, key: NoteKey, at: Tick) -> Edited {
    split(song, &[key].into_iter().collect(), at)
}

/// Joins the selected notes of each pitch and track into one, from the first onset to the last end, gaps included. It
/// has the first one's velocity.
pub fn glue(song: &Song, selection: &Selection) -> Edited {
    rewrite(song, selection, |_, notes| {
        let mut joined: Vec<Note> = Vec::with_capacity(notes.len());
        let mut of_pitch = [usize::MAX; 128];
        for note in notes {
            let slot = &mut of_pitch[usize::from(note.pitch.get())];
            if let Some(first) = joined.get_mut(*slot) {
                first.duration = note.end().max(first.end()) - first.start;
            } else {
                *slot = joined.len();
                joined.push(*note);
            }
        }
        joined
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{shown, song_of};
    use super::*;

    #[test]
    fn the_knife_cuts_and_the_glue_mends() {
        let song = song_of(&[(0, 100, 60), (50, 100, 64)]);
        let cut = split(&song, &Selection::all(&song), Tick(60));
        assert_eq!(
            shown(&cut.song),
            [(0, 60, 60), (50, 10, 64), (60, 40, 60), (60, 90, 64)]
        );
        assert_eq!(cut.selection.len(), 4);
        assert_eq!(glue(&cut.song, &cut.selection).song, song);
    }

    #[test]
    fn a_cut_at_an_edge_is_none() {
        let song = song_of(&[(10, 100, 60)]);
        for at in [0, 10, 110, 500] {
            assert_eq!(split(&song, &Selection::all(&song), Tick(at)).song, song);
        }
    }
}
