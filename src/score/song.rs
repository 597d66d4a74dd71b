//! Songs.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Key, MetreMap, Note, NoteKey, Span, TempoMap, ThemeKind, ThemeRegion, Tick, Track, TrackId,
};

/// A named place in a song.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Where.
    pub at: Tick,
    /// What it says.
    pub name: String,
}

/// How a clip came to be: enough to make it again to the note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// What was asked for ("continue", "seed", ...).
    pub kind: String,
    /// The model's name.
    pub model: String,
    /// SHA-256 of the weights file, in hexadecimal.
    pub checkpoint: String,
    /// The random seed.
    pub seed: u64,
    /// Which of the candidates of that seed it is, from 0.
    pub candidate: u32,
    /// Every other setting, by name.
    pub settings: BTreeMap<String, String>,
    /// What it was made from, if that was itself generated.
    pub parent: Option<Box<Lineage>>,
}

impl Lineage {
    /// Ancestors that a song keeps of a clip. Making it again needs the nearest only, and each generation made from the one
    /// before it would make the project larger, until its nesting could not be read any more.
    pub const ANCESTORS: usize = 16;

    /// This lineage with the nearest [`Self::ANCESTORS`] of its ancestors; the same one where there are no more.
    #[must_use]
    pub fn pruned(this: &Arc<Self>) -> Arc<Self> {
        let ancestors = std::iter::successors(this.parent.as_deref(), |one| one.parent.as_deref());
        if ancestors.count() <= Self::ANCESTORS {
            return Arc::clone(this);
        }
        let mut pruned = (**this).clone();
        pruned.keep_ancestors(Self::ANCESTORS);
        Arc::new(pruned)
    }

    fn keep_ancestors(&mut self, most: usize) {
        match (most.checked_sub(1), &mut self.parent) {
            (Some(most), Some(parent)) => parent.keep_ancestors(most),
            (None, parent) => *parent = None,
            (Some(_), None) => {}
        }
    }
}

/// A generated stretch of a song.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClipOrigin {
    /// Where it was put.
    pub span: Span,
    /// Into which tracks.
    pub tracks: Vec<TrackId>,
    /// How it came to be.
    pub lineage: Arc<Lineage>,
}

/// A whole piece of music, as a value: cloning is cheap, tracks are shared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Song {
    /// Title; empty if it has none.
    pub title: String,
    /// Tracks from top to bottom; their ids are distinct.
    #[serde(deserialize_with = "distinct_tracks")]
    pub tracks: Vec<Arc<Track>>,
    /// Tempo changes.
    pub tempo: Arc<TempoMap>,
    /// Metre changes.
    pub metre: Arc<MetreMap>,
    /// The key, where it is known.
    pub key: Option<Key>,
    /// Where the theme stands, returns, and is asked to return.
    #[serde(default)]
    pub themes: Vec<ThemeRegion>,
    /// Named places, in order.
    #[serde(default)]
    pub markers: Vec<Marker>,
    /// Which stretches a network wrote.
    #[serde(default)]
    pub origins: Vec<ClipOrigin>,
}

fn distinct_tracks<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Arc<Track>>, D::Error> {
    let tracks = Vec::<Arc<Track>>::deserialize(deserializer)?;
    for (index, track) in tracks.iter().enumerate() {
        if tracks[..index].iter().any(|other| other.id == track.id) {
            return Err(serde::de::Error::custom(format!(
                "two tracks have the same id {}",
                track.id.0
            )));
        }
    }
    Ok(tracks)
}

impl Song {
    /// The track named `id`.
    pub fn track(&self, id: TrackId) -> Option<&Arc<Track>> {
        self.tracks.iter().find(|track| track.id == id)
    }

    /// The place of track `id` from the top.
    pub fn track_index(&self, id: TrackId) -> Option<usize> {
        self.tracks.iter().position(|track| track.id == id)
    }

    /// An id that no track has.
    pub fn free_track_id(&self) -> TrackId {
        let last = self.tracks.iter().map(|track| track.id.0).max();
        match last.map(|id| id.checked_add(1)) {
            None => TrackId(1),
            Some(Some(id)) => TrackId(id),
            // A file may name a track with the last number there is.
            Some(None) => (1..=u32::MAX)
                .map(TrackId)
                .find(|id| self.track(*id).is_none())
                .unwrap_or_default(),
        }
    }

    /// This song with `track` in place of the track of the same id, or added at the bottom.
    #[must_use]
    pub fn with_track(&self, track: Track) -> Self {
        let mut song = self.clone();
        match self.track_index(track.id) {
            Some(index) => song.tracks[index] = Arc::new(track),
            None => song.tracks.push(Arc::new(track)),
        }
        song
    }

    /// The note named `key`.
    pub fn note(&self, key: NoteKey) -> Option<&Note> {
        let notes = self.track(key.track)?.notes();
        let index = notes
            .binary_search_by_key(&(key.start, key.pitch), |note| (note.start, note.pitch))
            .ok()?;
        notes.get(index)
    }

    /// First tick after the last note of any track; 0 without notes.
    pub fn end(&self) -> Tick {
        self.tracks
            .iter()
            .map(|track| track.end())
            .max()
            .unwrap_or_default()
    }

    /// How many bars hold notes, the last one counted whole.
    pub fn bars(&self) -> u32 {
        let end = self.end();
        if end == Tick::ZERO {
            0
        } else {
            self.metre.bar_at(end - Tick(1)) + 1
        }
    }

    /// The region marked as the theme.
    pub fn theme(&self) -> Option<&ThemeRegion> {
        self.themes
            .iter()
            .find(|region| region.kind == ThemeKind::Theme)
    }

    /// Whether `track` is heard, given mutes and solos.
    pub fn is_audible(&self, track: &Track) -> bool {
        let any_solo = self.tracks.iter().any(|other| other.solo);
        !track.mute && (track.solo || !any_solo)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Instrument, Pitch, Role, Velocity};
    use super::*;

    fn two_tracks() -> Song {
        let mut song = Song::default();
        for name in ["a", "b"] {
            song = song.with_track(Track::new(
                song.free_track_id(),
                name,
                Instrument::pitched(0),
                Role::Piano,
            ));
        }
        song
    }

    #[test]
    fn an_edit_shares_the_other_tracks() {
        let song = two_tracks();
        let note = Note::new(Tick(4000), Tick(100), Pitch::MIDDLE_C, Velocity::DEFAULT);
        let edited = song.with_track(song.tracks[1].with_notes(vec![note]));
        assert!(Arc::ptr_eq(&song.tracks[0], &edited.tracks[0]));
        assert_eq!(song.bars(), 0);
        assert_eq!(edited.bars(), 2);
        assert_eq!(edited.note(note.key(edited.tracks[1].id)), Some(&note));
        assert_eq!(edited.note(note.key(edited.tracks[0].id)), None);
    }

    #[test]
    fn of_a_long_line_the_nearest_ancestors_are_kept() {
        let one = |seed: u64, parent: Option<Box<Lineage>>| Lineage {
            kind: "continue".to_owned(),
            model: String::new(),
            checkpoint: String::new(),
            seed,
            candidate: 0,
            settings: std::collections::BTreeMap::new(),
            parent,
        };
        let line = |length: u64| {
            (1..length).fold(one(0, None), |parent, seed| {
                one(seed, Some(Box::new(parent)))
            })
        };
        let short = Arc::new(line(17));
        assert!(Arc::ptr_eq(&Lineage::pruned(&short), &short));
        let pruned = Lineage::pruned(&Arc::new(line(40)));
        let seeds: Vec<u64> = std::iter::successors(Some(&*pruned), |one| one.parent.as_deref())
            .map(|one| one.seed)
            .collect();
        assert_eq!(seeds, (23..40).rev().collect::<Vec<_>>());
    }

    #[test]
    fn solo_silences_the_others() {
        let song = two_tracks();
        let mut solo = (*song.tracks[1]).clone();
        solo.solo = true;
        let song = song.with_track(solo);
        let heard: Vec<_> = song
            .tracks
            .iter()
            .map(|track| song.is_audible(track))
            .collect();
        assert_eq!(heard, [false, true]);
    }
}
