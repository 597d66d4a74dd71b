//! Putting a candidate into a song.

use std::sync::Arc;

use super::{Candidate, PlacedTrack};
use crate::score::{
    ClipOrigin, Lineage, Note, Song, Span, ThemeKind, ThemeRegion, Tick, Track, TrackId,
};
use crate::tokens::clip::bar_ticks;

/// `song` with the tracks of a candidate from `at` on (usually [`Candidate::at`]); tracks that are missing or locked are
/// added. In the bars that a track writes, unlocked notes that begin there give way; all else stays as it is. Theme regions
/// and the candidate's lineage are recorded.
///
/// Tracks that the clip lacks are left alone, so a clip may be cut down to what is wanted.
#[must_use]
pub fn place(song: &Song, candidate: &Candidate, at: Tick) -> Song {
    let span = bars_at(at, 0, candidate.bars);
    let mut placed = song.clone();
    // Tracks of the clip, and the tracks of the song that took them.
    let mut taken: Vec<(TrackId, TrackId)> = Vec::new();
    for part in &candidate.tracks {
        let Some(written) = candidate.clip.track(part.from) else {
            continue;
        };
        let existing = destination(&placed, candidate, part, written, &taken).cloned();
        let is_new = existing.is_none();
        if is_new && (written.notes().is_empty() || part.bars.is_empty()) {
            continue;
        }
        let base = existing.unwrap_or_else(|| Arc::new(new_track(&placed, written)));
        taken.push((part.from, base.id));
        let writes = bars_at(at, part.bars.start, part.bars.end);
        if !writes.is_empty() {
            placed = placed.with_track(written_into(&base, written, writes, at));
        }
        placed.themes.retain(|region| {
            region.kind != ThemeKind::Return
                || region.track != base.id
                || !region.span.overlaps(writes)
        });
    }
    if taken.is_empty() {
        return placed;
    }
    place_themes(&mut placed, candidate, &taken, at);
    let tracks: Vec<TrackId> = taken.iter().map(|(_, into)| *into).collect();
    let is_covered = |origin: &ClipOrigin| {
        span.start <= origin.span.start
            && origin.span.end <= span.end
            && origin.tracks.iter().all(|track| tracks.contains(track))
    };
    placed.origins.retain(|origin| !is_covered(origin));
    placed.origins.push(ClipOrigin {
        span,
        tracks,
        lineage: Lineage::pruned(&candidate.lineage),
    });
    placed
}

/// The bars `from..to` of a clip that stands at `at`.
fn bars_at(at: Tick, from: u32, to: u32) -> Span {
    Span::new(
        at + bar_ticks() * i64::from(from),
        at + bar_ticks() * i64::from(to.max(from)),
    )
}

/// The track of the song that takes `written`; `None` where one must be added.
fn destination<'a>(
    song: &'a Song,
    candidate: &Candidate,
    part: &PlacedTrack,
    written: &Track,
    taken: &[(TrackId, TrackId)],
) -> Option<&'a Arc<Track>> {
    if let Some(wanted) = part.into {
        return song
            .track(wanted)
            .filter(|track| !track.locked || part.bars.is_empty());
    }
    song.tracks.iter().find(|track| {
        track.role == written.role
            && track.instrument.drums == written.instrument.drums
            && !track.locked
            && !candidate.keeps.contains(&track.id)
            && taken.iter().all(|(_, into)| *into != track.id)
            && (candidate.tracks.iter()).all(|other| other.into != Some(track.id))
    })
}

/// `base` with the notes that `written` begins in `writes`; those of `base` that begin there give way unless they are
/// locked.
///
/// What is kept stays to the tick: a new note under a kept one of the same pitch is left out, and one that would reach a
/// later kept note of its pitch ends there.
pub(super) fn written_into(base: &Track, written: &Track, writes: Span, at: Tick) -> Track {
    let kept: Vec<Note> = (base.notes().iter())
        .filter(|note| note.locked || !writes.contains(note.start))
        .copied()
        .collect();
    let from = Span::new(writes.start - at, writes.end - at);
    let new = written.notes_starting_in(from).iter().map(|note| Note {
        start: note.start + at,
        ..*note
    });
    base.with_notes(overlay(kept, new))
}

/// `kept` and those of `new` that do not begin under a kept note of their pitch.
pub(super) fn overlay(kept: Vec<Note>, new: impl Iterator<Item = Note>) -> Vec<Note> {
    let mut all = kept;
    let kept = all.len();
    for note in new {
        let is_under = all[..kept].iter().any(|held| {
            held.pitch == note.pitch && held.start <= note.start && note.start < held.end()
        });
        if !is_under {
            all.push(note);
        }
    }
    all
}

/// The clip's theme regions on the tracks that took theirs. A theme of its own takes the place of the song's.
fn place_themes(placed: &mut Song, candidate: &Candidate, taken: &[(TrackId, TrackId)], at: Tick) {
    for region in &candidate.clip.themes {
        let Some((_, track)) = taken.iter().find(|(from, _)| *from == region.track) else {
            continue;
        };
        if region.kind == ThemeKind::Theme {
            placed.themes.retain(|other| other.kind != ThemeKind::Theme);
        }
        placed.themes.push(ThemeRegion {
            span: Span::new(region.span.start + at, region.span.end + at),
            track: *track,
            kind: region.kind,
        });
    }
    placed.themes.sort_by_key(|region| region.span.start);
}

fn new_track(song: &Song, written: &Track) -> Track {
    Track::new(
        song.free_track_id(),
        written.role.name(),
        written.instrument,
        written.role,
    )
}
#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;
    use std::ops::Range;

    use super::*;
    use crate::score::{Instrument, Lineage, Pitch, Role, Tempo, Velocity};
    use crate::tokens::clip::{Clip, ClipNote};
    use crate::tokens::theme_vocab::Voice;

    fn placed(from: u32, into: Option<u32>, bars: Range<u32>) -> PlacedTrack {
        PlacedTrack {
            from: TrackId(from),
            into: into.map(TrackId),
            bars,
        }
    }

    fn candidate() -> Candidate {
        let note = |voice, step, pitch| ClipNote {
            voice,
            step,
            length: 4,
            pitch,
            velocity: 80,
        };
        let clip = Clip {
            bars: 2,
            notes: vec![note(Voice::Melody, 0, 64), note(Voice::Piano, 16, 48)],
            tempos: vec![],
            themes: std::iter::once(1..2).collect(),
        };
        Candidate {
            index: 0,
            clip: Arc::new(clip.to_song(Tempo::default())),
            bars: 2,
            at: Tick(3840),
            tracks: vec![placed(1, Some(7), 0..2), placed(2, None, 0..2)],
            keeps: vec![],
            stages: vec![],
            lineage: Arc::new(Lineage {
                kind: "continue".into(),
                model: String::new(),
                checkpoint: String::new(),
                seed: 1,
                candidate: 0,
                settings: BTreeMap::new(),
                parent: None,
            }),
            measures: vec![],
            score: 0.5,
        }
    }

    fn song() -> Song {
        let note = |at, pitch| {
            Note::new(
                Tick(at),
                Tick(960),
                Pitch::clamped(pitch),
                Velocity::DEFAULT,
            )
        };
        let locked = Note {
            locked: true,
            ..note(4800, 72)
        };
        Song::default().with_track(
            Track::new(TrackId(7), "Flute", Instrument::pitched(73), Role::Melody).with_notes(
                vec![note(0, 60), note(3840, 62), locked, note(3840 * 3, 65)],
            ),
        )
    }

    #[test]
    fn a_candidate_replaces_what_is_not_locked() {
        let placed = place(&song(), &candidate(), Tick(3840));
        let shown: Vec<_> = placed.tracks[0]
            .notes()
            .iter()
            .map(|note| (note.start.0, note.pitch.get()))
            .collect();
        assert_eq!(shown, [(0, 60), (3840, 64), (4800, 72), (11_520, 65)]);
        assert_eq!(placed.tracks[0].name, "Flute");
        let piano = &placed.tracks[1];
        assert_eq!(
            (piano.role, piano.notes()[0].start),
            (Role::Piano, Tick(7680))
        );
        assert_eq!(placed.themes[0].span.start, Tick(7680));
        assert_eq!(placed.origins[0].span, Span::new(Tick(3840), Tick(11_520)));
        assert_eq!(placed.origins[0].tracks, [TrackId(7), piano.id]);
    }

    #[test]
    fn placing_again_replaces_the_first() {
        let once = place(&song(), &candidate(), Tick(3840));
        assert_eq!(place(&once, &candidate(), Tick(3840)), once);
    }

    #[test]
    fn a_locked_track_is_left_alone() {
        let mut locked = (*song().tracks[0]).clone();
        locked.locked = true;
        let song = song().with_track(locked);
        let placed = place(&song, &candidate(), Tick(3840));
        assert_eq!(placed.tracks[0], song.tracks[0]);
        assert_eq!(placed.tracks.len(), 3);
        assert_eq!(placed.tracks[1].notes().len(), 1);
    }

    #[test]
    fn only_the_bars_that_are_written_change() {
        let once = place(&song(), &candidate(), Tick(3840));
        let mut again = candidate();
        // The melody is written in its second bar only, the piano belongs to the clip and is kept.
        again.tracks = vec![placed(1, Some(7), 1..2), placed(2, Some(8), 0..0)];
        let placed = place(&once, &again, Tick(3840));
        assert_eq!(placed.tracks[1], once.tracks[1]);
        assert_eq!(
            placed.tracks[0].notes(),
            once.tracks[0].notes(),
            "that bar has no notes in either"
        );
        assert_eq!(placed.origins, once.origins);
    }

    #[test]
    fn what_is_kept_stays_to_the_tick() {
        let long = |at: i64, length: i64| {
            Note::new(
                Tick(at),
                Tick(length),
                Pitch::clamped(64),
                Velocity::DEFAULT,
            )
        };
        let base = song().tracks[0].with_notes(vec![long(0, 4000), long(7680, 100)]);
        let song = song().with_track(base);
        let mut candidate = candidate();
        let mut clip = (*candidate.clip).clone();
        clip = clip.with_track(clip.tracks[0].with_notes(vec![long(0, 960), long(960, 9000)]));
        candidate.clip = Arc::new(clip);
        candidate.tracks = vec![placed(1, Some(7), 0..1)];
        let placed = place(&song, &candidate, Tick(3840));
        let shown: Vec<_> = placed.tracks[0]
            .notes()
            .iter()
            .map(|note| (note.start.0, note.duration.0))
            .collect();
        // The first new note lies under the kept one; the second ends where the next kept one begins.
        assert_eq!(shown, [(0, 4000), (4800, 2880), (7680, 100)]);
    }

    #[test]
    fn tracks_are_found_by_role_but_never_what_was_given() {
        let mut candidate = candidate();
        candidate.tracks = vec![placed(2, None, 0..2)];
        let keys = Track::new(TrackId(9), "Keys", Instrument::pitched(4), Role::Piano);
        let song = song().with_track(keys);
        let into = |candidate: &Candidate| place(&song, candidate, Tick(0)).origins[0].tracks[0];
        assert_eq!(into(&candidate), TrackId(9));
        candidate.keeps = vec![TrackId(9)];
        assert_eq!(into(&candidate), TrackId(10));
        assert_eq!(
            place(&song, &candidate.only(|_| false), Tick(0)),
            song,
            "nothing is wanted"
        );
    }

    type Line = Vec<(i64, i64, i32, bool)>;

    fn lines() -> impl proptest::strategy::Strategy<Value = (Line, Line)> {
        use proptest::prelude::*;
        let note = || (0_i64..16_000, 1_i64..3_000, 60_i32..66, any::<bool>());
        (
            prop::collection::vec(note(), 0..24),
            prop::collection::vec(note(), 0..24),
        )
    }

    proptest::proptest! {
        /// Whatever is kept of a candidate: no locked note and no note outside its bars is lost, moved or cut.
        #[test]
        fn no_locked_note_is_ever_lost((there, new) in lines(), from in 0_u32..2, bars in 0_u32..3) {
            let notes = |line: &Line, locks: bool| -> Vec<Note> {
                (line.iter())
                    .map(|(start, length, pitch, locked)| Note {
                        locked: *locked && locks,
                        ..Note::new(Tick(*start), Tick(*length), Pitch::clamped(*pitch), Velocity::DEFAULT)
                    })
                    .collect()
            };
            let base = song().tracks[0].with_notes(notes(&there, true));
            let song = song().with_track(base.clone());
            let mut candidate = candidate();
            let clip = candidate.clip.tracks[0].with_notes(notes(&new, false));
            candidate.clip = Arc::new(candidate.clip.with_track(clip));
            candidate.tracks = vec![placed(1, Some(7), from..from + bars)];
            let after = place(&song, &candidate, Tick(3840));
            let writes = bars_at(Tick(3840), from, from + bars);
            for note in base.notes().iter().filter(|note| note.locked || !writes.contains(note.start)) {
                proptest::prop_assert!(after.tracks[0].notes().contains(note), "{:?}", note);
            }
        }
    }
}
