//! Adding and deleting notes.

use super::{Edited, rewrite, with_more};
use crate::score::{Note, Selection, Song, TrackId};

/// Adds notes to a track and selects them.
pub fn add(song: &Song, track: TrackId, notes: &[Note]) -> Edited {
    let Some(target) = song.track(track).filter(|track| !track.locked) else {
        return Edited::unchanged(song, &Selection::none());
    };
    let (changed, keys) = with_more(target, notes.to_vec());
    let song = song.with_track(changed);
    Edited {
        selection: keys.into_iter().collect::<Selection>().kept_in(&song),
        song,
    }
}

/// Deletes the selected notes. Locked ones stay, and stay selected.
pub fn delete(song: &Song, selection: &Selection) -> Edited {
    rewrite(song, selection, |_, _| Vec::new())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{locked_at, note, shown, song_of};
    use super::*;

    #[test]
    fn added_notes_are_selected() {
        let song = song_of(&[(0, 100, 60)]);
        let edited = add(&song, TrackId(1), &[note(50, 100, 60), note(0, 10, 64)]);
        assert_eq!(
            shown(&edited.song),
            [(0, 50, 60), (0, 10, 64), (50, 100, 60)]
        );
        assert_eq!(edited.selection.len(), 2);
        assert_eq!(add(&song, TrackId(9), &[note(0, 1, 1)]).song, song);
    }

    #[test]
    fn locked_notes_survive_deletion() {
        let song = locked_at(&song_of(&[(0, 100, 60), (200, 100, 62)]), 0, 60);
        let edited = delete(&song, &Selection::all(&song));
        assert_eq!(shown(&edited.song), [(0, 100, 60)]);
        assert_eq!(edited.selection.len(), 1);
    }
}
