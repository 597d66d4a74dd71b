//! Questions.

use egui::{RichText, Ui, vec2};

use super::super::command::{Command, CommandQueue};
use super::super::look::{self, Look, size, space};
use super::super::studio::Studio;
use crate::formats::autosave::Recoverable;

/// Asks what to do with changes that are not saved before `next`.
pub(super) fn unsaved_ui(ui: &mut Ui, studio: &Studio, next: &Command, queue: &mut CommandQueue) {
    head(
        ui,
        &format!("Save the changes to \"{}\"?", studio.title()),
        "Otherwise they are lost.",
    );
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button("Save").clicked() {
                queue.push(Command::CloseDialog);
                queue.push(Command::SaveThen(Box::new(next.clone())));
            }
            if ui.button("Discard changes").clicked() {
                queue.push(Command::CloseDialog);
                queue.push(Command::Regardless(Box::new(next.clone())));
            }
            if ui.button("Cancel").clicked() {
                queue.push(Command::CloseDialog);
            }
        });
    });
}

/// Offers what the autosave has kept of a session that did not end well.
pub(super) fn recover_ui(ui: &mut Ui, found: &Recoverable, queue: &mut CommandQueue) {
    head(
        ui,
        "Leitmotif did not close properly the last time",
        &format!(
            "Unsaved work on \"{}\" was kept. Open it again?",
            if found.title.is_empty() {
                "Untitled"
            } else {
                &found.title
            }
        ),
    );
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button("Recover").clicked() {
                queue.push(Command::CloseDialog);
                queue.push(Command::Recover(true));
            }
            if ui.button("Discard it").clicked() {
                queue.push(Command::CloseDialog);
                queue.push(Command::Recover(false));
            }
        });
    });
}

fn head(ui: &mut Ui, title: &str, text: &str) {
    let look = Look::of(ui);
    ui.set_width(440.0);
    ui.spacing_mut().item_spacing = vec2(space::S, space::S);
    ui.label(RichText::new(title).font(look::semibold(size::HEADING + 1.0)));
    ui.label(RichText::new(text).color(look.dim));
    ui.add_space(space::XS);
}
