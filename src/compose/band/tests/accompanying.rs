//! Playing to a given part.

use super::*;

#[test]
fn what_is_given_stays_and_is_followed() {
    let song = drawn();
    let best = made(&song, Kind::Accompany(accompany()), 2, 2).remove(0);
    let with = place(&song, &best, best.at);
    assert_eq!(
        with.tracks[0], song.tracks[0],
        "the given track is untouched"
    );
    assert_eq!(
        (best.bars, best.at, best.keeps.clone()),
        (6, Tick(3840), vec![TrackId(4)])
    );
    let roles: Vec<Role> = with.tracks.iter().map(|track| track.role).collect();
    let expected = [
        Role::Piano,
        Role::Bass,
        Role::Drums,
        Role::Guitar,
        Role::Strings,
    ];
    assert_eq!(roles, expected);
    // The bass of the song takes the new bass in the bars that were asked for.
    assert_eq!(
        notes(&with, Part::Bass, 0..1),
        notes(&song, Part::Bass, 0..1)
    );
    assert_ne!(
        notes(&with, Part::Bass, 1..7),
        notes(&song, Part::Bass, 1..7)
    );
    // The clip shows what was given.
    let given = best.clip.tracks[0].notes();
    assert_eq!(given.len(), notes(&song, Part::Piano, 1..7).len());
    // Another given part, another band.
    let mut other = drawn();
    let moved = other.tracks[0].notes().iter().map(|note| Note {
        pitch: note.pitch.transposed(1).unwrap(),
        ..*note
    });
    other = other.with_track(other.tracks[0].with_notes(moved.collect()));
    let changed = made(&other, Kind::Accompany(accompany()), 2, 2);
    let same = changed
        .iter()
        .find(|candidate| candidate.index == best.index)
        .unwrap();
    let strings = track_id(Part::Strings);
    assert_ne!(same.clip.track(strings), best.clip.track(strings));
    // It is made again from the lineage alone, and re-rolled with what was given then.
    let stored = saved_and_opened(&with);
    let lineage = Arc::clone(&stored.origins[0].lineage);
    let again = made(&Song::default(), Kind::Again(lineage), 1, 1).remove(0);
    assert_eq!(again.clip.track(strings), best.clip.track(strings));
    let vary = VarySettings {
        bars: 2..3,
        parts: vec![Part::Strings],
        ..VarySettings::default()
    };
    let rolled = made(&stored, Kind::Vary(vary), 4, 1).remove(0);
    let rolled = place(&stored, &rolled, rolled.at);
    assert_eq!(rolled.tracks[..4], stored.tracks[..4]);
    assert_ne!(
        notes(&rolled, Part::Strings, 2..3),
        notes(&stored, Part::Strings, 2..3)
    );
    assert_eq!(
        notes(&rolled, Part::Strings, 3..9),
        notes(&stored, Part::Strings, 3..9)
    );
}

#[test]
fn a_model_of_the_white_keys_hears_and_is_heard_in_the_key_of_what_is_given() {
    let scale = [0, 2, 4, 5, 7, 9, 11, 12];
    let notes = (0..32).map(|beat| {
        Note::new(
            Tick(beat * 960),
            Tick(960),
            Pitch::clamped(64 + scale[(beat * 3 % 8) as usize]),
            Velocity::DEFAULT,
        )
    });
    let piano = Instrument::pitched(0);
    let track = Track::new(TrackId(4), "Keys", piano, Role::Piano).with_notes(notes.collect());
    let song = Song::default().with_track(track);
    let settings = AccompanySettings {
        model: "white".to_owned(),
        bars: 0..8,
        ..accompany()
    };
    let key: Key = "E major".parse().unwrap();
    let best = made(&song, Kind::Accompany(settings), 2, 1).remove(0);
    for track in best
        .clip
        .tracks
        .iter()
        .filter(|track| !track.instrument.drums)
    {
        assert!(!track.notes().is_empty());
        let mut pitches = track.notes().iter().map(|note| note.pitch);
        assert!(pitches.all(|pitch| key.pitch_classes().contains(pitch)));
    }
}
