//! How the window looks.

use egui::Ui;
use strum::IntoEnumIterator as _;

use super::super::super::settings::{Settings, ThemeChoice};
use super::line;

pub(super) fn look_ui(ui: &mut Ui, settings: &mut Settings) {
    line(ui, "Theme", |ui| {
        for theme in ThemeChoice::iter() {
            let tooltip = match theme {
                ThemeChoice::Dark => "Light letters on a dark ground",
                ThemeChoice::Light => "Dark letters on a light ground",
                ThemeChoice::System => "What the desktop is set to",
            };
            ui.selectable_value(&mut settings.theme, theme, theme.name())
                .on_hover_text(tooltip);
        }
    });
}
