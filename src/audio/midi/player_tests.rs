//! What the player tells a MIDI port, and what it makes of what is played by hand.

use std::sync::Arc;
use std::time::Instant;

use super::LiveEvent;
use super::tap::{Place, Tap, TapEvent, TapLine, Tapped};
use crate::audio::player::Player;
use crate::audio::protocol::{ScoreUpdate, ToAudio, TransportOrder};
use crate::audio::schedule::Compiler;
use crate::audio::synths::Rack;
use crate::audio::test_font;
use crate::audio::transport::AtEnd;
use crate::score::{
    Instrument, Note, Pitch, Role, Song, Span, Tempo, TempoMap, Tick, Track, TrackId, Velocity,
};

const RATE: u32 = 48_000;

fn track(id: u32, instrument: Instrument, notes: &[(i64, i64, i32)]) -> Track {
    let notes = notes.iter().map(|&(start, duration, key)| {
        Note::new(
            Tick(start),
            Tick(duration),
            Pitch::clamped(key),
            Velocity::clamped(100),
        )
    });
    Track::new(TrackId(id), "A", instrument, Role::Piano).with_notes(notes.collect())
}

/// 960 ticks are 24,000 samples.
fn song() -> Song {
    Song::default()
        .with_track(track(
            1,
            Instrument::pitched(5),
            &[(0, 480, 60), (480, 480, 62), (960, 1_920, 64)],
        ))
        .with_track(track(2, Instrument::DRUMS, &[(0, 120, 36), (960, 120, 38)]))
}

struct Bench {
    player: Player,
    line: TapLine,
}

/// A message with the sample at which it is heard.
type Sent = (u64, Vec<u8>);

impl Bench {
    fn new(song: &Song) -> Self {
        let rack = Rack::new(Some(&test_font::font()), RATE, 16, 2);
        let mut player = Player::new(RATE, 16, Box::new(rack));
        let (tap, line) = Tap::new(RATE, 0);
        player.set_tap(tap);
        let mut bench = Self { player, line };
        bench.set_song(song);
        bench.player.obey(ToAudio::Tap(Tapped::Messages));
        bench
    }

    fn set_song(&mut self, song: &Song) {
        let schedule = Compiler::new(RATE).compile(song, |index, _| index);
        self.player.obey(ToAudio::Score(Box::new(ScoreUpdate {
            schedule,
            more_synths: Vec::new(),
            room: None,
        })));
    }

    fn drive(&mut self, order: TransportOrder) {
        self.player.obey(ToAudio::Transport(order, 1));
    }

    fn pass(&mut self, mut frames: usize) -> f32 {
        let mut peak = 0.0_f32;
        while frames > 0 {
            let count = frames.min(333);
            let (mut left, mut right) = (vec![0.0; count], vec![0.0; count]);
            self.player.begin_buffer(Instant::now(), count, None);
            self.player.render(&mut left, &mut right);
            peak = left.iter().fold(peak, |peak, x| peak.max(x.abs()));
            frames -= count;
        }
        peak
    }

    fn told(&mut self) -> Vec<TapEvent> {
        std::iter::from_fn(|| self.line.events.pop().ok()).collect()
    }

    /// The messages with a status of these kinds, by time.
    fn sent(&mut self, kinds: &[u8]) -> Vec<Sent> {
        let mut sent: Vec<Sent> = (self.told().into_iter())
            .filter_map(|event| match event {
                TapEvent::Message { sample, message } => Some((sample, message.bytes().to_vec())),
                _ => None,
            })
            .filter(|(_, bytes)| {
                let status = if bytes[0] >= 0xF0 {
                    bytes[0]
                } else {
                    bytes[0] & 0xF0
                };
                kinds.contains(&status)
            })
            .collect();
        sent.sort_by_key(|(sample, _)| *sample);
        sent
    }
}

const NOTES: [u8; 2] = [0x90, 0x80];

/// Every key that went down came up, and none twice.
fn assert_paired(sent: &[Sent]) {
    let mut held = std::collections::BTreeSet::new();
    for (sample, bytes) in sent {
        let key = (bytes[0] & 15, bytes[1]);
        if bytes[0] & 0xF0 == 0x90 {
            assert!(held.insert(key), "{key:?} went down twice, at {sample}");
        } else {
            assert!(held.remove(&key), "{key:?} came up twice, at {sample}");
        }
    }
    assert!(held.is_empty(), "{held:?} hang");
}

#[test]
fn every_event_is_told_with_its_sample() {
    let mut bench = Bench::new(&song());
    assert_eq!(
        bench.sent(&[0xC0]),
        [(0, vec![0xC0, 5]), (0, vec![0xC9, 0])],
        "programs are told as soon as the port is open"
    );
    bench.pass(1_000);
    bench.drive(TransportOrder::Play);
    bench.pass(120_000);
    let sent = bench.sent(&NOTES);
    let start = sent[0].0;
    let shown: Vec<_> = sent
        .iter()
        .map(|(sample, bytes)| (sample - start, bytes.as_slice()))
        .collect();
    assert_eq!(
        shown,
        [
            (0, &[0x90, 60, 100][..]),
            (0, &[0x99, 36, 100]),
            (3_000, &[0x89, 36, 64]),
            (12_000, &[0x80, 60, 64]),
            (12_000, &[0x90, 62, 100]),
            (24_000, &[0x80, 62, 64]),
            (24_000, &[0x90, 64, 100]),
            (24_000, &[0x99, 38, 100]),
            (27_000, &[0x89, 38, 64]),
            (72_000, &[0x80, 64, 64]),
        ]
    );
}

#[test]
fn no_note_hangs_through_loop_seek_edit_mute_and_pause() {
    let mut bench = Bench::new(&song());
    bench
        .player
        .obey(ToAudio::Loop(Some(Span::new(Tick(240), Tick(1_440)))));
    bench.drive(TransportOrder::Play);
    bench.pass(100_000);
    bench.drive(TransportOrder::Seek(Tick(1_200)));
    bench.pass(5_000);
    let edited = song().with_track(track(1, Instrument::pitched(7), &[(0, 9_600, 50)]));
    bench.set_song(&edited);
    bench.pass(50_000);
    let mut muted = (*edited.tracks[0]).clone();
    muted.mute = true;
    bench.set_song(&edited.with_track(muted));
    bench.pass(50_000);
    bench.set_song(&song());
    bench.pass(33_333);
    bench.set_song(&Song::default());
    bench.pass(3_000);
    bench.set_song(&song());
    bench.drive(TransportOrder::Pause);
    bench.pass(5_000);
    let sent = bench.sent(&NOTES);
    assert!(sent.len() > 20);
    assert_paired(&sent);
}

#[test]
fn a_muted_track_sends_no_notes() {
    let mut song = song();
    let mut muted = (*song.tracks[0]).clone();
    muted.mute = true;
    song = song.with_track(muted);
    let mut bench = Bench::new(&song);
    bench.drive(TransportOrder::Play);
    bench.pass(90_000);
    let sent = bench.sent(&NOTES);
    assert_paired(&sent);
    assert!(!sent.is_empty() && sent.iter().all(|(_, bytes)| bytes[0] & 15 == 9));
}

#[test]
fn the_clock_ticks_24_times_a_quarter_through_a_change_of_tempo() {
    let mut bench = Bench::new(&song());
    bench.player.obey(ToAudio::AtEnd(AtEnd::GoOn));
    bench.drive(TransportOrder::Play);
    bench.pass(24_000);
    let slower = Song {
        tempo: Arc::new(TempoMap::constant(Tempo::from_bpm(60.0))),
        ..song()
    };
    bench.set_song(&slower);
    bench.pass(48_000);
    let sent = bench.sent(&[0xFA, 0xF8]);
    assert_eq!(sent[0].1, [0xFA]);
    let ticks: Vec<u64> = sent[1..].iter().map(|(sample, _)| *sample).collect();
    assert_eq!(ticks.len(), 48, "two quarters");
    for pair in ticks.windows(2) {
        let step = pair[1] - pair[0];
        assert!(
            step == 1_000 || step == 2_000 || pair[1].abs_diff(24_000) < 2_000,
            "{pair:?}"
        );
    }
}

#[test]
fn a_follower_is_told_where_to_start() {
    let mut bench = Bench::new(&song());
    bench.drive(TransportOrder::Seek(Tick(960)));
    bench.drive(TransportOrder::Play);
    bench.pass(1_500);
    bench.drive(TransportOrder::Pause);
    let sent: Vec<_> = (bench.sent(&[0xF2, 0xF8, 0xFA, 0xFB, 0xFC]).into_iter())
        .map(|(_, bytes)| bytes)
        .collect();
    assert_eq!(
        sent,
        [
            vec![0xF2, 4, 0],
            vec![0xF2, 4, 0],
            vec![0xFB],
            vec![0xF8],
            vec![0xF8],
            vec![0xFC]
        ]
    );
}

#[test]
fn places_follow_the_song_through_a_loop() {
    let mut bench = Bench::new(&song());
    bench
        .player
        .obey(ToAudio::Loop(Some(Span::new(Tick(480), Tick(960)))));
    bench.drive(TransportOrder::Seek(Tick(480)));
    bench.told();
    bench.drive(TransportOrder::Play);
    bench.pass(30_000);
    let places: Vec<(u64, Place)> = (bench.told().into_iter())
        .filter_map(|event| match event {
            TapEvent::Place { sample, place } => Some((sample, place)),
            _ => None,
        })
        .collect();
    let wraps: Vec<_> = (places.iter())
        .filter(|(_, place)| place.wrapped_at == Some(960.0))
        .collect();
    assert_eq!(wraps.len(), 2);
    for (index, (sample, place)) in wraps.iter().enumerate() {
        let expected = 12_000 * (index as u64 + 1);
        assert!(sample.abs_diff(expected) <= 16, "{sample}");
        assert!((place.tick - 480.0).abs() < 1.0);
    }
    for pair in places.windows(2) {
        let ((from, a), (to, b)) = (&pair[0], &pair[1]);
        if a.stretch == b.stretch {
            let expected = a.tick + (to - from) as f64 * a.ticks_per_sample;
            assert!((b.tick - expected).abs() < 0.01, "{pair:?}");
        }
    }
}

#[test]
fn what_is_played_by_hand_is_heard_until_it_ends() {
    let mut bench = Bench::new(&song());
    let on = LiveEvent::NoteOn {
        key: 60,
        velocity: 100,
    };
    bench.player.obey(ToAudio::LiveTrack(Some(TrackId(1))));
    assert!(bench.player.hears());
    assert!(bench.pass(2_000) < 1e-6);
    bench.player.play_by_hand(on);
    assert!(bench.pass(2_000) > 0.01);
    bench.player.play_by_hand(LiveEvent::Control {
        controller: 64,
        value: 127,
    });
    bench.player.play_by_hand(LiveEvent::NoteOff { key: 60 });
    bench.pass(20_000);
    assert!(bench.pass(2_000) > 0.001, "the pedal holds it");
    bench.player.play_by_hand(LiveEvent::Control {
        controller: 64,
        value: 0,
    });
    bench.pass(48_000);
    assert!(bench.pass(2_000) < 1e-4);
    // Another song does not end it, panic does.
    bench.player.play_by_hand(on);
    bench.pass(2_000);
    bench.set_song(&song());
    assert!(bench.pass(2_000) > 0.001);
    bench.player.obey(ToAudio::Panic);
    let ring: Vec<f32> = (0..10).map(|_| bench.pass(4_800)).collect();
    assert!(ring[9] < 1e-3, "{ring:?}");
}
