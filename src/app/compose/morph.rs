//! The morph pad: ideas on its corners, and the puck between them.

use egui::{Align2, Rect, RichText, Ui, pos2, vec2};

use super::super::command::{Command, CommandQueue};
use super::super::look::{self, Look, size, space};
use super::super::studio::{ComposeForm, Morph, Studio};
use super::super::widgets::{chip, pad, thumbnail};
use super::fields::feel_ui;
use crate::score::{Span, Tick};
use crate::tokens::clip::bar_ticks;

/// The pad with its corners, and what can be done with them.
pub(super) fn morph_ui(
    ui: &mut Ui,
    studio: &Studio,
    queue: &mut CommandQueue,
    form: &mut ComposeForm,
) {
    let look = Look::of(ui);
    let morph = studio.morph();
    let side = ui.available_width().min(250.0);
    let mut place = morph.place;
    ui.vertical_centered(|ui| {
        let response = pad(ui, "Morph pad", &mut place, side, |ui, rect| {
            for corner in 0..4 {
                corner_ui(ui, morph, corner, corner_rect(rect, corner));
            }
        });
        if response.changed() {
            queue.push(Command::MovePuck(place));
        }
        response.on_hover_text(
            "Drag between the ideas on the corners: what lies there is heard from the next bar on. Enter keeps it",
        );
    });
    ui.horizontal(|ui| {
        ui.label(
            RichText::new("Corners")
                .font(look::medium(size::BODY))
                .color(look.text),
        );
        for (corner, name) in Morph::CORNERS.iter().enumerate() {
            let filled = morph.ideas[corner].is_some();
            let tooltip = if filled {
                format!("Put what is heard on corner {name}; with Alt, clear it")
            } else {
                format!(
                    "Put what is heard (a candidate, or the clip at the playhead) on corner {name}"
                )
            };
            let response = chip(ui, name, filled, tooltip);
            if response.clicked() {
                let clear = ui.input(|input| input.modifiers.alt);
                queue.push(if clear {
                    Command::ClearIdea(corner)
                } else {
                    Command::PutIdea(corner)
                });
            }
        }
    });
    ui.label(
        RichText::new(mixture(morph))
            .font(look::small())
            .color(look.dim),
    );
    feel_ui(ui, form);
}

/// A quarter of the pad.
fn corner_rect(rect: Rect, corner: usize) -> Rect {
    let half = rect.size() / 2.0;
    let (right, down) = ((corner % 2) as f32, (corner / 2) as f32);
    Rect::from_min_size(
        pos2(rect.left() + right * half.x, rect.top() + down * half.y),
        half,
    )
    .shrink(space::S)
}

fn corner_ui(ui: &Ui, morph: &Morph, corner: usize, rect: Rect) {
    let look = Look::of(ui);
    let name = Morph::CORNERS[corner];
    let strength = morph.weights()[corner];
    let ink = if morph.ideas[corner].is_some() {
        look.text
    } else {
        look.faint
    };
    ui.painter().text(
        rect.left_top() + vec2(2.0, 0.0),
        Align2::LEFT_TOP,
        name,
        look::semibold(size::BODY),
        ink,
    );
    match &morph.ideas[corner] {
        Some(idea) => {
            let roll = Rect::from_min_max(rect.left_top() + vec2(0.0, 18.0), rect.max);
            let length = bar_ticks() * i64::from(idea.bars);
            thumbnail(ui, roll, &idea.clip, Span::new(Tick::ZERO, length));
            // The nearer the puck, the clearer the idea.
            let veil = look.background.gamma_multiply(0.75 * (1.0 - strength));
            ui.painter().rect_filled(roll, 0, veil);
        }
        None => {
            ui.painter().text(
                rect.center(),
                Align2::CENTER_CENTER,
                "empty",
                look::small(),
                look.faint,
            );
        }
    }
}

/// How much of each idea is heard, in words.
fn mixture(morph: &Morph) -> String {
    if morph.count() < 2 {
        return "Hear a candidate of Seed, then press a corner to put it there. Two ideas are enough.".to_owned();
    }
    let shares: Vec<String> = (Morph::CORNERS.iter().zip(morph.weights()))
        .filter(|(_, weight)| *weight > 0.005)
        .map(|(name, weight)| format!("{name} {:.0} %", weight * 100.0))
        .collect();
    shares.join(", ")
}
