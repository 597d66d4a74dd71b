//! Recording: what is played becomes notes of a track.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::command::Action;
use super::{Notice, Studio};
use crate::audio::midi::{LiveEvent, Moment};
use crate::audio::schedule::{NO_BEND, port_channels};
use crate::score::edit::{self, Edited};
use crate::score::{Pitch, Song, Take, Tick, TrackId, Velocity};

/// The end of the playing is told a little after it; a recording waits for it so long at most.
const LAST_WORD: Duration = Duration::from_millis(400);

/// A recording that goes on.
#[derive(Debug)]
pub(super) struct Recording {
    track: TrackId,
    take: Take,
    /// The song with what was played so far, as it is shown.
    shown: Option<Arc<Song>>,
    /// When the playing was seen to have ended.
    ended: Option<Instant>,
    /// The playing has begun.
    began: bool,
}

impl Studio {
    /// Whether what is played is recorded.
    pub fn is_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// The track that was armed, if it is still there.
    pub fn armed(&self) -> Option<TrackId> {
        self.armed.filter(|id| self.song().track(*id).is_some())
    }

    /// The track that is played by hand and recorded on: the armed one, or else the focused one.
    pub fn live_track(&self) -> Option<TrackId> {
        self.armed().or_else(|| self.focused())
    }

    /// The song with what is being recorded.
    pub(super) fn recorded_song(&self) -> Option<&Arc<Song>> {
        self.recording.as_ref()?.shown.as_ref()
    }

    pub(super) fn toggle_arm(&mut self) {
        self.armed = match (self.armed(), self.focused()) {
            (Some(armed), Some(focused)) if armed == focused => None,
            (_, focused) => focused,
        };
    }

    /// Begins to record, from the playhead if nothing plays yet; or ends it while the song plays on.
    pub(super) fn toggle_recording(&mut self) {
        if self.recording.is_some() {
            self.finish_recording(self.transport.position);
            return;
        }
        let Some(track) = self.live_track().and_then(|id| self.song().track(id)) else {
            self.notices.push(Notice::Info(
                "Add a track first (Ctrl+T): a recording needs one.".to_owned(),
            ));
            return;
        };
        if track.locked {
            self.notices.push(Notice::Info(format!(
                "The track “{}” is locked: unlock it (Shift+L), or arm another.",
                track.name
            )));
            return;
        }
        let id = track.id;
        self.sound.moments();
        self.recording = Some(Recording {
            track: id,
            take: Take::default(),
            shown: None,
            ended: None,
            began: self.transport.playing,
        });
        if !self.transport.playing {
            self.act(Action::PlayPause);
        }
    }

    /// Tells the sound which track is played by hand, and takes over what was played.
    pub(super) fn poll_recording(&mut self) {
        let live = self.live_track();
        let channel = live
            .and_then(|id| self.song().track_index(id))
            .and_then(|index| port_channels(self.song()).get(index).copied().flatten());
        self.sound.set_live_track(live, channel);
        let moments = self.sound.moments();
        let position = self.transport.position;
        let playing = self.transport.playing;
        let Some(recording) = &mut self.recording else {
            return;
        };
        let mut wrapped = false;
        let mut ended = None;
        for moment in moments {
            match moment {
                Moment::Began { .. } => {
                    recording.began = true;
                    ended = None;
                }
                Moment::Played { event, tick } => play(&mut recording.take, event, tick),
                Moment::Wrapped { left, begins } => {
                    recording.take.wrap(ticks(left), ticks(begins));
                    wrapped = true;
                }
                Moment::Ended { tick } => {
                    recording.take.end(ticks(tick));
                    ended = Some(ticks(tick));
                }
            }
        }
        recording.began |= playing;
        if playing {
            recording.ended = None;
        } else if recording.began {
            let since = *recording.ended.get_or_insert_with(Instant::now);
            if ended.is_some() || since.elapsed() > LAST_WORD {
                self.finish_recording(ended.unwrap_or(position));
                return;
            }
        }
        self.show_recording();
        if wrapped {
            // What was played in the last round is heard in the next.
            self.sound_heard();
        }
    }

    fn recorded(&self, recording: &Recording, now: Tick) -> Edited {
        let notes = recording.take.notes(now, self.settings.grid());
        edit::record(self.base_song(), recording.track, notes, &recording.take)
    }

    fn show_recording(&mut self) {
        let Some(recording) = self.recording.take() else {
            return;
        };
        let shown = (!recording.take.is_empty())
            .then(|| Arc::new(self.recorded(&recording, self.transport.position).song));
        self.recording = Some(Recording { shown, ..recording });
    }

    /// Ends the recording: one step.
    pub(super) fn finish_recording(&mut self, at: Tick) {
        let Some(mut recording) = self.recording.take() else {
            return;
        };
        recording.take.end(at);
        if recording.take.is_empty() {
            return;
        }
        let edited = self.recorded(&recording, at);
        self.step(Action::Record.text(), edited, false);
        self.sound_heard();
    }
}

fn ticks(tick: f64) -> Tick {
    Tick(tick.round().max(0.0) as i64)
}

fn play(take: &mut Take, event: LiveEvent, tick: f64) {
    let at = ticks(tick);
    match event {
        LiveEvent::NoteOn { key, velocity } => take.note_on(
            at,
            Pitch::clamped(key.into()),
            Velocity::clamped(velocity.into()),
        ),
        LiveEvent::NoteOff { key } => take.note_off(at, Pitch::clamped(key.into())),
        LiveEvent::Control { controller, value } => take.control(at, controller, value),
        // Both count 16,384 places; the score counts from the middle.
        LiveEvent::Bend(bend) => take.bend(at, (i32::from(bend) - i32::from(NO_BEND)) as i16),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::super::super::settings::{GridChoice, Settings};
    use super::super::super::sound::{AudioChoice, Silent, Sound, SoundState};
    use super::super::{FontChoice, Parts};
    use super::*;
    use crate::audio::device::DeviceInfo;
    use crate::score::{Instrument, Span};

    /// A sound that plays nothing and was played what the test says.
    #[derive(Default)]
    struct Played {
        inner: Silent,
        moments: Rc<RefCell<Vec<Moment>>>,
        songs: Rc<RefCell<usize>>,
    }

    impl Sound for Played {
        fn set_song(&mut self, song: Arc<Song>) {
            *self.songs.borrow_mut() += 1;
            self.inner.set_song(song);
        }
        fn play(&mut self) {
            self.inner.play();
        }
        fn play_after(&mut self, count_in_bars: u8) {
            self.inner.play_after(count_in_bars);
        }
        fn pause(&mut self) {
            self.inner.pause();
        }
        fn seek(&mut self, tick: Tick) {
            self.inner.seek(tick);
        }
        fn set_loop(&mut self, range: Option<Span>) {
            self.inner.set_loop(range);
        }
        fn set_metronome(&mut self, on: bool) {
            self.inner.set_metronome(on);
        }
        fn preview(&mut self, instrument: Instrument, pitch: Pitch, velocity: Velocity) {
            self.inner.preview(instrument, pitch, velocity);
        }
        fn position(&self) -> Tick {
            self.inner.position()
        }
        fn is_playing(&self) -> bool {
            self.inner.is_playing()
        }
        fn state(&self) -> SoundState {
            self.inner.state()
        }
        fn fonts(&self) -> Vec<FontChoice> {
            Vec::new()
        }
        fn devices(&self) -> &[DeviceInfo] {
            &[]
        }
        fn look_for_devices(&mut self) {}
        fn choose(&mut self, _: &AudioChoice) {}
        fn moments(&mut self) -> Vec<Moment> {
            self.moments.take()
        }
        fn poll(&mut self) {}
    }

    fn on(key: u8, tick: f64) -> Moment {
        Moment::Played {
            event: LiveEvent::NoteOn { key, velocity: 77 },
            tick,
        }
    }

    fn off(key: u8, tick: f64) -> Moment {
        Moment::Played {
            event: LiveEvent::NoteOff { key },
            tick,
        }
    }

    type Moments = Rc<RefCell<Vec<Moment>>>;

    fn studio(settings: Settings) -> (Studio, Moments, Rc<RefCell<usize>>) {
        let sound = Played::default();
        let (moments, songs) = (Rc::clone(&sound.moments), Rc::clone(&sound.songs));
        let parts = Parts {
            sound: Some(Box::new(sound)),
            settings,
            ..Parts::default()
        };
        let mut studio = Studio::with_parts(Song::default(), parts);
        studio.apply(Action::AddTrack.into());
        (studio, moments, songs)
    }

    fn notes(studio: &Studio) -> Vec<(i64, i64, u8)> {
        (studio.song().tracks[0].notes().iter())
            .map(|note| (note.start.0, note.duration.0, note.pitch.get()))
            .collect()
    }

    #[test]
    fn a_recording_is_one_step() {
        let (mut studio, moments, _) = studio(Settings {
            input_grid: GridChoice::Sixteenth,
            ..Settings::default()
        });
        studio.apply(Action::Record.into());
        assert!(studio.is_recording() && studio.transport().playing);
        moments.borrow_mut().extend([
            Moment::Began { tick: 0.0 },
            on(60, 10.2),
            off(60, 300.0),
            on(64, 470.0),
        ]);
        studio.sound.seek(Tick(700));
        studio.poll();
        assert_eq!(
            notes(&studio),
            [(0, 290, 60), (480, 230, 64)],
            "drawn while it is played, the held one up to the playhead"
        );
        assert!(studio.base_song().tracks[0].notes().is_empty());
        studio.apply(Action::PlayPause.into());
        moments.borrow_mut().push(Moment::Ended { tick: 960.0 });
        studio.poll();
        assert!(!studio.is_recording());
        assert_eq!(notes(&studio), [(0, 290, 60), (480, 490, 64)]);
        assert_eq!(studio.history().undo_name(), Some("Record"));
        studio.apply(Action::Undo.into());
        assert!(notes(&studio).is_empty());
        studio.apply(Action::Undo.into());
        assert!(studio.song().tracks.is_empty());
    }

    #[test]
    fn the_pitch_wheel_is_recorded() {
        let (mut studio, moments, _) = studio(Settings::default());
        let wheel = |bend, tick| Moment::Played {
            event: LiveEvent::Bend(bend),
            tick,
        };
        studio.apply(Action::Record.into());
        moments.borrow_mut().extend([
            Moment::Began { tick: 0.0 },
            on(60, 10.0),
            wheel(8_192, 20.0),
            wheel(16_383, 100.4),
            wheel(0, 200.0),
            off(60, 300.0),
            Moment::Ended { tick: 480.0 },
        ]);
        studio.apply(Action::PlayPause.into());
        studio.poll();
        let bends = |studio: &Studio| -> Vec<(i64, i16)> {
            (studio.song().tracks[0].bends().iter())
                .map(|bend| (bend.at.0, bend.value))
                .collect()
        };
        assert_eq!(bends(&studio), [(100, 8_191), (200, -8_192), (480, 0)]);
        assert_eq!(studio.history().undo_name(), Some("Record"));
        studio.apply(Action::Undo.into());
        assert!(bends(&studio).is_empty() && notes(&studio).is_empty());
    }

    #[test]
    fn a_loop_is_played_over() {
        let (mut studio, moments, songs) = studio(Settings::default());
        studio.apply(Action::Record.into());
        moments.borrow_mut().extend([
            Moment::Began { tick: 0.0 },
            on(60, 100.0),
            off(60, 200.0),
            Moment::Wrapped {
                left: 960.0,
                begins: 0.0,
            },
            on(62, 300.0),
            off(62, 400.0),
        ]);
        let told = *songs.borrow();
        studio.poll();
        assert!(
            *songs.borrow() > told,
            "the first round is heard in the second"
        );
        studio.apply(Action::Record.into());
        assert!(studio.transport().playing, "the song plays on");
        assert_eq!(notes(&studio), [(100, 100, 60), (300, 100, 62)]);
        studio.apply(Action::Undo.into());
        assert!(notes(&studio).is_empty(), "both rounds are one step");
    }

    #[test]
    fn a_locked_track_is_not_recorded_on() {
        let (mut studio, _, _) = studio(Settings::default());
        studio.apply(Action::LockTrack.into());
        studio.apply(Action::Record.into());
        assert!(!studio.is_recording());
        assert!(matches!(studio.take_notices()[..], [Notice::Info(_)]));
    }

    #[test]
    fn the_armed_track_is_played_whichever_is_focused() {
        let (mut studio, _, _) = studio(Settings::default());
        let first = studio.focused();
        studio.apply(Action::ArmTrack.into());
        studio.apply(Action::AddTrack.into());
        assert_ne!(studio.focused(), first);
        assert_eq!(studio.live_track(), first);
        studio.apply(Action::ArmTrack.into());
        assert_eq!(studio.armed(), studio.focused());
        studio.apply(Action::ArmTrack.into());
        assert_eq!(studio.armed(), None);
    }
}
