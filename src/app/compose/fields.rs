//! Where and how: the fields of what is made.

use egui::{Align, DragValue, Layout, RichText, Ui};
use strum::IntoEnumIterator as _;

use super::super::command::{Action, CommandQueue};
use super::super::look::{self, Look, space};
use super::super::studio::{ComposeForm, Making, Place, Reroll, Studio};
use super::super::widgets::{IconButton, action_button, chip};
use super::controls::{Chosen, caption, number, part_chips, slider};
use super::morph::morph_ui;
use crate::compose::{FillVoices, SeedSettings, part_of};
use crate::score::Tick;

/// The fields of what the form makes.
pub(super) fn fields_ui(
    ui: &mut Ui,
    studio: &Studio,
    queue: &mut CommandQueue,
    form: &mut ComposeForm,
) {
    match form.making {
        Making::Seed => {
            let at = form.band_place;
            place_ui(ui, studio, &mut form.band_place, |ui| {
                let mut bars = form.phrases * 4;
                let range = 4..=SeedSettings::MAX_BARS;
                number(ui, "Bars", &mut bars, range, 0.1, " bars")
                    .on_hover_text("How long: the network writes four bars at a time");
                // A step of one bar in either direction is one of a phrase.
                form.phrases = if bars < form.phrases * 4 {
                    (bars / 4).max(1)
                } else {
                    bars.div_ceil(4)
                };
            });
            let bars = form.seed_bars();
            bars_line(ui, studio, at, bars, "for a band");
            part_chips(ui, &mut form.parts, None, "Parts that are written");
            mood_ui(ui, form);
            band_ui(ui, form);
            candidates_ui(ui, queue, form);
            key_ui(ui, studio, form);
        }
        Making::Continue => {
            let at = form.place;
            place_ui(ui, studio, &mut form.place, |ui| {
                number(ui, "Bars", &mut form.bars, 2..=64, 0.1, " bars");
            });
            let what = if form.piano {
                "melody and piano"
            } else {
                "melody only"
            };
            bars_line(ui, studio, at, form.bars, what);
            mood_ui(ui, form);
            slider(
                ui,
                "Register",
                &mut form.register,
                0.5,
                ["low", "high"],
                "Where the melody may go: at the left end never above the theme's highest note, at the right end never below its lowest; in the middle it is free",
            );
            theme_ui(ui, form);
            ui.checkbox(&mut form.return_where_painted, "Return where painted")
                .on_hover_text(
                    "The theme comes back in the bars that are painted on the theme lane (Shift+T paints the selection or loop)",
                );
            candidates_ui(ui, queue, form);
            key_ui(ui, studio, form);
            ui.checkbox(&mut form.piano, "Write the piano too")
                .on_hover_text("The network writes melody and piano together, or the melody alone");
        }
        Making::Accompany => {
            let track = studio
                .focused_track()
                .map_or("no track", |track| &*track.name);
            scope_line(ui, studio, &format!("around {track}"));
            let given = studio.focused_track();
            let given = given.and_then(|track| {
                let part = part_of(track)?;
                Some(Chosen {
                    part,
                    why: format!(
                        "{} is heard as this part, so no other is written",
                        track.name
                    ),
                })
            });
            part_chips(
                ui,
                &mut form.parts,
                given.as_ref(),
                "Parts that join; what they wrote there before gives way",
            );
            mood_ui(ui, form);
            slider(
                ui,
                "Follow",
                &mut form.follow,
                0.5,
                ["loosely", "closely"],
                "How much the given track decides what the band plays",
            );
            band_ui(ui, form);
            candidates_ui(ui, queue, form);
            key_ui(ui, studio, form);
        }
        Making::Vary => vary_ui(ui, studio, queue, form),
        Making::Morph => morph_ui(ui, studio, queue, form),
        Making::Chain => {
            let at = form.band_place;
            place_ui(ui, studio, &mut form.band_place, |ui| {
                number(ui, "Bars", &mut form.bars, 2..=64, 0.1, " bars")
                    .on_hover_text("How many bars follow the theme");
            });
            bars_line(ui, studio, at, form.bars, "after a theme of its own");
            mood_ui(ui, form);
            theme_ui(ui, form);
            candidates_ui(ui, queue, form);
            key_ui(ui, studio, form);
            ui.checkbox(&mut form.band_joins, "The band joins in")
                .on_hover_text("Drums, bass, guitar and strings around melody and piano");
        }
    }
    advanced_ui(ui, studio, form);
}

/// Bars once more: between the others, or parts of the band.
fn vary_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue, form: &mut ComposeForm) {
    let who = studio.rerolls();
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        for (choice, name, tooltip) in [
            (
                Reroll::Fill,
                "Melody, piano",
                "Melody and piano anew, so that they lead from the bars before into the bars behind",
            ),
            (
                Reroll::Band,
                "Band",
                "Parts of the band anew: what a band wrote is rolled again, the rest is written around what stays",
            ),
        ] {
            if chip(ui, name, who == choice, tooltip).clicked() {
                form.reroll = Some(choice);
            }
        }
    });
    match who {
        Reroll::Fill => {
            scope_line(ui, studio, "are written anew");
            voices_ui(ui, &mut form.fill);
            mood_ui(ui, form);
            candidates_ui(ui, queue, form);
            key_ui(ui, studio, form);
            note(
                ui,
                "Set a loop or select notes to choose the bars. Locked notes stay (L); so does everything outside the bars.",
            );
        }
        Reroll::Band => {
            scope_line(ui, studio, "are written again");
            part_chips(
                ui,
                &mut form.parts,
                None,
                "Parts that are written again; the others stay",
            );
            slider(
                ui,
                "Change",
                &mut form.change,
                1.0,
                ["a little", "anew"],
                "How far the new notes may be from the old ones",
            );
            candidates_ui(ui, queue, form);
            note(
                ui,
                "Set a loop or select notes to choose the bars. A right click on a track's lane re-rolls one bar.",
            );
        }
    }
}

/// Which of melody and piano are written; one of them is.
fn voices_ui(ui: &mut Ui, fill: &mut FillVoices) {
    let (mut melody, mut piano) = (fill.melody(), fill.piano());
    ui.horizontal(|ui| {
        ui.checkbox(&mut melody, "Write the melody")
            .on_hover_text("Otherwise the melody stays, and the piano is written under it");
        ui.checkbox(&mut piano, "Write the piano")
            .on_hover_text("Otherwise the piano stays, and the melody is written over it");
    });
    *fill = match (melody, piano, *fill) {
        (true, true, _) => FillVoices::Both,
        // Taking away the only one is choosing the other.
        (false, true, _) | (false, false, FillVoices::Melody) => FillVoices::Piano,
        (_, false, _) => FillVoices::Melody,
    };
}

fn place_ui(ui: &mut Ui, studio: &Studio, place: &mut Place, bars: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        // A bar has its number beside it.
        let (width, text) = match *place {
            Place::FromBar(_) => (94.0, "From bar".to_owned()),
            other => (150.0, other.name()),
        };
        let combo = egui::ComboBox::from_id_salt("place")
            .width(width)
            .selected_text(text)
            .show_ui(ui, |ui| {
                let here = studio.song().metre.bar_at(studio.transport().position);
                for choice in Place::iter() {
                    let choice = match (choice, *place) {
                        (Place::FromBar(_), Place::FromBar(bar)) => Place::FromBar(bar),
                        (Place::FromBar(_), _) => Place::FromBar(here),
                        (choice, _) => choice,
                    };
                    ui.selectable_value(place, choice, choice.name());
                }
            });
        combo
            .response
            .on_hover_text("Where the new music begins")
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, "Place"));
        if let Place::FromBar(bar) = place {
            let mut shown = *bar + 1;
            let range = 1..=Place::MOST_BARS + 1;
            number(ui, "From bar", &mut shown, range, 0.1, "").on_hover_text(
                "The first bar that is written; what stands before it is what it goes on from",
            );
            *bar = shown - 1;
        }
        ui.with_layout(Layout::right_to_left(Align::Center), bars);
    });
}

fn note(ui: &mut Ui, text: &str) {
    let look = Look::of(ui);
    ui.label(RichText::new(text).font(look::small()).color(look.dim));
}

/// Which bars are written, for whom.
fn bars_line(ui: &mut Ui, studio: &Studio, place: Place, bars: u32, what: &str) {
    let song = studio.song();
    let at = place.tick(song, studio.transport().position);
    let first = song.metre.bar_at(at) + 1;
    // A continuation begins on a bar line, wherever the theme ends.
    let first = first + u32::from(at > song.metre.bar_span(at).start);
    let locked = locked_line(studio, at, bars);
    note(
        ui,
        &format!("Bars {first} to {}, {what}{locked}", first + bars - 1),
    );
}

/// Says how many locked notes the bars from `at` on keep, if any.
fn locked_line(studio: &Studio, at: Tick, bars: u32) -> String {
    let metre = &studio.song().metre;
    let end = metre.bar_start(metre.bar_at(at) + bars);
    let span = crate::score::Span::new(at, end);
    let tracks = studio.song().tracks.iter();
    let locked: usize = tracks
        .map(|track| {
            let notes = track.notes_starting_in(span).iter();
            notes.filter(|note| note.locked).count()
        })
        .sum();
    match locked {
        0 => String::new(),
        1 => ", around a locked note".to_owned(),
        many => format!(", around {many} locked notes"),
    }
}

/// Which bars are meant, and why.
fn scope_line(ui: &mut Ui, studio: &Studio, what: &str) {
    let scope = studio.scope();
    let bars = if scope.bars.len() == 1 {
        format!("Bar {}", scope.bars.start + 1)
    } else {
        format!("Bars {} to {}", scope.bars.start + 1, scope.bars.end)
    };
    note(ui, &format!("{bars} ({}) {what}", scope.what));
}

fn mood_ui(ui: &mut Ui, form: &mut ComposeForm) {
    slider(
        ui,
        "Mood",
        &mut form.mood,
        0.5,
        ["safe", "wild"],
        "How daring the network is: the temperature of its sampling",
    );
}

fn theme_ui(ui: &mut Ui, form: &mut ComposeForm) {
    slider(
        ui,
        "Theme",
        &mut form.faithful,
        0.5,
        ["free", "faithful"],
        "How much of the theme's melody its returns keep: most of it in the middle, all of it at the right end, only what the network likes at the left",
    );
}

/// What only bands have.
fn band_ui(ui: &mut Ui, form: &mut ComposeForm) {
    slider(
        ui,
        "Density",
        &mut form.density,
        0.5,
        ["airy", "busy"],
        "Fewer notes or more than the network is sure of",
    );
    feel_ui(ui, form);
}

/// How it is played.
pub(super) fn feel_ui(ui: &mut Ui, form: &mut ComposeForm) {
    slider(
        ui,
        "Feel",
        &mut form.feel,
        0.7,
        ["strict", "played"],
        "How much velocities and timing are those of a player",
    );
}

fn candidates_ui(ui: &mut Ui, queue: &mut CommandQueue, form: &mut ComposeForm) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        caption(ui, "Candidates", 70.0);
        number(ui, "Candidates", &mut form.candidates, 1..=8, 0.05, "")
            .on_hover_text("How many are written at once; the best is shown first");
        if ui.available_width() < 150.0 {
            return;
        }
        seed_ui(ui, queue, form);
    });
    if ui.available_width() < 250.0 {
        ui.horizontal(|ui| seed_ui(ui, queue, form));
    }
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
        response
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::SpinButton, true, "Random seed"));
        caption(ui, "Seed", 30.0);
    });
}

fn key_ui(ui: &mut Ui, studio: &Studio, form: &mut ComposeForm) {
    let key = studio.song().key;
    let text = key.map_or_else(|| "Stay in key".to_owned(), |key| format!("Stay in {key}"));
    ui.add_enabled_ui(key.is_some(), |ui| {
        ui.checkbox(&mut form.stay_in_key, text)
            .on_hover_text("No generated note leaves the scale: others are masked before sampling")
            .on_disabled_hover_text("Set the key of the song in the top bar first");
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
            if matches!(form.making, Making::Continue | Making::Chain) {
                sampling_ui(ui, form);
            }
            ui.checkbox(&mut form.fresh_seed, "New seed after each press")
                .on_hover_text("So that pressing the button again gives other candidates");
            let models = studio.models();
            let installed = if models.is_empty() {
                "none".to_owned()
            } else {
                models.join(", ")
            };
            note(ui, &format!("Models installed: {installed}"));
        });
    ui.add_space(space::XS);
}

/// How tokens are drawn.
fn sampling_ui(ui: &mut Ui, form: &mut ComposeForm) {
    ui.horizontal(|ui| {
        caption(ui, "Top-p", 60.0);
        let response = ui
            .add(
                DragValue::new(&mut form.top_p)
                    .range(0.05..=1.0)
                    .speed(0.005)
                    .fixed_decimals(2),
            )
            .on_hover_text(
                "Sample only from the likeliest tokens that hold this share of the probability; 1 is all",
            );
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::SpinButton, true, "Top-p"));
        caption(ui, "Top-k", 40.0);
        let response = ui
            .add(DragValue::new(&mut form.top_k).range(0..=1000).speed(0.2))
            .on_hover_text("Sample only from this many of the likeliest tokens; 0 is all");
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::SpinButton, true, "Top-k"));
    });
    if form.making == Making::Continue {
        ui.checkbox(&mut form.only_painted, "Return nowhere else")
            .on_hover_text("The theme comes back in the painted bars only");
    }
    note(
        ui,
        &format!(
            "Temperature {:.2}, in the theme {:.2}",
            form.temperature(),
            form.theme_temperature()
        ),
    );
}
