//! Some bars, some parts, or some bars of some parts once more; the rest stays, to the note.

use std::ops::Range;
use std::sync::Arc;

use super::recipe::{Cells, Recipe, Reroll, candidate_seed};
use super::region::{notes_in, part_of, span_of};
use super::seed::in_order;
use super::session::{Done, Session};
use super::{AccompanySettings, BandError, VarySettings, accompany, measures, write};
use crate::compose::place::written_into;
use crate::compose::{Candidate, PlacedTrack, lineage};
use crate::score::{ClipOrigin, Lineage, Song, Span, Tick, Track, TrackId};
use crate::tokens::clip::bar_ticks;
use crate::tokens::part::Part;

/// What a re-roll's lineage is called.
pub(crate) const KIND: &str = "vary";

/// A clip of a band that stands in a song.
pub(crate) struct Standing<'a> {
    origin: &'a ClipOrigin,
    recipe: Recipe,
    rerolls: Vec<Reroll>,
    /// The clip's bars in the song.
    bars: Range<u32>,
}

impl<'a> Standing<'a> {
    /// The clip that the first of `bars` lies in, the last one written of several. `None` where no band's model wrote there.
    pub(crate) fn at(song: &'a Song, bars: &Range<u32>) -> Result<Option<Self>, BandError> {
        let start = song.metre.bar_start(bars.start);
        let found = (song.origins.iter().rev())
            .filter(|origin| origin.span.contains(start))
            .find_map(|origin| Some((origin, lineage::recipe_of(&origin.lineage).ok()?)));
        let Some((origin, (recipe, rerolls))) = found else {
            return Ok(None);
        };
        let first = song.metre.bar_at(origin.span.start);
        let last = song.metre.bar_at(origin.span.end - Tick(1));
        let clip = first..last + 1;
        if clip.len() != recipe.bars as usize || origin.span.start != song.metre.bar_start(first) {
            return Err(BandError::Resized);
        }
        if bars.end > clip.end {
            return Err(BandError::BeyondClip {
                first: first + 1,
                last: clip.end,
            });
        }
        Ok(Some(Self {
            origin,
            recipe,
            rerolls,
            bars: clip,
        }))
    }

    /// The model that wrote the clip.
    pub(crate) fn model(&self) -> &str {
        &root(self.lineage()).model
    }

    /// How the clip came to be.
    pub(crate) fn lineage(&self) -> &Lineage {
        &self.origin.lineage
    }

    /// The track that plays a part.
    fn track<'s>(&self, song: &'s Song, part: Part) -> Option<&'s Arc<Track>> {
        (self.origin.tracks.iter())
            .filter_map(|id| song.track(*id))
            .find(|track| part_of(track) == Some(part))
    }
}

/// What wrote a clip first.
pub(crate) fn root(lineage: &Lineage) -> &Lineage {
    match &lineage.parent {
        Some(parent) if lineage.kind == KIND => parent,
        _ => lineage,
    }
}

/// Writes cells of a clip again, the best first.
pub(crate) fn write(
    session: &Session<'_>,
    settings: &VarySettings,
    standing: &Standing<'_>,
) -> Result<Done, BandError> {
    span_of(session.song, &settings.bars)?;
    let span = span_of(session.song, &standing.bars)?;
    let cells = cells(session, settings, standing)?;
    let mut candidates = Vec::new();
    for index in 0..session.candidates.clamp(1, 64) {
        if (session.is_cancelled)() {
            break;
        }
        let reroll = Reroll {
            cells: cells.clone(),
            seed: candidate_seed(session.seed, index),
            change: settings.change,
        };
        let mut rerolls = standing.rerolls.clone();
        rerolls.push(reroll);
        let mut recipe = (rerolls.iter()).fold(standing.recipe.clone(), |recipe, reroll| {
            recipe.rerolled(reroll)
        });
        let roll = write::bars(session.model, &mut recipe, cells.bars.clone())?;
        let new = write::song(&roll, &recipe, session.performer)?;
        let mut lineage = Lineage {
            kind: KIND.to_owned(),
            seed: session.seed,
            candidate: index,
            settings: lineage::fields(settings),
            parent: Some(Box::new(root(&standing.origin.lineage).clone())),
            ..root(&standing.origin.lineage).clone()
        };
        let rerolls = lineage::text(&rerolls);
        lineage
            .settings
            .insert(lineage::REROLLS.to_owned(), rerolls);
        let (clip, tracks) = with_cells(session.song, standing, span, &cells, &new);
        let candidate = Candidate {
            index,
            clip: Arc::new(clip),
            bars: standing.recipe.bars,
            at: span.start,
            tracks,
            keeps: Vec::new(),
            stages: Vec::new(),
            lineage: Arc::new(lineage),
            measures: Vec::new(),
            score: 0.0,
        };
        (session.report)(candidate.clone(), standing.recipe.bars);
        candidates.push(candidate);
    }
    let key = standing.recipe.key;
    for candidate in &mut candidates {
        measures::judge(candidate, &standing.recipe.parts, key, &[]);
        let before = clip_now(session.song, standing, span);
        measures::judge_news(candidate, &before, &cells);
    }
    let complete = candidates.len() as u32 == session.candidates.clamp(1, 64);
    Ok(Done {
        candidates,
        complete,
    }
    .ranked())
}

/// Which cells of the clip are meant, if the model can write them alone.
fn cells(
    session: &Session<'_>,
    settings: &VarySettings,
    standing: &Standing<'_>,
) -> Result<Cells, BandError> {
    let recipe = &standing.recipe;
    let (info, abilities) = (session.model.info(), session.model.abilities());
    let parts = if settings.parts.is_empty() {
        recipe.parts.clone()
    } else {
        in_order(&settings.parts)
    };
    if let Some(missing) = parts.iter().find(|part| !recipe.parts.contains(part)) {
        let there: Vec<String> = recipe.parts.iter().map(ToString::to_string).collect();
        return Err(BandError::PartNotInClip(*missing, there.join(", ")));
    }
    let bars = settings.bars.start - standing.bars.start..settings.bars.end - standing.bars.start;
    if parts.len() < recipe.parts.len() && !abilities.handles.by_part() {
        return Err(BandError::NotByPart(info.name.clone()));
    }
    if bars.len() < recipe.bars as usize && !abilities.handles.by_bar() {
        return Err(BandError::NotByBar(info.name.clone()));
    }
    Ok(Cells { bars, parts })
}

/// The clip as it stands now, from tick 0: the band's parts, with the ids of a band's clip.
fn clip_now(song: &Song, standing: &Standing<'_>, span: Span) -> Song {
    let mut clip = Song {
        tempo: crate::score::TempoMap::constant(song.tempo.tempo_at(span.start)).into(),
        key: song.key,
        ..Song::default()
    };
    for part in &standing.recipe.parts {
        let role = part.role();
        let plain = Track::new(write::track_id(*part), role.name(), part.instrument(), role);
        let track = standing.track(song, *part).map_or_else(
            || plain.clone(),
            |now| {
                let mut same = plain.with_notes(notes_in(now, span));
                same.instrument = now.instrument;
                same
            },
        );
        clip = clip.with_track(track);
    }
    clip
}

/// The clip with new notes in its cells, and where its tracks go.
fn with_cells(
    song: &Song,
    standing: &Standing<'_>,
    span: Span,
    cells: &Cells,
    new: &Song,
) -> (Song, Vec<PlacedTrack>) {
    let mut clip = clip_now(song, standing, span);
    let writes = Span::new(
        bar_ticks() * i64::from(cells.bars.start),
        bar_ticks() * i64::from(cells.bars.end),
    );
    let mut tracks = Vec::new();
    for part in &standing.recipe.parts {
        let id = write::track_id(*part);
        let is_new = cells.parts.contains(part);
        if is_new && let (Some(base), Some(written)) = (clip.track(id), new.track(id)) {
            clip = clip.with_track(written_into(base, written, writes, Tick::ZERO));
        }
        let into: Option<TrackId> = standing.track(song, *part).map(|track| track.id);
        if is_new || into.is_some() {
            tracks.push(PlacedTrack {
                from: id,
                into,
                bars: if is_new { cells.bars.clone() } else { 0..0 },
            });
        }
    }
    (clip, tracks)
}

/// What music without a lineage is followed by: the parts that are to be written again, around one that stays. A pitched part
/// before drums, the one with the most notes first.
pub(crate) fn around_what_stays(
    song: &Song,
    settings: &VarySettings,
) -> Result<AccompanySettings, BandError> {
    let span = span_of(song, &settings.bars)?;
    let parts = in_order(&settings.parts);
    if parts.is_empty() {
        return Err(BandError::NothingStays);
    }
    let stays = (song.tracks.iter())
        .filter_map(|track| {
            let part = part_of(track).filter(|part| !parts.contains(part))?;
            let notes = track.notes_starting_in(span);
            let audible = notes.iter().filter(|note| !note.muted).count();
            (audible > 0).then_some((part != Part::Drums, audible, track.id, part))
        })
        .max_by_key(|(pitched, audible, ..)| (*pitched, *audible));
    let (_, _, given, part) = stays.ok_or(BandError::NothingStays)?;
    Ok(AccompanySettings {
        model: settings.model.clone(),
        bars: settings.bars.clone(),
        given: vec![given],
        given_as: Some(part),
        parts,
        band: settings.band.clone(),
        ..AccompanySettings::default()
    })
}

/// Accompanies what stays of music without a lineage.
pub(crate) fn write_by_hand(
    session: &Session<'_>,
    settings: &AccompanySettings,
) -> Result<Done, BandError> {
    let mut done = accompany::write(session, settings)?;
    for candidate in &mut done.candidates {
        for track in &mut candidate.tracks {
            let part = Part::ALL
                .into_iter()
                .find(|part| write::track_id(*part) == track.from);
            track.into = (session.song.tracks.iter())
                .find(|own| part_of(own) == part && !settings.given.contains(&own.id))
                .map(|own| own.id);
        }
    }
    Ok(done)
}
