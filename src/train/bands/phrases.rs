//! Which four bars of a song are worth learning from.

use crate::tokens::band::{BandRoll, PHRASE_BARS};
use crate::tokens::part::Part;

/// How many parts must be active in a phrase.
pub const ACTIVE_PARTS: usize = 3;
/// In how many of a phrase's bars a part must sound to be active.
const ACTIVE_BARS: usize = 2;
/// Two phrases of a song are near copies where they share more than this of their notes' beginnings.
const NEAR: f64 = 0.9;

/// Whether a part sounds in at least two of the bars.
pub fn is_active(phrase: &BandRoll, part: Part) -> bool {
    let bars = (0..phrase.bars()).filter(|bar| !phrase.is_silent(part, *bar..bar + 1));
    bars.count() >= ACTIVE_BARS
}

/// How many parts are active.
pub fn active_parts(phrase: &BandRoll) -> usize {
    let parts = Part::ALL.iter();
    parts.filter(|part| is_active(phrase, **part)).count()
}

/// What was found in a song.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Phrases {
    /// First bars of the phrases, in order.
    pub bars: Vec<u32>,
    /// Stretches of four bars with too few active parts.
    pub thin: usize,
    /// Stretches that are, or nearly are, an earlier phrase of the song.
    pub copies: usize,
}

/// The phrases of a song, at a stride of one bar.
pub fn find(song: &BandRoll) -> Phrases {
    let mut found = Phrases::default();
    let mut kept: Vec<Fingerprint> = Vec::new();
    for bar in 0..(song.bars() + 1).saturating_sub(PHRASE_BARS) {
        let phrase = song.slice(bar..bar + PHRASE_BARS);
        if active_parts(&phrase) < ACTIVE_PARTS {
            found.thin += 1;
            continue;
        }
        let fingerprint = Fingerprint::of(&phrase);
        if kept
            .iter()
            .any(|earlier| earlier.likeness(&fingerprint) > NEAR)
        {
            found.copies += 1;
            continue;
        }
        kept.push(fingerprint);
        found.bars.push(bar as u32);
    }
    found
}

/// Where the notes of a phrase begin.
struct Fingerprint {
    onsets: Vec<u128>,
    count: u32,
}

impl Fingerprint {
    fn of(phrase: &BandRoll) -> Self {
        let mut onsets = Vec::with_capacity(Part::COUNT * phrase.steps());
        for part in Part::ALL {
            let mut before = 0;
            for step in 0..phrase.steps() {
                let (sounding, begins) = phrase.bits(part, step);
                onsets.push(begins | (sounding & !before));
                before = sounding;
            }
        }
        let count = onsets.iter().map(|step| step.count_ones()).sum();
        Self { onsets, count }
    }

    /// Onsets in both / onsets in either.
    fn likeness(&self, other: &Self) -> f64 {
        let pairs = self.onsets.iter().zip(&other.onsets);
        let both: u32 = pairs.map(|(a, b)| (a & b).count_ones()).sum();
        let either = self.count + other.count - both;
        if either == 0 {
            1.0
        } else {
            f64::from(both) / f64::from(either)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::band::BandNote;

    fn add(roll: &mut BandRoll, part: Part, bar: usize, pitch: u8) {
        let note = BandNote {
            step: bar * 16,
            length: 4,
            pitch,
        };
        roll.add(part, note);
    }

    /// Eight bars: drums, bass and piano in all, the piano rising by a step each bar but for the last four, which repeat.
    fn song() -> BandRoll {
        let mut roll = BandRoll::new(8);
        for bar in 0..8 {
            add(&mut roll, Part::Drums, bar, 36);
            add(&mut roll, Part::Bass, bar, 40);
            add(&mut roll, Part::Piano, bar, 60 + (bar % 4) as u8);
        }
        roll
    }

    #[test]
    fn verbatim_repeats_count_once() {
        // Five stretches; the last is the first again, those between are turned by a bar.
        let found = find(&song());
        assert_eq!(found.bars, [0, 1, 2, 3]);
        assert_eq!((found.thin, found.copies), (0, 1));
    }

    #[test]
    fn three_parts_must_sound_in_two_bars() {
        let mut roll = BandRoll::new(4);
        for bar in 0..4 {
            add(&mut roll, Part::Drums, bar, 36);
            add(&mut roll, Part::Bass, bar, 40);
        }
        add(&mut roll, Part::Strings, 2, 60);
        assert_eq!(active_parts(&roll), 2);
        assert_eq!(find(&roll).thin, 1);
        add(&mut roll, Part::Strings, 3, 60);
        assert_eq!(active_parts(&roll), 3);
        assert_eq!(find(&roll).bars, [0]);
        assert_eq!(find(&roll.slice(0..3)), Phrases::default());
    }

    #[test]
    fn one_other_note_in_many_is_a_near_copy() {
        let mut roll = BandRoll::new(8);
        for bar in 0..8 {
            for beat in 0..4 {
                for part in [Part::Drums, Part::Bass, Part::Piano] {
                    let note = BandNote {
                        step: bar * 16 + beat * 4,
                        length: 2,
                        pitch: 40 + bar as u8 % 4,
                    };
                    roll.add(part, note);
                }
            }
        }
        add(&mut roll, Part::Strings, 7, 60);
        assert_eq!(find(&roll).copies, 1);
    }
}
