//! Where things are in the roll: ticks and pitches to points and back.

use egui::{Pos2, Rect, pos2};

use super::super::view::{PitchAxis, TimeAxis};
use crate::score::{Note, Pitch, Span, Tick};

/// The canvas of the roll and what it shows.
#[derive(Debug, Clone, Copy)]
pub struct RollFrame {
    /// Where notes are drawn.
    pub canvas: Rect,
    /// Left to right.
    pub time: TimeAxis,
    /// Bottom to top.
    pub pitch: PitchAxis,
}

impl RollFrame {
    /// Where `tick` is, left to right.
    pub fn x(&self, tick: Tick) -> f32 {
        self.canvas.left() + self.time.x(tick)
    }

    /// The top of the row of `pitch`.
    pub fn y(&self, pitch: Pitch) -> f32 {
        self.canvas.top() + self.pitch.y(pitch)
    }

    /// The tick at a place; never before the song.
    pub fn tick(&self, pos: Pos2) -> Tick {
        self.time.tick(pos.x - self.canvas.left()).max(Tick::ZERO)
    }

    /// The pitch of the row at a place.
    pub fn pitch(&self, pos: Pos2) -> Pitch {
        self.pitch.pitch(pos.y - self.canvas.top())
    }

    /// The middle of a row at a tick: where a test or a tool points.
    pub fn point(&self, tick: Tick, pitch: Pitch) -> Pos2 {
        pos2(self.x(tick), self.y(pitch) + self.pitch.row / 2.0)
    }

    /// The time in view.
    pub fn span(&self) -> Span {
        self.time.visible(self.canvas.width())
    }

    /// The lowest and the highest pitch in view.
    pub fn pitches(&self) -> (Pitch, Pitch) {
        self.pitch.visible(self.canvas.height())
    }

    /// The row of `pitch` from left to right.
    pub fn row(&self, pitch: Pitch) -> Rect {
        let top = self.y(pitch);
        Rect::from_min_max(
            pos2(self.canvas.left(), top),
            pos2(self.canvas.right(), top + self.pitch.row),
        )
    }

    /// Where a note is drawn: at least two points wide.
    pub fn note(&self, note: &Note) -> Rect {
        let (left, top) = (self.x(note.start), self.y(note.pitch));
        let width = (self.time.width(note.duration) - 1.0).max(2.0);
        Rect::from_min_max(
            pos2(left, top + 0.5),
            pos2(left + width, top + self.pitch.row - 0.5),
        )
    }

    /// The notes of `track`'s sorted `notes` that can be in view.
    pub fn in_view<'a>(&self, notes: &'a [Note]) -> impl Iterator<Item = &'a Note> + use<'a> {
        let (low, high) = self.pitches();
        self.in_view_at_any_pitch(notes)
            .filter(move |note| (low..=high).contains(&note.pitch))
    }

    /// The notes of sorted `notes` that sound in the time in view.
    pub fn in_view_at_any_pitch<'a>(
        &self,
        notes: &'a [Note],
    ) -> impl Iterator<Item = &'a Note> + use<'a> {
        let span = self.span();
        let longest = notes
            .iter()
            .map(|note| note.duration)
            .max()
            .unwrap_or_default();
        let from = notes.partition_point(|note| note.start + longest < span.start);
        let to = notes.partition_point(|note| note.start < span.end);
        notes
            .get(from..to.max(from))
            .unwrap_or_default()
            .iter()
            .filter(move |note| note.end() > span.start)
    }
}
