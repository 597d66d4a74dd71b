//! What lies between ideas.

use std::sync::Arc;

use super::recipe::Recipe;
use super::region::bar_line;
use super::seed::{in_order, placed};
use super::session::{Done, Session, phrases_of};
use super::{BandError, MorphSettings, MorphWay, PhraseLatents, PhraseSeeds, measures};
use crate::compose::{Candidate, lineage};
use crate::score::Lineage;
use crate::tokens::band::{PHRASE_BARS, STEPS_PER_BAR};

/// What a mixture's lineage is called.
pub(crate) const KIND: &str = "morph";

/// A recipe, and which idea it owes most to.
type Mixture = (Recipe, usize);

/// An idea's recipe with all that was written again in it.
fn idea(lineage: &Lineage) -> Result<Recipe, BandError> {
    let (recipe, rerolls) = lineage::recipe_of(lineage)?;
    Ok((rerolls.iter()).fold(recipe, |recipe, reroll| recipe.rerolled(reroll)))
}

/// The model of the ideas, which must be one.
pub(crate) fn model_of(settings: &MorphSettings) -> Result<&str, BandError> {
    let count = settings.ideas.len();
    let [first, others @ ..] = settings.ideas.as_slice() else {
        return Err(BandError::Ideas(0));
    };
    if !(2..=4).contains(&count) {
        return Err(BandError::Ideas(count));
    }
    for idea in &settings.ideas {
        lineage::recipe_of(idea)?;
    }
    match others
        .iter()
        .find(|other| (&other.model, &other.checkpoint) != (&first.model, &first.checkpoint))
    {
        Some(other) => Err(BandError::DifferentModels(
            first.model.clone(),
            other.model.clone(),
        )),
        None => Ok(&first.model),
    }
}

/// Writes the mixtures. One point gives one candidate; those of a path or a grid are in its order.
pub(crate) fn write(session: &Session<'_>, settings: &MorphSettings) -> Result<Done, BandError> {
    model_of(settings)?;
    let ideas: Vec<Recipe> = (settings.ideas.iter())
        .map(|lineage| idea(lineage))
        .collect::<Result<_, _>>()?;
    let mut mixtures = mixtures(&ideas, settings)?;
    if settings.joined && matches!(settings.way, MorphWay::Path { .. }) {
        mixtures = joined(mixtures);
    }
    let at = bar_line(session.song, settings.at);
    let (mut recipes, mains): (Vec<Recipe>, Vec<usize>) = mixtures.into_iter().unzip();
    for recipe in &mut recipes {
        recipe.tempo = session.song.tempo.tempo_at(at);
        recipe.band.performance = settings.performance;
    }
    let info = session.model.info();
    let named = named(settings);
    let mut done = session.write(recipes, &|index, recipe, clip, bars| {
        let main = mains.get(index as usize).copied().unwrap_or(0);
        let parent = settings.ideas.get(main).map(|idea| (**idea).clone());
        let lineage = lineage::of_band(KIND, &named, recipe, info, session.seed, index, parent);
        Candidate {
            index,
            clip: Arc::new(clip),
            bars,
            at,
            tracks: placed(&recipe.parts, bars),
            keeps: Vec::new(),
            stages: Vec::new(),
            lineage: Arc::new(lineage),
            measures: Vec::new(),
            score: 0.0,
        }
    })?;
    for candidate in &mut done.candidates {
        if let Ok((recipe, _)) = lineage::recipe_of(&candidate.lineage) {
            measures::judge(candidate, &recipe.parts, recipe.band.scale, &[]);
        }
    }
    Ok(done)
}

/// The settings as the lineage keeps them: the ideas by name, their latents are in the recipe.
fn named(settings: &MorphSettings) -> serde_json::Value {
    let ideas: Vec<String> = (settings.ideas.iter())
        .map(|idea| {
            format!(
                "{} {}, candidate {}",
                idea.kind,
                idea.seed,
                idea.candidate + 1
            )
        })
        .collect();
    serde_json::json!({
        "ideas": ideas,
        "way": settings.way,
        "blend": settings.blend,
        "joined": settings.joined,
    })
}

fn mixtures(ideas: &[Recipe], settings: &MorphSettings) -> Result<Vec<Mixture>, BandError> {
    let count = ideas.len();
    Ok(match &settings.way {
        MorphWay::Point(weights) => {
            let valid = weights.len() == count
                && weights
                    .iter()
                    .all(|weight| weight.is_finite() && *weight >= 0.0)
                && weights.iter().sum::<f32>() > 0.0;
            if !valid {
                return Err(BandError::Weights);
            }
            vec![mixed(ideas, weights, settings)]
        }
        MorphWay::Path { steps } => {
            if !(2..=64).contains(steps) {
                return Err(BandError::Steps(*steps, "2 to 64"));
            }
            let place = |step: u32| step as f32 * (count - 1) as f32 / (steps - 1) as f32;
            (0..*steps)
                .map(|step| mixed(ideas, &along(count, place(step)), settings))
                .collect()
        }
        MorphWay::Grid { side } => {
            if !(2..=8).contains(side) {
                return Err(BandError::Steps(*side, "2 to 8 a side"));
            }
            let share = |place: u32| place as f32 / (side - 1) as f32;
            let mut recipes = Vec::new();
            for row in 0..*side {
                for column in 0..*side {
                    let (across, down) = (share(column), share(row));
                    recipes.push(if count == 2 {
                        crossed(ideas, across, down, settings)
                    } else {
                        // A triangle has one corner for the whole last row.
                        let fourth = if count == 4 { across } else { 0.0 };
                        let weights = [
                            (1.0 - across) * (1.0 - down),
                            across * (1.0 - down),
                            (1.0 - fourth) * down,
                            fourth * down,
                        ];
                        mixed(ideas, weights.get(..count).unwrap_or_default(), settings)
                    });
                }
            }
            recipes
        }
    })
}

/// The weights at `place` (0 is the first idea, 1 the second ...) of a path.
fn along(count: usize, place: f32) -> Vec<f32> {
    (0..count)
        .map(|idea| (1.0 - (place - idea as f32).abs()).max(0.0))
        .collect()
}

/// A mixture of all ideas. With all the weight on one of them it is that idea, to the note.
fn mixed(ideas: &[Recipe], weights: &[f32], settings: &MorphSettings) -> Mixture {
    let sum: f32 = weights.iter().sum();
    let weighted: Vec<(&Recipe, f32)> = (ideas.iter())
        .zip(weights)
        .map(|(idea, weight)| (idea, weight / sum))
        .filter(|(_, share)| *share > 0.0)
        .collect();
    let mut main = 0;
    for (index, weight) in weights.iter().enumerate() {
        if *weight > weights[main] {
            main = index;
        }
    }
    if weighted.len() == 1 {
        return (ideas[main].clone(), main);
    }
    let mean = |of: fn(&Recipe) -> f32| -> f32 {
        weighted
            .iter()
            .map(|(recipe, share)| of(recipe) * share)
            .sum()
    };
    let mut recipe = common(ideas, &ideas[main]);
    recipe.band.variety = mean(|recipe| recipe.band.variety);
    recipe.band.density = mean(|recipe| recipe.band.density);
    recipe.follow = mean(|recipe| recipe.follow);
    recipe.phrases = (0..phrases_of(recipe.bars))
        .map(|phrase| {
            let of = |(recipe, share): &(&Recipe, f32)| latents_at(recipe, phrase, *share);
            PhraseLatents {
                mix: weighted.iter().flat_map(of).collect(),
                blend: settings.blend,
            }
        })
        .collect();
    (recipe, main)
}

/// What a mixture of ideas has besides its latents: as many bars as the longest, the parts of all, the rest of the main one.
fn common(ideas: &[Recipe], main: &Recipe) -> Recipe {
    let mut recipe = main.clone();
    if recipe.given.is_none() {
        let longest = ideas.iter().map(|idea| idea.bars).max();
        recipe.bars = longest.unwrap_or(recipe.bars);
    }
    let parts: Vec<_> = ideas.iter().flat_map(|other| other.parts.clone()).collect();
    recipe.parts = in_order(&parts);
    if let Some(given) = &recipe.given {
        recipe.parts.retain(|part| *part != given.part);
    }
    recipe
}

/// The latents of a phrase of an idea (a short idea begins again), their weights summing to `share`.
fn latents_at(recipe: &Recipe, phrase: usize, share: f32) -> Vec<(PhraseSeeds, f32)> {
    let Some(latents) = recipe.phrases.get(phrase % recipe.phrases.len().max(1)) else {
        return Vec::new();
    };
    let sum: f32 = latents.mix.iter().map(|(_, weight)| weight).sum();
    let scaled = |(seeds, weight): &(PhraseSeeds, f32)| (*seeds, weight / sum * share);
    latents.mix.iter().map(scaled).collect()
}

/// A mixture of two ideas whose shared latents are `across` of the way to the second's, and those of the single parts `down`.
fn crossed(ideas: &[Recipe], across: f32, down: f32, settings: &MorphSettings) -> Mixture {
    let main = usize::from(across + down > 1.0);
    let (a, b) = (&ideas[0], &ideas[1]);
    if across == down && (across == 0.0 || across == 1.0) {
        return (ideas[main].clone(), main);
    }
    let mut recipe = common(ideas, &ideas[main]);
    recipe.phrases = (0..phrases_of(recipe.bars))
        .map(|phrase| {
            let corner = |shared: &Recipe, parts: &Recipe, share: f32| {
                let mut mix = Vec::new();
                for (s, weight) in latents_at(shared, phrase, share) {
                    for (p, part_weight) in latents_at(parts, phrase, 1.0) {
                        mix.push((s.with_parts_of(&p), weight * part_weight));
                    }
                }
                mix
            };
            let mut mix = corner(a, a, (1.0 - across) * (1.0 - down));
            mix.extend(corner(b, a, across * (1.0 - down)));
            mix.extend(corner(a, b, (1.0 - across) * down));
            mix.extend(corner(b, b, across * down));
            mix.retain(|(_, weight)| *weight > 0.0);
            PhraseLatents {
                mix,
                blend: settings.blend,
            }
        })
        .collect();
    (recipe, main)
}

/// The steps of a path behind each other, as one piece in the key of its first.
fn joined(recipes: Vec<Mixture>) -> Vec<Mixture> {
    let joined = recipes.into_iter().reduce(|mut whole, (step, _)| {
        let recipe = &mut whole.0;
        recipe.phrases.extend(step.phrases);
        let offset = recipe.bars.next_multiple_of(PHRASE_BARS as u32);
        recipe.bars = offset + step.bars;
        // What is given repeats with every step.
        if let (Some(given), Some(later)) = (&mut recipe.given, step.given) {
            let offset = offset as usize * STEPS_PER_BAR;
            let later = later.notes.into_iter();
            let moved = later.map(|(step, length, pitch)| (step + offset, length, pitch));
            given.notes.extend(moved);
        }
        whole
    });
    joined.into_iter().collect()
}
