//! Who plays, and what is hit.

use serde::{Deserialize, Serialize};

use crate::score::{Instrument, Role};
use crate::tokens::part::Part;

/// A piece of a drum kit, as far as playing it differs.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::EnumIter,
    strum::EnumCount,
    strum::Display,
)]
#[strum(serialize_all = "title_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum DrumPiece {
    Kick,
    Snare,
    SideStick,
    ClosedHat,
    PedalHat,
    OpenHat,
    LowTom,
    MidTom,
    HighTom,
    Crash,
    Ride,
    RideBell,
}

impl DrumPiece {
    /// How many there are.
    pub const COUNT: usize = <Self as strum::EnumCount>::COUNT;

    /// The piece that a General MIDI drum key is played like. The edges and rims that electronic kits send on keys of their
    /// own (22 and 26 of the hi-hat, 58 of the floor tom) count as their pieces; hand percussion is played like the piece that
    /// takes its place in a kit: shakers like a closed hi-hat, bells and blocks like a ride, hand drums like toms.
    pub fn of(key: u8) -> Self {
        match key {
            0..=36 if key != 22 && key != 26 && key != 31 => Self::Kick,
            37 | 31 => Self::SideStick,
            38..=40 => Self::Snare,
            44 => Self::PedalHat,
            26 | 46 => Self::OpenHat,
            41 | 43 | 58 | 64 | 66 | 86 | 87 => Self::LowTom,
            45 | 47 | 61 | 63 | 68 | 79 => Self::MidTom,
            48 | 50 | 60 | 62 | 65 | 67 | 78 => Self::HighTom,
            49 | 52 | 55 | 57 => Self::Crash,
            51 | 59 | 56 | 75..=77 | 80 | 81 => Self::Ride,
            53 => Self::RideBell,
            _ => Self::ClosedHat,
        }
    }

    /// Its key in the General MIDI kit.
    pub fn key(self) -> u8 {
        match self {
            Self::Kick => 36,
            Self::Snare => 38,
            Self::SideStick => 37,
            Self::ClosedHat => 42,
            Self::PedalHat => 44,
            Self::OpenHat => 46,
            Self::LowTom => 43,
            Self::MidTom => 45,
            Self::HighTom => 48,
            Self::Crash => 49,
            Self::Ride => 51,
            Self::RideBell => 53,
        }
    }

    /// Its place among the pieces, 0..[`Self::COUNT`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// Who plays a part. Of the players only drummer, melody, bridge and piano were recorded; bass and guitar learn from what a
/// pianist's two hands do.
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
    strum::EnumCount,
    strum::Display,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Player {
    /// A drummer: each piece is a class of its own.
    Drums,
    /// A lead line.
    Melody,
    /// A second line between the phrases of the first.
    Bridge,
    /// A piano, both hands.
    Piano,
    /// The notes of a piano above its lowest line: stands in for guitars.
    Upper,
    /// The lowest line of a piano: stands in for basses.
    Low,
}

/// Classes of notes: the pieces of a kit, then the players of pitched parts.
pub const CLASSES: usize = DrumPiece::COUNT + <Player as strum::EnumCount>::COUNT - 1;

impl Player {
    /// How many there are.
    pub const COUNT: usize = <Self as strum::EnumCount>::COUNT;

    /// Its place among the players, 0..[`Self::COUNT`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// Who plays a part of the band. Strings play like a bridge, the most sustained of the recorded parts.
    pub fn of(part: Part) -> Self {
        match part {
            Part::Drums => Self::Drums,
            Part::Piano => Self::Piano,
            Part::Guitar => Self::Upper,
            Part::Bass => Self::Low,
            Part::Strings => Self::Bridge,
        }
    }

    /// Who plays a track of a song.
    pub fn of_track(instrument: Instrument, role: Role) -> Self {
        match role {
            _ if instrument.drums => Self::Drums,
            Role::Drums | Role::Piano => Self::Piano,
            Role::Melody => Self::Melody,
            Role::Guitar => Self::Upper,
            Role::Bass => Self::Low,
            Role::Strings => Self::Bridge,
        }
    }

    /// The class of a note of this player, 0..[`CLASSES`].
    pub fn class(self, pitch: u8) -> usize {
        match self {
            Self::Drums => DrumPiece::of(pitch).index(),
            pitched => DrumPiece::COUNT + pitched.index() - 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;

    #[test]
    fn every_piece_is_found_by_its_own_key() {
        for piece in DrumPiece::iter() {
            assert_eq!(DrumPiece::of(piece.key()), piece);
            assert_eq!(Player::Drums.class(piece.key()), piece.index());
        }
        for (key, piece) in [
            (22, DrumPiece::ClosedHat),
            (26, DrumPiece::OpenHat),
            (35, DrumPiece::Kick),
            (40, DrumPiece::Snare),
            (58, DrumPiece::LowTom),
            (70, DrumPiece::ClosedHat),
        ] {
            assert_eq!(DrumPiece::of(key), piece, "{key}");
        }
    }

    #[test]
    fn classes_are_distinct() {
        let mut classes: Vec<usize> = Player::iter().map(|player| player.class(36)).collect();
        classes.dedup();
        assert_eq!(classes, [0, 12, 13, 14, 15, 16]);
        assert_eq!(CLASSES, 17);
    }

    #[test]
    fn a_drum_kit_is_played_by_the_drummer_whatever_its_role() {
        assert_eq!(
            Player::of_track(Instrument::DRUMS, Role::Melody),
            Player::Drums
        );
        assert_eq!(
            Player::of_track(Instrument::pitched(33), Role::Bass),
            Player::Low
        );
    }
}
