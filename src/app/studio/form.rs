//! What the compose panel is set to.

use serde::{Deserialize, Serialize};

use crate::compose::{AccompanySettings, ContinueSettings, FillVoices, SeedSettings};
use crate::score::{Song, ThemeKind, Tick};
use crate::tokens::part::Part;

/// What the compose panel makes.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
pub enum Making {
    /// A phrase or a piece for a band, from nothing.
    Seed,
    /// Music that goes on from the theme.
    #[default]
    Continue,
    /// The band around a track.
    Accompany,
    /// Some bars or parts once more.
    Vary,
    /// What lies between ideas.
    Morph,
    /// Seed, theme, continuation and band in one.
    Chain,
}

impl Making {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seed => "Seed",
            Self::Continue => "Continue",
            Self::Accompany => "Accompany",
            Self::Vary => "Re-roll",
            Self::Morph => "Morph",
            Self::Chain => "Chain",
        }
    }

    /// What the button says that begins it.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Chain => "Compose",
            other => other.name(),
        }
    }

    /// What it does, in a sentence.
    pub fn promise(self) -> &'static str {
        match self {
            Self::Seed => "A phrase for five parts, from nothing",
            Self::Continue => "On from your theme, or from any bar",
            Self::Accompany => "A band joins the focused track",
            Self::Vary => "Other notes for some bars, between the rest",
            Self::Morph => "Between up to four ideas",
            Self::Chain => "From nothing to a whole piece",
        }
    }

    /// The models that it needs.
    pub(super) fn models(self, band_joins: bool) -> &'static [&'static str] {
        const SEED: &str = SeedSettings::MODEL;
        const THEME: &str = ContinueSettings::MODEL;
        const BAND: &str = AccompanySettings::MODEL;
        match self {
            Self::Seed | Self::Morph => &[SEED],
            Self::Continue => &[THEME],
            Self::Accompany => &[BAND],
            // What has a lineage is written by its own model again.
            Self::Vary => &[],
            Self::Chain if band_joins => &[SEED, THEME, BAND],
            Self::Chain => &[SEED, THEME],
        }
    }
}

/// Who writes bars once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reroll {
    /// Melody and piano, between what stands before and behind the bars.
    Fill,
    /// Parts of the band.
    Band,
}

/// Where new music begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Right after the theme.
    #[default]
    AfterTheme,
    /// At the bar of the playhead.
    AtPlayhead,
    /// After the last bar that holds notes.
    AtEnd,
    /// At this bar, from 0.
    FromBar(u32),
}

impl Place {
    /// What it is called.
    pub fn name(self) -> String {
        match self {
            Self::AfterTheme => "After the theme".to_owned(),
            Self::AtPlayhead => "At the playhead".to_owned(),
            Self::AtEnd => "At the end".to_owned(),
            Self::FromBar(bar) => format!("From bar {}", bar.saturating_add(1)),
        }
    }

    /// The last bar that can be named.
    pub const MOST_BARS: u32 = 9998;

    /// The tick it means; the end where there is no theme.
    pub fn tick(self, song: &Song, playhead: Tick) -> Tick {
        let end = song.metre.bar_start(song.bars());
        match self {
            Self::AfterTheme => song
                .themes
                .iter()
                .find(|region| region.kind == ThemeKind::Theme)
                .map_or(end, |theme| theme.span.end),
            Self::AtPlayhead => song.metre.bar_span(playhead).start,
            Self::AtEnd => end,
            Self::FromBar(bar) => song.metre.bar_start(bar.min(Self::MOST_BARS)),
        }
    }
}

/// What the compose panel is set to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a checkbox of its own"
)]
pub struct ComposeForm {
    /// What is made.
    pub making: Making,
    /// Where a continuation begins.
    pub place: Place,
    /// Where music for a band begins.
    pub band_place: Place,
    /// How many bars.
    pub bars: u32,
    /// How many phrases of four bars a seed has, 1..=16.
    pub phrases: u32,
    /// The parts of the band that are written.
    pub parts: Vec<Part>,
    /// From few notes (0) to many (1); the middle is what the network is sure of.
    pub density: f32,
    /// How it is played, from strictly on the grid (0) to freely (1).
    pub feel: f32,
    /// How closely the band follows the given track, from loosely (0) to exaggerated (1).
    pub follow: f32,
    /// How different a re-roll is, from nearly the same (0) to drawn anew (1).
    pub change: f32,
    /// Who re-rolls; by default whoever wrote the bars, and the band for its parts.
    #[serde(skip)]
    pub reroll: Option<Reroll>,
    /// Which voices are written between other bars.
    pub fill: FillVoices,
    /// The band joins what a chain wrote.
    pub band_joins: bool,
    /// From safe (0) to wild (1).
    pub mood: f32,
    /// How the theme returns, from free (0) to faithful (1).
    pub faithful: f32,
    /// Where the melody of a continuation may go, from low (0) to high (1); in the middle it is free.
    pub register: f32,
    /// A continuation has a piano too.
    pub piano: bool,
    /// How many candidates.
    pub candidates: u32,
    /// The random seed.
    pub seed: u64,
    /// Take another seed after each job.
    pub fresh_seed: bool,
    /// No generated note leaves the key.
    pub stay_in_key: bool,
    /// The theme returns in the painted bars.
    pub return_where_painted: bool,
    /// The theme returns nowhere else.
    pub only_painted: bool,
    /// Share of the probability that is sampled from, 0..=1.
    pub top_p: f32,
    /// How many of the likeliest tokens are sampled from; 0 for all.
    pub top_k: u32,
}

impl Default for ComposeForm {
    fn default() -> Self {
        Self {
            making: Making::default(),
            place: Place::default(),
            band_place: Place::AtEnd,
            bars: 16,
            phrases: 1,
            parts: Part::ALL.to_vec(),
            density: 0.5,
            feel: 0.7,
            follow: 0.5,
            change: 1.0,
            reroll: None,
            fill: FillVoices::default(),
            band_joins: true,
            mood: 0.45,
            faithful: 0.5,
            register: 0.5,
            piano: true,
            candidates: 8,
            seed: 20_241_107,
            fresh_seed: false,
            stay_in_key: false,
            return_where_painted: true,
            only_painted: false,
            top_p: 0.93,
            top_k: 0,
        }
    }
}

impl ComposeForm {
    /// The sampling temperature that the mood means: 0.6 at its safest, 1.4 at its wildest, about 1 in the middle.
    pub fn temperature(&self) -> f32 {
        0.6 + 0.8 * self.mood.clamp(0.0, 1.0)
    }

    /// How many bars a seed has.
    pub fn seed_bars(&self) -> u32 {
        self.phrases.clamp(1, SeedSettings::MAX_BARS / 4) * 4
    }

    /// The share of the theme's melody that its returns keep: none where they are free, all where they are faithful, in the
    /// middle what measures best.
    pub fn likeness(&self) -> f32 {
        let usual = ContinueSettings::default().likeness;
        let faithful = self.faithful.clamp(0.0, 1.0) * 2.0;
        if faithful < 1.0 {
            usual * faithful
        } else {
            usual + (1.0 - usual) * (faithful - 1.0)
        }
    }

    /// The sampling temperature inside returns of the theme: 1.1 where they are free, 0.3 where they are faithful.
    pub fn theme_temperature(&self) -> f32 {
        1.1 - 0.8 * self.faithful.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{
        Instrument, Note, Pitch, Role, Span, ThemeRegion, Track, TrackId, Velocity,
    };

    #[test]
    fn places_lie_on_bar_lines() {
        let note = Note::new(Tick(0), Tick(5000), Pitch::MIDDLE_C, Velocity::DEFAULT);
        let track = Track::new(TrackId(1), "A", Instrument::pitched(0), Role::Melody)
            .with_notes(vec![note]);
        let mut song = Song::default().with_track(track);
        let playhead = Tick(4000);
        assert_eq!(Place::AfterTheme.tick(&song, playhead), Tick(7680));
        assert_eq!(Place::AtEnd.tick(&song, playhead), Tick(7680));
        assert_eq!(Place::AtPlayhead.tick(&song, playhead), Tick(3840));
        assert_eq!(Place::FromBar(4).tick(&song, playhead), Tick(4 * 3840));
        song.themes.push(ThemeRegion {
            span: Span::new(Tick(0), Tick(3840)),
            track: TrackId(1),
            kind: ThemeKind::Theme,
        });
        assert_eq!(Place::AfterTheme.tick(&song, playhead), Tick(3840));
    }

    #[test]
    fn the_middle_of_the_mood_is_temperature_one() {
        let form = |mood| ComposeForm {
            mood,
            ..ComposeForm::default()
        };
        assert!((form(0.5).temperature() - 1.0).abs() < 1e-6);
        assert!(form(0.0).temperature() < form(1.0).temperature());
    }

    #[test]
    fn the_middle_of_the_theme_slider_is_the_usual_likeness() {
        let form = |faithful| ComposeForm {
            faithful,
            ..ComposeForm::default()
        };
        let usual = ContinueSettings::default().likeness;
        assert!((form(0.5).likeness() - usual).abs() < 1e-6);
        assert!(form(0.0).likeness().abs() < 1e-6);
        assert!((form(1.0).likeness() - 1.0).abs() < 1e-6);
        assert!((form(0.25).likeness() - usual / 2.0).abs() < 1e-6);
    }
}
