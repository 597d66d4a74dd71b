//! The state of the studio, and the one place that changes it.

mod apply;
mod asking;
mod files;
mod find;
mod form;
mod ideas;
mod making;
mod morph;
mod notes;
mod record;
mod render_form;
mod renders;
mod state;
mod transport;
mod tray;
mod typing;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crate::audio::device::DeviceInfo;
use crate::audio::midi::MidiState;
use crate::formats::autosave::{Session, Store};
use crate::score::edit::{self, Clipboard};
use crate::score::{History, Selection, Song, Span, Tick, Track, TrackId};

use super::composer::Composer;
use super::disk::Done;
use super::io::IoWorker;
use super::keys::Situation;
use super::rendering::Rendering;
use super::settings::Settings;
use super::sound::{Silent, Sound, SoundState};
use super::view::View;

pub use asking::Scope;
pub use form::{ComposeForm, Making, Place, Reroll};
pub use morph::{Idea, Morph};
pub use render_form::{RenderFont, RenderForm, RenderRange};
pub use state::{Dialog, FontChoice, Notice, Purpose};
pub use transport::Transport;
pub use tray::{Entry, Job, Tray};
pub use typing::{KeyMove, Typing, is_typing_key};

/// What a studio works with. Everything may be missing: then it says so, and the rest works.
#[derive(Default)]
pub struct Parts {
    /// Plays.
    pub sound: Option<Box<dyn Sound>>,
    /// Writes.
    pub composer: Option<Box<dyn Composer>>,
    /// Reads and writes files.
    pub io: Option<IoWorker<Done>>,
    /// What is remembered between sessions.
    pub settings: Settings,
    /// Where the settings are kept; `None` to keep none.
    pub folder: Option<PathBuf>,
    /// Where autosaves are kept; `None` to keep none.
    pub autosaves: Option<Store>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts")
            .field("sound", &self.sound.is_some())
            .field("composer", &self.composer.is_some())
            .field("io", &self.io)
            .field("settings", &self.settings)
            .field("folder", &self.folder)
            .field("autosaves", &self.autosaves)
            .finish()
    }
}

/// Everything the window shows. Panels read it; [`Studio::apply`] changes it.
pub struct Studio {
    history: History,
    /// What a drag shows that has not ended; not in the history.
    live: Option<(Arc<Song>, Selection)>,
    file: Option<PathBuf>,
    view: View,
    transport: Transport,
    clipboard: Clipboard,
    /// Counts the random things that were done, so that each differs and a session can be repeated.
    seeds: u64,

    /// The track that is played by hand whichever is focused.
    armed: Option<TrackId>,
    recording: Option<record::Recording>,
    typing: Typing,

    sound: Box<dyn Sound>,
    sound_state: SoundState,
    composer: Option<Box<dyn Composer>>,
    models: Vec<String>,
    form: ComposeForm,
    morph: Morph,
    /// The puck moved while a mixture was being made.
    morph_again: bool,
    job: Option<Job>,
    /// The track, as it was then, that is looked through for its theme.
    finding: Option<Arc<Track>>,
    tray: Tray,
    /// The song with the candidate that is heard, while one is.
    heard: Option<Arc<Song>>,
    /// The bar that still sounds as it did before the candidate changed.
    turning: Option<Span>,

    /// The render that is on its way.
    rendering: Option<Rendering>,
    io: Option<IoWorker<Done>>,
    /// What the I/O worker is busy with, in words.
    work: Vec<String>,
    /// What is to be done once the file is saved.
    after_save: Option<super::command::Command>,
    /// The song that was autosaved last, and when the next autosave is due.
    autosaved: Arc<Song>,
    autosave_due: Option<Instant>,
    autosaves: Option<Store>,
    /// The autosave of this session; away while the I/O worker writes it.
    session: Option<Box<Session>>,
    /// The autosave is to be removed as soon as it is back.
    discard_session: bool,
    settings: Settings,
    folder: Option<PathBuf>,

    dialog: Option<Dialog>,
    notices: Vec<Notice>,
    taps: VecDeque<Instant>,
    quitting: bool,
}

impl std::fmt::Debug for Studio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Studio")
            .field("file", &self.file)
            .field("view", &self.view)
            .field("transport", &self.transport)
            .field("dialog", &self.dialog)
            .finish_non_exhaustive()
    }
}

impl Studio {
    /// A studio that shows `song`, without sound, networks and files.
    pub fn new(song: Song) -> Self {
        Self::with_parts(song, Parts::default())
    }

    /// A studio that shows `song`.
    pub fn with_parts(song: Song, parts: Parts) -> Self {
        let song = Arc::new(song);
        let mut sound = parts.sound.unwrap_or_else(|| Box::new(Silent::default()));
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
            clipboard: Clipboard::default(),
            seeds: 0,
            armed: None,
            recording: None,
            typing: Typing::default(),
            sound_state: sound.state(),
            sound,
            models: parts
                .composer
                .as_ref()
                .map(|composer| composer.models())
                .unwrap_or_default(),
            composer: parts.composer,
            form: parts.settings.form.clone(),
            morph: Morph::default(),
            morph_again: false,
            job: None,
            finding: None,
            tray: Tray::default(),
            heard: None,
            turning: None,
            rendering: None,
            io: parts.io,
            work: Vec::new(),
            after_save: None,
            autosaved: song,
            autosave_due: None,
            session: parts
                .autosaves
                .as_ref()
                .map(|store| Box::new(store.begin())),
            autosaves: parts.autosaves,
            discard_session: false,
            settings: parts.settings,
            folder: parts.folder,
            dialog: None,
            notices: Vec::new(),
            taps: VecDeque::new(),
            quitting: false,
        }
    }

    /// The song as it is shown: with the change of a drag that has not ended, or with what is being recorded.
    pub fn song(&self) -> &Arc<Song> {
        match &self.live {
            Some((song, _)) => song,
            None => self.recorded_song().unwrap_or_else(|| self.base_song()),
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

    /// What the song is called in the window.
    pub fn title(&self) -> String {
        let stem = self.file.as_ref().and_then(|path| path.file_stem());
        match stem {
            Some(stem) => stem.to_string_lossy().into_owned(),
            None if self.song().title.is_empty() => "Untitled".to_owned(),
            None => self.song().title.clone(),
        }
    }

    /// Whether the song differs from the file.
    pub fn is_changed(&self) -> bool {
        self.history.is_unsaved()
    }

    /// How the sound is doing.
    pub fn sound_state(&self) -> &SoundState {
        &self.sound_state
    }

    /// What the compose panel is set to.
    pub fn form(&self) -> &ComposeForm {
        &self.form
    }

    /// The models there are, the best first.
    pub fn models(&self) -> &[String] {
        &self.models
    }

    /// The morph pad.
    pub fn morph(&self) -> &Morph {
        &self.morph
    }

    /// What is being written.
    pub fn job(&self) -> Option<&Job> {
        self.job.as_ref()
    }

    /// The candidates.
    pub fn tray(&self) -> &Tray {
        &self.tray
    }

    /// What is being read or written on disk, in words.
    pub fn work(&self) -> Option<&str> {
        self.work.last().map(String::as_str)
    }

    /// What is remembered between sessions.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Files that were opened or saved, the latest first.
    pub fn recent_files(&self) -> &[PathBuf] {
        &self.settings.recent
    }

    /// The SoundFonts that can be chosen.
    pub fn fonts(&self) -> Vec<FontChoice> {
        self.sound.fonts()
    }

    /// The audio devices that can be chosen.
    pub fn devices(&self) -> &[DeviceInfo] {
        self.sound.devices()
    }

    /// How MIDI fares.
    pub fn midi(&self) -> Arc<MidiState> {
        self.sound.midi()
    }

    /// The dialog that is open.
    pub fn dialog(&self) -> Option<&Dialog> {
        self.dialog.as_ref()
    }

    /// How many notes the clipboard holds.
    pub fn copied_notes(&self) -> usize {
        let empty = Song::default();
        let song = self.song().tracks.iter().fold(empty, |song, track| {
            song.with_track(track.with_notes(Vec::new()))
        });
        let pasted = edit::paste(&song, &self.clipboard, Tick::ZERO, self.focused());
        pasted.selection.len()
    }

    /// Takes out what the user is to be told.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Whether the window is to be closed now.
    pub fn is_quitting(&self) -> bool {
        self.quitting
    }

    /// Whether anything moves on the screen by itself.
    pub fn is_moving(&self) -> bool {
        let sounds = self.sound_state.master.iter().any(|peak| *peak > 0.001);
        self.transport.playing || self.job.is_some() || self.finding.is_some() || sounds
    }

    /// What shortcuts ask about the state.
    pub fn situation(&self) -> Situation {
        Situation {
            tray: !self.tray.entries.is_empty(),
            writing: self.job.is_some(),
            dialog: self.dialog.is_some(),
            typing_keyboard: self.typing.on,
        }
    }

    /// Called every frame, and without frames when something has happened: reads what the threads say.
    pub fn poll(&mut self) {
        self.sound.poll();
        self.read_sound();
        self.poll_recording();
        self.poll_composer();
        self.poll_turning();
        self.poll_files();
        self.poll_render();
    }

    fn read_sound(&mut self) {
        self.transport.position = self.sound.position();
        self.transport.playing = self.sound.is_playing();
        let before = std::mem::replace(&mut self.sound_state, self.sound.state());
        let now = &self.sound_state;
        // Said once; the top bar shows it as long as it lasts.
        let notice = match (&before.problem, &now.problem) {
            (None, Some(problem)) => Some(Notice::Error(format!("No sound: {problem}."))),
            (Some(_), None) if !now.settling => {
                Some(Notice::Info(format!("Sound is back: {}.", now.device)))
            }
            _ => None,
        };
        self.notices.extend(notice);
    }
}
