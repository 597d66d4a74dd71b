//! Edits: pure functions from a song and a selection to another song and selection.
//!
//! Rules that hold for all of them:
//! - a locked note is never changed, and no edit changes the notes of a locked track;
//! - a group keeps its shape: where one note would leave the keyboard or the start of the song, the whole group stops there;
//! - where an edited note meets another of its pitch, the rule of [`Track`] holds (the later cuts the earlier), and where
//!   it meets a locked one, the locked one stays whole and the edited one gives way;
//! - the selection that comes back names the edited notes where they are now.

mod arrange;
mod clipboard;
mod cut;
mod length;
mod loudness;
mod notes;
mod pitch;
mod record;
mod region;
mod shift;
mod theme;
mod timing;
mod tracks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use arrange::{ChordKind, Strum, arpeggiate, stamp_chord, strum};
pub use clipboard::{Clipboard, copy, duplicate, paste};
pub use cut::{glue, split, split_note};
pub use length::{legato, resize_end, resize_start, set_length, staccato};
pub use loudness::{lock, mute, ramp_velocity, scale_velocity, set_velocity, shift_velocity};
pub use notes::{add, delete};
pub use pitch::{invert, move_in_key, snap_to_key, transpose};
pub use record::record;
pub use region::{LockedNotes, erase_region, insert_region};
pub use shift::{Nudge, move_by, move_to_track, nudge};
pub use theme::{
    clear_theme, paint_theme, set_found_theme, set_theme, theme_from_selection, theme_span,
    unpaint_theme,
};
pub use timing::{Humanise, Quantise, humanise, quantise, retrograde, stretch};
pub use tracks::{add_track, delete_track, duplicate_track, move_track, set_track};

use super::{Note, NoteKey, Pitch, Selection, Song, Span, Tick, Track};

/// What an edit gives: the song after it, and what is selected then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The song after the edit; it shares every untouched track with the song before.
    pub song: Song,
    /// The edited notes where they are now.
    pub selection: Selection,
}

impl Edited {
    fn unchanged(song: &Song, selection: &Selection) -> Self {
        Self {
            song: song.clone(),
            selection: selection.clone(),
        }
    }
}

/// Whether an edit may change this note of this track.
fn is_free(track: &Track, note: &Note) -> bool {
    !track.locked && !note.locked
}

/// The selected notes that may be changed, by track, in order of (start, pitch).
fn free_notes<'a>(song: &'a Song, selection: &Selection) -> Vec<(&'a Arc<Track>, Vec<Note>)> {
    song.tracks
        .iter()
        .filter_map(|track| {
            let notes: Vec<Note> = selection
                .of_track(track.id)
                .filter_map(|key| song.note(key).copied())
                .filter(|note| is_free(track, note))
                .collect();
            (!notes.is_empty()).then_some((track, notes))
        })
        .collect()
}

/// Puts, track by track, what `change` makes of the selected free notes in their place.
fn rewrite(
    song: &Song,
    selection: &Selection,
    mut change: impl FnMut(&Track, &[Note]) -> Vec<Note>,
) -> Edited {
    let mut edited = Edited::unchanged(song, selection);
    for (track, notes) in free_notes(song, selection) {
        let changed = change(track, &notes);
        if changed == notes {
            continue;
        }
        let removed: BTreeSet<(Tick, Pitch)> =
            notes.iter().map(|note| (note.start, note.pitch)).collect();
        let kept = track
            .notes()
            .iter()
            .filter(|note| !removed.contains(&(note.start, note.pitch)))
            .copied()
            .collect();
        let (track, keys) = settle(track, kept, changed);
        let gone: Selection = removed
            .iter()
            .map(|&(start, pitch)| NoteKey {
                track: track.id,
                start,
                pitch,
            })
            .collect();
        edited.selection = edited.selection.without(&gone);
        edited.selection.extend(keys);
        edited.song = edited.song.with_track(track);
    }
    edited.selection = edited.selection.kept_in(&edited.song);
    edited
}

/// Puts what `change` makes of every selected free note in its place.
fn rewrite_each(
    song: &Song,
    selection: &Selection,
    mut change: impl FnMut(&Note) -> Note,
) -> Edited {
    rewrite(song, selection, |_, notes| {
        notes.iter().map(&mut change).collect()
    })
}

/// A track of the notes that stay and those that changed, and the names of the latter that it holds.
fn settle(track: &Track, kept: Vec<Note>, changed: Vec<Note>) -> (Track, Vec<NoteKey>) {
    let mut locked: BTreeMap<Pitch, Vec<Span>> = BTreeMap::new();
    for note in kept.iter().filter(|note| note.locked) {
        locked.entry(note.pitch).or_default().push(note.span());
    }
    let mut notes = kept;
    let mut keys = Vec::with_capacity(changed.len());
    for note in changed {
        let around = locked.get(&note.pitch).map_or(&[][..], Vec::as_slice);
        if let Some(note) = give_way(note, around) {
            keys.push(note.key(track.id));
            notes.push(note);
        }
    }
    (track.with_notes(notes), keys)
}

/// What is left of `note` beside locked notes of its pitch, given in order; `None` if nothing is.
fn give_way(mut note: Note, locked: &[Span]) -> Option<Note> {
    note.start = note.start.max(Tick::ZERO);
    note.duration = note.duration.max(Tick(1));
    let mut end = note.end();
    for span in locked {
        if end <= span.start || span.end <= note.start {
            continue;
        }
        if note.start < span.start {
            end = span.start;
        } else {
            note.start = span.end;
        }
        if end <= note.start {
            return None;
        }
    }
    note.duration = end - note.start;
    Some(note)
}

/// A track with more notes, and their names.
fn with_more(track: &Track, more: Vec<Note>) -> (Track, Vec<NoteKey>) {
    settle(track, track.notes().to_vec(), more)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod testing {
    use super::super::{Instrument, Role, TrackId, Velocity};
    use super::*;

    pub(crate) fn tick(ticks: i64) -> Tick {
        Tick(ticks)
    }

    pub(crate) fn note(start: i64, duration: i64, pitch: i32) -> Note {
        Note::new(
            Tick(start),
            Tick(duration),
            Pitch::clamped(pitch),
            Velocity::DEFAULT,
        )
    }

    /// A song of one piano track (id 1) with these (start, duration, pitch).
    pub(crate) fn song_of(notes: &[(i64, i64, i32)]) -> Song {
        let track = Track::new(TrackId(1), "Piano", Instrument::pitched(0), Role::Piano)
            .with_notes(notes.iter().map(|&(s, d, p)| note(s, d, p)).collect());
        Song::default().with_track(track)
    }

    /// (start, duration, pitch) of every note of the first track.
    pub(crate) fn shown(song: &Song) -> Vec<(i64, i64, u8)> {
        song.tracks[0]
            .notes()
            .iter()
            .map(|note| (note.start.0, note.duration.0, note.pitch.get()))
            .collect()
    }

    /// The song with the note at (start, pitch) of the first track locked.
    pub(crate) fn locked_at(song: &Song, start: i64, pitch: i32) -> Song {
        let mut notes = song.tracks[0].notes().to_vec();
        notes
            .iter_mut()
            .find(|n| n.start.0 == start && i32::from(n.pitch.get()) == pitch)
            .unwrap()
            .locked = true;
        song.with_track(song.tracks[0].with_notes(notes))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{Instrument, Key, Role, TrackId, Velocity};
    use super::testing::{locked_at, note, shown, song_of};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_edited_note_gives_way_to_a_locked_one() {
        let song = locked_at(&song_of(&[(0, 100, 60), (500, 100, 60)]), 500, 60);
        let first: Selection = [song.tracks[0].notes()[0].key(TrackId(1))]
            .into_iter()
            .collect();
        let before = move_by(&song, &first, Tick(450), 0);
        assert_eq!(shown(&before.song), [(450, 50, 60), (500, 100, 60)]);
        let behind = move_by(&song, &first, Tick(550), 0);
        assert_eq!(shown(&behind.song), [(500, 100, 60), (600, 50, 60)]);
        let onto = move_by(&song, &first, Tick(500), 0);
        assert_eq!(
            shown(&onto.song),
            [(500, 100, 60)],
            "nothing of it fits beside the locked note"
        );
        assert!(onto.selection.is_empty());
    }

    #[test]
    fn a_locked_track_stands_still() {
        let song = song_of(&[(0, 100, 60)]);
        let mut track = (*song.tracks[0]).clone();
        track.locked = true;
        let song = song.with_track(track);
        let all = Selection::all(&song);
        assert_eq!(move_by(&song, &all, Tick(10), 1).song, song);
        assert_eq!(delete(&song, &all).song, song);
        assert_eq!(add(&song, TrackId(1), &[note(5, 5, 5)]).song, song);
    }

    /// Songs of two tracks, some notes locked, with a selection of about half the notes.
    fn songs() -> impl Strategy<Value = (Song, Selection)> {
        let one = (
            0i64..8000,
            1i64..1500,
            40i32..80,
            1i32..128,
            0u8..8,
            any::<bool>(),
        );
        (
            prop::collection::vec(one.clone(), 0..30),
            prop::collection::vec(one, 0..10),
        )
            .prop_map(|(first, second)| {
                let mut song = Song::default();
                let mut selection = Selection::none();
                for (id, notes) in [(1, first), (2, second)] {
                    let made = notes
                        .iter()
                        .map(|&(start, length, pitch, velocity, lock, _)| Note {
                            velocity: Velocity::clamped(velocity),
                            locked: lock == 0,
                            ..note(start, length, pitch)
                        })
                        .collect();
                    let track = Track::new(TrackId(id), "T", Instrument::pitched(0), Role::Piano)
                        .with_notes(made);
                    for (note, chosen) in track.notes().iter().zip(notes.iter().map(|n| n.5)) {
                        if chosen {
                            selection.insert(note.key(TrackId(id)));
                        }
                    }
                    song = song.with_track(track);
                }
                (song, selection)
            })
    }

    fn is_sound(song: &Song) -> bool {
        song.tracks.iter().all(|track| {
            let notes = track.notes();
            let ordered = notes
                .windows(2)
                .all(|w| (w[0].start, w[0].pitch) < (w[1].start, w[1].pitch));
            let apart = notes.iter().enumerate().all(|(i, a)| {
                notes[i + 1..]
                    .iter()
                    .all(|b| a.pitch != b.pitch || a.end() <= b.start)
            });
            let whole = notes
                .iter()
                .all(|n| n.start >= Tick::ZERO && n.duration >= Tick(1));
            ordered && apart && whole
        })
    }

    fn locked_notes(song: &Song) -> Vec<(TrackId, Note)> {
        song.tracks
            .iter()
            .flat_map(|t| t.notes().iter().filter(|n| n.locked).map(|n| (t.id, *n)))
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_edit_keeps_songs_sound_and_locked_notes_whole(
            (song, selection) in songs(), a in -3000i64..3000, b in -30i32..30, seed: u64,
        ) {
            let key: Key = "D dorian".parse().unwrap();
            let clipboard = copy(&song, &selection);
            let edits: Vec<(&str, Edited)> = vec![
                ("move", move_by(&song, &selection, Tick(a), b)),
                ("to track", move_to_track(&song, &selection, TrackId(2))),
                ("transpose", transpose(&song, &selection, b)),
                ("in key", move_in_key(&song, &selection, key, b)),
                ("snap", snap_to_key(&song, &selection, key)),
                ("start", resize_start(&song, &selection, Tick(a))),
                ("end", resize_end(&song, &selection, Tick(a))),
                ("length", set_length(&song, &selection, Tick(a))),
                ("legato", legato(&song, &selection)),
                ("staccato", staccato(&song, &selection, 0.5)),
                ("split", split(&song, &selection, Tick(a))),
                ("glue", glue(&song, &selection)),
                ("quantise", quantise(&song, &selection, &Quantise {
                    grid: Tick(240), strength: 0.7, swing: 0.3, ends: true })),
                ("humanise", humanise(&song, &selection, &Humanise {
                    time: Tick(40), velocity: 20, seed })),
                ("retrograde", retrograde(&song, &selection)),
                ("invert", invert(&song, &selection, None)),
                ("stretch", stretch(&song, &selection, 2, 3)),
                ("velocity", set_velocity(&song, &selection, Velocity::clamped(b))),
                ("scale", scale_velocity(&song, &selection, 1.7)),
                ("shift", shift_velocity(&song, &selection, b)),
                ("ramp", ramp_velocity(&song, &selection, Velocity::clamped(1), Velocity::clamped(127))),
                ("mute", mute(&song, &selection, true)),
                ("paste", paste(&song, &clipboard, Tick(a), Some(TrackId(1)))),
                ("duplicate", duplicate(&song, &selection, Tick(960))),
                ("delete", delete(&song, &selection)),
                ("strum", strum(&song, &selection, Tick(30), Strum::Down)),
                ("arpeggiate", arpeggiate(&song, &selection, Tick(240))),
                ("chord", stamp_chord(&song, &selection, ChordKind::Triad, key)),
            ];
            for (name, edited) in edits {
                prop_assert!(is_sound(&edited.song), "{name}: {:?}", edited.song);
                prop_assert_eq!(locked_notes(&edited.song), locked_notes(&song), "{}", name);
                for key in edited.selection.iter() {
                    prop_assert!(edited.song.note(key).is_some(), "{name} selects a note that is not there");
                }
            }
        }

        #[test]
        fn a_move_and_back_is_no_move((song, selection) in songs(), by in 0i64..4000) {
            // Among free notes that meet no others (one track, all selected) nothing is lost.
            let song = lock(&song, &Selection::all(&song), false).song;
            let _ = selection;
            let all = Selection::all(&song);
            let there = move_by(&song, &all, Tick(by), 1);
            let back = move_by(&there.song, &there.selection, Tick(-by), -1);
            prop_assert_eq!(back.song, song);
        }
    }
}
