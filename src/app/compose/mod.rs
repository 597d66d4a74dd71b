//! The compose panel: what to make, where, how, and the button that makes it.

mod controls;
mod fields;
mod morph;

use egui::{
    Align2, CornerRadius, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2,
};
use lucide_icons::Icon;
use strum::IntoEnumIterator as _;

use super::command::{Action, Command, CommandQueue};
use super::keys;
use super::look::{self, Look, radius, size, space};
use super::studio::{ComposeForm, Job, Making, Studio};
use super::widgets::primary_button;

/// Draws the panel.
pub fn compose_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            let low = ui.available_height() < 580.0;
            ui.spacing_mut().item_spacing = vec2(space::S, if low { 5.0 } else { space::S });
            ui.label(
                RichText::new("Compose")
                    .font(look::semibold(size::HEADING))
                    .color(look.text),
            );
            let mut form = studio.form().clone();
            cards_ui(ui, &mut form);
            ui.label(
                RichText::new(form.making.promise())
                    .font(look::small())
                    .color(look.dim),
            );
            ui.add_space(space::XS);
            fields::fields_ui(ui, studio, queue, &mut form);
            ui.add_space(if low { space::XS } else { space::M });
            button_ui(ui, studio, queue);
            if form != *studio.form() {
                queue.push(Command::SetForm(form));
            }
        });
}

/// What can be made, two cards a row.
fn cards_ui(ui: &mut Ui, form: &mut ComposeForm) {
    let gap = space::S;
    let width = (ui.available_width() - gap) / 2.0;
    let all: Vec<Making> = Making::iter().collect();
    for row in all.chunks(2) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for making in row {
                if card_ui(ui, *making, form.making == *making, width) {
                    form.making = *making;
                }
            }
        });
    }
}

/// One card; says whether it was pressed.
fn card_ui(ui: &mut Ui, making: Making, selected: bool, width: f32) -> bool {
    let look = Look::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 36.0), Sense::click());
    response.widget_info(|| {
        WidgetInfo::selected(egui::Role::RadioButton, true, selected, making.name())
    });
    let corners = CornerRadius::same(radius::CONTROL);
    let (fill, ink) = match (selected, response.hovered()) {
        (true, _) => (look.accent, look.on_accent),
        (false, true) => (look.raised_hover, look.text),
        (false, false) => (look.raised, look.text),
    };
    let painter = ui.painter();
    painter.rect_filled(rect, corners, fill);
    if response.has_focus() {
        let outline = Stroke::new(1.5, if selected { look.text } else { look.accent });
        painter.rect_stroke(rect, corners, outline, StrokeKind::Inside);
    }
    painter.text(
        rect.left_center() + vec2(18.0, 0.0),
        Align2::CENTER_CENTER,
        char::from(icon(making)),
        look::icon(size::ICON),
        ink,
    );
    painter.text(
        rect.left_center() + vec2(34.0, 0.0),
        Align2::LEFT_CENTER,
        making.name(),
        look::medium(size::BODY),
        ink,
    );
    response.on_hover_text(making.promise()).clicked()
}

fn icon(making: Making) -> Icon {
    match making {
        Making::Seed => Icon::Sprout,
        Making::Continue => Icon::Sparkles,
        Making::Accompany => Icon::Users,
        Making::Vary => Icon::Shuffle,
        Making::Morph => Icon::Blend,
        Making::Chain => Icon::Link,
    }
}

fn button_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    let tooltip = |action| keys::tooltip(ui.ctx(), action);
    let making = studio.form().making;
    let below = match studio.job() {
        // A morph is there before one could press: the button stays.
        Some(job) if making != Making::Morph => {
            let text = if job.loading {
                "Loading the model".to_owned()
            } else {
                format!("Writing bar {} of {}", job.bar(), job.total)
            };
            let tip = tooltip(Action::StopComposing);
            if primary_button(ui, &text, true, Some(job.progress()), tip).clicked() {
                queue.push(Action::StopComposing);
            }
            time_left(job)
        }
        _ => {
            let tip = tooltip(Action::Generate);
            let obstacle = studio.obstacle();
            if primary_button(ui, &studio.verb(), obstacle.is_none(), None, tip).clicked() {
                queue.push(Action::Generate);
            }
            obstacle.unwrap_or_else(|| "Press G. The first bars sound at once.".to_owned())
        }
    };
    ui.vertical_centered(|ui| {
        ui.label(RichText::new(below).font(look::small()).color(look.dim));
    });
}

fn time_left(job: &Job) -> String {
    let count = job.done.len();
    let many = if count == 1 { "" } else { "s" };
    match job.left() {
        Some(left) => format!(
            "{count} candidate{many}, {} s left, Esc to stop",
            left.as_secs() + 1
        ),
        None => format!("{count} candidate{many}, Esc to stop"),
    }
}
