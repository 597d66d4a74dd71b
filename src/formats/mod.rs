//! Files: MIDI, projects, pictures, sound; and where they are kept.

pub mod autosave;
pub mod demo;
pub mod files;
pub mod flac;
pub mod midi;
pub mod pcm;
pub mod places;
pub mod png;
pub mod project;
pub mod sound_file;
pub mod wav;

use std::path::{Path, PathBuf};

pub use midi::Imported;

/// A file that cannot be opened as a song.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum OpenError {
    #[error(transparent)]
    File(#[from] files::FileError),
    #[error("{path}: {error}")]
    Midi {
        path: PathBuf,
        error: midi::MidiError,
    },
    #[error("{path}: {error}")]
    Project {
        path: PathBuf,
        error: project::ProjectError,
    },
    #[error("{path}: neither a MIDI file (.mid) nor a project (.leit); choose one of these")]
    Unknown { path: PathBuf },
    #[error("{path}: the file has {megabytes} MB, more than any song; choose a .mid or .leit file")]
    TooLarge { path: PathBuf, megabytes: u64 },
}

/// The largest file that is read as a song. A project of 100,000 notes has about 10 MB.
const LARGEST: u64 = 256 << 20;

/// Opens a song: MIDI or project, told apart by what is in the file, and by the name where that does not say.
pub fn open(path: impl AsRef<Path>) -> Result<Imported, OpenError> {
    let path = path.as_ref();
    let size = files::size(path)?;
    if size > LARGEST {
        return Err(OpenError::TooLarge {
            path: path.to_owned(),
            megabytes: size >> 20,
        });
    }
    let bytes = files::read(path)?;
    let extension = path
        .extension()
        .map(|extension| extension.to_string_lossy().to_lowercase());
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    match (first, extension.as_deref()) {
        _ if bytes.starts_with(b"MThd") || bytes.starts_with(b"RIFF") => open_midi(path, &bytes),
        (Some(b'{'), _) | (_, Some("leit")) => open_project(path, &bytes),
        (_, Some("mid" | "midi" | "kar" | "rmi")) => open_midi(path, &bytes),
        _ => Err(OpenError::Unknown {
            path: path.to_owned(),
        }),
    }
}

fn open_midi(path: &Path, bytes: &[u8]) -> Result<Imported, OpenError> {
    let mut imported = midi::read(bytes).map_err(|error| OpenError::Midi {
        path: path.to_owned(),
        error,
    })?;
    if imported.song.title.is_empty() {
        imported.song.title = files::stem(path);
    }
    Ok(imported)
}

fn open_project(path: &Path, bytes: &[u8]) -> Result<Imported, OpenError> {
    let project = project::read(bytes).map_err(|error| OpenError::Project {
        path: path.to_owned(),
        error,
    })?;
    Ok(Imported {
        song: project.song,
        warnings: Vec::new(),
        view: project.view,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_content() {
        let folder = tempfile::tempdir().unwrap();
        let song = demo::song();
        let midi = midi::write(&song, &midi::MidiOptions::default()).unwrap();
        let project = project::write(&project::Project {
            song: song.clone(),
            view: serde_json::json!({"zoom": 2}),
        });
        for (name, bytes) in [("a.leit", &midi), ("b.mid", &project), ("c", &midi)] {
            std::fs::write(folder.path().join(name), bytes).unwrap();
            let opened = open(folder.path().join(name)).unwrap();
            assert_eq!(opened.song.tracks.len(), song.tracks.len(), "{name}");
        }
        assert_eq!(
            open(folder.path().join("b.mid")).unwrap().view["zoom"],
            serde_json::json!(2)
        );
        std::fs::write(folder.path().join("d.txt"), "hello").unwrap();
        assert!(matches!(
            open(folder.path().join("d.txt")),
            Err(OpenError::Unknown { .. })
        ));
        assert!(matches!(
            open(folder.path().join("none.mid")),
            Err(OpenError::File(_))
        ));
    }
}
