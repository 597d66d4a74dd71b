//! The compose panel: what to make, where, how, and the button that makes it.

use egui::{
    Align, Align2, CornerRadius, DragValue, Layout, RichText, ScrollArea, Stroke, StrokeKind, Ui,
    vec2,
};
use lucide_icons::Icon;
use strum::IntoEnumIterator as _;

use super::command::{Action, Command, CommandQueue};
use super::keys;
use super::look::{self, Look, radius, size, space};
use super::studio::{ComposeForm, Place, Studio};
use super::widgets::{IconButton, Thin, action_button, primary_button, thin_slider};

/// Draws the panel.
pub fn compose_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            let low = ui.available_height() < 580.0;
            ui.spacing_mut().item_spacing = vec2(space::S, if low { 5.0 } else { space::S });
            ui.label(
                RichText::new("Compose")
                    .font(look::semibold(size::HEADING))
                    .color(look.text),
            );
            card_ui(ui);
            let mut form = studio.form().clone();
            ui.add_space(space::XS);
            where_ui(ui, studio, &mut form);
            ui.add_space(space::S);
            how_ui(ui, studio, queue, &mut form);
            ui.add_space(space::XS);
            advanced_ui(ui, studio, &mut form);
            ui.add_space(if low { space::XS } else { space::M });
            button_ui(ui, studio, queue);
            if form != *studio.form() {
                queue.push(Command::SetForm(form));
            }
        });
}

/// What is made: the continuation.
fn card_ui(ui: &mut Ui) {
    let look = Look::of(ui);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), 60.0), egui::Sense::hover());
    let painter = ui.painter();
    let corners = CornerRadius::same(radius::CARD);
    painter.rect_filled(rect, corners, look.raised);
    painter.rect_stroke(
        rect,
        corners,
        Stroke::new(1.0, look.accent.gamma_multiply(0.8)),
        StrokeKind::Inside,
    );
    painter.text(
        rect.left_center() + vec2(24.0, 0.0),
        Align2::CENTER_CENTER,
        char::from(Icon::Sparkles),
        look::icon(18.0),
        look.accent_text,
    );
    let left = rect.left_top() + vec2(46.0, 0.0);
    painter.text(
        left + vec2(0.0, 21.0),
        Align2::LEFT_CENTER,
        "Continue",
        look::semibold(size::BODY + 0.5),
        look.text,
    );
    painter.text(
        left + vec2(0.0, 40.0),
        Align2::LEFT_CENTER,
        "From your theme, and back to it",
        look::small(),
        look.dim,
    );
    response.on_hover_text(
        "A network that was trained on melodies with piano writes both parts, and comes back to the theme you marked",
    );
}

fn where_ui(ui: &mut Ui, studio: &Studio, form: &mut ComposeForm) {
    let look = Look::of(ui);
    ui.horizontal(|ui| {
        let combo = egui::ComboBox::from_id_salt("place")
            .width(150.0)
            .selected_text(form.place.name())
            .show_ui(ui, |ui| {
                for place in Place::iter() {
                    ui.selectable_value(&mut form.place, place, place.name());
                }
            });
        combo
            .response
            .on_hover_text("Where the new music begins")
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, "Place"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let mut bars = form.bars;
            number(ui, "Bars", &mut bars, 2..=64, 0.1, " bars");
            form.bars = bars;
        });
    });
    let song = studio.song();
    let at = form.place.tick(song, studio.transport().position);
    let first = song.metre.bar_at(at) + 1;
    ui.label(
        RichText::new(format!(
            "Bars {first} to {}, {}",
            first + form.bars - 1,
            if form.accompany {
                "melody and piano"
            } else {
                "melody only"
            }
        ))
        .font(look::small())
        .color(look.dim),
    );
}

fn how_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue, form: &mut ComposeForm) {
    slider(
        ui,
        "Mood",
        &mut form.mood,
        0.5,
        ["safe", "wild"],
        "How daring the network is: the temperature of its sampling",
    );
    slider(
        ui,
        "Theme",
        &mut form.faithful,
        0.5,
        ["free", "faithful"],
        "How closely the theme comes back: the temperature of the sampling inside its returns",
    );
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        caption(ui, "Candidates", 70.0);
        let mut candidates = form.candidates;
        number(ui, "Candidates", &mut candidates, 1..=8, 0.05, "")
            .on_hover_text("How many are written at once; the best is shown first");
        form.candidates = candidates;
        if ui.available_width() < 150.0 {
            return;
        }
        seed_ui(ui, queue, form);
    });
    if ui.available_width() < 250.0 {
        ui.horizontal(|ui| seed_ui(ui, queue, form));
    }
    let key = studio.song().key;
    let text = key.map_or_else(|| "Stay in key".to_owned(), |key| format!("Stay in {key}"));
    ui.add_enabled_ui(key.is_some(), |ui| {
        ui.checkbox(&mut form.stay_in_key, text)
            .on_hover_text("No generated note leaves the scale: others are masked before sampling")
            .on_disabled_hover_text("Set the key of the song in the top bar first");
    });
    ui.checkbox(&mut form.accompany, "Write the piano too")
        .on_hover_text("The network writes melody and piano together, or the melody alone");
    ui.checkbox(&mut form.return_where_painted, "Return where painted")
        .on_hover_text(
            "The theme comes back in the bars that are painted on the theme lane (Shift+T paints the selection or loop)",
        );
}

/// The random seed, at the right end of a line.
fn seed_ui(ui: &mut Ui, queue: &mut CommandQueue, form: &mut ComposeForm) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        action_button(ui, queue, Action::RollSeed, IconButton::filled);
        let response = ui
            .add(
                DragValue::new(&mut form.seed)
                    .speed(1.0)
                    .range(0..=99_999_999u64)
                    .update_while_editing(false),
            )
            .on_hover_text("The random seed: the same seed and settings give the same candidates");
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::SpinButton, true, "Seed"));
        caption(ui, "Seed", 30.0);
    });
}

fn advanced_ui(ui: &mut Ui, studio: &Studio, form: &mut ComposeForm) {
    let look = Look::of(ui);
    let title = RichText::new("Advanced")
        .font(look::small())
        .color(look.dim);
    egui::CollapsingHeader::new(title)
        .id_salt("advanced")
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                caption(ui, "Top-p", 60.0);
                let response = ui
                    .add(
                        DragValue::new(&mut form.top_p)
                            .range(0.05..=1.0)
                            .speed(0.005)
                            .fixed_decimals(2),
                    )
                    .on_hover_text("Sample only from the likeliest tokens that hold this share of the probability; 1 is all");
                response.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::Role::SpinButton, true, "Top-p")
                });
                caption(ui, "Top-k", 40.0);
                let response = ui
                    .add(DragValue::new(&mut form.top_k).range(0..=1000).speed(0.2))
                    .on_hover_text("Sample only from this many of the likeliest tokens; 0 is all");
                response.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::Role::SpinButton, true, "Top-k")
                });
            });
            ui.checkbox(&mut form.only_painted, "Return nowhere else")
                .on_hover_text("The theme comes back in the painted bars only");
            ui.checkbox(&mut form.fresh_seed, "New seed after each press")
                .on_hover_text("So that pressing Continue again gives other candidates");
            ui.label(
                RichText::new(format!(
                    "Temperature {:.2}, in the theme {:.2}. Model: {}",
                    form.temperature(),
                    form.theme_temperature(),
                    studio.models().first().map_or("none found", String::as_str)
                ))
                    .font(look::small())
                    .color(look.dim),
            );
        });
}

fn button_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    let tooltip = |action| keys::tooltip(ui.ctx(), action);
    let below = if let Some(job) = studio.job() {
        let text = if job.loading {
            "Loading the model".to_owned()
        } else {
            format!("Writing bar {} of {}", job.bar(), job.total)
        };
        let tip = tooltip(Action::StopComposing);
        if primary_button(ui, &text, true, Some(job.progress()), tip).clicked() {
            queue.push(Action::StopComposing);
        }
        let count = job.done.len();
        let many = if count == 1 { "" } else { "s" };
        match job.left() {
            Some(left) => format!(
                "{count} candidate{many}, {} s left, Esc to stop",
                left.as_secs() + 1
            ),
            None => format!("{count} candidate{many}, Esc to stop"),
        }
    } else {
        let tip = tooltip(Action::Continue);
        let obstacle = studio.obstacle();
        if primary_button(ui, "Continue", obstacle.is_none(), None, tip).clicked() {
            queue.push(Action::Continue);
        }
        obstacle.unwrap_or_else(|| "Press G. The first bars sound at once.".to_owned())
    };
    ui.vertical_centered(|ui| {
        ui.label(RichText::new(below).font(look::small()).color(look.dim));
    });
}

/// A slider with its name on the left and what its ends mean below.
fn slider(ui: &mut Ui, label: &str, value: &mut f32, default: f32, ends: [&str; 2], tooltip: &str) {
    let look = Look::of(ui);
    let name_width = 70.0;
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let width = ui.available_width() - name_width - space::S;
        ui.horizontal(|ui| {
            caption(ui, label, name_width);
            thin_slider(
                ui,
                value,
                Thin {
                    label,
                    width,
                    colour: look.accent,
                    knob: true,
                    default,
                    centred: false,
                },
            )
            .on_hover_text(tooltip);
        });
        let (rect, _) =
            ui.allocate_exact_size(vec2(ui.available_width(), 14.0), egui::Sense::hover());
        let painter = ui.painter();
        let left = rect.left_center() + vec2(name_width + space::S + 6.0, 0.0);
        painter.text(
            left,
            Align2::LEFT_CENTER,
            ends[0],
            look::caption(),
            look.faint,
        );
        let right = rect.right_center() - vec2(6.0, 0.0);
        painter.text(
            right,
            Align2::RIGHT_CENTER,
            ends[1],
            look::caption(),
            look.faint,
        );
    });
}

fn caption(ui: &mut Ui, text: &str, width: f32) {
    let look = Look::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(width, 20.0), egui::Sense::hover());
    ui.painter().text(
        rect.left_center(),
        Align2::LEFT_CENTER,
        text,
        look::medium(size::BODY - 0.5),
        look.text,
    );
}

fn number(
    ui: &mut Ui,
    label: &str,
    value: &mut u32,
    range: std::ops::RangeInclusive<u32>,
    speed: f64,
    suffix: &str,
) -> egui::Response {
    let response = ui.add(
        DragValue::new(value)
            .range(range)
            .speed(speed)
            .suffix(suffix)
            .update_while_editing(false),
    );
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::SpinButton, true, label));
    response
}
