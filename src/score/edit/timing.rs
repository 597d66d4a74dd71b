//! Quantise, humanise, retrograde, double and half time.

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use super::{Edited, free_notes, rewrite_each};
use crate::score::{Note, Selection, Song, Tick, Velocity};

/// How notes are drawn to a grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantise {
    /// The grid; zero or less changes nothing.
    pub grid: Tick,
    /// How far a note goes towards its line, 0..=1.
    pub strength: f64,
    /// How late every second line of the grid comes, as a share of the grid, 0..=1: 1/3 makes pairs of triplets.
    pub swing: f64,
    /// Whether ends are drawn to the grid too; otherwise notes keep their lengths.
    pub ends: bool,
}

impl Default for Quantise {
    /// To sixteenths, fully, straight, onsets only.
    fn default() -> Self {
        Self {
            grid: Tick::SIXTEENTH,
            strength: 1.0,
            swing: 0.0,
            ends: false,
        }
    }
}

impl Quantise {
    /// The line nearest to `at`, the later of two equally near.
    fn line(&self, at: Tick) -> Tick {
        let late = Tick((self.grid.0 as f64 * share(self.swing)).round() as i64);
        let pair = self.grid * 2;
        let base = at.floor_to(pair);
        let lines = [base, base + self.grid + late, base + pair];
        lines
            .into_iter()
            .min_by_key(|line| ((*line - at).0.abs(), -line.0))
            .unwrap_or(at)
    }

    fn drawn(&self, at: Tick) -> Tick {
        let way = (self.line(at) - at).0 as f64 * share(self.strength);
        at + Tick(way.round() as i64)
    }
}

fn share(value: f64) -> f64 {
    if value.is_finite() {
        value.clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// Draws the selected notes to a grid.
pub fn quantise(song: &Song, selection: &Selection, how: &Quantise) -> Edited {
    if how.grid <= Tick::ZERO {
        return Edited::unchanged(song, selection);
    }
    rewrite_each(song, selection, |note| {
        let start = how.drawn(note.start);
        let duration = if how.ends {
            let end = how.drawn(note.end());
            // A note shorter than half the grid would vanish: it gets one step.
            if end > start { end - start } else { how.grid }
        } else {
            note.duration
        };
        Note {
            start,
            duration,
            ..*note
        }
    })
}

/// How notes are loosened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Humanise {
    /// The farthest a note moves either way.
    pub time: Tick,
    /// The most a velocity changes either way.
    pub velocity: u8,
    /// The random seed: equal seeds give equal results.
    pub seed: u64,
}

/// Moves every selected note a little in time and velocity, at random; small changes are likelier than large ones.
pub fn humanise(song: &Song, selection: &Selection, how: &Humanise) -> Edited {
    let mut rng = Pcg64::seed_from_u64(how.seed);
    // The sum of two dice: a triangle around zero, -1..=1.
    let mut lean = move || rng.random_range(-0.5..=0.5) + rng.random_range(-0.5..=0.5);
    let time = how.time.max(Tick::ZERO).0 as f64;
    rewrite_each(song, selection, |note| {
        let later = Tick((lean() * time).round() as i64);
        let louder = (lean() * f64::from(how.velocity)).round() as i32;
        Note {
            start: (note.start + later).max(Tick::ZERO),
            velocity: Velocity::clamped(i32::from(note.velocity.get()) + louder),
            ..*note
        }
    })
}

/// Turns the selected notes around in time: the last comes first. They keep the stretch of time they fill.
pub fn retrograde(song: &Song, selection: &Selection) -> Edited {
    let free = free_notes(song, selection);
    let notes = || free.iter().flat_map(|(_, notes)| notes);
    let (Some(start), Some(end)) = (
        notes().map(|note| note.start).min(),
        notes().map(Note::end).max(),
    ) else {
        return Edited::unchanged(song, selection);
    };
    rewrite_each(song, selection, |note| Note {
        start: start + (end - note.end()),
        ..*note
    })
}

/// Stretches the selected notes from their first onset by `numerator / denominator`: 2/1 halves the speed, 1/2 doubles it.
pub fn stretch(song: &Song, selection: &Selection, numerator: u16, denominator: u16) -> Edited {
    let first = free_notes(song, selection)
        .iter()
        .flat_map(|(_, notes)| notes.iter().map(|note| note.start))
        .min();
    let (Some(first), true) = (first, numerator > 0 && denominator > 0) else {
        return Edited::unchanged(song, selection);
    };
    let scaled = |ticks: Tick| Tick(ticks.0 * i64::from(numerator) / i64::from(denominator));
    rewrite_each(song, selection, |note| {
        let start = first + scaled(note.start - first);
        Note {
            start,
            duration: (first + scaled(note.end() - first) - start).max(Tick(1)),
            ..*note
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{shown, song_of};
    use super::*;

    #[test]
    fn notes_go_to_the_grid_as_far_as_asked() {
        let song = song_of(&[(230, 100, 60), (500, 100, 62)]);
        let all = Selection::all(&song);
        let full = quantise(&song, &all, &Quantise::default());
        assert_eq!(shown(&full.song), [(240, 100, 60), (480, 100, 62)]);
        let half = Quantise {
            strength: 0.5,
            ..Quantise::default()
        };
        assert_eq!(
            shown(&quantise(&song, &all, &half).song),
            [(235, 100, 60), (490, 100, 62)]
        );
    }

    #[test]
    fn swing_makes_every_second_line_late() {
        let song = song_of(&[(0, 60, 60), (240, 60, 60), (480, 60, 60), (720, 60, 60)]);
        let swing = Quantise {
            swing: 1.0 / 3.0,
            ..Quantise::default()
        };
        let edited = quantise(&song, &Selection::all(&song), &swing);
        let starts: Vec<i64> = shown(&edited.song).iter().map(|n| n.0).collect();
        assert_eq!(starts, [0, 320, 480, 800]);
    }

    #[test]
    fn quantised_ends_leave_no_note_empty() {
        let song = song_of(&[(0, 50, 60), (480, 400, 62)]);
        let how = Quantise {
            ends: true,
            ..Quantise::default()
        };
        let edited = quantise(&song, &Selection::all(&song), &how);
        assert_eq!(shown(&edited.song), [(0, 240, 60), (480, 480, 62)]);
    }

    #[test]
    fn equal_seeds_humanise_equally_and_within_bounds() {
        let song = song_of(&[(1000, 100, 60), (2000, 100, 62), (3000, 100, 64)]);
        let all = Selection::all(&song);
        let how = |seed| Humanise {
            time: Tick(20),
            velocity: 10,
            seed,
        };
        let one = humanise(&song, &all, &how(1));
        assert_eq!(one, humanise(&song, &all, &how(1)));
        assert_ne!(one, humanise(&song, &all, &how(2)));
        for (before, after) in song.tracks[0]
            .notes()
            .iter()
            .zip(one.song.tracks[0].notes())
        {
            assert!((before.start - after.start).0.abs() <= 20);
            assert!(before.velocity.get().abs_diff(after.velocity.get()) <= 10);
        }
    }

    #[test]
    fn retrograde_twice_is_none() {
        let song = song_of(&[(100, 50, 60), (200, 300, 62)]);
        let once = retrograde(&song, &Selection::all(&song));
        assert_eq!(shown(&once.song), [(100, 300, 62), (450, 50, 60)]);
        assert_eq!(retrograde(&once.song, &once.selection).song, song);
    }

    #[test]
    fn half_time_doubles_every_length() {
        let song = song_of(&[(100, 50, 60), (200, 300, 62)]);
        let slow = stretch(&song, &Selection::all(&song), 2, 1);
        assert_eq!(shown(&slow.song), [(100, 100, 60), (300, 600, 62)]);
        assert_eq!(stretch(&slow.song, &slow.selection, 1, 2).song, song);
    }
}
