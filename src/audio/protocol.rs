//! Everything that is said between the owner and the audio callback: two enums. Large values go down in a box and come
//! back up in it, because the callback may not free anything.

use crate::score::{Instrument, Span, Tick, TrackId};

use super::midi::tap::Tapped;
use super::schedule::Schedule;
use super::synths::{Rack, TrackSynth};
use super::transport::AtEnd;

/// A new song, with what it needs more than the last one. It goes down with the new values and comes back up with the
/// old ones.
#[derive(Debug)]
pub struct ScoreUpdate {
    /// The song.
    pub schedule: Schedule,
    /// Synthesizers for slots that did not exist yet.
    pub more_synths: Vec<TrackSynth>,
    /// Room for all synthesizers, where the callback's own is too small.
    pub room: Option<Vec<TrackSynth>>,
}

/// A note outside the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreviewNote {
    /// What it is played with.
    pub instrument: Instrument,
    /// Key, 0..=127.
    pub key: u8,
    /// Velocity, 1..=127.
    pub velocity: u8,
    /// Length in samples.
    pub length: u64,
}

/// What the transport is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportOrder {
    /// Time passes.
    Play,
    /// Time passes after so many bars of clicks; until then the playhead waits. [`Self::Play`] ends the wait.
    PlayAfter(u8),
    /// Time stands still; notes end.
    Pause,
    /// The playhead goes to a tick.
    Seek(Tick),
}

/// From the owner to the callback.
#[derive(Debug)]
pub enum ToAudio {
    /// Play this song from now on, at the same musical time. Comes back as [`FromAudio::Score`].
    Score(Box<ScoreUpdate>),
    /// Play with these synthesizers from now on. The old ones come back as [`FromAudio::Rack`].
    Rack(Box<Rack>),
    /// What the transport is told, and the number of the order.
    Transport(TransportOrder, u32),
    /// What is repeated.
    Loop(Option<Span>),
    /// What happens at the end.
    AtEnd(AtEnd),
    /// Whether the metronome clicks.
    Metronome(Clicking),
    /// Master gain, 0..=4.
    Gain(f32),
    /// Play a note now.
    Preview(PreviewNote),
    /// From now on what is played by hand is heard, with the sound of this track.
    LiveTrack(Option<TrackId>),
    /// Whatever sounds ends at once, played by hand or by the song.
    Panic,
    /// How much the MIDI thread is told.
    Tap(Tapped),
}

/// Whether the metronome clicks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clicking {
    /// It does, while the song plays.
    On,
    /// It does not.
    #[default]
    Off,
}

/// From the callback to the owner: what is to be freed.
#[derive(Debug)]
pub enum FromAudio {
    /// The song before the last.
    Score(Box<ScoreUpdate>),
    /// The synthesizers before the last.
    Rack(Box<Rack>),
}
