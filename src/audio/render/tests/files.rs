//! Renders into files.

use std::path::Path;

use super::*;
use crate::formats::sound_file::Container;

/// A file as floating point, left and right in turn.
fn read(path: &Path) -> Vec<f32> {
    if Container::of(path) == Some(Container::Flac) {
        let mut reader = claxon::FlacReader::open(path).unwrap();
        let full = (1_i64 << (reader.streaminfo().bits_per_sample - 1)) as f32 - 1.0;
        return reader
            .samples()
            .map(|sample| sample.unwrap() as f32 / full)
            .collect();
    }
    let mut reader = hound::WavReader::open(path).unwrap();
    let full = (1_i64 << (reader.spec().bits_per_sample - 1)) as f32 - 1.0;
    match reader.spec().sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().map(Result::unwrap).collect(),
        hound::SampleFormat::Int => reader
            .samples::<i32>()
            .map(|sample| sample.unwrap() as f32 / full)
            .collect(),
    }
}

fn to_files(
    song: &Song,
    options: &RenderOptions,
    path: &Path,
) -> Result<Vec<Rendered>, RenderError> {
    let font = test_font::font();
    let stem = |id: TrackId| stem_path(path, id.0 as usize, "S");
    render_to_files(song, &font, options, path, &stem, &mut silent_progress)
}

/// A band too quiet for the limiter to do anything.
fn quiet_band() -> Song {
    let mut song = band();
    for index in 0..2 {
        let mut quiet = (*song.tracks[index]).clone();
        quiet.volume = 60;
        song = song.with_track(quiet);
    }
    song
}

/// The largest difference between two sounds of one length.
fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .fold(0.0, |worst, (a, b)| worst.max((a - b).abs()))
}

#[test]
fn stems_add_up_to_the_mix() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mix.wav");
    let song = quiet_band();
    let mut plain_peak = None;
    for (gain, lufs) in [(1.0, None), (0.5, None), (1.0, Some(-40.0))] {
        let options = RenderOptions {
            format: SampleFormat::Float32,
            stems: Stems::Separate,
            gain,
            loudness: lufs.map(|lufs| Loudness {
                lufs,
                ..Loudness::STREAMING
            }),
            ..RenderOptions::default()
        };
        let files = to_files(&song, &options, &path).unwrap();
        assert_eq!(files.len(), 3, "the mix and the two tracks that are heard");
        let peak = files[0].peak;
        assert!(peak > 0.01 && peak < 0.8, "{peak}");
        let turned_up = peak / *plain_peak.get_or_insert(peak);
        match lufs {
            None => assert!((turned_up - gain).abs() < 1e-4, "{turned_up}"),
            Some(_) => assert!((turned_up - 1.0).abs() > 0.05, "{turned_up}"),
        }
        let mix = read(&path);
        let mut sum = vec![0.0_f32; mix.len()];
        for file in &files[1..] {
            assert_eq!(file.loudness, None, "that of a stem says nothing");
            let stem = read(&file.path);
            assert_eq!(stem.len(), mix.len());
            assert!(stem.iter().any(|sample| sample.abs() > 0.01));
            for (sum, sample) in sum.iter_mut().zip(&stem) {
                *sum += sample;
            }
        }
        let worst = difference(&sum, &mix);
        assert!(worst < 1e-6, "{worst}, gain {gain}, {lufs:?} LUFS");
    }
    // Without stems the effects are shared, and the mix is the same.
    let alone = folder.path().join("alone.wav");
    let options = RenderOptions {
        format: SampleFormat::Float32,
        ..RenderOptions::default()
    };
    to_files(&song, &options, &alone).unwrap();
    let options = RenderOptions {
        stems: Stems::Separate,
        ..options
    };
    to_files(&song, &options, &path).unwrap();
    let worst = difference(&read(&alone), &read(&path));
    assert!(worst < 2e-5, "{worst}");
}

#[test]
fn files_hold_what_was_rendered_and_equal_seeds_give_equal_files() {
    let song = band();
    let font = test_font::font();
    let folder = tempfile::tempdir().unwrap();
    let mut options = RenderOptions::default();
    let sound = render_to_memory(&song, &font, &options, &mut silent_progress).unwrap();
    for (format, name, tolerance) in [
        (SampleFormat::Int16, "a.wav", 5e-5),
        (SampleFormat::Int24, "b.wav", 2e-7),
        (SampleFormat::Float32, "c.wav", 0.0),
        (SampleFormat::Int16, "d.flac", 5e-5),
        (SampleFormat::Int24, "e.FLAC", 2e-7),
    ] {
        options.format = format;
        let path = folder.path().join(name);
        let rendered = to_files(&song, &options, &path).unwrap();
        let read = read(&path);
        assert_eq!(rendered.len(), 1);
        assert_eq!(rendered[0].frames as usize * 2, read.len(), "{name}");
        assert_eq!(sound.left.len() * 2, read.len(), "{name}");
        for (frame, (left, right)) in read.chunks(2).zip(sound.left.iter().zip(&sound.right)) {
            assert!((frame[0] - left).abs() <= tolerance, "{name}");
            assert!((frame[1] - right).abs() <= tolerance, "{name}");
        }
        let bytes = std::fs::read(&path).unwrap();
        options.threads = 1;
        to_files(&song, &options, &path).unwrap();
        options.threads = 0;
        assert!(
            bytes == std::fs::read(&path).unwrap(),
            "{name}: the same again"
        );
    }
}

#[test]
fn what_is_cancelled_or_refused_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (song, font) = (band(), test_font::font());
    let nothing = || std::fs::read_dir(folder.path()).unwrap().count() == 0;
    for (name, loudness, after) in [
        ("a.wav", None, 0),
        ("a.flac", None, 5),
        ("a.wav", Some(Loudness::STREAMING), 70),
    ] {
        let path = folder.path().join(name);
        let options = RenderOptions {
            stems: Stems::Separate,
            loudness,
            ..RenderOptions::default()
        };
        let mut told = 0;
        let mut watch = |_: Progress| {
            told += 1;
            if told > after {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let stem = |id: TrackId| stem_path(&path, id.0 as usize, "S");
        let result = render_to_files(&song, &font, &options, &path, &stem, &mut watch);
        assert!(matches!(result, Err(RenderError::Cancelled)), "{result:?}");
        assert!(nothing(), "{name}");
    }
    let options = RenderOptions {
        format: SampleFormat::Float32,
        ..RenderOptions::default()
    };
    for (path, options, word) in [
        ("a.flac", &options, "24 bits"),
        ("a.mp3", &RenderOptions::default(), ".flac"),
        ("no/such/folder/a.wav", &RenderOptions::default(), "folder"),
    ] {
        let text = to_files(&song, options, &folder.path().join(path))
            .unwrap_err()
            .to_string();
        assert!(text.contains(word), "{text}");
        assert!(nothing(), "{path}");
    }
    for options in [
        RenderOptions {
            rate: 8_000,
            ..RenderOptions::default()
        },
        RenderOptions {
            loudness: Some(Loudness {
                lufs: 3.0,
                true_peak: -1.0,
            }),
            ..RenderOptions::default()
        },
        RenderOptions {
            span: Some(Span::new(Tick(10), Tick(10))),
            ..RenderOptions::default()
        },
    ] {
        assert!(to_files(&song, &options, &folder.path().join("a.wav")).is_err());
        assert!(nothing());
    }
}

#[test]
fn loudness_and_true_peak_are_those_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    for (lufs, true_peak) in [(-14.0, -1.0), (-23.0, -3.0)] {
        let options = RenderOptions {
            loudness: Some(Loudness { lufs, true_peak }),
            format: SampleFormat::Float32,
            ..RenderOptions::default()
        };
        let song = crate::formats::demo::song();
        let font = crate::audio::soundfont::built_in().unwrap();
        let stem = |_| PathBuf::new();
        let files =
            render_to_files(&song, &font, &options, &path, &stem, &mut silent_progress).unwrap();
        let told = files[0].loudness.unwrap();
        let mut meter =
            ebur128::EbuR128::new(2, 48_000, ebur128::Mode::I | ebur128::Mode::TRUE_PEAK).unwrap();
        meter.add_frames_f32(&read(&path)).unwrap();
        let measured = meter.loudness_global().unwrap();
        let peak = meter.true_peak(0).unwrap().max(meter.true_peak(1).unwrap());
        assert!((measured - lufs).abs() < 0.1, "{measured} LUFS for {lufs}");
        assert!((measured - told.lufs).abs() < 0.02);
        assert!(20.0 * peak.log10() <= true_peak + 0.01, "{peak}");
    }
}

#[test]
fn a_tail_ends_in_silence_or_at_its_longest() {
    let font = crate::audio::soundfont::built_in().unwrap();
    let song = crate::formats::demo::song();
    let seconds = song.tempo.seconds_at(song.end());
    let length = |longest: u64| {
        let options = RenderOptions {
            longest_tail: Duration::from_millis(longest),
            rate: 44_100,
            ..RenderOptions::default()
        };
        let sound = render_to_memory(&song, &font, &options, &mut silent_progress).unwrap();
        let end = &sound.left[sound.left.len() - 40..];
        let faded = longest == 0 || end.iter().all(|sample| sample.abs() < 0.001);
        assert!(faded, "an edge at the end, {longest}");
        sound.left.len() as f64 / 44_100.0 - seconds
    };
    assert!((length(300) - 0.3).abs() < 0.001);
    assert!(length(0).abs() < 0.001);
    let whole = length(60_000);
    assert!((0.3..20.0).contains(&whole), "{whole} s");
}
