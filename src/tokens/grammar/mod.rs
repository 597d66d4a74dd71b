//! The automaton that says which token of the theme vocabulary may come next.
//!
//! It is asked for a mask before every draw, so no token is ever rejected and decoding is never stuck: whatever is
//! drawn, something may follow. What it guarantees:
//!
//! - a note is Note-On, Duration, Velocity of one voice; notes stand after a Position; positions rise within a bar;
//! - within a step the tempo comes first, then the voices in order, high pitch first, no pitch twice in a voice;
//! - theme regions are not nested, hold whole bars, and stand where [`Rules`] ask for them;
//! - every pitch lies in the scale and in its voice's register;
//! - fixed notes are written as they are;
//! - after the last bar the music is over, no region is open, and only padding follows.

mod rules;

use std::ops::Range;

pub use rules::{Fixed, FreeThemes, Held, Rules, Tempos, VoiceRule};
use strum::IntoEnumIterator as _;

use super::clip::ClipNote;
use super::theme_vocab::{Id, MAX_DURATION, MAX_VELOCITY, SIZE, STEPS_PER_BAR, Token, Voice};
use crate::score::{Pitch, PitchClassSet};

/// From this position of the last bar on the melody may take its final note.
const FINAL_FROM: u8 = 8;
/// The last position of the last bar at which a note may begin.
const FINAL_LAST: u8 = 12;

/// What was read last, as far as it matters for what may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing, or the tempo before the first bar (true).
    Start(bool),
    ThemeStart,
    ThemeEnd,
    Bar,
    Position,
    Tempo,
    NoteOn(Voice, u8),
    Duration(Voice, u8),
    /// A whole note: its voice and pitch.
    Note(Voice, u8),
    Finished,
}

/// What kind of token comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expects {
    /// A bar line, a position, a tempo or a note's pitch.
    Event,
    /// The duration of a note.
    Duration,
    /// The velocity of a note.
    Velocity,
    /// Nothing: the music is over.
    Nothing,
}

/// Which tokens may close a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct BarLine {
    bar: bool,
    theme_start: bool,
    theme_end: bool,
}

/// The state of one sequence.
#[derive(Debug, Clone)]
pub struct Grammar {
    rules: Rules,
    place: Place,
    /// Bars begun.
    bars: u32,
    /// Position within the bar.
    position: Option<u8>,
    /// Notes of the current voice at this step.
    chord: u8,
    /// First bar of the open theme region.
    region: Option<u32>,
    /// Whether the current bar holds a note.
    sounded: bool,
    /// Bars without a note before the current one.
    empty: u32,
    /// Fixed notes already written.
    fixed: usize,
    /// What of the melody was taken over last.
    held: Held,
    /// Whether the melody holds its final note.
    settled: bool,
    /// Voices that have a pitch to play at all.
    can_sound: [bool; 3],
}

impl Grammar {
    /// The state before the first token.
    pub fn new(mut rules: Rules) -> Self {
        rules.painted.retain(|painted| !painted.is_empty());
        rules.painted.sort_by_key(|painted| painted.start);
        if let Some(bars) = rules.bars {
            rules.painted.retain(|painted| painted.start < bars);
            for painted in &mut rules.painted {
                painted.end = painted.end.min(bars);
            }
        }
        rules.fixed.notes.sort_by_key(|note| note.order());
        rules.fixed.notes.dedup_by_key(|note| note.order());
        if let Some(bars) = rules.bars {
            let limit = bars * STEPS_PER_BAR;
            rules.fixed.notes.retain(|note| note.step < limit);
            // What is fixed in the last bar says how the music ends.
            let ends = |note: &ClipNote| note.step + u32::from(note.length) + STEPS_PER_BAR > limit;
            if rules.fixed.notes.iter().any(ends) {
                rules.ending = None;
            }
        }
        rules.ending = rules.ending.filter(|tones| {
            (1..=127).any(|pitch| rules.allows(Voice::Melody, pitch) && contains(*tones, pitch))
        });
        let can_sound = std::array::from_fn(|rank| {
            Voice::iter()
                .nth(rank)
                .is_some_and(|voice| (1..=127).any(|pitch| rules.allows(voice, pitch)))
        });
        Self {
            rules,
            place: Place::Start(false),
            bars: 0,
            position: None,
            chord: 0,
            region: None,
            sounded: false,
            empty: 0,
            fixed: 0,
            held: Held::default(),
            settled: false,
            can_sound,
        }
    }

    /// Has the melody take over notes that lie behind all that is written. Fixed notes and closed bars come first: what is in
    /// their way is left out. What was taken over before must be written.
    pub fn hold_melody(&mut self, mut held: Held) {
        let fixed = &self.rules.fixed;
        let end = |note: &ClipNote| note.step + u32::from(note.length);
        held.notes.retain(|note| {
            let overlaps = |other: &ClipNote| {
                other.voice == note.voice && other.step < end(note) && note.step < end(other)
            };
            note.voice == Voice::Melody
                && held.spans.iter().any(|span| span.contains(&note.step))
                && self
                    .rules
                    .bars
                    .is_none_or(|bars| note.step < bars * STEPS_PER_BAR)
                && !fixed.is_closed(note.voice, note.step / STEPS_PER_BAR)
                && !fixed.notes.iter().any(overlaps)
        });
        let notes = &mut self.rules.fixed.notes;
        notes.extend_from_slice(&held.notes);
        if let Some(left) = notes.get_mut(self.fixed..) {
            left.sort_by_key(|note| note.order());
        }
        self.held = held;
    }

    /// Whether the last bar is written and closed.
    pub fn is_finished(&self) -> bool {
        self.place == Place::Finished
    }

    /// Bars that were begun.
    pub fn bars_begun(&self) -> u32 {
        self.bars
    }

    /// Bars that are whole: no later token changes them.
    pub fn bars_done(&self) -> u32 {
        match self.place {
            Place::Finished | Place::ThemeStart | Place::ThemeEnd => self.bars,
            _ => self.bars.saturating_sub(1),
        }
    }

    /// What kind of token comes next.
    pub fn expects(&self) -> Expects {
        match self.place {
            Place::NoteOn(..) => Expects::Duration,
            Place::Duration(..) => Expects::Velocity,
            Place::Finished => Expects::Nothing,
            _ => Expects::Event,
        }
    }

    /// Whether a theme region is open.
    pub fn in_theme(&self) -> bool {
        self.region.is_some()
    }

    /// Marks in `mask` (at least [`SIZE`] long) exactly the tokens that may come next; at least one may.
    pub fn allowed(&self, mask: &mut [bool]) {
        mask.fill(false);
        let mut allow = |token: Token| {
            if let Some(slot) = mask.get_mut(token.id() as usize) {
                *slot = true;
            }
        };
        match self.place {
            Place::Finished => allow(Token::Padding),
            Place::ThemeStart => allow(Token::Bar),
            Place::NoteOn(voice, pitch) => {
                let is_final = voice == Voice::Melody && self.final_tones().is_some();
                let longest = self.longest(voice, pitch);
                let lengths = match self.due(voice, pitch) {
                    Some(note) if self.held.notes.contains(note) => {
                        let length = note.length.min(longest);
                        length..=length
                    }
                    Some(note) => note.length..=note.length,
                    None if is_final => longest..=longest,
                    None => 1..=longest,
                };
                for length in lengths {
                    allow(Token::Duration(voice, length));
                }
            }
            Place::Duration(voice, pitch) => {
                let due = self
                    .due(voice, pitch)
                    .filter(|note| !self.held.notes.contains(note));
                let velocities = due.map_or(1..=MAX_VELOCITY, |note| note.velocity..=note.velocity);
                for velocity in velocities {
                    allow(Token::Velocity(voice, velocity));
                }
            }
            Place::Start(_)
            | Place::ThemeEnd
            | Place::Bar
            | Place::Position
            | Place::Tempo
            | Place::Note(..) => self.allow_events(&mut allow),
        }
    }

    /// Whether `token` may come next.
    pub fn permits(&self, token: Id) -> bool {
        let mut mask = [false; SIZE];
        self.allowed(&mut mask);
        usize::try_from(token)
            .ok()
            .and_then(|index| mask.get(index))
            .is_some_and(|allowed| *allowed)
    }

    /// Takes the next token. A token that was not allowed (given music may break the rules) is taken for what it says.
    pub fn push(&mut self, token: Id) {
        let Some(token) = Token::from_id(token) else {
            return;
        };
        let limit_reached = self.rules.bars.is_some_and(|bars| self.bars >= bars);
        self.place = match token {
            _ if self.place == Place::Finished => Place::Finished,
            Token::Padding | Token::PhraseStart | Token::PhraseEnd => return,
            Token::Bar if limit_reached => Place::Finished,
            Token::Bar => {
                if self.bars > 0 {
                    self.empty = if self.sounded { 0 } else { self.empty + 1 };
                }
                self.bars += 1;
                self.position = None;
                self.sounded = false;
                Place::Bar
            }
            Token::ThemeStart => {
                self.region = Some(self.bars);
                Place::ThemeStart
            }
            Token::ThemeEnd => {
                self.region = None;
                if limit_reached {
                    Place::Finished
                } else {
                    Place::ThemeEnd
                }
            }
            Token::Tempo(_) if self.bars == 0 => Place::Start(true),
            Token::Tempo(_) => Place::Tempo,
            Token::Position(position) => {
                self.position = Some(position);
                self.chord = 0;
                Place::Position
            }
            Token::NoteOn(voice, pitch) => {
                let same = matches!(self.place, Place::Note(last, _) if last == voice);
                self.chord = if same {
                    self.chord.saturating_add(1)
                } else {
                    1
                };
                self.sounded = true;
                Place::NoteOn(voice, pitch)
            }
            Token::Duration(voice, _) => match self.place {
                Place::NoteOn(_, pitch) => Place::Duration(voice, pitch),
                _ => Place::Duration(voice, 127),
            },
            Token::Velocity(voice, _) => match self.place {
                Place::Duration(_, pitch) => {
                    if self.due(voice, pitch).is_some() {
                        self.fixed += 1;
                    }
                    self.settled |= voice == Voice::Melody && self.final_tones().is_some();
                    Place::Note(voice, pitch)
                }
                _ => Place::Note(voice, 127),
            },
        };
    }

    /// Everything that may follow where an event may begin.
    fn allow_events(&self, allow: &mut impl FnMut(Token)) {
        if self.place == Place::Start(false)
            || (self.place == Place::Position && self.rules.tempos == Tempos::Anywhere)
        {
            for bpm in (17..=194).step_by(3) {
                allow(Token::Tempo(bpm));
            }
        }
        if let (Some(note), true) = (self.due_notes().next(), self.awaits_notes()) {
            allow(Token::NoteOn(note.voice, note.pitch));
            for voice in Voice::iter().filter(|voice| *voice <= note.voice) {
                self.allow_pitches(voice, allow);
            }
            return;
        }
        let must_settle = self.position == Some(FINAL_LAST)
            && self.is_settling()
            && !self.settled
            && matches!(self.place, Place::Position | Place::Tempo);
        if must_settle {
            self.allow_pitches(Voice::Melody, allow);
            return;
        }
        if self.awaits_notes() {
            for voice in Voice::iter() {
                self.allow_pitches(voice, allow);
            }
        }
        if self.place == Place::Position {
            return;
        }
        let next_fixed = self.next_fixed_in_bar();
        let mut may_go_on = false;
        if self.bars > 0 && !matches!(self.place, Place::Start(_) | Place::ThemeEnd) {
            let from = self.position.map_or(0, |position| position + 1);
            let until = if self.is_settling() {
                FINAL_LAST
            } else {
                STEPS_PER_BAR as u8 - 1
            };
            for position in from..=until {
                let has_fixed = next_fixed.is_some_and(|next| position == next);
                let passes_fixed = next_fixed.is_some_and(|next| position > next);
                if has_fixed || (!passes_fixed && self.can_sound_at(position)) {
                    allow(Token::Position(position));
                    may_go_on = true;
                }
            }
        }
        let is_unsettled = self.is_settling()
            && !self.settled
            && !matches!(self.place, Place::Start(_) | Place::ThemeEnd)
            && self.position.is_none_or(|position| position < FINAL_LAST);
        if next_fixed.is_some() || is_unsettled {
            return;
        }
        let too_empty = matches!(self.place, Place::Bar | Place::Tempo)
            && !self.sounded
            && self.empty >= self.rules.empty_bars
            && may_go_on
            && self
                .position
                .is_none_or(|position| u32::from(position) + 1 < STEPS_PER_BAR);
        if too_empty {
            return;
        }
        let line = self.bar_line();
        if line.bar {
            allow(Token::Bar);
        }
        if line.theme_start {
            allow(Token::ThemeStart);
        }
        if line.theme_end {
            allow(Token::ThemeEnd);
        }
    }

    /// Whether a note may begin at the current step.
    fn awaits_notes(&self) -> bool {
        matches!(self.place, Place::Position | Place::Note(..))
            || (self.place == Place::Tempo && self.bars > 0)
    }

    /// Whether any voice may begin a note of its own at a position of the current bar.
    fn can_sound_at(&self, position: u8) -> bool {
        Voice::iter().any(|voice| self.is_open(voice, position))
    }

    /// Whether a voice may begin a note of its own at a position of the current bar.
    fn is_open(&self, voice: Voice, position: u8) -> bool {
        let step = self.bars.saturating_sub(1) * STEPS_PER_BAR + u32::from(position);
        // A line does not go on under a fixed note of its own.
        let is_held = || {
            self.rules.voice(voice).chord == 1
                && self.rules.fixed.notes.iter().any(|note| {
                    note.voice == voice
                        && note.step < step
                        && step < note.step + u32::from(note.length)
                })
        };
        let is_given = || self.held.spans.iter().any(|span| span.contains(&step));
        let is_over =
            self.is_closed(voice) || (voice == Voice::Melody && (self.settled || is_given()));
        self.can_sound[voice as usize] && !is_over && !is_held()
    }

    /// Whether this is the last bar and the melody has to come to rest in it.
    fn is_settling(&self) -> bool {
        self.rules.ending.is_some()
            && self.rules.bars == Some(self.bars)
            && self.region.is_none()
            && !self.is_closed(Voice::Melody)
    }

    /// The pitch classes that the melody's final note may have, where it may stand.
    fn final_tones(&self) -> Option<PitchClassSet> {
        self.rules
            .ending
            .filter(|_| self.is_settling() && self.position >= Some(FINAL_FROM))
    }

    /// Whether a voice has only fixed notes in the current bar.
    fn is_closed(&self, voice: Voice) -> bool {
        let bar = self.bars.checked_sub(1);
        bar.is_some_and(|bar| self.rules.fixed.is_closed(voice, bar))
    }

    /// The pitches of notes of its own that a voice may play next at the current step; fixed ones are yet to come, and each
    /// has its place in the chord.
    fn allow_pitches(&self, voice: Voice, allow: &mut impl FnMut(Token)) {
        if !self.is_open(voice, self.position.unwrap_or(0)) {
            return;
        }
        let tones = self.final_tones().filter(|_| voice == Voice::Melody);
        let (begun, below) = match self.place {
            Place::Note(last, _) if last > voice => return,
            Place::Note(last, pitch) if last == voice => (self.chord, pitch),
            _ => (0, 128),
        };
        let due = || self.due_notes().filter(|note| note.voice == voice);
        let room = usize::from(self.rules.voice(voice).chord).saturating_sub(due().count());
        if usize::from(begun) >= room {
            return;
        }
        let above = due().next().map_or(0, |note| note.pitch);
        for pitch in (above + 1..below).filter(|pitch| self.rules.allows(voice, *pitch)) {
            if tones.is_none_or(|tones| contains(tones, pitch)) {
                allow(Token::NoteOn(voice, pitch));
            }
        }
    }

    /// The step at which events now stand, counted from the first bar; `None` before the first position of a bar.
    pub fn step(&self) -> Option<u32> {
        Some(self.bars.checked_sub(1)? * STEPS_PER_BAR + u32::from(self.position?))
    }

    /// The fixed notes that are yet to come.
    fn left_to_write(&self) -> &[ClipNote] {
        self.rules.fixed.notes.get(self.fixed..).unwrap_or_default()
    }

    /// The fixed notes that must still be written at this very step.
    fn due_notes(&self) -> impl Iterator<Item = &ClipNote> {
        let step = self.step();
        (self.left_to_write().iter()).take_while(move |note| Some(note.step) == step)
    }

    /// The fixed note that is being written, if a note of this voice and pitch is one.
    fn due(&self, voice: Voice, pitch: u8) -> Option<&ClipNote> {
        let next = self.due_notes().next();
        next.filter(|note| (note.voice, note.pitch) == (voice, pitch))
    }

    /// The position of the next fixed note of the current bar.
    fn next_fixed_in_bar(&self) -> Option<u8> {
        let bar = self.bars.checked_sub(1)?;
        let note = self.left_to_write().first()?;
        (note.step / STEPS_PER_BAR == bar).then_some((note.step % STEPS_PER_BAR) as u8)
    }

    /// The longest duration that a note at this step may have: it ends before a fixed note of its line or of its pitch.
    fn longest(&self, voice: Voice, pitch: u8) -> u8 {
        let now =
            self.bars.saturating_sub(1) * STEPS_PER_BAR + u32::from(self.position.unwrap_or(0));
        let is_line = self.rules.voice(voice).chord == 1;
        let fixed = self.left_to_write().iter().find(|note| {
            note.step > now && note.voice == voice && (is_line || note.pitch == pitch)
        });
        let end = self.rules.bars.filter(|_| self.rules.stop_at_end);
        let ends = [
            end.map(|bars| bars * STEPS_PER_BAR),
            fixed.map(|note| note.step),
        ];
        let most = ends.into_iter().flatten().min();
        most.map_or(MAX_DURATION, |end| {
            end.saturating_sub(now).clamp(1, u32::from(MAX_DURATION)) as u8
        })
    }

    /// How the bar written so far may be closed.
    fn bar_line(&self) -> BarLine {
        let bar = BarLine {
            bar: true,
            ..BarLine::default()
        };
        let theme_start = BarLine {
            theme_start: true,
            ..BarLine::default()
        };
        let theme_end = BarLine {
            theme_end: true,
            ..BarLine::default()
        };
        let next = self.bars;
        let at_limit = self.rules.bars.is_some_and(|bars| next >= bars);
        if at_limit {
            return if self.region.is_some() {
                theme_end
            } else {
                bar
            };
        }
        let painted = |bar: u32| {
            self.rules
                .painted
                .iter()
                .find(|painted| painted.contains(&bar))
        };
        match (self.region, painted(next)) {
            (Some(_), Some(painted)) if painted.start == next => theme_end,
            (None, Some(painted)) if painted.start == next => theme_start,
            (_, Some(_)) => bar,
            (Some(start), None) => {
                let length = next - start;
                match (&self.rules.free_themes, painted(start)) {
                    (_, Some(_)) | (FreeThemes::Never, None) => theme_end,
                    (FreeThemes::OfBars(bars), None) if length >= *bars.end() => theme_end,
                    (FreeThemes::OfBars(bars), None) if length < *bars.start() => bar,
                    (FreeThemes::OfBars(_), None) => BarLine {
                        bar: true,
                        ..theme_end
                    },
                }
            }
            (None, None) => BarLine {
                theme_start: self.has_room_for_theme(next),
                ..bar
            },
        }
    }

    /// Whether a free region that begins at bar `next` can be long enough.
    fn has_room_for_theme(&self, next: u32) -> bool {
        let FreeThemes::OfBars(bars) = &self.rules.free_themes else {
            return false;
        };
        let until = |painted: &Range<u32>| (painted.start > next).then_some(painted.start);
        let end = self
            .rules
            .painted
            .iter()
            .filter_map(until)
            .chain(self.rules.bars)
            .min();
        end.is_none_or(|end| next.saturating_add(*bars.start()) <= end)
    }
}

fn contains(tones: PitchClassSet, pitch: u8) -> bool {
    tones.contains(Pitch::clamped(i32::from(pitch)))
}

#[cfg(test)]
#[allow(
    clippy::reversed_empty_ranges,
    reason = "an empty register is one of the cases"
)]
mod tests;
