//! Rendering: what the file is to be like, and how far it is.

use egui::{ComboBox, DragValue, ProgressBar, Response, RichText, Ui, WidgetInfo, vec2};
use strum::IntoEnumIterator as _;

use super::super::command::{Action, Command, CommandQueue};
use super::super::look::{self, Look, size, space};
use super::super::rendering::Rendering;
use super::super::studio::{RenderFont, RenderForm, RenderRange, Studio};
use super::preferences::line;
use crate::audio::render::Stems;
use crate::formats::pcm::SampleFormat;
use crate::formats::sound_file::Container;

pub(super) fn render_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    ui.set_width(480.0);
    ui.spacing_mut().item_spacing = vec2(space::S, space::S);
    ui.label(RichText::new("Render").font(look::semibold(size::HEADING + 3.0)));
    match studio.rendering() {
        Some(rendering) => progress_ui(ui, rendering, queue),
        None => form_ui(ui, studio, queue),
    }
}

/// How far the render is, and the way out of it.
fn progress_ui(ui: &mut Ui, rendering: &Rendering, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    ui.label(RichText::new(format!("{} {}", rendering.doing(), rendering.name())).color(look.dim));
    let bar = ProgressBar::new(rendering.share()).show_percentage();
    named(
        ui.add(bar),
        "Progress of the render",
        egui::Role::ProgressIndicator,
    )
    .on_hover_text("How much of the render is done");
    ui.label(
        RichText::new("The song can be edited and played meanwhile; it is rendered as it was when this began.")
            .font(look::small())
            .color(look.dim),
    );
    buttons(ui, |ui| {
        if ui
            .button("Hide")
            .on_hover_text(
                "Close this; the render goes on, and the status line shows how far it is",
            )
            .clicked()
        {
            queue.push(Command::CloseDialog);
        }
        let cancel = ui
            .add_enabled(
                !rendering.is_cancelled(),
                egui::Button::new("Cancel the render"),
            )
            .on_hover_text(Action::CancelRender.tooltip());
        if cancel.clicked() {
            queue.push(Action::CancelRender);
        }
    });
}

fn form_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    let mut form = studio.render_form().clone();
    line(ui, "File", |ui| {
        for kind in Container::ALL {
            ui.selectable_value(&mut form.container, kind, kind.name())
                .on_hover_text(match kind {
                    Container::Wav => "Samples as they are: every program reads it",
                    Container::Flac => "Compressed without loss: about half the size",
                });
        }
    });
    form = form.possible();
    line(ui, "Bits", |ui| {
        for format in SampleFormat::ALL {
            let possible = form.container.check(format, form.rate).is_ok();
            let chosen = form.format == format;
            let choice = ui
                .add_enabled(possible, egui::Button::selectable(chosen, format.name()))
                .on_hover_text(match format {
                    SampleFormat::Int16 => "For CDs and for sharing; dithered",
                    SampleFormat::Int24 => "For mixing and mastering",
                    SampleFormat::Float32 => "For mixing: nothing is rounded or clipped",
                })
                .on_disabled_hover_text("FLAC holds no floating point");
            if choice.clicked() {
                form.format = format;
            }
        }
    });
    line(ui, "Rate", |ui| rate_ui(ui, &mut form));
    line(ui, "Range", |ui| {
        let looped = studio.transport().range.is_some();
        for range in RenderRange::iter() {
            let possible = range == RenderRange::WholeSong || looped;
            let chosen = form.range == range;
            let choice = ui
                .add_enabled(possible, egui::Button::selectable(chosen, range.name()))
                .on_hover_text(match range {
                    RenderRange::WholeSong => "From the first bar to the end of the last note",
                    RenderRange::Loop => {
                        "Only the bars of the loop range; what sounds at its end rings on"
                    }
                })
                .on_disabled_hover_text("There is no loop range: drag one on the ruler");
            if choice.clicked() {
                form.range = range;
            }
        }
    });
    line(ui, "Stems", |ui| {
        let mut separate = form.stems == Stems::Separate;
        ui.checkbox(&mut separate, "A file for each track too")
            .on_hover_text(
                "Every track that is heard, before gain and limiter: together they are the mix",
            );
        form.stems = if separate {
            Stems::Separate
        } else {
            Stems::None
        };
    });
    line(ui, "Loudness", |ui| loudness_ui(ui, &mut form));
    line(ui, "Tail", |ui| {
        let tail = DragValue::new(&mut form.tail)
            .range(0.0..=600.0)
            .speed(0.1)
            .fixed_decimals(1)
            .suffix(" s at most");
        named(ui.add(tail), "Tail", egui::Role::SpinButton)
            .on_hover_text("How long releases and echoes may ring on; they end earlier in silence");
    });
    line(ui, "SoundFont", |ui| font_ui(ui, studio, &mut form));
    let nothing = studio.song().end() == crate::score::Tick::ZERO;
    if nothing {
        let text = "The song has no notes yet.";
        ui.label(RichText::new(text).font(look::small()).color(look.dim));
    }
    buttons(ui, |ui| {
        let render = ui
            .add_enabled(!nothing, egui::Button::new("Render…"))
            .on_hover_text("Choose the file, and render into it");
        if render.clicked() {
            queue.push(Command::SetRenderForm(form.clone()));
            queue.push(Command::PickRender);
        }
        let cancel = ui
            .button("Cancel")
            .on_hover_text("Close this without rendering");
        if cancel.clicked() {
            queue.push(Command::CloseDialog);
        }
    });
    if form != *studio.render_form() {
        queue.push(Command::SetRenderForm(form));
    }
}

fn rate_ui(ui: &mut Ui, form: &mut RenderForm) {
    let words = |rate: u32| format!("{} kHz", f64::from(rate) / 1000.0);
    let combo = ComboBox::from_id_salt("rate")
        .selected_text(words(form.rate))
        .show_ui(ui, |ui| {
            for rate in RenderForm::RATES {
                ui.selectable_value(&mut form.rate, rate, words(rate));
            }
        });
    named(combo.response, "Rate", egui::Role::ComboBox)
        .on_hover_text("Samples a second: 44.1 for CDs, 48 for video, 96 for more room in editing");
}

fn loudness_ui(ui: &mut Ui, form: &mut RenderForm) {
    let mut set = form.loudness.is_some();
    ui.checkbox(&mut set, "Set to").on_hover_text(
        "Turn the song up or down until it is as loud as this; its true peak stays below -1 dB",
    );
    let mut lufs = form.loudness.unwrap_or(-14.0);
    let value = DragValue::new(&mut lufs)
        .range(-60.0..=-5.0)
        .speed(0.1)
        .fixed_decimals(1)
        .suffix(" LUFS");
    named(
        ui.add_enabled(set, value),
        "Loudness",
        egui::Role::SpinButton,
    )
    .on_hover_text("-14 is usual for streaming, -23 for broadcast");
    form.loudness = set.then_some(lufs);
}

fn font_ui(ui: &mut Ui, studio: &Studio, form: &mut RenderForm) {
    let fonts = studio.fonts();
    let shown = match &form.font {
        RenderFont::AsPlayed => "As it is played".to_owned(),
        RenderFont::BuiltIn => "Built in".to_owned(),
        RenderFont::File(path) => fonts
            .iter()
            .find(|font| font.path.as_ref() == Some(path))
            .map_or_else(|| path.display().to_string(), |font| font.name.clone()),
    };
    let combo = ComboBox::from_id_salt("render font")
        .width(ui.available_width())
        .selected_text(shown)
        .show_ui(ui, |ui| {
            let name = &studio.sound_state().font;
            ui.selectable_value(&mut form.font, RenderFont::AsPlayed, "As it is played")
                .on_hover_text(name);
            ui.selectable_value(&mut form.font, RenderFont::BuiltIn, "Built in")
                .on_hover_text("The one that is part of the program");
            for font in &fonts {
                if let Some(path) = &font.path {
                    let choice = RenderFont::File(path.clone());
                    ui.selectable_value(&mut form.font, choice, &font.name)
                        .on_hover_text(&font.origin);
                }
            }
        });
    named(combo.response, "SoundFont", egui::Role::ComboBox)
        .on_hover_text("The instruments that play the song");
}

/// Gives a control the name by which it is read out.
fn named(response: Response, name: &'static str, role: egui::Role) -> Response {
    response.widget_info(|| WidgetInfo::labeled(role, true, name));
    response
}

fn buttons(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    ui.add_space(space::S);
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), contents);
    });
}
