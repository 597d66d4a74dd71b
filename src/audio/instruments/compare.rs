//! Says whether two built SoundFonts are the same but for rounding.
//!
//! Sines and exponentials differ in their last bits between mathematical libraries; after rounding to 16 bits a few points then
//! differ by one. Anything more is another sound.

use std::fmt;

use rustysynth::SoundFont;

use super::bank::BuildError;

/// How two SoundFonts differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// Whether all but the sample points is the same, byte for byte.
    pub same_structure: bool,
    /// Sample points that differ.
    pub points: usize,
    /// The largest difference of a point, of 65,536 steps.
    pub largest: u16,
}

impl Difference {
    /// Whether both come from the same program.
    pub fn is_same(&self) -> bool {
        self.same_structure && self.largest <= 2
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let structure = if self.same_structure { "same" } else { "other" };
        write!(
            f,
            "{structure} structure, {} points differ, by {} at most",
            self.points, self.largest
        )
    }
}

/// Compares two files.
pub fn compare(one: &[u8], other: &[u8]) -> Result<Difference, BuildError> {
    let read = |bytes: &[u8]| {
        SoundFont::new(&mut &*bytes).map_err(|error| BuildError::Playback(error.to_string()))
    };
    let (left, right) = (read(one)?, read(other)?);
    let pairs = || left.get_wave_data().iter().zip(right.get_wave_data());
    let size = 2 * left.get_wave_data().len();
    // The points are one block; before and after it stands the structure.
    let outside = |bytes: &[u8]| {
        let start = bytes.windows(4).position(|id| id == b"smpl").unwrap_or(0) + 8;
        let (before, rest) = bytes.split_at(start.min(bytes.len()));
        (before.to_vec(), rest.get(size..).unwrap_or(&[]).to_vec())
    };
    Ok(Difference {
        same_structure: one.len() == other.len() && outside(one) == outside(other),
        points: pairs().filter(|(a, b)| a != b).count(),
        largest: pairs().map(|(a, b)| a.abs_diff(*b)).max().unwrap_or(0),
    })
}
