//! The velocity lane: a stem for every note. Drags set one or sweep over many; selected notes go together.

use std::collections::{BTreeMap, HashSet};

use egui::{Align2, CursorIcon, Pos2, Rect, Sense, Stroke, Ui, pos2, vec2};
use lucide_icons::Icon;

use crate::score::edit::{self, Edited};
use crate::score::{Note, NoteKey, Selection, Song, Track, Velocity};

use super::super::command::{Command, CommandQueue};
use super::super::edit::Edit;
use super::super::look::{self, Look};
use super::super::mesh::RectMesh;
use super::super::status::say;
use super::super::studio::Studio;
use super::frame::RollFrame;

/// How near to a stem the pointer takes hold of it in points.
const REACH: f32 = 6.0;
/// Height of the folded lane, and of the head of the open one, in points.
pub(super) const HEAD_HEIGHT: f32 = 22.0;
/// Beyond this many stems in view their heads are squares in the mesh of the stems.
const ROUND: usize = 600;

/// A drag that has begun.
#[derive(Debug, Clone)]
enum Drag {
    /// The stems passed so far, with the loudness they were given.
    Sweep {
        given: BTreeMap<NoteKey, Velocity>,
        last: Pos2,
    },
    /// All selected notes, louder or softer by what the grabbed one is.
    Together {
        selection: Selection,
        grabbed: Velocity,
    },
}

pub(super) fn velocity_ui(
    ui: &Ui,
    studio: &Studio,
    track: &Track,
    frame: RollFrame,
    queue: &mut CommandQueue,
) {
    let rect = ui.max_rect();
    let canvas = Rect::from_min_max(pos2(frame.canvas.left(), rect.top()), rect.max);
    ground_ui(ui, rect);

    let response = ui
        .interact(
            canvas,
            egui::Id::unique("velocities"),
            Sense::click_and_drag(),
        )
        .on_hover_text("Drag over stems to draw how loud notes are; selected notes go together")
        .on_hover_cursor(CursorIcon::ResizeVertical);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, "Velocity lane"));
    if response.hovered() {
        say(
            ui,
            "Drag over stems to draw how loud notes are; selected notes go together",
        );
    }
    drag(ui, &response, studio, track, frame, canvas, queue);

    stems_ui(ui, studio, track, frame, canvas);
    fold_ui(ui, studio, rect.with_max_x(canvas.left()), queue);
}

fn ground_ui(ui: &Ui, rect: Rect) {
    let look = Look::of(ui);
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, look.panel);
    painter.hline(
        rect.x_range(),
        rect.top() + 0.5,
        Stroke::new(1.0, look.line),
    );
}

/// The folded lane: a click opens it.
pub(super) fn folded_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let rect = ui.max_rect();
    ground_ui(ui, rect);
    fold_ui(ui, studio, rect, queue);
}

/// The head of the lane: a click folds it, or opens it again.
fn fold_ui(ui: &Ui, studio: &Studio, rect: Rect, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    let open = studio.view().velocities;
    let what = if open {
        "Fold the velocity lane"
    } else {
        "Show how loud notes are"
    };
    let response = ui
        .interact(rect, egui::Id::unique("velocity head"), Sense::click())
        .on_hover_text(what)
        .on_hover_cursor(CursorIcon::PointingHand);
    response
        .widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, open, "Velocities"));
    let ink = if response.hovered() {
        look.text
    } else {
        look.dim
    };
    let icon = if open {
        Icon::ChevronDown
    } else {
        Icon::ChevronRight
    };
    let painter = ui.painter_at(rect);
    let at = rect.left_top() + vec2(4.0, HEAD_HEIGHT / 2.0);
    let shown = painter.text(
        at,
        Align2::LEFT_CENTER,
        char::from(icon),
        look::icon(look::size::SMALL),
        ink,
    );
    let at = pos2(shown.right() + 2.0, at.y);
    painter.text(at, Align2::LEFT_CENTER, "Vel", look::small(), ink);
    if response.clicked() {
        let mut view = studio.view().clone();
        view.velocities = !open;
        queue.push(Command::SetView(view));
    }
}

fn stems_ui(ui: &Ui, studio: &Studio, track: &Track, frame: RollFrame, canvas: Rect) {
    let look = Look::of(ui);
    let painter = ui.painter_at(canvas);
    let colour = look.track(track.colour);
    let selected: HashSet<NoteKey> = studio.selection().of_track(track.id).collect();
    let notes: Vec<&Note> = frame.in_view_at_any_pitch(track.notes()).collect();
    let round = notes.len() <= ROUND;
    let notes = if round { notes } else { loudest(notes, frame) };
    let (mut stems, mut heads) = (RectMesh::default(), Vec::new());
    // Selected ones last, so that they lie on top.
    for wanted in [false, true] {
        for note in &notes {
            if selected.contains(&note.key(track.id)) != wanted {
                continue;
            }
            let shown = if wanted { look.text } else { colour };
            let shown = if note.muted {
                shown.gamma_multiply(0.3)
            } else {
                shown
            };
            let head = pos2(frame.x(note.start) + 1.0, height_of(note.velocity, canvas));
            let stem = Rect::from_min_max(
                pos2(head.x - 0.75, head.y),
                pos2(head.x + 0.75, canvas.bottom() - 6.0),
            );
            stems.add(stem, shown);
            if round {
                heads.push(egui::Shape::circle_filled(head, 3.0, shown));
            } else {
                stems.add(Rect::from_center_size(head, vec2(4.0, 4.0)), shown);
            }
        }
    }
    painter.add(stems.into_shape());
    painter.extend(heads);
}

/// Of stems in one column of points, the highest: it hides the others.
fn loudest(notes: Vec<&Note>, frame: RollFrame) -> Vec<&Note> {
    let mut kept: Vec<(i32, &Note)> = Vec::new();
    for note in notes {
        let column = frame.x(note.start) as i32;
        match kept.last_mut() {
            Some((last, highest)) if *last == column => {
                if note.velocity > highest.velocity {
                    *highest = note;
                }
            }
            _ => kept.push((column, note)),
        }
    }
    kept.into_iter().map(|(_, note)| note).collect()
}

/// Where the head of a stem is.
fn height_of(velocity: Velocity, canvas: Rect) -> f32 {
    let inner = canvas.shrink2(vec2(0.0, 8.0));
    inner.bottom() - inner.height() * f32::from(velocity.get()) / 127.0
}

/// The loudness at a height.
fn velocity_at(y: f32, canvas: Rect) -> Velocity {
    let inner = canvas.shrink2(vec2(0.0, 8.0));
    Velocity::clamped(((inner.bottom() - y) / inner.height() * 127.0).round() as i32)
}

fn drag(
    ui: &Ui,
    response: &egui::Response,
    studio: &Studio,
    track: &Track,
    frame: RollFrame,
    canvas: Rect,
    queue: &mut CommandQueue,
) {
    let id = egui::Id::unique("velocity drag");
    let current = ui.data(|data| data.get_temp::<Drag>(id));
    let down =
        response.is_pointer_button_down_on() && ui.input(|input| input.pointer.primary_down());
    let pos = ui.input(|input| input.pointer.latest_pos());
    let song = studio.base_song();
    let mut drag = match (current, down, pos) {
        (Some(drag), _, _) => drag,
        (None, true, Some(pos)) => begin(studio, track, frame, pos),
        _ => return,
    };
    let Some(pos) = pos else { return };
    let edited = match &mut drag {
        Drag::Sweep { given, last } => {
            sweep(given, *last, pos, track, frame, canvas);
            *last = pos;
            set_each(song, studio.base_selection(), given)
        }
        Drag::Together { selection, grabbed } => {
            let by = i32::from(velocity_at(pos.y, canvas).get()) - i32::from(grabbed.get());
            edit::shift_velocity(song, selection, by)
        }
    };
    let edit = Edit::notes("Velocity", edited);
    if down {
        queue.push(Command::EditLive(edit));
        ui.data_mut(|data| data.insert_temp(id, drag));
    } else {
        queue.push(edit);
        ui.data_mut(|data| data.remove::<Drag>(id));
    }
}

fn begin(studio: &Studio, track: &Track, frame: RollFrame, pos: Pos2) -> Drag {
    let selection = studio.base_selection();
    let grabbed = near(track, frame, pos.x - REACH, pos.x + REACH)
        .filter(|note| selection.contains(note.key(track.id)))
        .max_by_key(|note| note.velocity);
    match grabbed {
        Some(note) if selection.len() > 1 => Drag::Together {
            selection: selection.clone(),
            grabbed: note.velocity,
        },
        _ => Drag::Sweep {
            given: BTreeMap::new(),
            last: pos,
        },
    }
}

/// Gives every stem between two places of the pointer the height of the line between them.
fn sweep(
    given: &mut BTreeMap<NoteKey, Velocity>,
    from: Pos2,
    to: Pos2,
    track: &Track,
    frame: RollFrame,
    canvas: Rect,
) {
    let still = (to.x - from.x).abs() < 0.5;
    let reach = if still { REACH } else { 1.0 };
    for note in near(
        track,
        frame,
        from.x.min(to.x) - reach,
        from.x.max(to.x) + reach,
    ) {
        let share = if still {
            1.0
        } else {
            ((frame.x(note.start) - from.x) / (to.x - from.x)).clamp(0.0, 1.0)
        };
        let y = from.y + (to.y - from.y) * share;
        given.insert(note.key(track.id), velocity_at(y, canvas));
    }
}

fn near(track: &Track, frame: RollFrame, left: f32, right: f32) -> impl Iterator<Item = &Note> {
    track
        .notes()
        .iter()
        .filter(move |note| (left..=right).contains(&(frame.x(note.start) + 1.0)))
}

/// Gives each note its own loudness, notes of one loudness at once.
fn set_each(song: &Song, selection: &Selection, given: &BTreeMap<NoteKey, Velocity>) -> Edited {
    let mut by_velocity: BTreeMap<Velocity, Selection> = BTreeMap::new();
    for (key, velocity) in given {
        by_velocity.entry(*velocity).or_default().insert(*key);
    }
    let mut edited = Edited {
        song: song.clone(),
        selection: selection.clone(),
    };
    for (velocity, notes) in by_velocity {
        edited.song = edit::set_velocity(&edited.song, &notes, velocity).song;
    }
    edited
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_and_velocities_are_inverse() {
        let canvas = Rect::from_min_size(pos2(10.0, 20.0), vec2(500.0, 143.0));
        for velocity in 1..=127 {
            let velocity = Velocity::clamped(velocity);
            assert_eq!(velocity_at(height_of(velocity, canvas), canvas), velocity);
        }
        assert_eq!(velocity_at(-100.0, canvas).get(), 127);
        assert_eq!(velocity_at(1000.0, canvas).get(), 1);
    }
}
