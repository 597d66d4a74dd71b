//! What the candidates are sorted by: a slider for each measure.

use egui::{RichText, ScrollArea, Ui, vec2};

use super::super::command::{Command, CommandQueue};
use super::super::look::{self, Look, size, space};
use super::super::studio::{Making, Studio};
use super::super::widgets::{Thin, chip, thin_slider};
use crate::compose::{Measured, Weights};

/// Width of the fold-out in points.
const WIDTH: f32 = 268.0;
/// Height of a line.
const ROW: f32 = 20.0;
/// Width of the names of measures.
const NAME: f32 = 74.0;
/// Width of the words at the right.
const WORD: f32 = 52.0;

fn id() -> egui::Id {
    egui::Id::unique("ranking")
}

/// The chip that opens and closes the fold-out; says whether it is open.
pub(super) fn ranking_chip(ui: &mut Ui, studio: &Studio) -> bool {
    let open = ui.data(|data| data.get_temp::<bool>(id()).unwrap_or_default());
    if studio.tray().making == Making::Morph || measures(studio).is_empty() {
        return false;
    }
    let name = if studio.settings().weights.are_usual() {
        "Ranking"
    } else {
        "Ranking, yours"
    };
    let tooltip = "What the candidates are sorted by, and how much each measure counts";
    if chip(ui, name, open, tooltip).clicked() {
        ui.data_mut(|data| data.insert_temp(id(), !open));
    }
    open
}

/// The fold-out: how much each measure counts, from not at all to double.
pub(super) fn ranking_ui(ui: &mut Ui, studio: &Studio, height: f32, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    let mut weights = studio.settings().weights.clone();
    let down = egui::Layout::top_down(egui::Align::Min);
    ui.allocate_ui_with_layout(vec2(WIDTH, height), down, |ui| {
        ui.set_min_size(vec2(WIDTH, height));
        ScrollArea::vertical()
            .id_salt("weights")
            .auto_shrink([false, false])
            .show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                ui.spacing_mut().interact_size.y = ROW;
                for measured in measures(studio) {
                    weight_ui(ui, measured, &mut weights);
                }
                ui.add_space(space::XS);
                if weights.are_usual() {
                    ui.label(
                        RichText::new("Drag to count a measure more or less.")
                            .font(look::small())
                            .color(look.dim),
                    );
                } else {
                    let tooltip = "Every measure counts as it comes";
                    if chip(ui, "Reset", false, tooltip).clicked() {
                        weights = Weights::default();
                    }
                }
            });
    });
    if weights != studio.settings().weights {
        queue.push(Command::SetWeights(weights));
    }
}

/// One measure: its name, how much it counts, and that in words.
fn weight_ui(ui: &mut Ui, measured: &Measured, weights: &mut Weights) {
    let look = Look::of(ui);
    let weight = weights.of(measured.name);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        let (name, _) = ui.allocate_exact_size(vec2(NAME, ROW), egui::Sense::hover());
        ui.painter().text(
            name.left_center(),
            egui::Align2::LEFT_CENTER,
            measured.name,
            look::medium(size::SMALL),
            if weight > 0.0 { look.text } else { look.faint },
        );
        let mut value = weight / Weights::MOST;
        let slider = thin_slider(
            ui,
            &mut value,
            Thin {
                label: &format!("Weight of {}", measured.name),
                width: WIDTH - NAME - WORD - space::S * 2.0,
                colour: look.accent,
                knob: true,
                default: Weights::usual(measured.name) / Weights::MOST,
                centred: false,
            },
        );
        if slider.changed() {
            // In tenths, so that the middle is met.
            weights.set(measured.name, (value * Weights::MOST * 10.0).round() / 10.0);
        }
        slider.on_hover_text(format!("{}.", measured.meaning.trim_end_matches('.')));
        let word = if weight < 0.05 {
            "ignored".to_owned()
        } else {
            format!("\u{d7} {weight:.1}")
        };
        let (rect, _) = ui.allocate_exact_size(vec2(WORD, ROW), egui::Sense::hover());
        ui.painter().text(
            rect.left_center(),
            egui::Align2::LEFT_CENTER,
            word,
            look::numeric(size::SMALL),
            look.dim,
        );
    });
}

/// The measures of the candidates: those of the one that has the most.
fn measures(studio: &Studio) -> &[Measured] {
    (studio.tray().entries.iter())
        .map(|entry| &entry.candidate.measures[..])
        .max_by_key(|measures| measures.len())
        .unwrap_or_default()
}
