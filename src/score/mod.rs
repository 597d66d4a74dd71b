//! The music as a value: songs, tracks, notes, time, keys. No I/O, no threads, no tensors.
//!
//! A [`Song`] is never changed in place once it is shared: an edit makes a new one that shares every untouched
//! [`Track`] with the old. Undo, autosave, audio and generation all just hold one.

pub mod edit;
pub mod gm;
mod history;
mod key;
mod metre;
mod note;
mod selection;
mod song;
mod take;
mod tempo;
mod theme;
mod time;
mod track;

pub use history::{History, Step};
pub use key::{Key, KeyError, PitchClass, PitchClassSet, Scale};
pub use metre::{Metre, MetreChange, MetreMap, Position};
pub use note::{Note, NoteKey, Pitch, Velocity};
pub use selection::Selection;
pub use song::{ClipOrigin, Lineage, Marker, Song};
pub use take::{InputGrid, Take};
pub use tempo::{Tempo, TempoChange, TempoMap};
pub use theme::{ThemeKind, ThemeRegion};
pub use time::{Span, TICKS_PER_QUARTER, Tick};
pub use track::{Colour, ControlChange, Instrument, PitchBend, Role, Track, TrackId};
