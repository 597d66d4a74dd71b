//! Continuing a theme: the candidates of one request, written side by side.

use std::ops::RangeInclusive;
use std::sync::Arc;

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use super::lead::Lead;
use super::model::{ModelError, ThemeModel};
use super::one_key;
use super::steer::{Steer, Trace};
use super::{ContinueSettings, Returns, Theme};
use crate::nets::sampling::{Sampler, Sampling, SamplingError};
use crate::score::{Key, PitchClassSet};
use crate::tokens::clip::Clip;
use crate::tokens::grammar::{Expects, FreeThemes, Grammar, Rules, Tempos, VoiceRule};
use crate::tokens::labels::{LabelClock, SourceMarks};
use crate::tokens::theme::{DecodeError, decode};
use crate::tokens::theme_vocab::{BAR, Id, SIZE, THEME_END, THEME_START, Voice};

/// Tokens of context that are kept when the context is full: the last whole bars that fit. Half of it: to keep three quarters costs
/// three times as much reading for .003 nats a token (`examples/judge_decoding --from 384 --context 256`).
const KEPT_CONTEXT: usize = 256;
/// Tokens that one bar may have before its end is made likelier; no bar of the training songs comes near it.
const LONG_BAR: usize = 160;

/// Why a continuation stopped without a result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContinueError {
    /// The network failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// No token could be drawn.
    #[error("no token could be drawn: {0}")]
    Sampling(#[from] SamplingError),
    /// What was drawn is no music: an error of the program.
    #[error("the network's tokens are no music: {0}")]
    Decode(#[from] DecodeError),
}

/// A whole bar of a candidate.
pub(crate) struct Progress<'a> {
    /// Which candidate.
    pub(crate) candidate: u32,
    /// Its whole bars so far.
    pub(crate) bars_done: u32,
    /// Those bars.
    pub(crate) clip: &'a Clip,
}

/// What was written.
pub(crate) struct Written {
    /// The candidates that are complete, by number.
    pub(crate) clips: Vec<(u32, Clip)>,
    /// Whether all are.
    pub(crate) complete: bool,
    /// Tokens drawn.
    pub(crate) tokens: u64,
}

/// One candidate.
struct Row {
    index: u32,
    grammar: Grammar,
    trace: Trace,
    clock: LabelClock,
    rng: Pcg64,
    tokens: Vec<Id>,
    labels: Vec<i64>,
    /// Places in `tokens` where a bar begins, its Theme_Start included.
    bar_starts: Vec<usize>,
    /// Bars that were reported.
    reported: u32,
}

impl Row {
    fn push(&mut self, token: Id, steer: &Steer<'_>) {
        let begins_bar =
            token == THEME_START || token == BAR && self.tokens.last() != Some(&THEME_START);
        if begins_bar {
            self.bar_starts.push(self.tokens.len());
        }
        self.grammar.push(token);
        self.trace.push(token, &self.grammar);
        if token == THEME_START
            && let Some(held) = steer.held(self.grammar.bars_begun(), &mut self.rng)
        {
            self.grammar.hold_melody(held);
        }
        self.labels.push(self.clock.push(token));
        self.tokens.push(token);
    }

    /// The last whole bars that fit into `most` tokens; the last tokens where not even one does.
    fn context(&self, most: usize) -> (&[Id], &[i64]) {
        let length = self.tokens.len();
        let earliest = length.saturating_sub(most);
        let from = if earliest == 0 {
            0
        } else {
            self.bar_starts
                .iter()
                .copied()
                .find(|start| *start >= earliest && *start < length)
                .unwrap_or(earliest)
        };
        (
            self.tokens.get(from..).unwrap_or_default(),
            self.labels.get(from..).unwrap_or_default(),
        )
    }

    /// Tokens since the last bar line.
    fn bar_tokens(&self) -> usize {
        self.tokens.len() - self.bar_starts.last().copied().unwrap_or(0)
    }
}

/// How tokens are drawn where they mean different things.
struct Samplers {
    outside: Sampler,
    inside: Sampler,
    velocity: Sampler,
}

impl Samplers {
    fn new(settings: &ContinueSettings) -> Self {
        let sampler = |temperature: f32| {
            Sampler::new(Sampling {
                temperature,
                top_k: settings.top_k,
                top_p: settings.top_p,
            })
        };
        Self {
            outside: sampler(settings.temperature),
            inside: sampler(settings.theme_temperature.min(settings.temperature)),
            // Loudness is the network's weakest subject: kept calm, so that a line does not jump from note to note.
            velocity: sampler(settings.temperature.min(VELOCITY_TEMPERATURE)),
        }
    }

    fn at(&mut self, grammar: &Grammar) -> &mut Sampler {
        if grammar.expects() == Expects::Velocity {
            &mut self.velocity
        } else if grammar.in_theme() {
            &mut self.inside
        } else {
            &mut self.outside
        }
    }
}

/// Highest temperature at which velocities are drawn.
const VELOCITY_TEMPERATURE: f32 = 0.7;

/// The rules of a continuation. Bars count from the lead's first, which is written before the new ones.
fn rules(theme: &Theme, before: &Lead, settings: &ContinueSettings) -> Rules {
    let lead = before.bars();
    let bars = settings.bars.clamp(1, ContinueSettings::MAX_BARS);
    let mut rules = Rules {
        scale: settings
            .scale
            .map_or(PitchClassSet::ALL, Key::pitch_classes),
        tempos: Tempos::AtStart,
        bars: Some(lead + bars),
        painted: settings
            .painted
            .iter()
            .map(|painted| painted.start.saturating_add(lead)..painted.end.saturating_add(lead))
            .collect(),
        free_themes: match settings.returns {
            Returns::Free => FreeThemes::OfBars(theme.clip.bars..=theme.clip.bars),
            Returns::Painted => FreeThemes::Never,
        },
        empty_bars: 1,
        ending: settings
            .settled
            .then(|| settings.scale.or(theme.key).map(tonic_triad))
            .flatten(),
        fixed: before.fixed.clone(),
        ..Rules::default()
    };
    let open = before.open_regions();
    rules.painted.retain(|painted| {
        (open.iter()).all(|open| open.end <= painted.start || painted.end <= open.start)
    });
    rules.painted.extend(open);
    *rules.voice_mut(Voice::Melody) = VoiceRule {
        register: register(theme, settings.register),
        chord: 1,
    };
    *rules.voice_mut(Voice::Bridge) = VoiceRule::silent();
    *rules.voice_mut(Voice::Piano) = if settings.piano {
        VoiceRule {
            register: 24..=96,
            chord: 6,
        }
    } else {
        VoiceRule::silent()
    };
    rules
}

/// The pitches that a melody may have: all of its range, or those on one side of the theme's, as far as asked for. The theme's
/// own are always among them.
fn register(theme: &Theme, wanted: f32) -> RangeInclusive<u8> {
    const RANGE: RangeInclusive<u8> = 36..=96;
    let notes = theme.clip.notes.iter();
    let melody = notes.filter(|note| note.voice == Voice::Melody);
    let pitches = melody.map(|note| f32::from(note.pitch));
    let lowest = pitches.clone().reduce(f32::min).unwrap_or_default();
    let highest = pitches.reduce(f32::max).unwrap_or(127.0);
    let (low, high) = (f32::from(*RANGE.start()), f32::from(*RANGE.end()));
    let wanted = wanted.clamp(-1.0, 1.0);
    let low = low + (lowest - low).max(0.0) * wanted.max(0.0);
    let high = high - (high - highest).max(0.0) * (-wanted).max(0.0);
    low.floor() as u8..=high.ceil() as u8
}

/// The key note with its third and fifth, where the scale has them.
fn tonic_triad(key: Key) -> PitchClassSet {
    let bits = key
        .scale
        .steps()
        .iter()
        .filter(|step| matches!(step, 0 | 3 | 4 | 7))
        .fold(0, |bits, step| bits | 1 << ((key.tonic.get() + step) % 12));
    PitchClassSet::from_bits(bits)
}

/// What the network begins with.
#[derive(Clone, Copy)]
pub(crate) struct Opening<'a> {
    /// What it returns to.
    pub(crate) theme: &'a Theme,
    /// What it follows.
    pub(crate) before: &'a Lead,
}

/// Writes `candidates` times what follows an opening. `report` is called with each whole bar of each candidate, and may stop
/// the writing: then only complete candidates are returned. The same arguments give the same notes.
pub(crate) fn write(
    model: &dyn ThemeModel,
    Opening { theme, before }: Opening<'_>,
    settings: &ContinueSettings,
    seed: u64,
    candidates: u32,
    is_cancelled: &dyn Fn() -> bool,
    report: &mut dyn FnMut(&Progress<'_>),
) -> Result<Written, ContinueError> {
    let source = theme.source();
    let marks = Arc::new(SourceMarks::new(&source));
    let rules = rules(theme, before, settings);
    let steer = Steer::new(theme, before, settings, &rules, model.memory());
    let lead = before.bars();
    let total = settings.bars.clamp(1, ContinueSettings::MAX_BARS);
    let prefix = before.prefix(theme.bpm);
    let mut rows: Vec<Row> = (0..candidates.clamp(1, 64))
        .map(|index| {
            let mut row = Row {
                index,
                grammar: Grammar::new(rules.clone()),
                trace: Trace::default(),
                clock: LabelClock::new(model.labels(), Arc::clone(&marks)),
                rng: Pcg64::seed_from_u64(mix(seed, index)),
                tokens: Vec::new(),
                labels: Vec::new(),
                bar_starts: Vec::new(),
                reported: 0,
            };
            for token in &prefix {
                row.push(*token, &steer);
            }
            row
        })
        .collect();
    let context = model.context();
    let kept = KEPT_CONTEXT.min(context.saturating_sub(1)).max(1);
    let mut samplers = Samplers::new(settings);
    let mut network = one_key::start(model, &source, &prefix, settings.scale, rows.len())?;
    // All candidates begin alike: one prefix serves them all.
    let mut logits = match rows.first() {
        Some(row) => network.prime(&[row.context(kept)])?,
        None => Vec::new(),
    };
    let (mut clips, mut drawn) = (Vec::new(), 0);
    let mut mask = [false; SIZE];
    while !rows.is_empty() {
        if is_cancelled() {
            break;
        }
        for (row, logits) in rows.iter_mut().zip(logits.chunks_mut(SIZE)) {
            row.grammar.allowed(&mut mask);
            close_long_bar(row, &mut mask);
            let returns = steer.bend(&row.grammar, &row.trace, logits, &mut mask);
            let mut token = samplers
                .at(&row.grammar)
                .sample(logits, &mask, &mut row.rng)? as Id;
            if let Some(probability) = returns.filter(|_| token == BAR)
                && row.rng.random::<f32>() < probability
            {
                token = THEME_START;
            }
            row.push(token, &steer);
            drawn += 1;
            let done = row.grammar.bars_done().saturating_sub(lead).min(total);
            if done > row.reported {
                row.reported = done;
                let clip = decode(&row.tokens)?.bars_of(lead..lead + done);
                report(&Progress {
                    candidate: row.index,
                    bars_done: done,
                    clip: &clip,
                });
                if row.grammar.is_finished() {
                    clips.push((row.index, clip));
                }
            }
        }
        let open: Vec<usize> = (0..rows.len())
            .filter(|place| {
                rows.get(*place)
                    .is_some_and(|row| !row.grammar.is_finished())
            })
            .collect();
        if open.len() < rows.len() {
            rows.retain(|row| !row.grammar.is_finished());
            if rows.is_empty() {
                break;
            }
            network.keep(&open)?;
        }
        logits = if network.remaining() == 0 {
            let prefixes: Vec<_> = rows.iter().map(|row| row.context(kept)).collect();
            network.prime(&prefixes)?
        } else {
            let last = |numbers: &[i64]| numbers.last().copied().unwrap_or_default();
            let tokens: Vec<Id> = rows.iter().map(|row| last(&row.tokens)).collect();
            let labels: Vec<i64> = rows.iter().map(|row| last(&row.labels)).collect();
            network.step(&tokens, &labels)?
        };
    }
    clips.sort_by_key(|(index, _)| *index);
    Ok(Written {
        complete: rows.is_empty(),
        clips,
        tokens: drawn,
    })
}

/// Leaves only bar lines allowed where a bar has become far too long.
fn close_long_bar(row: &Row, mask: &mut [bool]) {
    const LINES: [Id; 3] = [BAR, THEME_START, THEME_END];
    let may_close = LINES
        .iter()
        .any(|line| mask.get(*line as usize).copied().unwrap_or(false));
    if row.bar_tokens() > LONG_BAR && may_close {
        for (id, allowed) in (0..).zip(mask.iter_mut()) {
            *allowed &= LINES.contains(&id);
        }
    }
}

/// A generator's seed from the job's and the candidate's number (the finaliser of `SplitMix64`).
fn mix(seed: u64, index: u32) -> u64 {
    let mut z = seed.wrapping_add((u64::from(index) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
