//! What a user does from start to end, a module for each part of the program. One binary, because linking is slow.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on shall stop"
)]

mod centre;
mod command_line;
mod damaged_files;
mod layers;
mod render_dialog;
mod roll;
mod sound;
mod timeline;
mod window;
