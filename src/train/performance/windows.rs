//! Stretches of performances that go through the network at once.

use super::data::Performed;
use crate::tokens::band::{BandNote, STEPS_PER_BAR};
use crate::tokens::expression::{
    History, PAST, Player, Stroke, score_features, timing_bin, velocity_bin,
};

/// Bars of a window.
const BARS: usize = 8;
/// The fewest notes that are worth a window.
const FEWEST: usize = 8;

/// Eight bars of a performance, described as if nothing had been before: as a network meets them when it plays.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Who plays.
    pub player: Player,
    /// The notes, from step 0 on.
    pub notes: Vec<BandNote>,
    /// How they were played.
    pub strokes: Vec<Stroke>,
    /// Quarter notes a minute.
    pub bpm: f64,
}

impl Window {
    /// What is known of the notes beforehand, note after note ([`score_features`]).
    pub fn features(&self) -> Vec<f32> {
        score_features(self.player, &self.notes, self.bpm)
    }

    /// [`PAST`] numbers a note, note after note, given how those before were played.
    pub fn past(&self) -> Vec<f32> {
        let mut history = History::new(self.player, &self.notes);
        let mut past = Vec::with_capacity(self.notes.len() * PAST);
        for stroke in &self.strokes {
            past.extend(history.past());
            history.push(*stroke);
        }
        past
    }

    /// The class of velocity of every note.
    pub fn velocities(&self) -> impl Iterator<Item = usize> {
        let strokes = self.strokes.iter();
        strokes.map(|stroke| velocity_bin(stroke.velocity))
    }

    /// The class of timing of every note; nothing but for drums, whose timing alone was recorded.
    pub fn timings(&self) -> impl Iterator<Item = Option<usize>> {
        let timed = self.player == Player::Drums;
        let strokes = self.strokes.iter();
        strokes.map(move |stroke| timed.then(|| timing_bin(stroke.offset)))
    }
}

/// The windows of a performance that begin every `stride` bars. With a stride of whole phrases (4 bars) the bars of a window are
/// counted as in the performance.
pub fn windows(performed: &Performed, stride: usize) -> Vec<Window> {
    let bars = super::data::bars(performed);
    let starts = (0..bars).step_by(stride.max(1));
    let window = |bar: usize| {
        let from = bar * STEPS_PER_BAR;
        let index = |step: usize| performed.notes.partition_point(|note| note.step < step);
        let range = index(from)..index(from + BARS * STEPS_PER_BAR);
        let notes = performed.notes[range.clone()].iter();
        Window {
            player: performed.player,
            notes: notes
                .map(|note| BandNote {
                    step: note.step - from,
                    ..*note
                })
                .collect(),
            strokes: performed.strokes[range].to_vec(),
            bpm: performed.bpm,
        }
    };
    starts
        .map(window)
        .filter(|window| window.notes.len() >= FEWEST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::data::Split;
    use super::*;
    use crate::tokens::expression::FEATURES;

    #[test]
    fn windows_overlap_by_their_stride_and_begin_at_step_0() {
        // A stroke on every beat of ten bars.
        let notes: Vec<BandNote> = (0..40)
            .map(|beat| BandNote {
                step: 4 * beat,
                length: 1,
                pitch: 36,
            })
            .collect();
        let strokes: Vec<Stroke> = (0..40)
            .map(|beat| Stroke::clamped(40.0 + beat as f32, 0.1))
            .collect();
        let performed = Performed {
            name: String::new(),
            player: Player::Drums,
            bpm: 100.0,
            split: Split::Train,
            notes,
            strokes,
        };
        let found = windows(&performed, 4);
        // From bar 0: 32 beats; from bar 4: the 24 that are left; from bar 8: 8.
        let sizes: Vec<usize> = found.iter().map(|window| window.notes.len()).collect();
        assert_eq!(sizes, [32, 24, 8]);
        assert_eq!(found[1].notes[0].step, 0);
        assert_eq!(found[1].strokes[0].velocity, 56);
        assert_eq!(found[1].past()[..PAST], [0.0; PAST]);
        assert_eq!(found[1].past().len(), 24 * PAST);
        assert_eq!(found[1].features().len(), 24 * FEATURES);
        assert_eq!(found[0].velocities().next(), Some(10));
        assert_eq!(found[0].timings().next(), Some(Some(19)));
    }
}
