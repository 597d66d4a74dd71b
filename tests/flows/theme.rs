//! The theme: having it found, and the lane that shows where it returns.

use std::time::{Duration, Instant};

use egui::{pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use leitmotif::app::Window;
use leitmotif::app::command::Action;
use leitmotif::app::studio::{Parts, Studio};
use leitmotif::app::timeline::RULER_HEIGHT;
use leitmotif::app::worker_composer::WorkerComposer;
use leitmotif::compose::ModelPaths;
use leitmotif::formats::midi::{self, MidiOptions};
use leitmotif::score::{Song, ThemeKind, Tick};

use crate::centre::{Centre, song};
use crate::command_line::{fails, run};
use crate::{apply, picture, shown, studio};

const BAR: i64 = 3840;
const PHRASE: [(i64, u8); 6] = [
    (0, 60),
    (960, 64),
    (1920, 67),
    (3360, 65),
    (4320, 64),
    (6240, 62),
];

/// The phrase at these bars, its last note so many semitones higher.
fn phrases(bars: &[(i64, u8)]) -> Song {
    let notes: Vec<(i64, i64, u8, u8)> = bars
        .iter()
        .flat_map(|(bar, up)| {
            PHRASE.map(|(at, key)| {
                let key = if at == 6240 { key + up } else { key };
                (at + bar * BAR, 480, key, 90)
            })
        })
        .collect();
    song(&notes)
}

fn marks(studio: &Studio) -> Vec<(ThemeKind, i64, i64)> {
    let themes = studio.song().themes.iter();
    themes
        .map(|region| {
            (
                region.kind,
                region.span.start.0 / BAR,
                region.span.end.0 / BAR,
            )
        })
        .collect()
}

fn texts(shapes: &[egui::epaint::ClippedShape]) -> Vec<String> {
    fn collect(shape: &egui::Shape, texts: &mut Vec<String>) {
        match shape {
            egui::Shape::Text(text) => texts.push(text.galley.text().to_owned()),
            egui::Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, texts)),
            _ => {}
        }
    }
    let mut texts = Vec::new();
    for shape in shapes {
        collect(&shape.shape, &mut texts);
    }
    texts
}

/// The window with the real worker thread, without models.
fn window(song: Song) -> Harness<'static, Window> {
    let parts = Parts {
        composer: Some(Box::new(WorkerComposer::start(ModelPaths::default()))),
        ..Parts::default()
    };
    shown(Studio::with_parts(song, parts), vec2(1600.0, 1000.0))
}

fn wait(harness: &mut Harness<'static, Window>) {
    let begun = Instant::now();
    while studio(harness).is_finding() {
        assert!(
            begun.elapsed() < Duration::from_mins(1),
            "nothing was found"
        );
        std::thread::sleep(Duration::from_millis(5));
        harness.run_steps(1);
    }
    harness.run_steps(2);
}

#[test]
fn a_theme_is_found_on_the_worker_thread_and_is_one_step() {
    let mut harness = window(phrases(&[(0, 0), (4, 0), (8, 9)]));
    picture(&mut harness, "theme-none");
    harness
        .query_all_by_label("Find the theme")
        .next()
        .unwrap()
        .click();
    harness.run_steps(1);
    wait(&mut harness);
    let found = [
        (ThemeKind::Theme, 0, 2),
        (ThemeKind::Return, 4, 6),
        (ThemeKind::Return, 8, 10),
    ];
    assert_eq!(marks(studio(&harness)), found);
    apply(&mut harness, Action::ZoomToFit);
    let texts = texts(&harness.output().shapes);
    for shown in ["Theme", "1.00", "0.80"] {
        assert!(texts.iter().any(|text| text == shown), "{shown}: {texts:?}");
    }
    picture(&mut harness, "theme-found");
    apply(&mut harness, Action::Undo);
    assert!(marks(studio(&harness)).is_empty());
    apply(&mut harness, Action::Redo);
    assert_eq!(marks(studio(&harness)), found);
}

#[test]
fn where_nothing_comes_back_it_is_said() {
    let mut harness = window(phrases(&[(0, 0)]));
    apply(&mut harness, Action::FindTheme);
    wait(&mut harness);
    assert!(marks(studio(&harness)).is_empty());
    assert!(!studio(&harness).history().can_undo());
    harness.run_steps(10);
    let texts = texts(&harness.output().shapes);
    let said = |text: &String| text.contains("No phrase of two bars comes back in “Melody”");
    assert!(texts.iter().any(said), "{texts:?}");
}

#[test]
fn the_lane_shows_what_is_like_the_theme_and_follows_edits() {
    let mut centre = Centre::new(phrases(&[(0, 0), (4, 9)]));
    let shown = |centre: &Centre, wanted: &str| {
        let texts = texts(&centre.harness.output().shapes);
        texts.iter().any(|text| text.contains(wanted))
    };
    // The theme is marked by hand, its return has no label.
    let theme = leitmotif::score::edit::set_theme(
        centre.studio().song(),
        centre.studio().focused().unwrap(),
        leitmotif::score::Span::new(Tick(0), Tick(2 * BAR)),
    );
    let edited = leitmotif::score::edit::Edited {
        song: theme,
        selection: leitmotif::score::Selection::none(),
    };
    centre.send(leitmotif::app::edit::Edit::notes("Theme", edited));
    assert_eq!(marks(centre.studio()), [(ThemeKind::Theme, 0, 2)]);
    assert!(shown(&centre, "0.80"));
    let (timeline, ..) = centre.parts();
    let axis = centre.studio().view().timeline;
    let x = timeline.left() + axis.x(Tick(5 * BAR));
    centre.to(pos2(x, timeline.top() + RULER_HEIGHT + 20.0));
    centre.harness.run_steps(30);
    assert!(shown(
        &centre,
        "Bars 5 to 6: like the theme, similarity 0.80"
    ));
    // Without its notes there is no return; with them again there is.
    centre.send(Action::SelectAll);
    centre.send(Action::Invert);
    assert!(
        shown(&centre, "0.80"),
        "a mirrored theme and its mirrored return"
    );
    centre.send(Action::Delete);
    assert!(!shown(&centre, "0.80"));
    centre.send(Action::Undo);
    assert!(shown(&centre, "0.80"));
}

#[test]
fn a_script_finds_themes_too() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let write = |name: &str, song: &Song| {
        let bytes = midi::write(song, &MidiOptions::default()).unwrap();
        std::fs::write(home.join(name), bytes).unwrap();
    };
    write("song.mid", &phrases(&[(1, 0), (5, 0), (8, 0)]));
    write("once.mid", &phrases(&[(1, 0)]));
    let (code, stdout, stderr) = run(home, &["theme", "song.mid", "--json"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["track"], 1);
    assert_eq!(report["theme"]["first_bar"], 2);
    let returns = report["returns"].as_array().unwrap();
    let places: Vec<(u64, u64, f64)> = returns
        .iter()
        .map(|found| {
            let bar = |name: &str| found[name].as_u64().unwrap();
            (
                bar("first_bar"),
                bar("last_bar"),
                found["similarity"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(places, [(6, 7, 1.0), (9, 10, 1.0)]);
    let (_, text, _) = run(home, &["theme", "song.mid", "--track", "1"]);
    assert!(
        text.contains("bars 2-3") && text.contains("9-10  1.00"),
        "{text}"
    );
    let (code, text, _) = run(home, &["theme", "once.mid"]);
    assert_eq!(code, 0);
    assert!(
        text.starts_with("no phrase of two bars comes back"),
        "{text}"
    );
    fails(
        home,
        &["theme", "song.mid", "--track", "9"],
        &["--track 9", "Melody"],
    );
    write("empty.mid", &song(&[]));
    fails(home, &["theme", "empty.mid"], &["empty.mid", "--track"]);
}
