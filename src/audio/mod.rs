//! Sound: transport, schedule, synthesizer, device stream, offline render.
//!
//! A song becomes a [`schedule::Schedule`] of events in samples; a [`player::Player`] turns it into sound with one
//! synthesizer a track; the [`callback::Callback`] drives a player in the audio thread and [`render`] drives one offline.
//! The [`Engine`] is the owner's handle: it holds what is wanted, talks to the callback through two rings
//! ([`protocol`]) and reads the playhead and the meters from atomics ([`shared`]).

pub mod bus;
pub mod callback;
mod choke;
pub mod clock;
mod denormals;
pub mod device;
pub mod effects;
pub mod engine;
mod font_check;
pub mod font_loader;
pub mod guard;
pub mod instruments;
pub mod limiter;
mod line;
pub mod loudness;
pub mod metronome;
pub mod midi;
pub mod player;
pub mod protocol;
pub mod render;
pub mod schedule;
pub mod shared;
pub mod soundfont;
pub mod status;
pub mod synths;
#[cfg(test)]
pub(crate) mod test_font;
pub mod transport;
pub mod true_peak;
mod voices;
mod zones;

pub use engine::Engine;
pub use font_loader::FontSource;
pub use shared::Load;
pub use soundfont::{Font, FontError, FontOrigin, FoundFont};
pub use status::{AudioSettings, Meters, Output, OutputState, Preview, Status};
pub use transport::AtEnd;
