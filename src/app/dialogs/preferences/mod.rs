//! Preferences.

use egui::{ComboBox, RichText, Ui, vec2};
use strum::IntoEnumIterator as _;

use super::super::command::{Command, CommandQueue};
use super::super::look::{self, Look, size, space};
use super::super::settings::ThemeChoice;
use super::super::studio::Studio;

pub(super) fn preferences_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    ui.set_width(460.0);
    ui.spacing_mut().item_spacing = vec2(space::S, space::S);
    ui.label(RichText::new("Preferences").font(look::semibold(size::HEADING + 3.0)));
    let mut settings = studio.settings().clone();
    line(ui, "Look", |ui| {
        for theme in ThemeChoice::iter() {
            ui.selectable_value(&mut settings.theme, theme, theme.name());
        }
    });
    line(ui, "SoundFont", |ui| {
        let fonts = studio.fonts();
        let shown = settings
            .soundfont
            .as_ref()
            .and_then(|path| fonts.iter().find(|font| font.path.as_ref() == Some(path)))
            .map_or("The best one found", |font| &font.name);
        ComboBox::from_id_salt("soundfont")
            .width(ui.available_width())
            .selected_text(shown)
            .show_ui(ui, |ui| {
                ui.selectable_value(&mut settings.soundfont, None, "The best one found");
                for font in fonts {
                    ui.selectable_value(&mut settings.soundfont, font.path.clone(), &font.name)
                        .on_hover_text(&font.origin);
                }
            })
            .response
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, "SoundFont"));
    });
    line(ui, "Audio device", |ui| {
        let shown = settings
            .device
            .clone()
            .unwrap_or_else(|| "The system's default".to_owned());
        ComboBox::from_id_salt("device")
            .width(ui.available_width())
            .selected_text(shown)
            .show_ui(ui, |ui| {
                ui.selectable_value(&mut settings.device, None, "The system's default");
                for device in studio.devices() {
                    let choice = Some(device.clone());
                    ui.selectable_value(&mut settings.device, choice, device);
                }
            })
            .response
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, "Audio device"));
    });
    let sound = studio.sound_state();
    line(ui, "", |ui| {
        let (text, ink) = match &sound.problem {
            Some(problem) => (problem.clone(), look.record),
            None => (format!("{}, {}", sound.font, sound.device), look.dim),
        };
        ui.label(RichText::new(text).font(look::small()).color(ink));
    });
    super::midi::midi_ui(ui, &mut settings, studio);
    line(ui, "Models", |ui| {
        let models = studio.models();
        let text = if models.is_empty() {
            "None found. Models belong into models/ beside the program.".to_owned()
        } else {
            models.join(", ")
        };
        ui.label(RichText::new(text).font(look::small()).color(look.dim));
    });
    ui.add_space(space::S);
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button("Close").clicked() {
                queue.push(Command::CloseDialog);
            }
        });
    });
    if settings != *studio.settings() {
        queue.push(Command::SetSettings(settings));
    }
}

pub(super) fn line(ui: &mut Ui, label: &str, contents: impl FnOnce(&mut Ui)) {
    let look = Look::of(ui);
    ui.horizontal(|ui| {
        ui.set_min_height(space::CONTROL);
        ui.add_sized(
            vec2(96.0, 20.0),
            egui::Label::new(RichText::new(label).color(look.dim)).halign(egui::Align::Min),
        );
        contents(ui);
    });
}
