//! MIDI devices: what is played by hand comes in, what the song plays goes out.

pub mod echo;
pub mod live;
pub mod message;
pub mod song_clock;
pub mod tap;

pub use live::{LiveEvent, LiveQueue};

#[cfg(test)]
mod player_tests;
