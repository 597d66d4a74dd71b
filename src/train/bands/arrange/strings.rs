//! The strings: held chords that move as little as they can, or the melody with two voices below it.

use rand::{Rng, RngExt};

use super::{Score, voicing::voicing};
use crate::tokens::band::{BandNote, BandRoll, STEPS_PER_BAR};
use crate::tokens::part::Part;
use crate::train::bands::form::{Energy, Section};

/// How the strings play a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    voices: usize,
    /// After how many bars a held tone is bowed anew.
    bow: usize,
}

impl Plan {
    pub(super) fn draw(section: &Section, rng: &mut impl Rng) -> Self {
        let voices = match section.energy {
            Energy::Low => 2,
            Energy::Middle => 3,
            Energy::High => rng.random_range(3..=4),
        };
        Self {
            voices,
            bow: [1, 2, 2, 4][rng.random_range(0..4)],
        }
    }
}

/// Plays a section; `hand` is the chord before. Without a plan only the melody is played, if it is the strings'.
pub(super) fn play(
    score: &Score<'_>,
    section: &Section,
    plan: Option<&Plan>,
    hand: &mut Vec<u8>,
    roll: &mut BandRoll,
) {
    let leads = section.sung && score.lead == Part::Strings;
    if leads {
        score.play_melody(section, Part::Strings, roll);
    }
    let Some(plan) = plan else {
        return;
    };
    let (voices, range) = if leads {
        (2, 48..=62)
    } else {
        (plan.voices, 55..=79)
    };
    if leads && section.energy != Energy::High {
        return;
    }
    // Tones that sound, with their beginnings.
    let mut held: Vec<(u8, usize)> = Vec::new();
    let (start, end) = (section.bars.start * 4, section.bars.end * 4);
    let mut end_tone = |(pitch, from): (u8, usize), to: usize| {
        let note = BandNote {
            step: from * 4,
            length: (to - from) * 4,
            pitch,
        };
        roll.add(Part::Strings, note);
    };
    for beat in start..end {
        let bows = (beat - start) % (plan.bow * STEPS_PER_BAR / 4) == 0;
        if !bows && !score.harmony.changes_at(beat) {
            continue;
        }
        let chord = score.harmony.at(beat * 4);
        let next = chord.map_or(Vec::new(), |chord| {
            voicing(chord, hand, voices, range.clone())
        });
        let (stay, go): (Vec<_>, Vec<_>) = held
            .into_iter()
            .partition(|(pitch, _)| !bows && next.contains(pitch));
        for tone in go {
            end_tone(tone, beat);
        }
        held = stay;
        for pitch in &next {
            if held.iter().all(|(other, _)| other != pitch) {
                held.push((*pitch, beat));
            }
        }
        if !next.is_empty() {
            *hand = next;
        }
    }
    for tone in held {
        end_tone(tone, end);
    }
}
