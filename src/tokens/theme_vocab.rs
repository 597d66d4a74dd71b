//! The vocabulary of the Theme Transformer (Shih et al., IEEE TMM 2022): 1,033 tokens.
//!
//! The numbers follow from a rule, so no table is stored: padding, then for each of the three voices all pitches,
//! then all durations, then all velocities, then tempos, positions, and the six single tokens.

use std::fmt;
use std::str::FromStr;

use strum::IntoEnumIterator as _;

/// How many tokens there are; numbers run from 0 to `SIZE - 1`.
pub const SIZE: usize = 1033;
/// Steps (sixteenths) in a bar: the vocabulary knows 4/4 only.
pub const STEPS_PER_BAR: u32 = 16;
/// Longest duration a token can say, in steps.
pub const MAX_DURATION: u8 = 64;
/// Loudest velocity a token can say.
pub const MAX_VELOCITY: u8 = 126;
/// Lowest tempo a token can say, in beats per minute.
pub const MIN_TEMPO: u8 = 17;
/// Highest tempo a token can say, in beats per minute.
pub const MAX_TEMPO: u8 = 194;
/// Beats per minute from one tempo token to the next.
pub const TEMPO_STEP: u8 = 3;

/// The number of a token, as the networks take it.
pub type Id = i64;

/// Number of [`Token::Padding`].
pub const PADDING: Id = 0;
/// Number of [`Token::Bar`].
pub const BAR: Id = 1028;
/// Number of [`Token::ThemeStart`].
pub const THEME_START: Id = 1031;
/// Number of [`Token::ThemeEnd`].
pub const THEME_END: Id = 1032;

const PITCHES: Id = 127;
const DURATIONS: Id = MAX_DURATION as Id;
const VELOCITIES: Id = MAX_VELOCITY as Id;
const TEMPOS: Id = ((MAX_TEMPO - MIN_TEMPO) / TEMPO_STEP) as Id + 1;
const FIRST_DURATION: Id = 1 + 3 * PITCHES;
const FIRST_VELOCITY: Id = FIRST_DURATION + 3 * DURATIONS;
const FIRST_TEMPO: Id = FIRST_VELOCITY + 3 * VELOCITIES;
const FIRST_POSITION: Id = FIRST_TEMPO + TEMPOS;

/// The three voices of the vocabulary, in the order in which they are written within a step.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::EnumIter, strum::Display,
)]
#[strum(serialize_all = "UPPERCASE")]
pub enum Voice {
    /// The sung or lead line.
    Melody,
    /// A second line; no published song uses it in training.
    Bridge,
    /// The accompaniment.
    Piano,
}

impl Voice {
    fn rank(self) -> Id {
        self as Id
    }

    fn of_rank(rank: Id) -> Option<Self> {
        Self::iter().nth(usize::try_from(rank).ok()?)
    }
}

/// One token. Values outside a variant's range are held at its nearest end when a number is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Token {
    /// Fills short sequences of a batch.
    Padding,
    /// A note begins: pitch 1..=127.
    NoteOn(Voice, u8),
    /// Its length: 1..=64 steps.
    Duration(Voice, u8),
    /// Its velocity: 1..=126.
    Velocity(Voice, u8),
    /// The tempo from here on: 17, 20, ... 194 beats per minute.
    Tempo(u8),
    /// The step of the bar at which the following events stand: 0..=15.
    Position(u8),
    /// A bar begins.
    Bar,
    /// Published with the vocabulary, never used.
    PhraseStart,
    /// Published with the vocabulary, never used.
    PhraseEnd,
    /// A theme region begins with the next bar.
    ThemeStart,
    /// A theme region ends with the bar just written.
    ThemeEnd,
}

impl Token {
    /// The token's number, `0..SIZE`.
    pub fn id(self) -> Id {
        match self {
            Self::Padding => PADDING,
            Self::NoteOn(voice, pitch) => {
                1 + voice.rank() * PITCHES + Id::from(pitch.clamp(1, 127)) - 1
            }
            Self::Duration(voice, steps) => {
                FIRST_DURATION + voice.rank() * DURATIONS + Id::from(steps.clamp(1, MAX_DURATION))
                    - 1
            }
            Self::Velocity(voice, velocity) => {
                FIRST_VELOCITY
                    + voice.rank() * VELOCITIES
                    + Id::from(velocity.clamp(1, MAX_VELOCITY))
                    - 1
            }
            Self::Tempo(bpm) => {
                FIRST_TEMPO + Id::from((nearest_tempo(f64::from(bpm)) - MIN_TEMPO) / TEMPO_STEP)
            }
            Self::Position(step) => FIRST_POSITION + Id::from(step.min(15)),
            Self::Bar => BAR,
            Self::PhraseStart => BAR + 1,
            Self::PhraseEnd => BAR + 2,
            Self::ThemeStart => THEME_START,
            Self::ThemeEnd => THEME_END,
        }
    }

    /// The token of a number; `None` outside `0..SIZE`.
    pub fn from_id(id: Id) -> Option<Self> {
        let voiced = |from: Id, size: Id| -> Option<(Voice, u8)> {
            let offset = id - from;
            Some((
                Voice::of_rank(offset / size)?,
                u8::try_from(offset % size + 1).ok()?,
            ))
        };
        Some(match id {
            PADDING => Self::Padding,
            1..FIRST_DURATION => {
                let (voice, pitch) = voiced(1, PITCHES)?;
                Self::NoteOn(voice, pitch)
            }
            FIRST_DURATION..FIRST_VELOCITY => {
                let (voice, steps) = voiced(FIRST_DURATION, DURATIONS)?;
                Self::Duration(voice, steps)
            }
            FIRST_VELOCITY..FIRST_TEMPO => {
                let (voice, velocity) = voiced(FIRST_VELOCITY, VELOCITIES)?;
                Self::Velocity(voice, velocity)
            }
            FIRST_TEMPO..FIRST_POSITION => {
                Self::Tempo(MIN_TEMPO + TEMPO_STEP * u8::try_from(id - FIRST_TEMPO).ok()?)
            }
            FIRST_POSITION..BAR => Self::Position(u8::try_from(id - FIRST_POSITION).ok()?),
            BAR => Self::Bar,
            1029 => Self::PhraseStart,
            1030 => Self::PhraseEnd,
            THEME_START => Self::ThemeStart,
            THEME_END => Self::ThemeEnd,
            _ => return None,
        })
    }

    /// The voice of a note token.
    pub fn voice(self) -> Option<Voice> {
        match self {
            Self::NoteOn(voice, _) | Self::Duration(voice, _) | Self::Velocity(voice, _) => {
                Some(voice)
            }
            _ => None,
        }
    }
}

/// The tempo, in beats per minute, of the tempo token nearest to `bpm` (the slower one from halfway).
pub fn nearest_tempo(bpm: f64) -> u8 {
    let steps = ((bpm - f64::from(MIN_TEMPO)) / f64::from(TEMPO_STEP) - 0.5).ceil();
    MIN_TEMPO + TEMPO_STEP * steps.clamp(0.0, (TEMPOS - 1) as f64) as u8
}

impl fmt::Display for Token {
    /// The published name, such as `Note-On-MELODY_60`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Padding => f.write_str("padding"),
            Self::NoteOn(voice, pitch) => write!(f, "Note-On-{voice}_{pitch}"),
            Self::Duration(voice, steps) => write!(f, "Note-Duration-{voice}_{steps}"),
            Self::Velocity(voice, velocity) => write!(f, "Note-Velocity-{voice}_{velocity}"),
            Self::Tempo(bpm) => write!(f, "Tempo_{bpm}"),
            Self::Position(step) => write!(f, "Position_{step}"),
            Self::Bar => f.write_str("Bar"),
            Self::PhraseStart => f.write_str("Phrase_Start"),
            Self::PhraseEnd => f.write_str("Phrase_End"),
            Self::ThemeStart => f.write_str("Theme_Start"),
            Self::ThemeEnd => f.write_str("Theme_End"),
        }
    }
}

/// A text that names no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a token of the theme vocabulary; names look like Note-On-MELODY_60 or Bar")]
pub struct TokenNameError(pub String);

impl FromStr for Token {
    type Err = TokenNameError;

    fn from_str(name: &str) -> Result<Self, TokenNameError> {
        (0..SIZE as Id)
            .filter_map(Self::from_id)
            .find(|token| token.to_string() == name)
            .ok_or_else(|| TokenNameError(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_the_published_ones() {
        let published: Vec<&str> = include_str!("../../tests/data/theme_vocab.txt")
            .lines()
            .collect();
        assert_eq!(published.len(), SIZE);
        for (id, name) in (0..).zip(&published) {
            let token = Token::from_id(id);
            assert_eq!(
                token.map(|token| token.to_string()).as_deref(),
                Some(*name),
                "{id}"
            );
            assert_eq!(token.map(Token::id), Some(id), "{name}");
        }
        assert_eq!(Token::from_id(-1), None);
        assert_eq!(Token::from_id(SIZE as Id), None);
    }

    #[test]
    fn names_are_read_back() {
        assert_eq!(
            "Note-Duration-PIANO_64".parse(),
            Ok(Token::Duration(Voice::Piano, 64))
        );
        assert_eq!(
            "Tempo_18".parse::<Token>(),
            Err(TokenNameError("Tempo_18".into()))
        );
    }

    #[test]
    fn tempos_go_to_the_nearest_token() {
        for (bpm, nearest) in [
            (120.0, 119),
            (18.5, 17),
            (18.6, 20),
            (1.0, 17),
            (400.0, 194),
        ] {
            assert_eq!(nearest_tempo(bpm), nearest, "{bpm}");
        }
    }
}
