//! The chords of a song, beat by beat.

/// Steps of a beat.
pub const BEAT: usize = 4;
/// For how many beats a chord goes on where the annotation has none.
const HELD_BEATS: usize = 4;

/// A chord: its lowest note and its tones as pitch classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    /// Pitch class of the bass, 0..12.
    pub bass: u8,
    /// Bit `n` is the pitch class `n`, 0 for C.
    pub tones: u16,
}

impl Chord {
    /// The chord of some notes; `None` of none.
    pub fn of(pitches: &[u8]) -> Option<Self> {
        let bass = pitches.iter().min()? % 12;
        let tones = pitches
            .iter()
            .fold(0, |bits, pitch| bits | 1 << (pitch % 12));
        Some(Self { bass, tones })
    }

    /// Whether a pitch is one of its tones, in any octave.
    pub fn has(self, pitch: u8) -> bool {
        self.tones >> (pitch % 12) & 1 == 1
    }

    /// The pitch class that a bass player takes for a fifth: the one a perfect, diminished or augmented fifth above the bass
    /// (over a third in the bass that is the root) if the chord has it, else the bass again.
    pub fn fifth(self) -> u8 {
        [7, 6, 8]
            .into_iter()
            .map(|semitones| (self.bass + semitones) % 12)
            .find(|class| self.has(*class))
            .unwrap_or(self.bass)
    }
}

/// The chord of every beat.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Harmony(pub Vec<Option<Chord>>);

impl Harmony {
    /// From the notes of the chords as (step, length in steps, MIDI pitch). A beat has the chord that sounds in most of its
    /// steps; gaps of at most a bar are filled with the chord before.
    pub fn from_notes(notes: &[(u32, u32, u8)], bars: usize) -> Self {
        let mut steps = vec![Vec::new(); bars * 4 * BEAT];
        for (step, length, pitch) in notes {
            let from = (*step as usize).min(steps.len());
            let to = (from + *length as usize).min(steps.len());
            for step in &mut steps[from..to] {
                step.push(*pitch);
            }
        }
        let mut beats: Vec<Option<Chord>> = steps.chunks(BEAT).map(most_heard).collect();
        let mut last = None;
        let mut silent = 0;
        for beat in &mut beats {
            if beat.is_some() {
                (last, silent) = (*beat, 0);
            } else {
                silent += 1;
                *beat = last.filter(|_| silent <= HELD_BEATS);
            }
        }
        Self(beats)
    }

    /// The chord at a step.
    pub fn at(&self, step: usize) -> Option<Chord> {
        self.0.get(step / BEAT).copied().flatten()
    }

    /// Whether another chord (or none) begins at a beat; the first beat begins one.
    pub fn changes_at(&self, beat: usize) -> bool {
        beat == 0 || self.0.get(beat) != self.0.get(beat - 1)
    }

    /// The step at which the chord of `step` ends, at most `limit`.
    pub fn end_of(&self, step: usize, limit: usize) -> usize {
        let next = (step / BEAT + 1..self.0.len()).find(|beat| self.changes_at(*beat));
        next.map_or(limit, |beat| (beat * BEAT).min(limit))
    }
}

fn most_heard(steps: &[Vec<u8>]) -> Option<Chord> {
    let chords: Vec<Chord> = steps.iter().filter_map(|step| Chord::of(step)).collect();
    let count = |chord: &Chord| chords.iter().filter(|other| *other == chord).count();
    // The first of those heard as often.
    let best = chords.iter().rev().max_by_key(|chord| count(chord))?;
    (count(best) * 2 >= steps.len()).then_some(*best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beats_have_the_chord_that_is_heard_most() {
        // C major for five steps, then A minor to the end of the first bar; nothing in the next two.
        let chord = |step, length, pitches: [u8; 3]| pitches.map(|pitch| (step, length, pitch));
        let notes = [chord(0, 5, [48, 52, 55]), chord(5, 11, [57, 60, 64])].concat();
        let harmony = Harmony::from_notes(&notes, 3);
        let (c, a) = (Chord::of(&[48, 52, 55]), Chord::of(&[57, 60, 64]));
        assert_eq!(harmony.0[..4], [c, a, a, a]);
        assert_eq!(harmony.0[4..8], [a; 4]);
        assert_eq!(harmony.0[8..], [None; 4]);
        assert_eq!(harmony.end_of(0, 99), 4);
        assert_eq!(harmony.end_of(7, 20), 20);
        assert!(harmony.changes_at(1) && !harmony.changes_at(2));
    }

    #[test]
    fn basses_and_fifths() {
        let c_over_e = Chord::of(&[52, 55, 60]);
        let found = c_over_e.map(|chord| (chord.bass, chord.tones, chord.fifth()));
        // Over E, C major has no B, but C.
        assert_eq!(found, Some((4, 0b1001_0001, 0)));
        assert_eq!(Chord::of(&[48, 51, 54]).map(Chord::fifth), Some(6));
        assert_eq!(Chord::of(&[48, 52]).map(Chord::fifth), Some(0));
        assert_eq!(Chord::of(&[]), None);
    }
}
