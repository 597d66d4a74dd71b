//! From a network's numbers to notes: what sounds, where notes begin, and in which key.

use super::model::{Abilities, PHRASE_VALUES};
use crate::score::{Key, PitchClassSet};
use crate::tokens::band::{BandRoll, LOWEST_PITCH, PHRASE_BARS, PITCHES, STEPS_PER_BAR};
use crate::tokens::part::Part;

/// Steps of a phrase.
const STEPS: usize = PHRASE_BARS * STEPS_PER_BAR;
/// How far the density dial moves the threshold, in the logit's unit.
const DENSITY_LOGITS: f32 = 2.0;

/// How a network's numbers become notes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Decision {
    /// Above which a pitch sounds and a note begins, for each part.
    thresholds: [[f32; 2]; Part::COUNT],
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
        let mut thresholds = abilities.thresholds;
        for [sounds, _] in &mut thresholds {
            let logit = (*sounds / (1.0 - *sounds)).ln() - density * DENSITY_LOGITS;
            *sounds = 1.0 / (1.0 + (-logit).exp());
        }
        Self {
            thresholds,
            transpose,
            allowed: scale.map_or(PitchClassSet::ALL, Key::pitch_classes),
        }
    }

    /// The notes of a phrase of [`PHRASE_VALUES`] numbers.
    ///
    /// A pitch sounds in a step where plane 0 is above the part's threshold, and begins there where plane 1 is too. Equal
    /// neighbouring steps are one note unless the second begins one ([`BandRoll`]).
    pub(crate) fn roll(&self, values: &[f32]) -> BandRoll {
        debug_assert_eq!(values.len(), PHRASE_VALUES);
        let mut roll = BandRoll::new(PHRASE_BARS);
        let plane = STEPS * PITCHES;
        for part in Part::ALL {
            let [sounds_above, begins_above] = self.thresholds[part.index()];
            let (move_by, allowed) = if part == Part::Drums {
                (0, PitchClassSet::ALL)
            } else {
                (i32::from(self.transpose), self.allowed)
            };
            for step in 0..STEPS {
                let at = |which: usize, row: usize| {
                    let index = (part.index() * 2 + which) * plane + step * PITCHES + row;
                    values.get(index).copied().unwrap_or(0.0)
                };
                let (mut sounding, mut onsets) = (0_u128, 0_u128);
                for row in 0..PITCHES {
                    let there = row as i32 + move_by;
                    if !(0..PITCHES as i32).contains(&there) || at(0, row) <= sounds_above {
                        continue;
                    }
                    let class = (i32::from(LOWEST_PITCH) + there).rem_euclid(12);
                    if allowed.bits() >> class & 1 == 0 {
                        continue;
                    }
                    sounding |= 1 << there;
                    if at(1, row) > begins_above {
                        onsets |= 1 << there;
                    }
                }
                roll.set_bits(part, step, sounding, onsets);
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
    use crate::tokens::band::BandNote;

    const ABILITIES: Abilities = Abilities {
        handles: super::super::Handles::BarsAndParts,
        accompanies: false,
        white_keys: false,
        thresholds: [[0.5, 0.5]; Part::COUNT],
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
