//! When the theme returns, and how literally.

use std::ops::Range;

use rand::{Rng, RngExt as _};

use crate::compose::Theme;
use crate::tokens::clip::ClipNote;
use crate::tokens::grammar::{Held, Rules};
use crate::tokens::theme_vocab::{STEPS_PER_BAR, Voice};

/// Probability that a varied return keeps the theme's beginning and varies its end, rather than another stretch.
const VARIED_END: f64 = 0.5;

/// Share of the training songs' theme regions behind which the theme returns after so many bars, of those behind which the song has
/// gone on so long without (`examples/judge_continuations --statistics`).
const HAZARD: [f32; 17] = [
    0.130, 0.007, 0.340, 0.032, 0.084, 0.015, 0.303, 0.036, 0.051, 0.018, 0.090, 0.040, 0.053,
    0.027, 0.157, 0.070, FORGOTTEN,
];
/// Behind 16 bars and more; in songs .102, codas included. Chosen: a piece that is to remember its theme does not wait as long.
const FORGOTTEN: f32 = 0.25;

/// Theme regions that may stand one behind the other: more sound stuck.
pub(super) const MOST_IN_A_ROW: u32 = 2;

/// The probability that the theme returns `gap` bars behind its last appearance if it has not returned before.
pub(super) fn hazard(gap: u32) -> f32 {
    let last = HAZARD.len() - 1;
    HAZARD[(gap as usize).min(last)]
}

/// How returns take up the theme's melody.
pub(super) struct Returning {
    likeness: f64,
    /// The theme's melody, steps from its first bar.
    melody: Vec<ClipNote>,
    /// Its bars.
    bars: u32,
    /// The first new bar: what comes before is given.
    first: u32,
    rules: Rules,
}

impl Returning {
    pub(super) fn new(theme: &Theme, first: u32, likeness: f32, rules: &Rules) -> Self {
        let mut melody: Vec<ClipNote> = theme
            .clip
            .notes
            .iter()
            .filter(|note| note.voice == Voice::Melody)
            .copied()
            .collect();
        for note in &mut melody {
            note.pitch = nearest_allowed(rules, note.pitch);
        }
        Self {
            likeness: f64::from(likeness).clamp(0.0, 1.0),
            melody,
            bars: theme.clip.bars,
            first,
            rules: rules.clone(),
        }
    }

    /// What of the theme's melody the region that begins with bar `bar` keeps: everything but one stretch of notes, which is
    /// the network's. `None` where nothing is kept, and for what is given.
    ///
    /// The stretch has a random share of the notes, `u^(l / (1 - l))` for a likeness l and a uniform u: 1 - l on average.
    pub(super) fn held(&self, bar: u32, rng: &mut impl Rng) -> Option<Held> {
        if self.likeness <= 0.0 || bar < self.first || self.melody.is_empty() {
            return None;
        }
        let count = self.melody.len();
        let free = if self.likeness < 1.0 {
            let share = rng
                .random::<f64>()
                .powf(self.likeness / (1.0 - self.likeness));
            let free = (share * count as f64).round() as usize;
            let last = count - free;
            let first = if rng.random::<f64>() < VARIED_END {
                last
            } else {
                rng.random_range(0..=last)
            };
            first..first + free
        } else {
            0..0
        };
        let begin = bar * STEPS_PER_BAR;
        let end = begin + self.region_bars(bar).min(self.bars) * STEPS_PER_BAR;
        let spans = self
            .held_steps(free)
            .into_iter()
            .map(|span| span.start + begin..(span.end + begin).min(end))
            .filter(|span| !span.is_empty())
            .collect();
        let notes = self.melody.iter().map(|note| ClipNote {
            step: note.step + begin,
            ..*note
        });
        Some(Held {
            spans,
            notes: notes.collect(),
        })
    }

    /// The steps of the theme outside the stretch of notes that are free.
    fn held_steps(&self, free: Range<usize>) -> Vec<Range<u32>> {
        let end = self.bars * STEPS_PER_BAR;
        if free.is_empty() {
            return std::iter::once(0..end).collect();
        }
        let onset = |note: usize| self.melody.get(note).map_or(end, |note| note.step);
        let from = if free.start == 0 {
            0
        } else {
            onset(free.start)
        };
        vec![0..from, onset(free.end)..end]
    }

    /// How many bars the region that begins with bar `bar` has.
    fn region_bars(&self, bar: u32) -> u32 {
        let painted = self
            .rules
            .painted
            .iter()
            .find(|painted| painted.start == bar);
        painted.map_or(self.bars, |painted| {
            painted.end.saturating_sub(painted.start)
        })
    }
}

/// The pitch that the melody may play nearest to `pitch`, the lower of two; `pitch` itself where it may play none.
fn nearest_allowed(rules: &Rules, pitch: u8) -> u8 {
    (0..=127_i32)
        .flat_map(|distance| [-distance, distance])
        .map(|offset| i32::from(pitch) + offset)
        .filter_map(|pitch| u8::try_from(pitch).ok())
        .find(|pitch| (1..=127).contains(pitch) && rules.allows(Voice::Melody, *pitch))
        .unwrap_or(pitch)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use rand::SeedableRng as _;
    use rand_pcg::Pcg64;

    use super::*;
    use crate::score::{Key, TrackId};
    use crate::tokens::clip::Clip;

    const STEPS: [u32; 8] = [0, 4, 8, 12, 16, 20, 24, 28];

    fn returning(likeness: f32, rules: &Rules) -> Returning {
        let notes = STEPS.map(|step| ClipNote {
            voice: Voice::Melody,
            step,
            length: 4,
            pitch: 61 + (step / 4) as u8,
            velocity: 80,
        });
        let theme = Theme {
            clip: Clip {
                bars: 2,
                notes: notes.to_vec(),
                ..Clip::default()
            },
            melody: TrackId(1),
            piano: None,
            bpm: 119,
            key: None,
            remarks: Vec::new(),
        };
        Returning::new(&theme, 2, likeness, rules)
    }

    /// Notes of the region at bar 6 that are kept.
    fn kept(returning: &Returning, rng: &mut Pcg64) -> Vec<u32> {
        let held = returning.held(6, rng).unwrap();
        assert!(
            held.spans
                .iter()
                .all(|span| span.start >= 96 && span.end <= 128)
        );
        held.notes
            .iter()
            .map(|note| note.step)
            .filter(|step| held.spans.iter().any(|span| span.contains(step)))
            .map(|step| step - 96)
            .collect()
    }

    #[test]
    fn at_one_the_melody_is_kept_whole_and_at_zero_it_is_free() {
        let mut rng = Pcg64::seed_from_u64(1);
        let whole = returning(1.0, &Rules::default());
        assert_eq!(kept(&whole, &mut rng), STEPS);
        assert_eq!(whole.held(6, &mut rng).unwrap().spans, vec![96..128]);
        assert!(
            returning(0.0, &Rules::default())
                .held(6, &mut rng)
                .is_none()
        );
        assert!(
            whole.held(0, &mut rng).is_none(),
            "the theme itself is given"
        );
    }

    #[test]
    fn on_average_the_share_of_the_likeness_is_kept() {
        let mut rng = Pcg64::seed_from_u64(2);
        for likeness in [0.3, 0.5, 0.8] {
            let returning = returning(likeness, &Rules::default());
            let notes: usize = (0..4000).map(|_| kept(&returning, &mut rng).len()).sum();
            let share = notes as f64 / (4000.0 * 8.0);
            assert!(
                (share - f64::from(likeness)).abs() < 0.02,
                "{likeness} {share}"
            );
        }
    }

    #[test]
    fn one_stretch_is_free() {
        let mut rng = Pcg64::seed_from_u64(3);
        let returning = returning(0.6, &Rules::default());
        for _ in 0..200 {
            let kept = kept(&returning, &mut rng);
            let breaks = kept
                .windows(2)
                .filter(|pair| pair[1] - pair[0] != 4)
                .count();
            assert!(breaks <= 1, "{kept:?}");
        }
    }

    #[test]
    fn short_regions_and_scales_are_kept() {
        let mut rng = Pcg64::seed_from_u64(4);
        let rules = Rules {
            painted: std::iter::once(6..7).collect(),
            scale: Key::default().pitch_classes(),
            ..Rules::default()
        };
        let held = returning(1.0, &rules).held(6, &mut rng).unwrap();
        assert_eq!(held.spans, vec![96..112]);
        let pitches: Vec<u8> = held.notes.iter().map(|note| note.pitch).collect();
        assert_eq!(pitches, [60, 62, 62, 64, 65, 65, 67, 67]);
    }
}
