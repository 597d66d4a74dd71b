//! The top bar: file menu, undo, transport, position, tempo, metre, key, meters, sound.

mod menu;
mod numbers;
mod output;

use egui::{Align, Layout, RichText, Ui, vec2};
use lucide_icons::Icon;

use super::command::{Action, Command, CommandQueue};
use super::keys;
use super::look::{self, Look, size, space};
use super::studio::Studio;
use super::widgets::{IconButton, action_button, chip};

/// Draws the top bar.
pub fn top_bar_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let wide = ui.available_width() > 1280.0;
    ui.spacing_mut().item_spacing.x = space::XS;
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        menu::menu_ui(ui, studio, queue);
        title_ui(ui, studio, if wide { 150.0 } else { 68.0 });
        history_ui(ui, studio, queue);
        ui.add_space(if wide { space::L } else { 0.0 });
        transport_ui(ui, studio, queue);
        ui.add_space(if wide { space::L } else { space::XS });
        numbers::numbers_ui(ui, studio, queue, wide);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            output::output_ui(ui, studio, queue, wide);
        });
    });
}

/// The name of the song, with a dot while it differs from the file.
fn title_ui(ui: &mut Ui, studio: &Studio, width: f32) {
    let look = Look::of(ui);
    let name = studio.title();
    let height = ui.available_height();
    ui.allocate_ui_with_layout(
        vec2(width, height),
        Layout::left_to_right(Align::Center),
        |ui| {
            ui.set_min_width(width);
            ui.add(
                egui::Label::new(RichText::new(&name).font(look::small()).color(look.dim))
                    .truncate(),
            )
            .on_hover_text(match studio.file() {
                Some(path) => path.display().to_string(),
                None => "Not saved yet (Ctrl+S)".to_owned(),
            });
            if studio.is_changed() {
                ui.label(RichText::new("●").size(9.0).color(look.accent_text))
                    .on_hover_text("There are changes that are not saved");
            }
        },
    );
}

fn history_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let history = studio.history();
    for (action, can, name) in [
        (Action::Undo, history.can_undo(), history.undo_name()),
        (Action::Redo, history.can_redo(), history.redo_name()),
    ] {
        let tooltip = match name {
            Some(name) => format!(
                "{}: {name}{}",
                action.text(),
                keys::suffix(ui.ctx(), action)
            ),
            None => keys::tooltip(ui.ctx(), action),
        };
        action_button(ui, queue, action, |button| {
            button.enabled(can).tooltip(tooltip)
        });
    }
}

fn transport_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let transport = *studio.transport();
    action_button(ui, queue, Action::ToStart, |button| {
        button.size(space::CONTROL_LARGE).filled()
    });
    let icon = if transport.playing {
        Icon::Pause
    } else {
        Icon::Play
    };
    action_button(ui, queue, Action::PlayPause, |button| {
        button
            .size(space::CONTROL_LARGE)
            .filled()
            .icon(icon)
            .selected(transport.playing)
    });
    action_button(ui, queue, Action::Stop, |button| {
        button.size(space::CONTROL_LARGE).filled()
    });
    let record = Look::of(ui).record;
    let recording = studio.is_recording();
    action_button(ui, queue, Action::Record, |button| {
        let button = button.size(space::CONTROL_LARGE).filled();
        if recording {
            button.selected(true)
        } else {
            button.tint(record)
        }
    });
    let tooltip = keys::tooltip(ui.ctx(), Action::ToggleLoop);
    if chip(ui, "Loop", transport.looping, tooltip).clicked() {
        queue.push(Action::ToggleLoop);
    }
    action_button(ui, queue, Action::ToggleMetronome, |button| {
        button.filled().selected(transport.metronome)
    });
    let typing = studio.typing().on;
    action_button(ui, queue, Action::TypingKeyboard, |button| {
        button.filled().selected(typing)
    });
    count_in_ui(ui, studio, queue);
}

/// The count-in button, with the number of bars in its corner.
fn count_in_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let bars = studio.settings().count_in_bars;
    let now = match bars {
        0 => "Now: none".to_owned(),
        1 => "Now: 1 bar".to_owned(),
        bars => format!("Now: {bars} bars"),
    };
    let tooltip = format!("{}. {now}.", keys::tooltip(ui.ctx(), Action::CountIn));
    let response = action_button(ui, queue, Action::CountIn, |button| {
        button.filled().selected(bars > 0).tooltip(tooltip)
    });
    if bars > 0 {
        ui.painter().text(
            response.rect.right_bottom() - vec2(4.0, 2.0),
            egui::Align2::RIGHT_BOTTOM,
            bars,
            look::semibold(9.0),
            Look::of(ui).on_accent,
        );
    }
}

/// A number over its caption, as the bar shows tempo, metre and key.
fn captioned<R>(ui: &mut Ui, width: f32, caption: &str, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let look = Look::of(ui);
    ui.allocate_ui_with_layout(vec2(width, 36.0), Layout::top_down(Align::Min), |ui| {
        ui.set_min_width(width);
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.spacing_mut().interact_size.y = 20.0;
        let result = contents(ui);
        ui.label(RichText::new(caption).font(look::small()).color(look.dim));
        result
    })
    .inner
}

/// A text in the bar that opens a menu.
fn menu_text<R>(
    ui: &mut Ui,
    text: &str,
    label: &str,
    tooltip: &str,
    contents: impl FnOnce(&mut Ui) -> R,
) {
    let look = Look::of(ui);
    let font = look::semibold(size::HEADING);
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), font, look.text);
    let (rect, response) =
        ui.allocate_exact_size(vec2(galley.size().x + 4.0, 20.0), egui::Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, label));
    let ink = if response.hovered() {
        look.accent_text
    } else {
        look.text
    };
    ui.painter().galley_with_override_text_color(
        egui::pos2(rect.left(), rect.center().y - galley.size().y / 2.0),
        galley,
        ink,
    );
    let response = response.on_hover_text(tooltip);
    egui::Popup::menu(&response).show(contents);
}

/// The preferences button.
fn preferences_ui(ui: &mut Ui, queue: &mut CommandQueue) {
    let button = IconButton::of(ui, Action::Preferences);
    if button.show(ui).clicked() {
        queue.push(Command::Action(Action::Preferences));
    }
}
