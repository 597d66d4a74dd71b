//! What a musician or a network may ask of the grammar.

use std::ops::{Range, RangeInclusive};

use super::super::clip::ClipNote;
use super::super::theme_vocab::Voice;
use crate::score::{Pitch, PitchClassSet};

/// What one voice may play.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceRule {
    /// Its range of MIDI pitches, by default 1..=127. An empty range silences the voice.
    pub register: RangeInclusive<u8>,
    /// Most notes that may begin at one step, by default no limit.
    pub chord: u8,
}

impl Default for VoiceRule {
    fn default() -> Self {
        Self {
            register: 1..=127,
            chord: u8::MAX,
        }
    }
}

impl VoiceRule {
    /// A voice that plays nothing.
    pub fn silent() -> Self {
        Self {
            chord: 0,
            ..Self::default()
        }
    }
}

/// Where theme regions may stand besides the painted bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FreeThemes {
    /// Nowhere.
    Never,
    /// Anywhere, each of a number of bars in this range (at least 1).
    OfBars(RangeInclusive<u32>),
}

/// Where tempo tokens may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tempos {
    /// Once, before the first bar.
    AtStart,
    /// There, and at any position before its notes.
    Anywhere,
}

/// Notes that are written as they are, whatever else is, and bars in which a voice has no others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fixed {
    /// The notes; steps count from the first bar. No scale, register or chord rule holds for them.
    pub notes: Vec<ClipNote>,
    /// For melody, bridge and piano the bars in which the voice plays only such notes.
    pub closed: [Range<u32>; 3],
}

impl Fixed {
    /// One voice whose `bars` hold these notes and no others.
    pub fn voice(voice: Voice, bars: Range<u32>, notes: Vec<ClipNote>) -> Self {
        let mut fixed = Self {
            notes,
            ..Self::default()
        };
        fixed.closed[voice as usize] = bars;
        fixed
    }

    /// Whether a voice has only fixed notes in a bar.
    pub fn is_closed(&self, voice: Voice, bar: u32) -> bool {
        self.closed[voice as usize].contains(&bar)
    }
}

/// What of a melody is taken over while it is written: pitches, onsets and lengths; the velocities are open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// Steps, as ranges from 0, in which the melody has the notes below, besides fixed ones, and no others.
    pub spans: Vec<Range<u32>>,
    /// The notes that begin there; other voices, and what begins elsewhere, are passed over.
    pub notes: Vec<ClipNote>,
}

/// Everything that narrows the grammar. By default it takes whatever the vocabulary can say in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Pitch classes that notes may have. An empty set counts as all.
    pub scale: PitchClassSet,
    /// What melody, bridge and piano may play.
    pub voices: [VoiceRule; 3],
    /// Where tempos may stand.
    pub tempos: Tempos,
    /// The music ends after this many bars; `None`: never.
    pub bars: Option<u32>,
    /// Whether no note may last beyond the last bar.
    pub stop_at_end: bool,
    /// Bars, as ranges from 0, that must each be one theme region. They do not overlap.
    pub painted: Vec<Range<u32>>,
    /// Theme regions elsewhere.
    pub free_themes: FreeThemes,
    /// Most bars in a row without a note.
    pub empty_bars: u32,
    /// Notes that it must have.
    pub fixed: Fixed,
    /// How the music comes to rest: in the second half of the last bar the melody takes one note of these pitch
    /// classes and holds it to the end, and nothing begins on the last beat's off-beats. Not inside theme regions;
    /// by default the end is open.
    pub ending: Option<PitchClassSet>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            scale: PitchClassSet::ALL,
            voices: std::array::from_fn(|_| VoiceRule::default()),
            tempos: Tempos::Anywhere,
            bars: None,
            stop_at_end: true,
            painted: Vec::new(),
            free_themes: FreeThemes::OfBars(1..=u32::MAX),
            empty_bars: u32::MAX,
            fixed: Fixed::default(),
            ending: None,
        }
    }
}

impl Rules {
    /// The rule of a voice.
    pub fn voice(&self, voice: Voice) -> &VoiceRule {
        &self.voices[voice as usize]
    }

    /// The rule of a voice, to be changed.
    pub fn voice_mut(&mut self, voice: Voice) -> &mut VoiceRule {
        &mut self.voices[voice as usize]
    }

    /// Whether a voice may play a pitch.
    pub fn allows(&self, voice: Voice, pitch: u8) -> bool {
        let rule = self.voice(voice);
        rule.chord > 0
            && rule.register.contains(&pitch)
            && (self.scale.is_empty() || self.scale.contains(Pitch::clamped(i32::from(pitch))))
    }
}
