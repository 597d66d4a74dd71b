//! What may be asked of the chain.

use serde::{Deserialize, Serialize};

use crate::compose::{AccompanySettings, ContinueSettings, SeedSettings};

/// What of the phrase becomes the theme.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Default,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", ascii_case_insensitive)]
pub enum ThemeForm {
    /// The guitar's highest notes, one at a time and as many as can be sung; the piano with as many keys as two hands hold.
    #[default]
    Thinned,
    /// Guitar and piano as they are.
    Raw,
}

/// The chain: phrase, theme, continuation, and the band around it if that is wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChainSettings {
    /// How the phrase is written; always four bars.
    pub seed: SeedSettings,
    /// How many phrases are continued, 1..=8; the candidates are shared out among them. By default 2, the best of several
    /// that are tried.
    pub phrases: u32,
    /// How many seconds of the phrase become the theme, to the nearest bar; by default 6.
    pub seconds: f64,
    /// What of it does.
    pub form: ThemeForm,
    /// How it is continued; theme, track and accompaniment are those of the chain.
    pub continuation: ContinueSettings,
    /// How the band joins it, if it does; bars and given tracks are those of the chain.
    pub accompany: Option<AccompanySettings>,
}

impl Default for ChainSettings {
    fn default() -> Self {
        Self {
            seed: SeedSettings::default(),
            phrases: 2,
            seconds: 6.0,
            form: ThemeForm::default(),
            continuation: ContinueSettings::default(),
            accompany: None,
        }
    }
}
