//! One MIDI input: from the system's callback straight to the audio callback, and to the MIDI thread for recording.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::live::{LiveEvent, LiveQueue};
use super::thread::Order;

/// Turns the time stamps of a MIDI system into moments.
///
/// A message is stamped when it arrives and handed over a little later, now more, now less. What came through fastest
/// says how the two clocks relate.
#[derive(Debug, Default)]
pub struct StampClock {
    /// The origin of both, and by how much the stamp is behind, in microseconds.
    fastest: Option<(Instant, i64)>,
    last: u64,
}

/// By how much two clocks of one computer may drift apart.
const DRIFT: f64 = 100e-6;
/// A stamp that is off by more than this in microseconds is no stamp.
const NONSENSE: i64 = 1_000_000;

impl StampClock {
    /// When a message was played that bears `stamp` (in microseconds) and was handed over at `now`.
    pub fn played_at(&mut self, stamp: u64, now: Instant) -> Instant {
        let (origin, fastest) = *self.fastest.get_or_insert((now, i64::MAX));
        let elapsed = now.saturating_duration_since(origin).as_micros() as i64;
        let behind = elapsed.saturating_sub(stamp as i64);
        let since = stamp.saturating_sub(self.last);
        self.last = stamp;
        let allowed = fastest.saturating_add((since as f64 * DRIFT) as i64 + 1);
        let fastest = behind.min(allowed);
        if behind - fastest > NONSENSE {
            self.fastest = Some((now, i64::MAX));
            return now;
        }
        self.fastest = Some((origin, fastest));
        // Handed over this much later than the fastest one.
        let late = Duration::from_micros((behind - fastest).max(0) as u64);
        now.checked_sub(late).unwrap_or(now)
    }
}

/// Plays what one source plays. The same for a MIDI port and for the typing keyboard.
#[derive(Debug)]
pub struct Hand {
    live: Arc<LiveQueue>,
    thread: Sender<Order>,
    stamps: StampClock,
    held: u128,
    pedal: bool,
}

impl Hand {
    /// A hand that plays into `live` and tells `thread`.
    pub fn new(live: Arc<LiveQueue>, thread: Sender<Order>) -> Self {
        Self {
            live,
            thread,
            stamps: StampClock::default(),
            held: 0,
            pedal: false,
        }
    }

    /// A message arrived, stamped in microseconds.
    pub fn hear(&mut self, stamp: u64, bytes: &[u8]) {
        if let Some(event) = LiveEvent::read(bytes) {
            let at = self.stamps.played_at(stamp, Instant::now());
            self.play(event, at);
        }
    }

    /// Plays an event. First of all it goes to the audio callback; where the MIDI thread does not keep up, the event is
    /// heard but not recorded.
    pub fn play(&mut self, event: LiveEvent, at: Instant) {
        self.live.push(event);
        match event {
            LiveEvent::NoteOn { key, .. } => self.held |= 1 << (key & 127),
            LiveEvent::NoteOff { key } => self.held &= !(1 << (key & 127)),
            LiveEvent::Control {
                controller: super::message::SUSTAIN,
                value,
            } => self.pedal = value >= 64,
            _ => {}
        }
        let _ = self.thread.try_send(Order::Played(event, at));
    }

    /// Lets go of every key and the pedal: nobody will.
    pub fn let_go(&mut self) {
        let now = Instant::now();
        for key in 0..128 {
            if self.held >> key & 1 == 1 {
                self.play(LiveEvent::NoteOff { key }, now);
            }
        }
        if self.pedal {
            let up = LiveEvent::Control {
                controller: super::message::SUSTAIN,
                value: 0,
            };
            self.play(up, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_handed_over_late_is_placed_where_it_was_played() {
        let start = Instant::now();
        let mut stamps = StampClock::default();
        let mut worst = 0.0_f64;
        for index in 0..200_u64 {
            let stamp = 5_000_000 + index * 10_000;
            // Usually half a millisecond, at times six.
            let way = if index % 7 == 3 { 6_000 } else { 500 };
            let now = start + Duration::from_micros(index * 10_000 + way);
            let at = stamps.played_at(stamp, now);
            let error =
                at.duration_since(start).as_secs_f64() - (index * 10_000 + 500) as f64 / 1e6;
            worst = worst.max(error.abs());
        }
        assert!(worst < 0.000_05, "{worst}");
    }

    #[test]
    fn a_clock_that_drifts_is_followed() {
        let start = Instant::now();
        let mut stamps = StampClock::default();
        for index in 0..10_000_u64 {
            let real = index * 10_000;
            // The stamps are 50 parts in a million slow.
            let stamp = real - real / 20_000;
            let at = stamps.played_at(stamp, start + Duration::from_micros(real));
            let now = start + Duration::from_micros(real);
            assert!(now.duration_since(at) < Duration::from_micros(100));
        }
    }

    #[test]
    fn letting_go_lifts_keys_and_pedal() {
        let live = Arc::<LiveQueue>::default();
        let (sender, orders) = crossbeam_channel::bounded(8);
        let mut hand = Hand::new(Arc::clone(&live), sender);
        hand.hear(0, &[0x90, 60, 90]);
        hand.hear(0, &[0x90, 61, 90]);
        hand.hear(0, &[0x80, 61, 0]);
        hand.hear(0, &[0xB0, 64, 100]);
        hand.let_go();
        let played: Vec<_> = std::iter::from_fn(|| live.pop()).collect();
        assert_eq!(
            played[4..],
            [
                LiveEvent::NoteOff { key: 60 },
                LiveEvent::Control {
                    controller: 64,
                    value: 0
                }
            ]
        );
        assert_eq!(orders.len(), 6);
    }
}
