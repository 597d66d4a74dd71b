//! The trained Theme Transformer behind the seam of [`super::model`].

use super::ThemeFinder;
use super::band::BandModel;
use super::model::{Library, ModelError, ModelInfo, ModelPaths, NextToken, THEME, ThemeModel};
use super::perform::{self, Performer};
use crate::formats::files;
use crate::measure::memory::MelodyMemory;
use crate::nets::NetError;
use crate::nets::checkpoint;
use crate::nets::theme_transformer::{Decoder, KeyKind, LabelKind, Session, weights_in};
use crate::tokens::labels::Labels;
use crate::tokens::theme_vocab::{Id, SIZE};

/// The models that are installed.
pub(crate) struct TorchLibrary {
    paths: ModelPaths,
    threads: usize,
    writers: usize,
}

impl TorchLibrary {
    /// Models in these folders, computing with so many threads; candidates are shared out among so many writers.
    pub(crate) fn new(paths: ModelPaths, threads: usize, writers: usize) -> Self {
        Self {
            paths,
            threads,
            writers,
        }
    }
}

/// How many threads libtorch shares one product among, which it remembers for each thread that calls it.
pub(super) fn set_threads(threads: usize) {
    tch::set_num_threads(i32::try_from(threads).unwrap_or(1));
}

impl Library for TorchLibrary {
    fn theme(&mut self) -> Result<Box<dyn ThemeModel>, ModelError> {
        load_theme(&self.paths, self.writers)
    }

    fn band(&mut self, name: &str) -> Result<Box<dyn BandModel>, ModelError> {
        super::torch_band::load(&self.paths, name, self.threads)
    }

    fn performer(&mut self) -> Box<dyn Performer> {
        set_threads(self.threads);
        perform::performer_in(&self.paths)
    }

    fn theme_finder(&mut self) -> ThemeFinder {
        set_threads(self.threads);
        ThemeFinder::in_paths(&self.paths)
    }
}

/// A loaded Theme Transformer, ready to decode.
struct TorchTheme {
    decoder: Decoder,
    info: ModelInfo,
    labels: Labels,
    memory: Option<MelodyMemory>,
}

/// The file beside the weights that knows the melodies of the training songs, as hashes.
const MEMORY: &str = "memory.bin";

/// Loads the model from the first folder that has it.
fn load_theme(paths: &ModelPaths, writers: usize) -> Result<Box<dyn ThemeModel>, ModelError> {
    let folder = paths.model(THEME).ok_or_else(|| ModelError::Missing {
        name: THEME.to_owned(),
        searched: paths.folders.clone(),
    })?;
    let broken = |message: String| ModelError::Broken {
        folder: folder.clone(),
        message,
    };
    let decoder = Decoder::load(&folder)
        .map_err(|error| broken(error.to_string()))?
        .with_threads(writers);
    let config = decoder.network().config();
    if config.vocab != SIZE as i64 {
        return Err(broken(format!(
            "its vocabulary has {} tokens, not {SIZE}",
            config.vocab
        )));
    }
    let info = ModelInfo {
        name: THEME.to_owned(),
        checkpoint: weights_in(&folder)
            .map(|weights| checkpoint::sha256(&weights))
            .transpose()
            .map_err(|error| broken(error.to_string()))?
            .unwrap_or_default(),
    };
    let labels = match config.labels {
        LabelKind::Published => Labels::Published,
        LabelKind::Timed => Labels::Timed,
    };
    let path = folder.join(MEMORY);
    let memory = if path.is_file() {
        let bytes = files::read(&path).map_err(|error| broken(error.to_string()))?;
        let read = MelodyMemory::from_bytes(&bytes);
        Some(read.map_err(|error| broken(format!("{MEMORY}: {error}")))?)
    } else {
        None
    };
    Ok(Box::new(TorchTheme {
        decoder,
        info,
        labels,
        memory,
    }))
}

impl ThemeModel for TorchTheme {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn labels(&self) -> Labels {
        self.labels
    }

    fn context(&self) -> usize {
        self.decoder.network().config().max_target
    }

    fn is_in_one_key(&self) -> bool {
        self.decoder.network().config().keys == KeyKind::Common
    }

    fn memory(&self) -> Option<&MelodyMemory> {
        self.memory.as_ref()
    }

    fn start<'a>(
        &'a self,
        source: &[Id],
        rows: usize,
    ) -> Result<Box<dyn NextToken + 'a>, ModelError> {
        // A step's products are too small to be shared out: its rows are.
        set_threads(1);
        let session = Session::new(&self.decoder, &[source], rows).map_err(failed)?;
        Ok(Box::new(TorchSession { session }))
    }
}

struct TorchSession {
    session: Session,
}

impl NextToken for TorchSession {
    fn prime(&mut self, prefixes: &[(&[Id], &[i64])]) -> Result<Vec<f32>, ModelError> {
        self.session
            .prime(prefixes)
            .map(|logits| logits.to_vec())
            .map_err(failed)
    }

    fn step(&mut self, tokens: &[Id], labels: &[i64]) -> Result<Vec<f32>, ModelError> {
        self.session
            .step(tokens, labels)
            .map(|logits| logits.to_vec())
            .map_err(failed)
    }

    fn keep(&mut self, rows: &[usize]) -> Result<(), ModelError> {
        self.session.keep(rows).map_err(failed)
    }

    fn remaining(&self) -> usize {
        self.session.remaining()
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "the signature map_err asks for"
)]
fn failed(error: NetError) -> ModelError {
    ModelError::Failed(error.to_string())
}
