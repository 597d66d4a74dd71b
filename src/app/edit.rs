//! Changes of the song, as values: what a step of the history does.

use std::sync::Arc;

use crate::score::edit::{self, Edited};
use crate::score::{
    Colour, Instrument, Key, Metre, MetreMap, Role, Selection, Song, Tempo, TempoMap, Track,
    TrackId,
};

use super::look;

/// A change of the song.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// What one of the functions of [`crate::score::edit`] made of the song.
    Notes {
        /// What the step is called in the undo menu.
        name: &'static str,
        /// The song afterwards.
        song: Arc<Song>,
        /// What is selected afterwards.
        selection: Selection,
    },
    /// A new track at the bottom.
    AddTrack {
        /// What it plays with.
        instrument: Instrument,
        /// What it is for.
        role: Role,
    },
    /// A copy of a track, below it.
    DuplicateTrack(TrackId),
    /// Without a track.
    DeleteTrack(TrackId),
    /// A track at another place from the top.
    MoveTrack {
        /// Which.
        track: TrackId,
        /// Its new place, from 0.
        to: usize,
    },
    /// A track that differs in one thing.
    Track(TrackId, TrackChange),
    /// One tempo for the whole song.
    Tempo(Tempo),
    /// One metre for the whole song.
    Metre(Metre),
    /// The key.
    Key(Option<Key>),
    /// The title.
    Title(String),
}

/// One thing about a track.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are the fields of `Track`")]
pub enum TrackChange {
    Name(String),
    Instrument(Instrument),
    Role(Role),
    Colour(Colour),
    Volume(u8),
    Pan(u8),
    Reverb(u8),
    Chorus(u8),
    Mute(bool),
    Solo(bool),
    Locked(bool),
}

impl Edit {
    /// What the step is called in the undo menu.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Notes { name, .. } => name,
            Self::AddTrack { .. } => "Add track",
            Self::DuplicateTrack(_) => "Duplicate track",
            Self::DeleteTrack(_) => "Delete track",
            Self::MoveTrack { .. } => "Move track",
            Self::Track(_, change) => match change {
                TrackChange::Name(_) => "Rename track",
                TrackChange::Instrument(_) => "Change instrument",
                TrackChange::Role(_) => "Change role",
                TrackChange::Colour(_) => "Change colour",
                TrackChange::Volume(_) => "Volume",
                TrackChange::Pan(_) => "Pan",
                TrackChange::Reverb(_) => "Reverb",
                TrackChange::Chorus(_) => "Chorus",
                TrackChange::Mute(_) => "Mute",
                TrackChange::Solo(_) => "Solo",
                TrackChange::Locked(_) => "Lock",
            },
            Self::Tempo(_) => "Tempo",
            Self::Metre(_) => "Metre",
            Self::Key(_) => "Key",
            Self::Title(_) => "Title",
        }
    }

    /// A step from what a function of [`crate::score::edit`] gave.
    pub fn notes(name: &'static str, edited: Edited) -> Self {
        Self::Notes {
            name,
            song: Arc::new(edited.song),
            selection: edited.selection,
        }
    }

    /// The song and the selection afterwards. A track that is not there any more changes nothing.
    pub fn apply(&self, song: &Arc<Song>, selection: &Selection) -> (Arc<Song>, Selection) {
        let with = |change: &dyn Fn(&mut Song)| {
            let mut edited = (**song).clone();
            change(&mut edited);
            Edited {
                song: edited,
                selection: selection.clone(),
            }
        };
        let edited = match self {
            Self::Notes {
                song, selection, ..
            } => return (Arc::clone(song), selection.clone()),
            Self::AddTrack { instrument, role } => {
                let name = unused_name(song, role.name());
                let mut track = Track::new(TrackId::default(), name, *instrument, *role);
                track.colour = unused_colour(song, *role);
                edit::add_track(song, track)
            }
            Self::DuplicateTrack(id) => {
                let mut edited = edit::duplicate_track(song, selection, *id);
                if let Some(copy) = song
                    .track_index(*id)
                    .and_then(|index| edited.song.tracks.get_mut(index + 1))
                {
                    let mut renamed = (**copy).clone();
                    renamed.name = unused_name(song, &renamed.name);
                    renamed.colour = look::rotated_colour(song.tracks.len());
                    *copy = Arc::new(renamed);
                }
                edited
            }
            Self::DeleteTrack(id) => edit::delete_track(song, selection, *id),
            Self::MoveTrack { track, to } => edit::move_track(song, selection, *track, *to),
            Self::Track(id, change) => with(&|edited: &mut Song| {
                if let Some(track) = song.track(*id) {
                    let mut track = (**track).clone();
                    change.apply(&mut track);
                    *edited = edited.with_track(track);
                }
            }),
            Self::Tempo(tempo) => with(&|edited: &mut Song| {
                edited.tempo = Arc::new(TempoMap::constant(*tempo));
            }),
            Self::Metre(metre) => with(&|edited: &mut Song| {
                edited.metre = Arc::new(MetreMap::constant(*metre));
            }),
            Self::Key(key) => with(&|edited: &mut Song| edited.key = *key),
            Self::Title(title) => with(&|edited: &mut Song| edited.title.clone_from(title)),
        };
        (Arc::new(edited.song), edited.selection)
    }
}

impl TrackChange {
    fn apply(&self, track: &mut Track) {
        match self {
            Self::Name(name) => track.name.clone_from(name),
            Self::Instrument(instrument) => track.instrument = *instrument,
            Self::Role(role) => {
                track.role = *role;
                track.colour = role.colour();
            }
            Self::Colour(colour) => track.colour = *colour,
            Self::Volume(volume) => track.volume = (*volume).min(127),
            Self::Pan(pan) => track.pan = (*pan).min(127),
            Self::Reverb(reverb) => track.reverb = (*reverb).min(127),
            Self::Chorus(chorus) => track.chorus = (*chorus).min(127),
            Self::Mute(mute) => track.mute = *mute,
            Self::Solo(solo) => track.solo = *solo,
            Self::Locked(locked) => track.locked = *locked,
        }
    }
}

/// `name`, with a number if a track has it already.
fn unused_name(song: &Song, name: &str) -> String {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ');
    let stem = if stem.is_empty() { name } else { stem };
    let numbers = 2..=song.tracks.len() + 2;
    std::iter::once(stem.to_owned())
        .chain(numbers.map(|number| format!("{stem} {number}")))
        .find(|wanted| song.tracks.iter().all(|track| track.name != *wanted))
        .unwrap_or_else(|| stem.to_owned())
}

/// The colour of the role, or a further one if a track has it already.
fn unused_colour(song: &Song, role: Role) -> Colour {
    let taken = |colour| song.tracks.iter().any(|track| track.colour == colour);
    std::iter::once(role.colour())
        .chain((song.tracks.len()..song.tracks.len() + 24).map(look::rotated_colour))
        .find(|colour| !taken(*colour))
        .unwrap_or_else(|| role.colour())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_tracks(count: usize) -> Arc<Song> {
        (0..count).fold(Arc::new(Song::default()), |song, _| {
            let add = Edit::AddTrack {
                instrument: Instrument::pitched(0),
                role: Role::Piano,
            };
            add.apply(&song, &Selection::default()).0
        })
    }

    fn names(song: &Song) -> Vec<&str> {
        song.tracks.iter().map(|track| &*track.name).collect()
    }

    #[test]
    fn added_tracks_differ_in_name_and_colour() {
        let song = with_tracks(3);
        assert_eq!(names(&song), ["Piano", "Piano 2", "Piano 3"]);
        let colours: std::collections::BTreeSet<_> =
            song.tracks.iter().map(|track| track.colour.0).collect();
        assert_eq!(colours.len(), 3);
    }

    #[test]
    fn tracks_move_and_are_copied() {
        let song = with_tracks(3);
        let none = Selection::default();
        let first = song.tracks[0].id;
        let moved = Edit::MoveTrack {
            track: first,
            to: 2,
        }
        .apply(&song, &none)
        .0;
        assert_eq!(names(&moved), ["Piano 2", "Piano 3", "Piano"]);
        let copied = Edit::DuplicateTrack(first).apply(&song, &none).0;
        assert_eq!(
            names(&copied),
            ["Piano", "Piano copy", "Piano 2", "Piano 3"]
        );
        let deleted = Edit::DeleteTrack(first).apply(&song, &none).0;
        assert_eq!(names(&deleted), ["Piano 2", "Piano 3"]);
    }

    #[test]
    fn a_change_of_a_missing_track_changes_nothing() {
        let song = with_tracks(1);
        let change = Edit::Track(TrackId(99), TrackChange::Volume(3));
        assert_eq!(change.apply(&song, &Selection::default()).0, song);
    }
}
