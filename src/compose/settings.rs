//! How to continue a theme.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::score::{Key, Song, Span, ThemeKind, Tick, TrackId};

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

/// How to continue a theme. The music begins where the theme ends; its bars count from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContinueSettings {
    /// Where the theme stands in the song.
    pub theme: Span,
    /// The track with its melody.
    pub track: TrackId,
    /// The track that accompanies it; `None`: found by name or role, if there is one.
    pub accompaniment: Option<TrackId>,
    /// How many bars to write, by default 16, at most 128.
    pub bars: u32,
    /// Safe (below 1) to wild (above 1), outside theme regions; 0.0..=2.0, by default 0.95.
    pub temperature: f32,
    /// The same inside theme regions, by default 0.5.
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
}

impl Default for ContinueSettings {
    fn default() -> Self {
        Self {
            theme: Span::default(),
            track: TrackId::default(),
            accompaniment: None,
            bars: 16,
            temperature: 0.95,
            theme_temperature: 0.5,
            top_p: 0.93,
            top_k: 0,
            scale: None,
            painted: Vec::new(),
            returns: Returns::Free,
            piano: true,
            settled: true,
            tempo: None,
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

    /// Where the continuation begins: the bar line at or after the theme's end.
    pub fn start(&self, song: &Song) -> Tick {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::ThemeRegion;

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
}
