//! Theme regions in a MIDI file.
//!
//! The published Theme Transformer sampler marks where the theme sounds with the notes of a silent track, named
//! "Theme info track", of pitch 1 and velocity 1. That is written and read here; a text event at each region keeps what
//! notes cannot say: the kind, the exact length and the melody track.

use std::collections::BTreeMap;

use super::meta;
use crate::score::{MetreMap, Song, Span, ThemeKind, ThemeRegion, Tick, TrackId};

/// The name of the track.
pub(super) const NAME: &str = "Theme info track";
/// Pitch of its notes.
pub(super) const PITCH: u8 = 1;
/// Velocity of its notes.
pub(super) const VELOCITY: u8 = 1;

const TEXT: &str = "theme";

fn kind_word(kind: ThemeKind) -> &'static str {
    match kind {
        ThemeKind::Theme => "theme",
        ThemeKind::Return => "return",
        ThemeKind::Painted => "painted",
    }
}

/// How a file names the track of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// By its place among the tracks of the file (format 1).
    Place(usize),
    /// By its channel (format 0, where tracks have no places).
    Channel(u8),
}

/// The text event of a region: kind, length in ticks, track.
pub(super) fn text(region: &ThemeRegion, track: Which) -> String {
    let (kind, length) = (kind_word(region.kind), region.span.length().0);
    let track = match track {
        Which::Place(place) => format!("track {place}"),
        Which::Channel(channel) => format!("channel {channel}"),
    };
    meta::encode(TEXT, &format!("{kind} {length} {track}"))
}

/// A region as a text event tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    at: Tick,
    length: Tick,
    kind: ThemeKind,
    track: Which,
}

/// Reads the text event of a region, `name=value` already taken apart.
pub(super) fn told(at: Tick, name: &str, value: &str) -> Option<Told> {
    if name != TEXT {
        return None;
    }
    let mut words = value.split(' ');
    let kind = match words.next()? {
        "theme" => ThemeKind::Theme,
        "return" => ThemeKind::Return,
        "painted" => ThemeKind::Painted,
        _ => return None,
    };
    let length: i64 = words.next()?.parse().ok()?;
    let length = Tick::try_from(length)
        .ok()
        .filter(|length| *length > Tick::ZERO)?;
    let track = match (words.next()?, words.next()?) {
        ("track", place) => Which::Place(place.parse().ok()?),
        ("channel", channel) => Which::Channel(channel.parse().ok()?),
        _ => return None,
    };
    Some(Told {
        at,
        length,
        kind,
        track,
    })
}

/// The regions of a song that was read, from the spans of the silent notes and from text events.
///
/// Text is believed where it matches the notes (or stands alone, in format 0); if somebody moved the notes, the notes
/// win: whole bars, the first one the theme, the others returns, on the melody track.
pub(super) fn regions(
    notes: &[Span],
    told: &[Told],
    song: &Song,
    channels: &BTreeMap<u8, TrackId>,
) -> Vec<ThemeRegion> {
    let track_of = |which: Which| match which {
        Which::Place(place) => song.tracks.get(place).map(|track| track.id),
        Which::Channel(channel) => channels.get(&channel).copied(),
    };
    let mut starts: Vec<Tick> = notes.iter().map(|span| span.start).collect();
    let mut told_starts: Vec<Tick> = told.iter().map(|told| told.at).collect();
    for list in [&mut starts, &mut told_starts] {
        list.sort_unstable();
        list.dedup();
    }
    let mut regions: Vec<ThemeRegion> = if notes.is_empty() || starts == told_starts {
        told.iter()
            .filter_map(|told| {
                Some(ThemeRegion {
                    span: Span {
                        start: told.at,
                        end: told.at + told.length,
                    },
                    track: track_of(told.track)?,
                    kind: told.kind,
                })
            })
            .collect()
    } else {
        let Some(track) = melody_track(song) else {
            return Vec::new();
        };
        notes
            .iter()
            .enumerate()
            .map(|(index, span)| ThemeRegion {
                span: whole_bars(*span, &song.metre),
                track,
                kind: if index == 0 {
                    ThemeKind::Theme
                } else {
                    ThemeKind::Return
                },
            })
            .collect()
    };
    regions.sort_by_key(|region| (region.span.start, region.track, region.span.end));
    let mut themes = 0;
    for region in &mut regions {
        if region.kind == ThemeKind::Theme {
            themes += 1;
            if themes > 1 {
                region.kind = ThemeKind::Return;
            }
        }
    }
    regions
}

fn whole_bars(span: Span, metre: &MetreMap) -> Span {
    Span {
        start: metre.bar_span(span.start).start,
        end: metre.bar_span((span.end - Tick(1)).max(span.start)).end,
    }
}

/// The track that most likely carries the melody: by role, else the first pitched one.
fn melody_track(song: &Song) -> Option<TrackId> {
    use crate::score::Role;
    song.tracks
        .iter()
        .find(|track| track.role == Role::Melody)
        .or_else(|| song.tracks.iter().find(|track| !track.instrument.drums))
        .map(|track| track.id)
}
