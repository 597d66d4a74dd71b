//! The pad: a square to drag over, between things on its corners.

use egui::{
    CornerRadius, CursorIcon, EventFilter, Key, Rect, Response, Sense, Stroke, StrokeKind, Ui,
    Vec2, WidgetInfo, lerp, pos2, vec2,
};

use super::super::look::{Look, radius, space};

/// How far an arrow key moves the puck.
const STEP: f32 = 0.05;

/// A square of `side` points with a puck at `place`, each coordinate 0..=1 from the top left corner. Drag, click, or use the arrow
/// keys; a double click puts the puck into the middle. The response says `changed` where the place changed.
/// `paint` draws what lies under the puck.
pub fn pad(
    ui: &mut Ui,
    label: &str,
    place: &mut [f32; 2],
    side: f32,
    paint: impl FnOnce(&Ui, Rect),
) -> Response {
    let look = Look::of(ui);
    let (rect, mut response) = ui.allocate_exact_size(Vec2::splat(side), Sense::click_and_drag());
    let inner = rect.shrink(space::S);
    let before = *place;
    if response.double_clicked() {
        *place = [0.5, 0.5];
    } else if let Some(pointer) = response.interact_pointer_pos() {
        let at = (pointer - inner.min) / inner.size();
        *place = [at.x.clamp(0.0, 1.0), at.y.clamp(0.0, 1.0)];
    }
    if response.has_focus() {
        let moved = ui.input(|input| {
            let count = |key| input.num_presses(key) as f32;
            vec2(
                count(Key::ArrowRight) - count(Key::ArrowLeft),
                count(Key::ArrowDown) - count(Key::ArrowUp),
            )
        });
        ui.memory_mut(|memory| {
            memory.set_focus_lock_filter(
                response.id,
                EventFilter {
                    horizontal_arrows: true,
                    vertical_arrows: true,
                    ..EventFilter::default()
                },
            );
        });
        place[0] = (place[0] + moved.x * STEP).clamp(0.0, 1.0);
        place[1] = (place[1] + moved.y * STEP).clamp(0.0, 1.0);
    }
    if *place != before {
        response.mark_changed();
    }
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Slider, true, label));
    if ui.is_rect_visible(rect) {
        let corners = CornerRadius::same(radius::CARD);
        ui.painter().rect_filled(rect, corners, look.background);
        paint(ui, rect);
        let puck = pos2(
            lerp(inner.x_range(), place[0]),
            lerp(inner.y_range(), place[1]),
        );
        let painter = ui.painter();
        let hair = Stroke::new(1.0, look.line);
        painter.vline(puck.x, rect.y_range(), hair);
        painter.hline(rect.x_range(), puck.y, hair);
        let size = if response.hovered() || response.dragged() {
            9.0
        } else {
            8.0
        };
        painter.circle(puck, size, look.accent, Stroke::new(2.0, look.on_accent));
        let outline = if response.has_focus() {
            look.accent
        } else {
            look.line
        };
        painter.rect_stroke(rect, corners, Stroke::new(1.0, outline), StrokeKind::Inside);
    }
    response.on_hover_cursor(CursorIcon::Grab)
}
