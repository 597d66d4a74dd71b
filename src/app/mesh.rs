//! Many rectangles as one shape: a hundred thousand notes as shapes of their own would take most of a frame.

use egui::epaint::{Mesh, Vertex, WHITE_UV};
use egui::{Color32, Rect, Shape};

/// Filled rectangles that are drawn at once.
#[derive(Debug, Default)]
pub struct RectMesh {
    mesh: Mesh,
}

impl RectMesh {
    /// Makes room for so many more rectangles.
    pub fn reserve(&mut self, rectangles: usize) {
        self.mesh.vertices.reserve(rectangles * 4);
        self.mesh.indices.reserve(rectangles * 6);
    }

    /// Adds a filled rectangle.
    pub fn add(&mut self, rect: Rect, colour: Color32) {
        let first = self.mesh.vertices.len() as u32;
        for pos in [
            rect.left_top(),
            rect.right_top(),
            rect.right_bottom(),
            rect.left_bottom(),
        ] {
            self.mesh.vertices.push(Vertex {
                pos,
                uv: WHITE_UV,
                color: colour,
            });
        }
        self.mesh
            .indices
            .extend([first, first + 1, first + 2, first, first + 2, first + 3]);
    }

    /// Adds a note: a rectangle whose corners are cut by a point where it is large enough, which reads as rounded.
    pub fn add_note(&mut self, rect: Rect, colour: Color32) {
        if rect.width() < 6.0 || rect.height() < 5.0 {
            self.add(rect, colour);
            return;
        }
        let cut = if rect.height() < 9.0 { 1.0 } else { 1.6 };
        let first = self.mesh.vertices.len() as u32;
        let (l, r, t, b) = (rect.left(), rect.right(), rect.top(), rect.bottom());
        let corners = [
            (l + cut, t),
            (r - cut, t),
            (r, t + cut),
            (r, b - cut),
            (r - cut, b),
            (l + cut, b),
            (l, b - cut),
            (l, t + cut),
        ];
        for (x, y) in corners {
            self.mesh.vertices.push(Vertex {
                pos: egui::pos2(x, y),
                uv: WHITE_UV,
                color: colour,
            });
        }
        for corner in 1..7 {
            self.mesh
                .indices
                .extend([first, first + corner, first + corner + 1]);
        }
    }

    /// Adds the outline of a rectangle, `width` points thick, inside it.
    pub fn add_outline(&mut self, rect: Rect, width: f32, colour: Color32) {
        let (min, max) = (rect.min, rect.max);
        for (a, b) in [
            (min, egui::pos2(max.x, min.y + width)),
            (egui::pos2(min.x, max.y - width), max),
            (min, egui::pos2(min.x + width, max.y)),
            (egui::pos2(max.x - width, min.y), max),
        ] {
            self.add(Rect::from_min_max(a, b), colour);
        }
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.mesh.vertices.is_empty()
    }

    /// The shape, to be painted.
    pub fn into_shape(self) -> Shape {
        Shape::mesh(self.mesh)
    }
}

/// Leaves out rectangles that nobody could tell from the one before them in their row: with a whole song in view, most
/// notes lie within a point of another.
#[derive(Debug)]
pub(super) struct Sieve {
    reached: Vec<f32>,
}

impl Sieve {
    /// How much further right than the one before a rectangle must end to be seen, in points.
    const LEAST_STEP: f32 = 1.5;

    /// A sieve for `rows` rows.
    pub(super) fn new(rows: usize) -> Self {
        Self {
            reached: vec![f32::NEG_INFINITY; rows],
        }
    }

    /// Whether a rectangle of `row` that ends at `right` is to be drawn; they come from left to right.
    pub(super) fn passes(&mut self, row: u8, right: f32) -> bool {
        let Some(reached) = self.reached.get_mut(usize::from(row)) else {
            return true;
        };
        let passes = right >= *reached + Self::LEAST_STEP;
        if passes {
            *reached = right;
        }
        passes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sieve_keeps_what_can_be_seen() {
        let mut sieve = Sieve::new(128);
        let kept = (0..1000)
            .filter(|i| sieve.passes(60, *i as f32 * 0.1))
            .count();
        assert!((60..=68).contains(&kept), "{kept} in 100 points");
        assert!(sieve.passes(61, 50.0), "rows do not hide each other");
        assert!(sieve.passes(60, 105.0));
    }
}
