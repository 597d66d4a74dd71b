//! Chords in the hand: which octave each tone is played in, near to the chord before.

use std::ops::RangeInclusive;

use crate::train::bands::harmony::Chord;

/// The widest gap between neighbouring voices, in semitones.
const WIDEST: u8 = 10;

/// `voices` tones of a chord in a range, low to high: those nearest to `previous` and to the middle of the range that leave out
/// as few tones as possible (the fifth first) and have no seconds between voices where that can be. Fewer tones, down to none,
/// where the range holds no more.
pub(super) fn voicing(
    chord: Chord,
    previous: &[u8],
    voices: usize,
    range: RangeInclusive<u8>,
) -> Vec<u8> {
    let middle = f64::from(range.start() + range.end()) / 2.0;
    let pitches: Vec<u8> = range.filter(|pitch| chord.has(*pitch)).collect();
    for voices in (1..=voices.min(pitches.len())).rev() {
        let mut best: Option<(f64, Vec<u8>)> = None;
        let mut chosen = Vec::with_capacity(voices);
        each_choice(&pitches, voices, &mut chosen, &mut |choice| {
            let cost = cost(chord, choice, previous, middle);
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, choice.to_vec()));
            }
        });
        if let Some((_, pitches)) = best {
            return pitches;
        }
    }
    Vec::new()
}

/// Calls `each` with every choice of so many ascending pitches without wide gaps.
fn each_choice(pitches: &[u8], left: usize, chosen: &mut Vec<u8>, each: &mut impl FnMut(&[u8])) {
    if left == 0 {
        each(chosen);
        return;
    }
    for (index, pitch) in pitches.iter().enumerate() {
        if chosen.last().is_some_and(|last| pitch - last > WIDEST) {
            break;
        }
        chosen.push(*pitch);
        each_choice(&pitches[index + 1..], left - 1, chosen, each);
        chosen.pop();
    }
}

fn cost(chord: Chord, choice: &[u8], previous: &[u8], middle: f64) -> f64 {
    let heard = choice
        .iter()
        .fold(0_u16, |bits, pitch| bits | 1 << (pitch % 12));
    let missing = chord.tones & !heard;
    let left_out: f64 = (0..12_u8)
        .filter(|class| missing >> class & 1 == 1)
        .map(|class| {
            if class == (chord.bass + 7) % 12 {
                3.0
            } else {
                8.0
            }
        })
        .sum();
    let seconds = choice
        .windows(2)
        .filter(|pair| pair[1] - pair[0] < 3)
        .count();
    let mean = choice.iter().map(|pitch| f64::from(*pitch)).sum::<f64>() / choice.len() as f64;
    let moved: f64 = if previous.len() == choice.len() {
        let pairs = choice.iter().zip(previous);
        pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum()
    } else if let (Some(top), Some(before)) = (choice.last(), previous.last()) {
        f64::from(top.abs_diff(*before))
    } else {
        0.0
    };
    left_out + 2.5 * seconds as f64 + moved + 0.5 * (mean - middle).abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chord(pitches: &[u8]) -> Chord {
        Chord::of(pitches).unwrap_or(Chord { bass: 0, tones: 1 })
    }

    #[test]
    fn common_tones_stay_and_the_others_move_by_step() {
        // C in second inversion to F: C stays, the others rise by a step.
        let f = voicing(chord(&[53, 57, 60]), &[55, 60, 64], 3, 52..=72);
        assert_eq!(f, [57, 60, 65]);
        // G7 in three voices leaves out its fifth, D.
        let g7 = voicing(chord(&[55, 59, 62, 65]), &[60, 64, 67], 3, 52..=72);
        assert!(!g7.iter().any(|pitch| pitch % 12 == 2), "{g7:?}");
    }

    #[test]
    fn small_ranges_hold_fewer_voices() {
        assert_eq!(voicing(chord(&[48, 52, 55]), &[], 4, 60..=64), [60, 64]);
        assert!(voicing(chord(&[48]), &[], 3, 61..=65).is_empty());
    }
}
