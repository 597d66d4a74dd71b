//! Writing a recipe's music, phrase by phrase.

use std::ops::Range;

use super::decide::{Decision, transposition};
use super::model::{Abilities, BandModel, Given};
use super::recipe::Recipe;
use super::{BandError, Performance};
use crate::compose::perform::{self, Performer};
use crate::score::{Note, Song, TempoMap, Tick, Track, TrackId, Velocity};
use crate::tokens::band::{BandRoll, PHRASE_BARS};
use crate::tokens::clip::bar_ticks;
use crate::tokens::part::Part;

/// The id of a part's track in a band's clip.
pub(crate) fn track_id(part: Part) -> TrackId {
    TrackId(part.index() as u32 + 1)
}

/// Writes phrase `index` of a recipe, four bars with what is given among its parts; silence where the recipe has no such
/// phrase. The first phrase of a piece decides by how much it is moved into its key, if that is not decided.
pub(crate) fn phrase(
    model: &dyn BandModel,
    recipe: &mut Recipe,
    index: usize,
) -> Result<BandRoll, BandError> {
    let Some(latents) = recipe.phrases.get(index) else {
        return Ok(BandRoll::new(PHRASE_BARS));
    };
    let abilities = model.abilities();
    let bars = index * PHRASE_BARS..(index + 1) * PHRASE_BARS;
    let given = recipe.given.as_ref().map(|given| Given {
        part: given.part,
        roll: given.roll(bars.end).slice(bars),
    });
    let variety = recipe.band.variety;
    let mut values = model.phrase(latents, variety, given.as_ref())?;
    if let Some(given) = &given
        && recipe.follow != 1.0
    {
        let silence = Given {
            part: given.part,
            roll: BandRoll::new(PHRASE_BARS),
        };
        let alone = model.phrase(latents, variety, Some(&silence))?;
        exaggerate(&mut values, &alone, recipe.follow);
    }
    let transpose = recipe
        .transpose
        .unwrap_or_else(|| moved_into_key(recipe, &abilities, &values));
    recipe.transpose = Some(transpose);
    let decision = Decision::new(
        &abilities,
        recipe.band.density,
        recipe.band.scale,
        transpose,
    );
    let mut roll = decision.roll(&values);
    let silence = BandRoll::new(PHRASE_BARS);
    for part in Part::ALL {
        match &given {
            Some(given) if given.part == part => roll.replace(part, 0, &given.roll),
            _ if recipe.parts.contains(&part) => {}
            _ => roll.replace(part, 0, &silence),
        }
    }
    Ok(roll)
}

/// By how much the music is moved: not at all where its key is given, or none is asked for.
fn moved_into_key(recipe: &Recipe, abilities: &Abilities, values: &[f32]) -> i8 {
    let is_free = (recipe.given.as_ref()).is_none_or(|given| given.part == Part::Drums);
    match recipe.key {
        Some(key) if is_free => {
            let as_it_is = Decision::new(abilities, recipe.band.density, None, 0).roll(values);
            transposition(key, abilities.white_keys, &as_it_is)
        }
        _ => 0,
    }
}

/// Moves `values` away from (`follow` above 1) or towards (below 1) what the model would write without hearing anything,
/// in logits: the guidance of diffusion models (Ho & Salimans 2022), put to another use.
fn exaggerate(values: &mut [f32], alone: &[f32], follow: f32) {
    let logit = |p: f32| {
        let p = p.clamp(1e-6, 1.0 - 1e-6);
        (p / (1.0 - p)).ln()
    };
    for (value, alone) in values.iter_mut().zip(alone) {
        let (heard, alone) = (logit(*value), logit(*alone));
        *value = 1.0 / (1.0 + (-(alone + follow * (heard - alone))).exp());
    }
}

/// The phrases that `bars` need, as a roll of the whole clip in which only those bars of the recipe's parts play.
pub(crate) fn bars(
    model: &dyn BandModel,
    recipe: &mut Recipe,
    bars: Range<u32>,
) -> Result<BandRoll, BandError> {
    let mut all = BandRoll::new(recipe.bars as usize);
    let wanted = bars.start as usize..(bars.end as usize).min(all.bars());
    if wanted.is_empty() {
        return Ok(all);
    }
    // The piece's first phrase decides where it is moved to.
    if recipe.transpose.is_none() {
        phrase(model, recipe, 0)?;
    }
    let first = wanted.start / PHRASE_BARS;
    let mut written = BandRoll::new(0);
    for index in first..wanted.end.div_ceil(PHRASE_BARS) {
        written = written.followed_by(&phrase(model, recipe, index)?);
    }
    let offset = first * PHRASE_BARS;
    let cut = written.slice(wanted.start - offset..wanted.end - offset);
    for part in Part::ALL {
        all.replace(part, wanted.start, &cut);
    }
    Ok(all)
}

/// A band's roll as a song from tick 0: a track for each part of the recipe, and one for what was given.
pub(crate) fn song(
    roll: &BandRoll,
    recipe: &Recipe,
    performer: &dyn Performer,
) -> Result<Song, BandError> {
    let Performance { strength, velocity } = recipe.band.performance;
    let bpm = recipe.tempo.bpm();
    let played = perform::band(performer, roll, bpm, strength, recipe.player)?;
    let mut song = Song {
        tempo: TempoMap::constant(recipe.tempo).into(),
        key: recipe.key,
        ..Song::default()
    };
    let given = recipe.given.as_ref().map(|given| given.part);
    for (part, mut notes) in Part::ALL.into_iter().zip(played) {
        if !recipe.parts.contains(&part) && given != Some(part) {
            continue;
        }
        for note in &mut notes {
            into_its_bar(note);
            if let Some(velocity) = velocity {
                note.velocity = Velocity::clamped(i32::from(velocity.max(1)));
            }
        }
        let role = part.role();
        let track = Track::new(track_id(part), role.name(), part.instrument(), role);
        song = song.with_track(track.with_notes(notes));
    }
    Ok(song)
}

/// A note that was played a little before its bar begins with it: bars can then be told apart, kept and written again.
fn into_its_bar(note: &mut Note) {
    let bar = (note.start.round_to(Tick::SIXTEENTH)).floor_to(bar_ticks());
    if note.start < bar {
        note.duration = (note.end() - bar).max(Tick(1));
        note.start = bar;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Pitch;

    #[test]
    fn early_notes_begin_with_their_bar() {
        let mut note = Note::new(Tick(3830), Tick(490), Pitch::MIDDLE_C, Velocity::DEFAULT);
        into_its_bar(&mut note);
        assert_eq!((note.start, note.end()), (Tick(3840), Tick(4320)));
        let within = Note::new(Tick(4070), Tick(200), Pitch::MIDDLE_C, Velocity::DEFAULT);
        let mut same = within;
        into_its_bar(&mut same);
        assert_eq!(same, within);
    }

    #[test]
    fn following_more_moves_away_from_silence() {
        let (heard, alone) = (vec![0.8, 0.5], vec![0.5, 0.5]);
        let with = |follow| {
            let mut values = heard.clone();
            exaggerate(&mut values, &alone, follow);
            values
        };
        // Logits: ln 4 against 0, twice that is 16 : 1.
        assert!((with(2.0)[0] - 16.0 / 17.0).abs() < 1e-5);
        assert!((with(0.0)[0] - 0.5).abs() < 1e-6 && (with(1.0)[0] - 0.8).abs() < 1e-6);
        assert!((with(2.0)[1] - 0.5).abs() < 1e-6);
    }
}
