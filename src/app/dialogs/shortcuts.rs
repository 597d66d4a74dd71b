//! The shortcut sheet.

use egui::{Grid, RichText, ScrollArea, Ui};
use strum::IntoEnumIterator as _;

use super::super::command::{Action, Command, CommandQueue, Group};
use super::super::keys::{BINDINGS, When};
use super::super::look::{self, Look, size, space};

pub(super) fn shortcuts_ui(ui: &mut Ui, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    let width = (ui.ctx().content_rect().width() - 120.0).min(980.0);
    ui.set_width(width);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Keyboard shortcuts").font(look::semibold(size::HEADING + 3.0)));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button("Close").clicked() {
                queue.push(Command::CloseDialog);
            }
        });
    });
    ui.add_space(space::S);
    let height = ui.ctx().content_rect().height() - 200.0;
    ScrollArea::vertical()
        .max_height(height)
        .min_scrolled_height(height)
        .show(ui, |ui| {
        // Groups go into three columns, each into the one that is shortest so far.
        let mut columns: [(usize, Vec<Group>); 3] = Default::default();
        for group in Group::iter() {
            let lines = lines(group).len();
            if lines == 0 {
                continue;
            }
            if let Some(shortest) = columns.iter_mut().min_by_key(|(height, _)| *height) {
                shortest.0 += lines + 2;
                shortest.1.push(group);
            }
        }
        ui.columns(3, |uis| {
            for (ui, (_, groups)) in uis.iter_mut().zip(&columns) {
                for group in groups {
                    ui.label(
                        RichText::new(group.name())
                            .font(look::semibold(size::BODY))
                            .color(look.accent_text),
                    );
                    Grid::new(group.name())
                        .num_columns(2)
                        .spacing([space::M, space::XS])
                        .min_row_height(18.0)
                        .show(ui, |ui| {
                            for (action, keys) in lines(*group) {
                                let keys: Vec<String> = keys
                                    .iter()
                                    .map(|shortcut| ui.ctx().format_shortcut(shortcut))
                                    .collect();
                                ui.label(
                                    RichText::new(keys.join(", "))
                                        .font(look::medium(size::SMALL))
                                        .color(look.text),
                                );
                                ui.label(
                                    RichText::new(action.text())
                                        .font(look::small())
                                        .color(look.dim),
                                )
                                .on_hover_text(action.tooltip());
                                ui.end_row();
                            }
                        });
                    ui.add_space(space::M);
                }
            }
        });
        ui.label(
            RichText::new(
                "While the tray holds candidates, 1 to 8 play them, Enter keeps and Backspace discards; otherwise 1 to 4 choose the tool.",
            )
            .font(look::small())
            .color(look.faint),
        );
    });
}

/// The actions of a group that have shortcuts, with them.
fn lines(group: Group) -> Vec<(Action, Vec<egui::KeyboardShortcut>)> {
    Action::iter()
        .filter(|action| action.group() == group)
        .filter_map(|action| {
            let mut keys: Vec<egui::KeyboardShortcut> = Vec::new();
            for binding in BINDINGS.iter().filter(|b| b.action == action) {
                // A second way to type the same thing need not be on the sheet.
                let twin = binding.when != When::Always && !keys.is_empty();
                if keys.len() < 2 && !twin {
                    keys.push(binding.shortcut);
                }
            }
            (!keys.is_empty()).then_some((action, keys))
        })
        .collect()
}
