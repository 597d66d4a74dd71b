//! What the window asks of a band's networks, and what becomes of their candidates.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use egui::{Key, Modifiers, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use leitmotif::app::command::{Action, Command};
use leitmotif::app::composer::Composer;
use leitmotif::app::studio::{Making, Parts, Studio};
use leitmotif::app::{Window, disk};
use leitmotif::compose::{
    Better, Candidate, Event, JobId, Kind, Measured, MorphWay, PlacedTrack, Request,
};
use leitmotif::formats;
use leitmotif::score::{Lineage, Note, Pitch, Song, Tick, Track, TrackId, Velocity};
use leitmotif::tokens::part::Part;

use super::{apply, picture, press, shown, studio};

const JOB: JobId = JobId(1);

/// Writes one note a bar for every part it is asked for, and remembers what it was asked.
struct Band {
    asked: Rc<RefCell<Vec<Kind>>>,
    events: VecDeque<Event>,
}

/// A clip of four bars: in each bar every part plays one note, `pitch` and above.
fn clip(parts: &[Part], pitch: i32) -> Song {
    parts.iter().fold(Song::default(), |song, part| {
        let notes = (0..4)
            .map(|bar| {
                let key = Pitch::clamped(pitch + part.index() as i32);
                Note::new(Tick(bar * 3840), Tick(960), key, Velocity::DEFAULT)
            })
            .collect();
        let id = TrackId(part.index() as u32 + 1);
        let track = Track::new(id, part.role().name(), part.instrument(), part.role());
        song.with_track(track.with_notes(notes))
    })
}

fn candidate(kind: &str, request: &Request, index: u32, parts: &[Part], at: Tick) -> Candidate {
    let measures = ["harmony", "groove", "variety"].map(|name| Measured {
        name,
        meaning: "a measure",
        value: 0.5,
        better: Better::Higher,
        merit: 0.8,
    });
    Candidate {
        index,
        clip: Arc::new(clip(parts, 40 + index as i32)),
        bars: 4,
        at,
        tracks: (parts.iter())
            .map(|part| PlacedTrack {
                from: TrackId(part.index() as u32 + 1),
                into: None,
                bars: 0..4,
            })
            .collect(),
        keeps: Vec::new(),
        stages: Vec::new(),
        lineage: Arc::new(Lineage {
            kind: kind.to_owned(),
            model: "musegan-hybrid".to_owned(),
            checkpoint: String::new(),
            seed: request.seed,
            candidate: index,
            settings: BTreeMap::new(),
            parent: None,
        }),
        measures: measures.into(),
        score: 0.9 - index as f32 * 0.05,
    }
}

impl Composer for Band {
    fn ask(&mut self, request: Request) -> Result<(), String> {
        let song = &request.song;
        let (kind, parts, at) = match &request.kind {
            Kind::Seed(settings) => ("seed", settings.parts.clone(), settings.at),
            Kind::Accompany(settings) => {
                let at = song.metre.bar_start(settings.bars.start);
                ("accompany", settings.parts.clone(), at)
            }
            Kind::Vary(settings) => {
                let at = song.metre.bar_start(settings.bars.start);
                ("vary", settings.parts.clone(), at)
            }
            Kind::Morph(settings) => ("morph", Part::ALL.to_vec(), settings.at),
            _ => return Err("only the band is scripted".to_owned()),
        };
        let candidates = (0..request.candidates)
            .map(|index| candidate(kind, &request, index, &parts, at))
            .collect();
        self.asked.borrow_mut().push(request.kind.clone());
        self.events.push_back(Event::Finished {
            job: JOB,
            candidates,
            tokens: None,
            seconds: 0.1,
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

type Asked = Rc<RefCell<Vec<Kind>>>;

fn harness(song: Song) -> (Harness<'static, Window>, Asked) {
    let asked = Asked::default();
    let parts = Parts {
        composer: Some(Box::new(Band {
            asked: Rc::clone(&asked),
            events: VecDeque::new(),
        })),
        ..Parts::default()
    };
    let harness = shown(Studio::with_parts(song, parts), vec2(1600.0, 1000.0));
    (harness, asked)
}

#[test]
fn a_seed_fills_an_empty_song_and_a_bar_of_it_is_rolled_again() {
    let (mut harness, asked) = harness(disk::empty_song());
    harness.get_by_label("Seed").click();
    harness.run_steps(3);
    assert_eq!(studio(&harness).form().making, Making::Seed);
    // Without strings.
    harness.get_by_label("Strings").click();
    harness.run_steps(3);
    press(&mut harness, Modifiers::NONE, Key::G);
    let wanted = vec![Part::Drums, Part::Piano, Part::Guitar, Part::Bass];
    match asked.borrow().first() {
        Some(Kind::Seed(settings)) => {
            assert_eq!(settings.parts, wanted);
            assert_eq!((settings.at, settings.bars), (Tick::ZERO, 4));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(studio(&harness).tray().entries.len(), 8);
    press(&mut harness, Modifiers::NONE, Key::Num2);
    picture(&mut harness, "seed");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    let song = Arc::clone(studio(&harness).song());
    let playing = (song.tracks.iter()).filter(|track| !track.notes().is_empty());
    assert_eq!(playing.count(), 4);

    // A right click on bar 3 of the bass.
    let bass = song
        .tracks
        .iter()
        .find(|track| track.name == "Bass")
        .unwrap();
    let lane = harness.get_by_label("Lane of Bass").rect();
    let x = studio(&harness).view().timeline.x(Tick(2 * 3840 + 1000));
    let at = Pos2::new(lane.left() + x, lane.center().y);
    harness.event(egui::Event::PointerMoved(at));
    for pressed in [true, false] {
        harness.event(egui::Event::PointerButton {
            pos: at,
            button: egui::PointerButton::Secondary,
            pressed,
            modifiers: Modifiers::NONE,
        });
        harness.step();
    }
    harness.run_steps(3);
    picture(&mut harness, "bar-menu");
    harness.get_by_label("Re-roll Bass, bars 1 to 4").hover();
    harness.get_by_label("Re-roll bar 3 of Bass").click();
    harness.run_steps(3);
    match asked.borrow().last() {
        Some(Kind::Vary(settings)) => {
            assert_eq!(
                (settings.bars.clone(), &*settings.parts),
                (2..3, &[Part::Bass][..])
            );
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(bass.notes().len(), 4);
    assert_eq!(
        *studio(&harness).song(),
        song,
        "nothing changes before Keep"
    );
}

#[test]
fn the_focused_track_is_accompanied_and_stays() {
    let (mut harness, asked) = harness(formats::demo::song());
    let melody = studio(&harness).song().tracks[0].clone();
    apply(&mut harness, Command::Focus(melody.id));
    apply(&mut harness, Action::ChooseAccompany);
    press(&mut harness, Modifiers::NONE, Key::G);
    match asked.borrow().last() {
        Some(Kind::Accompany(settings)) => {
            assert_eq!(settings.given, [melody.id]);
            assert_eq!(settings.bars.start, 0);
            assert!(settings.bars.end >= 4);
        }
        other => panic!("{other:?}"),
    }
    picture(&mut harness, "accompany");
    // Only what the candidate has for the bass.
    let bass = (studio(&harness).song().tracks.iter())
        .find(|track| track.name == "Bass")
        .unwrap()
        .id;
    apply(&mut harness, Command::Focus(bass));
    press(&mut harness, Modifiers::SHIFT, Key::Enter);
    let before = formats::demo::song();
    for (now, then) in studio(&harness).song().tracks.iter().zip(&before.tracks) {
        assert_eq!(now.id == bass, now.notes() != then.notes(), "{}", now.name);
    }
}

#[test]
fn the_puck_moves_between_ideas() {
    let (mut harness, asked) = harness(disk::empty_song());
    apply(&mut harness, Action::ChooseMorph);
    picture(&mut harness, "morph-empty");
    press(&mut harness, Modifiers::NONE, Key::G);
    assert!(asked.borrow().is_empty(), "there is nothing to morph yet");

    apply(&mut harness, Action::ChooseSeed);
    press(&mut harness, Modifiers::NONE, Key::G);
    for (key, corner) in [(Key::Num1, 0), (Key::Num2, 3)] {
        press(&mut harness, Modifiers::NONE, key);
        apply(&mut harness, Command::PutIdea(corner));
    }
    assert_eq!(studio(&harness).morph().count(), 2);
    apply(&mut harness, Action::ChooseMorph);
    let pad = harness.get_by_label("Morph pad").rect();
    let at = pad.lerp_inside(vec2(0.75, 0.75));
    harness.hover_at(at);
    harness.step();
    harness.drag_at(at);
    harness.run_steps(2);
    harness.drop_at(at);
    harness.run_steps(4);
    picture(&mut harness, "morph");
    match asked.borrow().last() {
        Some(Kind::Morph(settings)) => {
            assert_eq!(settings.ideas.len(), 2);
            let MorphWay::Point(weights) = &settings.way else {
                panic!("{:?}", settings.way);
            };
            // Bilinear, shared out among the two that are there: 1/16 to 9/16 of the pad's area, nearly.
            assert!(weights[1] > 0.8 && (weights[0] + weights[1] - 1.0).abs() < 1e-6);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(studio(&harness).tray().heard, Some(0));
    assert!(studio(&harness).transport().playing);
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(studio(&harness).song().origins[0].lineage.kind, "morph");
}

#[test]
fn what_is_missing_is_said() {
    let (mut harness, asked) = harness(disk::empty_song());
    for action in [
        Action::ChooseVary,
        Action::ChooseAccompany,
        Action::ChooseContinue,
    ] {
        apply(&mut harness, action);
        let obstacle = studio(&harness).obstacle();
        assert!(obstacle.is_some_and(|text| text.len() > 20), "{action:?}");
        press(&mut harness, Modifiers::NONE, Key::G);
    }
    assert!(asked.borrow().is_empty());
    assert!(studio(&harness).job().is_none());
}
