//! Putting a candidate into a song.

use std::sync::Arc;

use super::Candidate;
use crate::score::{
    ClipOrigin, Instrument, Note, Role, Song, Span, ThemeKind, ThemeRegion, Tick, Track, TrackId,
};
use crate::tokens::clip::{Voices, bar_ticks};

/// `song` with the candidate from `at` on: its melody in the theme's track, its accompaniment in the track that
/// accompanies the theme; tracks that are missing or locked are added. Unlocked notes that begin in that stretch of
/// those tracks give way. Theme regions and the candidate's lineage are recorded.
#[must_use]
pub fn place(song: &Song, candidate: &Candidate, at: Tick) -> Song {
    let span = Span {
        start: at,
        end: at + bar_ticks() * i64::from(candidate.bars),
    };
    let mut placed = song.clone();
    let mut tracks = Vec::new();
    let mut melody = None;
    for (name, role, wanted) in [
        ("MELODY", Role::Melody, Some(candidate.melody_track)),
        (
            "PIANO",
            Role::Piano,
            candidate.piano_track.or_else(|| {
                Voices::of(song)
                    .piano
                    .filter(|id| *id != candidate.melody_track)
            }),
        ),
    ] {
        let written = candidate
            .clip
            .tracks
            .iter()
            .find(|track| track.name == name);
        let notes: Vec<Note> = written
            .into_iter()
            .flat_map(|track| track.notes())
            .map(|note| Note {
                start: note.start + at,
                ..*note
            })
            .collect();
        let existing = wanted
            .and_then(|id| placed.track(id))
            .filter(|track| !track.locked)
            .cloned();
        if existing.is_none() && notes.is_empty() {
            continue;
        }
        let base = existing.unwrap_or_else(|| Arc::new(new_track(&placed, role)));
        let kept = base
            .notes()
            .iter()
            .filter(|note| note.locked || !span.contains(note.start))
            .copied();
        let all = kept.chain(notes).collect();
        if role == Role::Melody {
            melody = Some(base.id);
        }
        tracks.push(base.id);
        placed = placed.with_track(base.with_notes(all));
    }
    let Some(melody) = melody else {
        return placed;
    };
    placed.themes.retain(|region| {
        region.kind != ThemeKind::Return || region.track != melody || !region.span.overlaps(span)
    });
    placed
        .themes
        .extend(candidate.clip.themes.iter().map(|region| ThemeRegion {
            span: Span {
                start: region.span.start + at,
                end: region.span.end + at,
            },
            track: melody,
            kind: ThemeKind::Return,
        }));
    placed.themes.sort_by_key(|region| region.span.start);
    let is_covered = |origin: &ClipOrigin| {
        span.start <= origin.span.start
            && origin.span.end <= span.end
            && origin.tracks.iter().all(|track| tracks.contains(track))
    };
    placed.origins.retain(|origin| !is_covered(origin));
    placed.origins.push(ClipOrigin {
        span,
        tracks,
        lineage: Arc::clone(&candidate.lineage),
    });
    placed
}

fn new_track(song: &Song, role: Role) -> Track {
    let id: TrackId = song.free_track_id();
    Track::new(id, role.name(), Instrument::pitched(0), role)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use super::*;
    use crate::score::{Lineage, Pitch, Tempo, Velocity};
    use crate::tokens::clip::{Clip, ClipNote};
    use crate::tokens::theme_vocab::Voice;

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
            melody_track: TrackId(7),
            piano_track: None,
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
}
