//! What is known of a note before it is played: its place in time, in its chord, in its line.

use super::player::{CLASSES, DrumPiece, Player};
use crate::tokens::band::{BandNote, STEPS_PER_BAR};

/// Bars of a phrase, whose first, second, third and fourth are told apart.
const PHRASE: usize = 4;
/// Numbers that are not one of several.
const SCALARS: usize = 14;
/// Numbers that describe a note: its class, its step of the bar, its bar of the phrase, the pieces that are struck together
/// with it (drums), and fourteen measures, each of about -2..=2.
pub const FEATURES: usize = CLASSES + STEPS_PER_BAR + PHRASE + DrumPiece::COUNT + SCALARS;

/// Distances in time are told up to two bars.
const FAR: usize = 2 * STEPS_PER_BAR;

/// Describes the notes of one part, which are in order of (step, pitch), the first bar beginning at step 0: [`FEATURES`]
/// numbers a note, note after note. Pitches are any MIDI pitches, of drums General MIDI keys.
pub fn score_features(player: Player, notes: &[BandNote], bpm: f64) -> Vec<f32> {
    let groups = groups(notes);
    let mean = mean_pitch(notes);
    let last_bar = notes.last().map_or(0, |note| note.step / STEPS_PER_BAR);
    let mut begun = vec![0_usize; last_bar + 1];
    for note in notes {
        begun[note.step / STEPS_PER_BAR] += 1;
    }
    let since = distances(notes, false);
    let until = distances(notes, true);
    let tempo = (bpm.clamp(20.0, 400.0) / 120.0).log2() as f32;
    let mut features = Vec::with_capacity(notes.len() * FEATURES);
    for (number, group) in groups.iter().enumerate() {
        let chord = &notes[group.clone()];
        let step = chord[0].step;
        let before = number.checked_sub(1).map(|before| groups[before].clone());
        let last_pitch = before.clone().map(|range| mean_pitch(&notes[range]));
        let last_step = before.map(|range| notes[range.start].step);
        let next_step = groups.get(number + 1).map(|range| notes[range.start].step);
        for (place, note) in chord.iter().enumerate() {
            let row = features.len();
            features.resize(row + FEATURES, 0.0);
            let row: &mut [f32] = &mut features[row..];
            row[player.class(note.pitch)] = 1.0;
            let mut at = CLASSES;
            row[at + step % STEPS_PER_BAR] = 1.0;
            at += STEPS_PER_BAR;
            row[at + step / STEPS_PER_BAR % PHRASE] = 1.0;
            at += PHRASE;
            if player == Player::Drums {
                for other in chord {
                    row[at + DrumPiece::of(other.pitch).index()] = 1.0;
                }
            }
            at += DrumPiece::COUNT;
            let pitch = f32::from(note.pitch);
            let (relative, absolute, leap) = match player {
                Player::Drums => (0.0, 0.0, 0.0),
                _ => (
                    (pitch - mean) / 12.0,
                    (pitch - 60.0) / 24.0,
                    last_pitch.map_or(0.0, |last| (pitch - last) / 12.0),
                ),
            };
            let top = chord.len() - 1;
            let sounding = if player == Player::Drums {
                0.0
            } else {
                (note.length.clamp(1, FAR) as f32).log2() / 4.0
            };
            let index = group.start + place;
            let measures: [f32; SCALARS] = [
                relative.clamp(-3.0, 3.0),
                absolute,
                leap.clamp(-3.0, 3.0),
                top.min(8) as f32 / 4.0,
                place as f32 / top.max(1) as f32,
                f32::from(u8::from(place == 0)),
                f32::from(u8::from(place == top)),
                sounding,
                near(last_step.map(|last| step - last)),
                near(next_step.map(|next| next - step)),
                near(since[index]),
                near(until[index]),
                begun[step / STEPS_PER_BAR].min(64) as f32 / 16.0,
                tempo,
            ];
            row[at..].copy_from_slice(&measures);
        }
    }
    features
}

/// The notes that begin together, as ranges, in order.
pub(super) fn groups(notes: &[BandNote]) -> Vec<std::ops::Range<usize>> {
    let mut groups = Vec::new();
    let mut start = 0;
    for chord in notes.chunk_by(|a, b| a.step == b.step) {
        groups.push(start..start + chord.len());
        start += chord.len();
    }
    groups
}

fn mean_pitch(notes: &[BandNote]) -> f32 {
    let sum: f32 = notes.iter().map(|note| f32::from(note.pitch)).sum();
    sum / notes.len().max(1) as f32
}

/// Steps since the last note of the same pitch, or until the next one; `None` where there is none.
fn distances(notes: &[BandNote], forwards: bool) -> Vec<Option<usize>> {
    let mut seen = [None; 128];
    let mut distances = vec![None; notes.len()];
    let mut visit = |index: usize| {
        let note: &BandNote = &notes[index];
        let seen = &mut seen[usize::from(note.pitch.min(127))];
        distances[index] = seen.map(|step: usize| step.abs_diff(note.step));
        *seen = Some(note.step);
    };
    if forwards {
        (0..notes.len()).rev().for_each(&mut visit);
    } else {
        (0..notes.len()).for_each(&mut visit);
    }
    distances
}

/// A distance in steps on a scale on which short ones differ most, 0..=1.27; no such note is as good as a far one.
fn near(steps: Option<usize>) -> f32 {
    (1.0 + steps.unwrap_or(FAR).min(FAR) as f32).log2() / 4.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(step: usize, length: usize, pitch: u8) -> BandNote {
        BandNote {
            step,
            length,
            pitch,
        }
    }

    const MEASURES: usize = FEATURES - SCALARS;

    #[test]
    fn a_chord_and_what_follows_it() {
        // C and E together on the first beat, then C again on the third step of the second bar: the mean is 61⅓.
        let notes = [note(0, 4, 60), note(0, 2, 64), note(18, 8, 60)];
        let rows = score_features(Player::Piano, &notes, 240.0);
        assert_eq!(rows.len(), 3 * FEATURES);
        let (low, rest) = rows.split_at(FEATURES);
        let (high, last) = rest.split_at(FEATURES);
        let ones = |row: &[f32]| -> Vec<usize> {
            (0..MEASURES).filter(|index| row[*index] == 1.0).collect()
        };
        // Class 14; step 0 of 16 behind the 17 classes; bar 0 of 4 behind them.
        assert_eq!(ones(low), [14, 17, 33]);
        assert_eq!(ones(last), [14, 19, 34]);
        let far = 33_f32.log2() / 4.0;
        let eighteen = 19_f32.log2() / 4.0;
        let expected = [
            (60.0 - 184.0 / 3.0) / 12.0,
            0.0,
            0.0,
            0.25,
            0.0,
            1.0,
            0.0,
            0.5,
            far,
            eighteen,
            far,
            eighteen,
            0.125,
            1.0,
        ];
        for (index, (found, wanted)) in low[MEASURES..].iter().zip(expected).enumerate() {
            assert!((found - wanted).abs() < 1e-6, "{index}: {found} {wanted}");
        }
        assert_eq!(high[MEASURES + 4..MEASURES + 7], [1.0, 0.0, 1.0]);
        // Down a whole tone from the chord's middle, alone in its bar.
        assert!((last[MEASURES + 2] + 2.0 / 12.0).abs() < 1e-6);
        assert_eq!(last[MEASURES + 5..MEASURES + 8], [1.0, 1.0, 0.75]);
        assert_eq!(last[MEASURES + 10], eighteen);
        assert_eq!(last[MEASURES + 12], 1.0 / 16.0);
    }

    #[test]
    fn drums_know_what_is_struck_with_them_and_nothing_of_pitch() {
        let notes = [note(4, 1, 38), note(4, 1, 42)];
        let rows = score_features(Player::Drums, &notes, 120.0);
        let together = CLASSES + STEPS_PER_BAR + PHRASE;
        for row in rows.chunks(FEATURES) {
            let struck: Vec<usize> = (0..DrumPiece::COUNT)
                .filter(|piece| row[together + piece] == 1.0)
                .collect();
            assert_eq!(
                struck,
                [DrumPiece::Snare.index(), DrumPiece::ClosedHat.index()]
            );
            assert_eq!(row[MEASURES..MEASURES + 3], [0.0; 3]);
        }
        assert_eq!(rows[DrumPiece::Snare.index()], 1.0);
        assert_eq!(rows[FEATURES + DrumPiece::ClosedHat.index()], 1.0);
    }

    #[test]
    fn no_notes_no_features() {
        assert!(score_features(Player::Drums, &[], 120.0).is_empty());
    }
}
