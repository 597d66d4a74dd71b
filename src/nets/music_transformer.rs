//! The Music Transformer (Huang et al., "Music Transformer: Generating Music with Long-Term Structure", 2018): a
//! decoder-only transformer over performance events whose self-attention also reads how far back a token lies.

use serde::{Deserialize, Serialize};
use tch::nn::{self, Init};
use tch::{Device, Kind, TchError, Tensor};

use super::NetError;
use super::bounds::Bounds;
use super::checkpoint::{self, Tensors};
use super::layers::{LayerNorm, Linear, Products, dropout, merge_heads, sinusoids, split_heads};

/// The name in `config.json`.
pub const ARCHITECTURE: &str = "music_transformer";

/// Sizes of a [`MusicTransformer`], as in `config.json` beside the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Always [`ARCHITECTURE`].
    pub architecture: String,
    /// Layers.
    pub n_layers: usize,
    /// Attention heads.
    pub num_heads: i64,
    /// Width of the model: even, and a multiple of `num_heads`.
    pub d_model: i64,
    /// Width of the feed-forward blocks.
    pub dim_feedforward: i64,
    /// The longest sequence, in tokens.
    pub max_sequence: i64,
    /// Whether attention is relative.
    pub rpr: bool,
    /// Tokens known.
    pub vocab: i64,
    /// Share of values dropped in training, 0 to below 1.
    pub dropout: f64,
}

impl Default for Config {
    /// The published configuration.
    fn default() -> Self {
        Self {
            architecture: ARCHITECTURE.to_owned(),
            n_layers: 6,
            num_heads: 8,
            d_model: 512,
            dim_feedforward: 1024,
            max_sequence: 2048,
            rpr: true,
            vocab: 390,
            dropout: 0.1,
        }
    }
}

impl Config {
    /// Says what is wrong with sizes that no network can have.
    ///
    /// # Errors
    /// A sentence about the first thing that is wrong.
    pub fn check(&self) -> Result<(), NetError> {
        let wrong = |what: String| {
            Err(NetError::Config(format!(
                "music transformer configuration: {what}"
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
                ("dim_feedforward", self.dim_feedforward, 65_536),
                ("max_sequence", self.max_sequence, 65_536),
                ("vocab", self.vocab, 1_000_000),
                ("n_layers", self.n_layers as i64, 64),
            ],
            width: self.d_model,
            heads: ("num_heads", self.num_heads),
            dropout: self.dropout,
        }
        .check()
        .or_else(wrong)
    }
}

/// The network. Its parameters are those of the `VarStore` it was built in, by their published names.
#[derive(Debug)]
pub struct MusicTransformer {
    config: Config,
    embedding: Tensor,
    positions: Tensor,
    layers: Vec<Layer>,
    norm: LayerNorm,
    output: Linear,
}

/// One post-norm layer: self-attention, then feed-forward, each added to its input and normalised.
#[derive(Debug)]
struct Layer {
    qkv: Linear,
    out: Linear,
    /// One vector a distance, the last row for distance 0, [`max_sequence`, head width].
    distances: Option<Tensor>,
    norm1: LayerNorm,
    widen: Linear,
    narrow: Linear,
    norm2: LayerNorm,
}

impl MusicTransformer {
    /// Builds the network with fresh parameters under `path`, usually a store's root.
    ///
    /// # Errors
    /// When the configuration is impossible, or memory runs out.
    pub fn new(path: &nn::Path<'_>, config: &Config) -> Result<Self, NetError> {
        config.check()?;
        let d = config.d_model;
        let stack = path / "transformer" / "encoder";
        let layers = &stack / "layers";
        let init = Init::Randn {
            mean: 0.0,
            stdev: 1.0,
        };
        Ok(Self {
            config: config.clone(),
            embedding: (path / "embedding").f_var("weight", &[config.vocab, d], init)?,
            positions: sinusoids(config.max_sequence, d, 0.0, path.device())?,
            layers: (0..config.n_layers)
                .map(|i| Layer::new(&(&layers / i), config))
                .collect::<Result<_, TchError>>()?,
            norm: LayerNorm::new(&(&stack / "norm"), d)?,
            output: Linear::new(&(path / "Wout"), d, config.vocab)?,
        })
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

    /// `tokens` [B, T] to logits [B, T, vocab] of the next tokens. With `train` dropout is on.
    ///
    /// # Errors
    /// When a token is out of range, or a sequence longer than `max_sequence`.
    pub fn forward(&self, tokens: &Tensor, train: bool) -> Result<Tensor, NetError> {
        let shape = tokens.size();
        let &[_, length] = shape.as_slice() else {
            return Err(NetError::Input(format!(
                "tokens must be [rows, length], not {shape:?}"
            )));
        };
        if !(1..=self.config.max_sequence).contains(&length) || tokens.kind() != Kind::Int64 {
            return Err(NetError::Input(format!(
                "{length} tokens of kind {:?}: 1 to {} 64-bit token numbers are possible",
                tokens.kind(),
                self.config.max_sequence
            )));
        }
        let drop = self.config.dropout;
        let x = Tensor::f_embedding(&self.embedding, tokens, -1, false, false)?;
        let mut x = dropout(
            x.f_add(&self.positions.f_narrow(0, 0, length)?)?,
            drop,
            train,
        )?;
        let later = Tensor::f_full(
            [length, length],
            f64::NEG_INFINITY,
            (Kind::Float, x.device()),
        )?
        .f_triu(1)?;
        for layer in &self.layers {
            x = layer.forward(&x, &later, self.config.num_heads, drop, train)?;
        }
        Ok(self
            .output
            .forward(&self.norm.forward(&x)?, Products::Single)?)
    }
}

impl Layer {
    fn new(path: &nn::Path<'_>, config: &Config) -> Result<Self, TchError> {
        let d = config.d_model;
        let attention = path / "self_attn";
        let init = Init::Uniform { lo: 0.0, up: 1.0 };
        let shape = [config.max_sequence, d / config.num_heads];
        Ok(Self {
            distances: if config.rpr {
                Some(attention.f_var("Er", &shape, init)?)
            } else {
                None
            },
            qkv: Linear::named(&attention, "in_proj_weight", "in_proj_bias", d, 3 * d)?,
            out: Linear::new(&(attention / "out_proj"), d, d)?,
            norm1: LayerNorm::new(&(path / "norm1"), d)?,
            widen: Linear::new(&(path / "linear1"), d, config.dim_feedforward)?,
            narrow: Linear::new(&(path / "linear2"), config.dim_feedforward, d)?,
            norm2: LayerNorm::new(&(path / "norm2"), d)?,
        })
    }

    /// `x` [B, T, D]; `later` [T, T] is minus infinity above the diagonal.
    fn forward(
        &self,
        x: &Tensor,
        later: &Tensor,
        heads: i64,
        drop: f64,
        train: bool,
    ) -> Result<Tensor, TchError> {
        let parts = self.qkv.forward(x, Products::Single)?.f_chunk(3, -1)?;
        let [q, k, v] = parts.as_slice() else {
            return Err(TchError::Shape("projection of three".to_owned()));
        };
        let (q, k, v) = (
            split_heads(q, heads)?,
            split_heads(k, heads)?,
            split_heads(v, heads)?,
        );
        let head = q.size().last().copied().unwrap_or(1);
        let q = q.f_mul_scalar((head as f64).powf(-0.5))?;
        let mut scores = q.f_matmul(&k.f_transpose(-2, -1)?)?;
        if let Some(distances) = &self.distances {
            scores = scores.f_add(&relative_scores(&q, distances)?)?;
        }
        let weights = scores.f_add(later)?.f_softmax(-1, None)?;
        let read = merge_heads(&dropout(weights, drop, train)?.f_matmul(&v)?)?;
        let read = self.out.forward(&read, Products::Single)?;
        let x = self
            .norm1
            .forward(&x.f_add(&dropout(read, drop, train)?)?)?;
        let wide = dropout(
            self.widen.forward(&x, Products::Single)?.f_relu()?,
            drop,
            train,
        )?;
        let fed = self.narrow.forward(&wide, Products::Single)?;
        self.norm2.forward(&x.f_add(&dropout(fed, drop, train)?)?)
    }
}

/// What every query gives to every distance, moved so that column j of row i belongs to distance i - j (the paper's
/// "skewing"): `q` [B, heads, T, head width] to [B, heads, T, T]. Columns after the diagonal hold nothing of meaning.
fn relative_scores(q: &Tensor, distances: &Tensor) -> Result<Tensor, TchError> {
    let (batch, heads, time, _) = q.size4()?;
    let rows = distances.size().first().copied().unwrap_or_default();
    let scores = q.f_matmul(
        &distances
            .f_narrow(0, rows - time, time)?
            .f_transpose(0, 1)?,
    )?;
    let scores = scores
        .f_constant_pad_nd([1, 0])?
        .f_view([batch, heads, time + 1, time])?;
    scores.f_narrow(2, 1, time)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tch::nn::VarStore;

    use super::*;

    #[test]
    fn outputs_equal_the_expected_ones() {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/nets/music_transformer");
        let config: Config =
            serde_json::from_str(&std::fs::read_to_string(folder.join("config.json")).unwrap())
                .unwrap();
        let cases = checkpoint::read(&folder.join("cases.safetensors")).unwrap();
        for weights in ["weights.safetensors", "weights.pickle"] {
            let tensors = checkpoint::read(&folder.join(weights)).unwrap();
            let network = MusicTransformer::from_tensors(&config, &tensors, Device::Cpu).unwrap();
            let logits = network.forward(&cases["tokens"], false).unwrap();
            let worst = (logits - &cases["logits"]).abs().max().double_value(&[]);
            assert!(worst < 1e-5, "{weights}: {worst}");
            let long = Tensor::zeros([1, config.max_sequence + 1], (Kind::Int64, Device::Cpu));
            assert!(network.forward(&long, false).is_err());
            assert!(
                network
                    .forward(
                        &Tensor::full([1, 4], config.vocab, (Kind::Int64, Device::Cpu)),
                        false
                    )
                    .is_err()
            );
        }
    }

    #[test]
    fn later_tokens_change_nothing_before_them() {
        let config = Config {
            n_layers: 2,
            num_heads: 2,
            d_model: 16,
            dim_feedforward: 32,
            max_sequence: 32,
            vocab: 40,
            ..Config::default()
        };
        let mut store = VarStore::new(Device::Cpu);
        let network = MusicTransformer::new(&store.root(), &config).unwrap();
        store.freeze();
        let tokens = Tensor::from_slice(&[1_i64, 9, 4, 30, 12, 7]).unsqueeze(0);
        let whole = network.forward(&tokens, false).unwrap();
        let start = network.forward(&tokens.narrow(1, 0, 4), false).unwrap();
        let worst = (whole.narrow(1, 0, 4) - start)
            .abs()
            .max()
            .double_value(&[]);
        // Another length reads other rows of the distance table at the same distance, if the skew is right.
        assert!(worst < 1e-5, "{worst}");
    }

    #[test]
    fn impossible_configurations_are_refused() {
        for config in [
            Config {
                num_heads: 0,
                ..Config::default()
            },
            Config {
                num_heads: 7,
                ..Config::default()
            },
            Config {
                max_sequence: i64::MAX,
                ..Config::default()
            },
            Config {
                n_layers: 0,
                ..Config::default()
            },
            Config {
                architecture: "theme_transformer".to_owned(),
                ..Config::default()
            },
        ] {
            assert!(config.check().is_err(), "{config:?}");
        }
    }
}
