//! Small pianorolls, drawn as one mesh.

use egui::{Mesh, Rect, Shape, Ui, pos2};

use super::super::look::Look;
use crate::score::{Song, Span};

/// Draws the notes of `song` that sound in `span` into `rect`: every track in its colour, from its lowest to its
/// highest note.
pub fn thumbnail(ui: &Ui, rect: Rect, song: &Song, span: Span) {
    let look = Look::of(ui);
    let sounding = |note: &crate::score::Note| note.span().overlaps(span);
    let pitches = song
        .tracks
        .iter()
        .flat_map(|track| track.notes())
        .filter(|note| sounding(note))
        .map(|note| note.pitch.get());
    let (low, high) = pitches.fold((u8::MAX, 0), |(low, high), pitch| {
        (low.min(pitch), high.max(pitch))
    });
    if low > high || span.is_empty() {
        return;
    }
    // At least two octaves, so that a single line does not fill the card.
    let spare = 24u8.saturating_sub(high - low);
    let (low, high) = (
        f32::from(low) - f32::from(spare) / 2.0,
        f32::from(high) + f32::from(spare) / 2.0,
    );
    let row = rect.height() / (high - low + 1.0);
    let across = rect.width() / span.length().0 as f32;
    let mut mesh = Mesh::default();
    for track in song.tracks.iter().rev() {
        let colour = look.track(track.colour);
        for note in track.notes().iter().filter(|note| sounding(note)) {
            let left = rect.left() + (note.start - span.start).0.max(0) as f32 * across;
            let right = rect.left() + (note.end().min(span.end) - span.start).0 as f32 * across;
            let middle = rect.top() + (high - f32::from(note.pitch.get()) + 0.5) * row;
            let half = (row * 0.42).clamp(0.75, 2.0);
            let strength = 0.45 + 0.55 * f32::from(note.velocity.get()) / 127.0;
            mesh.add_colored_rect(
                Rect::from_min_max(
                    pos2(left, middle - half),
                    pos2((right - 0.5).max(left + 1.0), middle + half),
                ),
                colour.gamma_multiply(strength),
            );
        }
    }
    ui.painter().add(Shape::mesh(mesh));
}
