//! What a session is given: checks, padding, masks.

use tch::{TchError, Tensor};

use crate::nets::NetError;

/// 0 where slot k may be read from slot q, else minus infinity, [rows, 1, time, time]. Padding reads itself, so that
/// its (unused) softmax is not empty.
pub(super) fn prime_mask(pads: &[usize], time: usize) -> Result<Tensor, TchError> {
    let mut mask = Vec::with_capacity(pads.len() * time * time);
    for &pad in pads {
        for q in 0..time {
            mask.extend((0..time).map(|k| {
                if k == q || (pad..q).contains(&k) {
                    0.0_f32
                } else {
                    f32::NEG_INFINITY
                }
            }));
        }
    }
    Tensor::f_from_slice(&mask)?.f_view([pads.len() as i64, 1, time as i64, time as i64])
}

pub(super) fn right_padded(tokens: &[i64], length: usize) -> impl Iterator<Item = i64> {
    tokens
        .iter()
        .copied()
        .chain(std::iter::repeat_n(0, length.saturating_sub(tokens.len())))
}

pub(super) fn check_tokens(tokens: &[i64], vocab: i64, what: &str) -> Result<(), NetError> {
    if tokens.is_empty() || tokens.len() as i64 > super::POSITIONS {
        return Err(NetError::Input(format!(
            "a {what} of {} tokens: 1 to {} are possible",
            tokens.len(),
            super::POSITIONS
        )));
    }
    match tokens.iter().find(|&&token| !(0..vocab).contains(&token)) {
        Some(token) => Err(NetError::Input(format!(
            "token {token} in a {what} is outside 0 to {}",
            vocab - 1
        ))),
        None => Ok(()),
    }
}

pub(super) fn check_labels(labels: &[i64]) -> Result<(), NetError> {
    match labels
        .iter()
        .find(|&&label| !(0..super::POSITIONS).contains(&label))
    {
        Some(label) => Err(NetError::Input(format!(
            "label {label} is outside 0 to {}",
            super::POSITIONS - 1
        ))),
        None => Ok(()),
    }
}
