//! Musical time: ticks and spans.

use std::ops::{Add, AddAssign, Mul, Sub, SubAssign};

use serde::{Deserialize, Serialize};

/// Ticks in a quarter note.
pub const TICKS_PER_QUARTER: i64 = 960;

/// A point or a length in musical time, in ticks ([`TICKS_PER_QUARTER`] to the quarter note).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct Tick(pub i64);

impl TryFrom<i64> for Tick {
    type Error = String;
    /// What a file may say: far more than any music needs, and far less than sums could overflow.
    fn try_from(ticks: i64) -> Result<Self, String> {
        if ticks.abs() <= Self::LIMIT.0 {
            Ok(Self(ticks))
        } else {
            Err(format!(
                "tick {ticks} lies outside -{0}..={0}",
                Self::LIMIT.0
            ))
        }
    }
}

impl From<Tick> for i64 {
    fn from(tick: Tick) -> Self {
        tick.0
    }
}

impl Tick {
    /// The farthest tick that is read from a file: about six and a half days at 120 quarter notes a minute.
    pub const LIMIT: Self = Self(1 << 30);
    /// The beginning of the song.
    pub const ZERO: Self = Self(0);
    /// One quarter note.
    pub const QUARTER: Self = Self(TICKS_PER_QUARTER);
    /// One sixteenth note: the networks' step.
    pub const SIXTEENTH: Self = Self(TICKS_PER_QUARTER / 4);

    /// A length in quarter notes.
    pub fn quarters(self) -> f64 {
        self.0 as f64 / TICKS_PER_QUARTER as f64
    }

    /// The nearest tick to a length in quarter notes.
    pub fn from_quarters(quarters: f64) -> Self {
        Self((quarters * TICKS_PER_QUARTER as f64).round() as i64)
    }

    /// The last multiple of `grid` at or before this tick. A grid of zero or less changes nothing.
    #[must_use]
    pub fn floor_to(self, grid: Self) -> Self {
        if grid.0 <= 0 {
            self
        } else {
            Self(self.0.div_euclid(grid.0) * grid.0)
        }
    }

    /// The multiple of `grid` nearest to this tick, the later one from halfway.
    #[must_use]
    pub fn round_to(self, grid: Self) -> Self {
        if grid.0 <= 0 {
            self
        } else {
            Self(self.0 + grid.0 / 2).floor_to(grid)
        }
    }

    /// The first multiple of `grid` at or after this tick.
    #[must_use]
    pub fn ceil_to(self, grid: Self) -> Self {
        if grid.0 <= 0 {
            self
        } else {
            Self(self.0 + grid.0 - 1).floor_to(grid)
        }
    }
}

impl Add for Tick {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Tick {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul<i64> for Tick {
    type Output = Self;
    fn mul(self, factor: i64) -> Self {
        Self(self.0 * factor)
    }
}

impl AddAssign for Tick {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl SubAssign for Tick {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

/// A half-open stretch of time, `start <= t < end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "SpanFields")]
pub struct Span {
    /// First tick inside.
    pub start: Tick,
    /// First tick after.
    pub end: Tick,
}

/// A span as a file says it, not yet looked at.
#[derive(Deserialize)]
struct SpanFields {
    start: Tick,
    end: Tick,
}

impl TryFrom<SpanFields> for Span {
    type Error = String;
    fn try_from(fields: SpanFields) -> Result<Self, String> {
        let SpanFields { start, end } = fields;
        if start <= end {
            Ok(Self { start, end })
        } else {
            Err(format!(
                "a span ends at {} before it starts at {}",
                end.0, start.0
            ))
        }
    }
}

impl Span {
    /// A span between two ticks, in either order.
    pub fn new(a: Tick, b: Tick) -> Self {
        Self {
            start: a.min(b),
            end: a.max(b),
        }
    }

    /// Length in ticks.
    pub fn length(self) -> Tick {
        self.end - self.start
    }

    /// Whether the span holds no tick.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// Whether `tick` lies inside.
    pub fn contains(self, tick: Tick) -> bool {
        self.start <= tick && tick < self.end
    }

    /// Whether the two spans share a tick.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_round_towards_the_nearest_line() {
        assert_eq!(Tick(119).round_to(Tick(240)), Tick(0));
        assert_eq!(Tick(120).round_to(Tick(240)), Tick(240));
        assert_eq!(Tick(-1).floor_to(Tick(240)), Tick(-240));
        assert_eq!(Tick(1).ceil_to(Tick(240)), Tick(240));
    }
}
