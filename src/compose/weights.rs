//! How much each measure counts in the order of candidates, and which candidates are nearly the same.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Measured;
use crate::score::{Song, Tick, TrackId};

/// The measure of how well bars lead into those behind them.
pub(crate) const LEADS_ON: &str = "leads on";

/// How much each measure counts in a candidate's score, by the measure's name: 1.0 as it comes, down to 0.0 not at all, up to
/// 2.0 double. Measures that are not named count as they come.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weights(BTreeMap<String, f32>);

impl Weights {
    /// The most that a measure can count.
    pub const MOST: f32 = 2.0;

    /// How much a measure counts unless something else was said: what leads on into the bars behind was written for that.
    pub fn usual(name: &str) -> f32 {
        if name == LEADS_ON { 2.0 } else { 1.0 }
    }

    /// How much a measure counts.
    pub fn of(&self, name: &str) -> f32 {
        let own = self.0.get(name).copied();
        own.filter(|weight| weight.is_finite())
            .unwrap_or_else(|| Self::usual(name))
            .clamp(0.0, Self::MOST)
    }

    /// Has a measure count so much.
    pub fn set(&mut self, name: &str, weight: f32) {
        if (weight - Self::usual(name)).abs() < 1e-3 {
            self.0.remove(name);
        } else {
            let weight = weight.clamp(0.0, Self::MOST);
            self.0.insert(name.to_owned(), weight);
        }
    }

    /// Whether every measure counts as it comes.
    pub fn are_usual(&self) -> bool {
        self.0.is_empty()
    }

    /// The score of a candidate, 0.0..=1.0: the weighted mean merit of its measures; 0 without any that counts.
    pub fn score(&self, measures: &[Measured]) -> f32 {
        let (mut sum, mut all) = (0.0, 0.0);
        for measured in measures {
            let weight = f64::from(self.of(measured.name));
            sum += weight * measured.merit;
            all += weight;
        }
        if all > 0.0 { (sum / all) as f32 } else { 0.0 }
    }
}

/// From this share of common notes on two candidates count as nearly the same.
pub const NEARLY_THE_SAME: f64 = 0.8;

/// The share of notes that two clips have in common, 0.0..=1.0: of the same track, sixteenth and pitch, of all of both. `None`
/// where neither has notes.
pub fn likeness(a: &Song, b: &Song) -> Option<f64> {
    let notes = |song: &Song| -> BTreeSet<(TrackId, i64, u8)> {
        (song.tracks.iter())
            .flat_map(|track| {
                let place = |start: Tick| start.round_to(Tick::SIXTEENTH).0;
                (track.notes().iter())
                    .map(move |note| (track.id, place(note.start), note.pitch.get()))
            })
            .collect()
    };
    let (a, b) = (notes(a), notes(b));
    let all = a.len() + b.len();
    (all > 0).then(|| 2.0 * a.intersection(&b).count() as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::Better;
    use crate::score::{Instrument, Note, Pitch, Role, Track, Velocity};

    fn measured(name: &'static str, merit: f64) -> Measured {
        Measured {
            name,
            meaning: "",
            value: merit,
            better: Better::Higher,
            merit,
        }
    }

    #[test]
    fn the_score_is_the_weighted_mean_merit() {
        let measures = [measured("theme", 0.9), measured("in key", 0.3)];
        let mut weights = Weights::default();
        assert!((weights.score(&measures) - 0.6).abs() < 1e-6);
        weights.set("in key", 2.0);
        assert!((weights.score(&measures) - 0.5).abs() < 1e-6);
        weights.set("in key", 0.0);
        assert!((weights.score(&measures) - 0.9).abs() < 1e-6);
        weights.set("theme", 0.0);
        assert_eq!(weights.score(&measures), 0.0);
        for name in ["theme", "in key"] {
            weights.set(name, Weights::usual(name));
        }
        assert!(weights.are_usual());
        assert_eq!(weights.score(&[]), 0.0);
        // What leads on counts twice: (2 x 0.9 + 0.3) / 3.
        let infill = [measured(LEADS_ON, 0.9), measured("in key", 0.3)];
        assert!((weights.score(&infill) - 0.7).abs() < 1e-6);
    }

    #[test]
    fn likeness_is_the_share_of_common_notes() {
        let song = |notes: &[(i64, i32)]| {
            let notes = notes.iter().map(|(start, pitch)| {
                Note::new(
                    Tick(*start),
                    Tick(100),
                    Pitch::clamped(*pitch),
                    Velocity::DEFAULT,
                )
            });
            let track = Track::new(TrackId(1), "A", Instrument::pitched(0), Role::Melody);
            Song::default().with_track(track.with_notes(notes.collect()))
        };
        let a = song(&[(0, 60), (240, 62), (480, 64), (960, 65)]);
        // Played a little early, and one note another: three of four on both sides.
        let b = song(&[(0, 60), (230, 62), (480, 64), (960, 67)]);
        assert_eq!(likeness(&a, &b), Some(0.75));
        assert_eq!(likeness(&a, &a), Some(1.0));
        assert_eq!(likeness(&song(&[]), &song(&[])), None);
    }
}
