//! Bars filled between others, continuations from any bar, the order of candidates, and a band that joins one.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use egui::{Key, Modifiers, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use leitmotif::app::Window;
use leitmotif::app::command::{Action, Command};
use leitmotif::app::composer::Composer;
use leitmotif::app::studio::{Making, Parts, Place, Studio};
use leitmotif::compose::{
    Better, Candidate, Event, FillVoices, JobId, Kind, Measured, PlacedTrack, Request,
};
use leitmotif::formats;
use leitmotif::score::{
    Instrument, Lineage, Note, Pitch, Role, Song, Span, Tick, Track, TrackId, Velocity,
};
use leitmotif::tokens::part::Part;

use super::{apply, picture, press, shown, studio};

type Asked = Rc<RefCell<Vec<Request>>>;

/// Writes the same bars for every candidate but one, and remembers what it was asked.
struct Scripted {
    asked: Asked,
    events: VecDeque<Event>,
}

/// One note a beat for melody and piano; candidates of the same pitch are the same.
fn clip(bars: u32, pitch: i32) -> Song {
    let notes = |pitch: i32| {
        (0..i64::from(bars) * 4)
            .map(|beat| {
                Note::new(
                    Tick(beat * 960),
                    Tick(960),
                    Pitch::clamped(pitch),
                    Velocity::DEFAULT,
                )
            })
            .collect()
    };
    let track = |id, role| Track::new(TrackId(id), "T", Instrument::pitched(0), role);
    Song::default()
        .with_track(track(1, Role::Melody).with_notes(notes(pitch)))
        .with_track(track(2, Role::Piano).with_notes(notes(pitch - 24)))
}

/// Candidate 1 has the better key, candidate 0 leads on better; candidate 2 is the same as candidate 0.
fn candidate(request: &Request, index: u32) -> Candidate {
    let song = &request.song;
    let (kind, at, bars, into) = match &request.kind {
        Kind::Infill(settings) => {
            let at = song.metre.bar_start(settings.bars.start);
            let tracks = [
                settings.voices.melody().then_some((1, settings.melody)),
                settings.voices.piano().then_some((2, settings.piano)),
            ];
            ("infill", at, settings.bars.len() as u32, tracks)
        }
        Kind::Continue(settings) => {
            let tracks = [Some((1, Some(settings.track))), Some((2, None))];
            ("continue", settings.start(song), settings.bars, tracks)
        }
        Kind::Accompany(settings) => {
            let at = song.metre.bar_start(settings.bars.start);
            let tracks = [None, Some((2, None))];
            ("accompany", at, settings.bars.len() as u32, tracks)
        }
        other => panic!("{other:?}"),
    };
    let merits = [("leads on", [0.9, 0.3, 0.5]), ("in key", [0.2, 0.7, 0.1])];
    let measures: Vec<Measured> = merits
        .into_iter()
        .map(|(name, merits)| Measured {
            name,
            meaning: "A measure",
            value: merits[index as usize],
            better: Better::Higher,
            merit: merits[index as usize],
        })
        .collect();
    let score = (2.0 * measures[0].merit + measures[1].merit) / 3.0;
    Candidate {
        index,
        clip: Arc::new(clip(bars, if index == 1 { 79 } else { 72 })),
        bars,
        at,
        tracks: (into.into_iter().flatten())
            .map(|(from, into)| PlacedTrack {
                from: TrackId(from),
                into,
                bars: 0..bars,
            })
            .collect(),
        keeps: Vec::new(),
        stages: Vec::new(),
        lineage: Arc::new(Lineage {
            kind: kind.to_owned(),
            model: "scripted".to_owned(),
            checkpoint: String::new(),
            seed: request.seed,
            candidate: index,
            settings: BTreeMap::new(),
            parent: None,
        }),
        measures,
        score: score as f32,
    }
}

impl Composer for Scripted {
    fn ask(&mut self, request: Request) -> Result<(), String> {
        let mut candidates: Vec<Candidate> = (0..3).map(|i| candidate(&request, i)).collect();
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        self.events.push_back(Event::Finished {
            job: JobId(1),
            candidates,
            tokens: None,
            seconds: 0.1,
        });
        self.asked.borrow_mut().push(request);
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

fn harness(song: Song) -> (Harness<'static, Window>, Asked) {
    let asked = Asked::default();
    let parts = Parts {
        composer: Some(Box::new(Scripted {
            asked: Rc::clone(&asked),
            events: VecDeque::new(),
        })),
        ..Parts::default()
    };
    let harness = shown(Studio::with_parts(song, parts), vec2(1600.0, 1000.0));
    (harness, asked)
}

fn track<'a>(harness: &'a Harness<'static, Window>, name: &str) -> &'a Arc<Track> {
    let song = studio(harness).song();
    song.tracks.iter().find(|track| track.name == name).unwrap()
}

/// A right click on bar `bar` (from 0) of a lane, and then on an entry of its menu.
fn choose(harness: &mut Harness<'static, Window>, track: &str, bar: i64, entry: &str) {
    let lane = harness.get_by_label(&format!("Lane of {track}")).rect();
    let x = studio(harness).view().timeline.x(Tick(bar * 3840 + 1000));
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
    picture(harness, &format!("menu-{}", entry.replace(' ', "-")));
    harness.get_by_label(entry).click();
    harness.run_steps(3);
}

fn bars(from: i64, to: i64) -> Span {
    Span::new(Tick(from * 3840), Tick(to * 3840))
}

#[test]
fn the_bars_of_the_loop_are_filled_from_the_card() {
    let (mut harness, asked) = harness(formats::demo::song());
    let before = Arc::clone(studio(&harness).song());
    let melody = track(&harness, "Melody").id;
    apply(&mut harness, Command::Focus(melody));
    apply(&mut harness, Command::SetLoop(Some(bars(4, 6))));
    apply(&mut harness, Action::ChooseVary);
    // The melody leaves its turn to the piano, and takes it back.
    harness.get_by_label("Write the piano").click();
    harness.run_steps(3);
    assert_eq!(studio(&harness).form().fill, FillVoices::Melody);
    picture(&mut harness, "fill-card");
    harness.get_by_label("Fill bars 5 to 6 anew").click();
    harness.run_steps(4);
    match &asked.borrow()[0].kind {
        Kind::Infill(settings) => {
            assert_eq!(settings.bars, 4..6);
            assert_eq!(settings.voices, FillVoices::Melody);
            assert_eq!(settings.melody, Some(melody));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(studio(&harness).tray().entries.len(), 3);
    press(&mut harness, Modifiers::NONE, Key::Num1);
    picture(&mut harness, "filled");
    assert_eq!(
        *studio(&harness).song(),
        before,
        "nothing changes before Keep"
    );
    press(&mut harness, Modifiers::NONE, Key::Enter);
    let after = studio(&harness).song();
    for (now, then) in after.tracks.iter().zip(&before.tracks) {
        if now.id == melody {
            let outside = |track: &Track| -> Vec<Note> {
                let notes = track.notes().iter();
                notes
                    .filter(|note| !bars(4, 6).contains(note.start))
                    .copied()
                    .collect()
            };
            assert_eq!(outside(now), outside(then));
            assert_eq!(now.notes_starting_in(bars(4, 6)).len(), 8);
        } else {
            assert_eq!(now, then);
        }
    }
    // The band's parts are one press away.
    apply(&mut harness, Action::ChooseVary);
    harness.get_by_label("Band").click();
    harness.run_steps(3);
    assert!(harness.query_by_label("Write the piano").is_none());
    assert!(harness.query_by_label("Change").is_some());
}

#[test]
fn a_bar_is_filled_and_continued_from_its_lane() {
    let (mut harness, asked) = harness(formats::demo::song());
    choose(&mut harness, "Piano", 2, "Fill bar 3 of Piano anew");
    match &asked.borrow()[0].kind {
        Kind::Infill(settings) => {
            assert_eq!(
                (settings.bars.clone(), settings.voices),
                (2..3, FillVoices::Piano)
            );
            assert_eq!(settings.piano, Some(track(&harness, "Piano").id));
        }
        other => panic!("{other:?}"),
    }
    apply(&mut harness, Action::CloseTray);
    choose(&mut harness, "Melody", 3, "Continue from bar 4");
    match &asked.borrow()[1].kind {
        Kind::Continue(settings) => assert_eq!(settings.from, Some(3)),
        other => panic!("{other:?}"),
    }
    assert_eq!(studio(&harness).form().place, Place::FromBar(3));
    apply(&mut harness, Action::CloseTray);
    // Selected bars are offered as one.
    let bass = track(&harness, "Bass").id;
    apply(&mut harness, Command::SetLoop(Some(bars(1, 4))));
    choose(&mut harness, "Melody", 2, "Fill bars 2 to 4 of Melody anew");
    match &asked.borrow()[2].kind {
        Kind::Infill(settings) => assert_eq!(settings.bars, 1..4),
        other => panic!("{other:?}"),
    }
    // What plays neither melody nor piano cannot be filled; that is said.
    apply(&mut harness, Action::CloseTray);
    apply(
        &mut harness,
        Command::Fill {
            bars: 0..1,
            track: Some(bass),
        },
    );
    assert_eq!(asked.borrow().len(), 3);
}

#[test]
fn a_melody_goes_on_at_the_playhead_without_a_theme() {
    let mut song = formats::demo::song();
    song.themes.clear();
    let (mut harness, asked) = harness(song);
    assert_eq!(studio(&harness).form().making, Making::Continue);
    assert!(studio(&harness).obstacle().is_some(), "no theme is marked");
    apply(&mut harness, Command::Seek(Tick(4 * 3840 + 500)));
    press(&mut harness, Modifiers::SHIFT, Key::G);
    picture(&mut harness, "from-bar");
    {
        let asked = asked.borrow();
        let Kind::Continue(settings) = &asked[0].kind else {
            panic!("{:?}", asked[0].kind);
        };
        assert_eq!(settings.from, Some(4));
        assert_eq!(settings.theme, bars(2, 4), "the last phrase");
        assert_eq!(settings.track, track(&harness, "Melody").id);
    }
    assert_eq!(
        studio(&harness).tray().entries[0].candidate.at,
        Tick(4 * 3840)
    );
    // Nothing stands before the first bar.
    apply(&mut harness, Action::CloseTray);
    apply(
        &mut harness,
        Command::ContinueFrom {
            bar: 0,
            track: None,
        },
    );
    assert_eq!(asked.borrow().len(), 1);
    assert!(studio(&harness).obstacle().unwrap().contains("bar 1"));
}

#[test]
fn the_order_follows_the_weights_at_once() {
    let (mut harness, asked) = harness(formats::demo::song());
    press(&mut harness, Modifiers::NONE, Key::G);
    let order = |harness: &Harness<'static, Window>| -> Vec<u32> {
        let entries = studio(harness).tray().entries.iter();
        entries.map(|entry| entry.candidate.index).collect()
    };
    assert_eq!(order(&harness), [0, 1, 2]);
    // Candidate 2 has the notes of candidate 0.
    let like = |harness: &Harness<'static, Window>| -> Vec<Option<usize>> {
        let entries = studio(harness).tray().entries.iter();
        entries.map(|entry| entry.like).collect()
    };
    assert_eq!(like(&harness), [None, None, Some(0)]);
    press(&mut harness, Modifiers::NONE, Key::Num1);
    harness.get_by_label("Ranking").click();
    harness.run_steps(3);
    picture(&mut harness, "ranking");
    let slider = harness.get_by_label("Weight of leads on").rect();
    let left = Pos2::new(slider.left() + 1.0, slider.center().y);
    harness.hover_at(slider.center());
    harness.step();
    harness.drag_at(slider.center());
    harness.step();
    harness.hover_at(left);
    harness.step();
    harness.drop_at(left);
    harness.run_steps(3);
    assert_eq!(order(&harness), [1, 0, 2]);
    assert_eq!(like(&harness), [None, None, Some(1)]);
    assert_eq!(studio(&harness).tray().heard, Some(1), "it is still heard");
    assert_eq!(studio(&harness).settings().weights.of("leads on"), 0.0);
    picture(&mut harness, "ranking-own");
    assert_eq!(asked.borrow().len(), 1, "nothing is written again");
    // The next candidates come in that order, too.
    apply(&mut harness, Action::CloseTray);
    press(&mut harness, Modifiers::NONE, Key::G);
    assert_eq!(order(&harness), [1, 0, 2]);
    harness.get_by_label("Reset").click();
    harness.run_steps(3);
    assert_eq!(order(&harness), [0, 1, 2]);
}

#[test]
fn a_band_joins_a_continuation_with_one_click() {
    let (mut harness, asked) = harness(formats::demo::song());
    press(&mut harness, Modifiers::NONE, Key::G);
    assert!(
        harness.query_by_label("Add a band").is_none(),
        "nothing is heard"
    );
    press(&mut harness, Modifiers::NONE, Key::Num2);
    let at = studio(&harness).tray().entries[1].candidate.at;
    harness.get_by_label("Add a band").click();
    harness.run_steps(4);
    let song = Arc::clone(studio(&harness).song());
    assert_eq!(
        song.origins.last().unwrap().lineage.candidate,
        1,
        "it is kept"
    );
    {
        let asked = asked.borrow();
        let Kind::Accompany(settings) = &asked[1].kind else {
            panic!("{:?}", asked[1].kind);
        };
        let roles: Vec<Role> = (settings.given.iter())
            .map(|id| asked[1].song.track(*id).unwrap().role)
            .collect();
        assert_eq!(roles, [Role::Piano, Role::Melody]);
        assert_eq!(settings.given_as, Some(Part::Piano));
        assert!(!settings.parts.contains(&Part::Piano));
        assert_eq!(settings.bars.start, song.metre.bar_at(at));
        assert_eq!(settings.bars.len(), 16);
        assert_eq!(asked[1].song, song);
    }
    assert_eq!(studio(&harness).tray().entries.len(), 3);
    // One step back, and the song is as it was.
    apply(&mut harness, Action::CloseTray);
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(**studio(&harness).song(), formats::demo::song());
}

#[test]
fn the_tray_offers_only_what_can_be_done() {
    let (mut harness, _) = harness(formats::demo::song());
    press(&mut harness, Modifiers::NONE, Key::G);
    press(&mut harness, Modifiers::NONE, Key::Num1);
    let melody = track(&harness, "Melody").id;
    let drums = track(&harness, "Drums").id;
    apply(&mut harness, Command::Focus(melody));
    assert!(harness.query_by_label("Keep only Melody").is_some());
    assert!(
        harness.query_by_label("More like this").is_none(),
        "a continuation has no neighbours"
    );
    apply(&mut harness, Command::Focus(drums));
    assert!(
        harness.query_by_label("Keep only Drums").is_none(),
        "it brings no drums"
    );
    apply(&mut harness, Action::CloseTray);
    // A flute's melody is heard as the strings: no others are offered.
    apply(&mut harness, Command::Focus(melody));
    apply(&mut harness, Action::ChooseAccompany);
    picture(&mut harness, "accompany-flute");
    press(&mut harness, Modifiers::NONE, Key::G);
    press(&mut harness, Modifiers::NONE, Key::Num1);
    assert!(harness.query_by_label("More like this").is_some());
    assert!(harness.query_by_label("Add a band").is_none(), "it is one");
}
