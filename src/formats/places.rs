//! Where Leitmotif keeps its own files: settings, data, caches, state.

use std::path::PathBuf;

/// The variable that puts all of them under one folder: for tests, and for carrying the studio on a stick.
pub const HOME_VARIABLE: &str = "LEITMOTIF_HOME";

/// The folders, by the customs of the system (on Linux the XDG folders). None of them need exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Preferences.
    pub config: PathBuf,
    /// What the user added: models, SoundFonts.
    pub data: PathBuf,
    /// What can be made again.
    pub cache: PathBuf,
    /// What survives a restart: autosaved projects, recent files.
    pub state: PathBuf,
}

impl Places {
    /// The folders of this user; `None` where the system knows no home folder.
    pub fn find() -> Option<Self> {
        if let Some(home) = std::env::var_os(HOME_VARIABLE).filter(|home| !home.is_empty()) {
            let home = PathBuf::from(home);
            return Some(Self {
                config: home.join("config"),
                data: home.join("data"),
                cache: home.join("cache"),
                state: home.join("state"),
            });
        }
        let folders = directories::ProjectDirs::from("", "", "leitmotif")?;
        Some(Self {
            config: folders.config_dir().to_owned(),
            data: folders.data_dir().to_owned(),
            cache: folders.cache_dir().to_owned(),
            state: folders
                .state_dir()
                .unwrap_or_else(|| folders.data_local_dir())
                .to_owned(),
        })
    }
}
