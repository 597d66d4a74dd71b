//! How a candidate came about, and how to make it again.

use std::collections::BTreeMap;

use super::{ContinueSettings, ModelInfo};
use crate::score::{Lineage, Song};

/// The kind of a continuation's lineage.
const CONTINUE: &str = "continue";
/// The setting that says after how many bars something was stopped.
const STOPPED: &str = "stopped";

/// The lineage of candidate `candidate` of a continuation. Its parent is what wrote the theme, if a network did.
pub(crate) fn of_continuation(
    song: &Song,
    settings: &ContinueSettings,
    model: &ModelInfo,
    seed: u64,
    candidate: u32,
) -> Lineage {
    let fields = match serde_json::to_value(settings) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
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
        settings: fields
            .into_iter()
            .map(|(name, value)| (name, value.to_string()))
            .collect::<BTreeMap<_, _>>(),
        parent,
    }
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
        "seed" | "accompany" | "vary" | "morph"
    )
}

/// The settings of a continuation's lineage; `None` for other kinds, or where a newer program wrote fields that this
/// one cannot read.
pub fn settings_of(lineage: &Lineage) -> Option<ContinueSettings> {
    if lineage.kind != CONTINUE {
        return None;
    }
    let fields = lineage
        .settings
        .iter()
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
        let lineage = of_continuation(&Song::default(), &settings, &model, 7, 2);
        assert_eq!(settings_of(&lineage), Some(settings));
        let other = Lineage {
            kind: "seed".into(),
            ..lineage
        };
        assert_eq!(settings_of(&other), None);
    }
}
