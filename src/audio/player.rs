//! The player: schedule, transport, synthesizers, metronome, previews and limiter as one machine that turns orders into
//! samples. The audio callback and the offline render drive the same one.
//!
//! Nothing here allocates, frees, locks or waits once [`Player::new`] has returned.

use crate::score::{Span, Tick, TrackId};

use super::bus::Bus;
use super::effects::Effects;
use super::limiter::Limiter;
use super::metronome::{Beat, Clicks, CountIn};
use super::midi::song_clock::SongClock;
use super::midi::tap::Tap;
use super::protocol::{Clicking, PreviewNote, ScoreUpdate, ToAudio};
use super::schedule::Schedule;
use super::synths::{Glide, Rack, STRETCH, peak_decay};
use super::transport::{Transport, Turn};
use super::true_peak::loudest;

mod midi_side;

use midi_side::{pass_on, tell};

/// Previewed notes that may wait for their end at once.
const PREVIEWS: usize = 16;
/// How long old synthesizers fade after a change of SoundFont, in seconds.
const RETIRE_SECONDS: f32 = 0.02;

/// Old synthesizers on their way out.
#[derive(Debug)]
struct Retiring {
    rack: Box<Rack>,
    gain: f32,
}

/// What an order leaves behind, to be freed elsewhere.
#[derive(Debug)]
pub enum Left {
    /// Nothing.
    Nothing,
    /// The old song.
    Score(Box<ScoreUpdate>),
    /// Old synthesizers.
    Rack(Box<Rack>),
}

/// Turns orders into samples.
#[derive(Debug)]
pub struct Player {
    schedule: Schedule,
    rack: Box<Rack>,
    retiring: Option<Retiring>,
    /// Whether a change of song has still to arrive at volumes and pans.
    gliding: bool,
    transport: Transport,
    /// Samples between the edges on which events fall.
    block: i64,
    looped: Option<Span>,
    order: u32,
    clicking: Clicking,
    clicks: Clicks,
    next_beat: Option<Beat>,
    count_in: Option<CountIn>,
    previews: [Option<(u8, u64)>; PREVIEWS],
    gain: f32,
    target_gain: f32,
    effects: Effects,
    limiter: Limiter,
    bus: Bus,
    /// What of `bus` is still to be given out.
    ready: std::ops::Range<usize>,
    peaks: [f32; 2],
    peak_decay: f32,
    /// What is played by hand sounds like this track, from the first [`ToAudio::LiveTrack`] on.
    live_track: Option<TrackId>,
    hears: bool,
    tap: Option<Tap>,
    song_clock: SongClock,
    /// Samples made so far.
    stream: u64,
    /// How often time has jumped, stopped or begun ([`super::midi::tap::Place::stretch`]).
    passage: u32,
}

impl Player {
    /// A player at rest for `rate` samples a second with an empty song and `rack` as synthesizers, which were made for
    /// blocks of `block` samples.
    pub fn new(rate: u32, block: usize, rack: Box<Rack>) -> Self {
        Self {
            schedule: Schedule::empty(rate),
            rack,
            retiring: None,
            gliding: false,
            transport: Transport::new(block),
            block: block.max(1) as i64,
            looped: None,
            order: 0,
            clicking: Clicking::Off,
            clicks: Clicks::new(rate),
            next_beat: None,
            count_in: None,
            previews: [None; PREVIEWS],
            gain: 1.0,
            target_gain: 1.0,
            effects: Effects::new(rate),
            limiter: Limiter::new(rate),
            bus: Bus::with_room(STRETCH),
            ready: 0..0,
            peaks: [0.0; 2],
            peak_decay: peak_decay(rate),
            live_track: None,
            hears: false,
            tap: None,
            song_clock: SongClock::default(),
            stream: 0,
            passage: 0,
        }
    }

    /// Samples a second.
    pub fn rate(&self) -> u32 {
        self.schedule.clock.rate()
    }

    /// Samples by which the output lags behind the schedule.
    pub fn latency(&self) -> usize {
        self.limiter.latency()
    }

    /// The playhead, in ticks.
    pub fn position_ticks(&self) -> f64 {
        self.schedule
            .clock
            .tick_at(self.transport.position() as f64)
    }

    /// Whether time passes, or will after a count-in.
    pub fn is_playing(&self) -> bool {
        self.transport.is_playing() || self.count_in.is_some()
    }

    /// Ticks of a count-in that are still to come; 0 without one.
    pub fn count_in_left(&self) -> f64 {
        self.count_in.as_ref().map_or(0.0, CountIn::ticks_left)
    }

    /// The number of the last transport order.
    pub fn order(&self) -> u32 {
        self.order
    }

    /// Peaks of left and right, falling slowly.
    pub fn peaks(&self) -> [f32; 2] {
        self.peaks
    }

    /// The synthesizers.
    pub fn rack(&self) -> &Rack {
        &self.rack
    }

    /// Whether nothing sounds any more, echoes included.
    pub fn is_at_rest(&self) -> bool {
        self.rack.is_at_rest()
            && self.effects.is_at_rest()
            && self.clicks.is_at_rest()
            && self.retiring.is_none()
    }

    /// Carries out an order.
    pub fn obey(&mut self, order: ToAudio) -> Left {
        match order {
            ToAudio::Score(update) => {
                let left = self.change_score(update);
                self.tune_live();
                self.pass_on_all();
                return left;
            }
            ToAudio::Rack(rack) => {
                let left = self.change_rack(rack);
                self.tune_live();
                self.pass_on_all();
                return left;
            }
            ToAudio::Transport(order, number) => {
                self.order = number;
                self.drive(order);
            }
            ToAudio::Loop(span) => {
                self.looped = span;
                self.place_loop();
            }
            ToAudio::AtEnd(at_end) => self.transport.set_at_end(at_end),
            ToAudio::Metronome(clicking) => {
                self.clicking = clicking;
                self.find_beat(self.transport.undone_from());
            }
            ToAudio::Gain(gain) => {
                if gain.is_finite() {
                    self.target_gain = gain.clamp(0.0, 4.0);
                }
            }
            ToAudio::Preview(note) => self.try_note(note),
            ToAudio::LiveTrack(track) => {
                self.live_track = track;
                self.hears = true;
                self.tune_live();
            }
            ToAudio::Panic => {
                for synth in self.rack.all() {
                    synth.silence();
                }
                self.previews = [None; PREVIEWS];
            }
            ToAudio::Tap(tapped) => self.set_tapped(tapped),
        }
        self.pass_on_all();
        Left::Nothing
    }

    /// Old synthesizers that have faded out, to be freed elsewhere.
    pub fn take_retired(&mut self) -> Option<Box<Rack>> {
        self.retiring
            .take_if(|retiring| retiring.gain <= 0.0)
            .map(|retiring| retiring.rack)
    }

    /// Whether there is anything for [`Self::take_retired`].
    pub fn has_retired(&self) -> bool {
        self.retiring
            .as_ref()
            .is_some_and(|retiring| retiring.gain <= 0.0)
    }

    fn try_note(&mut self, note: PreviewNote) {
        let entry = (note.key & 127, note.length.max(1));
        self.rack
            .preview
            .try_note(note.instrument, note.key & 127, note.velocity.clamp(1, 127));
        let same = self
            .previews
            .iter()
            .position(|slot| slot.is_some_and(|(key, _)| key == entry.0));
        let free = same.or_else(|| self.previews.iter().position(Option::is_none));
        // With all places taken, the note that would end first ends now.
        let place = free.or_else(|| {
            (0..PREVIEWS).min_by_key(|&place| {
                self.previews
                    .get(place)
                    .copied()
                    .flatten()
                    .map_or(0, |(_, left)| left)
            })
        });
        if let Some(slot) = place.and_then(|place| self.previews.get_mut(place))
            && let Some((key, _)) = slot.replace(entry)
            && key != entry.0
        {
            self.rack.preview.end_note(key);
        }
    }

    fn pass_previews(&mut self, frames: u64) {
        for slot in &mut self.previews {
            if let Some((key, left)) = slot {
                *left = left.saturating_sub(frames);
                if *left == 0 {
                    self.rack.preview.end_note(*key);
                    *slot = None;
                }
            }
        }
    }

    /// Fills `left` and `right` (of one length) with the next samples.
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        let frames = left.len().min(right.len());
        let mut done = 0;
        while done < frames {
            if self.ready.is_empty() {
                self.make(frames - done);
            }
            let count = self.ready.len().min(frames - done);
            let from = self.ready.start..self.ready.start + count;
            for (out, side) in [&mut *left, &mut *right].into_iter().zip(&self.bus.sides) {
                if let Some(out) = out.get_mut(done..done + count)
                    && let Some(made) = side.get(from.clone())
                {
                    out.copy_from_slice(made);
                }
            }
            self.ready.start += count;
            done += count;
        }
    }

    /// Sends what is due, and says when the next thing is.
    fn send_due(&mut self) -> i64 {
        let due = self.transport.due_before();
        let mut next = i64::MAX;
        let (position, stream) = (self.transport.position(), self.stream);
        let moment = |at: i64| stream.saturating_add_signed(at - position);
        while let Some(at) = self.song_clock.due(&self.schedule.clock)
            && (at.round() as i64) < due
        {
            let tap = &mut self.tap;
            self.song_clock
                .tick(|message| tell(tap, moment(at.round() as i64), message));
        }
        for track in &mut self.schedule.tracks {
            let synth = self.rack.tracks.get_mut(track.slot);
            let events = &track.part.events;
            if let Some(synth) = synth {
                while let Some(event) = events.get(track.cursor)
                    && event.at < due
                {
                    let onset = track
                        .part
                        .notes
                        .get(event.note as usize)
                        .map_or(0, |note| note.start);
                    synth.send(event.kind, event.key, event.value, onset);
                    pass_on(&mut self.tap, synth, moment(event.at));
                    track.cursor += 1;
                }
            }
            if let Some(event) = events.get(track.cursor) {
                next = next.min(event.at);
            }
        }
        while let Some(beat) = self.next_beat
            && beat.at < due
        {
            self.clicks.start(beat.accent);
            self.find_beat(beat.at + 1);
        }
        if let Some(beat) = self.next_beat {
            next = next.min(beat.at);
        }
        next
    }

    fn glide(&mut self) {
        let due = self.transport.due_before();
        let mut arrived = true;
        for track in &self.schedule.tracks {
            if let Some(synth) = self.rack.tracks.get_mut(track.slot)
                && !synth.has_arrived(track, due)
            {
                synth.chase(track, due, Glide::Soft);
                arrived &= synth.has_arrived(track, due);
            }
        }
        self.gliding = !arrived;
    }

    /// Makes the next stretch of samples, about `wanted` of them.
    fn make(&mut self, wanted: usize) {
        let until_click = self.count();
        let end = if self.schedule.end > 0 {
            self.schedule.end
        } else {
            i64::MAX
        };
        match self.transport.turn(end) {
            Turn::On => {}
            Turn::Wrapped => {
                self.release_all();
                let span = self.looped.unwrap_or(Span::new(Tick::ZERO, Tick::ZERO));
                self.begin_at(self.schedule.clock.nearest_sample(span.start));
                self.mark(Some(span.end.0 as f64));
            }
            Turn::Ended => {
                self.release_all();
                self.stop_song_clock();
                self.mark(None);
            }
        }
        let next = if self.transport.is_playing() {
            let next = self.send_due();
            if self.gliding {
                self.glide();
            }
            self.pass_on_all();
            next
        } else {
            i64::MAX
        };
        // What glides moves at every block edge.
        let most = if self.gliding {
            self.block as usize
        } else {
            STRETCH
        };
        let frames = self
            .transport
            .stretch(next, end, wanted.min(most))
            .min(until_click.min(most as i64) as usize);
        self.mix(frames);
        if let Some(count_in) = &mut self.count_in {
            count_in.advance(frames);
        }
        self.pass_previews(frames as u64);
        self.transport.advance(frames);
        self.stream += frames as u64;
        self.ready = 0..frames;
    }

    fn mix(&mut self, frames: usize) {
        let bus = &mut self.bus;
        bus.clear(frames);
        if let Some(retiring) = &mut self.retiring {
            for synth in retiring.rack.all() {
                synth.render_onto(bus);
            }
            let step = 1.0 / (RETIRE_SECONDS * self.schedule.clock.rate() as f32);
            retiring.gain = bus.fade(retiring.gain, step);
        }
        for synth in self.rack.all() {
            synth.render_onto(bus);
        }
        self.effects.apply(bus);
        let [left, right] = &mut bus.sides;
        self.clicks.render_onto(left, right);
        for (left, right) in left.iter_mut().zip(right.iter_mut()) {
            self.gain += (self.target_gain - self.gain).clamp(-0.002, 0.002);
            *left *= self.gain;
            *right *= self.gain;
        }
        self.limiter.process(left, right);
        let decay = self.peak_decay.powi(frames as i32);
        for (peak, side) in self.peaks.iter_mut().zip(&bus.sides) {
            *peak = (*peak * decay).max(loudest(side));
            if *peak < 1e-6 {
                *peak = 0.0;
            }
        }
    }

    /// The level meter of the synthesizer in each slot.
    pub fn track_peaks(&self) -> impl Iterator<Item = f32> + '_ {
        self.rack.tracks.iter().map(super::synths::TrackSynth::peak)
    }
}

#[cfg(test)]
#[path = "player_change_tests.rs"]
mod change_tests;

mod orders;

#[cfg(test)]
#[path = "player_tests.rs"]
mod tests;
