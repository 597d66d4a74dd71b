//! The status line: what a click will do.

use egui::{Align, Layout, RichText, Ui};

use super::look::{self, Look, size, space};
use super::studio::Studio;
use super::view::Tool;

/// Draws the line.
pub fn status_ui(ui: &mut Ui, studio: &Studio) {
    let look = Look::of(ui);
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        ui.label(
            RichText::new(said(ui).unwrap_or_else(|| hint(studio)))
                .font(look::small())
                .color(look.dim),
        );
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = space::L;
            let song = studio.song();
            let notes: usize = song.tracks.iter().map(|track| track.notes().len()).sum();
            let selected = studio.selection().len();
            let mut facts = Vec::new();
            if selected > 0 {
                facts.push(format!("{selected} selected"));
            }
            let count = |count: usize, what: &str| {
                format!("{count} {what}{}", if count == 1 { "" } else { "s" })
            };
            facts.push(count(notes, "note"));
            facts.push(count(song.bars() as usize, "bar"));
            for fact in facts {
                ui.label(
                    RichText::new(fact)
                        .font(look::numeric(size::SMALL))
                        .color(look.faint),
                );
            }
            if let Some(rendering) = studio.rendering() {
                let percent = (rendering.share() * 100.0).floor();
                let text = format!("{} {}, {percent} %", rendering.doing(), rendering.name());
                ui.label(
                    RichText::new(text)
                        .font(look::small())
                        .color(look.accent_text),
                );
            }
            if let Some(work) = studio.work() {
                ui.label(
                    RichText::new(work)
                        .font(look::small())
                        .color(look.accent_text),
                );
            }
        });
    });
}

/// Shows `hint` in the status line as long as this is called every frame: what a click would do where the pointer is.
pub(super) fn say(ui: &Ui, hint: &'static str) {
    let pass = ui.ctx().cumulative_pass_nr();
    ui.data_mut(|data| data.insert_temp(egui::Id::unique("said"), (pass, hint)));
}

/// What was said in this pass or the one before.
fn said(ui: &Ui) -> Option<&'static str> {
    let pass = ui.ctx().cumulative_pass_nr();
    ui.data(|data| data.get_temp::<(u64, &'static str)>(egui::Id::unique("said")))
        .filter(|(said, _)| said + 1 >= pass)
        .map(|(_, hint)| hint)
}

/// What a click will do, or what to do next.
fn hint(studio: &Studio) -> &'static str {
    if studio.song().tracks.is_empty() {
        return "Add a track (Ctrl+T), open a MIDI file (Ctrl+O), or drop one onto the window";
    }
    if studio.focused_track().is_some_and(|track| track.locked) {
        return "This track is locked: Shift+L unlocks it";
    }
    match studio.view().tool {
        Tool::Pencil => {
            "Pencil: click to draw a note, drag for its length, right click removes; Ctrl+P finds any command"
        }
        Tool::Select => {
            "Select: drag a frame, drag notes to move them, drag their ends to resize; Ctrl+P finds any command"
        }
        Tool::Knife => "Knife: click a note to cut it there",
        Tool::Glue => "Glue: click a note to join it with the next of its pitch",
    }
}
