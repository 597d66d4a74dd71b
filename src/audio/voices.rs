//! The voices of one instrument: a synthesizer without effects that plays one preset at a time.
//!
//! It is held so that neither a SoundFont nor a performance drives it out of its samples: a note or a bend that would run
//! over a loop faster than the synthesizer can follow, far above all hearing, is not played ([`Zones`]).
//!
//! Notes of one exclusive class cut each other off, however many voices each has. The synthesizer would cut one voice for
//! each that begins; here every class has a channel of its own, and what sounds on it ends before a note begins.

use std::sync::Arc;

use rustysynth::{Synthesizer, SynthesizerSettings};

use super::schedule::{NO_BEND, PARAMETERS, Parameters};
use super::zones::{DRUM_BANK, Zones};
use crate::score::Instrument;

/// Gain of every synthesizer: a song of five or six tracks then peaks a few decibels below full scale.
const MASTER: f32 = 1.2;
/// Channels of the synthesizer that are used: the first for notes without a class, the others for classes in turn. That of
/// the drums is left out, because it counts banks in another way.
const CHANNELS: [i32; 15] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15];
const CONTROL: i32 = 0xB0;
const PROGRAM: i32 = 0xC0;
const BEND: i32 = 0xE0;
const BANK: u8 = 0;
const ALL_SOUND_OFF: i32 = 120;
const RESET_CONTROLLERS: u8 = 121;
/// What the registered parameters are without data entry: two semitones of bend, and in tune.
const UNTOUCHED: [u16; 3] = [2 << 7, 64 << 7, 64 << 7];

/// The voices of one instrument.
pub(super) struct Voices {
    synth: Synthesizer,
    zones: Arc<Zones>,
    rate: u32,
    drums: bool,
    program: u8,
    bank: u8,
    bend: u16,
    followed: Parameters,
    /// Range of the bend, fine and coarse tuning, in 14 bits each.
    parameters: [u16; PARAMETERS.end as usize],
    /// By how many semitones the pitch may be moved at most, given what sounds.
    reach: f32,
    /// In which of [`CHANNELS`] notes have begun since everything was silent.
    used: u16,
}

impl std::fmt::Debug for Voices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Voices")
            .field("program", &self.program)
            .field("drums", &self.drums)
            .finish_non_exhaustive()
    }
}

impl Voices {
    /// Voices for `rate` samples a second whose events fall on multiples of `block` samples, at most `polyphony` of them;
    /// `None` for what the synthesizer does not know.
    pub(super) fn new(
        zones: &Arc<Zones>,
        rate: u32,
        block: usize,
        polyphony: usize,
    ) -> Option<Self> {
        let mut settings = SynthesizerSettings::new(rate as i32);
        settings.block_size = block;
        settings.maximum_polyphony = polyphony;
        settings.enable_reverb_and_chorus = false;
        let mut synth = Synthesizer::new(zones.font(), &settings).ok()?;
        synth.set_master_volume(MASTER);
        Some(Self {
            synth,
            zones: Arc::clone(zones),
            rate,
            drums: false,
            program: 0,
            bank: 0,
            bend: NO_BEND,
            followed: Parameters::default(),
            parameters: UNTOUCHED,
            reach: f32::INFINITY,
            used: 0,
        })
    }

    /// The channel of a class: its place among [`CHANNELS`], and its number.
    fn channel(class: i32) -> (usize, i32) {
        let place = match class {
            0 => 0,
            class => 1 + (class - 1).rem_euclid(CHANNELS.len() as i32 - 1) as usize,
        };
        (place, CHANNELS.get(place).copied().unwrap_or(0))
    }

    fn message(&mut self, command: i32, first: i32, second: i32) {
        for channel in CHANNELS {
            self.synth
                .process_midi_message(channel, command, first, second);
        }
    }

    fn whole_bank(&self) -> i32 {
        i32::from(self.bank) + if self.drums { DRUM_BANK } else { 0 }
    }

    /// Chooses the instrument of the notes to come.
    pub(super) fn set_instrument(&mut self, instrument: Instrument) {
        self.drums = instrument.drums;
        self.program = instrument.program;
        self.message(CONTROL, i32::from(BANK), self.whole_bank());
        self.message(PROGRAM, i32::from(self.program), 0);
    }

    /// Moves a controller.
    pub(super) fn control(&mut self, controller: u8, value: u8) {
        let sent = match controller {
            BANK => {
                self.bank = value;
                self.whole_bank()
            }
            _ => i32::from(value),
        };
        if controller == RESET_CONTROLLERS {
            self.bend = NO_BEND;
            self.followed = Parameters::default();
        } else if let Some((parameter, value)) = self.followed.take(controller, value)
            && let Some(slot) = self.parameters.get_mut(usize::from(parameter))
        {
            *slot = value;
        }
        self.message(CONTROL, i32::from(controller), sent);
        self.pitch_moved();
    }

    /// Bends the pitch wheel to one of 0..=16383.
    pub(super) fn bend(&mut self, bend: u16) {
        self.bend = bend.min(16_383);
        self.message(BEND, i32::from(self.bend & 127), i32::from(self.bend >> 7));
        self.pitch_moved();
    }

    /// By how many semitones bend and tuning move the pitch.
    fn pitch(&self) -> f32 {
        let [range, fine, coarse] = self.parameters;
        let range = f32::from(range >> 7) + 0.01 * f32::from(range & 127);
        let around = |value: u16| (f32::from(value) - f32::from(NO_BEND)) / f32::from(NO_BEND);
        f32::from(coarse >> 7) - 64.0 + around(fine) + range * around(self.bend)
    }

    fn pitch_moved(&mut self) {
        if self.pitch().abs() > self.reach {
            self.cut();
        }
    }

    /// Begins a note where the next block begins, and gives what its instrument itself sends to reverb and chorus, in
    /// percent; `None` if it is out of reach.
    pub(super) fn note_on(&mut self, key: u8, velocity: u8) -> Option<[i32; 2]> {
        let bank = self.whole_bank();
        let zone = (self.zones).note(bank, self.program, key, velocity, self.rate);
        if self.pitch().abs() > zone.reach {
            return None;
        }
        self.choke(zone.class);
        self.reach = self.reach.min(zone.reach);
        let (place, channel) = Self::channel(zone.class);
        self.used |= 1 << place;
        self.synth
            .note_on(channel, i32::from(key), i32::from(velocity));
        Some(zone.sends)
    }

    /// Ends the notes of `key`.
    pub(super) fn note_off(&mut self, key: u8) {
        for (place, channel) in CHANNELS.into_iter().enumerate() {
            if self.used >> place & 1 == 1 {
                self.synth.note_off(channel, i32::from(key));
            }
        }
    }

    /// Cuts off what sounds of a class; nothing for class 0.
    pub(super) fn choke(&mut self, class: i32) {
        let (place, channel) = Self::channel(class);
        if class != 0 && self.used >> place & 1 == 1 {
            self.synth
                .process_midi_message(channel, CONTROL, ALL_SOUND_OFF, 0);
        }
    }

    /// Cuts everything off, without its release.
    pub(super) fn cut(&mut self) {
        self.synth.note_off_all(true);
        self.reach = f32::INFINITY;
        self.used = 0;
    }

    /// Makes the next samples; both sides of one length.
    pub(super) fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        self.synth.render(left, right);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::test_font::{self, Closed};
    use crate::audio::true_peak::loudest;

    fn voices(font: &crate::audio::Font, instrument: Instrument) -> Voices {
        let mut voices = Voices::new(font.zones(), 48_000, 16, 8).unwrap();
        voices.set_instrument(instrument);
        voices
    }

    /// The loudest of the next tenth of a second, left and right.
    fn listen(voices: &mut Voices) -> [f32; 2] {
        let (mut left, mut right) = (vec![0.0; 4_800], vec![0.0; 4_800]);
        voices.render(&mut left, &mut right);
        [loudest(&left), loudest(&right)]
    }

    fn bend_range(voices: &mut Voices, semitones: u8) {
        for (controller, value) in [(101, 0), (100, 0), (6, semitones)] {
            voices.control(controller, value);
        }
    }

    #[test]
    fn no_pitch_leaves_the_loop_behind() {
        for cents in [0, 3_600, 12_000, 32_000] {
            let font = test_font::short_loop(cents);
            let mut voices = voices(&font, Instrument::pitched(0));
            bend_range(&mut voices, 127);
            for coarse in [0, 64, 127] {
                for (controller, value) in [(101, 0), (100, 2), (6, coarse), (1, 127)] {
                    voices.control(controller, value);
                }
                for key in [0, 20, 60, 100, 127] {
                    for bend in [0, 8_192, 9_000, 12_000, 16_383] {
                        voices.bend(8_192);
                        voices.note_on(key, 100);
                        // A step beyond the loop runs through the samples after it, and out of them, within this.
                        listen(&mut voices);
                        voices.bend(bend);
                        listen(&mut voices);
                    }
                }
            }
        }
    }

    #[test]
    fn a_bend_is_played_as_far_as_the_loop_bears_it() {
        let font = test_font::short_loop(0);
        let mut voices = voices(&font, Instrument::pitched(0));
        bend_range(&mut voices, 80);
        assert!(voices.note_on(60, 100).is_some());
        listen(&mut voices);
        // 60 semitones up is in reach, 80 are not.
        voices.bend(8_192 + 6_144);
        assert!(listen(&mut voices)[0] > 0.01);
        voices.bend(16_383);
        assert_eq!(listen(&mut voices)[0], 0.0);
        assert_eq!(voices.note_on(60, 100), None);
        // Below, everything is as before.
        voices.bend(8_192);
        assert!(voices.note_on(60, 100).is_some());
        assert!(listen(&mut voices)[0] > 0.01);
    }

    #[test]
    fn a_class_is_cut_off_whole_and_no_other() {
        for closed in [Closed::Mono, Closed::Stereo] {
            let font = test_font::hats(closed);
            let mut voices = voices(&font, Instrument::DRUMS);
            voices.note_on(test_font::OPEN_HAT, 100);
            let [left, right] = listen(&mut voices);
            assert!(left > 0.02 && right > 0.02, "{left} {right}");
            voices.choke(2);
            assert!(listen(&mut voices)[0] > 0.02);
            voices.choke(1);
            listen(&mut voices);
            assert_eq!(listen(&mut voices), [0.0; 2]);
        }
    }
}
