//! How many times faster than real time a song is rendered: `cargo bench --bench render -- [SONG.mid ...]`.
//!
//! By default the demo song, with the built-in font and with FluidR3 where it is installed; on one thread and on all, at
//! three rates, and with stems. Each figure is the median of five.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on shall stop, and prints what it finds"
)]

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use leitmotif::audio::render::{RenderOptions, Stems, render_to_files, render_to_memory};
use leitmotif::audio::{Font, soundfont};
use leitmotif::formats::{self, demo};
use leitmotif::score::Song;

const RUNS: usize = 5;

/// The median over [`RUNS`] of how many seconds of sound a second of work gives.
fn speed(mut render: impl FnMut() -> f64) -> f64 {
    let mut speeds: Vec<f64> = (0..RUNS)
        .map(|_| {
            let begun = Instant::now();
            let seconds = render();
            seconds / begun.elapsed().as_secs_f64()
        })
        .collect();
    speeds.sort_by(f64::total_cmp);
    speeds[RUNS / 2]
}

fn in_memory(song: &Song, font: &Arc<Font>, rate: u32, threads: usize) -> f64 {
    let options = RenderOptions {
        rate,
        threads,
        ..RenderOptions::default()
    };
    speed(|| {
        let sound =
            render_to_memory(song, font, &options, &mut |_| ControlFlow::Continue(())).unwrap();
        sound.left.len() as f64 / f64::from(rate)
    })
}

fn into_files(song: &Song, font: &Arc<Font>, name: &str, stems: Stems) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let options = RenderOptions {
        stems,
        ..RenderOptions::default()
    };
    let path = folder.path().join(name);
    speed(|| {
        let stem =
            |id| leitmotif::audio::render::stem_path(&path, song.track_index(id).unwrap(), "");
        let files = render_to_files(song, font, &options, &path, &stem, &mut |_| {
            ControlFlow::Continue(())
        });
        files.unwrap()[0].frames as f64 / 48_000.0
    })
}

fn main() {
    let mut songs: Vec<(String, Song)> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .map(|path| (path.clone(), formats::open(&path).unwrap().song))
        .collect();
    if songs.is_empty() {
        songs.push(("the demo song".to_owned(), demo::song()));
    }
    let mut fonts = vec![soundfont::built_in().unwrap()];
    if let Some(fluid) = soundfont::best(&soundfont::find()) {
        fonts.push(soundfont::load(&fluid.path).unwrap());
    }
    for (name, song) in &songs {
        for font in &fonts {
            println!("{name}, {}", font.name());
            for rate in [44_100, 48_000, 96_000] {
                println!(
                    "  {rate} Hz: {:6.1} x real time on one thread, {:6.1} x on all",
                    in_memory(song, font, rate, 1),
                    in_memory(song, font, rate, 0)
                );
            }
            for (what, file, stems) in [
                ("24-bit WAV", "a.wav", Stems::None),
                ("24-bit FLAC", "a.flac", Stems::None),
                ("24-bit WAV with stems", "a.wav", Stems::Separate),
            ] {
                let speed = into_files(song, font, file, stems);
                println!("  {what}: {speed:6.1} x on all");
            }
        }
    }
}
