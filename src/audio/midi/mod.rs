//! MIDI devices: what is played by hand comes in, what the song plays goes out.

//!
//! What is played by hand goes from the system's MIDI callback ([`input`]) straight to the audio callback ([`live`]), and
//! beside that to the MIDI thread ([`thread`]), which knows what was heard at that moment ([`timing`]). What the song
//! plays goes from the audio callback ([`tap`]) to the MIDI thread, which sends it when it is heard. [`handle::Midi`]
//! is what the owner holds.

pub mod echo;
pub mod handle;
pub mod input;
pub mod live;
pub mod message;
pub mod ports;
pub mod song_clock;
pub mod stream_clock;
pub mod tap;
pub mod thread;
pub mod timing;

pub use handle::{Midi, MidiInputChoice, MidiSettings, MidiState};
pub use live::{LiveEvent, LiveQueue};
pub use ports::MidiError;
pub use timing::Moment;

#[cfg(test)]
mod player_tests;
