//! What is changed while it plays: mixer, loop, tempo, place, font, count-in.

use std::sync::Arc;

use super::tests::{
    BLOCK, RATE, clicks, drive, listen, loudest, note, player, set_song, song, track,
};
use super::*;
use crate::audio::protocol::TransportOrder;
use crate::audio::test_font;
use crate::score::{ControlChange, PitchBend, Song, Tempo, TempoMap, Track};

/// The sample at which each click begins; one click's sound covers the next `dead` samples.
fn onsets(sound: &[f32], dead: usize) -> Vec<usize> {
    let mut onsets: Vec<usize> = Vec::new();
    for (index, sample) in sound.iter().enumerate() {
        if sample.abs() > 0.08 && onsets.last().is_none_or(|last| index - last > dead) {
            onsets.push(index);
        }
    }
    onsets
}

/// The largest step from one sample to the next, and the largest change of a step.
fn steps(sound: &[f32]) -> (f32, f32) {
    let step = sound.windows(2).map(|w| (w[1] - w[0]).abs());
    let bend = sound.windows(3).map(|w| (w[2] - 2.0 * w[1] + w[0]).abs());
    (step.fold(0.0, f32::max), bend.fold(0.0, f32::max))
}

#[test]
fn mixer_changes_make_no_click() {
    let mut dry = track(1, vec![note(0, 960_000, 60)]);
    dry.reverb = 0;
    let two = Song::default().with_track(dry);
    let change = |change: &dyn Fn(&mut Track)| {
        let mut changed = (*two.tracks[0]).clone();
        change(&mut changed);
        two.with_track(changed)
    };
    let mut soloed = track(9, Vec::new());
    soloed.solo = true;
    // How much larger a step may be than those of the steady sound. Echoes have no steady sound: they grow and drift.
    let (exact, drifting) = (1.02, 1.3);
    let cases: [(&str, f32, Song); 7] = [
        ("mute", exact, change(&|track| track.mute = true)),
        ("solo of another track", exact, two.with_track(soloed)),
        ("volume down", exact, change(&|track| track.volume = 20)),
        ("volume up", exact, change(&|track| track.volume = 127)),
        ("pan", exact, change(&|track| track.pan = 0)),
        ("reverb", drifting, change(&|track| track.reverb = 127)),
        ("chorus", drifting, change(&|track| track.chorus = 127)),
    ];
    for (name, allowed, changed) in &cases {
        let mut player = player(2);
        set_song(&mut player, &two);
        drive(&mut player, TransportOrder::Play);
        listen(&mut player, 0.5);
        let before = listen(&mut player, 0.2);
        set_song(&mut player, changed);
        let during = listen(&mut player, 0.3);
        let after = listen(&mut player, 0.2);
        set_song(&mut player, &two);
        let back = listen(&mut player, 0.3);
        assert!(loudest(&before) > 0.02, "{name}");
        let (steady, bent) = [steps(&before), steps(&after)]
            .into_iter()
            .fold((0.0_f32, 0.0_f32), |a, b| (a.0.max(b.0), a.1.max(b.1)));
        for (what, part) in [("there", &during), ("back", &back)] {
            let (step, bend) = steps(part);
            assert!(
                step <= allowed * steady,
                "{name}, {what}: {step} above {steady}"
            );
            assert!(
                bend <= 1.25 * allowed * bent,
                "{name}, {what}: {bend} above {bent}"
            );
        }
    }
}

#[test]
fn sends_are_heard() {
    let dry = song(vec![note(0, 480, 60)]);
    let with = |reverb: u8, chorus: u8| {
        let mut track = (*dry.tracks[0]).clone();
        (track.reverb, track.chorus) = (reverb, chorus);
        let mut player = player(1);
        set_song(&mut player, &dry.with_track(track));
        drive(&mut player, TransportOrder::Play);
        (listen(&mut player, 0.25), listen(&mut player, 0.2))
    };
    let energy = |sound: &[f32]| sound.iter().map(|x| x * x).sum::<f32>();
    let (plain, silence) = with(0, 0);
    assert!(
        energy(&silence[2_400..]) < 1e-6,
        "nothing rings on by itself"
    );
    let (_, half) = with(60, 0);
    let (_, full) = with(127, 0);
    assert!(energy(&half) > 1e-3);
    assert!(energy(&full) > 2.0 * energy(&half));
    let (thick, _) = with(0, 127);
    let differing: Vec<f32> = plain.iter().zip(&thick).map(|(a, b)| a - b).collect();
    assert!(energy(&differing) > 0.05 * energy(&plain));
}

#[test]
fn a_hundred_rounds_of_a_loop_keep_their_time() {
    // At 97 beats a minute neither the notes nor the loop lie on block edges.
    let song = Song {
        tempo: Arc::new(TempoMap::constant(Tempo::from_bpm(97.0))),
        ..song(vec![note(960, 120, 60), note(1_530, 120, 62)])
    };
    let mut player = player(1);
    set_song(&mut player, &song);
    player.obey(ToAudio::Loop(Some(Span::new(Tick(960), Tick(1_920)))));
    drive(&mut player, TransportOrder::Seek(Tick(960)));
    drive(&mut player, TransportOrder::Play);
    let beat = 60.0 / 97.0;
    let sound = listen(&mut player, 100.0 * beat + 0.01);
    let found = onsets(&sound, 9_000);
    assert_eq!(found.len(), 201);
    let first = found[0];
    for (index, onset) in found.into_iter().enumerate() {
        let quarters = (index / 2) as f64 + [0.0, 570.0 / 960.0][index % 2];
        let exact = quarters * beat * f64::from(RATE);
        let off = (onset - first) as f64 - exact;
        assert!(
            off.abs() <= BLOCK as f64,
            "onset {index} is {off} samples off"
        );
    }
}

#[test]
fn a_change_of_tempo_leaves_no_note_hanging() {
    let notes = (0..400).map(|i| note(i * 120, 200, 40 + (i * 7 % 40) as i32));
    let mut song = song(notes.collect());
    let mut player = player(1);
    set_song(&mut player, &song);
    drive(&mut player, TransportOrder::Play);
    for change in 0..40 {
        listen(&mut player, 0.07);
        let before = player.position_ticks();
        let bpm = f64::from(60 + (change * 53) % 180);
        song.tempo = Arc::new(TempoMap::constant(Tempo::from_bpm(bpm)));
        set_song(&mut player, &song);
        assert!((player.position_ticks() - before).abs() < 0.1);
    }
    assert!(loudest(&listen(&mut player, 0.1)) > 0.01);
    drive(&mut player, TransportOrder::Seek(Tick(400 * 120 + 4_000)));
    listen(&mut player, 4.0);
    assert!(player.is_at_rest());
}

/// Cycles a second, by the zero crossings of 0.1 s.
fn pitch(player: &mut Player) -> f64 {
    let sound = listen(player, 0.1);
    let rises = sound.windows(2).filter(|w| w[0] < 0.0 && w[1] >= 0.0);
    rises.count() as f64 * 10.0
}

#[test]
fn bend_and_its_range_hold_wherever_playing_begins() {
    let control = |at, controller, value| ControlChange {
        at: Tick(at),
        controller,
        value,
    };
    let mut dry = track(1, vec![note(0, 96_000, 60)]);
    dry.reverb = 0;
    let track = dry
        .with_controls(vec![
            control(0, 101, 0),
            control(0, 100, 0),
            control(0, 6, 12),
        ])
        .with_bends(vec![
            PitchBend::new(Tick(9_600), 8_191),
            PitchBend::new(Tick(19_200), -8_192),
            PitchBend::new(Tick(28_800), 0),
        ]);
    let song = Song::default().with_track(track);
    let rack = Rack::new(Some(&test_font::tuned()), RATE, BLOCK, 1);
    let mut player = Player::new(RATE, BLOCK, Box::new(rack));
    set_song(&mut player, &song);
    drive(&mut player, TransportOrder::Play);
    // The song in order, and then from everywhere.
    for tick in [0, 9_700, 19_300, 28_900, 10_000, 100, 20_000, 40_000] {
        drive(&mut player, TransportOrder::Seek(Tick(tick)));
        listen(&mut player, 0.05);
        let expected = match tick {
            ..9_600 | 28_800.. => 1_000.0,
            ..19_200 => 2_000.0,
            _ => 500.0,
        };
        let heard = pitch(&mut player);
        assert!(
            (heard / expected - 1.0_f64).abs() < 0.03,
            "{heard} Hz at tick {tick}"
        );
    }
    // Over the change itself.
    drive(&mut player, TransportOrder::Seek(Tick(9_600 - 96)));
    listen(&mut player, 0.2);
    assert!((pitch(&mut player) / 2_000.0 - 1.0).abs() < 0.03);
}

#[test]
fn another_font_takes_up_what_sounds_without_a_gap() {
    let mut player = player(1);
    set_song(&mut player, &song(vec![note(0, 96_000, 60)]));
    drive(&mut player, TransportOrder::Play);
    listen(&mut player, 0.5);
    let steady = loudest(&listen(&mut player, 0.1));
    for _ in 0..3 {
        let rack = Rack::new(Some(&test_font::font()), RATE, BLOCK, 1);
        player.obey(ToAudio::Rack(Box::new(rack)));
        let sound = listen(&mut player, 0.3);
        // Half of the smallest usual buffer.
        let quietest = sound.chunks_exact(128).map(loudest).fold(1.0, f32::min);
        assert!(quietest > 0.5 * steady, "{quietest} of {steady}");
        assert!(player.take_retired().is_some());
    }
}

#[test]
fn a_count_in_clicks_before_time_passes() {
    let mut player = player(1);
    set_song(
        &mut player,
        &song(vec![note(0, 240, 60), note(9_600, 240, 60)]),
    );
    drive(&mut player, TransportOrder::PlayAfter(2));
    assert!(player.is_playing());
    assert!((player.count_in_left() - 7_680.0).abs() < 1.0);
    // Eight beats of half a second.
    let counted = listen(&mut player, 3.99);
    assert_eq!(clicks(&counted), 8);
    assert_eq!(player.position_ticks(), 0.0);
    assert!(player.count_in_left() > 0.0 && player.count_in_left() < 96.0);
    let begun = listen(&mut player, 0.1);
    let onset = onsets(&begun, 2_400)[0] as i64 - player.latency() as i64;
    assert!((onset - 480).abs() <= BLOCK as i64, "{onset}");
    assert_eq!(player.count_in_left(), 0.0);
    assert!(player.position_ticks() > 100.0);

    // Pause ends a count-in, and Play does not wait for it.
    drive(&mut player, TransportOrder::Pause);
    drive(&mut player, TransportOrder::PlayAfter(1));
    listen(&mut player, 0.1);
    drive(&mut player, TransportOrder::Pause);
    assert!(!player.is_playing());
    let there = player.position_ticks();
    listen(&mut player, 3.0);
    assert_eq!(player.position_ticks(), there);
    drive(&mut player, TransportOrder::PlayAfter(1));
    drive(&mut player, TransportOrder::Play);
    listen(&mut player, 0.1);
    assert!(player.position_ticks() > there + 50.0);
    drive(&mut player, TransportOrder::PlayAfter(1));
    assert_eq!(player.count_in_left(), 0.0, "it plays already");
}
