//! What the audio callback tells the MIDI thread: where time stands, and what the tracks are told.
//!
//! The callback makes each buffer some time before it is heard, so every event reaches the MIDI thread ahead of its
//! moment, already through loop, seek, tempo change and edit. Events are timed in samples of the stream, which never
//! jump; the thread turns them into moments with a [`super::stream_clock::StreamClock`].

use std::time::{Duration, Instant};

use rtrb::{Consumer, Producer, RingBuffer};

use super::message::Message;

/// Events that may be under way: two seconds of a dense song.
const EVENTS: usize = 8_192;

/// How much the callback tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Tapped {
    /// Nothing.
    #[default]
    Nothing,
    /// Where time stands.
    Time,
    /// That, and every message for the MIDI output.
    Messages,
}

/// Where the song stands from a sample of the stream on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Ticks from the start of the song.
    pub tick: f64,
    /// How fast they pass; 0 at rest.
    pub ticks_per_sample: f64,
    /// How often time has jumped, stopped or begun: within one stretch it only passes.
    pub stretch: u32,
    /// For the first place of a stretch: the tick at which the loop, if it was one, was left.
    pub wrapped_at: Option<f64>,
}

/// One thing that is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TapEvent {
    /// A buffer is being made.
    Buffer {
        /// Its first sample.
        sample: u64,
        /// Its length in samples.
        frames: u32,
        /// When it was asked for.
        at: Instant,
        /// How long after that its first sample leaves the device, where the device tells.
        latency: Option<Duration>,
    },
    /// Where the song stands from `sample` on.
    Place {
        /// A sample of the stream.
        sample: u64,
        /// Where.
        place: Place,
    },
    /// A message for the output.
    Message {
        /// The sample of the stream at which it is heard.
        sample: u64,
        /// The message.
        message: Message,
    },
    /// Messages were lost: nothing that sounds may go on sounding.
    Lost,
}

/// The callback's end.
#[derive(Debug)]
pub struct Tap {
    events: Producer<TapEvent>,
    tapped: Tapped,
    /// There was no room for something.
    lost: bool,
}

/// The MIDI thread's end.
#[derive(Debug)]
pub struct TapLine {
    /// What the callback tells, in the order in which it happens.
    pub events: Consumer<TapEvent>,
    /// Samples a second of the stream.
    pub rate: u32,
    /// Samples by which the stream lags behind its events.
    pub latency: usize,
}

impl Tap {
    /// Both ends for a stream of `rate` samples a second that lags `latency` samples behind.
    pub fn new(rate: u32, latency: usize) -> (Self, TapLine) {
        let (producer, consumer) = RingBuffer::new(EVENTS);
        let tap = Self {
            events: producer,
            tapped: Tapped::Nothing,
            lost: false,
        };
        let line = TapLine {
            events: consumer,
            rate,
            latency,
        };
        (tap, line)
    }

    /// Tells more, or less.
    pub fn set_tapped(&mut self, tapped: Tapped) {
        self.tapped = tapped;
    }

    /// How much is told.
    pub fn tapped(&self) -> Tapped {
        self.tapped
    }

    /// Tells one thing, if it is wanted. Neither allocates nor waits: where there is no room it is lost, and that is
    /// told as soon as there is.
    pub fn tell(&mut self, event: TapEvent) {
        let least = match event {
            TapEvent::Message { .. } => Tapped::Messages,
            _ => Tapped::Time,
        };
        if self.tapped < least {
            return;
        }
        if self.lost && self.events.push(TapEvent::Lost).is_ok() {
            self.lost = false;
        }
        if self.events.push(event).is_err() {
            self.lost = true;
        }
    }
}
