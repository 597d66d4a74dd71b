//! Musical time: ticks, tempo map, metre map.

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

/// A tempo, stored as MIDI does: microseconds in a quarter note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "u32", into = "u32")]
pub struct Tempo(u32);

impl From<u32> for Tempo {
    fn from(micros: u32) -> Self {
        Self::from_micros_per_quarter(micros)
    }
}

impl From<Tempo> for u32 {
    fn from(tempo: Tempo) -> Self {
        tempo.0
    }
}

impl Tempo {
    /// Microseconds in a quarter note, held between 1 and 16,777,215 (what MIDI can write).
    pub fn from_micros_per_quarter(micros: u32) -> Self {
        Self(micros.clamp(1, 0x00FF_FFFF))
    }

    /// Quarter notes in a minute, held within what MIDI can write; not a number becomes 120.
    pub fn from_bpm(bpm: f64) -> Self {
        if bpm.is_nan() || bpm <= 0.0 {
            return Self::default();
        }
        Self::from_micros_per_quarter((60_000_000.0 / bpm).round().min(f64::from(u32::MAX)) as u32)
    }

    /// Microseconds in a quarter note.
    pub fn micros_per_quarter(self) -> u32 {
        self.0
    }

    /// Quarter notes in a minute.
    pub fn bpm(self) -> f64 {
        60_000_000.0 / f64::from(self.0)
    }

    fn seconds_per_tick(self) -> f64 {
        f64::from(self.0) / 1e6 / TICKS_PER_QUARTER as f64
    }
}

impl Default for Tempo {
    fn default() -> Self {
        Self(500_000)
    }
}

/// A tempo from a tick on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TempoChange {
    /// Where the tempo begins.
    pub at: Tick,
    /// The tempo.
    pub tempo: Tempo,
}

/// Every tempo of a song. There is always one at tick 0; changes are in order, one to a tick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<TempoChange>", into = "Vec<TempoChange>")]
pub struct TempoMap {
    changes: Vec<TempoChange>,
}

impl TempoMap {
    /// A map from changes in any order: the last given for a tick holds; before the first change its tempo holds.
    pub fn new(mut changes: Vec<TempoChange>) -> Self {
        for change in &mut changes {
            change.at = change.at.max(Tick::ZERO);
        }
        changes.sort_by_key(|change| change.at);
        let mut kept: Vec<TempoChange> = Vec::with_capacity(changes.len());
        for change in changes {
            match kept.last_mut() {
                Some(last) if last.at == change.at => *last = change,
                _ => kept.push(change),
            }
        }
        match kept.first_mut() {
            Some(first) => first.at = Tick::ZERO,
            None => kept.push(TempoChange {
                at: Tick::ZERO,
                tempo: Tempo::default(),
            }),
        }
        Self { changes: kept }
    }

    /// One tempo throughout.
    pub fn constant(tempo: Tempo) -> Self {
        Self::new(vec![TempoChange {
            at: Tick::ZERO,
            tempo,
        }])
    }

    /// The changes, in order; the first is at tick 0.
    pub fn changes(&self) -> &[TempoChange] {
        &self.changes
    }

    /// The tempo that holds at `tick`.
    pub fn tempo_at(&self, tick: Tick) -> Tempo {
        let after = self.changes.partition_point(|change| change.at <= tick);
        self.changes[after.max(1) - 1].tempo
    }

    /// Seconds from the start of the song to `tick` (negative before it, at the first tempo).
    pub fn seconds_at(&self, tick: Tick) -> f64 {
        let mut seconds = 0.0;
        for (index, change) in self.changes.iter().enumerate() {
            let end = self
                .changes
                .get(index + 1)
                .map_or(tick, |next| next.at.min(tick));
            if index > 0 && end <= change.at {
                break;
            }
            seconds += (end - change.at).0 as f64 * change.tempo.seconds_per_tick();
        }
        seconds
    }

    /// The tick, with its fraction, at a time in seconds from the start: the inverse of [`Self::seconds_at`].
    pub fn ticks_at(&self, seconds: f64) -> f64 {
        let mut left = seconds;
        for (index, change) in self.changes.iter().enumerate() {
            let per_tick = change.tempo.seconds_per_tick();
            if let Some(next) = self.changes.get(index + 1) {
                let length = (next.at - change.at).0 as f64 * per_tick;
                if left >= length {
                    left -= length;
                    continue;
                }
            }
            return change.at.0 as f64 + left / per_tick;
        }
        0.0
    }
}

impl Default for TempoMap {
    fn default() -> Self {
        Self::constant(Tempo::default())
    }
}

impl From<Vec<TempoChange>> for TempoMap {
    fn from(changes: Vec<TempoChange>) -> Self {
        Self::new(changes)
    }
}

impl From<TempoMap> for Vec<TempoChange> {
    fn from(map: TempoMap) -> Self {
        map.changes
    }
}

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
    /// A map from changes in any order: the last given for a tick holds; 4/4 before the first.
    pub fn new(mut changes: Vec<MetreChange>) -> Self {
        for change in &mut changes {
            change.at = change.at.max(Tick::ZERO);
            change.metre =
                Metre::new(change.metre.numerator, change.metre.denominator).unwrap_or_default();
        }
        changes.sort_by_key(|change| change.at);
        let mut kept: Vec<MetreChange> = Vec::with_capacity(changes.len() + 1);
        if changes.first().is_none_or(|first| first.at > Tick::ZERO) {
            kept.push(MetreChange {
                at: Tick::ZERO,
                metre: Metre::COMMON,
            });
        }
        for change in changes {
            match kept.last_mut() {
                Some(last) if last.at == change.at => *last = change,
                Some(last)
                    if last.metre == change.metre
                        && (change.at - last.at).0 % last.metre.bar().0 == 0 => {}
                _ => kept.push(change),
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
    fn seconds_and_ticks_are_inverse_across_tempo_changes() {
        let map = TempoMap::new(vec![
            TempoChange {
                at: Tick(0),
                tempo: Tempo::from_bpm(120.0),
            },
            TempoChange {
                at: Tick(1920),
                tempo: Tempo::from_bpm(60.0),
            },
        ]);
        assert_eq!(map.seconds_at(Tick(1920)), 1.0);
        assert_eq!(map.seconds_at(Tick(2880)), 2.0);
        for tick in [0, 1, 959, 1920, 1921, 100_000] {
            assert!((map.ticks_at(map.seconds_at(Tick(tick))) - tick as f64).abs() < 1e-6);
        }
    }

    #[test]
    fn the_last_tempo_of_a_tick_holds() {
        let map = TempoMap::new(vec![
            TempoChange {
                at: Tick(10),
                tempo: Tempo::from_bpm(90.0),
            },
            TempoChange {
                at: Tick(10),
                tempo: Tempo::from_bpm(80.0),
            },
        ]);
        assert_eq!(map.changes().len(), 1);
        assert_eq!(map.changes()[0].at, Tick::ZERO);
        assert_eq!(map.tempo_at(Tick(0)), Tempo::from_bpm(80.0));
    }

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

    #[test]
    fn grids_round_towards_the_nearest_line() {
        assert_eq!(Tick(119).round_to(Tick(240)), Tick(0));
        assert_eq!(Tick(120).round_to(Tick(240)), Tick(240));
        assert_eq!(Tick(-1).floor_to(Tick(240)), Tick(-240));
        assert_eq!(Tick(1).ceil_to(Tick(240)), Tick(240));
    }
}
