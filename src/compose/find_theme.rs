//! The theme of a song that has none marked: the phrase that comes back most.

use super::ModelPaths;
use crate::measure::occurrences::Occurrence;
use crate::score::{Song, Span, TrackId};
use crate::tokens::clip::Voices;
use crate::train::theme_mining::{Line, Miner, MiningOptions};

/// Regions of a theme in a user's song, the theme included: a phrase that comes back once has come back.
const REGIONS: usize = 2;

/// A theme that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundTheme {
    /// Whose melody it is.
    pub track: TrackId,
    /// Where it stands: whole bars.
    pub theme: Span,
    /// Where it returns, in order, not overlapping; similarities of 0 to 1.
    pub returns: Vec<Occurrence>,
}

/// Why no theme could be looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindThemeError {
    /// There is no such track.
    #[error("the track is not in the song any more: choose another")]
    NoTrack,
    /// A network failed.
    #[error("{0}; try again, or mark the theme yourself")]
    Failed(String),
}

/// The track that a theme is looked for in: `wanted` if it is pitched and has notes, else the melody by name or role.
pub fn theme_track(song: &Song, wanted: Option<TrackId>) -> Option<TrackId> {
    let has_melody = |id: &TrackId| {
        song.track(*id).is_some_and(|track| {
            !track.instrument.drums && track.notes().iter().any(|note| !note.muted)
        })
    };
    wanted
        .filter(&has_melody)
        .or_else(|| Voices::of(song).melody.filter(&has_melody))
}

/// Looks for themes.
#[derive(Debug, Default)]
pub struct ThemeFinder {
    miner: Miner,
}

/// The name of the encoder of melodies: its folder's.
#[cfg(feature = "torch")]
const ENCODER: &str = "melody";

impl ThemeFinder {
    /// The finder that measures best among those there are: with the trained encoder, if this build has networks and it is
    /// installed. One that is there but does not load is told in the log, and done without.
    pub fn in_paths(paths: &ModelPaths) -> Self {
        #[cfg(feature = "torch")]
        match Miner::with_encoder(paths.model(ENCODER).as_deref()) {
            Ok(miner) => return Self { miner },
            Err(error) => tracing::warn!("themes are found by edit similarity: {error}"),
        }
        let _ = paths;
        Self::default()
    }

    /// The theme of a track: the phrase of two bars that comes back most. `None` where no phrase comes back.
    ///
    /// # Errors
    /// When there is no such track, or a network fails.
    pub fn find(&self, song: &Song, track: TrackId) -> Result<Option<FoundTheme>, FindThemeError> {
        let melody = song.track(track).ok_or(FindThemeError::NoTrack)?;
        let line = Line::of_track(melody, &song.metre);
        let options = MiningOptions {
            regions: REGIONS,
            ..MiningOptions::default()
        };
        let mined = (self.miner)
            .mine(&line, &options)
            .map_err(|error| FindThemeError::Failed(error.to_string()))?;
        let Some((first, returns)) = mined.as_deref().and_then(<[_]>::split_first) else {
            return Ok(None);
        };
        let span = |bars: &std::ops::Range<u32>| Span {
            start: song.metre.bar_start(bars.start),
            end: song.metre.bar_start(bars.end),
        };
        let theme = line.fragment(first.clone());
        let returns = returns.iter().map(|bars| Occurrence {
            span: span(bars),
            bars: bars.clone(),
            similarity: theme
                .similarity(&line.fragment(bars.clone()))
                .unwrap_or(0.0),
        });
        Ok(Some(FoundTheme {
            track,
            theme: span(first),
            returns: returns.collect(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Instrument, Note, Pitch, Role, Tick, Track, Velocity};

    const BAR: i64 = 3840;

    fn track(id: u32, role: Role, line: &[(i64, i32)]) -> Track {
        let notes = line.iter().map(|(at, key)| {
            Note::new(
                Tick(*at),
                Tick(240),
                Pitch::clamped(*key),
                Velocity::DEFAULT,
            )
        });
        let track = Track::new(
            TrackId(id),
            format!("track {id}"),
            Instrument::pitched(0),
            role,
        );
        track.with_notes(notes.collect())
    }

    /// A phrase at bars 1, 4 (with another last note) and nowhere else; other notes in bar 3.
    fn song() -> Song {
        let phrase = [
            (0, 60),
            (960, 64),
            (1920, 67),
            (3360, 65),
            (4320, 64),
            (6240, 62),
        ];
        let mut line: Vec<(i64, i32)> = phrase.map(|(at, key)| (at + BAR, key)).to_vec();
        line.extend([(3 * BAR, 50), (3 * BAR + 700, 58), (3 * BAR + 2200, 49)]);
        line.extend(phrase.map(|(at, key)| (at + 4 * BAR, if at == 6240 { 74 } else { key })));
        Song::default()
            .with_track(track(1, Role::Piano, &[(0, 40), (5000, 43)]))
            .with_track(track(2, Role::Melody, &line))
    }

    #[test]
    fn a_phrase_that_comes_back_once_is_a_theme() {
        let found = ThemeFinder::default()
            .find(&song(), TrackId(2))
            .unwrap()
            .unwrap();
        assert_eq!(found.theme, Span::new(Tick(BAR), Tick(3 * BAR)));
        let [only] = &found.returns[..] else {
            panic!("{:?}", found.returns)
        };
        assert_eq!((only.bars.clone(), only.similarity), (4..6, 0.8));
        assert_eq!(only.span, Span::new(Tick(4 * BAR), Tick(6 * BAR)));
        assert_eq!(ThemeFinder::default().find(&song(), TrackId(1)), Ok(None));
        let gone = ThemeFinder::default().find(&song(), TrackId(9));
        assert_eq!(gone, Err(FindThemeError::NoTrack));
    }

    #[test]
    fn the_melody_is_looked_through_unless_another_is_wanted() {
        let song = song();
        assert_eq!(theme_track(&song, None), Some(TrackId(2)));
        assert_eq!(theme_track(&song, Some(TrackId(1))), Some(TrackId(1)));
        assert_eq!(theme_track(&song, Some(TrackId(7))), Some(TrackId(2)));
        let mut silent = song.clone();
        silent.tracks.truncate(1);
        let drums = Track::new(TrackId(4), "kit", Instrument::DRUMS, Role::Drums);
        let silent = silent.with_track(drums);
        assert_eq!(theme_track(&silent, Some(TrackId(4))), Some(TrackId(1)));
        assert_eq!(theme_track(&Song::default(), None), None);
    }
}
