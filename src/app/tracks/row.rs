//! The head of one lane.

use std::sync::Arc;

use egui::{
    Align2, CornerRadius, Rect, Response, Sense, Stroke, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};
use lucide_icons::Icon;

use super::super::command::{Action, Command, CommandQueue};
use super::super::edit::{Edit, TrackChange};
use super::super::look::{self, Look, radius, size, space};
use super::super::studio::Studio;
use super::super::widgets::{Thin, thin_slider, vertical_meter};
use crate::score::{Track, gm};

/// Draws the head of a track that is heard but not kept yet.
pub(super) fn coming_ui(ui: &mut Ui, track: &Track) {
    let look = Look::of(ui);
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), space::LANE), Sense::hover());
    let painter = ui.painter();
    painter.rect_filled(rect, 0, look.accent.gamma_multiply(0.06));
    let left = rect.left() + space::L;
    painter.text(
        pos2(left, rect.top() + 18.0),
        Align2::LEFT_CENTER,
        &track.name,
        look::semibold(size::BODY),
        look.dim,
    );
    painter.text(
        pos2(left, rect.top() + 37.0),
        Align2::LEFT_CENTER,
        "comes with the candidate",
        look::small(),
        look.faint,
    );
    response.on_hover_text("Keep the candidate (Enter) to add this track");
}

/// Draws the head of `track`, which is number `index` from the top.
pub(super) fn row_ui(
    ui: &mut Ui,
    studio: &Studio,
    index: usize,
    track: &Arc<Track>,
    queue: &mut CommandQueue,
) {
    let look = Look::of(ui);
    let (rect, response) = ui.allocate_exact_size(
        vec2(ui.available_width(), space::LANE),
        Sense::click_and_drag(),
    );
    let focused = studio.focused() == Some(track.id);
    response.widget_info(|| {
        WidgetInfo::selected(
            egui::Role::Button,
            true,
            focused,
            format!("Track {}", track.name),
        )
    });
    if response.clicked() {
        queue.push(Command::Focus(track.id));
    }
    reorder(ui, &response, studio, index, track, queue);
    let fill = if focused {
        look.raised
    } else if response.hovered() {
        look.raised.gamma_multiply(0.5)
    } else {
        look.panel
    };
    let painter = ui.painter();
    painter.rect_filled(rect, 0, fill);
    let colour = look.track(track.colour);
    let audible = studio.song().is_audible(track);
    painter.rect_filled(
        Rect::from_min_size(rect.min + vec2(0.0, 5.0), vec2(4.0, rect.height() - 10.0)),
        CornerRadius {
            ne: 2,
            se: 2,
            ..CornerRadius::ZERO
        },
        colour,
    );
    let text_width = rect.width() - 104.0 - space::L;
    let ink = if audible { look.text } else { look.faint };
    let second = if audible { look.dim } else { look.faint };
    let fitting = |text: &str, font, ink| {
        let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, ink);
        job.wrap = egui::text::TextWrapping::truncate_at_width(text_width);
        painter.layout_job(job)
    };
    let name = fitting(&track.name, look::semibold(size::BODY), ink);
    let instrument = fitting(gm::instrument_name(track.instrument), look::small(), second);
    let left = rect.left() + space::L;
    painter.galley(pos2(left, rect.top() + 11.0), name, ink);
    painter.galley(pos2(left, rect.top() + 31.0), instrument, second);
    if studio.armed() == Some(track.id) {
        let dot = pos2(rect.left() + space::L / 2.0 + 2.0, rect.top() + 19.0);
        painter.circle_filled(dot, 3.0, look.record);
    }
    let right = Rect::from_min_max(pos2(rect.right() - 98.0, rect.top() + 8.0), rect.max);
    let mut controls = ui.new_child(UiBuilder::new().max_rect(right));
    controls.spacing_mut().item_spacing = vec2(space::XS, space::XS);
    controls.spacing_mut().interact_size.y = 22.0;
    controls.horizontal(|ui| {
        let toggles = [
            ("M", track.mute, TrackChange::Mute(!track.mute), "Mute"),
            ("S", track.solo, TrackChange::Solo(!track.solo), "Solo"),
        ];
        for (letter, on, change, verb) in toggles {
            let label = format!("{verb} {}", track.name);
            if letter_button(ui, letter, on, &label).clicked() {
                queue.push(Edit::Track(track.id, change));
            }
        }
        if track.locked {
            let (rect, locked) = ui.allocate_exact_size(vec2(16.0, 22.0), Sense::click());
            ui.painter().text(
                rect.center(),
                Align2::CENTER_CENTER,
                char::from(Icon::Lock),
                look::icon(12.0),
                look.accent_text,
            );
            locked.widget_info(|| {
                WidgetInfo::labeled(egui::Role::Button, true, format!("Unlock {}", track.name))
            });
            if locked
                .on_hover_text("Locked: no edit and no network changes it. Click to unlock.")
                .clicked()
            {
                queue.push(Edit::Track(track.id, TrackChange::Locked(false)));
            }
        }
    });
    let mut volume = f32::from(track.volume) / 127.0;
    let label = format!("Volume of {}", track.name);
    let slider = thin_slider(
        &mut controls,
        &mut volume,
        Thin {
            label: &label,
            width: 72.0,
            colour: if audible { colour } else { look.faint },
            knob: false,
            default: 100.0 / 127.0,
            centred: false,
        },
    );
    drag_edit(&slider, queue, || {
        Edit::Track(
            track.id,
            TrackChange::Volume((volume * 127.0).round() as u8),
        )
    });
    slider.on_hover_text(format!(
        "Volume {} of 127 (double click: 100)",
        track.volume
    ));
    let meter = Rect::from_min_size(
        pos2(rect.right() - 20.0, rect.top() + 11.0),
        vec2(4.0, 34.0),
    );
    vertical_meter(ui, meter, studio.sound_state().track_level(track.id));
    context_menu(&response, studio, track, queue);
}

/// Sends `edit` live while `response` is dragged, and as a step when the drag ends or a key or click changed it.
pub(super) fn drag_edit(
    response: &Response,
    queue: &mut CommandQueue,
    edit: impl FnOnce() -> Edit,
) {
    if response.drag_stopped() {
        queue.push(edit());
    } else if response.changed() {
        if response.dragged() || response.is_pointer_button_down_on() {
            queue.push(Command::EditLive(edit()));
        } else {
            queue.push(edit());
        }
    }
}

fn letter_button(ui: &mut Ui, letter: &str, on: bool, label: &str) -> Response {
    let look = Look::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(24.0, 22.0), Sense::click());
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, on, label));
    let (fill, ink) = match (on, letter) {
        (true, "M") => (look.dim, look.panel),
        (true, _) => (look.accent, look.on_accent),
        (false, _) if response.hovered() => (look.raised_hover, look.text),
        (false, _) => (look.background, look.dim),
    };
    let corners = CornerRadius::same(radius::SMALL + 1);
    ui.painter().rect_filled(rect, corners, fill);
    if response.has_focus() {
        ui.painter().rect_stroke(
            rect,
            corners,
            Stroke::new(1.5, look.accent),
            egui::StrokeKind::Inside,
        );
    }
    ui.painter().text(
        rect.center(),
        Align2::CENTER_CENTER,
        letter,
        look::medium(size::SMALL),
        ink,
    );
    response.on_hover_text(label)
}

/// Dragging a head moves the track.
fn reorder(
    ui: &Ui,
    response: &Response,
    studio: &Studio,
    index: usize,
    track: &Track,
    queue: &mut CommandQueue,
) {
    let Some(pointer) = response.interact_pointer_pos() else {
        return;
    };
    if !response.dragged() && !response.drag_stopped() {
        return;
    }
    let top = response.rect.top() - index as f32 * space::LANE;
    let count = studio.song().tracks.len();
    let gap = (((pointer.y - top) / space::LANE).round().max(0.0) as usize).min(count);
    let to = if gap > index { gap - 1 } else { gap };
    if response.drag_stopped() {
        if to != index {
            queue.push(Edit::MoveTrack {
                track: track.id,
                to,
            });
        }
    } else if to != index {
        ui.ctx().set_cursor_icon(egui::CursorIcon::Grabbing);
        let y = top + gap as f32 * space::LANE;
        ui.ctx().debug_painter().hline(
            response.rect.x_range(),
            y,
            Stroke::new(2.0, Look::of(ui).accent),
        );
    }
}

fn context_menu(response: &Response, studio: &Studio, track: &Track, queue: &mut CommandQueue) {
    response.context_menu(|ui| {
        if studio.focused() != Some(track.id) {
            queue.push(Command::Focus(track.id));
        }
        for action in [
            Action::DuplicateTrack,
            Action::TrackUp,
            Action::TrackDown,
            Action::LockTrack,
            Action::DeleteTrack,
        ] {
            if ui
                .button(action.text())
                .on_hover_text(action.tooltip())
                .clicked()
            {
                queue.push(action);
                ui.close();
            }
        }
    });
}
