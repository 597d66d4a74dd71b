//! Rendering from the window: the dialog, its progress, and cancelling.

use std::path::Path;
use std::time::{Duration, Instant};

use egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use leitmotif::app::Window;
use leitmotif::app::command::{Action, Command};
use leitmotif::app::studio::{Dialog, Notice, Purpose, RenderFont, RenderForm, Studio};
use leitmotif::audio::render::Stems;
use leitmotif::formats::demo;
use leitmotif::formats::pcm::SampleFormat;
use leitmotif::formats::sound_file::Container;
use leitmotif::score::Span;

use super::shown;

type Studied = Harness<'static, Window>;

fn harness() -> Studied {
    shown(Studio::new(demo::song()), vec2(1280.0, 800.0))
}

fn studio(harness: &Studied) -> &Studio {
    harness.state().studio()
}

fn apply(harness: &mut Studied, command: impl Into<Command>) {
    harness.state_mut().send(command);
    harness.run_steps(3);
}

fn press(harness: &mut Studied, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(3);
}

/// Types `path` where a path is asked for, and confirms.
fn type_path(harness: &mut Studied, path: &Path) {
    harness.get_by_label("Path").focus();
    harness.step();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.step();
    harness
        .get_by_label("Path")
        .type_text(&path.display().to_string());
    harness.run_steps(2);
    harness.get_by_label("Render").click();
    harness.run_steps(2);
}

fn wait_for_the_end(harness: &mut Studied) {
    let begun = Instant::now();
    while studio(harness).rendering().is_some() {
        assert!(begun.elapsed() < Duration::from_mins(2), "the render hangs");
        std::thread::sleep(Duration::from_millis(10));
        harness.step();
    }
}

#[test]
fn a_loop_is_rendered_with_stems_as_the_dialog_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = harness();
    let song = std::sync::Arc::clone(studio(&harness).song());
    let bars = Span::new(song.metre.bar_start(2), song.metre.bar_start(4));
    apply(&mut harness, Command::SetLoop(Some(bars)));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::R);
    harness.run_steps(4);
    assert_eq!(studio(&harness).dialog(), Some(&Dialog::Render));
    for label in ["Rate", "Tail", "Loudness", "SoundFont"] {
        assert!(harness.query_all_by_label(label).count() >= 1, "{label}");
    }
    harness.check_accessibility();

    for choice in ["FLAC", "16-bit", "Loop range", "A file for each track too"] {
        press(&mut harness, choice);
    }
    let form = RenderForm {
        rate: 44_100,
        tail: 0.5,
        font: RenderFont::BuiltIn,
        ..studio(&harness).render_form().clone()
    };
    assert_eq!(
        (form.container, form.stems),
        (Container::Flac, Stems::Separate)
    );
    assert_eq!(form.format, SampleFormat::Int16);
    apply(&mut harness, Command::SetRenderForm(form));
    // Where no system dialog answers, the path is typed.
    press(&mut harness, "Render…");
    assert_eq!(
        studio(&harness).dialog(),
        Some(&Dialog::Path(Purpose::Flac))
    );
    let path = folder.path().join("loop.flac");
    type_path(&mut harness, &path);
    wait_for_the_end(&mut harness);

    let reader = claxon::FlacReader::open(&path).unwrap();
    let info = reader.streaminfo();
    assert_eq!((info.sample_rate, info.bits_per_sample), (44_100, 16));
    let length = info.samples.unwrap() as f64 / 44_100.0;
    let wanted = song.tempo.seconds_at(bars.end) - song.tempo.seconds_at(bars.start);
    assert!(
        (wanted..wanted + 0.51).contains(&length),
        "{length} s for {wanted}"
    );
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 1 + song.tracks.len());
    assert!(folder.path().join("loop - 04 Bass.flac").exists());
    assert_eq!(studio(&harness).dialog(), None);
}

#[test]
fn a_render_is_cancelled_while_the_window_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = harness();
    let form = RenderForm {
        // Long enough to be caught on its way.
        loudness: Some(-16.0),
        rate: 96_000,
        stems: Stems::Separate,
        font: RenderFont::BuiltIn,
        ..RenderForm::default()
    };
    apply(&mut harness, Command::SetRenderForm(form));
    apply(
        &mut harness,
        Command::Chosen(Purpose::Wav, folder.path().join("a.wav")),
    );
    assert_eq!(studio(&harness).dialog(), Some(&Dialog::Render));
    harness.check_accessibility();
    assert!(harness.query_by_label("Progress of the render").is_some());
    press(&mut harness, "Hide");
    assert_eq!(studio(&harness).dialog(), None);

    // The song is edited meanwhile, and a second render is refused.
    let tracks = studio(&harness).song().tracks.len();
    apply(&mut harness, Action::AddTrack);
    assert_eq!(studio(&harness).song().tracks.len(), tracks + 1);
    apply(
        &mut harness,
        Command::Chosen(Purpose::Wav, folder.path().join("b.wav")),
    );
    assert!(
        studio(&harness)
            .rendering()
            .is_some_and(|render| render.name() == "a.wav")
    );

    apply(&mut harness, Action::ExportWav);
    press(&mut harness, "Cancel the render");
    wait_for_the_end(&mut harness);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_rendered_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut studio = Studio::new(demo::song());
    let broken = folder.path().join("broken.sf2");
    std::fs::write(&broken, b"RIFF").unwrap();
    studio.apply(Command::SetRenderForm(RenderForm {
        font: RenderFont::File(broken),
        ..RenderForm::default()
    }));
    studio.apply(Command::Chosen(Purpose::Wav, folder.path().join("a.wav")));
    while studio.rendering().is_some() {
        std::thread::sleep(Duration::from_millis(5));
        studio.poll();
    }
    let notices = studio.take_notices();
    assert!(
        matches!(notices.as_slice(), [Notice::Error(text)] if text.contains("broken.sf2")),
        "{notices:?}"
    );
}
