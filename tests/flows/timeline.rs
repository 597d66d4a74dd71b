//! Ruler, theme lane and stacked lanes.

use std::sync::Arc;

use egui::{Modifiers, PointerButton, Pos2, pos2, vec2};
use leitmotif::app::command::Action;
use leitmotif::app::timeline::{HEAD_HEIGHT, RULER_HEIGHT};
use leitmotif::score::{Instrument, Role, Song, Span, ThemeKind, Tick, Track, TrackId};

use crate::centre::{Centre, NONE, song};

const BAR: i64 = 3840;

fn two_tracks() -> Song {
    let mut song = song(&[(0, 960, 70, 90), (960, 960, 72, 90)]);
    let piano = Track::new(TrackId(2), "Piano", Instrument::pitched(0), Role::Piano);
    song.tracks.push(Arc::new(piano));
    song
}

/// A place on the ruler, the theme lane or a lane, at a tick.
fn place(centre: &Centre, tick: i64, below_top: f32) -> Pos2 {
    let (timeline, ..) = centre.parts();
    let axis = centre.studio().view().timeline;
    pos2(
        timeline.left() + axis.x(Tick(tick)),
        timeline.top() + below_top,
    )
}

#[test]
fn a_click_on_the_ruler_moves_the_playhead() {
    let mut centre = Centre::new(two_tracks());
    centre.click(place(&centre, 2 * BAR + 30, 14.0));
    centre.harness.state_mut().studio.poll();
    assert_eq!(centre.studio().transport().position, Tick(2 * BAR));
}

#[test]
fn a_drag_on_the_ruler_sets_the_loop() {
    let mut centre = Centre::new(two_tracks());
    let (from, to) = (
        place(&centre, BAR + 40, 14.0),
        place(&centre, 3 * BAR - 40, 14.0),
    );
    centre.drag(from, to);
    assert_eq!(
        centre.studio().transport().range,
        Some(Span::new(Tick(BAR), Tick(3 * BAR)))
    );
    assert!(centre.studio().transport().looping);
}

#[test]
fn bars_are_painted_and_unpainted_for_a_return() {
    let mut centre = Centre::new(two_tracks());
    centre.send(Action::SelectAll);
    centre.send(Action::MarkTheme);
    assert!(centre.studio().song().theme().is_some());
    let lane = RULER_HEIGHT + 20.0;
    let painted = |centre: &Centre| -> Vec<Span> {
        let themes = &centre.studio().song().themes;
        themes
            .iter()
            .filter(|region| region.kind == ThemeKind::Painted)
            .map(|region| region.span)
            .collect()
    };
    let (from, to) = (
        place(&centre, 2 * BAR + 900, lane),
        place(&centre, 4 * BAR + 900, lane),
    );
    centre.drag(from, to);
    assert_eq!(painted(&centre), [Span::new(Tick(2 * BAR), Tick(5 * BAR))]);
    centre.click(place(&centre, 3 * BAR + 900, lane));
    assert_eq!(
        painted(&centre),
        [
            Span::new(Tick(2 * BAR), Tick(3 * BAR)),
            Span::new(Tick(4 * BAR), Tick(5 * BAR))
        ]
    );
    centre.send(Action::Undo);
    centre.send(Action::Undo);
    assert!(painted(&centre).is_empty(), "a drag is one step");
}

#[test]
fn a_click_on_a_lane_focuses_its_track_and_looks_there() {
    let mut centre = Centre::new(two_tracks());
    centre.click(place(&centre, 4 * BAR + 500, HEAD_HEIGHT + 56.0 + 20.0));
    assert_eq!(centre.studio().focused(), Some(TrackId(2)));
    assert_eq!(centre.studio().view().roll.left_quarters, 16.0);
    centre.click_label("Lane of Melody");
    assert_eq!(centre.studio().focused(), Some(TrackId(1)));
}

#[test]
fn the_ruler_names_the_chords_it_finds() {
    let chord = |bar: i64, pitches: [u8; 3]| pitches.map(|pitch| (bar * BAR, BAR, pitch, 90));
    let notes = [chord(0, [55, 59, 62]), chord(1, [54, 62, 69])].concat();
    let centre = Centre::new(song(&notes));
    let mut texts = Vec::new();
    for shape in &centre.harness.output().shapes {
        collect_texts(&shape.shape, &mut texts);
    }
    for expected in ["G", "D/F#", "1", "2"] {
        assert!(texts.iter().any(|text| text == expected), "{texts:?}");
    }
}

fn collect_texts(shape: &egui::Shape, texts: &mut Vec<String>) {
    match shape {
        egui::Shape::Text(text) => texts.push(text.galley.text().to_owned()),
        egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect_texts(shape, texts)),
        _ => {}
    }
}

#[test]
fn the_timeline_zooms_at_the_pointer_and_pans() {
    let mut centre = Centre::new(two_tracks());
    centre.set_view(|view| view.timeline.left_quarters = 20.0);
    let (timeline, ..) = centre.parts();
    let at = timeline.center();
    let tick = |centre: &Centre| centre.studio().view().timeline.tick(at.x - timeline.left());
    let (before, points) = (
        tick(&centre),
        centre.studio().view().timeline.points_per_quarter,
    );
    centre.wheel(at, vec2(0.0, 100.0), Modifiers::COMMAND | Modifiers::CTRL);
    assert!(centre.studio().view().timeline.points_per_quarter > points * 1.2);
    assert!((tick(&centre).0 - before.0).abs() < 40);
    let left = centre.studio().view().timeline.left_quarters;
    centre.drag_with(PointerButton::Middle, NONE, &[at, at + vec2(-80.0, 0.0)]);
    assert!(centre.studio().view().timeline.left_quarters > left);
    let roll = &centre.studio().view().roll;
    assert_eq!(roll.left_quarters, 0.0, "the large roll has its own place");
}
