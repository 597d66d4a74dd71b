//! The audio engine as the studio's sound.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};

use crate::audio::midi::tap::Tapped;
use crate::audio::midi::{LiveEvent, Midi, MidiSettings, MidiState, Moment};
use crate::audio::{
    AtEnd, AudioSettings, Engine, Font, FontError, FontOrigin, Output, OutputState, Preview,
    device, soundfont,
};
use crate::score::{Instrument, Pitch, Song, Span, Tick, TrackId, Velocity};

use super::sound::{Sound, SoundState};
use super::studio::FontChoice;

/// How long a note sounds that is tried out.
const PREVIEW: Duration = Duration::from_millis(350);

/// What the loader thread found.
struct Found {
    font: Result<Arc<Font>, FontError>,
    fonts: Vec<FontChoice>,
    devices: Vec<String>,
}

/// Plays through the audio engine. SoundFonts are looked for and loaded on a thread of their own.
pub struct EngineSound {
    engine: Engine,
    /// Absent only where the system has no thread left for it.
    midi: Option<Midi>,
    /// How often a MIDI output had been opened when it was told everything last.
    told_outputs: u64,
    loader: Option<(JoinHandle<()>, Receiver<Found>)>,
    /// Another SoundFont was chosen while the loader was busy.
    again: bool,
    chosen_font: Option<PathBuf>,
    fonts: Vec<FontChoice>,
    devices: Vec<String>,
    problem: Option<String>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl EngineSound {
    /// Starts the engine on `device`, with the SoundFont file at `font` or else the best there is, and MIDI. `wake` is
    /// called when the font is loaded, and when MIDI ports come and go.
    pub fn start(
        font: Option<PathBuf>,
        device: Option<&str>,
        midi: &MidiSettings,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(wake);
        let engine = Engine::start(AudioSettings {
            output: output(device),
            ..AudioSettings::default()
        });
        let midi = {
            let wake = Arc::clone(&wake);
            Midi::start(engine.live(), midi.clone(), move || wake())
        };
        let mut sound = Self {
            engine,
            midi: midi
                .inspect_err(|error| tracing::error!("no thread for MIDI: {error}"))
                .ok(),
            told_outputs: 0,
            loader: None,
            again: false,
            chosen_font: font.clone(),
            fonts: Vec::new(),
            devices: Vec::new(),
            problem: None,
            wake,
        };
        sound.load(font);
        sound
    }

    fn load(&mut self, font: Option<PathBuf>) {
        if self.loader.is_some() {
            self.again = true;
            return;
        }
        let (sender, receiver) = bounded(1);
        let wake = Arc::clone(&self.wake);
        let thread = std::thread::Builder::new()
            .name("soundfont".to_owned())
            .spawn(move || {
                let font = match &font {
                    Some(path) => soundfont::load(path),
                    None => soundfont::preferred(),
                };
                let fonts = soundfont::find().into_iter().map(|found| FontChoice {
                    origin: found.path.display().to_string(),
                    name: found.name,
                    path: Some(found.path),
                });
                let devices = device::list().into_iter().map(|info| info.name);
                // Nobody listens when the program has ended meanwhile.
                let _ = sender.send(Found {
                    font,
                    fonts: fonts.collect(),
                    devices: devices.collect(),
                });
                wake();
            });
        match thread {
            Ok(thread) => self.loader = Some((thread, receiver)),
            Err(error) => {
                self.problem = Some(format!("The SoundFont could not be loaded: {error}"));
            }
        }
    }

    /// Takes over what the loader found.
    fn loaded(&mut self) {
        let Some(found) = self
            .loader
            .as_ref()
            .and_then(|(_, receiver)| receiver.try_recv().ok())
        else {
            return;
        };
        if let Some((thread, _)) = self.loader.take() {
            // It has sent its result: it is at its end.
            let _ = thread.join();
        }
        self.fonts = found.fonts;
        self.devices = found.devices;
        match found.font {
            Ok(font) => {
                self.engine.set_font(font);
                self.problem = None;
            }
            Err(error) => self.problem = Some(error.to_string()),
        }
        if std::mem::take(&mut self.again) {
            self.load(self.chosen_font.clone());
        }
    }
}

fn output(device: Option<&str>) -> Output {
    match device {
        Some(name) => Output::Device(name.to_owned()),
        None => Output::Default,
    }
}

impl Drop for EngineSound {
    fn drop(&mut self) {
        if let Some((thread, _)) = self.loader.take() {
            // A font that fails to load is no matter any more.
            let _ = thread.join();
        }
    }
}

impl Sound for EngineSound {
    fn set_song(&mut self, song: Arc<Song>) {
        self.engine.set_song(song);
    }

    fn play(&mut self) {
        self.engine.play();
    }

    fn pause(&mut self) {
        self.engine.pause();
    }

    fn seek(&mut self, tick: Tick) {
        self.engine.seek(tick);
    }

    fn set_loop(&mut self, range: Option<Span>) {
        // A loop may reach beyond the last note: it does not end the playing.
        self.engine.set_at_end(if range.is_some() {
            AtEnd::GoOn
        } else {
            AtEnd::Stop
        });
        self.engine.set_loop(range);
    }

    fn set_metronome(&mut self, on: bool) {
        self.engine.set_metronome(on);
    }

    fn preview(&mut self, instrument: Instrument, pitch: Pitch, velocity: Velocity) {
        self.engine.preview(Preview {
            instrument,
            pitch,
            velocity,
            length: PREVIEW,
        });
    }

    fn position(&self) -> Tick {
        self.engine.position()
    }

    fn is_playing(&self) -> bool {
        self.engine.is_playing()
    }

    fn state(&self) -> SoundState {
        let status = self.engine.status();
        let meters = self.engine.meters();
        let device = match &status.output {
            OutputState::Opening => "Opening the device".to_owned(),
            OutputState::Running(format) => {
                let frames = format
                    .buffer_frames
                    .map(|frames| format!(", {frames} frames"))
                    .unwrap_or_default();
                format!(
                    "{} kHz{frames}, {:.0} % CPU",
                    f64::from(format.rate) / 1000.0,
                    status.load.p99 * 100.0
                )
            }
            OutputState::Silent => "Silent".to_owned(),
            OutputState::Lost(_) => "No audio device".to_owned(),
        };
        let loading = self.loader.is_some() && status.font.is_none();
        let problem = self
            .problem
            .clone()
            .or_else(|| status.trouble().filter(|_| !loading));
        let font = match (&status.font, self.engine.font().map(|font| font.origin())) {
            (Some(name), Some(FontOrigin::BuiltIn)) => format!("{name} (built in)"),
            (Some(name), _) => name.clone(),
            (None, _) if loading => "Loading the SoundFont".to_owned(),
            (None, _) => "No SoundFont".to_owned(),
        };
        SoundState {
            font,
            device,
            problem,
            settling: self.loader.is_some() || status.output == OutputState::Opening,
            xruns: u64::from(status.xruns),
            master: meters.master,
            tracks: meters.tracks.into_iter().collect(),
        }
    }

    fn fonts(&self) -> Vec<FontChoice> {
        self.fonts.clone()
    }

    fn devices(&self) -> Vec<String> {
        self.devices.clone()
    }

    fn choose(&mut self, soundfont: Option<&Path>, device: Option<&str>) {
        let wanted = output(device);
        self.engine.set_output(wanted);
        if self.chosen_font.as_deref() != soundfont {
            self.chosen_font = soundfont.map(Path::to_owned);
            self.load(self.chosen_font.clone());
        }
    }

    fn set_live_track(&mut self, track: Option<TrackId>, channel: Option<u8>) {
        self.engine.set_live_track(track);
        if let Some(midi) = &mut self.midi {
            midi.set_thru_channel(channel);
        }
    }

    fn play_live(&mut self, event: LiveEvent) {
        if let Some(midi) = &mut self.midi {
            midi.play(event);
        }
    }

    fn panic(&mut self) {
        self.engine.panic();
        if let Some(midi) = &mut self.midi {
            midi.panic();
        }
    }

    fn set_midi(&mut self, settings: &MidiSettings) {
        if let Some(midi) = &mut self.midi {
            midi.set(settings);
        }
    }

    fn midi(&self) -> Arc<MidiState> {
        self.midi.as_ref().map(Midi::state).unwrap_or_default()
    }

    fn moments(&mut self) -> Vec<Moment> {
        self.midi.as_ref().map(Midi::moments).unwrap_or_default()
    }

    fn poll(&mut self) {
        self.loaded();
        self.engine.poll();
        if let Some(midi) = &mut self.midi {
            if let Some(tap) = self.engine.take_tap() {
                midi.follow(tap);
            }
            let opened = midi.state().outputs_opened;
            if self.told_outputs != opened {
                self.told_outputs = opened;
                // A new output is told programs and controllers from the beginning.
                self.engine.set_tapped(Tapped::Time);
            }
            self.engine.set_tapped(midi.tapped());
        }
    }
}
