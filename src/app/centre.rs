//! The centre of the window: ruler and theme lane, stacked small rolls, tool strip, large roll, velocities.

use egui::{Rect, Ui, UiBuilder};

use super::command::CommandQueue;
use super::roll::{self, roll_ui, strip_ui};
use super::studio::Studio;
use super::timeline::{self, timeline_ui};

/// The least height of the large roll in points.
const LEAST_ROLL: f32 = 220.0;

/// Draws the centre.
pub fn centre_ui(ui: &mut Ui, studio: &Studio, queue: &mut CommandQueue) {
    let (timeline, strip, roll) = layout(studio, ui.max_rect());
    let mut part = |rect: Rect, draw: fn(&mut Ui, &Studio, &mut CommandQueue)| {
        ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            ui.set_clip_rect(rect.intersect(ui.clip_rect()));
            draw(ui, studio, queue);
        });
    };
    part(timeline, timeline_ui);
    part(strip, strip_ui);
    part(roll, roll_ui);
}

/// Where timeline, tool strip and large roll lie in the centre.
pub fn layout(studio: &Studio, centre: Rect) -> (Rect, Rect, Rect) {
    let available = (centre.height() - roll::STRIP_HEIGHT - LEAST_ROLL).max(0.0);
    let height = timeline::height(studio.song().tracks.len(), available);
    let (timeline, rest) = centre.split_top_bottom_at_y(centre.top() + height);
    let (strip, roll) = rest.split_top_bottom_at_y(rest.top() + roll::STRIP_HEIGHT);
    (timeline, strip, roll)
}
