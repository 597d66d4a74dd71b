//! The owner's handle on everything that sounds.
//!
//! [`Engine`] holds what is wanted (song, font, loop, playing or not) and a line to one running stream. It never waits:
//! what the audio callback has no room for yet is sent in a later [`Engine::poll`], devices are opened on a thread of
//! their own, and while there is none a silent stream keeps the playhead moving.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::score::{Song, Span, Tick, TrackId};

use super::device::{DeviceError, DeviceInfo, DeviceKeeper, Health, NullStream, SystemBackend};
use super::font_loader::{FontLoader, FontSource};
use super::line::Line;
use super::midi::LiveQueue;
use super::midi::tap::{TapLine, Tapped};
use super::protocol::{Clicking, PreviewNote, ToAudio, TransportOrder};
use super::soundfont::{Font, FoundFont};
use super::status::{AudioSettings, Meters, Output, OutputState, Preview, Status};
use super::transport::AtEnd;

/// The rate of the silent stream.
const SILENT_RATE: u32 = 48_000;
/// How long until a device is tried again; twice as long after each time in vain, up to `LONGEST_RETRY`.
const RETRY: Duration = Duration::from_secs(2);
const LONGEST_RETRY: Duration = Duration::from_secs(8);
/// A device that asks for nothing for so long is lost.
const STALLED: Duration = Duration::from_secs(3);
/// So is one that fails for so long.
const FAILED: Duration = Duration::from_millis(400);

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
    /// What is played by hand, and with the sound of which track.
    live: Arc<LiveQueue>,
    live_track: Option<TrackId>,
    tapped: Tapped,
    /// The last seek that has not been carried out.
    sought: Option<(Tick, u32)>,
    order: u32,
    line: Line,
    /// Before `keeper`, so that it ends first.
    silent: Option<NullStream>,
    keeper: Option<DeviceKeeper>,
    devices: Vec<DeviceInfo>,
    loader: FontLoader,
    fonts: Vec<FoundFont>,
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
        let live = Arc::<LiveQueue>::default();
        let (line, callback) = Line::new(SILENT_RATE, Arc::clone(&live));
        let mut engine = Self {
            live,
            live_track: None,
            tapped: Tapped::Nothing,
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
            fonts: Vec::new(),
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

    /// Brings a fresh line to everything that is wanted, with the playhead at `position`.
    fn send_everything(&mut self, position: Tick) {
        // Before the song: a new line has no tracks yet, but previews and what is played by hand need the font too.
        self.line.send_font(self.font.as_ref());
        self.line.send_song(&self.song, self.font.as_ref());
        self.line.send(ToAudio::Loop(self.looped));
        self.line.send(ToAudio::AtEnd(self.at_end));
        self.line.send(ToAudio::Metronome(self.clicking));
        self.line.send(ToAudio::Gain(self.gain));
        self.line.send(ToAudio::LiveTrack(self.live_track));
        self.line.send(ToAudio::Tap(self.tapped));
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
        let Some(loaded) = self.loader.poll() else {
            return;
        };
        self.fonts = loaded.found;
        match loaded.font {
            Ok(font) => {
                let error = self.font_error.take();
                self.set_font(font);
                self.font_error = error;
            }
            Err(error) => {
                tracing::warn!("{error}");
                let is_first = self.font_error.is_none();
                self.font_error = Some(error.to_string());
                if self.font.is_none() && is_first {
                    self.loader.request(FontSource::BuiltIn);
                }
            }
        }
    }

    /// The SoundFont files on this machine, by name, as they were when [`Self::load_font`] was last called.
    pub fn fonts(&self) -> &[FoundFont] {
        &self.fonts
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
        self.start_playing(TransportOrder::Play);
    }

    /// Lets time pass after `bars` bars of clicks, in the metre and at the tempo of the playhead; from the start again
    /// if the song is over. Until then [`Self::is_playing`] holds, the playhead waits and [`Self::count_in`] tells how
    /// long.
    pub fn play_after(&mut self, bars: u8) {
        self.start_playing(TransportOrder::PlayAfter(bars));
    }

    /// How long a count-in still goes on; `None` without one.
    pub fn count_in(&self) -> Option<Tick> {
        let left = self.line.link.shared.count_in().ceil() as i64;
        (left > 0).then_some(Tick(left))
    }

    fn start_playing(&mut self, order: TransportOrder) {
        let end = self.end();
        let is_over = self.at_end == AtEnd::Stop
            && self.looped.is_none()
            && end > Tick::ZERO
            && self.position() >= end;
        if is_over {
            self.seek(Tick::ZERO);
        }
        self.playing = true;
        self.transport(order);
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

    /// Where what is played by hand is put, from any thread, to be heard at once.
    pub fn live(&self) -> &Arc<LiveQueue> {
        &self.live
    }

    /// What is played by hand sounds like this track from now on.
    pub fn set_live_track(&mut self, track: Option<TrackId>) {
        if self.live_track != track {
            self.live_track = track;
            self.line.send(ToAudio::LiveTrack(track));
        }
    }

    /// Ends every sound at once; what plays goes on.
    pub fn panic(&mut self) {
        self.line.send(ToAudio::Panic);
    }

    /// How much the MIDI thread is told.
    pub fn set_tapped(&mut self, tapped: Tapped) {
        if self.tapped != tapped {
            self.tapped = tapped;
            self.line.send(ToAudio::Tap(tapped));
        }
    }

    /// What the callback tells the MIDI thread: once for every stream, to be asked for after each [`Self::poll`].
    pub fn take_tap(&mut self) -> Option<TapLine> {
        self.line.link.tap.take()
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
            loudness: shared.loudness(),
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
            latency: self.latency(),
            realtime: self.health.realtime.load(Ordering::Relaxed),
        }
    }

    fn latency(&self) -> Option<Duration> {
        let device = self.health.latency_microseconds.load(Ordering::Relaxed);
        let is_running = matches!(self.state, OutputState::Running(_));
        let lag = self.line.lag as f64 / f64::from(self.line.rate.max(1));
        (is_running && device > 0)
            .then(|| Duration::from_micros(u64::from(device)) + Duration::from_secs_f64(lag))
    }

    /// Sends the sound elsewhere, at once; the playhead stays where it is.
    pub fn set_output(&mut self, output: Output) {
        if self.settings.output != output {
            self.settings.output = output;
            self.reopen();
        }
    }

    /// Asks for buffers of so many frames, at once; by default 512.
    pub fn set_buffer(&mut self, frames: Option<u32>) {
        if self.settings.buffer_frames != frames {
            self.settings.buffer_frames = frames;
            self.reopen();
        }
    }

    /// Asks for so many samples a second, at once; by default what the device prefers.
    pub fn set_rate(&mut self, rate: Option<u32>) {
        if self.settings.rate != rate {
            self.settings.rate = rate;
            self.reopen();
        }
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
}

#[path = "engine_output.rs"]
mod output;

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
