//! What the pointer is on.

use egui::Pos2;

use super::frame::RollFrame;
use crate::score::{Note, Track};

/// The part of a note under the pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The left edge: drags move the onset.
    Start,
    /// Between the edges: drags move the note.
    Body,
    /// The right edge: drags move the end.
    End,
}

/// What is under the pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// A note.
    Note(Note, Part),
    /// No note.
    Empty,
}

/// How far into a note its edges reach in points.
const EDGE: f32 = 6.0;

/// What of `track` is at `pos`. Of notes that meet there, the one that begins last; a short note is body in its middle
/// third at least.
pub fn hit(track: &Track, frame: RollFrame, pos: Pos2) -> Hit {
    if !frame.canvas.contains(pos) {
        return Hit::Empty;
    }
    let pitch = frame.pitch(pos);
    // A couple of points beyond the end still take hold of it.
    let reach = 2.0;
    let found = frame
        .in_view(track.notes())
        .filter(|note| note.pitch == pitch)
        .filter(|note| {
            let rect = frame.note(note);
            rect.left() <= pos.x && pos.x <= rect.right() + reach
        })
        .max_by_key(|note| note.start);
    let Some(note) = found else { return Hit::Empty };
    let rect = frame.note(note);
    let edge = EDGE.min(rect.width() / 3.0);
    let part = if pos.x >= rect.right() - edge {
        Part::End
    } else if pos.x <= rect.left() + edge {
        Part::Start
    } else {
        Part::Body
    };
    Hit::Note(*note, part)
}

#[cfg(test)]
mod tests {
    use egui::{Rect, pos2, vec2};

    use super::super::super::view::View;
    use super::*;
    use crate::score::{Instrument, Pitch, Role, Tick, TrackId, Velocity};

    fn frame() -> RollFrame {
        let view = View::default();
        let canvas = Rect::from_min_size(pos2(100.0, 50.0), vec2(800.0, 300.0));
        RollFrame {
            canvas,
            time: view.roll,
            pitch: view.pitch_axis(canvas.height()),
        }
    }

    fn track(notes: &[(i64, i64, u8)]) -> Track {
        let notes = notes
            .iter()
            .map(|(start, duration, pitch)| {
                Note::new(
                    Tick(*start),
                    Tick(*duration),
                    Pitch::clamped(i32::from(*pitch)),
                    Velocity::DEFAULT,
                )
            })
            .collect();
        Track::new(TrackId(1), "Melody", Instrument::pitched(73), Role::Melody).with_notes(notes)
    }

    #[test]
    fn a_note_has_a_body_and_two_edges() {
        let (frame, track) = (frame(), track(&[(960, 960, 70)]));
        let rect = frame.note(&track.notes()[0]);
        let y = rect.center().y;
        let part = |x: f32| match hit(&track, frame, pos2(x, y)) {
            Hit::Note(_, part) => Some(part),
            Hit::Empty => None,
        };
        assert_eq!(part(rect.left() - 1.0), None);
        assert_eq!(part(rect.left() + 1.0), Some(Part::Start));
        assert_eq!(part(rect.center().x), Some(Part::Body));
        assert_eq!(part(rect.right() - 1.0), Some(Part::End));
        assert_eq!(part(rect.right() + 4.0), None);
        assert_eq!(
            hit(&track, frame, pos2(rect.center().x, y + frame.pitch.row)),
            Hit::Empty
        );
    }

    #[test]
    fn a_short_note_can_still_be_moved() {
        let (frame, track) = (frame(), track(&[(960, 60, 70)]));
        let rect = frame.note(&track.notes()[0]);
        assert!(matches!(
            hit(&track, frame, rect.center()),
            Hit::Note(_, Part::Body)
        ));
    }

    #[test]
    fn where_two_notes_meet_the_later_one_is_hit() {
        let (frame, track) = (frame(), track(&[(0, 960, 70), (960, 960, 70)]));
        let seam = frame.note(&track.notes()[1]).left_center();
        assert!(
            matches!(hit(&track, frame, seam), Hit::Note(note, Part::Start) if note.start == Tick(960))
        );
    }
}
