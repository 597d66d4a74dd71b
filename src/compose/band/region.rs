//! Stretches of a song as a band sees them.

use std::ops::Range;

use super::BandError;
use crate::score::{Metre, Note, Role, Song, Span, Tick, Track};
use crate::tokens::part::Part;

/// The part of a band that a track is: by its role, and a melody by its instrument. `None` for sound effects.
pub fn part_of(track: &Track) -> Option<Part> {
    if track.instrument.drums {
        return Some(Part::Drums);
    }
    match track.role {
        Role::Drums => Some(Part::Drums),
        Role::Piano => Some(Part::Piano),
        Role::Guitar => Some(Part::Guitar),
        Role::Bass => Some(Part::Bass),
        Role::Strings => Some(Part::Strings),
        Role::Melody => Part::of(track.instrument),
    }
}

/// The ticks of bars of a song, if each is a whole bar of 4/4.
pub(crate) fn span_of(song: &Song, bars: &Range<u32>) -> Result<Span, BandError> {
    if bars.is_empty() {
        return Err(BandError::NoBars);
    }
    for bar in bars.clone() {
        let start = song.metre.bar_start(bar);
        if song.metre.bar_start(bar + 1) - start != Metre::COMMON.bar() {
            let metre = song.metre.metre_at(start);
            return Err(BandError::Metre {
                bar: bar + 1,
                metre: format!("{}/{}", metre.numerator, metre.denominator),
            });
        }
    }
    Ok(Span::new(
        song.metre.bar_start(bars.start),
        song.metre.bar_start(bars.end),
    ))
}

/// The notes of `track` that begin in `span`, from tick 0.
pub(crate) fn notes_in(track: &Track, span: Span) -> Vec<Note> {
    let moved = |note: &Note| Note {
        start: note.start - span.start,
        ..*note
    };
    track.notes_starting_in(span).iter().map(moved).collect()
}

/// The bar line at or before `at`.
pub(crate) fn bar_line(song: &Song, at: Tick) -> Tick {
    song.metre.bar_start(song.metre.bar_at(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Instrument, MetreChange, MetreMap, TrackId};

    #[test]
    fn tracks_are_parts_by_role_and_melodies_by_instrument() {
        let part = |program, role| {
            part_of(&Track::new(
                TrackId(1),
                "t",
                Instrument::pitched(program),
                role,
            ))
        };
        assert_eq!(part(0, Role::Strings), Some(Part::Strings));
        assert_eq!(part(0, Role::Melody), Some(Part::Piano));
        assert_eq!(part(73, Role::Melody), Some(Part::Strings));
        assert_eq!(part(125, Role::Melody), None);
        let drums = Track::new(TrackId(1), "t", Instrument::DRUMS, Role::Melody);
        assert_eq!(part_of(&drums), Some(Part::Drums));
    }

    #[test]
    fn other_metres_are_named_with_their_bar() {
        let mut song = Song::default();
        assert_eq!(
            span_of(&song, &(1..3)),
            Ok(Span::new(Tick(3840), Tick(11_520)))
        );
        song.metre = MetreMap::new(vec![MetreChange {
            at: Tick(7680),
            metre: Metre::new(3, 4).unwrap(),
        }])
        .into();
        let error = span_of(&song, &(1..3)).unwrap_err().to_string();
        assert!(error.contains("bar 3 is in 3/4"), "{error}");
        assert_eq!(span_of(&song, &(2..2)), Err(BandError::NoBars));
    }
}
