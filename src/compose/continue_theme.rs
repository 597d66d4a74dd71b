//! Continuing a theme of a song: from settings to judged candidates.

use std::sync::Arc;

use super::model::ThemeModel;
use super::{Candidate, ContinueSettings, PlacedTrack, Theme, continuation, lineage, rank};
use crate::score::{Lineage, Song, Tempo, TrackId};
use crate::tokens::clip::Clip;

/// A theme to be continued.
pub(crate) struct Continuing<'a> {
    pub(crate) model: &'a dyn ThemeModel,
    pub(crate) song: &'a Song,
    pub(crate) settings: &'a ContinueSettings,
    pub(crate) seed: u64,
    pub(crate) candidates: u32,
    /// What wrote the theme, if that is not to be found in the song.
    pub(crate) parent: Option<Lineage>,
    pub(crate) is_cancelled: &'a dyn Fn() -> bool,
    /// Takes sentences for the user.
    pub(crate) remark: &'a dyn Fn(&str),
    /// Takes drafts, and the number of bars that they will have.
    pub(crate) report: &'a dyn Fn(Candidate, u32),
}

/// What came of it.
pub(crate) struct Continued {
    /// Those that are complete, the best first.
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) complete: bool,
    pub(crate) tokens: u64,
}

impl Continuing<'_> {
    /// Writes the candidates.
    pub(crate) fn write(&self) -> Result<Continued, String> {
        let theme = Theme::of(self.song, self.settings).map_err(|error| error.to_string())?;
        for message in &theme.remarks {
            (self.remark)(message);
        }
        let mut report = |progress: &continuation::Progress<'_>| {
            let mut draft = self.candidate(progress.candidate, progress.clip, &theme);
            draft.lineage = Arc::new(lineage::stopped(&draft.lineage, progress.bars_done));
            (self.report)(draft, self.settings.bars);
        };
        let written = continuation::write(
            self.model,
            &theme,
            self.settings,
            self.seed,
            self.candidates,
            self.is_cancelled,
            &mut report,
        )
        .map_err(|error| error.to_string())?;
        let judged = |(index, clip): &(u32, Clip)| {
            let mut candidate = self.candidate(*index, clip, &theme);
            let scale = self.settings.scale;
            candidate.measures = rank::measures(&candidate.clip, clip.bars, &theme, scale);
            candidate.score = rank::score(&candidate.measures);
            candidate
        };
        let mut candidates: Vec<Candidate> = written.clips.iter().map(judged).collect();
        rank::sort(&mut candidates);
        Ok(Continued {
            candidates,
            complete: written.complete,
            tokens: written.tokens,
        })
    }

    fn candidate(&self, index: u32, clip: &Clip, theme: &Theme) -> Candidate {
        let tempo = self.settings.tempo.map_or_else(
            || self.song.tempo.tempo_at(self.settings.theme.start),
            Tempo::from_bpm,
        );
        let mut lineage = lineage::of_continuation(
            self.song,
            self.settings,
            self.model.info(),
            self.seed,
            index,
            self.candidates,
        );
        if let Some(parent) = &self.parent {
            lineage.parent = Some(Box::new(parent.clone()));
        }
        Candidate {
            index,
            clip: Arc::new(clip.to_song(tempo)),
            bars: clip.bars,
            at: self.settings.start(self.song),
            tracks: [(1, Some(theme.melody)), (2, theme.piano)]
                .map(|(from, into)| PlacedTrack {
                    from: TrackId(from),
                    into,
                    bars: 0..clip.bars,
                })
                .into(),
            keeps: Vec::new(),
            stages: Vec::new(),
            lineage: Arc::new(lineage),
            measures: Vec::new(),
            score: 0.0,
        }
    }
}
