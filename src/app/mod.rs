//! The studio window: panels that send commands, one place that applies them.
//!
//! Every frame the panels read the [`studio::Studio`], draw it, and push [`command::Command`]s; after the frame
//! [`studio::Studio::apply`] carries them out. No panel changes the song.

pub mod candidates;
pub mod centre;
pub mod command;
pub mod compose;
pub mod composer;
pub mod dialogs;
pub mod disk;
pub mod edit;
pub mod engine_sound;
pub mod io;
pub mod keys;
pub mod look;
mod mesh;
pub mod rendering;
pub mod roll;
pub mod settings;
pub mod sound;
mod start;
pub mod status;
pub mod studio;
pub mod timeline;
pub mod top_bar;
pub mod tracks;
pub mod view;
pub mod widgets;
mod window;
pub mod worker_composer;

pub use mesh::RectMesh;
pub use start::run;
pub use window::Window;
