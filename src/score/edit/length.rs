//! Changing where notes end, and where they begin.

use super::{Edited, free_notes, rewrite, rewrite_each};
use crate::score::{Note, Selection, Song, Tick};

/// Moves the onsets of the selected notes and leaves their ends where they are. Every note keeps at least one tick, and
/// none begins before the song: the whole group stops there.
pub fn resize_start(song: &Song, selection: &Selection, by: Tick) -> Edited {
    let first = free_notes(song, selection)
        .iter()
        .flat_map(|(_, notes)| notes.iter().map(|note| note.start))
        .min();
    let Some(first) = first else {
        return Edited::unchanged(song, selection);
    };
    let by = by.max(Tick::ZERO - first);
    rewrite_each(song, selection, |note| {
        let start = (note.start + by).min(note.end() - Tick(1));
        Note {
            start,
            duration: note.end() - start,
            ..*note
        }
    })
}

/// Moves the ends of the selected notes; every note keeps at least one tick.
pub fn resize_end(song: &Song, selection: &Selection, by: Tick) -> Edited {
    rewrite_each(song, selection, |note| Note {
        duration: (note.duration + by).max(Tick(1)),
        ..*note
    })
}

/// Gives every selected note one length, at least one tick.
pub fn set_length(song: &Song, selection: &Selection, length: Tick) -> Edited {
    rewrite_each(song, selection, |note| Note {
        duration: length.max(Tick(1)),
        ..*note
    })
}

/// Lets every selected note end where the next onset of the selection in its track begins. The last ones keep their ends.
pub fn legato(song: &Song, selection: &Selection) -> Edited {
    rewrite(song, selection, |_, notes| {
        notes
            .iter()
            .map(|note| {
                let after = notes.partition_point(|other| other.start <= note.start);
                let duration = notes
                    .get(after)
                    .map_or(note.duration, |next| next.start - note.start);
                Note { duration, ..*note }
            })
            .collect()
    })
}

/// Shortens every selected note to a share (0..=1) of its length.
pub fn staccato(song: &Song, selection: &Selection, share: f64) -> Edited {
    let share = if share.is_finite() {
        share.clamp(0.0, 1.0)
    } else {
        1.0
    };
    rewrite_each(song, selection, |note| Note {
        duration: Tick((note.duration.0 as f64 * share).round() as i64).max(Tick(1)),
        ..*note
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{shown, song_of};
    use super::*;

    #[test]
    fn both_edges_can_be_dragged() {
        let song = song_of(&[(100, 100, 60), (300, 20, 62)]);
        let all = Selection::all(&song);
        assert_eq!(
            shown(&resize_start(&song, &all, Tick(50)).song),
            [(150, 50, 60), (319, 1, 62)]
        );
        assert_eq!(
            shown(&resize_start(&song, &all, Tick(-500)).song),
            [(0, 200, 60), (200, 120, 62)]
        );
        assert_eq!(
            shown(&resize_end(&song, &all, Tick(-50)).song),
            [(100, 50, 60), (300, 1, 62)]
        );
    }

    #[test]
    fn legato_joins_chords_and_staccato_parts_them() {
        let song = song_of(&[(0, 10, 60), (0, 20, 64), (100, 300, 62)]);
        let all = Selection::all(&song);
        let joined = legato(&song, &all);
        assert_eq!(
            shown(&joined.song),
            [(0, 100, 60), (0, 100, 64), (100, 300, 62)]
        );
        assert_eq!(
            shown(&staccato(&joined.song, &joined.selection, 0.5).song),
            [(0, 50, 60), (0, 50, 64), (100, 150, 62)]
        );
    }
}
