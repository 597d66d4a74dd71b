//! Standard MIDI files, in and out.
//!
//! What a file brings and how it becomes a [`Song`]:
//! - formats 0 and 1, any number of ticks a quarter note (rescaled to [`crate::score::TICKS_PER_QUARTER`]); SMPTE time and format 2 are
//!   refused with a message that says what to do;
//! - every pair of (file track, channel) with notes becomes a track; channel 10 is drums;
//! - a note-off ends the oldest sounding note of its key and channel; notes of one key that then overlap are resolved by
//!   the rule of [`crate::score::Track`] (the later cuts the earlier); a note without an end is closed at the end of its file track,
//!   with a warning;
//! - tempo, metre and key changes, names, markers, the first program of each track; controllers 7, 10, 91 and 93 at the
//!   start are fields of the track, later ones and all others are kept as events;
//! - a track named "Theme info track" carries the theme regions (see `theme_info`).
//!
//! A damaged file is an error that names the byte; nothing is imported then.

mod channels;
mod events;
mod import;
mod key_signature;
mod meta;
mod theme_info;
mod write;

use crate::score::Song;

pub use write::{write, write_tracks};

/// A song that was read, and what in the file could not be taken over.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Imported {
    /// The song.
    pub song: Song,
    /// What the user should know, one sentence each.
    pub warnings: Vec<String>,
    /// The window's settings where the file has some (a project), else null.
    pub view: serde_json::Value,
}

/// A MIDI file that cannot be read. Offsets count bytes of the file from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum MidiError {
    #[error("byte 0: this is not a MIDI file; choose a .mid file or a project")]
    NotMidi,
    #[error(
        "byte {offset}: the header of the MIDI file is damaged ({detail}); export the file again from where it came"
    )]
    Header { offset: usize, detail: &'static str },
    #[error(
        "byte 12: the file counts time in SMPTE frames, not in beats; export it again with a time base in ticks per quarter note"
    )]
    Smpte,
    #[error("byte 12: the file has 0 ticks in a quarter note; export it again from where it came")]
    NoTimeBase,
    #[error(
        "byte 8: this is a MIDI file of format 2 (separate patterns); export it again as format 0 or 1"
    )]
    Format2,
    #[error(
        "byte {offset}: the file ends inside track {track}, {missing} bytes too early; it was cut off, so get a whole copy"
    )]
    Truncated {
        offset: usize,
        track: usize,
        missing: usize,
    },
    #[error(
        "byte {offset}: the file ends after {found} of the {declared} tracks it announces; it was cut off, so get a whole copy"
    )]
    MissingTracks {
        offset: usize,
        found: usize,
        declared: usize,
    },
    #[error(
        "byte {offset}: track {track} is damaged here ({detail}); export the file again from where it came"
    )]
    Event {
        offset: usize,
        track: usize,
        detail: &'static str,
    },
    #[error(
        "byte {offset}: track {track} goes on for longer than any music; the time before this event is likely damaged"
    )]
    TooLong { offset: usize, track: usize },
}

impl MidiError {
    /// The byte of the file at which reading stopped.
    pub fn offset(&self) -> usize {
        match self {
            Self::NotMidi => 0,
            Self::Format2 => 8,
            Self::Smpte | Self::NoTimeBase => 12,
            Self::Header { offset, .. }
            | Self::Truncated { offset, .. }
            | Self::MissingTracks { offset, .. }
            | Self::Event { offset, .. }
            | Self::TooLong { offset, .. } => *offset,
        }
    }
}

/// Which kind of file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MidiFormat {
    /// All tracks in one, told apart by channel: at most fifteen instruments and one drum kit.
    Zero,
    /// One file track for each track of the song.
    #[default]
    One,
}

/// What is written into a MIDI file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MidiOptions {
    /// The kind of file; by default format 1.
    pub format: MidiFormat,
    /// Whether muted tracks are written; by default they are.
    pub muted_tracks: bool,
    /// Whether muted notes are written; by default they are not, since the file should sound as the song does.
    pub muted_notes: bool,
    /// Whether theme regions are written as a silent "Theme info track"; by default they are.
    pub theme_info: bool,
}

impl Default for MidiOptions {
    fn default() -> Self {
        Self {
            format: MidiFormat::One,
            muted_tracks: true,
            muted_notes: false,
            theme_info: true,
        }
    }
}

/// A song that cannot be written as MIDI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum MidiWriteError {
    #[error(
        "format 0 has room for fifteen instruments and one drum kit, and \"{track}\" is one too many; write format 1 or one file per track"
    )]
    NoChannelLeft { track: String },
    #[error("the MIDI file could not be put together: {0}")]
    Encoding(String),
}

/// Reads a MIDI file.
pub fn read(bytes: &[u8]) -> Result<Imported, MidiError> {
    Ok(import::import(&events::parse(bytes)?))
}

#[cfg(test)]
mod tests;
