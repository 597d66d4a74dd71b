//! From a request to judged candidates.

use std::sync::Arc;

use super::InfillSettings;
use super::error::InfillError;
use super::likelihood::{Judged, nats};
use super::measures::{Surprise, measures};
use super::surroundings::Surroundings;
use crate::compose::continue_theme::Continued;
use crate::compose::lead::{clip_track, with_kept};
use crate::compose::model::ThemeModel;
use crate::compose::{
    Candidate, NEARLY_THE_SAME, PlacedTrack, Weights, continuation, likeness, lineage, rank,
};
use crate::score::{Lineage, Song, Span, ThemeKind, ThemeRegion};
use crate::tokens::clip::Clip;
use crate::tokens::theme_vocab::Voice;

/// Bars inside a song that are to be written.
pub(crate) struct Infilling<'a> {
    pub(crate) model: &'a dyn ThemeModel,
    pub(crate) song: &'a Song,
    pub(crate) settings: &'a InfillSettings,
    pub(crate) seed: u64,
    /// How many are drawn; the same notes need the same number.
    pub(crate) draws: u32,
    /// How many of them are kept.
    pub(crate) candidates: u32,
    pub(crate) is_cancelled: &'a dyn Fn() -> bool,
    /// Takes drafts, and the number of bars that they will have.
    pub(crate) report: &'a dyn Fn(Candidate, u32),
}

/// Most that are drawn at once.
pub(crate) const MOST_DRAWS: u32 = 64;

impl Infilling<'_> {
    /// Draws, judges by what stands behind, and keeps the best that differ.
    pub(crate) fn write(&self) -> Result<Continued, InfillError> {
        let around = Surroundings::of(self.song, self.settings)?;
        let mut report = |progress: &continuation::Progress<'_>| {
            // The first ones stand for all while they are written.
            if progress.candidate < self.candidates {
                let mut draft = self.candidate(progress.candidate, progress.clip, &around);
                draft.lineage = Arc::new(lineage::stopped(&draft.lineage, progress.bars_done));
                (self.report)(draft, around.bars());
            }
        };
        let written = continuation::write(
            self.model,
            continuation::Opening {
                theme: &around.theme,
                before: &around.lead,
            },
            &around.continuation(self.settings),
            self.seed,
            self.draws.min(MOST_DRAWS),
            self.is_cancelled,
            &mut report,
        )?;
        let judged = self.judge(&around, &written.clips)?;
        let mut all: Vec<Candidate> = Vec::with_capacity(written.clips.len());
        for (place, (index, clip)) in written.clips.iter().enumerate() {
            let mut candidate = self.candidate(*index, clip, &around);
            let scale = self.settings.scale;
            candidate.measures = measures(&around, clip, place, judged.as_ref(), scale);
            candidate.score = Weights::default().score(&candidate.measures);
            all.push(candidate);
        }
        rank::sort(&mut all);
        Ok(Continued {
            candidates: different(all, self.candidates as usize),
            complete: written.complete,
            tokens: written.tokens,
        })
    }

    /// What the network makes of the bars behind, after each of the clips. `None` where there are none to be judged by.
    fn judge(
        &self,
        around: &Surroundings,
        clips: &[(u32, Clip)],
    ) -> Result<Option<Surprise>, InfillError> {
        if clips.is_empty() {
            return Ok(None);
        }
        let mut sequences: Vec<Judged> = clips.iter().map(|(_, clip)| around.with(clip)).collect();
        let was_there = !around.now.notes.is_empty();
        if was_there {
            sequences.push(around.with(&around.now));
        }
        let nats = nats(
            self.model,
            &around.theme.source(),
            &sequences,
            self.settings.scale,
        )?;
        Ok(nats.and_then(|mut nats| {
            let before = was_there.then(|| nats.pop()).flatten();
            Surprise::of(nats, before)
        }))
    }

    fn candidate(&self, index: u32, clip: &Clip, around: &Surroundings) -> Candidate {
        let tempo = self.song.tempo.tempo_at(around.span.start);
        let mut song = with_kept(clip, &around.kept, tempo);
        song.themes = regions(self.song, &song, around);
        let voices = [
            (Voice::Melody, around.voices.melody, around.written.melody()),
            (Voice::Piano, around.voices.piano, around.written.piano()),
        ];
        let tracks = voices
            .iter()
            .filter(|(_, into, is_written)| *is_written && into.is_some())
            .map(|(voice, into, _)| PlacedTrack {
                from: clip_track(*voice),
                into: *into,
                bars: 0..clip.bars,
            })
            .collect();
        Candidate {
            index,
            clip: Arc::new(song),
            bars: clip.bars,
            at: around.span.start,
            tracks,
            keeps: (voices.iter())
                .filter(|(_, _, is_written)| !is_written)
                .filter_map(|(_, track, _)| *track)
                .collect(),
            stages: Vec::new(),
            lineage: Arc::new(self.lineage(index, around)),
            measures: Vec::new(),
            score: 0.0,
        }
    }

    /// Its parent is what wrote the bars before, if a network did.
    fn lineage(&self, index: u32, around: &Surroundings) -> Lineage {
        let mut settings = lineage::fields(self.settings);
        settings.insert(lineage::BATCH.to_owned(), self.draws.to_string());
        let info = self.model.info();
        let parent = (self.song.origins.iter().rev())
            .find(|origin| {
                origin.span.overlaps(around.span)
                    && origin.lineage.kind != lineage::INFILL
                    && (around.voices.melody.iter().chain(&around.voices.piano))
                        .any(|track| origin.tracks.contains(track))
            })
            .map(|origin| Box::new((*origin.lineage).clone()));
        Lineage {
            kind: lineage::INFILL.to_owned(),
            model: info.name.clone(),
            checkpoint: info.checkpoint.clone(),
            seed: self.seed,
            candidate: index,
            settings,
            parent,
        }
    }
}

/// The theme regions of a clip: its own, and what is left outside the bars of returns that reached into them.
fn regions(song: &Song, clip: &Song, around: &Surroundings) -> Vec<ThemeRegion> {
    let (at, end) = (around.span.start, around.span.end);
    let reached = song.themes.iter().filter(|region| {
        region.kind == ThemeKind::Return
            && Some(region.track) == around.voices.melody
            && region.span.overlaps(around.span)
    });
    let left = reached.flat_map(|region| {
        [
            (region.span.start, region.span.end.min(at)),
            (region.span.start.max(end), region.span.end),
        ]
        .into_iter()
        .filter(|(from, to)| from < to)
        .map(|(from, to)| ThemeRegion {
            span: Span::new(from - at, to - at),
            track: clip_track(Voice::Melody),
            ..*region
        })
    });
    let length = end - at;
    let own = clip
        .themes
        .iter()
        .filter(|region| region.span.start < length);
    left.chain(own.copied()).collect()
}

/// The best ones of a ranked list that are not nearly the same as a better one; such ones only where there are too few others.
fn different(ranked: Vec<Candidate>, most: usize) -> Vec<Candidate> {
    let (mut chosen, mut alike): (Vec<Candidate>, Vec<Candidate>) = (Vec::new(), Vec::new());
    for candidate in ranked {
        let is_alike = |other: &Candidate| {
            likeness(&other.clip, &candidate.clip).is_some_and(|share| share >= NEARLY_THE_SAME)
        };
        if chosen.iter().any(is_alike) {
            alike.push(candidate);
        } else {
            chosen.push(candidate);
        }
    }
    chosen.extend(alike);
    chosen.truncate(most);
    rank::sort(&mut chosen);
    chosen
}
