//! Editing notes in the large roll.

use std::sync::Arc;

use egui::{Key, Modifiers, PointerButton, pos2, vec2};
use leitmotif::app::command::{Action, Command};
use leitmotif::app::roll::{Hit, hit};
use leitmotif::app::view::{Snap, Tool};
use leitmotif::score::{Instrument, Role, Song, Tick, Track, TrackId};
use proptest::prelude::*;

use crate::centre::{Centre, NONE, song};

fn with_tool(song: Song, tool: Tool) -> Centre {
    let mut centre = Centre::new(song);
    centre.set_view(|view| view.tool = tool);
    centre
}

#[test]
fn a_click_of_the_pencil_draws_a_note_on_the_grid_and_sounds_it() {
    let mut centre = Centre::new(song(&[]));
    centre.sent();
    centre.click(centre.at(960 + 100, 72));
    assert_eq!(centre.notes(), [(960, 480, 72)]);
    let sounded = centre
        .sent()
        .into_iter()
        .filter(|command| matches!(command, Command::Preview { pitch, .. } if pitch.get() == 72));
    assert_eq!(sounded.count(), 1);
    centre.send(Action::Undo);
    assert!(centre.notes().is_empty(), "one click is one step");
}

#[test]
fn a_drag_of_the_pencil_gives_the_length_and_the_next_click_repeats_it() {
    let mut centre = Centre::new(song(&[]));
    centre.drag(centre.at(10, 70), centre.at(1100, 70));
    assert_eq!(centre.notes(), [(0, 1200, 70)]);
    centre.click(centre.at(1930, 65));
    assert_eq!(centre.notes(), [(0, 1200, 70), (1920, 1200, 65)]);
}

#[test]
fn a_drag_is_seen_at_once_but_is_no_step_until_released_and_escape_takes_it_back() {
    let mut centre = Centre::new(song(&[]));
    let (from, to) = (centre.at(10, 70), centre.at(1100, 70));
    centre.press(from);
    centre.to(to);
    assert_eq!(centre.notes(), [(0, 1200, 70)]);
    assert!(centre.studio().base_song().tracks[0].notes().is_empty());
    centre.key(Key::Escape);
    centre.release(to);
    assert!(centre.notes().is_empty());
    assert!(!centre.studio().history().can_undo());
}

#[test]
fn the_grid_can_be_switched_off_or_left_with_alt() {
    let mut centre = Centre::new(song(&[]));
    centre.set_view(|view| view.snap = Snap::Off);
    centre.click(centre.at(1000, 72));
    let (start, ..) = centre.notes()[0];
    assert!((start - 1000).abs() < 14, "a point is 13 ticks: {start}");

    let mut centre = Centre::new(song(&[]));
    let at = centre.at(1000, 72);
    centre.drag_with(PointerButton::Primary, Modifiers::ALT, &[at, at]);
    let (start, ..) = centre.notes()[0];
    assert!((start - 1000).abs() < 14, "{start}");
}

#[test]
fn a_frame_selects_what_it_touches_and_shift_adds() {
    let mut centre = with_tool(
        song(&[
            (0, 480, 70, 90),
            (960, 480, 72, 90),
            (1920, 480, 60, 90),
            (2880, 480, 74, 90),
        ]),
        Tool::Select,
    );
    let (from, to) = (centre.at(700, 76), centre.at(2300, 65));
    centre.drag(from, to);
    assert_eq!(centre.selected(), [(960, 72)]);
    let path = [centre.at(2700, 76), centre.at(3300, 72)];
    centre.drag_with(PointerButton::Primary, Modifiers::SHIFT, &path);
    assert_eq!(centre.selected(), [(960, 72), (2880, 74)]);
    centre.click(centre.at(500, 64));
    assert!(centre.selected().is_empty(), "a click beside clears");
    assert!(
        !centre.studio().history().can_undo(),
        "selecting is no step"
    );
}

#[test]
fn shift_click_adds_and_takes_single_notes() {
    let mut centre = with_tool(song(&[(0, 960, 70, 90), (1920, 960, 72, 90)]), Tool::Select);
    centre.click(centre.at(480, 70));
    assert_eq!(centre.selected(), [(0, 70)]);
    let second = centre.at(2400, 72);
    centre.drag_with(PointerButton::Primary, Modifiers::SHIFT, &[second, second]);
    assert_eq!(centre.selected(), [(0, 70), (1920, 72)]);
    centre.drag_with(PointerButton::Primary, Modifiers::SHIFT, &[second, second]);
    assert_eq!(centre.selected(), [(0, 70)]);
    assert_eq!(centre.notes(), [(0, 960, 70), (1920, 960, 72)]);
}

#[test]
fn notes_move_in_time_and_pitch_together_and_sound() {
    let mut centre = with_tool(
        song(&[(0, 960, 70, 90), (1920, 960, 72, 90), (3840, 960, 60, 90)]),
        Tool::Select,
    );
    let frame = (centre.at(5, 76), centre.at(3000, 67));
    centre.drag(frame.0, frame.1);
    centre.sent();
    centre.drag(centre.at(480, 70), centre.at(480 + 730, 73));
    assert_eq!(
        centre.notes(),
        [(720, 960, 73), (2640, 960, 75), (3840, 960, 60)]
    );
    assert_eq!(
        centre.selected(),
        [(720, 73), (2640, 75)],
        "what moved stays selected"
    );
    let sounded = centre
        .sent()
        .into_iter()
        .any(|command| matches!(command, Command::Preview { pitch, .. } if pitch.get() == 73));
    assert!(sounded);
    centre.send(Action::Undo);
    assert_eq!(
        centre.notes(),
        [(0, 960, 70), (1920, 960, 72), (3840, 960, 60)]
    );
}

#[test]
fn a_note_off_the_grid_keeps_its_place_when_only_its_pitch_is_moved() {
    let mut centre = with_tool(song(&[(37, 960, 70, 90)]), Tool::Select);
    centre.drag(centre.at(480, 70), centre.at(480, 75));
    assert_eq!(centre.notes(), [(37, 960, 75)]);
}

#[test]
fn both_edges_resize() {
    let mut centre = with_tool(song(&[(960, 960, 70, 90)]), Tool::Select);
    let rect = centre
        .frame()
        .note(&centre.studio().focused_track().unwrap().notes()[0]);
    let y = rect.center().y;
    centre.drag(
        pos2(rect.right() - 2.0, y),
        pos2(rect.right() - 2.0 + 36.0, y),
    );
    assert_eq!(centre.notes(), [(960, 1440, 70)]);
    centre.drag(
        pos2(rect.left() + 2.0, y),
        pos2(rect.left() + 2.0 - 18.0, y),
    );
    assert_eq!(centre.notes(), [(720, 1680, 70)]);
}

#[test]
fn alt_drag_leaves_a_copy() {
    let mut centre = with_tool(song(&[(0, 960, 70, 90)]), Tool::Select);
    centre.set_view(|view| view.snap = Snap::Quarter);
    let path = [
        centre.at(480, 70),
        centre.at(1400, 72),
        centre.at(480 + 1920, 72),
    ];
    centre.drag_with(PointerButton::Primary, Modifiers::ALT, &path);
    let notes = centre.notes();
    assert_eq!(notes.len(), 2);
    assert_eq!(notes[0], (0, 960, 70));
    assert!(
        (notes[1].0 - 1920).abs() < 14 && notes[1].2 == 72,
        "{notes:?}"
    );
    centre.send(Action::Undo);
    assert_eq!(centre.notes(), [(0, 960, 70)]);
}

#[test]
fn the_right_button_erases_what_it_passes_in_one_step() {
    let notes = [
        (0, 480, 70, 90),
        (480, 480, 70, 90),
        (960, 480, 70, 90),
        (960, 480, 60, 90),
    ];
    let mut centre = Centre::new(song(&notes));
    let path = [centre.at(200, 70), centre.at(700, 70), centre.at(1200, 70)];
    centre.drag_with(PointerButton::Secondary, NONE, &path);
    assert_eq!(centre.notes(), [(960, 480, 60)]);
    centre.send(Action::Undo);
    assert_eq!(centre.notes().len(), 4);
}

#[test]
fn a_double_click_with_the_select_tool_draws_and_deletes() {
    let mut centre = with_tool(song(&[]), Tool::Select);
    centre.double_click(centre.at(1000, 72));
    assert_eq!(centre.notes(), [(960, 480, 72)]);
    centre.double_click(centre.at(1200, 72));
    assert!(centre.notes().is_empty());
}

#[test]
fn the_knife_cuts_and_the_glue_joins() {
    let mut centre = with_tool(song(&[(0, 1920, 70, 90)]), Tool::Knife);
    centre.click(centre.at(970, 70));
    assert_eq!(centre.notes(), [(0, 960, 70), (960, 960, 70)]);
    centre.set_view(|view| view.tool = Tool::Glue);
    centre.click(centre.at(400, 70));
    assert_eq!(centre.notes(), [(0, 1920, 70)]);
}

#[test]
fn locked_tracks_and_locked_notes_stay() {
    let mut locked = song(&[(0, 960, 70, 90)]);
    let mut track = (*locked.tracks[0]).clone();
    track.locked = true;
    locked.tracks[0] = Arc::new(track);
    let mut centre = Centre::new(locked);
    centre.drag(centre.at(480, 70), centre.at(1440, 74));
    centre.click(centre.at(1930, 65));
    let path = [centre.at(480, 70), centre.at(481, 70)];
    centre.drag_with(PointerButton::Secondary, NONE, &path);
    assert_eq!(centre.notes(), [(0, 960, 70)]);
    assert!(!centre.studio().history().can_undo());

    let mut centre = with_tool(song(&[(0, 960, 70, 90), (1920, 960, 70, 90)]), Tool::Select);
    centre.click(centre.at(480, 70));
    centre.send(Action::LockNotes);
    centre.drag(centre.at(480, 70), centre.at(480, 74));
    assert_eq!(centre.notes()[0], (0, 960, 70));
}

#[test]
fn velocities_are_drawn_by_sweeping_over_stems() {
    let notes = [(0, 240, 70, 90), (960, 240, 71, 90), (1920, 240, 72, 90)];
    let mut centre = Centre::new(song(&notes));
    let (_, _, roll) = centre.parts();
    let frame = centre.frame();
    let (low, high) = (roll.bottom() - 14.0, frame.canvas.bottom() + 10.0);
    let x = |tick| frame.x(Tick(tick));
    let path = [pos2(x(0) + 1.0, low), pos2(x(1920) + 3.0, high)];
    centre.drag_with(PointerButton::Primary, NONE, &path);
    let velocities = centre.velocities();
    assert!(
        velocities[0] < 30 && (50..90).contains(&velocities[1]) && velocities[2] > 100,
        "{velocities:?}"
    );
    centre.send(Action::Undo);
    assert_eq!(centre.velocities(), [90, 90, 90]);
}

#[test]
fn selected_velocities_go_together() {
    let notes = [(0, 240, 70, 60), (960, 240, 71, 90), (1920, 240, 72, 90)];
    let mut centre = with_tool(song(&notes), Tool::Select);
    let frame = (centre.at(5, 76), centre.at(1500, 67));
    centre.drag(frame.0, frame.1);
    let (_, _, roll) = centre.parts();
    let frame = centre.frame();
    let x = frame.x(Tick(960)) + 1.0;
    let top = frame.canvas.bottom();
    // 90 of 127 of the height inside the margins of the lane.
    let y = roll.bottom() - 8.0 - (roll.bottom() - top - 16.0) * 90.0 / 127.0;
    centre.drag(pos2(x, y), pos2(x, y - 5.0));
    let velocities = centre.velocities();
    let by = i32::from(velocities[1]) - 90;
    assert!(by > 5, "{velocities:?}");
    assert!(
        (i32::from(velocities[0]) - 60 - by).abs() <= by,
        "{velocities:?}"
    );
    assert!(velocities[0] > 60 && velocities[2] == 90, "{velocities:?}");
}

#[test]
fn the_wheel_zooms_at_the_pointer_and_scrolls() {
    let mut centre = Centre::new(song(&[(0, 960, 70, 90)]));
    centre.set_view(|view| view.roll.left_quarters = 40.0);
    let at = centre.frame().canvas.center();
    let (before, points) = (
        centre.frame().tick(at),
        centre.frame().time.points_per_quarter,
    );
    centre.wheel(at, vec2(0.0, 120.0), Modifiers::COMMAND | Modifiers::CTRL);
    assert!(centre.frame().time.points_per_quarter > points * 1.2);
    assert!((centre.frame().tick(at).0 - before.0).abs() < 20);

    let left = centre.frame().time.left_quarters;
    centre.wheel(at, vec2(0.0, -100.0), Modifiers::SHIFT);
    assert!(centre.frame().time.left_quarters > left);

    let top = centre.frame().pitches().1;
    centre.wheel(at, vec2(0.0, 50.0), NONE);
    assert!(centre.frame().pitches().1 > top);
}

#[test]
fn the_middle_button_pans() {
    let mut centre = Centre::new(song(&[]));
    centre.set_view(|view| view.roll.left_quarters = 10.0);
    let at = centre.frame().canvas.center();
    let (tick, pitch) = (centre.frame().tick(at), centre.frame().pitch(at));
    let to = at + vec2(-144.0, 30.0);
    centre.drag_with(PointerButton::Middle, NONE, &[at, to]);
    let frame = centre.frame();
    assert!((frame.tick(to).0 - tick.0).abs() < 20);
    assert_eq!(frame.pitch(to), pitch);
    assert!(centre.notes().is_empty());
}

#[test]
fn a_drag_with_space_held_pans() {
    let mut centre = Centre::new(song(&[(9600, 960, 70, 90)]));
    centre.set_view(|view| view.roll.left_quarters = 10.0);
    let at = centre.at(9700, 70);
    let to = at + vec2(-144.0, 0.0);
    centre.harness.key_down(Key::Space);
    centre.harness.step();
    let path = [at, at + vec2(-70.0, 0.0), to];
    centre.drag_with(PointerButton::Primary, NONE, &path);
    centre.harness.key_up(Key::Space);
    centre.harness.run_steps(3);
    assert!((centre.frame().tick(to).0 - 9700).abs() < 20);
    assert_eq!(centre.notes(), [(9600, 960, 70)]);
    assert!(centre.selected().is_empty());
}

#[test]
fn a_drag_beyond_the_edge_scrolls_along() {
    let mut centre = with_tool(song(&[(0, 960, 70, 90)]), Tool::Select);
    let from = centre.at(480, 70);
    let beyond = pos2(centre.frame().canvas.right() + 30.0, from.y);
    centre.press(from);
    centre.to(beyond);
    let left = centre.frame().time.left_quarters;
    centre.harness.run_steps(10);
    assert!(centre.frame().time.left_quarters > left + 0.5);
    centre.release(beyond);
    let (start, ..) = centre.notes()[0];
    let shown = centre.frame().x(Tick(start));
    assert!(
        (beyond.x - shown).abs() < 100.0,
        "the note stays under the pointer: {shown} {beyond}"
    );
}

#[test]
fn a_press_and_release_within_one_frame_count() {
    let mut centre = Centre::new(song(&[]));
    let at = centre.at(1000, 72);
    centre.to(at);
    for pressed in [true, false] {
        centre
            .harness
            .input_mut()
            .events
            .push(egui::Event::PointerButton {
                pos: at,
                button: PointerButton::Primary,
                pressed,
                modifiers: NONE,
            });
    }
    centre.harness.run_steps(3);
    assert_eq!(centre.notes(), [(960, 480, 72)]);
    centre.set_view(|view| view.tool = Tool::Knife);
    centre.click(centre.at(1200, 72));
    assert_eq!(centre.notes(), [(960, 240, 72), (1200, 240, 72)]);
}

#[test]
fn the_velocity_lane_folds() {
    let mut centre = Centre::new(song(&[(0, 960, 70, 90)]));
    let height = centre.frame().canvas.height();
    centre.click_label("Velocities");
    assert!(centre.frame().canvas.height() > height + 30.0);
    centre.click_label("Velocities");
    assert_eq!(centre.frame().canvas.height(), height);
}

#[test]
fn keys_sound_and_drums_have_names() {
    let mut centre = Centre::new(song(&[]));
    centre.sent();
    let frame = centre.frame();
    let y = centre.at(0, 67).y;
    centre.click(pos2(frame.canvas.left() - 20.0, y));
    let sounded = centre
        .sent()
        .into_iter()
        .any(|command| matches!(command, Command::Preview { pitch, .. } if pitch.get() == 67));
    assert!(sounded);

    let drums = Track::new(TrackId(1), "Drums", Instrument::DRUMS, Role::Drums);
    let centre = Centre::new(Song {
        tracks: vec![Arc::new(drums)],
        ..Song::default()
    });
    let room = centre.frame().canvas.left() - centre.parts().2.left();
    assert!(room > 80.0, "names need room: {room}");
}

#[test]
fn the_scale_lock_keeps_drawn_notes_in_the_key() {
    let mut in_g = song(&[]);
    in_g.key = Some("G major".parse().unwrap());
    let mut centre = Centre::new(in_g);
    centre.set_view(|view| view.scale_lock = true);
    centre.click(centre.at(10, 65));
    let (.., pitch) = centre.notes()[0];
    assert!([64, 66].contains(&pitch), "F is not in G major: {pitch}");
}

#[test]
fn the_tools_of_the_strip_are_found_by_name() {
    let mut centre = Centre::new(song(&[(30, 900, 70, 90)]));
    for (label, tool) in [
        ("Select", Tool::Select),
        ("Knife", Tool::Knife),
        ("Glue", Tool::Glue),
        ("Pencil", Tool::Pencil),
    ] {
        centre.click_label(label);
        assert_eq!(centre.studio().view().tool, tool);
    }
    assert!(centre.studio().view().ghosts);
    centre.click_label("Ghost notes");
    assert!(!centre.studio().view().ghosts);
    centre.send(Action::SelectAll);
    centre.click_label("Quantise");
    assert_eq!(centre.notes()[0].0, 0);
}

/// Many notes in a row of bars, sixteen a bar.
fn long(count: i64) -> Song {
    let notes: Vec<_> = (0..count)
        .map(|i| (i * 240, 220, 48 + (i * 7 % 40) as u8, 60 + (i % 60) as u8))
        .collect();
    song(&notes)
}

#[test]
fn of_a_hundred_thousand_notes_only_those_in_view_are_drawn() {
    let centre = Centre::new(long(100_000));
    let shapes = &centre.harness.output().shapes;
    let vertices: usize = shapes
        .iter()
        .map(|shape| match &shape.shape {
            egui::Shape::Mesh(mesh) => mesh.vertices.len(),
            _ => 4,
        })
        .sum();
    assert!(shapes.len() < 500, "{} shapes", shapes.len());
    assert!(vertices < 20_000, "{vertices} vertices");
}

#[test]
fn all_notes_in_view_are_a_few_shapes() {
    let mut centre = Centre::new(long(20_000));
    centre.set_view(|view| {
        let whole = leitmotif::score::Span::new(Tick(0), Tick(20_000 * 240));
        view.roll = leitmotif::app::view::TimeAxis::fitting(whole, 900.0);
        view.timeline = view.roll;
    });
    let shapes = centre.harness.output().shapes.len();
    assert!(shapes < 500, "{shapes} shapes");
}

#[derive(Debug, Clone)]
enum Step {
    Drag(PointerButton, Modifiers, Vec<(f32, f32)>),
    Tool(Tool),
    Act(Action),
    Wheel(f32, f32),
    Escape,
}

fn step() -> impl Strategy<Value = Step> {
    let place = (-0.1f32..1.1, -0.1f32..1.3);
    let button = prop_oneof![
        5 => Just(PointerButton::Primary),
        1 => Just(PointerButton::Secondary),
        1 => Just(PointerButton::Middle),
    ];
    let modifiers = prop_oneof![
        3 => Just(NONE),
        1 => Just(Modifiers::SHIFT),
        1 => Just(Modifiers::ALT),
        1 => Just(Modifiers::CTRL),
    ];
    let tool = prop::sample::select(vec![Tool::Pencil, Tool::Select, Tool::Knife, Tool::Glue]);
    let action = prop::sample::select(vec![
        Action::Undo,
        Action::Redo,
        Action::SelectAll,
        Action::Delete,
        Action::Quantise,
        Action::OctaveUp,
        Action::NudgeLeft,
    ]);
    prop_oneof![
        6 => (button, modifiers, prop::collection::vec(place, 1..5))
            .prop_map(|(button, modifiers, path)| Step::Drag(button, modifiers, path)),
        2 => tool.prop_map(Step::Tool),
        2 => action.prop_map(Step::Act),
        1 => (-200f32..200.0, -200f32..200.0).prop_map(|(x, y)| Step::Wheel(x, y)),
        1 => Just(Step::Escape),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 20, ..ProptestConfig::default() })]

    /// Whatever the pointer does: the song stays well formed, locked notes stay, and undo leads back to the start.
    #[test]
    fn wild_gestures_break_nothing(steps in prop::collection::vec(step(), 1..14)) {
        let mut first = song(&[(0, 960, 70, 90), (960, 480, 72, 80), (1920, 960, 66, 70)]);
        let mut notes = first.tracks[0].notes().to_vec();
        notes[1].locked = true;
        let locked = notes[1];
        first.tracks[0] = Arc::new(first.tracks[0].with_notes(notes));
        let mut centre = Centre::new(first.clone());
        for step in steps {
            let canvas = centre.frame().canvas;
            let place = |(x, y): (f32, f32)| {
                pos2(canvas.left() + canvas.width() * x * 0.5, canvas.top() + canvas.height() * y)
            };
            match step {
                Step::Drag(button, modifiers, path) => {
                    let path: Vec<_> = path.into_iter().map(place).collect();
                    centre.drag_with(button, modifiers, &path);
                }
                Step::Tool(tool) => centre.set_view(|view| view.tool = tool),
                Step::Act(action) => centre.send(action),
                Step::Wheel(x, y) => centre.wheel(canvas.center(), vec2(x, y), NONE),
                Step::Escape => centre.key(Key::Escape),
            }
            let track = centre.studio().song().tracks[0].clone();
            prop_assert!(track.notes().contains(&locked), "a locked note was changed");
            for (index, note) in track.notes().iter().enumerate() {
                prop_assert!(note.start >= Tick::ZERO && note.duration >= Tick(1));
                let overlaps = track.notes()[index + 1..]
                    .iter()
                    .any(|other| other.pitch == note.pitch && other.start < note.end());
                prop_assert!(!overlaps, "{:?} is overlapped", note);
            }
            for key in centre.studio().selection().iter() {
                prop_assert!(centre.studio().song().note(key).is_some(), "{:?} is gone but selected", key);
            }
            for note in track.notes() {
                let frame = centre.frame();
                let rect = frame.note(note);
                if frame.canvas.contains(rect.center()) {
                    prop_assert!(!matches!(hit(&track, frame, rect.center()), Hit::Empty));
                }
            }
        }
        while centre.studio().history().can_undo() {
            centre.send(Action::Undo);
        }
        prop_assert_eq!(&**centre.studio().song(), &first);
    }
}
