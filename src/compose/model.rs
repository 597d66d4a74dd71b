//! Where models are found, what is known of them, and the seam behind which networks stand.

use std::path::{Path, PathBuf};

use super::ThemeFinder;
use super::band::BandModel;
#[cfg(not(feature = "torch"))]
use super::perform;
use super::perform::Performer;
use crate::formats::places::Places;
use crate::measure::memory::MelodyMemory;
use crate::tokens::labels::Labels;
use crate::tokens::theme_vocab::Id;

/// The folders in which models are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelPaths {
    /// Folders with one folder a model, first found first.
    pub folders: Vec<PathBuf>,
}

impl ModelPaths {
    /// `LEITMOTIF_MODELS` if it is set; `models` beside the program, or in its package; the user's data folder; and
    /// the folder that the program was built from.
    pub fn find() -> Self {
        let mut folders: Vec<PathBuf> = std::env::var_os("LEITMOTIF_MODELS")
            .into_iter()
            .flat_map(|paths| std::env::split_paths(&paths).collect::<Vec<_>>())
            .filter(|path| !path.as_os_str().is_empty())
            .collect();
        if let Ok(program) = std::env::current_exe()
            && let Some(folder) = program.parent()
        {
            folders.push(folder.join("models"));
            folders.push(folder.join("../share/leitmotif/models"));
        }
        if let Some(places) = Places::find() {
            folders.push(places.data.join("models"));
        }
        folders.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("models"));
        Self { folders }
    }

    /// The folder of a model, `config.json` and weights beside each other; `None` where it is not installed.
    pub fn model(&self, name: &str) -> Option<PathBuf> {
        self.folders
            .iter()
            .map(|folder| folder.join(name))
            .find(|folder| folder.join("config.json").is_file())
    }
}

/// The name of the model that continues themes: its folder's.
pub(crate) const THEME: &str = "theme";

/// What is known of a loaded model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// Its name: the folder's.
    pub name: String,
    /// SHA-256 of the weights, in hexadecimal.
    pub checkpoint: String,
}

/// Why a network cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// Built without networks.
    #[error(
        "this build has no networks: editing and playing work; install the full build, or build with the feature \"torch\""
    )]
    NoNetworks,
    /// No folder has the model.
    #[error(
        "the model \"{name}\" is not installed; put its folder into one of these: {}",
        folders(.searched)
    )]
    Missing {
        /// Its name.
        name: String,
        /// Where it was looked for.
        searched: Vec<PathBuf>,
    },
    /// The model is there but cannot be loaded.
    #[error("the model in {} cannot be loaded: {message}", .folder.display())]
    Broken {
        /// Its folder.
        folder: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The network failed while it was running.
    #[error("the network failed: {0}")]
    Failed(String),
}

fn folders(searched: &[PathBuf]) -> String {
    let shown: Vec<String> = searched
        .iter()
        .map(|folder| folder.display().to_string())
        .collect();
    shown.join(", ")
}

/// A network that continues themes.
pub(crate) trait ThemeModel {
    /// What is known of it.
    fn info(&self) -> &ModelInfo;

    /// How it counts theme labels.
    fn labels(&self) -> Labels;

    /// Most tokens of context that it was trained with.
    fn context(&self) -> usize;

    /// Whether it knows music in C major and A minor only ([`super::one_key`]).
    fn is_in_one_key(&self) -> bool {
        false
    }

    /// What melodies it was trained on, as far as they may not be recited; `None` where that is not known.
    fn memory(&self) -> Option<&MelodyMemory> {
        None
    }

    /// Reads a source and begins `rows` candidates for it.
    fn start<'a>(
        &'a self,
        source: &[Id],
        rows: usize,
    ) -> Result<Box<dyn NextToken + 'a>, ModelError>;
}

/// Candidates being written side by side. Logits come row after row, one number a token of the vocabulary.
pub(crate) trait NextToken {
    /// Forgets the context and reads a prefix a row: tokens and their labels.
    fn prime(&mut self, prefixes: &[(&[Id], &[i64])]) -> Result<Vec<f32>, ModelError>;

    /// Gives every row its next token and label.
    fn step(&mut self, tokens: &[Id], labels: &[i64]) -> Result<Vec<f32>, ModelError>;

    /// Keeps only these rows, in this order.
    fn keep(&mut self, rows: &[usize]) -> Result<(), ModelError>;

    /// Steps that fit before the rows must be primed again.
    fn remaining(&self) -> usize;
}

/// Where the worker gets its networks from.
pub(crate) trait Library: Send {
    /// Loads the model that continues themes.
    fn theme(&mut self) -> Result<Box<dyn ThemeModel>, ModelError>;

    /// Loads a model that writes for a band.
    fn band(&mut self, name: &str) -> Result<Box<dyn BandModel>, ModelError>;

    /// Who plays what bands write.
    fn performer(&mut self) -> Box<dyn Performer>;

    /// Who finds themes; by default without a network.
    fn theme_finder(&mut self) -> ThemeFinder {
        ThemeFinder::default()
    }
}

/// What a build without networks has.
#[cfg(not(feature = "torch"))]
pub(crate) struct NoLibrary(pub(crate) ModelPaths);

#[cfg(not(feature = "torch"))]
impl Library for NoLibrary {
    fn theme(&mut self) -> Result<Box<dyn ThemeModel>, ModelError> {
        Err(ModelError::NoNetworks)
    }

    fn band(&mut self, _: &str) -> Result<Box<dyn BandModel>, ModelError> {
        Err(ModelError::NoNetworks)
    }

    fn performer(&mut self) -> Box<dyn Performer> {
        perform::performer_in(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_first_folder_with_the_model_wins() {
        let home = tempfile::tempdir().unwrap();
        let (a, b) = (home.path().join("a"), home.path().join("b"));
        let paths = ModelPaths {
            folders: vec![a.clone(), b.clone()],
        };
        assert_eq!(paths.model("theme"), None);
        for folder in [&b, &a] {
            std::fs::create_dir_all(folder.join("theme")).unwrap();
            std::fs::write(folder.join("theme/config.json"), "{}").unwrap();
            assert_eq!(paths.model("theme"), Some(folder.join("theme")));
        }
    }

    #[test]
    fn the_project_folder_is_searched_last() {
        let found = ModelPaths::find();
        assert_eq!(
            found.folders.last(),
            Some(&Path::new(env!("CARGO_MANIFEST_DIR")).join("models"))
        );
    }
}
