//! The layers of the house: a folder of `src` imports only what stands below it.

use std::fs;
use std::path::{Path, PathBuf};

/// From the ground up. The program's own files may use all of them.
const LAYERS: [&str; 10] = [
    "score", "measure", "formats", "audio", "tokens", "nets", "train", "compose", "cli", "app",
];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The layers that a file names: `crate::LAYER`, also in a group such as `crate::{audio::Engine, score::Song}`.
fn named(text: &str) -> Vec<&'static str> {
    let mut layers = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        let group = if rest.starts_with('{') {
            &rest[..rest.find(';').unwrap_or(rest.len())]
        } else {
            &rest[..rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len())]
        };
        for word in group.split(|c: char| !c.is_alphanumeric() && c != '_') {
            layers.extend(LAYERS.iter().find(|layer| **layer == word));
        }
    }
    layers
}

#[test]
fn no_layer_reaches_up() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut read = 0;
    for (height, layer) in LAYERS.iter().enumerate() {
        let mut files = Vec::new();
        rust_files(&root.join(layer), &mut files);
        for file in files {
            read += 1;
            for used in named(&fs::read_to_string(&file).unwrap()) {
                let below = LAYERS.iter().position(|name| *name == used).unwrap() <= height;
                assert!(below, "{} reaches up to {used}", file.display());
            }
        }
    }
    assert!(read > 100, "only {read} files were found");
}

#[test]
fn groups_and_paths_are_seen() {
    assert_eq!(named("use crate::app::Studio;"), ["app"]);
    assert_eq!(
        named("use crate::{audio::Engine, score::Song};"),
        ["audio", "score"]
    );
    assert_eq!(named("use super::app;"), Vec::<&str>::new());
}
