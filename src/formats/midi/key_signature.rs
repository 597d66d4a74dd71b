//! Keys as MIDI key signatures.

use crate::score::{Key, PitchClass, Scale};

/// Sharps (flats if negative) and whether it is minor. Other scales get the signature of the major scale whose tones they
/// share most, named major.
pub(super) fn encode(key: Key) -> (i8, bool) {
    let minor = matches!(
        key.scale,
        Scale::Minor | Scale::HarmonicMinor | Scale::MelodicMinor
    );
    // Semitones from the tonic up to the tonic of the major scale with the same signature.
    let up = match key.scale {
        Scale::Minor
        | Scale::HarmonicMinor
        | Scale::MelodicMinor
        | Scale::MinorPentatonic
        | Scale::Blues => 3,
        Scale::Dorian => 10,
        Scale::Phrygian => 8,
        Scale::Lydian => 7,
        Scale::Mixolydian => 5,
        Scale::Locrian => 1,
        Scale::Major | Scale::MajorPentatonic | Scale::Chromatic => 0,
    };
    let major = (i32::from(key.tonic.get()) + up) % 12;
    let sharps = major * 7 % 12;
    let sharps = if sharps > 6 { sharps - 12 } else { sharps };
    (sharps as i8, minor)
}

/// The major or minor key of a signature; `None` beyond seven sharps or flats.
pub(super) fn decode(sharps: i8, minor: bool) -> Option<Key> {
    (-7..=7).contains(&sharps).then(|| {
        let major = i32::from(sharps) * 7;
        Key {
            tonic: PitchClass::from_semitones(if minor { major + 9 } else { major }),
            scale: if minor { Scale::Minor } else { Scale::Major },
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn signatures_name_their_keys() {
        for (name, sharps, minor) in [
            ("C major", 0, false),
            ("A minor", 0, true),
            ("D major", 2, false),
            ("Eb major", -3, false),
            ("C minor", -3, true),
            ("F# major", 6, false),
            ("C# minor", 4, true),
        ] {
            let key: Key = name.parse().unwrap();
            assert_eq!(encode(key), (sharps, minor), "{name}");
            assert_eq!(decode(sharps, minor), Some(key), "{name}");
        }
        assert_eq!(encode("D dorian".parse().unwrap()), (0, false));
        assert_eq!(encode("E harmonic minor".parse().unwrap()), (1, true));
        assert_eq!(decode(7, false).unwrap().to_string(), "Db major");
        assert_eq!(decode(8, false), None);
    }
}
