//! Everything about the focused track.

use std::sync::Arc;

use egui::{ComboBox, RichText, TextEdit, Ui, vec2};
use strum::IntoEnumIterator as _;

use super::super::command::{Action, CommandQueue};
use super::super::edit::{Edit, TrackChange};
use super::super::look::{self, Look, size, space};
use super::super::studio::Studio;
use super::super::widgets::{IconButton, Thin, action_button, thin_slider};
use super::instruments;
use super::row::drag_edit;
use crate::score::{Role, Track, gm};

/// A slider for one of the values of a track, 0..=127.
struct Slider {
    label: &'static str,
    value: u8,
    default: u8,
    /// Whether the middle is its origin.
    centred: bool,
    /// What it makes of its value.
    change: fn(u8) -> TrackChange,
    tooltip: &'static str,
}

fn sliders(track: &Track) -> [Slider; 4] {
    [
        Slider {
            label: "Volume",
            value: track.volume,
            default: 100,
            centred: false,
            change: TrackChange::Volume,
            tooltip: "How loud the track is in the mix",
        },
        Slider {
            label: "Pan",
            value: track.pan,
            default: 64,
            centred: true,
            change: TrackChange::Pan,
            tooltip: "Where the track stands between left and right",
        },
        Slider {
            label: "Reverb",
            value: track.reverb,
            default: 40,
            centred: false,
            change: TrackChange::Reverb,
            tooltip: "How much of the track is heard from the room",
        },
        Slider {
            label: "Chorus",
            value: track.chorus,
            default: 0,
            centred: false,
            change: TrackChange::Chorus,
            tooltip: "How much the track is thickened by copies that drift in pitch",
        },
    ]
}

/// Draws the part about `track`.
pub(super) fn inspector_ui(
    ui: &mut Ui,
    studio: &Studio,
    track: &Arc<Track>,
    queue: &mut CommandQueue,
) {
    let look = Look::of(ui);
    ui.spacing_mut().item_spacing = vec2(space::S, 6.0);
    name_ui(ui, track, queue);
    labelled(ui, "Sound", |ui| {
        let name = gm::instrument_name(track.instrument);
        let button = egui::Button::new(RichText::new(name).font(look::body()))
            .right_text("")
            .truncate();
        let response = ui
            .add_sized(vec2(ui.available_width(), space::CONTROL), button)
            .on_hover_text("Choose an instrument by name");
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Instrument: {name}"))
        });
        egui::Popup::menu(&response)
            .close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside)
            .show(|ui| {
                if let Some(instrument) = instruments::picker_ui(ui, track.instrument) {
                    queue.push(Edit::Track(track.id, TrackChange::Instrument(instrument)));
                }
            });
    });
    labelled(ui, "Role", |ui| {
        let combo = ComboBox::from_id_salt("role")
            .width(ui.available_width())
            .selected_text(track.role.name())
            .show_ui(ui, |ui| {
                for role in Role::iter() {
                    if ui
                        .selectable_label(role == track.role, role.name())
                        .clicked()
                    {
                        queue.push(Edit::Track(track.id, TrackChange::Role(role)));
                    }
                }
            });
        combo
            .response
            .on_hover_text("What the track is for: networks read and write tracks by role")
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, "Role"));
    });
    for slider in sliders(track) {
        let Slider {
            label,
            value,
            default,
            centred,
            change,
            tooltip,
        } = slider;
        labelled(ui, label, |ui| {
            let mut share = f32::from(value) / 127.0;
            let response = thin_slider(
                ui,
                &mut share,
                Thin {
                    label,
                    width: ui.available_width() - 36.0,
                    colour: look.track(track.colour),
                    knob: true,
                    default: f32::from(default) / 127.0,
                    centred,
                },
            );
            drag_edit(&response, queue, || {
                Edit::Track(track.id, change((share * 127.0).round() as u8))
            });
            response.on_hover_text(format!("{tooltip} (double click: {default})"));
            let text = match (centred, i32::from(value) - 64) {
                (false, _) => value.to_string(),
                (true, 0) => "C".to_owned(),
                (true, left) if left < 0 => format!("L{}", -left),
                (true, right) => format!("R{right}"),
            };
            ui.label(
                RichText::new(text)
                    .font(look::numeric(size::SMALL))
                    .color(look.dim),
            );
        });
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        let armed = studio.armed() == Some(track.id);
        action_button(ui, queue, Action::ArmTrack, |button| {
            button.filled().selected(armed)
        });
        action_button(ui, queue, Action::LockTrack, |button| {
            button.filled().selected(track.locked)
        });
        let index = studio.song().track_index(track.id).unwrap_or_default();
        let last = index + 1 >= studio.song().tracks.len();
        action_button(ui, queue, Action::TrackUp, |button| {
            button.filled().enabled(index > 0)
        });
        action_button(ui, queue, Action::TrackDown, |button| {
            button.filled().enabled(!last)
        });
        action_button(ui, queue, Action::DuplicateTrack, IconButton::filled);
        action_button(ui, queue, Action::DeleteTrack, |button| {
            button.filled().enabled(!track.locked)
        });
    });
}

fn name_ui(ui: &mut Ui, track: &Track, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    let id = ui.scope_id().with(("track name", track.id));
    let mut name = ui
        .data(|data| data.get_temp::<String>(id))
        .unwrap_or_else(|| track.name.clone());
    ui.horizontal(|ui| {
        let (dot, _) = ui.allocate_exact_size(vec2(12.0, space::CONTROL), egui::Sense::hover());
        ui.painter()
            .circle_filled(dot.center(), 5.0, look.track(track.colour));
        let field = ui
            .add(
                TextEdit::singleline(&mut name)
                    .font(look::semibold(size::BODY))
                    .desired_width(f32::INFINITY),
            )
            .on_hover_text("The name of the track, here and in files");
        field.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Track name"));
        if field.has_focus() {
            ui.data_mut(|data| data.insert_temp(id, name.clone()));
        } else {
            ui.data_mut(|data| data.remove::<String>(id));
        }
        let trimmed = name.trim();
        if field.lost_focus() && !trimmed.is_empty() && trimmed != track.name {
            queue.push(Edit::Track(track.id, TrackChange::Name(trimmed.to_owned())));
        }
    });
}

fn labelled(ui: &mut Ui, label: &str, contents: impl FnOnce(&mut Ui)) {
    let look = Look::of(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().interact_size.y = 24.0;
        let (rect, _) = ui.allocate_exact_size(vec2(44.0, 20.0), egui::Sense::hover());
        ui.painter().text(
            rect.left_center(),
            egui::Align2::LEFT_CENTER,
            label,
            look::small(),
            look.dim,
        );
        contents(ui);
    });
}
