//! The state of the studio, and the one place that changes it.

mod apply;
mod notes;
mod transport;

use std::path::PathBuf;
use std::sync::Arc;

use crate::score::edit::Clipboard;
use crate::score::{History, Selection, Song, Track, TrackId};

use super::keys::Situation;
use super::sound::{Silent, Sound};
use super::view::View;

pub use transport::Transport;

/// Everything the window shows. Panels read it; [`Studio::apply`] changes it.
pub struct Studio {
    history: History,
    /// What a drag shows that has not ended; not in the history.
    live: Option<(Arc<Song>, Selection)>,
    file: Option<PathBuf>,
    view: View,
    transport: Transport,
    sound: Box<dyn Sound>,
    clipboard: Clipboard,
    /// Counts the random things that were done, so that each differs and a session can be repeated.
    seeds: u64,
}

impl std::fmt::Debug for Studio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Studio")
            .field("file", &self.file)
            .field("view", &self.view)
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

impl Studio {
    /// A studio that shows `song`, without any sound.
    pub fn new(song: Song) -> Self {
        Self::with_sound(song, Box::new(Silent::default()))
    }

    /// A studio that shows `song` and plays it through `sound`.
    pub fn with_sound(song: Song, mut sound: Box<dyn Sound>) -> Self {
        let song = Arc::new(song);
        sound.set_song(Arc::clone(&song));
        let view = View {
            focused: song.tracks.first().map(|track| track.id),
            ..View::default()
        };
        Self {
            history: History::new(Arc::clone(&song)),
            live: None,
            file: None,
            view,
            transport: Transport::default(),
            sound,
            clipboard: Clipboard::default(),
            seeds: 0,
        }
    }

    /// The song as it is shown and heard: with the change of a drag that has not ended.
    pub fn song(&self) -> &Arc<Song> {
        match &self.live {
            Some((song, _)) => song,
            None => self.base_song(),
        }
    }

    /// The song of the last step: what an edit, live or not, starts from.
    pub fn base_song(&self) -> &Arc<Song> {
        &self.history.current().song
    }

    /// The selection as it is shown.
    pub fn selection(&self) -> &Selection {
        match &self.live {
            Some((_, selection)) => selection,
            None => self.base_selection(),
        }
    }

    /// The selection that an edit starts from.
    pub fn base_selection(&self) -> &Selection {
        &self.history.current().selection
    }

    /// The steps.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Zoom, scroll, tool, snap.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Playhead, loop, metronome.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The track in the large roll.
    pub fn focused_track(&self) -> Option<&Arc<Track>> {
        self.view.focused.and_then(|id| self.song().track(id))
    }

    /// The name of the track in the large roll.
    pub fn focused(&self) -> Option<TrackId> {
        self.focused_track().map(|track| track.id)
    }

    /// Where the song is saved, if it is.
    pub fn file(&self) -> Option<&PathBuf> {
        self.file.as_ref()
    }

    /// Whether the song differs from the file.
    pub fn is_changed(&self) -> bool {
        self.history.is_unsaved()
    }

    /// What shortcuts ask about the state.
    pub fn situation(&self) -> Situation {
        Situation::default()
    }

    /// Called every frame: reads where the sound is.
    pub fn poll(&mut self) {
        self.sound.poll();
        self.transport.position = self.sound.position();
        self.transport.playing = self.sound.is_playing();
    }
}
