//! What makes a band's clip again, to the note.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::latents::{derived, split_mix};
use super::{BandSettings, Form, PhraseLatents, PhraseSeeds};
use crate::score::{Key, Tempo};
use crate::tokens::band::{BandNote, BandRoll, PHRASE_BARS};
use crate::tokens::part::Part;

/// Phrases of a walk from one idea to the next: neighbours differ by a quarter of the way.
const PHRASES_BETWEEN_IDEAS: usize = 4;

/// A part that is given, for the whole clip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GivenNotes {
    /// As which part it is heard.
    pub(crate) part: Part,
    /// Its notes: step, length in steps, pitch.
    pub(crate) notes: Vec<(usize, usize, u8)>,
}

impl GivenNotes {
    /// What `part` plays in `roll`.
    pub(crate) fn of(roll: &BandRoll, part: Part) -> Self {
        let notes = roll.notes(part).into_iter();
        Self {
            part,
            notes: notes
                .map(|note| (note.step, note.length, note.pitch))
                .collect(),
        }
    }

    /// The notes in a roll of so many bars.
    pub(crate) fn roll(&self, bars: usize) -> BandRoll {
        let mut roll = BandRoll::new(bars);
        for &(step, length, pitch) in &self.notes {
            let note = BandNote {
                step,
                length,
                pitch,
            };
            roll.add(self.part, note);
        }
        roll
    }
}

/// Everything that makes a band's clip again, to the note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recipe {
    /// The latents of each phrase of four bars.
    pub(crate) phrases: Vec<PhraseLatents>,
    /// Bars that are kept of them.
    pub(crate) bars: u32,
    /// Who plays, in order.
    pub(crate) parts: Vec<Part>,
    /// What is given.
    pub(crate) given: Option<GivenNotes>,
    /// How closely that is followed; 1 as learned.
    pub(crate) follow: f32,
    /// How it is written.
    pub(crate) band: BandSettings,
    /// The key it is moved into, if it is not bound by what is given.
    pub(crate) key: Option<Key>,
    /// By how many semitones the pitched parts are moved from where the model wrote them; `None` until that is known.
    pub(crate) transpose: Option<i8>,
    /// The clip's tempo.
    pub(crate) tempo: Tempo,
    /// The seed of the performance.
    pub(crate) player: u64,
}

/// Bars of a clip, and parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cells {
    /// From the clip's first.
    pub(crate) bars: Range<u32>,
    /// In order.
    pub(crate) parts: Vec<Part>,
}

/// Some cells written once more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reroll {
    /// Which.
    pub(crate) cells: Cells,
    /// What is drawn.
    pub(crate) seed: u64,
    /// How different it becomes, 0..=1.
    pub(crate) change: f32,
}

/// The seed of candidate `candidate` of a request.
pub(crate) fn candidate_seed(seed: u64, candidate: u32) -> u64 {
    let mut state = derived(seed, u64::from(candidate) + 1);
    split_mix(&mut state)
}

/// The latents of a piece of `phrases` phrases.
///
/// The latents of the phrase (`z` and `z_i`) are the same all the time. Those of the bars walk from one idea to the next, or are
/// drawn anew for each phrase. A model without latents for bars walks with its only one; for contrast it stays half-way
/// between what is common and what is new.
pub(crate) fn piece(seed: u64, phrases: usize, form: Form, by_bar: bool) -> Vec<PhraseLatents> {
    let first = PhraseSeeds::from_seed(seed);
    let idea = |number: usize| {
        let new = PhraseSeeds::from_seed(derived(seed, number as u64));
        match number {
            0 => first,
            _ if by_bar => first.with_bars_of(&new),
            _ => new,
        }
    };
    (0..phrases)
        .map(|phrase| match form {
            Form::Walk => {
                let from = phrase / PHRASES_BETWEEN_IDEAS;
                let at = (phrase % PHRASES_BETWEEN_IDEAS) as f32 / PHRASES_BETWEEN_IDEAS as f32;
                PhraseLatents::between(idea(from), idea(from + 1), at)
            }
            Form::Contrast if by_bar || phrase == 0 => PhraseLatents::of(idea(phrase)),
            Form::Contrast => PhraseLatents::between(first, idea(phrase), 0.5),
        })
        .collect()
}

impl Recipe {
    /// This recipe with the latents of some cells drawn anew:
    ///
    /// | bars | parts | latents |
    /// |---|---|---|
    /// | all | all | all four kinds |
    /// | all | some | those parts': `z_i`, and `z_it` of every bar |
    /// | some | all | those bars': `z_t`, and `z_it` of every part |
    /// | some | some | `z_it` of those parts in those bars |
    #[must_use]
    pub(crate) fn rerolled(&self, reroll: &Reroll) -> Self {
        let Cells { bars, parts } = &reroll.cells;
        let all_bars = bars.start == 0 && bars.end >= self.bars;
        let all_parts = self.parts.iter().all(|part| parts.contains(part));
        let new = |seed: u64| derived(seed, reroll.seed);
        let redrawn = |mut seeds: PhraseSeeds, phrase: u32| {
            if all_bars && all_parts {
                seeds.shared = new(seeds.shared);
            }
            for part in parts.iter().filter(|_| all_bars) {
                let seed = &mut seeds.private[part.index()];
                *seed = new(*seed);
            }
            for (bar, number) in (phrase * PHRASE_BARS as u32..)
                .enumerate()
                .take(PHRASE_BARS)
            {
                if !bars.contains(&number) && !all_bars {
                    continue;
                }
                if all_parts {
                    seeds.shared_time[bar] = new(seeds.shared_time[bar]);
                }
                for part in parts {
                    let seed = &mut seeds.private_time[part.index()][bar];
                    *seed = new(*seed);
                }
            }
            seeds
        };
        let change = reroll.change.clamp(0.0, 1.0);
        let mut other = self.clone();
        for (phrase, latents) in (0..).zip(&mut other.phrases) {
            let mix = latents.mix.iter().flat_map(|(seeds, weight)| {
                [
                    (*seeds, weight * (1.0 - change)),
                    (redrawn(*seeds, phrase), weight * change),
                ]
            });
            latents.mix = mix.filter(|(_, weight)| *weight > 0.0).collect();
        }
        other.player = new(self.player);
        other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(bars: u32) -> Recipe {
        Recipe {
            phrases: piece(5, bars as usize / 4, Form::Walk, true),
            bars,
            parts: Part::ALL.to_vec(),
            given: None,
            follow: 1.0,
            band: BandSettings::default(),
            key: None,
            transpose: None,
            tempo: Tempo::default(),
            player: 1,
        }
    }

    fn reroll(bars: Range<u32>, parts: &[Part], change: f32) -> Reroll {
        Reroll {
            cells: Cells {
                bars,
                parts: parts.to_vec(),
            },
            seed: 9,
            change,
        }
    }

    /// Which of the latents differ, as (`z`, bars of `z_t`, parts of `z_i`, cells of `z_it`).
    fn changed(
        before: &Recipe,
        after: &Recipe,
        phrase: usize,
    ) -> (bool, Vec<usize>, Vec<usize>, usize) {
        let (a, b) = (
            before.phrases[phrase].mix[0].0,
            after.phrases[phrase].mix[0].0,
        );
        let differing = |a: &[u64], b: &[u64]| {
            (0..a.len())
                .filter(|at| a[*at] != b[*at])
                .collect::<Vec<_>>()
        };
        (
            a.shared != b.shared,
            differing(&a.shared_time, &b.shared_time),
            differing(&a.private, &b.private),
            differing(a.private_time.as_flattened(), b.private_time.as_flattened()).len(),
        )
    }

    #[test]
    fn only_the_latents_of_the_cells_change() {
        let before = recipe(8);
        let of = |bars, parts: &[Part]| before.rerolled(&reroll(bars, parts, 1.0));
        let drums = of(0..8, &[Part::Drums]);
        assert_eq!(changed(&before, &drums, 1), (false, vec![], vec![0], 4));
        let bars = of(3..5, &Part::ALL);
        assert_eq!(changed(&before, &bars, 0), (false, vec![3], vec![], 5));
        assert_eq!(changed(&before, &bars, 1), (false, vec![0], vec![], 5));
        let cell = of(2..3, &[Part::Bass]);
        assert_eq!(changed(&before, &cell, 0), (false, vec![], vec![], 1));
        assert_eq!(changed(&before, &cell, 1), (false, vec![], vec![], 0));
        let all = of(0..8, &Part::ALL);
        let everything = (true, vec![0, 1, 2, 3], vec![0, 1, 2, 3, 4], 20);
        assert_eq!(changed(&before, &all, 0), everything);
        // Bars that shared their noise still do: they stay one piece.
        let pair = of(1..3, &Part::ALL).phrases[0].mix[0].0;
        assert_eq!(pair.shared_time[1], pair.shared_time[2]);
    }

    #[test]
    fn a_small_change_stays_near() {
        let before = recipe(4);
        let after = before.rerolled(&reroll(0..4, &[Part::Bass], 0.25));
        let weights: Vec<f32> = after.phrases[0]
            .mix
            .iter()
            .map(|(_, weight)| *weight)
            .collect();
        assert_eq!(weights, [0.75, 0.25]);
        let noise = |recipe: &Recipe, part: usize| {
            recipe.phrases[0].noise(8, 1.0, |seeds| seeds.private[part])
        };
        assert_eq!(noise(&before, 0), noise(&after, 0));
        assert_ne!(noise(&before, 3), noise(&after, 3));
    }

    #[test]
    fn a_walk_has_no_leaps_and_keeps_its_style() {
        let walk = piece(3, 10, Form::Walk, true);
        let at = |phrase: usize| walk[phrase].noise(32, 1.0, |seeds| seeds.shared_time[0]);
        let angle = |a: &[f32], b: &[f32]| {
            let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
            (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()).acos()
        };
        for phrase in 0..9 {
            let step = angle(&at(phrase), &at(phrase + 1));
            assert!(step > 0.1 && step < 0.7, "{phrase}: {step}");
        }
        assert!(angle(&at(0), &at(4)) > 1.0, "a new idea after four phrases");
        for form in [Form::Walk, Form::Contrast] {
            let piece = piece(3, 6, form, true);
            let style = piece[0].noise(8, 1.0, |seeds| seeds.shared);
            for phrase in &piece {
                assert_eq!(phrase.noise(8, 1.0, |seeds| seeds.shared), style);
            }
        }
        // Without latents for bars the only one walks.
        let one = piece(3, 2, Form::Walk, false);
        assert_ne!(
            one[0].noise(8, 1.0, |seeds| seeds.shared),
            one[1].noise(8, 1.0, |seeds| seeds.shared)
        );
    }

    #[test]
    fn given_notes_come_back() {
        let given = GivenNotes {
            part: Part::Guitar,
            notes: vec![(0, 4, 60), (4, 4, 60), (20, 30, 64)],
        };
        let roll = given.roll(8);
        assert_eq!(GivenNotes::of(&roll, Part::Guitar), given);
    }
}
