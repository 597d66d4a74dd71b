//! Velocities, and the two flags of a note.

use super::{Edited, free_notes, rewrite_each};
use crate::score::{Note, Selection, Song, Velocity};

/// Gives every selected note one velocity.
pub fn set_velocity(song: &Song, selection: &Selection, velocity: Velocity) -> Edited {
    rewrite_each(song, selection, |note| Note { velocity, ..*note })
}

/// Adds to every selected note's velocity, held to 1..=127.
pub fn shift_velocity(song: &Song, selection: &Selection, by: i32) -> Edited {
    rewrite_each(song, selection, |note| Note {
        velocity: Velocity::clamped(i32::from(note.velocity.get()).saturating_add(by)),
        ..*note
    })
}

/// Multiplies every selected note's velocity, held to 1..=127.
pub fn scale_velocity(song: &Song, selection: &Selection, factor: f64) -> Edited {
    rewrite_each(song, selection, |note| Note {
        velocity: Velocity::clamped((f64::from(note.velocity.get()) * factor).round() as i32),
        ..*note
    })
}

/// A straight line of velocity from the first selected onset to the last: crescendo or diminuendo.
pub fn ramp_velocity(song: &Song, selection: &Selection, from: Velocity, to: Velocity) -> Edited {
    let free = free_notes(song, selection);
    let starts = || {
        free.iter()
            .flat_map(|(_, notes)| notes.iter().map(|note| note.start))
    };
    let (Some(first), Some(last)) = (starts().min(), starts().max()) else {
        return Edited::unchanged(song, selection);
    };
    let length = (last - first).0.max(1) as f64;
    let (from, to) = (f64::from(from.get()), f64::from(to.get()));
    rewrite_each(song, selection, |note| {
        let share = (note.start - first).0 as f64 / length;
        Note {
            velocity: Velocity::clamped((from + (to - from) * share).round() as i32),
            ..*note
        }
    })
}

/// Mutes or unmutes the selected notes.
pub fn mute(song: &Song, selection: &Selection, muted: bool) -> Edited {
    rewrite_each(song, selection, |note| Note { muted, ..*note })
}

/// Locks or unlocks the selected notes: the one edit that reaches locked notes, and those of locked tracks.
pub fn lock(song: &Song, selection: &Selection, locked: bool) -> Edited {
    let mut edited = Edited::unchanged(song, selection);
    for track in &song.tracks {
        let chosen: Selection = selection.of_track(track.id).collect();
        if chosen.is_empty() {
            continue;
        }
        let notes = track
            .notes()
            .iter()
            .map(|note| {
                let locked = if chosen.contains(note.key(track.id)) {
                    locked
                } else {
                    note.locked
                };
                Note { locked, ..*note }
            })
            .collect();
        edited.song = edited.song.with_track(track.with_notes(notes));
    }
    edited.selection = edited.selection.kept_in(&edited.song);
    edited
}

#[cfg(test)]
mod tests {
    use super::super::testing::song_of;
    use super::*;

    fn velocities(song: &Song) -> Vec<u8> {
        song.tracks[0]
            .notes()
            .iter()
            .map(|note| note.velocity.get())
            .collect()
    }

    #[test]
    fn velocities_are_set_scaled_and_ramped() {
        let song = song_of(&[(0, 10, 60), (100, 10, 60), (200, 10, 60)]);
        let all = Selection::all(&song);
        assert_eq!(
            velocities(&set_velocity(&song, &all, Velocity::clamped(5)).song),
            [5, 5, 5]
        );
        assert_eq!(velocities(&scale_velocity(&song, &all, 2.0).song), [127; 3]);
        assert_eq!(velocities(&shift_velocity(&song, &all, -10).song), [80; 3]);
        let ramp = ramp_velocity(&song, &all, Velocity::clamped(20), Velocity::clamped(100));
        assert_eq!(velocities(&ramp.song), [20, 60, 100]);
    }

    #[test]
    fn a_locked_note_is_only_unlocked() {
        let song = song_of(&[(0, 10, 60)]);
        let all = Selection::all(&song);
        let locked = lock(&song, &all, true).song;
        assert_eq!(mute(&locked, &all, true).song, locked);
        assert_eq!(lock(&locked, &all, false).song, song);
        assert!(mute(&song, &all, true).song.tracks[0].notes()[0].muted);
    }
}
