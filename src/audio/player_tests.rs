use std::sync::Arc;

use super::*;
use crate::audio::protocol::TransportOrder;
use crate::audio::schedule::Compiler;
use crate::audio::synths::TrackSynth;
use crate::audio::test_font;
use crate::audio::transport::AtEnd;
use crate::score::{
    ControlChange, Instrument, Note, Pitch, Role, Song, Tempo, TempoMap, Track, TrackId, Velocity,
};

pub(super) const RATE: u32 = 48_000;
pub(super) const BLOCK: usize = 8;

pub(super) fn note(start: i64, duration: i64, key: i32) -> Note {
    Note::new(
        Tick(start),
        Tick(duration),
        Pitch::clamped(key),
        Velocity::clamped(100),
    )
}

pub(super) fn track(id: u32, notes: Vec<Note>) -> Track {
    Track::new(TrackId(id), "A", Instrument::pitched(0), Role::Piano).with_notes(notes)
}

pub(super) fn song(notes: Vec<Note>) -> Song {
    Song::default().with_track(track(1, notes))
}

pub(super) fn player(tracks: usize) -> Player {
    let rack = Rack::new(Some(&test_font::font()), RATE, BLOCK, tracks);
    Player::new(RATE, BLOCK, Box::new(rack))
}

pub(super) fn set_song(player: &mut Player, song: &Song) {
    let schedule = Compiler::new(RATE).compile(song, |index, _| index);
    player.obey(ToAudio::Score(Box::new(ScoreUpdate {
        schedule,
        more_synths: Vec::new(),
        room: None,
    })));
}

pub(super) fn drive(player: &mut Player, order: TransportOrder) {
    player.obey(ToAudio::Transport(order, 1));
}

/// The left side of the next seconds.
pub(super) fn listen(player: &mut Player, seconds: f64) -> Vec<f32> {
    let frames = (seconds * f64::from(RATE)) as usize;
    let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
    for (left, right) in left.chunks_mut(441).zip(right.chunks_mut(441)) {
        player.render(left, right);
    }
    left
}

pub(super) fn loudest(sound: &[f32]) -> f32 {
    sound
        .iter()
        .fold(0.0, |peak, sample| peak.max(sample.abs()))
}

/// How many clicks begin.
pub(super) fn clicks(sound: &[f32]) -> usize {
    let mut count = 0;
    let mut dead = 0;
    for sample in sound {
        if dead > 0 {
            dead -= 1;
        } else if sample.abs() > 0.08 {
            count += 1;
            dead = 2_400;
        }
    }
    count
}

#[test]
fn an_edit_elsewhere_does_not_touch_what_sounds() {
    let before = song(vec![note(0, 9_600, 60), note(4_800, 960, 64)]);
    let after = before
        .with_track(before.tracks[0].with_notes(vec![note(0, 9_600, 60), note(6_000, 960, 67)]));
    let mut untouched = player(1);
    let mut edited = player(1);
    for player in [&mut untouched, &mut edited] {
        set_song(player, &before);
        drive(player, TransportOrder::Play);
    }
    assert_eq!(listen(&mut untouched, 1.0), listen(&mut edited, 1.0));
    set_song(&mut edited, &after);
    let expected = listen(&mut untouched, 1.0);
    assert!(loudest(&expected) > 0.001);
    assert_eq!(expected, listen(&mut edited, 1.0));
}

#[test]
fn a_note_that_is_deleted_while_it_sounds_ends() {
    let before = song(vec![
        note(0, 96_000, 60),
        note(0, 480, 72),
        note(95_000, 9_600, 62),
    ]);
    let mut player = player(1);
    set_song(&mut player, &before);
    drive(&mut player, TransportOrder::Play);
    assert!(loudest(&listen(&mut player, 2.0)) > 0.01);
    set_song(
        &mut player,
        &before.with_track(before.tracks[0].with_notes(vec![note(95_000, 9_600, 62)])),
    );
    listen(&mut player, 2.0);
    assert!(player.is_at_rest());
}

#[test]
fn controllers_are_sent_again_wherever_playing_begins() {
    let control = |at, controller, value| ControlChange {
        at: Tick(at),
        controller,
        value,
    };
    let notes = (0..64).map(|i| note(i * 480, 240, 60)).collect();
    let song = Song::default().with_track(
        track(1, notes).with_controls(vec![control(7_680, 7, 0), control(15_360, 7, 127)]),
    );
    let mut player = player(1);
    set_song(&mut player, &song);
    drive(&mut player, TransportOrder::Play);
    assert!(loudest(&listen(&mut player, 1.0)) > 0.05);
    drive(&mut player, TransportOrder::Seek(Tick(9_600)));
    listen(&mut player, 0.5);
    assert!(
        loudest(&listen(&mut player, 1.0)) < 0.001,
        "volume 0 holds here"
    );
    drive(&mut player, TransportOrder::Seek(Tick(20_000)));
    assert!(loudest(&listen(&mut player, 1.0)) > 0.05);
    drive(&mut player, TransportOrder::Seek(Tick(9_600)));
    listen(&mut player, 0.5);
    drive(&mut player, TransportOrder::Seek(Tick(0)));
    assert!(
        loudest(&listen(&mut player, 1.0)) > 0.05,
        "the track's own volume holds before the first change"
    );
}

#[test]
fn mute_silences_what_sounds_and_unmute_brings_it_back() {
    let loud = song(vec![note(0, 96_000, 60)]);
    // What echoes of it rings out.
    let mut dry = (*loud.tracks[0]).clone();
    dry.reverb = 0;
    let loud = loud.with_track(dry);
    let mut quiet = (*loud.tracks[0]).clone();
    quiet.mute = true;
    let quiet = loud.with_track(quiet);
    let mut player = player(1);
    set_song(&mut player, &loud);
    drive(&mut player, TransportOrder::Play);
    assert!(loudest(&listen(&mut player, 0.5)) > 0.01);
    set_song(&mut player, &quiet);
    listen(&mut player, 0.02);
    assert_eq!(loudest(&listen(&mut player, 0.5)), 0.0);
    set_song(&mut player, &loud);
    listen(&mut player, 0.02);
    let again = listen(&mut player, 0.5);
    assert!(loudest(&again) > 0.01);
    assert_eq!(clicks(&again), 0, "it goes on, it does not begin again");
}

#[test]
fn a_long_note_is_taken_up_in_its_middle_but_a_drum_is_not() {
    let mut song = song(vec![note(0, 9_600, 60), note(4_700, 200, 62)]);
    song = song.with_track(
        Track::new(TrackId(2), "D", Instrument::DRUMS, Role::Drums)
            .with_notes(vec![note(0, 9_600, 36)]),
    );
    let mut player = player(2);
    set_song(&mut player, &song);
    drive(&mut player, TransportOrder::Seek(Tick(4_800)));
    drive(&mut player, TransportOrder::Play);
    assert_eq!(clicks(&listen(&mut player, 0.5)), 1);
}

#[test]
fn a_loop_plays_every_round_without_gap_and_leaves_nothing_hanging() {
    // The second note hangs over the end of the loop.
    let mut player = player(1);
    set_song(
        &mut player,
        &song(vec![note(960, 240, 60), note(1_440, 9_600, 62)]),
    );
    player.obey(ToAudio::Loop(Some(Span::new(Tick(960), Tick(1_920)))));
    drive(&mut player, TransportOrder::Seek(Tick(960)));
    drive(&mut player, TransportOrder::Play);
    // Half a second a round, two clicks in each.
    assert_eq!(clicks(&listen(&mut player, 10.0)), 40);
    drive(&mut player, TransportOrder::Pause);
    listen(&mut player, 2.0);
    assert!(player.is_at_rest());
}

#[test]
fn a_change_of_tempo_keeps_the_musical_time() {
    let slow = song(vec![note(0, 96_000, 60)]);
    let fast = Song {
        tempo: Arc::new(TempoMap::constant(Tempo::from_bpm(240.0))),
        ..slow.clone()
    };
    let mut player = player(1);
    set_song(&mut player, &slow);
    drive(&mut player, TransportOrder::Play);
    listen(&mut player, 1.0);
    let before = player.position_ticks();
    set_song(&mut player, &fast);
    assert!((player.position_ticks() - before).abs() < 0.1);
    let sound = listen(&mut player, 1.0);
    assert!((player.position_ticks() - before - 3_840.0).abs() < 4.0);
    assert_eq!(clicks(&sound), 0, "the note sounds on");
    assert!(loudest(&sound[40_000..]) > 0.01);
}

#[test]
fn more_than_sixteen_tracks_all_sound_and_room_grows() {
    let mut song = Song::default();
    for id in 1..=40 {
        let instrument = if id % 3 == 0 {
            Instrument::DRUMS
        } else {
            Instrument::pitched(0)
        };
        let start = i64::from(id) * 480;
        song = song.with_track(
            Track::new(TrackId(id), "T", instrument, Role::Piano)
                .with_notes(vec![note(start, 240, 60)]),
        );
    }
    let mut player = player(2);
    let schedule = Compiler::new(RATE).compile(&song, |index, _| index);
    let font = test_font::font();
    player.obey(ToAudio::Score(Box::new(ScoreUpdate {
        schedule,
        more_synths: (0..38)
            .map(|_| TrackSynth::new(Some(&font), RATE, BLOCK))
            .collect(),
        room: Some(Vec::with_capacity(64)),
    })));
    drive(&mut player, TransportOrder::Play);
    assert_eq!(clicks(&listen(&mut player, 11.0)), 40);
}

#[test]
fn previews_sound_and_end_by_themselves() {
    let mut player = player(0);
    for key in 30..60 {
        player.obey(ToAudio::Preview(PreviewNote {
            instrument: Instrument::pitched(0),
            key,
            velocity: 100,
            length: 4_800,
        }));
    }
    assert!(loudest(&listen(&mut player, 0.1)) > 0.1);
    listen(&mut player, 6.0);
    assert!(player.is_at_rest());
    assert!(!player.is_playing());
}

#[test]
fn another_font_takes_over_and_the_old_one_is_handed_back() {
    let mut player = player(1);
    set_song(
        &mut player,
        &song(vec![note(0, 4_800, 60), note(4_800, 960, 62)]),
    );
    drive(&mut player, TransportOrder::Play);
    listen(&mut player, 0.5);
    let rack = Rack::new(Some(&test_font::font()), RATE, BLOCK, 1);
    assert!(matches!(
        player.obey(ToAudio::Rack(Box::new(rack))),
        Left::Nothing
    ));
    listen(&mut player, 0.1);
    assert!(player.has_retired());
    assert!(player.take_retired().is_some());
    assert_eq!(clicks(&listen(&mut player, 2.5)), 1, "the next note sounds");
}

#[test]
fn the_metronome_clicks_on_every_beat() {
    let mut player = player(0);
    player.obey(ToAudio::AtEnd(AtEnd::GoOn));
    player.obey(ToAudio::Metronome(Clicking::On));
    drive(&mut player, TransportOrder::Play);
    assert_eq!(clicks(&listen(&mut player, 3.99)), 8);
    player.obey(ToAudio::Metronome(Clicking::Off));
    listen(&mut player, 0.1);
    assert_eq!(loudest(&listen(&mut player, 1.0)), 0.0);
}

#[test]
fn whatever_is_done_nothing_hangs_and_nothing_clips() {
    let mut seed = 99_u64;
    let mut random = move |below: i64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((seed >> 33) as i64) % below
    };
    let mut player = player(3);
    let mut peak = 0.0_f32;
    for _ in 0..200 {
        match random(8) {
            0 | 1 => {
                let mut song = Song::default();
                for id in 1..=1 + random(3) {
                    let notes = (0..random(200))
                        .map(|_| note(random(20_000), 1 + random(3_000), 40 + random(40) as i32))
                        .collect();
                    let pedal = (0..random(10))
                        .map(|_| ControlChange {
                            at: Tick(random(20_000)),
                            controller: 64,
                            value: random(128) as u8,
                        })
                        .collect();
                    song = song.with_track(track(id as u32, notes).with_controls(pedal));
                }
                set_song(&mut player, &song);
            }
            2 => drive(&mut player, TransportOrder::Seek(Tick(random(25_000)))),
            3 => {
                let start = random(20_000);
                let span = Span::new(Tick(start), Tick(start + random(2_000)));
                player.obey(ToAudio::Loop((random(2) == 0).then_some(span)));
            }
            4 => drive(&mut player, TransportOrder::Pause),
            _ => drive(&mut player, TransportOrder::Play),
        }
        peak = peak.max(loudest(&listen(
            &mut player,
            0.05 + random(100) as f64 / 500.0,
        )));
    }
    assert!(
        peak > 0.3 && peak <= crate::audio::limiter::CEILING,
        "{peak}"
    );
    drive(&mut player, TransportOrder::Pause);
    listen(&mut player, 3.0);
    assert!(player.is_at_rest());
}
