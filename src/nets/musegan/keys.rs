//! Moving a given part into the keys that a model was trained in, and the band back out of them.
//!
//! A model that only knows C major and A minor has a twelfth to learn of one that knows every key. What it plays to is moved
//! there, and what it plays is moved back.

use tch::{Kind, TchError, Tensor};

use super::generator::drums;
use super::latents::Given;
use super::{CLASSES, PITCHES};
use crate::tokens::part::Part;

/// By how many semitones, -5..=6, music in which the twelve pitch classes (from C) sound for so long is to be moved so that
/// most of it is on the white keys, the notes of C major's and A minor's tonic chords counting for more.
pub fn white_keys(counts: &[f64; 12]) -> i32 {
    // C major, with more weight on the notes of its tonic chord and that of A minor.
    const WEIGHTS: [f64; 12] = [1.4, 0.0, 1.0, 0.0, 1.3, 1.0, 0.0, 1.25, 0.0, 1.2, 0.0, 1.0];
    let fit = |semitones: i32| -> f64 {
        let weight = |class: i32| WEIGHTS[(class + semitones).rem_euclid(12) as usize];
        (0..)
            .zip(counts)
            .map(|(class, count)| count * weight(class))
            .sum()
    };
    (-5..=6)
        .max_by(|a: &i32, b| fit(*a).total_cmp(&fit(*b)).then(b.abs().cmp(&a.abs())))
        .unwrap_or(0)
}

/// Given parts in the white keys, and the ways back.
pub(super) struct Keyed {
    pub(super) given: Given,
    /// By how many semitones each was moved.
    shifts: Vec<i64>,
}

impl Keyed {
    pub(super) fn new(given: &Given) -> Result<Self, TchError> {
        let rows = given.part.size1()?;
        // [N, 6, 12] to [N, 12]: how long each pitch class sounds.
        let counts = given
            .rolls
            .f_select(1, 0)?
            .f_sum_dim_intlist(1_i64, false, Kind::Double)?
            .f_reshape([rows, -1, CLASSES])?
            .f_sum_dim_intlist(1_i64, false, Kind::Double)?;
        let mut shifts = Vec::new();
        let mut rolls = Vec::new();
        for row in 0..rows {
            let part = given.part.f_int64_value(&[row])?;
            let mut shift = 0;
            if part != Part::Drums.index() as i64 {
                let mut classes = [0.0; 12];
                for (class, count) in (0..).zip(&mut classes) {
                    *count = counts.f_double_value(&[row, class])?;
                }
                shift = i64::from(white_keys(&classes));
            }
            rolls.push(moved(&given.rolls.f_narrow(0, row, 1)?, shift)?);
            shifts.push(shift);
        }
        Ok(Self {
            given: Given {
                rolls: Tensor::f_cat(&rolls, 0)?,
                part: given.part.shallow_clone(),
            },
            shifts,
        })
    }

    /// What was played [N, 5, 2, 64, 72] in the keys of the given parts; drums have none.
    pub(super) fn back(&self, rolls: &Tensor) -> Result<Tensor, TchError> {
        let drums = drums(rolls.device())?.f_unsqueeze(2)?;
        let back = |(row, shift): (i64, &i64)| -> Result<Tensor, TchError> {
            let own = rolls.f_narrow(0, row, 1)?;
            own.f_where_self(&drums, &moved(&own, -shift)?)
        };
        let rows: Result<Vec<Tensor>, TchError> = (0..).zip(&self.shifts).map(back).collect();
        Tensor::f_cat(&rows?, 0)
    }
}

/// The last dimension, pitches, moved by semitones; what leaves the range comes back in an octave nearer.
fn moved(rolls: &Tensor, semitones: i64) -> Result<Tensor, TchError> {
    if semitones == 0 {
        return Ok(rolls.shallow_clone());
    }
    let last = rolls.dim() as i64 - 1;
    let wide = rolls
        .f_constant_pad_nd([CLASSES, CLASSES])?
        .f_roll([semitones], [last])?;
    let (below, inside, above) = (
        wide.f_narrow(last, 0, CLASSES)?,
        wide.f_narrow(last, CLASSES, PITCHES)?,
        wide.f_narrow(last, CLASSES + PITCHES, CLASSES)?,
    );
    let below = below.f_constant_pad_nd([0, PITCHES - CLASSES])?;
    let above = above.f_constant_pad_nd([PITCHES - CLASSES, 0])?;
    inside.f_maximum(&below)?.f_maximum(&above)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn scales_are_told_by_their_notes() {
        let of = |classes: &[usize]| {
            let mut counts = [0.0; 12];
            for class in classes {
                counts[*class] += 1.0;
            }
            white_keys(&counts)
        };
        assert_eq!(of(&[0, 2, 4, 5, 7, 9, 11]), 0);
        // D major: two semitones down. A flat major: four up.
        assert_eq!(of(&[2, 4, 6, 7, 9, 11, 1]), -2);
        assert_eq!(of(&[8, 10, 0, 1, 3, 5, 7]), 4);
        assert_eq!(of(&[]), 0);
    }

    #[test]
    fn what_leaves_the_range_comes_back_an_octave_nearer() {
        let roll = Tensor::zeros([1, PITCHES], (Kind::Float, Device::Cpu));
        let _ = roll.get(0).get(1).fill_(1.0);
        let _ = roll.get(0).get(70).fill_(0.5);
        let down = moved(&roll, -3).unwrap().get(0);
        assert_eq!(
            (down.double_value(&[10]), down.double_value(&[67])),
            (1.0, 0.5)
        );
        let up = moved(&roll, 4).unwrap().get(0);
        assert_eq!((up.double_value(&[5]), up.double_value(&[62])), (1.0, 0.5));
    }
}
