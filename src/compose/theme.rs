//! A theme as the network takes it.

use super::ContinueSettings;
use crate::score::{Key, Metre, Song, Span, Tick, TrackId};
use crate::tokens::clip::{Clip, Voices};
use crate::tokens::theme::encode_source;
use crate::tokens::theme_vocab::{Id, Voice, nearest_tempo};

/// Most bars of a theme that the network takes in.
pub const MAX_THEME_BARS: u32 = 4;

/// Why a stretch of a song is no theme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThemeError {
    /// There is no such track.
    #[error("the theme's track is not in the song any more: mark the theme again")]
    NoTrack,
    /// The melody has no note there.
    #[error(
        "the theme has no audible notes: draw a few notes in its bars, or mark another stretch"
    )]
    Empty,
    /// The metre is not 4/4.
    #[error("the theme is in {0}, but the network knows 4/4 only: mark a stretch in 4/4")]
    Metre(String),
}

/// A theme as the network takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// Its notes, moved to bar 0.
    pub clip: Clip,
    /// The melody's track in the song.
    pub melody: TrackId,
    /// The accompaniment's track in the song.
    pub piano: Option<TrackId>,
    /// The tempo told to the network, of a tempo token.
    pub bpm: u8,
    /// The key of its notes, if one can be told.
    pub key: Option<Key>,
    /// What was left out of it, in sentences.
    pub remarks: Vec<String>,
}

impl Theme {
    /// Takes the theme out of a song: the audible notes of its melody and accompaniment that begin inside its span,
    /// floored to sixteenths, with the bars around them. Longer themes are cut to [`MAX_THEME_BARS`], which is remarked.
    ///
    /// # Errors
    /// When the track is gone, the metre is not 4/4, or there are no notes.
    pub fn of(song: &Song, settings: &ContinueSettings) -> Result<Self, ThemeError> {
        let melody = song.track(settings.track).ok_or(ThemeError::NoTrack)?;
        let span = settings.theme;
        let first = melody
            .notes_starting_in(span)
            .iter()
            .find(|note| !note.muted)
            .ok_or(ThemeError::Empty)?;
        // Bars before the first note say nothing: a theme that begins late in its span is moved up to its bar.
        let bar = song.metre.bar_span(first.start);
        let mut remarks = Vec::new();
        let mut end = span.end;
        let metre = song.metre.metre_at(bar.start);
        let changes = song.metre.changes();
        let change = changes.iter().find(|change| {
            change.at > bar.start && change.at < end && change.metre.bar() != Metre::COMMON.bar()
        });
        if metre.bar() != Metre::COMMON.bar() {
            return Err(ThemeError::Metre(format!(
                "{}/{}",
                metre.numerator, metre.denominator
            )));
        }
        if let Some(change) = change {
            remarks.push(format!(
                "The metre changes to {}/{} inside the theme: only what stands before is used.",
                change.metre.numerator, change.metre.denominator
            ));
            end = change.at;
        }
        let most = bar.start + Metre::COMMON.bar() * i64::from(MAX_THEME_BARS);
        if end > most {
            remarks.push(format!(
                "The theme is longer than {MAX_THEME_BARS} bars: its first {MAX_THEME_BARS} bars are used."
            ));
            end = most;
        }
        let found = Voices::of(song);
        let piano = settings
            .accompaniment
            .or(found.piano)
            .filter(|id| *id != settings.track);
        let voices = Voices {
            melody: Some(settings.track),
            bridge: None,
            piano,
        };
        let mut clip = Clip::from_song(
            song,
            voices,
            Span {
                start: bar.start,
                end,
            },
        );
        // Notes of the accompaniment before the marked stretch belong to what was before.
        let offset = ((span.start - bar.start).max(Tick::ZERO)).0 / Tick::SIXTEENTH.0;
        clip.notes
            .retain(|note| i64::from(note.step) >= offset || note.voice == Voice::Melody);
        let last = clip.notes.iter().map(|note| note.step).max().unwrap_or(0);
        clip.bars = last / crate::tokens::theme_vocab::STEPS_PER_BAR + 1;
        let bpm = settings
            .tempo
            .unwrap_or_else(|| song.tempo.tempo_at(bar.start).bpm());
        let notes = [Some(settings.track), piano]
            .into_iter()
            .flatten()
            .filter_map(|id| song.track(id))
            .flat_map(|track| {
                track.notes_starting_in(Span {
                    start: bar.start,
                    end,
                })
            });
        Ok(Self {
            clip,
            melody: settings.track,
            piano,
            bpm: nearest_tempo(bpm),
            key: song.key.or_else(|| Key::detect(notes)),
            remarks,
        })
    }

    /// The source tokens: Theme_Start, the notes, Theme_End.
    pub fn source(&self) -> Vec<Id> {
        encode_source(&self.clip)
    }

    /// Whether it has no accompaniment.
    pub fn is_melody_only(&self) -> bool {
        self.clip
            .notes
            .iter()
            .all(|note| note.voice == Voice::Melody)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::score::{Instrument, MetreMap, Note, Pitch, Role, Track, Velocity};

    fn song(onsets: &[i64]) -> Song {
        let notes = onsets
            .iter()
            .map(|at| Note::new(Tick(*at), Tick(480), Pitch::MIDDLE_C, Velocity::DEFAULT))
            .collect();
        Song::default().with_track(
            Track::new(TrackId(1), "Lead", Instrument::pitched(0), Role::Melody).with_notes(notes),
        )
    }

    fn settings(from: i64, to: i64) -> ContinueSettings {
        ContinueSettings {
            theme: Span::new(Tick(from), Tick(to)),
            track: TrackId(1),
            ..ContinueSettings::default()
        }
    }

    #[test]
    fn a_theme_is_moved_to_its_first_bar() {
        let song = song(&[960, 3840 * 3 + 240, 3840 * 4]);
        let theme = Theme::of(&song, &settings(3840, 3840 * 6)).unwrap();
        let steps: Vec<u32> = theme.clip.notes.iter().map(|note| note.step).collect();
        assert_eq!((theme.clip.bars, steps), (2, vec![1, 16]));
        assert!(theme.remarks.is_empty() && theme.is_melody_only());
        assert_eq!(theme.bpm, 119);
        assert_eq!(theme.source().len(), 2 + 2 + 2 * 4);
    }

    #[test]
    fn long_themes_are_cut_and_told() {
        let onsets: Vec<i64> = (0..8).map(|bar| bar * 3840).collect();
        let theme = Theme::of(&song(&onsets), &settings(0, 8 * 3840)).unwrap();
        assert_eq!((theme.clip.bars, theme.clip.notes.len()), (4, 4));
        assert_eq!(theme.remarks.len(), 1);
    }

    #[test]
    fn what_is_no_theme_is_said() {
        let song = song(&[0]);
        let error =
            |song: &Song, settings: &ContinueSettings| Theme::of(song, settings).unwrap_err();
        assert_eq!(error(&song, &settings(960, 3840)), ThemeError::Empty);
        let mut other = settings(0, 3840);
        other.track = TrackId(9);
        assert_eq!(error(&song, &other), ThemeError::NoTrack);
        let waltz = Song {
            metre: MetreMap::constant(Metre::new(3, 4).unwrap()).into(),
            ..song
        };
        assert_eq!(
            error(&waltz, &settings(0, 3840)),
            ThemeError::Metre("3/4".into())
        );
    }
}
