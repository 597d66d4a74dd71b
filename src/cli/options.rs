//! Options that several commands have.

use std::ops::{Range, RangeInclusive};
use std::str::FromStr;

use anyhow::bail;
use clap::{Args, CommandFactory as _};

use super::Cli;
use crate::compose::{BandSettings, Performance};
use crate::score::{Key, Song, Track};

/// A number above the range's start, up to its end.
pub(super) fn parse_between(text: &str, what: &str, range: Range<f64>) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > range.start && value <= range.end => Ok(value),
        _ => Err(format!(
            "choose a {what} above {} and up to {}",
            range.start, range.end
        )),
    }
}

/// Beats a minute.
pub(super) fn parse_tempo(text: &str) -> Result<f64, String> {
    parse_between(text, "tempo", 10.0..400.0)
}

fn within(text: &str, range: RangeInclusive<f32>) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if range.contains(&value) => Ok(value),
        _ => Err(format!(
            "choose a number from {} to {}",
            range.start(),
            range.end()
        )),
    }
}

/// A share, 0 to 1.
pub(super) fn parse_share(text: &str) -> Result<f32, String> {
    within(text, 0.0..=1.0)
}

/// 0 to 2, with 1 in the middle.
pub(super) fn parse_double(text: &str) -> Result<f32, String> {
    within(text, 0.0..=2.0)
}

/// -1 to 1, with 0 in the middle.
pub(super) fn parse_balance(text: &str) -> Result<f32, String> {
    within(text, -1.0..=1.0)
}

/// Bars as people count them: "5" or "5-8".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bars(pub(super) Range<u32>);

impl FromStr for Bars {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        match (first.trim().parse::<u32>(), last.trim().parse::<u32>()) {
            (Ok(first), Ok(last)) if first >= 1 && first <= last => Ok(Self(first - 1..last)),
            _ => Err("choose bars such as 5 or 5-8, counted from 1".to_owned()),
        }
    }
}

/// How a band writes and plays.
#[derive(Debug, Args)]
pub(super) struct BandOptions {
    /// Safe (below 1) to wild (above 1)
    #[arg(long, value_name = "V", default_value_t = 1.0, value_parser = parse_double)]
    variety: f32,
    /// Fewer notes (below 0) or more (above 0), from -1 to 1
    #[arg(long, value_name = "D", default_value_t = 0.0, value_parser = parse_balance, allow_negative_numbers = true)]
    density: f32,
    /// No pitched note leaves this key, such as "A minor"
    #[arg(long, value_name = "KEY")]
    pub(super) scale: Option<Key>,
    #[command(flatten)]
    performance: PerformanceOptions,
}

impl BandOptions {
    pub(super) fn settings(&self) -> BandSettings {
        BandSettings {
            variety: self.variety,
            density: self.density,
            scale: self.scale,
            performance: self.performance.settings(),
        }
    }
}

/// How a band plays.
#[derive(Debug, Args)]
pub(super) struct PerformanceOptions {
    /// How much it is played rather than typed, from 0 to 1
    #[arg(long, value_name = "S", default_value_t = Performance::default().strength, value_parser = parse_share)]
    humanise: f32,
    /// One velocity for all notes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=127))]
    velocity: Option<u8>,
}

impl PerformanceOptions {
    pub(super) fn settings(&self) -> Performance {
        Performance {
            strength: self.humanise,
            velocity: self.velocity,
        }
    }
}

/// Ends the program as clap does where an option is wrong.
pub(super) fn usage_error(message: &str) -> ! {
    Cli::command()
        .error(clap::error::ErrorKind::ValueValidation, message)
        .exit()
}

/// A track of a song by number from 1 or by name.
pub(super) fn find_track<'a>(song: &'a Song, wanted: &str) -> anyhow::Result<&'a Track> {
    let by_number = wanted
        .parse::<usize>()
        .ok()
        .and_then(|number| song.tracks.get(number.checked_sub(1)?));
    let by_name = || {
        song.tracks
            .iter()
            .find(|track| track.name.eq_ignore_ascii_case(wanted))
    };
    let Some(track) = by_number.or_else(by_name) else {
        let names: Vec<&str> = song
            .tracks
            .iter()
            .map(|track| track.name.as_str())
            .collect();
        bail!(
            "--track {wanted}: there is no such track; choose one of: {}",
            names.join(", ")
        )
    };
    Ok(track)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_count_from_one() {
        assert_eq!("5-8".parse(), Ok(Bars(4..8)));
        assert_eq!("3".parse(), Ok(Bars(2..3)));
        for wrong in ["0", "4-2", "", "a-b", "-3"] {
            assert!(wrong.parse::<Bars>().is_err(), "{wrong}");
        }
    }
}
