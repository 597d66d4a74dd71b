//! Measures of music.
