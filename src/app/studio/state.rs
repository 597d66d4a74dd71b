//! Small parts of the state.

use std::path::PathBuf;

use super::super::command::Command;
use crate::formats::autosave::Recoverable;

/// What lies over the window.
#[derive(Debug, Clone, PartialEq)]
pub enum Dialog {
    /// Find and run a command.
    Palette,
    /// All shortcuts.
    Shortcuts,
    /// Look, SoundFont, device.
    Preferences,
    /// What a render is to be like, or how far it is.
    Render,
    /// A path is to be typed, since no system dialog answered.
    Path(Purpose),
    /// There are changes that are not saved; what would come next.
    Unsaved(Box<Command>),
    /// A session that did not end well left this.
    Recover(Recoverable),
}

/// What a path is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Purpose {
    Open,
    Save,
    Midi,
    Wav,
    Flac,
    Png,
}

impl Purpose {
    /// The title of the dialog.
    pub fn title(self) -> &'static str {
        match self {
            Self::Open => "Open a project or a MIDI file",
            Self::Save => "Save the project",
            Self::Midi => "Export MIDI",
            Self::Wav => "Render WAV",
            Self::Flac => "Render FLAC",
            Self::Png => "Export picture",
        }
    }

    /// The button of the dialog.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Open => "Open",
            Self::Save => "Save",
            Self::Midi | Self::Png => "Export",
            Self::Wav | Self::Flac => "Render",
        }
    }

    /// The ending of the file; none for opening.
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::Open => None,
            Self::Save => Some("leit"),
            Self::Midi => Some("mid"),
            Self::Wav => Some("wav"),
            Self::Flac => Some("flac"),
            Self::Png => Some("png"),
        }
    }

    /// Whether a file is written.
    pub fn writes(self) -> bool {
        self != Self::Open
    }
}

/// What the user is to be told; shown for some seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Something was done.
    Success(String),
    /// Something worth knowing.
    Info(String),
    /// Something could not be done; says what to do.
    Error(String),
}

/// A SoundFont that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FontChoice {
    /// Its name.
    pub name: String,
    /// Its file; `None` for the built-in one.
    pub path: Option<PathBuf>,
    /// Where it comes from.
    pub origin: String,
}
