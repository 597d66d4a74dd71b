//! A soft key, heard from the theme and from what stands before.

use crate::measure::diatonic;
use crate::tokens::clip::ClipNote;

/// No pitch class counts as less likely to be in the key.
const LEAST: f64 = 0.02;

/// What to add to the logits of notes, by pitch class: `strength` times the logarithm of the probability that the class
/// belongs to the scale of `notes`, relative to the class of which that is surest. Every one of the twelve diatonic scales has a
/// probability given the notes, so that few notes, which fit several keys, forbid only what none of them has.
pub(super) fn biases<'a>(
    notes: impl IntoIterator<Item = &'a ClipNote>,
    strength: f32,
) -> [f32; 12] {
    let fits = diatonic::fits(notes.into_iter().map(|note| note.pitch));
    let most = fits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights = fits.map(|fit| (fit - most).exp());
    let total: f64 = weights.iter().sum();
    let belongs: [f64; 12] = std::array::from_fn(|class| {
        let with_class = (0..)
            .zip(&weights)
            .filter(|(tonic, _)| diatonic::contains(*tonic, class));
        with_class.map(|(_, weight)| weight / total).sum()
    });
    let surest = belongs.iter().copied().fold(0.0, f64::max);
    belongs.map(|belongs| strength * (belongs / surest).max(LEAST).ln() as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::theme_vocab::Voice;

    fn notes(pitches: &[u8]) -> Vec<ClipNote> {
        let note = |pitch: &u8| ClipNote {
            voice: Voice::Piano,
            step: 0,
            length: 4,
            pitch: *pitch,
            velocity: 80,
        };
        pitches.iter().map(note).collect()
    }

    #[test]
    fn a_whole_scale_leaves_no_doubt() {
        let biases = biases(&notes(&[60, 62, 64, 65, 67, 69, 71]), 2.0);
        for (class, bias) in biases.iter().enumerate() {
            let inside = [0, 2, 4, 5, 7, 9, 11].contains(&class);
            assert_eq!(*bias > -0.1, inside, "{class} {bias}");
            assert_eq!(*bias < -6.0, !inside, "{class} {bias}");
        }
    }

    #[test]
    fn few_notes_forbid_only_what_no_fitting_scale_has() {
        // C, D and G fit C, F, G, B flat and E flat major, four of which have F.
        let biases = biases(&notes(&[60, 62, 67]), 1.0);
        assert!(biases[0] > -0.01, "{biases:?}");
        assert!((biases[5] - 0.8_f32.ln()).abs() < 0.05, "{biases:?}");
        assert!(
            biases[10] > biases[6],
            "B flat is in more of them than F sharp"
        );
        assert!(biases[1] < -2.0, "C sharp is in none");
        assert!(super::biases(&[], 1.0).iter().all(|bias| bias.abs() < 1e-6));
    }
}
