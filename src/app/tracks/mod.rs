//! The tracks panel: heads of the lanes, and below them everything about the focused track.

mod inspector;
mod instruments;
mod row;

use egui::{Align, Layout, Rect, RichText, ScrollArea, Ui, vec2};

use super::command::{Action, Command, CommandQueue};
use super::look::{self, Look, size, space};
use super::studio::Studio;
use super::timeline::{HEAD_HEIGHT, RULER_HEIGHT, THEME_HEIGHT};
use super::widgets::action_button;

/// Height of the part about the focused track.
const INSPECTOR: f32 = 294.0;

/// Draws the panel.
pub fn tracks_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    ui.spacing_mut().item_spacing = vec2(space::S, 0.0);
    head_ui(ui, queue);
    let song = studio.song();
    if song.tracks.is_empty() {
        ui.add_space(space::L);
        ui.horizontal(|ui| {
            ui.add_space(space::L);
            ui.vertical(|ui| {
                ui.set_max_width(170.0);
                ui.label(
                    RichText::new("No tracks yet. Press + to add one, or open a MIDI file.")
                        .font(look::small())
                        .color(look.dim),
                );
            });
        });
        return;
    }
    let all = ui.available_rect_before_wrap();
    let show_inspector = all.height() > INSPECTOR + space::LANE * 3.0;
    let lanes_bottom = if show_inspector {
        all.bottom() - INSPECTOR
    } else {
        all.bottom()
    };
    let lanes = Rect::from_min_max(all.min, egui::pos2(all.right(), lanes_bottom));
    let mut lanes_ui = ui.new_child(
        egui::UiBuilder::new()
            .max_rect(lanes)
            .layout(Layout::top_down(Align::Min)),
    );
    let scrolled = ScrollArea::vertical()
        .id_salt("track heads")
        .auto_shrink([false, false])
        .vertical_scroll_offset(studio.view().lanes_scroll)
        .show(&mut lanes_ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (index, track) in song.tracks.iter().enumerate() {
                row::row_ui(ui, studio, index, track, queue);
            }
            // Those that the candidate that is heard would add.
            for track in &studio.heard_song().tracks {
                if song.track(track.id).is_none() {
                    row::coming_ui(ui, track);
                }
            }
        });
    let offset = scrolled.state.clamped_offset().y;
    if (offset - studio.view().lanes_scroll).abs() > 0.5 {
        let mut view = studio.view().clone();
        view.lanes_scroll = offset;
        queue.push(Command::SetView(view));
    }
    if show_inspector && let Some(track) = studio.focused_track() {
        let rect = Rect::from_min_max(egui::pos2(all.left(), lanes_bottom), all.max);
        ui.painter().hline(
            rect.x_range(),
            rect.top(),
            egui::Stroke::new(1.0, look.line),
        );
        let mut inspector_ui = ui.new_child(
            egui::UiBuilder::new()
                .max_rect(rect.shrink2(vec2(space::L, space::M)))
                .layout(Layout::top_down(Align::Min)),
        );
        inspector::inspector_ui(&mut inspector_ui, studio, track, queue);
    }
    ui.advance_cursor_after_rect(all);
}

/// As high as ruler and theme lane, so that rows and lanes stand side by side.
fn head_ui(ui: &mut Ui, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    let width = ui.available_width();
    ui.allocate_ui_with_layout(
        vec2(width, HEAD_HEIGHT),
        Layout::left_to_right(Align::Min),
        |ui| {
            ui.set_min_size(vec2(width, HEAD_HEIGHT));
            ui.add_space(space::L);
            let (labels, _) = ui.allocate_exact_size(vec2(80.0, HEAD_HEIGHT), egui::Sense::hover());
            for (text, y) in [
                ("Tracks", RULER_HEIGHT / 2.0),
                ("Theme", RULER_HEIGHT + THEME_HEIGHT / 2.0),
            ] {
                ui.painter().text(
                    labels.left_top() + vec2(0.0, y),
                    egui::Align2::LEFT_CENTER,
                    text,
                    look::medium(size::BODY),
                    look.dim,
                );
            }
            ui.add_space(ui.available_width() - space::CONTROL - space::L - space::XS);
            ui.vertical(|ui| {
                ui.add_space(6.0);
                action_button(ui, queue, Action::AddTrack, |button| button.tint(look.dim));
                ui.add_space(f32::midpoint(RULER_HEIGHT, THEME_HEIGHT) - space::CONTROL);
                action_button(ui, queue, Action::FindTheme, |button| button.tint(look.dim));
            });
        },
    );
}
