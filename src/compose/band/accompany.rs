//! The other parts of a band around what is there.

use std::ops::Range;
use std::sync::Arc;

use super::recipe::{GivenNotes, Recipe, candidate_seed, piece};
use super::region::{notes_in, part_of, span_of};
use super::seed::{in_order, placed};
use super::session::{Done, Session, phrases_of};
use super::{AccompanySettings, BandError, measures, write};
use crate::compose::{Candidate, lineage};
use crate::score::{Lineage, Song, Span, Track, TrackId};
use crate::tokens::band::BandRoll;
use crate::tokens::part::Part;

/// What an accompaniment's lineage is called.
pub(crate) const KIND: &str = "accompany";
/// Ids of given tracks in a clip begin here, behind those of the parts.
const GIVEN_IDS: u32 = 100;

/// What is given, as it stands in the song and as the model hears it.
struct Heard {
    tracks: Vec<Arc<Track>>,
    part: Part,
    span: Span,
    roll: BandRoll,
}

impl Heard {
    fn of(song: &Song, settings: &AccompanySettings) -> Result<Self, BandError> {
        let span = span_of(song, &settings.bars)?;
        let tracks: Vec<Arc<Track>> = settings
            .given
            .iter()
            .map(|id| song.track(*id).cloned().ok_or(BandError::NoGiven))
            .collect::<Result<_, _>>()?;
        let first = tracks.first().ok_or(BandError::NoGiven)?;
        let part = settings
            .given_as
            .or_else(|| part_of(first))
            .unwrap_or(Part::Piano);
        let mut roll = BandRoll::new(settings.bars.len());
        for track in &tracks {
            roll.add_track(part, track, span.start);
        }
        if roll.is_silent(part, 0..settings.bars.len()) {
            return Err(BandError::SilentGiven);
        }
        Ok(Self {
            tracks,
            part,
            span,
            roll,
        })
    }

    /// The clip with the given tracks as they are in place of what the model heard.
    fn put_into(&self, clip: &Song, bars: Range<u32>) -> Song {
        let mut with = clip.clone();
        with.tracks
            .retain(|track| track.id != write::track_id(self.part));
        let end = self.span.start + crate::tokens::clip::bar_ticks() * i64::from(bars.end);
        let span = Span::new(self.span.start, end.min(self.span.end));
        let given = (GIVEN_IDS..).zip(&self.tracks).map(|(number, track)| {
            let mut given = track
                .with_notes(notes_in(track, span))
                .with_controls(Vec::new())
                .with_bends(Vec::new());
            given.id = TrackId(number);
            Arc::new(given)
        });
        with.tracks.splice(0..0, given);
        with
    }
}

/// Writes accompaniments, the best first.
pub(crate) fn write(
    session: &Session<'_>,
    settings: &AccompanySettings,
) -> Result<Done, BandError> {
    write_after(session, settings, parent(session.song, settings).as_ref())
}

/// The same for what `parent` made.
pub(crate) fn write_after(
    session: &Session<'_>,
    settings: &AccompanySettings,
    parent: Option<&Lineage>,
) -> Result<Done, BandError> {
    let heard = Heard::of(session.song, settings)?;
    let mut parts = in_order(&settings.parts);
    parts.retain(|part| *part != heard.part);
    if parts.is_empty() {
        return Err(BandError::NoParts);
    }
    let (info, abilities) = (session.model.info(), session.model.abilities());
    if !abilities.accompanies {
        return Err(BandError::CannotAccompany(info.name.clone()));
    }
    let bars = settings.bars.len() as u32;
    let given = GivenNotes::of(&heard.roll, heard.part);
    let recipe = |index| {
        let seed = candidate_seed(session.seed, index);
        Recipe {
            phrases: piece(
                seed,
                phrases_of(bars),
                settings.form,
                abilities.handles.by_bar(),
            ),
            bars,
            parts: parts.clone(),
            given: Some(given.clone()),
            follow: settings.follow,
            band: settings.band.clone(),
            key: settings.band.scale.or(session.song.key),
            transpose: None,
            tempo: session.song.tempo.tempo_at(heard.span.start),
            player: seed,
        }
    };
    let recipes = (0..session.candidates.clamp(1, 64)).map(recipe).collect();
    let mut done = session.write(recipes, &|index, recipe, clip, bars| {
        let lineage = lineage::of_band(
            KIND,
            settings,
            recipe,
            info,
            session.seed,
            index,
            parent.cloned(),
        );
        Candidate {
            index,
            clip: Arc::new(heard.put_into(&clip, 0..bars)),
            bars,
            at: heard.span.start,
            tracks: placed(&parts, bars),
            keeps: settings.given.clone(),
            stages: Vec::new(),
            lineage: Arc::new(lineage),
            measures: Vec::new(),
            score: 0.0,
        }
    })?;
    let key = settings.band.scale.or(session.song.key);
    let given: Vec<TrackId> = (GIVEN_IDS..)
        .zip(&heard.tracks)
        .map(|(number, _)| TrackId(number))
        .collect();
    for candidate in &mut done.candidates {
        measures::judge(candidate, &parts, key, &given);
    }
    Ok(done.ranked())
}

/// What wrote the given tracks there, if a network did.
fn parent(song: &Song, settings: &AccompanySettings) -> Option<Lineage> {
    let span = span_of(song, &settings.bars).ok()?;
    let wrote = song.origins.iter().rev().find(|origin| {
        origin.span.overlaps(span)
            && (settings.given.iter()).any(|given| origin.tracks.contains(given))
    })?;
    Some((*wrote.lineage).clone())
}
