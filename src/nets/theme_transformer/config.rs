//! What a Theme Transformer is made of.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::nets::NetError;
use crate::nets::bounds::{self, Bounds};

/// The name in `config.json`.
pub const ARCHITECTURE: &str = "theme_transformer";

/// The nonlinearity of the feed-forward blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// The exact Gaussian error linear unit.
    #[default]
    Gelu,
    /// The rectifier.
    Relu,
}

/// How the labels that the cross-attention reads are counted. The network takes labels as they come; who makes them
/// reads this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelKind {
    /// Tokens since the start of the theme region: 1, 2, 3, ...
    #[default]
    Published,
    /// Re-aligned with the source at every bar and position.
    Timed,
}

/// In which keys the network was shown music. As with labels: who makes the tokens reads this.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// In all keys.
    #[default]
    Any,
    /// Moved so that the diatonic scale that fits best is that of C major and A minor.
    Common,
}

/// Sizes and choices of a [`ThemeTransformer`](super::ThemeTransformer), as in `config.json` beside the weights.
/// Fields that the file lacks take the published values; fields that are not known are ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Always [`ARCHITECTURE`].
    pub architecture: String,
    /// Width of the model: even, and a multiple of `n_head`.
    pub d_model: i64,
    /// Attention heads.
    pub n_head: i64,
    /// Width of the feed-forward blocks.
    pub ffn: i64,
    /// Layers of the encoder.
    pub encoder_layers: usize,
    /// One number a decoder layer: 1 where the self-attention is closed inside theme regions.
    pub decoder_xor_pattern: Vec<u8>,
    /// Tokens known.
    pub vocab: i64,
    /// Nonlinearity of the feed-forward blocks.
    pub activation: Activation,
    /// Share of values dropped in training, 0 to below 1.
    pub dropout: f64,
    /// Target tokens that training covered: longer contexts are untrained.
    pub max_target: usize,
    /// How labels are counted.
    pub labels: LabelKind,
    /// In which keys it was shown music.
    pub keys: KeyKind,
}

impl Default for Config {
    /// The published configuration.
    fn default() -> Self {
        Self {
            architecture: ARCHITECTURE.to_owned(),
            d_model: 256,
            n_head: 8,
            ffn: 1024,
            encoder_layers: 6,
            decoder_xor_pattern: vec![0, 0, 0, 1, 1, 1],
            vocab: 1033,
            activation: Activation::Gelu,
            dropout: 0.1,
            max_target: 512,
            labels: LabelKind::Published,
            keys: KeyKind::Any,
        }
    }
}

impl Config {
    /// Reads `config.json`.
    ///
    /// # Errors
    /// When the file cannot be read, is not JSON, or describes no network that can be built.
    pub fn read(path: &Path) -> Result<Self, NetError> {
        let config: Self = bounds::read(path)?;
        config
            .check()
            .map_err(|e| NetError::Config(format!("{}: {e}", path.display())))?;
        Ok(config)
    }

    /// Says what is wrong with sizes that no network can have.
    ///
    /// # Errors
    /// A sentence about the first thing that is wrong.
    pub fn check(&self) -> Result<(), NetError> {
        let wrong = |what: String| {
            Err(NetError::Config(format!(
                "theme transformer configuration: {what}"
            )))
        };
        if self.architecture != ARCHITECTURE {
            return wrong(format!(
                "the architecture is {:?}, not {ARCHITECTURE:?}",
                self.architecture
            ));
        }
        Bounds {
            sizes: &[
                ("d_model", self.d_model, 4096),
                ("ffn", self.ffn, 65_536),
                ("vocab", self.vocab, 1_000_000),
            ],
            width: self.d_model,
            heads: ("n_head", self.n_head),
            dropout: self.dropout,
        }
        .check()
        .or_else(wrong)?;
        if self.encoder_layers > 64
            || self.decoder_xor_pattern.is_empty()
            || self.decoder_xor_pattern.len() > 64
        {
            return wrong("needs at most 64 encoder layers, and 1 to 64 decoder layers".to_owned());
        }
        if self.decoder_xor_pattern.iter().any(|&flag| flag > 1) {
            return wrong("decoder_xor_pattern holds numbers other than 0 and 1".to_owned());
        }
        if !(2..=super::POSITIONS).contains(&(self.max_target as i64)) {
            return wrong(format!(
                "max_target is {}, outside 2 to {}",
                self.max_target,
                super::POSITIONS
            ));
        }
        Ok(())
    }
}
