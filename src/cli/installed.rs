//! `leitmotif models`, `soundfonts`, `devices`: what is there, where, and whether it works.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Common, output};
use crate::audio::midi::MidiError;
use crate::audio::midi::ports::{self, PortNames};
use crate::audio::{device, soundfont};
use crate::compose::ModelPaths;

/// A model as it lies in its folder.
#[derive(Debug)]
pub(super) struct InstalledModel {
    pub(super) name: String,
    pub(super) folder: PathBuf,
    /// Bytes of all its files.
    pub(super) bytes: u64,
    /// The licence that its card names.
    pub(super) licence: Option<String>,
    /// Why it does not load, if it does not.
    pub(super) trouble: Option<String>,
}

/// Every model in the folders, a name that comes twice only where it is found first.
pub(super) fn installed_models() -> Vec<InstalledModel> {
    let mut models: Vec<InstalledModel> = Vec::new();
    for folder in ModelPaths::find().folders {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            if path.join("config.json").is_file() && models.iter().all(|model| model.name != name) {
                models.push(look_at(name, path));
            }
        }
    }
    models.sort_by(|a, b| a.name.cmp(&b.name));
    models
}

fn look_at(name: String, folder: PathBuf) -> InstalledModel {
    let bytes = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|metadata| metadata.len())
        .sum();
    let card = std::fs::read_to_string(folder.join("card.md")).unwrap_or_default();
    InstalledModel {
        name,
        bytes,
        licence: licence(&card),
        trouble: check(&folder).err(),
        folder,
    }
}

/// What a card says after "Licence:" or "License:", in a line of text, a list or a table.
fn licence(card: &str) -> Option<String> {
    card.lines().find_map(|line| {
        let plain = line.replace(['*', '|', '#', '`'], " ");
        let words = plain.trim().trim_start_matches("- ").trim();
        let lower = words.to_lowercase();
        let rest = ["licence", "license"]
            .iter()
            .find_map(|word| lower.starts_with(word).then(|| &words[word.len()..]))?;
        let rest = rest.trim_matches(|c: char| c == ':' || c.is_whitespace());
        (!rest.is_empty()).then(|| rest.to_owned())
    })
}

/// Whether configuration and weights can be read: the header and the length of the weights, not every number.
fn check(folder: &Path) -> Result<(), String> {
    let config = std::fs::read(folder.join("config.json"))
        .map_err(|error| format!("config.json: {error}"))?;
    serde_json::from_slice::<Value>(&config).map_err(|error| format!("config.json: {error}"))?;
    let path = folder.join("weights.safetensors");
    let bytes = std::fs::read(&path)
        .map_err(|error| format!("weights.safetensors: {error}; install the model again"))?;
    safetensors::SafeTensors::deserialize(&bytes)
        .map_err(|error| format!("weights.safetensors: {error}; install the model again"))?;
    Ok(())
}

/// Lists models.
pub(super) fn models(common: &Common) {
    let found = installed_models();
    let json: Vec<Value> = found
        .iter()
        .map(|model| {
            json!({
                "name": model.name, "folder": model.folder, "bytes": model.bytes,
                "licence": model.licence, "loads": model.trouble.is_none(), "trouble": model.trouble,
            })
        })
        .collect();
    output::report(common, &json!({ "models": json }), || {
        if found.is_empty() {
            let folders: Vec<String> = (ModelPaths::find().folders.iter())
                .map(|folder| format!("  {}", folder.display()))
                .collect();
            return format!(
                "no model is installed; these folders were looked at:\n{}",
                folders.join("\n")
            );
        }
        let rows: Vec<Vec<String>> = found
            .iter()
            .map(|model| {
                vec![
                    model.name.clone(),
                    model.trouble.clone().unwrap_or_else(|| "loads".to_owned()),
                    output::size(model.bytes),
                    model
                        .licence
                        .clone()
                        .unwrap_or_else(|| "no licence named".to_owned()),
                    model.folder.display().to_string(),
                ]
            })
            .collect();
        output::table(&rows)
    });
}

/// Lists SoundFonts.
pub(super) fn soundfonts(common: &Common) {
    // Name, file, bytes, and how many instruments it has or why it does not load.
    type Row = (String, Option<PathBuf>, Option<u64>, Result<usize, String>);
    let mut fonts: Vec<Row> = Vec::new();
    let built_in = soundfont::built_in().map_err(|error| error.to_string());
    fonts.push((
        built_in
            .as_ref()
            .map_or_else(|_| "built-in".to_owned(), |font| font.name().to_owned()),
        None,
        None,
        built_in.map(|font| font.presets()),
    ));
    for font in soundfont::find() {
        let presets = soundfont::inspect(&font.path).map_err(|error| error.to_string());
        fonts.push((font.name, Some(font.path), Some(font.bytes), presets));
    }
    let json: Vec<Value> = fonts
        .iter()
        .map(|(name, path, bytes, presets)| {
            json!({
                "name": name, "path": path, "bytes": bytes, "built_in": path.is_none(),
                "loads": presets.is_ok(), "presets": presets.as_ref().ok(), "trouble": presets.as_ref().err(),
            })
        })
        .collect();
    output::report(common, &json!({ "soundfonts": json }), || {
        let rows: Vec<Vec<String>> = fonts
            .iter()
            .map(|(name, path, bytes, presets)| {
                vec![
                    name.clone(),
                    match presets {
                        Ok(presets) => format!("{presets} instruments"),
                        Err(trouble) => trouble.clone(),
                    },
                    bytes.map_or_else(|| "built in".to_owned(), output::size),
                    path.as_ref()
                        .map(|path| path.display().to_string())
                        .unwrap_or_default(),
                ]
            })
            .collect();
        output::table(&rows)
    });
}

/// Lists audio output devices and MIDI ports.
pub(super) fn devices(common: &Common) {
    let devices = device::list();
    let json: Vec<Value> = devices
        .iter()
        .map(|device| {
            json!({
                "name": device.name, "default": device.is_default,
                "rate": device.rate, "channels": device.channels,
            })
        })
        .collect();
    let midi = ports::list();
    let midi_json = match &midi {
        Ok(ports) => json!({ "inputs": ports.inputs, "outputs": ports.outputs }),
        Err(error) => json!({ "error": error.to_string() }),
    };
    let report = json!({ "devices": json, "midi": midi_json });
    output::report(common, &report, || {
        format!("{}\n{}", audio_table(&devices), midi_table(&midi))
    });
}

fn midi_table(midi: &Result<PortNames, MidiError>) -> String {
    match midi {
        Err(error) => error.to_string(),
        Ok(ports) if *ports == PortNames::default() => "no MIDI port was found".to_owned(),
        Ok(ports) => {
            let row = |kind: &str, name: &String| vec![name.clone(), kind.to_owned()];
            let rows: Vec<Vec<String>> = (ports.inputs.iter())
                .map(|name| row("MIDI input", name))
                .chain(ports.outputs.iter().map(|name| row("MIDI output", name)))
                .collect();
            output::table(&rows)
        }
    }
}

fn audio_table(devices: &[device::DeviceInfo]) -> String {
    if devices.is_empty() {
        return "no audio output device was found".to_owned();
    }
    let rows: Vec<Vec<String>> = devices
        .iter()
        .map(|device| {
            vec![
                device.name.clone(),
                match (device.rate, device.channels) {
                    (Some(rate), Some(channels)) => format!("{rate} Hz, {channels} channels"),
                    _ => "cannot be used now".to_owned(),
                },
                if device.is_default { "default" } else { "" }.to_owned(),
            ]
        })
        .collect();
    output::table(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_found_in_cards() {
        for card in [
            "# theme\n\nLicence: MIT OR Apache-2.0\n",
            "- **License:** MIT OR Apache-2.0",
            "| Licence | MIT OR Apache-2.0 |",
        ] {
            assert_eq!(
                licence(card).as_deref(),
                Some("MIT OR Apache-2.0"),
                "{card}"
            );
        }
        assert_eq!(licence("nothing of the kind"), None);
    }
}
