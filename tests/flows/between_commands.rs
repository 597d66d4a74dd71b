//! Bars filled and continued from the command line, with the model that comes with the program; and the order of clips.

#![cfg_attr(
    not(feature = "torch"),
    allow(dead_code, unused_imports, reason = "most of it needs the networks")
)]

use leitmotif::formats;
use leitmotif::formats::demo;
use leitmotif::score::{Note, Role, Song, Span, Tick};
use serde_json::Value;

use super::command_line::{fails, folder, leitmotif, run};

fn report(home: &std::path::Path, arguments: &str) -> Value {
    let mut arguments: Vec<&str> = arguments.split(' ').collect();
    arguments.push("--json");
    let (code, stdout, stderr) = run(home, &arguments);
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

/// The notes of the track of a role, outside a span.
fn outside(song: &Song, role: Role, span: Span) -> Vec<Note> {
    let track = song.tracks.iter().find(|track| track.role == role).unwrap();
    let notes = track.notes().iter();
    notes
        .filter(|note| !span.contains(note.start))
        .copied()
        .collect()
}

#[cfg(feature = "torch")]
#[test]
fn bars_are_filled_between_the_others() {
    let folder = folder();
    let home = folder.path();
    let command = "vary song.mid --bars 5-6 --model theme --candidates 2 --draws 2 --seed 3 --out";
    let told = report(home, &format!("{command} a"));
    assert_eq!(told["candidates"].as_array().unwrap().len(), 2);
    let first = &told["candidates"][0];
    assert_eq!((&first["bar"], &first["bars"]), (&5.into(), &2.into()));
    assert!(first["measures"]["leads on"].as_f64().unwrap().is_finite());
    assert_eq!(first["lineage"]["kind"], "infill");
    report(home, &format!("{command} b"));
    let read = |name: &str| std::fs::read(home.join(name)).unwrap();
    assert_eq!(
        read("a/01.mid"),
        read("b/01.mid"),
        "the same seed, the same notes"
    );
    let before = demo::song();
    let after = formats::open(home.join("a/01.mid")).unwrap().song;
    let gap = Span::new(Tick(4 * 3840), Tick(6 * 3840));
    for role in [Role::Melody, Role::Piano, Role::Bass] {
        assert_eq!(outside(&after, role, gap), outside(&before, role, gap));
    }
    let all = Span::new(Tick(-1), Tick(-1));
    assert_eq!(
        outside(&after, Role::Bass, all),
        outside(&before, Role::Bass, all)
    );
    assert_ne!(
        outside(&after, Role::Piano, all),
        outside(&before, Role::Piano, all)
    );

    // The melody alone, by its track's name.
    report(
        home,
        "vary song.mid --bars 5 --model theme --tracks Melody --candidates 1 --draws 1 --out c",
    );
    let melody = formats::open(home.join("c/01.mid")).unwrap().song;
    assert_eq!(
        outside(&melody, Role::Piano, all),
        outside(&before, Role::Piano, all)
    );
    assert_ne!(
        outside(&melody, Role::Melody, all),
        outside(&before, Role::Melody, all)
    );

    fails(
        home,
        &[
            "vary", "song.mid", "--bars", "5", "--model", "theme", "--tracks", "Bass", "--out", "d",
        ],
        &["Bass", "neither melody nor piano"],
    );
    let output = leitmotif(home)
        .args("vary song.mid --bars 5 --model theme --change 0.5 --out d".split(' '))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[cfg(feature = "torch")]
#[test]
fn a_song_goes_on_from_any_bar() {
    let folder = folder();
    let home = folder.path();
    let told = report(
        home,
        "continue song.mid --from 4 --bars 2 --candidates 1 --with-theme --out a",
    );
    assert_eq!(told["candidates"][0]["bar"], 4);
    assert_eq!(told["settings"]["from"], 3);
    let after = formats::open(home.join("a/01.mid")).unwrap().song;
    let gap = Span::new(Tick(3 * 3840), Tick(5 * 3840));
    for role in [Role::Melody, Role::Bass] {
        assert_eq!(
            outside(&after, role, gap),
            outside(&demo::song(), role, gap)
        );
    }
}

#[test]
fn clips_are_put_into_order_and_the_reasons_are_told() {
    let folder = folder();
    let home = folder.path();
    let mut wrong = demo::song();
    // The same song with its bass a semitone off.
    let bass = wrong.tracks.iter().find(|track| track.role == Role::Bass);
    let bass = bass.unwrap().clone();
    let notes = bass.notes().iter().map(|note| Note {
        pitch: note.pitch.transposed(1).unwrap(),
        ..*note
    });
    wrong = wrong.with_track(bass.with_notes(notes.collect()));
    let bytes = formats::midi::write(&wrong, &formats::midi::MidiOptions::default()).unwrap();
    std::fs::write(home.join("wrong.mid"), bytes).unwrap();
    let told = report(home, "rank wrong.mid song.mid");
    let files = told["files"].as_array().unwrap();
    assert_eq!(files[0]["file"], "song.mid");
    assert!(files[0]["score"].as_f64() > files[1]["score"].as_f64());
    assert!(files[0]["measures"]["in key"]["meaning"].is_string());
    let (code, stdout, _) = run(home, &["rank", "wrong.mid", "song.mid", "--by", "in key"]);
    assert_eq!(code, 0);
    assert!(
        stdout.starts_with("song.mid") && stdout.contains("harmony"),
        "{stdout}"
    );
    fails(
        home,
        &["rank", "song.mid", "--by", "beauty"],
        &["beauty", "in key"],
    );
    fails(home, &["rank", "nowhere.mid"], &["nowhere.mid"]);
}
