//! The strip of tools above the roll.

use egui::{Align, Button, Color32, ComboBox, Layout, Rect, RichText, Ui, vec2};
use strum::IntoEnumIterator as _;

use crate::score::edit::{self, ChordKind};
use crate::score::{Key, Tick};

use super::super::command::{Action, Command, CommandQueue};
use super::super::edit::Edit;
use super::super::keys;
use super::super::look::{self, Look, space};
use super::super::studio::Studio;
use super::super::view::{Snap, Tool};

/// Height of the strip in points.
pub const HEIGHT: f32 = 44.0;
/// From this width on, what shapes notes has buttons of its own; below, it is in a menu.
const WIDE: f32 = 830.0;

/// Draws the strip into all of `ui`.
pub fn strip_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    let rect = ui.max_rect();
    ui.painter().rect_filled(rect, 0.0, look.panel);
    ui.scope_builder(
        egui::UiBuilder::new()
            .max_rect(rect.shrink2(vec2(space::M, 0.0)))
            .layout(Layout::left_to_right(Align::Center)),
        |ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            for (tool, action) in [
                (Tool::Pencil, Action::ToolPencil),
                (Tool::Select, Action::ToolSelect),
                (Tool::Knife, Action::ToolKnife),
                (Tool::Glue, Action::ToolGlue),
            ] {
                toggle(
                    ui,
                    action,
                    tool_name(tool),
                    studio.view().tool == tool,
                    queue,
                );
            }
            ui.add_space(space::L);
            snap_ui(ui, studio, queue);
            option(
                ui,
                Action::ToggleGhosts,
                "Ghost notes",
                studio.view().ghosts,
                queue,
            );
            if rect.width() >= WIDE {
                ui.add_space(space::S);
                chord_ui(ui, studio, queue);
                for action in [Action::Quantise, Action::Humanise, Action::Legato] {
                    toggle(ui, action, action.text(), false, queue);
                }
            } else {
                more_ui(ui, studio, queue);
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.add(
                    egui::Label::new(
                        RichText::new(in_view(studio, rect.width()))
                            .font(look::small())
                            .color(look.dim),
                    )
                    .truncate(),
                );
            });
        },
    );
}

fn tool_name(tool: Tool) -> &'static str {
    match tool {
        Tool::Pencil => "Pencil",
        Tool::Select => "Select",
        Tool::Knife => "Knife",
        Tool::Glue => "Glue",
    }
}

/// A tool, or what acts at once: the accent is for the active tool.
fn toggle(ui: &mut Ui, action: Action, name: &str, on: bool, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    let inks = if on {
        (look.on_accent, look.accent)
    } else {
        (look.text, look.raised)
    };
    button(ui, action, name, on, inks, queue);
}

/// An option of the view: not the accent, which is for the active tool.
fn option(ui: &mut Ui, action: Action, name: &str, on: bool, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    let inks = if on {
        (look.accent_text, look.raised_hover)
    } else {
        (look.dim, look.raised)
    };
    button(ui, action, name, on, inks, queue);
}

fn button(
    ui: &mut Ui,
    action: Action,
    name: &str,
    on: bool,
    (ink, fill): (Color32, Color32),
    queue: &mut CommandQueue,
) {
    let button = Button::new(label(name).color(ink))
        .fill(fill)
        .min_size(vec2(0.0, space::CONTROL));
    let response = ui
        .add(button)
        .on_hover_text(keys::tooltip(ui.ctx(), action));
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, name));
    if response.clicked() {
        queue.push(action);
    }
}

fn label(text: impl Into<String>) -> RichText {
    RichText::new(text).font(look::medium(look::size::BODY - 0.5))
}

/// What shapes notes, in a menu where there is no room for buttons.
fn more_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let menu = ui.menu_button(label("Shape"), |ui| {
        for action in [
            Action::Quantise,
            Action::Humanise,
            Action::Legato,
            Action::Staccato,
        ] {
            if ui
                .button(action.text())
                .on_hover_text(keys::tooltip(ui.ctx(), action))
                .clicked()
            {
                queue.push(action);
            }
        }
        ui.separator();
        chords_ui(ui, studio, queue);
    });
    menu.response
        .on_hover_text("Quantise, humanise, legato, chords on the selected notes");
}

fn chord_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let menu = ui.menu_button(label("Chord"), |ui| chords_ui(ui, studio, queue));
    menu.response
        .on_hover_text("Build a chord of the key on every selected note");
}

/// The chords that can be built on the selected notes.
fn chords_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let (song, selection) = (studio.base_song(), studio.base_selection());
    let any = !selection.is_empty();
    for kind in ChordKind::iter() {
        let button = ui
            .add_enabled(any, Button::new(kind.name()))
            .on_hover_text("Built of the notes of the key on every selected note")
            .on_disabled_hover_text("Select the notes that chords are to stand on");
        if button.clicked() {
            let key = song
                .key
                .or_else(|| Key::detect(song.tracks.iter().flat_map(|track| track.notes())))
                .unwrap_or_default();
            let edited = edit::stamp_chord(song, selection, kind, key);
            queue.push(Edit::notes("Chord", edited));
        }
    }
}

fn snap_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let mut view = studio.view().clone();
    let text = RichText::new(format!("Snap {}", view.snap.name()))
        .font(look::medium(look::size::BODY - 0.5));
    let response = ComboBox::from_id_salt("snap")
        .selected_text(text)
        .width(112.0)
        .height(320.0)
        .show_ui(ui, |ui| {
            for snap in Snap::iter() {
                ui.selectable_value(&mut view.snap, snap, snap.name());
            }
        })
        .response
        .on_hover_text("The grid that drawn and moved notes keep to; hold Alt to be free of it");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, "Snap"));
    if view != *studio.view() {
        queue.push(Command::SetView(view));
    }
}

/// What is in view: "Melody, bars 9 to 12, 3 selected".
fn in_view(studio: &Studio, width: f32) -> String {
    let Some(track) = studio.focused_track() else {
        return String::new();
    };
    let rect = Rect::from_min_size(egui::Pos2::ZERO, vec2(width, HEIGHT));
    let span = super::frame(studio, track, rect).span();
    let metre = &studio.song().metre;
    let first = metre.bar_at(span.start.max(Tick::ZERO)) + 1;
    let last = metre.bar_at((span.end - Tick(1)).max(Tick::ZERO)) + 1;
    let bars = if first == last {
        format!("bar {first}")
    } else {
        format!("bars {first} to {last}")
    };
    let selected = studio.selection().of_track(track.id).count();
    let chosen = if selected > 0 {
        format!(", {selected} selected")
    } else {
        String::new()
    };
    if width < WIDE {
        // The name stands in the tracks panel too.
        return bars;
    }
    format!("{}, {bars}{chosen}", track.name)
}
