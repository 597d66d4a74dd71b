//! What the studio asks of the sound: the seam between the window and the audio engine.

use std::sync::Arc;

use crate::score::{Instrument, Pitch, Song, Span, Tick, Velocity};

/// Plays the song. No method blocks.
pub trait Sound {
    /// Play this song from now on; the playhead stays where it is.
    fn set_song(&mut self, song: Arc<Song>);
    /// Play from the playhead.
    fn play(&mut self);
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
    fn poll(&mut self) {}
}
