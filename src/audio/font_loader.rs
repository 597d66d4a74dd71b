//! Loads SoundFonts on a thread of their own: a large one takes a second.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::soundfont::{self, Font, FontError, FoundFont};

/// Which font.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FontSource {
    /// FluidR3 where it is installed, else the built-in one.
    Preferred,
    /// The one that is part of the program.
    BuiltIn,
    /// A file.
    File(PathBuf),
}

impl FontSource {
    /// Loads it here and now.
    pub fn load(&self) -> Result<Arc<Font>, FontError> {
        match self {
            Self::Preferred => soundfont::preferred(),
            Self::BuiltIn => soundfont::built_in(),
            Self::File(path) => soundfont::load(path),
        }
    }
}

/// What the loader brings.
#[derive(Debug)]
pub struct Loaded {
    /// The font that was asked for last, or why there is none.
    pub font: Result<Arc<Font>, FontError>,
    /// Every SoundFont file on this machine, by name.
    pub found: Vec<FoundFont>,
}

type Loading = JoinHandle<Loaded>;

/// Loads one font at a time; of several that are asked for meanwhile only the last.
#[derive(Debug, Default)]
pub struct FontLoader {
    loading: Option<Loading>,
    next: Option<FontSource>,
}

impl FontLoader {
    /// Asks for a font; [`Self::poll`] gives it.
    pub fn request(&mut self, source: FontSource) {
        self.next = Some(source);
        self.begin();
    }

    fn begin(&mut self) {
        if self.loading.is_some() {
            return;
        }
        if let Some(source) = self.next.take() {
            let thread = std::thread::Builder::new().name("font-loader".into());
            let load = move || Loaded {
                font: source.load(),
                found: soundfont::find(),
            };
            match thread.spawn(load) {
                Ok(loading) => self.loading = Some(loading),
                Err(error) => tracing::error!("no thread to load a SoundFont: {error}"),
            }
        }
    }

    /// Whether a font is being loaded.
    pub fn is_busy(&self) -> bool {
        self.loading.is_some()
    }

    /// What was asked for last, once it is known. Never waits.
    pub fn poll(&mut self) -> Option<Loaded> {
        let loaded = self.loading.take_if(|loading| loading.is_finished())?;
        let result = loaded.join();
        if self.next.is_some() {
            self.begin();
            return None;
        }
        if result.is_err() {
            tracing::error!("the font loader panicked");
        }
        result.ok()
    }
}

impl Drop for FontLoader {
    fn drop(&mut self) {
        if let Some(loading) = self.loading.take()
            && loading.join().is_err()
        {
            tracing::error!("the font loader panicked");
        }
    }
}
