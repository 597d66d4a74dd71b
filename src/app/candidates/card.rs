//! One candidate as a card.

use egui::{
    Align2, CornerRadius, Rect, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};
use lucide_icons::Icon;

use super::super::command::{Action, Command, CommandQueue};
use super::super::look::{self, Look, radius, size, space};
use super::super::studio::{Entry, Studio};
use super::super::widgets::thumbnail;
use crate::compose::{Better, Measured, Weights};
use crate::score::{Span, Tick};
use crate::tokens::clip::bar_ticks;

/// Draws candidate `index` as a card.
pub(super) fn card_ui(
    ui: &mut Ui,
    studio: &Studio,
    index: usize,
    entry: &Entry,
    card: Vec2,
    queue: &mut CommandQueue,
) {
    let look = Look::of(ui);
    let (rect, response) = ui.allocate_exact_size(card, Sense::click());
    let tray = studio.tray();
    let heard = tray.heard == Some(index);
    response.widget_info(|| {
        WidgetInfo::selected(
            egui::Role::Button,
            true,
            heard,
            format!("Candidate {}", index + 1),
        )
    });
    if response.clicked() {
        queue.push(Command::Audition((!heard).then_some(index)));
    }
    if response.double_clicked() {
        queue.push(Command::Audition(Some(index)));
        queue.push(Action::KeepCandidate);
    }
    let painter = ui.painter();
    let corners = CornerRadius::same(radius::CARD);
    let fill = if response.hovered() {
        look.raised_hover
    } else {
        look.raised
    };
    painter.rect_filled(rect, corners, fill);
    if heard {
        painter.rect_stroke(
            rect,
            corners,
            Stroke::new(1.5, look.accent),
            StrokeKind::Inside,
        );
    }
    let ink = if heard { look.accent_text } else { look.dim };
    painter.text(
        rect.left_top() + vec2(space::M, 18.0),
        Align2::LEFT_CENTER,
        index + 1,
        look::numeric(size::BODY),
        ink,
    );
    let right = rect.right_top() + vec2(-space::M, 18.0);
    let (corner, corner_ink) = match entry.writing {
        Some((done, total)) => (format!("{done} of {total}"), look.dim),
        None => (format!("{:.2}", entry.candidate.score), look.text),
    };
    painter.text(
        right,
        Align2::RIGHT_CENTER,
        corner,
        look::numeric(size::BODY),
        corner_ink,
    );
    if entry.starred {
        painter.text(
            rect.left_top() + vec2(32.0, 18.0),
            Align2::CENTER_CENTER,
            char::from(Icon::Star),
            look::icon(12.0),
            look.accent_text,
        );
    }
    if let Some(better) = entry.like.filter(|_| entry.writing.is_none()) {
        let left = if entry.starred { 46.0 } else { 30.0 };
        painter.text(
            rect.left_top() + vec2(left, 18.0),
            Align2::LEFT_CENTER,
            format!("much like {}", better + 1),
            look::caption(),
            look.dim,
        );
    }
    let roll = Rect::from_min_max(
        rect.left_top() + vec2(space::S, 32.0),
        pos2(rect.right() - space::S, rect.bottom() - 40.0),
    );
    let bars = entry
        .writing
        .map_or(entry.candidate.bars, |(_, total)| total);
    let length = bar_ticks() * i64::from(bars);
    thumbnail(
        ui,
        roll,
        &entry.candidate.clip,
        Span::new(Tick::ZERO, length),
    );
    let position = studio.transport().position - entry.candidate.at;
    if heard && (Tick::ZERO..length).contains(&position) {
        let share = position.0 as f32 / length.0 as f32;
        painter.vline(
            roll.left() + share * roll.width(),
            roll.y_range(),
            Stroke::new(1.5, look.playhead),
        );
    }
    match entry.writing {
        Some((done, total)) => {
            let bar = Rect::from_min_size(
                pos2(rect.left() + space::M, rect.bottom() - 24.0),
                vec2(rect.width() - space::M * 2.0, 4.0),
            );
            painter.rect_filled(bar, 2, look.panel);
            let mut lit = bar;
            lit.set_width(bar.width() * done as f32 / total.max(1) as f32);
            painter.rect_filled(lit, 2, look.accent);
        }
        None => ratings(ui, rect, entry, &studio.settings().weights),
    }
    response.on_hover_ui(|ui| details_ui(ui, studio, entry));
}

/// The measures that count most, as bars with their names.
fn ratings(ui: &Ui, rect: Rect, entry: &Entry, weights: &Weights) {
    let look = Look::of(ui);
    let mut shown: Vec<_> = (entry.candidate.measures.iter())
        .filter(|measured| weights.of(measured.name) > 0.0)
        .collect();
    shown.sort_by(|a, b| weights.of(b.name).total_cmp(&weights.of(a.name)));
    shown.truncate(3);
    if shown.is_empty() {
        return;
    }
    let count = shown.len() as f32;
    let width = (rect.width() - space::M * 2.0 - space::M * (count - 1.0)) / count;
    for (place, rating) in shown.into_iter().enumerate() {
        let left = rect.left() + space::M + place as f32 * (width + space::M);
        let bar = Rect::from_min_size(pos2(left, rect.bottom() - 30.0), vec2(width, 4.0));
        ui.painter().rect_filled(bar, 2, look.panel);
        let mut lit = bar;
        lit.set_width(bar.width() * (rating.merit as f32).clamp(0.0, 1.0));
        let colour = if place == 0 { look.accent } else { look.dim };
        ui.painter().rect_filled(lit, 2, colour);
        ui.painter().text(
            pos2(left, rect.bottom() - 15.0),
            Align2::LEFT_CENTER,
            rating.name,
            look::caption(),
            look.faint,
        );
    }
}

fn details_ui(ui: &mut Ui, studio: &Studio, entry: &Entry) {
    let look = Look::of(ui);
    if let Some((done, total)) = entry.writing {
        ui.label(format!(
            "{done} of {total} bars are written. Click to hear them."
        ));
        return;
    }
    for measured in &entry.candidate.measures {
        let weight = studio.settings().weights.of(measured.name);
        ui.label(egui::RichText::new(in_words(measured, weight)).font(look::small()));
    }
    if let Some(better) = entry.like {
        let text = format!("Nearly the same as candidate {}.", better + 1);
        ui.label(egui::RichText::new(text).font(look::small()));
    }
    let lineage = &entry.candidate.lineage;
    ui.label(
        egui::RichText::new(format!(
            "{}, seed {}, candidate {}",
            lineage.model,
            lineage.seed,
            lineage.candidate + 1
        ))
        .font(look::small())
        .color(look.dim),
    );
    let keys = if studio.tray().heard.is_some() {
        "Click again to hear the song without it. Enter keeps, Backspace discards."
    } else {
        "Click to hear it in its place, double click to keep it."
    };
    ui.label(
        egui::RichText::new(keys)
            .font(look::small())
            .color(look.dim),
    );
}

fn in_words(measured: &Measured, weight: f32) -> String {
    let way = match measured.better {
        Better::Higher => "the higher the better".to_owned(),
        Better::Lower => "the lower the better".to_owned(),
        Better::Near(value) => format!("best near {value:.2}"),
    };
    let meaning = measured.meaning.trim_end_matches('.');
    let counts = if weight < 0.05 {
        ", not counted".to_owned()
    } else if (weight - 1.0).abs() < 0.05 {
        String::new()
    } else {
        format!(", counts {weight:.1} times")
    };
    format!(
        "{} {:.2}: {meaning} ({way}{counts})",
        measured.name, measured.value
    )
}
