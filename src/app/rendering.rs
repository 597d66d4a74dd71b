//! A render on its way: on a thread of its own, so that the window draws, plays and saves meanwhile.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, bounded};

use crate::audio::FontSource;
use crate::audio::render::{Progress, RenderOptions, Rendered, Stage, render_to_files, stem_path};
use crate::score::{Song, TrackId};

/// What is to be rendered, and into what.
#[derive(Debug, Clone)]
pub struct RenderOrder {
    /// The song.
    pub song: Arc<Song>,
    /// What plays it.
    pub font: FontSource,
    /// How.
    pub options: RenderOptions,
    /// The file of the mix; stems lie beside it.
    pub path: PathBuf,
}

/// What the thread tells: written by it alone, and read by the window.
#[derive(Debug, Default)]
struct Told {
    /// Set by the window, read by the thread.
    cancelled: AtomicBool,
    per_mille: AtomicU32,
    measuring: AtomicBool,
}

/// A render that has not ended; dropped, it is cancelled and leaves nothing behind.
#[derive(Debug)]
pub struct Rendering {
    name: String,
    told: Arc<Told>,
    result: Receiver<Result<Vec<Rendered>, String>>,
    thread: Option<JoinHandle<()>>,
}

impl Rendering {
    /// Starts a render.
    pub fn start(order: RenderOrder) -> std::io::Result<Self> {
        let told = Arc::new(Told::default());
        let (sender, result) = bounded(1);
        let name = file_name(&order.path);
        let telling = Arc::clone(&told);
        let thread = std::thread::Builder::new()
            .name("render".to_owned())
            .spawn(move || {
                let result = render(&order, &telling);
                // Nobody listens when the window was closed meanwhile.
                let _ = sender.send(result);
            })?;
        Ok(Self {
            name,
            told,
            result,
            thread: Some(thread),
        })
    }

    /// The name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How much is done, 0..=1.
    pub fn share(&self) -> f32 {
        self.told.per_mille.load(Ordering::Relaxed) as f32 / 1000.0
    }

    /// What is being done, in words.
    pub fn doing(&self) -> &'static str {
        if self.is_cancelled() {
            "Cancelling"
        } else if self.told.measuring.load(Ordering::Relaxed) {
            "Setting the loudness"
        } else {
            "Rendering"
        }
    }

    /// Asks it to stop; it does so at once, and leaves nothing behind.
    pub fn cancel(&self) {
        self.told.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.told.cancelled.load(Ordering::Relaxed)
    }

    /// What it led to, once it has ended: the files, or why there are none. Never waits.
    pub fn poll(&mut self) -> Option<Result<Vec<Rendered>, String>> {
        let ended = self.thread.as_ref().is_none_or(JoinHandle::is_finished);
        match self.result.try_recv() {
            Ok(result) => Some(result),
            Err(_) if ended => Some(Err("The render ended without a word: try again".to_owned())),
            Err(_) => None,
        }
    }
}

impl Drop for Rendering {
    fn drop(&mut self) {
        self.cancel();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the render panicked");
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn render(order: &RenderOrder, told: &Told) -> Result<Vec<Rendered>, String> {
    let song = &order.song;
    let stem = |id: TrackId| {
        let place = song.track_index(id).unwrap_or_default();
        let name = song.tracks.get(place).map_or("", |track| &track.name);
        stem_path(&order.path, place + 1, name)
    };
    let mut watch = |progress: Progress| {
        let now = (progress.share * 1000.0) as u32;
        let measuring = progress.stage == Stage::Measuring;
        told.measuring.store(measuring, Ordering::Relaxed);
        told.per_mille.store(now, Ordering::Relaxed);
        if told.cancelled.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let font = order.font.load().map_err(|error| error.to_string())?;
    render_to_files(song, &font, &order.options, &order.path, &stem, &mut watch)
        .map_err(|error| error.to_string())
}
