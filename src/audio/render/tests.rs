mod files;

use std::sync::Arc;

use super::*;
use crate::audio::player::Player;
use crate::audio::protocol::{ScoreUpdate, ToAudio, TransportOrder};
use crate::audio::schedule::Compiler;
use crate::audio::synths::Rack;
use crate::audio::true_peak::loudest;
use crate::audio::{AtEnd, test_font};
use crate::score::{
    ControlChange, Instrument, Note, Pitch, Role, Tempo, TempoChange, TempoMap, Tick, Track,
    Velocity,
};

fn silent_progress(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Notes far enough apart that each click stands alone, under changing tempos.
fn clicks() -> Song {
    let notes = (0..40)
        .map(|i| {
            Note::new(
                Tick(i * 517),
                Tick(60),
                Pitch::clamped(60 + (i % 5) as i32),
                Velocity::clamped(100),
            )
        })
        .collect();
    let change = |at, bpm| TempoChange {
        at: Tick(at),
        tempo: Tempo::from_bpm(bpm),
    };
    let tempo = TempoMap::new(vec![
        change(0, 97.0),
        change(5_000, 143.7),
        change(9_999, 61.3),
    ]);
    Song {
        tempo: Arc::new(tempo),
        ..Song::default()
    }
    .with_track(Track::new(TrackId(1), "A", Instrument::pitched(0), Role::Piano).with_notes(notes))
}

/// The samples at which a click begins.
fn onsets(sound: &Sound) -> Vec<usize> {
    let mut onsets: Vec<usize> = Vec::new();
    for (index, sample) in sound.left.iter().enumerate() {
        let dead = onsets
            .last()
            .is_some_and(|last| index - last < sound.rate as usize / 20);
        if sample.abs() > 0.05 && !dead {
            onsets.push(index);
        }
    }
    onsets
}

#[test]
fn every_onset_lies_on_its_sample() {
    let song = clicks();
    for rate in [44_100, 48_000, 88_200, 96_000] {
        let options = RenderOptions {
            rate,
            ..RenderOptions::default()
        };
        let sound =
            render_to_memory(&song, &test_font::font(), &options, &mut silent_progress).unwrap();
        let found = onsets(&sound);
        assert_eq!(found.len(), 40, "at {rate}");
        let mut worst = 0.0_f64;
        for (note, onset) in song.tracks[0].notes().iter().zip(found) {
            let expected = song.tempo.seconds_at(note.start) * f64::from(rate);
            assert_eq!(onset, expected.round() as usize, "at {rate}");
            worst = worst.max((onset as f64 - expected).abs() / f64::from(rate));
        }
        assert!(worst < 0.000_012, "{worst} s at {rate}");
    }
}

#[test]
fn notes_that_overlap_begin_on_their_samples_too() {
    // One note a tick: each begins at another place in the block, while the others sound.
    let notes = (0..30)
        .map(|i| {
            let start = Tick(i * 2_000 + i * 7);
            Note::new(
                start,
                Tick(9_000),
                Pitch::clamped(40 + i as i32),
                Velocity::clamped(100),
            )
        })
        .collect();
    let track = Track::new(TrackId(1), "A", Instrument::pitched(0), Role::Piano).with_notes(notes);
    let song = Song::default().with_track(track);
    let font = test_font::font();
    let sound = render_to_memory(
        &song,
        &font,
        &RenderOptions::default(),
        &mut silent_progress,
    )
    .unwrap();
    for note in song.tracks[0].notes() {
        let at = (song.tempo.seconds_at(note.start) * 48_000.0).round() as usize;
        let jump = sound.left[at] - if at > 0 { sound.left[at - 1] } else { 0.0 };
        assert!(jump > 0.1, "no click at {at}: {jump}");
        let before = if at > 1 {
            sound.left[at - 1] - sound.left[at - 2]
        } else {
            0.0
        };
        assert!(before.abs() < 0.1, "a click before {at}: {before}");
    }
}

#[test]
fn a_span_begins_at_its_start_and_ends_in_silence() {
    let song = clicks();
    let options = RenderOptions {
        span: Some(Span::new(Tick(517 * 3), Tick(517 * 6))),
        ..RenderOptions::default()
    };
    let sound =
        render_to_memory(&song, &test_font::font(), &options, &mut silent_progress).unwrap();
    let found = onsets(&sound);
    assert_eq!(found.len(), 3);
    assert_eq!(found[0], 0);
    let tail = &sound.left[sound.left.len() - 2_000..];
    assert!(tail.iter().all(|sample| sample.abs() < SILENCE));
}

/// Two tracks, one of them muted, and drums.
fn band() -> Song {
    let mut song = clicks();
    let other = |id, instrument| {
        let notes = (0..20)
            .map(|i| {
                let start = Tick(i * 701);
                Note::new(start, Tick(300), Pitch::clamped(50), Velocity::clamped(80))
            })
            .collect();
        let mut track = Track::new(TrackId(id), "B", instrument, Role::Piano).with_notes(notes);
        track.reverb = 90;
        track.chorus = 70;
        track
    };
    let mut muted = other(3, Instrument::pitched(0));
    muted.mute = true;
    song = song.with_track(other(2, Instrument::DRUMS));
    song.with_track(muted)
}

/// What the studio plays, without a device.
fn played(song: &Song, font: &Arc<Font>, frames: usize) -> Sound {
    let schedule = Compiler::new(48_000).compile(song, |index, _| index);
    let rack = Rack::new(Some(font), 48_000, 8, schedule.tracks.len());
    let mut player = Player::new(48_000, 8, Box::new(rack));
    for order in [
        ToAudio::Score(Box::new(ScoreUpdate {
            schedule,
            more_synths: Vec::new(),
            room: None,
        })),
        ToAudio::AtEnd(AtEnd::GoOn),
        ToAudio::Transport(TransportOrder::Play, 1),
    ] {
        player.obey(order);
    }
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    player.render(&mut left, &mut right);
    Sound {
        rate: 48_000,
        left,
        right,
    }
}

#[test]
fn a_render_sounds_as_the_song_does_when_it_is_played() {
    let mut song = crate::formats::demo::song();
    let mut bright = (*song.tracks[0]).clone();
    bright.chorus = 100;
    bright = bright.with_controls(vec![
        ControlChange {
            at: Tick(0),
            controller: 91,
            value: 120,
        },
        ControlChange {
            at: Tick(9_600),
            controller: 7,
            value: 40,
        },
    ]);
    song = song.with_track(bright);
    let font = crate::audio::soundfont::built_in().unwrap();
    let sound = render_to_memory(
        &song,
        &font,
        &RenderOptions::default(),
        &mut silent_progress,
    )
    .unwrap();
    let live = played(&song, &font, sound.left.len());
    for (own, other) in [(&sound.left, &live.left), (&sound.right, &live.right)] {
        let apart = decibels(rms(own) / rms(other));
        assert!(apart.abs() < 0.25, "{apart} dB");
        for (second, (own, other)) in own.chunks(24_000).zip(other.chunks(24_000)).enumerate() {
            if rms(own) < 1e-3 {
                continue;
            }
            // Notes that begin on other samples meet in other phases.
            let apart = decibels(rms(own) / rms(other));
            assert!(apart.abs() < 1.5, "half second {second}: {apart} dB");
        }
    }
}

fn decibels(ratio: f64) -> f64 {
    20.0 * ratio.log10()
}

fn rms(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|x| f64::from(*x).powi(2)).sum();
    (sum / samples.len().max(1) as f64).sqrt()
}

fn peak(sound: &Sound) -> f32 {
    sound
        .left
        .iter()
        .chain(&sound.right)
        .fold(0.0, |peak, sample| peak.max(sample.abs()))
}

/// The power spectrum of the first 32,768 samples of `samples`, and hertz in a bin.
fn spectrum(samples: &[f32], rate: u32) -> (Vec<f64>, f64) {
    let length = 32_768;
    let fft = realfft::RealFftPlanner::<f64>::new().plan_fft_forward(length);
    let mut input: Vec<f64> = samples[..length]
        .iter()
        .enumerate()
        .map(|(index, sample)| {
            let phase = std::f64::consts::TAU * index as f64 / length as f64;
            f64::from(*sample) * (0.5 - 0.5 * phase.cos())
        })
        .collect();
    let mut output = fft.make_output_vec();
    fft.process(&mut input, &mut output).unwrap();
    let power = output
        .iter()
        .map(realfft::num_complex::Complex::norm_sqr)
        .collect();
    (power, f64::from(rate) / length as f64)
}

#[test]
fn the_demo_sounds_as_it_should() {
    let song = crate::formats::demo::song();
    let font = crate::audio::soundfont::built_in().unwrap();
    let options = RenderOptions {
        rate: 44_100,
        ..RenderOptions::default()
    };
    let sound = render_to_memory(&song, &font, &options, &mut silent_progress).unwrap();
    let loudest = peak(&sound);
    assert!((0.35..0.967).contains(&loudest), "peak {loudest}");
    let level = decibels(rms(&sound.left));
    assert!((-28.0..-14.0).contains(&level), "{level} dB");
    let balance = level - decibels(rms(&sound.right));
    assert!(balance.abs() < 3.0, "left over right {balance} dB");
    let mean = sound.left.iter().sum::<f32>() / sound.left.len() as f32;
    assert!(mean.abs() < 1e-3, "constant part {mean}");

    let seconds = song.tempo.seconds_at(song.end());
    let whole = seconds.floor() as usize;
    for second in 0..whole {
        let part = &sound.left[second * 44_100..(second + 1) * 44_100];
        assert!(rms(part) > 1e-3, "second {second} is silent");
    }
    let after = sound.left.len() as f64 / 44_100.0 - seconds;
    assert!(
        (0.0..10.0).contains(&after),
        "{after} s after the last note"
    );
    assert!(rms(&sound.left[sound.left.len() - 2_000..]) < f64::from(SILENCE));

    // From low to high: bass, body and brilliance are all there, and none drowns the others.
    let (power, bin) = spectrum(&sound.left[20 * 44_100..], 44_100);
    let band = |from: f64, to: f64| -> f64 {
        let (from, to) = ((from / bin) as usize, (to / bin) as usize);
        power[from..to].iter().sum()
    };
    let all = band(20.0, 20_000.0);
    for (from, to, least, most) in [
        (20.0, 250.0, 0.02, 0.95),
        (250.0, 2_000.0, 0.03, 0.95),
        (2_000.0, 20_000.0, 0.000_5, 0.5),
    ] {
        let share = band(from, to) / all;
        assert!((least..most).contains(&share), "{from}..{to} Hz: {share}");
    }
}

#[test]
fn a_closed_hi_hat_ends_both_sides_of_the_open_one() {
    for closed in [test_font::Closed::Mono, test_font::Closed::Stereo] {
        // Wherever in a block the closed one comes.
        for place in [1_900, 1_920, 1_921, 1_933] {
            let hat = |at, length, key: u8| {
                Note::new(
                    Tick(at),
                    Tick(length),
                    Pitch::clamped(key.into()),
                    Velocity::clamped(100),
                )
            };
            let notes = vec![
                hat(0, 9_600, test_font::OPEN_HAT),
                hat(place, 60, test_font::CLOSED_HAT),
            ];
            let mut track =
                Track::new(TrackId(1), "A", Instrument::DRUMS, Role::Drums).with_notes(notes);
            track.reverb = 0;
            let song = Song::default().with_track(track);
            let font = test_font::hats(closed);
            let options = RenderOptions::default();
            let sound = render_to_memory(&song, &font, &options, &mut silent_progress).unwrap();
            // The open one would ring on for as long as it may; the closed one takes a tenth of a second.
            let end = (song.tempo.seconds_at(Tick(place)) * 48_000.0) as usize;
            for (side, name) in [(&sound.left, "left"), (&sound.right, "right")] {
                let before = loudest(&side[end - 2_000..end - 100]);
                assert!(
                    before > 0.02,
                    "{name} of the open one, {closed:?}: {before}"
                );
                let after = loudest(&side[end + 5_000..end + 48_000]);
                assert!(after < 1e-3, "{name} after {place}, {closed:?}: {after}");
            }
        }
    }
}

#[test]
fn programs_and_keys_reach_the_synthesizer() {
    let font = crate::audio::soundfont::built_in().unwrap();
    for (program, key, hertz) in [
        (0, 69, 440.0),
        (33, 45, 110.0),
        (48, 69, 440.0),
        (73, 81, 880.0),
    ] {
        let note = Note::new(
            Tick(0),
            Tick(3_840),
            Pitch::clamped(key),
            Velocity::clamped(90),
        );
        let song = Song::default().with_track(
            Track::new(TrackId(1), "A", Instrument::pitched(program), Role::Piano)
                .with_notes(vec![note]),
        );
        let sound = render_to_memory(
            &song,
            &font,
            &RenderOptions::default(),
            &mut silent_progress,
        )
        .unwrap();
        let (power, bin) = spectrum(&sound.left[9_600..], 48_000);
        let near = |wanted: f64| -> f64 {
            let middle = (wanted / bin).round() as usize;
            let width = ((wanted * 0.02) / bin).ceil() as usize + 1;
            power[middle - width..=middle + width].iter().sum()
        };
        let harmonic: f64 = (1..=8).map(|n| near(hertz * f64::from(n))).sum();
        let all: f64 = power[(60.0 / bin) as usize..].iter().sum();
        assert!(
            harmonic > 0.8 * all,
            "program {program}: {} of its power lies on the partials of {hertz} Hz",
            harmonic / all
        );
    }
}

#[test]
fn the_built_in_font_begins_within_a_millisecond_of_the_score() {
    let font = crate::audio::soundfont::built_in().unwrap();
    for (instrument, key) in [
        (Instrument::pitched(0), 60),
        (Instrument::pitched(25), 52),
        (Instrument::DRUMS, 36),
        (Instrument::DRUMS, 42),
    ] {
        let notes: Vec<Note> = (0..5)
            .map(|i| {
                let start = Tick(i * 2_003);
                Note::new(
                    start,
                    Tick(300),
                    Pitch::clamped(key),
                    Velocity::clamped(100),
                )
            })
            .collect();
        let mut track =
            Track::new(TrackId(1), "A", instrument, Role::Piano).with_notes(notes.clone());
        track.reverb = 0;
        let song = Song::default().with_track(track);
        for rate in [44_100, 48_000, 96_000] {
            let options = RenderOptions {
                rate,
                ..RenderOptions::default()
            };
            let sound = render_to_memory(&song, &font, &options, &mut silent_progress).unwrap();
            let threshold = 0.01 * peak(&sound);
            for note in &notes {
                let expected = song.tempo.seconds_at(note.start) * f64::from(rate);
                let from = (expected as usize).saturating_sub(rate as usize / 20);
                let onset = sound.left[from..]
                    .iter()
                    .position(|sample| sample.abs() > threshold)
                    .unwrap();
                let error = ((from + onset) as f64 - expected) / f64::from(rate) * 1_000.0;
                assert!(
                    error.abs() < 1.0,
                    "{instrument:?} {key} at {rate}: {error} ms"
                );
            }
        }
    }
}

#[test]
fn a_crowd_at_full_strength_does_not_clip() {
    let font = crate::audio::soundfont::built_in().unwrap();
    let mut song = Song::default();
    for id in 1..=20_u32 {
        let notes = (0..16)
            .flat_map(|beat| {
                [0, 4, 7, 12].map(|interval| {
                    Note::new(
                        Tick(beat * 480),
                        Tick(470),
                        Pitch::clamped(40 + interval + (id % 3) as i32 * 12),
                        Velocity::clamped(127),
                    )
                })
            })
            .collect();
        let instrument = if id % 10 == 0 {
            Instrument::DRUMS
        } else {
            Instrument::pitched((id * 5 % 100) as u8)
        };
        let mut track = Track::new(TrackId(id), "A", instrument, Role::Piano).with_notes(notes);
        track.volume = 127;
        song = song.with_track(track);
    }
    let sound = render_to_memory(
        &song,
        &font,
        &RenderOptions::default(),
        &mut silent_progress,
    )
    .unwrap();
    let ceiling = crate::audio::limiter::CEILING;
    let loudest = peak(&sound);
    assert!(loudest > 0.8 && loudest <= ceiling, "peak {loudest}");
    // Not one run of samples is cut flat.
    let flat = |side: &[f32]| {
        side.windows(3)
            .filter(|run| run.iter().all(|sample| sample.abs() > 0.999_9 * ceiling))
            .count()
    };
    assert_eq!(flat(&sound.left) + flat(&sound.right), 0);
}
