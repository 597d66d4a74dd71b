//! Making a band's clip again, to the note.

use std::sync::Arc;

use super::region::part_of;
use super::seed::placed;
use super::session::{Done, Session};
use super::{BandError, accompany, measures, vary, write};
use crate::compose::place::written_into;
use crate::compose::{Candidate, lineage};
use crate::score::{Lineage, Song, Span, Tick, TrackId};
use crate::tokens::clip::bar_ticks;
use crate::tokens::part::Part;

/// The model that wrote a band's clip.
pub(crate) fn model_of(lineage: &Lineage) -> Result<&str, BandError> {
    lineage::recipe_of(lineage)?;
    Ok(&vary::root(lineage).model)
}

/// The clip: what was written first, and everything that was written again since.
pub(crate) fn clip(session: &Session<'_>, lineage: &Lineage) -> Result<Song, BandError> {
    let (mut recipe, rerolls) = lineage::recipe_of(lineage)?;
    let all = 0..recipe.bars;
    let roll = write::bars(session.model, &mut recipe, all)?;
    let mut clip = write::song(&roll, &recipe, session.performer)?;
    for reroll in &rerolls {
        recipe = recipe.rerolled(reroll);
        let bars = &reroll.cells.bars;
        let roll = write::bars(session.model, &mut recipe, bars.clone())?;
        let new = write::song(&roll, &recipe, session.performer)?;
        let writes = Span::new(
            bar_ticks() * i64::from(bars.start),
            bar_ticks() * i64::from(bars.end),
        );
        for part in &reroll.cells.parts {
            let id = write::track_id(*part);
            if let (Some(base), Some(written)) = (clip.track(id), new.track(id)) {
                clip = clip.with_track(written_into(base, written, writes, Tick::ZERO));
            }
        }
    }
    Ok(clip)
}

/// One candidate, where it stands in the song if it does.
pub(crate) fn write(session: &Session<'_>, lineage: &Arc<Lineage>) -> Result<Done, BandError> {
    let clip = clip(session, lineage)?;
    let (recipe, _) = lineage::recipe_of(lineage)?;
    let origin = (session.song.origins.iter()).find(|origin| origin.lineage == *lineage);
    let mut tracks = placed(&recipe.parts, recipe.bars);
    for (track, part) in tracks.iter_mut().zip(&recipe.parts) {
        track.into = origin.and_then(|origin| {
            let own = |id: &&TrackId| plays(session.song, **id, *part);
            origin.tracks.iter().find(own).copied()
        });
    }
    let mut candidate = Candidate {
        index: lineage.candidate,
        clip: Arc::new(clip),
        bars: recipe.bars,
        at: origin.map_or(Tick::ZERO, |origin| origin.span.start),
        tracks,
        keeps: if lineage.kind == accompany::KIND {
            lineage::setting(lineage, "given").unwrap_or_default()
        } else {
            Vec::new()
        },
        stages: Vec::new(),
        lineage: Arc::clone(lineage),
        measures: Vec::new(),
        score: 0.0,
    };
    let given: Vec<TrackId> = (recipe.given.iter())
        .map(|given| write::track_id(given.part))
        .collect();
    measures::judge(&mut candidate, &recipe.parts, recipe.key, &given);
    Ok(Done {
        candidates: vec![candidate],
        complete: true,
    })
}

/// Whether a track of the song plays a part.
fn plays(song: &Song, track: TrackId, part: Part) -> bool {
    song.track(track)
        .is_some_and(|track| part_of(track) == Some(part))
}
