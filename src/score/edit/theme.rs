//! Marking the theme, and painting where it must return.

use std::ops::Range;

use crate::score::{Selection, Song, Span, ThemeKind, ThemeRegion, TrackId};

/// What [`theme_from_selection`] would mark: the whole bars of the selected notes of the track that holds most of them;
/// `None` without notes.
pub fn theme_span(song: &Song, selection: &Selection) -> Option<(TrackId, Span)> {
    let track = selection
        .tracks()
        .into_iter()
        .map(|track| (selection.of_track(track).count(), track))
        .max_by_key(|(count, track)| (*count, std::cmp::Reverse(*track)))?
        .1;
    let chosen: Selection = selection.of_track(track).collect();
    let notes = chosen.span(song)?;
    // The onset of the last note says which bar is the last: a note held over the bar line does not add a bar.
    let last = chosen.notes(song).map(|(_, note)| note.start).max()?;
    let span = Span {
        start: song.metre.bar_span(notes.start).start,
        end: song.metre.bar_span(last).end,
    };
    Some((track, span))
}

/// Marks the bars of the selected notes as the theme. `None` if no note is selected.
pub fn theme_from_selection(song: &Song, selection: &Selection) -> Option<Song> {
    let (track, span) = theme_span(song, selection)?;
    Some(set_theme(song, track, span))
}

/// Marks a stretch of a track as the theme in place of any other. Painted bars that it covers are no longer painted.
#[must_use]
pub fn set_theme(song: &Song, track: TrackId, span: Span) -> Song {
    let mut song = clear_theme(song);
    song.themes = without(&song.themes, span, |region| {
        region.track == track && region.kind != ThemeKind::Theme
    });
    song.themes.push(ThemeRegion {
        span,
        track,
        kind: ThemeKind::Theme,
    });
    ordered(&mut song.themes);
    song
}

/// Marks a theme that was found with its returns, in place of any other theme and of the labelled returns of that track. Painted
/// bars stay, but for those that the theme covers.
#[must_use]
pub fn set_found_theme(song: &Song, track: TrackId, theme: Span, returns: &[Span]) -> Song {
    let mut song = set_theme(song, track, theme);
    song.themes
        .retain(|region| region.kind != ThemeKind::Return || region.track != track);
    song.themes.extend(returns.iter().map(|span| ThemeRegion {
        span: *span,
        track,
        kind: ThemeKind::Return,
    }));
    ordered(&mut song.themes);
    song
}

/// Takes the mark of the theme away; the notes stay.
#[must_use]
pub fn clear_theme(song: &Song) -> Song {
    let mut song = song.clone();
    song.themes.retain(|region| region.kind != ThemeKind::Theme);
    song
}

/// Paints bars (from 0) of a track for the return of the theme. Neighbouring painted bars become one region.
#[must_use]
pub fn paint_theme(song: &Song, track: TrackId, bars: Range<u32>) -> Song {
    let mut song = unpaint_theme(song, track, bars.clone());
    let mut span = bars_span(&song, bars);
    if span.is_empty() {
        return song;
    }
    song.themes.retain(|region| {
        let joins = region.kind == ThemeKind::Painted
            && region.track == track
            && (region.span.end == span.start || region.span.start == span.end);
        if joins {
            span = Span {
                start: span.start.min(region.span.start),
                end: span.end.max(region.span.end),
            };
        }
        !joins
    });
    song.themes.push(ThemeRegion {
        span,
        track,
        kind: ThemeKind::Painted,
    });
    ordered(&mut song.themes);
    song
}

/// Takes the paint off bars (from 0) of a track.
#[must_use]
pub fn unpaint_theme(song: &Song, track: TrackId, bars: Range<u32>) -> Song {
    let mut song = song.clone();
    let span = bars_span(&song, bars);
    song.themes = without(&song.themes, span, |region| {
        region.track == track && region.kind == ThemeKind::Painted
    });
    ordered(&mut song.themes);
    song
}

fn bars_span(song: &Song, bars: Range<u32>) -> Span {
    Span {
        start: song.metre.bar_start(bars.start),
        end: song.metre.bar_start(bars.end),
    }
}

/// The regions with `span` cut out of those that are `meant`.
fn without(
    regions: &[ThemeRegion],
    span: Span,
    meant: impl Fn(&ThemeRegion) -> bool,
) -> Vec<ThemeRegion> {
    let mut left = Vec::with_capacity(regions.len() + 1);
    for region in regions {
        if !meant(region) || !region.span.overlaps(span) {
            left.push(*region);
            continue;
        }
        for (start, end) in [(region.span.start, span.start), (span.end, region.span.end)] {
            if start < end {
                left.push(ThemeRegion {
                    span: Span { start, end },
                    ..*region
                });
            }
        }
    }
    left
}

fn ordered(regions: &mut [ThemeRegion]) {
    regions.sort_by_key(|region| (region.span.start, region.track, region.span.end));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::testing::song_of;
    use super::*;
    use crate::score::Tick;

    const BAR: i64 = 3840;

    fn painted(song: &Song) -> Vec<(i64, i64)> {
        song.themes
            .iter()
            .filter(|region| region.kind == ThemeKind::Painted)
            .map(|region| (region.span.start.0 / BAR, region.span.end.0 / BAR))
            .collect()
    }

    #[test]
    fn a_theme_fills_whole_bars() {
        let song = song_of(&[(BAR + 100, 50, 60), (2 * BAR + 3000, 2000, 62)]);
        let marked = theme_from_selection(&song, &Selection::all(&song)).unwrap();
        let theme = marked.theme().unwrap();
        assert_eq!(theme.span, Span::new(Tick(BAR), Tick(3 * BAR)));
        assert_eq!(theme_from_selection(&song, &Selection::none()), None);
        let moved = set_theme(&marked, TrackId(1), Span::new(Tick(0), Tick(BAR)));
        assert_eq!(moved.themes.len(), 1);
        assert!(clear_theme(&moved).themes.is_empty());
    }

    #[test]
    fn bars_are_painted_and_wiped() {
        let song = song_of(&[(0, 100, 60)]);
        let song = paint_theme(&song, TrackId(1), 4..6);
        let song = paint_theme(&song, TrackId(1), 6..8);
        assert_eq!(painted(&song), [(4, 8)]);
        let song = unpaint_theme(&song, TrackId(1), 5..6);
        assert_eq!(painted(&song), [(4, 5), (6, 8)]);
        let song = set_theme(&song, TrackId(1), Span::new(Tick(0), Tick(5 * BAR)));
        assert_eq!(painted(&song), [(6, 8)]);
    }

    #[test]
    fn a_found_theme_takes_the_place_of_labels_but_not_of_paint() {
        let bars = |first: i64, end: i64| Span::new(Tick(first * BAR), Tick(end * BAR));
        let song = song_of(&[(0, 100, 60)]);
        let song = paint_theme(&song, TrackId(1), 10..12);
        let song = set_found_theme(&song, TrackId(1), bars(0, 2), &[bars(4, 6)]);
        let song = set_found_theme(&song, TrackId(1), bars(1, 3), &[bars(8, 10), bars(5, 7)]);
        let shown: Vec<(ThemeKind, Span)> = (song.themes.iter())
            .map(|region| (region.kind, region.span))
            .collect();
        let expected = [
            (ThemeKind::Theme, bars(1, 3)),
            (ThemeKind::Return, bars(5, 7)),
            (ThemeKind::Return, bars(8, 10)),
            (ThemeKind::Painted, bars(10, 12)),
        ];
        assert_eq!(shown, expected);
    }
}
