//! The synthesizers: one for each track, all reading one SoundFont.
//!
//! One synthesizer a track (rather than sixteen channels of one) gives every track its own level meter, mute without a
//! click and as many tracks as one likes; one that is silent costs nothing. Everything here runs in the audio callback
//! but [`TrackSynth::new`] and [`Rack::new`].

use std::sync::Arc;

use crate::score::{Instrument, TrackId};

use super::bus::{Bus, SendLevels};
use super::guard::quietly;
use super::midi::LiveEvent;
use super::midi::echo::Echo;
use super::schedule::{EventKind, NO_BEND, PARAMETERS, Parameters, ScheduledTrack, can_be_chased};
use super::soundfont::Font;
use super::true_peak::loudest;
use super::voices::Voices;

/// Samples that are rendered at once at most.
pub const STRETCH: usize = 128;
/// Notes of one track that sound at once at most (a stereo instrument takes two voices a note).
pub(super) const POLYPHONY: usize = 96;
/// Below this the ear hears nothing (-100 dB).
const SILENCE: f32 = 1e-5;
/// How long a mute or solo takes, in seconds.
const FADE_SECONDS: f32 = 0.008;
/// Volume, pan, reverb and chorus, which someone may be dragging.
const GLIDING: [u8; 4] = [7, 10, 91, 93];
/// How far one of them may jump in one block: so little that no step is heard.
const GLIDE: u8 = 1;

/// A note is taken up in its middle if so many ticks of it are left.
pub(super) const WORTH_TAKING_UP: f64 = 120.0;

const RESET_CONTROLLERS: u8 = 121;
/// What a try-out sends to the reverb.
const PREVIEW_REVERB: u8 = 40;

/// A synthesizer that plays one track.
pub struct TrackSynth {
    /// Absent without a SoundFont, or after it failed.
    voices: Option<Box<Voices>>,
    failed: bool,
    owner: Option<TrackId>,
    instrument: Option<Instrument>,
    /// Last value of every controller.
    controls: [u8; 128],
    /// Which controllers were ever sent.
    sent: u128,
    /// How far the pitch wheel is bent.
    bend: u16,
    /// What the registered parameters were set to; `None` for what they are without.
    parameters: [Option<u16>; PARAMETERS.end as usize],
    followed: Parameters,
    /// Which keys sound.
    sounding: u128,
    /// The onset in ticks of each that does.
    onsets: [i64; 128],
    gain: f32,
    target_gain: f32,
    gain_step: f32,
    /// What the instrument of the last note itself sends to reverb and chorus, in percent.
    note_sends: [i32; 2],
    /// What was sent last.
    sends: SendLevels,
    /// Samples since anything was heard; then the synthesizer rests.
    quiet: usize,
    rest_after: usize,
    peak: f32,
    peak_decay: f32,
    /// What a MIDI port is to be told of it.
    pub(super) echo: Echo,
}

impl std::fmt::Debug for TrackSynth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrackSynth")
            .field("instrument", &self.instrument)
            .field("sounding", &self.sounding)
            .finish_non_exhaustive()
    }
}

/// What a meter keeps of its level from one sample to the next, so that it falls by 60 dB in 1.5 s.
pub fn peak_decay(rate: u32) -> f32 {
    (-6.9 / (1.5 * rate as f32)).exp()
}

/// The keys of a set, lowest first.
fn keys(mut set: u128) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let key = set.trailing_zeros();
        if key >= 128 {
            return None;
        }
        set &= set - 1;
        Some(key as u8)
    })
}

impl TrackSynth {
    /// A synthesizer for `rate` samples a second whose events fall on multiples of `block` samples. Without a font, or
    /// at a rate outside 16..=192 kHz, it is silent.
    pub fn new(font: Option<&Arc<Font>>, rate: u32, block: usize) -> Self {
        let voices = font.and_then(|font| Voices::new(font.zones(), rate, block, POLYPHONY));
        Self {
            voices: voices.map(Box::new),
            failed: false,
            owner: None,
            instrument: None,
            controls: [0; 128],
            sent: 0,
            bend: NO_BEND,
            parameters: [None; PARAMETERS.end as usize],
            followed: Parameters::default(),
            sounding: 0,
            onsets: [0; 128],
            gain: 1.0,
            target_gain: 1.0,
            gain_step: 1.0 / (FADE_SECONDS * rate as f32),
            note_sends: [0; 2],
            sends: SendLevels::default(),
            quiet: usize::MAX / 2,
            rest_after: rate as usize / 8,
            peak: 0.0,
            peak_decay: peak_decay(rate),
            echo: Echo::with_room(),
        }
    }

    /// Makes this the synthesizer of track `id`; says whether it was another track's before.
    pub fn adopt(&mut self, id: TrackId) -> bool {
        self.owner.replace(id).is_some_and(|owner| owner != id)
    }

    /// Runs `f` on the voices. A damaged SoundFont can drive them out of its samples in ways that are not foreseen: then
    /// this track falls silent and says so ([`Self::has_failed`]) instead of taking the program down.
    fn guarded<T>(&mut self, f: impl FnOnce(&mut Voices) -> T) -> Option<T> {
        if self.failed {
            return None;
        }
        let voices = self.voices.as_mut()?;
        let result = quietly(|| f(voices));
        self.failed = result.is_none();
        result
    }

    /// Whether the SoundFont made the synthesizer fail.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    fn control(&mut self, controller: u8, value: u8) {
        let slot = &mut self.controls[usize::from(controller & 127)];
        *slot = value;
        self.sent |= 1 << (controller & 127);
        self.echo.control(controller, value);
        self.guarded(|voices| voices.control(controller, value));
    }

    /// Bends the pitch wheel to one of 0..=16383.
    fn set_bend(&mut self, bend: u16) {
        self.bend = bend;
        self.echo.bend(bend);
        self.guarded(|voices| voices.bend(bend));
    }

    /// Brings bend and tuning to where they stand before `sample`.
    fn chase_pitch(&mut self, track: &ScheduledTrack, sample: i64) {
        let bend = track.part.bend_before(sample);
        if bend != self.bend {
            self.set_bend(bend);
        }
        for parameter in PARAMETERS {
            let Some(slot) = self.parameters.get_mut(usize::from(parameter)) else {
                continue;
            };
            let wanted = track.part.parameter_before(parameter, sample);
            if *slot == wanted {
                continue;
            }
            *slot = wanted;
            // Without data entry: two semitones, and in tune.
            let value = wanted.unwrap_or(if parameter == 0 { 2 << 7 } else { 64 << 7 });
            let halves = [(value >> 7) as u8, (value & 127) as u8];
            for (controller, half) in [
                (101_u8, 0),
                (100, parameter),
                (6, halves[0]),
                (38, halves[1]),
            ] {
                self.echo.control(controller, half);
                self.guarded(|voices| voices.control(controller, half));
            }
            // Data entry that comes later says itself which parameter it is about.
            for controller in [101_u8, 100] {
                self.echo.control(controller, 127);
                self.guarded(|voices| voices.control(controller, 127));
            }
        }
    }

    /// Chooses the instrument; between drums and others, what sounds ends and controllers are forgotten.
    fn set_instrument(&mut self, instrument: Instrument) {
        let before = self.instrument.replace(instrument);
        if before.is_some_and(|before| before.drums != instrument.drums) {
            self.release_all();
            self.sent = 0;
            self.bend = NO_BEND;
            self.guarded(|voices| voices.control(RESET_CONTROLLERS, 0));
        }
        if before != Some(instrument) {
            self.echo.program(instrument.program);
            self.guarded(|voices| voices.set_instrument(instrument));
        }
    }

    /// Brings instrument, controllers and pitch wheel to where they stand before `sample`. A `glide` moves volume, pan
    /// and sends, which someone may be dragging, in small steps.
    pub fn chase(&mut self, track: &ScheduledTrack, sample: i64, glide: Glide) {
        let moved = self.echo.set_channel(track.channel);
        self.set_instrument(track.instrument);
        let mut wanted = self.sent | 1 << 7 | 1 << 10 | 1 << 91 | 1 << 93;
        for lane in &track.part.lanes {
            wanted |= 1 << (lane.controller & 127);
        }
        for controller in keys(wanted).filter(|controller| can_be_chased(*controller)) {
            let mut value = track.controller_before(controller, sample);
            let known = self.sent >> controller & 1 == 1;
            let now = self.controls[usize::from(controller)];
            if known && now == value {
                continue;
            }
            if glide == Glide::Soft && known && GLIDING.contains(&controller) {
                value = value.clamp(now.saturating_sub(GLIDE), now.saturating_add(GLIDE));
            }
            self.control(controller, value);
        }
        self.chase_pitch(track, sample);
        self.target_gain = if track.audible { 1.0 } else { 0.0 };
        if glide == Glide::None {
            self.gain = self.target_gain;
        }
        self.echo.set_audible(track.audible);
        if moved {
            self.echo_all();
        }
    }

    /// Whether what glides has arrived where [`Self::chase`] was told to bring it.
    pub fn has_arrived(&self, track: &ScheduledTrack, sample: i64) -> bool {
        GLIDING.iter().all(|&controller| {
            self.controls[usize::from(controller)] == track.controller_before(controller, sample)
        })
    }

    /// Starts the notes that are held at `tick`; a drum is over when it is struck.
    pub fn take_up(&mut self, track: &ScheduledTrack, tick: f64) {
        if track.instrument.drums {
            return;
        }
        for key in 0..128 {
            if let Some(note) = track.part.held_at(key, tick, WORTH_TAKING_UP) {
                self.note_on(key, note.velocity, note.start);
            }
        }
    }

    /// Sends one event of the schedule. `onset` is the tick at which a note began.
    pub fn send(&mut self, kind: EventKind, key: u8, value: u8, onset: i64) {
        match kind {
            EventKind::Off => self.note_off(key),
            EventKind::Control => {
                if let Some((parameter, value)) = self.followed.take(key, value)
                    && let Some(slot) = self.parameters.get_mut(usize::from(parameter))
                {
                    *slot = Some(value);
                }
                self.control(key, value);
            }
            EventKind::Bend => self.set_bend(u16::from(value & 127) << 7 | u16::from(key & 127)),
            EventKind::On => self.note_on(key, value, onset),
        }
    }

    fn note_on(&mut self, key: u8, velocity: u8, onset: i64) {
        let key_index = usize::from(key & 127);
        self.sounding |= 1 << key_index;
        self.onsets[key_index] = onset;
        self.echo.note_on(key, velocity);
        let sends = self.guarded(|voices| voices.note_on(key & 127, velocity));
        if let Some(sends) = sends.flatten() {
            self.note_sends = sends;
        }
        if self.quiet > self.rest_after {
            self.sends = self.wanted_sends();
        }
        self.quiet = 0;
    }

    fn note_off(&mut self, key: u8) {
        let bit = 1_u128 << (key & 127);
        if self.sounding & bit != 0 {
            self.sounding &= !bit;
            self.echo.note_off(key);
            self.guarded(|voices| voices.note_off(key & 127));
        }
    }

    /// Ends every note and lifts the pedal; releases ring on.
    pub fn release_all(&mut self) {
        for key in keys(self.sounding) {
            self.note_off(key);
        }
        for pedal in [64, 66] {
            if self.controls[pedal] != 0 {
                self.control(pedal as u8, 0);
            }
        }
    }

    /// Ends the notes that `track` (of the schedule as it is now) does not hold at `tick`.
    pub fn release_all_but(&mut self, track: &ScheduledTrack, tick: f64) {
        for key in keys(self.sounding) {
            if !track.part.holds(key, self.onsets[usize::from(key)], tick) {
                self.note_off(key);
            }
        }
    }

    /// Tells the MIDI port everything that holds for the track: program and controllers.
    pub fn echo_all(&mut self) {
        if let Some(instrument) = self.instrument {
            self.echo.program(instrument.program);
        }
        for controller in keys(self.sent) {
            self.echo
                .control(controller, self.controls[usize::from(controller)]);
        }
        self.echo.bend(self.bend);
    }

    /// Plays what is played by hand.
    pub fn play(&mut self, event: LiveEvent) {
        match event {
            LiveEvent::NoteOn { key, velocity } => {
                self.note_off(key & 127);
                self.note_on(key, velocity, 0);
            }
            LiveEvent::NoteOff { key } => self.note_off(key),
            LiveEvent::Control { controller, value } => self.control(controller & 127, value),
            LiveEvent::Bend(bend) => self.set_bend(bend.min(16_383)),
        }
    }

    /// Takes the sound of `track` for what is played by hand: instrument, volume, pan and sends, but not its pedals.
    pub fn sound_like(&mut self, track: &ScheduledTrack, sample: i64) {
        self.set_instrument(track.instrument);
        for controller in [7, 10, 91, 93] {
            let value = track.controller_before(controller, sample);
            let known = self.sent >> controller & 1 == 1;
            if !known || self.controls[usize::from(controller)] != value {
                self.control(controller, value);
            }
        }
        self.target_gain = if track.audible { 1.0 } else { 0.0 };
    }

    /// Ends every sound at once.
    pub fn silence(&mut self) {
        self.release_all();
        self.guarded(Voices::cut);
    }

    /// Plays one note outside the schedule.
    pub fn try_note(&mut self, instrument: Instrument, key: u8, velocity: u8) {
        self.note_off(key);
        self.set_instrument(instrument);
        if self.sent & 1 << 91 == 0 {
            self.control(91, PREVIEW_REVERB);
        }
        self.note_on(key, velocity, 0);
    }

    /// Ends a note begun with [`Self::try_note`].
    pub fn end_note(&mut self, key: u8) {
        self.note_off(key);
    }

    /// What goes to the effects, given the track's controllers and the instrument of its last note.
    fn wanted_sends(&self) -> SendLevels {
        let [reverb, chorus] = [self.controls[91], self.controls[93]];
        let track = [reverb, chorus].map(|value| f32::from(value.min(127)) / 127.0);
        SendLevels::of(track, self.note_sends)
    }

    /// Adds the next samples to a mix of at most [`STRETCH`], a multiple of the block.
    pub fn render_onto(&mut self, bus: &mut Bus) {
        let frames = bus.frames().min(STRETCH);
        self.peak *= self.peak_decay.powi(frames as i32);
        if self.peak < SILENCE {
            self.peak = 0.0;
        }
        if self.is_at_rest() {
            self.gain = self.target_gain;
            return;
        }
        let (mut left, mut right) = ([0.0_f32; STRETCH], [0.0_f32; STRETCH]);
        let (left, right) = (&mut left[..frames], &mut right[..frames]);
        self.guarded(|voices| voices.render(left, right));
        if self.failed {
            return;
        }
        let before = loudest(left).max(loudest(right));
        if self.gain != 1.0 || self.target_gain != 1.0 {
            for (left, right) in left.iter_mut().zip(right.iter_mut()) {
                let way = self.target_gain - self.gain;
                self.gain += way.clamp(-self.gain_step, self.gain_step);
                *left *= self.gain;
                *right *= self.gain;
            }
        }
        self.peak = self.peak.max(loudest(left)).max(loudest(right));
        let sends = self.wanted_sends();
        bus.add(0, [left, right], self.sends, sends);
        self.sends = sends;
        if self.sounding == 0 && before < SILENCE {
            self.quiet += frames;
            if self.quiet > self.rest_after {
                // Nothing is left to hear: forget what is below hearing, so that waking up starts clean.
                self.guarded(Voices::cut);
            }
        } else {
            self.quiet = 0;
        }
    }

    /// The level meter: the loudest sample, after mute and solo, falling slowly.
    pub fn peak(&self) -> f32 {
        self.peak
    }

    /// Whether nothing sounds.
    pub fn is_at_rest(&self) -> bool {
        self.voices.is_none() || self.failed || self.quiet > self.rest_after
    }
}

/// How fast state is brought where it belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glide {
    /// At once: nothing is playing, or the score says so.
    None,
    /// In small steps, because someone is dragging a control.
    Soft,
}

/// Every synthesizer of a stream.
#[derive(Debug)]
pub struct Rack {
    /// By slot.
    pub tracks: Vec<TrackSynth>,
    /// For notes that are tried out.
    pub preview: TrackSynth,
    /// For what is played by hand.
    pub live: TrackSynth,
}

impl Rack {
    /// `slots` synthesizers reading `font`.
    pub fn new(font: Option<&Arc<Font>>, rate: u32, block: usize, slots: usize) -> Self {
        Self {
            tracks: (0..slots)
                .map(|_| TrackSynth::new(font, rate, block))
                .collect(),
            preview: TrackSynth::new(font, rate, block),
            live: TrackSynth::new(font, rate, block),
        }
    }

    /// Every synthesizer, those of the tracks first.
    pub fn all(&mut self) -> impl Iterator<Item = &mut TrackSynth> {
        self.tracks
            .iter_mut()
            .chain([&mut self.preview, &mut self.live])
    }

    /// Whether nothing sounds.
    pub fn is_at_rest(&self) -> bool {
        self.preview.is_at_rest()
            && self.live.is_at_rest()
            && self.tracks.iter().all(TrackSynth::is_at_rest)
    }

    /// Whether the SoundFont made any synthesizer fail.
    pub fn has_failed(&self) -> bool {
        self.preview.has_failed()
            || self.live.has_failed()
            || self.tracks.iter().any(TrackSynth::has_failed)
    }
}
