//! Pitch classes, scales and keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Note, Pitch};

const NAMES: [&str; 12] = [
    "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B",
];
const FLAT_NAMES: [&str; 12] = [
    "C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B",
];

/// A pitch with octaves folded: 0 is C, 11 is B.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(from = "u8", into = "u8")]
pub struct PitchClass(u8);

impl From<u8> for PitchClass {
    fn from(semitones: u8) -> Self {
        Self(semitones % 12)
    }
}

impl From<PitchClass> for u8 {
    fn from(class: PitchClass) -> Self {
        class.0
    }
}

impl PitchClass {
    /// The pitch class of any number of semitones above C.
    pub fn from_semitones(semitones: i32) -> Self {
        Self(semitones.rem_euclid(12) as u8)
    }

    /// The pitch class of a pitch.
    pub fn of(pitch: Pitch) -> Self {
        Self(pitch.get() % 12)
    }

    /// Semitones above C, 0..=11.
    pub fn get(self) -> u8 {
        self.0 % 12
    }
}

impl fmt::Display for PitchClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES[usize::from(self.get())])
    }
}

/// A set of pitch classes, bit 0 for C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "u16", into = "u16")]
pub struct PitchClassSet(u16);

impl From<u16> for PitchClassSet {
    fn from(bits: u16) -> Self {
        Self::from_bits(bits)
    }
}

impl From<PitchClassSet> for u16 {
    fn from(set: PitchClassSet) -> Self {
        set.0
    }
}

impl PitchClassSet {
    /// All twelve.
    pub const ALL: Self = Self(0x0FFF);

    /// A set from bits, bit 0 for C; bits above 11 are dropped.
    pub fn from_bits(bits: u16) -> Self {
        Self(bits & 0x0FFF)
    }

    /// The bits, bit 0 for C.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Whether the set holds `pitch`, octaves folded.
    pub fn contains(self, pitch: Pitch) -> bool {
        self.0 >> (pitch.get() % 12) & 1 == 1
    }

    /// How many pitch classes are in the set.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// A scale: which steps above the tonic belong to it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the scales'")]
pub enum Scale {
    #[default]
    Major,
    Minor,
    HarmonicMinor,
    MelodicMinor,
    Dorian,
    Phrygian,
    Lydian,
    Mixolydian,
    Locrian,
    MajorPentatonic,
    MinorPentatonic,
    Blues,
    Chromatic,
}

impl Scale {
    /// Semitones above the tonic.
    pub fn steps(self) -> &'static [u8] {
        match self {
            Self::Major => &[0, 2, 4, 5, 7, 9, 11],
            Self::Minor => &[0, 2, 3, 5, 7, 8, 10],
            Self::HarmonicMinor => &[0, 2, 3, 5, 7, 8, 11],
            Self::MelodicMinor => &[0, 2, 3, 5, 7, 9, 11],
            Self::Dorian => &[0, 2, 3, 5, 7, 9, 10],
            Self::Phrygian => &[0, 1, 3, 5, 7, 8, 10],
            Self::Lydian => &[0, 2, 4, 6, 7, 9, 11],
            Self::Mixolydian => &[0, 2, 4, 5, 7, 9, 10],
            Self::Locrian => &[0, 1, 3, 5, 6, 8, 10],
            Self::MajorPentatonic => &[0, 2, 4, 7, 9],
            Self::MinorPentatonic => &[0, 3, 5, 7, 10],
            Self::Blues => &[0, 3, 5, 6, 7, 10],
            Self::Chromatic => &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
        }
    }

    /// The step of a major scale with the same signature on which it begins, in semitones above that scale's tonic.
    fn above_major(self) -> u8 {
        match self {
            Self::Major | Self::MajorPentatonic | Self::Chromatic => 0,
            Self::Minor
            | Self::HarmonicMinor
            | Self::MelodicMinor
            | Self::MinorPentatonic
            | Self::Blues => 9,
            Self::Dorian => 2,
            Self::Phrygian => 4,
            Self::Lydian => 5,
            Self::Mixolydian => 7,
            Self::Locrian => 11,
        }
    }

    /// The name as musicians write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Major => "major",
            Self::Minor => "minor",
            Self::HarmonicMinor => "harmonic minor",
            Self::MelodicMinor => "melodic minor",
            Self::Dorian => "dorian",
            Self::Phrygian => "phrygian",
            Self::Lydian => "lydian",
            Self::Mixolydian => "mixolydian",
            Self::Locrian => "locrian",
            Self::MajorPentatonic => "major pentatonic",
            Self::MinorPentatonic => "minor pentatonic",
            Self::Blues => "blues",
            Self::Chromatic => "chromatic",
        }
    }
}

/// A tonic with a scale, such as A minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Key {
    /// The tonic.
    pub tonic: PitchClass,
    /// The scale above it.
    pub scale: Scale,
}

impl Key {
    /// The pitch classes of the key.
    pub fn pitch_classes(self) -> PitchClassSet {
        let bits = self
            .scale
            .steps()
            .iter()
            .fold(0, |bits, step| bits | 1 << ((self.tonic.get() + step) % 12));
        PitchClassSet::from_bits(bits)
    }

    /// Whether its signature has flats. With six of either, F# major has sharps and its relatives have flats.
    fn has_flats(self) -> bool {
        let major = (self.tonic.get() + 12 - self.scale.above_major()) % 12;
        matches!(major, 1 | 3 | 5 | 8 | 10) || (major == 6 && self.tonic.get() != 6)
    }

    /// The name of a pitch class in this key: Bb in F major, A# in B major.
    pub fn spell(self, class: PitchClass) -> &'static str {
        let names = if self.has_flats() { FLAT_NAMES } else { NAMES };
        names[usize::from(class.get())]
    }

    /// The major or minor key that fits `notes` best by the Krumhansl-Kessler profiles (Krumhansl 1990, p. 30),
    /// each note weighted by its length; `None` without notes.
    pub fn detect<'a>(notes: impl IntoIterator<Item = &'a Note>) -> Option<Self> {
        const MAJOR: [f64; 12] = [
            6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88,
        ];
        const MINOR: [f64; 12] = [
            6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17,
        ];
        let mut weights = [0.0; 12];
        for note in notes {
            weights[usize::from(note.pitch.get() % 12)] += note.duration.0 as f64;
        }
        if weights.iter().sum::<f64>() <= 0.0 {
            return None;
        }
        let mut best = (f64::NEG_INFINITY, Self::default());
        for tonic in 0..12 {
            for (profile, scale) in [(&MAJOR, Scale::Major), (&MINOR, Scale::Minor)] {
                let fit = correlation(&weights, profile, tonic);
                if fit > best.0 {
                    best = (
                        fit,
                        Self {
                            tonic: PitchClass::from_semitones(tonic as i32),
                            scale,
                        },
                    );
                }
            }
        }
        Some(best.1)
    }
}

/// Pearson correlation of `weights`, read from `tonic` upwards, with `profile`; 0 where the weights are level.
fn correlation(weights: &[f64; 12], profile: &[f64; 12], tonic: usize) -> f64 {
    let (mean_w, mean_p) = (
        weights.iter().sum::<f64>() / 12.0,
        profile.iter().sum::<f64>() / 12.0,
    );
    let (mut cross, mut var_w, mut var_p) = (0.0, 0.0, 0.0);
    for step in 0..12 {
        let (w, p) = (
            weights[(tonic + step) % 12] - mean_w,
            profile[step] - mean_p,
        );
        cross += w * p;
        var_w += w * w;
        var_p += p * p;
    }
    if var_w == 0.0 {
        0.0
    } else {
        cross / (var_w * var_p).sqrt()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.spell(self.tonic), self.scale.name())
    }
}

/// A text that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a key: write a tonic and a scale, such as \"A minor\", \"F# dorian\" or \"Bb major pentatonic\""
)]
pub struct KeyError(pub String);

impl FromStr for Key {
    type Err = KeyError;

    /// Reads "C major", "a minor", "F# dorian", "Bb". A tonic alone is major; "Am" is A minor.
    fn from_str(text: &str) -> Result<Self, KeyError> {
        use strum::IntoEnumIterator as _;
        let error = || KeyError(text.to_owned());
        let trimmed = text.trim();
        let mut letters = trimmed.chars();
        let letter = letters.next().ok_or_else(error)?.to_ascii_uppercase();
        let natural = match letter {
            'C' => 0,
            'D' => 2,
            'E' => 4,
            'F' => 5,
            'G' => 7,
            'A' => 9,
            'B' => 11,
            _ => return Err(error()),
        };
        let rest = letters.as_str();
        let (accidental, rest) = match rest.chars().next() {
            Some('#' | '♯') => (1, &rest[rest.chars().next().map_or(0, char::len_utf8)..]),
            Some('♭') => (-1, &rest['♭'.len_utf8()..]),
            Some('b') => (-1, &rest[1..]),
            _ => (0, rest),
        };
        let tonic = PitchClass::from_semitones(natural + accidental);
        let wanted = rest.trim().to_lowercase().replace(['_', '-'], " ");
        let scale = match wanted.as_str() {
            "" | "maj" | "ionian" => Scale::Major,
            "m" | "min" | "aeolian" | "natural minor" => Scale::Minor,
            "pentatonic" => Scale::MajorPentatonic,
            _ => Scale::iter()
                .find(|scale| scale.name() == wanted)
                .ok_or_else(error)?,
        };
        Ok(Self { tonic, scale })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Tick, Velocity};
    use super::*;

    #[test]
    fn keys_are_read_as_musicians_write_them() {
        for (text, name) in [
            ("C major", "C major"),
            ("a minor", "A minor"),
            ("F# dorian", "F# dorian"),
            ("Bb", "Bb major"),
            ("A#", "Bb major"),
            ("Am", "A minor"),
            ("C#m", "C# minor"),
            ("G dorian", "G dorian"),
            ("E♭ harmonic_minor", "Eb harmonic minor"),
        ] {
            assert_eq!(
                text.parse::<Key>().map(|key| key.to_string()),
                Ok(name.to_owned()),
                "{text}"
            );
        }
        for text in ["", "H minor", "C mayor", "7"] {
            assert_eq!(text.parse::<Key>(), Err(KeyError(text.to_owned())));
        }
    }

    #[test]
    fn notes_are_spelled_as_the_key_has_them() {
        let spelled = |key: &str, semitones| {
            let key: Key = key.parse().unwrap_or_default();
            key.spell(PitchClass::from_semitones(semitones))
        };
        assert_eq!(spelled("F major", 10), "Bb");
        assert_eq!(spelled("D minor", 10), "Bb");
        assert_eq!(spelled("G dorian", 10), "Bb");
        assert_eq!(spelled("C major", 10), "A#");
        assert_eq!(spelled("B major", 10), "A#");
        assert_eq!(spelled("Db major", 6), "Gb");
        assert_eq!(spelled("F# major", 6), "F#");
        assert_eq!(spelled("C minor", 3), "Eb");
    }

    #[test]
    fn a_minor_holds_the_white_keys() {
        let set = "A minor"
            .parse::<Key>()
            .map(Key::pitch_classes)
            .unwrap_or_default();
        assert_eq!(set.bits(), 0b1010_1011_0101);
        assert!(set.contains(Pitch::MIDDLE_C));
        assert!(!set.contains(Pitch::clamped(61)));
    }

    #[test]
    fn a_scale_is_detected_from_its_notes() {
        let line = [57, 60, 64, 69, 71, 72, 68, 69, 57, 64, 60, 57];
        let notes: Vec<Note> = line
            .iter()
            .enumerate()
            .map(|(i, key)| {
                Note::new(
                    Tick(i as i64 * 480),
                    Tick(480),
                    Pitch::clamped(*key),
                    Velocity::DEFAULT,
                )
            })
            .collect();
        assert_eq!(
            Key::detect(&notes).map(|key| key.to_string()),
            Some("A minor".to_owned())
        );
        assert_eq!(Key::detect([]), None);
    }
}
