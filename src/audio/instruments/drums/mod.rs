//! Drum kits: a table of voices each, over keys 27..=87 of General MIDI level 2.
//!
//! | room | what it holds |
//! |---|---|
//! | [`standard`] | the acoustic kit and the hand percussion, which every other kit falls back to |
//! | [`electronic`] | an analogue drum machine, and an electronic kit on top of it |
//! | [`acoustic`] | what the power, jazz, brush and orchestra kits have in other sounds |
//!
//! A voice that is struck in every bar has tones for soft and for hard strokes; each tone also gets darker towards soft velocities.

pub mod acoustic;
pub mod electronic;
pub mod standard;

use super::synthesis::{Envelope, Hit, Region, Tone};

/// Classes of voices that cut each other off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // Each is named as the instrument.
pub enum Class {
    Hat = 1,
    Whistle,
    Guiro,
    Cuica,
    Triangle,
    Surdo,
}

/// What a voice plays.
#[derive(Clone, Copy)]
pub enum Sound {
    /// One tone.
    One(fn() -> Hit),
    /// Two tones, made with the force of the stroke: from 0 (soft) to 1 (hard).
    Two(fn(f64) -> Hit),
    /// The tones of another key of the table, so many semitones higher.
    Like(u8, i16),
}

/// A drum on its key.
#[derive(Clone, Copy)]
pub struct Voice {
    key: u8,
    name: &'static str,
    level: f64,
    pan: f64,
    class: Option<Class>,
    sound: Sound,
}

impl Voice {
    /// A voice: its level in decibels against the snare and its place from left (-50) to right (50).
    pub const fn new(key: u8, name: &'static str, level: f64, pan: f64, sound: Sound) -> Self {
        Self {
            key,
            name,
            level,
            pan,
            class: None,
            sound,
        }
    }

    /// The same in a class of voices that cut each other off.
    #[must_use]
    pub const fn class(self, class: Class) -> Self {
        Self {
            class: Some(class),
            ..self
        }
    }

    /// The tones of the voice, each with the share of the velocities that it plays.
    fn tones(&self) -> Vec<(Tone, f64, f64)> {
        let tone = |hit: Hit, suffix: &str| hit.tone(&format!("{}{suffix}", self.name), self.key);
        match self.sound {
            Sound::One(make) => vec![(tone(make(), ""), 0.0, 1.0)],
            Sound::Two(make) => vec![
                (tone(make(0.0), " soft"), 0.0, 0.6),
                (tone(make(1.0), ""), 0.6, 1.0),
            ],
            Sound::Like(..) => Vec::new(),
        }
    }

    fn regions(&self) -> Vec<Region> {
        let mut regions = Vec::new();
        for (tone, from, to) in self.tones() {
            let bright = f64::from(tone.rate) / 44_100.0;
            // Letting go of a key stops nothing: a drum rings out.
            let whole = Region {
                pan: self.pan,
                level: self.level,
                exclusive: self.class.map_or(0, |class| class as u8),
                ..Region::new(tone, self.key..=self.key, Envelope::held(0.0, 15.0))
            };
            // Within a tone's velocities, the softer half loses some of its brightness.
            let (first, last) = ((127.0 * from) as u8, (127.0 * to) as u8);
            let first = if first == 0 { 0 } else { first + 1 };
            let middle = first + ((f64::from(last - first)) * 0.55) as u8;
            let darkest = if to < 1.0 || from == 0.0 {
                6_000.0
            } else {
                12_000.0
            } * bright;
            regions.push(Region {
                velocities: first..=middle,
                cutoff: Some(darkest),
                ..whole.clone()
            });
            regions.push(Region {
                velocities: middle + 1..=last,
                ..whole
            });
        }
        regions
    }
}

/// The regions of a table of voices.
pub fn regions(voices: &[Voice]) -> Vec<Region> {
    let mut regions: Vec<Region> = voices.iter().flat_map(Voice::regions).collect();
    for voice in voices {
        let Sound::Like(other, semitones) = voice.sound else {
            continue;
        };
        let shared: Vec<Region> = regions
            .iter()
            .filter(|region| region.keys == (other..=other))
            .map(|region| Region {
                keys: voice.key..=voice.key,
                // The tone sounds as it is on the other key.
                transpose: i16::from(other) - i16::from(voice.key) + semitones,
                level: voice.level,
                pan: voice.pan,
                ..region.clone()
            })
            .collect();
        regions.extend(shared);
    }
    regions
}
