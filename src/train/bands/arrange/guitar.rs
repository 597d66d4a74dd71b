//! The guitar: the melody, the bridge, or chords in a pattern.

use rand::{Rng, RngExt};

use super::{Score, on_band_grid, voicing::voicing};
use crate::tokens::band::{BandNote, BandRoll, STEPS_PER_BAR};
use crate::tokens::part::Part;
use crate::tokens::theme_vocab::Voice;
use crate::train::bands::form::{Energy, Section};
use crate::train::bands::harmony::Chord;

/// Share of bars with bridge from which on the guitar plays nothing else.
const BRIDGE: f64 = 0.5;

/// A stroke over the strings: step of the bar, and whether it goes up, which sounds the high strings only.
type Stroke = (usize, Up);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Up {
    No,
    Yes,
}
use Up::{No as D, Yes as U};

/// Strummed bars, quiet ones first.
const STRUMS: [&[Stroke]; 8] = [
    &[(0, D)],
    &[(0, D), (8, D)],
    &[(0, D), (6, U), (8, D)],
    &[(0, D), (4, D), (8, D), (12, D)],
    &[(0, D), (6, D), (12, D)],
    &[(0, D), (4, D), (6, U), (10, U), (12, D), (14, U)],
    &[(0, D), (3, U), (6, D), (8, D), (11, U), (14, U)],
    &[
        (0, D),
        (2, U),
        (4, D),
        (6, U),
        (8, D),
        (10, U),
        (12, D),
        (14, U),
    ],
];

/// Picked bars: strings from the lowest, one an eighth; 4 of them in a hand.
const PICKS: [[usize; 8]; 6] = [
    [0, 1, 2, 3, 2, 1, 2, 1],
    [0, 2, 1, 3, 0, 2, 1, 3],
    [0, 2, 3, 2, 1, 2, 3, 2],
    [0, 1, 2, 3, 0, 1, 2, 3],
    [0, 3, 2, 1, 0, 3, 2, 1],
    [0, 2, 3, 1, 2, 3, 1, 2],
];

/// Low fifths in eighths, which are damped: which eighths are struck.
const CHUGS: [[bool; 8]; 3] = [
    [true; 8],
    [true, true, true, false, true, true, true, false],
    [true, false, true, true, true, false, true, true],
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pattern {
    Strum(&'static [Stroke]),
    /// Strings in turn; so many steps a note.
    Pick(&'static [usize; 8], usize),
    Chug(&'static [bool; 8]),
}

/// How the guitar plays a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    melody: bool,
    bridge: Bridge,
    pattern: Option<Pattern>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bridge {
    /// Only the bridge.
    All,
    /// The bridge in its bars, the pattern in the others.
    InItsBars,
}

impl Plan {
    pub(super) fn draw(
        score: &Score<'_>,
        section: &Section,
        plays: bool,
        rng: &mut impl Rng,
    ) -> Self {
        let pattern = Pattern::draw(section.energy, score.song.bpm, rng);
        let bridge = score.voice_share(Voice::Bridge, section);
        Self {
            melody: section.sung && score.lead == Part::Guitar,
            bridge: if bridge >= BRIDGE {
                Bridge::All
            } else {
                Bridge::InItsBars
            },
            pattern: plays.then_some(pattern),
        }
    }
}

impl Pattern {
    fn draw(energy: Energy, bpm: f64, rng: &mut impl Rng) -> Self {
        let (strum, chug) = match energy {
            Energy::Low => (0.25, 0.0),
            Energy::Middle => (0.5, 0.05),
            Energy::High => (0.7, if bpm >= 100.0 { 0.2 } else { 0.05 }),
        };
        let kind = rng.random::<f64>();
        if kind < strum {
            let strums = match energy {
                Energy::Low => &STRUMS[..3],
                Energy::Middle => &STRUMS[1..6],
                Energy::High => &STRUMS[3..],
            };
            Self::Strum(strums[rng.random_range(0..strums.len())])
        } else if kind < strum + chug {
            Self::Chug(&CHUGS[rng.random_range(0..CHUGS.len())])
        } else {
            let fast = bpm < 85.0 && energy != Energy::Low && rng.random::<f64>() < 0.5;
            let steps = if fast { 1 } else { 2 };
            Self::Pick(&PICKS[rng.random_range(0..PICKS.len())], steps)
        }
    }
}

/// Plays a section; `hand` is the voicing before.
pub(super) fn play(
    score: &Score<'_>,
    section: &Section,
    plan: &Plan,
    hand: &mut Vec<u8>,
    roll: &mut BandRoll,
) {
    if plan.melody {
        score.play_melody(section, Part::Guitar, roll);
        return;
    }
    for bar in section.bars.clone() {
        let mut notes = score.notes(Voice::Bridge, bar..bar + 1).peekable();
        if notes.peek().is_some() || plan.bridge == Bridge::All {
            for note in notes {
                roll.add(Part::Guitar, on_band_grid(note));
            }
        } else if let Some(pattern) = plan.pattern {
            for (step, length, pitches) in strokes(score, pattern, bar, hand) {
                for pitch in pitches {
                    let note = BandNote {
                        step,
                        length,
                        pitch,
                    };
                    roll.add(Part::Guitar, note);
                }
            }
        }
    }
}

/// What sounds of a pattern in a bar: (step, length, pitches).
fn strokes(
    score: &Score<'_>,
    pattern: Pattern,
    bar: usize,
    hand: &mut Vec<u8>,
) -> Vec<(usize, usize, Vec<u8>)> {
    let (start, end) = (bar * STEPS_PER_BAR, (bar + 1) * STEPS_PER_BAR);
    let mut sounding = Vec::new();
    // A chord that changes between strokes is struck anew.
    let mut onsets: Vec<Stroke> = match pattern {
        Pattern::Strum(strokes) => strokes.to_vec(),
        Pattern::Pick(_, steps) => (0..STEPS_PER_BAR)
            .step_by(steps)
            .map(|step| (step, D))
            .collect(),
        Pattern::Chug(eighths) => (0..8)
            .filter(|eighth| eighths[*eighth])
            .map(|eighth| (eighth * 2, D))
            .collect(),
    };
    for beat in 0..4 {
        let changes = score.harmony.changes_at(start / 4 + beat);
        if changes && onsets.iter().all(|(step, _)| *step != beat * 4) {
            onsets.push((beat * 4, D));
        }
    }
    onsets.sort_unstable_by_key(|(step, _)| *step);
    for (index, (step, up)) in onsets.iter().enumerate() {
        let at = start + step;
        let Some(chord) = score.harmony.at(at) else {
            continue;
        };
        let next = onsets.get(index + 1).map_or(end, |(step, _)| start + step);
        match pattern {
            Pattern::Strum(_) => {
                *hand = voicing(chord, hand, 4, 48..=72);
                let low = if *up == U {
                    hand.len().saturating_sub(3)
                } else {
                    0
                };
                sounding.push((at, next - at, hand[low..].to_vec()));
            }
            Pattern::Pick(strings, steps) => {
                *hand = voicing(chord, hand, 4, 48..=74);
                let string = strings[(step / steps) % 8];
                let rings = score.harmony.end_of(at, end) - at;
                if let Some(pitch) = hand.get(string.min(hand.len().saturating_sub(1))) {
                    sounding.push((at, rings.min(4), vec![*pitch]));
                }
            }
            Pattern::Chug(_) => sounding.push((at, (next - at).min(2), low_fifth(chord))),
        }
    }
    sounding
}

/// The bass note and its perfect fifth, if the chord has it, on the low strings, from E2.
fn low_fifth(chord: Chord) -> Vec<u8> {
    let root = 40 + (chord.bass + 12 - 4) % 12;
    let mut pitches = vec![root, root + 7];
    pitches.retain(|pitch| chord.has(*pitch));
    pitches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_fifths_lie_on_the_low_strings() {
        let chord = |pitches: &[u8]| Chord::of(pitches).map(low_fifth).unwrap_or_default();
        assert_eq!(chord(&[48, 52, 55]), [48, 55]);
        assert_eq!(chord(&[52, 55, 59]), [40, 47]);
        // E in the bass of C major has no fifth.
        assert_eq!(chord(&[52, 55, 60]), [40]);
    }

    #[test]
    fn patterns_are_in_the_bar_and_in_order() {
        for strum in STRUMS {
            assert!(strum.windows(2).all(|pair| pair[0].0 < pair[1].0));
            assert!(strum[0] == (0, D) && strum.iter().all(|(step, _)| *step < 16));
        }
        assert!(PICKS.iter().flatten().all(|string| *string < 4));
    }
}
