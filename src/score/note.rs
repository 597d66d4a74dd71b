//! Notes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{PitchClass, Span, Tick, TrackId};

/// A MIDI key number, 0..=127; 60 is middle C, written C4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Pitch(u8);

impl Pitch {
    /// Middle C.
    pub const MIDDLE_C: Self = Self(60);

    /// A pitch, or `None` above 127.
    pub fn new(key: u8) -> Option<Self> {
        (key <= 127).then_some(Self(key))
    }

    /// The nearest pitch to any number.
    pub fn clamped(key: i32) -> Self {
        Self(key.clamp(0, 127) as u8)
    }

    /// The key number, 0..=127.
    pub fn get(self) -> u8 {
        self.0
    }

    /// The pitch `semitones` higher (lower if negative), or `None` beyond the keyboard.
    pub fn transposed(self, semitones: i32) -> Option<Self> {
        u8::try_from(i32::from(self.0) + semitones)
            .ok()
            .and_then(Self::new)
    }

    /// The pitch class, octaves folded.
    pub fn class(self) -> PitchClass {
        PitchClass::of(self)
    }
}

impl fmt::Display for Pitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.class(), i32::from(self.0) / 12 - 1)
    }
}

impl TryFrom<u8> for Pitch {
    type Error = String;
    fn try_from(key: u8) -> Result<Self, String> {
        Self::new(key).ok_or_else(|| format!("pitch {key} is above 127"))
    }
}

impl From<Pitch> for u8 {
    fn from(pitch: Pitch) -> Self {
        pitch.0
    }
}

/// How hard a note is struck, 1..=127.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u8", into = "u8")]
pub struct Velocity(u8);

impl Velocity {
    /// What a note gets when nothing else is said.
    pub const DEFAULT: Self = Self(90);

    /// The nearest velocity to any number.
    pub fn clamped(velocity: i32) -> Self {
        Self(velocity.clamp(1, 127) as u8)
    }

    /// The velocity, 1..=127.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Default for Velocity {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl From<u8> for Velocity {
    fn from(velocity: u8) -> Self {
        Self::clamped(i32::from(velocity))
    }
}

impl From<Velocity> for u8 {
    fn from(velocity: Velocity) -> Self {
        velocity.0
    }
}

/// One note of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Note {
    /// Onset.
    pub start: Tick,
    /// Length, at least one tick.
    pub duration: Tick,
    /// Key.
    pub pitch: Pitch,
    /// Loudness of the stroke.
    pub velocity: Velocity,
    /// Shown but not heard.
    #[serde(default, skip_serializing_if = "is_false")]
    pub muted: bool,
    /// Kept as it is by every edit and every network.
    #[serde(default, skip_serializing_if = "is_false")]
    pub locked: bool,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature serde asks for"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Note {
    /// A note that sounds and can be edited. A duration below one tick becomes one.
    pub fn new(start: Tick, duration: Tick, pitch: Pitch, velocity: Velocity) -> Self {
        Self {
            start,
            duration: duration.max(Tick(1)),
            pitch,
            velocity,
            muted: false,
            locked: false,
        }
    }

    /// First tick after the note.
    pub fn end(&self) -> Tick {
        self.start + self.duration
    }

    /// From onset to end.
    pub fn span(&self) -> Span {
        Span {
            start: self.start,
            end: self.end(),
        }
    }

    /// What names this note inside `track`.
    pub fn key(&self, track: TrackId) -> NoteKey {
        NoteKey {
            track,
            start: self.start,
            pitch: self.pitch,
        }
    }
}

/// What names a note in a song. A track never holds two notes of one pitch at one onset, so this is enough,
/// and a note needs no number of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoteKey {
    /// The track it is in.
    pub track: TrackId,
    /// Its onset.
    pub start: Tick,
    /// Its key.
    pub pitch: Pitch,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pitches_have_scientific_names() {
        assert_eq!(Pitch::MIDDLE_C.to_string(), "C4");
        assert_eq!(Pitch::clamped(0).to_string(), "C-1");
        assert_eq!(Pitch::clamped(70).to_string(), "A#4");
        assert_eq!(Pitch::clamped(127).transposed(1), None);
    }

    #[test]
    fn a_pitch_above_the_keyboard_is_refused_when_read() {
        assert!(serde_json::from_str::<Pitch>("128").is_err());
        assert_eq!(serde_json::from_str::<Pitch>("127").ok(), Pitch::new(127));
    }
}
