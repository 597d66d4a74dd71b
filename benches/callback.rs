//! What one buffer of sound costs: busy tracks through the audio callback, as a share of the time the sound lasts.
//!
//! `cargo bench --bench callback` (or `cargo bench --profile dev --bench callback`). Every pass plays the same, and of
//! each buffer the cheapest pass counts, so that other work on the machine does not.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its figures and stops where it cannot go on"
)]

use std::sync::Arc;
use std::time::Instant;

use leitmotif::audio::callback::Callback;
use leitmotif::audio::player::Player;
use leitmotif::audio::protocol::{ScoreUpdate, ToAudio, TransportOrder};
use leitmotif::audio::schedule::Compiler;
use leitmotif::audio::soundfont;
use leitmotif::audio::synths::Rack;
use leitmotif::audio::{Font, FontSource};
use leitmotif::score::{Instrument, Note, Pitch, Role, Song, Tick, Track, TrackId, Velocity};

const RATE: u32 = 48_000;
/// What the engine gives its synthesizers.
const BLOCK: usize = 16;
const FRAMES: usize = 256;
/// Buffers in a pass: sixteen seconds.
const BUFFERS: usize = 3_000;
const PASSES: usize = 4;
/// In this buffer another rack takes over.
const SWAP: usize = 2_000;

/// Tracks of chords, lines and drums that never rest.
fn song(tracks: u32) -> Song {
    const PROGRAMS: [u8; 7] = [0, 48, 73, 25, 33, 88, 11];
    (1..=tracks).fold(Song::default(), |song, id| {
        let drums = id % 8 == 6;
        let program = PROGRAMS[id as usize % PROGRAMS.len()];
        let instrument = if drums {
            Instrument::DRUMS
        } else {
            Instrument::pitched(program)
        };
        let chord: &[i64] = if matches!(program, 0 | 48 | 88) {
            &[0, 4, 7, 11]
        } else {
            &[0]
        };
        let notes = (0..200)
            .flat_map(|i: i64| {
                let key = if drums {
                    36 + i * 5 % 16
                } else {
                    48 + (i * 5 + i64::from(id)) % 24
                };
                chord.iter().map(move |interval| {
                    Note::new(
                        Tick(i * 240),
                        Tick(220),
                        Pitch::clamped((key + interval) as i32),
                        Velocity::clamped((70 + i * 13 % 50) as i32),
                    )
                })
            })
            .collect();
        song.with_track(Track::new(TrackId(id), "T", instrument, Role::Piano).with_notes(notes))
    })
}

/// The cost of every buffer of one pass, as a share of its time.
fn pass(song: &Song, font: &Arc<Font>) -> Vec<f64> {
    let tracks = song.tracks.len();
    let rack = || Box::new(Rack::new(Some(font), RATE, BLOCK, tracks));
    let (mut callback, mut link) = Callback::new(Player::new(RATE, BLOCK, rack()));
    let schedule = Compiler::new(RATE).compile(song, |index, _| index);
    for order in [
        ToAudio::Score(Box::new(ScoreUpdate {
            schedule,
            more_synths: Vec::new(),
            room: None,
        })),
        ToAudio::Transport(TransportOrder::Play, 1),
    ] {
        link.down.push(order).unwrap();
    }
    let budget = FRAMES as f64 / f64::from(RATE);
    let mut buffer = vec![0.0; 2 * FRAMES];
    (0..BUFFERS)
        .map(|index| {
            if index == SWAP {
                link.down.push(ToAudio::Rack(rack())).unwrap();
            }
            while link.up.pop().is_ok() {}
            let started = Instant::now();
            callback.fill(&mut buffer, 2);
            started.elapsed().as_secs_f64() / budget
        })
        .collect()
}

fn main() {
    println!("font              tracks   p50 %   p99 %   worst %   at the change of font %");
    let fluid = soundfont::best(&soundfont::find())
        .and_then(|found| FontSource::File(found.path.clone()).load().ok());
    for font in [soundfont::built_in().ok(), fluid].into_iter().flatten() {
        for tracks in [1, 8, 20] {
            let song = song(tracks);
            let mut best = pass(&song, &font);
            for _ in 1..PASSES {
                for (best, again) in best.iter_mut().zip(pass(&song, &font)) {
                    *best = best.min(again);
                }
            }
            let change = best[SWAP..SWAP + 6].iter().fold(0.0_f64, |a, b| a.max(*b));
            let mut sorted = best[..SWAP].to_vec();
            sorted.sort_by(f64::total_cmp);
            let at = |share: f64| 100.0 * sorted[((sorted.len() - 1) as f64 * share) as usize];
            println!(
                "{:16} {tracks:7} {:7.1} {:7.1} {:9.1} {:26.1}",
                font.name(),
                at(0.5),
                at(0.99),
                at(1.0),
                100.0 * change,
            );
        }
    }
}
