//! Continuing a theme of a song: from settings to judged candidates.

use std::sync::Arc;

use super::lead::{Kept, Lead, kept, with_kept};
use super::model::ThemeModel;
use super::{Candidate, ContinueSettings, PlacedTrack, Theme, continuation, lineage, rank};
use crate::score::{Lineage, Song, Span, Tempo, TrackId};
use crate::tokens::clip::{Clip, Voices, bar_ticks};

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
        let voices = Voices {
            melody: Some(theme.melody),
            bridge: None,
            piano: theme.piano,
        };
        let locked = self.locked(voices);
        let before = self.before(&theme, voices, &locked);
        let mut report = |progress: &continuation::Progress<'_>| {
            let mut draft = self.candidate(progress.candidate, progress.clip, &theme, &locked);
            draft.lineage = Arc::new(lineage::stopped(&draft.lineage, progress.bars_done));
            (self.report)(draft, self.settings.bars);
        };
        let written = continuation::write(
            self.model,
            continuation::Opening {
                theme: &theme,
                before: &before,
            },
            self.settings,
            self.seed,
            self.candidates,
            self.is_cancelled,
            &mut report,
        )
        .map_err(|error| error.to_string())?;
        let judged = |(index, clip): &(u32, Clip)| {
            let mut candidate = self.candidate(*index, clip, &theme, &locked);
            let scale = self.settings.scale;
            candidate.measures = rank::measures(&candidate.clip, clip.bars, &theme, scale);
            candidate
                .measures
                .extend(rank::borrowed(&candidate.clip, self.model.memory()));
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

    /// The locked notes of the bars that are written.
    fn locked(&self, voices: Voices) -> Kept {
        let at = self.settings.start(self.song);
        let span = Span::new(at, at + bar_ticks() * i64::from(self.settings.bars));
        kept(self.song, voices, span, |_, note| note.locked)
    }

    /// What the new music follows: the theme, or the bars before it where something sounds there.
    fn before(&self, theme: &Theme, voices: Voices, locked: &Kept) -> Lead {
        let piano = self.settings.piano;
        let bars = |from| Lead::before(self.song, voices, from, piano);
        let mut before =
            (self.settings.from.and_then(bars)).unwrap_or_else(|| Lead::theme(theme, piano));
        before.keep(locked);
        before
    }

    fn candidate(&self, index: u32, clip: &Clip, theme: &Theme, locked: &Kept) -> Candidate {
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
            clip: Arc::new(with_kept(clip, locked, tempo)),
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
