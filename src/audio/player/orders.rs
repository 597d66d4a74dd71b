//! What a player does when it is told something: transport, count-in, another song, other synthesizers.

use crate::score::Tick;

use super::super::metronome::{self, CountIn};
use super::super::protocol::{Clicking, ScoreUpdate, TransportOrder};
use super::super::synths::{Glide, Rack};
use super::{Left, PREVIEWS, Player, Retiring, pass_on, tell};

impl Player {
    pub(super) fn drive(&mut self, order: TransportOrder) {
        match order {
            TransportOrder::Play => self.start(),
            TransportOrder::PlayAfter(bars) => {
                if self.transport.is_playing() {
                    return;
                }
                let start = Tick(self.position_ticks().round() as i64);
                let (metre, clock) = (&self.schedule.metre, &self.schedule.clock);
                self.count_in = CountIn::new(metre, clock, start, bars);
                if self.count_in.is_none() {
                    self.start();
                }
            }
            TransportOrder::Pause => {
                self.count_in = None;
                self.transport.set_playing(false);
                self.release_all();
                self.stop_song_clock();
                self.mark(None);
            }
            TransportOrder::Seek(tick) => {
                let sample = self.schedule.clock.nearest_sample(tick.max(Tick::ZERO));
                self.transport.set_position(sample);
                if self.transport.is_playing() {
                    self.release_all();
                    self.begin_at(sample);
                } else {
                    let (tap, stream) = (&mut self.tap, self.stream);
                    self.song_clock
                        .point_at(tick.0 as f64, |message| tell(tap, stream, message));
                }
                self.mark(None);
            }
        }
    }

    pub(super) fn start(&mut self) {
        self.count_in = None;
        if !self.transport.is_playing() {
            // Whoever connected to the port since then knows nothing yet.
            self.tell_sounds();
            self.transport.set_playing(true);
            self.begin_at(self.transport.position());
            self.mark(None);
        }
    }

    /// Goes on with a count-in: what is due at this block edge, and how many samples may pass before the next thing is.
    pub(super) fn count(&mut self) -> i64 {
        let half = self.block / 2;
        let Some(count_in) = &mut self.count_in else {
            return i64::MAX;
        };
        if count_in.samples_left() < half {
            self.start();
            return i64::MAX;
        }
        let mut next = count_in.samples_left();
        while let Some((at, accent)) = count_in.next_click() {
            if at >= half {
                next = next.min(at);
                break;
            }
            self.clicks.start(accent);
            count_in.step();
        }
        // To the block edge nearest to it, and to another one at least.
        ((next + half) / self.block).max(1) * self.block
    }

    pub(super) fn release_all(&mut self) {
        for synth in &mut self.rack.tracks {
            synth.release_all();
        }
    }

    /// Makes everything ready to go on from `sample`: cursors, controllers, beats, and long notes that began before.
    pub(super) fn begin_at(&mut self, sample: i64) {
        let tick = self.schedule.clock.tick_at(sample as f64);
        for track in &mut self.schedule.tracks {
            track.cursor = track.part.cursor_at(sample);
            if let Some(synth) = self.rack.tracks.get_mut(track.slot) {
                synth.chase(track, sample, Glide::None);
                synth.take_up(track, tick);
            }
        }
        self.gliding = false;
        self.find_beat(sample);
        self.tune_live();
        self.begin_song_clock(tick);
    }

    pub(super) fn find_beat(&mut self, sample: i64) {
        self.next_beat = match self.clicking {
            Clicking::On => Some(metronome::next_beat(
                &self.schedule.metre,
                &self.schedule.clock,
                sample.max(0),
            )),
            Clicking::Off => None,
        };
    }

    pub(super) fn place_loop(&mut self) {
        let clock = &self.schedule.clock;
        self.transport.set_loop(self.looped.map(|span| {
            (
                clock.sample_at(span.start.0 as f64),
                clock.sample_at(span.end.0 as f64),
            )
        }));
    }

    pub(super) fn change_score(&mut self, mut update: Box<ScoreUpdate>) -> Left {
        if let Some(room) = &mut update.room {
            room.append(&mut self.rack.tracks);
            std::mem::swap(room, &mut self.rack.tracks);
        }
        while self.rack.tracks.len() < self.rack.tracks.capacity()
            && let Some(synth) = update.more_synths.pop()
        {
            self.rack.tracks.push(synth);
        }
        let tick = self.position_ticks();
        std::mem::swap(&mut self.schedule, &mut update.schedule);
        if self.schedule.clock != update.schedule.clock {
            let sample = self.schedule.clock.sample_at(tick).round() as i64;
            self.transport.set_position(sample);
            self.tell_place(None);
        }
        self.open_echoes();
        self.place_loop();
        self.take_over(tick);
        Left::Score(update)
    }

    /// Goes on with a changed song: notes that are still there sound on, the others end.
    pub(super) fn take_over(&mut self, tick: f64) {
        for (slot, synth) in self.rack.tracks.iter_mut().enumerate() {
            if !self.schedule.tracks.iter().any(|track| track.slot == slot) {
                synth.release_all();
            }
        }
        let undone = self.transport.undone_from();
        let playing = self.transport.is_playing();
        for track in &mut self.schedule.tracks {
            track.cursor = track.part.cursor_at(undone);
            if let Some(synth) = self.rack.tracks.get_mut(track.slot) {
                if synth.adopt(track.id) {
                    synth.release_all();
                    synth.chase(track, undone, Glide::None);
                } else if playing {
                    synth.release_all_but(track, tick);
                    synth.chase(track, undone, Glide::Soft);
                } else {
                    synth.chase(track, undone, Glide::None);
                }
            }
        }
        self.gliding = playing;
        self.find_beat(undone);
    }

    pub(super) fn change_rack(&mut self, rack: Box<Rack>) -> Left {
        let mut old = std::mem::replace(&mut self.rack, rack);
        for synth in old.all() {
            synth.release_all();
            pass_on(&mut self.tap, synth, self.stream);
            synth.echo.set_open(false);
        }
        self.open_echoes();
        self.previews = [None; PREVIEWS];
        let undone = self.transport.undone_from();
        let tick = self.position_ticks();
        for track in &self.schedule.tracks {
            if let Some(synth) = self.rack.tracks.get_mut(track.slot) {
                synth.adopt(track.id);
                synth.chase(track, undone, Glide::None);
                if self.transport.is_playing() {
                    synth.take_up(track, tick);
                }
            }
        }
        let retiring = Retiring {
            rack: old,
            gain: 1.0,
        };
        match self.retiring.replace(retiring) {
            Some(earlier) => Left::Rack(earlier.rack),
            None => Left::Nothing,
        }
    }
}
