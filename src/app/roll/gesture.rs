//! Presses, drags and clicks on the canvas, by tool.
//!
//! A gesture begins at the press, not after some distance, so that a drawn note is seen and heard at once. While the
//! button is down every frame pushes a live edit that starts from the song of the last step; the release pushes the
//! step. Escape takes it back.

use egui::{CursorIcon, Key, Modifiers, PointerButton, Pos2, Sense, Stroke, Ui};

use crate::score::Track;

use super::super::command::{Command, CommandQueue};
use super::super::keys;
use super::super::look::Look;
use super::super::status::say;
use super::super::studio::Studio;
use super::super::view::Tool;
use super::context::{Context, Gesture};
use super::frame::RollFrame;
use super::hit::{Hit, Part, hit};

/// Carries on what the pointer does; true while a drag with Space held pans the view.
pub(super) fn gesture_ui(
    ui: &Ui,
    studio: &Studio,
    track: &Track,
    frame: RollFrame,
    queue: &mut CommandQueue,
) -> bool {
    let id = egui::Id::unique("gesture");
    let response = ui.interact(
        frame.canvas,
        egui::Id::unique("canvas"),
        Sense::click_and_drag(),
    );
    response.widget_info(|| {
        egui::WidgetInfo::labeled(
            egui::Role::Canvas,
            true,
            format!("Pianoroll of {}", track.name),
        )
    });
    let (modifiers, origin, latest, primary, secondary) = ui.input(|input| {
        let pointer = &input.pointer;
        (
            input.modifiers,
            pointer.press_origin(),
            pointer.latest_pos(),
            pointer.primary_down(),
            pointer.secondary_down(),
        )
    });
    let context = Context {
        studio,
        track,
        frame,
        modifiers,
    };

    if panning(ui, &response) {
        ui.set_cursor_icon(CursorIcon::Grabbing);
        return true;
    }
    if let Some(gesture) = ui.data(|data| data.get_temp::<Gesture>(id)) {
        if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            queue.push(Command::EditCancel);
            ui.data_mut(|data| data.insert_temp(id, Gesture::Spent));
            return false;
        }
        let pos = latest.unwrap_or(frame.canvas.center());
        let down = if matches!(gesture, Gesture::Erase { .. }) {
            secondary
        } else {
            primary || (secondary && matches!(gesture, Gesture::Spent))
        };
        if !down
            && studio.view().tool == Tool::Select
            && response.double_clicked_by(PointerButton::Primary)
        {
            queue.push(Command::EditCancel);
            context.double_click(hit(track, frame, pos), pos, queue);
            ui.data_mut(|data| data.remove::<Gesture>(id));
            return false;
        }
        let gesture = context.go_on(gesture, pos, down, ui, queue);
        ui.data_mut(|data| {
            if down {
                data.insert_temp(id, gesture);
            } else {
                data.remove::<Gesture>(id);
            }
        });
        if down {
            scroll_at_edges(ui, studio, frame, pos, queue);
        }
        return false;
    }

    let Some(pos) = response.hover_pos().or(response.interact_pointer_pos()) else {
        return false;
    };
    let under = hit(track, frame, pos);
    hover(ui, &context, under, pos);
    // On a slow frame press and release come at once.
    let at_once = response.clicked() || response.secondary_clicked();
    let held = response.is_pointer_button_down_on() && (primary || secondary);
    if !at_once && !held {
        return false;
    }
    let origin = origin.filter(|_| held).unwrap_or(pos);
    let erase = secondary || response.secondary_clicked();
    let gesture = context.begin(hit(track, frame, origin), origin, erase, queue);
    let gesture = context.go_on(gesture, pos, held, ui, queue);
    if held {
        ui.data_mut(|data| data.insert_temp(id, gesture));
    }
    false
}

/// Whether a drag with Space held pans the view; it began on the canvas, and goes on until the button is released.
fn panning(ui: &Ui, response: &egui::Response) -> bool {
    let id = egui::Id::unique("panning");
    let (space, down, pressed) = ui.input(|input| {
        let pointer = &input.pointer;
        (
            input.key_down(Key::Space),
            pointer.primary_down(),
            pointer.primary_pressed(),
        )
    });
    let begins = space && pressed && response.contains_pointer();
    let goes_on = ui.data(|data| data.get_temp::<bool>(id)).unwrap_or(false);
    let panning = begins || (goes_on && (down || space));
    ui.data_mut(|data| data.insert_temp(id, panning));
    if begins {
        keys::claim_space(ui.ctx());
    }
    panning
}

/// Shows what a click would do: the pointer's shape, and where the knife would cut.
fn hover(ui: &Ui, context: &Context<'_>, under: Hit, pos: Pos2) {
    let tool = context.studio.view().tool;
    let icon = match (tool, under) {
        (Tool::Knife, _) => CursorIcon::VerticalText,
        (Tool::Glue, Hit::Note(..)) => CursorIcon::PointingHand,
        (Tool::Pencil | Tool::Select, Hit::Note(note, _)) if note.locked => CursorIcon::NotAllowed,
        (Tool::Pencil | Tool::Select, Hit::Note(_, Part::Start | Part::End)) => {
            CursorIcon::ResizeHorizontal
        }
        (Tool::Pencil | Tool::Select, Hit::Note(_, Part::Body)) if context.modifiers.alt => {
            CursorIcon::Copy
        }
        (Tool::Pencil | Tool::Select, Hit::Note(_, Part::Body)) => CursorIcon::Grab,
        (Tool::Pencil, Hit::Empty) if !context.modifiers.shift => CursorIcon::Crosshair,
        _ => CursorIcon::Default,
    };
    ui.set_cursor_icon(icon);
    say(ui, hint(context, under));
    if let (Tool::Knife, Hit::Note(note, _)) = (tool, under) {
        let look = Look::of(ui);
        let frame = context.frame;
        let rect = frame.note(&note);
        let x = frame.x(context.snapped(frame.tick(pos)));
        if rect.x_range().contains(x) {
            ui.painter_at(frame.canvas).vline(
                x,
                rect.y_range().expand(3.0),
                Stroke::new(1.5, look.playhead),
            );
        }
    }
}

/// What a press would do, for the status line.
fn hint(context: &Context<'_>, under: Hit) -> &'static str {
    let pencil = context.studio.view().tool == Tool::Pencil;
    match (context.studio.view().tool, under) {
        _ if context.track.locked => "This track is locked: unlock it to change its notes",
        (Tool::Knife, Hit::Note(..)) => "Click to cut the note here; Alt cuts off the grid",
        (Tool::Knife, Hit::Empty) => "Point at a note to cut it",
        (Tool::Glue, Hit::Note(..)) => {
            "Click to join the note with the next of its pitch, or all selected ones"
        }
        (Tool::Glue, Hit::Empty) => "Point at a note to join it with the next of its pitch",
        (_, Hit::Note(note, _)) if note.locked => "This note is locked: unlock it to change it",
        (_, Hit::Note(_, Part::Start)) => "Drag to move where the note begins; Alt leaves the grid",
        (_, Hit::Note(_, Part::End)) => "Drag for the length of the note; Alt leaves the grid",
        (_, Hit::Note(_, Part::Body)) if pencil => {
            "Drag to move, Alt-drag to copy, Shift-click to add to the selection, right click to erase"
        }
        (_, Hit::Note(_, Part::Body)) => {
            "Drag to move, Alt-drag to copy, Shift-click to add to the selection, double-click to delete"
        }
        (Tool::Pencil, Hit::Empty) if !context.modifiers.shift => {
            "Click to draw a note, drag for its length; Shift-drag selects, right-drag erases, Alt leaves the grid"
        }
        (_, Hit::Empty) => {
            "Drag to select notes, with Shift to add some; double-click draws a note, right-drag erases"
        }
    }
}

/// While something is dragged beyond an edge, the view goes along.
fn scroll_at_edges(
    ui: &Ui,
    studio: &Studio,
    frame: RollFrame,
    pos: Pos2,
    queue: &mut CommandQueue,
) {
    let beyond = |low: f32, value: f32, high: f32| (value - high).max(0.0) + (value - low).min(0.0);
    let x = beyond(frame.canvas.left(), pos.x, frame.canvas.right()).clamp(-40.0, 40.0) * 0.3;
    let y = beyond(frame.canvas.top(), pos.y, frame.canvas.bottom()).clamp(-40.0, 40.0) * 0.2;
    if x == 0.0 && y == 0.0 {
        return;
    }
    let mut view = studio.view().scrolled_down(y, frame.canvas.height());
    view.roll = frame.time.scrolled(x);
    if view != *studio.view() {
        queue.push(Command::SetView(view));
        ui.ctx()
            .request_repaint_after(std::time::Duration::from_millis(16));
    }
}
