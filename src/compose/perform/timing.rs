//! When the pitched parts of a band come in: a rule, for want of recordings.
//!
//! They go some of the way with the drummer, wander a little, and break their chords upwards, each by amounts that are usual for
//! the instrument (the deviations are those of trained players who keep time together, some 5 to 10 ms; chords of pianists
//! spread over about as much: Goebl 2001).

use std::collections::BTreeMap;

use super::{normal, random};
use crate::tokens::band::BandNote;
use crate::tokens::expression::{Player, Stroke};

/// How much of its last deviation a player keeps from one onset to the next.
const PERSISTENCE: f32 = 0.8;

/// What a drummer does with each step, for others to follow.
#[derive(Debug, Clone, Default)]
pub(super) struct Lead {
    /// Sum of offsets and number of strokes at a step.
    steps: BTreeMap<usize, (f32, f32)>,
}

impl Lead {
    /// Hears strokes.
    pub(super) fn add(&mut self, notes: &[BandNote], strokes: &[Stroke]) {
        for (note, stroke) in notes.iter().zip(strokes) {
            let (sum, count) = self.steps.entry(note.step).or_default();
            *sum += stroke.offset;
            *count += 1.0;
        }
    }

    /// How late the drums are at a step, in sixteenths; on time where they are silent.
    fn at(&self, step: usize) -> f32 {
        self.steps
            .get(&step)
            .map_or(0.0, |(sum, count)| sum / count)
    }
}

/// How one player keeps time.
struct Habits {
    /// Share of the drummer's offset that is taken over.
    follows: f32,
    /// Standard deviation of what the player wanders, in milliseconds.
    wanders: f32,
    /// Milliseconds from one note of a chord to the next higher.
    breaks: f32,
}

impl Habits {
    fn of(player: Player) -> Self {
        let (follows, wanders, breaks) = match player {
            Player::Drums => (0.0, 0.0, 0.0),
            Player::Low => (0.8, 4.0, 0.0),
            Player::Piano => (0.5, 6.0, 1.5),
            Player::Upper => (0.6, 6.0, 5.0),
            Player::Bridge => (0.4, 8.0, 0.0),
            Player::Melody => (0.4, 9.0, 1.0),
        };
        Self {
            follows,
            wanders,
            breaks,
        }
    }
}

/// Sets the offsets of a pitched player's strokes.
pub(super) fn follow(
    player: Player,
    notes: &[BandNote],
    strokes: &mut [Stroke],
    lead: &Lead,
    bpm: f64,
    seed: u64,
) {
    let habits = Habits::of(player);
    let per_millisecond = (bpm.clamp(20.0, 400.0) / 15_000.0) as f32;
    let mut rng = random(seed, player, 1);
    let mut wander = normal(&mut rng);
    let mut step = None;
    let mut place = 0.0;
    for (note, stroke) in notes.iter().zip(strokes) {
        if step == Some(note.step) {
            place += 1.0;
        } else {
            step = Some(note.step);
            place = 0.0;
            let fresh = (1.0 - PERSISTENCE * PERSISTENCE).sqrt();
            wander = PERSISTENCE * wander + fresh * normal(&mut rng);
        }
        let own = habits.wanders * wander + habits.breaks * place;
        let offset = habits.follows * lead.at(note.step) + own * per_millisecond;
        *stroke = Stroke::clamped(f32::from(stroke.velocity), offset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(step: usize, pitch: u8) -> BandNote {
        BandNote {
            step,
            length: 1,
            pitch,
        }
    }

    #[test]
    fn a_bass_goes_with_the_drummer() {
        let drums: Vec<BandNote> = (0..64).map(|step| note(step, 36)).collect();
        let late = vec![Stroke::clamped(90.0, 0.3); 64];
        let mut lead = Lead::default();
        lead.add(&drums, &late);
        let bass: Vec<BandNote> = (0..64).map(|step| note(step, 40)).collect();
        let played = |lead: &Lead| {
            let mut strokes = vec![Stroke::clamped(80.0, 0.0); 64];
            follow(Player::Low, &bass, &mut strokes, lead, 120.0, 9);
            strokes
        };
        let (with, alone) = (played(&lead), played(&Lead::default()));
        for (with, alone) in with.iter().zip(&alone) {
            // Four fifths of the drummer's .3, on top of the same wandering.
            assert!((with.offset - alone.offset - 0.24).abs() < 1e-5);
            // Three deviations of 4 ms are a tenth of the 125 ms of a sixteenth.
            assert!(alone.offset.abs() <= 0.2, "{}", alone.offset);
            assert_eq!(with.velocity, 80);
        }
        assert!(
            alone
                .windows(2)
                .any(|pair| pair[0].offset != pair[1].offset)
        );
    }

    #[test]
    fn a_guitar_chord_is_broken_upwards() {
        let chord = [note(0, 52), note(0, 59), note(0, 64)];
        let mut strokes = vec![Stroke::clamped(80.0, 0.0); 3];
        follow(
            Player::Upper,
            &chord,
            &mut strokes,
            &Lead::default(),
            120.0,
            1,
        );
        // Five milliseconds of 125.
        assert!((strokes[1].offset - strokes[0].offset - 0.04).abs() < 1e-5);
        assert!((strokes[2].offset - strokes[0].offset - 0.08).abs() < 1e-5);
    }
}
