//! The slider: a thin rail, filled to the value, with or without a knob.

use egui::{
    Color32, CornerRadius, CursorIcon, Key, Rect, Response, Sense, Ui, WidgetInfo, pos2, vec2,
};

use super::super::look::{Look, space};

/// How a slider looks and what it means.
#[derive(Debug, Clone, Copy)]
pub struct Thin<'a> {
    /// What screen readers and tests call it.
    pub label: &'a str,
    /// Width in points.
    pub width: f32,
    /// Colour of the filled part.
    pub colour: Color32,
    /// Whether a round knob is drawn.
    pub knob: bool,
    /// What a double click sets, 0..=1.
    pub default: f32,
    /// Fill from the middle instead of from the left (pan).
    pub centred: bool,
}

/// A slider over `value`, 0..=1. The response says `changed` where the value changed.
pub fn thin_slider(ui: &mut Ui, value: &mut f32, style: Thin<'_>) -> Response {
    let look = Look::of(ui);
    let height = if style.knob { 20.0 } else { 14.0 };
    let (rect, mut response) =
        ui.allocate_exact_size(vec2(style.width, height), Sense::click_and_drag());
    let margin = if style.knob { 6.0 } else { 0.0 };
    let rail = Rect::from_min_max(
        pos2(rect.left() + margin, rect.center().y - 2.0),
        pos2(rect.right() - margin, rect.center().y + 2.0),
    );
    let before = *value;
    if response.double_clicked() {
        *value = style.default;
    } else if let Some(pointer) = response.interact_pointer_pos() {
        *value = ((pointer.x - rail.left()) / rail.width()).clamp(0.0, 1.0);
    }
    if response.has_focus() {
        let step = ui.input(|input| {
            let count = |key| input.num_presses(key) as f32;
            count(Key::ArrowRight) - count(Key::ArrowLeft)
        });
        ui.memory_mut(|memory| {
            memory.set_focus_lock_filter(
                response.id,
                egui::EventFilter {
                    horizontal_arrows: true,
                    ..egui::EventFilter::default()
                },
            );
        });
        *value = (*value + step * 0.05).clamp(0.0, 1.0);
    }
    if *value != before {
        response.mark_changed();
    }
    let shown = *value;
    response.widget_info(|| WidgetInfo::slider(true, f64::from(shown), style.label));
    if ui.is_rect_visible(rect) {
        let painter = ui.painter();
        let corners = CornerRadius::same(2);
        painter.rect_filled(
            rail,
            corners,
            if look.dark {
                look.raised_hover
            } else {
                look.line
            },
        );
        let x = rail.left() + rail.width() * shown;
        let from = if style.centred {
            rail.center().x
        } else {
            rail.left()
        };
        let lit = Rect::from_min_max(
            pos2(from.min(x), rail.top()),
            pos2(from.max(x), rail.bottom()),
        );
        painter.rect_filled(lit, corners, style.colour);
        if style.knob {
            let knob = pos2(x, rail.center().y);
            let ink = if look.dark { look.text } else { Color32::WHITE };
            let r = if response.hovered() || response.dragged() {
                7.0
            } else {
                6.0
            };
            painter.circle(knob, r, ink, egui::Stroke::new(1.0, look.line));
        } else if response.hovered() || response.dragged() {
            painter.circle_filled(pos2(x, rail.center().y), 4.0, look.text);
        }
        if response.has_focus() {
            painter.rect_stroke(
                rect.expand(2.0),
                CornerRadius::same(space::XS as u8),
                egui::Stroke::new(1.0, look.accent),
                egui::StrokeKind::Inside,
            );
        }
    }
    response.on_hover_cursor(CursorIcon::ResizeHorizontal)
}
