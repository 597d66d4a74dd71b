//! What was played becomes part of a track.

use super::super::{ControlChange, Note, Selection, Song, TrackId};
use super::{Edited, with_more};

/// Adds what was played to a track, beside what is there; the new notes are selected. A locked track takes nothing.
pub fn record(song: &Song, id: TrackId, notes: Vec<Note>, controls: &[ControlChange]) -> Edited {
    let Some(track) = song.track(id).filter(|track| !track.locked) else {
        return Edited::unchanged(song, &Selection::none());
    };
    let (track, keys) = with_more(track, notes);
    let track = if controls.is_empty() {
        track
    } else {
        let all = track.controls().iter().chain(controls).copied().collect();
        track.with_controls(all)
    };
    let song = song.with_track(track);
    let selection = keys.into_iter().collect::<Selection>().kept_in(&song);
    Edited { song, selection }
}

#[cfg(test)]
mod tests {
    use super::super::super::Tick;
    use super::super::testing::{note, shown, song_of};
    use super::*;

    #[test]
    fn what_is_played_is_added() {
        let song = song_of(&[(0, 480, 60)]);
        let pedal = ControlChange {
            at: Tick(100),
            controller: 64,
            value: 127,
        };
        let edited = record(&song, TrackId(1), vec![note(480, 240, 62)], &[pedal]);
        assert_eq!(shown(&edited.song), [(0, 480, 60), (480, 240, 62)]);
        assert_eq!(edited.song.tracks[0].controls(), [pedal]);
        assert_eq!(edited.selection.len(), 1);
        let mut locked = (*song.tracks[0]).clone();
        locked.locked = true;
        let song = song.with_track(locked);
        let edited = record(&song, TrackId(1), vec![note(480, 240, 62)], &[pedal]);
        assert_eq!(edited.song, song);
    }
}
