//! Inserting and erasing stretches of time, in all tracks at once.

use std::sync::Arc;

use super::Edited;
use crate::score::{
    MetreChange, MetreMap, Note, Selection, Song, Span, TempoChange, TempoMap, Tick, Track,
};

/// An erasure that would take locked notes away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{track}\" has {notes} locked notes in this stretch: unlock the track or the notes first"
)]
pub struct LockedNotes {
    /// The first track that has some.
    pub track: String,
    /// How many.
    pub notes: usize,
}

/// Inserts empty time at `at`. Notes that sound over it are cut there, their rest comes after it; locked ones among them
/// stay whole, before it. Tempo, metre, markers, theme regions and generated stretches move along.
pub fn insert_region(song: &Song, selection: &Selection, at: Tick, length: Tick) -> Edited {
    if length <= Tick::ZERO {
        return Edited::unchanged(song, selection);
    }
    let at = at.max(Tick::ZERO);
    let moved = |tick: Tick| if tick >= at { tick + length } else { tick };
    // The end of something that ends right at the cut does not move.
    let moved_span = |span: Span| Span {
        start: moved(span.start),
        end: if span.end > at {
            span.end + length
        } else {
            span.end
        },
    };
    let mut edited = song.clone();
    for track in &mut edited.tracks {
        let mut notes = Vec::with_capacity(track.notes().len() + 8);
        for note in track.notes() {
            if note.start >= at {
                notes.push(Note {
                    start: note.start + length,
                    ..*note
                });
            } else if note.end() > at && !note.locked && !track.locked {
                notes.push(Note {
                    duration: at - note.start,
                    ..*note
                });
                notes.push(Note {
                    start: at + length,
                    duration: note.end() - at,
                    ..*note
                });
            } else {
                notes.push(*note);
            }
        }
        *track = Arc::new(with_moved_controls(&track.with_notes(notes), moved));
    }
    // What holds at the very start goes on holding there.
    let moved_change = |tick: Tick| {
        if tick == Tick::ZERO {
            tick
        } else {
            moved(tick)
        }
    };
    edited.tempo = Arc::new(TempoMap::new(
        (song.tempo.changes().iter())
            .map(|change| TempoChange {
                at: moved_change(change.at),
                ..*change
            })
            .collect(),
    ));
    edited.metre = Arc::new(MetreMap::new(
        (song.metre.changes().iter())
            .map(|change| MetreChange {
                at: moved_change(change.at),
                ..*change
            })
            .collect(),
    ));
    for marker in &mut edited.markers {
        marker.at = moved(marker.at);
    }
    for region in &mut edited.themes {
        region.span = moved_span(region.span);
    }
    for origin in &mut edited.origins {
        origin.span = moved_span(origin.span);
    }
    let selection = selection
        .iter()
        .map(|mut key| {
            key.start = moved(key.start);
            key
        })
        .collect::<Selection>()
        .kept_in(&edited);
    Edited {
        song: edited,
        selection,
    }
}

/// Takes a stretch of time out: what begins in it is gone, what sounds into it is cut, what comes after moves up.
pub fn erase_region(song: &Song, selection: &Selection, span: Span) -> Result<Edited, LockedNotes> {
    let span = Span {
        start: span.start.max(Tick::ZERO),
        end: span.end,
    };
    if span.is_empty() {
        return Ok(Edited::unchanged(song, selection));
    }
    for track in &song.tracks {
        let notes = (track.notes().iter())
            .filter(|note| (track.locked || note.locked) && note.span().overlaps(span))
            .count();
        if notes > 0 {
            return Err(LockedNotes {
                track: track.name.clone(),
                notes,
            });
        }
    }
    let length = span.length();
    let moved = |tick: Tick| {
        if tick <= span.start {
            tick
        } else {
            (tick - length).max(span.start)
        }
    };
    let moved_span = |part: Span| Span {
        start: moved(part.start),
        end: moved(part.end),
    };
    let mut edited = song.clone();
    for track in &mut edited.tracks {
        let notes = (track.notes().iter())
            .filter(|note| !span.contains(note.start))
            .map(|note| {
                let part = moved_span(note.span());
                Note {
                    start: part.start,
                    duration: part.length(),
                    ..*note
                }
            })
            .collect();
        // A controller set inside the stretch still holds after it.
        *track = Arc::new(with_moved_controls(&track.with_notes(notes), moved));
    }
    edited.tempo = Arc::new(TempoMap::new(
        (song.tempo.changes().iter())
            .map(|change| TempoChange {
                at: moved(change.at),
                ..*change
            })
            .collect(),
    ));
    edited.metre = Arc::new(MetreMap::new(
        (song.metre.changes().iter())
            .map(|change| MetreChange {
                at: moved(change.at),
                ..*change
            })
            .collect(),
    ));
    edited.markers.retain(|marker| !span.contains(marker.at));
    for marker in &mut edited.markers {
        marker.at = moved(marker.at);
    }
    for region in &mut edited.themes {
        region.span = moved_span(region.span);
    }
    edited.themes.retain(|region| !region.span.is_empty());
    for origin in &mut edited.origins {
        origin.span = moved_span(origin.span);
    }
    edited.origins.retain(|origin| !origin.span.is_empty());
    let selection = selection
        .iter()
        .filter(|key| !span.contains(key.start))
        .map(|mut key| {
            key.start = moved(key.start);
            key
        })
        .collect::<Selection>()
        .kept_in(&edited);
    Ok(Edited {
        song: edited,
        selection,
    })
}

/// The track with its controllers and bends where `moved` puts them.
fn with_moved_controls(track: &Track, moved: impl Fn(Tick) -> Tick) -> Track {
    let mut controls = track.controls().to_vec();
    for control in &mut controls {
        control.at = moved(control.at);
    }
    let mut bends = track.bends().to_vec();
    for bend in &mut bends {
        bend.at = moved(bend.at);
    }
    track.with_controls(controls).with_bends(bends)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::testing::{locked_at, shown, song_of};
    use super::super::{paint_theme, set_theme};
    use super::*;
    use crate::score::{Metre, Tempo, TrackId};

    const BAR: i64 = 3840;

    fn song() -> Song {
        let mut song = song_of(&[(0, 100, 60), (BAR - 100, 200, 62), (2 * BAR, 100, 64)]);
        song.tempo = Arc::new(TempoMap::new(vec![
            TempoChange {
                at: Tick(0),
                tempo: Tempo::from_bpm(100.0),
            },
            TempoChange {
                at: Tick(2 * BAR),
                tempo: Tempo::from_bpm(80.0),
            },
        ]));
        song.metre = Arc::new(MetreMap::new(vec![MetreChange {
            at: Tick(2 * BAR),
            metre: Metre {
                numerator: 3,
                denominator: 4,
            },
        }]));
        let song = set_theme(&song, TrackId(1), Span::new(Tick(0), Tick(BAR)));
        paint_theme(&song, TrackId(1), 2..3)
    }

    #[test]
    fn time_is_inserted_and_erased_again() {
        let song = song();
        let wider = insert_region(&song, &Selection::all(&song), Tick(BAR), Tick(BAR));
        assert_eq!(
            shown(&wider.song),
            [
                (0, 100, 60),
                (BAR - 100, 100, 62),
                (2 * BAR, 100, 62),
                (3 * BAR, 100, 64)
            ]
        );
        assert_eq!(wider.song.tempo.changes()[1].at, Tick(3 * BAR));
        assert_eq!(wider.song.metre.changes()[1].at, Tick(3 * BAR));
        assert_eq!(
            wider.song.themes[0].span,
            Span::new(Tick(0), Tick(BAR)),
            "a region that ends at the cut keeps its length"
        );
        let back = erase_region(
            &wider.song,
            &wider.selection,
            Span::new(Tick(BAR), Tick(2 * BAR)),
        )
        .unwrap();
        assert_eq!(back.song.tempo, song.tempo);
        assert_eq!(back.song.metre, song.metre);
        assert_eq!(back.song.themes, song.themes);
        assert_eq!(shown(&back.song)[3], (2 * BAR, 100, 64));
    }

    #[test]
    fn locked_notes_stop_an_erasure() {
        let song = locked_at(&song(), 2 * BAR, 64);
        let span = Span::new(Tick(2 * BAR), Tick(3 * BAR));
        assert_eq!(
            erase_region(&song, &Selection::none(), span),
            Err(LockedNotes {
                track: "Piano".into(),
                notes: 1
            })
        );
    }
}
