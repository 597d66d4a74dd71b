//! Files: opening, saving, exporting, autosaving.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::formats::autosave::Store;
use crate::score::{History, Selection, Song};

use super::super::command::{Action, Command};
use super::super::disk::{self, Done, Pick};
use super::super::view::View;
use super::{Dialog, Notice, Purpose, Studio};

/// How long after a change the autosave is written.
const AUTOSAVE_AFTER: Duration = Duration::from_secs(3);

impl Studio {
    /// Whether `next` would lose changes; then the user is asked first.
    pub(super) fn asks_first(&mut self, next: Command) -> bool {
        let asks = self.is_changed();
        if asks {
            self.dialog = Some(Dialog::Unsaved(Box::new(next)));
        }
        asks
    }

    /// Shows another song, with a history of its own.
    pub(super) fn show_song(&mut self, song: Song, view: Option<View>, file: Option<PathBuf>) {
        self.close_tray();
        let song = Arc::new(song);
        self.history = History::new(Arc::clone(&song));
        self.live = None;
        self.file = file;
        self.autosaved = song;
        self.autosave_due = None;
        self.forget_autosave();
        self.view = view.unwrap_or_else(|| View {
            tool: self.view.tool,
            snap: self.view.snap,
            ..View::default()
        });
        self.sound.pause();
        self.transport.range = None;
        self.transport.looping = false;
        self.seek(crate::score::Tick::ZERO);
        self.after_other_song();
        self.sound_heard();
    }

    /// The path that is proposed for a file.
    pub fn proposed_path(&self, purpose: Purpose) -> Option<PathBuf> {
        let extension = purpose.extension()?;
        let folder = self
            .file
            .as_deref()
            .and_then(Path::parent)
            .map(Path::to_owned)
            .or_else(disk::music_folder)?;
        Some(folder.join(format!("{}.{extension}", disk::file_name(&self.title()))))
    }

    /// Asks the system for a path.
    pub(super) fn pick(&mut self, purpose: Purpose) {
        let proposed = self.proposed_path(purpose);
        let Some(io) = &self.io else {
            self.dialog = Some(Dialog::Path(purpose));
            return;
        };
        if io
            .dialog(move || Done::Picked(purpose, disk::pick(purpose, proposed.as_deref())))
            .is_err()
        {
            let text = "A file dialog is open already: look for its window.".to_owned();
            self.notices.push(Notice::Info(text));
        }
    }

    /// Has `work` done by the I/O worker; without one (tests) at once.
    fn file_work(&mut self, what: String, work: impl FnOnce() -> Done + Send + 'static) {
        let Some(io) = &self.io else {
            let done = work();
            self.work.push(what);
            self.done(done);
            return;
        };
        match io.file(work) {
            Ok(()) => self.work.push(what),
            Err(busy) => self.notices.push(Notice::Error(busy.to_string())),
        }
    }

    /// Carries out what a path was chosen for.
    pub(super) fn chosen(&mut self, purpose: Purpose, path: PathBuf) {
        if matches!(self.dialog, Some(Dialog::Path(_) | Dialog::Render)) {
            self.dialog = None;
        }
        let path = match purpose.extension() {
            Some(extension) if path.extension().is_none() => path.with_extension(extension),
            _ => path,
        };
        let song = Arc::clone(self.base_song());
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        match purpose {
            Purpose::Open => {
                let next = Command::OpenPath(path);
                if !self.asks_first(next.clone()) {
                    self.apply(next);
                }
            }
            Purpose::Save => self.save_to(path),
            Purpose::Midi => self.file_work(format!("Exporting {name}"), move || {
                Done::Exported(path.clone(), disk::export_midi(&path, &song))
            }),
            Purpose::Png => self.file_work(format!("Drawing {name}"), move || {
                Done::Exported(path.clone(), disk::export_png(&path, &song))
            }),
            Purpose::Wav | Purpose::Flac => self.render(path),
        }
    }

    pub(super) fn open(&mut self, path: PathBuf) {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        self.file_work(format!("Opening {name}"), move || {
            let result = disk::open(&path);
            Done::Opened(path, Box::new(result))
        });
    }

    pub(super) fn save(&mut self) {
        match self.file.clone().filter(|path| disk::is_project(path)) {
            Some(path) => self.save_to(path),
            None => self.pick(Purpose::Save),
        }
    }

    fn save_to(&mut self, path: PathBuf) {
        let song = Arc::clone(self.base_song());
        let view = self.view.clone();
        self.file_work("Saving".to_owned(), move || {
            let result = disk::save(&path, &song, &view);
            Done::Saved(path, song, result)
        });
    }

    /// Reads what the I/O worker has done.
    pub(super) fn poll_files(&mut self) {
        let finished = self.io.as_ref().map(super::IoWorker::finished);
        for done in finished.into_iter().flatten() {
            self.done(done);
        }
        self.autosave();
    }

    fn done(&mut self, done: Done) {
        if !matches!(
            done,
            Done::Picked(..) | Done::Autosaved(..) | Done::Housekeeping(_)
        ) && !self.work.is_empty()
        {
            self.work.remove(0);
        }
        match done {
            Done::Picked(purpose, pick) => match pick {
                Pick::Path(path) => self.chosen(purpose, path),
                Pick::Cancelled => self.after_save = None,
                Pick::NoDialog => self.dialog = Some(Dialog::Path(purpose)),
            },
            Done::Opened(path, result) => match *result {
                Ok(opened) => {
                    let project = disk::is_project(&path);
                    self.show_song(opened.song, opened.view, project.then(|| path.clone()));
                    for warning in opened.warnings.into_iter().take(3) {
                        self.notices.push(Notice::Info(warning));
                    }
                    self.remember(&path);
                }
                Err(message) => self.notices.push(Notice::Error(message)),
            },
            Done::Saved(path, song, result) => match result {
                Ok(()) => {
                    if Arc::ptr_eq(&song, self.base_song()) {
                        self.history.mark_saved();
                        self.autosaved = song;
                        self.autosave_due = None;
                        self.forget_autosave();
                    }
                    self.notices
                        .push(Notice::Success(format!("Saved {}", path.display())));
                    self.remember(&path);
                    self.file = Some(path);
                    if let Some(next) = self.after_save.take() {
                        self.apply(next);
                    }
                }
                Err(message) => {
                    self.after_save = None;
                    self.notices.push(Notice::Error(message));
                }
            },
            Done::Exported(path, result) => match result {
                Ok(()) => self
                    .notices
                    .push(Notice::Success(format!("Wrote {}", path.display()))),
                Err(message) => self.notices.push(Notice::Error(message)),
            },
            Done::Autosaved(mut session, result) => {
                if std::mem::take(&mut self.discard_session) {
                    session.discard();
                }
                self.session = Some(session);
                if let Err(message) = result {
                    self.notices.push(Notice::Error(message));
                }
            }
            Done::Recovered(result, file) => self.show_recovered(*result, file),
            Done::Housekeeping(result) => {
                if let Err(message) = result {
                    self.notices.push(Notice::Error(message));
                }
            }
        }
    }

    fn remember(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.settings.remember(&path);
        self.save_settings();
    }

    /// Writes what is remembered between sessions.
    pub(super) fn save_settings(&mut self) {
        self.settings.form = self.form.clone();
        let Some(folder) = self.folder.clone() else {
            return;
        };
        let settings = self.settings.clone();
        self.housekeeping(move || {
            settings.save(&folder).map_err(|error| {
                format!(
                    "The settings could not be written to {}: {error}",
                    folder.display()
                )
            })
        });
    }

    /// Has small things done that nobody waits for. When too much waits, they are left: the next change does them.
    fn housekeeping(&mut self, work: impl FnOnce() -> Result<(), String> + Send + 'static) {
        let work = move || Done::Housekeeping(work());
        match &self.io {
            Some(io) => drop(io.file(work)),
            None => self.done(work()),
        }
    }

    /// Keeps the song in the autosave some seconds after it changed.
    fn autosave(&mut self) {
        if self.autosaves.is_none()
            || Arc::ptr_eq(&self.autosaved, self.base_song())
            || !self.is_changed()
        {
            return;
        }
        match self.autosave_due {
            None => self.autosave_due = Some(Instant::now() + AUTOSAVE_AFTER),
            Some(due) if Instant::now() >= due => self.autosave_now(),
            Some(_) => {}
        }
    }

    /// Keeps the song in the autosave.
    pub(super) fn autosave_now(&mut self) {
        self.autosave_due = None;
        let Some(mut session) = self.session.take() else {
            return;
        };
        let song = Arc::clone(self.base_song());
        self.autosaved = Arc::clone(&song);
        let (view, file) = (self.view.clone(), self.file.clone());
        let write = move || {
            let result = disk::autosave(&mut session, &song, &view, file.as_deref());
            Done::Autosaved(session, result)
        };
        let Some(io) = &self.io else {
            let done = write();
            self.done(done);
            return;
        };
        if io.file(write).is_err() {
            // The session went down with the refused work; another begins.
            self.session = self.autosaves.as_ref().map(|store| Box::new(store.begin()));
            self.autosave_due = Some(Instant::now() + AUTOSAVE_AFTER);
        }
    }

    /// When the autosave wants to be looked after, if it does.
    pub fn autosave_due(&self) -> Option<Instant> {
        self.autosave_due
    }

    /// Removes the autosave: the song is saved, or given up on purpose.
    pub(super) fn forget_autosave(&mut self) {
        self.autosave_due = None;
        match &mut self.session {
            Some(session) => session.discard(),
            None => self.discard_session = true,
        }
    }

    /// Offers what an earlier session left, if it left something.
    pub fn offer_recovery(&mut self) {
        let left = self.autosaves.as_ref().map(Store::recoverable);
        if let Some(found) = left.and_then(|left| left.into_iter().next()) {
            self.dialog = Some(Dialog::Recover(found));
        }
    }

    /// Takes the offered work up, or discards it.
    pub(super) fn recover(&mut self, take: bool) {
        let Some(store) = self.autosaves.clone() else {
            return;
        };
        let Some(found) = store.recoverable().into_iter().next() else {
            return;
        };
        if take {
            self.file_work("Recovering".to_owned(), move || {
                let result = disk::open(&found.file);
                if result.is_ok() {
                    // What cannot be removed is only offered once more.
                    let _ = store.forget(&found);
                }
                Done::Recovered(Box::new(result), found.original)
            });
        } else {
            self.housekeeping(move || store.forget(&found).map_err(|error| error.to_string()));
        }
    }

    /// Shows recovered work: as a change of its file that is not saved.
    fn show_recovered(&mut self, result: Result<disk::Opened, String>, file: Option<PathBuf>) {
        match result {
            Ok(opened) => {
                self.show_song(Song::default(), opened.view, file);
                self.history.push("Recover", opened.song, Selection::none());
                self.after_other_song();
                self.sound_heard();
            }
            Err(message) => self.notices.push(Notice::Error(message)),
        }
    }

    /// Starts an empty song with a melody and a piano track.
    pub(super) fn new_song(&mut self) {
        if self.asks_first(Action::New.into()) {
            return;
        }
        self.show_song(disk::empty_song(), None, None);
    }
}
