//! MIDI messages of one to three bytes, as a port is told them.

/// A channel, system common or realtime message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Message {
    bytes: [u8; 3],
    length: u8,
}

/// Controller 64, the sustain pedal.
pub const SUSTAIN: u8 = 64;
/// Controller 120: every sound ends at once.
pub const ALL_SOUND_OFF: u8 = 120;
/// Controller 121: every other controller goes back to where it was at first.
pub const RESET_CONTROLLERS: u8 = 121;
/// Controller 123: every key comes up.
pub const ALL_NOTES_OFF: u8 = 123;
/// The drum channel, 10 in a musician's count.
pub const DRUM_CHANNEL: u8 = 9;

impl Message {
    /// The tick of the MIDI clock, 24 to a quarter note.
    pub const CLOCK: Self = Self::realtime(0xF8);
    /// From the start of the song.
    pub const START: Self = Self::realtime(0xFA);
    /// From the song position.
    pub const CONTINUE: Self = Self::realtime(0xFB);
    /// Stand still.
    pub const STOP: Self = Self::realtime(0xFC);

    const fn realtime(status: u8) -> Self {
        Self {
            bytes: [status, 0, 0],
            length: 1,
        }
    }

    fn channel(status: u8, channel: u8, first: u8, second: u8) -> Self {
        Self {
            bytes: [status | channel & 15, first & 127, second & 127],
            length: 3,
        }
    }

    /// A key goes down, `velocity` 1..=127.
    pub fn note_on(channel: u8, key: u8, velocity: u8) -> Self {
        Self::channel(0x90, channel, key, velocity)
    }

    /// A key comes up.
    pub fn note_off(channel: u8, key: u8) -> Self {
        Self::channel(0x80, channel, key, 64)
    }

    /// A controller moves.
    pub fn control(channel: u8, controller: u8, value: u8) -> Self {
        Self::channel(0xB0, channel, controller, value)
    }

    /// Another program.
    pub fn program(channel: u8, program: u8) -> Self {
        Self {
            length: 2,
            ..Self::channel(0xC0, channel, program, 0)
        }
    }

    /// The pitch wheel, 0..=16383.
    pub fn bend(channel: u8, bend: u16) -> Self {
        Self::channel(0xE0, channel, bend as u8, (bend >> 7) as u8)
    }

    /// The song position, in sixteenths from the start; `None` beyond what the message can say (16,383).
    pub fn song_position(sixteenths: i64) -> Option<Self> {
        let position = u16::try_from(sixteenths).ok().filter(|at| *at < 1 << 14)?;
        Some(Self {
            bytes: [0xF2, position as u8 & 127, (position >> 7) as u8],
            length: 3,
        })
    }

    /// The bytes, status first.
    pub fn bytes(&self) -> &[u8] {
        let (bytes, _) = self.bytes.split_at(usize::from(self.length.min(3)));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_what_the_standard_says() {
        assert_eq!(Message::note_on(9, 36, 100).bytes(), [0x99, 36, 100]);
        assert_eq!(Message::note_off(0, 60).bytes(), [0x80, 60, 64]);
        assert_eq!(Message::program(15, 127).bytes(), [0xCF, 127]);
        assert_eq!(Message::bend(1, 8192).bytes(), [0xE1, 0, 64]);
        assert_eq!(Message::CLOCK.bytes(), [0xF8]);
        let position = Message::song_position(300).unwrap();
        assert_eq!(position.bytes(), [0xF2, 44, 2]);
        assert_eq!(Message::song_position(16_384), None);
        assert_eq!(Message::song_position(-1), None);
    }
}
