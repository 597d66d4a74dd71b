//! The window as a user meets it: found by labels, driven by pointer and keys.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use egui::{Key, Modifiers, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use leitmotif::app::command::{Action, Command};
use leitmotif::app::composer::Composer;
use leitmotif::app::studio::{Dialog, Parts, Purpose, Studio};
use leitmotif::app::{Window, disk};
use leitmotif::compose::{Better, Candidate, Event, JobId, Kind, Measured, PlacedTrack, Request};
use leitmotif::formats;
use leitmotif::score::{
    Instrument, Lineage, Note, Pitch, Role, Song, ThemeKind, Tick, Track, TrackId, Velocity,
};

use super::{apply, picture, press, shown, studio};

/// Writes what the test tells it to, a bar a frame.
#[derive(Default)]
struct Scripted {
    events: VecDeque<Event>,
}

/// A clip of `bars` bars: a quarter note on every beat, melody and piano.
fn clip(bars: u32, pitch: i32) -> Song {
    let notes = |pitch: i32| {
        (0..i64::from(bars) * 4)
            .map(|beat| {
                Note::new(
                    Tick(beat * 960),
                    Tick(960),
                    Pitch::clamped(pitch + (beat % 5) as i32),
                    Velocity::DEFAULT,
                )
            })
            .collect()
    };
    let piano = Instrument::pitched(0);
    Song::default()
        .with_track(Track::new(TrackId(1), "MELODY", piano, Role::Melody).with_notes(notes(pitch)))
        .with_track(Track::new(TrackId(2), "PIANO", piano, Role::Piano).with_notes(notes(48)))
}

fn lineage(candidate: u32) -> Arc<Lineage> {
    Arc::new(Lineage {
        kind: "continue".to_owned(),
        model: "scripted".to_owned(),
        checkpoint: String::new(),
        seed: 7,
        candidate,
        settings: BTreeMap::new(),
        parent: None,
    })
}

/// A candidate of `bars` bars in the theme's track, and judged if it is finished.
fn candidate(bars: u32, index: u32, melody: TrackId, finished: bool) -> Candidate {
    let measures = ["theme", "key", "new"].map(|name| Measured {
        name,
        meaning: "a measure",
        value: 0.5,
        better: Better::Higher,
        merit: 0.9 - f64::from(index) * 0.07,
    });
    Candidate {
        index,
        clip: Arc::new(clip(bars, 72 + index as i32 * 7)),
        bars,
        at: Tick::ZERO,
        tracks: [(1, Some(melody)), (2, None)]
            .map(|(from, into)| PlacedTrack {
                from: TrackId(from),
                into,
                bars: 0..bars,
            })
            .into(),
        keeps: Vec::new(),
        stages: Vec::new(),
        lineage: lineage(index),
        measures: measures.into_iter().filter(|_| finished).collect(),
        score: 0.91 - index as f32 * 0.04,
    }
}

const JOB: JobId = JobId(1);

impl Composer for Scripted {
    fn ask(&mut self, request: Request) -> Result<(), String> {
        let Kind::Continue(settings) = request.kind else {
            return Err("only continuations are scripted".to_owned());
        };
        self.events.push_back(Event::Loading {
            model: "theme".to_owned(),
        });
        for done in 1..=settings.bars {
            for index in 0..request.candidates {
                self.events.push_back(Event::Grown {
                    job: JOB,
                    draft: Box::new(candidate(done, index, settings.track, false)),
                    bars_total: settings.bars,
                });
            }
        }
        self.events.push_back(Event::Finished {
            job: JOB,
            candidates: (0..request.candidates)
                .map(|index| candidate(settings.bars, index, settings.track, true))
                .collect(),
            tokens: None,
            seconds: 1.0,
        });
        Ok(())
    }

    fn cancel(&mut self) {
        self.events.clear();
    }

    fn poll(&mut self) -> Vec<Event> {
        self.events.pop_front().into_iter().collect()
    }

    fn models(&self) -> Vec<String> {
        ["theme", "musegan-hybrid", "musegan-accompany"]
            .map(str::to_owned)
            .into()
    }
}

fn harness(song: Song, size: egui::Vec2) -> Harness<'static, Window> {
    let parts = Parts {
        composer: Some(Box::new(Scripted::default())),
        ..Parts::default()
    };
    shown(Studio::with_parts(song, parts), size)
}

fn click(harness: &mut Harness<'static, Window>, position: Pos2) {
    harness.hover_at(position);
    harness.step();
    harness.drag_at(position);
    harness.step();
    harness.drop_at(position);
    harness.run_steps(2);
}

fn melody_notes(harness: &Harness<'static, Window>) -> usize {
    studio(harness).song().tracks[0].notes().len()
}

/// Every control has a name; `egui_kittest` checks it whenever the window has settled.
#[test]
fn every_control_is_named() {
    for size in [vec2(1600.0, 1000.0), vec2(1100.0, 700.0)] {
        let mut harness = harness(formats::demo::song(), size);
        harness.run();
        for label in [
            "Play or pause",
            "Stop",
            "Tempo",
            "Metre",
            "Key",
            "Continue",
            "Add a track",
        ] {
            assert!(harness.query_all_by_label(label).count() >= 1, "{label}");
        }
        picture(&mut harness, &format!("demo-{}", size.x));
        for (action, name) in [
            (Action::Palette, "palette"),
            (Action::Shortcuts, "shortcuts"),
            (Action::Preferences, "preferences"),
        ] {
            apply(&mut harness, action);
            harness.run_steps(6);
            harness.check_accessibility();
            picture(&mut harness, &format!("{name}-{}", size.x));
            apply(&mut harness, Command::CloseDialog);
        }
        apply(&mut harness, Action::ToggleDark);
        harness.run_steps(3);
        picture(&mut harness, &format!("light-{}", size.x));
    }
}

#[test]
fn a_theme_is_drawn_continued_kept_undone_and_exported() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = harness(disk::empty_song(), vec2(1600.0, 1000.0));

    // Eight notes with the pencil.
    let roll = harness.get_by_label("Pianoroll of Melody").rect();
    let quarter = studio(&harness).view().roll.points_per_quarter;
    for index in 0..8 {
        let x = roll.left() + (index as f32 * 0.5 + 0.1) * quarter;
        let y = roll.center().y - index as f32 * studio(&harness).view().row_points;
        click(&mut harness, Pos2::new(x, y));
    }
    assert_eq!(melody_notes(&harness), 8);
    let first = studio(&harness).song().tracks[0].notes()[0];
    assert_eq!(first.start, Tick::ZERO);

    // T marks them as the theme.
    press(&mut harness, Modifiers::COMMAND, Key::A);
    press(&mut harness, Modifiers::NONE, Key::T);
    let theme = *studio(&harness).song().theme().expect("a theme");
    assert_eq!(theme.span.start, Tick::ZERO);
    assert_eq!(theme.span.end, Tick(3840));

    // G continues; the first candidate is heard as soon as its first bar is there.
    press(&mut harness, Modifiers::NONE, Key::G);
    assert!(studio(&harness).job().is_some());
    harness.run_steps(4);
    assert_eq!(studio(&harness).tray().heard, Some(0));
    assert!(studio(&harness).transport().playing);
    let now = studio(&harness);
    assert!(now.heard_song().end() > now.song().end());
    harness.run_steps(40);
    picture(&mut harness, "writing");
    harness.run_steps(140);
    assert!(studio(&harness).job().is_none());
    assert_eq!(studio(&harness).tray().entries.len(), 8);
    picture(&mut harness, "tray");
    assert_eq!(melody_notes(&harness), 8, "the song has not changed");

    // 2 auditions the second, Enter keeps it.
    press(&mut harness, Modifiers::NONE, Key::Num2);
    assert_eq!(studio(&harness).tray().heard, Some(1));
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(studio(&harness).tray().entries.is_empty());
    assert_eq!(melody_notes(&harness), 8 + 64);
    let kept = Arc::clone(studio(&harness).song());
    assert_eq!(kept.origins[0].lineage.candidate, 1);
    assert_eq!(
        kept.theme().map(|region| region.kind),
        Some(ThemeKind::Theme)
    );
    picture(&mut harness, "kept");

    // Undo takes it back, redo brings it again.
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(melody_notes(&harness), 8);
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(*studio(&harness).song(), kept);

    // Ctrl+E asks for a path, since there is no system dialog here, and writes a MIDI file.
    press(&mut harness, Modifiers::COMMAND, Key::E);
    assert_eq!(
        studio(&harness).dialog(),
        Some(&Dialog::Path(Purpose::Midi))
    );
    let path = folder.path().join("song.mid");
    harness.get_by_label("Path").focus();
    harness.step();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.step();
    harness
        .get_by_label("Path")
        .type_text(&path.display().to_string());
    harness.run_steps(2);
    picture(&mut harness, "path");
    harness.get_by_label("Export").click();
    harness.run_steps(4);
    let read = formats::open(&path).unwrap().song;
    assert_eq!(read.tracks[0].notes(), kept.tracks[0].notes());
    assert_eq!(read.tracks[0].name, "Melody");
}

#[test]
fn escape_stops_and_backspace_discards() {
    let mut harness = harness(formats::demo::song(), vec2(1100.0, 700.0));
    press(&mut harness, Modifiers::NONE, Key::G);
    harness.run_steps(20);
    assert!(studio(&harness).job().is_some());
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(studio(&harness).job().is_none());
    let stopped = studio(&harness).tray().entries.len();
    assert!((1..=8).contains(&stopped));
    let before = Arc::clone(studio(&harness).song());
    for left in (0..stopped).rev() {
        press(&mut harness, Modifiers::NONE, Key::Backspace);
        assert_eq!(studio(&harness).tray().entries.len(), left);
    }
    assert_eq!(*studio(&harness).song(), before);
}

#[test]
fn a_project_is_saved_and_opened_and_changes_are_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evening.leit");
    let mut harness = harness(formats::demo::song(), vec2(1600.0, 1000.0));
    apply(&mut harness, Action::AddTrack);
    assert!(studio(&harness).is_changed());
    apply(&mut harness, Command::Chosen(Purpose::Save, path.clone()));
    assert!(!studio(&harness).is_changed());
    assert_eq!(studio(&harness).title(), "evening");
    let saved = Arc::clone(studio(&harness).song());

    apply(&mut harness, Action::DeleteTrack);
    apply(&mut harness, Action::New);
    assert!(matches!(
        studio(&harness).dialog(),
        Some(Dialog::Unsaved(_))
    ));
    // A dialog is measured in its first frame, and shown from the next on.
    harness.run_steps(2);
    harness.get_by_label("Discard changes").click();
    harness.run_steps(3);
    assert_eq!(studio(&harness).song().end(), Tick::ZERO);

    apply(&mut harness, Command::OpenPath(path.clone()));
    assert_eq!(*studio(&harness).song(), saved);
    assert_eq!(studio(&harness).file(), Some(&path));

    std::fs::write(&path, b"{ damaged").unwrap();
    apply(&mut harness, Command::OpenPath(path));
    assert_eq!(
        *studio(&harness).song(),
        saved,
        "a damaged file changes nothing"
    );
}

#[test]
fn the_palette_runs_what_is_typed() {
    let mut harness = harness(formats::demo::song(), vec2(1100.0, 700.0));
    let tracks = studio(&harness).song().tracks.len();
    press(&mut harness, Modifiers::COMMAND, Key::P);
    harness
        .get_by_label("Find a command")
        .type_text("add track");
    harness.run_steps(2);
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(studio(&harness).song().tracks.len(), tracks + 1);
    assert_eq!(studio(&harness).dialog(), None);
}

#[test]
fn a_mixer_drag_is_one_step() {
    let mut harness = harness(formats::demo::song(), vec2(1600.0, 1000.0));
    let slider = harness.get_by_label("Volume of Bass").rect();
    harness.hover_at(slider.center());
    harness.step();
    harness.drag_at(slider.center());
    harness.step();
    for x in [0.4, 0.3, 0.2] {
        harness.hover_at(Pos2::new(
            slider.left() + slider.width() * x,
            slider.center().y,
        ));
        harness.step();
    }
    let end = Pos2::new(slider.left() + slider.width() * 0.2, slider.center().y);
    harness.drop_at(end);
    harness.run_steps(3);
    let bass = |harness: &Harness<'static, Window>| {
        let song = studio(harness).song();
        song.tracks
            .iter()
            .find(|t| t.name == "Bass")
            .unwrap()
            .volume
    };
    assert_eq!(bass(&harness), 25);
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    let original = formats::demo::song();
    let before = original.tracks.iter().find(|t| t.name == "Bass").unwrap();
    assert_eq!(bass(&harness), before.volume);
    assert!(!studio(&harness).history().can_undo());
}
