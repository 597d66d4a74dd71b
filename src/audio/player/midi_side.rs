//! What the player tells the MIDI thread, and what it makes of what is played by hand.

use std::time::{Duration, Instant};

use super::super::midi::LiveEvent;
use super::super::midi::message::Message;
use super::super::midi::tap::{Place, Tap, TapEvent, Tapped};
use super::super::synths::TrackSynth;
use super::Player;

/// Tells the MIDI port what a synthesizer was told.
pub(super) fn pass_on(tap: &mut Option<Tap>, synth: &mut TrackSynth, sample: u64) {
    for message in synth.echo.take() {
        tell(tap, sample, message);
    }
}

/// Tells the MIDI port one message.
pub(super) fn tell(tap: &mut Option<Tap>, sample: u64, message: Message) {
    if let Some(tap) = tap {
        tap.tell(TapEvent::Message { sample, message });
    }
}

impl Player {
    /// Tells the MIDI thread through `tap` from now on.
    pub fn set_tap(&mut self, tap: Tap) {
        self.tap = Some(tap);
    }

    fn is_open(&self) -> bool {
        let tapped = self.tap.as_ref().map(Tap::tapped);
        tapped == Some(Tapped::Messages)
    }

    pub(super) fn set_tapped(&mut self, tapped: Tapped) {
        let Some(before) = self.tap.as_ref().map(Tap::tapped) else {
            return;
        };
        if before == Tapped::Messages && tapped != before {
            for synth in &mut self.rack.tracks {
                synth.echo.release();
            }
            self.pass_on_all();
            self.stop_song_clock();
        }
        if let Some(tap) = &mut self.tap {
            tap.set_tapped(tapped);
        }
        self.open_echoes();
        if tapped == Tapped::Messages && before != tapped {
            self.tell_sounds();
            if self.transport.is_playing() {
                self.begin_song_clock(self.position_ticks());
            }
        }
    }

    /// Tells the MIDI port the program and the controllers of every track.
    pub(super) fn tell_sounds(&mut self) {
        for track in &self.schedule.tracks {
            if let Some(synth) = self.rack.tracks.get_mut(track.slot) {
                synth.echo_all();
            }
        }
    }

    pub(super) fn open_echoes(&mut self) {
        let open = self.is_open();
        for synth in &mut self.rack.tracks {
            synth.echo.set_open(open);
        }
    }

    /// Tells the MIDI port all that the synthesizers were told.
    pub(super) fn pass_on_all(&mut self) {
        for synth in &mut self.rack.tracks {
            pass_on(&mut self.tap, synth, self.stream);
        }
    }

    pub(super) fn begin_song_clock(&mut self, tick: f64) {
        let (tap, stream) = (&mut self.tap, self.stream);
        self.song_clock
            .begin(tick, |message| tell(tap, stream, message));
    }

    pub(super) fn stop_song_clock(&mut self) {
        let (tap, stream) = (&mut self.tap, self.stream);
        self.song_clock.stop(|message| tell(tap, stream, message));
    }

    /// Tells the MIDI thread that a buffer of `frames` samples was asked for, which leaves the device after `latency`.
    pub fn begin_buffer(&mut self, at: Instant, frames: usize, latency: Option<Duration>) {
        let sample = self.stream - self.ready.len() as u64;
        if let Some(tap) = &mut self.tap {
            tap.tell(TapEvent::Buffer {
                sample,
                frames: frames as u32,
                at,
                latency,
            });
        }
        self.tell_place(None);
    }

    /// Time jumped, began or stopped.
    pub(super) fn mark(&mut self, wrapped_at: Option<f64>) {
        self.passage = self.passage.wrapping_add(1);
        self.tell_place(wrapped_at);
    }

    pub(super) fn tell_place(&mut self, wrapped_at: Option<f64>) {
        const AHEAD: f64 = 64.0;
        let Some(tap) = &mut self.tap else {
            return;
        };
        let clock = &self.schedule.clock;
        let position = self.transport.position() as f64;
        let tick = clock.tick_at(position);
        let ticks_per_sample = if self.transport.is_playing() {
            (clock.tick_at(position + AHEAD) - tick) / AHEAD
        } else {
            0.0
        };
        tap.tell(TapEvent::Place {
            sample: self.stream,
            place: Place {
                tick,
                ticks_per_sample,
                stretch: self.passage,
                wrapped_at,
            },
        });
    }

    /// Whether it is the one that plays what is played by hand.
    pub fn hears(&self) -> bool {
        self.hears
    }

    /// Plays what is played by hand.
    pub fn play_by_hand(&mut self, event: LiveEvent) {
        self.rack.live.play(event);
    }

    /// Gives what is played by hand the sound of its track.
    pub(super) fn tune_live(&mut self) {
        let undone = self.transport.undone_from();
        let track = (self.schedule.tracks.iter()).find(|track| Some(track.id) == self.live_track);
        if let Some(track) = track {
            self.rack.live.sound_like(track, undone);
        }
    }
}
