//! Tokens in other keys.

use super::theme_vocab::{Id, Token};
use crate::measure::diatonic;

/// Highest pitch that a token can say; the lowest is 1.
const HIGHEST: i32 = 127;
const OCTAVE: i32 = 12;

/// The pitch of a Note-On token.
pub fn pitch(id: Id) -> Option<u8> {
    match Token::from_id(id) {
        Some(Token::NoteOn(_, pitch)) => Some(pitch),
        _ => None,
    }
}

/// A token some semitones higher: the same one unless it is a Note-On. What leaves the range comes back by octaves.
pub fn moved(id: Id, semitones: i32) -> Id {
    let Some(Token::NoteOn(voice, pitch)) = Token::from_id(id) else {
        return id;
    };
    let mut moved = i32::from(pitch) + semitones;
    while moved > HIGHEST {
        moved -= OCTAVE;
    }
    while moved < 1 {
        moved += OCTAVE;
    }
    Token::NoteOn(voice, moved as u8).id()
}

/// The semitones, -5..=6, that move the notes among these tokens to C major or A minor ([`diatonic::to_common`]).
pub fn to_common(ids: &[Id]) -> i32 {
    diatonic::to_common(ids.iter().filter_map(|id| pitch(*id)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::theme_vocab::{SIZE, Voice};

    #[test]
    fn only_notes_move_and_each_keeps_its_class() {
        for semitones in -11..=11 {
            for id in 0..SIZE as Id {
                let there = moved(id, semitones);
                let class = |id| pitch(id).map(|pitch| i32::from(pitch) % 12);
                match pitch(id) {
                    Some(_) => assert_eq!(
                        class(there),
                        class(id).map(|class| (class + semitones).rem_euclid(12))
                    ),
                    None => assert_eq!(there, id),
                }
                let voice = |id| Token::from_id(id).and_then(Token::voice);
                assert_eq!(voice(there), voice(id));
            }
        }
    }

    #[test]
    fn what_leaves_the_range_comes_back() {
        let note = |pitch| Token::NoteOn(Voice::Melody, pitch).id();
        assert_eq!(moved(note(60), 6), note(66));
        assert_eq!(moved(note(126), 6), note(120));
        assert_eq!(moved(note(2), -5), note(9));
        assert_eq!(moved(note(127), 0), note(127));
    }

    #[test]
    fn e_flat_major_is_three_semitones_above() {
        let ids = [63, 65, 67, 68, 70, 72, 74].map(|pitch| Token::NoteOn(Voice::Piano, pitch).id());
        assert_eq!(to_common(&ids), -3);
        assert_eq!(to_common(&[]), 0);
    }
}
