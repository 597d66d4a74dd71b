//! Writing a recipe's music, phrase by phrase.

use std::ops::Range;

use super::decide::{Decision, transposition};
use super::model::{Abilities, BandModel, Given};
use super::recipe::Recipe;
use super::{BandError, Performance};
use crate::compose::perform::{self, Performer};
use crate::score::{Key, Note, Song, TempoMap, Tick, Track, TrackId, Velocity};
use crate::tokens::band::{BandNote, BandRoll, PHRASE_BARS};
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
    if recipe.transpose.is_none() {
        recipe.transpose = moved_with_what_is_given(recipe, &abilities);
    }
    let given = recipe.given.as_ref().map(|given| Given {
        part: given.part,
        roll: given.roll(bars.end).slice(bars),
    });
    let heard = given.as_ref().map(|given| Given {
        part: given.part,
        roll: moved(given, -i32::from(recipe.transpose.unwrap_or(0))),
    });
    let variety = recipe.band.variety;
    let mut values = model.phrase(latents, variety, heard.as_ref())?;
    if let Some(heard) = &heard
        && (recipe.follow - 1.0).abs() > f32::EPSILON
    {
        let silence = Given {
            part: heard.part,
            roll: BandRoll::new(PHRASE_BARS),
        };
        let alone = model.phrase(latents, variety, Some(&silence))?;
        exaggerate(&mut values, &alone, recipe.follow);
    }
    let transpose = match (recipe.transpose, recipe.key) {
        (Some(known), _) => known,
        (None, None) => 0,
        (None, Some(key)) => {
            let as_it_is = Decision::new(&abilities, recipe.band.density, None, 0).roll(&values);
            transposition(key, abilities.white_keys, &as_it_is)
        }
    };
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

/// By how much the music is moved where a pitched part is given: not at all, but for a model of the white keys from those to
/// the key of the whole given part, so that no phrase of it is heard in another. `None` where nothing binds it.
fn moved_with_what_is_given(recipe: &Recipe, abilities: &Abilities) -> Option<i8> {
    let given = (recipe.given.as_ref()).filter(|given| given.part != Part::Drums)?;
    let roll = given.roll(recipe.phrases.len() * PHRASE_BARS);
    let notes = roll.score_notes(given.part, Velocity::DEFAULT);
    let key = recipe.band.scale.or_else(|| Key::detect(&notes));
    Some(match key {
        Some(key) if abilities.white_keys => transposition(key, true, &roll),
        _ => 0,
    })
}

/// A given part moved by semitones, its notes by octaves back into range.
fn moved(given: &Given, semitones: i32) -> BandRoll {
    if semitones == 0 || given.part == Part::Drums {
        return given.roll.clone();
    }
    let mut roll = BandRoll::new(PHRASE_BARS);
    for note in given.roll.notes(given.part) {
        let pitch = i32::from(note.pitch) + semitones;
        roll.add(
            given.part,
            BandNote {
                pitch: pitch.clamp(0, 127) as u8,
                ..note
            },
        );
    }
    roll
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
