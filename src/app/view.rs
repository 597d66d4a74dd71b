//! How the song is looked at: zoom, scroll, tool, snap. Saved with the project, not part of the history.

use serde::{Deserialize, Serialize};

use crate::score::{Pitch, Span, TICKS_PER_QUARTER, Tick, TrackId};

/// How time runs from left to right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TimeAxis {
    /// Points a quarter note takes.
    pub points_per_quarter: f32,
    /// Quarter notes that are scrolled away to the left.
    pub left_quarters: f64,
}

impl TimeAxis {
    /// The least and the most points a quarter note can take.
    const ZOOM: std::ops::RangeInclusive<f32> = 0.25..=480.0;

    /// How far right of the left edge `tick` is, in points.
    pub fn x(&self, tick: Tick) -> f32 {
        ((tick.quarters() - self.left_quarters) * f64::from(self.points_per_quarter)) as f32
    }

    /// The tick `x` points right of the left edge.
    pub fn tick(&self, x: f32) -> Tick {
        Tick::from_quarters(self.left_quarters + f64::from(x) / f64::from(self.points_per_quarter))
    }

    /// How long `points` are.
    pub fn length(&self, points: f32) -> Tick {
        Tick::from_quarters(f64::from(points) / f64::from(self.points_per_quarter))
    }

    /// How wide `ticks` are, in points.
    pub fn width(&self, ticks: Tick) -> f32 {
        ticks.0 as f32 * self.points_per_quarter / TICKS_PER_QUARTER as f32
    }

    /// What is seen in `width` points.
    pub fn visible(&self, width: f32) -> Span {
        Span::new(self.tick(0.0), self.tick(width))
    }

    /// Zoomed by `factor`, so that what is `x` points from the left edge stays there.
    #[must_use]
    pub fn zoomed(&self, factor: f32, x: f32) -> Self {
        let points =
            (self.points_per_quarter * factor).clamp(*Self::ZOOM.start(), *Self::ZOOM.end());
        let anchor = self.left_quarters + f64::from(x) / f64::from(self.points_per_quarter);
        let left = anchor - f64::from(x) / f64::from(points);
        Self {
            points_per_quarter: points,
            left_quarters: left.max(0.0),
        }
    }

    /// Scrolled so that `points` more to the right are seen.
    #[must_use]
    pub fn scrolled(&self, points: f32) -> Self {
        let left = self.left_quarters + f64::from(points) / f64::from(self.points_per_quarter);
        Self {
            left_quarters: left.max(0.0),
            ..*self
        }
    }

    /// Scrolled by a page where `tick` lies outside `width` points; as it is where it lies inside.
    #[must_use]
    pub fn following(&self, tick: Tick, width: f32) -> Self {
        let x = self.x(tick);
        if (0.0..width * 0.98).contains(&x) {
            *self
        } else {
            Self {
                left_quarters: (tick.quarters()
                    - f64::from(width * 0.04 / self.points_per_quarter))
                .max(0.0),
                ..*self
            }
        }
    }

    /// Zoomed and scrolled to show `span` in `width` points.
    #[must_use]
    pub fn fitting(span: Span, width: f32) -> Self {
        let quarters = span.length().quarters().max(1.0);
        let points = (width / quarters as f32).clamp(*Self::ZOOM.start(), *Self::ZOOM.end());
        Self {
            points_per_quarter: points,
            left_quarters: span.start.quarters().max(0.0),
        }
    }
}

/// How pitch runs from bottom to top in the large roll.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PitchAxis {
    /// Height of a row in points.
    pub row: f32,
    /// The pitch, with its fraction, at the top edge.
    top: f32,
}

impl PitchAxis {
    /// How far below the top edge the row of `pitch` begins, in points.
    pub fn y(&self, pitch: Pitch) -> f32 {
        (self.top - f32::from(pitch.get()) - 1.0) * self.row
    }

    /// The pitch whose row is `y` points below the top edge; the outermost one beyond the keyboard.
    pub fn pitch(&self, y: f32) -> Pitch {
        Pitch::clamped((self.top - y / self.row).floor() as i32)
    }

    /// The lowest and highest pitch seen in `height` points.
    pub fn visible(&self, height: f32) -> (Pitch, Pitch) {
        (self.pitch(height), self.pitch(0.0))
    }
}

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
    QuarterDotted,
    EighthDotted,
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
            Self::QuarterDotted => Tick(1440),
            Self::EighthDotted => Tick(720),
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
            Self::QuarterDotted => "1/4 dotted",
            Self::EighthDotted => "1/8 dotted",
            Self::QuarterTriplet => "1/4 triplet",
            Self::EighthTriplet => "1/8 triplet",
            Self::SixteenthTriplet => "1/16 triplet",
        }
    }
}

/// How the song is looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct View {
    /// The track in the large roll.
    pub focused: Option<TrackId>,
    /// What the pointer does.
    pub tool: Tool,
    /// The grid.
    pub snap: Snap,
    /// Time in the ruler, the theme lane and the stacked lanes.
    pub timeline: TimeAxis,
    /// Time in the large roll.
    pub roll: TimeAxis,
    /// Points of the stacked lanes that are scrolled away at the top; the heads in the tracks panel scroll along.
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
    /// Show the velocity lane.
    pub velocities: bool,
    /// The length a click of the pencil gives, in ticks: the last one drawn.
    pub pencil_length: Tick,
}

impl View {
    /// Pitch in a roll of `height` points; scrolled no further than the keyboard goes.
    pub fn pitch_axis(&self, height: f32) -> PitchAxis {
        let rows = height / self.row_points;
        let top = if rows >= 128.0 {
            64.0 + rows / 2.0
        } else {
            (self.centre_pitch + 0.5 + rows / 2.0).clamp(rows, 128.0)
        };
        PitchAxis {
            row: self.row_points,
            top,
        }
    }

    /// This view with the large roll scrolled by `points` downwards.
    #[must_use]
    pub fn scrolled_down(&self, points: f32, height: f32) -> Self {
        let half = (height / self.row_points / 2.0).min(64.0);
        let centre = (self.centre_pitch - points / self.row_points).clamp(half - 0.5, 127.5 - half);
        Self {
            centre_pitch: centre,
            ..self.clone()
        }
    }

    /// `tick` on the grid: the line at or before it.
    pub fn snapped_down(&self, tick: Tick) -> Tick {
        self.snap.step().map_or(tick, |step| tick.floor_to(step))
    }

    /// `tick` on the grid: the nearest line.
    pub fn snapped(&self, tick: Tick) -> Tick {
        self.snap.step().map_or(tick, |step| tick.round_to(step))
    }
}

impl Default for View {
    fn default() -> Self {
        Self {
            focused: None,
            tool: Tool::default(),
            snap: Snap::default(),
            timeline: TimeAxis {
                points_per_quarter: 33.0,
                left_quarters: 0.0,
            },
            roll: TimeAxis {
                points_per_quarter: 72.0,
                left_quarters: 0.0,
            },
            lanes_scroll: 0.0,
            row_points: 10.0,
            centre_pitch: 70.0,
            ghosts: true,
            follow: true,
            scale_lock: false,
            velocities: true,
            pencil_length: Tick(480),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ticks_and_points_are_inverse(tick in 0i64..4_000_000, points in 2.0f32..480.0, left in 0.0f64..1000.0) {
            let axis = TimeAxis { points_per_quarter: points, left_quarters: left };
            let x = axis.x(Tick(tick));
            // A point is at most 480 ticks, and f32 keeps seven digits.
            let slack = 1.0 + (x.abs() / points * 960.0) * 1e-5;
            prop_assert!((axis.tick(x).0 - tick).abs() as f32 <= slack);
        }

        #[test]
        fn zooming_keeps_what_is_under_the_pointer(x in 0.0f32..1500.0, factor in 0.3f32..3.0, left in 20.0f64..100.0) {
            let axis = TimeAxis { points_per_quarter: 60.0, left_quarters: left };
            let before = axis.tick(x);
            let zoomed = axis.zoomed(factor, x);
            if zoomed.left_quarters > 0.0 {
                prop_assert!((zoomed.tick(x).0 - before.0).abs() <= 2);
            }
        }

        #[test]
        fn pitches_and_rows_are_inverse(pitch in 0i32..128, row in 4.0f32..30.0, centre in 0.0f32..127.0, height in 50.0f32..3000.0) {
            let view = View { row_points: row, centre_pitch: centre, ..View::default() };
            let axis = view.pitch_axis(height);
            let pitch = Pitch::clamped(pitch);
            prop_assert_eq!(axis.pitch(axis.y(pitch) + row / 2.0), pitch);
            prop_assert!(axis.pitch(0.0) <= Pitch::clamped(127));
        }
    }

    #[test]
    fn following_turns_the_page_only_when_needed() {
        let axis = TimeAxis {
            points_per_quarter: 50.0,
            left_quarters: 0.0,
        };
        assert_eq!(axis.following(Tick(960), 800.0), axis);
        let turned = axis.following(Tick(960 * 17), 800.0);
        assert!((0.0..100.0).contains(&turned.x(Tick(960 * 17))));
    }
}
