//! Clips to token numbers of the theme vocabulary, and back.

use super::clip::{Clip, ClipNote, ClipTempo, THEME_INFO_TRACK, Voices};
use super::theme_vocab::{Id, STEPS_PER_BAR, Token, Voice, nearest_tempo};
use crate::score::{Song, Span, Tick};

/// The tokens of a clip: a Bar for each of its bars, a Position before the first event of a step, within a step the
/// tempo first, then the voices in order, high pitch first; theme regions between Theme_Start and Theme_End.
pub fn encode(clip: &Clip) -> Vec<Id> {
    let mut tokens = Vec::with_capacity(clip.notes.len() * 4 + clip.bars as usize + 4);
    let (mut notes, mut tempos) = (clip.notes.iter().peekable(), clip.tempos.iter().peekable());
    for bar in 0..clip.bars {
        if clip.themes.iter().any(|theme| theme.start == bar) {
            tokens.push(Token::ThemeStart.id());
        }
        tokens.push(Token::Bar.id());
        let end = (bar + 1) * STEPS_PER_BAR;
        let mut written = None;
        loop {
            let note = notes.peek().map(|note| note.step).filter(|at| *at < end);
            let tempo = tempos.peek().map(|tempo| tempo.step).filter(|at| *at < end);
            let Some(step) = note.into_iter().chain(tempo).min() else {
                break;
            };
            if written != Some(step) {
                tokens.push(Token::Position((step % STEPS_PER_BAR) as u8).id());
                written = Some(step);
            }
            if let Some(tempo) = tempos.next_if(|tempo| tempo.step <= step) {
                tokens.push(Token::Tempo(tempo.bpm).id());
            } else if let Some(note) = notes.next() {
                tokens.extend([
                    Token::NoteOn(note.voice, note.pitch).id(),
                    Token::Duration(note.voice, note.length).id(),
                    Token::Velocity(note.voice, note.velocity).id(),
                ]);
            }
        }
        if clip.themes.iter().any(|theme| theme.end == bar + 1) {
            tokens.push(Token::ThemeEnd.id());
        }
    }
    tokens
}

/// A theme as the encoder takes it: Theme_Start, the clip's tokens without tempos, Theme_End.
pub fn encode_source(clip: &Clip) -> Vec<Id> {
    let mut whole = Clip {
        tempos: Vec::new(),
        themes: Vec::new(),
        ..clip.clone()
    };
    if whole.bars > 0 {
        whole.themes.push(0..whole.bars);
    }
    encode(&whole)
}

/// The tokens of a theme file, as the published preparation makes them.
///
/// It keeps what lies between the first melody onset and the end of the last melody note, repeats the tempo at the
/// first melody onset, leaves out bars that end before it, and leaves out a last bar that begins with the last onset.
/// Empty without a melody.
pub fn encode_published(song: &Song) -> Vec<Id> {
    let voices = Voices {
        bridge: None,
        ..Voices::of(song)
    };
    let is_music = |id| song.track(id).is_some_and(|t| t.name != THEME_INFO_TRACK);
    let Some(melody) = voices
        .melody
        .filter(|id| is_music(*id))
        .and_then(|id| song.track(id))
    else {
        return Vec::new();
    };
    let (Some(first), Some(last)) = (melody.notes().first(), melody.notes().last()) else {
        return Vec::new();
    };
    let step = |tick: Tick| u32::try_from(tick.0 / Tick::SIXTEENTH.0).unwrap_or(0);
    let (start, end) = (step(first.start), step(last.end()));
    let mut clip = Clip::from_song(song, voices, Span::new(Tick::ZERO, song.end() + Tick(1)));
    clip.notes
        .retain(|note| note.voice == Voice::Melody || (start..=end).contains(&note.step));
    clip.tempos = song
        .tempo
        .changes()
        .iter()
        .map(|change| ClipTempo {
            step: step(change.at),
            bpm: nearest_tempo(change.tempo.bpm()),
        })
        .filter(|tempo| tempo.step <= end)
        .collect();
    if clip.tempos.iter().all(|tempo| tempo.step != start)
        && let Some(before) = clip.tempos.iter().rev().find(|tempo| tempo.step < start)
    {
        let bpm = before.bpm;
        clip.tempos.push(ClipTempo { step: start, bpm });
    }
    clip.sort();
    let last_event = clip
        .notes
        .iter()
        .map(|note| note.step)
        .chain(clip.tempos.iter().map(|tempo| tempo.step))
        .max()
        .unwrap_or(0);
    let skipped = start.saturating_sub(1) / STEPS_PER_BAR;
    let bars = last_event.div_ceil(STEPS_PER_BAR);
    encode(&clip.bars_of(skipped..bars))
}

/// Tokens that do not read as music.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// A number outside the vocabulary.
    #[error("token {at} is number {id}, which the theme vocabulary does not have")]
    Unknown {
        /// Place in the sequence, from 0.
        at: usize,
        /// The number.
        id: Id,
    },
    /// A token that cannot stand where it stands.
    #[error("token {at} is {token} where {expected} must stand")]
    Misplaced {
        /// Place in the sequence, from 0.
        at: usize,
        /// Its published name.
        token: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// The sequence stops inside a note.
    #[error("the sequence ends inside a note")]
    Incomplete,
}

/// The music of a token sequence. Padding is skipped; a tempo before the first bar stands at step 0; a theme region
/// that is still open at the end ends with the last bar.
///
/// # Errors
/// A number outside the vocabulary, a token out of place, or a note without duration and velocity at the end.
pub fn decode(tokens: &[Id]) -> Result<Clip, DecodeError> {
    let mut clip = Clip::default();
    let mut step = None;
    let mut open_theme = None;
    let mut at = 0;
    while let Some(id) = tokens.get(at).copied() {
        let token = Token::from_id(id).ok_or(DecodeError::Unknown { at, id })?;
        let misplaced = |expected| {
            Err(DecodeError::Misplaced {
                at,
                token: token.to_string(),
                expected,
            })
        };
        match token {
            Token::Padding | Token::PhraseStart | Token::PhraseEnd => {}
            Token::Bar => {
                clip.bars += 1;
                step = None;
            }
            Token::Position(position) => {
                if clip.bars == 0 {
                    return misplaced("a Bar");
                }
                let next = (clip.bars - 1) * STEPS_PER_BAR + u32::from(position);
                if step.is_some_and(|step| step >= next) {
                    return misplaced("a later Position or a Bar");
                }
                step = Some(next);
            }
            Token::Tempo(bpm) => match step {
                _ if clip.bars == 0 => clip.tempos.push(ClipTempo { step: 0, bpm }),
                Some(step) => clip.tempos.push(ClipTempo { step, bpm }),
                None => return misplaced("a Position"),
            },
            Token::NoteOn(voice, pitch) => {
                let Some(step) = step else {
                    return misplaced("a Position");
                };
                let (length, velocity) = note_tail(tokens, at, voice)?;
                clip.notes.push(ClipNote {
                    voice,
                    step,
                    length,
                    pitch,
                    velocity,
                });
                at += 2;
            }
            Token::Duration(..) | Token::Velocity(..) => return misplaced("a Note-On"),
            Token::ThemeStart => {
                if open_theme.is_some() {
                    return misplaced("a Theme_End");
                }
                open_theme = Some(clip.bars);
            }
            Token::ThemeEnd => {
                // Without its start (a sequence cut in the middle) a region begins where the sequence does.
                let start = open_theme.take().unwrap_or(0);
                clip.themes.push(start..clip.bars);
            }
        }
        at += 1;
    }
    if let Some(start) = open_theme {
        clip.themes.push(start..clip.bars);
    }
    clip.themes.retain(|theme| !theme.is_empty());
    clip.sort();
    Ok(clip)
}

/// Duration and velocity of the note whose Note-On stands at `at`.
fn note_tail(tokens: &[Id], at: usize, voice: Voice) -> Result<(u8, u8), DecodeError> {
    let read = |at: usize| match tokens.get(at) {
        None => Err(DecodeError::Incomplete),
        Some(id) => Token::from_id(*id).ok_or(DecodeError::Unknown { at, id: *id }),
    };
    let misplaced = |at, token: Token, expected| DecodeError::Misplaced {
        at,
        token: token.to_string(),
        expected,
    };
    let length = match read(at + 1)? {
        Token::Duration(of, length) if of == voice => length,
        other => {
            return Err(misplaced(
                at + 1,
                other,
                "a Note-Duration of the same voice",
            ));
        }
    };
    match read(at + 2)? {
        Token::Velocity(of, velocity) if of == voice => Ok((length, velocity)),
        other => Err(misplaced(
            at + 2,
            other,
            "a Note-Velocity of the same voice",
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::score::{Instrument, Note, Pitch, Role, Tempo, TempoMap, Track, TrackId, Velocity};

    /// Reads the small files of the test data, which hold one tempo and plain note pairs.
    fn read_midi(path: &Path) -> Song {
        let bytes = std::fs::read(path).unwrap();
        let midi = midly::Smf::parse(&bytes).unwrap();
        let midly::Timing::Metrical(quarter) = midi.header.timing else {
            panic!("metrical timing")
        };
        let tick = |at: u64| Tick(at as i64 * Tick::QUARTER.0 / i64::from(quarter.as_int()));
        let mut song = Song::default();
        for events in &midi.tracks {
            let (mut now, mut name) = (0, String::new());
            let (mut open, mut notes) = (BTreeMap::new(), Vec::new());
            for event in events {
                now += u64::from(event.delta.as_int());
                match event.kind {
                    midly::TrackEventKind::Meta(midly::MetaMessage::TrackName(bytes)) => {
                        name = String::from_utf8_lossy(bytes).into_owned();
                    }
                    midly::TrackEventKind::Meta(midly::MetaMessage::Tempo(micros)) => {
                        song.tempo =
                            TempoMap::constant(Tempo::from_micros_per_quarter(micros.as_int()))
                                .into();
                    }
                    midly::TrackEventKind::Midi {
                        message: midly::MidiMessage::NoteOn { key, vel },
                        ..
                    } if vel > 0 => {
                        open.insert(key, (now, vel));
                    }
                    midly::TrackEventKind::Midi {
                        message:
                            midly::MidiMessage::NoteOff { key, .. }
                            | midly::MidiMessage::NoteOn { key, .. },
                        ..
                    } => {
                        if let Some((start, vel)) = open.remove(&key) {
                            notes.push(Note::new(
                                tick(start),
                                tick(now - start),
                                Pitch::clamped(i32::from(key.as_int())),
                                Velocity::clamped(i32::from(vel.as_int())),
                            ));
                        }
                    }
                    _ => {}
                }
            }
            if !notes.is_empty() {
                let id = song.free_track_id();
                song = song.with_track(
                    Track::new(id, name, Instrument::pitched(0), Role::Piano).with_notes(notes),
                );
            }
        }
        song
    }

    fn names(tokens: &[Id]) -> Vec<String> {
        tokens
            .iter()
            .map(|id| Token::from_id(*id).unwrap().to_string())
            .collect()
    }

    #[test]
    fn the_published_themes_become_the_published_tokens() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let expected: BTreeMap<String, Vec<Id>> =
            serde_json::from_str(include_str!("../../tests/data/theme_tokens.json")).unwrap();
        assert_eq!(expected.len(), 15);
        for (name, tokens) in &expected {
            let song = read_midi(&data.join("themes").join(name));
            assert_eq!(names(&encode_published(&song)), names(tokens), "{name}");
            let clip = decode(tokens).unwrap();
            assert_eq!(
                &encode(&clip),
                tokens,
                "{name} is not the same after decoding"
            );
        }
    }

    #[test]
    fn a_source_has_no_tempo_and_is_one_region() {
        let clip = decode(&encode(&example())).unwrap();
        assert_eq!(clip, example());
        assert_eq!(
            names(&encode_source(&clip)),
            [
                "Theme_Start",
                "Bar",
                "Position_3",
                "Note-On-MELODY_60",
                "Note-Duration-MELODY_4",
                "Note-Velocity-MELODY_90",
                "Bar",
                "Theme_End"
            ]
        );
        assert!(encode_source(&Clip::default()).is_empty());
    }

    fn example() -> Clip {
        Clip {
            bars: 2,
            notes: vec![ClipNote {
                voice: Voice::Melody,
                step: 3,
                length: 4,
                pitch: 60,
                velocity: 90,
            }],
            tempos: vec![ClipTempo { step: 0, bpm: 119 }],
            themes: std::iter::once(1..2).collect(),
        }
    }

    #[test]
    fn tokens_out_of_place_are_named() {
        let on = Token::NoteOn(Voice::Melody, 60).id();
        let position = Token::Position(4).id();
        let bar = Token::Bar.id();
        for (tokens, message) in [
            (
                vec![bar, 5000],
                "token 1 is number 5000, which the theme vocabulary does not have",
            ),
            (
                vec![position],
                "token 0 is Position_4 where a Bar must stand",
            ),
            (
                vec![bar, on],
                "token 1 is Note-On-MELODY_60 where a Position must stand",
            ),
            (
                vec![bar, position, position],
                "token 2 is Position_4 where a later Position or a Bar must stand",
            ),
            (
                vec![bar, position, on, Token::Duration(Voice::Piano, 3).id()],
                "token 3 is Note-Duration-PIANO_3 where a Note-Duration of the same voice must stand",
            ),
            (vec![bar, position, on], "the sequence ends inside a note"),
        ] {
            assert_eq!(decode(&tokens).unwrap_err().to_string(), message);
        }
    }

    fn clips() -> impl Strategy<Value = Clip> {
        let note = (
            0_u32..64,
            1_u8..=64,
            1_u8..=127,
            1_u8..=126,
            prop_oneof![Just(Voice::Melody), Just(Voice::Bridge), Just(Voice::Piano)],
        )
            .prop_map(|(step, length, pitch, velocity, voice)| ClipNote {
                voice,
                step,
                length,
                pitch,
                velocity,
            });
        let tempo = (0_u32..64, 0_u8..60).prop_map(|(step, index)| ClipTempo {
            step,
            bpm: 17 + 3 * index,
        });
        (
            prop::collection::vec(note, 0..60),
            prop::collection::vec(tempo, 0..3),
            prop_oneof![
                Just(vec![]),
                Just(std::iter::once(0..2).collect()),
                Just(vec![0..1, 1..4])
            ],
        )
            .prop_map(|(notes, tempos, themes)| {
                let mut clip = Clip {
                    bars: 4,
                    notes,
                    tempos,
                    themes,
                };
                clip.sort();
                clip
            })
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(clip in clips()) {
            prop_assert_eq!(decode(&encode(&clip)), Ok(clip));
        }

        #[test]
        fn any_numbers_are_music_or_an_error(tokens in prop::collection::vec(-2_i64..1040, 0..200)) {
            if let Ok(clip) = decode(&tokens) {
                prop_assert_eq!(decode(&encode(&clip)).map(|again| again.notes), Ok(clip.notes));
            }
        }

        #[test]
        fn a_song_on_the_grid_comes_back(clip in clips()) {
            let mut clip = Clip { themes: vec![], ..clip };
            clip.tempos = vec![ClipTempo { step: 0, bpm: 119 }];
            // A track holds one sounding note of a pitch; the vocabulary may overlap them.
            clip.notes.iter_mut().for_each(|note| note.length = 1);
            let song = clip.to_song(Tempo::default());
            let voices = Voices { melody: Some(TrackId(1)), bridge: Some(TrackId(3)), piano: Some(TrackId(2)) };
            let span = Span::new(Tick::ZERO, Tick(4 * 3840));
            prop_assert_eq!(Clip::from_song(&song, voices, span), clip);
        }
    }
}
