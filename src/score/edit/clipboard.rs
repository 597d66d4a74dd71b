//! Copy, paste, duplicate.

use super::{Edited, with_more};
use crate::score::{Note, Selection, Song, Tick, TrackId};

/// Notes that were copied, their onsets counted from the first of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clipboard {
    tracks: Vec<(TrackId, Vec<Note>)>,
    length: Tick,
}

impl Clipboard {
    /// Whether nothing was copied.
    pub fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// From the first onset to the last end.
    pub fn length(&self) -> Tick {
        self.length
    }
}

/// Copies the selected notes. Locked ones are copied too; their copies are free.
pub fn copy(song: &Song, selection: &Selection) -> Clipboard {
    let Some(span) = selection.span(song) else {
        return Clipboard::default();
    };
    let mut tracks: Vec<(TrackId, Vec<Note>)> = Vec::new();
    for (track, note) in selection.notes(song) {
        let note = Note {
            start: note.start - span.start,
            locked: false,
            ..*note
        };
        match tracks.last_mut() {
            Some((last, notes)) if *last == track => notes.push(note),
            _ => tracks.push((track, vec![note])),
        }
    }
    Clipboard {
        tracks,
        length: span.length(),
    }
}

/// Pastes with the first onset at `at` and selects what was pasted.
///
/// Notes of one track go into the track `into` where it is given; notes of several tracks go back into their own, and into
/// `into` where their own is gone. Notes without a track that takes them are left out.
pub fn paste(song: &Song, clipboard: &Clipboard, at: Tick, into: Option<TrackId>) -> Edited {
    let at = at.max(Tick::ZERO);
    let mut song = song.clone();
    let mut selection = Selection::none();
    for (from, notes) in &clipboard.tracks {
        let own = song.track(*from).map(|track| track.id);
        let place = if clipboard.tracks.len() == 1 {
            into.or(own)
        } else {
            own.or(into)
        };
        let Some(track) = place
            .and_then(|id| song.track(id))
            .filter(|track| !track.locked)
        else {
            continue;
        };
        let placed = notes
            .iter()
            .map(|note| Note {
                start: note.start + at,
                ..*note
            })
            .collect();
        let (track, keys) = with_more(track, placed);
        song = song.with_track(track);
        selection.extend(keys);
    }
    Edited {
        selection: selection.kept_in(&song),
        song,
    }
}

/// Repeats the selected notes right after themselves, at the next line of `grid` (usually a beat or a bar) counted from
/// their first onset, and selects the copies.
pub fn duplicate(song: &Song, selection: &Selection, grid: Tick) -> Edited {
    let Some(span) = selection.span(song) else {
        return Edited::unchanged(song, selection);
    };
    let step = span.length().ceil_to(grid);
    paste(song, &copy(song, selection), span.start + step, None)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{locked_at, shown, song_of};
    use super::*;
    use crate::score::{Instrument, Role, Track};

    #[test]
    fn what_is_copied_is_pasted_at_the_place() {
        let song = song_of(&[(100, 50, 60), (200, 50, 62)]);
        let clipboard = copy(&song, &Selection::all(&song));
        assert_eq!(clipboard.length(), Tick(150));
        let edited = paste(&song, &clipboard, Tick(1000), None);
        assert_eq!(shown(&edited.song)[2..], [(1000, 50, 60), (1100, 50, 62)]);
        assert_eq!(edited.selection.len(), 2);
        assert!(copy(&song, &Selection::none()).is_empty());
    }

    #[test]
    fn notes_of_one_track_go_where_asked_and_of_several_to_their_own() {
        let song = song_of(&[(0, 50, 60)]).with_track(
            Track::new(TrackId(2), "B", Instrument::pitched(0), Role::Piano)
                .with_notes(vec![super::super::testing::note(0, 50, 70)]),
        );
        let one = copy(&song, &Selection::track(&song, TrackId(1)));
        let into = paste(&song, &one, Tick(500), Some(TrackId(2)));
        assert_eq!(into.song.tracks[1].notes().len(), 2);
        let both = copy(&song, &Selection::all(&song));
        let back = paste(&song, &both, Tick(500), Some(TrackId(2)));
        assert_eq!(back.song.tracks[0].notes().len(), 2);
        assert_eq!(back.song.tracks[1].notes().len(), 2);
    }

    #[test]
    fn a_duplicate_follows_on_the_grid_and_is_free() {
        let song = locked_at(&song_of(&[(0, 900, 60)]), 0, 60);
        let edited = duplicate(&song, &Selection::all(&song), Tick(960));
        assert_eq!(shown(&edited.song), [(0, 900, 60), (960, 900, 60)]);
        assert!(!edited.song.tracks[0].notes()[1].locked);
    }
}
