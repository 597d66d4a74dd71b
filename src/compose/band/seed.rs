//! Music for a band from nothing.

use std::sync::Arc;

use super::recipe::{Recipe, candidate_seed, piece};
use super::region::bar_line;
use super::session::{Done, Session, phrases_of};
use super::{BandError, SeedSettings, measures, write};
use crate::compose::{Candidate, PlacedTrack, lineage};
use crate::score::Tempo;
use crate::tokens::band::PHRASE_BARS;
use crate::tokens::part::Part;

/// What a seed's lineage is called.
pub(crate) const KIND: &str = "seed";

/// Writes pieces from nothing, the best first.
pub(crate) fn write(session: &Session<'_>, settings: &SeedSettings) -> Result<Done, BandError> {
    let bars = settings.bars;
    if bars == 0 || bars > SeedSettings::MAX_BARS || !bars.is_multiple_of(PHRASE_BARS as u32) {
        return Err(BandError::Bars(bars));
    }
    let parts = in_order(&settings.parts);
    if parts.is_empty() {
        return Err(BandError::NoParts);
    }
    let (info, abilities) = (session.model.info(), session.model.abilities());
    if abilities.accompanies {
        return Err(BandError::OnlyAccompanies(info.name.clone()));
    }
    let at = bar_line(session.song, settings.at);
    let tempo = settings
        .tempo
        .map_or_else(|| session.song.tempo.tempo_at(at), Tempo::from_bpm);
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
            given: None,
            follow: 1.0,
            band: settings.band.clone(),
            key: settings.band.scale.or(session.song.key),
            transpose: None,
            tempo,
            player: seed,
        }
    };
    let recipes = (0..session.candidates.clamp(1, 64)).map(recipe).collect();
    let mut done = session.write(recipes, &|index, recipe, clip, bars| {
        let lineage = lineage::of_band(KIND, settings, recipe, info, session.seed, index, None);
        Candidate {
            index,
            clip: Arc::new(clip),
            bars,
            at,
            tracks: placed(&parts, bars),
            keeps: Vec::new(),
            stages: Vec::new(),
            lineage: Arc::new(lineage),
            measures: Vec::new(),
            score: 0.0,
        }
    })?;
    for candidate in &mut done.candidates {
        measures::judge(candidate, &parts, settings.band.scale, &[]);
    }
    Ok(done.ranked())
}

/// The tracks of a clip with these parts, each for the song's track of its role.
pub(crate) fn placed(parts: &[Part], bars: u32) -> Vec<PlacedTrack> {
    let track = |part: &Part| PlacedTrack {
        from: write::track_id(*part),
        into: None,
        bars: 0..bars,
    };
    parts.iter().map(track).collect()
}

/// Each part once, in the band's order.
pub(crate) fn in_order(parts: &[Part]) -> Vec<Part> {
    let wanted = |part: &Part| parts.contains(part);
    Part::ALL.into_iter().filter(wanted).collect()
}
