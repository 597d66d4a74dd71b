//! Strokes onto notes, with the rules that keep music whole.

use crate::score::{Note, Tick, Velocity};
use crate::tokens::expression::Stroke;

/// `notes`, in order of (start, pitch), played with one stroke each.
///
/// Velocities lie `strength` of the way from `mean` to the stroke's. Onsets move by `strength` of the stroke's offset, by less
/// than half the way to the onsets before and after and never before tick 0, so that notes of different onsets keep their order.
/// Lengths stay, but where a pitch begins again the note before ends.
pub fn play(notes: &[Note], strokes: &[Stroke], mean: f32, strength: f32) -> Vec<Note> {
    let strength = held(strength);
    let velocities = strokes.iter().map(|stroke| {
        let velocity = mean + strength * (f32::from(stroke.velocity) - mean);
        Velocity::clamped(velocity.round() as i32)
    });
    let shifts: Vec<Tick> = strokes
        .iter()
        .map(|stroke| shift(stroke.offset * strength))
        .collect();
    let mut played = moved(notes, &shifts);
    for (note, velocity) in played.iter_mut().zip(velocities) {
        note.velocity = velocity;
    }
    played
}

/// A strength from any number: 0 for what is none.
pub(super) fn held(strength: f32) -> f32 {
    if strength.is_finite() {
        strength.clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// Sixteenths as ticks.
pub(super) fn shift(sixteenths: f32) -> Tick {
    Tick((sixteenths * Tick::SIXTEENTH.0 as f32).round() as i64)
}

/// `notes`, in order of start, each moved as far as the rules of [`play`] let it.
pub(super) fn moved(notes: &[Note], shifts: &[Tick]) -> Vec<Note> {
    let mut played = notes.to_vec();
    let mut from = 0;
    let mut before: Option<Tick> = None;
    while let Some(first) = notes.get(from) {
        let chord = notes[from..].iter();
        let to = from + chord.take_while(|note| note.start == first.start).count();
        let earliest = before.map_or(Tick::ZERO - first.start, |before| {
            Tick(-((first.start - before).0 - 1) / 2)
        });
        let after = notes
            .get(to)
            .map(|next| Tick((next.start - first.start).0 - 1));
        let latest = after.map(|room| Tick(room.0 / 2));
        for (note, by) in played[from..to].iter_mut().zip(&shifts[from..]) {
            let by = latest.map_or(*by, |latest| (*by).min(latest));
            note.start = (note.start + by.max(earliest)).max(Tick::ZERO);
        }
        before = Some(first.start);
        from = to;
    }
    cut_repeated(&mut played);
    played.sort_by_key(|note| (note.start, note.pitch));
    played
}

/// Ends every note where its pitch begins again at the latest.
fn cut_repeated(notes: &mut [Note]) {
    let mut next: [Option<Tick>; 128] = [None; 128];
    for note in notes.iter_mut().rev() {
        let next = &mut next[usize::from(note.pitch.get())];
        if let Some(next) = *next {
            note.duration = note.duration.min(next - note.start).max(Tick(1));
        }
        *next = Some(note.start);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::score::Pitch;

    fn note(step: i64, steps: i64, pitch: i32) -> Note {
        Note::new(
            Tick::SIXTEENTH * step,
            Tick::SIXTEENTH * steps,
            Pitch::clamped(pitch),
            Velocity::DEFAULT,
        )
    }

    fn stroke(velocity: u8, offset: f32) -> Stroke {
        Stroke { velocity, offset }
    }

    #[test]
    fn strength_goes_from_the_mean_to_the_stroke() {
        let notes = [note(0, 1, 60), note(4, 1, 60)];
        let strokes = [stroke(100, 0.1), stroke(40, -0.25)];
        let seen = |strength| -> Vec<(i64, u8)> {
            play(&notes, &strokes, 70.0, strength)
                .iter()
                .map(|note| (note.start.0, note.velocity.get()))
                .collect()
        };
        assert_eq!(seen(0.0), [(0, 70), (960, 70)]);
        assert_eq!(seen(1.0), [(24, 100), (900, 40)]);
        assert_eq!(seen(0.5), [(12, 85), (930, 55)]);
        assert_eq!(seen(f32::NAN), seen(0.0));
        assert_eq!(seen(7.0), seen(1.0));
    }

    #[test]
    fn nothing_begins_before_the_song_and_a_repeated_pitch_ends_the_one_before() {
        let notes = [note(0, 4, 60), note(4, 4, 60)];
        let played = play(&notes, &[stroke(80, -0.4), stroke(80, -0.4)], 80.0, 1.0);
        assert_eq!(played[0].start, Tick(0));
        assert_eq!(played[0].end(), Tick(864));
        assert_eq!(played[1].start, Tick(864));
        assert_eq!(played[1].duration, Tick(960));
    }

    #[test]
    fn notes_between_the_lines_leave_each_other_room() {
        // Thirty ticks apart: neither may move more than fourteen towards the other.
        let mut close = note(1, 1, 62);
        close.start = Tick(30);
        let played = play(
            &[note(0, 1, 60), close],
            &[stroke(80, 0.4), stroke(80, -0.4)],
            80.0,
            1.0,
        );
        assert_eq!((played[0].start, played[1].start), (Tick(14), Tick(16)));
    }

    proptest! {
        #[test]
        fn order_and_pitches_stay_whole(
            places in prop::collection::vec((0_i64..64, 1_i64..8, 60_i32..64, 1_u8..=127, -0.48_f32..=0.48), 0..60),
            strength in 0.0_f32..=1.0,
        ) {
            let mut places = places;
            places.sort_by_key(|place| (place.0, place.2));
            places.dedup_by_key(|place| (place.0, place.2));
            let notes: Vec<Note> = places.iter().map(|p| note(p.0, p.1, p.2)).collect();
            let strokes: Vec<Stroke> = places.iter().map(|p| stroke(p.3, p.4)).collect();
            let played = play(&notes, &strokes, 64.0, strength);
            prop_assert_eq!(played.len(), notes.len());
            for pitch in 60..64 {
                let of = |notes: &[Note]| -> Vec<Note> {
                    notes.iter().filter(|note| i32::from(note.pitch.get()) == pitch).copied().collect()
                };
                let (before, after) = (of(&notes), of(&played));
                prop_assert_eq!(before.len(), after.len());
                for pair in after.windows(2) {
                    prop_assert!(pair[0].end() <= pair[1].start);
                }
                for (grid, note) in before.iter().zip(&after) {
                    prop_assert!(note.start >= Tick::ZERO);
                    prop_assert!((note.start - grid.start).0.abs() < 120);
                }
            }
            // The onset on the grid that a note came from never lies before that of a note played earlier.
            let from: Vec<i64> = played.iter().map(|note| (note.start.0 + 120).div_euclid(240)).collect();
            prop_assert!(from.is_sorted());
        }
    }
}
