//! A synthesizer whose blocks begin on the very sample at which a note does.
//!
//! The synthesizer lets things happen only where one of its blocks begins. A [`Part`](super::part::Part) therefore has a
//! strand for every place in the block at which notes begin: each note begins on its sample, however long the blocks are,
//! and long blocks are what makes it fast. Effects come later, for the whole mix.

use std::sync::Arc;

use rustysynth::{SoundFont, Synthesizer, SynthesizerSettings};

use super::effects::Sends;
use crate::audio::synths::MASTER;
use crate::audio::true_peak::loudest;

/// Samples that are taken from the synthesizer at once.
const SCRATCH: usize = 256;
/// Below this the ear hears nothing (-100 dB).
const SILENCE: f32 = 1e-5;

/// What notes must have in common to be played by one strand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Kind {
    /// Notes of one class cut each other off; 0 for none.
    pub class: i32,
    /// What the instrument itself sends to the reverb, in percent.
    pub reverb: i32,
    /// What it sends to the chorus, in percent.
    pub chorus: i32,
}

/// Where a strand puts its samples: the buffers of a part, for samples from `from` on.
pub(super) struct Out<'a> {
    /// The sample of the song at which the buffers begin.
    pub from: i64,
    /// Left and right.
    pub sides: &'a mut [Vec<f32>; 2],
    /// To the effects.
    pub sends: &'a mut Sends,
    /// What the track sends to reverb and chorus, 0..=1.
    pub levels: [f32; 2],
}

/// Adds samples of some gain to others.
fn add(to: &mut [f32], samples: &[f32], gain: f32) {
    for (to, sample) in to.iter_mut().zip(samples) {
        *to += sample * gain;
    }
}

/// A synthesizer without effects, and how far it is.
pub(super) struct Strand {
    synth: Synthesizer,
    /// What its notes have in common.
    pub kind: Kind,
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
    /// A strand at rest; `None` for a rate or block that the synthesizer does not know.
    pub(super) fn new(
        font: &Arc<SoundFont>,
        rate: u32,
        block: usize,
        voices: usize,
        kind: Kind,
    ) -> Option<Self> {
        let mut settings = SynthesizerSettings::new(rate as i32);
        settings.block_size = block;
        settings.maximum_polyphony = voices;
        settings.enable_reverb_and_chorus = false;
        let mut synth = Synthesizer::new(font, &settings).ok()?;
        synth.set_master_volume(MASTER);
        Some(Self {
            synth,
            kind,
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
            self.synth.render(&mut l[..count], &mut r[..count]);
            remaining -= count;
        }
        self.origin = sample;
        self.at = sample;
        self.asleep = false;
        self.quiet = 0;
    }

    /// Sends a message; it takes effect where the next block begins.
    pub(super) fn message(&mut self, channel: i32, command: i32, first: u8, second: u8) {
        self.synth
            .process_midi_message(channel, command, i32::from(first), i32::from(second));
    }

    /// Begins a note where the next block begins.
    pub(super) fn note_on(&mut self, channel: i32, key: u8, velocity: u8) {
        self.held |= 1 << (key & 127);
        self.quiet = 0;
        self.synth
            .note_on(channel, i32::from(key & 127), i32::from(velocity));
    }

    /// Whether `key` is held.
    pub(super) fn holds(&self, key: u8) -> bool {
        self.held >> (key & 127) & 1 == 1
    }

    /// Ends the notes of `key`.
    pub(super) fn note_off(&mut self, channel: i32, key: u8) {
        self.held &= !(1 << (key & 127));
        self.synth.note_off(channel, i32::from(key & 127));
    }

    /// Ends every note.
    pub(super) fn release_all(&mut self, channel: i32) {
        for key in 0..128 {
            if self.holds(key) {
                self.note_off(channel, key);
            }
        }
    }

    /// Cuts every note off, without its release.
    pub(super) fn cut(&mut self) {
        self.held = 0;
        self.synth.note_off_all(true);
    }

    /// Makes the samples up to `until` and adds them.
    pub(super) fn render_to(&mut self, until: i64, out: &mut Out<'_>) {
        if self.asleep {
            return;
        }
        let clamped = |level: f32, percent: i32| (level + percent as f32 / 100.0).clamp(0.0, 1.0);
        let reverb = clamped(out.levels[0], self.kind.reverb);
        let chorus = clamped(out.levels[1], self.kind.chorus);
        let (mut l, mut r) = ([0.0_f32; SCRATCH], [0.0_f32; SCRATCH]);
        while self.at < until {
            let count = ((until - self.at) as usize).min(SCRATCH);
            let (l, r) = (&mut l[..count], &mut r[..count]);
            self.synth.render(l, r);
            let first = (self.at - out.from).max(0) as usize;
            let [left, right] = &mut *out.sides;
            for (own, to) in [(&*l, left), (&*r, right)] {
                add(to.get_mut(first..).unwrap_or_default(), own, 1.0);
            }
            if reverb > 0.0 {
                let sends = out.sends.reverb.get_mut(first..).unwrap_or_default();
                for ((l, r), send) in l.iter().zip(&*r).zip(sends) {
                    *send += (l + r) * reverb;
                }
            }
            if chorus > 0.0 {
                for (own, to) in [&*l, &*r].into_iter().zip(&mut out.sends.chorus) {
                    add(to.get_mut(first..).unwrap_or_default(), own, chorus);
                }
            }
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
            self.synth.note_off_all(true);
            self.asleep = true;
        }
    }
}
