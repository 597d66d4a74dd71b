//! What the I/O worker does: files in, files out, system dialogs. Messages say what the user can do.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::studio::Purpose;
use super::view::View;
use crate::formats::autosave::Session;
use crate::formats::files::{self, Previous};
use crate::formats::midi::MidiOptions;
use crate::formats::png::PngOptions;
use crate::formats::project::Project;
use crate::formats::{self};
use crate::score::{Instrument, Role, Song, Track, TrackId};

/// What was done.
#[derive(Debug)]
pub enum Done {
    /// A path was asked for.
    Picked(Purpose, Pick),
    /// A file was opened, or not.
    Opened(PathBuf, Box<Result<Opened, String>>),
    /// The song was saved, or not.
    Saved(PathBuf, Arc<Song>, Result<(), String>),
    /// Something was exported, or not.
    Exported(PathBuf, Result<(), String>),
    /// The autosave was written, or not; the session comes back.
    Autosaved(Box<Session>, Result<(), String>),
    /// What an earlier session left was opened, or not.
    Recovered(Box<Result<Opened, String>>, Option<PathBuf>),
    /// Settings were written, or not; leftovers were removed, or not.
    Housekeeping(Result<(), String>),
}

/// The answer of a system dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// A path.
    Path(PathBuf),
    /// The user closed it.
    Cancelled,
    /// There is no system dialog.
    NoDialog,
}

/// An opened file.
#[derive(Debug)]
pub struct Opened {
    /// The song in it.
    pub song: Song,
    /// How it was looked at, if the file says so.
    pub view: Option<View>,
    /// What could not be understood.
    pub warnings: Vec<String>,
}

/// A dialog that answers nothing faster than a hand can was never shown.
const FASTEST_HAND: Duration = Duration::from_millis(250);

/// Shows a system dialog; blocks until it is closed.
pub fn pick(purpose: Purpose, proposed: Option<&Path>) -> Pick {
    let began = Instant::now();
    let mut dialog = rfd::FileDialog::new().set_title(purpose.title());
    if let Some(folder) = proposed.and_then(Path::parent).filter(|f| f.is_dir()) {
        dialog = dialog.set_directory(folder);
    }
    if let Some(name) = proposed.and_then(Path::file_name) {
        dialog = dialog.set_file_name(name.to_string_lossy());
    }
    let answer = match purpose.extension() {
        Some(extension) => dialog.add_filter(purpose.title(), &[extension]).save_file(),
        None => dialog
            .add_filter("Projects and MIDI files", &["leit", "mid", "midi"])
            .add_filter("All files", &["*"])
            .pick_file(),
    };
    match answer {
        Some(path) => Pick::Path(path),
        None if began.elapsed() < FASTEST_HAND => Pick::NoDialog,
        None => Pick::Cancelled,
    }
}

/// Whether `path` names a project, which can be saved to.
pub fn is_project(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("leit"))
}

/// A title as a file name.
pub fn file_name(title: &str) -> String {
    let name: String = title
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || " -_.()".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    let name = name.trim().trim_matches('.');
    if name.is_empty() {
        "Untitled".to_owned()
    } else {
        name.to_owned()
    }
}

/// The user's music folder, or else their home.
pub fn music_folder() -> Option<PathBuf> {
    let user = directories::UserDirs::new()?;
    Some(
        user.audio_dir()
            .unwrap_or_else(|| user.home_dir())
            .to_owned(),
    )
}

/// What a new song begins with: a melody and a piano track.
pub fn empty_song() -> Song {
    Song::default()
        .with_track(Track::new(
            TrackId(1),
            "Melody",
            Instrument::pitched(73),
            Role::Melody,
        ))
        .with_track(Track::new(
            TrackId(2),
            "Piano",
            Instrument::pitched(0),
            Role::Piano,
        ))
}

/// Reads a project or a MIDI file.
pub fn open(path: &Path) -> Result<Opened, String> {
    let imported = formats::open(path).map_err(|error| error.to_string())?;
    Ok(Opened {
        song: imported.song,
        // Settings of another version are not worth a complaint.
        view: serde_json::from_value(imported.view).ok(),
        warnings: imported.warnings,
    })
}

fn project(song: &Song, view: &View) -> Project {
    Project {
        song: song.clone(),
        view: serde_json::to_value(view).unwrap_or_default(),
    }
}

/// Writes a project; the version before stays beside it.
pub fn save(path: &Path, song: &Song, view: &View) -> Result<(), String> {
    let bytes = formats::project::write(&project(song, view));
    files::write_atomically(path, &bytes, Previous::Keep).map_err(|error| error.to_string())
}

/// Writes a MIDI file.
pub fn export_midi(path: &Path, song: &Song) -> Result<(), String> {
    let bytes = formats::midi::write(song, &MidiOptions::default())
        .map_err(|error| format!("{}: {error}", path.display()))?;
    files::write_atomically(path, &bytes, Previous::Drop).map_err(|error| error.to_string())
}

/// Writes a picture of the pianoroll.
pub fn export_png(path: &Path, song: &Song) -> Result<(), String> {
    let bytes = formats::png::pianoroll(song, &PngOptions::default())
        .map_err(|error| format!("{}: {error}", path.display()))?;
    files::write_atomically(path, &bytes, Previous::Drop).map_err(|error| error.to_string())
}

/// Keeps the song in case the program does not end well.
pub fn autosave(
    session: &mut Session,
    song: &Song,
    view: &View,
    file: Option<&Path>,
) -> Result<(), String> {
    session
        .save(&project(song, view), file)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn titles_become_file_names() {
        assert_eq!(file_name("Evening song"), "Evening song");
        assert_eq!(file_name("a/b:c"), "a-b-c");
        assert_eq!(file_name("../.."), "-");
        assert_eq!(file_name(" "), "Untitled");
    }

    #[test]
    fn a_project_keeps_song_and_view() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.leit");
        let song = formats::demo::song();
        let view = View {
            centre_pitch: 77.0,
            ..View::default()
        };
        save(&path, &song, &view).unwrap();
        let opened = open(&path).unwrap();
        assert_eq!(opened.song, song);
        assert_eq!(opened.view, Some(view));
    }

    #[test]
    fn what_is_exported_can_be_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mid");
        let song = formats::demo::song();
        export_midi(&path, &song).unwrap();
        let opened = open(&path).unwrap();
        assert_eq!(opened.song.tracks.len(), song.tracks.len());
        assert_eq!(opened.view, None);
        export_png(&folder.path().join("a.png"), &song).unwrap();
        assert!(export_midi(&folder.path().join("no/such/a.mid"), &song).is_err());
    }
}
