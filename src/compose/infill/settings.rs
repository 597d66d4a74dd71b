//! How bars inside a song are written anew.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::score::{Key, TrackId};

/// Which voices are written; the other one stays as it is and is heard by the network.
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
    strum::EnumIter,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", ascii_case_insensitive)]
pub enum FillVoices {
    /// Melody and piano together.
    #[default]
    Both,
    /// The melody over the piano that is there.
    Melody,
    /// The piano under the melody that is there.
    Piano,
}

impl FillVoices {
    /// Whether the melody is written.
    pub fn melody(self) -> bool {
        self != Self::Piano
    }

    /// Whether the piano is written.
    pub fn piano(self) -> bool {
        self != Self::Melody
    }
}

/// How bars inside a song are written anew. Notes outside them stay as they are, and so do locked notes inside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InfillSettings {
    /// The bars of the song, from 0; at most [`Self::MAX_BARS`], in 4/4.
    pub bars: Range<u32>,
    /// The melody's track; by default found by name or role.
    pub melody: Option<TrackId>,
    /// The piano's track; by default found by name or role.
    pub piano: Option<TrackId>,
    /// Which of them are written.
    pub voices: FillVoices,
    /// Safe (below 1) to wild (above 1), 0.0..=2.0, by default 0.95.
    pub temperature: f32,
    /// Only the likeliest tokens whose probabilities sum to this stay, by default 0.93.
    pub top_p: f32,
    /// Only that many of the likeliest tokens stay; 0: all, the default.
    pub top_k: usize,
    /// No new note leaves this key.
    pub scale: Option<Key>,
    /// How many are drawn for each candidate that is shown, 1..=8, by default 3: the best of all are.
    pub draws: u32,
}

impl Default for InfillSettings {
    fn default() -> Self {
        Self {
            bars: 0..0,
            melody: None,
            piano: None,
            voices: FillVoices::default(),
            temperature: 0.95,
            top_p: 0.93,
            top_k: 0,
            scale: None,
            draws: 3,
        }
    }
}

impl InfillSettings {
    /// The model that is used.
    pub const MODEL: &str = crate::compose::model::THEME;
    /// Most bars that are written at once: behind more, what stands before them has long left the context of the network.
    pub const MAX_BARS: u32 = 16;
}
