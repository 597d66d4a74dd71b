//! The only door to the audio thread.
//!
//! [`Callback::fill`] takes no lock, allocates and frees nothing, logs nothing and does not panic. It takes orders from
//! a ring, lets the [`Player`] make samples, publishes what happened in atomics, and sends up what is to be freed
//! through a second ring. `assert_no_alloc` watches over it: a program that installs its allocator (the tests do)
//! aborts on any allocation in here.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use assert_no_alloc::assert_no_alloc;
use rtrb::{Consumer, Producer, RingBuffer};

use super::denormals;
use super::loudness::LoudnessMeter;
use super::midi::LiveQueue;
use super::midi::tap::{Tap, TapLine};
use super::player::{Left, Player};
use super::protocol::{FromAudio, ToAudio};
use super::shared::Shared;

/// Orders that may be under way.
const DOWN: usize = 256;
/// Things to be freed that may be under way.
const UP: usize = 64;
/// Frames that are made at once at most; longer callbacks are served in parts.
const FRAMES: usize = 1024;

/// The callback's side.
#[derive(Debug)]
pub struct Callback {
    player: Player,
    down: Consumer<ToAudio>,
    up: Producer<FromAudio>,
    shared: Arc<Shared>,
    /// What is played by hand.
    live: Option<Arc<LiveQueue>>,
    /// From a call until its sound leaves the device, where that is known.
    device_latency: Option<Duration>,
    loudness: LoudnessMeter,
    left: Box<[f32]>,
    right: Box<[f32]>,
}

/// The owner's side.
#[derive(Debug)]
pub struct Link {
    /// Orders to the callback.
    pub down: Producer<ToAudio>,
    /// What comes back to be freed.
    pub up: Consumer<FromAudio>,
    /// What the callback lets be seen.
    pub shared: Arc<Shared>,
    /// What the MIDI thread is told, until it is given to it.
    pub tap: Option<TapLine>,
}

impl Callback {
    /// A callback around `player`, and the owner's end of its lines.
    pub fn new(mut player: Player) -> (Self, Link) {
        let (to_audio, down) = RingBuffer::new(DOWN);
        let (up, from_audio) = RingBuffer::new(UP);
        let shared = Arc::new(Shared::default());
        let (tap, line) = Tap::new(player.rate(), player.latency());
        player.set_tap(tap);
        let callback = Self {
            loudness: LoudnessMeter::new(player.rate()),
            player,
            down,
            up,
            shared: Arc::clone(&shared),
            live: None,
            device_latency: None,
            left: vec![0.0; FRAMES].into(),
            right: vec![0.0; FRAMES].into(),
        };
        let link = Link {
            down: to_audio,
            up: from_audio,
            shared,
            tap: Some(line),
        };
        (callback, link)
    }

    /// A callback that plays what is put into `live`, from the first [`ToAudio::LiveTrack`] on.
    #[must_use]
    pub fn with_live(mut self, live: Arc<LiveQueue>) -> Self {
        self.live = Some(live);
        self
    }

    /// The sound of the next call leaves the device so long after it; `None` if that is not known.
    pub fn set_device_latency(&mut self, latency: Option<Duration>) {
        self.device_latency = latency;
    }

    /// Fills `output` with interleaved frames of `channels` samples: the first two are left and right, one alone is
    /// their mean, the others are silent.
    pub fn fill(&mut self, output: &mut [f32], channels: usize) {
        assert_no_alloc(|| denormals::flushed(|| self.fill_guarded(output, channels.max(1))));
    }

    fn fill_guarded(&mut self, output: &mut [f32], channels: usize) {
        let started = Instant::now();
        self.take_orders();
        let frames = output.len() / channels;
        self.player
            .begin_buffer(started, frames, self.device_latency);
        self.play_by_hand();
        for part in output.chunks_mut(FRAMES * channels) {
            let frames = part.len() / channels;
            let (Some(left), Some(right)) =
                (self.left.get_mut(..frames), self.right.get_mut(..frames))
            else {
                continue;
            };
            self.player.render(left, right);
            self.loudness.measure(left, right);
            for ((frame, left), right) in part.chunks_mut(channels).zip(left).zip(right) {
                match frame {
                    [mono] => *mono = 0.5 * (*left + *right),
                    [first, second, others @ ..] => {
                        *first = *left;
                        *second = *right;
                        others.fill(0.0);
                    }
                    [] => {}
                }
            }
        }
        self.publish();
        let budget = frames as f64 / f64::from(self.player.rate().max(1));
        self.shared
            .count_callback(started.elapsed().as_secs_f64(), budget);
    }

    /// Takes every order for which there is room to send back what it replaces.
    fn take_orders(&mut self) {
        if self.player.has_retired()
            && self.up.slots() > 0
            && let Some(rack) = self.player.take_retired()
        {
            self.give_back(FromAudio::Rack(rack));
        }
        while self.up.slots() > 1
            && let Ok(order) = self.down.pop()
        {
            match self.player.obey(order) {
                Left::Nothing => {}
                Left::Score(score) => self.give_back(FromAudio::Score(score)),
                Left::Rack(rack) => self.give_back(FromAudio::Rack(rack)),
            }
        }
    }

    fn play_by_hand(&mut self) {
        if let Some(live) = self.live.as_ref().filter(|_| self.player.hears()) {
            while let Some(event) = live.pop() {
                self.player.play_by_hand(event);
            }
        }
    }

    /// Sends something up. There is room: it is looked for before anything is taken.
    fn give_back(&mut self, old: FromAudio) {
        if let Err(rtrb::PushError::Full(old)) = self.up.push(old) {
            // Never reached; forgetting is the one way out that frees nothing here.
            std::mem::forget(old);
        }
    }

    fn publish(&self) {
        let shared = &self.shared;
        shared.set_position(self.player.position_ticks());
        shared.set_count_in(self.player.count_in_left());
        shared.set_loudness(self.loudness.momentary());
        shared
            .playing
            .store(self.player.is_playing(), Ordering::Relaxed);
        shared.set_master(self.player.peaks());
        for (slot, peak) in self.player.track_peaks().enumerate() {
            shared.set_track(slot, peak);
        }
        shared
            .flushes
            .store(denormals::are_flushed(), Ordering::Relaxed);
        if self.player.rack().has_failed() {
            shared.failed.store(true, Ordering::Relaxed);
        }
        // Last: who sees the order done sees its effect too.
        shared.order.store(self.player.order(), Ordering::Release);
    }
}
