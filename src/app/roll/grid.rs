//! The ground of the roll: rows of the scale, lines of bars, beats and steps, the tint of the theme.

use egui::{Align2, Painter, Rect, Ui, pos2};

use crate::score::{PitchClassSet, ThemeKind, Tick, Track};

use super::super::look::{self, Look};
use super::super::mesh::RectMesh;
use super::super::studio::Studio;
use super::super::timeline::visible_bars;
use super::frame::RollFrame;

/// Lines closer than this many points are left out.
const LEAST_SPACING: f32 = 5.0;

pub(super) fn grid_ui(ui: &Ui, studio: &Studio, track: &Track, frame: RollFrame) {
    let look = Look::of(ui);
    let song = studio.song();
    let painter = ui.painter_at(frame.canvas);
    painter.rect_filled(frame.canvas, 0.0, look.row_out_of_scale);

    let in_scale = match song.key {
        _ if track.instrument.drums => PitchClassSet::from_bits(0b0101_0101_0101),
        Some(key) => key.pitch_classes(),
        // Without a key the rows are those of a keyboard.
        None => PitchClassSet::from_bits(0b1010_1011_0101),
    };
    let mut mesh = RectMesh::default();
    let (low, high) = frame.pitches();
    for key in low.get()..=high.get() {
        let pitch = crate::score::Pitch::clamped(i32::from(key));
        let row = frame.row(pitch);
        if in_scale.contains(pitch) {
            mesh.add(row, look.row_in_scale);
        }
        if key % 12 == 0 {
            let line = Rect::from_min_max(
                pos2(row.left(), row.bottom() - 0.5),
                pos2(row.right(), row.bottom() + 0.5),
            );
            mesh.add(line, look.grid_beat);
        }
    }
    for region in song.themes.iter().filter(|region| region.track == track.id) {
        let strength = match region.kind {
            ThemeKind::Theme => 0.07,
            ThemeKind::Painted => 0.04,
            ThemeKind::Return => 0.035,
        };
        let tint = Rect::from_min_max(
            pos2(frame.x(region.span.start), frame.canvas.top()),
            pos2(frame.x(region.span.end), frame.canvas.bottom()),
        );
        mesh.add(
            tint.intersect(frame.canvas),
            look.accent.gamma_multiply(strength),
        );
    }
    painter.add(mesh.into_shape());
    lines(ui, studio, frame);
}

/// Lines of steps, beats and bars, and the numbers of bars, all behind the notes.
fn lines(ui: &Ui, studio: &Studio, frame: RollFrame) {
    let look = Look::of(ui);
    let song = studio.song();
    let painter = ui.painter_at(frame.canvas);
    let span = frame.span();
    let step = studio.view().snap.step().unwrap_or(Tick::SIXTEENTH);
    let (mut fine, mut strong) = (RectMesh::default(), RectMesh::default());
    let line = |mesh: &mut RectMesh, tick: Tick, colour| {
        let x = frame.x(tick).round();
        let line = Rect::from_min_max(
            pos2(x, frame.canvas.top()),
            pos2(x + 1.0, frame.canvas.bottom()),
        );
        mesh.add(line, colour);
    };
    let mut bar = song.metre.bar_at(span.start);
    loop {
        let (start, end) = (song.metre.bar_start(bar), song.metre.bar_start(bar + 1));
        if start > span.end {
            break;
        }
        let beat = song.metre.metre_at(start).beat();
        for (length, colour) in [(step, look.grid_step), (beat, look.grid_beat)] {
            if frame.time.width(length) < LEAST_SPACING {
                continue;
            }
            let mut tick = start + length;
            while tick < end {
                line(&mut fine, tick, colour);
                tick += length;
            }
        }
        let bars_apart = frame.time.width(end - start);
        if bars_apart >= LEAST_SPACING || bar.is_multiple_of(8) {
            line(&mut strong, start, look.grid_bar);
        }
        bar += 1;
    }
    painter.add(fine.into_shape());
    painter.add(strong.into_shape());
    for (bar, tick) in visible_bars(song, frame.time, frame.canvas.width()) {
        let at = pos2(frame.x(tick) + 5.0, frame.canvas.top() + 9.0);
        let number = (bar + 1).to_string();
        painter.text(at, Align2::LEFT_CENTER, number, look::caption(), look.faint);
    }
    loop_range(&painter, studio, frame, look);
}

/// The loop range, as a line along the top.
fn loop_range(painter: &Painter, studio: &Studio, frame: RollFrame, look: &Look) {
    let transport = studio.transport();
    if let Some(range) = transport.range.filter(|_| transport.looping) {
        let line = Rect::from_min_max(
            pos2(frame.x(range.start), frame.canvas.top()),
            pos2(frame.x(range.end), frame.canvas.top() + 2.0),
        );
        painter.rect_filled(line, 0.0, look.accent.gamma_multiply(0.7));
    }
}
