//! What the audio callback lets be seen: atomics that it alone writes and the owner reads.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Tracks that have a meter; those of later slots play without one.
pub const METERED: usize = 128;
/// Classes of callback load, each 5 % of the time there is.
const LOAD_CLASSES: usize = 64;
const LOAD_CLASS: f64 = 0.05;

/// Written by the callback, read by the owner.
#[derive(Debug)]
pub struct Shared {
    /// Ticks from the start of the song, as the bits of an f64.
    position: AtomicU64,
    /// Ticks of a count-in that are still to come, as the bits of an f64.
    count_in: AtomicU64,
    /// Momentary loudness of the output in LUFS, as the bits of an f32.
    loudness: AtomicU32,
    /// Whether time passes, or will after a count-in.
    pub playing: AtomicBool,
    /// The last transport order that was carried out.
    pub order: AtomicU32,
    /// Callbacks so far.
    pub callbacks: AtomicU64,
    /// Callbacks that took longer than the sound they made lasts.
    pub late: AtomicU32,
    /// Whether numbers too small for full precision count as zero in the audio thread.
    pub flushes: AtomicBool,
    /// Whether the SoundFont made a synthesizer fail.
    pub failed: AtomicBool,
    master: [AtomicU32; 2],
    tracks: Vec<AtomicU32>,
    load: Vec<AtomicU32>,
    recent_load: AtomicU32,
    worst_load: AtomicU32,
    worst_nanoseconds: AtomicU64,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            position: AtomicU64::new(0),
            count_in: AtomicU64::new(0),
            loudness: AtomicU32::new(f32::NEG_INFINITY.to_bits()),
            playing: AtomicBool::new(false),
            order: AtomicU32::new(0),
            callbacks: AtomicU64::new(0),
            late: AtomicU32::new(0),
            flushes: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            master: [AtomicU32::new(0), AtomicU32::new(0)],
            tracks: (0..METERED).map(|_| AtomicU32::new(0)).collect(),
            load: (0..LOAD_CLASSES).map(|_| AtomicU32::new(0)).collect(),
            recent_load: AtomicU32::new(0),
            worst_load: AtomicU32::new(0),
            worst_nanoseconds: AtomicU64::new(0),
        }
    }
}

/// How much of its time the callback uses: 1 is all there is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    /// The share that was used lately, smoothed over about a second.
    pub recent: f32,
    /// Half of the callbacks use at most this share (to 5 %).
    pub median: f32,
    /// 99 % of the callbacks use at most this share (to 5 %).
    pub p99: f32,
    /// The share that the worst one used.
    pub worst: f32,
    /// The longest that one took, in microseconds.
    pub worst_microseconds: u64,
    /// How many callbacks there were.
    pub callbacks: u64,
}

impl Shared {
    /// Publishes the playhead, in ticks.
    pub fn set_position(&self, ticks: f64) {
        self.position.store(ticks.to_bits(), Ordering::Relaxed);
    }

    /// The playhead, in ticks.
    pub fn position(&self) -> f64 {
        f64::from_bits(self.position.load(Ordering::Relaxed))
    }

    /// Publishes how many ticks of a count-in are still to come, 0 without one.
    pub fn set_count_in(&self, ticks: f64) {
        self.count_in.store(ticks.to_bits(), Ordering::Relaxed);
    }

    /// Ticks of a count-in that are still to come, 0 without one.
    pub fn count_in(&self) -> f64 {
        f64::from_bits(self.count_in.load(Ordering::Relaxed))
    }

    /// Publishes the momentary loudness of the output in LUFS.
    pub fn set_loudness(&self, lufs: f32) {
        self.loudness.store(lufs.to_bits(), Ordering::Relaxed);
    }

    /// The momentary loudness of the output in LUFS; negative infinity in silence.
    pub fn loudness(&self) -> f32 {
        f32::from_bits(self.loudness.load(Ordering::Relaxed))
    }

    /// Publishes the master meter: left, right.
    pub fn set_master(&self, peaks: [f32; 2]) {
        for (slot, peak) in self.master.iter().zip(peaks) {
            slot.store(peak.to_bits(), Ordering::Relaxed);
        }
    }

    /// The master meter: left, right.
    pub fn master(&self) -> [f32; 2] {
        [&self.master[0], &self.master[1]].map(|peak| f32::from_bits(peak.load(Ordering::Relaxed)))
    }

    /// Publishes the meter of a slot.
    pub fn set_track(&self, slot: usize, peak: f32) {
        if let Some(meter) = self.tracks.get(slot) {
            meter.store(peak.to_bits(), Ordering::Relaxed);
        }
    }

    /// The meter of a slot; 0 for one without.
    pub fn track(&self, slot: usize) -> f32 {
        self.tracks
            .get(slot)
            .map_or(0.0, |meter| f32::from_bits(meter.load(Ordering::Relaxed)))
    }

    /// Publishes how long a callback took, against how long its sound lasts.
    pub fn count_callback(&self, seconds: f64, budget_seconds: f64) {
        self.callbacks.fetch_add(1, Ordering::Relaxed);
        let share = seconds / budget_seconds.max(1e-9);
        let class = ((share / LOAD_CLASS) as usize).min(LOAD_CLASSES - 1);
        if let Some(count) = self.load.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let recent = f32::from_bits(self.recent_load.load(Ordering::Relaxed));
        let weight = budget_seconds.clamp(0.0, 1.0) as f32;
        let recent = recent + (share as f32 - recent) * weight;
        self.recent_load.store(recent.to_bits(), Ordering::Relaxed);
        if share > 1.0 {
            self.late.fetch_add(1, Ordering::Relaxed);
        }
        if share as f32 > f32::from_bits(self.worst_load.load(Ordering::Relaxed)) {
            self.worst_load
                .store((share as f32).to_bits(), Ordering::Relaxed);
        }
        self.worst_nanoseconds
            .fetch_max((seconds * 1e9) as u64, Ordering::Relaxed);
    }

    /// What [`Self::count_callback`] has seen.
    pub fn load(&self) -> Load {
        let counts: Vec<u64> = self
            .load
            .iter()
            .map(|count| u64::from(count.load(Ordering::Relaxed)))
            .collect();
        let all: u64 = counts.iter().sum();
        let quantile = |share: f64| {
            let wanted = (all as f64 * share).ceil() as u64;
            let mut seen = 0;
            for (class, count) in counts.iter().enumerate() {
                seen += count;
                if seen >= wanted && seen > 0 {
                    return ((class + 1) as f64 * LOAD_CLASS) as f32;
                }
            }
            0.0
        };
        Load {
            recent: f32::from_bits(self.recent_load.load(Ordering::Relaxed)),
            median: quantile(0.5),
            p99: quantile(0.99),
            worst: f32::from_bits(self.worst_load.load(Ordering::Relaxed)),
            worst_microseconds: self.worst_nanoseconds.load(Ordering::Relaxed) / 1_000,
            callbacks: all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_is_counted_in_classes() {
        let shared = Shared::default();
        for _ in 0..98 {
            shared.count_callback(0.001, 0.01);
        }
        shared.count_callback(0.005, 0.01);
        shared.count_callback(0.02, 0.01);
        let load = shared.load();
        assert!((load.median - 0.15).abs() < 1e-6 || (load.median - 0.1).abs() < 1e-6);
        assert!((load.p99 - 0.55).abs() < 0.051);
        assert!((load.worst - 2.0).abs() < 1e-6);
        assert_eq!(load.worst_microseconds, 20_000);
        assert_eq!(shared.late.load(Ordering::Relaxed), 1);
    }
}
