//! The Theme Transformer (Shih et al., "Theme Transformer: Symbolic Music Generation with Theme-Conditioned
//! Transformer", IEEE Transactions on Multimedia, 2022): an encoder reads a theme, a decoder writes the piece and reads
//! the encoder's output inside theme regions only.
//!
//! Shapes: B rows, S source tokens, T target tokens, D `d_model`, V `vocab`.

mod cells;
mod config;
mod decoder;
mod encoder;
mod fast;
mod feed_forward;
mod group;
mod helper;
mod inputs;
mod norm;
mod prime;

mod session;
mod sources;
mod step;

use std::path::{Path, PathBuf};

use tch::nn::{self, Init};
use tch::{Device, Kind, TchError, Tensor};

pub use config::{ARCHITECTURE, Activation, Config, KeyKind, LabelKind};
use decoder::{DecoderLayer, Pass};
use encoder::EncoderLayer;
pub use fast::{Arithmetic, Decoder};
pub use session::Session;

use super::checkpoint::{self, Tensors};
use super::layers::{LayerNorm, Linear, dropout, sinusoids};
use super::{NetError, Products};

/// Rows of the tables of sinusoids: the longest source, target and label.
pub const POSITIONS: i64 = 5000;

/// The published model's encoder counts its positions from here, not from 0.
const FIRST_SOURCE_POSITION: f64 = 0.1;

/// The network. Its parameters are those of the `VarStore` it was built in, by their published names.
#[derive(Debug)]
pub struct ThemeTransformer {
    config: Config,
    products: Products,
    embedding: Tensor,
    encoder: Vec<EncoderLayer>,
    encoder_norm: LayerNorm,
    decoder: Vec<DecoderLayer>,
    decoder_norm: LayerNorm,
    output: Linear,
    /// Sinusoids for target positions and labels, and for source positions, [`POSITIONS`, D].
    positions: Tensor,
    source_positions: Tensor,
}

impl ThemeTransformer {
    /// Builds the network with fresh parameters (see [`Self::initialise`]) under `path`, usually a store's root.
    ///
    /// # Errors
    /// When the configuration is impossible, or memory runs out.
    pub fn new(path: &nn::Path<'_>, config: &Config) -> Result<Self, NetError> {
        config.check()?;
        let d = config.d_model;
        let stacks = path / "transformer_model";
        let (encoder, decoder) = (&stacks / "encoder", &stacks / "decoder");
        let (encoder_layers, decoder_layers) = (&encoder / "layers", &decoder / "layers");
        // As large as the sinusoids that are added to them, unscaled: neither drowns the other.
        let tokens = Init::Randn {
            mean: 0.0,
            stdev: 0.5,
        };
        Ok(Self {
            config: config.clone(),
            products: Products::default(),
            embedding: (path / "token_embedding").f_var("weight", &[config.vocab, d], tokens)?,
            encoder: (0..config.encoder_layers)
                .map(|i| EncoderLayer::new(&(&encoder_layers / i), config))
                .collect::<Result<_, TchError>>()?,
            encoder_norm: LayerNorm::new(&(&encoder / "norm"), d)?,
            decoder: (config.decoder_xor_pattern.iter().enumerate())
                .map(|(i, &flag)| DecoderLayer::new(&(&decoder_layers / i), config, flag == 1))
                .collect::<Result<_, TchError>>()?,
            decoder_norm: LayerNorm::new(&(&decoder / "norm"), d)?,
            output: Linear::new(&(path / "output_layer"), d, config.vocab)?,
            positions: sinusoids(POSITIONS, d, 0.0, path.device())?,
            source_positions: sinusoids(POSITIONS, d, FIRST_SOURCE_POSITION, path.device())?,
        })
    }

    /// Loads `config.json` and the weights of a folder, for use without training.
    ///
    /// # Errors
    /// When a file is missing or damaged, or the two do not belong together.
    pub fn load(folder: &Path, device: Device) -> Result<Self, NetError> {
        let config = Config::read(&folder.join("config.json"))?;
        let weights = weights_in(folder).ok_or_else(|| {
            NetError::Config(format!(
                "{}: no weights.safetensors and no weights.pt in it",
                folder.display()
            ))
        })?;
        Self::from_tensors(&config, &checkpoint::read(&weights)?, device)
    }

    /// Builds the network around weights that were read already, for use without training.
    ///
    /// # Errors
    /// When the weights do not belong to the configuration.
    pub fn from_tensors(
        config: &Config,
        tensors: &Tensors,
        device: Device,
    ) -> Result<Self, NetError> {
        checkpoint::frozen(tensors, device, |path| Self::new(path, config))
    }

    /// The configuration it was built with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Chooses the numbers of matrix products in [`Self::forward`] and [`Self::encode`]; 32-bit by default.
    pub fn set_products(&mut self, products: Products) {
        self.products = products;
    }

    /// Changes the share of values that training drops, 0 to below 1.
    pub fn set_dropout(&mut self, share: f64) {
        self.config.dropout = share.clamp(0.0, 0.99);
    }

    /// Scales the fresh encoder's residual branches, so that training from scratch keeps reading the source.
    ///
    /// With plain Xavier initialisation the post-norm encoder tends to map every source to one constant vector, and the
    /// loss alone does not show it. Branches scaled to a fifth keep each token's own embedding visible at the output.
    ///
    /// # Errors
    /// When libtorch fails.
    pub fn initialise(&self) -> Result<(), NetError> {
        const BRANCH: f64 = 0.2;
        tch::no_grad(|| {
            for layer in &self.encoder {
                for weight in [&layer.out.weight, &layer.feed_forward.narrow.weight] {
                    let _scaled = weight.shallow_clone().f_mul_scalar_(BRANCH)?;
                }
            }
            Ok(())
        })
    }

    /// Reads the source: `source` [B, S] token numbers, `padding` [B, S] true where a row has ended (None: nowhere).
    /// Returns the memory [B, S, D].
    ///
    /// # Errors
    /// When a token is out of range, a source is longer than [`POSITIONS`], or shapes do not fit.
    pub fn encode(
        &self,
        source: &Tensor,
        padding: Option<&Tensor>,
        train: bool,
    ) -> Result<Tensor, NetError> {
        let length = check_tokens(source, "source")?;
        let mask = padding.map(memory_mask).transpose()?;
        let drop = self.config.dropout;
        let x = self
            .embed(source)?
            .f_add(&self.source_positions.f_narrow(0, 0, length)?)?;
        let mut x = dropout(x, drop, train)?;
        for layer in &self.encoder {
            x = layer.forward(&x, mask.as_ref(), self.products, drop, train)?;
        }
        Ok(self.encoder_norm.forward(&x)?)
    }

    /// The whole network: `source` [B, S], `source_padding` [B, S] true where a row has ended (None: nowhere),
    /// `target` [B, T] and `labels` [B, T] (0 outside theme regions). Returns logits [B, T, V] of the next tokens.
    ///
    /// With `train` dropout is on. Padding at the end of the target needs no mask: no earlier token reads it.
    ///
    /// # Errors
    /// When a token or label is out of range, a sequence is longer than [`POSITIONS`], or shapes do not fit.
    pub fn forward(
        &self,
        source: &Tensor,
        source_padding: Option<&Tensor>,
        target: &Tensor,
        labels: &Tensor,
        train: bool,
    ) -> Result<Tensor, NetError> {
        let memory = self.encode(source, source_padding, train)?;
        self.decode(&memory, source_padding, target, labels, train)
    }

    /// The decoder alone, on the memory of [`Self::encode`]. Returns logits [B, T, V].
    ///
    /// # Errors
    /// As [`Self::forward`].
    pub fn decode(
        &self,
        memory: &Tensor,
        source_padding: Option<&Tensor>,
        target: &Tensor,
        labels: &Tensor,
        train: bool,
    ) -> Result<Tensor, NetError> {
        let length = check_tokens(target, "target")?;
        if labels.size() != target.size() {
            return Err(NetError::Input(format!(
                "labels {:?} for a target {:?}",
                labels.size(),
                target.size()
            )));
        }
        let mask = source_padding.map(memory_mask).transpose()?;
        let gate = labels.f_gt(0)?.f_to_kind(Kind::Float)?.f_unsqueeze(-1)?;
        let closed = gate.f_neg()?.f_add_scalar(1.0)?;
        let pass = Pass {
            positions: &self.positions.f_narrow(0, 0, length)?,
            labels: &Tensor::f_embedding(&self.positions, labels, -1, false, false)?,
            gate: &gate,
            closed: &closed,
            memory,
            memory_mask: mask.as_ref(),
            products: self.products,
            drop: self.config.dropout,
            train,
        };
        let mut x = dropout(self.embed(target)?, self.config.dropout, train)?;
        for layer in &self.decoder {
            x = layer.forward(&x, &pass)?;
        }
        Ok(self
            .output
            .forward(&self.decoder_norm.forward(&x)?, self.products)?
            .f_to_kind(Kind::Float)?)
    }

    fn embed(&self, tokens: &Tensor) -> Result<Tensor, TchError> {
        Tensor::f_embedding(&self.embedding, tokens, -1, false, false)
    }
}

/// The length of a [B, T] tensor of token numbers.
fn check_tokens(tokens: &Tensor, what: &str) -> Result<i64, NetError> {
    let shape = tokens.size();
    match shape.as_slice() {
        &[_, length] if (1..=POSITIONS).contains(&length) && tokens.kind() == Kind::Int64 => {
            Ok(length)
        }
        _ => Err(NetError::Input(format!(
            "the {what} must be 64-bit token numbers [rows, 1..={POSITIONS}], not {:?} {shape:?}",
            tokens.kind()
        ))),
    }
}

/// What attention may read, [B, 1, 1, S], from where a row has ended, [B, S].
fn memory_mask(padding: &Tensor) -> Result<Tensor, TchError> {
    padding.f_logical_not()?.f_unsqueeze(1)?.f_unsqueeze(1)
}

/// The weight file of a model's folder.
pub fn weights_in(folder: &Path) -> Option<PathBuf> {
    ["weights.safetensors", "weights.pt"]
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests;
