//! How loud a performance is as a whole.
//!
//! Recordings differ in that: one drummer brushes, the next one bangs. A network draws such a player anew for every part and
//! every phrase, so that a band would be out of balance and a song would jump. How loud a part is as a whole is the mixer's
//! business; what is inside it is the player's.

use super::profile::accents;
use crate::tokens::band::BandNote;
use crate::tokens::expression::{Player, Stroke};

/// The most that a performance may be louder or softer than such notes are on average.
const MOST: f32 = 5.0;

/// Makes all strokes louder or softer by one amount, so that their mean lies within [`MOST`] of what the rules expect of these
/// notes (a backbeat is loud, a bar of ghost notes soft) around the player's `mean`.
pub(super) fn settle(player: Player, notes: &[BandNote], strokes: &mut [Stroke], mean: f32) {
    if strokes.is_empty() {
        return;
    }
    let count = strokes.len() as f32;
    let expected = mean + accents(player, notes).iter().sum::<f32>() / count;
    let velocities = strokes.iter().map(|stroke| f32::from(stroke.velocity));
    let difference = velocities.sum::<f32>() / count - expected;
    let change = difference.clamp(-MOST, MOST) - difference;
    for stroke in strokes {
        *stroke = Stroke::clamped(f32::from(stroke.velocity) + change, stroke.offset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loud_player_comes_down_and_an_ordinary_one_stays() {
        // A pianist's one pitch on the first beat, at the beginning of a phrase: 6 for the beat, -2.5 for the phrase.
        let notes = [BandNote {
            step: 0,
            length: 4,
            pitch: 60,
        }; 2];
        let settled = |velocities: [u8; 2]| {
            let mut strokes = velocities.map(|velocity| Stroke {
                velocity,
                offset: 0.1,
            });
            settle(Player::Piano, &notes, &mut strokes, 80.5);
            assert_eq!(strokes[0].offset, 0.1);
            strokes.map(|stroke| stroke.velocity)
        };
        assert_eq!(settled([80, 86]), [80, 86]);
        assert_eq!(settled([110, 120]), [84, 94]);
        assert_eq!(settled([40, 50]), [74, 84]);
        settle(Player::Piano, &[], &mut [], 80.0);
    }
}
