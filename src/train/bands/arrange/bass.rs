//! The bass: roots, fifths, octaves and approach notes in a learned rhythm.

use rand::{Rng, RngExt};

use super::Score;
use crate::tokens::band::{BandNote, BandRoll, STEPS_PER_BAR};
use crate::tokens::part::Part;
use crate::train::bands::form::{Energy, Section};
use crate::train::bands::harmony::Chord;
use crate::train::bands::rhythms::{Rhythm, RhythmBook, draw_weighted};

/// E1, the lowest open string.
const LOWEST: u8 = 28;
/// The highest root.
const HIGHEST_ROOT: u8 = 45;
/// The highest note, an octave above a root.
const HIGHEST: u8 = 55;
/// Where roots lie if nothing speaks against it.
const MIDDLE: u8 = 35;
/// A note that begins so many steps before a chord and lasts into it is that chord's.
const ANTICIPATION: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// The root again.
    Roots,
    /// The fifth on the third beat.
    Fifths,
    /// The octave off the beat.
    Octaves,
}

/// How the bass plays a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    rhythm: Rhythm,
    /// In every fourth bar.
    turn: Rhythm,
    style: Style,
    /// Whether a short last note leads to the next chord.
    approaches: bool,
}

impl Plan {
    /// Draws a rhythm that suits the section and the kick drum (steps of the bar); `None` if none was learned.
    pub(super) fn draw(
        section: &Section,
        kick: Option<&[usize]>,
        book: &RhythmBook,
        rng: &mut impl Rng,
    ) -> Option<Self> {
        let notes = match section.energy {
            Energy::Low => 2.5,
            Energy::Middle => 4.5,
            Energy::High => 7.0,
        };
        let kick = kick.unwrap_or_default();
        let rhythm = book.draw(notes, kick, rng)?.clone();
        let turn = book.draw(notes + 1.0, kick, rng)?.clone();
        let styles = [Style::Roots, Style::Fifths, Style::Octaves];
        Some(Self {
            rhythm,
            turn,
            style: styles[draw_weighted(&[0.4, 0.35, 0.25], rng)?],
            approaches: rng.random::<f64>() < 0.6,
        })
    }
}

/// Plays a section; `last` is the root before.
pub(super) fn play(
    score: &Score<'_>,
    section: &Section,
    plan: &Plan,
    last: &mut Option<u8>,
    roll: &mut BandRoll,
) {
    let end = section.bars.end * STEPS_PER_BAR;
    // The chord that was played last, and its end.
    let mut playing: Option<(Chord, usize)> = None;
    for bar in section.bars.clone() {
        let turns = (bar - section.bars.start) % 4 == 3;
        let rhythm = if turns { &plan.turn } else { &plan.rhythm };
        for (step, length) in &rhythm.notes {
            let from = bar * STEPS_PER_BAR + step;
            for (span, chord) in pieces(score, from, from + length) {
                let chord_end = score.harmony.end_of(span.end - 1, end);
                let first =
                    playing.is_none_or(|(before, until)| before != chord || span.start >= until);
                if first {
                    *last = Some(root(chord.bass, *last));
                    playing = Some((chord, chord_end));
                }
                let root = last.unwrap_or(MIDDLE);
                let step = span.start % STEPS_PER_BAR;
                let next = score
                    .harmony
                    .at(chord_end)
                    .filter(|next| next.bass != chord.bass);
                let leads = plan.approaches
                    && !first
                    && step >= 12
                    && span.end + 1 >= chord_end
                    && span.len() <= 4;
                let pitch = match (plan.style, next.filter(|_| leads)) {
                    (_, Some(next)) => {
                        approach(root, self::root(next.bass, Some(root)), score.scale)
                    }
                    _ if first => root,
                    (Style::Fifths, None) if step == 8 => fifth(chord, root),
                    (Style::Octaves, None) if step % 4 == 2 && root + 12 <= HIGHEST => root + 12,
                    _ => root,
                };
                roll.add(
                    Part::Bass,
                    BandNote {
                        step: span.start,
                        length: span.len(),
                        pitch,
                    },
                );
            }
        }
    }
}

/// A note of the rhythm cut where the chords change, each piece with its chord. A note that begins just before a chord is that
/// chord's from its beginning. Steps without a chord are silent.
fn pieces(score: &Score<'_>, from: usize, to: usize) -> Vec<(std::ops::Range<usize>, Chord)> {
    let mut pieces = Vec::new();
    let mut at = from;
    while at < to {
        let change = score.harmony.end_of(at, to);
        let ahead = change < to && at == from && change - at <= ANTICIPATION;
        let (chord, end) = if ahead {
            (score.harmony.at(change), score.harmony.end_of(change, to))
        } else {
            (score.harmony.at(at), change)
        };
        if let Some(chord) = chord {
            pieces.push((at..end, chord));
        }
        at = end;
    }
    pieces
}

/// A root of a class, near the one before and not far from the middle.
fn root(class: u8, last: Option<u8>) -> u8 {
    let near = f64::from(last.unwrap_or(MIDDLE));
    let cost = |pitch: &u8| {
        let pitch = f64::from(*pitch);
        (pitch - near).abs() + 0.4 * (pitch - f64::from(MIDDLE)).abs()
    };
    (LOWEST..=HIGHEST_ROOT)
        .filter(|pitch| pitch % 12 == class % 12)
        .min_by(|a, b| cost(a).total_cmp(&cost(b)))
        .unwrap_or(MIDDLE)
}

/// The chord's fifth nearest to the root, above where both are as near.
fn fifth(chord: Chord, root: u8) -> u8 {
    let class = chord.fifth();
    let above = root + (class + 12 - root % 12) % 12;
    if above - root > 6 && above >= LOWEST + 12 && above > HIGHEST_ROOT {
        above - 12
    } else {
        above
    }
}

/// A step from `target` on the side of `from`, in the scale.
fn approach(from: u8, target: u8, scale: u16) -> u8 {
    let sides: [i32; 4] = if from < target {
        [-2, -1, 2, 1]
    } else {
        [2, 1, -2, -1]
    };
    let pitch = |side: i32| target.saturating_add_signed(side as i8);
    let fits = |side: &i32| scale >> (pitch(*side) % 12) & 1 == 1 && pitch(*side) >= LOWEST;
    let side = sides.into_iter().find(fits);
    side.map_or(target, pitch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_stay_near_and_on_the_instrument() {
        // F after C2 (36): 41 or 29; 41 is nearer.
        assert_eq!(root(5, Some(36)), 41);
        // E: 28 or 40.
        assert_eq!(root(4, Some(29)), 28);
        for class in 0..12 {
            assert!((LOWEST..=HIGHEST_ROOT).contains(&root(class, None)));
        }
    }

    #[test]
    fn fifths_and_approaches() {
        let c = Chord {
            bass: 0,
            tones: 0b1001_0001,
        };
        assert_eq!(fifth(c, 36), 43);
        // Above a high root the fifth is taken from below.
        let f = Chord {
            bass: 5,
            tones: 1 << 5 | 1 << 9 | 1,
        };
        assert_eq!(fifth(f, 41), 36);
        let c_major = 0b1010_1011_0101;
        // From C (36) up to F (41): D# is no scale note, E is. Down from F to C: D.
        assert_eq!(approach(36, 41, c_major), 40);
        assert_eq!(approach(41, 36, c_major), 38);
    }
}
