//! A line to one stream: which synthesizer plays which track, and what is on its way down.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::score::{Song, TrackId};

use super::callback::{Callback, Link};
use super::midi::LiveQueue;
use super::player::Player;
use super::protocol::{ScoreUpdate, ToAudio};
use super::schedule::Compiler;
use super::soundfont::Font;
use super::synths::{Rack, TrackSynth};

/// Events fall on multiples of this many samples: at most 0.19 ms from their place at 44.1 kHz.
const BLOCK: usize = 16;
/// A line to a stream.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) link: Link,
    pub(super) rate: u32,
    /// Samples by which the player's output lags.
    pub(super) lag: usize,
    compiler: Compiler,
    /// The tracks that the synthesizers were given to, by slot.
    pub(super) slots: Vec<Option<TrackId>>,
    /// Synthesizers that there is room for.
    room: usize,
    /// What the ring had no room for.
    pub(super) waiting: VecDeque<ToAudio>,
    pub(super) song_waits: bool,
}

/// Room for synthesizers is made in steps of this.
const ROOM: usize = 32;

impl Line {
    /// A line to a new callback with nothing in it; it plays what is put into `live`.
    pub(super) fn new(rate: u32, live: Arc<LiveQueue>) -> (Self, Callback) {
        let mut rack = Rack::new(None, rate, BLOCK, 0);
        rack.tracks.reserve_exact(ROOM);
        let player = Player::new(rate, BLOCK, Box::new(rack));
        let lag = player.latency();
        let (callback, link) = Callback::new(player);
        let callback = callback.with_live(live);
        let line = Self {
            link,
            rate,
            lag,
            compiler: Compiler::new(rate),
            slots: Vec::new(),
            room: ROOM,
            waiting: VecDeque::new(),
            song_waits: false,
        };
        (line, callback)
    }

    pub(super) fn send(&mut self, order: ToAudio) {
        self.waiting.push_back(order);
        self.flush();
    }

    pub(super) fn flush(&mut self) {
        while let Some(order) = self.waiting.pop_front() {
            if let Err(rtrb::PushError::Full(order)) = self.link.down.push(order) {
                self.waiting.push_front(order);
                break;
            }
        }
    }

    /// The slot of each track of `song`: the one it had, else a free one, else a new one.
    fn assign_slots(&mut self, song: &Song) -> Vec<usize> {
        for slot in &mut self.slots {
            if slot.is_some_and(|id| song.track(id).is_none()) {
                *slot = None;
            }
        }
        let mut assigned = Vec::with_capacity(song.tracks.len());
        for track in &song.tracks {
            let own = self.slots.iter().position(|slot| *slot == Some(track.id));
            let slot = own.or_else(|| self.slots.iter().position(Option::is_none));
            let slot = slot.unwrap_or_else(|| {
                self.slots.push(None);
                self.slots.len() - 1
            });
            if let Some(place) = self.slots.get_mut(slot) {
                *place = Some(track.id);
            }
            assigned.push(slot);
        }
        assigned
    }

    pub(super) fn send_song(&mut self, song: &Song, font: Option<&Arc<Font>>) {
        let before = self.slots.len();
        let slots = self.assign_slots(song);
        let schedule = self.compiler.compile(song, |index, _| {
            slots.get(index).copied().unwrap_or(usize::MAX)
        });
        let more = self.slots.len() - before;
        let room = (self.slots.len() > self.room).then(|| {
            self.room = self.slots.len().next_multiple_of(ROOM);
            Vec::with_capacity(self.room)
        });
        self.send(ToAudio::Score(Box::new(ScoreUpdate {
            schedule,
            more_synths: (0..more)
                .map(|_| TrackSynth::new(font, self.rate, BLOCK))
                .collect(),
            room,
        })));
    }

    pub(super) fn send_font(&mut self, font: Option<&Arc<Font>>) {
        let mut rack = Rack::new(font, self.rate, BLOCK, 0);
        rack.tracks.reserve_exact(self.room);
        rack.tracks
            .extend((0..self.slots.len()).map(|_| TrackSynth::new(font, self.rate, BLOCK)));
        self.send(ToAudio::Rack(Box::new(rack)));
    }
}
