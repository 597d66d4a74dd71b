//! Preferences: MIDI devices.

use egui::{ComboBox, RichText, Slider, Ui};
use strum::IntoEnumIterator as _;

use super::super::look::{self, Look};
use super::super::settings::{GridChoice, Settings};
use super::super::studio::Studio;
use super::preferences::line;
use crate::audio::midi::MidiInputChoice;

/// Draws the lines about MIDI, changing `settings`.
pub(super) fn midi_ui(ui: &mut Ui, settings: &mut Settings, studio: &Studio) {
    let state = studio.midi();
    let midi = &mut settings.midi;
    line(ui, "MIDI input", |ui| {
        let shown = match &midi.input {
            MidiInputChoice::None => "None",
            MidiInputChoice::All => "Every port",
            MidiInputChoice::Port(name) => name,
        };
        let combo = ComboBox::from_id_salt("midi input")
            .width(ui.available_width())
            .selected_text(shown.to_owned());
        let response = combo.show_ui(ui, |ui| {
            ui.selectable_value(&mut midi.input, MidiInputChoice::None, "None");
            ui.selectable_value(&mut midi.input, MidiInputChoice::All, "Every port");
            for name in &state.ports.inputs {
                let choice = MidiInputChoice::Port(name.clone());
                ui.selectable_value(&mut midi.input, choice, name);
            }
        });
        labelled(
            response.response,
            "MIDI input",
            "The keyboard that you play and record with. A port that is unplugged is used again when it is back",
        );
    });
    line(ui, "MIDI output", |ui| {
        ui.checkbox(&mut midi.virtual_output, "Port “Leitmotif”").on_hover_text(
            "Other programs see a MIDI port of this name: a DAW connected to it records or follows the song live. \
             Tracks go to channels 1 to 16 in their order, drums to channel 10; further tracks are not sent",
        );
        let shown = midi.output.as_deref().unwrap_or("No other port");
        let combo = ComboBox::from_id_salt("midi output")
            .width(ui.available_width())
            .selected_text(shown.to_owned());
        let response = combo.show_ui(ui, |ui| {
            ui.selectable_value(&mut midi.output, None, "No other port");
            for name in &state.ports.outputs {
                ui.selectable_value(&mut midi.output, Some(name.clone()), name);
            }
        });
        labelled(
            response.response,
            "MIDI output",
            "A synthesizer or another program that the song is sent to",
        );
    });
    line(ui, "", |ui| {
        ui.checkbox(&mut midi.clock, "Send clock").on_hover_text(
            "MIDI clock, start, stop and song position, so that what is connected keeps time",
        );
        ui.checkbox(&mut midi.thru, "Thru").on_hover_text(
            "Send what you play on to the MIDI outputs as well, on the channel of the armed or focused track",
        );
    });
    line(ui, "Quantise", |ui| {
        let combo = ComboBox::from_id_salt("input grid")
            .width(96.0)
            .selected_text(settings.input_grid.name());
        let response = combo.show_ui(ui, |ui| {
            for grid in GridChoice::iter() {
                ui.selectable_value(&mut settings.input_grid, grid, grid.name());
            }
        });
        labelled(
            response.response,
            "Quantise on input",
            "The grid onto which recorded notes are put",
        );
        let slider = Slider::new(&mut settings.input_strength, 0..=100).suffix(" %");
        let response = ui.add_enabled(settings.input_grid != GridChoice::Off, slider);
        labelled(
            response,
            "Strength of the quantising",
            "How far recorded notes move towards the grid",
        );
    });
    line(ui, "", |ui| {
        let look = Look::of(ui);
        let (text, ink) = match &state.trouble {
            Some(trouble) => (trouble.to_string(), look.record),
            None if state.playing_on.is_empty() => {
                ("No keyboard is connected".to_owned(), look.dim)
            }
            None => (
                format!("Connected: {}", state.playing_on.join(", ")),
                look.dim,
            ),
        };
        ui.add(egui::Label::new(RichText::new(text).font(look::small()).color(ink)).wrap());
    });
}

fn labelled(response: egui::Response, label: &'static str, tooltip: &str) {
    let role = response.sense.senses_drag();
    response.widget_info(|| {
        let role = if role {
            egui::Role::Slider
        } else {
            egui::Role::ComboBox
        };
        egui::WidgetInfo::labeled(role, true, label)
    });
    response.on_hover_text(tooltip);
}
