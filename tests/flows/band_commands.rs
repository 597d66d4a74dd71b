//! The commands for a band, with a published generator of random weights: the real way through the network, in a moment.

#![cfg_attr(
    not(feature = "torch"),
    allow(dead_code, unused_imports, reason = "most of it needs the networks")
)]

use std::path::Path;

use leitmotif::formats;
use leitmotif::score::{Song, Tick};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;

use super::command_line::{fails, folder, leitmotif};

/// Numbers from -1 to 1 that are the same every time.
fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_862_933_555_777_941_757) | 1;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// A generator as published, of a few channels, in `models/tiny`.
fn tiny_model(home: &Path) {
    let folder = home.join("models/tiny");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(
        folder.join("config.json"),
        r#"{ "architecture": "musegan", "latent": 8 }"#,
    )
    .unwrap();
    let mut blocks = vec![
        ("transconv0".to_owned(), [8, 6, 4, 1, 1]),
        ("transconv1".to_owned(), [6, 6, 1, 4, 1]),
        ("transconv2".to_owned(), [6, 6, 1, 1, 4]),
        ("transconv3".to_owned(), [6, 4, 1, 1, 3]),
    ];
    for track in 0..5 {
        blocks.push((format!("transconv4.{track}"), [4, 4, 1, 4, 1]));
        blocks.push((format!("transconv5.{track}"), [4, 1, 1, 1, 12]));
    }
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    for (seed, (name, shape)) in (1..).zip(&blocks) {
        let channels = shape[1];
        let mut add = |part: &str, shape: &[usize], values: Vec<f32>| {
            let bytes = values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            tensors.push((format!("{name}.{part}"), shape.to_vec(), bytes));
        };
        add(
            "transconv.weight",
            shape,
            noise(shape.iter().product(), seed),
        );
        add("transconv.bias", &[channels], vec![0.0; channels]);
        add("batchnorm.weight", &[channels], vec![1.0; channels]);
        add("batchnorm.bias", &[channels], noise(channels, 100 + seed));
        add("batchnorm.running_mean", &[channels], vec![0.0; channels]);
        add("batchnorm.running_var", &[channels], vec![1.0; channels]);
    }
    let views: Vec<(String, TensorView<'_>)> = tensors
        .iter()
        .map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
            (name.clone(), view)
        })
        .collect();
    let bytes = safetensors::serialize(views, None).unwrap();
    std::fs::write(folder.join("weights.safetensors"), bytes).unwrap();
}

/// Runs a command with the tiny model installed.
fn run(home: &Path, arguments: &str) -> (i32, String, String) {
    let output = leitmotif(home)
        .env("LEITMOTIF_MODELS", home.join("models"))
        .args(arguments.split(' '))
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn report(home: &Path, arguments: &str) -> Value {
    let (code, stdout, stderr) = run(home, &format!("{arguments} --json"));
    assert_eq!(code, 0, "{arguments}: {stderr}");
    serde_json::from_str(&stdout).unwrap()
}

/// Asserts a failure of one line with every one of `words`.
fn refused(home: &Path, arguments: &str, words: &[&str]) {
    let (code, _, stderr) = run(home, arguments);
    assert_eq!(
        (code, stderr.lines().count()),
        (1, 1),
        "{arguments}: {stderr}"
    );
    for word in words {
        assert!(stderr.contains(word), "{arguments}: {stderr}");
    }
}

fn song(home: &Path, file: &str) -> Song {
    formats::open(home.join(file)).unwrap().song
}

#[test]
fn without_a_model_the_message_says_where_it_belongs() {
    let folder = folder();
    let home = folder.path();
    let word = if cfg!(feature = "torch") {
        "no-such-model"
    } else {
        "no networks"
    };
    fails(
        home,
        &["seed", "--model", "no-such-model", "--out", "a"],
        &[word],
    );
    for arguments in [
        &["seed", "--out", "a", "--bars", "6"][..],
        &["seed", "--out", "a", "--parts", "kazoo"],
        &["accompany", "song.mid", "--out", "a"],
        &["vary", "song.mid", "--bars", "0", "--out", "a"],
        &["interpolate", "song.mid", "--out", "a"],
        &["compose", "--bars", "0", "--out", "a"],
    ] {
        let output = leitmotif(home).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    fails(
        home,
        &["interpolate", "song.mid", "song.mid", "--out", "b"],
        &["song.mid", "no latents"],
    );
    fails(
        home,
        &["accompany", "song.mid", "--track", "99", "--out", "b"],
        &["song.mid", "99", "choose one of"],
    );
}

#[cfg(feature = "torch")]
#[test]
fn a_band_plays_from_nothing_and_equal_seeds_give_equal_files() {
    let folder = folder();
    let home = folder.path();
    tiny_model(home);
    let arguments = "seed --model tiny --bars 8 --candidates 3 --seed 7 --tempo 90 --out";
    let told = report(home, &format!("{arguments} a"));
    assert_eq!(run(home, &format!("{arguments} b")).0, 0);
    let candidates = told["candidates"].as_array().unwrap();
    assert_eq!(
        (candidates.len(), told["complete"].as_bool()),
        (3, Some(true))
    );
    assert_eq!(told["models"][0]["name"], "tiny");
    for (place, candidate) in candidates.iter().enumerate() {
        assert!(candidate["notes"].as_u64().unwrap() > 0);
        assert!(candidate["measures"]["harmony"].is_number());
        let name = format!("{:02}.mid", place + 1);
        let bytes = |out: &str| std::fs::read(home.join(out).join(&name)).unwrap();
        assert_eq!(bytes("a"), bytes("b"), "{name}");
        let file = song(home, &format!("a/{name}"));
        assert_eq!(file.tempo.tempo_at(Tick::ZERO).bpm().round(), 90.0);
        assert!(file.bars() <= 8);
    }
    assert!(candidates[0]["score"].as_f64() >= candidates[2]["score"].as_f64());
    refused(home, &format!("{arguments} a"), &["report.json", "--force"]);
    let lock = "seed --model tiny --candidates 1 --velocity 99 --parts piano,bass --out c --scale";
    let output = leitmotif(home)
        .env("LEITMOTIF_MODELS", home.join("models"))
        .args(lock.split(' '))
        .args(["D major", "--json"])
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["candidates"][0]["notes_outside_scale"], 0);
    let file = song(home, "c/01.mid");
    assert_eq!(file.tracks.len(), 2);
    let mut notes = file.tracks.iter().flat_map(|track| track.notes());
    assert!(notes.all(|note| note.velocity.get() == 99));
}

#[cfg(feature = "torch")]
#[test]
fn ideas_are_the_ends_of_a_path_and_files_are_known_by_their_report() {
    let folder = folder();
    let home = folder.path();
    tiny_model(home);
    report(home, "seed --model tiny --candidates 2 --out ideas");
    let told = report(
        home,
        "interpolate ideas/01.mid ideas/02.mid --steps 4 --slerp --out path",
    );
    assert_eq!(told["candidates"].as_array().unwrap().len(), 4);
    for (end, idea) in [
        ("path/01.mid", "ideas/01.mid"),
        ("path/04.mid", "ideas/02.mid"),
    ] {
        assert_eq!(song(home, end).tracks, song(home, idea).tracks);
    }
    assert_ne!(
        song(home, "path/02.mid").tracks,
        song(home, "ideas/01.mid").tracks
    );
    // All of it can be written again; single bars and parts of this architecture cannot.
    report(
        home,
        "vary ideas/01.mid --bars 1-4 --candidates 1 --out again",
    );
    assert_ne!(
        song(home, "again/01.mid").tracks,
        song(home, "ideas/01.mid").tracks
    );
    refused(
        home,
        "vary ideas/01.mid --bars 2 --out no",
        &["ideas/01.mid", "one piece"],
    );
    refused(
        home,
        "vary ideas/01.mid --bars 1-4 --tracks drums --out no",
        &["all parts together"],
    );
    refused(
        home,
        "accompany song.mid --track 1 --model tiny --out no",
        &["cannot accompany", "musegan-accompany"],
    );
    let joined = report(
        home,
        "interpolate path/02.mid again/01.mid --steps 3 --joined --out one",
    );
    assert_eq!(joined["candidates"][0]["bars"], 12);
}

/// A model of our family, of a few features and random weights.
#[cfg(feature = "torch")]
fn family_model(home: &Path, name: &str, accompanies: bool) {
    use leitmotif::nets::checkpoint::{self, Precision};
    use leitmotif::nets::musegan::{BandConfig, BandGenerator};
    use tch::{Device, nn::VarStore};

    let config = BandConfig {
        accompanies,
        latent: 4,
        latent_time: 4,
        bar: 8,
        beat: 8,
        step: 8,
        octave: 4,
        given: 4,
        white_keys: true,
        ..BandConfig::default()
    };
    tch::manual_seed(5);
    let store = VarStore::new(Device::Cpu);
    let mut generator = BandGenerator::new(&store.root(), &config).unwrap();
    let rates = tch::Tensor::full([5, 2, 72], 0.05, (tch::Kind::Float, Device::Cpu));
    generator.set_rates(&rates).unwrap();
    let folder = home.join("models").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let text = serde_json::to_vec(&config).unwrap();
    std::fs::write(folder.join("config.json"), text).unwrap();
    let tensors = store.variables().into_iter().collect();
    let path = folder.join("weights.safetensors");
    checkpoint::write(&path, &tensors, Precision::Half).unwrap();
}

/// The notes of a track's bars, the bars counted from 0.
#[cfg(feature = "torch")]
fn bars(song: &Song, track: usize, bars: std::ops::Range<i64>) -> Vec<leitmotif::score::Note> {
    let span = leitmotif::score::Span::new(Tick(bars.start * 3840), Tick(bars.end * 3840));
    song.tracks[track].notes_starting_in(span).to_vec()
}

#[cfg(feature = "torch")]
#[test]
fn a_bar_and_a_part_are_written_again_and_a_track_is_accompanied() {
    let folder = folder();
    let home = folder.path();
    family_model(home, "musegan-hybrid", false);
    family_model(home, "musegan-accompany", true);
    report(home, "seed --bars 8 --candidates 1 --out ideas");
    let idea = song(home, "ideas/01.mid");
    assert_eq!(idea.tracks.len(), 5);
    report(home, "vary ideas/01.mid --bars 3 --candidates 1 --out bar");
    let bar = song(home, "bar/01.mid");
    for track in 0..5 {
        for rest in [0..2, 3..8] {
            assert_eq!(bars(&bar, track, rest.clone()), bars(&idea, track, rest));
        }
        assert_ne!(bars(&bar, track, 2..3), bars(&idea, track, 2..3));
    }
    // What was varied is varied again, known by its own report.
    report(
        home,
        "vary bar/01.mid --bars 1-8 --tracks drums --candidates 1 --out drums",
    );
    let drums = song(home, "drums/01.mid");
    assert_ne!(drums.tracks[0], bar.tracks[0]);
    assert_eq!(drums.tracks[1..], bar.tracks[1..]);
    let told = report(
        home,
        "accompany ideas/01.mid --track Piano --candidates 1 --out with",
    );
    assert_eq!(told["model"], "musegan-accompany");
    let with = song(home, "with/01.mid");
    assert_eq!(
        with.tracks[1], idea.tracks[1],
        "the given track is untouched"
    );
    assert_ne!(with.tracks[3], idea.tracks[3]);
}

/// The networks that ship, from nothing to a whole piece.
#[cfg(feature = "torch")]
#[test]
fn the_chain_goes_from_nothing_to_a_piece_with_every_step_to_look_at() {
    let folder = folder();
    let home = folder.path();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let run = |arguments: &str| {
        let mut command = leitmotif(home);
        command.env("LEITMOTIF_MODELS", &models);
        command.args(arguments.split(' ')).output().unwrap()
    };
    let told = |arguments: &str| -> Value {
        let output = run(&format!("{arguments} --json"));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments}: {stderr}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let options = "compose --bars 4 --candidates 2 --phrases 1 --seed 3 --stages --accompany";
    let report = told(&format!("{options} --out pieces"));
    assert_eq!(report["candidates"].as_array().unwrap().len(), 2);
    for number in ["01", "02"] {
        let piece = song(home, &format!("pieces/{number}.mid"));
        let theme = song(home, &format!("pieces/{number}-theme.mid"));
        let phrase = song(home, &format!("pieces/{number}-phrase.mid"));
        assert_eq!((phrase.tracks.len(), phrase.bars()), (5, 4));
        // Six seconds at 120 beats a minute are three bars, and four are written behind them.
        let bars = |song: &Song| {
            let end = song.tracks.iter().map(|track| track.end()).max();
            end.map_or(0, |end| (end.0 - 1) / 3840 + 1)
        };
        assert_eq!((bars(&theme), bars(&piece)), (3, 7), "{number}");
        for bar in 3..7 {
            let sounding = piece.tracks.iter().any(|track| {
                let span = leitmotif::score::Span::new(Tick(bar * 3840), Tick(bar * 3840 + 3840));
                !track.notes_starting_in(span).is_empty()
            });
            assert!(sounding, "{number}: bar {} is empty", bar + 1);
        }
        let names: Vec<String> = piece
            .tracks
            .iter()
            .map(|track| track.name.to_lowercase())
            .collect();
        for part in ["drums", "bass"] {
            assert!(names.iter().any(|name| name.contains(part)), "{names:?}");
        }
    }
    told(&format!("{options} --out again"));
    for number in ["01", "02"] {
        let file = |folder: &str| std::fs::read(home.join(folder).join(format!("{number}.mid")));
        assert_eq!(file("pieces").unwrap(), file("again").unwrap());
    }
    let output = run("compose --bars 4 --seconds 90 --out wrong");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--seconds"));
}
