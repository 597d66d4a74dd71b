//! The command line, as a script uses it.

use std::path::Path;

use assert_cmd::Command;
use leitmotif::formats::midi::{self, MidiOptions};
use leitmotif::formats::{self, demo};
use leitmotif::score::{Note, Tick};

/// The program, without a display, in a home of its own.
pub(crate) fn leitmotif(home: &Path) -> Command {
    let mut command = Command::cargo_bin("leitmotif").unwrap();
    command
        .current_dir(home)
        .env("LEITMOTIF_HOME", home.join("home"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .timeout(std::time::Duration::from_mins(4));
    command
}

/// A folder with the demo song as song.mid.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bytes = midi::write(&demo::song(), &MidiOptions::default()).unwrap();
    std::fs::write(folder.path().join("song.mid"), bytes).unwrap();
    folder
}

pub(crate) fn run(home: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = leitmotif(home).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Asserts a failure: code 1 and one line that holds every one of `words`.
pub(crate) fn fails(home: &Path, arguments: &[&str], words: &[&str]) {
    let (code, stdout, stderr) = run(home, arguments);
    assert_eq!(code, 1, "{arguments:?}: {stderr}");
    assert_eq!(stdout, "", "{arguments:?}");
    assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
    for word in words {
        assert!(stderr.contains(word), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_song_goes_through_every_format_and_comes_back() {
    let folder = folder();
    let home = folder.path();
    for (from, to) in [
        ("song.mid", "song.leit"),
        ("song.leit", "again.mid"),
        ("song.leit", "song.png"),
    ] {
        let (code, _, stderr) = run(home, &["convert", from, to]);
        assert_eq!((code, stderr.as_str()), (0, ""), "{from} -> {to}");
    }
    let original = formats::open(home.join("song.mid")).unwrap().song;
    assert_eq!(
        formats::open(home.join("again.mid")).unwrap().song,
        original
    );
    let same = |name: &str| std::fs::read(home.join(name)).unwrap();
    assert_eq!(same("song.mid"), same("again.mid"));
    let (code, ..) = run(
        home,
        &["convert", "song.mid", "zero.mid", "--midi-format", "0"],
    );
    assert_eq!(code, 0);
    assert_eq!(same("zero.mid")[9], 0);
    let (code, ..) = run(home, &["convert", "song.mid", "parts.mid", "--per-track"]);
    assert_eq!(code, 0);
    assert_eq!(std::fs::read_dir(home.join("parts")).unwrap().count(), 6);
    assert!(home.join("parts/04 Bass.mid").exists());
}

#[test]
fn a_song_is_played_as_far_as_asked_and_alike_by_seed() {
    let folder = folder();
    let home = folder.path();
    let play = |out: &str, options: &[&str]| {
        let mut arguments = vec!["humanise", "song.mid", "--out", out, "--json"];
        arguments.extend(options);
        let (code, stdout, stderr) = run(home, &arguments);
        assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}");
        let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        (
            report["changed"].as_u64().unwrap(),
            formats::open(home.join(out)).unwrap().song,
        )
    };
    let typed = formats::open(home.join("song.mid")).unwrap().song;
    assert_eq!(play("none.mid", &["--strength", "0"]), (0, typed.clone()));
    let (changed, played) = play("one.mid", &["--strength", "1"]);
    let notes = |song: &leitmotif::score::Song| -> usize {
        song.tracks.iter().map(|track| track.notes().len()).sum()
    };
    assert!(changed as usize > notes(&typed) / 2);
    assert_eq!(notes(&played), notes(&typed));
    assert_eq!(play("again.mid", &["--strength", "1"]).1, played);
    let other = play("other.mid", &["--strength", "1", "--seed", "2"]);
    assert_ne!(other.1, played);
    fails(
        home,
        &["humanise", "song.mid", "--out", "song.wav"],
        &["song.wav", ".mid"],
    );
    let (code, ..) = run(
        home,
        &["humanise", "song.mid", "--out", "x.mid", "--strength", "2"],
    );
    assert_eq!(code, 2);
}

#[test]
fn nothing_is_overwritten_without_force() {
    let folder = folder();
    let home = folder.path();
    std::fs::write(home.join("there.leit"), "mine").unwrap();
    fails(
        home,
        &["convert", "song.mid", "there.leit"],
        &["there.leit", "--force"],
    );
    assert_eq!(std::fs::read(home.join("there.leit")).unwrap(), b"mine");
    let (code, ..) = run(home, &["convert", "song.mid", "there.leit", "--force"]);
    assert_eq!(code, 0);
    assert!(formats::open(home.join("there.leit")).is_ok());
}

#[test]
fn failures_name_the_file_and_what_to_do() {
    let folder = folder();
    let home = folder.path();
    let whole = std::fs::read(home.join("song.mid")).unwrap();
    std::fs::write(home.join("cut.mid"), &whole[..whole.len() - 9]).unwrap();
    std::fs::write(home.join("broken.leit"), "{\n \"format\": \"leit").unwrap();
    for (arguments, words) in [
        (
            ["convert", "none.mid", "out.leit"],
            ["none.mid", "check the name"],
        ),
        (["convert", "cut.mid", "out.leit"], ["cut.mid", "byte "]),
        (
            ["convert", "broken.leit", "out.mid"],
            ["broken.leit", "line 2"],
        ),
        (["convert", "song.mid", "out.xyz"], ["out.xyz", ".mid"]),
        (
            ["convert", "song.mid", "no/such/folder.mid"],
            ["folder.mid", "check the name"],
        ),
    ] {
        fails(home, &arguments, &words);
    }
}

#[test]
fn usage_errors_have_their_own_code() {
    let folder = folder();
    for arguments in [
        &["no-such-command"][..],
        &["convert", "song.mid"],
        &["convert", "song.mid", "a.png", "--size", "9"],
        &["measure"],
        &["continue", "song.mid", "--out", "x", "--scale", "H minor"],
        &["continue", "song.mid", "--out", "x", "--bars", "0"],
        &[
            "continue",
            "song.mid",
            "--out",
            "x",
            "--bars",
            "8",
            "--theme-at",
            "9",
        ],
    ] {
        let (code, _, stderr) = run(folder.path(), arguments);
        assert_eq!(code, 2, "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("error:"), "{arguments:?}: {stderr}");
    }
    let (code, stdout, _) = run(folder.path(), &["continue", "--help"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("Example"));
}

#[test]
fn measures_are_printed_for_people_and_for_machines() {
    let folder = folder();
    let (code, stdout, _) = run(folder.path(), &["measure", "song.mid"]);
    assert_eq!(code, 0);
    assert!(
        stdout.contains("16 bars") && stdout.contains("G major"),
        "{stdout}"
    );
    let (code, stdout, _) = run(folder.path(), &["measure", "song.mid", "--json"]);
    assert_eq!(code, 0);
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let file = &report["files"][0];
    assert_eq!(file["theme"]["uncontrollability"], 0.0, "exact returns");
    assert_eq!(file["theme"]["gap"], 4.0, "2 and 6 bars apart");
    assert_eq!(file["tracks"][3]["measures"]["in_key"], 1.0);
    fails(folder.path(), &["measure", "none.mid"], &["none.mid"]);
}

#[test]
fn what_is_installed_is_listed() {
    let folder = folder();
    for command in ["models", "soundfonts", "devices"] {
        let (code, stdout, stderr) = run(folder.path(), &[command, "--json"]);
        assert_eq!(code, 0, "{stderr}");
        let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        assert!(report[command].is_array(), "{stdout}");
    }
    let (_, stdout, _) = run(folder.path(), &["doctor", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let checks = report["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 6);
    for check in checks {
        let good = check["verdict"] == "ok";
        assert_eq!(check["advice"].is_null(), good, "{check}");
    }
    assert_eq!(checks[0]["verdict"], "lacking", "there is no display here");
}

#[test]
fn a_song_is_rendered_with_its_stems() {
    let folder = folder();
    let home = folder.path();
    let arguments = [
        "render", "song.mid", "--out", "song.wav", "--rate", "22050", "--stems", "--json",
    ];
    let (code, stdout, stderr) = run(home, &arguments);
    assert_eq!(code, 0, "{stderr}");
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let written = report["written"].as_array().unwrap();
    assert_eq!(written.len(), 7, "the song and six tracks");
    let song = demo::song();
    let seconds = song.tempo.seconds_at(song.end());
    for file in written {
        assert!(file["seconds"].as_f64().unwrap() > seconds * 0.9, "{file}");
        let peak = file["peak"].as_f64().unwrap();
        assert!(peak > 0.01 && peak <= 1.0, "{file}");
    }
    let reader = hound::WavReader::open(home.join("song - 04 Bass.wav")).unwrap();
    assert_eq!(reader.spec().sample_rate, 22_050);
    fails(home, &arguments, &["song.wav", "--force"]);
    fails(
        home,
        &["render", "song.mid", "--out", "song.mp3"],
        &["song.mp3", ".wav"],
    );
}

#[test]
fn bars_are_rendered_into_flac_as_loud_as_asked_for() {
    let folder = folder();
    let home = folder.path();
    let arguments = "render song.mid --out part.flac --bars 3-4 --bits 16 --rate 44100 --tail 0.2 --loudness -16 --json";
    let (code, stdout, stderr) = run(home, &arguments.split(' ').collect::<Vec<_>>());
    assert_eq!((code, stderr.as_str()), (0, ""));
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let file = &report["written"][0];
    assert!(
        (file["loudness_lufs"].as_f64().unwrap() + 16.0).abs() < 0.2,
        "{file}"
    );
    assert!(file["true_peak_db"].as_f64().unwrap() <= -0.98, "{file}");
    let reader = claxon::FlacReader::open(home.join("part.flac")).unwrap();
    let info = reader.streaminfo();
    assert_eq!((info.sample_rate, info.bits_per_sample), (44_100, 16));
    let song = demo::song();
    let at = |bar| song.tempo.seconds_at(song.metre.bar_start(bar));
    let seconds = info.samples.unwrap() as f64 / 44_100.0;
    assert!((seconds - (at(4) - at(2))).abs() < 0.21, "{seconds}");
    for (arguments, words) in [
        (
            "render song.mid --out a.flac --bits 32f",
            ["a.flac", "choose 16 or 24 bits"],
        ),
        (
            "render song.mid --out a.wav --bars 900-901",
            ["900-901", "bars"],
        ),
        ("render song.mid --out no/a.wav", ["a.wav", "folder"]),
    ] {
        fails(home, &arguments.split(' ').collect::<Vec<_>>(), &words);
    }
    for wrong in ["--bars 4-2", "--loudness 3", "--bits 8", "--tail -1"] {
        let arguments = format!("render song.mid --out a.wav {wrong}");
        assert_eq!(
            run(home, &arguments.split(' ').collect::<Vec<_>>()).0,
            2,
            "{wrong}"
        );
    }
}

/// Ctrl+C at any moment leaves no file, whole or half.
#[cfg(unix)]
#[test]
fn an_interrupted_render_leaves_nothing() {
    let folder = folder();
    let home = folder.path();
    // Long enough that no machine has done with it when it is interrupted.
    let song = demo::song();
    let mut notes = song.tracks[0].notes().to_vec();
    notes.extend(notes.last().map(|last| Note {
        start: Tick(3_840 * 1_000),
        ..*last
    }));
    let song = song.with_track((*song.tracks[0]).clone().with_notes(notes));
    let bytes = midi::write(&song, &MidiOptions::default()).unwrap();
    std::fs::write(home.join("song.mid"), bytes).unwrap();
    let program = assert_cmd::cargo::cargo_bin("leitmotif");
    for milliseconds in [700, 1_500] {
        let mut render = std::process::Command::new(&program)
            .current_dir(home)
            .env("LEITMOTIF_HOME", home.join("home"))
            .args("render song.mid --out song.wav --rate 192000 --stems --loudness -14".split(' '))
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        let process = render.id().to_string();
        let asked = std::process::Command::new("kill")
            .args(["-INT", &process])
            .status();
        assert!(asked.unwrap().success());
        assert!(!render.wait().unwrap().success());
        let left: Vec<_> = std::fs::read_dir(home)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name != "song.mid" && name != "home")
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// With the shipped model, or with the message that says what is missing.
#[test]
fn a_theme_is_continued_and_the_same_seed_gives_the_same_notes() {
    let folder = folder();
    let home = folder.path();
    let arguments = |out: &'static str| {
        let text = "continue song.mid --bars 2 --candidates 2 --seed 7 --theme-at 1 --json --scale";
        let mut arguments: Vec<&str> = text.split(' ').collect();
        arguments.extend(["G major", "--out", out]);
        arguments
    };
    let models = run(home, &["models"]).1;
    let installed = models.lines().any(|line| line.starts_with("theme "));
    if !(cfg!(feature = "torch") && installed) {
        fails(home, &arguments("a"), &["song.mid:"]);
        assert!(!home.join("a/01.mid").exists());
        return;
    }
    let (code, stdout, stderr) = run(home, &arguments("a"));
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(run(home, &arguments("b")).0, 0);
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let stored = std::fs::read(home.join("a/report.json")).unwrap();
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&stored).unwrap(),
        report
    );
    let candidates = report["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 2);
    assert!(
        candidates[0]["score"].as_f64() >= candidates[1]["score"].as_f64(),
        "best first"
    );
    for (candidate, name) in candidates.iter().zip(["01.mid", "02.mid"]) {
        assert_eq!(candidate["notes_outside_scale"], 0);
        assert!(
            candidate["theme_regions"].as_u64().unwrap() >= 1,
            "it was asked for at bar 1"
        );
        let bytes = |out: &str| std::fs::read(home.join(out).join(name)).unwrap();
        assert_eq!(bytes("a"), bytes("b"), "{name}");
        let clip = formats::open(home.join("a").join(name)).unwrap().song;
        assert!(clip.bars() <= 3 && !clip.themes.is_empty());
    }
    fails(home, &arguments("a"), &["--force"]);
}
