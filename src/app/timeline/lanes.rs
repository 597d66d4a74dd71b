//! Every track as a small roll. A click shows the track in the large roll and looks there.

use egui::{CursorIcon, Rect, Sense, Stroke, Ui, pos2};

use crate::score::{Span, Tick, Track};

use super::super::command::{Action, Command, CommandQueue};
use super::super::look::{Look, space};
use super::super::mesh::{RectMesh, Sieve};
use super::super::status::say;
use super::super::studio::Studio;
use super::super::view::TimeAxis;
use super::ruler::visible_bars;

pub(super) fn lanes_ui(ui: &mut Ui, studio: &Studio, axis: TimeAxis, queue: &mut CommandQueue) {
    let area = ui.max_rect();
    let look = Look::of(ui);
    let song = studio.song();
    let painter = ui.painter_at(area);
    painter.rect_filled(area, 0.0, look.background);
    for (_, tick) in visible_bars(song, axis, area.width()) {
        painter.vline(
            area.left() + axis.x(tick),
            area.y_range(),
            Stroke::new(1.0, look.grid_beat),
        );
    }
    // What is auditioned stands where it would be kept, lighter than what is there.
    let heard = studio
        .tray()
        .heard_entry()
        .map(|_| (studio.heard_song(), studio.tray().span));
    let lane_of = |index: usize| {
        let top = area.top() + index as f32 * space::LANE - studio.view().lanes_scroll;
        Rect::from_min_max(
            pos2(area.left(), top),
            pos2(area.right(), top + space::LANE),
        )
    };
    // Tracks that it would add, below those that are there.
    for (index, track) in studio.heard_song().tracks.iter().enumerate() {
        let lane = lane_of(index);
        if let Some((_, span)) = &heard
            && song.track(track.id).is_none()
            && lane.intersects(area)
        {
            candidate_ui(ui, track, *span, axis, lane.intersect(area));
        }
    }
    for (index, track) in song.tracks.iter().enumerate() {
        let lane = lane_of(index);
        if !lane.intersects(area) {
            continue;
        }
        let focused = studio.focused() == Some(track.id);
        if focused {
            painter.rect_filled(lane, 0.0, look.raised.gamma_multiply(0.35));
        }
        painter.hline(
            area.x_range(),
            lane.bottom() - 0.5,
            Stroke::new(1.0, look.line),
        );
        let audible = song.is_audible(track);
        painter.add(small_roll(track, axis, lane, look, audible).into_shape());
        if let Some((song, span)) = &heard
            && let Some(candidate) = song.track(track.id)
            && candidate.notes() != track.notes()
        {
            candidate_ui(ui, candidate, *span, axis, lane);
        }

        let response = ui
            .interact(
                lane.intersect(area),
                egui::Id::unique(("lane", track.id)),
                Sense::click(),
            )
            .on_hover_text(format!(
                "{}: click to edit it below, double-click to play from here",
                track.name
            ))
            .on_hover_cursor(CursorIcon::PointingHand);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Lane of {}", track.name))
        });
        if response.hovered() {
            say(
                ui,
                "Click to edit this track below, double-click to move the playhead here, right click to write this bar once more",
            );
        }
        let pointer = response.interact_pointer_pos();
        bar_menu(&response, studio, track, axis, area, queue);
        if response.clicked()
            && let Some(pointer) = pointer
        {
            queue.push(Command::Focus(track.id));
            queue.push(Command::SetView(looking_at(
                studio,
                track,
                axis.tick(pointer.x - area.left()),
            )));
        }
        if response.double_clicked()
            && let Some(pointer) = pointer
        {
            queue.push(Command::Seek(
                studio
                    .view()
                    .snapped(axis.tick(pointer.x - area.left()).max(Tick::ZERO)),
            ));
        }
    }
}

/// What can be done with the bar under a right click.
fn bar_menu(
    response: &egui::Response,
    studio: &Studio,
    track: &Track,
    axis: TimeAxis,
    area: Rect,
    queue: &mut CommandQueue,
) {
    let song = studio.song();
    // Where the menu was opened: the pointer moves on to its entries.
    let id = response.id.with("bar");
    if response.secondary_clicked()
        && let Some(pointer) = response.interact_pointer_pos()
    {
        let tick = axis.tick(pointer.x - area.left()).max(Tick::ZERO);
        let bar = song.metre.bar_at(tick);
        response.ctx.data_mut(|data| data.insert_temp(id, bar));
    }
    response.context_menu(|ui| {
        let bar: u32 = ui.data(|data| data.get_temp(id)).unwrap_or_default();
        let number = bar + 1;
        let name = &track.name;
        let mut reroll = |ui: &mut Ui, text: String, bars, track| {
            if ui.button(text).clicked() {
                queue.push(Command::Reroll { bars, track });
            }
        };
        let one = bar..number;
        let here = Some(track.id);
        let clip = studio.clip_bars(bar, track.id);
        let is_voice = studio.voice_of(track.id).is_some();
        if clip.is_some() || !is_voice {
            reroll(
                ui,
                format!("Re-roll bar {number} of {name}"),
                one.clone(),
                here,
            );
        }
        reroll(
            ui,
            format!("Re-roll bar {number} of the band"),
            one.clone(),
            None,
        );
        if let Some(clip) = clip {
            let (first, last) = (clip.start + 1, clip.end);
            let text = format!("Re-roll {name}, bars {first} to {last}");
            reroll(ui, text, clip, here);
        }
        if is_voice {
            between_ui(ui, studio, track, bar, queue);
        }
        if ui.button(format!("Accompany {name}")).clicked() {
            queue.push(Command::Focus(track.id));
            queue.push(Action::ChooseAccompany);
        }
    });
}

/// What the network of melody and piano can do from a bar of one of them on.
fn between_ui(ui: &mut Ui, studio: &Studio, track: &Track, bar: u32, queue: &mut CommandQueue) {
    let (number, name) = (bar + 1, &track.name);
    let here = Some(track.id);
    ui.separator();
    if ui
        .button(format!("Fill bar {number} of {name} anew"))
        .clicked()
    {
        let bars = bar..number;
        queue.push(Command::Fill { bars, track: here });
    }
    let chosen = studio.scope().bars;
    if chosen.len() > 1 && chosen.contains(&bar) {
        let text = format!(
            "Fill bars {} to {} of {name} anew",
            chosen.start + 1,
            chosen.end
        );
        if ui.button(text).clicked() {
            queue.push(Command::Fill {
                bars: chosen,
                track: here,
            });
        }
    }
    if bar > 0 && ui.button(format!("Continue from bar {number}")).clicked() {
        queue.push(Command::ContinueFrom { bar, track: here });
    }
    ui.separator();
}

/// The notes of a candidate in the bars it fills, over a ground that says they are not kept yet.
fn candidate_ui(ui: &Ui, track: &Track, span: Span, axis: TimeAxis, lane: Rect) {
    let look = Look::of(ui);
    let x = |tick: Tick| lane.left() + axis.x(tick);
    let ground = Rect::from_x_y_ranges(x(span.start)..=x(span.end), lane.y_range()).intersect(lane);
    if !ground.is_positive() {
        return;
    }
    let painter = ui.painter_at(ground);
    painter.rect_filled(ground, 0.0, look.background);
    painter.rect_filled(ground, 0.0, look.accent.gamma_multiply(0.06));
    painter.add(small_roll(track, axis, lane, look, false).into_shape());
    painter.hline(
        ground.x_range(),
        ground.bottom() - 0.5,
        Stroke::new(1.0, look.line),
    );
}

/// The view with the large roll at the bar of `tick`, and at the middle of what `track` plays.
fn looking_at(studio: &Studio, track: &Track, tick: Tick) -> super::View {
    let mut view = studio.view().clone();
    view.focused = Some(track.id);
    view.roll.left_quarters = studio
        .song()
        .metre
        .bar_span(tick.max(Tick::ZERO))
        .start
        .quarters();
    let pitches = track.notes().iter().map(|note| note.pitch.get());
    if let (Some(low), Some(high)) = (pitches.clone().min(), pitches.max()) {
        view.centre_pitch = f32::midpoint(f32::from(low), f32::from(high));
    }
    view
}

/// The notes of `track` fitted into `lane`.
pub(super) fn small_roll(
    track: &Track,
    axis: TimeAxis,
    lane: Rect,
    look: &Look,
    audible: bool,
) -> RectMesh {
    let mut mesh = RectMesh::default();
    let notes = track.notes();
    let pitches = notes.iter().map(|note| note.pitch.get());
    let (Some(low), Some(high)) = (pitches.clone().min(), pitches.max()) else {
        return mesh;
    };
    // At least an octave and a half, so that two notes do not look like a leap through the lane.
    let spread = f32::from(high - low).max(18.0);
    let middle = f32::midpoint(f32::from(low), f32::from(high));
    let inner = lane.shrink2(egui::vec2(0.0, 7.0));
    let thick = (inner.height() / spread).clamp(2.0, 4.0);
    let span = axis.visible(lane.width());
    let colour = look.track(track.colour);
    let shades: Vec<_> = (0..=127_u8)
        .map(|velocity| colour.gamma_multiply(0.55 + 0.45 * f32::from(velocity) / 127.0))
        .collect();
    let mut sieve = Sieve::new(128);
    for note in notes {
        if note.start >= span.end {
            break;
        }
        if note.end() <= span.start {
            continue;
        }
        let height = 0.5 - (f32::from(note.pitch.get()) - middle) / spread;
        let y = inner.top() + height * (inner.height() - thick);
        let left = lane.left() + axis.x(note.start);
        let width = (axis.width(note.duration) - 0.5).max(1.5);
        if !sieve.passes(note.pitch.get(), left + width) {
            continue;
        }
        let shade = shades
            .get(usize::from(note.velocity.get()))
            .copied()
            .unwrap_or(colour);
        let shown = match (note.muted, audible) {
            (true, _) => colour.gamma_multiply(0.25),
            (false, true) => shade,
            (false, false) => shade.gamma_multiply(0.5),
        };
        let rect = Rect::from_min_size(pos2(left, y), egui::vec2(width, thick));
        mesh.add(rect, shown);
    }
    mesh
}
