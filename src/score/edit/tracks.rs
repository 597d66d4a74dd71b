//! Adding, deleting, duplicating and ordering tracks.

use std::sync::Arc;

use super::Edited;
use crate::score::{Selection, Song, Track, TrackId};

/// Adds a track below all others under a free id (the id that `track` brings is not used). Nothing is selected then.
/// The id of the new track is that of the last track of the song that comes back.
pub fn add_track(song: &Song, mut track: Track) -> Edited {
    track.id = song.free_track_id();
    Edited {
        song: song.with_track(track),
        selection: Selection::none(),
    }
}

/// Puts `track` in the place of the track of its id: name, instrument, mix, mute, solo, lock. Its notes stay as they are
/// if the track is locked and stays so. Nothing happens if there is none of that id.
pub fn set_track(song: &Song, selection: &Selection, track: Track) -> Edited {
    let mut edited = Edited::unchanged(song, selection);
    if let Some(old) = song.track(track.id) {
        let track = if old.locked && track.locked {
            track.with_notes(old.notes().to_vec())
        } else {
            track
        };
        edited.song = song.with_track(track);
        edited.selection = selection.kept_in(&edited.song);
    }
    edited
}

/// Deletes a track with what belongs to it: its theme regions, its part in generated stretches. Not if it is locked or
/// holds locked notes.
pub fn delete_track(song: &Song, selection: &Selection, id: TrackId) -> Edited {
    let mut edited = Edited::unchanged(song, selection);
    let stays = song
        .track(id)
        .is_none_or(|track| track.locked || track.notes().iter().any(|note| note.locked));
    if stays {
        return edited;
    }
    let song = &mut edited.song;
    song.tracks.retain(|track| track.id != id);
    song.themes.retain(|region| region.track != id);
    for origin in &mut song.origins {
        origin.tracks.retain(|track| *track != id);
    }
    song.origins.retain(|origin| !origin.tracks.is_empty());
    edited.selection = edited.selection.kept_in(&edited.song);
    edited
}

/// Puts a copy of a track below it and selects the copy's notes. Nothing in the copy is locked.
pub fn duplicate_track(song: &Song, selection: &Selection, id: TrackId) -> Edited {
    let Some(index) = song.track_index(id) else {
        return Edited::unchanged(song, selection);
    };
    let mut song = song.clone();
    let original = &song.tracks[index];
    let mut notes = original.notes().to_vec();
    for note in &mut notes {
        note.locked = false;
    }
    let mut copy = original.with_notes(notes);
    copy.id = song.free_track_id();
    copy.name = format!("{} copy", original.name);
    copy.locked = false;
    copy.solo = false;
    let selection = copy.notes().iter().map(|note| note.key(copy.id)).collect();
    song.tracks.insert(index + 1, Arc::new(copy));
    Edited { song, selection }
}

/// Moves a track to place `to` from the top (the last place if there are fewer).
pub fn move_track(song: &Song, selection: &Selection, id: TrackId, to: usize) -> Edited {
    let mut edited = Edited::unchanged(song, selection);
    if let Some(from) = song.track_index(id) {
        let track = edited.song.tracks.remove(from);
        let to = to.min(edited.song.tracks.len());
        edited.song.tracks.insert(to, track);
    }
    edited
}

#[cfg(test)]
mod tests {
    use super::super::testing::{locked_at, song_of};
    use super::super::{paint_theme, set_theme};
    use super::*;
    use crate::score::{Instrument, Role, Span, Tick};

    fn names(song: &Song) -> Vec<&str> {
        song.tracks
            .iter()
            .map(|track| track.name.as_str())
            .collect()
    }

    fn three() -> Song {
        ["B", "C"]
            .iter()
            .fold(song_of(&[(0, 10, 60)]), |song, name| {
                let track = Track::new(TrackId(0), *name, Instrument::pitched(0), Role::Piano);
                add_track(&song, track).song
            })
    }

    #[test]
    fn tracks_are_added_copied_and_ordered() {
        let song = three();
        assert_eq!(names(&song), ["Piano", "B", "C"]);
        let copied = duplicate_track(&song, &Selection::none(), TrackId(1));
        assert_eq!(names(&copied.song), ["Piano", "Piano copy", "B", "C"]);
        assert_eq!(copied.selection.len(), 1);
        let moved = move_track(&song, &Selection::none(), TrackId(1), 99);
        assert_eq!(names(&moved.song), ["B", "C", "Piano"]);
    }

    #[test]
    fn a_deleted_track_takes_its_theme_along() {
        let song = three();
        let song = set_theme(&song, TrackId(1), Span::new(Tick(0), Tick(3840)));
        let song = paint_theme(&song, TrackId(1), 2..3);
        assert_eq!(song.themes.len(), 2);
        let edited = delete_track(&song, &Selection::all(&song), TrackId(1));
        assert_eq!(names(&edited.song), ["B", "C"]);
        assert!(edited.song.themes.is_empty() && edited.selection.is_empty());
        let locked = locked_at(&song, 0, 60);
        assert_eq!(
            delete_track(&locked, &Selection::none(), TrackId(1)).song,
            locked
        );
    }
}
