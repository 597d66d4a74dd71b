//! The MIDI clock: 24 ticks a quarter note, start, continue, stop, and the song position.

use crate::score::TICKS_PER_QUARTER;

use super::super::clock::SampleClock;
use super::message::Message;

/// Song ticks in a tick of the MIDI clock.
const CLOCK: f64 = TICKS_PER_QUARTER as f64 / 24.0;
/// Ticks of the MIDI clock in a sixteenth, the unit of the song position.
const SIXTEENTH: i64 = 6;

/// What a follower is told, and when. A position can only be named in sixteenths, so whoever follows starts at the next
/// one, on its clock tick. Clock ticks come only while the song plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SongClock {
    /// The next tick of the MIDI clock.
    next: i64,
    /// The tick at which the follower is to start.
    starts: Option<(i64, Message)>,
    running: bool,
}

impl SongClock {
    /// Time begins to pass at a song tick, also after a jump. Calls `send` with what is to be said at once.
    pub fn begin(&mut self, tick: f64, mut send: impl FnMut(Message)) {
        self.stop(&mut send);
        // A position that is a rounded sample away from a clock tick is on it.
        let clocks = (tick / CLOCK - 0.01).ceil().max(0.0) as i64;
        let sixteenth = (clocks + SIXTEENTH - 1) / SIXTEENTH;
        self.next = clocks;
        self.running = true;
        self.starts = if sixteenth == 0 {
            Some((0, Message::START))
        } else if let Some(position) = Message::song_position(sixteenth) {
            send(position);
            Some((sixteenth * SIXTEENTH, Message::CONTINUE))
        } else {
            None
        };
    }

    /// Time stands still.
    pub fn stop(&mut self, mut send: impl FnMut(Message)) {
        if self.running {
            self.running = false;
            send(Message::STOP);
        }
    }

    /// While time stands still, the playhead is at a song tick.
    pub fn point_at(&self, tick: f64, mut send: impl FnMut(Message)) {
        if self.running {
            return;
        }
        let sixteenth = (tick / (CLOCK * SIXTEENTH as f64)).round().max(0.0) as i64;
        if let Some(position) = Message::song_position(sixteenth) {
            send(position);
        }
    }

    /// The sample of the next tick; `None` at rest.
    pub fn due(&self, clock: &SampleClock) -> Option<f64> {
        self.running
            .then(|| clock.sample_at(self.next as f64 * CLOCK))
    }

    /// Sends the next tick.
    pub fn tick(&mut self, mut send: impl FnMut(Message)) {
        if let Some((_, message)) = self.starts.take_if(|(at, _)| *at <= self.next) {
            send(message);
        }
        send(Message::CLOCK);
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Tempo, TempoMap};

    fn bytes(run: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        run(&mut sent);
        sent
    }

    #[test]
    fn from_the_start_the_first_tick_follows_the_start() {
        let mut clock = SongClock::default();
        let map = SampleClock::new(&TempoMap::constant(Tempo::from_bpm(120.0)), 48_000);
        let sent = bytes(|sent| {
            clock.begin(0.0, |message| sent.push(message.bytes().to_vec()));
            assert_eq!(clock.due(&map), Some(0.0));
            clock.tick(|message| sent.push(message.bytes().to_vec()));
            assert_eq!(clock.due(&map), Some(1_000.0));
            clock.tick(|message| sent.push(message.bytes().to_vec()));
            clock.stop(|message| sent.push(message.bytes().to_vec()));
        });
        assert_eq!(sent, [vec![0xFA], vec![0xF8], vec![0xF8], vec![0xFC]]);
        assert_eq!(clock.due(&map), None);
    }

    #[test]
    fn elsewhere_the_follower_starts_at_the_next_sixteenth() {
        let mut clock = SongClock::default();
        let sent = bytes(|sent| {
            let mut send = |message: Message| sent.push(message.bytes().to_vec());
            // 4.5 clock ticks after the fourth sixteenth.
            clock.begin(4.0 * 240.0 + 4.5 * 40.0, &mut send);
            clock.tick(&mut send);
            clock.tick(&mut send);
        });
        assert_eq!(sent, [vec![0xF2, 5, 0], vec![0xF8], vec![0xFB], vec![0xF8]]);
    }

    #[test]
    fn a_jump_stops_the_follower_first() {
        let mut clock = SongClock::default();
        let sent = bytes(|sent| {
            let mut send = |message: Message| sent.push(message.bytes().to_vec());
            clock.begin(0.0, &mut send);
            clock.tick(&mut send);
            clock.begin(960.0, &mut send);
            clock.tick(&mut send);
        });
        assert_eq!(
            sent,
            [
                vec![0xFA],
                vec![0xF8],
                vec![0xFC],
                vec![0xF2, 4, 0],
                vec![0xFB],
                vec![0xF8]
            ]
        );
    }
}
