//! Starts the window with everything behind it.

use std::path::PathBuf;

use super::command::Command;
use super::engine_sound::EngineSound;
use super::io::IoWorker;
use super::settings::Settings;
use super::studio::{Parts, Studio};
use super::window::Window;
use super::worker_composer::WorkerComposer;
use super::{disk, look};
use crate::compose::ModelPaths;
use crate::formats::autosave::Store;
use crate::formats::places::Places;
use crate::formats::{self};

/// Opens the window, with the file at `path` if one is given, and returns when it is closed.
pub fn run(path: Option<PathBuf>) -> anyhow::Result<()> {
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Leitmotif")
            .with_app_id("leitmotif")
            .with_inner_size([1600.0, 1000.0])
            .with_min_inner_size([1100.0, 700.0]),
        ..eframe::NativeOptions::default()
    };
    eframe::run_native(
        "Leitmotif",
        options,
        Box::new(move |creation| {
            look::install(&creation.egui_ctx);
            Ok(Box::new(window(&creation.egui_ctx, path)))
        }),
    )
    .map_err(|error| {
        anyhow::anyhow!(
            "The window could not be opened: {error}. Leitmotif needs a display (X11 or Wayland) with OpenGL; \
             the command line works without one (leitmotif --help)."
        )
    })
}

/// The window with sound, networks and files behind it.
fn window(ctx: &egui::Context, path: Option<PathBuf>) -> Window {
    let folder = Places::find().map(|places| places.config);
    let mut settings = folder.as_deref().map(Settings::load).unwrap_or_default();
    let first_start = !settings.started_before;
    settings.started_before = true;
    let wake = {
        let ctx = ctx.clone();
        move || ctx.request_repaint()
    };
    let sound = EngineSound::start(settings.audio.clone(), &settings.midi, wake.clone());
    let io = match IoWorker::start(wake) {
        Ok(io) => Some(io),
        Err(error) => {
            tracing::warn!("files are read and written by the window itself: {error}");
            None
        }
    };
    let song = if first_start && path.is_none() {
        formats::demo::song()
    } else {
        disk::empty_song()
    };
    let mut studio = Studio::with_parts(
        song,
        Parts {
            sound: Some(Box::new(sound)),
            composer: Some(Box::new(WorkerComposer::start(ModelPaths::find()))),
            io,
            settings,
            folder,
            autosaves: Store::of_user(),
        },
    );
    // Written at once, so that the demo song greets only once however this session ends.
    studio.apply(Command::SetSettings(studio.settings().clone()));
    studio.offer_recovery();
    let mut window = Window::new(studio);
    if let Some(path) = path {
        window.send(Command::OpenPath(path));
    }
    window
}
