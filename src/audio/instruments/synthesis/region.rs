//! A tone and how it is played: a zone of an instrument before it is written.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::{Tone, loudness};

/// The volume envelope; times in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Envelope {
    /// Linear rise.
    pub attack: f64,
    /// Exponential decay towards silence at this rate (1/s); 0 sustains.
    pub decay_rate: f64,
    /// Time to fall by 80 dB after the key is let go.
    pub release: f64,
}

impl Envelope {
    /// Rises at once, decays at a rate (1/s).
    pub fn struck(decay_rate: f64, release: f64) -> Self {
        Self {
            attack: 0.0,
            decay_rate,
            release,
        }
    }

    /// Rises and stays.
    pub fn held(attack: f64, release: f64) -> Self {
        Self {
            attack,
            decay_rate: 0.0,
            release,
        }
    }
}

/// Pitch vibrato by the player.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vibrato {
    /// Depth in cents to each side.
    pub cents: f64,
    /// Hertz.
    pub frequency: f64,
    /// Seconds before it begins.
    pub delay: f64,
}

/// A tone on a range of keys and velocities.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// The tone; several regions may share it.
    pub tone: Arc<Tone>,
    /// Keys.
    pub keys: RangeInclusive<u8>,
    /// Velocities.
    pub velocities: RangeInclusive<u8>,
    /// Volume.
    pub envelope: Envelope,
    /// Low-pass cutoff in hertz, where there is one.
    pub cutoff: Option<f64>,
    /// How the low-pass closes while the note lasts: by so many octaves in so many seconds. Needs a cutoff.
    pub closing: Option<(f64, f64)>,
    /// Place between left (-50) and right (50).
    pub pan: f64,
    /// Notes of one class (above 0) cut each other off.
    pub exclusive: u8,
    /// Semitones to add.
    pub transpose: i16,
    /// Level in decibels relative to what the region's loudness is set to.
    pub level: f64,
    /// Pitch vibrato.
    pub vibrato: Option<Vibrato>,
}

impl Region {
    /// A tone over all velocities.
    pub fn new(tone: Tone, keys: RangeInclusive<u8>, envelope: Envelope) -> Self {
        Self {
            tone: Arc::new(tone),
            keys,
            velocities: 0..=127,
            envelope,
            cutoff: None,
            closing: None,
            pan: 0.0,
            exclusive: 0,
            transpose: 0,
            level: 0.0,
            vibrato: None,
        }
    }

    /// How loud the region is with a peak of 1, played for a second: see [`loudness::momentary`].
    pub fn loudness(&self) -> f64 {
        let tone = &self.tone;
        let peak = tone
            .points
            .iter()
            .fold(1e-9_f64, |peak, point| peak.max(point.abs()));
        let length = tone.rate as usize;
        let attack = (self.envelope.attack * f64::from(tone.rate)).max(1.0);
        let played: Vec<f64> = (0..length)
            .map_while(|index| {
                let at = match tone.cycle {
                    Some((start, end)) if index >= end => start + (index - start) % (end - start),
                    _ => index,
                };
                let time = index as f64 / f64::from(tone.rate);
                let envelope =
                    (index as f64 / attack).min(1.0) * (-self.envelope.decay_rate * time).exp();
                tone.points.get(at).map(|point| point / peak * envelope)
            })
            .collect();
        loudness::momentary(&played, tone.rate)
    }
}

/// Splits the keyboard between roots: each reaches half-way to its neighbours, the outermost to the ends.
pub fn key_ranges(roots: &[u8]) -> Vec<RangeInclusive<u8>> {
    let edge = |index: usize| match (roots.get(index), roots.get(index + 1)) {
        (Some(low), Some(high)) => low.midpoint(*high),
        _ => 127,
    };
    (0..roots.len())
        .map(|index| {
            if index == 0 {
                0..=edge(0)
            } else {
                edge(index - 1) + 1..=edge(index)
            }
        })
        .collect()
}

/// Makes one region per root by `make(root)`, over all keys.
pub fn spread(roots: &[u8], mut make: impl FnMut(u8) -> (Tone, Envelope)) -> Vec<Region> {
    roots
        .iter()
        .zip(key_ranges(roots))
        .map(|(root, keys)| {
            let (tone, envelope) = make(*root);
            Region::new(tone, keys, envelope)
        })
        .collect()
}

/// Roots from `low` to `high` at most a fourth (5 semitones) apart, evenly.
pub fn every(low: u8, high: u8) -> Vec<u8> {
    let steps = u32::from(high.abs_diff(low)).div_ceil(5).max(1);
    (0..=steps)
        .map(|step| low + ((u32::from(high - low) * step + steps / 2) / steps) as u8)
        .collect()
}
