//! `leitmotif render`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use serde_json::json;

use super::{Common, Interrupt, Outcome, output, progress, songs};
use crate::audio::render::{RenderOptions, render_to_wav};
use crate::audio::soundfont::{self, Font};
use crate::formats::files;
use crate::score::Song;

/// Options of `render`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  leitmotif render song.leit --out song.wav\n  leitmotif render song.mid --out song.wav --soundfont FluidR3_GM.sf2 --rate 44100\n  leitmotif render song.mid --out song.wav --stems"
)]
pub(super) struct RenderArgs {
    /// A MIDI file or a project
    input: PathBuf,
    /// The WAV file to write
    #[arg(long, value_name = "FILE.wav")]
    out: PathBuf,
    /// The SoundFont to play with; by default FluidR3 where it is installed, else the built-in one
    #[arg(long, value_name = "FILE.sf2")]
    soundfont: Option<PathBuf>,
    /// Samples a second
    #[arg(long, value_name = "HZ", default_value_t = 48_000, value_parser = clap::value_parser!(u32).range(16_000..=192_000))]
    rate: u32,
    /// One more file for each track beside it, "OUT - 02 Bass.wav"
    #[arg(long)]
    stems: bool,
}

/// Renders a song as the studio plays it.
pub(super) fn run(args: &RenderArgs, common: &Common) -> Outcome {
    let extension = args.out.extension().unwrap_or_default();
    if !extension.eq_ignore_ascii_case("wav") {
        bail!(
            "{}: only WAV can be written; name a .wav file",
            args.out.display()
        );
    }
    render(
        &args.input,
        &args.out,
        args.soundfont.as_deref(),
        args.rate,
        args.stems,
        common,
    )
}

/// Renders with the usual settings.
pub(super) fn convert(input: &Path, out: &Path, common: &Common) -> Outcome {
    render(
        input,
        out,
        None,
        RenderOptions::default().rate,
        false,
        common,
    )
}

fn render(
    input: &Path,
    out: &Path,
    soundfont: Option<&Path>,
    rate: u32,
    stems: bool,
    common: &Common,
) -> Outcome {
    let song = songs::open(input)?;
    let whole = RenderOptions {
        rate,
        ..RenderOptions::default()
    };
    let mut jobs = vec![(out.to_owned(), whole.clone())];
    if stems {
        for (index, track) in song.tracks.iter().enumerate() {
            let safe: String = track
                .name
                .chars()
                .filter(|c| !c.is_control() && !r#"/\:*?"<>|"#.contains(*c))
                .collect();
            let name = format!("{} - {:02} {safe}.wav", files::stem(out), index + 1);
            let options = RenderOptions {
                only: Some(track.id),
                ..whole.clone()
            };
            jobs.push((out.with_file_name(name), options));
        }
    }
    // All names are looked at before the first is written.
    for (path, _) in &jobs {
        output::may_write(path, common)?;
    }
    let font = match soundfont {
        Some(path) => soundfont::load(path)?,
        None => soundfont::preferred()?,
    };
    let interrupt = Interrupt::listen();
    let begun = std::time::Instant::now();
    let mut written = Vec::new();
    for (path, options) in jobs {
        written.push(render_one(&song, &font, &options, &path, &interrupt)?);
    }
    let seconds = begun.elapsed().as_secs_f64();
    let report =
        json!({ "soundfont": font.name(), "rate": rate, "seconds": seconds, "written": written });
    output::report(common, &report, String::new);
    Ok(())
}

fn render_one(
    song: &Song,
    font: &Arc<Font>,
    options: &RenderOptions,
    path: &Path,
    interrupt: &Interrupt,
) -> anyhow::Result<serde_json::Value> {
    let bar = progress::bar(1000, &files::stem(path));
    let rendered = render_to_wav(song, font, options, path, &mut |progress| {
        let share = progress.done_seconds / progress.total_seconds.max(1e-9);
        bar.set_position((share * 1000.0) as u64);
        if interrupt.is_asked() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    bar.finish_and_clear();
    Ok(json!({
        "file": path,
        "seconds": rendered.frames as f64 / f64::from(options.rate),
        "peak": rendered.peak,
    }))
}
