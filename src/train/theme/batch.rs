//! Windows as tensors.

use tch::{Kind, Tensor};

use super::windows::Window;
use crate::nets::NetError;
use crate::nets::theme_transformer::ThemeTransformer;

/// Windows of different lengths as one batch. Padding is token 0, at the end.
#[derive(Debug)]
pub struct Batch {
    /// Sources, [B, S] i64.
    pub source: Tensor,
    /// Where the sources are padding, [B, S] bool.
    pub source_padding: Tensor,
    /// Decoder input, [B, T] i64.
    pub input: Tensor,
    /// Labels of the input, [B, T] i64.
    pub labels: Tensor,
    /// What follows each input token, [B, T] i64; 0 where nothing does.
    pub target: Tensor,
}

impl Batch {
    /// A batch of `windows`, padded to the longest.
    pub fn new(windows: &[&Window]) -> Self {
        let rows = |part: fn(&Window) -> &[i64]| -> Tensor {
            let width = windows
                .iter()
                .map(|window| part(window).len())
                .max()
                .unwrap_or(0);
            let mut ids = Vec::with_capacity(width * windows.len());
            for window in windows {
                ids.extend_from_slice(part(window));
                ids.resize(ids.len() + width - part(window).len(), 0);
            }
            Tensor::from_slice(&ids).view([windows.len() as i64, width as i64])
        };
        let source = rows(|window| &window.source);
        Self {
            source_padding: source.eq(0).to_kind(Kind::Bool),
            source,
            input: rows(|window| &window.input),
            labels: rows(|window| &window.labels),
            target: rows(|window| &window.target),
        }
    }

    /// The network's logits for every input token, [B, T, V] f32.
    ///
    /// # Errors
    /// When a token or label lies outside the network's tables.
    pub fn forward(&self, network: &ThemeTransformer, train: bool) -> Result<Tensor, NetError> {
        network.forward(
            &self.source,
            Some(&self.source_padding),
            &self.input,
            &self.labels,
            train,
        )
    }
}
