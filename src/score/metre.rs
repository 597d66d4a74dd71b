//! Metre, and how it changes: where bars and beats are.

use serde::{Deserialize, Serialize};

use super::time::{Span, TICKS_PER_QUARTER, Tick};

/// A metre such as 3/4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "MetreFields")]
pub struct Metre {
    /// Beats in a bar, 1..=64.
    pub numerator: u8,
    /// The note that is one beat: 1, 2, 4, 8, 16, 32 or 64.
    pub denominator: u8,
}

/// A metre as a file says it, not yet looked at.
#[derive(Deserialize)]
struct MetreFields {
    numerator: u8,
    denominator: u8,
}

impl TryFrom<MetreFields> for Metre {
    type Error = String;
    fn try_from(fields: MetreFields) -> Result<Self, String> {
        let MetreFields {
            numerator,
            denominator,
        } = fields;
        Self::new(numerator, denominator)
            .ok_or_else(|| format!("{numerator}/{denominator} is not a metre"))
    }
}

impl Metre {
    /// 4/4.
    pub const COMMON: Self = Self {
        numerator: 4,
        denominator: 4,
    };

    /// A metre, or `None` outside 1..=64 over a power of two up to 64.
    pub fn new(numerator: u8, denominator: u8) -> Option<Self> {
        let fits =
            (1..=64).contains(&numerator) && denominator.is_power_of_two() && denominator <= 64;
        fits.then_some(Self {
            numerator,
            denominator,
        })
    }

    /// Length of one beat.
    pub fn beat(self) -> Tick {
        Tick(TICKS_PER_QUARTER * 4 / i64::from(self.denominator.max(1)))
    }

    /// Length of one bar.
    pub fn bar(self) -> Tick {
        self.beat() * i64::from(self.numerator.max(1))
    }
}

impl Default for Metre {
    fn default() -> Self {
        Self::COMMON
    }
}

/// A metre from a tick on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetreChange {
    /// Where the metre begins: always a bar line.
    pub at: Tick,
    /// The metre.
    pub metre: Metre,
}

/// A place in bars, beats and ticks, all counted from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Position {
    /// Bar, from 0.
    pub bar: u32,
    /// Beat inside the bar, from 0.
    pub beat: u32,
    /// Ticks after the beat.
    pub tick: u32,
}

/// Every metre of a song. There is always one at tick 0. A change inside a bar cuts that bar short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<MetreChange>", into = "Vec<MetreChange>")]
pub struct MetreMap {
    changes: Vec<MetreChange>,
}

impl MetreMap {
    /// A map from changes in any order: the last given for a tick holds; 4/4 before the first. Changes that change nothing
    /// are left out, so that equal maps are equal.
    pub fn new(mut changes: Vec<MetreChange>) -> Self {
        for change in &mut changes {
            change.at = change.at.max(Tick::ZERO);
            change.metre =
                Metre::new(change.metre.numerator, change.metre.denominator).unwrap_or_default();
        }
        changes.insert(
            0,
            MetreChange {
                at: Tick::ZERO,
                metre: Metre::COMMON,
            },
        );
        changes.sort_by_key(|change| change.at);
        // Of one tick the last given stays; only then is it seen whether it changes anything.
        changes.reverse();
        changes.dedup_by_key(|change| change.at);
        changes.reverse();
        let mut kept: Vec<MetreChange> = Vec::with_capacity(changes.len());
        for change in changes {
            let goes_on = kept.last().is_some_and(|last| {
                last.metre == change.metre && (change.at - last.at).0 % last.metre.bar().0 == 0
            });
            if !goes_on {
                kept.push(change);
            }
        }
        Self { changes: kept }
    }

    /// One metre throughout.
    pub fn constant(metre: Metre) -> Self {
        Self::new(vec![MetreChange {
            at: Tick::ZERO,
            metre,
        }])
    }

    /// The changes, in order; the first is at tick 0.
    pub fn changes(&self) -> &[MetreChange] {
        &self.changes
    }

    /// The metre that holds at `tick`.
    pub fn metre_at(&self, tick: Tick) -> Metre {
        let after = self.changes.partition_point(|change| change.at <= tick);
        self.changes[after.max(1) - 1].metre
    }

    /// Bars in the segment that begins with change `index`, a cut one counted whole; `None` for the last, endless one.
    fn segment_bars(&self, index: usize) -> Option<i64> {
        let change = self.changes[index];
        let next = self.changes.get(index + 1)?;
        let bar = change.metre.bar().0;
        Some(((next.at - change.at).0 + bar - 1) / bar)
    }

    /// Where bar `bar` (from 0) begins.
    pub fn bar_start(&self, bar: u32) -> Tick {
        let mut left = i64::from(bar);
        for (index, change) in self.changes.iter().enumerate() {
            match self.segment_bars(index) {
                Some(bars) if left >= bars => left -= bars,
                _ => return change.at + change.metre.bar() * left,
            }
        }
        Tick::ZERO
    }

    /// The bar (from 0) that holds `tick`; 0 before the start.
    pub fn bar_at(&self, tick: Tick) -> u32 {
        self.position(tick).bar
    }

    /// Bar, beat and tick of `tick`; the start for anything before it.
    pub fn position(&self, tick: Tick) -> Position {
        let tick = tick.max(Tick::ZERO);
        let mut bars = 0;
        for (index, change) in self.changes.iter().enumerate() {
            if let (Some(next), Some(length)) =
                (self.changes.get(index + 1), self.segment_bars(index))
                && tick >= next.at
            {
                bars += length;
                continue;
            }
            let inside = (tick - change.at).0;
            let (bar, beat) = (change.metre.bar().0, change.metre.beat().0);
            return Position {
                bar: (bars + inside / bar) as u32,
                beat: (inside % bar / beat) as u32,
                tick: (inside % bar % beat) as u32,
            };
        }
        Position::default()
    }

    /// The bar lines around `tick`: the span of the bar that holds it.
    pub fn bar_span(&self, tick: Tick) -> Span {
        let bar = self.bar_at(tick);
        Span {
            start: self.bar_start(bar),
            end: self.bar_start(bar + 1),
        }
    }
}

impl Default for MetreMap {
    fn default() -> Self {
        Self::constant(Metre::COMMON)
    }
}

impl From<Vec<MetreChange>> for MetreMap {
    fn from(changes: Vec<MetreChange>) -> Self {
        Self::new(changes)
    }
}

impl From<MetreMap> for Vec<MetreChange> {
    fn from(map: MetreMap) -> Self {
        map.changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_counted_across_metre_changes() {
        let map = MetreMap::new(vec![MetreChange {
            at: Tick(3840 * 2),
            metre: Metre {
                numerator: 3,
                denominator: 4,
            },
        }]);
        assert_eq!(map.bar_start(2), Tick(7680));
        assert_eq!(map.bar_start(3), Tick(7680 + 2880));
        assert_eq!(
            map.position(Tick(7680 + 2880 + 960 + 5)),
            Position {
                bar: 3,
                beat: 1,
                tick: 5
            }
        );
        assert_eq!(map.bar_at(Tick(7679)), 1);
    }

    #[test]
    fn a_change_that_is_taken_back_at_the_same_tick_is_none() {
        let at = |tick, numerator| MetreChange {
            at: Tick(tick),
            metre: Metre {
                numerator,
                denominator: 4,
            },
        };
        let map = MetreMap::new(vec![at(15360, 3), at(15360, 4)]);
        assert_eq!(map, MetreMap::constant(Metre::COMMON));
        let map = MetreMap::new(vec![at(0, 4), at(0, 3), at(2880, 3)]);
        assert_eq!(map.changes(), [at(0, 3)]);
    }

    #[test]
    fn a_change_inside_a_bar_cuts_it_short() {
        let map = MetreMap::new(vec![MetreChange {
            at: Tick(1920),
            metre: Metre {
                numerator: 2,
                denominator: 4,
            },
        }]);
        assert_eq!(map.bar_start(1), Tick(1920));
        assert_eq!(map.bar_at(Tick(1919)), 0);
        assert_eq!(map.bar_at(Tick(1920)), 1);
    }
}
