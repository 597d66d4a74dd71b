//! Opening songs for commands.

use std::path::Path;

use super::output;
use crate::formats;
use crate::score::Song;

/// Opens a song; what could not be taken over is told on stderr.
pub(super) fn open(path: &Path) -> anyhow::Result<Song> {
    let imported = formats::open(path)?;
    for warning in &imported.warnings {
        output::note(&format!("{}: {warning}", path.display()));
    }
    Ok(imported.song)
}
