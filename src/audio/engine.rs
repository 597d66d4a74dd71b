//! The owner's handle on everything that sounds.
//!
//! [`Engine`] holds what is wanted (song, font, loop, playing or not) and a line to one running stream. It never waits:
//! what the audio callback has no room for yet is sent in a later [`Engine::poll`], devices are opened on a thread of
//! their own, and while there is none a silent stream keeps the playhead moving.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::score::{Instrument, Pitch, Song, Span, Tick, TrackId, Velocity};

use super::callback::{Callback, Link};
use super::device::{
    DeviceError, DeviceInfo, DeviceKeeper, Health, KeeperReply, NullStream, StreamFormat,
    StreamWish, SystemBackend,
};
use super::font_loader::{FontLoader, FontSource};
use super::player::Player;
use super::protocol::{Clicking, PreviewNote, ScoreUpdate, ToAudio, TransportOrder};
use super::schedule::Compiler;
use super::shared::Load;
use super::soundfont::Font;
use super::synths::{Rack, TrackSynth};
use super::transport::AtEnd;

/// Events fall on multiples of this many samples: at most 0.19 ms from their place at 44.1 kHz.
const BLOCK: usize = 16;
/// The rate of the silent stream.
const SILENT_RATE: u32 = 48_000;
/// How long until a device is tried again; twice as long after each time in vain, up to `LONGEST_RETRY`.
const RETRY: Duration = Duration::from_secs(2);
const LONGEST_RETRY: Duration = Duration::from_secs(30);
/// A device that asks for nothing for so long is lost.
const STALLED: Duration = Duration::from_secs(3);

/// Where the sound goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Output {
    /// The device that the system prefers.
    #[default]
    Default,
    /// The device of this name.
    Device(String),
    /// Nowhere, in real time.
    Silent,
}

/// How an engine starts.
#[derive(Debug, Clone, Default)]
pub struct AudioSettings {
    /// By default the device that the system prefers.
    pub output: Output,
    /// Frames in a buffer, made a power of two; by default 1024.
    pub buffer_frames: Option<u32>,
    /// By default none: silence until [`Engine::set_font`].
    pub font: Option<Arc<Font>>,
}

/// A note to try out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preview {
    /// What it is played with.
    pub instrument: Instrument,
    /// Its key.
    pub pitch: Pitch,
    /// How hard.
    pub velocity: Velocity,
    /// How long.
    pub length: Duration,
}

/// Levels, 0..=1, falling slowly after each peak.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meters {
    /// Left, right.
    pub master: [f32; 2],
    /// Each track of the song, in its order.
    pub tracks: Vec<(TrackId, f32)>,
}

/// What the output does.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputState {
    /// A device is being opened; nothing is heard yet.
    Opening,
    /// Sound comes out.
    Running(StreamFormat),
    /// Silent because it was asked for.
    Silent,
    /// Silent because there is no device; it is tried again by itself.
    Lost(DeviceError),
}

/// How the engine fares.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// The output.
    pub output: OutputState,
    /// Name of the font; `None` without one.
    pub font: Option<String>,
    /// A font is being loaded.
    pub font_loading: bool,
    /// Why the font that was asked for last is not the one that plays.
    pub font_error: Option<String>,
    /// The font drove a synthesizer out of its samples; that track is silent. Choose another font.
    pub font_failed: bool,
    /// Times at which the device ran out of samples.
    pub xruns: u32,
    /// Callbacks that took longer than their sound lasts.
    pub late_callbacks: u32,
    /// How much of its time the callback uses.
    pub load: Load,
    /// Samples a second of the stream (also of a silent one).
    pub rate: u32,
}

impl Status {
    /// What the user should know, if anything is wrong.
    pub fn trouble(&self) -> Option<String> {
        match &self.output {
            OutputState::Lost(error) => Some(error.to_string()),
            _ if self.font_failed => Some(format!(
                "the SoundFont “{}” is damaged: choose another",
                self.font.as_deref().unwrap_or("?")
            )),
            _ if self.font_error.is_some() => self.font_error.clone(),
            _ if self.font.is_none() && self.font_loading => None,
            _ if self.font.is_none() => Some("no SoundFont is loaded: choose one".to_owned()),
            _ => None,
        }
    }
}

/// A line to a stream.
#[derive(Debug)]
struct Line {
    link: Link,
    rate: u32,
    compiler: Compiler,
    /// The tracks that the synthesizers were given to, by slot.
    slots: Vec<Option<TrackId>>,
    /// Synthesizers that there is room for.
    room: usize,
    /// What the ring had no room for.
    waiting: VecDeque<ToAudio>,
    song_waits: bool,
}

/// Room for synthesizers is made in steps of this.
const ROOM: usize = 32;

impl Line {
    /// A line to a new callback with nothing in it.
    fn new(rate: u32) -> (Self, Callback) {
        let mut rack = Rack::new(None, rate, BLOCK, 0);
        rack.tracks.reserve_exact(ROOM);
        let (callback, link) = Callback::new(Player::new(rate, BLOCK, Box::new(rack)));
        let line = Self {
            link,
            rate,
            compiler: Compiler::new(rate),
            slots: Vec::new(),
            room: ROOM,
            waiting: VecDeque::new(),
            song_waits: false,
        };
        (line, callback)
    }

    fn send(&mut self, order: ToAudio) {
        self.waiting.push_back(order);
        self.flush();
    }

    fn flush(&mut self) {
        while let Some(order) = self.waiting.pop_front() {
            if let Err(rtrb::PushError::Full(order)) = self.link.down.push(order) {
                self.waiting.push_front(order);
                break;
            }
        }
    }

    /// The slot of each track of `song`: the one it had, else a free one, else a new one.
    fn assign_slots(&mut self, song: &Song) -> Vec<usize> {
        for slot in &mut self.slots {
            if slot.is_some_and(|id| song.track(id).is_none()) {
                *slot = None;
            }
        }
        let mut assigned = Vec::with_capacity(song.tracks.len());
        for track in &song.tracks {
            let own = self.slots.iter().position(|slot| *slot == Some(track.id));
            let slot = own.or_else(|| self.slots.iter().position(Option::is_none));
            let slot = slot.unwrap_or_else(|| {
                self.slots.push(None);
                self.slots.len() - 1
            });
            if let Some(place) = self.slots.get_mut(slot) {
                *place = Some(track.id);
            }
            assigned.push(slot);
        }
        assigned
    }

    fn send_song(&mut self, song: &Song, font: Option<&Arc<Font>>) {
        let before = self.slots.len();
        let slots = self.assign_slots(song);
        let schedule = self.compiler.compile(song, |index, _| {
            slots.get(index).copied().unwrap_or(usize::MAX)
        });
        let more = self.slots.len() - before;
        let room = (self.slots.len() > self.room).then(|| {
            self.room = self.slots.len().next_multiple_of(ROOM);
            Vec::with_capacity(self.room)
        });
        self.send(ToAudio::Score(Box::new(ScoreUpdate {
            schedule,
            more_synths: (0..more)
                .map(|_| TrackSynth::new(font, self.rate, BLOCK))
                .collect(),
            room,
        })));
    }

    fn send_font(&mut self, font: Option<&Arc<Font>>) {
        let mut rack = Rack::new(font, self.rate, BLOCK, 0);
        rack.tracks.reserve_exact(self.room);
        rack.tracks
            .extend((0..self.slots.len()).map(|_| TrackSynth::new(font, self.rate, BLOCK)));
        self.send(ToAudio::Rack(Box::new(rack)));
    }
}

/// What is being done about the output.
#[derive(Debug)]
enum Opening {
    /// Nothing.
    Idle,
    /// The device is asked what it gives.
    Probing,
    /// The stream is being started; its line takes over when it runs.
    Starting(Box<Line>, Arc<Health>),
    /// Nothing until then.
    WaitingUntil(Instant),
}

/// The owner's handle. Call [`Self::poll`] regularly (each frame, or every 50 ms); no method waits.
#[derive(Debug)]
pub struct Engine {
    settings: AudioSettings,
    song: Arc<Song>,
    font: Option<Arc<Font>>,
    looped: Option<Span>,
    at_end: AtEnd,
    clicking: Clicking,
    gain: f32,
    playing: bool,
    /// The last seek that has not been carried out.
    sought: Option<(Tick, u32)>,
    order: u32,
    line: Line,
    /// Before `keeper`, so that it ends first.
    silent: Option<NullStream>,
    keeper: Option<DeviceKeeper>,
    devices: Vec<DeviceInfo>,
    loader: FontLoader,
    font_error: Option<String>,
    opening: Opening,
    /// How long to wait after the next failure.
    retry: Duration,
    state: OutputState,
    health: Arc<Health>,
    /// Xruns and late callbacks of streams that are no more.
    past_xruns: u32,
    past_late: u32,
    /// How many callbacks there were, and when that was seen to change.
    seen: (u64, Instant),
}

impl Engine {
    /// Starts an engine. It never fails: without a device it is silent, says so in [`Self::status`] and keeps trying.
    pub fn start(settings: AudioSettings) -> Self {
        let (line, callback) = Line::new(SILENT_RATE);
        let mut engine = Self {
            font: settings.font.clone(),
            song: Arc::default(),
            looped: None,
            at_end: AtEnd::default(),
            clicking: Clicking::Off,
            gain: 1.0,
            playing: false,
            sought: None,
            order: 0,
            line,
            silent: None,
            keeper: None,
            devices: Vec::new(),
            loader: FontLoader::default(),
            font_error: None,
            opening: Opening::Idle,
            retry: RETRY,
            state: OutputState::Silent,
            health: Arc::default(),
            past_xruns: 0,
            past_late: 0,
            seen: (0, Instant::now()),
            settings,
        };
        engine.run_silently(callback);
        engine.send_everything(Tick::ZERO);
        if engine.settings.output != Output::Silent {
            match DeviceKeeper::start(SystemBackend::default()) {
                Ok(keeper) => {
                    engine.keeper = Some(keeper);
                    engine.probe();
                }
                Err(error) => {
                    engine.state = OutputState::Lost(DeviceError::Refused {
                        device: "any".to_owned(),
                        reason: error.to_string(),
                    });
                }
            }
        }
        engine
    }

    /// An engine on a backend other than the system's.
    pub fn start_on(settings: AudioSettings, backend: impl super::device::Backend) -> Self {
        let mut engine = Self::start(AudioSettings {
            output: Output::Silent,
            ..settings.clone()
        });
        engine.settings.output = match settings.output {
            Output::Silent => Output::Default,
            other => other,
        };
        if let Ok(keeper) = DeviceKeeper::start(backend) {
            engine.keeper = Some(keeper);
            engine.probe();
        }
        engine
    }

    fn run_silently(&mut self, callback: Callback) {
        match NullStream::start(callback, SILENT_RATE) {
            Ok(stream) => self.silent = Some(stream),
            Err(error) => tracing::error!("no thread for the silent stream: {error}"),
        }
    }

    fn wish(&self) -> StreamWish {
        StreamWish {
            device: match &self.settings.output {
                Output::Device(name) => Some(name.clone()),
                Output::Default | Output::Silent => None,
            },
            buffer_frames: self.settings.buffer_frames,
        }
    }

    fn probe(&mut self) {
        if let Some(keeper) = &self.keeper
            && keeper.probe(self.wish())
        {
            self.opening = Opening::Probing;
            if !matches!(self.state, OutputState::Lost(_)) {
                self.state = OutputState::Opening;
            }
        }
    }

    /// Brings a fresh line to everything that is wanted, with the playhead at `position`.
    fn send_everything(&mut self, position: Tick) {
        self.line.send_song(&self.song, self.font.as_ref());
        self.line.send(ToAudio::Loop(self.looped));
        self.line.send(ToAudio::AtEnd(self.at_end));
        self.line.send(ToAudio::Metronome(self.clicking));
        self.line.send(ToAudio::Gain(self.gain));
        self.seek(position);
        if self.playing {
            self.transport(TransportOrder::Play);
        }
    }

    fn transport(&mut self, order: TransportOrder) {
        self.order = self.order.wrapping_add(1);
        self.line.send(ToAudio::Transport(order, self.order));
    }

    fn obeyed(&self) -> bool {
        self.line.link.shared.order.load(Ordering::Acquire) == self.order
    }

    /// Plays `song` from now on, at the same musical time: notes that are still in it sound on.
    pub fn set_song(&mut self, song: Arc<Song>) {
        self.song = song;
        if self.line.waiting.is_empty() {
            self.line.send_song(&self.song, self.font.as_ref());
        } else {
            // The callback has fallen behind: only the newest song is worth sending.
            self.line.song_waits = true;
        }
    }

    /// The song that plays.
    pub fn song(&self) -> &Arc<Song> {
        &self.song
    }

    /// Loads a font on a thread of its own and plays with it as soon as it is there. Where it cannot be loaded the font
    /// stays as it is (the built-in one if there is none), and [`Self::status`] says why.
    pub fn load_font(&mut self, source: FontSource) {
        self.font_error = None;
        self.loader.request(source);
    }

    fn take_font(&mut self) {
        match self.loader.poll() {
            Some(Ok(font)) => {
                let error = self.font_error.take();
                self.set_font(font);
                self.font_error = error;
            }
            Some(Err(error)) => {
                tracing::warn!("{error}");
                let is_first = self.font_error.is_none();
                self.font_error = Some(error.to_string());
                if self.font.is_none() && is_first {
                    self.loader.request(FontSource::BuiltIn);
                }
            }
            None => {}
        }
    }

    /// The output devices there are, as they were when [`Self::refresh_devices`] was last called (or at the start).
    pub fn devices(&self) -> &[DeviceInfo] {
        &self.devices
    }

    /// Looks which output devices there are; [`Self::devices`] tells a little later.
    pub fn refresh_devices(&mut self) {
        if self.keeper.is_none() {
            self.keeper = DeviceKeeper::start(SystemBackend::default()).ok();
        }
        if let Some(keeper) = &self.keeper {
            keeper.list();
        }
    }

    /// Plays with another font from now on.
    pub fn set_font(&mut self, font: Arc<Font>) {
        self.font_error = None;
        self.font = Some(font);
        self.line.link.shared.failed.store(false, Ordering::Relaxed);
        self.line.send_font(self.font.as_ref());
    }

    /// The font that plays.
    pub fn font(&self) -> Option<&Arc<Font>> {
        self.font.as_ref()
    }

    fn end(&self) -> Tick {
        let last = self.song.end();
        if last > Tick::ZERO {
            self.song.metre.bar_span(last - Tick(1)).end
        } else {
            Tick::ZERO
        }
    }

    /// Lets time pass; from the start again if the song is over.
    pub fn play(&mut self) {
        let end = self.end();
        let is_over = self.at_end == AtEnd::Stop
            && self.looped.is_none()
            && end > Tick::ZERO
            && self.position() >= end;
        if is_over {
            self.seek(Tick::ZERO);
        }
        self.playing = true;
        self.transport(TransportOrder::Play);
    }

    /// Lets time stand still where it is.
    pub fn pause(&mut self) {
        self.playing = false;
        self.transport(TransportOrder::Pause);
    }

    /// Lets time stand still and goes back to the start of the song.
    pub fn stop(&mut self) {
        self.pause();
        self.seek(Tick::ZERO);
    }

    /// Goes to a tick, playing or not.
    pub fn seek(&mut self, tick: Tick) {
        let tick = tick.max(Tick::ZERO);
        self.transport(TransportOrder::Seek(tick));
        self.sought = Some((tick, self.order));
    }

    /// Repeats a span, from when the playhead reaches its end; `None` for nothing.
    pub fn set_loop(&mut self, span: Option<Span>) {
        self.looped = span.filter(|span| !span.is_empty());
        self.line.send(ToAudio::Loop(self.looped));
    }

    /// What happens at the end of the song; by default playing stops.
    pub fn set_at_end(&mut self, at_end: AtEnd) {
        self.at_end = at_end;
        self.line.send(ToAudio::AtEnd(at_end));
    }

    /// Whether the metronome clicks while the song plays.
    pub fn set_metronome(&mut self, on: bool) {
        self.clicking = if on { Clicking::On } else { Clicking::Off };
        self.line.send(ToAudio::Metronome(self.clicking));
    }

    /// Sets the master gain, 0..=4 (1 by default). The limiter comes after it.
    pub fn set_gain(&mut self, gain: f32) {
        self.gain = gain;
        self.line.send(ToAudio::Gain(gain));
    }

    /// Plays a note now, whatever else plays.
    pub fn preview(&mut self, preview: Preview) {
        let length = preview.length.as_secs_f64() * f64::from(self.line.rate);
        self.line.send(ToAudio::Preview(PreviewNote {
            instrument: preview.instrument,
            key: preview.pitch.get(),
            velocity: preview.velocity.get(),
            length: length as u64,
        }));
    }

    /// The playhead.
    pub fn position(&self) -> Tick {
        let obeyed = self.line.link.shared.order.load(Ordering::Acquire);
        match self.sought {
            Some((tick, order)) if (order.wrapping_sub(obeyed) as i32) > 0 => tick,
            _ => Tick(self.line.link.shared.position().max(0.0) as i64),
        }
    }

    /// Whether time passes.
    pub fn is_playing(&self) -> bool {
        if self.obeyed() {
            self.line.link.shared.playing.load(Ordering::Relaxed)
        } else {
            self.playing
        }
    }

    /// The levels.
    pub fn meters(&self) -> Meters {
        let shared = &self.line.link.shared;
        let tracks = self
            .song
            .tracks
            .iter()
            .map(|track| {
                let slot = self
                    .line
                    .slots
                    .iter()
                    .position(|slot| *slot == Some(track.id));
                (track.id, slot.map_or(0.0, |slot| shared.track(slot)))
            })
            .collect();
        Meters {
            master: shared.master(),
            tracks,
        }
    }

    /// How the engine fares.
    pub fn status(&self) -> Status {
        let shared = &self.line.link.shared;
        Status {
            output: self.state.clone(),
            font: self.font.as_ref().map(|font| font.name().to_owned()),
            font_loading: self.loader.is_busy(),
            font_error: self.font_error.clone(),
            font_failed: shared.failed.load(Ordering::Relaxed),
            xruns: self.past_xruns + self.health.xruns.load(Ordering::Relaxed),
            late_callbacks: self.past_late + shared.late.load(Ordering::Relaxed),
            load: shared.load(),
            rate: self.line.rate,
        }
    }

    /// Sends the sound elsewhere.
    pub fn set_output(&mut self, output: Output) {
        if self.settings.output == output {
            return;
        }
        self.settings.output = output;
        self.leave_device();
        if self.settings.output == Output::Silent {
            self.opening = Opening::Idle;
            self.state = OutputState::Silent;
            return;
        }
        self.state = OutputState::Opening;
        self.retry = RETRY;
        if self.keeper.is_none() {
            self.keeper = DeviceKeeper::start(SystemBackend::default()).ok();
        }
        self.opening = Opening::WaitingUntil(Instant::now());
    }

    /// Frees what the callback is done with, sends what waited, and opens devices that were lost. Never waits.
    pub fn poll(&mut self) {
        while self.line.link.up.pop().is_ok() {}
        self.line.flush();
        if self.line.song_waits && self.line.waiting.is_empty() {
            self.line.song_waits = false;
            self.line.send_song(&self.song, self.font.as_ref());
        }
        if self.obeyed() {
            // The song may have ended.
            self.playing = self.line.link.shared.playing.load(Ordering::Relaxed);
        }
        self.take_font();
        self.take_replies();
        self.watch_device();
        if let Opening::WaitingUntil(when) = self.opening
            && Instant::now() >= when
        {
            self.opening = Opening::Idle;
            self.probe();
            if matches!(self.opening, Opening::Idle) && self.keeper.is_some() {
                self.opening = Opening::WaitingUntil(Instant::now() + RETRY);
            }
        }
    }

    fn take_replies(&mut self) {
        while let Some(reply) = self.keeper.as_ref().and_then(DeviceKeeper::reply) {
            match reply {
                KeeperReply::Probed(Ok(format)) if matches!(self.opening, Opening::Probing) => {
                    self.open(format);
                }
                KeeperReply::Probed(Err(error)) if matches!(self.opening, Opening::Probing) => {
                    self.fail(error);
                }
                KeeperReply::Started(result) => {
                    let opening = std::mem::replace(&mut self.opening, Opening::Idle);
                    match (opening, result) {
                        (Opening::Starting(line, health), Ok(format)) => {
                            self.take_over(*line, health, format);
                        }
                        (Opening::Starting(..), Err(error)) => self.fail(error),
                        (other, result) => {
                            // The output was changed while this one was being opened.
                            self.opening = other;
                            if result.is_ok()
                                && let Some(keeper) = &self.keeper
                            {
                                keeper.close();
                            }
                        }
                    }
                }
                KeeperReply::Probed(_) => {}
                KeeperReply::Listed(devices) => self.devices = devices,
            }
        }
    }

    fn fail(&mut self, error: DeviceError) {
        if self.state != OutputState::Lost(error.clone()) {
            tracing::warn!("{error}");
        }
        self.state = OutputState::Lost(error);
        self.opening = Opening::WaitingUntil(Instant::now() + self.retry);
        self.retry = (2 * self.retry).min(LONGEST_RETRY);
    }

    fn open(&mut self, format: StreamFormat) {
        let (line, callback) = Line::new(format.rate);
        let health = Arc::new(Health::default());
        let asked = self
            .keeper
            .as_ref()
            .is_some_and(|keeper| keeper.open(format, callback, Arc::clone(&health)));
        self.opening = if asked {
            Opening::Starting(Box::new(line), health)
        } else {
            Opening::WaitingUntil(Instant::now() + RETRY)
        };
    }

    /// Goes on with another line at the same place.
    fn change_line(&mut self, line: Line) {
        let position = self.position();
        self.playing = self.is_playing();
        self.past_late += self.line.link.shared.late.load(Ordering::Relaxed);
        self.line = line;
        self.sought = None;
        self.order = 0;
        self.send_everything(position);
        self.seen = (0, Instant::now());
    }

    fn take_over(&mut self, line: Line, health: Arc<Health>, format: StreamFormat) {
        self.change_line(line);
        self.silent = None;
        self.past_xruns += self.health.xruns.load(Ordering::Relaxed);
        self.health = health;
        self.retry = RETRY;
        self.state = OutputState::Running(format);
    }

    /// Goes on in silence.
    fn leave_device(&mut self) {
        if let Some(keeper) = &self.keeper {
            keeper.close();
        }
        if self.silent.is_none() {
            let (line, callback) = Line::new(SILENT_RATE);
            self.change_line(line);
            self.run_silently(callback);
        }
    }

    /// Notices a device that died or asks for nothing any more.
    fn watch_device(&mut self) {
        let OutputState::Running(format) = &self.state else {
            return;
        };
        let callbacks = self.line.link.shared.callbacks.load(Ordering::Relaxed);
        let now = Instant::now();
        if callbacks != self.seen.0 {
            self.seen = (callbacks, now);
        }
        let stalled = now.duration_since(self.seen.1) > STALLED;
        if stalled || self.health.lost.load(Ordering::Relaxed) {
            let error = DeviceError::Lost(format.device.clone());
            self.leave_device();
            self.fail(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::test_font;
    use crate::score::{Note, Role, Track};

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
        fn probe(&mut self, _: &StreamWish) -> Result<StreamFormat, DeviceError> {
            if !self.0.load(Ordering::Relaxed) {
                return Err(DeviceError::None);
            }
            Ok(StreamFormat {
                device: "fickle".into(),
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
        works.store(false, Ordering::Relaxed);
        let health = health.try_recv().unwrap();
        health.lost.store(true, Ordering::Relaxed);
        wait_for(&mut engine, "the loss", |e| {
            matches!(e.status().output, OutputState::Lost(DeviceError::Lost(_)))
        });
        let there = engine.position();
        wait_for(&mut engine, "moving on in silence", |e| {
            e.position() > there + Tick(100)
        });
    }
}
