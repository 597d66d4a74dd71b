//! `leitmotif render`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde_json::json;

use super::{Common, Interrupt, Outcome, output, progress, songs};
use crate::audio::render::{
    Loudness, RenderError, RenderOptions, Rendered, SampleFormat, Stems, render_to_files, stem_path,
};
use crate::audio::soundfont;
use crate::formats::files;
use crate::formats::sound_file::Container;
use crate::score::{Song, Span, TrackId};

/// Options of `render`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  leitmotif render song.leit --out song.wav\n  leitmotif render song.mid --out song.flac --bits 16 --rate 44100 --soundfont FluidR3_GM.sf2\n  leitmotif render song.mid --out song.wav --stems --bits 32f\n  leitmotif render song.mid --out song.wav --loudness -14 --bars 5-12"
)]
pub(super) struct RenderArgs {
    /// A MIDI file or a project
    input: PathBuf,
    /// The file to write, .wav or .flac
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The SoundFont to play with; by default FluidR3 where it is installed, else the built-in one
    #[arg(long, value_name = "FILE.sf2")]
    soundfont: Option<PathBuf>,
    /// Samples a second
    #[arg(long, value_name = "HZ", default_value_t = 48_000, value_parser = clap::value_parser!(u32).range(16_000..=192_000))]
    rate: u32,
    /// Bits of a sample; 16 is dithered, 32f is floating point and WAV only
    #[arg(long, value_enum, default_value = "24")]
    bits: Bits,
    /// One more file for each track that is heard, "OUT - 02 Bass.wav", as loud as it is in the mix before the limiter
    #[arg(long)]
    stems: bool,
    /// How long the sound may ring on after the end; it ends earlier below -80 dB
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = parse_tail)]
    tail: f64,
    /// How loud the song shall be, in LUFS (-14 is usual for streaming); by default as it is mixed
    #[arg(long, value_name = "LUFS", allow_negative_numbers = true, value_parser = parse_loudness)]
    loudness: Option<f64>,
    /// With --loudness, what the true peak stays below, in dB
    #[arg(long, value_name = "DB", allow_negative_numbers = true, default_value_t = -1.0, value_parser = parse_peak)]
    true_peak: f64,
    /// Only these bars, counted from 1
    #[arg(long, value_name = "A-B", value_parser = parse_bars)]
    bars: Option<(u32, u32)>,
    /// Chooses the dither of 16-bit files
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

/// Bits of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Bits {
    #[value(name = "16")]
    Sixteen,
    #[value(name = "24")]
    TwentyFour,
    #[value(name = "32f")]
    Float,
}

impl From<Bits> for SampleFormat {
    fn from(bits: Bits) -> Self {
        match bits {
            Bits::Sixteen => Self::Int16,
            Bits::TwentyFour => Self::Int24,
            Bits::Float => Self::Float32,
        }
    }
}

fn parse_between(text: &str, least: f64, most: f64) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (least..=most).contains(&value) => Ok(value),
        _ => Err(format!("choose a number from {least} to {most}")),
    }
}

fn parse_tail(text: &str) -> Result<f64, String> {
    parse_between(text, 0.0, 600.0)
}

fn parse_loudness(text: &str) -> Result<f64, String> {
    parse_between(text, -60.0, -5.0)
}

fn parse_peak(text: &str) -> Result<f64, String> {
    parse_between(text, -20.0, 0.0)
}

fn parse_bars(text: &str) -> Result<(u32, u32), String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if 1 <= first && first <= last => Ok((first, last)),
        _ => Err("write the first and the last bar, such as 5-12".to_owned()),
    }
}

/// Renders a song as the studio plays it.
pub(super) fn run(args: &RenderArgs, common: &Common) -> Outcome {
    let options = RenderOptions {
        rate: args.rate,
        format: args.bits.into(),
        stems: if args.stems {
            Stems::Separate
        } else {
            Stems::None
        },
        longest_tail: Duration::from_secs_f64(args.tail),
        loudness: args.loudness.map(|lufs| Loudness {
            lufs,
            true_peak: args.true_peak,
        }),
        dither_seed: args.seed,
        ..RenderOptions::default()
    };
    let song = songs::open(&args.input)?;
    let span = args.bars.map(|bars| bar_span(&song, bars)).transpose()?;
    let options = RenderOptions { span, ..options };
    render(
        &song,
        &args.out,
        args.soundfont.as_deref(),
        &options,
        common,
    )
}

/// Renders with the usual settings.
pub(super) fn convert(input: &Path, out: &Path, common: &Common) -> Outcome {
    let song = songs::open(input)?;
    render(&song, out, None, &RenderOptions::default(), common)
}

/// The span of bars that are counted from 1.
fn bar_span(song: &Song, (first, last): (u32, u32)) -> anyhow::Result<Span> {
    let bars = song.bars();
    if first > bars {
        bail!("--bars {first}-{last}: the song has {bars} bars; choose some of them");
    }
    let start = song.metre.bar_start(first - 1);
    Ok(Span::new(start, song.metre.bar_start(last.min(bars))))
}

fn render(
    song: &Song,
    out: &Path,
    soundfont: Option<&Path>,
    options: &RenderOptions,
    common: &Common,
) -> Outcome {
    let kind = Container::of(out).ok_or_else(|| RenderError::Kind(out.to_owned()))?;
    if let Err(error) = kind.check(options.format, options.rate) {
        bail!("{}: {error}", out.display());
    }
    options.check()?;
    let stem = |id: TrackId| {
        let place = song.track_index(id).unwrap_or_default();
        let name = song.tracks.get(place).map_or("", |track| &track.name);
        stem_path(out, place + 1, name)
    };
    // All names are looked at before the first is written.
    output::may_write(out, common)?;
    if options.stems == Stems::Separate {
        for track in &song.tracks {
            output::may_write(&stem(track.id), common)?;
        }
    }
    let font = match soundfont {
        Some(path) => soundfont::load(path)?,
        None => soundfont::preferred()?,
    };
    let interrupt = Interrupt::listen();
    let begun = Instant::now();
    let bar = progress::bar(1000, &files::stem(out));
    let rendered = render_to_files(song, &font, options, out, &stem, &mut |progress| {
        bar.set_position((progress.share * 1000.0) as u64);
        if interrupt.is_asked() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    bar.finish_and_clear();
    let rendered = rendered?;
    let seconds = begun.elapsed().as_secs_f64();
    let length = |file: &Rendered| file.frames as f64 / f64::from(options.rate);
    for file in rendered.iter().filter(|file| file.clipped > 0) {
        output::note(&format!(
            "{}: {} samples were louder than the file can hold and were cut; turn the track down, or use --bits 32f",
            file.path.display(),
            file.clipped
        ));
    }
    let report = json!({
        "soundfont": font.name(),
        "rate": options.rate,
        "bits": options.format.bits(),
        "seconds": seconds,
        "times_real_time": rendered.first().map(|mix| length(mix) / seconds.max(1e-9)),
        "written": rendered.iter().map(|file| json!({
            "file": file.path,
            "seconds": length(file),
            "peak": file.peak,
            "clipped_samples": file.clipped,
            "loudness_lufs": file.loudness.map(|loudness| loudness.lufs),
            "true_peak_db": file.loudness.map(|loudness| loudness.true_peak),
        })).collect::<Vec<_>>(),
    });
    output::report(common, &report, String::new);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_counted_from_one() {
        assert_eq!(parse_bars("5-12"), Ok((5, 12)));
        assert_eq!(parse_bars("3"), Ok((3, 3)));
        for wrong in ["0-3", "4-2", "a-b", "-", "1-"] {
            assert!(parse_bars(wrong).is_err(), "{wrong}");
        }
        let song = crate::formats::demo::song();
        let span = bar_span(&song, (2, 3)).unwrap();
        assert_eq!(span.start, song.metre.bar_start(1));
        assert_eq!(span.end, song.metre.bar_start(3));
        assert!(bar_span(&song, (900, 901)).is_err());
    }
}
