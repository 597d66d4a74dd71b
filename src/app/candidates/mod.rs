//! The tray at the bottom: what the network proposes, best first.

mod card;
mod ranking;

use egui::{Align, Layout, RichText, ScrollArea, Ui, vec2};

use super::command::{Action, CommandQueue};
use super::look::{self, Look, size, space};
use super::studio::Studio;
use super::widgets::chip;

/// Height of the tray with candidates in it.
pub const FULL: f32 = 196.0;
/// Height of the empty tray.
pub const EMPTY: f32 = 44.0;

/// Draws the tray.
pub fn candidates_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    ui.spacing_mut().item_spacing = vec2(space::S, space::S);
    let entries = &studio.tray().entries;
    let mut ranking = false;
    ui.horizontal(|ui| {
        ui.set_min_height(space::CONTROL);
        ui.label(
            RichText::new("Candidates")
                .font(look::semibold(size::HEADING))
                .color(look.text),
        );
        ui.label(
            RichText::new(hint(studio))
                .font(look::small())
                .color(look.dim),
        );
        if entries.is_empty() {
            return;
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let heard = studio.tray().heard.is_some();
            let only = studio.focused_track().map_or_else(
                || "Keep one track".to_owned(),
                |track| format!("Keep only {}", track.name),
            );
            for (action, text, shown) in [
                (Action::CloseTray, "Discard all", true),
                (Action::DiscardCandidate, "Discard", heard),
                (Action::KeepTrack, &*only, heard && studio.can_keep_track()),
                (
                    Action::MoreLikeThis,
                    "More like this",
                    studio.has_neighbours(),
                ),
                (Action::AddBand, "Add a band", studio.can_add_band()),
                (Action::KeepCandidate, "Keep", heard),
                (Action::AuditionNone, "Compare", heard),
            ] {
                if !shown {
                    continue;
                }
                let tooltip = super::keys::tooltip(ui.ctx(), action);
                let primary = action == Action::KeepCandidate;
                if chip(ui, text, primary, tooltip).clicked() {
                    queue.push(action);
                }
            }
            ranking = ranking::ranking_chip(ui, studio);
        });
    });
    if entries.is_empty() {
        return;
    }
    let height = ui.available_height() - space::XS;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = space::M;
        if ranking {
            ranking::ranking_ui(ui, studio, height, queue);
        }
        cards_ui(ui, studio, height, queue);
    });
}

/// The candidates as cards, the best on the left.
fn cards_ui(ui: &mut Ui, studio: &Studio, height: f32, queue: &mut CommandQueue) {
    let entries = &studio.tray().entries;
    ScrollArea::horizontal()
        .id_salt("cards")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = space::M;
                let count = entries.len().max(4) as f32;
                let width =
                    ((ui.available_width() - space::M * (count - 1.0)) / count).clamp(128.0, 260.0);
                for (index, entry) in entries.iter().enumerate() {
                    card::card_ui(ui, studio, index, entry, vec2(width, height), queue);
                }
            });
        });
}

/// What can be done here now.
fn hint(studio: &Studio) -> String {
    let tray = studio.tray();
    if tray.entries.is_empty() {
        return "What the network writes appears here. Choose what to make on the right and press G; the song changes only when you keep one.".to_owned();
    }
    if studio.job().is_some() {
        return "being written, playable as they grow. 1 to 8 to hear".to_owned();
    }
    let weights = &studio.settings().weights;
    let measures = (tray.entries.first()).map_or(&[][..], |entry| &entry.candidate.measures);
    let mut names: Vec<&str> = measures.iter().map(|measured| measured.name).collect();
    names.retain(|name| weights.of(name) > 0.0);
    names.sort_by(|a, b| weights.of(b).total_cmp(&weights.of(a)));
    let sorted = match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => {
            format!("sorted by {} and {last}. ", rest.join(", "))
        }
        Some((last, _)) => format!("sorted by {last}. "),
        None => String::new(),
    };
    format!("{sorted}1 to 8 to hear, Enter keeps, Backspace discards")
}
