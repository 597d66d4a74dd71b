//! The centre of the window without the rest: what it is asked to do is applied at once, as in the window, and kept.

use std::sync::Arc;

use egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, Vec2, vec2};
use egui_kittest::Harness;
use leitmotif::app::centre::{centre_ui, layout};
use leitmotif::app::command::{Command, CommandQueue};
use leitmotif::app::look;
use leitmotif::app::roll::{self, RollFrame};
use leitmotif::app::studio::Studio;
use leitmotif::app::view::View;
use leitmotif::score::{Instrument, Note, Pitch, Role, Song, Tick, Track, TrackId, Velocity};

pub(crate) struct Shown {
    pub(crate) studio: Studio,
    queue: CommandQueue,
    sent: Vec<Command>,
    rect: Rect,
}

/// The centre on a stage: pointer and keys act on it frame by frame.
pub(crate) struct Centre {
    pub(crate) harness: Harness<'static, Shown>,
}

pub(crate) const NONE: Modifiers = Modifiers::NONE;

impl Centre {
    pub(crate) fn new(song: Song) -> Self {
        let shown = Shown {
            studio: Studio::new(song),
            queue: CommandQueue::default(),
            sent: Vec::new(),
            rect: Rect::NOTHING,
        };
        let harness = Harness::builder()
            .with_size(vec2(1100.0, 860.0))
            .with_step_dt(0.05)
            .with_context_setup(look::install)
            .build_ui_state(
                |ui, shown: &mut Shown| {
                    shown.rect = ui.max_rect();
                    centre_ui(ui, &shown.studio, &mut shown.queue);
                    for command in shown.queue.take() {
                        shown.sent.push(command.clone());
                        shown.studio.apply(command);
                    }
                },
                shown,
            );
        let mut centre = Self { harness };
        centre.harness.run_steps(2);
        centre
    }

    pub(crate) fn studio(&self) -> &Studio {
        &self.harness.state().studio
    }

    pub(crate) fn send(&mut self, command: impl Into<Command>) {
        self.harness.state_mut().studio.apply(command.into());
        self.harness.run_steps(1);
    }

    pub(crate) fn set_view(&mut self, change: impl FnOnce(&mut View)) {
        let mut view = self.studio().view().clone();
        change(&mut view);
        self.send(Command::SetView(view));
    }

    /// The commands that were sent since this was asked last.
    pub(crate) fn sent(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.harness.state_mut().sent)
    }

    /// Where timeline, tool strip and roll lie.
    pub(crate) fn parts(&self) -> (Rect, Rect, Rect) {
        layout(self.studio(), self.harness.state().rect)
    }

    pub(crate) fn frame(&self) -> RollFrame {
        let track = self.studio().focused_track().unwrap();
        roll::frame(self.studio(), track, self.parts().2)
    }

    /// Where a tick and a pitch are in the roll.
    pub(crate) fn at(&self, tick: i64, pitch: u8) -> Pos2 {
        self.frame().point(Tick(tick), Pitch::new(pitch).unwrap())
    }

    /// The notes of the focused track as (start, duration, pitch).
    pub(crate) fn notes(&self) -> Vec<(i64, i64, u8)> {
        let track = self.studio().focused_track().unwrap();
        track
            .notes()
            .iter()
            .map(|note| (note.start.0, note.duration.0, note.pitch.get()))
            .collect()
    }

    pub(crate) fn velocities(&self) -> Vec<u8> {
        let track = self.studio().focused_track().unwrap();
        track.notes().iter().map(|n| n.velocity.get()).collect()
    }

    pub(crate) fn selected(&self) -> Vec<(i64, u8)> {
        let selection = self.studio().selection();
        selection
            .iter()
            .map(|key| (key.start.0, key.pitch.get()))
            .collect()
    }

    pub(crate) fn hold(&mut self, modifiers: Modifiers) {
        self.harness.event(Event::ModifiersChanged(modifiers));
        self.harness.step();
    }

    pub(crate) fn to(&mut self, pos: Pos2) {
        self.harness.event(Event::PointerMoved(pos));
        self.harness.step();
    }

    pub(crate) fn button(&mut self, pos: Pos2, button: PointerButton, pressed: bool) {
        let modifiers = self.harness.ctx.input(|input| input.modifiers);
        self.harness.event(Event::PointerButton {
            pos,
            button,
            pressed,
            modifiers,
        });
        self.harness.step();
    }

    pub(crate) fn press(&mut self, pos: Pos2) {
        self.to(pos);
        self.button(pos, PointerButton::Primary, true);
    }

    pub(crate) fn release(&mut self, pos: Pos2) {
        self.button(pos, PointerButton::Primary, false);
        self.harness.run_steps(2);
    }

    /// A click that is no part of a double click.
    pub(crate) fn click(&mut self, pos: Pos2) {
        self.press(pos);
        self.release(pos);
        self.harness.run_steps(10);
    }

    pub(crate) fn double_click(&mut self, pos: Pos2) {
        self.press(pos);
        self.button(pos, PointerButton::Primary, false);
        self.button(pos, PointerButton::Primary, true);
        self.release(pos);
        self.harness.run_steps(10);
    }

    pub(crate) fn drag_with(&mut self, button: PointerButton, modifiers: Modifiers, path: &[Pos2]) {
        let (first, last) = (path[0], path[path.len() - 1]);
        self.hold(modifiers);
        self.to(first);
        self.button(first, button, true);
        for pos in &path[1..] {
            self.to(*pos);
        }
        self.button(last, button, false);
        self.hold(NONE);
        self.harness.run_steps(10);
    }

    pub(crate) fn drag(&mut self, from: Pos2, to: Pos2) {
        let middle = from + (to - from) * 0.5;
        self.drag_with(PointerButton::Primary, NONE, &[from, middle, to]);
    }

    pub(crate) fn key(&mut self, key: Key) {
        self.harness.key_press(key);
        self.harness.step();
    }

    pub(crate) fn wheel(&mut self, pos: Pos2, delta: Vec2, modifiers: Modifiers) {
        self.to(pos);
        self.hold(modifiers);
        self.harness.event(Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta,
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
            modifiers,
        });
        self.harness.run_steps(20);
        self.hold(NONE);
    }

    pub(crate) fn click_label(&mut self, label: &str) {
        use egui_kittest::kittest::Queryable as _;
        self.harness.get_by_label(label).click();
        self.harness.run_steps(10);
    }
}

/// A song with these notes (start, duration, pitch, velocity) on a flute.
pub(crate) fn song(notes: &[(i64, i64, u8, u8)]) -> Song {
    let notes = notes
        .iter()
        .map(|(start, duration, pitch, velocity)| {
            Note::new(
                Tick(*start),
                Tick(*duration),
                Pitch::new(*pitch).unwrap(),
                Velocity::clamped(i32::from(*velocity)),
            )
        })
        .collect();
    let track = Track::new(TrackId(1), "Melody", Instrument::pitched(73), Role::Melody);
    Song {
        tracks: vec![Arc::new(track.with_notes(notes))],
        ..Song::default()
    }
}
