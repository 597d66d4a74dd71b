//! What a user does from start to end, a module for each part of the program. One binary, because linking is slow.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on shall stop"
)]

mod band;
mod band_commands;
mod centre;
mod command_line;
mod damaged_files;
mod layers;
mod render_dialog;
mod roll;
mod sound;
mod timeline;
mod window;

use egui_kittest::Harness;
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
