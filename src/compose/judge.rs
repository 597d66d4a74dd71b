//! Judging music that is there already, by the measures that candidates are ranked by.

use std::sync::Arc;

use super::band::{self, part_of};
use super::settings::first_phrase;
use super::{Candidate, ContinueSettings, Measured, Theme, rank};
use crate::score::{Lineage, Song, ThemeKind, Tick, TrackId};
use crate::tokens::clip::Voices;
use crate::tokens::part::Part;

/// Parts of a band from which on music counts as a band's, where it has no drums.
const BAND_PARTS: usize = 3;

/// The measures of a piece, those that are defined: a band's where drums or three of its parts play, else those of a
/// continuation, in which the theme is the marked one or the first two bars of the melody. Empty without notes.
pub fn judge(song: &Song) -> Vec<Measured> {
    let parts: Vec<(Part, TrackId)> = (Part::ALL.into_iter())
        .filter_map(|part| {
            let mut playing = (song.tracks.iter()).filter(|track| !track.notes().is_empty());
            let track = playing.find(|track| part_of(track) == Some(part))?;
            Some((part, track.id))
        })
        .collect();
    let drums = parts.iter().any(|(part, _)| *part == Part::Drums);
    if drums || parts.len() >= BAND_PARTS {
        as_band(song, &parts)
    } else {
        as_continuation(song).unwrap_or_default()
    }
}

fn as_band(song: &Song, parts: &[(Part, TrackId)]) -> Vec<Measured> {
    let tracks = parts.iter().filter_map(|(part, id)| {
        let mut track = (**song.track(*id)?).clone();
        track.id = band::track_id(*part);
        Some(Arc::new(track))
    });
    let clip = Song {
        tracks: tracks.collect(),
        ..song.clone()
    };
    let mut candidate = Candidate {
        index: 0,
        bars: song.bars(),
        clip: Arc::new(clip),
        at: Tick::ZERO,
        tracks: Vec::new(),
        keeps: Vec::new(),
        stages: Vec::new(),
        lineage: Arc::new(Lineage {
            kind: String::new(),
            model: String::new(),
            checkpoint: String::new(),
            seed: 0,
            candidate: 0,
            settings: std::collections::BTreeMap::new(),
            parent: None,
        }),
        measures: Vec::new(),
        score: 0.0,
    };
    let parts: Vec<Part> = parts.iter().map(|(part, _)| *part).collect();
    band::judge(&mut candidate, &parts, song.key, &[]);
    candidate.measures
}

fn as_continuation(song: &Song) -> Option<Vec<Measured>> {
    let voices = Voices::of(song);
    let melody = song.track(voices.melody?)?;
    let marked = ContinueSettings::of_song(song).filter(|marked| marked.track == melody.id);
    let settings = marked.or_else(|| {
        Some(ContinueSettings {
            theme: first_phrase(melody, song)?,
            track: melody.id,
            ..ContinueSettings::default()
        })
    })?;
    let theme = Theme::of(song, &settings).ok()?;
    let tracks = [Some(melody), voices.piano.and_then(|id| song.track(id))];
    let mut clip = Song {
        tracks: tracks.into_iter().flatten().cloned().collect(),
        ..song.clone()
    };
    clip.themes
        .retain(|region| region.kind == ThemeKind::Return && region.track == melody.id);
    Some(rank::measures(&clip, song.bars(), &theme, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Instrument, Note, Pitch, Role, Track, Velocity};

    fn track(id: u32, role: Role, pitches: &[i32]) -> Track {
        let notes = (0..).zip(pitches).map(|(beat, pitch)| {
            Note::new(
                Tick(beat * 960),
                Tick(960),
                Pitch::clamped(*pitch),
                Velocity::DEFAULT,
            )
        });
        let instrument = if role == Role::Drums {
            Instrument::DRUMS
        } else {
            Instrument::pitched(0)
        };
        Track::new(TrackId(id), "T", instrument, role).with_notes(notes.collect())
    }

    fn names(song: &Song) -> Vec<&'static str> {
        judge(song).iter().map(|measured| measured.name).collect()
    }

    #[test]
    fn a_melody_is_judged_as_one_and_a_band_as_a_band() {
        let line = [60, 62, 64, 65, 67, 65, 64, 62, 61, 62, 64, 60];
        let song = Song::default().with_track(track(1, Role::Melody, &line));
        let found = judge(&song);
        let value = |name: &str| found.iter().find(|m| m.name == name).map(|m| m.value);
        assert_eq!(value("melody"), Some(1.0));
        assert_eq!(value("in key"), Some(11.0 / 12.0));
        assert_eq!(value("theme"), None, "nothing is labelled as a return");
        let band = song
            .with_track(track(2, Role::Drums, &[36, 42, 38, 42]))
            .with_track(track(3, Role::Bass, &[36, 36, 43, 43]));
        assert!(names(&band).contains(&"drums") && names(&band).contains(&"harmony"));
        assert!(judge(&Song::default()).is_empty());
    }
}
