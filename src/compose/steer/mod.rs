//! What keeps a continuation in hand besides the network and the grammar.
//!
//! The network knows the style but soon forgets the theme, seldom brings it back, wanders out of its key, does not breathe and
//! now and then loses its melody. Each of these has a remedy here, applied to the logits before a token is drawn (or, for the
//! theme itself, to the grammar), with figures that were taken from songs; [`Steering`] turns them up, down and off.

mod key;
mod returns;

use super::lead::Lead;
use super::{Steering, Theme};
use crate::measure::memory::{MelodyMemory, Move};
use crate::tokens::grammar::{Expects, Grammar, Held, Rules};
use crate::tokens::theme_vocab::{BAR, Id, STEPS_PER_BAR, THEME_END, THEME_START, Token, Voice};
use rand::Rng;
use returns::Returning;

/// Bars of a phrase.
const PHRASE_BARS: u32 = 4;
/// From this position on nothing new should begin in the melody at the end of a phrase.
const LATE: u32 = 12;
/// From this position of a phrase's last bar on the melody is drawn to the chord: what it sings here may be the last note.
const CLOSING: u32 = 4;
/// How much less likely (in nats) a late note is there.
const LATE_PENALTY: f32 = 1.0;
/// How much likelier (in nats) is there what the accompaniment goes on sounding.
const CHORD_BONUS: f32 = 1.5;
/// Steps without a melody note that are no reason to worry: four bars, the shorter one of the interludes that songs have.
const SILENCE: u32 = 4 * STEPS_PER_BAR;
/// How much likelier (in nats) a melody note becomes with every further silent bar.
const SILENCE_BONUS: f32 = 1.0;
/// Steps over which the density of the melody is heard: two bars.
const HEARD: u32 = 2 * STEPS_PER_BAR;
/// How much less likely (in nats) a melody note becomes where there are e times as many as there should be.
const THINNING: f32 = 10.0;
/// Melody notes in a bar of a song, of those in a bar of its theme: the median of the training songs
/// (`examples/judge_continuations --statistics`).
const OF_THEME: f32 = 0.93;
/// No thinner melody than this, in notes in [`HEARD`] steps, is asked for.
const THINNEST: f32 = 4.0;

/// The steering of all candidates of one continuation.
pub(super) struct Steer<'a> {
    steering: Steering,
    returning: Returning,
    /// Added to the logit of a note, by its pitch class.
    key: [f32; 12],
    memory: Option<&'a MelodyMemory>,
    /// Runs of the theme itself, which may be sung.
    own: MelodyMemory,
    /// Whether anything but the melody plays.
    accompanied: bool,
    /// Melody notes in [`HEARD`] steps that are not too many.
    enough: f32,
    /// The bar from which phrases are counted, below [`PHRASE_BARS`].
    phrases_from: u32,
}

/// What the steering knows of one candidate.
#[derive(Debug, Clone, Default)]
pub(super) struct Trace {
    /// Step and pitch of the melody's last note.
    last: Option<(u32, u8)>,
    /// Its last moves, as many as matter.
    moves: Vec<Move>,
    /// Where its last notes began, [`HEARD`] steps back.
    onsets: Vec<u32>,
    /// The step until which each pitch class of the accompaniment sounds.
    sounding: [u32; 12],
    /// The accompaniment's note that is being written.
    pitch: u8,
    /// The bar behind the last theme region.
    region_end: u32,
    /// Theme regions that stood one behind the other up to the last one.
    in_a_row: u32,
}

impl Trace {
    /// Takes a token that `grammar` has just taken.
    pub(super) fn push(&mut self, token: Id, grammar: &Grammar) {
        if token == THEME_START {
            let follows = self.in_a_row > 0 && grammar.bars_begun() == self.region_end;
            self.in_a_row = if follows { self.in_a_row + 1 } else { 1 };
        }
        let Some(step) = grammar.step() else {
            if token == THEME_END {
                self.region_end = grammar.bars_begun();
            }
            return;
        };
        match Token::from_id(token) {
            Some(Token::ThemeEnd) => self.region_end = grammar.bars_begun(),
            Some(Token::NoteOn(Voice::Melody, pitch)) => self.sing(step, pitch),
            Some(Token::NoteOn(_, pitch)) => self.pitch = pitch,
            Some(Token::Duration(voice, length)) if voice != Voice::Melody => {
                let until = &mut self.sounding[usize::from(self.pitch % 12)];
                *until = (*until).max(step + u32::from(length));
            }
            _ => {}
        }
    }

    fn sing(&mut self, step: u32, pitch: u8) {
        match self.last {
            // Of notes on one step the highest, which comes first, is the melody.
            Some((at, _)) if at == step => return,
            Some(_) => {
                let keep = MelodyMemory::most_notes();
                self.moves.extend(self.move_to(step, pitch));
                self.moves.drain(..self.moves.len().saturating_sub(keep));
            }
            None => {}
        }
        self.last = Some((step, pitch));
        self.onsets.retain(|onset| step - onset < HEARD);
        self.onsets.push(step);
    }

    /// Melody notes that began less than [`HEARD`] steps before a step.
    fn heard(&self, step: u32) -> usize {
        let recent = self.onsets.iter().filter(|onset| step - *onset < HEARD);
        recent.count()
    }

    /// The move from the last note to another.
    fn move_to(&self, step: u32, pitch: u8) -> Option<Move> {
        let (at, from) = self.last?;
        Some((
            i32::from(pitch) - i32::from(from),
            i64::from(step) - i64::from(at),
        ))
    }
}

impl<'a> Steer<'a> {
    /// The steering of what follows `before`, with `theme` as what it returns to, under `rules`.
    pub(super) fn new(
        theme: &Theme,
        before: &Lead,
        settings: &super::ContinueSettings,
        rules: &Rules,
        memory: Option<&'a MelodyMemory>,
    ) -> Self {
        let steering = settings.steering;
        let key_strength = if settings.scale.is_none() {
            steering.key
        } else {
            0.0
        };
        Self {
            steering,
            returning: Returning::new(theme, before.bars(), settings.likeness, rules),
            key: key::biases(
                theme.clip.notes.iter().chain(&before.clip.notes),
                key_strength,
            ),
            memory: memory.filter(|_| steering.memory),
            own: MelodyMemory::of(&[theme.clip.melody()]),
            accompanied: settings.piano,
            enough: enough(theme),
            // Where the theme began a phrase began, and another one after all that was given.
            phrases_from: (before.clip.themes.first()).map_or(before.bars(), |theme| theme.start)
                % PHRASE_BARS,
        }
    }

    /// What of the theme's melody a region that begins with bar `bar` keeps.
    pub(super) fn held(&self, bar: u32, rng: &mut impl Rng) -> Option<Held> {
        self.returning.held(bar, rng)
    }

    /// Bends the logits of what may come next. Where the bar may be closed with and without a return, `Theme_Start` is taken
    /// out of the choice, and the result is the probability with which a drawn Bar becomes one.
    pub(super) fn bend(
        &self,
        grammar: &Grammar,
        trace: &Trace,
        logits: &mut [f32],
        mask: &mut [bool],
    ) -> Option<f32> {
        if grammar.expects() != Expects::Event {
            return None;
        }
        for voice in [Voice::Melody, Voice::Piano] {
            for pitch in 1..=127_u8 {
                let id = Token::NoteOn(voice, pitch).id() as usize;
                if let (Some(logit), Some(true)) = (logits.get_mut(id), mask.get(id)) {
                    *logit += self.key[usize::from(pitch % 12)];
                }
            }
        }
        if let Some(step) = grammar.step() {
            self.bend_melody(step, trace, logits, mask);
        }
        if !self.accompanied {
            self.bend_positions(grammar, logits);
        }
        self.returning_line(grammar, trace, logits, mask)
    }

    fn ends_phrase(&self, bar: u32) -> bool {
        (bar + PHRASE_BARS - self.phrases_from) % PHRASE_BARS == PHRASE_BARS - 1
    }

    fn bend_melody(&self, step: u32, trace: &Trace, logits: &mut [f32], mask: &mut [bool]) {
        let (bar, position) = (step / STEPS_PER_BAR, step % STEPS_PER_BAR);
        let ends_phrase = self.ends_phrase(bar);
        let silent = trace.last.map_or(step, |(at, _)| step - at);
        let mut every = 0.0;
        if silent > SILENCE {
            let bars = (silent - SILENCE) as f32 / STEPS_PER_BAR as f32;
            every += self.steering.melody * SILENCE_BONUS * bars;
        }
        if ends_phrase && position >= LATE {
            every -= self.steering.phrases * LATE_PENALTY;
        }
        let density = trace.heard(step) as f32 / self.enough;
        every -= self.steering.density * density.max(1.0).ln() * THINNING;
        let notes: Vec<(usize, u8)> = (1..=127_u8)
            .map(|pitch| (Token::NoteOn(Voice::Melody, pitch).id() as usize, pitch))
            .filter(|(id, _)| mask.get(*id) == Some(&true))
            .collect();
        let before = log_sum(&notes, logits);
        if ends_phrase && position >= CLOSING {
            for (id, pitch) in &notes {
                if trace.sounding[usize::from(pitch % 12)] > step + 1 {
                    logits[*id] += self.steering.phrases * CHORD_BONUS;
                }
            }
        }
        // The chord decides which note it is, not whether there is one.
        let drawn_to_chord = log_sum(&notes, logits) - before;
        for (id, _) in &notes {
            logits[*id] += every - drawn_to_chord;
        }
        self.forbid_reciting(step, trace, mask);
    }

    /// A melody alone has to rest at the end of a phrase before it chooses a position.
    fn bend_positions(&self, grammar: &Grammar, logits: &mut [f32]) {
        let Some(bar) = grammar.bars_begun().checked_sub(1) else {
            return;
        };
        if !self.ends_phrase(bar) {
            return;
        }
        for position in LATE..STEPS_PER_BAR {
            let id = Token::Position(position as u8).id() as usize;
            if let Some(logit) = logits.get_mut(id) {
                *logit -= self.steering.phrases * LATE_PENALTY;
            }
        }
    }

    /// Masks the pitches that would make a run of melody too long a quotation of a training song, as long as anything else
    /// may come.
    fn forbid_reciting(&self, step: u32, trace: &Trace, mask: &mut [bool]) {
        let Some(memory) = self.memory else { return };
        let recites = |pitch: u8| {
            trace.move_to(step, pitch).is_some_and(|next| {
                memory.would_recite(&trace.moves, next)
                    && !self.own.would_recite(&trace.moves, next)
            })
        };
        let known: Vec<usize> = (1..=127_u8)
            .map(|pitch| (pitch, Token::NoteOn(Voice::Melody, pitch).id() as usize))
            .filter(|(_, id)| mask.get(*id) == Some(&true))
            .filter(|(pitch, _)| recites(*pitch))
            .map(|(_, id)| id)
            .collect();
        if known.is_empty() {
            return;
        }
        let allowed = mask.iter().filter(|allowed| **allowed).count();
        if known.len() < allowed {
            for id in known {
                mask[id] = false;
            }
        }
    }

    fn returning_line(
        &self,
        grammar: &Grammar,
        trace: &Trace,
        logits: &mut [f32],
        mask: &mut [bool],
    ) -> Option<f32> {
        let (bar, start) = (BAR as usize, THEME_START as usize);
        let both = mask.get(bar) == Some(&true) && mask.get(start) == Some(&true);
        if !both || self.steering.returns <= 0.0 {
            return None;
        }
        let gap = grammar.bars_begun().saturating_sub(trace.region_end);
        let hazard = if gap == 0 && trace.in_a_row >= returns::MOST_IN_A_ROW {
            0.0
        } else {
            returns::hazard(gap)
        };
        let (line, theme) = (*logits.get(bar)?, *logits.get(start)?);
        let most = line.max(theme);
        let both = most + ((line - most).exp() + (theme - most).exp()).ln();
        *logits.get_mut(bar)? = both;
        *mask.get_mut(start)? = false;
        let own = (theme - both).exp();
        let trust = self.steering.returns.min(1.0);
        Some((1.0 - trust) * own + trust * hazard)
    }
}

/// Melody notes that music with this theme has in as many steps as are heard.
fn enough(theme: &Theme) -> f32 {
    let notes = theme.clip.notes.iter();
    let melody = notes.filter(|note| note.voice == Voice::Melody).count();
    let steps = theme.clip.bars.max(1) * STEPS_PER_BAR;
    (OF_THEME * melody as f32 * HEARD as f32 / steps as f32).max(THINNEST)
}

/// The logarithm of the sum of the exponentials of the notes' logits; 0 without notes.
fn log_sum(notes: &[(usize, u8)], logits: &[f32]) -> f32 {
    let logits = notes.iter().map(|(id, _)| logits[*id]);
    let most = logits.clone().fold(f32::NEG_INFINITY, f32::max);
    if most.is_finite() {
        most + logits.map(|logit| (logit - most).exp()).sum::<f32>().ln()
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests;
