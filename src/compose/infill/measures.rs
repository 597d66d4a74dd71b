//! Judging what was written between other bars.

use super::surroundings::Surroundings;
use crate::compose::{Better, LEADS_ON, Measured};
use crate::score::Key;
use crate::tokens::clip::{Clip, ClipNote};
use crate::tokens::theme_vocab::{STEPS_PER_BAR, Voice};

/// Semitones from the last note of a bar to the first of the next in melodies that people wrote: the mean over 50 places in
/// the songs that were not trained on (`examples/judge_infill`).
const HUMAN_SEAM: f64 = 2.8;

/// How surprised the network is by the bars behind, over all that was drawn, in nats a token.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Surprise {
    /// After each draw.
    draws: Vec<f64>,
    /// After what was there; after the mean draw where nothing was.
    before: f64,
}

impl Surprise {
    /// `None` without draws.
    pub(super) fn of(draws: Vec<f64>, before: Option<f64>) -> Option<Self> {
        let mean = crate::measure::grid::mean(draws.iter().copied())?;
        Some(Self {
            draws,
            before: before.unwrap_or(mean),
        })
    }

    /// How much less the bars behind surprise after a draw than after what was there, and its merit: 1 for the best of the
    /// draws, 0 for the worst.
    fn lead(&self, draw: usize) -> Option<(f64, f64)> {
        let own = *self.draws.get(draw)?;
        let best = self.draws.iter().copied().fold(f64::INFINITY, f64::min);
        let worst = self.draws.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let width = worst - best;
        let merit = if width > 0.0 {
            (worst - own) / width
        } else {
            1.0
        };
        Some((self.before - own, merit))
    }
}

/// The measures of draw `draw`, those that are defined. `surprise`: what the network makes of the bars behind.
pub(super) fn measures(
    around: &Surroundings,
    new: &Clip,
    draw: usize,
    surprise: Option<&Surprise>,
    scale: Option<Key>,
) -> Vec<Measured> {
    let lead = surprise.and_then(|surprise| surprise.lead(draw));
    let voice = if around.written.melody() {
        Voice::Melody
    } else {
        Voice::Piano
    };
    let mut measures = Vec::new();
    let mut add = |name, meaning, value: Option<f64>, better, merit: &dyn Fn(f64) -> f64| {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            measures.push(Measured {
                name,
                meaning,
                value,
                better,
                merit: merit(value).clamp(0.0, 1.0),
            });
        }
    };
    add(
        LEADS_ON,
        "How much better the bars behind follow than after what was there, in nats a token; 0 is as well",
        lead.map(|(lead, _)| lead),
        Better::Higher,
        &|_| lead.map_or(1.0, |(_, merit)| merit),
    );
    add(
        "in key",
        "Share of the new notes in the key of what stands around them",
        scale
            .or(around.key)
            .and_then(|key| in_key(around, new, key)),
        Better::Higher,
        &|share| 1.0 - (1.0 - share) * 4.0,
    );
    if around.written.melody() {
        add(
            "seam",
            "Semitones that the melody steps where the new bars begin and end",
            seam(&around.lead.clip, &new.notes, &around.after),
            Better::Lower,
            &|semitones| 1.0 - (semitones - HUMAN_SEAM).max(0.0) / 9.0,
        );
    }
    let neighbours = density(voice, [&around.lead.clip, &around.after]);
    add(
        "density",
        "Notes in a bar, compared with the bars around",
        neighbours.and(density(voice, [new])),
        Better::Near(neighbours.unwrap_or_default()),
        &|own| neighbours.map_or(1.0, |of| (own / of).min(of / own.max(1e-9))),
    );
    add(
        "new",
        "Share of its notes that were not there before",
        newness(around, new),
        Better::Higher,
        &|share| share / 0.5,
    );
    measures
}

/// The notes that were not given.
fn written<'a>(around: &'a Surroundings, new: &'a Clip) -> impl Iterator<Item = &'a ClipNote> {
    let first = around.lead.bars() * STEPS_PER_BAR;
    new.notes.iter().filter(move |note| {
        let given = |fixed: &ClipNote| {
            (fixed.voice, fixed.pitch, fixed.step) == (note.voice, note.pitch, note.step + first)
        };
        !around.lead.fixed.notes.iter().any(given)
    })
}

fn in_key(around: &Surroundings, new: &Clip, key: Key) -> Option<f64> {
    let classes = key.pitch_classes().bits();
    let (mut inside, mut all) = (0, 0);
    for note in written(around, new) {
        all += 1;
        inside += usize::from(classes >> (note.pitch % 12) & 1 == 1);
    }
    crate::measure::grid::share(inside, all)
}

/// Mean step, in semitones, of the melody into the new bars and out of them; of one where the other side has no melody.
pub(super) fn seam(before: &Clip, new: &[ClipNote], after: &Clip) -> Option<f64> {
    let line = |notes: &[ClipNote]| -> Vec<f64> {
        (notes.iter())
            .filter(|note| note.voice == Voice::Melody)
            .map(|note| f64::from(note.pitch))
            .collect()
    };
    let (before, new, after) = (line(&before.notes), line(new), line(&after.notes));
    let into = before.last().zip(new.first()).map(|(a, b)| (a - b).abs());
    let out = new.last().zip(after.first()).map(|(a, b)| (a - b).abs());
    crate::measure::grid::mean(into.into_iter().chain(out))
}

/// Notes a bar of a voice over the bars of some clips.
fn density<'a>(voice: Voice, clips: impl IntoIterator<Item = &'a Clip>) -> Option<f64> {
    let (mut notes, mut bars) = (0, 0);
    for clip in clips {
        notes += clip.notes.iter().filter(|note| note.voice == voice).count();
        bars += clip.bars;
    }
    (bars > 0 && notes > 0).then(|| notes as f64 / f64::from(bars))
}

/// Share of the written notes that were not there before; absent where nothing was.
fn newness(around: &Surroundings, new: &Clip) -> Option<f64> {
    let was = |note: &ClipNote| {
        (around.now.notes.iter())
            .any(|old| (old.voice, old.step, old.pitch) == (note.voice, note.step, note.pitch))
    };
    if around.now.notes.len() == around.kept.len() {
        return None;
    }
    let (mut fresh, mut all) = (0, 0);
    for note in written(around, new) {
        all += 1;
        fresh += usize::from(!was(note));
    }
    crate::measure::grid::share(fresh, all)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn clip(pitches: &[u8]) -> Clip {
        let note = |(step, pitch): (u32, &u8)| ClipNote {
            voice: Voice::Melody,
            step,
            length: 1,
            pitch: *pitch,
            velocity: 80,
        };
        Clip {
            bars: 1,
            notes: (0..).zip(pitches).map(note).collect(),
            ..Clip::default()
        }
    }

    #[test]
    fn seams_are_the_steps_on_both_sides() {
        let new = clip(&[64, 70, 67]);
        assert_eq!(
            seam(&clip(&[50, 60]), &new.notes, &clip(&[72, 50])),
            Some(4.5)
        );
        assert_eq!(seam(&clip(&[]), &new.notes, &clip(&[72])), Some(5.0));
        assert_eq!(seam(&clip(&[60]), &[], &clip(&[72])), None);
    }

    #[test]
    fn the_best_of_the_draws_has_full_merit() {
        let leads = |draws: &[f64], before| -> Vec<(f64, f64)> {
            let surprise = Surprise::of(draws.to_vec(), before).unwrap();
            let lead = |draw| {
                let (lead, merit) = surprise.lead(draw).unwrap();
                let round = |value: f64| (value * 1e6).round() / 1e6;
                (round(lead), round(merit))
            };
            (0..draws.len()).map(lead).collect()
        };
        // Against what was there, and against the mean where nothing was.
        let expected = [(-0.2, 0.5), (0.1, 1.0), (-0.5, 0.0)];
        assert_eq!(leads(&[1.5, 1.2, 1.8], Some(1.3)), expected);
        let expected = [(0.0, 0.5), (0.3, 1.0), (-0.3, 0.0)];
        assert_eq!(leads(&[1.5, 1.2, 1.8], None), expected);
        assert_eq!(leads(&[2.0], None), [(0.0, 1.0)]);
        assert_eq!(Surprise::of(vec![], Some(1.0)), None);
    }

    #[test]
    fn densities_are_notes_a_bar() {
        let (three, none) = (clip(&[60, 62, 64]), clip(&[]));
        assert_eq!(density(Voice::Melody, [&three, &none]), Some(1.5));
        assert_eq!(density(Voice::Piano, [&three]), None);
    }
}
