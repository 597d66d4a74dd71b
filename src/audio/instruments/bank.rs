//! Puts timbres together into a bank: shares their tones, sets levels, writes zones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use rustysynth::{SoundFont, Synthesizer, SynthesizerSettings};
use thiserror::Error;

use super::programs::{self, KITS, Layer, Timbre};
use super::sf2::{self, Bank, Generator, Instrument, Preset, Sample, Zone, generator};
use super::synthesis::{Region, Tone, hertz, loudness};
use crate::score::gm;

/// Integrated loudness that every program is brought to, in LUFS: key 60 (basses 36), velocity 100, held for a second, no effects.
const TARGET: f64 = -30.5;
/// Loudness of a tone as stored, played with a peak of 1, that needs no attenuation. Below it, a tone is as loud as it can be.
const REFERENCE: f64 = -18.5;
/// Synthesizers take attenuations at two fifths of what is written, as the EMU8000 did.
const ATTENUATION_SCALE: f64 = 0.4;
/// Peak of a stored tone.
const PEAK: f64 = 0.89;

/// Why the bank could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The bank does not fit into the format.
    #[error(transparent)]
    Format(#[from] sf2::Sf2Error),
    /// The bank could not be read back to set its levels.
    #[error("the bank that was built cannot be played ({0}); this is an error in its instruments")]
    Playback(String),
}

/// The whole built-in SoundFont as the bytes of an `.sf2` file: 128 programs and the drum kits. Takes some seconds.
pub fn build() -> Result<Vec<u8>, BuildError> {
    build_programs(&(0..128).collect::<Vec<u8>>(), true)
}

/// A SoundFont of some programs only, with or without the drum kits.
pub fn build_programs(numbers: &[u8], with_drums: bool) -> Result<Vec<u8>, BuildError> {
    let mut plans: Vec<(u8, Vec<Layer>)> = numbers
        .iter()
        .map(|program| (*program, programs::layers(*program)))
        .collect();
    let mut wanted: BTreeSet<Timbre> = plans
        .iter()
        .flat_map(|(_, layers)| layers)
        .map(|layer| layer.timbre)
        .collect();
    if with_drums {
        wanted.extend(KITS.iter().flat_map(|kit| kit.voices));
    }
    let wanted: Vec<Timbre> = wanted.into_iter().collect();
    let made: Vec<(Timbre, Vec<(Region, f64)>)> = wanted
        .into_par_iter()
        .map(|timbre| {
            let regions = timbre.regions().into_iter().map(|region| {
                let loudness = region.loudness();
                (region, loudness)
            });
            (timbre, regions.collect())
        })
        .collect();
    let timbres: BTreeMap<Timbre, Vec<(Region, f64)>> = made.into_iter().collect();
    let bank = assemble(&timbres, &plans, with_drums, &BTreeMap::new());
    // First as the tones say, then corrected by what is really heard of each program.
    let heard = hear(&bank, numbers)?;
    let corrections = heard
        .into_iter()
        .map(|(program, level)| (program, TARGET - level))
        .collect();
    plans.sort_by_key(|plan| plan.0);
    Ok(assemble(&timbres, &plans, with_drums, &corrections).to_bytes()?)
}

/// The key at which a program is measured.
pub fn middle_key(program: u8) -> u8 {
    if (32..40).contains(&program) { 36 } else { 60 }
}

/// Loudness of what sounds of each program at its middle key, velocity 100, held for a second.
fn hear(bank: &Bank, numbers: &[u8]) -> Result<Vec<(u8, f64)>, BuildError> {
    let failed = |error: &dyn std::fmt::Display| BuildError::Playback(error.to_string());
    let font = SoundFont::new(&mut bank.to_bytes()?.as_slice()).map_err(|error| failed(&error))?;
    let font = Arc::new(font);
    let mut settings = SynthesizerSettings::new(44_100);
    settings.enable_reverb_and_chorus = false;
    numbers
        .par_iter()
        .map(|program| {
            let mut synthesizer =
                Synthesizer::new(&font, &settings).map_err(|error| failed(&error))?;
            synthesizer.process_midi_message(0, 0xC0, i32::from(*program), 0);
            synthesizer.note_on(0, i32::from(middle_key(*program)), 100);
            let (mut left, mut right) = (vec![0.0_f32; 44_100], vec![0.0_f32; 44_100]);
            synthesizer.render(&mut left, &mut right);
            let sides = [left, right].map(|side| side.into_iter().map(f64::from).collect());
            Ok((*program, loudness::sounding(&sides, 44_100)))
        })
        .collect()
}

fn assemble(
    timbres: &BTreeMap<Timbre, Vec<(Region, f64)>>,
    plans: &[(u8, Vec<Layer>)],
    with_drums: bool,
    corrections: &BTreeMap<u8, f64>,
) -> Bank {
    let mut bank = Bank {
        name: "Leitmotif".to_owned(),
        author: "The Leitmotif project".to_owned(),
        copyright: "CC0 1.0: public domain".to_owned(),
        comment: "General MIDI bank. Every sound is computed by the program that wrote this file; nothing is recorded.".to_owned(),
        software: "Leitmotif".to_owned(),
        ..Bank::default()
    };
    // Tones by where they live: regions of one tone share one sample.
    let mut samples: BTreeMap<*const Tone, usize> = BTreeMap::new();
    for region in timbres.values().flatten() {
        let tone = &region.0.tone;
        samples.entry(Arc::as_ptr(tone)).or_insert_with(|| {
            bank.samples.push(quantised(tone));
            bank.samples.len() - 1
        });
    }
    let mut push = |name: &str, bank_number: u16, program: u8, zones: Vec<Zone>| {
        bank.instruments.push(Instrument {
            name: name.to_owned(),
            zones,
        });
        let everywhere = Zone {
            keys: 0..=127,
            velocities: 0..=127,
            generators: Vec::new(),
            target: bank.instruments.len() - 1,
        };
        bank.presets.push(Preset {
            name: name.to_owned(),
            bank: bank_number,
            program: u16::from(program),
            zones: vec![everywhere],
        });
    };
    let zones = |layer: &Layer, correction: f64, skip: &BTreeSet<u8>| -> Vec<Zone> {
        let regions = timbres.get(&layer.timbre).into_iter().flatten();
        regions
            .filter(|(region, _)| !skip.contains(region.keys.start()))
            .filter_map(|(region, loudness)| {
                let sample = *samples.get(&Arc::as_ptr(&region.tone))?;
                Some(zone(
                    region,
                    layer,
                    sample,
                    loudness - REFERENCE - correction,
                ))
            })
            .collect()
    };
    for (program, layers) in plans {
        let correction = corrections.get(program).copied().unwrap_or(0.0);
        let all = layers
            .iter()
            .flat_map(|layer| zones(layer, correction, &BTreeSet::new()));
        push(gm::program_name(*program), 0, *program, all.collect());
    }
    for kit in KITS.iter().filter(|_| with_drums) {
        // A key that an earlier table has is not taken from a later one.
        let (mut all, mut taken) = (Vec::new(), BTreeSet::new());
        for table in kit.voices {
            let more = zones(&kit.layer(*table), 0.0, &taken);
            taken.extend(more.iter().map(|zone| *zone.keys.start()));
            all.extend(more);
        }
        push(kit.name, 128, kit.program, all);
    }
    bank
}

/// A tone as 16-bit points with the peak at [`PEAK`], without direct current.
fn quantised(tone: &Tone) -> Sample {
    let mean = match tone.cycle {
        Some((start, end)) => {
            tone.points
                .get(start..end)
                .unwrap_or(&[])
                .iter()
                .sum::<f64>()
                / (end - start) as f64
        }
        None => 0.0,
    };
    let centred = |point: f64, index: usize| point - mean * (index as f64 / 64.0).min(1.0);
    let peak = tone
        .points
        .iter()
        .enumerate()
        .fold(1e-9_f64, |peak, (index, point)| {
            peak.max(centred(*point, index).abs())
        });
    let points = tone
        .points
        .iter()
        .enumerate()
        .map(|(index, point)| (centred(*point, index) / peak * PEAK * 32_767.0).round() as i16);
    Sample {
        name: tone.name.clone(),
        points: points.collect(),
        rate: tone.rate,
        cycle: tone.cycle,
        root: tone.root,
        correction: 0,
    }
}

/// A time in timecents.
fn timecents(seconds: f64) -> i16 {
    if seconds <= 0.001 {
        -12_000
    } else {
        (1_200.0 * seconds.log2()).round().clamp(-12_000.0, 8_000.0) as i16
    }
}

/// A frequency in absolute cents.
fn cents(hertz: f64) -> i16 {
    (1_200.0 * (hertz / 8.175_798_9).log2())
        .round()
        .clamp(-16_000.0, 13_500.0) as i16
}

/// The zone of a region in a layer; `loud` is how many decibels it is above where it should be.
fn zone(region: &Region, layer: &Layer, sample: usize, loud: f64) -> Zone {
    use generator as g;
    let mut generators = Vec::new();
    let mut set = |number: u16, amount: i16| generators.push(Generator { number, amount });
    let attenuation = (loud - region.level - layer.level) / ATTENUATION_SCALE;
    set(
        g::ATTENUATION,
        (10.0 * attenuation).round().clamp(0.0, 1_440.0) as i16,
    );
    let pan = region.pan + layer.pan;
    if pan != 0.0 {
        set(g::PAN, (10.0 * pan).round().clamp(-500.0, 500.0) as i16);
    }
    let cutoff = match (region.cutoff, layer.cutoff) {
        (Some(own), Some(other)) => Some(own.min(other)),
        (own, other) => own.or(other),
    };
    // The envelope moves from above down to the cutoff that is written.
    let closing = region
        .closing
        .filter(|_| cutoff.is_some())
        .map(|(octaves, seconds)| (1_200.0 * octaves, seconds));
    if let Some(cutoff) = cutoff {
        // A cutoff that follows the key where the layer gives one, so that high notes are not muffled.
        let floor = 1.2 * hertz(f64::from(region.tone.root));
        let lowest = closing
            .filter(|_| layer.sweep.is_none())
            .map_or(1.0, |(depth, _)| (-depth / 1_200.0).exp2());
        set(g::FILTER_CUTOFF, cents(cutoff.max(floor) * lowest));
    }
    if let Some((depth, seconds)) = layer.sweep.or(closing) {
        set(g::MODULATION_ENVELOPE_TO_CUTOFF, depth as i16);
        set(g::MODULATION_ATTACK, timecents(0.002));
        set(g::MODULATION_DECAY, timecents(seconds));
        set(g::MODULATION_SUSTAIN, 1_000);
        set(g::MODULATION_RELEASE, timecents(seconds.max(2.0)));
    }
    if let Some((depth, frequency)) = layer.tremolo {
        set(g::MODULATION_TO_VOLUME, (10.0 * depth).round() as i16);
        set(g::MODULATION_FREQUENCY, cents(frequency));
    }
    if let Some(vibrato) = layer.vibrato.or(region.vibrato) {
        set(g::VIBRATO_TO_PITCH, vibrato.cents.round() as i16);
        set(g::VIBRATO_FREQUENCY, cents(vibrato.frequency));
        set(g::VIBRATO_DELAY, timecents(vibrato.delay));
    }
    let (chorus, reverb) = layer.sends;
    if chorus > 0.0 {
        set(g::CHORUS, (10.0 * chorus) as i16);
    }
    if reverb > 0.0 {
        set(g::REVERB, (10.0 * reverb) as i16);
    }
    set(
        g::VOLUME_ATTACK,
        timecents(layer.attack.unwrap_or(region.envelope.attack)),
    );
    let decay = region.envelope.decay_rate + layer.decay;
    if decay > 0.0 {
        // Players take this time for 80 to 100 dB: 9.2 time constants and more.
        set(g::VOLUME_DECAY, timecents(9.6 / decay));
        set(g::VOLUME_SUSTAIN, 1_000);
    }
    set(
        g::VOLUME_RELEASE,
        timecents(layer.release.unwrap_or(region.envelope.release)),
    );
    let transpose = region.transpose + layer.transpose;
    if transpose != 0 {
        set(g::COARSE_TUNE, transpose);
    }
    if layer.detune != 0 {
        set(g::FINE_TUNE, layer.detune);
    }
    if region.tone.cycle.is_some() {
        set(g::SAMPLE_MODES, 1);
    }
    if region.exclusive > 0 {
        set(g::EXCLUSIVE_CLASS, i16::from(region.exclusive));
    }
    // A transposed layer takes, for each key, the tone made for the key that sounds.
    let shift = |key: u8, open: bool| {
        if open {
            key
        } else {
            (i16::from(key) - layer.transpose).clamp(0, 127) as u8
        }
    };
    let (low, high) = (*region.keys.start(), *region.keys.end());
    Zone {
        keys: shift(low, low == 0)..=shift(high, high == 127),
        velocities: region.velocities.clone(),
        generators,
        target: sample,
    }
}
