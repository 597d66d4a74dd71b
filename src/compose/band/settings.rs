//! What may be asked of a band.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Blend;
use crate::score::{Key, Lineage, Tick, TrackId};
use crate::tokens::part::Part;

/// How notes get their velocities and their place off the grid.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Performance {
    /// How much it is played rather than typed, 0.0 (every note alike, on the grid) to 1.0; by default 0.7.
    pub strength: f32,
    /// One velocity for all notes, 1..=127, instead of what the player would choose.
    pub velocity: Option<u8>,
}

impl Default for Performance {
    fn default() -> Self {
        Self {
            strength: 0.7,
            velocity: None,
        }
    }
}

/// How a band writes, whatever it writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BandSettings {
    /// Safe (below 1) to wild (above 1): how far the latents lie from the middle of what the model knows, 0.0..=2.0; by
    /// default 1.
    pub variety: f32,
    /// Fewer notes (below 0) or more (above 0) than the model is sure of, -1.0..=1.0; by default 0.
    pub density: f32,
    /// No pitched note leaves this key: keys outside it are taken out before it is decided what sounds.
    pub scale: Option<Key>,
    /// Velocities and timing.
    pub performance: Performance,
}

impl Default for BandSettings {
    fn default() -> Self {
        Self {
            variety: 1.0,
            density: 0.0,
            scale: None,
            performance: Performance::default(),
        }
    }
}

/// How a piece of more than four bars goes on. A model writes phrases of four bars; the latents that are fixed for a whole
/// phrase (style, harmony, texture) stay the same through the piece, those of each bar change.
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
pub enum Form {
    /// Step by step from one idea to another: every phrase resembles the one before it.
    #[default]
    Walk,
    /// Every phrase has bars of its own in the common style: more contrast.
    Contrast,
}

/// Music for a band from nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SeedSettings {
    /// The model's name.
    pub model: String,
    /// Where it is to stand in the song: a bar line.
    pub at: Tick,
    /// How many bars: a multiple of 4, 4..=64; by default 4.
    pub bars: u32,
    /// How it goes on after four bars.
    pub form: Form,
    /// Who plays; by default all.
    pub parts: Vec<Part>,
    /// Beats per minute; by default the song's at that place.
    pub tempo: Option<f64>,
    /// How it is written.
    pub band: BandSettings,
}

impl SeedSettings {
    /// The model that is used by default.
    pub const MODEL: &str = "musegan-hybrid";
    /// Most bars that are written at once.
    pub const MAX_BARS: u32 = 64;
}

impl Default for SeedSettings {
    fn default() -> Self {
        Self {
            model: Self::MODEL.to_owned(),
            at: Tick::ZERO,
            bars: 4,
            form: Form::default(),
            parts: Part::ALL.to_vec(),
            tempo: None,
            band: BandSettings::default(),
        }
    }
}

/// The other parts of a band around tracks of the song.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccompanySettings {
    /// The model's name.
    pub model: String,
    /// The bars of the song to accompany, from 0; they must be in 4/4.
    pub bars: Range<u32>,
    /// The tracks that are given; the model hears several as one part. They stay as they are.
    pub given: Vec<TrackId>,
    /// Which part of the band they are; by default told from the first one's role and instrument.
    pub given_as: Option<Part>,
    /// Which parts are written; by default all, and never the given one.
    pub parts: Vec<Part>,
    /// How closely the given tracks are followed: 1.0 as the model learned it, the default; above, up to 2.0, what they
    /// change is exaggerated; below, down to 0.0, it is played down.
    pub follow: f32,
    /// How it goes on after four bars.
    pub form: Form,
    /// How it is written.
    pub band: BandSettings,
}

impl AccompanySettings {
    /// The model that is used by default.
    pub const MODEL: &str = "musegan-accompany";
}

impl Default for AccompanySettings {
    fn default() -> Self {
        Self {
            model: Self::MODEL.to_owned(),
            bars: 0..0,
            given: Vec::new(),
            given_as: None,
            parts: Part::ALL.to_vec(),
            follow: 1.0,
            form: Form::default(),
            band: BandSettings::default(),
        }
    }
}

/// Some bars, some parts, or some bars of some parts once more. The rest stays as it is, to the note.
///
/// Where a model of ours wrote the bars and their lineage is known, its latents are drawn anew for those bars and parts
/// only. Elsewhere (music drawn by hand) the parts are written anew around one that stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VarySettings {
    /// The bars of the song to write again, from 0.
    pub bars: Range<u32>,
    /// The parts to write again; empty: all.
    pub parts: Vec<Part>,
    /// How different it becomes: 1.0 is drawn anew, the default; small numbers stay near what was there, 0.0..=1.0.
    pub change: f32,
    /// The model for bars without a lineage.
    pub model: String,
    /// How bars without a lineage are written; the others are written as they were.
    pub band: BandSettings,
}

impl Default for VarySettings {
    fn default() -> Self {
        Self {
            bars: 0..0,
            parts: Vec::new(),
            change: 1.0,
            model: AccompanySettings::MODEL.to_owned(),
            band: BandSettings::default(),
        }
    }
}

/// Which mixtures of ideas are made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MorphWay {
    /// One mixture: a weight for each idea, 0.0 and above, not all 0.
    Point(Vec<f32>),
    /// So many steps, 2..=64, from the first idea through the others to the last: a candidate each, in order.
    Path {
        /// How many, both ends among them.
        steps: u32,
    },
    /// A square of mixtures, 2..=8 a side, row after row. Four ideas are its corners (first row: from the first to the second;
    /// last row: from the third to the fourth, or the third alone where there are three). Of two ideas, columns go from one's shared latents to the other's, rows from
    /// one's latents of the single parts to the other's.
    Grid {
        /// How many a side.
        side: u32,
    },
}

/// What lies between ideas: generated clips of one model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MorphSettings {
    /// Two to four ideas: the lineages of clips that a band's model wrote.
    pub ideas: Vec<Arc<Lineage>>,
    /// Which mixtures.
    pub way: MorphWay,
    /// How latents are mixed.
    pub blend: Blend,
    /// A path as one piece, its steps behind each other, instead of a candidate for each step.
    pub joined: bool,
    /// Where it is to stand in the song: a bar line.
    pub at: Tick,
    /// Velocities and timing.
    pub performance: Performance,
}
