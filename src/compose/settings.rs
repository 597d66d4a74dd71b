//! How to continue a theme.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::score::{Key, Song, Span, ThemeKind, Tick, Track, TrackId};

/// Bars of what stands in for a theme where none is marked: as many as the themes that the network was trained with.
const PHRASE_BARS: u32 = 2;

/// Where the theme comes back besides the painted bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Returns {
    /// Where the network likes.
    #[default]
    Free,
    /// Nowhere.
    Painted,
}

/// What keeps a continuation in hand besides the network. Its parts can be turned off, which is how their effect is measured
/// (`examples/judge_continuations`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Steering {
    /// How strongly notes outside the theme's key are held back while no scale is locked; 0: not, 0.1 by default.
    pub key: f32,
    /// How far the theme returns of itself as songs return to theirs, by the bars since it was last heard: 0: where the
    /// network likes, 1: only so, the default.
    pub returns: f32,
    /// How strongly the melody is drawn to rest, on a note of the chord, at the end of every fourth bar; 0: not, 1 by
    /// default.
    pub phrases: f32,
    /// How strongly a melody that has been silent for more than four bars is called back; 0: not, 1 by default.
    pub melody: f32,
    /// How strongly a melody that is denser than those of songs with such a theme is thinned; 0: not, 1 by default.
    #[serde(default)]
    pub density: f32,
    /// Whether the melody may not share more than 12 notes in a row with a song of the training; by default it may not. The
    /// theme itself may.
    pub memory: bool,
}

impl Default for Steering {
    fn default() -> Self {
        Self {
            key: 0.1,
            returns: 1.0,
            phrases: 1.0,
            melody: 1.0,
            density: 1.0,
            memory: true,
        }
    }
}

impl Steering {
    /// The network alone.
    pub const NONE: Self = Self {
        key: 0.0,
        returns: 0.0,
        phrases: 0.0,
        melody: 0.0,
        density: 0.0,
        memory: false,
    };

    fn none() -> Self {
        Self::NONE
    }
}

/// How to continue a theme. The music begins where the theme ends, or at a bar of its own; its bars count from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContinueSettings {
    /// Where the theme stands in the song.
    pub theme: Span,
    /// The track with its melody.
    pub track: TrackId,
    /// The track that accompanies it; `None`: found by name or role, if there is one.
    pub accompaniment: Option<TrackId>,
    /// The bar of the song, from 0, at which the music begins: what stands before it is continued, and the theme is what it
    /// returns to. By default the theme itself is continued, where it ends.
    pub from: Option<u32>,
    /// How many bars to write, by default 16, at most 128.
    pub bars: u32,
    /// Safe (below 1) to wild (above 1), outside theme regions; 0.0..=2.0, by default 0.95.
    pub temperature: f32,
    /// The same inside theme regions, by default 0.8.
    pub theme_temperature: f32,
    /// Only the likeliest tokens whose probabilities sum to this stay, by default 0.93.
    pub top_p: f32,
    /// Only that many of the likeliest tokens stay; 0: all, the default.
    pub top_k: usize,
    /// No note leaves this key.
    pub scale: Option<Key>,
    /// Bars, as ranges from the first new one, in which the theme must return.
    pub painted: Vec<Range<u32>>,
    /// Where else it may return.
    pub returns: Returns,
    /// Whether the network also writes the accompaniment, by default true.
    pub piano: bool,
    /// Whether the last bar comes to rest on a note of the tonic chord, by default true.
    pub settled: bool,
    /// The tempo in beats per minute that the network is told; by default the song's where the theme stands.
    pub tempo: Option<f64>,
    /// How literally the theme returns, 0.0..=1.0: the share of its melody that a return keeps on average; the rest, and
    /// everything else in the return, is the network's. At 1 the melody of every return is the theme's. By default 0.35.
    // What was made before returns could be held comes back as it was.
    #[serde(default)]
    pub likeness: f32,
    /// Where the melody may go, -1.0..=1.0: at 1 never below the theme's lowest note, at -1 never above its highest, between
    /// them in proportion; by default 0, anywhere.
    #[serde(default)]
    pub register: f32,
    /// What else keeps the music in hand.
    #[serde(default = "Steering::none")]
    pub steering: Steering,
}

impl Default for ContinueSettings {
    fn default() -> Self {
        Self {
            theme: Span::default(),
            track: TrackId::default(),
            accompaniment: None,
            from: None,
            bars: 16,
            temperature: 0.95,
            theme_temperature: 0.8,
            top_p: 0.93,
            top_k: 0,
            scale: None,
            painted: Vec::new(),
            returns: Returns::Free,
            piano: true,
            settled: true,
            tempo: None,
            likeness: 0.35,
            register: 0.0,
            steering: Steering::default(),
        }
    }
}

impl ContinueSettings {
    /// The model that is used.
    pub const MODEL: &str = super::model::THEME;
    /// Most bars that are written at once.
    pub const MAX_BARS: u32 = 128;

    /// The default settings for the marked theme of `song`, with the bars that are painted behind it; `None` where no
    /// theme is marked.
    pub fn of_song(song: &Song) -> Option<Self> {
        let theme = song.theme()?;
        let mut settings = Self {
            theme: theme.span,
            track: theme.track,
            ..Self::default()
        };
        settings.painted = settings.painted_in(song, settings.start(song));
        Some(settings)
    }

    /// The default settings for what follows bar `from - 1` of a melody's track: with the marked theme, else with the last
    /// phrase before as the theme, and with the bars that are painted behind it. `None` where the melody (the theme's, if one
    /// is marked) plays nothing before that bar.
    pub fn from_bar(song: &Song, track: TrackId, from: u32) -> Option<Self> {
        let marked = song.theme();
        let track = marked.map_or(track, |theme| theme.track);
        let phrase = last_phrase(song.track(track)?, song, from)?;
        let theme = marked.map_or(phrase, |theme| theme.span);
        let mut settings = Self {
            theme,
            track,
            from: Some(from),
            ..Self::default()
        };
        settings.painted = settings.painted_in(song, settings.start(song));
        Some(settings)
    }

    /// Where the continuation begins: its own bar, or the bar line at or after the theme's end.
    pub fn start(&self, song: &Song) -> Tick {
        if let Some(from) = self.from {
            return song.metre.bar_start(from);
        }
        let bar = song.metre.bar_span(self.theme.end);
        if bar.start == self.theme.end {
            bar.start
        } else {
            bar.end
        }
    }

    /// The painted bars of `song` that the continuation covers when it is placed at `at`.
    pub fn painted_in(&self, song: &Song, at: Tick) -> Vec<Range<u32>> {
        let first = song.metre.bar_at(at);
        song.themes
            .iter()
            .filter(|region| region.kind == ThemeKind::Painted && !region.span.is_empty())
            .map(|region| {
                song.metre.bar_at(region.span.start).max(first) - first
                    ..(song.metre.bar_at(region.span.end - Tick(1)) + 1).max(first) - first
            })
            .filter(|bars| !bars.is_empty())
            .collect()
    }
}

/// The two bars before bar `bar` that end with the last bar in which the track plays; fewer at the beginning of the song.
pub(crate) fn last_phrase(track: &Track, song: &Song, bar: u32) -> Option<Span> {
    let before = Span::new(Tick::ZERO, song.metre.bar_start(bar));
    let notes = track.notes_starting_in(before).iter();
    let last = notes.rev().find(|note| !note.muted)?;
    let end = song.metre.bar_at(last.start) + 1;
    Some(Span::new(
        song.metre.bar_start(end.saturating_sub(PHRASE_BARS)),
        song.metre.bar_start(end),
    ))
}

/// The first two bars in which a track plays.
pub(crate) fn first_phrase(track: &Track, song: &Song) -> Option<Span> {
    let first = track.notes().iter().find(|note| !note.muted)?;
    let bar = song.metre.bar_at(first.start);
    Some(Span::new(
        song.metre.bar_start(bar),
        song.metre.bar_start(bar + PHRASE_BARS),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Instrument, Note, Pitch, Role, ThemeRegion, Velocity};

    #[test]
    fn painted_bars_count_from_the_end_of_the_theme() {
        let region = |from: i64, to: i64, kind| ThemeRegion {
            span: Span::new(Tick(from), Tick(to)),
            track: TrackId(4),
            kind,
        };
        let song = Song {
            themes: vec![
                region(0, 3840 * 2 - 100, ThemeKind::Theme),
                region(3840, 3840 * 2, ThemeKind::Painted),
                region(3840 * 4, 3840 * 6, ThemeKind::Painted),
            ],
            ..Song::default()
        };
        let settings = ContinueSettings::of_song(&song).unwrap_or_default();
        assert_eq!(settings.start(&song), Tick(3840 * 2));
        assert_eq!(settings.painted.first(), Some(&(2..4)));
        assert_eq!(settings.painted.len(), 1);
        assert_eq!(ContinueSettings::of_song(&Song::default()), None);
    }

    #[test]
    fn without_a_theme_the_last_phrase_is_one() {
        let note = |bar: i64| {
            Note::new(
                Tick(bar * 3840),
                Tick(960),
                Pitch::MIDDLE_C,
                Velocity::DEFAULT,
            )
        };
        let track = Track::new(TrackId(1), "A", Instrument::pitched(0), Role::Melody);
        let song = Song::default().with_track(track.with_notes(vec![note(0), note(4), note(9)]));
        let at = |from| ContinueSettings::from_bar(&song, TrackId(1), from);
        let phrase = |from| at(from).map(|settings| settings.theme);
        let bars = |from: i64, to: i64| Span::new(Tick(from * 3840), Tick(to * 3840));
        assert_eq!(phrase(8), Some(bars(3, 5)));
        assert_eq!(phrase(10), Some(bars(8, 10)));
        assert_eq!(phrase(1), Some(bars(0, 1)));
        assert_eq!(phrase(0), None);
        let marked = Song {
            themes: vec![ThemeRegion {
                span: bars(4, 6),
                track: TrackId(1),
                kind: ThemeKind::Theme,
            }],
            ..song.clone()
        };
        let theme = |from| {
            ContinueSettings::from_bar(&marked, TrackId(9), from).map(|settings| settings.theme)
        };
        assert_eq!(theme(8), Some(bars(4, 6)));
        assert_eq!(
            theme(2),
            Some(bars(4, 6)),
            "before the theme, after something"
        );
        assert_eq!(theme(0), None, "there is nothing to go on from");
        assert_eq!(
            at(8).map(|settings| settings.start(&song)),
            Some(Tick(8 * 3840))
        );
    }
}
