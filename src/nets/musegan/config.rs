//! What tells one member of the family from another.

use serde::{Deserialize, Serialize};

use super::{BAND_ARCHITECTURE, PARTS};
use crate::nets::NetError;
use crate::tokens::cut::Cut;

/// Which latents a model has (Dong et al. 2018, section "Modeling the multi-track interdependency").
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", ascii_case_insensitive)]
pub enum BandKind {
    /// Shared and private ones, a generator for each part.
    #[default]
    Hybrid,
    /// Private ones only, a generator for each part.
    Jamming,
    /// Shared ones only, one generator for all parts.
    Composer,
}

impl BandKind {
    /// Whether the parts have latents in common.
    pub fn has_shared(self) -> bool {
        self != Self::Jamming
    }

    /// Whether each part has latents, and a generator, of its own.
    pub fn has_private(self) -> bool {
        self != Self::Composer
    }
}

/// The shape of a [`BandGenerator`](super::BandGenerator), as in `config.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BandConfig {
    /// Always [`BAND_ARCHITECTURE`].
    pub architecture: String,
    /// Which latents it has.
    pub kind: BandKind,
    /// Whether it plays to a given part.
    pub accompanies: bool,
    /// Numbers in a latent of the phrase, S.
    pub latent: i64,
    /// Numbers in a latent that goes through a temporal generator, T.
    pub latent_time: i64,
    /// Features of a bar in each bar generator.
    pub bar: i64,
    /// Features of a beat.
    pub beat: i64,
    /// Features of a step.
    pub step: i64,
    /// Features of an octave.
    pub octave: i64,
    /// Features of the given part at each level; unused where the model does not accompany.
    pub given: i64,
    /// Above which probability a pitch that is silent sounds, part by part.
    pub thresholds: [f64; PARTS as usize],
    /// Above which probability a pitch that sounds goes on; those of the thresholds that are lower count instead.
    pub holds: [f64; PARTS as usize],
    /// Above which probability a pitch that sounds begins again.
    pub begins: [f64; PARTS as usize],
    /// Whether it was trained on music moved to the keys without accidentals (C major, A minor): its phrases are in them, and
    /// a given part is best moved there first.
    pub white_keys: bool,
}

impl Default for BandConfig {
    fn default() -> Self {
        Self {
            architecture: BAND_ARCHITECTURE.to_owned(),
            kind: BandKind::Hybrid,
            accompanies: false,
            latent: 32,
            latent_time: 32,
            bar: 192,
            beat: 96,
            step: 64,
            octave: 24,
            given: 64,
            thresholds: [0.5; PARTS as usize],
            holds: [0.5; PARTS as usize],
            begins: [0.5; PARTS as usize],
            white_keys: false,
        }
    }
}

impl BandConfig {
    /// Sizes for a kind: the composer's one generator is wider than each of the five.
    pub fn of(kind: BandKind, accompanies: bool) -> Self {
        let wide = if kind.has_private() { 1 } else { 2 };
        let base = Self::default();
        Self {
            kind,
            accompanies,
            bar: base.bar * wide,
            beat: base.beat * wide,
            step: base.step * wide,
            ..base
        }
    }

    /// How probabilities become notes.
    pub fn cuts(&self) -> [Cut; PARTS as usize] {
        std::array::from_fn(|part| Cut {
            sounds: self.thresholds[part] as f32,
            holds: self.holds[part] as f32,
            begins: self.begins[part] as f32,
        })
    }

    /// Bar generators: one, or one for each part.
    pub(crate) fn groups(&self) -> i64 {
        if self.kind.has_private() { PARTS } else { 1 }
    }

    /// Whether such a network can be.
    ///
    /// # Errors
    /// With the first thing that is wrong, in words.
    pub fn check(&self) -> Result<(), NetError> {
        if self.architecture != BAND_ARCHITECTURE {
            return Err(NetError::Config(format!(
                "the architecture is {:?}, not {BAND_ARCHITECTURE:?}",
                self.architecture
            )));
        }
        // The upper bounds keep a damaged file from asking for all the memory there is.
        for (name, size, most) in [
            ("latent", self.latent, 1024),
            ("latent_time", self.latent_time, 1024),
            ("bar", self.bar, 8192),
            ("beat", self.beat, 4096),
            ("step", self.step, 4096),
            ("octave", self.octave, 1024),
            ("given", self.given, 1024),
        ] {
            if !(1..=most).contains(&size) {
                return Err(NetError::Config(format!(
                    "{name} is {size}, outside 1 to {most}"
                )));
            }
        }
        match [self.thresholds, self.holds, self.begins]
            .iter()
            .flatten()
            .find(|threshold| !(0.0..1.0).contains(*threshold))
        {
            Some(threshold) => Err(NetError::Config(format!(
                "a threshold is {threshold}, outside 0 to 1"
            ))),
            None => Ok(()),
        }
    }
}
