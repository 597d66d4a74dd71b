//! What is remembered between sessions.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::sound::AudioChoice;
use super::studio::{ComposeForm, RenderForm};
use crate::audio::midi::MidiSettings;
use crate::compose::Weights;
use crate::score::{InputGrid, TICKS_PER_QUARTER, Tick};

/// How many recent files are remembered.
const RECENT: usize = 10;

/// Dark, light, or as the system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum ThemeChoice {
    #[default]
    Dark,
    Light,
    System,
}

impl ThemeChoice {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dark => "Dark",
            Self::Light => "Light",
            Self::System => "As the system",
        }
    }
}

impl From<ThemeChoice> for egui::ThemePreference {
    fn from(choice: ThemeChoice) -> Self {
        match choice {
            ThemeChoice::Dark => Self::Dark,
            ThemeChoice::Light => Self::Light,
            ThemeChoice::System => Self::System,
        }
    }
}

/// The grid onto which what is played is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum GridChoice {
    #[default]
    Off,
    Quarter,
    Eighth,
    Sixteenth,
    ThirtySecond,
}

impl GridChoice {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "Off",
            Self::Quarter => "1/4",
            Self::Eighth => "1/8",
            Self::Sixteenth => "1/16",
            Self::ThirtySecond => "1/32",
        }
    }

    /// Its step.
    pub fn ticks(self) -> Option<Tick> {
        match self {
            Self::Off => None,
            Self::Quarter => Some(Tick(TICKS_PER_QUARTER)),
            Self::Eighth => Some(Tick(TICKS_PER_QUARTER / 2)),
            Self::Sixteenth => Some(Tick(TICKS_PER_QUARTER / 4)),
            Self::ThirtySecond => Some(Tick(TICKS_PER_QUARTER / 8)),
        }
    }
}

/// What is remembered between sessions, in `settings.json` of the configuration folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The look.
    pub theme: ThemeChoice,
    /// MIDI devices.
    pub midi: MidiSettings,
    /// How what is played is put onto the grid.
    pub input_grid: GridChoice,
    /// How far, in percent.
    #[serde(deserialize_with = "percent")]
    pub input_strength: u8,
    /// SoundFont, device, buffer and rate.
    #[serde(flatten)]
    pub audio: AudioChoice,
    /// How many bars are counted in before playing: 0, 1 or 2.
    pub count_in_bars: u8,
    /// Files that were opened or saved, the latest first.
    pub recent: Vec<PathBuf>,
    /// What the compose panel was set to.
    pub form: ComposeForm,
    /// How much each measure counts in the order of candidates.
    pub weights: Weights,
    /// What the last render was like.
    pub render: RenderForm,
    /// Whether the program was started before.
    pub started_before: bool,
}

fn percent<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    u8::deserialize(deserializer).map(|percent| percent.min(100))
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::default(),
            audio: AudioChoice::default(),
            count_in_bars: 0,
            midi: MidiSettings::default(),
            input_grid: GridChoice::default(),
            input_strength: 100,
            recent: Vec::new(),
            form: ComposeForm::default(),
            weights: Weights::default(),
            render: RenderForm::default(),
            started_before: false,
        }
    }
}

impl Settings {
    /// How what is played is put onto the grid.
    pub fn grid(&self) -> InputGrid {
        InputGrid {
            grid: self.input_grid.ticks(),
            strength: f32::from(self.input_strength) / 100.0,
        }
    }

    /// Puts `path` first among the recent files.
    pub fn remember(&mut self, path: &Path) {
        self.recent.retain(|known| known != path);
        self.recent.insert(0, path.to_owned());
        self.recent.truncate(RECENT);
    }

    /// Reads them; defaults where there are none, or where they cannot be read.
    pub fn load(folder: &Path) -> Self {
        std::fs::read(folder.join("settings.json"))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// Writes them.
    pub fn save(&self, folder: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let text = serde_json::to_vec_pretty(self)?;
        let part = folder.join("settings.json.part");
        std::fs::write(&part, text)?;
        std::fs::rename(part, folder.join("settings.json"))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Settings::load(folder.path()), Settings::default());
        let mut settings = Settings {
            theme: ThemeChoice::Light,
            started_before: true,
            input_strength: 70,
            audio: AudioChoice {
                device: Some("Speakers".to_owned()),
                buffer_frames: Some(256),
                ..AudioChoice::default()
            },
            count_in_bars: 1,
            ..Settings::default()
        };
        settings.weights.set("theme", 1.5);
        settings.remember(Path::new("a.leit"));
        settings.remember(Path::new("b.leit"));
        settings.remember(Path::new("a.leit"));
        settings.save(folder.path()).unwrap();
        let read = Settings::load(folder.path());
        assert_eq!(read, settings);
        assert_eq!(read.recent, [Path::new("a.leit"), Path::new("b.leit")]);
    }

    #[test]
    fn settings_of_an_earlier_version_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let text = br#"{"theme": "light", "soundfont": "/a.sf2", "device": "Speakers"}"#;
        std::fs::write(folder.path().join("settings.json"), text).unwrap();
        let read = Settings::load(folder.path());
        assert_eq!(read.theme, ThemeChoice::Light);
        assert_eq!(read.audio.soundfont.as_deref(), Some(Path::new("/a.sf2")));
        assert_eq!(read.audio.device.as_deref(), Some("Speakers"));
        assert_eq!(read.audio.buffer_frames, None);
    }

    #[test]
    fn damaged_settings_are_defaults() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("settings.json"), b"{\"theme\": 3").unwrap();
        assert_eq!(Settings::load(folder.path()), Settings::default());
    }
}
