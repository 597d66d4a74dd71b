//! A song as events in samples.
//!
//! Each track is compiled by itself, and what did not change is taken over from the last compilation, so that an edit
//! of one track costs that track alone. A [`Schedule`] is built by the owner and given to the audio callback as a
//! whole; it is never changed there but for the cursors that say how far each track has been played.

use std::sync::Arc;

use crate::score::{Instrument, MetreMap, Song, TempoMap, Tick, Track, TrackId};

use super::clock::SampleClock;
use super::midi::message::DRUM_CHANNEL;

/// What happens at an event, in the order in which events of one sample are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// Note `key` ends.
    Off,
    /// Controller `key` becomes `value`.
    Control,
    /// The pitch wheel is bent to the 14 bits of which `key` is the lower half and `value` the upper: 8192 is not at all.
    Bend,
    /// Note `key` begins with velocity `value`.
    On,
}

/// One event of one track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// When, in samples from the start of the song.
    pub at: i64,
    /// What.
    pub kind: EventKind,
    /// Key, controller, or lower half of a bend, 0..=127.
    pub key: u8,
    /// Velocity, controller value, or upper half of a bend, 0..=127.
    pub value: u8,
    /// For note events: which of [`TrackPart::notes`].
    pub note: u32,
}

/// Where one note lies, in ticks: what makes it the same note after an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoteSpan {
    /// Key.
    pub key: u8,
    /// Onset in ticks.
    pub start: i64,
    /// End in ticks.
    pub end: i64,
    /// Velocity.
    pub velocity: u8,
}

/// The history of one controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Controller number.
    pub controller: u8,
    /// (sample, value), in order of time.
    pub points: Vec<(i64, u8)>,
}

/// The events of one track.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrackPart {
    /// In the order of sending.
    pub events: Vec<Event>,
    /// In order of (key, start).
    pub notes: Vec<NoteSpan>,
    /// One for each controller that can be looked up when playing begins elsewhere, in order of controller.
    pub lanes: Vec<Lane>,
    /// (sample, bend) with bends of 0..=16383, in order of time.
    pub bends: Vec<(i64, u16)>,
    /// (sample, parameter, value): what data entry made of the registered parameters, in order of time.
    pub parameters: Vec<(i64, u8, u16)>,
}

/// The pitch wheel at rest.
pub const NO_BEND: u16 = 8_192;

/// The registered parameters that synthesizers know: range of the pitch wheel, fine and coarse tuning.
pub const PARAMETERS: std::ops::Range<u8> = 0..3;

/// Whether the state of `controller` can be sent by itself: data entry and parameter numbers only mean something in
/// their order, and channel mode messages are not state.
pub(super) fn can_be_chased(controller: u8) -> bool {
    !matches!(controller, 6 | 38 | 96..=101 | 120..)
}

/// Follows parameter numbers and data entry.
#[derive(Debug, Default)]
pub struct Parameters {
    /// Upper and lower half of the number that was chosen last; `None` for one that is not registered.
    chosen: [Option<u8>; 2],
    /// Upper and lower halves of the values.
    values: [[u8; 2]; PARAMETERS.end as usize],
}

impl Parameters {
    /// What `controller` does to a parameter, if it does anything: which one, and its value of 14 bits.
    pub fn take(&mut self, controller: u8, value: u8) -> Option<(u8, u16)> {
        match controller {
            101 => self.chosen[0] = Some(value),
            100 => self.chosen[1] = Some(value),
            98 | 99 => self.chosen = [None; 2],
            6 | 38 => {
                let [Some(0), Some(parameter)] = self.chosen else {
                    return None;
                };
                let halves = self.values.get_mut(usize::from(parameter))?;
                halves[usize::from(controller == 38)] = value;
                let [upper, lower] = *halves;
                return Some((parameter, u16::from(upper) << 7 | u16::from(lower)));
            }
            _ => {}
        }
        None
    }
}

impl TrackPart {
    fn compile(track: &Track, clock: &SampleClock) -> Self {
        let notes: Vec<_> = track.notes().iter().filter(|note| !note.muted).collect();
        let mut spans: Vec<NoteSpan> = notes
            .iter()
            .map(|note| NoteSpan {
                key: note.pitch.get(),
                start: note.start.0,
                end: note.end().0,
                velocity: note.velocity.get(),
            })
            .collect();
        spans.sort_unstable();
        let mut events = Vec::with_capacity(2 * notes.len() + track.controls().len());
        for note in notes {
            let key = note.pitch.get();
            let index = spans.partition_point(|span| (span.key, span.start) < (key, note.start.0));
            let on = clock.nearest_sample(note.start);
            let event = |at, kind, value| Event {
                at,
                kind,
                key,
                value,
                note: index as u32,
            };
            events.push(event(on, EventKind::On, note.velocity.get()));
            let off = clock.nearest_sample(note.end()).max(on + 1);
            events.push(event(off, EventKind::Off, 0));
        }
        let mut lanes: Vec<Lane> = Vec::new();
        let mut parameters = Vec::new();
        let mut followed = Parameters::default();
        for control in track.controls() {
            let (controller, value) = (control.controller.min(127), control.value.min(127));
            let is_drum_bank = track.instrument.drums && matches!(controller, 0 | 32);
            if controller >= 120 || is_drum_bank {
                continue;
            }
            let at = clock.nearest_sample(control.at);
            if let Some((parameter, value)) = followed.take(controller, value) {
                parameters.push((at, parameter, value));
            }
            events.push(Event {
                at,
                kind: EventKind::Control,
                key: controller,
                value,
                note: 0,
            });
            if can_be_chased(controller) {
                match lanes.iter_mut().find(|lane| lane.controller == controller) {
                    Some(lane) => lane.points.push((at, value)),
                    None => lanes.push(Lane {
                        controller,
                        points: vec![(at, value)],
                    }),
                }
            }
        }
        lanes.sort_by_key(|lane| lane.controller);
        let mut bends = Vec::with_capacity(track.bends().len());
        for bend in track.bends() {
            let at = clock.nearest_sample(bend.at);
            let value = (i32::from(bend.value) + i32::from(NO_BEND)).clamp(0, 16_383) as u16;
            bends.push((at, value));
            events.push(Event {
                at,
                kind: EventKind::Bend,
                key: (value & 127) as u8,
                value: (value >> 7) as u8,
                note: 0,
            });
        }
        // Stable: controllers of one sample keep their order.
        events.sort_by_key(|event| (event.at, event.kind));
        Self {
            events,
            notes: spans,
            lanes,
            bends,
            parameters,
        }
    }

    /// The first event at or after `sample`.
    pub fn cursor_at(&self, sample: i64) -> usize {
        self.events.partition_point(|event| event.at < sample)
    }

    /// The value a lane gave `controller` before `sample`, if any did.
    pub fn value_before(&self, controller: u8, sample: i64) -> Option<u8> {
        let lane = self
            .lanes
            .binary_search_by_key(&controller, |lane| lane.controller)
            .ok()
            .and_then(|index| self.lanes.get(index))?;
        let after = lane.points.partition_point(|point| point.0 < sample);
        lane.points
            .get(after.checked_sub(1)?)
            .map(|&(_, value)| value)
    }

    /// How far the pitch wheel is bent before `sample`.
    pub fn bend_before(&self, sample: i64) -> u16 {
        let after = self.bends.partition_point(|bend| bend.0 < sample);
        let last = after.checked_sub(1).and_then(|last| self.bends.get(last));
        last.map_or(NO_BEND, |bend| bend.1)
    }

    /// What data entry made of a registered parameter before `sample`, if it made anything of it.
    pub fn parameter_before(&self, parameter: u8, sample: i64) -> Option<u16> {
        let after = self.parameters.partition_point(|point| point.0 < sample);
        let before = self.parameters.get(..after)?;
        let last = before.iter().rfind(|point| point.1 == parameter)?;
        Some(last.2)
    }

    /// The note of `key` that began before `tick` and goes on for at least `least` ticks after it.
    pub fn held_at(&self, key: u8, tick: f64, least: f64) -> Option<NoteSpan> {
        let after = self
            .notes
            .partition_point(|span| (span.key, span.start as f64) < (key, tick));
        self.notes
            .get(after.checked_sub(1)?)
            .filter(|span| span.key == key && span.end as f64 >= tick + least)
            .copied()
    }

    /// Whether a note of `key` that began at tick `start` sounds at `tick`.
    pub fn holds(&self, key: u8, start: i64, tick: f64) -> bool {
        let index = self
            .notes
            .partition_point(|span| (span.key, span.start) < (key, start));
        self.notes
            .get(index)
            .is_some_and(|span| span.key == key && span.start == start && tick <= span.end as f64)
    }
}

/// One track of a schedule.
#[derive(Debug, Clone)]
pub struct ScheduledTrack {
    /// Which track it is.
    pub id: TrackId,
    /// Which synthesizer plays it.
    pub slot: usize,
    /// Its channel on a MIDI port, 0..=15; `None` where there are not enough ([`port_channels`]).
    pub channel: Option<u8>,
    /// Program or kit.
    pub instrument: Instrument,
    /// Controllers 7, 10, 91 and 93 where no lane says otherwise.
    pub volume: u8,
    /// See `volume`.
    pub pan: u8,
    /// See `volume`.
    pub reverb: u8,
    /// See `volume`.
    pub chorus: u8,
    /// Heard, given mutes and solos.
    pub audible: bool,
    /// Its events.
    pub part: Arc<TrackPart>,
    /// The next event to send; written by the callback alone.
    pub cursor: usize,
}

impl ScheduledTrack {
    /// The value `controller` has before `sample`.
    pub fn controller_before(&self, controller: u8, sample: i64) -> u8 {
        self.part
            .value_before(controller, sample)
            .unwrap_or(match controller {
                7 => self.volume,
                10 => self.pan,
                11 => 127,
                91 => self.reverb,
                93 => self.chorus,
                _ => 0,
            })
    }
}

/// A whole song, ready to be played at one sampling rate.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Ticks to samples.
    pub clock: SampleClock,
    /// Where the beats are.
    pub metre: Arc<MetreMap>,
    /// The tracks, in the order of the song.
    pub tracks: Vec<ScheduledTrack>,
    /// The bar line at or after the last note, in samples; 0 without notes.
    pub end: i64,
    /// The end of the last note, in samples.
    pub last_note_end: i64,
}

impl Schedule {
    /// A song without tracks.
    pub fn empty(rate: u32) -> Self {
        Compiler::new(rate).compile(&Song::default(), |index, _| index)
    }
}

/// The channel of each track on a MIDI port, 0..=15, in the order of the song: drums on the drum channel, all of them,
/// and of the others the first fifteen on the channels from the first on that are left. A port has no more: further
/// tracks are not sent.
pub fn port_channels(song: &Song) -> Vec<Option<u8>> {
    let mut free = (0..16_u8).filter(|channel| *channel != DRUM_CHANNEL);
    song.tracks
        .iter()
        .map(|track| {
            if track.instrument.drums {
                Some(DRUM_CHANNEL)
            } else {
                free.next()
            }
        })
        .collect()
}

/// What is kept of a track for the next compilation.
#[derive(Debug)]
struct Kept {
    track: Arc<Track>,
    part: Arc<TrackPart>,
}

/// Compiles songs, keeping the parts of tracks that did not change.
#[derive(Debug)]
pub struct Compiler {
    rate: u32,
    tempo: Option<Arc<TempoMap>>,
    kept: Vec<Kept>,
}

impl Compiler {
    /// A compiler for `rate` samples a second.
    pub fn new(rate: u32) -> Self {
        Self {
            rate,
            tempo: None,
            kept: Vec::new(),
        }
    }

    /// The schedule of `song`. `slot` names the synthesizer of each track, given its place and itself.
    pub fn compile(
        &mut self,
        song: &Song,
        mut slot: impl FnMut(usize, &Track) -> usize,
    ) -> Schedule {
        let clock = SampleClock::new(&song.tempo, self.rate);
        if self.tempo.as_ref() != Some(&song.tempo) {
            self.kept.clear();
            self.tempo = Some(Arc::clone(&song.tempo));
        }
        let channels = port_channels(song);
        let mut kept = Vec::with_capacity(song.tracks.len());
        let mut tracks = Vec::with_capacity(song.tracks.len());
        for (index, track) in song.tracks.iter().enumerate() {
            let part = match self
                .kept
                .iter()
                .find(|kept| Arc::ptr_eq(&kept.track, track))
            {
                Some(kept) => Arc::clone(&kept.part),
                None => Arc::new(TrackPart::compile(track, &clock)),
            };
            kept.push(Kept {
                track: Arc::clone(track),
                part: Arc::clone(&part),
            });
            tracks.push(ScheduledTrack {
                id: track.id,
                slot: slot(index, track),
                channel: channels.get(index).copied().flatten(),
                instrument: track.instrument,
                volume: track.volume.min(127),
                pan: track.pan.min(127),
                reverb: track.reverb.min(127),
                chorus: track.chorus.min(127),
                audible: song.is_audible(track),
                part,
                cursor: 0,
            });
        }
        self.kept = kept;
        let last = song.end();
        let bar_line = if last > Tick::ZERO {
            song.metre.bar_span(last - Tick(1)).end
        } else {
            Tick::ZERO
        };
        Schedule {
            end: clock.nearest_sample(bar_line),
            last_note_end: clock.nearest_sample(last),
            clock,
            metre: Arc::clone(&song.metre),
            tracks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{ControlChange, Note, Pitch, PitchBend, Role, Velocity};

    fn note(start: i64, duration: i64, key: i32) -> Note {
        Note::new(
            Tick(start),
            Tick(duration),
            Pitch::clamped(key),
            Velocity::DEFAULT,
        )
    }

    fn track(notes: Vec<Note>) -> Track {
        Track::new(TrackId(1), "A", Instrument::pitched(0), Role::Piano).with_notes(notes)
    }

    #[test]
    fn of_one_sample_ends_come_before_controllers_before_onsets() {
        let song = Song::default().with_track(
            track(vec![note(0, 960, 60), note(960, 960, 60)]).with_controls(vec![ControlChange {
                at: Tick(960),
                controller: 64,
                value: 127,
            }]),
        );
        let schedule = Compiler::new(48_000).compile(&song, |index, _| index);
        let shown: Vec<_> = schedule.tracks[0]
            .part
            .events
            .iter()
            .map(|event| (event.at, event.kind))
            .collect();
        assert_eq!(
            shown,
            [
                (0, EventKind::On),
                (24_000, EventKind::Off),
                (24_000, EventKind::Control),
                (24_000, EventKind::On),
                (48_000, EventKind::Off),
            ]
        );
        assert_eq!(schedule.end, 96_000, "the end is the bar line");
    }

    #[test]
    fn a_note_shorter_than_a_sample_still_ends_after_it_began() {
        let song = Song {
            tempo: Arc::new(TempoMap::constant(
                crate::score::Tempo::from_micros_per_quarter(1),
            )),
            ..Song::default()
        }
        .with_track(track(vec![note(0, 1, 60)]));
        let schedule = Compiler::new(44_100).compile(&song, |index, _| index);
        let events = &schedule.tracks[0].part.events;
        assert_eq!(events[0].kind, EventKind::On);
        assert!(events[1].at > events[0].at);
    }

    #[test]
    fn what_did_not_change_is_not_compiled_again() {
        let mut compiler = Compiler::new(48_000);
        let mut second = track(vec![note(0, 10, 61)]);
        second.id = TrackId(2);
        let song = Song::default()
            .with_track(track(vec![note(0, 10, 60)]))
            .with_track(second);
        let first = compiler.compile(&song, |index, _| index);
        let edited = song.with_track(song.tracks[1].with_notes(vec![note(5, 10, 60)]));
        let second = compiler.compile(&edited, |index, _| index);
        assert!(Arc::ptr_eq(&first.tracks[0].part, &second.tracks[0].part));
        assert!(!Arc::ptr_eq(&first.tracks[1].part, &second.tracks[1].part));
    }

    #[test]
    fn controllers_are_found_where_playing_begins() {
        let control = |at, controller, value| ControlChange {
            at: Tick(at),
            controller,
            value,
        };
        let song = Song::default().with_track(track(vec![note(0, 960, 60)]).with_controls(vec![
            control(960, 7, 20),
            control(1920, 7, 30),
            control(0, 101, 5),
        ]));
        let schedule = Compiler::new(48_000).compile(&song, |index, _| index);
        let track = &schedule.tracks[0];
        assert_eq!(track.controller_before(7, 0), 100);
        assert_eq!(track.controller_before(7, 24_001), 20);
        assert_eq!(track.controller_before(7, 1_000_000), 30);
        assert_eq!(track.part.lanes.len(), 1, "a parameter number is no state");
        assert_eq!(
            track.part.held_at(60, 500.0, 100.0).map(|note| note.start),
            Some(0)
        );
        assert_eq!(track.part.held_at(60, 900.0, 100.0), None);
        assert_eq!(track.part.held_at(60, 0.0, 100.0), None);
        assert_eq!(track.part.held_at(61, 500.0, 100.0), None);
        assert!(track.part.holds(60, 0, 500.0));
        assert!(!track.part.holds(60, 1, 500.0));
        assert!(!track.part.holds(60, 0, 961.0));
    }

    #[test]
    fn bends_and_their_range_are_found_where_playing_begins() {
        let control = |at, controller, value| ControlChange {
            at: Tick(at),
            controller,
            value,
        };
        let track = track(vec![note(0, 960, 60)])
            .with_controls(vec![
                control(0, 101, 0),
                control(0, 100, 0),
                control(0, 6, 12),
                control(960, 99, 1),
                control(960, 98, 8),
                control(960, 6, 64),
            ])
            .with_bends(vec![
                PitchBend::new(Tick(480), 8_191),
                PitchBend::new(Tick(960), -8_192),
            ]);
        let schedule = Compiler::new(48_000).compile(&Song::default().with_track(track), |i, _| i);
        let part = &schedule.tracks[0].part;
        assert_eq!(part.bend_before(12_000), NO_BEND);
        assert_eq!(part.bend_before(12_001), 16_383);
        assert_eq!(part.bend_before(96_000), 0);
        assert_eq!(part.parameter_before(0, 0), None);
        assert_eq!(part.parameter_before(0, 96_000), Some(12 << 7));
        assert_eq!(part.parameter_before(1, 96_000), None);
        let sent: Vec<_> = (part.events.iter())
            .filter(|event| event.kind == EventKind::Bend)
            .map(|event| (event.at, event.key, event.value))
            .collect();
        assert_eq!(sent, [(12_000, 127, 127), (24_000, 0, 0)]);
    }

    #[test]
    fn muted_notes_are_silent() {
        let mut silent = note(0, 960, 60);
        silent.muted = true;
        let song = Song::default().with_track(track(vec![silent]));
        let schedule = Compiler::new(48_000).compile(&song, |index, _| index);
        assert!(schedule.tracks[0].part.events.is_empty());
    }

    #[test]
    fn drums_go_to_the_drum_channel_and_the_seventeenth_voice_to_none() {
        let mut song = Song::default();
        for id in 1..=18 {
            let instrument = if id == 3 {
                Instrument::DRUMS
            } else {
                Instrument::pitched(id as u8)
            };
            song = song.with_track(Track::new(TrackId(id), "A", instrument, Role::Piano));
        }
        let channels = port_channels(&song);
        assert_eq!(channels[..4], [Some(0), Some(1), Some(9), Some(2)]);
        assert_eq!(channels[10..13], [Some(10), Some(11), Some(12)]);
        assert_eq!(channels[15..], [Some(15), None, None]);
    }
}
