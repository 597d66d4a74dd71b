//! One track, rendered offline: every note begins on its sample.

use std::sync::Arc;

use super::strand::{Out, Strand};
use crate::audio::bus::Bus;
use crate::audio::schedule::{Event, EventKind, NO_BEND, ScheduledTrack};
use crate::audio::synths::{POLYPHONY, WORTH_TAKING_UP};
use crate::audio::zones::{DRUM_BANK, Zones};
use crate::score::{Instrument, Tick, TrackId};

/// Strands that a part has at most; a font can only reach this by giving every note other sends.
const MOST_STRANDS: usize = 512;
/// Strands that get all the voices of a track; the others play single notes between.
const FULL_STRANDS: usize = 4;
const FEW_VOICES: usize = 48;

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
    instrument: Instrument,
    bank: u8,
    /// What happens when, in samples of the song.
    acts: Vec<(i64, Act)>,
    next: usize,
    /// The controllers that were sent, for strands that come later.
    controls: Vec<(u8, u8)>,
    /// The last bend.
    bend: u16,
    levels: [f32; 2],
    strands: Vec<Strand>,
    /// What the last stretch sounds like, without effects, and what of it goes to them.
    pub bus: Bus,
}

/// The bend of an event.
fn bend_of(event: &Event) -> u16 {
    u16::from(event.value & 127) << 7 | u16::from(event.key & 127)
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
            instrument: track.instrument,
            bank: 0,
            acts: Vec::new(),
            next: 0,
            controls: Vec::new(),
            bend: NO_BEND,
            levels: [0.0; 2],
            strands: Vec::new(),
            bus: Bus::default(),
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
                part.bend = bend_of(event);
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
            0 => self.bank = value,
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

    /// Makes the samples from `from` on into [`Self::bus`].
    pub(super) fn render(&mut self, from: i64, frames: usize) {
        self.bus.clear(frames);
        let until = from + frames as i64;
        while let Some(&(at, act)) = self.acts.get(self.next)
            && at < until
        {
            self.next += 1;
            match act {
                Act::Event(event) => self.event(&event, at.max(from), from),
                Act::Release => self.each_at(at.max(from), from, |strand| {
                    strand.release_all();
                    for pedal in [64, 66] {
                        strand.voices.control(pedal, 0);
                    }
                }),
            }
        }
        self.each_at(until, from, |_| {});
    }

    /// Lets every strand go on to `at` and then does something to it.
    fn each_at(&mut self, at: i64, from: i64, mut act: impl FnMut(&mut Strand)) {
        let mut out = out(&mut self.bus, from, self.levels);
        for strand in &mut self.strands {
            strand.render_to(at, &mut out);
            act(strand);
        }
    }

    fn event(&mut self, event: &Event, at: i64, from: i64) {
        match event.kind {
            EventKind::On => self.note_on(event, at, from),
            EventKind::Off => {
                let mut out = out(&mut self.bus, from, self.levels);
                for strand in &mut self.strands {
                    if strand.holds(event.key) {
                        strand.render_to(at, &mut out);
                        strand.note_off(event.key);
                    }
                }
            }
            EventKind::Control => {
                self.each_at(at, from, |strand| {
                    strand.voices.control(event.key, event.value);
                });
                self.remember(event.key, event.value);
            }
            EventKind::Bend => {
                let bend = bend_of(event);
                self.each_at(at, from, |strand| strand.voices.bend(bend));
                self.bend = bend;
            }
        }
    }

    fn note_on(&mut self, event: &Event, at: i64, from: i64) {
        let kit = if self.instrument.drums { DRUM_BANK } else { 0 };
        let (bank, program) = (kit + i32::from(self.bank), self.instrument.program);
        let zone = (self.zones).note(bank, program, event.key, event.value, self.rate);
        if zone.class != 0 {
            // The strand that plays the note does this by itself, and where another is in the middle of a block, the
            // edge nearest to it is soon enough.
            self.each_at(at, from, |strand| strand.voices.choke(zone.class));
        }
        let Some(index) = self.strand_for(zone.sends, at) else {
            return;
        };
        let mut out = out(&mut self.bus, from, self.levels);
        if let Some(strand) = self.strands.get_mut(index) {
            strand.wake(at);
            // Only where there are too many strands does a note wait for the next block.
            strand.render_to(at, &mut out);
            strand.note_on(event.key, event.value);
        }
    }

    /// The strand for a note with these sends that begins at `at`: one that fits, one that sleeps, or a new one.
    fn strand_for(&mut self, sends: [i32; 2], at: i64) -> Option<usize> {
        let fits =
            |strand: &Strand| strand.sends == sends && !strand.is_asleep() && strand.begins_at(at);
        let sleeps = |strand: &Strand| strand.sends == sends && strand.is_asleep();
        let found = self
            .strands
            .iter()
            .position(fits)
            .or_else(|| self.strands.iter().position(sleeps));
        if found.is_some() {
            return found;
        }
        if self.strands.len() >= MOST_STRANDS {
            return self.strands.iter().position(|strand| strand.sends == sends);
        }
        let polyphony = if self.strands.len() < FULL_STRANDS {
            POLYPHONY
        } else {
            FEW_VOICES
        };
        let mut strand = Strand::new(&self.zones, self.rate, self.block, polyphony, sends)?;
        strand.voices.set_instrument(self.instrument);
        for &(controller, value) in &self.controls {
            strand.voices.control(controller, value);
        }
        strand.voices.bend(self.bend);
        self.strands.push(strand);
        Some(self.strands.len() - 1)
    }
}

fn out(bus: &mut Bus, from: i64, levels: [f32; 2]) -> Out<'_> {
    Out { from, bus, levels }
}
