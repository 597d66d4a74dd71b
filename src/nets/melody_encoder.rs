//! Two bars of melody to a point on a sphere: variations of one melody lie close together.
//!
//! What the theme retrieval of the Theme Transformer (Shih et al., IEEE TMM 2022, section IV) is built on: an encoder trained by
//! contrast (NT-Xent, Chen et al. 2020), whose points are then clustered. Convolutions over the 32 steps, twice halved, and
//! two layers over what is left; the point itself is what is trained by, without a further head, because it is distances
//! between points that are used.
//!
//! Shapes: B segments, C channels, S steps, E coordinates.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tch::nn;
use tch::{Device, TchError, Tensor};

use super::NetError;
use super::bounds::{self, Bounds};
use super::checkpoint::{self, Tensors};
use super::layers::{LAYER_NORM_EPSILON, Linear, Products, dropout, xavier};

/// The name in `config.json`.
pub const ARCHITECTURE: &str = "melody_encoder";

/// Sizes of a [`MelodyEncoder`], as in `config.json` beside the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Always [`ARCHITECTURE`].
    pub architecture: String,
    /// Numbers that describe a step.
    pub channels: i64,
    /// Steps of a segment, a multiple of 4.
    pub steps: i64,
    /// Channels of the convolutions over all steps.
    pub width: i64,
    /// Channels of the convolutions over every second and every fourth step.
    pub wide: i64,
    /// Coordinates of a point.
    pub embedding: i64,
    /// Share of values dropped in training, 0 to below 1.
    pub dropout: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            architecture: ARCHITECTURE.to_owned(),
            channels: 123,
            steps: 32,
            width: 64,
            wide: 96,
            embedding: 64,
            dropout: 0.1,
        }
    }
}

impl Config {
    /// Reads a `config.json`.
    ///
    /// # Errors
    /// When the file is missing, is not JSON, or says sizes that no network can have.
    pub fn read(path: &Path) -> Result<Self, NetError> {
        let config: Self = bounds::read(path)?;
        config.check()?;
        Ok(config)
    }

    /// Says what is wrong with sizes that no network can have.
    ///
    /// # Errors
    /// A sentence about the first thing that is wrong.
    pub fn check(&self) -> Result<(), NetError> {
        let wrong = |what: String| {
            Err(NetError::Config(format!(
                "melody encoder configuration: {what}"
            )))
        };
        if self.architecture != ARCHITECTURE {
            return wrong(format!(
                "the architecture is {:?}, not {ARCHITECTURE:?}",
                self.architecture
            ));
        }
        if self.steps % 4 != 0 {
            return wrong(format!("steps {} must be a multiple of 4", self.steps));
        }
        Bounds {
            sizes: &[
                ("channels", self.channels, 4096),
                ("steps", self.steps, 1024),
                ("width", self.width, 4096),
                ("wide", self.wide, 4096),
                ("embedding", self.embedding, 4096),
            ],
            width: 2,
            heads: ("heads", 1),
            dropout: self.dropout,
        }
        .check()
        .or_else(wrong)
    }
}

/// `Conv1d` that keeps the number of steps, or halves it.
#[derive(Debug)]
struct Convolution {
    weight: Tensor,
    bias: Tensor,
    stride: i64,
}

impl Convolution {
    /// Parameters `weight` `[outputs, inputs, kernel]` and `bias` `[outputs]`; an odd kernel.
    fn new(
        path: &nn::Path<'_>,
        inputs: i64,
        outputs: i64,
        kernel: i64,
        stride: i64,
    ) -> Result<Self, TchError> {
        let shape = [outputs, inputs, kernel];
        Ok(Self {
            weight: path.f_var("weight", &shape, xavier(inputs * kernel, outputs))?,
            bias: path.f_zeros("bias", &[outputs])?,
            stride,
        })
    }

    /// [B, inputs, S] to [B, outputs, S / stride].
    fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let padding = self.weight.size()[2] / 2;
        x.f_conv1d(&self.weight, Some(&self.bias), self.stride, padding, 1, 1)
    }
}

/// Two convolutions beside a way that leaves things as they are.
#[derive(Debug)]
struct Residual {
    /// Weight and bias of the normalisation over all channels and steps of a segment.
    norm: (Tensor, Tensor),
    first: Convolution,
    second: Convolution,
}

impl Residual {
    fn new(path: &nn::Path<'_>, width: i64) -> Result<Self, TchError> {
        let norm = path / "norm";
        Ok(Self {
            norm: (
                norm.f_ones("weight", &[width])?,
                norm.f_zeros("bias", &[width])?,
            ),
            first: Convolution::new(&(path / "first"), width, width, 3, 1)?,
            second: Convolution::new(&(path / "second"), width, width, 3, 1)?,
        })
    }

    /// [B, width, S] to the same.
    fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let (weight, bias) = &self.norm;
        let inner = x.f_group_norm(1, Some(weight), Some(bias), LAYER_NORM_EPSILON, false)?;
        let inner = self.first.forward(&inner)?.f_gelu("none")?;
        x.f_add(&self.second.forward(&inner)?)
    }
}

/// The network. Its parameters are those of the `VarStore` it was built in.
#[derive(Debug)]
pub struct MelodyEncoder {
    config: Config,
    read: Convolution,
    all: Residual,
    to_second: Convolution,
    second: Residual,
    to_fourth: Convolution,
    inner: Linear,
    point: Linear,
}

impl MelodyEncoder {
    /// Builds the network with fresh parameters under `path`, usually a store's root.
    ///
    /// # Errors
    /// When the configuration is impossible, or memory runs out.
    pub fn new(path: &nn::Path<'_>, config: &Config) -> Result<Self, NetError> {
        config.check()?;
        let (narrow, wide) = (config.width, config.wide);
        Ok(Self {
            config: config.clone(),
            read: Convolution::new(&(path / "read"), config.channels, narrow, 5, 1)?,
            all: Residual::new(&(path / "all"), narrow)?,
            to_second: Convolution::new(&(path / "to_second"), narrow, wide, 3, 2)?,
            second: Residual::new(&(path / "second"), wide)?,
            to_fourth: Convolution::new(&(path / "to_fourth"), wide, wide, 3, 2)?,
            inner: Linear::new(&(path / "inner"), wide * config.steps / 4, wide)?,
            point: Linear::new(&(path / "point"), wide, config.embedding)?,
        })
    }

    /// Loads `config.json` and `weights.safetensors` of a folder, for use without training.
    ///
    /// # Errors
    /// When a file is missing or damaged, or the two do not belong together.
    pub fn load(folder: &Path, device: Device) -> Result<Self, NetError> {
        let config = Config::read(&folder.join("config.json"))?;
        let tensors = checkpoint::read(&folder.join("weights.safetensors"))?;
        Self::from_tensors(&config, &tensors, device)
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

    /// Segments [B, C, S] to points [B, E] at distance 1 from the origin. With `train` dropout is on.
    ///
    /// # Errors
    /// When the shape is not the network's.
    pub fn forward(&self, segments: &Tensor, train: bool) -> Result<Tensor, NetError> {
        let shape = segments.size();
        let config = &self.config;
        if shape.len() != 3 || shape[1..] != [config.channels, config.steps] {
            return Err(NetError::Input(format!(
                "segments must be [any, {}, {}], not {shape:?}",
                config.channels, config.steps
            )));
        }
        let x = self.read.forward(segments)?.f_gelu("none")?;
        let x = self.all.forward(&x)?;
        let x = self.to_second.forward(&x)?.f_gelu("none")?;
        let x = self.second.forward(&x)?;
        let x = self.to_fourth.forward(&x)?.f_gelu("none")?;
        let x = dropout(x.f_flatten(1, 2)?, config.dropout, train)?;
        let x = self.inner.forward(&x, Products::Single)?.f_gelu("none")?;
        let x = self.point.forward(&x, Products::Single)?;
        let length = x.f_norm_scalaropt_dim(2.0, [-1].as_slice(), true)?;
        Ok(x.f_div(&length.f_clamp_min(1e-8)?)?)
    }

    /// The points of segments, C x S numbers each, one after another: E numbers each. Without training.
    ///
    /// # Errors
    /// When the numbers do not divide into segments.
    pub fn encode(&self, segments: &[f32]) -> Result<Vec<f32>, NetError> {
        if segments.is_empty() {
            return Ok(Vec::new());
        }
        let config = &self.config;
        let size = (config.channels * config.steps) as usize;
        if !segments.len().is_multiple_of(size) {
            return Err(NetError::Input(format!(
                "{} numbers are no segments of {size}",
                segments.len()
            )));
        }
        tch::no_grad(|| {
            let rows =
                Tensor::f_from_slice(segments)?.f_view([-1, config.channels, config.steps])?;
            let points = self.forward(&rows, false)?;
            Ok(Vec::<f32>::try_from(&points.f_reshape([-1])?)?)
        })
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;
    use tch::nn::VarStore;

    use super::*;

    fn small() -> Config {
        Config {
            channels: 5,
            steps: 8,
            width: 6,
            wide: 8,
            embedding: 4,
            ..Config::default()
        }
    }

    fn network(config: &Config) -> MelodyEncoder {
        tch::manual_seed(5);
        let mut store = VarStore::new(Device::Cpu);
        let network = MelodyEncoder::new(&store.root(), config).unwrap();
        store.freeze();
        network
    }

    #[test]
    fn the_usual_size_is_small() {
        let store = VarStore::new(Device::Cpu);
        let config = Config::default();
        MelodyEncoder::new(&store.root(), &config).unwrap();
        let count: usize = store.trainable_variables().iter().map(Tensor::numel).sum();
        // 39,424 + (128 + 2 x 12,352) + 18,528 + (192 + 2 x 27,744) + 27,744 + 73,824 + 6,208
        assert_eq!(count, 246_240);
        let wanted = [
            crate::tokens::melody::CHANNELS,
            crate::tokens::melody::STEPS,
        ];
        assert_eq!(
            [config.channels, config.steps],
            wanted.map(|size| size as i64)
        );
    }

    #[test]
    fn points_lie_on_the_sphere_and_segments_do_not_meet() {
        let network = network(&small());
        let rows = Tensor::randn([3, 5, 8], (Kind::Float, Device::Cpu));
        let flat = Vec::<f32>::try_from(&rows.reshape([-1])).unwrap();
        let together = network.encode(&flat).unwrap();
        assert_eq!(together.len(), 12);
        for (row, point) in together.chunks(4).enumerate() {
            let length: f32 = point.iter().map(|x| x * x).sum();
            assert!((length - 1.0).abs() < 1e-5);
            let alone = network.encode(&flat[row * 40..][..40]).unwrap();
            let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-5;
            assert!(alone.iter().zip(point).all(near), "{row}");
        }
        assert!(network.encode(&[]).unwrap().is_empty());
    }

    #[test]
    fn wrong_shapes_and_sizes_are_refused() {
        let network = network(&small());
        assert!(network.encode(&[0.0; 41]).is_err());
        let zeros = Tensor::zeros([1, 5, 9], (Kind::Float, Device::Cpu));
        assert!(network.forward(&zeros, false).is_err());
        for config in [
            Config {
                steps: 30,
                ..Config::default()
            },
            Config {
                wide: 0,
                ..Config::default()
            },
            Config {
                architecture: "musegan".to_owned(),
                ..Config::default()
            },
        ] {
            assert!(config.check().is_err(), "{config:?}");
        }
    }
}
