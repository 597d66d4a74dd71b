//! Tempo, and how it changes.

use serde::{Deserialize, Serialize};

use super::time::{TICKS_PER_QUARTER, Tick};

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
}
