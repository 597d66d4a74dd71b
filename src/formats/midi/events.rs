//! The bytes of a file as events in song ticks. Checks what midly lets pass: cut files, missing tracks, events
//! that cannot be read.

use midly::{EventIter, Format, MetaMessage, MidiMessage, Timing, TrackEventKind};

use super::MidiError;
use crate::score::{TICKS_PER_QUARTER, Tick};

/// An event with its place in the song.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'a> {
    pub(super) at: Tick,
    pub(super) kind: TrackEventKind<'a>,
}

/// The events of one chunk of the file, in order.
#[derive(Debug, Default)]
pub(super) struct FileTrack<'a> {
    pub(super) events: Vec<Event<'a>>,
    /// The time of the last event.
    pub(super) end: Tick,
    /// Whether the mark that every track should end with was there.
    pub(super) ended: bool,
}

#[derive(Debug)]
pub(super) struct File<'a> {
    /// Whether this is format 0.
    pub(super) single: bool,
    pub(super) tracks: Vec<FileTrack<'a>>,
    pub(super) warnings: Vec<String>,
}

/// Where `part`, a slice of `whole`, begins in it; the end of `whole` for a slice of something else (what midly leaves
/// when it has read everything).
fn offset_in(whole: &[u8], part: &[u8]) -> usize {
    let offset = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
    if part.is_empty() || offset > whole.len() {
        whole.len()
    } else {
        offset
    }
}

/// Byte 4..8 before a chunk's data say how long it should be.
fn declared_length(bytes: &[u8], data_offset: usize) -> Option<usize> {
    let start = data_offset.checked_sub(4)?;
    let field: [u8; 4] = bytes.get(start..data_offset)?.try_into().ok()?;
    Some(u32::from_be_bytes(field) as usize)
}

pub(super) fn parse(bytes: &[u8]) -> Result<File<'_>, MidiError> {
    let riff = bytes.starts_with(b"RIFF");
    if !riff && !bytes.starts_with(b"MThd") {
        return Err(MidiError::NotMidi);
    }
    if !riff && bytes.len() < 14 {
        return Err(MidiError::Header {
            offset: bytes.len(),
            detail: "the file is shorter than a header",
        });
    }
    let (header, mut chunks) = midly::parse(bytes).map_err(|error| MidiError::Header {
        offset: if riff { 0 } else { 8 },
        detail: error.kind().message(),
    })?;
    let per_quarter = match header.timing {
        Timing::Metrical(ticks) => i64::from(ticks.as_int()),
        Timing::Timecode(..) => return Err(MidiError::Smpte),
    };
    if per_quarter == 0 {
        return Err(MidiError::NoTimeBase);
    }
    if header.format == Format::Sequential {
        return Err(MidiError::Format2);
    }
    let declared = chunks.size_hint().0;
    let mut file = File {
        single: header.format == Format::SingleTrack,
        tracks: Vec::new(),
        warnings: Vec::new(),
    };
    loop {
        let before = offset_in(bytes, chunks.unread());
        let Some(chunk) = chunks.next() else {
            if before < bytes.len() {
                // Chunks of unknown kinds may stand here; too little for a chunk is rubbish.
                let left = bytes.len() - before;
                if left < 8 {
                    file.warnings.push(format!(
                        "{left} bytes after the last track (from byte {before}) were passed over"
                    ));
                }
            }
            break;
        };
        let number = file.tracks.len() + 1;
        let events = chunk.map_err(|error| MidiError::Event {
            offset: before,
            track: number,
            detail: error.kind().message(),
        })?;
        let data = events.unread();
        if !data.is_empty() {
            let start = offset_in(bytes, data);
            let missing = declared_length(bytes, start)
                .unwrap_or(0)
                .saturating_sub(data.len());
            if missing > 0 {
                return Err(MidiError::Truncated {
                    offset: start + data.len(),
                    track: number,
                    missing,
                });
            }
        } else if let Some(missing) = declared_length(bytes, bytes.len()).filter(|length| {
            // An empty last chunk that should not be empty: the file ends right behind its head.
            chunks.unread().is_empty()
                && bytes.len() >= 8
                && *length > 0
                && bytes[..bytes.len() - 4].ends_with(b"MTrk")
        }) {
            return Err(MidiError::Truncated {
                offset: bytes.len(),
                track: number,
                missing,
            });
        }
        let track = read_track(bytes, events, number, per_quarter)?;
        file.tracks.push(track);
    }
    let found = file.tracks.len();
    if found < declared {
        return Err(MidiError::MissingTracks {
            offset: bytes.len(),
            found,
            declared,
        });
    }
    if found > declared {
        file.warnings.push(format!(
            "the file announces {declared} tracks and has {found}; all were read"
        ));
    }
    Ok(file)
}

fn read_track<'a>(
    bytes: &[u8],
    mut events: EventIter<'a>,
    number: usize,
    per_quarter: i64,
) -> Result<FileTrack<'a>, MidiError> {
    let mut track = FileTrack::default();
    let mut now = 0i64;
    loop {
        let before = events.unread();
        if before.is_empty() {
            return Ok(track);
        }
        let offset = offset_in(bytes, before);
        let damaged = |offset, detail| MidiError::Event {
            offset,
            track: number,
            detail,
        };
        let event = match events.next() {
            Some(Ok(event)) => event,
            Some(Err(error)) => return Err(damaged(offset, error.kind().message())),
            None => return Err(damaged(offset, "no event can be read")),
        };
        now += i64::from(event.delta.as_int());
        let kind = event.kind;
        track.end = Tick((now * TICKS_PER_QUARTER + per_quarter / 2).div_euclid(per_quarter));
        let begins_note = matches!(
            kind,
            TrackEventKind::Midi {
                message: MidiMessage::NoteOn { .. },
                ..
            }
        );
        // A note that ends where it begins is made one tick long: room is left for that, so that what was read can be
        // written and read again.
        let last = if begins_note {
            Tick::LIMIT - Tick::QUARTER
        } else {
            Tick::LIMIT
        };
        if track.end > last {
            return Err(MidiError::TooLong {
                offset,
                track: number,
            });
        }
        if let TrackEventKind::Meta(MetaMessage::EndOfTrack) = kind {
            track.ended = true;
            return Ok(track);
        }
        let has_length = matches!(
            kind,
            TrackEventKind::Meta(_) | TrackEventKind::SysEx(_) | TrackEventKind::Escape(_)
        );
        if has_length && events.unread().is_empty() {
            return Err(damaged(offset, "an event runs over the end of its track"));
        }
        track.events.push(Event {
            at: track.end,
            kind,
        });
    }
}
