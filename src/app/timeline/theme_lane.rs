//! The theme lane: where the theme stands, where it returns and how closely, and where it shall return.
//!
//! Returns that a network labelled, or that were found with the theme, have an edge; those that are only alike have none.

use std::sync::Arc;

use egui::{
    Align2, Color32, CursorIcon, Rect, Sense, Shape, Stroke, StrokeKind, Ui, UiBuilder, pos2, vec2,
};

use crate::measure::fragment;
use crate::measure::occurrences::{Finder, Occurrence};
use crate::measure::theme::OCCURRENCE;
use crate::score::edit::{self, Edited};
use crate::score::{MetreMap, Song, Span, ThemeKind, ThemeRegion, Tick, Track};

use super::super::command::{Action, Command, CommandQueue};
use super::super::edit::Edit;
use super::super::keys;
use super::super::look::{self, Look, radius, space};
use super::super::status::say;
use super::super::studio::Studio;
use super::super::view::TimeAxis;
use super::super::widgets::chip;
use super::ruler::visible_bars;

/// A drag that paints or unpaints bars.
#[derive(Debug, Clone, Copy)]
struct Painting {
    from_bar: u32,
    erase: bool,
}

pub(super) fn theme_lane_ui(
    ui: &mut Ui,
    studio: &Studio,
    axis: TimeAxis,
    queue: &mut CommandQueue,
) {
    let rect = ui.max_rect();
    let look = Look::of(ui);
    let song = studio.song();
    let has_theme = song.theme().is_some();
    let hint = if has_theme {
        "Click or drag over bars where the theme shall return; again to take that back"
    } else {
        "Select the notes of a theme in the roll and press T, or have it found"
    };
    // Returns are those of the candidate that is heard, if one is; the theme and what is painted stay the user's.
    let heard = studio.heard_song();
    let looked = look_through(ui, heard);
    let alike = looked.as_ref().map_or(&[][..], |looked| &looked.unmarked);
    let sense = if has_theme {
        Sense::click_and_drag()
    } else {
        Sense::hover()
    };
    let mut response = ui.interact(rect, egui::Id::unique("theme lane"), sense);
    let pointed = response
        .hover_pos()
        .map(|pointer| axis.tick(pointer.x - rect.left()));
    let told = pointed.and_then(|tick| words_at(song, heard, alike, tick));
    response = response.on_hover_text(match told {
        Some(told) => format!("{told}\n{hint}"),
        None => hint.to_owned(),
    });
    if has_theme {
        response = response.on_hover_cursor(CursorIcon::Crosshair);
    }
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, "Theme lane"));
    if response.hovered() {
        say(ui, hint);
    }

    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, look.panel);
    painter.hline(
        rect.x_range(),
        rect.bottom() - 0.5,
        Stroke::new(1.0, look.line),
    );
    for (_, tick) in visible_bars(song, axis, rect.width()) {
        painter.vline(
            rect.left() + axis.x(tick),
            rect.y_range(),
            Stroke::new(1.0, look.line),
        );
    }
    for occurrence in alike {
        alike_ui(ui, occurrence, axis, rect);
    }
    for region in &heard.themes {
        if region.kind == ThemeKind::Return {
            region_ui(ui, heard, region, axis, rect);
        }
    }
    for region in &song.themes {
        if region.kind != ThemeKind::Return {
            region_ui(ui, song, region, axis, rect);
        }
    }
    if song.themes.is_empty() {
        empty_ui(ui, studio, rect, queue);
    }
    if has_theme {
        paint(ui, &response, studio, axis, rect, queue);
    }
}

/// The lane of a song without a theme: what to do.
fn empty_ui(ui: &mut Ui, studio: &Studio, lane: Rect, queue: &mut CommandQueue) {
    let look = Look::of(ui);
    let text = "Theme: select notes and press T, or";
    let written = ui.painter_at(lane).text(
        lane.left_center() + vec2(12.0, 0.0),
        Align2::LEFT_CENTER,
        text,
        look::small(),
        look.faint,
    );
    let beside = Rect::from_min_max(
        pos2(
            written.right() + space::S,
            lane.center().y - space::CONTROL / 2.0,
        ),
        lane.max,
    );
    ui.scope_builder(UiBuilder::new().max_rect(beside), |ui| {
        let text = if studio.is_finding() {
            "Looking …"
        } else {
            Action::FindTheme.text()
        };
        let tooltip = keys::tooltip(ui.ctx(), Action::FindTheme);
        if chip(ui, text, false, tooltip).clicked() {
            queue.push(Action::FindTheme);
        }
    });
}

/// What was found in a track; nothing is looked through again before the track, the metre or the theme changes.
struct Looked {
    track: Arc<Track>,
    metre: Arc<MetreMap>,
    theme: Span,
    labels: Vec<Span>,
    finder: Finder,
    /// The returns that no label covers.
    unmarked: Vec<Occurrence>,
}

/// The returns of the theme in its track.
fn look_through(ui: &Ui, song: &Song) -> Option<Arc<Looked>> {
    let theme = song.theme()?;
    let track = song.track(theme.track)?;
    let labels = (song.themes.iter())
        .filter(|region| region.kind == ThemeKind::Return && region.track == theme.track)
        .map(|region| region.span);
    let id = egui::Id::unique("returns of the theme");
    let before = ui.data_mut(|data| {
        let before = data.get_temp::<Arc<Looked>>(id);
        data.remove::<Arc<Looked>>(id);
        before
    });
    let looked = match before {
        Some(looked)
            if Arc::ptr_eq(&looked.track, track)
                && Arc::ptr_eq(&looked.metre, &song.metre)
                && looked.theme == theme.span
                && labels.clone().eq(looked.labels.iter().copied()) =>
        {
            looked
        }
        before => {
            let remembered = before.and_then(Arc::into_inner);
            let mut finder = remembered.map(|looked| looked.finder).unwrap_or_default();
            let labels: Vec<Span> = labels.collect();
            let mut unmarked = finder.occurrences(track, &song.metre, theme.span);
            unmarked.retain(|found| !labels.iter().any(|label| label.overlaps(found.span)));
            Arc::new(Looked {
                track: Arc::clone(track),
                metre: Arc::clone(&song.metre),
                theme: theme.span,
                labels,
                finder,
                unmarked,
            })
        }
    };
    ui.data_mut(|data| data.insert_temp(id, Arc::clone(&looked)));
    Some(looked)
}

/// What stands at a tick, in words.
fn words_at(song: &Song, heard: &Song, alike: &[Occurrence], tick: Tick) -> Option<String> {
    let bars = |span: Span| {
        let (first, last) = (span.start, (span.end - Tick(1)).max(span.start));
        match (song.metre.bar_at(first) + 1, song.metre.bar_at(last) + 1) {
            (first, last) if first == last => format!("Bar {first}"),
            (first, last) => format!("Bars {first} to {last}"),
        }
    };
    let region = |song: &Song, kind: ThemeKind| {
        let here = |region: &&ThemeRegion| region.kind == kind && region.span.contains(tick);
        song.themes.iter().find(here).copied()
    };
    if let Some(theme) = region(song, ThemeKind::Theme) {
        return Some(format!("{}: the theme", bars(theme.span)));
    }
    if let Some(label) = region(heard, ThemeKind::Return) {
        let how =
            similarity(heard, &label).map_or_else(String::new, |s| format!(", similarity {s:.2}"));
        return Some(format!("{}: the theme returns{how}", bars(label.span)));
    }
    if let Some(found) = alike.iter().find(|found| found.span.contains(tick)) {
        let (bars, s) = (bars(found.span), found.similarity);
        return Some(format!("{bars}: like the theme, similarity {s:.2}"));
    }
    let painted = region(song, ThemeKind::Painted)?;
    Some(format!(
        "{}: the theme shall return here",
        bars(painted.span)
    ))
}

/// Where a stretch is drawn.
fn block(span: Span, axis: TimeAxis, lane: Rect) -> Rect {
    Rect::from_min_max(
        pos2(lane.left() + axis.x(span.start) + 1.0, lane.top() + 8.0),
        pos2(lane.left() + axis.x(span.end) - 1.0, lane.bottom() - 6.0),
    )
}

/// Writes into a block where there is room: the words stay readable while the block is scrolled half out of view.
fn words_ui(ui: &Ui, block: Rect, lane: Rect, align: Align2, text: String, colour: Color32) {
    let seen = block.intersect(lane).shrink2(vec2(8.0, 0.0));
    let painter = ui.painter_at(lane);
    let galley = painter.layout_no_wrap(text, look::medium(look::size::SMALL), colour);
    if galley.size().x < seen.width() {
        let at = align.pos_in_rect(&seen);
        painter.galley(align.anchor_size(at, galley.size()).min, galley, colour);
    }
}

/// A return without a label: no edge, the more opaque the more it is like the theme.
fn alike_ui(ui: &Ui, occurrence: &Occurrence, axis: TimeAxis, lane: Rect) {
    let block = block(occurrence.span, axis, lane);
    if !block.intersects(lane) {
        return;
    }
    let look = Look::of(ui);
    // From the least similarity of a return to the greatest.
    let strength = ((occurrence.similarity - OCCURRENCE) / (1.0 - OCCURRENCE)) as f32;
    let fill = look.accent.gamma_multiply(0.06 + 0.22 * strength);
    ui.painter_at(lane)
        .rect_filled(block, f32::from(radius::CONTROL), fill);
    let text = format!("{:.2}", occurrence.similarity);
    words_ui(
        ui,
        block,
        lane,
        Align2::RIGHT_CENTER,
        text,
        look.accent_text,
    );
}

fn region_ui(ui: &Ui, song: &Song, region: &ThemeRegion, axis: TimeAxis, lane: Rect) {
    let look = Look::of(ui);
    let painter = ui.painter_at(lane);
    let block = block(region.span, axis, lane);
    if !block.intersects(lane) {
        return;
    }
    let corner = f32::from(radius::CONTROL);
    let stroke = Stroke::new(1.2, look.accent);
    let words = |align, text, colour| words_ui(ui, block, lane, align, text, colour);
    match region.kind {
        ThemeKind::Theme => {
            painter.rect(
                block,
                corner,
                look.accent.gamma_multiply(0.38),
                stroke,
                StrokeKind::Inside,
            );
            words(Align2::LEFT_CENTER, "Theme".to_owned(), look.accent_text);
        }
        ThemeKind::Return => {
            let similarity = similarity(song, region);
            let strength = similarity.unwrap_or(0.0).clamp(0.0, 1.0) as f32;
            let fill = look.accent.gamma_multiply(0.04 + 0.30 * strength);
            let edge = Stroke::new(1.0, look.accent.gamma_multiply(0.45 + 0.4 * strength));
            painter.rect(block, corner, fill, edge, StrokeKind::Inside);
            if let Some(similarity) = similarity {
                words(
                    Align2::RIGHT_CENTER,
                    format!("{similarity:.2}"),
                    look.accent_text,
                );
            }
        }
        ThemeKind::Painted => {
            let outline = [
                block.left_top(),
                block.right_top(),
                block.right_bottom(),
                block.left_bottom(),
                block.left_top(),
            ];
            painter.extend(Shape::dashed_line(&outline, stroke, 4.0, 3.0));
            words(
                Align2::CENTER_CENTER,
                "return here".to_owned(),
                look.accent_text,
            );
        }
    }
}

/// How closely a return resembles the theme, 0 to 1; `None` where either has too few notes.
fn similarity(song: &Song, region: &ThemeRegion) -> Option<f64> {
    let theme = song.theme()?;
    let (theme_track, track) = (song.track(theme.track)?, song.track(region.track)?);
    fragment::similarity(theme_track, theme.span, track, region.span)
}

fn paint(
    ui: &Ui,
    response: &egui::Response,
    studio: &Studio,
    axis: TimeAxis,
    rect: Rect,
    queue: &mut CommandQueue,
) {
    let song = studio.base_song();
    let Some(theme) = song.theme().copied() else {
        return;
    };
    let id = egui::Id::unique("theme painting");
    let bar_at = |x: f32| {
        song.metre
            .bar_at(axis.tick(x - rect.left()).max(Tick::ZERO))
    };
    let is_painted = |bar: u32| {
        let start = song.metre.bar_start(bar);
        song.themes
            .iter()
            .any(|region| region.kind == ThemeKind::Painted && region.span.contains(start))
    };
    let edit = |painting: Painting, x: f32| {
        let bar = bar_at(x);
        let bars = painting.from_bar.min(bar)..painting.from_bar.max(bar) + 1;
        let selection = studio.base_selection().clone();
        if painting.erase {
            let song = edit::unpaint_theme(song, theme.track, bars);
            Edit::notes("Unpaint return", Edited { song, selection })
        } else {
            // The theme itself stands where it stands.
            let mut song = edit::paint_theme(song, theme.track, bars);
            trim_painted(&mut song, theme.span);
            Edit::notes("Paint return", Edited { song, selection })
        }
    };
    let pressed = ui.input(|input| input.pointer.press_origin());
    let begin = |x: f32| Painting {
        from_bar: bar_at(x),
        erase: is_painted(bar_at(x)),
    };
    if response.drag_started_by(egui::PointerButton::Primary)
        && let Some(origin) = pressed
    {
        ui.data_mut(|data| data.insert_temp(id, begin(origin.x)));
    }
    let painting = ui.data(|data| data.get_temp::<Painting>(id));
    let Some(pointer) = response.interact_pointer_pos() else {
        return;
    };
    if response.clicked() {
        queue.push(edit(begin(pointer.x), pointer.x));
    } else if let Some(painting) = painting {
        if response.dragged_by(egui::PointerButton::Primary) {
            queue.push(Command::EditLive(edit(painting, pointer.x)));
        }
        if response.drag_stopped_by(egui::PointerButton::Primary) {
            ui.data_mut(|data| data.remove::<Painting>(id));
            queue.push(edit(painting, pointer.x));
        }
    }
}

/// Takes the bars of the theme itself out of the painted ones.
fn trim_painted(song: &mut Song, theme: Span) {
    let mut kept = Vec::with_capacity(song.themes.len());
    for region in &song.themes {
        if region.kind != ThemeKind::Painted || !region.span.overlaps(theme) {
            kept.push(*region);
            continue;
        }
        for (start, end) in [
            (region.span.start, theme.start),
            (theme.end, region.span.end),
        ] {
            if start < end {
                kept.push(ThemeRegion {
                    span: Span { start, end },
                    ..*region
                });
            }
        }
    }
    song.themes = kept;
}
