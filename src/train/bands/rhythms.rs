//! Bass rhythms, learned from bands.

use std::collections::BTreeMap;

use rand::{Rng, RngExt};

use crate::tokens::band::{BandRoll, STEPS_PER_BAR};
use crate::tokens::part::Part;

/// The most notes of a bar that is learned from.
const MOST_NOTES: usize = 10;

/// A bar of bass: where notes begin and how long they are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rhythm {
    /// (step 0..16, length in steps), in order, not overlapping, inside the bar.
    pub notes: Vec<(usize, usize)>,
}

/// Bass rhythms with how often they were heard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RhythmBook {
    counts: BTreeMap<Rhythm, usize>,
}

impl RhythmBook {
    /// Learns the bars of a roll in which the bass begins on the first beat.
    pub fn learn(&mut self, roll: &BandRoll) {
        let mut bars: Vec<Vec<(usize, usize)>> = vec![Vec::new(); roll.bars()];
        for note in roll.notes(Part::Bass) {
            let step = note.step % STEPS_PER_BAR;
            let length = note.length.min(STEPS_PER_BAR - step);
            bars[note.step / STEPS_PER_BAR].push((step, length));
        }
        for notes in bars {
            let starts = notes.first().is_some_and(|(step, _)| *step == 0);
            if starts && notes.len() <= MOST_NOTES {
                *self.counts.entry(Rhythm { notes }).or_default() += 1;
            }
        }
    }

    /// How many bars were learned, and how many different ones.
    pub fn size(&self) -> (usize, usize) {
        (self.counts.values().sum(), self.counts.len())
    }

    /// Draws a rhythm with a number of notes near `notes`, the likelier the more often it was heard and the more of its notes
    /// lie on `kick` (steps of the bar). A rhythm heard only once is drawn only if there are no others. `None` if nothing was
    /// learned.
    pub fn draw(&self, notes: f64, kick: &[usize], rng: &mut impl Rng) -> Option<&Rhythm> {
        let often = self.counts.values().any(|count| *count > 1);
        let weight = |rhythm: &Rhythm, count: usize| {
            if often && count < 2 {
                return 0.0;
            }
            let away = (rhythm.notes.len() as f64 - notes) / 1.2;
            let on_kick = |(step, _): &&(usize, usize)| kick.contains(step);
            let together = rhythm.notes.iter().filter(on_kick).count() as f64;
            let either = (rhythm.notes.len() + kick.len()) as f64 - together;
            let agreement = if kick.is_empty() {
                0.0
            } else {
                together / either
            };
            (count as f64).sqrt() * (-0.5 * away * away).exp() * (4.0 * agreement).exp()
        };
        let weights: Vec<f64> = self
            .counts
            .iter()
            .map(|(r, count)| weight(r, *count))
            .collect();
        let index = draw_weighted(&weights, rng)?;
        self.counts.keys().nth(index)
    }
}

/// An index, likelier with its weight; `None` without weights above 0.
pub fn draw_weighted(weights: &[f64], rng: &mut impl Rng) -> Option<usize> {
    let sum: f64 = weights.iter().sum();
    let mut left = rng.random::<f64>() * sum;
    for (index, weight) in weights.iter().enumerate() {
        if *weight > 0.0 && left < *weight {
            return Some(index);
        }
        left -= weight;
    }
    weights.iter().rposition(|weight| *weight > 0.0)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    use super::*;
    use crate::tokens::band::BandNote;

    fn bass(notes: &[(usize, usize)], bars: usize) -> BandRoll {
        let mut roll = BandRoll::new(bars);
        for (step, length) in notes {
            let note = BandNote {
                step: *step,
                length: *length,
                pitch: 40,
            };
            roll.add(Part::Bass, note);
        }
        roll
    }

    #[test]
    fn bars_that_begin_on_the_beat_are_learned_and_cut_at_the_bar_line() {
        let mut book = RhythmBook::default();
        // Bar 0: two halves, the second held over; bar 1 begins late; bar 2 as bar 0.
        book.learn(&bass(&[(0, 8), (8, 10), (20, 4), (32, 8), (40, 8)], 3));
        // The held note begins anew for the roll's second bar only as sound, not as an onset.
        assert_eq!(book.size(), (2, 1));
        let halves = Rhythm {
            notes: vec![(0, 8), (8, 8)],
        };
        let mut rng = Pcg64::seed_from_u64(1);
        assert_eq!(book.draw(9.0, &[], &mut rng), Some(&halves));
        assert_eq!(RhythmBook::default().draw(2.0, &[], &mut rng), None);
    }

    #[test]
    fn the_kick_and_the_density_decide() {
        let mut book = RhythmBook::default();
        let quarters = [(0, 4), (4, 4), (8, 4), (12, 4)];
        let dotted = [(0, 6), (6, 2), (8, 6), (14, 2)];
        for notes in [quarters, dotted] {
            for _ in 0..3 {
                book.learn(&bass(&notes, 1));
            }
        }
        let mut rng = Pcg64::seed_from_u64(2);
        let mut hits = 0;
        for _ in 0..200 {
            let drawn = book.draw(4.0, &[0, 6, 8, 14], &mut rng);
            hits += usize::from(drawn.is_some_and(|rhythm| rhythm.notes == dotted));
        }
        // Weights e^4 and e^(4/3): 54.6 against 3.8, so 93 % of the draws.
        assert!((175..=198).contains(&hits), "{hits}");
    }
}
