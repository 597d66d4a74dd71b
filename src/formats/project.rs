//! The project file, `.leit`: JSON with a schema number, laid out to be read by people and kept under version control.
//!
//! ```json
//! {
//!   "format": "leitmotif project",
//!   "schema": 1,
//!   "song": { ... },
//!   "view": { ... }
//! }
//! ```
//! `song` is the [`Song`] as it is in memory; `view` belongs to the window and is passed through. Fields that this version
//! does not know are passed over, so a newer version may add some without a new schema number.

use serde::Deserialize;
use serde_json::Value;

use crate::score::Song;

/// What every project says it is.
pub const FORMAT: &str = "leitmotif project";
/// The schema that this version writes, and the newest that it reads.
pub const SCHEMA: u64 = 1;

/// A song with the settings of the window that shows it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Project {
    /// The song.
    pub song: Song,
    /// The window's settings, in its own words; null if there are none.
    pub view: Value,
}

/// A project that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ProjectError {
    #[error(
        "line {line}, column {column}: {detail}; mend the line in a text editor, or open the version before, which has ~ behind its name"
    )]
    Damaged {
        line: usize,
        column: usize,
        detail: String,
    },
    #[error("line 1: this is not a Leitmotif project; choose a .leit or .mid file")]
    NotAProject,
    #[error(
        "line {line}: the project has schema {found}, and this version of Leitmotif reads up to {SCHEMA}; open it with a newer version"
    )]
    Newer { line: usize, found: u64 },
}

/// What must be right before anything else is looked at.
#[derive(Deserialize)]
struct Head {
    format: Option<String>,
    schema: Option<u64>,
}

#[derive(Deserialize)]
struct Body {
    song: Song,
    #[serde(default)]
    view: Value,
}

fn damaged(error: &serde_json::Error) -> ProjectError {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    ProjectError::Damaged {
        line: error.line().max(1),
        column: error.column(),
        detail: text.strip_suffix(&place).unwrap_or(&text).to_owned(),
    }
}

/// Reads a project.
pub fn read(bytes: &[u8]) -> Result<Project, ProjectError> {
    let head: Head = serde_json::from_slice(bytes).map_err(|error| damaged(&error))?;
    if head.format.as_deref() != Some(FORMAT) {
        return Err(ProjectError::NotAProject);
    }
    match head.schema {
        Some(found) if found > SCHEMA => {
            return Err(ProjectError::Newer {
                line: line_of(bytes, "\"schema\""),
                found,
            });
        }
        Some(_) => {}
        None => return Err(ProjectError::NotAProject),
    }
    let body: Body = serde_json::from_slice(bytes).map_err(|error| damaged(&error))?;
    Ok(Project {
        song: body.song,
        view: body.view,
    })
}

fn line_of(bytes: &[u8], word: &str) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let before = text.find(word).map_or("", |at| &text[..at]);
    before.matches('\n').count() + 1
}

/// Writes a project.
pub fn write(project: &Project) -> Vec<u8> {
    // A song has neither maps with odd keys nor anything else that JSON cannot hold.
    let song = serde_json::to_value(&project.song).unwrap_or_default();
    let mut text = String::new();
    text.push_str("{\n  \"format\": ");
    text.push_str(&Value::from(FORMAT).to_string());
    text.push_str(",\n  \"schema\": ");
    text.push_str(&SCHEMA.to_string());
    for (name, value) in [("song", &song), ("view", &project.view)] {
        text.push_str(",\n  \"");
        text.push_str(name);
        text.push_str("\": ");
        lay_out(value, 2, &mut text);
    }
    text.push_str("\n}\n");
    text.into_bytes()
}

/// The widest that a value may stand on one line.
const WIDTH: usize = 110;

/// Writes a value: on one line if it fits (a note does), else each part on its own.
fn lay_out(value: &Value, indent: usize, text: &mut String) {
    let start = text.len();
    if write_flat(value, text, start + WIDTH) {
        return;
    }
    text.truncate(start);
    let line = |text: &mut String, indent: usize| {
        text.push('\n');
        text.extend(std::iter::repeat_n(' ', indent));
    };
    match value {
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                line(text, indent + 2);
                lay_out(item, indent + 2, text);
            }
            line(text, indent);
            text.push(']');
        }
        Value::Object(fields) => {
            text.push('{');
            for (index, (name, item)) in fields.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                line(text, indent + 2);
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push_str(": ");
                lay_out(item, indent + 2, text);
            }
            line(text, indent);
            text.push('}');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

/// Writes a value on one line; false as soon as the text is longer than `limit`.
fn write_flat(value: &Value, text: &mut String, limit: usize) -> bool {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                if !write_flat(item, text, limit) {
                    return false;
                }
            }
            text.push(']');
        }
        Value::Object(fields) => {
            text.push('{');
            for (index, (name, item)) in fields.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { " " });
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push_str(": ");
                if !write_flat(item, text, limit) {
                    return false;
                }
            }
            text.push_str(if fields.is_empty() { "}" } else { " }" });
        }
        plain => text.push_str(&plain.to_string()),
    }
    text.len() <= limit
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::formats::demo;
    use crate::score::{ClipOrigin, Lineage, Selection, Span, Tick, edit};

    fn project() -> Project {
        let mut song = demo::song();
        let first = song.tracks[0].notes()[0].key(song.tracks[0].id);
        song = edit::lock(&song, &Selection::from_iter([first]), true).song;
        let parent = Lineage {
            kind: "seed".into(),
            model: "m\"1\"".into(),
            checkpoint: "00ff".into(),
            seed: u64::MAX,
            candidate: 3,
            settings: BTreeMap::from([("temperature".into(), "1.1".into())]),
            parent: None,
        };
        song.origins.push(ClipOrigin {
            span: Span::new(Tick(0), Tick(3840)),
            tracks: vec![song.tracks[0].id],
            lineage: Arc::new(Lineage {
                parent: Some(Box::new(parent.clone())),
                ..parent
            }),
        });
        Project {
            song,
            view: serde_json::json!({"zoom": 1.5, "scroll": [0, 3840]}),
        }
    }

    #[test]
    fn a_project_is_read_as_it_was_written() {
        let project = project();
        let bytes = write(&project);
        assert_eq!(read(&bytes), Ok(project.clone()));
        assert_eq!(write(&read(&bytes).unwrap()), bytes);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.lines().all(|line| line.len() < 160));
        let notes: usize = project.song.tracks.iter().map(|t| t.notes().len()).sum();
        let lines = text.lines().filter(|line| line.contains("\"velocity\""));
        assert_eq!(lines.count(), notes, "a note is a line");
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let text = String::from_utf8(write(&project())).unwrap();
        let newer = text.replace("\"schema\": 1", "\"schema\": 7");
        let error = read(newer.as_bytes()).unwrap_err();
        assert_eq!(error, ProjectError::Newer { line: 3, found: 7 });
        assert!(error.to_string().contains("newer version"));
        assert_eq!(read(b"{}"), Err(ProjectError::NotAProject));
    }

    #[test]
    fn damage_is_named_by_line_and_column() {
        let text = String::from_utf8(write(&project())).unwrap();
        let line = text
            .lines()
            .position(|line| line.contains("\"velocity\""))
            .unwrap()
            + 1;
        let bad = text.replacen("\"velocity\": ", "\"velocity\": x", 1);
        assert!(matches!(
            read(bad.as_bytes()),
            Err(ProjectError::Damaged { line: found, column, .. }) if found == line && column > 0
        ));
        for (from, to, message) in [
            ("\"pitch\": 71", "\"pitch\": 171", "above 127"),
            ("\"program\": 73", "\"program\": 173", "above 127"),
            ("\"start\": ", "\"start\": 99999999999", "outside"),
            ("\"id\": 2", "\"id\": 1", "same id"),
            ("\"numerator\": 4", "\"numerator\": 0", "metre"),
        ] {
            let bad = text.replacen(from, to, 1);
            assert_ne!(bad, text, "{from}");
            match read(bad.as_bytes()) {
                Err(ProjectError::Damaged { detail, line, .. }) => {
                    assert!(detail.contains(message), "{detail}");
                    assert!(line > 1);
                }
                other => panic!("{from} -> {to}: {other:?}"),
            }
        }
    }
}
