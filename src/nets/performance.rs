//! How notes on the grid are played: velocity and timing, note after note.
//!
//! A convolution reads what is known of the notes of a part beforehand, some to either side of each; a gated recurrent unit (Cho
//! et al. 2014) goes through them with what it was told of the strokes so far; a first head says the velocity, a second one,
//! which is told the velocity, the timing. Both are classes, so that they may have several likely values (accent or ghost
//! note, straight or swung).
//!
//! Shapes: B rows, N notes, F features, P numbers of the past.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tch::nn::{self, Init};
use tch::{Device, Kind, TchError, Tensor};

use super::NetError;
use super::bounds::{self, Bounds};
use super::checkpoint::{self, Tensors};
use super::layers::{Linear, Products, dropout, xavier};

/// The name in `config.json`.
pub const ARCHITECTURE: &str = "performance";

/// Sizes of a [`PerformanceNet`], as in `config.json` beside the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Always [`ARCHITECTURE`].
    pub architecture: String,
    /// Numbers that describe a note.
    pub features: i64,
    /// Numbers of a note's past.
    pub past: i64,
    /// Channels of the convolution.
    pub width: i64,
    /// Notes that the convolution reads at once, an odd number: as many after a note as before it.
    pub kernel: i64,
    /// Width of the recurrent unit.
    pub hidden: i64,
    /// Classes of velocity.
    pub velocities: i64,
    /// Classes of timing.
    pub timings: i64,
    /// Share of values dropped in training, 0 to below 1.
    pub dropout: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            architecture: ARCHITECTURE.to_owned(),
            features: 63,
            past: 9,
            width: 64,
            kernel: 9,
            hidden: 128,
            velocities: 32,
            timings: 32,
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
                "performance configuration: {what}"
            )))
        };
        if self.architecture != ARCHITECTURE {
            return wrong(format!(
                "the architecture is {:?}, not {ARCHITECTURE:?}",
                self.architecture
            ));
        }
        if self.kernel % 2 == 0 {
            return wrong(format!("kernel {} must be odd", self.kernel));
        }
        Bounds {
            sizes: &[
                ("features", self.features, 4096),
                ("past", self.past, 4096),
                ("width", self.width, 4096),
                ("kernel", self.kernel, 255),
                ("hidden", self.hidden, 4096),
                ("velocities", self.velocities, 128),
                ("timings", self.timings, 1024),
            ],
            width: 2,
            heads: ("heads", 1),
            dropout: self.dropout,
        }
        .check()
        .or_else(wrong)
    }
}

/// The network. Its parameters are those of the `VarStore` it was built in.
#[derive(Debug)]
pub struct PerformanceNet {
    config: Config,
    /// `[width, F, kernel]` and `[width]`.
    context: (Tensor, Tensor),
    /// Input and hidden weights [3 H, width + P] and [3 H, H], input and hidden biases [3 H].
    recurrent: [Tensor; 4],
    velocity: Linear,
    /// What the timing head is told of each class of velocity.
    velocity_embedding: Tensor,
    timing_inner: Linear,
    timing: Linear,
}

/// Width of the embedding of a velocity.
const EMBEDDING: i64 = 16;
/// Width inside the timing head.
const TIMING_INNER: i64 = 64;

impl PerformanceNet {
    /// Builds the network with fresh parameters under `path`, usually a store's root.
    ///
    /// # Errors
    /// When the configuration is impossible, or memory runs out.
    pub fn new(path: &nn::Path<'_>, config: &Config) -> Result<Self, NetError> {
        config.check()?;
        let (h, w) = (config.hidden, config.width);
        let context = path / "context";
        let recurrent = path / "recurrent";
        let input = w + config.past;
        // PyTorch's own bounds for recurrent units.
        let bound = (h as f64).powf(-0.5);
        let init = Init::Uniform {
            lo: -bound,
            up: bound,
        };
        Ok(Self {
            config: config.clone(),
            context: (
                context.f_var(
                    "weight",
                    &[w, config.features, config.kernel],
                    xavier(config.features * config.kernel, w),
                )?,
                context.f_zeros("bias", &[w])?,
            ),
            recurrent: [
                recurrent.f_var("weight_ih_l0", &[3 * h, input], init)?,
                recurrent.f_var("weight_hh_l0", &[3 * h, h], init)?,
                recurrent.f_var("bias_ih_l0", &[3 * h], init)?,
                recurrent.f_var("bias_hh_l0", &[3 * h], init)?,
            ],
            velocity: Linear::new(&(path / "velocity"), h, config.velocities)?,
            velocity_embedding: (path / "velocity_embedding").f_var(
                "weight",
                &[config.velocities, EMBEDDING],
                Init::Randn {
                    mean: 0.0,
                    stdev: 0.5,
                },
            )?,
            timing_inner: Linear::new(&(path / "timing_inner"), h + EMBEDDING, TIMING_INNER)?,
            timing: Linear::new(&(path / "timing"), TIMING_INNER, config.timings)?,
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

    /// What is to come and what lies around each note: `features` [B, N, F] to [B, N, width].
    fn read_context(&self, features: &Tensor) -> Result<Tensor, TchError> {
        let (weight, bias) = &self.context;
        features
            .f_transpose(1, 2)?
            .f_conv1d(weight, Some(bias), 1, self.config.kernel / 2, 1, 1)?
            .f_gelu("none")?
            .f_transpose(1, 2)
    }

    /// Timing logits [.., timings] from the state [.., H] and classes of velocity [..].
    fn time(&self, state: &Tensor, velocities: &Tensor) -> Result<Tensor, TchError> {
        let told = Tensor::f_embedding(&self.velocity_embedding, velocities, -1, false, false)?;
        let both = Tensor::f_cat(&[state, &told], -1)?;
        let inner = self.timing_inner.forward(&both, Products::Single)?;
        self.timing
            .forward(&inner.f_gelu("none")?, Products::Single)
    }

    /// Logits of velocity [B, N, velocities] and of timing [B, N, timings], each note given the true strokes before it:
    /// `features` [B, N, F], `past` [B, N, P], `velocities` [B, N] the true classes of velocity. With `train` dropout is on.
    ///
    /// # Errors
    /// When shapes do not belong together.
    pub fn forward(
        &self,
        features: &Tensor,
        past: &Tensor,
        velocities: &Tensor,
        train: bool,
    ) -> Result<(Tensor, Tensor), NetError> {
        let (shape, past_shape) = (features.size(), past.size());
        let &[rows, notes, width] = shape.as_slice() else {
            return Err(NetError::Input(format!(
                "features must be [rows, notes, features], not {shape:?}"
            )));
        };
        if width != self.config.features
            || past_shape != [rows, notes, self.config.past]
            || velocities.size() != [rows, notes]
        {
            return Err(NetError::Input(format!(
                "features {shape:?}, past {past_shape:?} and velocities {:?} do not belong together or to this network",
                velocities.size()
            )));
        }
        let drop = self.config.dropout;
        let context = dropout(self.read_context(features)?, drop, train)?;
        let input = Tensor::f_cat(&[&context, past], -1)?;
        let start = Tensor::f_zeros([1, rows, self.config.hidden], (Kind::Float, input.device()))?;
        let (states, _) = input.f_gru(&start, &self.recurrent, true, 1, 0.0, train, false, true)?;
        let states = dropout(states, drop, train)?;
        Ok((
            self.velocity.forward(&states, Products::Single)?,
            self.time(&states, velocities)?,
        ))
    }

    /// Begins to play a part of at least one note: `features` is N rows of F numbers.
    ///
    /// # Errors
    /// When `features` is empty or does not divide into rows.
    pub fn start(&self, features: &[f32]) -> Result<Playing<'_>, NetError> {
        let width = self.config.features as usize;
        if features.is_empty() || !features.len().is_multiple_of(width) {
            return Err(NetError::Input(format!(
                "{} numbers are no notes of {width} features",
                features.len()
            )));
        }
        let float = (Kind::Float, Device::Cpu);
        tch::no_grad(|| {
            let rows = Tensor::f_from_slice(features)?.f_view([1, -1, self.config.features])?;
            Ok(Playing {
                network: self,
                context: self.read_context(&rows)?.f_squeeze_dim(0)?,
                state: Tensor::f_zeros([1, self.config.hidden], float)?,
                next: 0,
            })
        })
    }
}

/// A part that is being played: one step a note.
#[derive(Debug)]
pub struct Playing<'a> {
    network: &'a PerformanceNet,
    context: Tensor,
    state: Tensor,
    next: i64,
}

impl Playing<'_> {
    /// Goes to the next note, of whose past P numbers are known, and returns the logits of its velocity.
    ///
    /// # Errors
    /// Behind the last note, or where the past has another size.
    pub fn velocity(&mut self, past: &[f32]) -> Result<Vec<f32>, NetError> {
        let network = self.network;
        if past.len() as i64 != network.config.past || self.next >= self.context.size()[0] {
            return Err(NetError::Input(
                "there is no further note, or its past has another size".to_owned(),
            ));
        }
        tch::no_grad(|| {
            let context = self.context.f_narrow(0, self.next, 1)?;
            let past = Tensor::f_from_slice(past)?.f_unsqueeze(0)?;
            let input = Tensor::f_cat(&[context, past], 1)?;
            let [input_weight, hidden_weight, input_bias, hidden_bias] = &network.recurrent;
            self.state = input.f_gru_cell(
                &self.state,
                input_weight,
                hidden_weight,
                Some(input_bias),
                Some(hidden_bias),
            )?;
            self.next += 1;
            numbers(&network.velocity.forward(&self.state, Products::Single)?)
        })
    }

    /// The logits of the same note's timing, now that its class of velocity is decided.
    ///
    /// # Errors
    /// Where there is no such class.
    pub fn timing(&self, velocity: usize) -> Result<Vec<f32>, NetError> {
        let velocity = velocity as i64;
        if velocity >= self.network.config.velocities {
            return Err(NetError::Input(format!(
                "there is no velocity class {velocity}"
            )));
        }
        tch::no_grad(|| {
            let velocity = Tensor::f_from_slice(&[velocity])?;
            numbers(&self.network.time(&self.state, &velocity)?)
        })
    }
}

fn numbers(logits: &Tensor) -> Result<Vec<f32>, NetError> {
    Ok(Vec::<f32>::try_from(&logits.f_reshape([-1])?)?)
}

#[cfg(test)]
mod tests {
    use tch::nn::VarStore;

    use super::*;

    fn small() -> Config {
        Config {
            features: 5,
            past: 2,
            width: 8,
            kernel: 3,
            hidden: 8,
            velocities: 4,
            timings: 6,
            ..Config::default()
        }
    }

    fn network(config: &Config) -> PerformanceNet {
        tch::manual_seed(5);
        let mut store = VarStore::new(Device::Cpu);
        let network = PerformanceNet::new(&store.root(), config).unwrap();
        store.freeze();
        network
    }

    #[test]
    fn the_published_size_is_small() {
        let store = VarStore::new(Device::Cpu);
        PerformanceNet::new(&store.root(), &Config::default()).unwrap();
        let count: usize = store.trainable_variables().iter().map(Tensor::numel).sum();
        // 36,352 + 77,952 + 4,128 + 512 + 9,280 + 2,080
        assert_eq!(count, 130_304);
    }

    #[test]
    fn note_by_note_is_the_same_as_all_at_once() {
        let config = small();
        let network = network(&config);
        let float = (Kind::Float, Device::Cpu);
        let features = Tensor::randn([1, 7, 5], float);
        let past = Tensor::randn([1, 7, 2], float);
        let classes = [0_i64, 3, 1, 2, 2, 0, 1];
        let velocities = Tensor::from_slice(&classes).unsqueeze(0);
        let (loud, late) = network
            .forward(&features, &past, &velocities, false)
            .unwrap();
        let flat = |tensor: &Tensor| Vec::<f32>::try_from(&tensor.reshape([-1])).unwrap();
        let mut playing = network.start(&flat(&features)).unwrap();
        let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
        for (i, class) in classes.into_iter().enumerate() {
            let step = playing.velocity(&flat(&past.select(1, i as i64))).unwrap();
            assert!(near(&step, &flat(&loud.select(1, i as i64))), "{i}");
            let step = playing.timing(class as usize).unwrap();
            assert!(near(&step, &flat(&late.select(1, i as i64))), "{i}");
        }
        assert!(playing.velocity(&[0.0, 0.0]).is_err());
        assert!(playing.timing(4).is_err());
    }

    #[test]
    fn later_strokes_change_nothing_before_them() {
        let network = network(&small());
        let float = (Kind::Float, Device::Cpu);
        let features = Tensor::randn([1, 6, 5], float);
        let past = Tensor::randn([1, 6, 2], float);
        let changed = past.copy();
        let _ = changed.narrow(1, 4, 1).fill_(9.0);
        let velocities = Tensor::zeros([1, 6], (Kind::Int64, Device::Cpu));
        let run = |past: &Tensor| {
            let (loud, _) = network
                .forward(&features, past, &velocities, false)
                .unwrap();
            loud
        };
        let difference = (run(&past) - run(&changed)).abs();
        assert_eq!(difference.narrow(1, 0, 4).max().double_value(&[]), 0.0);
        assert!(difference.select(1, 4).max().double_value(&[]) > 0.0);
    }

    #[test]
    fn wrong_shapes_and_sizes_are_refused() {
        let network = network(&small());
        let float = (Kind::Float, Device::Cpu);
        let zeros = |width: i64| Tensor::zeros([1, 3, width], float);
        let velocities = Tensor::zeros([1, 3], (Kind::Int64, Device::Cpu));
        assert!(
            network
                .forward(&zeros(4), &zeros(2), &velocities, false)
                .is_err()
        );
        assert!(network.start(&[0.0; 6]).is_err());
        assert!(network.start(&[]).is_err());
        for config in [
            Config {
                kernel: 4,
                ..Config::default()
            },
            Config {
                hidden: 0,
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
