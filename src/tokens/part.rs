//! The five parts of a band, as MuseGAN knows them (Dong et al. 2018).

use serde::{Deserialize, Serialize};

use crate::score::{Instrument, Role};

/// A part of the band, in the order of the published models.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumIter,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", ascii_case_insensitive)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Part {
    Drums,
    Piano,
    Guitar,
    Bass,
    Strings,
}

impl Part {
    /// How many there are.
    pub const COUNT: usize = 5;
    /// All parts in order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Drums,
        Self::Piano,
        Self::Guitar,
        Self::Bass,
        Self::Strings,
    ];

    /// Its place among the tracks of a model, 0..5.
    pub fn index(self) -> usize {
        self as usize
    }

    /// What it is played with: the published programs.
    pub fn instrument(self) -> Instrument {
        match self {
            Self::Drums => Instrument::DRUMS,
            Self::Piano => Instrument::pitched(0),
            Self::Guitar => Instrument::pitched(25),
            Self::Bass => Instrument::pitched(33),
            Self::Strings => Instrument::pitched(48),
        }
    }

    /// Its role in a song.
    pub fn role(self) -> Role {
        match self {
            Self::Drums => Role::Drums,
            Self::Piano => Role::Piano,
            Self::Guitar => Role::Guitar,
            Self::Bass => Role::Bass,
            Self::Strings => Role::Strings,
        }
    }

    /// The part that plays a General MIDI instrument, by family: keyboards and tuned percussion are the piano's, and all
    /// that sustains (strings, voices, winds, leads, pads) is the strings', as in the published data. `None` for
    /// percussive programs and sound effects.
    pub fn of(instrument: Instrument) -> Option<Self> {
        match instrument.program {
            _ if instrument.drums => Some(Self::Drums),
            0..=23 => Some(Self::Piano),
            24..=31 => Some(Self::Guitar),
            32..=39 => Some(Self::Bass),
            40..=111 => Some(Self::Strings),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_plays_its_own_instrument() {
        for (index, part) in Part::ALL.into_iter().enumerate() {
            assert_eq!(part.index(), index);
            assert_eq!(Part::of(part.instrument()), Some(part));
            assert_eq!(part.to_string().parse(), Ok(part));
        }
        assert_eq!(Part::of(Instrument::pitched(56)), Some(Part::Strings));
        assert_eq!(Part::of(Instrument::pitched(127)), None);
    }
}
