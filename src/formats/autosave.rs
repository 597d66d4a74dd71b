//! Autosaved projects: what was not saved when the studio ended badly is offered on the next start.
//!
//! Every running studio has a session in the store: a project file, and beside it a small file that says which project it
//! belongs to and is locked as long as the studio runs. A session whose lock is free was left behind.

use std::fs::{self, File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::files::{self, FileError, Previous};
use super::project::{self, Project};

/// What the small file says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct About {
    /// The file that the project was opened from or saved to; none for a new one.
    original: Option<PathBuf>,
    title: String,
}

/// The folder of all sessions.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// A project that was left behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Recoverable {
    /// The autosaved file: [`super::open`] reads it.
    pub file: PathBuf,
    /// The file that it was opened from or saved to; none for a song that was never saved.
    pub original: Option<PathBuf>,
    /// The title of the song.
    pub title: String,
    /// When it was last autosaved.
    pub saved: SystemTime,
}

impl Store {
    /// A store in `folder`, made at the first save.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The store of this user; `None` where the system knows no home folder.
    pub fn of_user() -> Option<Self> {
        Some(Self::new(
            super::places::Places::find()?.state.join("autosave"),
        ))
    }

    /// Begins a session: nothing is written before its first [`Session::save`].
    pub fn begin(&self) -> Session {
        Session {
            store: self.clone(),
            open: None,
        }
    }

    /// What studios that ended badly left behind, the newest first. Unreadable leftovers are passed over.
    pub fn recoverable(&self) -> Vec<Recoverable> {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return Vec::new();
        };
        let mut found: Vec<Recoverable> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| {
                path.extension()
                    .is_some_and(|extension| extension == "leit")
            })
            .filter_map(|file| {
                let saved = fs::metadata(&file).ok()?.modified().ok()?;
                let about = match File::open(about_path(&file)) {
                    Ok(mut lock) => match lock.try_lock() {
                        Ok(()) => {
                            let mut text = String::new();
                            let _ = lock.read_to_string(&mut text);
                            serde_json::from_str(&text).unwrap_or_default()
                        }
                        // It belongs to a studio that is running.
                        Err(TryLockError::WouldBlock) => return None,
                        Err(TryLockError::Error(_)) => About::default(),
                    },
                    Err(_) => About::default(),
                };
                Some(Recoverable {
                    file,
                    original: about.original,
                    title: about.title,
                    saved,
                })
            })
            .collect();
        found.sort_by(|a, b| b.saved.cmp(&a.saved).then(a.file.cmp(&b.file)));
        found
    }

    /// Removes what was left behind, after it was recovered or refused.
    pub fn forget(&self, left: &Recoverable) -> Result<(), FileError> {
        let _ = fs::remove_file(about_path(&left.file));
        fs::remove_file(&left.file).map_err(|error| FileError::new(&left.file, "remove", error))
    }
}

fn about_path(project: &Path) -> PathBuf {
    project.with_extension("session")
}

/// The autosaves of one running studio.
#[derive(Debug)]
pub struct Session {
    store: Store,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    path: PathBuf,
    /// Locked as long as it is open.
    lock: File,
    about: About,
}

impl Session {
    /// Writes the project as it is now over the session's last state.
    pub fn save(&mut self, project: &Project, original: Option<&Path>) -> Result<(), FileError> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.create()?,
        };
        let about = About {
            original: original.map(Path::to_owned),
            title: project.song.title.clone(),
        };
        let told = if open.about == about {
            Ok(())
        } else {
            rewrite(&mut open.lock, &about)
        };
        let path = open.path.clone();
        self.open = Some(Open { about, ..open });
        told.map_err(|error| FileError::new(&about_path(&path), "write", error))?;
        files::write_atomically(&path, &project::write(project), Previous::Drop)
    }

    /// Removes the session's state: when the project was saved, or closed on purpose.
    pub fn discard(&mut self) {
        if let Some(open) = self.open.take() {
            let _ = fs::remove_file(&open.path);
            let _ = fs::remove_file(about_path(&open.path));
        }
    }

    fn create(&self) -> Result<Open, FileError> {
        let folder = &self.store.folder;
        fs::create_dir_all(folder)
            .map_err(|error| FileError::new(folder, "make the folder", error))?;
        let started = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |time| time.as_nanos());
        let path = folder.join(format!("{started:x}-{}.leit", std::process::id()));
        let lock_path = about_path(&path);
        let failed = |error| FileError::new(&lock_path, "write", error);
        let lock = File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&lock_path)
            .map_err(failed)?;
        // Where locks are not to be had, a running studio's state is offered too: better than a lost one.
        let _ = lock.try_lock();
        Ok(Open {
            path,
            lock,
            about: About::default(),
        })
    }
}

fn rewrite(file: &mut File, about: &About) -> std::io::Result<()> {
    let text = serde_json::to_vec(about)?;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(&text)?;
    file.sync_data()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::formats::demo;

    fn project(title: &str) -> Project {
        let mut song = demo::song();
        song.title = title.into();
        Project {
            song,
            ..Project::default()
        }
    }

    #[test]
    fn a_session_that_ended_badly_is_offered_and_a_running_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("autosave"));
        assert!(store.recoverable().is_empty());
        let mut session = store.begin();
        session.save(&project("one"), None).unwrap();
        session
            .save(&project("two"), Some(Path::new("/songs/two.leit")))
            .unwrap();
        assert!(store.recoverable().is_empty(), "it is running");
        // What a crash does: the lock is released, nothing is cleared away.
        drop(session);
        let found = store.recoverable();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].title, "two");
        assert_eq!(
            found[0].original.as_deref(),
            Some(Path::new("/songs/two.leit"))
        );
        assert_eq!(
            crate::formats::open(&found[0].file).unwrap().song,
            project("two").song
        );
        store.forget(&found[0]).unwrap();
        assert!(store.recoverable().is_empty());
        assert_eq!(
            fs::read_dir(folder.path().join("autosave"))
                .unwrap()
                .count(),
            0
        );
    }

    #[test]
    fn a_session_that_ended_well_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        let mut session = store.begin();
        session.save(&project("one"), None).unwrap();
        session.discard();
        drop(session);
        assert!(store.recoverable().is_empty());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
