//! How well music fits each of the twelve diatonic scales.

/// Share of a song's notes that lie outside its scale, as far as deciding about a key goes.
const OUTSIDE: f64 = 0.02;
/// The steps of the diatonic scale, bit 0 for the tonic of its major key.
const STEPS: u16 = 0b1010_1011_0101;

/// Whether the diatonic scale of a major key has a pitch class; `tonic` is the major key's, 0..12.
pub fn contains(tonic: usize, class: usize) -> bool {
    STEPS >> ((class + 12 - tonic) % 12) & 1 == 1
}

/// The logarithm of the probability of the pitches (MIDI numbers) under each diatonic scale, by the tonic of its major key: every
/// note lies outside its scale with probability .02, whichever it is. All 0 without notes.
pub fn fits(pitches: impl IntoIterator<Item = u8>) -> [f64; 12] {
    let mut classes = [0.0; 12];
    for pitch in pitches {
        classes[usize::from(pitch % 12)] += 1.0;
    }
    let inside = ((1.0 - OUTSIDE) / 7.0).ln();
    let outside = (OUTSIDE / 5.0).ln();
    std::array::from_fn(|tonic| {
        let fit = |(class, notes): (usize, &f64)| {
            let probability = if contains(tonic, class) {
                inside
            } else {
                outside
            };
            notes * probability
        };
        classes.iter().enumerate().map(fit).sum()
    })
}

/// The semitones, -5..=6, by which the scale that fits best moves to that of C major and A minor. 0 without notes; among
/// scales that fit equally well the one that has to be moved least.
pub fn to_common(pitches: impl IntoIterator<Item = u8>) -> i32 {
    let fits = fits(pitches);
    let shift = |tonic: i32| if tonic > 5 { 12 - tonic } else { -tonic };
    (0_i32..12)
        .zip(fits)
        .max_by(|(a, fit), (b, other)| {
            (fit.total_cmp(other)).then_with(|| shift(*b).abs().cmp(&shift(*a).abs()))
        })
        .map_or(0, |(tonic, _)| shift(tonic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_is_moved_to_c_major_by_the_shortest_way() {
        let major = [0, 2, 4, 5, 7, 9, 11];
        for (tonic, expected) in [(0, 0), (5, -5), (6, 6), (7, 5), (11, 1), (2, -2)] {
            let pitches = major.map(|step| 60 + tonic + step);
            assert_eq!(to_common(pitches), expected, "{tonic}");
        }
        // A natural minor is C major.
        assert_eq!(to_common([57, 59, 60, 62, 64, 65, 67]), 0);
        assert_eq!(to_common([]), 0);
    }

    #[test]
    fn one_strange_note_does_not_move_the_scale() {
        assert_eq!(to_common([60, 62, 64, 65, 67, 69, 71, 72, 66]), 0);
    }

    #[test]
    fn every_note_counts_once() {
        let fits = fits([60]);
        assert!((fits[0] - (0.98_f64 / 7.0).ln()).abs() < 1e-12);
        assert!(
            (fits[1] - (0.98_f64 / 7.0).ln()).abs() < 1e-12,
            "C is in D flat major"
        );
        assert!(
            (fits[2] - (0.02_f64 / 5.0).ln()).abs() < 1e-12,
            "and not in D major"
        );
    }
}
