//! Measures of music, on the grid of sixteenths.
//!
//! A measure that is not defined for what it is given (no notes, one region only) is `None`, never a made-up 0.

pub mod bootstrap;
pub mod chord;
pub mod diatonic;
pub mod fragment;
pub mod grid;
pub mod language;
pub mod memory;
pub mod occurrences;
pub mod phrase;
pub mod pianoroll;
pub mod reference;
pub mod theme;
pub mod tonal;
