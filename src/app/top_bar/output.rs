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
    let latency = match sound.latency {
        Some(latency) => format!("\nLatency {:.1} ms.", latency.as_secs_f64() * 1_000.0),
        None => String::new(),
    };
    details.response.on_hover_text(format!(
        "{}\n{}{latency}\n{xruns} Preferences (Ctrl+,) choose SoundFont and device.",
        sound.font,
        sound.problem.as_ref().unwrap_or(&sound.device)
    ));
    ui.add_space(if wide { space::S } else { 0.0 });
    let width = if wide { 128.0 } else { 32.0 };
    let loudness = loudness_text(sound.loudness);
    let peak = sound.master[0].max(sound.master[1]);
    if wide {
        ui.add_sized(
            vec2(72.0, 20.0),
            egui::Label::new(
                RichText::new(&loudness)
                    .font(look::numeric(size::SMALL))
                    .color(look.dim),
            ),
        )
        .on_hover_text(
            "Loudness of the last 0.4 s (momentary, EBU R 128). Streaming services aim at \u{2212}14 LUFS over a whole song",
        );
    }
    horizontal_meter(ui, vec2(width, 13.0), sound.master, "Output level").on_hover_text(format!(
        "Output level, left and right. Peak {}, loudness {loudness}. A limiter keeps peaks below \u{2212}1 dB",
        decibels_text(peak)
    ));
}

/// A peak of 0..=1 in decibels below full scale.
fn decibels_text(peak: f32) -> String {
    if peak > 0.000_1 {
        format!("{:.1} dB", 20.0 * peak.log10()).replace('-', "\u{2212}")
    } else {
        "\u{2212}∞ dB".to_owned()
    }
}

/// A loudness, where there is one.
fn loudness_text(lufs: Option<f32>) -> String {
    match lufs {
        Some(lufs) if lufs > -70.0 => format!("{lufs:.1} LUFS").replace('-', "\u{2212}"),
        _ => "\u{2212}∞ LUFS".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_written_with_a_minus_and_silence_as_infinity() {
        assert_eq!(decibels_text(0.5), "\u{2212}6.0 dB");
        assert_eq!(decibels_text(0.0), "\u{2212}∞ dB");
        assert_eq!(loudness_text(Some(-14.23)), "\u{2212}14.2 LUFS");
        assert_eq!(loudness_text(Some(f32::NEG_INFINITY)), "\u{2212}∞ LUFS");
        assert_eq!(loudness_text(None), "\u{2212}∞ LUFS");
    }
}
