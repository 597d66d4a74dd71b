//! The large pianoroll of the focused track: keyboard, grid, notes, velocities, and the tools that edit them.
//!
//! Nothing here changes the song: gestures push [`Command`]s, live ones while the pointer drags and one for the step
//! when it is released.

mod context;
mod frame;
mod gesture;
mod grid;
mod hit;
mod keyboard;
mod notes;
mod strip;
mod velocity;

use egui::{Align2, Rect, Ui, UiBuilder, pos2, vec2};

use crate::score::Track;

use super::command::{Command, CommandQueue};
use super::look::{self, Look};
use super::studio::Studio;
use super::timeline::followed;

pub use frame::RollFrame;
pub use hit::{Hit, Part, hit};
pub use strip::{HEIGHT as STRIP_HEIGHT, strip_ui};

/// Width of the keyboard in points.
pub const KEYBOARD_WIDTH: f32 = 48.0;
/// Width of the names of drums, which stand in place of the keyboard on a drum track.
pub const DRUM_NAMES_WIDTH: f32 = 112.0;
/// Height of the velocity lane in points.
pub const VELOCITY_HEIGHT: f32 = 64.0;

/// Draws the roll of the focused track into all of `ui`.
pub fn roll_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let rect = ui.max_rect();
    let Some(track) = studio.focused_track().cloned() else {
        let look = Look::of(ui);
        let painter = ui.painter_at(rect);
        painter.rect_filled(rect, 0.0, look.background);
        let text = "Add a track on the left, then draw notes here";
        painter.text(
            rect.center(),
            Align2::CENTER_CENTER,
            text,
            look::body(),
            look.dim,
        );
        return;
    };
    let frame = frame(studio, &track, rect);
    let velocity_height = rect.bottom() - frame.canvas.bottom();
    let keys = Rect::from_min_max(rect.min, pos2(frame.canvas.left(), frame.canvas.bottom()));

    let mut part = |rect: Rect, draw: &mut dyn FnMut(&mut Ui)| {
        ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            ui.set_clip_rect(rect.intersect(ui.clip_rect()));
            draw(ui);
        });
    };
    part(frame.canvas, &mut |ui| {
        canvas_ui(ui, studio, &track, frame, queue);
    });
    part(keys, &mut |ui| {
        keyboard::keyboard_ui(ui, &track, frame, queue);
    });
    if velocity_height > 0.0 {
        let lane = Rect::from_min_max(pos2(rect.left(), frame.canvas.bottom()), rect.max);
        part(lane, &mut |ui| {
            if studio.view().velocities {
                velocity::velocity_ui(ui, studio, &track, frame, queue);
            } else {
                velocity::folded_ui(ui, studio, queue);
            }
        });
    }
}

/// Where the canvas lies, and what it shows, in a roll drawn into `rect`.
pub fn frame(studio: &Studio, track: &Track, rect: Rect) -> RollFrame {
    let view = studio.view();
    let keys = if track.instrument.drums {
        DRUM_NAMES_WIDTH
    } else {
        KEYBOARD_WIDTH
    };
    let velocities = if view.velocities {
        VELOCITY_HEIGHT.min(rect.height() / 3.0)
    } else {
        velocity::HEAD_HEIGHT
    };
    let canvas = Rect::from_min_max(
        pos2(rect.left() + keys, rect.top()),
        pos2(rect.right(), rect.bottom() - velocities),
    );
    RollFrame {
        canvas,
        time: followed(studio, view.roll, canvas.width()),
        pitch: view.pitch_axis(canvas.height()),
    }
}

fn canvas_ui(
    ui: &mut Ui,
    studio: &Studio,
    track: &Track,
    frame: RollFrame,
    queue: &mut CommandQueue,
) {
    let look = Look::of(ui);
    grid::grid_ui(ui, studio, track, frame);
    notes::notes_ui(ui, studio, track, frame);
    if track.notes().is_empty() {
        let text = "Draw with the pencil: click for a note, drag for its length";
        let at = frame.canvas.center() - vec2(0.0, frame.canvas.height() * 0.25);
        ui.painter_at(frame.canvas)
            .text(at, Align2::CENTER_CENTER, text, look::body(), look.dim);
    }
    let panning = gesture::gesture_ui(ui, studio, track, frame, queue);
    let x = frame.x(studio.transport().position);
    if frame.canvas.x_range().contains(x) {
        let painter = ui.painter_at(frame.canvas);
        painter.vline(
            x,
            frame.canvas.y_range(),
            egui::Stroke::new(1.5, look.playhead),
        );
    }
    navigate(ui, studio, frame, panning, queue);
}

/// Wheel: pitch; shift or sideways: time; with ctrl, or pinched: zoom at the pointer; with ctrl and shift: row height;
/// middle button, or Space and a drag: pan.
fn navigate(ui: &Ui, studio: &Studio, frame: RollFrame, panning: bool, queue: &mut CommandQueue) {
    let mut view = studio.view().clone();
    view.roll = frame.time;
    let pointer = ui.input(|input| input.pointer.hover_pos());
    let inside = ui.rect_contains_pointer(frame.canvas);
    if let Some(pointer) = pointer
        && (panning || inside)
    {
        let (zoom, scroll, panned, shift) = ui.input(|input| {
            let panned = if input.pointer.middle_down() || panning {
                input.pointer.delta()
            } else {
                vec2(0.0, 0.0)
            };
            (
                input.zoom_delta(),
                input.smooth_scroll_delta(),
                panned,
                input.modifiers.shift,
            )
        });
        if zoom != 1.0 && shift {
            view.row_points = (view.row_points * zoom).clamp(5.0, 28.0);
        } else if zoom != 1.0 {
            view.roll = view.roll.zoomed(zoom, pointer.x - frame.canvas.left());
        } else {
            let moved = scroll + panned;
            if moved.x != 0.0 {
                view.roll = view.roll.scrolled(-moved.x);
            }
            if moved.y != 0.0 {
                view = view.scrolled_down(-moved.y, frame.canvas.height());
            }
        }
    }
    if view != *studio.view() {
        queue.push(Command::SetView(view));
    }
}
