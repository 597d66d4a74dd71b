//! The centre of the window: ruler and theme lane, stacked small rolls, tool strip, large roll, velocities.

use egui::Ui;

use super::command::CommandQueue;
use super::look::{self, Look};
use super::studio::Studio;

/// Draws the centre.
pub fn centre_ui(ui: &mut Ui, studio: &Studio, _queue: &mut CommandQueue) {
    let look = Look::of(ui);
    if studio.song().tracks.is_empty() {
        ui.centered_and_justified(|ui| {
            ui.label(
                egui::RichText::new("Add a track on the left, then draw notes here")
                    .font(look::body())
                    .color(look.dim),
            );
        });
    }
}
