//! The morph pad: up to four ideas, and a place between them.

use std::sync::Arc;

use crate::score::{Lineage, Note, Song, Span};

/// Something that a network wrote, on a corner of the pad.
#[derive(Debug, Clone, PartialEq)]
pub struct Idea {
    /// The music, from tick 0.
    pub clip: Arc<Song>,
    /// How many bars it has.
    pub bars: u32,
    /// How it came to be: between these the network moves.
    pub lineage: Arc<Lineage>,
}

/// What the pad is set to.
#[derive(Debug, Clone, PartialEq)]
pub struct Morph {
    /// Top left, top right, bottom left, bottom right.
    pub ideas: [Option<Idea>; 4],
    /// Where the puck is: right and down, 0..=1 each.
    pub place: [f32; 2],
}

impl Default for Morph {
    fn default() -> Self {
        Self {
            ideas: Default::default(),
            place: [0.5, 0.5],
        }
    }
}

impl Morph {
    /// What the corners are called.
    pub const CORNERS: [&str; 4] = ["A", "B", "C", "D"];

    /// How many corners hold an idea.
    pub fn count(&self) -> usize {
        self.ideas.iter().flatten().count()
    }

    /// How much of each corner is heard: bilinear over the pad, shared out among the corners that hold an idea; sums to 1,
    /// or is all 0 where none does.
    pub fn weights(&self) -> [f32; 4] {
        let [x, y] = self.place.map(|at| at.clamp(0.0, 1.0));
        let corners = [(1.0 - x) * (1.0 - y), x * (1.0 - y), (1.0 - x) * y, x * y];
        let mut weights: [f32; 4] = std::array::from_fn(|corner| {
            if self.ideas[corner].is_some() {
                corners[corner]
            } else {
                0.0
            }
        });
        let sum: f32 = weights.iter().sum();
        if sum > 0.0 {
            weights = weights.map(|weight| weight / sum);
        } else if let Some(only) = self.ideas.iter().position(Option::is_some) {
            // The puck is on an empty corner: the first idea that there is.
            weights[only] = 1.0;
        }
        weights
    }
}

/// `next`, but in `bar` with the notes of `now`: so that what is heard changes at a bar line. Tracks that one of them lacks are
/// as in `next`.
pub(super) fn changing_after(now: &Song, next: &Song, bar: Span) -> Song {
    let mut song = next.clone();
    for track in &mut song.tracks {
        let Some(before) = now.track(track.id) else {
            continue;
        };
        if before.notes() == track.notes() {
            continue;
        }
        let outside = track
            .notes()
            .iter()
            .filter(|note| !bar.contains(note.start));
        let inside = before.notes_starting_in(bar).iter().map(|note| Note {
            // What is held on would sound together with what comes next.
            duration: note.duration.min(bar.end - note.start),
            ..*note
        });
        let notes = inside.chain(outside.copied()).collect();
        *track = Arc::new(track.with_notes(notes));
    }
    song
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::score::{Instrument, Pitch, Role, Tick, Track, TrackId, Velocity};

    fn idea() -> Idea {
        Idea {
            clip: Arc::default(),
            bars: 4,
            lineage: Arc::new(Lineage {
                kind: "seed".to_owned(),
                model: String::new(),
                checkpoint: String::new(),
                seed: 1,
                candidate: 0,
                settings: BTreeMap::new(),
                parent: None,
            }),
        }
    }

    #[test]
    fn weights_are_bilinear_among_the_ideas_that_are_there() {
        let mut morph = Morph {
            ideas: [(); 4].map(|()| Some(idea())),
            place: [0.25, 0.5],
        };
        assert_eq!(morph.weights(), [0.375, 0.125, 0.375, 0.125]);
        morph.ideas[2] = None;
        morph.ideas[3] = None;
        assert_eq!(morph.weights(), [0.75, 0.25, 0.0, 0.0]);
        morph.place = [0.0, 1.0];
        assert_eq!(morph.weights(), [1.0, 0.0, 0.0, 0.0]);
        assert_eq!(Morph::default().weights(), [0.0; 4]);
        assert_eq!(morph.count(), 2);
    }

    #[test]
    fn the_bar_that_sounds_is_finished_first() {
        let track = |pitch| {
            let notes = (0..8)
                .map(|beat| {
                    let start = Tick::QUARTER * beat;
                    Note::new(start, Tick(2000), Pitch::clamped(pitch), Velocity::DEFAULT)
                })
                .collect();
            Track::new(TrackId(1), "t", Instrument::pitched(0), Role::Piano).with_notes(notes)
        };
        let now = Song::default().with_track(track(60));
        let next = Song::default().with_track(track(70));
        let bar = Span::new(Tick(0), Tick(3840));
        let song = changing_after(&now, &next, bar);
        let pitches: Vec<u8> = (song.tracks[0].notes().iter())
            .map(|note| note.pitch.get())
            .collect();
        assert_eq!(pitches, [60, 60, 60, 60, 70, 70, 70, 70]);
        assert!(
            (song.tracks[0].notes().iter())
                .all(|note| note.start >= bar.end || note.end() <= bar.end)
        );
    }
}
