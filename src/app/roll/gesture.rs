//! Presses, drags and clicks on the canvas, by tool.
//!
//! A gesture begins at the press, not after some distance, so that a drawn note is seen and heard at once. While the
//! button is down every frame pushes a live edit that starts from the song of the last step; the release pushes the
//! step. Escape takes it back.

use egui::{CursorIcon, Key, Modifiers, PointerButton, Pos2, Sense, Stroke, Ui};

use crate::score::Track;

use super::super::command::{Command, CommandQueue};
use super::super::look::Look;
use super::super::studio::Studio;
use super::super::view::Tool;
use super::context::{Context, Gesture};
use super::frame::RollFrame;
use super::hit::{Hit, Part, hit};

pub(super) fn gesture_ui(
    ui: &Ui,
    studio: &Studio,
    track: &Track,
    frame: RollFrame,
    queue: &mut CommandQueue,
) {
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

    if let Some(gesture) = ui.data(|data| data.get_temp::<Gesture>(id)) {
        if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            queue.push(Command::EditCancel);
            ui.data_mut(|data| data.insert_temp(id, Gesture::Spent));
            return;
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
            return;
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
        return;
    }

    let Some(pos) = response.hover_pos().or(response.interact_pointer_pos()) else {
        return;
    };
    let under = hit(track, frame, pos);
    hover(ui, &context, under, pos);
    // On a slow frame press and release come at once.
    let at_once = response.clicked() || response.secondary_clicked();
    let held = response.is_pointer_button_down_on() && (primary || secondary);
    if !at_once && !held {
        return;
    }
    let origin = origin.filter(|_| held).unwrap_or(pos);
    let erase = secondary || response.secondary_clicked();
    let gesture = context.begin(hit(track, frame, origin), origin, erase, queue);
    let gesture = context.go_on(gesture, pos, held, ui, queue);
    if held {
        ui.data_mut(|data| data.insert_temp(id, gesture));
    }
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
