//! How notes on the grid are played: their velocities, and how far they lie off their lines.
//!
//! - [`Player`], [`DrumPiece`]: who plays, and what a drummer hits.
//! - [`score_features`], [`History`]: what a network is told of a note before it says how it is played.
//! - [`velocity_bin`] and its like: strokes as classes, which is how a network says them.

mod features;
mod history;
mod player;

pub use features::{FEATURES, score_features};
pub use history::{History, PAST};
pub use player::{CLASSES, DrumPiece, Player};

/// Classes of velocity, of four velocities each: 1..=3, 4..=7, ... 124..=127.
pub const VELOCITY_BINS: usize = 32;
/// Classes of timing: the 32nd parts of a sixteenth, from half a sixteenth early to half a sixteenth late.
pub const TIMING_BINS: usize = 32;
/// The farthest that a note lies from its line, in sixteenths: less than half, so that notes keep their order.
pub const MAX_OFFSET: f32 = 0.48;

const VELOCITIES_IN_BIN: u8 = 4;

/// How one note is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    /// MIDI velocity, 1..=127.
    pub velocity: u8,
    /// How much later than its line it begins, in sixteenths, -[`MAX_OFFSET`]..=[`MAX_OFFSET`].
    pub offset: f32,
}

impl Stroke {
    /// A stroke from any numbers, held to what a stroke can be; what is no number is on its line.
    pub fn clamped(velocity: f32, offset: f32) -> Self {
        Self {
            velocity: (velocity.round().clamp(1.0, 127.0) as u8).max(1),
            offset: if offset.is_finite() {
                offset.clamp(-MAX_OFFSET, MAX_OFFSET)
            } else {
                0.0
            },
        }
    }
}

/// The class of a velocity.
pub fn velocity_bin(velocity: u8) -> usize {
    usize::from(velocity / VELOCITIES_IN_BIN).min(VELOCITY_BINS - 1)
}

/// A velocity of a class: its lowest at `place` 0.0, its highest towards 1.0.
pub fn velocity_in(bin: usize, place: f32) -> u8 {
    let lowest = bin.min(VELOCITY_BINS - 1) as u8 * VELOCITIES_IN_BIN;
    let above = (place.clamp(0.0, 0.999) * f32::from(VELOCITIES_IN_BIN)) as u8;
    (lowest + above).max(1)
}

/// The class of an offset in sixteenths.
pub fn timing_bin(offset: f32) -> usize {
    let bin = ((offset + 0.5) * TIMING_BINS as f32).floor();
    (bin.max(0.0) as usize).min(TIMING_BINS - 1)
}

/// An offset of a class: its earliest at `place` 0.0, its latest at 1.0.
pub fn offset_in(bin: usize, place: f32) -> f32 {
    let start = bin.min(TIMING_BINS - 1) as f32 + place.clamp(0.0, 1.0);
    (start / TIMING_BINS as f32 - 0.5).clamp(-MAX_OFFSET, MAX_OFFSET)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_velocity_comes_back_from_its_class() {
        for velocity in 1..=127_u8 {
            let place = f32::from(velocity % 4) / 4.0;
            assert_eq!(velocity_in(velocity_bin(velocity), place), velocity);
        }
        assert_eq!(velocity_in(0, 0.0), 1);
        assert_eq!(velocity_in(99, 1.0), 127);
    }

    #[test]
    fn offsets_come_back_within_their_class() {
        // On the line is the first offset of the seventeenth class.
        assert_eq!(timing_bin(0.0), 16);
        assert_eq!(offset_in(16, 0.0), 0.0);
        assert_eq!(timing_bin(-0.01), 15);
        assert_eq!(offset_in(15, 0.5), -1.0 / 64.0);
        assert_eq!((timing_bin(-2.0), timing_bin(2.0)), (0, 31));
        assert_eq!(offset_in(0, 0.0), -MAX_OFFSET);
        assert_eq!(offset_in(31, 1.0), MAX_OFFSET);
    }

    #[test]
    fn strokes_stay_within_their_range() {
        let loud = Stroke::clamped(300.0, 3.0);
        assert_eq!((loud.velocity, loud.offset), (127, MAX_OFFSET));
        let odd = Stroke::clamped(f32::NAN, f32::NAN);
        assert_eq!((odd.velocity, odd.offset), (1, 0.0));
    }
}
