//! From a network's numbers to notes: what sounds, where notes begin, and in which key.

use super::model::Abilities;
use crate::score::{Key, PitchClassSet};
use crate::tokens::band::{BandRoll, LOWEST_PITCH, PITCHES};
use crate::tokens::cut::{Cut, cut};
use crate::tokens::part::Part;

/// How far the density dial moves the threshold, in the logit's unit.
const DENSITY_LOGITS: f32 = 2.0;

/// How a network's numbers become notes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Decision {
    /// Above which values pitches sound, for each part.
    cuts: [Cut; Part::COUNT],
    /// Semitones that the pitched parts are moved by.
    transpose: i8,
    /// Pitch classes that the pitched parts may use.
    allowed: PitchClassSet,
}

impl Decision {
    /// A model's own thresholds, with more or fewer notes as `density` (-1..=1) says; what leaves `scale` is taken out before
    /// anything is decided.
    pub(crate) fn new(
        abilities: &Abilities,
        density: f32,
        scale: Option<Key>,
        transpose: i8,
    ) -> Self {
        let moved = |threshold: f32| {
            let logit = (threshold / (1.0 - threshold)).ln() - density * DENSITY_LOGITS;
            1.0 / (1.0 + (-logit).exp())
        };
        let cuts = abilities.cuts.map(|cut| Cut {
            sounds: moved(cut.sounds),
            holds: moved(cut.holds),
            ..cut
        });
        Self {
            cuts,
            transpose,
            allowed: scale.map_or(PitchClassSet::ALL, Key::pitch_classes),
        }
    }

    /// The notes of a phrase of [`PHRASE_VALUES`](crate::tokens::cut::PHRASE_VALUES) numbers; what is moved out of the
    /// roll is left out.
    pub(crate) fn roll(&self, values: &[f32]) -> BandRoll {
        let mut roll = cut(values, &self.cuts);
        let allowed: u128 = (0..PITCHES)
            .filter(|row| {
                let class = (usize::from(LOWEST_PITCH) + row) % 12;
                self.allowed.bits() >> class & 1 == 1
            })
            .fold(0, |rows, row| rows | 1 << row);
        let distance = u32::from(self.transpose.unsigned_abs());
        let moved = |bits: u128| {
            let there = if self.transpose < 0 {
                bits >> distance
            } else {
                bits << distance
            };
            there & allowed
        };
        for part in Part::ALL.into_iter().filter(|part| *part != Part::Drums) {
            for step in 0..roll.steps() {
                let (sounding, onsets) = roll.bits(part, step);
                roll.set_bits(part, step, moved(sounding), moved(onsets));
            }
        }
        roll
    }
}

/// By how many semitones, -5..=6, music is best moved to lie in `key`.
///
/// Music of a model that only knows the white keys (C major, A minor) is moved from there: to the key's own major scale, or
/// the relative one of a minor key, unless another holds more of the key's notes (as for the modes). Other music is moved as
/// little as possible so that as much as possible of it lies in the key.
pub(crate) fn transposition(key: Key, white_keys: bool, roll: &BandRoll) -> i8 {
    let mut sounding = [0_u32; 12];
    if white_keys {
        for class in [0, 2, 4, 5, 7, 9, 11] {
            sounding[class] = 1;
        }
    } else {
        for part in Part::ALL.into_iter().filter(|part| *part != Part::Drums) {
            for note in roll.notes(part) {
                sounding[usize::from(note.pitch % 12)] += note.length as u32;
            }
        }
    }
    let allowed = key.pitch_classes().bits();
    let inside = |semitones: i8| -> u32 {
        (0..12_u8)
            .filter(|class| {
                let there = (i16::from(*class) + i16::from(semitones)).rem_euclid(12);
                allowed >> there & 1 == 1
            })
            .map(|class| sounding[usize::from(class)])
            .sum()
    };
    let steps = key.scale.steps();
    let is_minor = steps.contains(&3) && !steps.contains(&4);
    let tonic = i16::from(key.tonic.get()) + if is_minor { 3 } else { 0 };
    let home = ((tonic + 5).rem_euclid(12) - 5) as i8;
    let first = if white_keys { home } else { 0 };
    let others = (-5..=6_i8).filter(|semitones| *semitones != first);
    let mut best = first;
    let mut nearest: Vec<i8> = others.collect();
    nearest.sort_by_key(|semitones| semitones.abs());
    for semitones in nearest {
        if inside(semitones) > inside(best) {
            best = semitones;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::band::{BandNote, STEPS_PER_BAR};
    use crate::tokens::cut::PHRASE_VALUES;

    const STEPS: usize = 4 * STEPS_PER_BAR;

    const ABILITIES: Abilities = Abilities {
        handles: super::super::Handles::BarsAndParts,
        accompanies: false,
        white_keys: false,
        cuts: [Cut::at(0.5); Part::COUNT],
    };

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
    fn notes_are_cut_at_the_threshold_and_begin_where_told() {
        let values = values(&[
            (Part::Piano, 0, 0, 60, 0.51),
            (Part::Piano, 0, 1, 60, 0.9),
            (Part::Piano, 0, 2, 60, 0.9),
            (Part::Piano, 1, 2, 60, 0.6),
            (Part::Piano, 0, 8, 64, 0.5),
            (Part::Piano, 1, 12, 65, 1.0),
            (Part::Drums, 0, 4, 38, 0.8),
        ]);
        let roll = Decision::new(&ABILITIES, 0.0, None, 0).roll(&values);
        assert_eq!(roll.notes(Part::Piano), [note(0, 2, 60), note(2, 1, 60)]);
        assert_eq!(roll.notes(Part::Drums), [note(4, 1, 38)]);
        let dense = Decision::new(&ABILITIES, 0.1, None, 0).roll(&values);
        assert_eq!(dense.notes(Part::Piano).len(), 3);
        let sparse = Decision::new(&ABILITIES, -0.5, None, 0).roll(&values);
        // The threshold is 1 / (1 + 1/e) = 0.73: the second note begins by itself.
        assert_eq!(sparse.notes(Part::Piano), [note(1, 1, 60), note(2, 1, 60)]);
    }

    #[test]
    fn no_pitched_note_leaves_the_scale_and_drums_do() {
        let all: Vec<_> = (60..72)
            .flat_map(|pitch| [Part::Drums, Part::Bass].map(|part| (part, 0, 0, pitch, 0.9)))
            .collect();
        let key: Key = "D major".parse().unwrap();
        let roll = Decision::new(&ABILITIES, 0.0, Some(key), 2).roll(&values(&all));
        let pitches: Vec<u8> = roll.notes(Part::Bass).iter().map(|n| n.pitch).collect();
        assert_eq!(pitches, [62, 64, 66, 67, 69, 71, 73]);
        assert_eq!(roll.notes(Part::Drums).len(), 12);
    }

    #[test]
    fn music_is_moved_into_the_key() {
        let silent = BandRoll::new(4);
        for (key, semitones) in [
            ("C major", 0),
            ("A minor", 0),
            ("G major", -5),
            ("F# major", 6),
            ("C minor", 3),
            ("A harmonic minor", 0),
            ("D dorian", 0),
            ("G mixolydian", 0),
            ("E minor pentatonic", -5),
            ("D major pentatonic", 2),
        ] {
            let key: Key = key.parse().unwrap();
            assert_eq!(transposition(key, true, &silent), semitones, "{key}");
        }
        // Bb major, of a model that knows all keys, goes down a semitone to A major.
        let mut roll = BandRoll::new(4);
        for pitch in [58, 60, 62, 63, 65, 67, 69] {
            roll.add(Part::Guitar, note(0, 4, pitch));
        }
        roll.add(Part::Drums, note(0, 1, 37));
        let key: Key = "A major".parse().unwrap();
        assert_eq!(transposition(key, false, &roll), -1);
    }
}
