//! Melody fragments and how similar two of them are.

use super::grid::step_of;
use crate::score::{Note, Span, Track};

/// A stretch of melody as a list of moves: how far each note is from the one before it, in semitones and in sixteenths.
/// Neither the key nor the place in the song is in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Fragment {
    moves: Vec<(i32, i64)>,
    notes: usize,
}

impl Fragment {
    /// The fragment of `notes`, in order of onset. Of notes on one step the highest is the melody. Muted notes count as
    /// not there.
    pub fn of<'a>(notes: impl IntoIterator<Item = &'a Note>) -> Self {
        let mut line: Vec<(i64, i32)> = notes
            .into_iter()
            .filter(|note| !note.muted)
            .map(|note| (step_of(note.start), i32::from(note.pitch.get())))
            .collect();
        line.sort_unstable();
        Self::of_line(&line)
    }

    /// The fragment of (step, MIDI key) pairs in rising order; of pairs with one step the last counts.
    pub fn of_line(line: &[(i64, i32)]) -> Self {
        let melody: Vec<(i64, i32)> = line
            .iter()
            .enumerate()
            .filter(|(index, (step, _))| line.get(index + 1).is_none_or(|(next, _)| next != step))
            .map(|(_, note)| *note)
            .collect();
        Self {
            moves: melody
                .windows(2)
                .map(|pair| (pair[1].1 - pair[0].1, pair[1].0 - pair[0].0))
                .collect(),
            notes: melody.len(),
        }
    }

    /// The fragment of the notes of `track` that begin in `span`.
    pub fn in_span(track: &Track, span: Span) -> Self {
        Self::of(track.notes_starting_in(span))
    }

    /// How many notes the melody has.
    pub fn notes(&self) -> usize {
        self.notes
    }

    /// The moves from note to note: (semitones, sixteenths), one fewer than there are notes.
    pub fn moves(&self) -> &[(i32, i64)] {
        &self.moves
    }

    /// Similarity `s = 1 - d / max(length)`, 0..=1, where `d` is the Levenshtein distance of the two lists of moves: 1 for
    /// the same melody in any key, 0 where no move agrees. `None` where neither has a move.
    pub fn similarity(&self, other: &Self) -> Option<f64> {
        let longest = self.moves.len().max(other.moves.len());
        (longest > 0).then(|| 1.0 - distance(&self.moves, &other.moves) as f64 / longest as f64)
    }
}

/// Similarity of the melodies of two stretches, see [`Fragment::similarity`].
pub fn similarity(a: &Track, a_span: Span, b: &Track, b_span: Span) -> Option<f64> {
    Fragment::in_span(a, a_span).similarity(&Fragment::in_span(b, b_span))
}

/// Notes of the longest melody run that `a` and `b` share, in any key: one more than the longest list of consecutive moves
/// found in both, 0 where they share no move.
pub fn longest_shared_run(a: &Fragment, b: &Fragment) -> usize {
    let mut longest = 0;
    let mut row = vec![0; b.moves.len() + 1];
    for left in &a.moves {
        // From the right, so that the place to the left still belongs to the move before.
        for (j, right) in b.moves.iter().enumerate().rev() {
            row[j + 1] = if left == right { row[j] + 1 } else { 0 };
            longest = longest.max(row[j + 1]);
        }
    }
    if longest > 0 { longest + 1 } else { 0 }
}

/// Levenshtein distance: the fewest insertions, deletions and replacements that turn `a` into `b`.
pub fn distance<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::score::{Pitch, Tick, Velocity};

    fn melody(line: &[(i64, u8)]) -> Vec<Note> {
        line.iter()
            .map(|(step, key)| {
                Note::new(
                    Tick::SIXTEENTH * *step,
                    Tick::SIXTEENTH,
                    Pitch::clamped(i32::from(*key)),
                    Velocity::DEFAULT,
                )
            })
            .collect()
    }

    #[test]
    fn similarity_of_a_varied_phrase_by_hand() {
        // Moves (2,4) (2,4) (-4,8) against (2,4) (1,4) (-4,8): one of three differs.
        let a = Fragment::of(&melody(&[(0, 60), (4, 62), (8, 64), (16, 60)]));
        let b = Fragment::of(&melody(&[(2, 65), (6, 67), (10, 68), (18, 64)]));
        assert_eq!(a.moves(), [(2, 4), (2, 4), (-4, 8)]);
        let s = a.similarity(&b).unwrap_or_default();
        assert!((s - 2.0 / 3.0).abs() < 1e-12, "{s}");
    }

    #[test]
    fn a_note_more_costs_two_moves() {
        // (4,8) against (2,4) (2,4): nothing agrees, two edits of two.
        let a = Fragment::of(&melody(&[(0, 60), (8, 64)]));
        let b = Fragment::of(&melody(&[(0, 60), (4, 62), (8, 64)]));
        assert_eq!(a.similarity(&b), Some(0.0));
    }

    #[test]
    fn the_highest_note_of_a_step_is_the_melody() {
        let chords = Fragment::of(&melody(&[(0, 48), (0, 60), (4, 62), (4, 50)]));
        assert_eq!(chords.moves(), [(2, 4)]);
        assert_eq!(chords.notes(), 2);
    }

    #[test]
    fn single_notes_have_no_similarity() {
        let one = Fragment::of(&melody(&[(0, 60)]));
        assert_eq!(one.similarity(&Fragment::default()), None);
    }

    #[test]
    fn the_longest_shared_run_by_hand() {
        let a = Fragment::of(&melody(&[(0, 60), (4, 62), (8, 64), (12, 65), (14, 60)]));
        let b = Fragment::of(&melody(&[(3, 40), (4, 67), (8, 69), (12, 71), (13, 72)]));
        // Shared: two moves of (2, 4), three notes.
        assert_eq!(longest_shared_run(&a, &b), 3);
        assert_eq!(longest_shared_run(&a, &a), 5);
        assert_eq!(longest_shared_run(&a, &Fragment::default()), 0);
    }

    #[test]
    fn distance_of_words() {
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
    }

    fn lines() -> impl Strategy<Value = Vec<(i64, u8)>> {
        prop::collection::vec((0_i64..64, 30_u8..90), 0..20)
    }

    proptest! {
        #[test]
        fn similarity_is_symmetric_bounded_and_free_of_key_and_place(
            a in lines(), b in lines(), semitones in -20_i32..20, bars in 0_i64..5
        ) {
            let (left, right) = (Fragment::of(&melody(&a)), Fragment::of(&melody(&b)));
            prop_assert_eq!(left.similarity(&right), right.similarity(&left));
            prop_assert!(left.similarity(&right).is_none_or(|s| (0.0..=1.0).contains(&s)));
            let moved: Vec<Note> = melody(&a)
                .iter()
                .map(|note| Note {
                    start: note.start + Tick::SIXTEENTH * (16 * bars),
                    pitch: Pitch::clamped(i32::from(note.pitch.get()) + semitones),
                    ..*note
                })
                .collect();
            prop_assert!(left.similarity(&Fragment::of(&moved)).is_none_or(|s| s == 1.0));
        }
    }
}
