//! The strip of tools above the roll.

use egui::{Align, Button, ComboBox, Layout, RichText, Ui, vec2};
use strum::IntoEnumIterator as _;

use super::super::command::{Action, Command, CommandQueue};
use super::super::look::{self, Look, space};
use super::super::studio::Studio;
use super::super::view::{Snap, Tool};

/// Height of the strip in points.
pub const HEIGHT: f32 = 44.0;

/// Draws the strip into all of `ui`.
pub fn strip_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    let rect = ui.max_rect();
    ui.painter().rect_filled(rect, 0.0, look.panel);
    ui.scope_builder(
        egui::UiBuilder::new()
            .max_rect(rect.shrink2(vec2(space::M, 0.0)))
            .layout(Layout::left_to_right(Align::Center)),
        |ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            for (tool, action) in [
                (Tool::Pencil, Action::ToolPencil),
                (Tool::Select, Action::ToolSelect),
                (Tool::Knife, Action::ToolKnife),
                (Tool::Glue, Action::ToolGlue),
            ] {
                toggle(
                    ui,
                    action,
                    tool_name(tool),
                    studio.view().tool == tool,
                    queue,
                );
            }
            ui.add_space(space::L);
            snap_ui(ui, studio, queue);
            toggle(
                ui,
                Action::ToggleGhosts,
                "Ghost notes",
                studio.view().ghosts,
                queue,
            );
            ui.add_space(space::S);
            for action in [Action::Quantise, Action::Humanise, Action::Legato] {
                toggle(ui, action, action.text(), false, queue);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(
                    RichText::new(in_view(studio))
                        .font(look::small())
                        .color(look.dim),
                );
            });
        },
    );
}

fn tool_name(tool: Tool) -> &'static str {
    match tool {
        Tool::Pencil => "Pencil",
        Tool::Select => "Select",
        Tool::Knife => "Knife",
        Tool::Glue => "Glue",
    }
}

fn toggle(ui: &mut Ui, action: Action, name: &str, on: bool, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    let colour = if on { look.on_accent } else { look.text };
    let fill = if on { look.accent } else { look.raised };
    let text = RichText::new(name)
        .font(look::medium(look::size::BODY - 0.5))
        .color(colour);
    let button = Button::new(text)
        .fill(fill)
        .min_size(vec2(0.0, space::CONTROL));
    let response = ui.add(button).on_hover_text(action.tooltip());
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, name));
    if response.clicked() {
        queue.push(action);
    }
}

fn snap_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let mut view = studio.view().clone();
    let text = RichText::new(format!("Snap {}", view.snap.name()))
        .font(look::medium(look::size::BODY - 0.5));
    let response = ComboBox::from_id_salt("snap")
        .selected_text(text)
        .width(112.0)
        .height(320.0)
        .show_ui(ui, |ui| {
            for snap in Snap::iter() {
                ui.selectable_value(&mut view.snap, snap, snap.name());
            }
        })
        .response
        .on_hover_text("The grid that drawn and moved notes keep to; hold Alt to be free of it");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, "Snap"));
    if view != *studio.view() {
        queue.push(Command::SetView(view));
    }
}

/// "Melody, 12 notes, 3 selected".
fn in_view(studio: &Studio) -> String {
    let Some(track) = studio.focused_track() else {
        return String::new();
    };
    let selected = studio.selection().of_track(track.id).count();
    let notes = track.notes().len();
    let mut text = format!(
        "{}, {notes} {}",
        track.name,
        if notes == 1 { "note" } else { "notes" }
    );
    if selected > 0 {
        text.push_str(&format!(", {selected} selected"));
    }
    text
}
