//! What commands print, and where files may go.

use std::io::Write as _;
use std::path::Path;

use anyhow::bail;
use serde_json::Value;

use super::Common;

/// Prints a line on stdout. A reader that went away (`| head`) is no error.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints a note on stderr, on a line of its own.
pub(super) fn note(line: &str) {
    eprintln!("{line}");
}

/// Prints the report: as JSON if that was asked for, else as text.
pub(super) fn report(common: &Common, json: &Value, text: impl FnOnce() -> String) {
    if common.json {
        say(&serde_json::to_string_pretty(json).unwrap_or_default());
    } else {
        let text = text();
        if !text.is_empty() {
            say(text.trim_end());
        }
    }
}

/// Refuses to overwrite a file without `--force`.
pub(super) fn may_write(path: &Path, common: &Common) -> anyhow::Result<()> {
    if path.exists() && !common.force {
        bail!(
            "{} exists; choose another name, or add --force to overwrite it",
            path.display()
        );
    }
    Ok(())
}

/// Makes a folder for results.
pub(super) fn make_folder(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path).map_err(|error| {
        anyhow::anyhow!(
            "{}: cannot make the folder: {error}; choose one that you may write to",
            path.display()
        )
    })
}

/// Columns side by side, the last one as wide as it is.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            let missing = width - cell.chars().count();
            line.extend(std::iter::repeat_n(' ', missing + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A size in bytes for people.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..=9_999 => format!("{bytes} B"),
        10_000..=999_999 => format!("{} kB", bytes / 1000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned() {
        let rows = [
            vec!["a".to_owned(), "bb".to_owned()],
            vec!["ccc".to_owned(), "d".to_owned()],
        ];
        assert_eq!(table(&rows), "a    bb\nccc  d\n");
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!(size(12), "12 B");
        assert_eq!(size(23_170_000), "23.2 MB");
    }
}
