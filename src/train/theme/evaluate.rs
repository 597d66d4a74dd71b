//! How well the network predicts songs it was not trained on.

use std::borrow::Borrow;

use tch::{Kind, Tensor};

use super::batch::Batch;
use super::sequences::SequenceSong;
use super::windows::{self, Window, melody_only};
use crate::measure::language::Prediction;
use crate::nets::NetError;
use crate::nets::theme_transformer::{KeyKind, ThemeTransformer};
use crate::tokens::labels::{Labels, labels};
use crate::tokens::theme_vocab::{self, THEME_END, THEME_START};
use crate::tokens::transpose;

/// What the encoder is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceForm {
    /// The song's theme.
    Whole,
    /// The melody of the song's theme.
    MelodyOnly,
    /// The theme of the next song.
    Wrong,
}

/// Scores of a set of windows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Scores {
    /// Every token.
    pub all: Prediction,
    /// Tokens predicted inside a theme region (label above 0).
    pub inside: Prediction,
    /// The others.
    pub outside: Prediction,
}

impl Scores {
    /// Scores of predictions: `logits` [B, T, V] for `target` [B, T] (0 is padding), `labels` [B, T].
    pub fn of(logits: &Tensor, target: &Tensor, labels: &Tensor) -> Result<Self, tch::TchError> {
        tch::no_grad(|| {
            let logits = logits
                .f_to_kind(Kind::Float)?
                .f_reshape([-1, theme_vocab::SIZE as i64])?;
            let target = target.f_reshape([-1])?;
            let losses = logits.f_cross_entropy_loss::<Tensor>(
                &target,
                None,
                tch::Reduction::None,
                0,
                0.0,
            )?;
            let real = target.f_ne(0)?;
            let right = logits
                .f_argmax(-1, false)?
                .f_eq_tensor(&target)?
                .f_logical_and(&real)?;
            let inside = labels.f_reshape([-1])?.f_gt(0)?;
            let mut scores = Self::default();
            for (mask, score) in [
                (inside.f_logical_and(&real)?, &mut scores.inside),
                (
                    inside.f_logical_not()?.f_logical_and(&real)?,
                    &mut scores.outside,
                ),
            ] {
                let mask = mask.f_to_kind(Kind::Float)?;
                let sum = |values: Tensor| -> Result<f64, tch::TchError> {
                    (values.f_mul(&mask)?)
                        .f_sum(Kind::Double)?
                        .f_double_value(&[])
                };
                *score = Prediction {
                    nats: sum(losses.shallow_clone())?,
                    right: sum(right.f_to_kind(Kind::Float)?)?,
                    tokens: sum(mask.shallow_clone())?,
                };
            }
            scores.all = scores.inside;
            scores.all.add(&scores.outside);
            Ok(scores)
        })
    }

    /// Takes in the scores of more tokens.
    pub fn merge(&mut self, other: &Self) {
        self.all.add(&other.all);
        self.inside.add(&other.inside);
        self.outside.add(&other.outside);
    }
}

/// The validation windows: songs, as they are or in the common key, cut into chunks of `length` tokens; those that hold a
/// theme tag.
pub fn chunks<'a>(
    songs: impl IntoIterator<Item = &'a SequenceSong>,
    length: usize,
    kind: Labels,
    source: SourceForm,
    keys: KeyKind,
) -> Vec<Window> {
    let songs: Vec<&SequenceSong> = songs.into_iter().collect();
    let common;
    let songs = match keys {
        KeyKind::Any => songs,
        KeyKind::Common => {
            common = songs.into_iter().map(in_common_key).collect::<Vec<_>>();
            common.iter().collect()
        }
    };
    let mut windows: Vec<Window> = Vec::new();
    for (index, song) in songs.iter().enumerate() {
        let theme = match source {
            SourceForm::Whole => song.source.clone(),
            SourceForm::MelodyOnly => melody_only(&song.source),
            SourceForm::Wrong => songs[(index + 1) % songs.len()].source.clone(),
        };
        let song_labels = labels(kind, &theme, &song.tokens);
        for start in (0..song.tokens.len()).step_by(length) {
            let end = (start + length).min(song.tokens.len());
            let tokens = &song.tokens[start..end];
            let tagged = tokens
                .iter()
                .any(|token| matches!(*token, THEME_START | THEME_END));
            if tagged && tokens.len() > 1 {
                windows.push(Window {
                    source: theme.clone(),
                    input: tokens[..tokens.len() - 1].to_vec(),
                    labels: song_labels[start..end - 1].to_vec(),
                    target: tokens[1..].to_vec(),
                });
            }
        }
    }
    windows
}

/// A song moved to the common key, its theme with it.
fn in_common_key(song: &SequenceSong) -> SequenceSong {
    let shift = transpose::to_common(&song.tokens);
    let mut song = song.clone();
    windows::move_by(song.tokens.iter_mut().chain(&mut song.source), shift);
    song
}

/// Scores of `windows`, teacher-forced, `rows` at a time.
pub fn score<W: Borrow<Window>>(
    network: &ThemeTransformer,
    windows: &[W],
    rows: usize,
) -> Result<Scores, NetError> {
    let mut scores = Scores::default();
    for group in windows.chunks(rows.max(1)) {
        let group: Vec<&Window> = group.iter().map(Borrow::borrow).collect();
        let batch = Batch::new(&group);
        let logits = tch::no_grad(|| batch.forward(network, false))?;
        scores.merge(&Scores::of(&logits, &batch.target, &batch.labels)?);
    }
    Ok(scores)
}
