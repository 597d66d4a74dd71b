//! The window: lays the panels out and hands their commands to the studio.

use std::time::{Duration, Instant};

use egui::{Frame, Margin, Panel, Stroke, Ui, ViewportCommand};
use egui_notify::{Anchor, Toast, ToastLevel, Toasts};
use lucide_icons::Icon;

use super::candidates::{self, candidates_ui};
use super::centre::centre_ui;
use super::command::{Action, Command, CommandQueue};
use super::compose::compose_ui;
use super::dialogs::{DialogState, dialogs_ui};
use super::keys;
use super::look::{Look, space};
use super::status::status_ui;
use super::studio::{Notice, Studio};
use super::top_bar::top_bar_ui;
use super::tracks::tracks_ui;

/// The studio in its window.
pub struct Window {
    studio: Studio,
    queue: CommandQueue,
    dialogs: DialogState,
    toasts: Toasts,
    /// The title the system shows, to set it only when it changes.
    title: String,
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Window")
            .field("studio", &self.studio)
            .finish_non_exhaustive()
    }
}

impl Window {
    /// A window that shows `studio`. Fonts and themes must be installed into the context
    /// ([`look::install`](super::look::install)).
    pub fn new(studio: Studio) -> Self {
        Self {
            studio,
            queue: CommandQueue::default(),
            dialogs: DialogState::default(),
            toasts: Toasts::default()
                .with_anchor(Anchor::BottomRight)
                .with_margin(egui::vec2(space::L, space::XL * 2.0)),
            title: String::new(),
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

    /// Reads what the threads say; works without a frame too, while the window is hidden.
    pub fn logic(&mut self, ctx: &egui::Context) {
        self.studio.poll();
        if let Some(due) = self.studio.autosave_due() {
            let wait = due.saturating_duration_since(Instant::now());
            ctx.request_repaint_after(wait + Duration::from_millis(20));
        }
        let sound = self.studio.sound_state();
        let again = if self.studio.is_moving() {
            Some(Duration::from_millis(16))
        } else if sound.settling || self.studio.rendering().is_some() {
            Some(Duration::from_millis(100))
        } else if sound.problem.is_some() {
            // A device may come back.
            Some(Duration::from_secs(2))
        } else {
            None
        };
        if let Some(again) = again {
            ctx.request_repaint_after(again);
        }
    }

    /// Draws one frame and applies what was asked for in it.
    pub fn ui(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        ctx.set_theme(egui::ThemePreference::from(self.studio.settings().theme));
        for command in keys::consume_notes(&ctx, self.studio.situation()) {
            self.queue.push(command);
        }
        for action in keys::consume(&ctx, self.studio.situation()) {
            self.queue.push(action);
        }
        self.dropped_files(&ctx);
        self.panels_ui(ui);
        dialogs_ui(&ctx, &self.studio, &mut self.dialogs, &mut self.queue);
        for command in self.queue.take() {
            let copies = matches!(command, Command::Action(Action::Copy | Action::Cut));
            self.studio.apply(command);
            if copies {
                // Without any text in the system's clipboard, Ctrl+V does not reach the program.
                ctx.copy_text(format!("{} notes of Leitmotif", self.studio.copied_notes()));
            }
        }
        self.notices(Look::of(ui));
        self.toasts.show(&ctx);
        self.close_and_title(&ctx);
    }

    fn panels_ui(&mut self, ui: &mut Ui) {
        let look = Look::of(ui);
        let line = Stroke::new(1.0, look.line);
        let panel = |x: i8, y: i8| {
            Frame::new()
                .fill(look.panel)
                .inner_margin(Margin::symmetric(x, y))
        };
        let (studio, queue) = (&self.studio, &mut self.queue);
        Panel::top("top bar")
            .exact_size(52.0)
            .frame(panel(space::M as i8, 8))
            .resizable(false)
            .show(ui, |ui| top_bar_ui(ui, studio, queue));
        Panel::bottom("status line")
            .exact_size(26.0)
            .frame(panel(space::L as i8, 2))
            .resizable(false)
            .show(ui, |ui| status_ui(ui, studio));
        let tray = if studio.tray().entries.is_empty() {
            candidates::EMPTY
        } else {
            candidates::FULL
        };
        Panel::bottom("candidates")
            .exact_size(tray)
            .frame(panel(space::L as i8, 8))
            .resizable(false)
            .show(ui, |ui| candidates_ui(ui, studio, queue));
        Panel::left("tracks")
            .exact_size(216.0)
            .frame(Frame::new().fill(look.panel))
            .resizable(false)
            .show(ui, |ui| tracks_ui(ui, studio, queue));
        let wide = ui.ctx().content_rect().width() > 1280.0;
        Panel::right("compose")
            .exact_size(if wide { 300.0 } else { 264.0 })
            .frame(panel(space::L as i8, 12))
            .resizable(false)
            .show(ui, |ui| compose_ui(ui, studio, queue));
        egui::CentralPanel::no_frame()
            .frame(Frame::new().fill(look.background).stroke(line))
            .show(ui, |ui| centre_ui(ui, studio, queue));
    }

    fn dropped_files(&mut self, ctx: &egui::Context) {
        let dropped = ctx.input(|input| input.raw.dropped_files.clone());
        if let Some(file) = dropped.first() {
            self.queue.push(Command::OpenPath(file.path().to_owned()));
        }
    }

    fn notices(&mut self, look: &Look) {
        for notice in self.studio.take_notices() {
            let (text, icon, colour, seconds) = match notice {
                Notice::Success(text) => (text, Icon::CircleCheck, look.good, 4),
                Notice::Info(text) => (text, Icon::Info, look.dim, 6),
                Notice::Error(text) => (text, Icon::CircleAlert, look.record, 12),
            };
            let level = ToastLevel::Custom(char::from(icon).to_string(), colour);
            self.toasts
                .add(Toast::custom(text, level))
                .closable(false)
                .duration(Duration::from_secs(seconds));
        }
    }

    fn close_and_title(&mut self, ctx: &egui::Context) {
        if ctx.input(|input| input.viewport().close_requested()) && !self.studio.is_quitting() {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            self.studio.apply(Action::Quit.into());
        }
        if self.studio.is_quitting() {
            ctx.send_viewport_cmd(ViewportCommand::Close);
        }
        let mark = if self.studio.is_changed() { "• " } else { "" };
        let title = format!("{mark}{} - Leitmotif", self.studio.title());
        if title != self.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }
}

impl eframe::App for Window {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        Window::logic(self, ctx);
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        Window::ui(self, ui);
    }
}
