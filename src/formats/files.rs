//! Reading whole files, and writing them so that nothing is ever half written.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A file that could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{path}: cannot {what}: {source}{}", advice(source))]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What was to be done with it.
    pub what: &'static str,
    /// Why it could not be done.
    pub source: io::Error,
}

impl FileError {
    pub(crate) fn new(path: &Path, what: &'static str, source: io::Error) -> Self {
        Self {
            path: path.to_owned(),
            what,
            source,
        }
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "; check the name and the folder",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; choose a folder that you may write to"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; make room or choose another disk"
        }
        _ => "",
    }
}

/// Reads a whole file.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|error| FileError::new(path, "read", error))
}

/// The size of a file in bytes; an error for folders.
pub fn size(path: &Path) -> Result<u64, FileError> {
    let metadata = fs::metadata(path).map_err(|error| FileError::new(path, "read", error))?;
    if metadata.is_dir() {
        let error = io::Error::from(io::ErrorKind::IsADirectory);
        return Err(FileError::new(path, "read", error));
    }
    Ok(metadata.len())
}

/// The name of a file without folder and extension.
pub fn stem(path: &Path) -> String {
    path.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Whether the version of a file that is overwritten stays beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Previous {
    /// It is gone.
    Drop,
    /// It stays under its name with `~` behind ("Song.leit~").
    Keep,
}

/// The name that [`Previous::Keep`] gives to the version before.
pub fn previous_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("~");
    PathBuf::from(name)
}

/// Writes a file whole or not at all: into a new file beside it, to the disk, then over it. Whatever goes wrong, the file
/// is as before. A link is followed; the permissions of an existing file stay.
pub fn write_atomically(path: &Path, bytes: &[u8], previous: Previous) -> Result<(), FileError> {
    let mut file = Pending::create(path)?;
    file.file()
        .write_all(bytes)
        .map_err(|error| FileError::new(path, "write", error))?;
    file.commit(previous)
}

/// A file that is being written beside its place and takes it at [`Self::commit`]; dropped before, it leaves no trace.
#[derive(Debug)]
pub struct Pending {
    place: PathBuf,
    file: tempfile::NamedTempFile,
}

impl Pending {
    /// Begins a file that will be at `path`.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let failed = |error| FileError::new(path, "write", error);
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = match place.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        if place.is_dir() {
            return Err(failed(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".leitmotif-").suffix(".part");
        #[cfg(unix)]
        let permissions: fs::Permissions = {
            use std::os::unix::fs::PermissionsExt;
            // What any new file gets: the mask of the user takes away from it.
            PermissionsExt::from_mode(0o666)
        };
        #[cfg(unix)]
        builder.permissions(permissions);
        let file = builder.tempfile_in(&folder).map_err(failed)?;
        if let Ok(metadata) = fs::metadata(&place) {
            file.as_file()
                .set_permissions(metadata.permissions())
                .map_err(failed)?;
        }
        Ok(Self { place, file })
    }

    /// The file to write to.
    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Puts the file in its place.
    pub fn commit(self, previous: Previous) -> Result<(), FileError> {
        let Self { place, file } = self;
        let failed = |error| FileError::new(&place, "write", error);
        file.as_file().sync_all().map_err(failed)?;
        if previous == Previous::Keep && place.exists() {
            let kept = previous_name(&place);
            // A second name for the same file: there is no moment without the file under its own.
            let _ = fs::remove_file(&kept);
            fs::hard_link(&place, &kept)
                .or_else(|_| fs::copy(&place, &kept).map(drop))
                .map_err(failed)?;
        }
        file.persist(&place).map_err(|error| failed(error.error))?;
        // The new name itself must be on the disk too; not every system can do that, and then it is soon enough.
        #[cfg(unix)]
        if let Some(folder) = place.parent().and_then(|folder| File::open(folder).ok()) {
            let _ = folder.sync_all();
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_version_before_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Song.leit");
        for text in ["one", "two", "three"] {
            write_atomically(&path, text.as_bytes(), Previous::Keep).unwrap();
        }
        assert_eq!(read(&path).unwrap(), b"three");
        assert_eq!(read(&previous_name(&path)).unwrap(), b"two");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            2,
            "nothing is left over"
        );
    }

    #[test]
    fn a_write_that_is_given_up_leaves_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        write_atomically(&path, b"old", Previous::Drop).unwrap();
        let mut pending = Pending::create(&path).unwrap();
        pending.file().write_all(b"new").unwrap();
        drop(pending);
        assert_eq!(read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn errors_say_what_to_do() {
        let error = read(Path::new("/nowhere/none.mid"))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("/nowhere/none.mid: cannot read:"),
            "{error}"
        );
        assert!(error.ends_with("check the name and the folder"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        assert!(write_atomically(folder.path(), b"x", Previous::Drop).is_err());
        assert!(size(folder.path()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write_atomically(&link, b"new", Previous::Drop).unwrap();
        assert_eq!(read(&real).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
