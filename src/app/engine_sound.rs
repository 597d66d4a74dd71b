//! The audio engine as the studio's sound.

use std::sync::Arc;
use std::time::Duration;

use crate::audio::device::DeviceInfo;
use crate::audio::midi::tap::Tapped;
use crate::audio::midi::{LiveEvent, Midi, MidiSettings, MidiState, Moment};
use crate::audio::{
    AtEnd, AudioSettings, Engine, FontOrigin, FontSource, Output, OutputState, Preview,
};
use crate::score::{Instrument, Pitch, Song, Span, Tick, TrackId, Velocity};

use super::sound::{AudioChoice, Sound, SoundState};
use super::studio::FontChoice;

/// How long a note sounds that is tried out.
const PREVIEW: Duration = Duration::from_millis(350);

/// Plays through the audio engine.
pub struct EngineSound {
    engine: Engine,
    /// Absent only where the system has no thread left for it.
    midi: Option<Midi>,
    /// How often a MIDI output had been opened when it was told everything last.
    told_outputs: u64,
    choice: AudioChoice,
}

impl EngineSound {
    /// Starts the engine with what was chosen, and MIDI. The SoundFont is loaded in the background; `wake` is called when
    /// MIDI ports come and go.
    pub fn start(
        choice: AudioChoice,
        midi: &MidiSettings,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let mut engine = Engine::start(AudioSettings {
            output: output(&choice),
            buffer_frames: choice.buffer_frames,
            rate: choice.rate,
            font: None,
        });
        engine.load_font(font(&choice));
        engine.refresh_devices();
        let midi = Midi::start(engine.live(), midi.clone(), wake);
        Self {
            engine,
            midi: midi
                .inspect_err(|error| tracing::error!("no thread for MIDI: {error}"))
                .ok(),
            told_outputs: 0,
            choice,
        }
    }
}

fn output(choice: &AudioChoice) -> Output {
    match &choice.device {
        Some(name) => Output::Device(name.clone()),
        None => Output::Default,
    }
}

fn font(choice: &AudioChoice) -> FontSource {
    match &choice.soundfont {
        Some(path) => FontSource::File(path.clone()),
        None => FontSource::Preferred,
    }
}

impl Sound for EngineSound {
    fn set_song(&mut self, song: Arc<Song>) {
        self.engine.set_song(song);
    }

    fn play(&mut self) {
        self.engine.play();
    }

    fn play_after(&mut self, count_in_bars: u8) {
        self.engine.play_after(count_in_bars);
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
                    status.load.recent * 100.0
                )
            }
            OutputState::Silent => "Silent".to_owned(),
            OutputState::Lost(_) => "No audio device".to_owned(),
        };
        let font = match (&status.font, self.engine.font().map(|font| font.origin())) {
            (Some(name), Some(FontOrigin::BuiltIn)) => format!("{name} (built in)"),
            (Some(name), _) => name.clone(),
            (None, _) if status.font_loading => "Loading the SoundFont".to_owned(),
            (None, _) => "No SoundFont".to_owned(),
        };
        SoundState {
            font,
            device,
            latency: status.latency,
            problem: status.trouble(),
            settling: status.font_loading || status.output == OutputState::Opening,
            xruns: u64::from(status.xruns),
            master: meters.master,
            loudness: Some(meters.loudness),
            count_in: self.engine.count_in(),
            tracks: meters.tracks.into_iter().collect(),
        }
    }

    fn fonts(&self) -> Vec<FontChoice> {
        let choice = |found: &crate::audio::FoundFont| FontChoice {
            name: found.name.clone(),
            origin: found.path.display().to_string(),
            path: Some(found.path.clone()),
        };
        self.engine.fonts().iter().map(choice).collect()
    }

    fn devices(&self) -> &[DeviceInfo] {
        self.engine.devices()
    }

    fn look_for_devices(&mut self) {
        self.engine.refresh_devices();
    }

    fn choose(&mut self, choice: &AudioChoice) {
        self.engine.set_output(output(choice));
        self.engine.set_buffer(choice.buffer_frames);
        self.engine.set_rate(choice.rate);
        if self.choice.soundfont != choice.soundfont {
            self.engine.load_font(font(choice));
        }
        self.choice = choice.clone();
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
