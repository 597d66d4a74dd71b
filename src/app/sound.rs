//! What the studio asks of the sound: the seam between the window and the audio engine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::studio::FontChoice;

use crate::audio::device::DeviceInfo;
use crate::audio::midi::{LiveEvent, MidiSettings, MidiState, Moment};
use crate::score::{Instrument, Pitch, Song, Span, Tick, TrackId, Velocity};

/// How the sound is doing, for meters and the status of the device.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SoundState {
    /// The name of the SoundFont.
    pub font: String,
    /// The device with its rate, buffer and load, in words.
    pub device: String,
    /// How long a sound takes from the song to the device's output, where the device tells.
    pub latency: Option<Duration>,
    /// Why nothing is heard, if so, and what can be done.
    pub problem: Option<String>,
    /// Whether something is being opened or loaded, so that it is worth looking again soon.
    pub settling: bool,
    /// How often the device had to wait for samples.
    pub xruns: u64,
    /// Peaks of the left and the right output since the last frame, 1 for full scale.
    pub master: [f32; 2],
    /// Momentary loudness of the output in LUFS; negative infinity in silence.
    pub loudness: Option<f32>,
    /// How long a count-in still goes on, while one is given.
    pub count_in: Option<Tick>,
    /// Peaks of the tracks.
    pub tracks: BTreeMap<TrackId, f32>,
}

impl SoundState {
    /// The peak of a track, 0 if it is silent.
    pub fn track_level(&self, track: TrackId) -> f32 {
        self.tracks.get(&track).copied().unwrap_or_default()
    }
}

/// What is played with, and where to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AudioChoice {
    /// The SoundFont file; `None` for the best one that is found.
    pub soundfont: Option<PathBuf>,
    /// The audio device by name; `None` for the system's default.
    pub device: Option<String>,
    /// Frames in a buffer; `None` for the engine's own choice.
    pub buffer_frames: Option<u32>,
    /// Samples a second; `None` for the device's own rate.
    pub rate: Option<u32>,
}

/// Plays the song. No method blocks.
pub trait Sound {
    /// Play this song from now on; the playhead stays where it is.
    fn set_song(&mut self, song: Arc<Song>);
    /// Play from the playhead.
    fn play(&mut self);
    /// Play from the playhead after so many bars of clicks.
    fn play_after(&mut self, count_in_bars: u8);
    /// Halt at the playhead.
    fn pause(&mut self);
    /// Move the playhead.
    fn seek(&mut self, tick: Tick);
    /// Set or clear the loop range.
    fn set_loop(&mut self, range: Option<Span>);
    /// Click on every beat.
    fn set_metronome(&mut self, on: bool);
    /// Sound one note now.
    fn preview(&mut self, instrument: Instrument, pitch: Pitch, velocity: Velocity);
    /// Where the playhead is.
    fn position(&self) -> Tick;
    /// Whether it plays.
    fn is_playing(&self) -> bool;
    /// How it is doing.
    fn state(&self) -> SoundState;
    /// The SoundFonts that can be chosen.
    fn fonts(&self) -> Vec<FontChoice>;
    /// What is played by hand sounds like this track; `channel` is its channel on a MIDI port, 0..=15.
    fn set_live_track(&mut self, _track: Option<TrackId>, _channel: Option<u8>) {}
    /// Play this as if it came from a MIDI port.
    fn play_live(&mut self, _event: LiveEvent) {}
    /// End every sound, here and on the MIDI outputs.
    fn panic(&mut self) {}
    /// What MIDI is to do.
    fn set_midi(&mut self, _settings: &MidiSettings) {}
    /// How MIDI fares.
    fn midi(&self) -> Arc<MidiState> {
        Arc::default()
    }
    /// What was played by hand since this was asked last, while time passed.
    fn moments(&mut self) -> Vec<Moment> {
        Vec::new()
    }
    /// The audio devices that can be chosen, as they were when they were last looked for.
    fn devices(&self) -> &[DeviceInfo];
    /// Look which devices there are; [`Self::devices`] tells a little later.
    fn look_for_devices(&mut self);
    /// Play with this from now on; the playhead stays where it is.
    fn choose(&mut self, choice: &AudioChoice);
    /// Called every frame and, without frames, several times a second.
    fn poll(&mut self);
}

/// No sound at all: for tests, and where no engine can be had. The playhead moves only when it is told to.
#[derive(Debug, Default)]
pub struct Silent {
    position: Tick,
    playing: bool,
}

impl Sound for Silent {
    fn set_song(&mut self, _song: Arc<Song>) {}
    fn play(&mut self) {
        self.playing = true;
    }
    fn play_after(&mut self, _count_in_bars: u8) {
        self.playing = true;
    }
    fn pause(&mut self) {
        self.playing = false;
    }
    fn seek(&mut self, tick: Tick) {
        self.position = tick;
    }
    fn set_loop(&mut self, _range: Option<Span>) {}
    fn set_metronome(&mut self, _on: bool) {}
    fn preview(&mut self, _instrument: Instrument, _pitch: Pitch, _velocity: Velocity) {}
    fn position(&self) -> Tick {
        self.position
    }
    fn is_playing(&self) -> bool {
        self.playing
    }
    fn state(&self) -> SoundState {
        SoundState {
            font: "No SoundFont".to_owned(),
            device: "No sound".to_owned(),
            ..SoundState::default()
        }
    }
    fn fonts(&self) -> Vec<FontChoice> {
        Vec::new()
    }
    fn devices(&self) -> &[DeviceInfo] {
        &[]
    }
    fn look_for_devices(&mut self) {}
    fn choose(&mut self, _choice: &AudioChoice) {}
    fn poll(&mut self) {}
}
