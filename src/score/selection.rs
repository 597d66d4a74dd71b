//! Selections of notes.

use std::collections::BTreeSet;

use super::{Key, Note, NoteKey, Pitch, Song, Span, Tick, TrackId};

/// A set of notes of a song, by name, in order of (track, onset, pitch).
///
/// A selection may name notes that a song no longer has; they are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection(BTreeSet<NoteKey>);

impl Selection {
    /// No note.
    pub fn none() -> Self {
        Self::default()
    }

    /// Every note of the song.
    pub fn all(song: &Song) -> Self {
        Self::matching(song, |_, _| true)
    }

    /// Every note of one track.
    pub fn track(song: &Song, track: TrackId) -> Self {
        Self::matching(song, |id, _| id == track)
    }

    /// The notes for which `wanted` holds.
    pub fn matching(song: &Song, mut wanted: impl FnMut(TrackId, &Note) -> bool) -> Self {
        let mut keys = BTreeSet::new();
        for track in &song.tracks {
            keys.extend(
                track
                    .notes()
                    .iter()
                    .filter(|note| wanted(track.id, note))
                    .map(|note| note.key(track.id)),
            );
        }
        Self(keys)
    }

    /// What a rubber band catches: the notes of `track` that sound inside `span` between two pitches, both included.
    pub fn rectangle(song: &Song, track: TrackId, span: Span, low: Pitch, high: Pitch) -> Self {
        Self::matching(song, |id, note| {
            id == track && note.span().overlaps(span) && (low..=high).contains(&note.pitch)
        })
    }

    /// The notes of `track` outside `key`.
    pub fn out_of_key(song: &Song, track: TrackId, key: Key) -> Self {
        let inside = key.pitch_classes();
        Self::matching(song, |id, note| id == track && !inside.contains(note.pitch))
    }

    /// The notes that have the pitch of a selected note of the same track.
    #[must_use]
    pub fn same_pitch(&self, song: &Song) -> Self {
        let pitches: BTreeSet<(TrackId, Pitch)> =
            self.0.iter().map(|key| (key.track, key.pitch)).collect();
        Self::matching(song, |id, note| pitches.contains(&(id, note.pitch)))
    }

    /// The other notes of the tracks that hold selected ones.
    #[must_use]
    pub fn inverted(&self, song: &Song) -> Self {
        let tracks = self.tracks();
        Self::matching(song, |id, note| {
            tracks.contains(&id) && !self.0.contains(&note.key(id))
        })
    }

    /// The notes of both selections.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).copied().collect())
    }

    /// The notes of this selection that are not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).copied().collect())
    }

    /// The notes that the song still has.
    #[must_use]
    pub fn kept_in(&self, song: &Song) -> Self {
        self.0
            .iter()
            .copied()
            .filter(|key| song.note(*key).is_some())
            .collect()
    }

    /// Adds a note, or takes it out if it is in.
    pub fn toggle(&mut self, key: NoteKey) {
        if !self.0.remove(&key) {
            self.0.insert(key);
        }
    }

    /// Adds a note.
    pub fn insert(&mut self, key: NoteKey) {
        self.0.insert(key);
    }

    /// Whether the note is selected.
    pub fn contains(&self, key: NoteKey) -> bool {
        self.0.contains(&key)
    }

    /// Whether no note is selected.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many notes are selected.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The selected notes' names, in order.
    pub fn iter(&self) -> impl Iterator<Item = NoteKey> + '_ {
        self.0.iter().copied()
    }

    /// The tracks that hold selected notes.
    pub fn tracks(&self) -> BTreeSet<TrackId> {
        self.0.iter().map(|key| key.track).collect()
    }

    /// The selected notes that `song` has, with their tracks.
    pub fn notes<'a>(&'a self, song: &'a Song) -> impl Iterator<Item = (TrackId, &'a Note)> + 'a {
        self.0
            .iter()
            .filter_map(|key| Some((key.track, song.note(*key)?)))
    }

    /// From the first onset to the last end; `None` without notes.
    pub fn span(&self, song: &Song) -> Option<Span> {
        self.notes(song)
            .map(|(_, note)| note.span())
            .reduce(|a, b| Span {
                start: a.start.min(b.start),
                end: a.end.max(b.end),
            })
    }

    /// Names of the notes of one track, in order.
    pub fn of_track(&self, track: TrackId) -> impl Iterator<Item = NoteKey> + '_ {
        let lowest = NoteKey {
            track,
            start: Tick(i64::MIN),
            pitch: Pitch::clamped(0),
        };
        self.0
            .range(lowest..)
            .take_while(move |key| key.track == track)
            .copied()
    }
}

impl FromIterator<NoteKey> for Selection {
    fn from_iter<I: IntoIterator<Item = NoteKey>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

impl Extend<NoteKey> for Selection {
    fn extend<I: IntoIterator<Item = NoteKey>>(&mut self, keys: I) {
        self.0.extend(keys);
    }
}

#[cfg(test)]
mod tests {
    use super::super::edit::testing::{song_of, tick};
    use super::*;

    #[test]
    fn selections_are_combined_and_counted() {
        let song = song_of(&[(0, 100, 60), (200, 100, 61), (400, 100, 60)]);
        let track = song.tracks[0].id;
        let first = Selection::rectangle(
            &song,
            track,
            Span::new(tick(0), tick(50)),
            Pitch::clamped(0),
            Pitch::clamped(127),
        );
        assert_eq!(first.len(), 1);
        assert_eq!(first.same_pitch(&song).len(), 2);
        assert_eq!(first.inverted(&song).len(), 2);
        assert_eq!(first.with(&first.inverted(&song)), Selection::all(&song));
        assert_eq!(
            Selection::out_of_key(&song, track, Key::default())
                .notes(&song)
                .map(|(_, note)| note.pitch.get())
                .collect::<Vec<_>>(),
            [61]
        );
        assert_eq!(
            Selection::all(&song).span(&song),
            Some(Span::new(tick(0), tick(500)))
        );
        assert_eq!(Selection::none().span(&song), None);
    }
}
