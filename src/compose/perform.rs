//! Velocities and timing for notes that a network wrote on the grid.

use super::band::derived;
use super::{ModelError, ModelPaths};
use crate::score::{Note, Pitch, Tick, Velocity};
use crate::tokens::band::{BandNote, BandRoll, STEPS_PER_BAR};
use crate::tokens::part::Part;

/// Latest a note may come, in ticks: it stays nearest to its own step.
const LATEST: f32 = 60.0;

/// How one note is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Touch {
    /// Velocity, 1..=127.
    pub(crate) velocity: f32,
    /// Ticks after the grid, 0..=60. Notes never come early: a bar's notes stay in their bar.
    pub(crate) delay: f32,
}

/// Someone who plays the parts of a band.
pub(crate) trait Performer: Send {
    /// The middle velocity of a part.
    fn usual(&self, part: Part) -> f32;

    /// How each of `notes`, the notes of `part`, is played. The same seed gives the same.
    fn play(&self, part: Part, notes: &[BandNote], seed: u64) -> Vec<Touch>;
}

/// The best performer that there is.
pub(crate) fn performer_in(_: &ModelPaths) -> Box<dyn Performer> {
    Box::new(Profile)
}

#[allow(
    clippy::unnecessary_wraps,
    reason = "a performer that is a network may fail"
)]
/// The notes of a roll, part by part, from tick 0: between all alike and on the grid (`strength` 0) and what the performer
/// would do (1).
pub(crate) fn band(
    performer: &dyn Performer,
    roll: &BandRoll,
    _bpm: f64,
    strength: f32,
    seed: u64,
) -> Result<[Vec<Note>; Part::COUNT], ModelError> {
    let strength = strength.clamp(0.0, 1.0);
    let part = |part: Part| {
        let notes = roll.notes(part);
        let usual = performer.usual(part);
        let played = |(touch, note): (&Touch, &BandNote)| {
            let velocity = usual + (touch.velocity - usual) * strength;
            let delay = (touch.delay.clamp(0.0, LATEST) * strength).round() as i64;
            // It ends where it would have ended on the grid.
            Note::new(
                Tick::SIXTEENTH * note.step as i64 + Tick(delay),
                Tick::SIXTEENTH * note.length as i64 - Tick(delay),
                Pitch::clamped(i32::from(note.pitch)),
                Velocity::clamped((velocity.round() as i32).max(1)),
            )
        };
        (performer.play(part, &notes, seed).iter())
            .zip(&notes)
            .map(played)
            .collect()
    };
    Ok(Part::ALL.map(part))
}

/// A player by rule: the accents of the metre, the rise and fall of the line, what each drum is for, and a little chance.
///
/// - Every part has a middle velocity (drums 84, bass 80, piano 70, guitar 66, strings 62).
/// - The first beat is louder, then the third, then the others; sixteenths between eighths are softer.
/// - The highest note of a chord sings, inner notes step back; a line grows as it rises (half a step of velocity a semitone
///   above the part's mean).
/// - Drums: strokes of the snare on two and four are accents and others are ghosts; cymbals swing between beat and off-beat.
/// - Piece by piece of four bars, the third is a little louder and the last a little softer.
/// - Guitars strum (low strings first), strings enter gently, the bass and the snare lie back a little.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Profile;

impl Performer for Profile {
    fn usual(&self, part: Part) -> f32 {
        match part {
            Part::Drums => 84.0,
            Part::Bass => 80.0,
            Part::Piano => 70.0,
            Part::Guitar => 66.0,
            Part::Strings => 62.0,
        }
    }

    fn play(&self, part: Part, notes: &[BandNote], seed: u64) -> Vec<Touch> {
        let mean = notes.iter().map(|note| f32::from(note.pitch)).sum::<f32>()
            / (notes.len().max(1)) as f32;
        let touch = |note: &BandNote| {
            let mut chance = derived(
                seed,
                (part.index() as u64) << 32 | (note.step as u64) << 8 | u64::from(note.pitch),
            );
            // Two independent numbers from -1 to 1, likelier near 0.
            let mut small = || {
                let sum: u64 = (0..2)
                    .map(|_| {
                        chance = derived(chance, 1);
                        chance >> 40
                    })
                    .sum();
                sum as f32 / (1_u64 << 24) as f32 - 1.0
            };
            let step = note.step % STEPS_PER_BAR;
            let (accent, delay) = if part == Part::Drums {
                stroke(note.pitch, step)
            } else {
                let chord: Vec<u8> = notes
                    .iter()
                    .filter(|other| other.step == note.step)
                    .map(|other| other.pitch)
                    .collect();
                (
                    metre(step) + line(note.pitch, mean) + voice(note.pitch, &chord),
                    entry(part, note, &chord),
                )
            };
            let velocity = self.usual(part) + accent + swell(note.step) + 3.0 * small();
            Touch {
                velocity: velocity.clamp(1.0, 127.0),
                delay: (delay + 5.0 + 5.0 * small()).clamp(0.0, LATEST),
            }
        };
        notes.iter().map(touch).collect()
    }
}

/// How much louder a step of the bar is.
fn metre(step: usize) -> f32 {
    match step {
        0 => 10.0,
        8 => 6.0,
        4 | 12 => 4.0,
        _ if step.is_multiple_of(2) => 0.0,
        _ => -7.0,
    }
}

/// How much louder a bar of four is.
fn swell(step: usize) -> f32 {
    match step / STEPS_PER_BAR % 4 {
        1 => 1.0,
        2 => 3.0,
        3 => -1.0,
        _ => 0.0,
    }
}

/// How much louder a note is for its height in the line.
fn line(pitch: u8, mean: f32) -> f32 {
    ((f32::from(pitch) - mean) * 0.5).clamp(-7.0, 7.0)
}

/// How much louder a note is for its place in the chord.
fn voice(pitch: u8, chord: &[u8]) -> f32 {
    let (low, high) = (chord.iter().min(), chord.iter().max());
    match (low, high) {
        (low, high) if low == high => 0.0,
        (_, Some(high)) if *high == pitch => 4.0,
        (Some(low), _) if *low == pitch => -1.0,
        _ => -6.0,
    }
}

/// How late a pitched note comes, in ticks.
fn entry(part: Part, note: &BandNote, chord: &[u8]) -> f32 {
    match part {
        // The pick crosses the strings downwards.
        Part::Guitar => {
            7.0 * chord
                .iter()
                .filter(|other| **other < note.pitch)
                .count()
                .min(6) as f32
        }
        Part::Strings if note.length >= 4 => 10.0,
        Part::Bass => 4.0,
        _ => 0.0,
    }
}

/// How much louder a stroke is, and how late it comes, by what the drum is for (General MIDI).
fn stroke(pitch: u8, step: usize) -> (f32, f32) {
    let on_beat = step.is_multiple_of(4);
    match pitch {
        35 | 36 => (if step == 0 { 12.0 } else { metre(step) }, 0.0),
        37..=40 => (
            match step {
                4 | 12 => 14.0,
                _ if on_beat => 2.0,
                _ if step.is_multiple_of(2) => -10.0,
                _ => -28.0,
            },
            6.0,
        ),
        // Hi-hats, rides, shakers and the like.
        42 | 44 | 51 | 53 | 54 | 59 | 69 | 70 | 82 => (
            match step {
                _ if on_beat => -6.0,
                _ if step.is_multiple_of(2) => -16.0,
                _ => -24.0,
            },
            2.0,
        ),
        46 => (-4.0, 2.0),
        49 | 52 | 55 | 57 => (14.0, 0.0),
        // Toms grow towards the end of the bar.
        41 | 43 | 45 | 47 | 48 | 50 => (step as f32 * 0.8 - 2.0, 2.0),
        _ => (metre(step) - 6.0, 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roll(part: Part, notes: &[(usize, usize, u8)]) -> BandRoll {
        let mut roll = BandRoll::new(4);
        for &(step, length, pitch) in notes {
            roll.add(
                part,
                BandNote {
                    step,
                    length,
                    pitch,
                },
            );
        }
        roll
    }

    fn played(part: Part, notes: &[(usize, usize, u8)], strength: f32) -> Vec<Note> {
        let all = band(&Profile, &roll(part, notes), 120.0, strength, 7).unwrap();
        all[part.index()].clone()
    }

    #[test]
    fn accents_follow_the_metre_the_line_and_the_drums() {
        // The largest chance is 3 either way, so 7 and more apart is certain.
        let velocity = |notes: &[Note], at: usize| i32::from(notes[at].velocity.get());
        let piano = played(Part::Piano, &[(0, 1, 60), (3, 1, 60), (8, 1, 60)], 1.0);
        assert!(velocity(&piano, 0) >= velocity(&piano, 1) + 11);
        let rising = played(Part::Strings, &[(4, 4, 48), (12, 4, 72)], 1.0);
        assert!(velocity(&rising, 1) >= velocity(&rising, 0) + 6);
        let snare = played(Part::Drums, &[(4, 1, 38), (7, 1, 38)], 1.0);
        assert!(velocity(&snare, 0) >= velocity(&snare, 1) + 30);
        let chord = played(Part::Piano, &[(0, 4, 60), (0, 4, 64), (0, 4, 67)], 1.0);
        assert!(velocity(&chord, 2) > velocity(&chord, 1));
    }

    #[test]
    fn guitars_strum_upwards_and_nobody_comes_early_or_ends_late() {
        let notes = [(0, 4, 40), (0, 4, 47), (0, 4, 52), (16, 2, 40)];
        let strummed = played(Part::Guitar, &notes, 1.0);
        assert!(strummed[2].start > strummed[0].start + Tick(3));
        for (note, (step, length, _)) in strummed.iter().zip(notes) {
            let grid = Tick::SIXTEENTH * step as i64;
            assert!(note.start >= grid && note.start <= grid + Tick(60));
            assert_eq!(note.end(), grid + Tick::SIXTEENTH * length as i64);
        }
    }

    #[test]
    fn strength_goes_from_typed_to_played() {
        let notes: Vec<_> = (0..16)
            .map(|step| (step, 1, 60 + (step % 5) as u8))
            .collect();
        let typed = played(Part::Piano, &notes, 0.0);
        for (note, (step, ..)) in typed.iter().zip(&notes) {
            assert_eq!(note.velocity.get(), 70);
            assert_eq!(note.start, Tick::SIXTEENTH * *step as i64);
        }
        let spread = |notes: &[Note]| {
            let all = || notes.iter().map(|note| note.velocity.get());
            all().max().unwrap() - all().min().unwrap()
        };
        let (half, whole) = (
            played(Part::Piano, &notes, 0.5),
            played(Part::Piano, &notes, 1.0),
        );
        assert!(spread(&half) > 5 && spread(&whole) > spread(&half));
        assert_eq!(whole, played(Part::Piano, &notes, 1.0));
    }
}
