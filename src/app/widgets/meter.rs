//! Level meters.

use egui::{CornerRadius, Rect, Role, Sense, Ui, Vec2, WidgetInfo, pos2};

use super::super::look::{Look, radius};

/// The lowest level that meters show, in decibels below full scale.
const FLOOR_DB: f32 = -54.0;

/// Where a linear peak (1 is full scale) lies on a meter, 0..=1, even in decibels.
pub fn level_position(peak: f32) -> f32 {
    if peak <= 0.0 {
        return 0.0;
    }
    (1.0 - 20.0 * peak.log10() / FLOOR_DB).clamp(0.0, 1.0)
}

/// Two bars from left to right: the peaks of the left and the right channel.
pub fn horizontal_meter(ui: &mut Ui, size: Vec2, peaks: [f32; 2], label: &str) -> egui::Response {
    let look = Look::of(ui);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, label);
        info.value = Some(f64::from(level_position(peaks[0].max(peaks[1]))));
        info
    });
    let corners = CornerRadius::same(radius::SMALL / 2);
    let height = (size.y - 3.0) / 2.0;
    for (row, peak) in peaks.into_iter().enumerate() {
        let top = rect.top() + row as f32 * (height + 3.0);
        let bar = Rect::from_min_max(pos2(rect.left(), top), pos2(rect.right(), top + height));
        ui.painter().rect_filled(bar, corners, look.raised);
        let mut lit = bar;
        lit.set_width(bar.width() * level_position(peak));
        let colour = if peak >= 1.0 { look.record } else { look.good };
        ui.painter().rect_filled(lit, corners, colour);
    }
    response
}

/// One bar from bottom to top.
pub fn vertical_meter(ui: &Ui, rect: Rect, peak: f32) {
    let look = Look::of(ui);
    let corners = CornerRadius::same(2);
    ui.painter().rect_filled(rect, corners, look.background);
    let mut lit = rect;
    lit.min.y = rect.max.y - rect.height() * level_position(peak);
    let colour = if peak >= 1.0 { look.record } else { look.good };
    ui.painter().rect_filled(lit, corners, colour);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meters_are_even_in_decibels() {
        assert_eq!(level_position(0.0), 0.0);
        assert_eq!(level_position(1.0), 1.0);
        assert_eq!(level_position(4.0), 1.0);
        let half = level_position(10f32.powf(FLOOR_DB / 2.0 / 20.0));
        assert!((half - 0.5).abs() < 1e-4, "{half}");
    }
}
