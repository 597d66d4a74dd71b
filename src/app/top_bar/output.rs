//! The right end of the bar: what the sound does.

use egui::{Align, Layout, RichText, Ui, vec2};

use super::super::command::{Action, CommandQueue};
use super::super::look::{self, Look, size, space};
use super::super::studio::Studio;
use super::super::widgets::{action_button, horizontal_meter};
use super::preferences_ui;

/// Draws, from right to left: shortcuts, preferences, SoundFont and device, meter.
pub(super) fn output_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue, wide: bool) {
    let look = Look::of(ui);
    if wide {
        action_button(ui, queue, Action::Shortcuts, |button| button.tint(look.dim));
        action_button(ui, queue, Action::Panic, |button| button.tint(look.dim));
    }
    preferences_ui(ui, queue);
    ui.add_space(if wide { space::S } else { 0.0 });
    let sound = studio.sound_state();
    let width = if wide { 190.0 } else { 104.0 };
    let details =
        ui.allocate_ui_with_layout(vec2(width, 36.0), Layout::top_down(Align::Max), |ui| {
            ui.spacing_mut().item_spacing.y = 3.0;
            ui.add(
                egui::Label::new(
                    RichText::new(&sound.font)
                        .font(look::medium(size::SMALL))
                        .color(look.text),
                )
                .truncate(),
            );
            let ink = if sound.problem.is_some() {
                look.record
            } else {
                look.dim
            };
            let line = sound.problem.as_ref().unwrap_or(&sound.device);
            ui.add(egui::Label::new(RichText::new(line).font(look::small()).color(ink)).truncate());
        });
    let xruns = match sound.xruns {
        0 => "No dropouts.".to_owned(),
        1 => "1 dropout.".to_owned(),
        n => format!("{n} dropouts."),
    };
    details.response.on_hover_text(format!(
        "{}\n{}\n{xruns} Preferences (Ctrl+,) choose SoundFont and device.",
        sound.font,
        sound.problem.as_ref().unwrap_or(&sound.device)
    ));
    ui.add_space(if wide { space::S } else { 0.0 });
    let width = if wide { 128.0 } else { 32.0 };
    let peak = sound.master[0].max(sound.master[1]);
    if wide {
        let text = if peak > 0.0005 {
            format!("{:.0} dB", 20.0 * peak.log10())
        } else {
            "\u{2212}∞ dB".to_owned()
        };
        ui.add_sized(
            vec2(48.0, 20.0),
            egui::Label::new(
                RichText::new(text)
                    .font(look::numeric(size::SMALL))
                    .color(look.dim),
            ),
        );
    }
    horizontal_meter(ui, vec2(width, 13.0), sound.master, "Output level")
        .on_hover_text("Output level, left and right; red is too loud");
}
