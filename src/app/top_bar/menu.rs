//! The file menu.

use egui::{Button, RichText, Ui};
use lucide_icons::Icon;
use strum::IntoEnumIterator as _;

use super::super::command::{Action, Command, CommandQueue, Group};
use super::super::keys;
use super::super::look::{self, Look, size};
use super::super::studio::Studio;
use super::super::widgets::icon_label;

/// Draws the menu button with the program's name.
pub(super) fn menu_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    let text = RichText::new("Leitmotif")
        .font(look::semibold(size::HEADING + 1.0))
        .color(look.text);
    let button = Button::new((text, icon_label(Icon::ChevronDown, 12.0).color(look.dim)))
        .frame_when_inactive(false);
    let response = ui
        .add(button)
        .on_hover_text("Files, edits and everything else");
    egui::Popup::menu(&response).width(260.0).show(|ui| {
        for action in [Action::New, Action::Open] {
            item_ui(ui, queue, action, true);
        }
        ui.menu_button("Open recent", |ui| {
            let recent = studio.recent_files();
            if recent.is_empty() {
                ui.add_enabled(false, Button::new("No file was opened yet"));
            }
            for path in recent {
                let name = path.file_name().map_or_else(
                    || path.display().to_string(),
                    |n| n.to_string_lossy().into(),
                );
                let entry = ui.button(name).on_hover_text(path.display().to_string());
                if entry.clicked() {
                    queue.push(Command::OpenPath(path.clone()));
                }
            }
        });
        item_ui(ui, queue, Action::OpenDemo, true);
        ui.separator();
        for action in [Action::Save, Action::SaveAs] {
            item_ui(ui, queue, action, true);
        }
        ui.separator();
        for action in [Action::ExportMidi, Action::ExportWav, Action::ExportPng] {
            item_ui(ui, queue, action, true);
        }
        if studio.rendering().is_some() {
            item_ui(ui, queue, Action::CancelRender, true);
        }
        ui.separator();
        for group in [
            Group::Edit,
            Group::Notes,
            Group::Theme,
            Group::Tracks,
            Group::View,
        ] {
            ui.menu_button(group.name(), |ui| {
                for action in Action::iter().filter(|action| action.group() == group) {
                    let enabled = match action {
                        Action::Undo => studio.history().can_undo(),
                        Action::Redo => studio.history().can_redo(),
                        _ => true,
                    };
                    item_ui(ui, queue, action, enabled);
                }
            });
        }
        ui.separator();
        item_ui(ui, queue, Action::Quit, true);
    });
}

fn item_ui(ui: &mut Ui, queue: &mut CommandQueue, action: Action, enabled: bool) {
    let shortcut = keys::shortcut_of(action)
        .map(|shortcut| ui.ctx().format_shortcut(&shortcut))
        .unwrap_or_default();
    let look = Look::of(ui);
    let icon =
        icon_label(action.icon().unwrap_or(Icon::Dot), 14.0).color(if action.icon().is_some() {
            look.dim
        } else {
            egui::Color32::TRANSPARENT
        });
    let button = Button::new((icon, action.text())).shortcut_text(
        RichText::new(shortcut)
            .font(look::small())
            .color(look.faint),
    );
    let response = ui
        .add_enabled(enabled, button)
        .on_hover_text(action.tooltip());
    if response.clicked() {
        queue.push(action);
    }
}
