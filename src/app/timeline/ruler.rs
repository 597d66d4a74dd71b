//! The ruler: bar numbers, chords, markers, the loop range. A click moves the playhead, a drag sets the loop.

use egui::{Align2, CursorIcon, Rect, Sense, Stroke, Ui, pos2};

use crate::score::{Song, Span, Tick};

use super::super::command::{Command, CommandQueue};
use super::super::look::{self, Look};
use super::super::status::say;
use super::super::studio::Studio;
use super::super::view::TimeAxis;
use super::chords::chords_of;

/// Least distance between two bar numbers in points.
const NUMBER_SPACING: f32 = 44.0;
/// Middle of the row of bar numbers and chords, in points below the top.
const FIRST_ROW: f32 = 11.0;
/// Middle of the row of markers.
const SECOND_ROW: f32 = 25.0;

pub(super) fn ruler_ui(ui: &mut Ui, studio: &Studio, axis: TimeAxis, queue: &mut CommandQueue) {
    let rect = ui.max_rect();
    let look = Look::of(ui);
    let song = studio.song();
    let response = ui
        .interact(rect, egui::Id::unique("ruler"), Sense::click_and_drag())
        .on_hover_text("Click to move the playhead, drag to set the loop, double-click to clear it")
        .on_hover_cursor(CursorIcon::PointingHand);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Slider, true, "Ruler"));

    if response.hovered() {
        say(
            ui,
            "Click to move the playhead, drag to set the loop, double-click to clear it",
        );
    }
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, look.panel);
    loop_range(ui, studio, axis, rect);

    bars_ui(ui, studio, axis, rect);
    markers_ui(ui, song, axis, rect);

    let tick_at = |x: f32| axis.tick(x - rect.left()).max(Tick::ZERO);
    let from = egui::Id::unique("loop drag");
    if response.drag_started_by(egui::PointerButton::Primary)
        && let Some(pointer) = ui.input(|input| input.pointer.press_origin())
    {
        ui.data_mut(|data| data.insert_temp(from, tick_at(pointer.x)));
    }
    if response.dragged_by(egui::PointerButton::Primary)
        && let (Some(start), Some(pointer)) = (
            ui.data(|data| data.get_temp::<Tick>(from)),
            response.interact_pointer_pos(),
        )
    {
        let beat = song.metre.metre_at(start).beat();
        let span = Span::new(start.round_to(beat), tick_at(pointer.x).round_to(beat));
        if !span.is_empty() && studio.transport().range != Some(span) {
            queue.push(Command::SetLoop(Some(span)));
        }
    }
    if response.double_clicked() {
        queue.push(Command::SetLoop(None));
    } else if response.clicked()
        && let Some(pointer) = response.interact_pointer_pos()
    {
        queue.push(Command::Seek(studio.view().snapped(tick_at(pointer.x))));
    }
}

/// Numbers of bars, and beside each the chord that sounds there.
fn bars_ui(ui: &Ui, studio: &Studio, axis: TimeAxis, rect: Rect) {
    let look = Look::of(ui);
    let painter = ui.painter_at(rect);
    let bars = visible_bars(studio.song(), axis, rect.width());
    let chords = chords_of(ui, studio.song(), bars.iter().map(|(bar, _)| *bar));
    let x = |tick: Tick| rect.left() + axis.x(tick);
    for (index, ((bar, tick), chord)) in bars.iter().zip(chords).enumerate() {
        let left = x(*tick);
        painter.vline(left, rect.y_range(), Stroke::new(1.0, look.line));
        let shown = painter.text(
            pos2(left + 6.0, rect.top() + FIRST_ROW),
            Align2::LEFT_CENTER,
            (bar + 1).to_string(),
            look::medium(12.0),
            look.text,
        );
        let Some(chord) = chord else { continue };
        let right = bars
            .get(index + 1)
            .map_or(f32::INFINITY, |(_, next)| x(*next));
        let key = studio.song().key;
        let name = key.map_or_else(|| chord.to_string(), |key| chord.name_in(key));
        let name = painter.layout_no_wrap(name, look::small(), look.dim);
        let at = pos2(
            shown.right() + 8.0,
            rect.top() + FIRST_ROW - name.size().y / 2.0,
        );
        if at.x + name.size().x + 4.0 < right {
            painter.galley(at, name, look.dim);
        }
    }
}

/// Names of places, each in a row of its own below the numbers, and as far as the next one.
fn markers_ui(ui: &Ui, song: &Song, axis: TimeAxis, rect: Rect) {
    let look = Look::of(ui);
    let x = |tick: Tick| rect.left() + axis.x(tick);
    for (index, marker) in song.markers.iter().enumerate() {
        let left = x(marker.at);
        let right = song
            .markers
            .get(index + 1)
            .map_or(rect.right(), |next| x(next.at) - 4.0);
        let room = Rect::from_x_y_ranges(left..=right, rect.y_range()).intersect(rect);
        if !room.is_positive() {
            continue;
        }
        let painter = ui.painter_at(room);
        let y = rect.top() + SECOND_ROW;
        painter.circle_filled(pos2(left + 8.5, y), 2.0, look.faint);
        painter.text(
            pos2(left + 14.0, y),
            Align2::LEFT_CENTER,
            &marker.name,
            look::caption(),
            look.faint,
        );
    }
}

fn loop_range(ui: &Ui, studio: &Studio, axis: TimeAxis, rect: Rect) {
    let Some(range) = studio.transport().range else {
        return;
    };
    let look = Look::of(ui);
    let colour = if studio.transport().looping {
        look.accent
    } else {
        look.faint
    };
    let bar = Rect::from_min_max(
        pos2(rect.left() + axis.x(range.start), rect.bottom() - 7.0),
        pos2(rect.left() + axis.x(range.end), rect.bottom() - 3.0),
    );
    ui.painter_at(rect)
        .rect_filled(bar, 2.0, colour.gamma_multiply(0.7));
}

/// The bars in view as (bar, first tick); of narrow ones only every second, fourth, ...
pub(in super::super) fn visible_bars(song: &Song, axis: TimeAxis, width: f32) -> Vec<(u32, Tick)> {
    let span = axis.visible(width);
    let first = song.metre.bar_at(span.start);
    let bar_width = axis.width(song.metre.metre_at(span.start).bar()).max(0.1);
    let mut every = 1;
    while bar_width * (every as f32) < NUMBER_SPACING && every < 4096 {
        every *= 2;
    }
    let mut bars = Vec::new();
    let mut bar = first - first % every;
    loop {
        let tick = song.metre.bar_start(bar);
        if tick > span.end {
            return bars;
        }
        bars.push((bar, tick));
        bar += every;
    }
}
