//! The typing keyboard: letters as piano keys.

use std::collections::BTreeMap;

use egui::Key;

use super::Studio;
use crate::audio::midi::LiveEvent;

/// How hard a letter strikes.
const VELOCITY: u8 = 96;
/// The octave of the A key at first: its C is middle C.
const OCTAVE: i32 = 4;

/// Whether a key went down or came up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum KeyMove {
    Down,
    Up,
}

/// The state of the typing keyboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typing {
    /// Whether letters are notes.
    pub on: bool,
    /// The octave of the A key, 0..=8.
    pub octave: i32,
    /// The pitch that each letter which is down plays.
    held: BTreeMap<Key, u8>,
}

impl Default for Typing {
    fn default() -> Self {
        Self {
            on: false,
            octave: OCTAVE,
            held: BTreeMap::new(),
        }
    }
}

/// The semitones of a letter above C: the middle row is the white keys, the row above it the black ones.
fn semitone(key: Key) -> Option<i32> {
    const ROW: [Key; 16] = [
        Key::A,
        Key::W,
        Key::S,
        Key::E,
        Key::D,
        Key::F,
        Key::T,
        Key::G,
        Key::Y,
        Key::H,
        Key::U,
        Key::J,
        Key::K,
        Key::O,
        Key::L,
        Key::P,
    ];
    ROW.iter()
        .position(|letter| *letter == key)
        .map(|semitone| semitone as i32)
}

/// Whether the typing keyboard uses this key.
pub fn is_typing_key(key: Key) -> bool {
    semitone(key).is_some() || matches!(key, Key::Z | Key::X)
}

impl Typing {
    /// What a key plays.
    pub(super) fn key(&mut self, key: Key, moved: KeyMove) -> Option<LiveEvent> {
        if moved == KeyMove::Up {
            let key = self.held.remove(&key)?;
            return Some(LiveEvent::NoteOff { key });
        }
        match key {
            Key::Z => self.octave = (self.octave - 1).max(0),
            Key::X => self.octave = (self.octave + 1).min(8),
            _ => {
                let pitch = u8::try_from(12 * (self.octave + 1) + semitone(key)?).ok()?;
                if pitch > 127 || self.held.insert(key, pitch).is_some() {
                    return None;
                }
                return Some(LiveEvent::NoteOn {
                    key: pitch,
                    velocity: VELOCITY,
                });
            }
        }
        None
    }

    /// Every key comes up.
    pub(super) fn release(&mut self) -> Vec<LiveEvent> {
        std::mem::take(&mut self.held)
            .into_values()
            .map(|key| LiveEvent::NoteOff { key })
            .collect()
    }
}

impl Studio {
    /// The typing keyboard.
    pub fn typing(&self) -> &Typing {
        &self.typing
    }

    pub(super) fn toggle_typing(&mut self) {
        self.typing.on = !self.typing.on;
        self.release_typing();
    }

    pub(super) fn release_typing(&mut self) {
        for event in self.typing.release() {
            self.sound.play_live(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_piano_keys() {
        let mut typing = Typing::default();
        let on = |key| {
            Some(LiveEvent::NoteOn {
                key,
                velocity: VELOCITY,
            })
        };
        assert_eq!(typing.key(Key::A, KeyMove::Down), on(60));
        assert_eq!(typing.key(Key::W, KeyMove::Down), on(61));
        assert_eq!(typing.key(Key::K, KeyMove::Down), on(72));
        assert_eq!(typing.key(Key::A, KeyMove::Down), None, "it is down");
        assert_eq!(typing.key(Key::X, KeyMove::Down), None);
        let off = Some(LiveEvent::NoteOff { key: 60 });
        assert_eq!(typing.key(Key::A, KeyMove::Up), off, "in its old octave");
        assert_eq!(typing.key(Key::A, KeyMove::Down), on(72));
        assert_eq!(typing.release().len(), 3);
        assert_eq!(typing.key(Key::A, KeyMove::Up), None);
        assert_eq!(typing.key(Key::Q, KeyMove::Down), None);
    }

    #[test]
    fn octaves_end_at_the_ends_of_the_keyboard() {
        let mut typing = Typing::default();
        for _ in 0..20 {
            typing.key(Key::X, KeyMove::Down);
        }
        assert_eq!(
            typing.key(Key::P, KeyMove::Down),
            Some(LiveEvent::NoteOn {
                key: 123,
                velocity: VELOCITY
            })
        );
        for _ in 0..20 {
            typing.key(Key::Z, KeyMove::Down);
        }
        assert_eq!(
            typing.key(Key::A, KeyMove::Down),
            Some(LiveEvent::NoteOn {
                key: 12,
                velocity: VELOCITY
            })
        );
    }
}
