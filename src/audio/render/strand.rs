//! A synthesizer whose blocks begin on the very sample at which a note does.
//!
//! The synthesizer lets things happen only where one of its blocks begins. A [`Part`](super::part::Part) therefore has a
//! strand for every place in the block at which notes begin: each note begins on its sample, however long the blocks are,
//! and long blocks are what makes it fast. Effects come later, for the whole mix.

use std::sync::Arc;

use crate::audio::bus::{Bus, SendLevels};
use crate::audio::true_peak::loudest;
use crate::audio::voices::Voices;
use crate::audio::zones::Zones;

/// Samples that are taken from the synthesizer at once.
const SCRATCH: usize = 256;
/// Below this the ear hears nothing (-100 dB).
const SILENCE: f32 = 1e-5;

/// Where a strand puts its samples: the mix of a part, for samples from `from` on.
pub(super) struct Out<'a> {
    /// The sample of the song at which the mix begins.
    pub from: i64,
    /// The mix.
    pub bus: &'a mut Bus,
    /// What the track sends to reverb and chorus, 0..=1.
    pub levels: [f32; 2],
}

/// The voices of some notes of a part, and how far they are.
pub(super) struct Strand {
    pub voices: Voices,
    /// What the instrument itself sends to reverb and chorus, in percent: the same for all notes of a strand.
    pub sends: [i32; 2],
    block: i64,
    /// A sample of the song at which one of its blocks begins.
    origin: i64,
    /// The next sample of the song that it makes.
    at: i64,
    /// Keys that are held.
    held: u128,
    quiet: i64,
    rest_after: i64,
    asleep: bool,
}

impl Strand {
    /// A strand at rest, of `polyphony` voices; `None` for a rate or block that the synthesizer does not know.
    pub(super) fn new(
        zones: &Arc<Zones>,
        rate: u32,
        block: usize,
        polyphony: usize,
        sends: [i32; 2],
    ) -> Option<Self> {
        Some(Self {
            voices: Voices::new(zones, rate, block, polyphony)?,
            sends,
            block: block as i64,
            origin: 0,
            at: 0,
            held: 0,
            quiet: 0,
            rest_after: i64::from(rate) / 10,
            asleep: true,
        })
    }

    /// Whether nothing sounds.
    pub(super) fn is_asleep(&self) -> bool {
        self.asleep
    }

    /// Whether one of its blocks begins at `sample`.
    pub(super) fn begins_at(&self, sample: i64) -> bool {
        (sample - self.origin).rem_euclid(self.block) == 0
    }

    /// Wakes a sleeping strand so that a block begins at `sample`.
    pub(super) fn wake(&mut self, sample: i64) {
        if !self.asleep {
            return;
        }
        // What is left of the last block is silence.
        let left = (self.origin - self.at).rem_euclid(self.block) as usize;
        let (mut l, mut r) = ([0.0; SCRATCH], [0.0; SCRATCH]);
        let mut remaining = left;
        while remaining > 0 {
            let count = remaining.min(SCRATCH);
            self.voices.render(&mut l[..count], &mut r[..count]);
            remaining -= count;
        }
        self.origin = sample;
        self.at = sample;
        self.asleep = false;
        self.quiet = 0;
    }

    /// Begins a note where the next block begins.
    pub(super) fn note_on(&mut self, key: u8, velocity: u8) {
        self.held |= 1 << (key & 127);
        self.quiet = 0;
        self.voices.note_on(key & 127, velocity);
    }

    /// Whether `key` is held.
    pub(super) fn holds(&self, key: u8) -> bool {
        self.held >> (key & 127) & 1 == 1
    }

    /// Ends the notes of `key`.
    pub(super) fn note_off(&mut self, key: u8) {
        self.held &= !(1 << (key & 127));
        self.voices.note_off(key & 127);
    }

    /// Ends every note.
    pub(super) fn release_all(&mut self) {
        for key in 0..128 {
            if self.holds(key) {
                self.note_off(key);
            }
        }
    }

    /// Makes the samples up to `until` and adds them.
    pub(super) fn render_to(&mut self, until: i64, out: &mut Out<'_>) {
        if self.asleep {
            return;
        }
        let levels = SendLevels::of(out.levels, self.sends);
        let (mut l, mut r) = ([0.0_f32; SCRATCH], [0.0_f32; SCRATCH]);
        while self.at < until {
            let count = ((until - self.at) as usize).min(SCRATCH);
            let (l, r) = (&mut l[..count], &mut r[..count]);
            self.voices.render(l, r);
            let first = (self.at - out.from).max(0) as usize;
            out.bus.add(first, [l, r], levels, levels);
            self.at += count as i64;
            // What is held may sound again.
            let is_quiet = self.held == 0 && loudest(l).max(loudest(r)) < SILENCE;
            self.quiet = if is_quiet {
                self.quiet + count as i64
            } else {
                0
            };
        }
        if self.held == 0 && self.quiet > self.rest_after {
            // What is below hearing is forgotten, so that waking up starts clean.
            self.voices.cut();
            self.asleep = true;
        }
    }
}
