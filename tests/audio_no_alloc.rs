//! The audio callback allocates and frees nothing, whatever is asked of it: this program's allocator aborts when it
//! does. A test binary of its own, because the allocator is the whole program's.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use assert_no_alloc::AllocDisabler;
use crossbeam_channel::{Receiver, Sender, bounded};
use leitmotif::audio::callback::Callback;
use leitmotif::audio::device::{
    Backend, DeviceError, DeviceInfo, Health, Stream, StreamFormat, StreamWish,
};
use leitmotif::audio::midi::LiveEvent;
use leitmotif::audio::midi::tap::Tapped;
use leitmotif::audio::player::Player;
use leitmotif::audio::protocol::{ScoreUpdate, ToAudio};
use leitmotif::audio::schedule::Schedule;
use leitmotif::audio::synths::Rack;
use leitmotif::audio::{
    AtEnd, AudioSettings, Engine, Font, FontOrigin, OutputState, Preview, soundfont,
};
use leitmotif::score::{
    ControlChange, Instrument, Note, Pitch, PitchBend, Role, Song, Span, Tempo, TempoMap, Tick,
    Track, TrackId, Velocity,
};

#[global_allocator]
static ALLOCATOR: AllocDisabler = AllocDisabler;

/// A device whose callbacks the test makes itself.
struct ByHand(Sender<Callback>);

struct NoStream;

impl Stream for NoStream {}

impl Backend for ByHand {
    fn probe(&mut self, _: &StreamWish) -> Result<StreamFormat, DeviceError> {
        Ok(StreamFormat {
            device: "by hand".into(),
            rate: 44_100,
            channels: 2,
            buffer_frames: None,
        })
    }

    fn list(&mut self) -> Vec<DeviceInfo> {
        Vec::new()
    }

    fn start(
        &mut self,
        _: &StreamFormat,
        callback: Callback,
        _: Arc<Health>,
    ) -> Result<Box<dyn Stream>, DeviceError> {
        self.0.send(callback).unwrap();
        Ok(Box::new(NoStream))
    }
}

struct Studio {
    engine: Engine,
    callback: Callback,
    buffer: Vec<f32>,
    turn: usize,
    peak: f32,
}

impl Studio {
    fn open(font: Arc<Font>) -> Self {
        let (give, take): (_, Receiver<Callback>) = bounded(1);
        let settings = AudioSettings {
            font: Some(font),
            ..AudioSettings::default()
        };
        let mut engine = Engine::start_on(settings, ByHand(give));
        let until = Instant::now() + Duration::from_secs(10);
        while !matches!(engine.status().output, OutputState::Running(_)) {
            assert!(Instant::now() < until, "the stream does not start");
            engine.poll();
            std::thread::sleep(Duration::from_millis(2));
        }
        Self {
            engine,
            callback: take.try_recv().unwrap(),
            buffer: vec![0.0; 2 * 4_096],
            turn: 0,
            peak: 0.0,
        }
    }

    /// Lets the device ask for sound, in buffers of every size.
    fn pass(&mut self, frames: usize) {
        const SIZES: [usize; 7] = [512, 1, 1_024, 333, 64, 4_096, 7];
        let mut left = frames;
        while left > 0 {
            let size = SIZES[self.turn % SIZES.len()].min(left);
            self.turn += 1;
            let buffer = &mut self.buffer[..2 * size];
            self.callback.fill(buffer, 2);
            for sample in buffer.iter() {
                assert!(sample.is_finite() && sample.abs() < 1.0);
                self.peak = self.peak.max(sample.abs());
            }
            left -= size;
        }
    }

    fn pass_and_poll(&mut self, frames: usize) {
        self.pass(frames);
        self.engine.poll();
    }
}

fn song(tracks: u32, shift: i64) -> Song {
    let mut song = Song::default();
    for id in 1..=tracks {
        let instrument = match id % 4 {
            0 => Instrument::DRUMS,
            other => Instrument::pitched((other * 24) as u8),
        };
        let notes = (0..64)
            .map(|i| {
                Note::new(
                    Tick(i * 240 + shift),
                    Tick(200 + (i % 5) * 300),
                    Pitch::clamped(36 + (i * 7 % 40) as i32),
                    Velocity::clamped(60 + (i % 60) as i32),
                )
            })
            .collect();
        let controls = [
            (0, 64, 127),
            (0, 101, 0),
            (0, 100, 0),
            (0, 6, 12),
            (960, 64, 0),
            (1_500, 7, 80),
            (1_900, 1, 30),
        ]
        .map(|(at, controller, value)| ControlChange {
            at: Tick(at),
            controller,
            value,
        });
        let bends = (0..40)
            .map(|i| PitchBend::new(Tick(i * 120), (i * 400 - 8_000) as i16))
            .collect();
        song = song.with_track(
            Track::new(TrackId(id), format!("Track {id}"), instrument, Role::Piano)
                .with_notes(notes)
                .with_controls(controls.to_vec())
                .with_bends(bends),
        );
    }
    song
}

#[test]
fn the_callback_never_allocates() {
    let font = soundfont::built_in().unwrap();
    let mut studio = Studio::open(Arc::clone(&font));
    studio.pass_and_poll(4_096);

    // Play, seek, pause, stop.
    studio.engine.set_song(Arc::new(song(5, 0)));
    studio.engine.play();
    studio.pass_and_poll(22_050);
    assert!(studio.engine.is_playing() && studio.engine.position() > Tick(400));
    assert!(studio.peak > 0.01, "something is heard: {}", studio.peak);
    for tick in [9_600, 0, 480, 100_000, 3_000] {
        studio.engine.seek(Tick(tick));
        studio.pass_and_poll(2_000);
    }
    studio.engine.pause();
    studio.pass_and_poll(3_000);
    studio.engine.stop();
    studio.pass_and_poll(3_000);
    assert_eq!(studio.engine.position(), Tick::ZERO);

    // A loop, with the metronome.
    studio
        .engine
        .set_loop(Some(Span::new(Tick(480), Tick(960))));
    studio.engine.set_metronome(true);
    studio.engine.play();
    studio.pass_and_poll(60_000);
    let position = studio.engine.position();
    assert!(Tick(470) < position && position < Tick(970), "{position:?}");

    // A count-in, ended by pause, by play and by itself; its clicks, and the loudness meter at work.
    studio.engine.set_loop(None);
    for bars in [1, 2, 0, 1] {
        studio.engine.stop();
        studio.engine.play_after(bars);
        studio.pass_and_poll(30_000);
    }
    assert!(studio.engine.count_in().is_some());
    studio.pass_and_poll(70_000);
    assert!(studio.engine.count_in().is_none() && studio.engine.position() > Tick::ZERO);
    assert!(studio.engine.meters().loudness > -60.0);
    studio.engine.play_after(2);
    studio.pass_and_poll(2_000);
    studio.engine.play();
    studio.pass_and_poll(2_000);

    // Edits while playing: notes, tempo, mutes, volumes, tracks that come and go, more than there was room for.
    for step in 0..30_i64 {
        let mut edited = song(1 + (step as u32 * 7) % 45, step % 3 * 10);
        if step % 4 == 0 {
            edited.tempo = Arc::new(TempoMap::constant(Tempo::from_bpm(80.0 + step as f64)));
        }
        let mut first = (*edited.tracks[0]).clone();
        first.mute = step % 2 == 0;
        first.volume = (step * 4) as u8;
        first.pan = (127 - step * 4) as u8;
        first.reverb = (step * 3) as u8;
        first.chorus = (step * 4) as u8;
        edited = edited.with_track(first);
        studio.engine.set_song(Arc::new(edited));
        studio.pass_and_poll(1_500);
    }

    // A candidate and the song in turn.
    let (song_a, song_b) = (Arc::new(song(5, 0)), Arc::new(song(6, 35)));
    for _ in 0..6 {
        studio.engine.set_song(Arc::clone(&song_a));
        studio.pass_and_poll(2_000);
        studio.engine.set_song(Arc::clone(&song_b));
        studio.pass_and_poll(2_000);
    }

    // Played by hand, with everything told to a MIDI port that nobody reads after a while.
    let mut tap = studio.engine.take_tap().unwrap();
    studio.engine.set_tapped(Tapped::Messages);
    studio.engine.set_live_track(Some(TrackId(2)));
    let live = Arc::clone(studio.engine.live());
    for key in 0..120_u8 {
        live.push(LiveEvent::NoteOn {
            key: key.saturating_sub(3),
            velocity: 90,
        });
        live.push(LiveEvent::Control {
            controller: 64,
            value: key,
        });
        live.push(LiveEvent::Bend(u16::from(key) * 100));
        live.push(LiveEvent::NoteOff { key });
        if key % 20 == 0 {
            studio.engine.set_song(Arc::new(song(3, i64::from(key))));
            studio.engine.seek(Tick(i64::from(key) * 10));
        }
        if key == 110 {
            studio.engine.panic();
        }
        studio.pass_and_poll(1_000);
        while key < 60 && tap.events.pop().is_ok() {}
    }
    studio.engine.set_tapped(Tapped::Nothing);
    studio.pass_and_poll(1_000);

    // Another SoundFont, again before the old one has faded.
    for frames in [4_000, 100, 100, 4_000] {
        studio.engine.set_font(Arc::clone(&font));
        studio.pass_and_poll(frames);
    }

    // Previews, more than there are places for.
    for key in 0..60 {
        studio.engine.preview(Preview {
            instrument: if key % 5 == 0 {
                Instrument::DRUMS
            } else {
                Instrument::pitched(key)
            },
            pitch: Pitch::clamped(i32::from(key) + 30),
            velocity: Velocity::clamped(100),
            length: Duration::from_millis(300),
        });
        studio.pass_and_poll(200);
    }

    // An owner who does not poll: the rings fill up, and nothing is lost or freed in the callback.
    for step in 0..300 {
        studio.engine.set_song(Arc::new(song(2, step)));
        studio.engine.set_loop(None);
        if step % 3 == 0 {
            studio.pass(64);
        }
    }
    studio.pass(2_000);
    for _ in 0..50 {
        studio.pass_and_poll(200);
    }

    // The end of the song, and beyond.
    studio.engine.set_at_end(AtEnd::GoOn);
    studio.engine.seek(Tick(15_000));
    studio.engine.play();
    studio.pass_and_poll(160_000);
    assert!(studio.engine.is_playing());
    studio.engine.set_at_end(AtEnd::Stop);
    studio.pass_and_poll(2_000);
    assert!(!studio.engine.is_playing());

    // Nothing hangs.
    for _ in 0..10 {
        studio.pass_and_poll(44_100);
    }
    studio.peak = 0.0;
    studio.pass_and_poll(10_000);
    assert!(studio.peak < 1e-4, "something hangs: {}", studio.peak);
}

/// A font whose loop is one turn of 1 kHz, 48 samples, and nearly at the end of its samples: high notes run over it
/// faster than the synthesizer can follow.
fn short_loop() -> Font {
    let mut bytes = include_bytes!("data/click.sf2").to_vec();
    let find = |bytes: &[u8], wanted: &[u8]| {
        let mut places = bytes.windows(wanted.len());
        places.position(|window| window == wanted).unwrap()
    };
    // Keys have pitches.
    let generators = find(&bytes, b"igen");
    let scale = generators + find(&bytes[generators..], &[56, 0, 0, 0]);
    bytes[scale + 2] = 100;
    // After the name of the sample come its start, its end, and those of its loop.
    let start_of_loop = find(&bytes, b"shdr") + 8 + 20 + 8;
    bytes[start_of_loop..][..4].copy_from_slice(&4_700_u32.to_le_bytes());
    bytes[start_of_loop + 4..][..4].copy_from_slice(&4_748_u32.to_le_bytes());
    Font::from_bytes(&bytes, "Short", FontOrigin::BuiltIn).unwrap()
}

#[test]
fn no_pitch_drives_the_callback_out_of_a_loop() {
    let mut studio = Studio::open(Arc::new(short_loop()));
    studio.engine.set_song(Arc::new(song(2, 0)));
    studio.engine.set_live_track(Some(TrackId(1)));
    studio.pass_and_poll(1_000);
    let live = Arc::clone(studio.engine.live());
    let control = |controller, value| LiveEvent::Control { controller, value };
    for event in [
        control(101, 0),
        control(100, 0),
        control(6, 127),
        control(1, 127),
    ] {
        live.push(event);
    }
    for key in [60, 127, 96, 120] {
        for bend in [8_192, 16_383, 12_000, 0] {
            live.push(LiveEvent::Bend(8_192));
            live.push(LiveEvent::NoteOn { key, velocity: 100 });
            studio.pass_and_poll(4_000);
            live.push(LiveEvent::Bend(bend));
            studio.pass_and_poll(4_000);
            live.push(LiveEvent::NoteOff { key });
        }
    }
    assert!(studio.peak > 0.01, "something is heard: {}", studio.peak);
    assert!(!studio.engine.status().font_failed);
}

/// Which order a child process is to give its callback.
const CHILD: &str = "LEITMOTIF_NO_ALLOC_CHILD";

/// In a child process: gives a callback that has three synthesizers a new room for them, large enough or not.
#[test]
fn child() {
    let Ok(kind) = std::env::var(CHILD) else {
        return;
    };
    let rack = Rack::new(None, 48_000, 16, 3);
    let (mut callback, mut link) = Callback::new(Player::new(48_000, 16, Box::new(rack)));
    let room = Vec::with_capacity(if kind == "enough" { 8 } else { 1 });
    let update = ScoreUpdate {
        schedule: Schedule::empty(48_000),
        more_synths: Vec::new(),
        room: Some(room),
    };
    link.down.push(ToAudio::Score(Box::new(update))).unwrap();
    callback.fill(&mut [0.0; 256], 2);
}

#[test]
fn one_allocation_in_the_callback_aborts_the_program() {
    let run = |kind: &str| {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(CHILD, kind)
            .output()
            .unwrap()
    };
    assert!(run("enough").status.success());
    let bitten = run("too little");
    assert!(!bitten.status.success());
    let said = String::from_utf8_lossy(&bitten.stderr);
    assert!(said.contains("memory allocation"), "{said}");
}
