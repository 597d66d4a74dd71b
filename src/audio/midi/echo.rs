//! What a synthesizer is told, collected for a MIDI port.

use super::message::Message;

/// Messages that are collected between two looks at most: every key and every controller once.
const ROOM: usize = 272;

/// Collects what one track is told, on its channel, and knows which keys the port holds. Empty and without cost until
/// opened.
#[derive(Debug, Default)]
pub struct Echo {
    messages: Vec<Message>,
    open: bool,
    channel: Option<u8>,
    audible: bool,
    /// Which keys the port holds.
    held: u128,
}

impl Echo {
    /// Makes room. To be called where it may allocate.
    #[must_use]
    pub fn with_room() -> Self {
        Self {
            messages: Vec::with_capacity(ROOM),
            ..Self::default()
        }
    }

    fn push(&mut self, message: impl FnOnce(u8) -> Message) {
        if self.open
            && let Some(channel) = self.channel
            && self.messages.len() < self.messages.capacity()
        {
            self.messages.push(message(channel));
        }
    }

    /// Begins to collect, or ends it.
    pub fn set_open(&mut self, open: bool) {
        self.open = open;
        if !open {
            self.messages.clear();
            self.held = 0;
        }
    }

    /// Goes to another channel; keys held on the old one come up. Says whether it is another.
    pub fn set_channel(&mut self, channel: Option<u8>) -> bool {
        if self.channel == channel {
            return false;
        }
        self.release();
        self.channel = channel;
        true
    }

    /// Whether the track is heard; a track that is not keeps no key down.
    pub fn set_audible(&mut self, audible: bool) {
        self.audible = audible;
        if !audible {
            self.release();
        }
    }

    /// Every key comes up.
    pub fn release(&mut self) {
        if self.held == 0 {
            return;
        }
        for key in 0..128 {
            self.note_off(key);
        }
    }

    /// A key goes down.
    pub fn note_on(&mut self, key: u8, velocity: u8) {
        if self.audible && self.open && self.channel.is_some() {
            // A key that is struck again comes up in between: the port counts on pairs.
            self.note_off(key);
            self.held |= 1 << (key & 127);
            self.push(|channel| Message::note_on(channel, key, velocity));
        }
    }

    /// A key comes up.
    pub fn note_off(&mut self, key: u8) {
        let bit = 1_u128 << (key & 127);
        if self.held & bit != 0 {
            self.held &= !bit;
            self.push(|channel| Message::note_off(channel, key));
        }
    }

    /// A controller moves.
    pub fn control(&mut self, controller: u8, value: u8) {
        self.push(|channel| Message::control(channel, controller, value));
    }

    /// Another program.
    pub fn program(&mut self, program: u8) {
        self.push(|channel| Message::program(channel, program));
    }

    /// The pitch wheel is bent, 0..=16383.
    pub fn bend(&mut self, bend: u16) {
        self.push(|channel| Message::bend(channel, bend));
    }

    /// Takes out what was collected, oldest first.
    pub fn take(&mut self) -> impl Iterator<Item = Message> + '_ {
        self.messages.drain(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(echo: &mut Echo) -> Vec<Vec<u8>> {
        echo.take()
            .map(|message| message.bytes().to_vec())
            .collect()
    }

    fn open() -> Echo {
        let mut echo = Echo::with_room();
        echo.set_open(true);
        echo.set_channel(Some(2));
        echo.set_audible(true);
        echo
    }

    #[test]
    fn every_key_that_goes_down_comes_up() {
        let mut echo = open();
        echo.note_on(60, 90);
        echo.note_on(60, 91);
        echo.note_on(64, 80);
        echo.note_off(61);
        echo.set_audible(false);
        echo.note_on(65, 80);
        assert_eq!(
            taken(&mut echo),
            [
                vec![0x92, 60, 90],
                vec![0x82, 60, 64],
                vec![0x92, 60, 91],
                vec![0x92, 64, 80],
                vec![0x82, 60, 64],
                vec![0x82, 64, 64],
            ]
        );
    }

    #[test]
    fn another_channel_takes_no_key_along() {
        let mut echo = open();
        echo.note_on(60, 90);
        assert!(echo.set_channel(Some(3)));
        echo.note_on(60, 90);
        assert!(!echo.set_channel(Some(3)));
        assert!(echo.set_channel(None));
        echo.note_on(61, 90);
        assert_eq!(
            taken(&mut echo),
            [
                vec![0x92, 60, 90],
                vec![0x82, 60, 64],
                vec![0x93, 60, 90],
                vec![0x83, 60, 64],
            ]
        );
    }

    #[test]
    fn nothing_is_collected_before_it_is_opened() {
        let mut echo = Echo::with_room();
        echo.set_channel(Some(1));
        echo.set_audible(true);
        echo.note_on(60, 90);
        echo.control(7, 100);
        assert!(taken(&mut echo).is_empty());
    }
}
