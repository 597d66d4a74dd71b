//! Moving notes.

use super::{Edited, free_notes, rewrite, rewrite_each, with_more};
use crate::score::{Key, Note, Pitch, Selection, Song, Tick, TrackId};

/// One press of an arrow key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nudge {
    /// Later, or earlier if negative: usually one step of the grid.
    Time(Tick),
    /// Up, or down if negative.
    Semitones(i32),
    /// Up, or down if negative.
    Octaves(i32),
    /// Up in a key, or down if negative.
    ScaleSteps(i32, Key),
}

/// Moves the selected notes in time and pitch, as one body: it stops at the start of the song and at the ends of the keyboard.
pub fn move_by(song: &Song, selection: &Selection, time: Tick, semitones: i32) -> Edited {
    let free = free_notes(song, selection);
    let notes = || free.iter().flat_map(|(_, notes)| notes);
    let (Some(first), Some(lowest), Some(highest)) = (
        notes().map(|note| note.start).min(),
        notes().map(|note| i32::from(note.pitch.get())).min(),
        notes().map(|note| i32::from(note.pitch.get())).max(),
    ) else {
        return Edited::unchanged(song, selection);
    };
    let time = time.max(Tick::ZERO - first);
    let semitones = semitones.clamp(-lowest, 127 - highest);
    rewrite_each(song, selection, |note| Note {
        start: note.start + time,
        pitch: Pitch::clamped(i32::from(note.pitch.get()) + semitones),
        ..*note
    })
}

/// Moves the selected notes by one press of an arrow key.
pub fn nudge(song: &Song, selection: &Selection, nudge: Nudge) -> Edited {
    match nudge {
        Nudge::Time(time) => move_by(song, selection, time, 0),
        Nudge::Semitones(semitones) => move_by(song, selection, Tick::ZERO, semitones),
        Nudge::Octaves(octaves) => move_by(song, selection, Tick::ZERO, octaves.saturating_mul(12)),
        Nudge::ScaleSteps(steps, key) => super::move_in_key(song, selection, key, steps),
    }
}

/// Moves the selected notes of all other tracks into one track. Nothing happens if it is locked or missing.
pub fn move_to_track(song: &Song, selection: &Selection, track: TrackId) -> Edited {
    if song.track(track).is_none_or(|target| target.locked) {
        return Edited::unchanged(song, selection);
    }
    let away: Selection = selection.iter().filter(|key| key.track != track).collect();
    let moved: Vec<Note> = free_notes(song, &away)
        .into_iter()
        .flat_map(|(_, notes)| notes)
        .collect();
    if moved.is_empty() {
        return Edited::unchanged(song, selection);
    }
    let mut edited = rewrite(song, &away, |_, _| Vec::new());
    if let Some(target) = edited.song.track(track) {
        let (target, keys) = with_more(target, moved);
        edited.song = edited.song.with_track(target);
        edited.selection = edited.selection.with(&keys.into_iter().collect());
    }
    let stayed: Selection = selection.iter().filter(|key| key.track == track).collect();
    edited.selection = edited.selection.with(&stayed).kept_in(&edited.song);
    edited
}

#[cfg(test)]
mod tests {
    use super::super::testing::{shown, song_of};
    use super::*;
    use crate::score::{Instrument, Role, Track};

    #[test]
    fn a_group_stops_as_one_body() {
        let song = song_of(&[(100, 50, 120), (300, 50, 60)]);
        let edited = move_by(&song, &Selection::all(&song), Tick(-500), 20);
        assert_eq!(shown(&edited.song), [(0, 50, 127), (200, 50, 67)]);
        assert_eq!(edited.selection.len(), 2);
    }

    #[test]
    fn arrow_keys_move_by_octave_and_grid() {
        let song = song_of(&[(0, 50, 60)]);
        let all = Selection::all(&song);
        assert_eq!(
            shown(&nudge(&song, &all, Nudge::Octaves(-1)).song),
            [(0, 50, 48)]
        );
        assert_eq!(
            shown(&nudge(&song, &all, Nudge::Time(Tick(240))).song),
            [(240, 50, 60)]
        );
        assert_eq!(
            shown(&nudge(&song, &all, Nudge::ScaleSteps(2, Key::default())).song),
            [(0, 50, 64)]
        );
    }

    #[test]
    fn notes_change_tracks() {
        let song = song_of(&[(0, 50, 60), (100, 50, 62)]);
        let song = song.with_track(Track::new(
            TrackId(2),
            "B",
            Instrument::pitched(0),
            Role::Piano,
        ));
        let edited = move_to_track(&song, &Selection::all(&song), TrackId(2));
        assert!(edited.song.tracks[0].notes().is_empty());
        assert_eq!(edited.song.tracks[1].notes(), song.tracks[0].notes());
        assert_eq!(edited.selection, Selection::all(&edited.song));
    }
}
