//! How a candidate came about, and how to make it again.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::band::{BandError, Recipe, Reroll, accompany, morph, seed, vary};
use super::{ContinueSettings, InfillSettings, ModelInfo};
use crate::score::{Lineage, Song};

/// The kind of a continuation's lineage.
pub(crate) const CONTINUE: &str = "continue";
/// The kind of the lineage of bars that were written between others.
pub(crate) const INFILL: &str = "infill";
/// The setting that says how many candidates were written side by side: the same notes need the same number.
pub(crate) const BATCH: &str = "batch";
/// The setting that holds a band's [`Recipe`].
const RECIPE: &str = "recipe";
/// The setting that holds what of a band's clip was written again.
pub(crate) const REROLLS: &str = "rerolls";
/// The setting that says after how many bars something was stopped.
pub(crate) const STOPPED: &str = "stopped";

/// The lineage of candidate `candidate` of `batch` continuations. Its parent is what wrote the theme, if a network did.
pub(crate) fn of_continuation(
    song: &Song,
    settings: &ContinueSettings,
    model: &ModelInfo,
    seed: u64,
    candidate: u32,
    batch: u32,
) -> Lineage {
    let mut fields = fields(settings);
    fields.insert(BATCH.to_owned(), batch.to_string());
    let parent = song
        .origins
        .iter()
        .rev()
        .find(|origin| {
            origin.tracks.contains(&settings.track) && origin.span.overlaps(settings.theme)
        })
        .map(|origin| Box::new((*origin.lineage).clone()));
    Lineage {
        kind: CONTINUE.to_owned(),
        model: model.name.clone(),
        checkpoint: model.checkpoint.clone(),
        seed,
        candidate,
        settings: fields,
        parent,
    }
}

/// The lineage of a band's clip: with its recipe it can be made again, and parts of it otherwise.
pub(crate) fn of_band(
    kind: &str,
    settings: &impl Serialize,
    recipe: &Recipe,
    model: &ModelInfo,
    seed: u64,
    candidate: u32,
    parent: Option<Lineage>,
) -> Lineage {
    let mut settings = fields(settings);
    settings.insert(RECIPE.to_owned(), text(recipe));
    Lineage {
        kind: kind.to_owned(),
        model: model.name.clone(),
        checkpoint: model.checkpoint.clone(),
        seed,
        candidate,
        settings,
        parent: parent.map(Box::new),
    }
}

/// The fields of settings, each as JSON.
pub(crate) fn fields(settings: &impl Serialize) -> BTreeMap<String, String> {
    match serde_json::to_value(settings) {
        Ok(serde_json::Value::Object(fields)) => fields
            .into_iter()
            .map(|(name, value)| (name, value.to_string()))
            .collect(),
        _ => BTreeMap::new(),
    }
}

/// A setting as JSON.
pub(crate) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// One setting of a lineage; `None` where it is missing or written by a newer program.
pub(crate) fn setting<T: DeserializeOwned>(lineage: &Lineage, name: &str) -> Option<T> {
    serde_json::from_str(lineage.settings.get(name)?).ok()
}

/// How a band's clip was made: its recipe, cut to the bars that were written before it was stopped, and what was written
/// again since.
pub(crate) fn recipe_of(lineage: &Lineage) -> Result<(Recipe, Vec<Reroll>), BandError> {
    let (root, rerolls) = match &lineage.parent {
        Some(parent) if lineage.kind == vary::KIND => (
            parent.as_ref(),
            setting(lineage, REROLLS).ok_or(BandError::Unreadable)?,
        ),
        _ => (lineage, Vec::new()),
    };
    if !root.settings.contains_key(RECIPE) {
        return Err(BandError::NoLatents(root.kind.clone()));
    }
    let mut recipe: Recipe = setting(root, RECIPE).ok_or(BandError::Unreadable)?;
    if let Some(bars) = setting::<u32>(root, STOPPED) {
        recipe.bars = recipe.bars.min(bars);
    }
    Ok((recipe, rerolls))
}

/// The lineage of what was stopped after so many bars.
#[must_use]
pub(crate) fn stopped(lineage: &Lineage, bars: u32) -> Lineage {
    let mut stopped = lineage.clone();
    stopped
        .settings
        .insert(STOPPED.to_owned(), bars.to_string());
    stopped
}

/// Whether a band's model wrote it, so that it can be re-rolled and morphed.
pub fn is_band(lineage: &Lineage) -> bool {
    matches!(
        lineage.kind.as_str(),
        seed::KIND | accompany::KIND | vary::KIND | morph::KIND
    )
}

/// The settings of a continuation's lineage; `None` for other kinds, or where a newer program wrote fields that this
/// one cannot read.
pub fn settings_of(lineage: &Lineage) -> Option<ContinueSettings> {
    read(lineage, CONTINUE)
}

/// The same of bars that were written between others.
pub fn infill_of(lineage: &Lineage) -> Option<InfillSettings> {
    read(lineage, INFILL)
}

/// The settings of a lineage of this kind.
fn read<T: DeserializeOwned>(lineage: &Lineage, kind: &str) -> Option<T> {
    if lineage.kind != kind {
        return None;
    }
    let fields = lineage
        .settings
        .iter()
        .filter(|(name, _)| ![STOPPED, BATCH].contains(&name.as_str()))
        .map(|(name, value)| Some((name.clone(), serde_json::from_str(value).ok()?)))
        .collect::<Option<serde_json::Map<_, _>>>()?;
    serde_json::from_value(serde_json::Value::Object(fields)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Key, Span, Tick, TrackId};

    #[test]
    fn settings_come_back_from_the_lineage() {
        let settings = ContinueSettings {
            theme: Span::new(Tick(0), Tick(7680)),
            track: TrackId(3),
            scale: Some(Key::default()),
            painted: std::iter::once(4..6).collect(),
            temperature: 1.1,
            tempo: Some(96.5),
            ..ContinueSettings::default()
        };
        let model = ModelInfo {
            name: "theme".into(),
            checkpoint: "00".into(),
        };
        let lineage = of_continuation(&Song::default(), &settings, &model, 7, 2, 8);
        assert_eq!(settings_of(&lineage), Some(settings));
        let other = Lineage {
            kind: "seed".into(),
            ..lineage
        };
        assert_eq!(settings_of(&other), None);
        let infill = InfillSettings {
            bars: 4..6,
            draws: 2,
            ..InfillSettings::default()
        };
        let mut fields = fields(&infill);
        fields.insert(BATCH.to_owned(), "16".to_owned());
        let lineage = Lineage {
            kind: INFILL.to_owned(),
            settings: fields,
            ..other
        };
        assert_eq!(infill_of(&lineage), Some(infill));
        assert_eq!(settings_of(&lineage), None);
    }
}
