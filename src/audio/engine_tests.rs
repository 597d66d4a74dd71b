use super::*;
use crate::audio::callback::Callback;
use crate::audio::device::{StreamFormat, StreamWish};
use crate::audio::test_font;
use crate::score::{Instrument, Note, Pitch, Role, Track, TrackId, Velocity};

fn song(notes: i64) -> Arc<Song> {
    let notes = (0..notes)
        .map(|i| {
            Note::new(
                Tick(i * 480),
                Tick(400),
                Pitch::clamped(60),
                Velocity::DEFAULT,
            )
        })
        .collect();
    Arc::new(Song::default().with_track(
        Track::new(TrackId(7), "A", Instrument::pitched(0), Role::Piano).with_notes(notes),
    ))
}

fn silent() -> Engine {
    Engine::start(AudioSettings {
        output: Output::Silent,
        font: Some(test_font::font()),
        ..AudioSettings::default()
    })
}

/// Polls until something is so, for five seconds at most.
fn wait_for(engine: &mut Engine, what: &str, mut so: impl FnMut(&Engine) -> bool) {
    let until = Instant::now() + Duration::from_secs(5);
    while !so(engine) {
        assert!(Instant::now() < until, "in vain: {what}");
        engine.poll();
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn the_playhead_moves_in_real_time_without_a_device() {
    let mut engine = silent();
    engine.set_song(song(40));
    assert!(!engine.is_playing());
    engine.seek(Tick(960));
    assert_eq!(engine.position(), Tick(960), "at once");
    engine.play();
    assert!(engine.is_playing());
    let started = Instant::now();
    wait_for(&mut engine, "two beats", |e| e.position() > Tick(2_880));
    let took = started.elapsed().as_secs_f64();
    assert!((0.8..3.0).contains(&took), "two beats took {took} s");
    let meters = engine.meters();
    assert!(meters.master[0] > 0.001);
    assert_eq!(meters.tracks[0].0, TrackId(7));
    assert!(meters.tracks[0].1 > 0.001);
    engine.pause();
    wait_for(&mut engine, "pause", Engine::obeyed);
    let there = engine.position();
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(engine.position(), there);
    engine.stop();
    assert_eq!(engine.position(), Tick::ZERO);
}

#[test]
fn playing_stops_at_the_end_and_begins_anew() {
    let mut engine = silent();
    engine.set_song(song(8));
    engine.seek(Tick(3_700));
    engine.play();
    wait_for(&mut engine, "the end", |e| !e.is_playing());
    assert!(engine.position() >= Tick(3_840));
    engine.play();
    assert!(engine.position() < Tick(3_840));
    wait_for(&mut engine, "playing again", |e| {
        e.is_playing() && e.position() > Tick(50) && e.position() < Tick(3_000)
    });
}

#[test]
fn a_loop_repeats() {
    let mut engine = silent();
    engine.set_song(song(40));
    engine.set_loop(Some(Span::new(Tick(960), Tick(1_440))));
    engine.seek(Tick(960));
    engine.play();
    let mut last = Tick(960);
    let mut rounds = 0;
    wait_for(&mut engine, "three rounds", |e| {
        let now = e.position();
        rounds += usize::from(now < last);
        last = now;
        assert!((955..1_460).contains(&now.0), "{now:?}");
        rounds >= 3
    });
}

#[test]
fn what_goes_down_comes_back_to_be_freed() {
    let mut engine = silent();
    let first = song(3);
    engine.set_song(Arc::clone(&first));
    for count in 4..30 {
        engine.set_song(song(count));
        engine.set_font(test_font::font());
        engine.poll();
    }
    wait_for(&mut engine, "quiet", |e| {
        e.obeyed() && e.line.waiting.is_empty()
    });
    let font = test_font::font();
    engine.set_font(Arc::clone(&font));
    engine.set_font(test_font::font());
    wait_for(&mut engine, "the old font", |_| {
        Arc::strong_count(font.parsed()) == 1
    });
}

#[test]
fn a_font_is_loaded_in_the_background_and_a_bad_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.sf2");
    let bad = folder.path().join("bad.sf2");
    std::fs::write(&good, test_font::click()).unwrap();
    std::fs::write(&bad, "no font").unwrap();
    let mut engine = Engine::start(AudioSettings {
        output: Output::Silent,
        ..AudioSettings::default()
    });
    assert!(engine.status().trouble().is_some());
    engine.load_font(FontSource::File(good));
    assert!(engine.status().font_loading);
    assert_eq!(engine.status().trouble(), None);
    wait_for(&mut engine, "the font", |e| {
        e.status().font.as_deref() == Some("good")
    });
    engine.load_font(FontSource::File(bad));
    wait_for(&mut engine, "the error", |e| e.status().trouble().is_some());
    let status = engine.status();
    assert!(status.trouble().unwrap().contains("bad.sf2"));
    assert_eq!(status.font.as_deref(), Some("good"));
}

/// A device that works only while it is allowed to.
struct Fickle(
    Arc<std::sync::atomic::AtomicBool>,
    crossbeam_channel::Sender<Arc<Health>>,
);

impl crate::audio::device::Backend for Fickle {
    fn probe(&mut self, wish: &StreamWish) -> Result<StreamFormat, DeviceError> {
        if !self.0.load(Ordering::Relaxed) {
            return Err(DeviceError::None);
        }
        Ok(StreamFormat {
            device: "fickle".into(),
            rate: wish.rate.unwrap_or(44_100),
            channels: 2,
            buffer_frames: wish.buffer_frames,
        })
    }

    fn list(&mut self) -> Vec<DeviceInfo> {
        Vec::new()
    }

    fn start(
        &mut self,
        format: &StreamFormat,
        callback: Callback,
        health: Arc<Health>,
    ) -> Result<Box<dyn crate::audio::device::Stream>, DeviceError> {
        self.1.send(health).unwrap();
        Ok(Box::new(NullStream::start(callback, format.rate).unwrap()))
    }
}

#[test]
fn a_lost_device_is_survived_and_found_again() {
    let works = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (give, health) = crossbeam_channel::bounded(4);
    let backend = Fickle(Arc::clone(&works), give);
    let settings = AudioSettings {
        font: Some(test_font::font()),
        ..AudioSettings::default()
    };
    let mut engine = Engine::start_on(settings, backend);
    engine.set_song(song(400));
    engine.play();
    wait_for(&mut engine, "no device", |e| {
        e.status().output == OutputState::Lost(DeviceError::None)
    });
    assert!(engine.status().trouble().is_some());
    wait_for(&mut engine, "playing in silence", |e| {
        e.position() > Tick(100)
    });
    works.store(true, Ordering::Relaxed);
    wait_for(&mut engine, "the device", |e| {
        matches!(e.status().output, OutputState::Running(_))
    });
    assert_eq!(engine.status().rate, 44_100);
    assert!(engine.is_playing());
    let there = engine.position();
    assert!(there > Tick(100), "it goes on where it was: {there:?}");
    wait_for(&mut engine, "moving on", |e| {
        e.position() > there + Tick(100)
    });
    // A stream that fails and comes to itself again is not lost.
    let health = health.try_recv().unwrap();
    health.failing.store(true, Ordering::Relaxed);
    std::thread::sleep(Duration::from_millis(50));
    engine.poll();
    assert!(matches!(engine.status().output, OutputState::Running(_)));
    health.failing.store(false, Ordering::Relaxed);
    works.store(false, Ordering::Relaxed);
    health.lost.store(true, Ordering::Relaxed);
    wait_for(&mut engine, "the loss", |e| {
        matches!(e.status().output, OutputState::Lost(DeviceError::Lost(_)))
    });
    let there = engine.position();
    wait_for(&mut engine, "moving on in silence", |e| {
        e.position() > there + Tick(100)
    });
}

#[test]
fn buffer_and_rate_change_at_once_and_the_playhead_goes_on() {
    let works = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let (give, _health) = crossbeam_channel::bounded(8);
    let settings = AudioSettings {
        font: Some(test_font::font()),
        ..AudioSettings::default()
    };
    let mut engine = Engine::start_on(settings, Fickle(works, give));
    engine.set_song(song(400));
    engine.play();
    wait_for(&mut engine, "playing", |e| e.position() > Tick(200));
    for (rate, frames) in [(48_000, 256), (96_000, 1_024)] {
        let before = engine.position();
        engine.set_rate(Some(rate));
        engine.set_buffer(Some(frames));
        wait_for(&mut engine, "the other format", |e| {
            matches!(&e.status().output, OutputState::Running(format)
                if format.rate == rate && format.buffer_frames == Some(frames))
        });
        assert_eq!(engine.status().rate, rate);
        assert!(engine.is_playing());
        let after = engine.position();
        assert!(
            before <= after && after < before + Tick(20_000),
            "{before:?} {after:?}"
        );
        wait_for(&mut engine, "moving on", |e| {
            e.position() > after + Tick(100)
        });
    }
}

#[test]
fn a_count_in_lets_the_playhead_wait() {
    let mut engine = silent();
    engine.set_song(song(40));
    assert_eq!(engine.count_in(), None);
    engine.play_after(1);
    assert!(engine.is_playing());
    wait_for(&mut engine, "counting", |e| e.count_in().is_some());
    assert_eq!(engine.position(), Tick::ZERO);
    assert!(engine.count_in() <= Some(Tick(3_840)));
    engine.pause();
    wait_for(&mut engine, "the end of it", |e| e.count_in().is_none());
    assert!(!engine.is_playing());
    engine.play_after(0);
    wait_for(&mut engine, "playing", |e| e.position() > Tick(50));
    assert!(engine.meters().loudness > -70.0 || engine.meters().loudness.is_infinite());
}

#[test]
fn denormal_numbers_are_zero_in_the_audio_thread() {
    let mut engine = silent();
    let can = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
    wait_for(&mut engine, "a callback", |e| {
        e.line.link.shared.callbacks.load(Ordering::Relaxed) > 1
    });
    let flushes = engine.line.link.shared.flushes.load(Ordering::Relaxed);
    assert_eq!(flushes, can);
}
