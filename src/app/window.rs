//! The window: lays the panels out and hands their commands to the studio.

use std::path::PathBuf;

use egui::{Frame, Margin, Panel, Ui};

use super::centre::centre_ui;
use super::command::{Command, CommandQueue};
use super::look::{self, Look};
use super::studio::Studio;
use super::{keys, sound};
use crate::score::Song;

/// The studio in its window.
#[derive(Debug)]
pub struct Window {
    studio: Studio,
    queue: CommandQueue,
}

impl Window {
    /// A window that shows `studio`. Fonts and themes must be installed into the context ([`look::install`]).
    pub fn new(studio: Studio) -> Self {
        Self {
            studio,
            queue: CommandQueue::default(),
        }
    }

    /// What it shows.
    pub fn studio(&self) -> &Studio {
        &self.studio
    }

    /// Has a command applied after the next frame, as if the user had given it.
    pub fn send(&mut self, command: impl Into<Command>) {
        self.queue.push(command);
    }

    /// Draws one frame and applies what was asked for in it.
    pub fn ui(&mut self, ui: &mut Ui) {
        self.studio.poll();
        for action in keys::consume(ui.ctx(), self.studio.situation()) {
            self.queue.push(action);
        }
        self.panels_ui(ui);
        for command in self.queue.take() {
            self.studio.apply(command);
        }
        if self.studio.transport().playing {
            ui.ctx()
                .request_repaint_after(std::time::Duration::from_millis(16));
        }
    }

    fn panels_ui(&mut self, ui: &mut Ui) {
        let look = Look::of(ui);
        let panel = Frame::new()
            .fill(look.panel)
            .inner_margin(Margin::symmetric(16, 8));
        Panel::top("top bar")
            .exact_size(52.0)
            .frame(panel)
            .resizable(false)
            .show(ui, |ui| {
                ui.label(egui::RichText::new("Leitmotif").font(look::semibold(16.0)));
            });
        Panel::bottom("status line")
            .exact_size(28.0)
            .frame(panel.inner_margin(Margin::symmetric(16, 4)))
            .resizable(false)
            .show(ui, |_ui| {});
        Panel::left("tracks")
            .exact_size(216.0)
            .frame(panel)
            .resizable(false)
            .show(ui, |ui| {
                ui.label("Tracks");
            });
        Panel::right("compose")
            .exact_size(282.0)
            .frame(panel)
            .resizable(false)
            .show(ui, |ui| {
                ui.label("Compose");
            });
        egui::CentralPanel::no_frame()
            .frame(Frame::new().fill(look.background))
            .show(ui, |ui| centre_ui(ui, &self.studio, &mut self.queue));
    }
}

impl eframe::App for Window {
    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        Window::ui(self, ui);
    }
}

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
            let sound = Box::new(sound::Silent::default());
            let mut window = Window::new(Studio::with_sound(Song::default(), sound));
            if let Some(path) = path {
                window.send(Command::OpenPath(path));
            }
            Ok(Box::new(window))
        }),
    )
    .map_err(|error| {
        anyhow::anyhow!(
            "The window could not be opened: {error}. Leitmotif needs a display (X11 or Wayland) with OpenGL; \
             the command line works without one (leitmotif --help)."
        )
    })
}
