//! What is played by hand, on its way to the audio callback.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// How many events may wait: more than ten fingers, a pedal and a bend wheel make in a long buffer.
const PLACES: usize = 512;

/// Something played by hand, on whatever channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LiveEvent {
    /// A key goes down.
    NoteOn {
        /// Key, 0..=127.
        key: u8,
        /// Velocity, 1..=127.
        velocity: u8,
    },
    /// A key comes up.
    NoteOff {
        /// Key, 0..=127.
        key: u8,
    },
    /// A controller moves.
    Control {
        /// Controller number, 0..=119 (64 is the sustain pedal).
        controller: u8,
        /// Value, 0..=127.
        value: u8,
    },
    /// The pitch wheel moves: 0..=16383, 8192 in the middle.
    Bend(u16),
}

impl LiveEvent {
    /// Reads one MIDI message; `None` for everything that is not played: clocks, programs, system messages, rubbish.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        use midly::MidiMessage as M;
        let Ok(midly::live::LiveEvent::Midi { message, .. }) = midly::live::LiveEvent::parse(bytes)
        else {
            return None;
        };
        match message {
            M::NoteOn { key, vel } if vel > 0 => Some(Self::NoteOn {
                key: key.as_int(),
                velocity: vel.as_int(),
            }),
            M::NoteOn { key, .. } | M::NoteOff { key, .. } => {
                Some(Self::NoteOff { key: key.as_int() })
            }
            M::Controller { controller, value } if controller < 120 => Some(Self::Control {
                controller: controller.as_int(),
                value: value.as_int(),
            }),
            M::PitchBend { bend } => Some(Self::Bend(bend.0.as_int())),
            _ => None,
        }
    }

    /// Never 0.
    fn packed(self) -> u32 {
        match self {
            Self::NoteOn { key, velocity } => 1 << 24 | u32::from(key) << 8 | u32::from(velocity),
            Self::NoteOff { key } => 2 << 24 | u32::from(key) << 8,
            Self::Control { controller, value } => {
                3 << 24 | u32::from(controller) << 8 | u32::from(value)
            }
            Self::Bend(bend) => 4 << 24 | u32::from(bend),
        }
    }

    fn unpacked(word: u32) -> Option<Self> {
        let (first, second) = ((word >> 8) as u8 & 127, word as u8 & 127);
        match word >> 24 {
            1 => Some(Self::NoteOn {
                key: first,
                velocity: second,
            }),
            2 => Some(Self::NoteOff { key: first }),
            3 => Some(Self::Control {
                controller: first,
                value: second,
            }),
            4 => Some(Self::Bend(word as u16 & 0x3FFF)),
            _ => None,
        }
    }
}

/// A queue from any number of threads that play (one for each MIDI port, and the window) to the audio callback.
///
/// A ring of words rather than rtrb's rings, because it has several writers and because it outlives streams: when
/// another device is opened, the new callback goes on reading where the old one stopped, and no writer is told. The
/// reader never waits, not even for a writer that was interrupted half way.
#[derive(Debug)]
pub struct LiveQueue {
    /// 0 for an empty place.
    words: Box<[AtomicU32]>,
    head: AtomicUsize,
    tail: AtomicUsize,
}

impl Default for LiveQueue {
    fn default() -> Self {
        Self {
            words: (0..PLACES).map(|_| AtomicU32::new(0)).collect(),
            head: AtomicUsize::new(0),
            tail: AtomicUsize::new(0),
        }
    }
}

impl LiveQueue {
    fn word(&self, index: usize) -> Option<&AtomicU32> {
        self.words.get(index % PLACES)
    }

    /// Adds an event; false where there is no place because nothing reads. Neither allocates nor waits.
    pub fn push(&self, event: LiveEvent) -> bool {
        let mut tail = self.tail.load(Ordering::Relaxed);
        loop {
            if tail.wrapping_sub(self.head.load(Ordering::Acquire)) >= PLACES {
                return false;
            }
            match self.tail.compare_exchange_weak(
                tail,
                tail.wrapping_add(1),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(now) => tail = now,
            }
        }
        if let Some(word) = self.word(tail) {
            word.store(event.packed(), Ordering::Release);
        }
        true
    }

    /// Takes the oldest event out. Neither allocates, frees nor waits. While one callback hands over to the next, both
    /// may ask: each event is given out once.
    pub fn pop(&self) -> Option<LiveEvent> {
        let head = self.head.load(Ordering::Relaxed);
        let word = self.word(head)?.swap(0, Ordering::Acquire);
        if word == 0 {
            return None;
        }
        self.head.store(head.wrapping_add(1), Ordering::Release);
        LiveEvent::unpacked(word)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn messages_are_read() {
        let read = LiveEvent::read;
        assert_eq!(
            read(&[0x93, 60, 100]),
            Some(LiveEvent::NoteOn {
                key: 60,
                velocity: 100
            })
        );
        assert_eq!(read(&[0x90, 60, 0]), Some(LiveEvent::NoteOff { key: 60 }));
        assert_eq!(read(&[0x85, 61, 64]), Some(LiveEvent::NoteOff { key: 61 }));
        assert_eq!(
            read(&[0xB0, 64, 127]),
            Some(LiveEvent::Control {
                controller: 64,
                value: 127
            })
        );
        assert_eq!(read(&[0xE0, 0, 64]), Some(LiveEvent::Bend(8192)));
        assert_eq!(read(&[0xE0, 127, 127]), Some(LiveEvent::Bend(16_383)));
        for rubbish in [
            &[][..],
            &[0x90],
            &[0x90, 60],
            &[60, 60],
            &[0xF8],
            &[0xF0, 1, 2, 0xF7],
            &[0xC0, 5],
            &[0xB0, 123, 0],
        ] {
            assert_eq!(read(rubbish), None, "{rubbish:?}");
        }
    }

    #[test]
    fn events_come_out_as_they_went_in() {
        let queue = LiveQueue::default();
        let events = [
            LiveEvent::NoteOn {
                key: 0,
                velocity: 1,
            },
            LiveEvent::NoteOff { key: 0 },
            LiveEvent::Control {
                controller: 0,
                value: 0,
            },
            LiveEvent::Bend(0),
            LiveEvent::Bend(16_383),
        ];
        for round in 0..300 {
            for event in events {
                assert!(queue.push(event), "round {round}");
            }
            for event in events {
                assert_eq!(queue.pop(), Some(event));
            }
            assert_eq!(queue.pop(), None);
        }
    }

    #[test]
    fn a_full_queue_refuses() {
        let queue = LiveQueue::default();
        let event = LiveEvent::NoteOff { key: 5 };
        assert_eq!(
            (0..2 * PLACES).filter(|_| queue.push(event)).count(),
            PLACES
        );
        assert_eq!(queue.pop(), Some(event));
        assert!(queue.push(event));
        assert!(!queue.push(event));
    }

    #[test]
    fn several_threads_play_at_once() {
        const EACH: u16 = 4_000;
        let queue = Arc::new(LiveQueue::default());
        let threads: Vec<_> = (0..3_u16)
            .map(|part| {
                let queue = Arc::clone(&queue);
                std::thread::Builder::new()
                    .spawn(move || {
                        for index in 0..EACH {
                            while !queue.push(LiveEvent::Bend(part * EACH + index)) {
                                std::thread::yield_now();
                            }
                        }
                    })
                    .unwrap()
            })
            .collect();
        let mut next = [0_u16; 3];
        let mut seen = 0;
        while seen < 3 * EACH {
            let Some(LiveEvent::Bend(value)) = queue.pop() else {
                std::thread::yield_now();
                continue;
            };
            let part = usize::from(value / EACH);
            assert_eq!(value % EACH, next[part], "in the order of its thread");
            next[part] += 1;
            seen += 1;
        }
        for thread in threads {
            thread.join().unwrap();
        }
    }
}
