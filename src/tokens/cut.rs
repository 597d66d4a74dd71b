//! From the numbers of a network that writes for a band to notes.

use super::band::{BandRoll, PHRASE_BARS, PITCHES, STEPS_PER_BAR};
use super::part::Part;

/// Steps of a phrase.
const STEPS: usize = PHRASE_BARS * STEPS_PER_BAR;
/// Numbers of a phrase: [part, plane, step, pitch], where plane 0 is what sounds and plane 1 where notes begin.
pub const PHRASE_VALUES: usize = Part::COUNT * 2 * STEPS * PITCHES;

/// Above which values one part's pitches sound, between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// Above this a pitch that is silent sounds.
    pub sounds: f32,
    /// Above this a pitch that sounds goes on. Where it is below `sounds`, a value that wavers about the threshold makes one
    /// note, not several (hysteresis).
    pub holds: f32,
    /// Above this a pitch that sounds begins again.
    pub begins: f32,
}

impl Cut {
    /// One threshold for everything.
    pub const fn at(threshold: f32) -> Self {
        Self {
            sounds: threshold,
            holds: threshold,
            begins: threshold,
        }
    }
}

/// The phrase that [`PHRASE_VALUES`] numbers mean; numbers that are missing are 0.
///
/// The strokes of the drums are not held. Equal neighbouring steps are one note unless the second begins one ([`BandRoll`]).
pub fn cut(values: &[f32], cuts: &[Cut; Part::COUNT]) -> BandRoll {
    let mut roll = BandRoll::new(PHRASE_BARS);
    for part in Part::ALL {
        let cut = cuts[part.index()];
        let holds = if part == Part::Drums {
            cut.sounds
        } else {
            cut.holds.min(cut.sounds)
        };
        let mut before = 0_u128;
        for step in 0..STEPS {
            let row_values = |plane: usize| {
                let start = ((part.index() * 2 + plane) * STEPS + step) * PITCHES;
                values.get(start..start + PITCHES).unwrap_or_default()
            };
            let above = |plane: usize, threshold: f32| {
                let rows = row_values(plane).iter().enumerate();
                rows.fold(0_u128, |bits, (row, value)| {
                    bits | u128::from(*value > threshold) << row
                })
            };
            let sounding = above(0, cut.sounds) | (before & above(0, holds));
            roll.set_bits(part, step, sounding, sounding & above(1, cut.begins));
            before = sounding;
        }
    }
    roll
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::band::{BandNote, LOWEST_PITCH};

    /// Numbers with (part, plane, step, pitch, value).
    fn values(set: &[(Part, usize, usize, u8, f32)]) -> Vec<f32> {
        let mut values = vec![0.0; PHRASE_VALUES];
        for &(part, plane, step, pitch, value) in set {
            let row = usize::from(pitch - LOWEST_PITCH);
            values[((part.index() * 2 + plane) * STEPS + step) * PITCHES + row] = value;
        }
        values
    }

    fn note(step: usize, length: usize, pitch: u8) -> BandNote {
        BandNote {
            step,
            length,
            pitch,
        }
    }

    #[test]
    fn what_wavers_is_one_note_where_it_is_held() {
        let line = [0.9, 0.4, 0.6, 0.2, 0.4, 0.1];
        let numbers: Vec<_> = [Part::Bass, Part::Drums]
            .into_iter()
            .flat_map(|part| (0..).zip(line).map(move |(step, v)| (part, 0, step, 40, v)))
            .collect();
        let mut cuts = [Cut::at(0.5); Part::COUNT];
        let plain = cut(&values(&numbers), &cuts);
        assert_eq!(plain.notes(Part::Bass), [note(0, 1, 40), note(2, 1, 40)]);
        for cut in &mut cuts {
            cut.holds = 0.3;
        }
        let held = cut(&values(&numbers), &cuts);
        assert_eq!(held.notes(Part::Bass), [note(0, 3, 40)]);
        assert_eq!(held.notes(Part::Drums), plain.notes(Part::Drums));
    }

    #[test]
    fn a_note_begins_again_above_its_own_threshold() {
        let numbers = [
            (Part::Piano, 0, 0, 60, 0.51),
            (Part::Piano, 0, 1, 60, 0.9),
            (Part::Piano, 0, 2, 60, 0.9),
            (Part::Piano, 1, 2, 60, 0.6),
            (Part::Piano, 1, 12, 65, 1.0),
        ];
        let mut cuts = [Cut::at(0.5); Part::COUNT];
        let roll = cut(&values(&numbers), &cuts);
        assert_eq!(roll.notes(Part::Piano), [note(0, 2, 60), note(2, 1, 60)]);
        cuts[Part::Piano.index()].begins = 0.7;
        let roll = cut(&values(&numbers), &cuts);
        assert_eq!(roll.notes(Part::Piano), [note(0, 3, 60)]);
        assert_eq!(cut(&[], &cuts), BandRoll::new(PHRASE_BARS));
    }
}
