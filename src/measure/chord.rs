//! Which chord sounds in a stretch of a song.
//!
//! Matching of the chroma with binary chord templates by the cosine, after Fujishima, "Realtime chord recognition of
//! musical sound" (1999).

use std::fmt;

use crate::score::{Key, PitchClass, Song, Span, Tick, Track};

/// The intervals of a chord above its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::EnumIter)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Quality {
    Major,
    Minor,
    Diminished,
    Augmented,
    SuspendedFourth,
    DominantSeventh,
    MajorSeventh,
    MinorSeventh,
    HalfDiminished,
}

impl Quality {
    /// Semitones above the root.
    pub fn intervals(self) -> &'static [u8] {
        match self {
            Self::Major => &[0, 4, 7],
            Self::Minor => &[0, 3, 7],
            Self::Diminished => &[0, 3, 6],
            Self::Augmented => &[0, 4, 8],
            Self::SuspendedFourth => &[0, 5, 7],
            Self::DominantSeventh => &[0, 4, 7, 10],
            Self::MajorSeventh => &[0, 4, 7, 11],
            Self::MinorSeventh => &[0, 3, 7, 10],
            Self::HalfDiminished => &[0, 3, 6, 10],
        }
    }

    /// What stands behind the root in a chord symbol.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Major => "",
            Self::Minor => "m",
            Self::Diminished => "dim",
            Self::Augmented => "aug",
            Self::SuspendedFourth => "sus4",
            Self::DominantSeventh => "7",
            Self::MajorSeventh => "maj7",
            Self::MinorSeventh => "m7",
            Self::HalfDiminished => "m7b5",
        }
    }
}

/// A chord; shown as a chord symbol ("Em", "D/F#").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    /// Its root.
    pub root: PitchClass,
    /// Its intervals.
    pub quality: Quality,
    /// What sounds lowest at its beginning.
    pub bass: PitchClass,
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled(|class| class.to_string()))
    }
}

/// Below this cosine the notes are no chord.
const LEAST_LIKENESS: f64 = 0.72;
/// What a bass on the root adds to the cosine: it tells C6 from Am7.
const ROOT_IN_BASS: f64 = 0.15;
/// What a seventh takes from it: a passing seventh in the melody does not make a seventh chord.
const SEVENTH: f64 = 0.03;

impl Chord {
    /// Its name with the note names of a key: Bb in F major, not A#.
    pub fn name_in(&self, key: Key) -> String {
        self.spelled(|class| key.spell(class).to_owned())
    }

    fn spelled(self, name: impl Fn(PitchClass) -> String) -> String {
        let mut text = name(self.root) + self.quality.symbol();
        if self.bass != self.root && self.contains(self.bass) {
            text = text + "/" + &name(self.bass);
        }
        text
    }

    /// Whether a pitch class is one of its tones.
    pub fn contains(&self, class: PitchClass) -> bool {
        let above = (class.get() + 12 - self.root.get()) % 12;
        self.quality.intervals().contains(&above)
    }

    /// The chord that the audible pitched tracks of `song` sound in `span`; `None` where fewer than three pitch
    /// classes sound or no chord is near.
    pub fn of(song: &Song, span: Span) -> Option<Self> {
        let mut chroma = [0.0_f64; 12];
        // The earliest onset, and the lowest pitch that sounds then: what a chord is named over.
        let mut bass: Option<(Tick, u8)> = None;
        for track in &song.tracks {
            if track.instrument.drums || !song.is_audible(track) {
                continue;
            }
            for (start, pitch, ticks) in sounding(track, span) {
                chroma[usize::from(pitch % 12)] += ticks as f64;
                // Players are not exact: onsets within a sixteenth are one.
                let onset = (start.floor_to(Tick::SIXTEENTH), pitch);
                bass = Some(bass.map_or(onset, |first| first.min(onset)));
            }
        }
        if chroma.iter().filter(|weight| **weight > 0.0).count() < 3 {
            return None;
        }
        let (_, bass) = bass?;
        Self::nearest(&chroma, PitchClass::from_semitones(i32::from(bass)))
    }

    fn nearest(chroma: &[f64; 12], bass: PitchClass) -> Option<Self> {
        use strum::IntoEnumIterator as _;
        let norm = chroma
            .iter()
            .map(|weight| weight * weight)
            .sum::<f64>()
            .sqrt();
        let mut best: Option<(f64, Self)> = None;
        // From the bass upwards, so that of equals the nearest above it is named.
        for root in (0..12).map(|above| (bass.get() + above) % 12) {
            for quality in Quality::iter() {
                let tones = quality.intervals();
                let weight_of = |interval: &u8| chroma[usize::from((root + interval) % 12)];
                // Without its root, or without what tells major from minor, it is not heard as that chord.
                if tones.iter().take(2).any(|tone| weight_of(tone) <= 0.0) {
                    continue;
                }
                let inside: f64 = tones.iter().map(weight_of).sum();
                let cosine = inside / norm / (tones.len() as f64).sqrt();
                if cosine < LEAST_LIKENESS {
                    continue;
                }
                let mut score = cosine;
                if root == bass.get() {
                    score += ROOT_IN_BASS;
                }
                if tones.len() > 3 {
                    score -= SEVENTH;
                }
                if best.is_none_or(|(highest, _)| score > highest) {
                    let root = PitchClass::from(root);
                    let chord = Self {
                        root,
                        quality,
                        bass,
                    };
                    best = Some((score, chord));
                }
            }
        }
        best.map(|(_, chord)| chord)
    }
}

/// What sounds in `span`: from when on, the pitch, and for how many ticks.
fn sounding(track: &Track, span: Span) -> impl Iterator<Item = (Tick, u8, i64)> + '_ {
    let notes = track.notes();
    let to = notes.partition_point(|note| note.start < span.end);
    notes
        .get(..to)
        .unwrap_or_default()
        .iter()
        .filter(move |note| note.end() > span.start && !note.muted)
        .map(move |note| {
            let start = note.start.max(span.start);
            let ticks = note.end().min(span.end) - start;
            (start, note.pitch.get(), ticks.0)
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::score::{Instrument, Note, Pitch, Role, TrackId, Velocity};

    fn chord(pitches: &[i32]) -> Option<Chord> {
        let notes = pitches
            .iter()
            .map(|pitch| {
                Note::new(
                    Tick(0),
                    Tick(3840),
                    Pitch::clamped(*pitch),
                    Velocity::DEFAULT,
                )
            })
            .collect();
        let track = Track::new(TrackId(1), "Piano", Instrument::pitched(0), Role::Piano);
        let song = Song {
            tracks: vec![Arc::new(track.with_notes(notes))],
            ..Song::default()
        };
        Chord::of(&song, Span::new(Tick(0), Tick(3840)))
    }

    fn symbol(pitches: &[i32]) -> String {
        chord(pitches).map_or_else(String::new, |chord| chord.to_string())
    }

    #[test]
    fn chords_are_named() {
        assert_eq!(symbol(&[48, 64, 67]), "C");
        assert_eq!(symbol(&[52, 59, 67]), "Em");
        assert_eq!(symbol(&[54, 62, 69]), "D/F#");
        assert_eq!(symbol(&[43, 59, 62, 65]), "G7");
        assert_eq!(symbol(&[45, 60, 64, 67]), "Am7");
        assert_eq!(
            symbol(&[48, 64, 67, 69]),
            "C",
            "C6 is no A minor seventh over C"
        );
        assert_eq!(symbol(&[47, 62, 65]), "Bdim");
        assert_eq!(symbol(&[43, 60, 62]), "Gsus4");
        let in_f = |pitches: &[i32]| {
            let key = "F major".parse().unwrap_or_default();
            chord(pitches).map(|chord| chord.name_in(key))
        };
        assert_eq!(symbol(&[50, 58, 65]), "A#/D");
        assert_eq!(in_f(&[50, 58, 65]), Some("Bb/D".to_owned()));
    }

    #[test]
    fn what_is_no_chord_has_no_name() {
        assert_eq!(chord(&[60, 64]), None, "two tones");
        assert_eq!(chord(&[60, 61, 62, 63, 64, 65]), None, "a cluster");
        assert_eq!(chord(&[]), None);
    }

    proptest! {
        #[test]
        fn chords_go_along_with_transposition(pitches in prop::collection::vec(40_i32..70, 1..7), by in 1_i32..12) {
            let up: Vec<i32> = pitches.iter().map(|pitch| pitch + by).collect();
            let shift = |class: PitchClass| PitchClass::from_semitones(i32::from(class.get()) + by);
            match (chord(&pitches), chord(&up)) {
                (Some(here), Some(there)) => {
                    prop_assert_eq!((shift(here.bass), shift(here.root)), (there.bass, there.root));
                    prop_assert_eq!(here.quality, there.quality);
                }
                (here, there) => prop_assert_eq!(here.is_some(), there.is_some()),
            }
        }

        #[test]
        fn a_triad_of_any_root_is_found(root in 36_i32..60, minor in any::<bool>(), octaves in 0_i32..3) {
            let third = if minor { 3 } else { 4 };
            let found = chord(&[root, root + third + 12 * octaves, root + 7]).unwrap();
            let expected = if minor { Quality::Minor } else { Quality::Major };
            prop_assert_eq!((i32::from(found.root.get()), found.quality), (root % 12, expected));
        }
    }
}
