//! The controls of the panel: sliders with words at their ends, captions, numbers.

use egui::{
    Align2, CornerRadius, DragValue, Rect, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo,
    pos2, vec2,
};

use super::super::look::{self, Look, radius, size, space};
use super::super::widgets::{Thin, thin_slider};
use crate::tokens::part::Part;

/// A slider with its name on the left and what its ends mean below.
pub(super) fn slider(
    ui: &mut Ui,
    label: &str,
    value: &mut f32,
    default: f32,
    ends: [&str; 2],
    tooltip: &str,
) {
    let look = Look::of(ui);
    let name_width = 70.0;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let width = ui.available_width() - name_width - space::S;
        ui.horizontal(|ui| {
            caption(ui, label, name_width);
            thin_slider(
                ui,
                value,
                Thin {
                    label,
                    width,
                    colour: look.accent,
                    knob: true,
                    default,
                    centred: false,
                },
            )
            .on_hover_text(tooltip);
        });
        let (rect, _) =
            ui.allocate_exact_size(vec2(ui.available_width(), 14.0), egui::Sense::hover());
        let painter = ui.painter();
        let left = rect.left_center() + vec2(name_width + space::S + 6.0, 0.0);
        painter.text(
            left,
            Align2::LEFT_CENTER,
            ends[0],
            look::caption(),
            look.faint,
        );
        let right = rect.right_center() - vec2(6.0, 0.0);
        painter.text(
            right,
            Align2::RIGHT_CENTER,
            ends[1],
            look::caption(),
            look.faint,
        );
    });
}

/// A name of `width` points in front of a control.
pub(super) fn caption(ui: &mut Ui, text: &str, width: f32) {
    let look = Look::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(width, 20.0), egui::Sense::hover());
    ui.painter().text(
        rect.left_center(),
        Align2::LEFT_CENTER,
        text,
        look::medium(size::BODY - 0.5),
        look.text,
    );
}

/// A number to drag or type.
pub(super) fn number(
    ui: &mut Ui,
    label: &str,
    value: &mut u32,
    range: std::ops::RangeInclusive<u32>,
    speed: f64,
    suffix: &str,
) -> Response {
    let response = ui.add(
        DragValue::new(value)
            .range(range)
            .speed(speed)
            .suffix(suffix)
            .update_while_editing(false),
    );
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::SpinButton, true, label));
    response
}

/// A part that cannot be chosen.
pub(super) struct Chosen {
    /// Which.
    pub(super) part: Part,
    /// Why not, in a sentence.
    pub(super) why: String,
}

/// The parts of the band, to be switched on and off, in one row; one of them may be `given`.
pub(super) fn part_chips(
    ui: &mut Ui,
    parts: &mut Vec<Part>,
    given: Option<&Chosen>,
    tooltip: &str,
) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        let count = Part::ALL.len() as f32;
        let width = (ui.available_width() - space::XS * (count - 1.0)) / count;
        for part in Part::ALL {
            let on = parts.contains(&part);
            if let Some(given) = given.filter(|given| given.part == part) {
                ui.add_enabled_ui(false, |ui| part_chip(ui, part, false, width))
                    .inner
                    .on_disabled_hover_text(&given.why);
                continue;
            }
            if part_chip(ui, part, on, width)
                .on_hover_text(tooltip)
                .clicked()
            {
                if on {
                    parts.retain(|other| *other != part);
                } else {
                    parts.push(part);
                    parts.sort_unstable();
                }
            }
        }
    });
}

/// One part: its name over a stroke in its colour.
fn part_chip(ui: &mut Ui, part: Part, on: bool, width: f32) -> Response {
    let look = Look::of(ui);
    let name = part.role().name();
    let (rect, response) = ui.allocate_exact_size(vec2(width, space::CONTROL), Sense::click());
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::selected(egui::Role::CheckBox, enabled, on, name));
    let painter = ui.painter();
    let corners = CornerRadius::same(radius::SMALL);
    let fill = if response.hovered() {
        look.raised_hover
    } else {
        look.raised
    };
    painter.rect_filled(rect, corners, fill);
    let (ink, stroke) = if on {
        (look.text, look.track(part.role().colour()))
    } else {
        (look.faint, look.line)
    };
    painter.text(
        rect.center() - vec2(0.0, 2.0),
        Align2::CENTER_CENTER,
        name,
        look::medium(size::SMALL),
        ink,
    );
    let line = Rect::from_min_max(
        pos2(rect.left() + 6.0, rect.bottom() - 6.0),
        pos2(rect.right() - 6.0, rect.bottom() - 3.0),
    );
    painter.rect_filled(line, 1, stroke);
    if response.has_focus() {
        let outline = Stroke::new(1.5, look.accent);
        painter.rect_stroke(rect, corners, outline, StrokeKind::Inside);
    }
    response
}
