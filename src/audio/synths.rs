//! The synthesizers: one for each track, all reading one SoundFont.
//!
//! One synthesizer a track (rather than sixteen channels of one) gives every track its own level meter, mute without a
//! click and as many tracks as one likes; one that is silent costs nothing. Everything here runs in the audio callback
//! but [`TrackSynth::new`] and [`Rack::new`].

use std::sync::Arc;

use rustysynth::{Synthesizer, SynthesizerSettings};

use crate::score::{Instrument, TrackId};

use super::guard::quietly;
use super::midi::LiveEvent;
use super::midi::echo::Echo;
use super::schedule::{EventKind, NO_BEND, PARAMETERS, Parameters, ScheduledTrack, can_be_chased};
use super::soundfont::Font;

/// Samples that are rendered at once at most.
pub const STRETCH: usize = 128;
/// Notes of one track that sound at once at most (a stereo instrument takes two voices a note).
pub(super) const VOICES: usize = 96;
/// Gain of every synthesizer: a song of five or six tracks then peaks a few decibels below full scale.
pub(super) const MASTER: f32 = 1.2;
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

const DRUM_CHANNEL: i32 = Synthesizer::PERCUSSION_CHANNEL as i32;
const CONTROL: i32 = 0xB0;
const PROGRAM: i32 = 0xC0;
const BEND: i32 = 0xE0;
const RESET_CONTROLLERS: i32 = 121;

/// A synthesizer that plays one track.
pub struct TrackSynth {
    /// Absent without a SoundFont, or after it failed.
    synth: Option<Box<Synthesizer>>,
    failed: bool,
    channel: i32,
    owner: Option<TrackId>,
    program: Option<u8>,
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
    /// Samples since anything was heard; the synthesizer rests once all echoes are gone.
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
            .field("channel", &self.channel)
            .field("program", &self.program)
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

/// Renders silence once through all echoes: the system gives memory when it is first written to, and the callback
/// should not be the one to wait for that.
fn touch(synth: &mut Synthesizer, rate: u32) {
    let (mut left, mut right) = ([0.0; STRETCH], [0.0; STRETCH]);
    // The longest echo of the reverb is 37 ms a round.
    for _ in 0..=rate as usize / 24 / STRETCH {
        synth.render(&mut left, &mut right);
    }
}

impl TrackSynth {
    /// A synthesizer for `rate` samples a second whose events fall on multiples of `block` samples. Without a font, or
    /// at a rate outside 16..=192 kHz, it is silent.
    pub fn new(font: Option<&Arc<Font>>, rate: u32, block: usize) -> Self {
        let mut settings = SynthesizerSettings::new(rate as i32);
        settings.block_size = block;
        settings.maximum_polyphony = VOICES;
        let synth = font
            .and_then(|font| Synthesizer::new(font.parsed(), &settings).ok())
            .map(|mut synth| {
                synth.set_master_volume(MASTER);
                touch(&mut synth, rate);
                Box::new(synth)
            });
        Self {
            synth,
            failed: false,
            channel: 0,
            owner: None,
            program: None,
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
            quiet: usize::MAX / 2,
            // The longest echo of the reverb is 37 ms a round.
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

    /// Runs `f` on the synthesizer. A damaged SoundFont can drive it out of its samples: then this track falls silent
    /// and says so ([`Self::has_failed`]) instead of taking the program down.
    fn guarded(&mut self, f: impl FnOnce(&mut Synthesizer)) {
        if self.failed {
            return;
        }
        if let Some(synth) = &mut self.synth
            && quietly(|| f(synth)).is_none()
        {
            self.failed = true;
        }
    }

    /// Whether the SoundFont made the synthesizer fail.
    pub fn has_failed(&self) -> bool {
        self.failed
    }

    fn message(&mut self, command: i32, first: i32, second: i32) {
        let channel = self.channel;
        self.guarded(|synth| synth.process_midi_message(channel, command, first, second));
    }

    fn control(&mut self, controller: u8, value: u8) {
        let slot = &mut self.controls[usize::from(controller & 127)];
        *slot = value;
        self.sent |= 1 << (controller & 127);
        self.echo.control(controller, value);
        self.message(CONTROL, i32::from(controller), i32::from(value));
    }

    /// Bends the pitch wheel to one of 0..=16383.
    fn set_bend(&mut self, bend: u16) {
        self.bend = bend;
        self.echo.bend(bend);
        self.message(BEND, i32::from(bend & 127), i32::from(bend >> 7));
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
                self.message(CONTROL, i32::from(controller), i32::from(half));
            }
            // Data entry that comes later says itself which parameter it is about.
            for controller in [101_u8, 100] {
                self.echo.control(controller, 127);
                self.message(CONTROL, i32::from(controller), 127);
            }
        }
    }

    /// Chooses the instrument; what sounds on another channel ends.
    fn set_instrument(&mut self, instrument: Instrument) {
        let channel = if instrument.drums { DRUM_CHANNEL } else { 0 };
        if channel != self.channel {
            self.release_all();
            self.channel = channel;
            self.program = None;
            self.sent = 0;
            self.bend = NO_BEND;
            self.message(CONTROL, RESET_CONTROLLERS, 0);
        }
        if self.program != Some(instrument.program) {
            self.program = Some(instrument.program);
            self.echo.program(instrument.program);
            self.message(PROGRAM, i32::from(instrument.program), 0);
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
        let (channel, key_index) = (self.channel, usize::from(key & 127));
        self.sounding |= 1 << key_index;
        self.onsets[key_index] = onset;
        self.echo.note_on(key, velocity);
        self.quiet = 0;
        self.guarded(|synth| synth.note_on(channel, key_index as i32, i32::from(velocity)));
    }

    fn note_off(&mut self, key: u8) {
        let bit = 1_u128 << (key & 127);
        if self.sounding & bit != 0 {
            self.sounding &= !bit;
            self.echo.note_off(key);
            let channel = self.channel;
            self.guarded(|synth| synth.note_off(channel, i32::from(key & 127)));
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
        if let Some(program) = self.program {
            self.echo.program(program);
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
        self.guarded(|synth| synth.note_off_all(true));
    }

    /// Plays one note outside the schedule.
    pub fn try_note(&mut self, instrument: Instrument, key: u8, velocity: u8) {
        self.note_off(key);
        self.set_instrument(instrument);
        if self.sent & 1 << 91 == 0 {
            self.control(91, 40);
        }
        self.note_on(key, velocity, 0);
    }

    /// Ends a note begun with [`Self::try_note`].
    pub fn end_note(&mut self, key: u8) {
        self.note_off(key);
    }

    /// Adds the next samples to `left` and `right` (at most [`STRETCH`], a multiple of the block).
    pub fn render_onto(&mut self, left: &mut [f32], right: &mut [f32]) {
        let frames = left.len().min(right.len()).min(STRETCH);
        self.peak *= self.peak_decay.powi(frames as i32);
        if self.peak < SILENCE {
            self.peak = 0.0;
        }
        if self.synth.is_none() || self.failed || self.quiet > self.rest_after {
            self.gain = self.target_gain;
            return;
        }
        let (mut own_left, mut own_right) = ([0.0_f32; STRETCH], [0.0_f32; STRETCH]);
        let (own_left, own_right) = (&mut own_left[..frames], &mut own_right[..frames]);
        self.guarded(|synth| synth.render(own_left, own_right));
        if self.failed {
            return;
        }
        let mut loudest = 0.0_f32;
        let mut heard = 0.0_f32;
        for (index, (out_left, out_right)) in left.iter_mut().zip(right.iter_mut()).enumerate() {
            let (Some(l), Some(r)) = (own_left.get(index), own_right.get(index)) else {
                break;
            };
            if self.gain != self.target_gain {
                let way = self.target_gain - self.gain;
                self.gain += way.clamp(-self.gain_step, self.gain_step);
            }
            loudest = loudest.max(l.abs()).max(r.abs());
            heard = heard.max(l.abs() * self.gain).max(r.abs() * self.gain);
            *out_left += l * self.gain;
            *out_right += r * self.gain;
        }
        self.peak = self.peak.max(heard);
        if self.sounding == 0 && loudest < SILENCE {
            self.quiet += frames;
            if self.quiet > self.rest_after {
                // Nothing is left to hear: forget what is below hearing, so that waking up starts clean.
                self.guarded(|synth| {
                    synth.note_off_all(true);
                });
            }
        } else {
            self.quiet = 0;
        }
    }

    /// The level meter: the loudest sample, after mute and solo, falling slowly.
    pub fn peak(&self) -> f32 {
        self.peak
    }

    /// Whether nothing sounds, echoes included.
    pub fn is_at_rest(&self) -> bool {
        self.synth.is_none() || self.failed || self.quiet > self.rest_after
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
