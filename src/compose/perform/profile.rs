//! Playing by rules, where the trained performer is not installed.

use super::{ModelError, Performer, normal, random};
use crate::tokens::band::{BandNote, STEPS_PER_BAR};
use crate::tokens::expression::{DrumPiece, Player, Stroke};

/// A player that accents the metre, follows the line, and varies a little from note to note.
#[derive(Debug, Clone, Copy, Default)]
pub struct Profile;

/// What a drummer does on average, from the training recordings of Groove (Gillick et al. 2019): the mean velocity of each
/// piece on the first beat, on beats two and four, on beat three, on eighths between beats, on sixteenths between those.
const DRUMS: [[f32; LEVELS]; DrumPiece::COUNT] = [
    [71.0, 66.0, 66.0, 55.0, 46.0],
    [58.0, 95.0, 65.0, 68.0, 57.0],
    [56.0, 63.0, 57.0, 59.0, 62.0],
    [82.0, 88.0, 75.0, 67.0, 55.0],
    [63.0, 69.0, 61.0, 69.0, 56.0],
    [83.0, 94.0, 89.0, 90.0, 61.0],
    [93.0, 97.0, 85.0, 91.0, 89.0],
    [101.0, 105.0, 103.0, 90.0, 86.0],
    [78.0, 98.0, 84.0, 85.0, 81.0],
    [92.0, 84.0, 75.0, 72.0, 73.0],
    [79.0, 83.0, 73.0, 67.0, 62.0],
    [99.0, 99.0, 91.0, 84.0, 84.0],
];
/// Their mean over all strokes.
const DRUMS_MEAN: f32 = 70.0;
/// What a pitched player adds at the same places.
const ACCENTS: [f32; LEVELS] = [6.0, 2.0, 3.0, -1.0, -4.0];
const LEVELS: usize = 5;

/// Deviation of velocities from the rules, and how much of it stays from one note to the next.
const VARIATION: f32 = 5.0;
const PERSISTENCE: f32 = 0.6;
/// What a semitone above the mean of the part adds, and the most that pitch may add or take.
const CONTOUR: f32 = 0.7;
const CONTOUR_MOST: f32 = 8.0;
/// What the middle of a four-bar phrase adds to its ends.
const SWELL: f32 = 5.0;
/// What the inner notes of a chord are softer.
const INNER: f32 = 5.0;
/// Deviation of the timing of drums in milliseconds.
const UNSTEADINESS: f32 = 5.0;

/// The row of [`ACCENTS`] and [`DRUMS`] of a step.
fn level(step: usize) -> usize {
    match step % STEPS_PER_BAR {
        0 => 0,
        4 | 12 => 1,
        8 => 2,
        step if step.is_multiple_of(2) => 3,
        _ => 4,
    }
}

impl Performer for Profile {
    fn name(&self) -> &'static str {
        "profile"
    }

    fn perform(
        &self,
        player: Player,
        notes: &[BandNote],
        bpm: f64,
        seed: u64,
    ) -> Result<Vec<Stroke>, ModelError> {
        let mut rng = random(seed, player, 0);
        let mut variation = normal(&mut rng);
        let per_millisecond = (bpm.clamp(20.0, 400.0) / 15_000.0) as f32;
        let base = mean(player);
        let mut stroke = |rule: f32| {
            let fresh = (1.0 - PERSISTENCE * PERSISTENCE).sqrt();
            variation = PERSISTENCE * variation + fresh * normal(&mut rng);
            let late = match player {
                Player::Drums => UNSTEADINESS * per_millisecond * normal(&mut rng),
                _ => 0.0,
            };
            Stroke::clamped(base + rule + VARIATION * variation, late)
        };
        Ok(accents(player, notes)
            .into_iter()
            .map(&mut stroke)
            .collect())
    }
}

/// The mean velocity of a player in the training recordings.
fn mean(player: Player) -> f32 {
    match player {
        Player::Drums => DRUMS_MEAN,
        Player::Melody => 96.0,
        Player::Bridge => 89.0,
        Player::Piano => 82.0,
        Player::Upper => 84.0,
        Player::Low => 79.0,
    }
}

/// By how much the rules make each note louder than the mean of its player.
pub(super) fn accents(player: Player, notes: &[BandNote]) -> Vec<f32> {
    let pitches: f32 = notes.iter().map(|note| f32::from(note.pitch)).sum();
    let mean_pitch = pitches / notes.len().max(1) as f32;
    let accent = |(index, note): (usize, &BandNote)| {
        let level = level(note.step);
        if player == Player::Drums {
            return DRUMS[DrumPiece::of(note.pitch).index()][level] - DRUMS_MEAN;
        }
        let beside = |other: Option<&BandNote>| other.is_some_and(|other| other.step == note.step);
        let below = beside(index.checked_sub(1).and_then(|index| notes.get(index)));
        let inner = below && beside(notes.get(index + 1));
        let contour = CONTOUR * (f32::from(note.pitch) - mean_pitch);
        let phrase = (note.step % (4 * STEPS_PER_BAR)) as f32 / (4 * STEPS_PER_BAR) as f32;
        ACCENTS[level]
            + contour.clamp(-CONTOUR_MOST, CONTOUR_MOST)
            + SWELL * ((std::f32::consts::PI * phrase).sin() - 0.5)
            - if inner { INNER } else { 0.0 }
    };
    notes.iter().enumerate().map(accent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(player: Player, steps: impl Iterator<Item = usize>, pitch: u8) -> Vec<f32> {
        let notes: Vec<BandNote> = steps
            .map(|step| BandNote {
                step,
                length: 1,
                pitch,
            })
            .collect();
        let strokes = Profile.perform(player, &notes, 120.0, 3).unwrap();
        let velocities = strokes.iter().map(|stroke| f32::from(stroke.velocity));
        velocities.collect()
    }

    fn middle(velocities: &[f32]) -> f32 {
        velocities.iter().sum::<f32>() / velocities.len() as f32
    }

    #[test]
    fn backbeats_are_louder_than_what_lies_between() {
        let back = played(Player::Drums, (0..64).map(|beat| 8 * beat + 4), 38);
        let between = played(Player::Drums, (0..64).map(|beat| 8 * beat + 3), 38);
        // 95 and 57 in the table; 64 notes that vary by 5 around them.
        assert!((middle(&back) - 95.0).abs() < 4.0, "{}", middle(&back));
        assert!(
            (middle(&between) - 57.0).abs() < 4.0,
            "{}",
            middle(&between)
        );
    }

    #[test]
    fn a_piano_is_never_flat_and_stays_about_its_mean() {
        let velocities = played(Player::Piano, 0..128, 60);
        assert!((middle(&velocities) - 82.0).abs() < 4.0);
        assert!(
            velocities
                .windows(4)
                .all(|four| four.iter().any(|v| *v != four[0]))
        );
    }
}
