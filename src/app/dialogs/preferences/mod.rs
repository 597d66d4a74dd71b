//! Preferences: a page for each matter. A new page is a [`Page`] and a function that draws it.

mod audio;
mod look;

use egui::{RichText, Ui, vec2};
use strum::IntoEnumIterator as _;

use super::super::command::{Command, CommandQueue};
use super::super::look::{Look, medium, semibold, size, small, space};
use super::super::settings::Settings;
use super::super::studio::Studio;
use super::super::widgets::chip;

/// What the preferences are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, strum::EnumIter)]
pub(super) enum Page {
    Look,
    #[default]
    Audio,
    Midi,
    Models,
}

impl Page {
    fn name(self) -> &'static str {
        match self {
            Self::Look => "Look",
            Self::Audio => "Audio",
            Self::Midi => "MIDI",
            Self::Models => "Models",
        }
    }

    fn tooltip(self) -> &'static str {
        match self {
            Self::Look => "Dark or light",
            Self::Audio => "SoundFont, device, buffer and rate",
            Self::Midi => "Keyboards, and what the song is sent to",
            Self::Models => "The networks that write music",
        }
    }
}

pub(super) fn preferences_ui(
    ui: &mut Ui,
    studio: &Studio,
    page: &mut Page,
    queue: &mut CommandQueue,
) {
    ui.set_width(500.0);
    ui.spacing_mut().item_spacing = vec2(space::S, space::S);
    ui.label(RichText::new("Preferences").font(semibold(size::HEADING + 3.0)));
    ui.horizontal(|ui| {
        for other in Page::iter() {
            if chip(ui, other.name(), other == *page, other.tooltip()).clicked() {
                *page = other;
            }
        }
    });
    ui.add_space(space::S);
    let mut settings = studio.settings().clone();
    ui.allocate_ui_with_layout(
        vec2(ui.available_width(), 250.0),
        egui::Layout::top_down(egui::Align::Min),
        |ui| {
            ui.set_min_height(250.0);
            page_ui(ui, *page, studio, &mut settings);
        },
    );
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

fn page_ui(ui: &mut Ui, page: Page, studio: &Studio, settings: &mut Settings) {
    match page {
        Page::Look => look::look_ui(ui, settings),
        Page::Audio => audio::audio_ui(ui, studio, &mut settings.audio),
        Page::Midi => super::midi::midi_ui(ui, settings, studio),
        Page::Models => {
            let models = studio.models();
            if models.is_empty() {
                note(
                    ui,
                    "None found. Models belong into models/ beside the program.",
                );
            }
            for model in models {
                ui.label(RichText::new(model).font(medium(size::BODY)));
            }
        }
    }
}

/// One setting: its name and its control.
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

/// A remark in small letters.
fn note(ui: &mut Ui, text: &str) {
    let look = Look::of(ui);
    ui.label(RichText::new(text).font(small()).color(look.dim));
}

/// A choice of one among several; the first of `choices` whose value is `value` is shown.
fn choice<T: PartialEq + Clone>(
    ui: &mut Ui,
    label: &str,
    tooltip: &str,
    value: &mut T,
    choices: &[(T, String)],
) {
    let shown = (choices.iter())
        .find(|(other, _)| other == value)
        .map_or("", |(_, name)| name);
    egui::ComboBox::from_id_salt(label)
        .width(ui.available_width())
        .selected_text(shown)
        .show_ui(ui, |ui| {
            for (other, name) in choices {
                ui.selectable_value(value, other.clone(), name);
            }
        })
        .response
        .on_hover_text(tooltip)
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, label));
}
