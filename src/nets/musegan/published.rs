//! The generator as published for PyTorch: noise in, pianorolls of several tracks out.

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, TchError, Tensor};

use crate::nets::NetError;
use crate::nets::checkpoint::{CheckpointError, Tensors};

/// The name in `config.json`.
pub const ARCHITECTURE: &str = "musegan";

/// PyTorch's default for batch normalisation.
const BATCH_NORM_EPSILON: f64 = 1e-5;
/// Blocks before the tracks part.
const SHARED_BLOCKS: usize = 4;

/// The shape of what a [`Generator`] takes and gives, as in `config.json`. Channels and kernels are read off the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Always [`ARCHITECTURE`].
    pub architecture: String,
    /// Numbers in a latent.
    pub latent: i64,
    /// Tracks.
    pub tracks: i64,
    /// Bars of a phrase.
    pub measures: i64,
    /// Time steps of a bar.
    pub steps_per_measure: i64,
    /// Pitches of a pianoroll.
    pub pitches: i64,
    /// MIDI number of the lowest pitch.
    pub lowest_pitch: i64,
}

impl Default for Config {
    /// The published configuration: drums, piano, guitar, bass, strings; four bars of sixteen steps.
    fn default() -> Self {
        Self {
            architecture: ARCHITECTURE.to_owned(),
            latent: 128,
            tracks: 5,
            measures: 4,
            steps_per_measure: 16,
            pitches: 72,
            lowest_pitch: 24,
        }
    }
}

/// The generator. Use only: batch normalisation has its trained statistics.
#[derive(Debug)]
pub struct Generator {
    config: Config,
    shared: Vec<Block>,
    /// Two blocks for each track.
    tracks: Vec<[Block; 2]>,
}

/// Transposed convolution over (bar, step, pitch), batch normalisation, rectifier.
#[derive(Debug)]
struct Block {
    weight: Tensor,
    bias: Tensor,
    stride: [i64; 3],
    scale: Tensor,
    shift: Tensor,
    mean: Tensor,
    variance: Tensor,
}

impl Generator {
    /// Builds the generator from weights that were read already; their names may carry one common prefix (`generator.`).
    ///
    /// # Errors
    /// When tensors are missing, or their shapes do not give what the configuration says.
    pub fn from_tensors(
        config: &Config,
        tensors: &Tensors,
        device: Device,
    ) -> Result<Self, NetError> {
        if config.architecture != ARCHITECTURE {
            return Err(NetError::Config(format!(
                "the architecture is {:?}, not {ARCHITECTURE:?}",
                config.architecture
            )));
        }
        if !(1..=64).contains(&config.tracks) {
            return Err(NetError::Config(format!(
                "{} tracks: 1 to 64 are possible",
                config.tracks
            )));
        }
        // The discriminator beside it has other names, so the first block finds the prefix.
        let first = "transconv0.transconv.weight";
        let prefix = tensors
            .keys()
            .filter_map(|key| key.strip_suffix(first))
            .min_by_key(|prefix| prefix.len());
        let weights = Weights {
            tensors,
            prefix: prefix.unwrap_or_default(),
            device,
        };
        // All blocks move by their own size, but for the last shared one, which overlaps.
        let shared = (0..SHARED_BLOCKS)
            .map(|i| weights.block(&format!("transconv{i}"), i == SHARED_BLOCKS - 1));
        let shared = shared.collect::<Result<Vec<_>, _>>()?;
        let track = |t: i64| {
            Ok([
                weights.block(&format!("transconv4.{t}"), false)?,
                weights.block(&format!("transconv5.{t}"), false)?,
            ])
        };
        let tracks = (0..config.tracks)
            .map(track)
            .collect::<Result<Vec<_>, NetError>>()?;
        let generator = Self {
            config: config.clone(),
            shared,
            tracks,
        };
        generator.check_shape(device)?;
        Ok(generator)
    }

    /// The configuration it was built with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// `latent` [N, latent] to pianorolls [N, tracks, steps, pitches], 0 and above; a note sounds above 0.5.
    ///
    /// # Errors
    /// When the latent has another shape.
    pub fn forward(&self, latent: &Tensor) -> Result<Tensor, NetError> {
        let shape = latent.size();
        let rows = match shape.as_slice() {
            &[rows, width] if width == self.config.latent && rows > 0 => rows,
            _ => {
                return Err(NetError::Input(format!(
                    "a latent must be [rows, {}], not {shape:?}",
                    self.config.latent
                )));
            }
        };
        let mut x = latent
            .f_to_kind(Kind::Float)?
            .f_view([rows, self.config.latent, 1, 1, 1])?;
        for block in &self.shared {
            x = block.forward(&x)?;
        }
        let track = |[first, second]: &[Block; 2]| second.forward(&first.forward(&x)?);
        let tracks = self
            .tracks
            .iter()
            .map(track)
            .collect::<Result<Vec<_>, TchError>>()?;
        let all = Tensor::f_cat(&tracks, 1)?;
        let steps = self
            .config
            .measures
            .saturating_mul(self.config.steps_per_measure);
        Ok(all.f_reshape([rows, self.config.tracks, steps, self.config.pitches])?)
    }

    /// One pass shows whether weights and configuration belong together, before anybody waits for music.
    fn check_shape(&self, device: Device) -> Result<(), NetError> {
        let latent =
            tch::no_grad(|| Tensor::f_zeros([1, self.config.latent], (Kind::Float, device)))?;
        match tch::no_grad(|| self.forward(&latent)) {
            Ok(_) => Ok(()),
            Err(error) => Err(NetError::Config(format!(
                "the weights do not give what config.json says: {error}"
            ))),
        }
    }
}

impl Block {
    fn forward(&self, x: &Tensor) -> Result<Tensor, TchError> {
        let x = x.f_conv_transpose3d(&self.weight, Some(&self.bias), self.stride, 0, 0, 1, 1)?;
        let (scale, shift) = (Some(&self.scale), Some(&self.shift));
        let (mean, variance) = (Some(&self.mean), Some(&self.variance));
        x.f_batch_norm(
            scale,
            shift,
            mean,
            variance,
            false,
            0.1,
            BATCH_NORM_EPSILON,
            false,
        )?
        .f_relu()
    }
}

/// Tensors of a file under one prefix.
struct Weights<'a> {
    tensors: &'a Tensors,
    prefix: &'a str,
    device: Device,
}

impl Weights<'_> {
    fn tensor(&self, name: &str) -> Result<Tensor, NetError> {
        let missing = || CheckpointError::Missing {
            missing: 1,
            expected: 1,
            first: name.to_owned(),
        };
        let tensor = self
            .tensors
            .get(&format!("{}{name}", self.prefix))
            .ok_or_else(missing)?;
        let tensor = tensor.f_to_kind(Kind::Float)?.f_to_device(self.device)?;
        if tensor.f_isfinite()?.f_all()?.f_int64_value(&[])? == 0 {
            return Err(CheckpointError::NotFinite {
                name: name.to_owned(),
            }
            .into());
        }
        Ok(tensor)
    }

    fn block(&self, name: &str, overlapping: bool) -> Result<Block, NetError> {
        let weight = self.tensor(&format!("{name}.transconv.weight"))?;
        let shape = weight.size();
        let &[_, outputs, bars, steps, pitches] = shape.as_slice() else {
            let (name, found) = (format!("{name}.transconv.weight"), shape.clone());
            return Err(CheckpointError::Shape {
                name,
                found,
                expected: vec![-1; 5],
            }
            .into());
        };
        let channels = |part: &str| -> Result<Tensor, NetError> {
            let name = format!("{name}.{part}");
            let tensor = self.tensor(&name)?;
            let (found, expected) = (tensor.size(), vec![outputs]);
            if found == expected {
                Ok(tensor)
            } else {
                Err(CheckpointError::Shape {
                    name,
                    found,
                    expected,
                }
                .into())
            }
        };
        Ok(Block {
            bias: channels("transconv.bias")?,
            stride: if overlapping {
                [1; 3]
            } else {
                [bars, steps, pitches]
            },
            scale: channels("batchnorm.weight")?,
            shift: channels("batchnorm.bias")?,
            mean: channels("batchnorm.running_mean")?,
            variance: channels("batchnorm.running_var")?,
            weight,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::nets::checkpoint;

    #[test]
    fn outputs_equal_the_expected_ones() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/nets/musegan");
        let config: Config =
            serde_json::from_str(&std::fs::read_to_string(folder.join("config.json")).unwrap())
                .unwrap();
        let cases = checkpoint::read(&folder.join("cases.safetensors")).unwrap();
        for weights in ["generator.safetensors", "model.pt"] {
            let tensors = checkpoint::read(&folder.join(weights)).unwrap();
            let generator = Generator::from_tensors(&config, &tensors, Device::Cpu).unwrap();
            let rolls = generator.forward(&cases["latent"]).unwrap();
            let worst = (rolls - &cases["pianoroll"]).abs().max().double_value(&[]);
            assert!(worst < 1e-5, "{weights}: {worst}");
            assert!(
                generator
                    .forward(&Tensor::zeros([2, 5], (Kind::Float, Device::Cpu)))
                    .is_err()
            );
            assert!(
                generator
                    .forward(&Tensor::zeros([0, 6], (Kind::Float, Device::Cpu)))
                    .is_err()
            );
        }
    }

    #[test]
    fn weights_and_configuration_must_belong_together() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/nets/musegan");
        let tensors = checkpoint::read(&folder.join("model.pt")).unwrap();
        let config: Config =
            serde_json::from_str(&std::fs::read_to_string(folder.join("config.json")).unwrap())
                .unwrap();
        for wrong in [
            Config {
                latent: 7,
                ..config.clone()
            },
            Config {
                tracks: 3,
                ..config.clone()
            },
            Config {
                tracks: 0,
                ..config.clone()
            },
            Config {
                pitches: 13,
                ..config.clone()
            },
            Config {
                measures: i64::MAX,
                ..config.clone()
            },
            Config {
                architecture: "theme_transformer".to_owned(),
                ..config.clone()
            },
        ] {
            assert!(
                Generator::from_tensors(&wrong, &tensors, Device::Cpu).is_err(),
                "{wrong:?}"
            );
        }
        assert!(Generator::from_tensors(&config, &Tensors::new(), Device::Cpu).is_err());
    }
}
