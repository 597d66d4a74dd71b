//! What a SoundFont says about a note before it is played.

use std::collections::HashMap;
use std::sync::Arc;

use rustysynth::{Instrument, InstrumentRegion, LoopMode, PresetRegion, SoundFont};

use super::choke::CLASSES;

/// Bank of the drum kits.
pub(super) const DRUM_BANK: i32 = 128;
/// A step through a sample that is not repeated may be this long, in samples: far more than any has.
const LONGEST_STEP: f64 = 1e6;
/// What the modulation wheel adds to the vibrato at most, in semitones.
const WHEEL: f64 = 0.5;

/// What rounding may do to a pitch, and more, in semitones.
const ROUNDING: f64 = 0.01;

/// What the zones that a note starts have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct NoteZone {
    /// Notes of one class cut each other off; 0 for none.
    pub class: i32,
    /// What the instrument itself sends to the reverb and to the chorus, in percent.
    pub sends: [i32; 2],
    /// By how many semitones bend and tuning may move the pitch before a step through a sample is longer than its loop.
    /// Such a note lies beyond all hearing, and the synthesizer would leave its loop for what comes after it. Negative
    /// where the note is out of reach as it is.
    pub reach: f32,
}

/// The presets of a font, found as the synthesizer finds them.
#[derive(Debug)]
pub(super) struct Zones {
    font: Arc<SoundFont>,
    presets: HashMap<(i32, i32), usize>,
    first: usize,
}

impl Zones {
    /// Reads the presets of `font`.
    pub(super) fn new(font: SoundFont) -> Self {
        let places = font.get_presets().iter().enumerate();
        let presets: HashMap<_, _> = places
            .map(|(index, preset)| ((preset.get_bank_number(), preset.get_patch_number()), index))
            .collect();
        let first = presets
            .iter()
            .min_by_key(|(place, _)| **place)
            .map_or(0, |(_, index)| *index);
        Self {
            font: Arc::new(font),
            presets,
            first,
        }
    }

    /// The font.
    pub(super) fn font(&self) -> &Arc<SoundFont> {
        &self.font
    }

    /// What there is to know about a note, in a synthesizer of `rate` samples a second. Neither allocates nor waits.
    pub(super) fn note(
        &self,
        bank: i32,
        program: u8,
        key: u8,
        velocity: u8,
        rate: u32,
    ) -> NoteZone {
        let program = i32::from(program);
        let fallback = if bank < DRUM_BANK {
            (0, program)
        } else {
            (DRUM_BANK, 0)
        };
        let index = self
            .presets
            .get(&(bank, program))
            .or_else(|| self.presets.get(&fallback))
            .copied()
            .unwrap_or(self.first);
        let (key, velocity) = (i32::from(key), i32::from(velocity));
        let mut zone = NoteZone {
            class: 0,
            sends: [0; 2],
            reach: f32::INFINITY,
        };
        let Some(preset) = self.font.get_presets().get(index) else {
            return zone;
        };
        let (mut sends, mut regions) = ([0.0_f32; 2], 0.0_f32);
        for outer in preset.get_regions() {
            if !outer.contains(key, velocity) {
                continue;
            }
            let instrument = self.font.get_instruments().get(outer.get_instrument_id());
            for inner in instrument.into_iter().flat_map(Instrument::get_regions) {
                if !inner.contains(key, velocity) {
                    continue;
                }
                if zone.class == 0 {
                    // Both sides of a stereo drum are of one class here.
                    zone.class = inner.get_exclusive_class().rem_euclid(CLASSES);
                }
                let [reverb, chorus] = &mut sends;
                *reverb += outer.get_reverb_effects_send() + inner.get_reverb_effects_send();
                *chorus += outer.get_chorus_effects_send() + inner.get_chorus_effects_send();
                regions += 1.0;
                zone.reach = zone.reach.min(self.reach(outer, inner, key, rate));
            }
        }
        zone.sends = sends.map(|sum| (sum / regions.max(1.0)).clamp(0.0, 100.0).round() as i32);
        zone
    }

    fn reach(&self, outer: &PresetRegion, inner: &InstrumentRegion, key: i32, rate: u32) -> f32 {
        let sample = self.font.get_sample_headers().get(inner.get_sample_id());
        let own_rate = sample.map_or(0, rustysynth::SampleHeader::get_sample_rate);
        let scale = 0.01 * f64::from(outer.get_scale_tuning() + inner.get_scale_tuning());
        let tune = f64::from(outer.get_coarse_tune() + inner.get_coarse_tune())
            + 0.01 * f64::from(outer.get_fine_tune() + inner.get_fine_tune());
        // Vibrato, modulation oscillator and modulation envelope may all be at their ends at once.
        let swing = [
            outer.get_vibrato_lfo_to_pitch() + inner.get_vibrato_lfo_to_pitch(),
            outer.get_modulation_lfo_to_pitch() + inner.get_modulation_lfo_to_pitch(),
            outer.get_modulation_envelope_to_pitch() + inner.get_modulation_envelope_to_pitch(),
        ]
        .into_iter()
        .map(|cents| 0.01 * f64::from(cents.abs()))
        .sum::<f64>()
            + WHEEL;
        let semitones = scale * f64::from(key - inner.get_root_key()) + tune;
        let step = f64::from(own_rate) / f64::from(rate.max(1)) * (semitones / 12.0).exp2();
        let length = inner.get_sample_end_loop() - inner.get_sample_start_loop();
        let longest = if inner.get_sample_modes() != LoopMode::NoLoop && length > 0 {
            f64::from(length)
        } else {
            LONGEST_STEP
        };
        let left = 12.0 * (longest / step.max(f64::MIN_POSITIVE)).log2();
        // Pitch counts as much as the key does.
        if left < 0.0 {
            f32::NEG_INFINITY
        } else if scale == 0.0 {
            f32::INFINITY
        } else {
            (left / scale.abs() - swing - ROUNDING) as f32
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::test_font;

    #[test]
    fn a_note_is_out_of_reach_where_a_step_is_longer_than_its_loop() {
        // 48 samples a turn at key 60 and 48 kHz: the loop is left behind log2(48) octaves above, 67.02 semitones.
        let font = test_font::short_loop(0);
        let note = |key| font.zones().note(0, 0, key, 100, 48_000);
        assert!(
            (note(60).reach - (67.02 - 0.51)).abs() < 0.01,
            "{:?}",
            note(60)
        );
        assert!((note(72).reach - (67.02 - 12.51)).abs() < 0.01);
        assert!(note(127).reach < 0.1 && note(127).reach > -1.0);
        // At half the rate, every step is twice as long.
        let slow = font.zones().note(0, 0, 60, 100, 24_000);
        assert!((note(60).reach - slow.reach - 12.0).abs() < 0.01);
        // Three octaves of modulation are taken off.
        let swinging = test_font::short_loop(3_600);
        let reach = swinging.zones().note(0, 0, 60, 100, 48_000).reach;
        assert!((note(60).reach - reach - 36.0).abs() < 0.01);
    }

    #[test]
    fn what_is_not_repeated_is_within_reach() {
        let hats = test_font::stereo_hats();
        let hat = hats
            .zones()
            .note(DRUM_BANK, 0, test_font::CLOSED_HAT, 100, 48_000);
        assert_eq!((hat.class, hat.sends), (1, [0, 0]));
        assert_eq!(
            hat.reach,
            f32::INFINITY,
            "its pitch does not depend on the key"
        );
    }
}
