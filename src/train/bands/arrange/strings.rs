//! The strings: chords that move as little as they can, held or pulsing; the melody with two voices below it; or the bridge above
//! a chord, where the guitar is busy with the melody.

use rand::{Rng, RngExt};

use super::{Score, on_band_grid, voicing::voicing};
use crate::tokens::band::{BandNote, BandRoll, STEPS_PER_BAR};
use crate::tokens::part::Part;
use crate::tokens::theme_vocab::Voice;
use crate::train::bands::form::{Energy, Section};
use crate::train::bands::harmony::BEAT;

/// How the strings play a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    voices: usize,
    /// After how many steps a tone is bowed anew: whole bars for held chords, a beat or half of one for pulsing ones.
    bow: usize,
}

impl Plan {
    pub(super) fn draw(section: &Section, rng: &mut impl Rng) -> Self {
        let voices = match section.energy {
            Energy::Low => 2,
            Energy::Middle => 3,
            Energy::High => rng.random_range(3..=4),
        };
        let pulse = match section.energy {
            Energy::Low => 0.0,
            Energy::Middle => 0.1,
            Energy::High => 0.25,
        };
        let bows = if rng.random::<f64>() < pulse {
            [2, 2, 4, 4]
        } else {
            [1, 2, 2, 4].map(|bars| bars * STEPS_PER_BAR)
        };
        Self {
            voices,
            bow: bows[rng.random_range(0..4)],
        }
    }
}

/// Plays a section; `hand` is the chord before. Without a plan only what the strings have to say alone: the melody or the bridge.
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
    let bridge = section.sung && score.lead == Part::Guitar;
    let bridge = bridge && score.voice_share(Voice::Bridge, section) > 0.0;
    if bridge {
        for note in score.notes(Voice::Bridge, section.bars.clone()) {
            roll.add(Part::Strings, on_band_grid(note));
        }
    }
    // Below a melody only where much is going on.
    let Some(plan) = plan.filter(|_| !leads || section.energy == Energy::High) else {
        return;
    };
    let (voices, range) = if leads || bridge {
        (2, 48..=62)
    } else {
        (plan.voices, 55..=79)
    };
    // Tones that sound, with their beginnings.
    let mut held: Vec<(u8, usize)> = Vec::new();
    let (start, end) = (
        section.bars.start * STEPS_PER_BAR,
        section.bars.end * STEPS_PER_BAR,
    );
    let mut end_tone = |(pitch, from): (u8, usize), to: usize| {
        let note = BandNote {
            step: from,
            length: to - from,
            pitch,
        };
        roll.add(Part::Strings, note);
    };
    for step in (start..end).step_by(2) {
        let bows = (step - start) % plan.bow == 0;
        let changes = step % BEAT == 0 && score.harmony.changes_at(step / BEAT);
        if !bows && !changes {
            continue;
        }
        let chord = score.harmony.at(step);
        let next = chord.map_or(Vec::new(), |chord| {
            voicing(chord, hand, voices, range.clone())
        });
        let (stay, go): (Vec<_>, Vec<_>) = held
            .into_iter()
            .partition(|(pitch, _)| !bows && next.contains(pitch));
        for tone in go {
            end_tone(tone, step);
        }
        held = stay;
        for pitch in &next {
            if held.iter().all(|(other, _)| other != pitch) {
                held.push((*pitch, step));
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
