//! The timeline: ruler, theme lane, and every track as a small roll, on one time axis.

mod chords;
mod lanes;
mod ruler;
mod theme_lane;

use egui::{Rect, Ui, UiBuilder, vec2};

use super::command::{Command, CommandQueue};
use super::look::{Look, space};
use super::studio::Studio;
use super::view::{TimeAxis, View};

pub(super) use ruler::visible_bars;

/// Height of the ruler in points.
pub const RULER_HEIGHT: f32 = 40.0;
/// Height of the theme lane in points.
pub const THEME_HEIGHT: f32 = 44.0;
/// Height of ruler and theme lane: where the first lane, and the first head in the tracks panel, begins.
pub const HEAD_HEIGHT: f32 = RULER_HEIGHT + THEME_HEIGHT;

/// The height of the timeline for `tracks` tracks where `available` points are there for it.
pub fn height(tracks: usize, available: f32) -> f32 {
    let wanted = HEAD_HEIGHT + tracks.max(1) as f32 * space::LANE;
    wanted.min(available.max(HEAD_HEIGHT + space::LANE))
}

/// How far the lanes can be scrolled where they have `height` points.
pub fn scroll_range(tracks: usize, height: f32) -> f32 {
    (tracks as f32 * space::LANE - height).max(0.0)
}

/// Draws the timeline into all of `ui`.
pub fn timeline_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let rect = ui.max_rect();
    let axis = followed(studio, studio.view().timeline, rect.width());
    let mut view = studio.view().clone();
    view.timeline = axis;

    let (head, lanes) = rect.split_top_bottom_at_y(rect.top() + HEAD_HEIGHT);
    let (ruler, theme) = head.split_top_bottom_at_y(rect.top() + RULER_HEIGHT);
    let part = |ui: &mut Ui, rect: Rect, draw: &mut dyn FnMut(&mut Ui)| {
        ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            ui.set_clip_rect(rect.intersect(ui.clip_rect()));
            draw(ui);
        });
    };
    part(ui, ruler, &mut |ui| {
        ruler::ruler_ui(ui, studio, axis, queue);
    });
    part(ui, theme, &mut |ui| {
        theme_lane::theme_lane_ui(ui, studio, axis, queue);
    });
    part(ui, lanes, &mut |ui| {
        lanes::lanes_ui(ui, studio, axis, queue);
    });

    playhead(ui, studio, axis, rect);
    navigate(ui, rect, lanes.height(), studio, &mut view);
    if view != *studio.view() {
        queue.push(Command::SetView(view));
    }
}

/// The axis with the playhead in view, where the window follows it.
pub(super) fn followed(studio: &Studio, axis: TimeAxis, width: f32) -> TimeAxis {
    let transport = studio.transport();
    if transport.playing && studio.view().follow {
        axis.following(transport.position, width)
    } else {
        axis
    }
}

fn playhead(ui: &Ui, studio: &Studio, axis: TimeAxis, rect: Rect) {
    let look = Look::of(ui);
    let x = rect.left() + axis.x(studio.transport().position);
    if rect.x_range().contains(x) {
        let painter = ui.painter_at(rect);
        painter.vline(x, rect.y_range(), egui::Stroke::new(1.5, look.playhead));
    }
}

/// Wheel: lanes; shift or sideways: time; with ctrl, or pinched: zoom at the pointer; middle button: pan.
fn navigate(ui: &Ui, rect: Rect, lanes_height: f32, studio: &Studio, view: &mut View) {
    let Some(pointer) = ui
        .input(|input| input.pointer.hover_pos())
        .filter(|pointer| rect.contains(*pointer))
    else {
        return;
    };
    if !ui.rect_contains_pointer(rect) {
        return;
    }
    let (zoom, scroll, panned) = ui.input(|input| {
        let panned = if input.pointer.middle_down() {
            input.pointer.delta()
        } else {
            vec2(0.0, 0.0)
        };
        (input.zoom_delta(), input.smooth_scroll_delta(), panned)
    });
    if zoom != 1.0 {
        view.timeline = view.timeline.zoomed(zoom, pointer.x - rect.left());
    } else if scroll.x != 0.0 || panned.x != 0.0 {
        view.timeline = view.timeline.scrolled(-scroll.x - panned.x);
    }
    let range = scroll_range(studio.song().tracks.len(), lanes_height);
    if zoom == 1.0 {
        view.lanes_scroll -= scroll.y + panned.y;
    }
    view.lanes_scroll = view.lanes_scroll.clamp(0.0, range);
}
