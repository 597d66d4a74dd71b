//! The published sampler (Shih et al., `inference.py` of the authors' repository), with this model's weights.
//!
//! What is the same: the prompt is the tempo and Theme_Start, the theme's first appearance is drawn, too; temperature 1.2 and a
//! nucleus of 0.9; labels count the tokens since Theme_Start; of what is drawn, padding, a wrong token after Theme_Start,
//! Theme_End, Note-On and Duration, a note or tempo without a position, the position that stands already, and nested or unopened
//! regions are thrown away and drawn again, and 1,025 vain draws in a row end the piece; it is complete with the bar line behind its last
//! bar.
//!
//! Two nuclei are measured: the one that the code has (it keeps all tokens but the least likely one, since it looks for the last place at
//! which the sum is passed instead of the first: no nucleus at all), and the one that the paper means.
//!
//! What differs: the context is not moved by one token at a time (a whole forward pass for each token) but, when it is full, read anew
//! from its last 384 tokens on; and a piece ends after 150 tokens a bar, since the original has no such end.

use anyhow::Result;
use leitmotif::nets::sampling::{Sampler, Sampling};
use leitmotif::nets::theme_transformer::{Decoder, KeyKind, Session};
use leitmotif::score::Tempo;
use leitmotif::tokens::clip::{Clip, ClipNote};
use leitmotif::tokens::grammar::{Grammar, Rules};
use leitmotif::tokens::labels::{LabelClock, Labels, SourceMarks};
use leitmotif::tokens::theme::encode_source;
use leitmotif::tokens::theme_vocab::{
    BAR, Id, PADDING, SIZE, STEPS_PER_BAR, THEME_END, THEME_START, Token,
};
use leitmotif::tokens::transpose;
use leitmotif::train::theme::windows::move_by;
use rand::SeedableRng as _;
use rand_pcg::Pcg64;

use crate::pieces::{Piece, Theme};

/// Tokens of the context that stay when it is full.
const KEPT: usize = 384;
/// Draws in vain that end a piece.
const STUCK: usize = 1024;

/// One piece being written.
struct Row {
    tokens: Vec<Id>,
    labels: Vec<i64>,
    clock: LabelClock,
    rng: Pcg64,
    position: Option<u8>,
    in_region: bool,
    bars: u32,
    in_vain: usize,
    broken_off: bool,
    done: bool,
}

impl Row {
    fn push(&mut self, id: Id) {
        match Token::from_id(id) {
            Some(Token::Bar) => {
                self.bars += 1;
                self.position = None;
            }
            Some(Token::Position(position)) => self.position = Some(position),
            Some(Token::ThemeStart) => self.in_region = true,
            Some(Token::ThemeEnd) => self.in_region = false,
            _ => {}
        }
        self.labels.push(self.clock.push(id));
        self.tokens.push(id);
    }

    /// Whether the published code takes a token.
    fn takes(&self, id: Id) -> bool {
        let (Some(token), Some(last)) = (
            Token::from_id(id),
            self.tokens.last().and_then(|id| Token::from_id(*id)),
        ) else {
            return false;
        };
        if id == PADDING || matches!(last, Token::ThemeStart | Token::ThemeEnd) && id != BAR {
            return false;
        }
        let follows = match (last, token) {
            (Token::NoteOn(a, _), Token::Duration(b, _))
            | (Token::Duration(a, _), Token::Velocity(b, _)) => a == b,
            (Token::NoteOn(..) | Token::Duration(..), _)
            | (_, Token::Duration(..) | Token::Velocity(..)) => false,
            _ => true,
        };
        follows
            && match token {
                Token::Tempo(_) | Token::NoteOn(..) => self.position.is_some(),
                Token::Position(position) => self.position != Some(position),
                Token::ThemeStart => !self.in_region,
                Token::ThemeEnd => self.in_region,
                _ => true,
            }
    }
}

/// `count` pieces of `bars` bars of every theme, written side by side.
pub(crate) fn pieces(
    decoder: &Decoder,
    themes: &[(usize, &Theme)],
    bars: u32,
    top_p: f32,
    (seed, count): (u64, u32),
) -> Result<Vec<Piece>> {
    let wanted: Vec<(usize, &Theme, u32)> = themes
        .iter()
        .flat_map(|(group, theme)| (0..count).map(|index| (*group, *theme, index)))
        .collect();
    // A network of one key hears the theme in that key, and what it writes is moved back.
    let in_one_key = decoder.network().config().keys == KeyKind::Common;
    let mut moves = Vec::new();
    let mut sources = Vec::new();
    for (_, theme, _) in &wanted {
        let mut source = encode_source(&theme.clip);
        let up = if in_one_key {
            transpose::to_common(&source)
        } else {
            0
        };
        move_by(&mut source, up);
        moves.push(up);
        sources.push(source);
    }
    let mut rows: Vec<Row> = (0_u64..)
        .zip(wanted.iter().zip(&sources))
        .map(|(number, ((_, theme, _), source))| {
            let marks = std::sync::Arc::new(SourceMarks::new(source));
            let mut row = Row {
                tokens: Vec::new(),
                labels: Vec::new(),
                clock: LabelClock::new(Labels::Published, marks),
                rng: Pcg64::seed_from_u64(seed.wrapping_mul(1000) + number),
                position: None,
                in_region: false,
                bars: 0,
                in_vain: 0,
                broken_off: false,
                done: false,
            };
            row.push(Token::Tempo(theme.bpm).id());
            row.push(THEME_START);
            row
        })
        .collect();
    let mut sampler = Sampler::new(Sampling {
        temperature: 1.2,
        top_k: 0,
        top_p,
    });
    let everything = [true; SIZE];
    let mut session = Session::new(
        decoder,
        &sources.iter().map(Vec::as_slice).collect::<Vec<_>>(),
        rows.len(),
    )?;
    let mut open: Vec<usize> = (0..rows.len()).collect();
    let mut logits = {
        let prefixes: Vec<_> = open
            .iter()
            .map(|row| (&rows[*row].tokens[..], &rows[*row].labels[..]))
            .collect();
        session.prime(&prefixes)?.to_vec()
    };
    while !open.is_empty() {
        for (row, logits) in open.iter().zip(logits.chunks(SIZE)) {
            let row = &mut rows[*row];
            let mut vain = 0;
            let token = loop {
                let token = sampler.sample(logits, &everything, &mut row.rng)? as Id;
                if row.takes(token) {
                    break Some(token);
                }
                vain += 1;
                if vain > STUCK {
                    break None;
                }
            };
            row.in_vain += vain;
            match token {
                Some(token) => row.push(token),
                None => row.broken_off = true,
            }
            row.broken_off |= row.tokens.len() > 150 * bars as usize;
            row.done = row.broken_off || row.bars > bars;
        }
        let staying: Vec<usize> = (0..open.len()).filter(|at| !rows[open[*at]].done).collect();
        if staying.len() < open.len() {
            open = staying.iter().map(|at| open[*at]).collect();
            if open.is_empty() {
                break;
            }
            session.keep(&staying)?;
        }
        logits = if session.remaining() == 0 {
            let last = |values: &[i64]| values[values.len().saturating_sub(KEPT)..].to_vec();
            let kept: Vec<(Vec<i64>, Vec<i64>)> = open
                .iter()
                .map(|row| (last(&rows[*row].tokens), last(&rows[*row].labels)))
                .collect();
            let prefixes: Vec<_> = kept.iter().map(|(t, l)| (&t[..], &l[..])).collect();
            session.prime(&prefixes)?.to_vec()
        } else {
            let last = |values: &[i64]| values.last().copied().unwrap_or_default();
            let tokens: Vec<i64> = open.iter().map(|row| last(&rows[*row].tokens)).collect();
            let labels: Vec<i64> = open.iter().map(|row| last(&rows[*row].labels)).collect();
            session.step(&tokens, &labels)?.to_vec()
        };
    }
    for (row, up) in rows.iter_mut().zip(moves) {
        move_by(&mut row.tokens, -up);
    }
    let piece = |((group, theme, index), row): (&(usize, &Theme, u32), &Row)| Piece {
        group: *group,
        name: format!("{} #{}", theme.name, index + 1),
        song: read(&row.tokens, bars).to_song(Tempo::from_bpm(f64::from(theme.bpm))),
        bars,
        theme: theme.clip.melody(),
        theme_bars: theme.clip.bars,
        begins_with_theme: false,
        tokens: row.tokens.len(),
        invalid: invalid(&row.tokens),
        in_vain: row.in_vain,
        broken_off: row.broken_off,
    };
    Ok(wanted.iter().zip(&rows).map(piece).collect())
}

/// Tokens that the vocabulary's grammar does not allow where they stand.
fn invalid(tokens: &[Id]) -> usize {
    let mut grammar = Grammar::new(Rules::default());
    let mut wrong = 0;
    for token in tokens {
        wrong += usize::from(!grammar.permits(*token));
        grammar.push(*token);
    }
    wrong
}

/// Reads tokens as the published code does: a note stands where the last Bar and Position say, even behind later ones.
fn read(tokens: &[Id], bars: u32) -> Clip {
    let mut clip = Clip {
        bars,
        ..Clip::default()
    };
    let (mut begun, mut step, mut open) = (0_u32, None, None);
    for (at, id) in tokens.iter().enumerate() {
        let token = |ahead: usize| tokens.get(at + ahead).and_then(|id| Token::from_id(*id));
        match Token::from_id(*id) {
            Some(Token::Bar) => {
                begun += 1;
                step = None;
            }
            Some(Token::Position(position)) => {
                step = Some((begun.max(1) - 1) * STEPS_PER_BAR + u32::from(position));
            }
            Some(Token::NoteOn(voice, pitch)) => {
                if let (
                    Some(step),
                    Some(Token::Duration(_, length)),
                    Some(Token::Velocity(_, velocity)),
                ) = (step, token(1), token(2))
                {
                    clip.notes.push(ClipNote {
                        voice,
                        step,
                        length,
                        pitch,
                        velocity,
                    });
                }
            }
            _ if *id == THEME_START => open = Some(begun),
            _ if *id == THEME_END => {
                if let Some(start) = open.take() {
                    clip.themes.push(start..begun);
                }
            }
            _ => {}
        }
    }
    if let Some(start) = open {
        clip.themes.push(start..bars);
    }
    clip.notes.retain(|note| note.step < bars * STEPS_PER_BAR);
    for theme in &mut clip.themes {
        theme.end = theme.end.min(bars);
    }
    clip.themes.retain(|theme| !theme.is_empty());
    clip.sort();
    clip
}
