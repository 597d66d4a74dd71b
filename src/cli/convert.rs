//! `leitmotif convert`.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::{Common, Outcome, output, render, songs};
use crate::formats::files::{self, Previous};
use crate::formats::midi::{self, MidiFormat, MidiOptions};
use crate::formats::png::{self, PngOptions};
use crate::formats::project::{self, Project};

/// Options of `convert`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  leitmotif convert song.mid song.leit\n  leitmotif convert song.leit song.mid --midi-format 0\n  leitmotif convert song.mid song.png --size 2400x600\n  leitmotif convert song.mid song.flac"
)]
pub(super) struct ConvertArgs {
    /// A MIDI file (.mid) or a project (.leit)
    input: PathBuf,
    /// The file to write: .mid, .leit, .wav, .flac or .png
    output: PathBuf,
    /// MIDI: 1 for a track each, 0 for all in one
    #[arg(long, value_enum, default_value = "1")]
    midi_format: FormatNumber,
    /// MIDI: one file for each track, in a folder named as the output without extension
    #[arg(long)]
    per_track: bool,
    /// PNG: width and height in pixels
    #[arg(long, value_name = "WxH", default_value = "1600x480", value_parser = parse_size)]
    size: (u32, u32),
    /// PNG: on a light ground
    #[arg(long)]
    light: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatNumber {
    #[value(name = "0")]
    Zero,
    #[value(name = "1")]
    One,
}

fn parse_size(text: &str) -> Result<(u32, u32), String> {
    let error = || format!("\"{text}\" is not a size: write WIDTHxHEIGHT, such as 1600x480");
    let (width, height) = text.split_once(['x', 'X']).ok_or_else(error)?;
    let width: u32 = width.parse().map_err(|_| error())?;
    let height: u32 = height.parse().map_err(|_| error())?;
    if (64..=16_384).contains(&width) && (48..=8192).contains(&height) {
        Ok((width, height))
    } else {
        Err("choose a width of 64 to 16384 and a height of 48 to 8192".to_owned())
    }
}

/// Converts a song from one kind of file to another.
pub(super) fn run(args: &ConvertArgs, common: &Common) -> Outcome {
    let extension = args
        .output
        .extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    if !matches!(
        extension.as_str(),
        "mid" | "midi" | "leit" | "png" | "wav" | "flac"
    ) {
        bail!(
            "{}: cannot write \".{extension}\"; name a .mid, .leit, .wav, .flac or .png file",
            args.output.display()
        );
    }
    if matches!(extension.as_str(), "wav" | "flac") {
        return render::convert(&args.input, &args.output, common);
    }
    let song = songs::open(&args.input)?;
    let midi_options = MidiOptions {
        format: match args.midi_format {
            FormatNumber::Zero => MidiFormat::Zero,
            FormatNumber::One => MidiFormat::One,
        },
        ..MidiOptions::default()
    };
    let mut written = Vec::new();
    if args.per_track && matches!(extension.as_str(), "mid" | "midi") {
        let folder = args.output.with_extension("");
        output::make_folder(&folder)?;
        for (name, bytes) in midi::write_tracks(&song, &midi_options)? {
            let path = folder.join(format!("{name}.mid"));
            output::may_write(&path, common)?;
            files::write_atomically(&path, &bytes, Previous::Drop)?;
            written.push(path);
        }
    } else {
        output::may_write(&args.output, common)?;
        let bytes = match extension.as_str() {
            "leit" => project::write(&Project {
                song,
                ..Project::default()
            }),
            "png" => png::pianoroll(
                &song,
                &PngOptions {
                    width: args.size.0,
                    height: args.size.1,
                    dark: !args.light,
                    ..PngOptions::default()
                },
            )?,
            _ => midi::write(&song, &midi_options)?,
        };
        files::write_atomically(&args.output, &bytes, Previous::Drop)?;
        written.push(args.output.clone());
    }
    output::report(common, &json!({ "written": written }), String::new);
    Ok(())
}
