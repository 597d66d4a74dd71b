//! One track, rendered offline: every note begins on its sample.

use std::collections::HashMap;
use std::sync::Arc;

use rustysynth::{SoundFont, Synthesizer};

use super::effects::Sends;
use super::strand::{Kind, Out, Strand};
use crate::audio::choke::CLASSES;
use crate::audio::schedule::{Event, EventKind, ScheduledTrack};
use crate::audio::synths::{VOICES, WORTH_TAKING_UP};
use crate::score::{Tick, TrackId};

/// Strands that a part has at most; a font can only reach this by giving every note other sends.
const MOST_STRANDS: usize = 512;
/// Strands that get all the voices of a track; the others play single notes between.
const FULL_STRANDS: usize = 4;
const FEW_VOICES: usize = 48;
const DRUM_CHANNEL: i32 = Synthesizer::PERCUSSION_CHANNEL as i32;
const CONTROL: i32 = 0xB0;
const PROGRAM: i32 = 0xC0;
const BEND: i32 = 0xE0;
/// The pitch wheel at rest.
const NO_BEND: [u8; 2] = [0, 64];
/// Bank of the drum kits.
const DRUM_BANK: i32 = 128;

/// What a font says about its notes.
pub(super) struct Zones {
    font: Arc<SoundFont>,
    presets: HashMap<(i32, i32), usize>,
    first: usize,
}

impl Zones {
    /// Reads the presets of `font`.
    pub(super) fn new(font: &Arc<SoundFont>) -> Self {
        let places = font.get_presets().iter().enumerate();
        let presets: HashMap<_, _> = places
            .map(|(index, preset)| ((preset.get_bank_number(), preset.get_patch_number()), index))
            .collect();
        let first = presets
            .iter()
            .min_by_key(|(place, _)| **place)
            .map_or(0, |(_, index)| *index);
        Self {
            font: Arc::clone(font),
            presets,
            first,
        }
    }

    /// What the note has in common with others. The preset is found as the synthesizer finds it.
    fn kind(&self, bank: i32, program: u8, key: u8, velocity: u8) -> Kind {
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
        let (mut class, mut reverb, mut chorus, mut regions) = (0, 0.0, 0.0, 0.0_f32);
        let Some(preset) = self.font.get_presets().get(index) else {
            return Kind::default();
        };
        for outer in preset.get_regions() {
            if !outer.contains(key, velocity) {
                continue;
            }
            let instrument = self.font.get_instruments().get(outer.get_instrument_id());
            for inner in instrument
                .into_iter()
                .flat_map(rustysynth::Instrument::get_regions)
            {
                if inner.contains(key, velocity) {
                    if class == 0 {
                        // Both sides of a stereo drum are of one class here.
                        class = inner.get_exclusive_class().rem_euclid(CLASSES);
                    }
                    reverb += outer.get_reverb_effects_send() + inner.get_reverb_effects_send();
                    chorus += outer.get_chorus_effects_send() + inner.get_chorus_effects_send();
                    regions += 1.0;
                }
            }
        }
        let mean = |sum: f32| (sum / regions.max(1.0)).clamp(0.0, 100.0).round() as i32;
        Kind {
            class,
            reverb: mean(reverb),
            chorus: mean(chorus),
        }
    }
}

/// What happens to a part.
#[derive(Debug, Clone, Copy)]
enum Act {
    Event(Event),
    /// Every note ends and the pedals are lifted.
    Release,
}

/// One track with its synthesizers.
pub(super) struct Part {
    /// Which track.
    pub id: TrackId,
    zones: Arc<Zones>,
    rate: u32,
    block: usize,
    channel: i32,
    program: u8,
    bank: i32,
    /// What happens when, in samples of the song.
    acts: Vec<(i64, Act)>,
    next: usize,
    /// The controllers that were sent, for strands that come later.
    controls: Vec<(u8, u8)>,
    /// Lower and upper half of the last bend.
    bend: [u8; 2],
    levels: [f32; 2],
    strands: Vec<Strand>,
    /// What the last stretch sounds like, without effects.
    pub sides: [Vec<f32>; 2],
    /// What of it goes to the effects.
    pub sends: Sends,
}

/// Whether the last value of `controller` is all that matters of it.
fn is_state(controller: u8) -> bool {
    !matches!(controller, 0 | 32 | 6 | 38 | 96..=101)
}

impl Part {
    /// The part of `track` from `from` on (in samples; `tick` in ticks), for a song that ends at `end` if that is given.
    pub(super) fn new(
        zones: &Arc<Zones>,
        track: &ScheduledTrack,
        rate: u32,
        block: usize,
        from: (i64, Tick),
        end: Option<i64>,
    ) -> Self {
        let (from, tick) = from;
        let drums = track.instrument.drums;
        let mut part = Self {
            id: track.id,
            zones: Arc::clone(zones),
            rate,
            block,
            channel: if drums { DRUM_CHANNEL } else { 0 },
            program: track.instrument.program,
            bank: if drums { DRUM_BANK } else { 0 },
            acts: Vec::new(),
            next: 0,
            controls: Vec::new(),
            bend: NO_BEND,
            levels: [0.0; 2],
            strands: Vec::new(),
            sides: [Vec::new(), Vec::new()],
            sends: Sends::default(),
        };
        for (controller, value) in [
            (7, track.volume),
            (10, track.pan),
            (91, track.reverb),
            (93, track.chorus),
        ] {
            part.remember(controller, value);
        }
        // What is no onset takes effect at the block edge nearest to it: half a block early means at the next.
        let half = block as i64 / 2;
        let mut begun = [i64::MIN; 128];
        for event in &track.part.events {
            let begun = &mut begun[usize::from(event.key & 127)];
            let at = match event.kind {
                EventKind::On => {
                    *begun = event.at;
                    event.at
                }
                EventKind::Control | EventKind::Bend => event.at - half,
                // Not before the note began, however short it is.
                EventKind::Off => (event.at - half).max(begun.saturating_add(1)),
            };
            if event.kind == EventKind::Control && at < from {
                part.remember(event.key, event.value);
            } else if event.kind == EventKind::Bend && at < from {
                part.bend = [event.key, event.value];
            } else if event.at >= from && end.is_none_or(|end| event.at < end) {
                part.acts.push((at, Act::Event(*event)));
            }
        }
        if !drums && tick > Tick::ZERO {
            for key in 0..128 {
                if let Some(note) = track.part.held_at(key, tick.0 as f64, WORTH_TAKING_UP) {
                    let on = Event {
                        at: from,
                        kind: EventKind::On,
                        key,
                        value: note.velocity,
                        note: 0,
                    };
                    part.acts.push((from, Act::Event(on)));
                }
            }
        }
        if let Some(end) = end {
            part.acts.push((end - half, Act::Release));
        }
        part.acts.sort_by_key(|&(at, act)| match act {
            Act::Event(event) => (at, event.kind),
            Act::Release => (at, EventKind::Off),
        });
        part
    }

    /// Keeps a controller for strands to come.
    fn remember(&mut self, controller: u8, value: u8) {
        match controller {
            0 if self.channel == DRUM_CHANNEL => self.bank = DRUM_BANK + i32::from(value),
            0 => self.bank = i32::from(value),
            91 => self.levels[0] = f32::from(value) / 127.0,
            93 => self.levels[1] = f32::from(value) / 127.0,
            _ => {}
        }
        let known = self
            .controls
            .iter_mut()
            .find(|(known, _)| *known == controller);
        match known {
            Some((_, old)) if is_state(controller) => *old = value,
            _ => self.controls.push((controller, value)),
        }
    }

    /// Makes the samples from `from` on into [`Self::sides`] and [`Self::sends`].
    pub(super) fn render(&mut self, from: i64, frames: usize) {
        for side in &mut self.sides {
            side.clear();
            side.resize(frames, 0.0);
        }
        self.sends.clear(frames);
        let until = from + frames as i64;
        while let Some(&(at, act)) = self.acts.get(self.next)
            && at < until
        {
            self.next += 1;
            match act {
                Act::Event(event) => self.event(&event, at.max(from), from),
                Act::Release => self.release(at.max(from), from),
            }
        }
        let mut out = out(&mut self.sides, &mut self.sends, from, self.levels);
        for strand in &mut self.strands {
            strand.render_to(until, &mut out);
        }
    }

    fn event(&mut self, event: &Event, at: i64, from: i64) {
        let channel = self.channel;
        match event.kind {
            EventKind::On => self.note_on(event, at, from),
            EventKind::Off => {
                let mut out = out(&mut self.sides, &mut self.sends, from, self.levels);
                for strand in &mut self.strands {
                    if strand.holds(event.key) {
                        strand.render_to(at, &mut out);
                        strand.note_off(channel, event.key);
                    }
                }
            }
            EventKind::Control => {
                let mut out = out(&mut self.sides, &mut self.sends, from, self.levels);
                for strand in &mut self.strands {
                    strand.render_to(at, &mut out);
                    strand.message(channel, CONTROL, event.key, event.value);
                }
                self.remember(event.key, event.value);
            }
            EventKind::Bend => {
                let mut out = out(&mut self.sides, &mut self.sends, from, self.levels);
                for strand in &mut self.strands {
                    strand.render_to(at, &mut out);
                    strand.message(channel, BEND, event.key, event.value);
                }
                self.bend = [event.key, event.value];
            }
        }
    }

    fn release(&mut self, at: i64, from: i64) {
        let mut out = out(&mut self.sides, &mut self.sends, from, self.levels);
        for strand in &mut self.strands {
            strand.render_to(at, &mut out);
            strand.release_all(self.channel);
            for pedal in [64, 66] {
                strand.message(self.channel, CONTROL, pedal, 0);
            }
        }
    }

    fn note_on(&mut self, event: &Event, at: i64, from: i64) {
        let kind = self
            .zones
            .kind(self.bank, self.program, event.key, event.value);
        if kind.class != 0 {
            let mut out = out(&mut self.sides, &mut self.sends, from, self.levels);
            for strand in &mut self.strands {
                if strand.kind.class == kind.class && !strand.begins_at(at) {
                    strand.render_to(at, &mut out);
                    strand.cut();
                }
            }
        }
        let Some(index) = self.strand_for(kind, at) else {
            return;
        };
        let mut out = out(&mut self.sides, &mut self.sends, from, self.levels);
        if let Some(strand) = self.strands.get_mut(index) {
            strand.wake(at);
            // Only where there are too many strands does a note wait for the next block.
            strand.render_to(at, &mut out);
            strand.note_on(self.channel, event.key, event.value);
        }
    }

    /// The strand for a note of `kind` that begins at `at`: one that fits, one that sleeps, or a new one.
    fn strand_for(&mut self, kind: Kind, at: i64) -> Option<usize> {
        let fits =
            |strand: &Strand| strand.kind == kind && !strand.is_asleep() && strand.begins_at(at);
        let sleeps = |strand: &Strand| strand.kind == kind && strand.is_asleep();
        let found = self
            .strands
            .iter()
            .position(fits)
            .or_else(|| self.strands.iter().position(sleeps));
        if found.is_some() {
            return found;
        }
        if self.strands.len() >= MOST_STRANDS {
            return self.strands.iter().position(|strand| strand.kind == kind);
        }
        let voices = if self.strands.len() < FULL_STRANDS {
            VOICES
        } else {
            FEW_VOICES
        };
        let mut strand = Strand::new(&self.zones.font, self.rate, self.block, voices, kind)?;
        strand.message(self.channel, PROGRAM, self.program, 0);
        for &(controller, value) in &self.controls {
            strand.message(self.channel, CONTROL, controller, value);
        }
        let [lower, upper] = self.bend;
        strand.message(self.channel, BEND, lower, upper);
        self.strands.push(strand);
        Some(self.strands.len() - 1)
    }
}

fn out<'a>(
    sides: &'a mut [Vec<f32>; 2],
    sends: &'a mut Sends,
    from: i64,
    levels: [f32; 2],
) -> Out<'a> {
    Out {
        from,
        sides,
        sends,
        levels,
    }
}
