//! What was played becomes part of a track.

use super::super::{Note, Selection, Song, Take, TrackId};
use super::{Edited, with_more};

/// Adds a take to a track, beside what is there, its notes as they are given; they are selected. Where the take has a bent
/// wheel, its bends replace the track's. A locked track takes nothing.
pub fn record(song: &Song, id: TrackId, notes: Vec<Note>, take: &Take) -> Edited {
    let Some(track) = song.track(id).filter(|track| !track.locked) else {
        return Edited::unchanged(song, &Selection::none());
    };
    let (track, keys) = with_more(track, notes);
    let track = if take.controls().is_empty() {
        track
    } else {
        let all = track.controls().iter().chain(take.controls());
        track.with_controls(all.copied().collect())
    };
    let track = if take.bends().is_empty() {
        track
    } else {
        let swept = |at| (take.sweeps().iter()).any(|sweep| at >= sweep.start && at <= sweep.end);
        let kept = track.bends().iter().filter(|bend| !swept(bend.at));
        track.with_bends(kept.chain(take.bends()).copied().collect())
    };
    let song = song.with_track(track);
    let selection = keys.into_iter().collect::<Selection>().kept_in(&song);
    Edited { song, selection }
}

#[cfg(test)]
mod tests {
    use super::super::super::{ControlChange, PitchBend, Tick};
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
        let mut take = Take::default();
        take.control(pedal.at, pedal.controller, pedal.value);
        let edited = record(&song, TrackId(1), vec![note(480, 240, 62)], &take);
        assert_eq!(shown(&edited.song), [(0, 480, 60), (480, 240, 62)]);
        assert_eq!(edited.song.tracks[0].controls(), [pedal]);
        assert_eq!(edited.selection.len(), 1);
        let mut locked = (*song.tracks[0]).clone();
        locked.locked = true;
        let song = song.with_track(locked);
        let edited = record(&song, TrackId(1), vec![note(480, 240, 62)], &take);
        assert_eq!(edited.song, song);
    }

    #[test]
    fn what_is_bent_replaces_what_was_bent_there() {
        let bends = |values: &[(i64, i16)]| -> Vec<PitchBend> {
            let bend = |&(at, value): &(i64, i16)| PitchBend::new(Tick(at), value);
            values.iter().map(bend).collect()
        };
        let song = song_of(&[(0, 480, 60)]);
        let before = bends(&[(0, 100), (50, 0), (150, 200), (180, 0), (300, 300)]);
        let song = song.with_track(song.tracks[0].with_bends(before));
        let mut take = Take::default();
        take.bend(Tick(140), -50);
        take.bend(Tick(200), 0);
        let edited = record(&song, TrackId(1), Vec::new(), &take);
        let after = bends(&[(0, 100), (50, 0), (140, -50), (200, 0), (300, 300)]);
        assert_eq!(edited.song.tracks[0].bends(), after);
    }
}
