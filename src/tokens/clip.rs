//! A stretch of music on the grid of sixteenths: everything that the theme vocabulary can say, and nothing else.

use std::ops::Range;
use std::sync::Arc;

use super::theme_vocab::{MAX_DURATION, MAX_VELOCITY, STEPS_PER_BAR, Voice, nearest_tempo};
use crate::measure::fragment::Fragment;
use crate::score::{
    Instrument, Note, Pitch, Role, Song, Span, Tempo, TempoChange, TempoMap, ThemeKind,
    ThemeRegion, Tick, Track, TrackId, Velocity,
};

/// The name of the track that the published files use to mark theme regions; it holds no music.
pub const THEME_INFO_TRACK: &str = "Theme info track";

/// A note on the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClipNote {
    /// Who plays it.
    pub voice: Voice,
    /// Onset in steps from the beginning of the clip.
    pub step: u32,
    /// Length in steps, 1..=64.
    pub length: u8,
    /// MIDI pitch, 1..=127.
    pub pitch: u8,
    /// MIDI velocity, 1..=126.
    pub velocity: u8,
}

impl ClipNote {
    /// The order in which notes are written: time, voice, high pitch first.
    pub(crate) fn order(self) -> (u32, Voice, u8) {
        (self.step, self.voice, 127 - self.pitch.min(127))
    }
}

/// A tempo on the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClipTempo {
    /// Where it begins, in steps.
    pub step: u32,
    /// Beats per minute of a tempo token.
    pub bpm: u8,
}

/// Music of whole 4/4 bars on the grid.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clip {
    /// Number of bars.
    pub bars: u32,
    /// Notes in the order in which they are written.
    pub notes: Vec<ClipNote>,
    /// Tempo changes in order of time.
    pub tempos: Vec<ClipTempo>,
    /// Theme regions as ranges of bars, in order, not overlapping.
    pub themes: Vec<Range<u32>>,
}

/// Which tracks of a song are which voice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Voices {
    /// The melody.
    pub melody: Option<TrackId>,
    /// The second line.
    pub bridge: Option<TrackId>,
    /// The accompaniment.
    pub piano: Option<TrackId>,
}

impl Voices {
    /// Finds the voices by the published track names, else by role; drums and the theme info track are none.
    pub fn of(song: &Song) -> Self {
        let pitched = || {
            song.tracks
                .iter()
                .filter(|track| !track.instrument.drums && track.name != THEME_INFO_TRACK)
        };
        let named = |name: &str| {
            pitched()
                .find(|track| track.name.trim().eq_ignore_ascii_case(name))
                .map(|track| track.id)
        };
        let bridge = named("BRIDGE");
        let with_role = |role: Role, taken: Option<TrackId>| {
            pitched()
                .filter(|track| Some(track.id) != taken && Some(track.id) != bridge)
                .find(|track| track.role == role && !track.notes().is_empty())
                .map(|track| track.id)
        };
        let piano_named = named("PIANO");
        let melody = named("MELODY")
            .or_else(|| with_role(Role::Melody, piano_named))
            .or_else(|| {
                pitched()
                    .find(|track| Some(track.id) != piano_named && !track.notes().is_empty())
                    .map(|track| track.id)
            });
        let piano = piano_named.or_else(|| with_role(Role::Piano, melody));
        Self {
            melody,
            bridge,
            piano,
        }
    }

    /// The voices that are there, with their tracks.
    pub fn tracks(self, song: &Song) -> impl Iterator<Item = (Voice, &Arc<Track>)> {
        [
            (Voice::Melody, self.melody),
            (Voice::Bridge, self.bridge),
            (Voice::Piano, self.piano),
        ]
        .into_iter()
        .filter_map(move |(voice, id)| Some((voice, song.track(id?)?)))
    }
}

impl Clip {
    /// The audible notes of `voices` that begin inside `span`, floored to the grid from `span.start` on.
    ///
    /// Onsets and ends are floored to sixteenths; a note is at least one step and at most 64 steps long. The clip has
    /// as many whole bars as the span needs. Theme regions of the song are not taken over; its tempo is, at step 0.
    pub fn from_song(song: &Song, voices: Voices, span: Span) -> Self {
        let mut clip = Self {
            bars: u32::try_from(
                span.length()
                    .ceil_to(bar_ticks())
                    .0
                    .div_euclid(bar_ticks().0),
            )
            .unwrap_or(0),
            tempos: vec![ClipTempo {
                step: 0,
                bpm: nearest_tempo(song.tempo.tempo_at(span.start).bpm()),
            }],
            ..Self::default()
        };
        for (voice, track) in voices.tracks(song) {
            clip.notes.extend(
                track
                    .notes_starting_in(span)
                    .iter()
                    .filter(|note| !note.muted && note.pitch.get() > 0)
                    .map(|note| on_grid(note, voice, span.start)),
            );
        }
        clip.sort();
        clip
    }

    /// Puts notes and tempos into the order in which they are written, and keeps one note of a voice and pitch at a
    /// step (the longest; its loudest velocity).
    pub fn sort(&mut self) {
        self.notes.sort_by_key(|note| note.order());
        self.notes.dedup_by(|next, kept| {
            let same = next.order() == kept.order();
            if same {
                kept.length = kept.length.max(next.length);
                kept.velocity = kept.velocity.max(next.velocity);
            }
            same
        });
        self.tempos.sort_by_key(|tempo| tempo.step);
        self.themes.sort_by_key(|theme| theme.start);
    }

    /// The bars `range`, moved to the beginning; theme regions are cut to it.
    #[must_use]
    pub fn bars_of(&self, range: Range<u32>) -> Self {
        let steps = range.start * STEPS_PER_BAR..range.end * STEPS_PER_BAR;
        Self {
            bars: range.end.saturating_sub(range.start),
            notes: self
                .notes
                .iter()
                .filter(|note| steps.contains(&note.step))
                .map(|note| ClipNote {
                    step: note.step - steps.start,
                    ..*note
                })
                .collect(),
            tempos: self
                .tempos
                .iter()
                .filter(|tempo| steps.contains(&tempo.step))
                .map(|tempo| ClipTempo {
                    step: tempo.step - steps.start,
                    ..*tempo
                })
                .collect(),
            themes: self
                .themes
                .iter()
                .map(|theme| {
                    theme.start.clamp(range.start, range.end) - range.start
                        ..theme.end.clamp(range.start, range.end) - range.start
                })
                .filter(|theme| !theme.is_empty())
                .collect(),
        }
    }

    /// Its melody.
    pub fn melody(&self) -> Fragment {
        let mut line: Vec<(i64, i32)> = (self.notes.iter())
            .filter(|note| note.voice == Voice::Melody)
            .map(|note| (i64::from(note.step), i32::from(note.pitch)))
            .collect();
        line.sort_unstable();
        Fragment::of_line(&line)
    }

    /// As a song from tick 0: a MELODY track, a PIANO track, BRIDGE only if it has notes; theme regions are
    /// returns on the melody. Without a tempo of its own the clip gets `tempo`.
    pub fn to_song(&self, tempo: Tempo) -> Song {
        let mut song = Song::default();
        let tracks = [
            (TrackId(1), Voice::Melody, Role::Melody),
            (TrackId(2), Voice::Piano, Role::Piano),
            (TrackId(3), Voice::Bridge, Role::Melody),
        ];
        for (id, voice, role) in tracks {
            let notes: Vec<Note> = self
                .notes
                .iter()
                .filter(|note| note.voice == voice)
                .map(|note| {
                    Note::new(
                        step_ticks(note.step),
                        step_ticks(u32::from(note.length)),
                        Pitch::clamped(i32::from(note.pitch)),
                        Velocity::clamped(i32::from(note.velocity)),
                    )
                })
                .collect();
            if voice == Voice::Bridge && notes.is_empty() {
                continue;
            }
            song.tracks.push(Arc::new(
                Track::new(id, voice.to_string(), Instrument::pitched(0), role).with_notes(notes),
            ));
        }
        song.tempo = Arc::new(if self.tempos.is_empty() {
            TempoMap::constant(tempo)
        } else {
            TempoMap::new(
                self.tempos
                    .iter()
                    .map(|change| TempoChange {
                        at: step_ticks(change.step),
                        tempo: Tempo::from_bpm(f64::from(change.bpm)),
                    })
                    .collect(),
            )
        });
        song.themes = self
            .themes
            .iter()
            .map(|bars| ThemeRegion {
                span: Span::new(
                    step_ticks(bars.start * STEPS_PER_BAR),
                    step_ticks(bars.end * STEPS_PER_BAR),
                ),
                track: TrackId(1),
                kind: ThemeKind::Return,
            })
            .collect();
        song
    }
}

/// The tick at which a step begins.
pub fn step_ticks(step: u32) -> Tick {
    Tick::SIXTEENTH * i64::from(step)
}

/// Ticks in a bar of the grid.
pub fn bar_ticks() -> Tick {
    step_ticks(STEPS_PER_BAR)
}

pub(crate) fn on_grid(note: &Note, voice: Voice, origin: Tick) -> ClipNote {
    let start = (note.start - origin).floor_to(Tick::SIXTEENTH);
    let end = (note.end() - origin).floor_to(Tick::SIXTEENTH);
    let steps = (end - start).0 / Tick::SIXTEENTH.0;
    ClipNote {
        voice,
        step: u32::try_from(start.0 / Tick::SIXTEENTH.0).unwrap_or(0),
        length: steps.clamp(1, i64::from(MAX_DURATION)) as u8,
        pitch: note.pitch.get().max(1),
        velocity: note.velocity.get().clamp(1, MAX_VELOCITY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn song() -> Song {
        let note = |start, length, pitch| {
            Note::new(
                Tick(start),
                Tick(length),
                Pitch::clamped(pitch),
                Velocity::clamped(127),
            )
        };
        Song::default()
            .with_track(
                Track::new(TrackId(5), "Lead", Instrument::pitched(73), Role::Melody).with_notes(
                    vec![
                        note(3840, 480, 60),
                        note(3840 + 250, 100, 64),
                        note(3840 + 3839, 5000, 67),
                    ],
                ),
            )
            .with_track(
                Track::new(TrackId(6), "Keys", Instrument::pitched(0), Role::Piano)
                    .with_notes(vec![note(3840, 100_000, 48)]),
            )
    }

    #[test]
    fn notes_are_floored_to_the_grid_of_the_span() {
        let song = song();
        let clip = Clip::from_song(
            &song,
            Voices::of(&song),
            Span::new(Tick(3840), Tick(3 * 3840)),
        );
        let shown: Vec<_> = clip
            .notes
            .iter()
            .map(|n| (n.voice, n.step, n.length, n.pitch, n.velocity))
            .collect();
        assert_eq!(
            shown,
            [
                (Voice::Melody, 0, 2, 60, 126),
                (Voice::Piano, 0, 64, 48, 126),
                (Voice::Melody, 1, 1, 64, 126),
                (Voice::Melody, 15, 21, 67, 126),
            ]
        );
        assert_eq!((clip.bars, clip.tempos[0].bpm), (2, 119));
    }

    #[test]
    fn voices_are_found_by_name_then_by_role() {
        let song = song();
        assert_eq!(
            Voices::of(&song),
            Voices {
                melody: Some(TrackId(5)),
                bridge: None,
                piano: Some(TrackId(6))
            }
        );
        let named = song.with_track(
            Track::new(TrackId(7), "MELODY", Instrument::pitched(0), Role::Piano)
                .with_notes(vec![]),
        );
        assert_eq!(Voices::of(&named).melody, Some(TrackId(7)));
        assert_eq!(Voices::of(&named).piano, Some(TrackId(6)));
    }

    #[test]
    fn bars_are_cut_out_with_their_regions() {
        let clip = Clip {
            bars: 4,
            notes: vec![ClipNote {
                voice: Voice::Melody,
                step: 40,
                length: 3,
                pitch: 60,
                velocity: 80,
            }],
            tempos: vec![],
            themes: vec![0..1, 2..4],
        };
        let cut = clip.bars_of(1..3);
        assert_eq!((cut.bars, cut.notes[0].step), (2, 24));
        assert_eq!(cut.themes.first(), Some(&(1..2)));
        assert_eq!(cut.themes.len(), 1);
        assert_eq!((cut.melody().notes(), cut.melody().moves().len()), (1, 0));
    }
}
