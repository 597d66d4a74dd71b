//! What presses begin, and how a drag goes on: from places of the pointer to edits.

use egui::{Modifiers, Pos2, Rect, Stroke, Ui};

use crate::score::edit::{self, Edited};
use crate::score::{
    Key, Note, NoteKey, Pitch, PitchClass, Selection, Song, Span, Tick, Track, Velocity,
};

use super::super::command::{Command, CommandQueue};
use super::super::edit::Edit;
use super::super::look::Look;
use super::super::studio::Studio;
use super::super::view::Tool;
use super::frame::RollFrame;
use super::hit::{Hit, Part, hit};

/// A drag that has begun.
#[derive(Debug, Clone)]
pub(super) enum Gesture {
    /// A new note: the drag sets its end.
    Draw { note: Note },
    /// Move the selected notes; `copy` leaves the old ones where they are.
    Move {
        from: Grip,
        grabbed: Note,
        selection: Selection,
        copy: bool,
    },
    /// Move the onsets of the selected notes.
    ResizeStart {
        from: Grip,
        grabbed: Note,
        selection: Selection,
    },
    /// Move the ends of the selected notes.
    ResizeEnd {
        from: Grip,
        grabbed: Note,
        selection: Selection,
    },
    /// Catch notes in a rectangle between where it began and the pointer; `with` were selected before.
    Band { from: Grip, with: Selection },
    /// Delete what the pointer passes over.
    Erase { erased: Selection },
    /// The press has done all; the drag does nothing more.
    Spent,
}

/// Where in the song the pointer took hold: it stays valid while the view scrolls under a drag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grip {
    tick: Tick,
    pitch: Pitch,
}

pub(super) struct Context<'a> {
    pub(super) studio: &'a Studio,
    pub(super) track: &'a Track,
    pub(super) frame: RollFrame,
    pub(super) modifiers: Modifiers,
}

impl Context<'_> {
    /// The song that edits start from.
    fn song(&self) -> &Song {
        self.studio.base_song()
    }

    /// A tick on the grid, or as it is with alt held.
    pub(super) fn snapped(&self, tick: Tick) -> Tick {
        if self.modifiers.alt {
            tick
        } else {
            self.studio.view().snapped(tick)
        }
    }

    /// The pitch under the pointer; with the scale lock the nearest one of the key.
    fn pitch(&self, pos: Pos2) -> Pitch {
        let pitch = self.frame.pitch(pos);
        match self.song().key {
            Some(key) if self.studio.view().scale_lock && !self.track.instrument.drums => {
                nearest_in_key(pitch, key)
            }
            _ => pitch,
        }
    }

    fn preview(&self, pitch: Pitch, velocity: Velocity, queue: &mut CommandQueue) {
        queue.push(Command::Preview {
            instrument: self.track.instrument,
            pitch,
            velocity,
        });
    }

    /// What a press begins.
    pub(super) fn begin(
        &self,
        under: Hit,
        pos: Pos2,
        secondary: bool,
        queue: &mut CommandQueue,
    ) -> Gesture {
        if secondary {
            return Gesture::Erase {
                erased: Selection::none(),
            };
        }
        let grip = Grip {
            tick: self.frame.tick(pos),
            pitch: self.frame.pitch(pos),
        };
        match (self.studio.view().tool, under) {
            (Tool::Knife, Hit::Note(note, _)) => {
                let at = self.snapped(self.frame.tick(pos));
                let edited = edit::split_note(self.song(), note.key(self.track.id), at);
                queue.push(Edit::notes("Cut note", edited));
                Gesture::Spent
            }
            (Tool::Glue, Hit::Note(note, _)) => {
                queue.push(Edit::notes(
                    "Glue notes",
                    edit::glue(self.song(), &self.to_glue(&note)),
                ));
                Gesture::Spent
            }
            (Tool::Pencil | Tool::Select, Hit::Note(note, part)) => {
                let selection = self.grab(&note, queue);
                self.preview(note.pitch, note.velocity, queue);
                match part {
                    Part::Start => Gesture::ResizeStart {
                        from: grip,
                        grabbed: note,
                        selection,
                    },
                    Part::End => Gesture::ResizeEnd {
                        from: grip,
                        grabbed: note,
                        selection,
                    },
                    Part::Body => Gesture::Move {
                        from: grip,
                        grabbed: note,
                        selection,
                        copy: self.modifiers.alt,
                    },
                }
            }
            (Tool::Pencil, Hit::Empty) if !self.modifiers.shift => {
                let start = if self.modifiers.alt {
                    self.frame.tick(pos)
                } else {
                    self.studio.view().snapped_down(self.frame.tick(pos))
                };
                let note = self.note_at(start, pos);
                self.preview(note.pitch, note.velocity, queue);
                Gesture::Draw { note }
            }
            _ => {
                let keep = self.modifiers.shift || self.modifiers.command;
                let with = if keep {
                    self.studio.base_selection().clone()
                } else {
                    Selection::none()
                };
                Gesture::Band { from: grip, with }
            }
        }
    }

    /// The selection that a press on `note` works on: the present one if it holds the note, else the note alone; with
    /// shift or ctrl the note is added or taken out.
    fn grab(&self, note: &Note, queue: &mut CommandQueue) -> Selection {
        let key = note.key(self.track.id);
        let mut selection = self.studio.base_selection().clone();
        if self.modifiers.shift || self.modifiers.command {
            selection.toggle(key);
        } else if !selection.contains(key) {
            selection = [key].into_iter().collect();
        }
        if selection != *self.studio.base_selection() {
            queue.push(Command::Select(selection.clone()));
        }
        selection
    }

    /// The selected notes if `note` is one of several, else the note and the next one of its pitch.
    fn to_glue(&self, note: &Note) -> Selection {
        let key = note.key(self.track.id);
        let selection = self.studio.base_selection();
        if selection.contains(key) && selection.len() > 1 {
            return selection.clone();
        }
        let next = self
            .track
            .notes()
            .iter()
            .find(|other| other.pitch == note.pitch && other.start > note.start);
        std::iter::once(key)
            .chain(next.map(|next| next.key(self.track.id)))
            .collect()
    }

    /// The loudness of the last note before `start`: a drawn line goes on as loud as it was.
    fn velocity_near(&self, start: Tick) -> Velocity {
        let notes = self.track.notes();
        let after = notes.partition_point(|note| note.start <= start);
        after
            .checked_sub(1)
            .and_then(|index| notes.get(index))
            .map_or(Velocity::DEFAULT, |note| note.velocity)
    }

    /// Carries a gesture on to `pos`; `down` is false at the release, which makes it a step.
    pub(super) fn go_on(
        &self,
        gesture: Gesture,
        pos: Pos2,
        down: bool,
        ui: &Ui,
        queue: &mut CommandQueue,
    ) -> Gesture {
        match gesture {
            Gesture::Draw { note } => self.draw(note, pos, down, queue),
            Gesture::Move {
                from,
                ref grabbed,
                ref selection,
                copy,
            } => {
                // With a copy, alt has said that one is wanted; it does not also leave the grid.
                let alt = self.modifiers.alt && !copy;
                let time = self.moved_in_time(grabbed.start, from, pos, alt);
                let target = grabbed
                    .pitch
                    .transposed(self.rows(from, pos))
                    .unwrap_or(grabbed.pitch);
                let target = match self.song().key {
                    Some(key) if self.studio.view().scale_lock && target != grabbed.pitch => {
                        nearest_in_key(target, key)
                    }
                    _ => target,
                };
                let semitones = i32::from(target.get()) - i32::from(grabbed.pitch.get());
                let edited = moved(self.song(), selection, time, semitones, copy);
                let name = if copy { "Copy notes" } else { "Move notes" };
                self.sound_once(ui, target, grabbed, queue);
                finish(name, edited, down, queue);
                gesture
            }
            Gesture::ResizeStart {
                from,
                ref grabbed,
                ref selection,
            } => {
                let by = self.moved_in_time(grabbed.start, from, pos, self.modifiers.alt);
                finish(
                    "Change onset",
                    edit::resize_start(self.song(), selection, by),
                    down,
                    queue,
                );
                gesture
            }
            Gesture::ResizeEnd {
                from,
                ref grabbed,
                ref selection,
            } => {
                let by = self.moved_in_time(grabbed.end(), from, pos, self.modifiers.alt);
                let edited = edit::resize_end(self.song(), selection, by);
                if !down && by != Tick::ZERO {
                    let mut view = self.studio.view().clone();
                    view.pencil_length = (grabbed.duration + by).max(Tick(1));
                    queue.push(Command::SetView(view));
                }
                finish("Change length", edited, down, queue);
                gesture
            }
            Gesture::Band { from, ref with } => {
                self.band(from, with, pos, down, ui, queue);
                gesture
            }
            Gesture::Erase { mut erased } => {
                if let Hit::Note(note, _) = hit(self.track, self.frame, pos) {
                    erased.insert(note.key(self.track.id));
                }
                if !erased.is_empty() {
                    finish(
                        "Erase notes",
                        edit::delete(self.song(), &erased),
                        down,
                        queue,
                    );
                }
                Gesture::Erase { erased }
            }
            Gesture::Spent => Gesture::Spent,
        }
    }

    fn draw(&self, note: Note, pos: Pos2, down: bool, queue: &mut CommandQueue) -> Gesture {
        let view = self.studio.view();
        let step = view.snap.step().unwrap_or(Tick(60));
        let mut drawn = note;
        // The length follows the pointer once that has left the step in which the note begins.
        let reached = self.frame.tick(pos);
        if reached >= note.start + step {
            let end = if self.modifiers.alt {
                reached
            } else {
                reached.ceil_to(step)
            };
            drawn.duration = (end - note.start).max(Tick(1));
        }
        let edited = edit::add(self.song(), self.track.id, &[drawn]);
        if !down && drawn.duration != view.pencil_length {
            let mut view = view.clone();
            view.pencil_length = drawn.duration;
            queue.push(Command::SetView(view));
        }
        finish("Draw note", edited, down, queue);
        Gesture::Draw { note }
    }

    fn band(
        &self,
        from: Grip,
        with: &Selection,
        pos: Pos2,
        down: bool,
        ui: &Ui,
        queue: &mut CommandQueue,
    ) {
        let look = Look::of(ui);
        let Grip { tick, pitch } = from;
        let corner = Rect::from_two_pos(self.frame.point(tick, pitch), pos);
        let inside = corner.width() > 3.0 || corner.height() > 3.0;
        let mut selection = with.clone();
        if inside {
            let (a, b) = (pitch, self.frame.pitch(pos));
            let span = Span::new(tick, self.frame.tick(pos));
            let caught = Selection::rectangle(self.song(), self.track.id, span, a.min(b), a.max(b));
            selection = selection.with(&caught);
        }
        if selection != *self.studio.base_selection() {
            queue.push(Command::Select(selection));
        }
        if down && inside {
            let rect = Rect::from_two_pos(
                egui::pos2(self.frame.x(tick), self.frame.point(tick, pitch).y),
                pos,
            );
            let painter = ui.painter_at(self.frame.canvas);
            painter.rect(
                rect,
                2.0,
                look.accent.gamma_multiply(0.08),
                Stroke::new(1.0, look.accent.gamma_multiply(0.8)),
                egui::StrokeKind::Inside,
            );
        }
    }

    /// With the select tool: on empty ground a new note, on a note away with it.
    pub(super) fn double_click(&self, under: Hit, pos: Pos2, queue: &mut CommandQueue) {
        match under {
            Hit::Note(note, _) => {
                let selection = [note.key(self.track.id)].into_iter().collect();
                queue.push(Edit::notes(
                    "Delete note",
                    edit::delete(self.song(), &selection),
                ));
            }
            Hit::Empty => {
                let start = self.studio.view().snapped_down(self.frame.tick(pos));
                let note = self.note_at(start, pos);
                self.preview(note.pitch, note.velocity, queue);
                queue.push(Edit::notes(
                    "Draw note",
                    edit::add(self.song(), self.track.id, &[note]),
                ));
            }
        }
    }

    /// The note that the pencil puts at `start`, with the pitch under `pos`.
    fn note_at(&self, start: Tick, pos: Pos2) -> Note {
        Note::new(
            start,
            self.studio.view().pencil_length,
            self.pitch(pos),
            self.velocity_near(start),
        )
    }

    /// How far the pointer went in time, so that what was at `grabbed` lands on the grid unless it is `free`.
    fn moved_in_time(&self, grabbed: Tick, from: Grip, pos: Pos2, free: bool) -> Tick {
        let points = pos.x - self.frame.x(from.tick);
        // A press that hardly moved moves nothing.
        if points.abs() < 3.0 {
            Tick::ZERO
        } else {
            let to = grabbed + self.frame.time.length(points);
            let to = if free {
                to
            } else {
                self.studio.view().snapped(to)
            };
            to - grabbed
        }
    }

    /// How many rows up the pointer went.
    fn rows(&self, from: Grip, pos: Pos2) -> i32 {
        i32::from(self.frame.pitch(pos).get()) - i32::from(from.pitch.get())
    }

    /// Sounds the pitch that a moved note has reached, when it changes.
    fn sound_once(&self, ui: &Ui, pitch: Pitch, grabbed: &Note, queue: &mut CommandQueue) {
        let id = egui::Id::unique("moved to");
        let last = ui.data(|data| data.get_temp::<(NoteKey, Pitch)>(id));
        let key = grabbed.key(self.track.id);
        let sounded = match last {
            Some((of, pitch)) if of == key => pitch,
            _ => grabbed.pitch,
        };
        if sounded != pitch {
            self.preview(pitch, grabbed.velocity, queue);
        }
        ui.data_mut(|data| data.insert_temp(id, (key, pitch)));
    }
}

/// Shows an edit while the button is down, makes it a step at the release.
fn finish(name: &'static str, edited: Edited, down: bool, queue: &mut CommandQueue) {
    let edit = Edit::notes(name, edited);
    queue.push(if down {
        Command::EditLive(edit)
    } else {
        Command::Edit(edit)
    });
}

/// The selected notes moved; with `copy` the old ones stay.
fn moved(song: &Song, selection: &Selection, time: Tick, semitones: i32, copy: bool) -> Edited {
    let mut edited = edit::move_by(song, selection, time, semitones);
    if copy && (time != Tick::ZERO || semitones != 0) {
        let there = edited.selection.clone();
        for track in selection.tracks() {
            let old: Vec<Note> = selection
                .notes(song)
                .filter(|(id, _)| *id == track)
                .map(|(_, note)| *note)
                .collect();
            edited.song = edit::add(&edited.song, track, &old).song;
        }
        edited.selection = there;
    }
    edited
}

/// The pitch of `key` nearest to `pitch`, the lower one of two.
fn nearest_in_key(pitch: Pitch, key: Key) -> Pitch {
    let set = key.pitch_classes();
    (0..12)
        .flat_map(|distance| [-distance, distance])
        .filter_map(|distance| pitch.transposed(distance))
        .find(|near| set.contains(*near))
        .unwrap_or_else(|| Pitch::clamped(i32::from(PitchClass::of(pitch).get())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_lock_takes_the_nearest_pitch() {
        let key: Key = "C major".parse().unwrap();
        assert_eq!(nearest_in_key(Pitch::clamped(60), key), Pitch::clamped(60));
        assert_eq!(nearest_in_key(Pitch::clamped(61), key), Pitch::clamped(60));
        assert_eq!(
            nearest_in_key(Pitch::clamped(127), key),
            Pitch::clamped(127)
        );
    }
}
