//! The studio window: panels that send commands, one place that applies them.
//!
//! Every frame the panels read the [`studio::Studio`], draw it, and push [`command::Command`]s; after the frame
//! [`studio::Studio::apply`] carries them out. No panel changes the song.

pub mod centre;
pub mod command;
pub mod edit;
pub mod keys;
pub mod look;
mod mesh;
pub mod roll;
pub mod sound;
pub mod studio;
pub mod timeline;
pub mod view;
mod window;

pub use mesh::RectMesh;

pub use window::{Window, run};
