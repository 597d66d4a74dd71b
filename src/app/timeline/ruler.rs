//! The ruler: bar numbers, markers, the loop range. A click moves the playhead, a drag sets the loop.

use egui::{Align2, CursorIcon, Rect, Sense, Stroke, Ui, pos2};

use crate::score::{Song, Span, Tick};

use super::super::command::{Command, CommandQueue};
use super::super::look::{self, Look};
use super::super::studio::Studio;
use super::super::view::TimeAxis;

/// Least distance between two bar numbers in points.
const NUMBER_SPACING: f32 = 44.0;

pub(super) fn ruler_ui(ui: &mut Ui, studio: &Studio, axis: TimeAxis, queue: &mut CommandQueue) {
    let rect = ui.max_rect();
    let look = Look::of(ui);
    let song = studio.song();
    let response = ui
        .interact(rect, egui::Id::unique("ruler"), Sense::click_and_drag())
        .on_hover_text("Click to move the playhead, drag to set the loop, double-click to clear it")
        .on_hover_cursor(CursorIcon::PointingHand);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Slider, true, "Ruler"));

    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, look.panel);
    loop_range(ui, studio, axis, rect);

    for (bar, tick) in visible_bars(song, axis, rect.width()) {
        let x = rect.left() + axis.x(tick);
        painter.vline(x, rect.top()..=rect.bottom(), Stroke::new(1.0, look.line));
        let number = (bar + 1).to_string();
        let shown = painter.text(
            pos2(x + 6.0, rect.top() + 14.0),
            Align2::LEFT_CENTER,
            number,
            look::medium(12.0),
            look.text,
        );
        let end = song.metre.bar_start(bar + 1);
        if let Some(marker) = song
            .markers
            .iter()
            .find(|marker| marker.at >= tick && marker.at < end)
        {
            let at = pos2(shown.right() + 10.0, rect.top() + 14.0);
            painter.text(
                at,
                Align2::LEFT_CENTER,
                &marker.name,
                look::small(),
                look.faint,
            );
        }
    }

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
        pos2(rect.left() + axis.x(range.start), rect.bottom() - 8.0),
        pos2(rect.left() + axis.x(range.end), rect.bottom() - 3.0),
    );
    ui.painter_at(rect)
        .rect_filled(bar, 2.0, colour.gamma_multiply(0.7));
}

/// The bars in view as (bar, first tick); of narrow ones only every second, fourth, ...
pub(super) fn visible_bars(song: &Song, axis: TimeAxis, width: f32) -> Vec<(u32, Tick)> {
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
