//! What a user does from start to end, a module for each part of the program. One binary, because linking is slow.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on shall stop"
)]

mod band;
mod band_commands;
mod between;
mod between_commands;
mod centre;
mod command_line;
mod damaged_files;
mod layers;
mod render_dialog;
mod roll;
mod sound;
mod theme;
mod timeline;
mod window;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use leitmotif::app::command::Command;
use leitmotif::app::studio::Studio;
use leitmotif::app::{Window, look};

/// The whole window around `studio`, `size` points large, after its first frames.
fn shown(studio: Studio, size: egui::Vec2) -> Harness<'static, Window> {
    let mut harness = Harness::builder()
        .with_size(size)
        .with_max_steps(64)
        .with_context_setup(look::install)
        .build_ui_state(
            |ui, window: &mut Window| {
                window.logic(ui.ctx());
                window.ui(ui);
            },
            Window::new(studio),
        );
    harness.run_steps(3);
    harness
}

/// Draws the window into a file, if `LEITMOTIF_TEST_PICTURES` names a folder: for eyes, not for the test.
fn picture(harness: &mut Harness<'static, Window>, name: &str) {
    if let Some(folder) = std::env::var_os("LEITMOTIF_TEST_PICTURES") {
        let path = std::path::Path::new(&folder).join(format!("{name}.png"));
        harness.render().unwrap().save(path).unwrap();
    }
}

fn studio<'a>(harness: &'a Harness<'static, Window>) -> &'a Studio {
    harness.state().studio()
}

/// Sends a command, and draws some frames.
fn apply(harness: &mut Harness<'static, Window>, command: impl Into<Command>) {
    harness.state_mut().send(command);
    harness.run_steps(3);
}

/// Presses a key, and draws some frames.
fn press(harness: &mut Harness<'static, Window>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(3);
}
