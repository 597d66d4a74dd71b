//! How the song is looked at: zoom, scroll, tool, snap. Saved with the project, not part of the history.

use serde::{Deserialize, Serialize};

use crate::score::{Tick, TrackId};

/// What the pointer does in the focused roll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Tool {
    #[default]
    Pencil,
    Select,
    Knife,
    Glue,
}

/// The grid that onsets and lengths keep to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Snap {
    Off,
    Whole,
    Half,
    Quarter,
    Eighth,
    #[default]
    Sixteenth,
    ThirtySecond,
    QuarterTriplet,
    EighthTriplet,
    SixteenthTriplet,
}

impl Snap {
    /// The length of a step; `None` for no grid.
    pub fn step(self) -> Option<Tick> {
        Some(match self {
            Self::Off => return None,
            Self::Whole => Tick(3840),
            Self::Half => Tick(1920),
            Self::Quarter => Tick(960),
            Self::Eighth => Tick(480),
            Self::Sixteenth => Tick(240),
            Self::ThirtySecond => Tick(120),
            Self::QuarterTriplet => Tick(640),
            Self::EighthTriplet => Tick(320),
            Self::SixteenthTriplet => Tick(160),
        })
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "Off",
            Self::Whole => "1/1",
            Self::Half => "1/2",
            Self::Quarter => "1/4",
            Self::Eighth => "1/8",
            Self::Sixteenth => "1/16",
            Self::ThirtySecond => "1/32",
            Self::QuarterTriplet => "1/4 triplet",
            Self::EighthTriplet => "1/8 triplet",
            Self::SixteenthTriplet => "1/16 triplet",
        }
    }
}

/// How the song is looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct View {
    /// The track in the large roll.
    pub focused: Option<TrackId>,
    /// What the pointer does.
    pub tool: Tool,
    /// The grid.
    pub snap: Snap,
    /// Points a quarter note takes from left to right.
    pub points_per_quarter: f32,
    /// Quarter notes that are scrolled away to the left.
    pub left_quarters: f64,
    /// Points that the stacked small rolls, and the heads of the tracks beside them, are scrolled down.
    pub lanes_scroll: f32,
    /// Height of a row of the large roll in points.
    pub row_points: f32,
    /// The pitch in the middle of the large roll.
    pub centre_pitch: f32,
    /// Show the notes of other tracks in the large roll.
    pub ghosts: bool,
    /// Scroll along with the playhead.
    pub follow: bool,
    /// Keep drawn and moved notes in the key.
    pub scale_lock: bool,
}

impl Default for View {
    fn default() -> Self {
        Self {
            focused: None,
            tool: Tool::default(),
            snap: Snap::default(),
            points_per_quarter: 32.0,
            left_quarters: 0.0,
            lanes_scroll: 0.0,
            row_points: 10.0,
            centre_pitch: 70.0,
            ghosts: true,
            follow: true,
            scale_lock: false,
        }
    }
}
