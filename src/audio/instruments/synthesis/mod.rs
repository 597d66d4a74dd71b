//! What all instruments are made of: tones from partials, noise, filters and a measure of loudness.

pub mod filter;
pub mod hit;
pub mod loudness;
pub mod noise;
pub mod region;
pub mod section;
pub mod steady;
pub mod strings;
pub mod tone;

pub use filter::Biquad;
pub use hit::Hit;
pub use noise::Noise;
pub use region::{Envelope, Region, Vibrato, every, spread};
pub use section::Section;
pub use steady::Steady;
pub use strings::StringModel;
pub use tone::{Partial, Shape, Tone, ToneSpec};

/// Sampling rate of tones with a pitch, in hertz.
pub const RATE: u32 = 32_000;
/// Sampling rate of drums and cymbals, in hertz.
pub const DRUM_RATE: u32 = 44_100;

/// Frequency of a key in hertz: equal temperament, A4 (69) = 440 Hz.
pub fn hertz(key: f64) -> f64 {
    440.0 * ((key - 69.0) / 12.0).exp2()
}

/// Gain of a level in decibels.
pub fn gain(decibels: f64) -> f64 {
    10_f64.powf(decibels / 20.0)
}

/// A bell-shaped resonance on a logarithmic frequency axis: 1 at `centre`, `width` octaves wide (standard deviation).
pub fn bump(frequency: f64, centre: f64, width: f64) -> f64 {
    let octaves = (frequency / centre).log2() / width;
    (-0.5 * octaves * octaves).exp()
}

/// Linear between two values, `share` in 0..=1 (clamped).
pub fn mix(low: f64, high: f64, share: f64) -> f64 {
    low + (high - low) * share.clamp(0.0, 1.0)
}

/// Values by key, linear between the points given as (key, value) in rising order, constant outside.
pub fn by_key(points: &[(f64, f64)], key: f64) -> f64 {
    let above = points.iter().position(|(at, _)| *at >= key);
    match above {
        None => points.last().map_or(0.0, |point| point.1),
        Some(0) => points.first().map_or(0.0, |point| point.1),
        Some(index) => match points.get(index - 1..=index) {
            Some(&[(k0, v0), (k1, v1)]) => mix(v0, v1, (key - k0) / (k1 - k0)),
            _ => 0.0,
        },
    }
}
