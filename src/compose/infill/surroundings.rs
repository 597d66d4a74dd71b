//! What stands around the bars that are written, as the network takes it.

use std::ops::Range;

use super::error::InfillError;
use super::likelihood::Judged;
use super::{FillVoices, InfillSettings};
use crate::compose::band::span_of;
use crate::compose::lead::{Kept, Lead, kept, marked};
use crate::compose::settings::last_phrase;
use crate::compose::{ContinueSettings, Returns, Steering, Theme};
use crate::score::{Key, Metre, Song, Span, ThemeKind, Tick, TrackId};
use crate::tokens::clip::{Clip, ClipNote, Voices};
use crate::tokens::theme::encode;
use crate::tokens::theme_vocab::{BAR, STEPS_PER_BAR, THEME_START, Token, Voice, nearest_tempo};

/// Bars behind the new ones that are looked at.
const BARS_AFTER: u32 = 4;

/// Bars between others keep to their key and recite nothing. How dense they are, where phrases end and when the theme returns, what
/// stands around says.
const STEERING: Steering = Steering {
    key: 0.1,
    memory: true,
    ..Steering::NONE
};

/// The bars that are written, what stands around them, and what stays within them.
pub(super) struct Surroundings {
    /// The tracks that play the voices.
    pub(super) voices: Voices,
    /// Which voices are written: those that were asked for and have a track.
    pub(super) written: FillVoices,
    /// Where the new bars stand.
    pub(super) span: Span,
    /// What the encoder reads.
    pub(super) theme: Theme,
    /// The bars before, and what stays within the new ones.
    pub(super) lead: Lead,
    /// The notes that stay within the new bars.
    pub(super) kept: Kept,
    /// The new bars as they are now.
    pub(super) now: Clip,
    /// The bars behind, from their first one; none where nothing sounds there.
    pub(super) after: Clip,
    /// Bars, counted from the first new one, in which the theme must stand. Some end behind the new bars.
    painted: Vec<Range<u32>>,
    /// Theme regions behind the new bars, counted from the first of those behind.
    later: Vec<Range<u32>>,
    /// The key of what stands around.
    pub(super) key: Option<Key>,
}

impl Surroundings {
    pub(super) fn of(song: &Song, settings: &InfillSettings) -> Result<Self, InfillError> {
        let bars = settings.bars.clone();
        let span = span_of(song, &bars)?;
        let count = bars.end - bars.start;
        if count > InfillSettings::MAX_BARS {
            return Err(InfillError::TooMany(count, InfillSettings::MAX_BARS));
        }
        let voices = voices(song, settings);
        let written = written(song, voices, settings.voices)?;
        let behind = bars_after(song, bars.end);
        let after = Clip::from_song(song, voices, behind);
        let after = match after.notes.last() {
            Some(last) => after.bars_of(0..last.step / STEPS_PER_BAR + 1),
            None => Clip::default(),
        };
        let before = Lead::before(song, voices, bars.start, written.piano());
        if before.is_none() && after.notes.is_empty() {
            return Err(InfillError::Nothing);
        }
        let mut lead = before.unwrap_or_else(Lead::nothing);
        let stays = |voice, locked| {
            locked
                || match voice {
                    Voice::Melody => !written.melody(),
                    Voice::Bridge => true,
                    Voice::Piano => !written.piano(),
                }
        };
        let kept = kept(song, voices, span, |voice, note| stays(voice, note.locked));
        lead.keep(&kept);
        for voice in [Voice::Melody, Voice::Piano] {
            if stays(voice, false) {
                lead.close(voice, count);
            }
        }
        let first = bars.start - lead.bars();
        let around = [
            Span::new(song.metre.bar_start(first), span.start),
            Span::new(span.end, behind.end),
        ];
        let notes = around.iter().flat_map(|span| {
            let tracks = voices.tracks(song);
            tracks.flat_map(move |(_, track)| track.notes_starting_in(*span))
        });
        let key = song.key.or_else(|| Key::detect(notes));
        let mut theme = source(song, voices, &bars)?;
        theme.bpm = nearest_tempo(song.tempo.tempo_at(span.start).bpm());
        theme.key = key;
        let marked = marked(song, voices.melody);
        let later = (marked.iter())
            .filter(|(_, region)| region.start >= bars.end)
            .map(|(_, region)| region.start - bars.end..region.end - bars.end)
            .collect();
        Ok(Self {
            now: Clip::from_song(song, voices, span),
            painted: painted(song, &bars),
            voices,
            written,
            span,
            theme,
            lead,
            kept,
            after,
            later,
            key,
        })
    }

    /// How many bars are written.
    pub(super) fn bars(&self) -> u32 {
        self.now.bars
    }

    /// The same request in the words of a continuation that never returns to the theme of its own accord.
    pub(super) fn continuation(&self, settings: &InfillSettings) -> ContinueSettings {
        ContinueSettings {
            track: self.theme.melody,
            accompaniment: self.voices.piano,
            from: Some(settings.bars.start),
            bars: self.bars(),
            temperature: settings.temperature,
            top_p: settings.top_p,
            top_k: settings.top_k,
            scale: settings.scale,
            painted: self.painted.clone(),
            returns: Returns::Painted,
            piano: self.voices.piano.is_some(),
            settled: false,
            likeness: 0.0,
            steering: STEERING,
            ..ContinueSettings::default()
        }
    }

    /// Everything from the first bar before to the last one behind with `new` in between, to be judged by what stands behind.
    pub(super) fn with(&self, new: &Clip) -> Judged {
        let (lead, bars) = (self.lead.bars(), self.bars());
        let moved = |notes: &[ClipNote], by: u32| -> Vec<ClipNote> {
            let step = |note: &ClipNote| note.step + by * STEPS_PER_BAR;
            (notes.iter())
                .map(|note| ClipNote {
                    step: step(note),
                    ..*note
                })
                .collect()
        };
        let mut whole = Clip {
            bars: lead + bars + self.after.bars,
            notes: self.lead.clip.notes.clone(),
            tempos: Vec::new(),
            themes: self.lead.clip.themes.clone(),
        };
        whole.notes.extend(moved(&new.notes, lead));
        whole.notes.extend(moved(&self.after.notes, lead + bars));
        let inside = (self.painted.iter()).map(|region| region.start + lead..region.end + lead);
        let behind = lead + bars;
        let later = (self.later.iter()).map(|region| region.start + behind..region.end + behind);
        for region in inside.chain(later) {
            if whole
                .themes
                .last()
                .is_none_or(|last| last.end <= region.start)
            {
                whole.themes.push(region);
            }
        }
        whole.sort();
        let mut tokens = vec![Token::Tempo(self.theme.bpm).id()];
        tokens.extend(encode(&whole));
        let mut bar_lines = (0..tokens.len()).filter(|place| tokens.get(*place) == Some(&BAR));
        let line = bar_lines.nth(behind as usize).unwrap_or(tokens.len());
        let opens = line > 0 && tokens.get(line - 1) == Some(&THEME_START);
        Judged {
            from: line - usize::from(opens),
            tokens,
        }
    }
}

/// The tracks of melody and piano.
fn voices(song: &Song, settings: &InfillSettings) -> Voices {
    let found = Voices::of(song);
    let there = |id: &TrackId| song.track(*id).is_some();
    let melody = settings.melody.filter(there).or(found.melody);
    let melody = melody.filter(|id| Some(*id) != settings.piano);
    let piano = settings.piano.filter(there).or(found.piano);
    Voices {
        melody,
        bridge: None,
        piano: piano.filter(|id| Some(*id) != melody),
    }
}

/// The voices that were asked for and have a track that may be written.
fn written(song: &Song, voices: Voices, wanted: FillVoices) -> Result<FillVoices, InfillError> {
    let written = match (wanted, voices.melody, voices.piano) {
        (_, None, None) => return Err(InfillError::Nothing),
        (FillVoices::Both, Some(_), None) => FillVoices::Melody,
        (FillVoices::Both, None, Some(_)) => FillVoices::Piano,
        (FillVoices::Melody, None, _) => return Err(InfillError::NoVoice("melody")),
        (FillVoices::Piano, _, None) => return Err(InfillError::NoVoice("piano")),
        (wanted, ..) => wanted,
    };
    for (id, is_written) in [
        (voices.melody, written.melody()),
        (voices.piano, written.piano()),
    ] {
        let track = id.filter(|_| is_written).and_then(|id| song.track(id));
        if let Some(track) = track.filter(|track| track.locked) {
            return Err(InfillError::Locked(track.name.clone()));
        }
    }
    Ok(written)
}

/// The bars of 4/4 from bar `first` on that are looked at.
fn bars_after(song: &Song, first: u32) -> Span {
    let is_common = |bar: &u32| {
        let start = song.metre.bar_start(*bar);
        song.metre.bar_start(bar + 1) - start == Metre::COMMON.bar()
    };
    let count = (first..first + BARS_AFTER).take_while(is_common).count() as u32;
    Span::new(
        song.metre.bar_start(first),
        song.metre.bar_start(first + count),
    )
}

/// The marked theme; else the last phrase before the bars, or the first one behind them.
fn source(song: &Song, voices: Voices, bars: &Range<u32>) -> Result<Theme, InfillError> {
    let settings = |track, theme| ContinueSettings {
        theme,
        track,
        accompaniment: voices.piano,
        ..ContinueSettings::default()
    };
    if let Some(marked) = song.theme()
        && let Ok(theme) = Theme::of(song, &settings(marked.track, marked.span))
    {
        return Ok(theme);
    }
    let lines = [voices.melody, voices.piano].into_iter().flatten();
    let mut phrases = lines
        .filter_map(|id| song.track(id))
        .filter_map(|track| {
            let behind = || {
                let first = song.metre.bar_start(bars.end);
                let from = track.notes().partition_point(|note| note.start < first);
                let note = track.notes().get(from..)?.iter().find(|note| !note.muted)?;
                let bar = song.metre.bar_at(note.start);
                Some(Span::new(
                    song.metre.bar_start(bar),
                    song.metre.bar_start(bar + 2),
                ))
            };
            Some((
                track.id,
                last_phrase(track, song, bars.start).or_else(behind)?,
            ))
        })
        .filter_map(|(track, span)| Theme::of(song, &settings(track, span)).ok());
    phrases.next().ok_or(InfillError::Nothing)
}

/// Where the theme is painted within the bars, counted from the first one. Where it happened to return it need not.
fn painted(song: &Song, bars: &Range<u32>) -> Vec<Range<u32>> {
    let mut all: Vec<Range<u32>> = (song.themes.iter())
        .filter(|region| region.kind == ThemeKind::Painted && !region.span.is_empty())
        .map(|region| {
            let last = song.metre.bar_at(region.span.end - Tick(1));
            song.metre.bar_at(region.span.start)..last + 1
        })
        .filter(|region| region.start < bars.end && bars.start < region.end)
        .map(|region| region.start.max(bars.start) - bars.start..region.end - bars.start)
        .collect();
    all.sort_by_key(|region| region.start);
    all.dedup_by(|next, kept| next.start < kept.end);
    all
}
