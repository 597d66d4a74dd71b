//! Position, tempo, metre, key.

use egui::{DragValue, RichText, TextStyle, Ui, vec2};
use strum::IntoEnumIterator as _;

use super::super::command::{Action, Command, CommandQueue};
use super::super::edit::Edit;
use super::super::keys;
use super::super::look::{self, Look, NUMBER, size, space};
use super::super::studio::Studio;
use super::super::widgets::chip;
use super::{captioned, menu_text};
use crate::score::{Key, Metre, PitchClass, Scale, Song, Tempo, Tick};

/// Draws the numbers.
pub(super) fn numbers_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue, wide: bool) {
    let gap = if wide { space::L } else { 0.0 };
    position_ui(ui, studio);
    ui.add_space(gap);
    tempo_ui(ui, studio, queue);
    ui.add_space(gap);
    metre_ui(ui, studio, queue);
    ui.add_space(gap);
    key_ui(ui, studio, queue);
    let tooltip = keys::tooltip(ui.ctx(), Action::ToggleScaleLock);
    if chip(ui, "Scale", studio.view().scale_lock, tooltip).clicked() {
        queue.push(Action::ToggleScaleLock);
    }
}

/// Bar, beat and tick from 1, and minutes with hundredths of a second.
pub(super) fn position_text(song: &Song, tick: Tick) -> (String, String) {
    let position = song.metre.position(tick);
    let seconds = song.tempo.seconds_at(tick).max(0.0);
    let minutes = (seconds / 60.0).floor();
    (
        format!(
            "{} . {} . {:03}",
            position.bar + 1,
            position.beat + 1,
            position.tick
        ),
        format!("{minutes:.0}:{:05.2}", seconds - minutes * 60.0),
    )
}

/// Bars, beats and ticks that are still counted in, with a minus.
fn count_in_text(song: &Song, tick: Tick, left: Tick) -> String {
    let metre = song.metre.metre_at(tick);
    let (bar, beat) = (metre.bar().0.max(1), metre.beat().0.max(1));
    let bars_left = (left.0 + bar - 1) / bar;
    let into_bar = bars_left * bar - left.0;
    format!(
        "\u{2212}{bars_left} . {} . {:03}",
        into_bar / beat + 1,
        into_bar % beat
    )
}

fn position_ui(ui: &mut Ui, studio: &Studio) {
    let look = Look::of(ui);
    let position = studio.transport().position;
    let (mut bars, time) = position_text(studio.song(), position);
    let mut ink = look.text;
    if let Some(left) = studio.sound_state().count_in {
        bars = count_in_text(studio.song(), position, left);
        ink = look.accent_text;
    }
    let response = ui
        .vertical(|ui| {
            ui.set_min_width(100.0);
            ui.set_max_width(100.0);
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.label(
                RichText::new(&bars)
                    .font(look::numeric(size::HEADING + 1.0))
                    .color(ink),
            );
            ui.label(
                RichText::new(&time)
                    .font(look::numeric(size::SMALL))
                    .color(look.dim),
            );
        })
        .response;
    response.on_hover_text(
        "Bar . beat . tick of the playhead, and the time. With a minus: bars that are still counted in",
    );
}

fn tempo_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let position = studio.transport().position;
    let mut bpm = studio.song().tempo.tempo_at(position).bpm();
    bpm = (bpm * 100.0).round() / 100.0;
    captioned(ui, 52.0, "bpm", |ui| {
        ui.style_mut().drag_value_text_style = TextStyle::Name(NUMBER.into());
        ui.spacing_mut().button_padding = vec2(0.0, 0.0);
        let visuals = &mut ui.visuals_mut().widgets;
        visuals.inactive.weak_bg_fill = egui::Color32::TRANSPARENT;
        let response = ui.add(
            DragValue::new(&mut bpm)
                .range(20.0..=300.0)
                .speed(0.25)
                .max_decimals(2)
                .update_while_editing(false),
        );
        response.widget_info(|| {
            let mut info = egui::WidgetInfo::labeled(egui::Role::SpinButton, true, "Tempo");
            info.value = Some(bpm);
            info
        });
        let edit = Edit::Tempo(Tempo::from_bpm(bpm));
        if response.dragged() && response.changed() {
            queue.push(Command::EditLive(edit));
        } else if response.drag_stopped() || response.changed() {
            queue.push(edit);
        }
        let menu = response.on_hover_text("Tempo: drag, or click to type. Right click to tap it.");
        if menu.secondary_clicked() {
            queue.push(Action::TapTempo);
        }
    });
}

fn metre_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let metre = studio.song().metre.metre_at(studio.transport().position);
    let text = |metre: Metre| format!("{}/{}", metre.numerator, metre.denominator);
    captioned(ui, 44.0, "metre", |ui| {
        menu_text(ui, &text(metre), "Metre", "Beats in a bar", |ui| {
            for (numerator, denominator) in [
                (2, 4),
                (3, 4),
                (4, 4),
                (5, 4),
                (6, 4),
                (3, 8),
                (5, 8),
                (6, 8),
                (7, 8),
                (9, 8),
                (12, 8),
            ] {
                if let Some(other) = Metre::new(numerator, denominator)
                    && ui.selectable_label(other == metre, text(other)).clicked()
                {
                    queue.push(Edit::Metre(other));
                    ui.close();
                }
            }
        });
    });
}

fn key_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let key = studio.song().key;
    let text = key.map_or_else(|| "No key".to_owned(), |key| key.to_string());
    let width = if text.len() > 9 { 128.0 } else { 76.0 };
    captioned(ui, width, "key", |ui| {
        let tooltip = "Tonic and scale: colours the rows of the roll, and what Scale lock keeps to";
        menu_text(ui, &text, "Key", tooltip, |ui| {
            ui.set_min_width(236.0);
            let shown = key.unwrap_or_default();
            egui::Grid::new("tonics")
                .spacing([4.0, 4.0])
                .show(ui, |ui| {
                    for semitones in 0..12 {
                        let tonic = PitchClass::from_semitones(semitones);
                        let selected = key.is_some_and(|key| key.tonic == tonic);
                        let name = Key { tonic, ..shown }.spell(tonic);
                        let button =
                            egui::Button::selectable(selected, name).min_size(vec2(34.0, 26.0));
                        if ui.add(button).clicked() {
                            queue.push(Edit::Key(Some(Key { tonic, ..shown })));
                        }
                        if semitones % 6 == 5 {
                            ui.end_row();
                        }
                    }
                });
            ui.separator();
            for scale in Scale::iter() {
                let selected = key.is_some_and(|key| key.scale == scale);
                if ui.selectable_label(selected, scale.name()).clicked() {
                    queue.push(Edit::Key(Some(Key { scale, ..shown })));
                }
            }
            ui.separator();
            if ui.button("Detect from the notes").clicked() {
                let notes = studio.song().tracks.iter().filter(|t| !t.instrument.drums);
                let found = Key::detect(notes.flat_map(|track| track.notes()));
                queue.push(Edit::Key(found));
                ui.close();
            }
            if ui.selectable_label(key.is_none(), "No key").clicked() {
                queue.push(Edit::Key(None));
                ui.close();
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_from_one() {
        let song = Song::default();
        assert_eq!(
            position_text(&song, Tick::ZERO),
            ("1 . 1 . 000".to_owned(), "0:00.00".to_owned())
        );
        assert_eq!(
            position_text(&song, Tick(3840 * 2 + 960 + 480)),
            ("3 . 2 . 480".to_owned(), "0:04.75".to_owned())
        );
    }

    #[test]
    fn a_count_in_counts_up_to_the_bar_line() {
        let song = Song::default();
        let text = |left| count_in_text(&song, Tick::ZERO, Tick(left));
        assert_eq!(text(7_680), "\u{2212}2 . 1 . 000");
        assert_eq!(text(3_841), "\u{2212}2 . 4 . 959");
        assert_eq!(text(3_840), "\u{2212}1 . 1 . 000");
        assert_eq!(text(1), "\u{2212}1 . 4 . 959");
    }
}
