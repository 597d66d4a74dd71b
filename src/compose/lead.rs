//! What stands before the bars that are written, and what stays as it is within them.

use std::ops::Range;

use super::Theme;
use super::place::overlay;
use crate::score::{Metre, Note, Song, Span, Tempo, ThemeKind, Tick, TrackId};
use crate::tokens::clip::{Clip, ClipNote, Voices, bar_ticks, on_grid};
use crate::tokens::grammar::Fixed;
use crate::tokens::theme::encode;
use crate::tokens::theme_vocab::{Id, STEPS_PER_BAR, THEME_START, Token, Voice};

/// Most bars before the new ones that the network is given; what does not fit into its context is left out there.
const MOST_BARS: u32 = 16;
/// Bars of a bare melody to which an accompaniment is written before it goes on.
const BARE_BARS: u32 = 4;

/// Notes of a song that stay as they are within the new bars, at their places from the first of those.
pub(crate) type Kept = Vec<(Voice, Note)>;

/// The bars before the new ones. Bars and steps count from the first of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lead {
    /// The music, with its theme regions. A region that goes on in the new bars ends later than the music.
    pub(crate) clip: Clip,
    /// Whether both voices are given. Otherwise the melody is, and the network writes its accompaniment first: it has hardly
    /// seen music go on from a bare line.
    pub(crate) is_given: bool,
    /// What the new bars have in any case.
    pub(crate) fixed: Fixed,
}

impl Lead {
    /// The theme itself, as the first thing there is.
    pub(crate) fn theme(theme: &Theme, with_piano: bool) -> Self {
        let clip = Clip {
            tempos: Vec::new(),
            themes: std::iter::once(0..theme.clip.bars).collect(),
            ..theme.clip.clone()
        };
        Self {
            clip,
            is_given: true,
            fixed: Fixed::default(),
        }
        .accompanied_first(with_piano)
    }

    /// The bars of 4/4 before bar `bar` of a song, from their first note on. `None` where nothing sounds in them.
    ///
    /// Theme regions of the melody are labelled: the theme, its returns, and painted bars that hold notes.
    pub(crate) fn before(song: &Song, voices: Voices, bar: u32, with_piano: bool) -> Option<Self> {
        let end = song.metre.bar_start(bar);
        let is_common = |bar: &u32| {
            let start = song.metre.bar_start(*bar);
            song.metre.bar_start(bar + 1) - start == Metre::COMMON.bar()
        };
        let first = (bar.saturating_sub(MOST_BARS)..bar)
            .rev()
            .take_while(is_common)
            .last()?;
        let whole = Clip::from_song(song, voices, Span::new(song.metre.bar_start(first), end));
        let silent = whole.notes.first()?.step / STEPS_PER_BAR;
        let mut clip = whole.bars_of(silent..whole.bars);
        clip.tempos.clear();
        let first = first + silent;
        clip.themes = (marked(song, voices.melody).into_iter())
            .filter(|(_, region)| region.start < bar && first < region.end)
            .map(|(kind, region)| {
                // What goes on from the middle of the theme is something else, unless the theme is asked for.
                let end = match kind {
                    ThemeKind::Theme | ThemeKind::Return => region.end.min(bar),
                    ThemeKind::Painted => region.end,
                };
                region.start.max(first) - first..end - first
            })
            .collect();
        Some(
            Self {
                clip,
                is_given: true,
                fixed: Fixed::default(),
            }
            .accompanied_first(with_piano),
        )
    }

    /// No bars at all: the new ones begin the music.
    pub(crate) fn nothing() -> Self {
        Self {
            clip: Clip::default(),
            is_given: true,
            fixed: Fixed::default(),
        }
    }

    /// How many bars there are.
    pub(crate) fn bars(&self) -> u32 {
        self.clip.bars
    }

    /// Lets the network accompany a bare melody before it goes on, if it is to accompany at all.
    fn accompanied_first(mut self, with_piano: bool) -> Self {
        let is_bare = (self.clip.notes.iter()).all(|note| note.voice == Voice::Melody);
        if with_piano && is_bare {
            let themes = std::mem::take(&mut self.clip.themes);
            let from = self.bars().saturating_sub(BARE_BARS);
            self.clip = self.clip.bars_of(from..self.bars());
            self.clip.themes = themes
                .into_iter()
                .filter(|region| region.end > from)
                .map(|region| region.start.max(from) - from..region.end - from)
                .collect();
            self.is_given = false;
            self.fixed = Fixed::voice(Voice::Melody, 0..self.bars(), self.clip.notes.clone());
        }
        self
    }

    /// What is written before the first token is drawn.
    pub(crate) fn prefix(&self, bpm: u8) -> Vec<Id> {
        let mut prefix = vec![Token::Tempo(bpm).id()];
        if self.is_given {
            prefix.extend(encode(&self.clip));
        } else if self.clip.themes.iter().any(|region| region.start == 0) {
            prefix.push(THEME_START);
        }
        prefix
    }

    /// The theme regions that the grammar has to lead to their ends.
    pub(crate) fn open_regions(&self) -> Vec<Range<u32>> {
        let is_open = |region: &&Range<u32>| !self.is_given || region.end > self.bars();
        self.clip.themes.iter().filter(is_open).cloned().collect()
    }

    /// Has the new bars hold these notes.
    pub(crate) fn keep(&mut self, kept: &Kept) {
        let first = self.bars() * STEPS_PER_BAR;
        let fixed = kept.iter().map(|(voice, note)| {
            let note = covering(note, *voice);
            ClipNote {
                step: note.step + first,
                ..note
            }
        });
        self.fixed.notes.extend(fixed);
    }

    /// Has the `bars` new bars hold no other notes of a voice than those that are kept.
    pub(crate) fn close(&mut self, voice: Voice, bars: u32) {
        let closed = &mut self.fixed.closed[voice as usize];
        if closed.start >= closed.end {
            closed.start = self.clip.bars;
        }
        closed.end = self.clip.bars + bars;
    }
}

/// A kept note on the grid, with every step in which it sounds: nothing else of its line may begin there.
fn covering(note: &Note, voice: Voice) -> ClipNote {
    let end = note.end().ceil_to(Tick::SIXTEENTH);
    let whole = Note {
        duration: end - note.start,
        ..*note
    };
    on_grid(&whole, voice, Tick::ZERO)
}

/// The theme regions of a melody in bars of the song: the theme, its returns, and painted bars that hold notes. They do not
/// overlap: of two that do, the earlier one counts.
pub(crate) fn marked(song: &Song, melody: Option<TrackId>) -> Vec<(ThemeKind, Range<u32>)> {
    let Some(track) = melody.and_then(|id| song.track(id)) else {
        return Vec::new();
    };
    let mut found: Vec<_> = (song.themes.iter())
        .filter(|region| region.track == track.id && !region.span.is_empty())
        .filter(|region| {
            region.kind != ThemeKind::Painted || !track.notes_starting_in(region.span).is_empty()
        })
        .map(|region| {
            let last = song.metre.bar_at(region.span.end - Tick(1));
            (region.kind, song.metre.bar_at(region.span.start)..last + 1)
        })
        .collect();
    found.sort_by_key(|(_, bars)| bars.start);
    found.dedup_by(|(_, next), (_, kept)| next.start < kept.end);
    found
}

/// The audible notes of a voice that begin in `span` and are `wanted`, from the beginning of the span.
pub(crate) fn kept(
    song: &Song,
    voices: Voices,
    span: Span,
    wanted: impl Fn(Voice, &Note) -> bool,
) -> Kept {
    voices
        .tracks(song)
        .flat_map(|(voice, track)| {
            let notes = track.notes_starting_in(span).iter();
            notes.map(move |note| (voice, note))
        })
        .filter(|(voice, note)| !note.muted && note.pitch.get() > 0 && wanted(*voice, note))
        .map(|(voice, note)| {
            let start = note.start - span.start;
            (voice, Note { start, ..*note })
        })
        .collect()
}

/// A clip as a song, in which the notes that were kept are as they were, to the tick.
pub(crate) fn with_kept(clip: &Clip, kept: &Kept, tempo: Tempo) -> Song {
    let end = bar_ticks() * i64::from(clip.bars);
    let there = || kept.iter().filter(|(_, note)| note.start < end);
    let fixed: Vec<ClipNote> = there()
        .map(|(voice, note)| covering(note, *voice))
        .collect();
    let mut free = clip.clone();
    free.notes.retain(|note| !fixed.contains(note));
    let mut song = free.to_song(tempo);
    for voice in [Voice::Melody, Voice::Piano] {
        let own: Vec<Note> = there()
            .filter(|(of, _)| *of == voice)
            .map(|(_, note)| *note)
            .collect();
        if own.is_empty() {
            continue;
        }
        let id = clip_track(voice);
        if let Some(track) = song.track(id).cloned() {
            let notes = overlay(own, track.notes().iter().copied());
            song = song.with_track(track.with_notes(notes));
        }
    }
    song
}

/// The track of a clip that plays a voice.
pub(crate) fn clip_track(voice: Voice) -> TrackId {
    TrackId(match voice {
        Voice::Melody => 1,
        Voice::Piano => 2,
        Voice::Bridge => 3,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::score::{Instrument, Pitch, Role, ThemeRegion, Track, Velocity};

    fn note(start: i64, length: i64, pitch: i32) -> Note {
        Note::new(
            Tick(start),
            Tick(length),
            Pitch::clamped(pitch),
            Velocity::DEFAULT,
        )
    }

    /// A melody on every bar of bars 2 to 6, the piano in bars 4 to 6.
    fn song() -> Song {
        let line = |from: i64, pitch| (from..6).map(|bar| note(bar * 3840, 960, pitch)).collect();
        let piano = Instrument::pitched(0);
        Song::default()
            .with_track(Track::new(TrackId(1), "A", piano, Role::Melody).with_notes(line(1, 72)))
            .with_track(Track::new(TrackId(2), "B", piano, Role::Piano).with_notes(line(3, 48)))
    }

    fn region(from: i64, to: i64, kind: ThemeKind) -> ThemeRegion {
        ThemeRegion {
            span: Span::new(Tick(from * 3840), Tick(to * 3840)),
            track: TrackId(1),
            kind,
        }
    }

    #[test]
    fn the_bars_before_begin_with_their_first_note() {
        let mut song = song();
        song.themes = vec![
            region(1, 3, ThemeKind::Theme),
            region(4, 6, ThemeKind::Painted),
            region(8, 10, ThemeKind::Painted),
        ];
        let voices = Voices::of(&song);
        let lead = Lead::before(&song, voices, 5, true).unwrap();
        // Bars 2 to 5, the painted return of bars 5 and 6 open at the end.
        assert_eq!((lead.bars(), lead.is_given), (4, true));
        assert_eq!(lead.clip.themes, [0..2, 3..5]);
        assert_eq!(
            lead.open_regions(),
            std::iter::once(3..5).collect::<Vec<_>>()
        );
        let tokens = lead.prefix(119);
        let count = |token: Token| tokens.iter().filter(|id| **id == token.id()).count();
        assert_eq!((count(Token::Bar), count(Token::ThemeStart)), (4, 2));
        assert_eq!(count(Token::ThemeEnd), 1);
        song.themes[1].kind = ThemeKind::Return;
        let cut = Lead::before(&song, voices, 5, true).unwrap();
        assert_eq!(cut.clip.themes, [0..2, 3..4]);
        assert!(cut.open_regions().is_empty());
        assert_eq!(Lead::before(&song, voices, 1, true), None, "nothing sounds");
        assert_eq!(Lead::before(&song, voices, 0, true), None);
    }

    #[test]
    fn a_bare_melody_is_accompanied_first() {
        let song = song();
        let voices = Voices {
            piano: None,
            ..Voices::of(&song)
        };
        let lead = Lead::before(&song, voices, 6, true).unwrap();
        assert_eq!((lead.bars(), lead.is_given), (4, false));
        assert_eq!(lead.fixed.notes.len(), 4);
        assert!(lead.fixed.is_closed(Voice::Melody, 3) && !lead.fixed.is_closed(Voice::Melody, 4));
        assert_eq!(lead.prefix(119).len(), 1);
        let alone = Lead::before(&song, voices, 6, false).unwrap();
        assert_eq!((alone.bars(), alone.is_given), (5, true));
    }

    #[test]
    fn kept_notes_come_back_to_the_tick() {
        let off_grid = Note {
            locked: true,
            ..note(7, 1000, 64)
        };
        let kept: Kept = vec![
            (Voice::Melody, off_grid),
            (Voice::Piano, note(3840, 10, 50)),
        ];
        let mut lead = Lead::before(&song(), Voices::of(&song()), 6, true).unwrap();
        lead.keep(&kept);
        lead.close(Voice::Piano, 2);
        assert_eq!(lead.fixed.notes[0].step, 5 * 16);
        assert!(lead.fixed.is_closed(Voice::Piano, 6) && !lead.fixed.is_closed(Voice::Piano, 7));
        let written = Clip {
            bars: 1,
            notes: vec![
                covering(&off_grid, Voice::Melody),
                on_grid(&note(240, 2000, 64), Voice::Melody, Tick::ZERO),
                on_grid(&note(1920, 240, 65), Voice::Melody, Tick::ZERO),
            ],
            ..Clip::default()
        };
        let song = with_kept(&written, &kept, Tempo::default());
        // The second note lay under the locked one; the piano's belongs to the second bar, which is not written yet.
        assert_eq!(song.tracks[0].notes(), [off_grid, note(1920, 240, 65)]);
        assert!(song.tracks[1].notes().is_empty());
    }
}
