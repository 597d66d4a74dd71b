//! The keyboard beside the roll, or the names of drums. A click sounds the key.

use egui::{Align2, CursorIcon, Sense, Stroke, Ui, pos2, vec2};

use crate::score::{Pitch, Track, Velocity, gm};

use super::super::command::{Command, CommandQueue};
use super::super::look::{self, Look};
use super::super::status::say;
use super::frame::RollFrame;

pub(super) fn keyboard_ui(ui: &Ui, track: &Track, frame: RollFrame, queue: &mut CommandQueue) {
    let rect = ui.max_rect();
    let look = Look::of(ui);
    let response = ui
        .interact(rect, egui::Id::unique("keyboard"), Sense::click_and_drag())
        .on_hover_text("Click or drag to hear keys")
        .on_hover_cursor(CursorIcon::PointingHand);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, "Keyboard"));
    if response.hovered() {
        say(ui, "Click or drag to hear keys; further right is louder");
    }
    let sounding = sound(ui, &response, track, frame, queue);

    let painter = ui.painter_at(rect);
    painter.rect_filled(
        rect,
        0.0,
        if track.instrument.drums {
            look.panel
        } else {
            look.key_white
        },
    );
    let (low, high) = frame.pitches();
    for key in low.get()..=high.get() {
        let pitch = Pitch::clamped(i32::from(key));
        let row = frame.row(pitch);
        let row = egui::Rect::from_min_max(
            pos2(rect.left(), row.top()),
            pos2(rect.right(), row.bottom()),
        );
        let is_sounding = sounding == Some(pitch);
        if track.instrument.drums {
            if is_sounding {
                painter.rect_filled(row, 0.0, look.accent);
            }
            if let Some(name) = gm::drum_name(pitch)
                && row.height() >= 8.0
            {
                let colour = if is_sounding {
                    look.on_accent
                } else {
                    look.dim
                };
                let font = egui::FontId::new(
                    (row.height() - 1.0).min(look::size::SMALL),
                    look::body().family,
                );
                painter.text(
                    row.left_center() + vec2(8.0, 0.0),
                    Align2::LEFT_CENTER,
                    name,
                    font,
                    colour,
                );
            }
            continue;
        }
        let black = matches!(key % 12, 1 | 3 | 6 | 8 | 10);
        if black {
            let short = row
                .with_max_x(row.left() + row.width() * 0.62)
                .shrink2(vec2(0.0, 0.5));
            painter.rect_filled(
                short,
                1.0,
                if is_sounding {
                    look.accent
                } else {
                    look.key_black
                },
            );
            let seam = Stroke::new(1.0, look.on_key_white.gamma_multiply(0.35));
            painter.hline(short.right()..=row.right(), row.center().y, seam);
        } else {
            if is_sounding {
                painter.rect_filled(row, 0.0, look.accent);
            }
            // White keys meet below E and B without a black one between them.
            if matches!(key % 12, 0 | 5) {
                let seam = Stroke::new(1.0, look.on_key_white.gamma_multiply(0.35));
                painter.hline(row.x_range(), row.bottom(), seam);
            }
        }
        if key % 12 == 0 && row.height() >= 6.0 {
            let at = pos2(row.right() - 4.0, row.center().y);
            let font = egui::FontId::new(
                look::size::CAPTION.min(row.height() + 1.0),
                look::body().family,
            );
            painter.text(
                at,
                Align2::RIGHT_CENTER,
                pitch.to_string(),
                font,
                look.on_key_white,
            );
        }
    }
    painter.vline(
        rect.right() - 0.5,
        rect.y_range(),
        Stroke::new(1.0, look.line),
    );
}

/// Sounds the key under the pressed pointer when it changes; says which one is down.
fn sound(
    ui: &Ui,
    response: &egui::Response,
    track: &Track,
    frame: RollFrame,
    queue: &mut CommandQueue,
) -> Option<Pitch> {
    let id = egui::Id::unique("key down");
    let last = ui.data(|data| data.get_temp::<Pitch>(id));
    if !response.is_pointer_button_down_on() {
        if last.is_some() {
            ui.data_mut(|data| data.remove::<Pitch>(id));
        }
        return None;
    }
    let pointer = response.interact_pointer_pos()?;
    let pitch = frame.pitch(pointer);
    if last != Some(pitch) {
        // As on a real key, further right is louder.
        let share = ((pointer.x - response.rect.left()) / response.rect.width()).clamp(0.0, 1.0);
        let velocity = Velocity::clamped(50 + (share * 70.0) as i32);
        queue.push(Command::Preview {
            instrument: track.instrument,
            pitch,
            velocity,
        });
        ui.data_mut(|data| data.insert_temp(id, pitch));
    }
    Some(pitch)
}
