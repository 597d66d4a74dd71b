//! What is known of a note from how those before it were played.

use std::ops::Range;

use super::features::groups;
use super::{Player, Stroke};
use crate::tokens::band::{BandNote, STEPS_PER_BAR};

/// Notes that one is compared with.
const KIN: usize = 3;
/// Numbers of a note's past: of each of its kin whether it was played, how loud, how late.
pub const PAST: usize = 3 * KIN;

/// The strokes of a part as they are decided, note after note, and what they say about the next one.
///
/// A note's kin are: the note before it; of drums the last stroke of the same piece, of pitched parts the onset before it (the
/// mean of its notes); and what the same piece or part played in the same place of the bar before.
#[derive(Debug, Clone)]
pub struct History {
    /// Where the kin of every note are among those before it; empty where there is none.
    kin: Vec<[Range<usize>; KIN]>,
    strokes: Vec<Stroke>,
}

impl History {
    /// Of notes in order of (step, pitch), none of them played yet.
    pub fn new(player: Player, notes: &[BandNote]) -> Self {
        let groups = groups(notes);
        let group_at = |step: usize| -> Range<usize> {
            let found = groups.binary_search_by_key(&step, |group| notes[group.start].step);
            found.map_or(0..0, |index| groups[index].clone())
        };
        let mut last_of_class: Vec<Range<usize>> = vec![0..0; super::CLASSES];
        let mut kin = Vec::with_capacity(notes.len());
        for (number, group) in groups.iter().enumerate() {
            let before = number.checked_sub(1).map_or(0..0, |n| groups[n].clone());
            for index in group.clone() {
                let note = notes[index];
                let class = player.class(note.pitch);
                let a_bar_ago = note.step.checked_sub(STEPS_PER_BAR).map_or(0..0, group_at);
                let (last, a_bar_ago) = if player == Player::Drums {
                    let same = a_bar_ago
                        .into_iter()
                        .find(|other| player.class(notes[*other].pitch) == class);
                    let last = last_of_class[class].clone();
                    last_of_class[class] = index..index + 1;
                    (last, same.map_or(0..0, |other| other..other + 1))
                } else {
                    (before.clone(), a_bar_ago)
                };
                kin.push([index.saturating_sub(1)..index, last, a_bar_ago]);
            }
        }
        Self {
            kin,
            strokes: Vec::with_capacity(notes.len()),
        }
    }

    /// What is known of the next note; all unknown behind the last one.
    pub fn past(&self) -> [f32; PAST] {
        let mut past = [0.0; PAST];
        let Some(kin) = self.kin.get(self.strokes.len()) else {
            return past;
        };
        for (numbers, range) in past.chunks_mut(3).zip(kin) {
            let strokes = &self.strokes[range.clone()];
            if strokes.is_empty() {
                continue;
            }
            let mean = |value: fn(&Stroke) -> f32| {
                strokes.iter().map(value).sum::<f32>() / strokes.len() as f32
            };
            let velocity = mean(|stroke| (f32::from(stroke.velocity) - 64.0) / 32.0);
            let offset = mean(|stroke| 4.0 * stroke.offset);
            numbers.copy_from_slice(&[1.0, velocity, offset]);
        }
        past
    }

    /// The next note is played so. Strokes beyond the last note are ignored.
    pub fn push(&mut self, stroke: Stroke) {
        if self.strokes.len() < self.kin.len() {
            self.strokes.push(stroke);
        }
    }

    /// How the notes were played so far.
    pub fn strokes(&self) -> &[Stroke] {
        &self.strokes
    }

    /// The same, taken out.
    pub fn into_strokes(self) -> Vec<Stroke> {
        self.strokes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notes(places: &[(usize, u8)]) -> Vec<BandNote> {
        let note = |(step, pitch): &(usize, u8)| BandNote {
            step: *step,
            length: 1,
            pitch: *pitch,
        };
        places.iter().map(note).collect()
    }

    fn stroke(velocity: u8, offset: f32) -> Stroke {
        Stroke { velocity, offset }
    }

    #[test]
    fn a_drum_stroke_knows_the_last_of_its_piece_and_the_bar_before() {
        let notes = notes(&[(0, 36), (0, 42), (2, 42), (16, 36), (16, 42)]);
        let mut history = History::new(Player::Drums, &notes);
        assert_eq!(history.past(), [0.0; PAST]);
        for (velocity, offset) in [(96, 0.25), (32, 0.0), (64, -0.25), (96, 0.0)] {
            history.push(stroke(velocity, offset));
        }
        // The hi-hat of the second bar: before it the kick (96), its own last at step 2 (64, early), a bar ago 32.
        assert_eq!(
            history.past(),
            [1.0, 1.0, 0.0, 1.0, 0.0, -1.0, 1.0, -1.0, 0.0]
        );
    }

    #[test]
    fn a_pitched_note_knows_the_mean_of_the_onset_before() {
        let notes = notes(&[(0, 60), (0, 64), (4, 62)]);
        let mut history = History::new(Player::Piano, &notes);
        history.push(stroke(32, 0.0));
        history.push(stroke(64, 0.1));
        let past = history.past();
        assert_eq!(past[..5], [1.0, 0.0, 0.4, 1.0, -0.5]);
        assert!((past[5] - 0.2).abs() < 1e-6);
        assert_eq!(past[6..], [0.0; 3]);
        history.push(stroke(1, 0.0));
        history.push(stroke(2, 0.0));
        assert_eq!(history.past(), [0.0; PAST]);
        assert_eq!(history.into_strokes().len(), 3);
    }
}
