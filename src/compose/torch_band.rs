//! Trained models of the `MuseGAN` family behind the seam of [`super::band`].

use std::path::Path;

use serde_json::Value;
use tch::{Device, TchError, Tensor};

use super::band::{Abilities, BandModel, Given, Handles, PhraseLatents, PhraseSeeds};
use super::model::{ModelError, ModelInfo, ModelPaths};
use super::torch_model::set_threads;
use crate::nets::NetError;
use crate::nets::checkpoint;
use crate::nets::musegan::{self, BandConfig, BandGenerator, Generator, Latents};
use crate::nets::theme_transformer::weights_in;
use crate::tokens::band::{LOWEST_PITCH, PHRASE_BARS, PITCHES, STEPS_PER_BAR};
use crate::tokens::cut::{Cut, PHRASE_VALUES};
use crate::tokens::part::Part;

/// Where published generators cut.
const PUBLISHED_THRESHOLD: f32 = 0.5;

/// Loads the model from the first folder that has it, whichever MuseGAN it is, to compute with so many threads.
pub(crate) fn load(
    paths: &ModelPaths,
    name: &str,
    threads: usize,
) -> Result<Box<dyn BandModel>, ModelError> {
    let folder = paths.model(name).ok_or_else(|| ModelError::Missing {
        name: name.to_owned(),
        searched: paths.folders.clone(),
    })?;
    load_from(&folder, name, threads).map_err(|message| ModelError::Broken { folder, message })
}

fn load_from(folder: &Path, name: &str, threads: usize) -> Result<Box<dyn BandModel>, String> {
    let text = std::fs::read(folder.join("config.json"))
        .map_err(|error| format!("config.json: {error}"))?;
    let config: Value =
        serde_json::from_slice(&text).map_err(|error| format!("config.json: {error}"))?;
    let architecture = config["architecture"].as_str().unwrap_or_default();
    let weights = weights_in(folder)
        .ok_or("there are no weights beside config.json: install the model again")?;
    let tensors = checkpoint::read(&weights).map_err(|error| error.to_string())?;
    let info = ModelInfo {
        name: name.to_owned(),
        checkpoint: checkpoint::sha256(&weights).map_err(|error| error.to_string())?,
    };
    match architecture {
        musegan::ARCHITECTURE => {
            let config: musegan::Config =
                serde_json::from_value(config).map_err(|error| format!("config.json: {error}"))?;
            check_shape(&config)?;
            let generator = Generator::from_tensors(&config, &tensors, Device::Cpu)
                .map_err(|error| error.to_string())?;
            Ok(Box::new(Published {
                generator,
                info,
                threads,
            }))
        }
        musegan::BAND_ARCHITECTURE => {
            let config: BandConfig =
                serde_json::from_value(config).map_err(|error| format!("config.json: {error}"))?;
            let white_keys = config.white_keys;
            // A piece has one key: it is found for the whole of it here, not for each phrase in the network.
            let config = BandConfig {
                white_keys: false,
                ..config
            };
            let generator = BandGenerator::from_tensors(&config, &tensors, Device::Cpu)
                .map_err(|error| error.to_string())?;
            Ok(Box::new(Family {
                generator,
                info,
                white_keys,
                threads,
            }))
        }
        other => Err(format!(
            "it is of the architecture {other:?}, which does not write for a band; choose a MuseGAN"
        )),
    }
}

/// The published generators write what a band's roll holds, or they are of no use here.
fn check_shape(config: &musegan::Config) -> Result<(), String> {
    let shape = [
        ("tracks", config.tracks, Part::COUNT),
        ("measures", config.measures, PHRASE_BARS),
        ("steps_per_measure", config.steps_per_measure, STEPS_PER_BAR),
        ("pitches", config.pitches, PITCHES),
        (
            "lowest_pitch",
            config.lowest_pitch,
            usize::from(LOWEST_PITCH),
        ),
    ];
    match shape
        .iter()
        .find(|(_, is, must)| usize::try_from(*is) != Ok(*must))
    {
        Some((name, is, must)) => Err(format!("its {name} are {is}; only {must} is possible")),
        None => Ok(()),
    }
}

/// A generator as published for PyTorch: one latent for everything, and no onsets.
struct Published {
    generator: Generator,
    info: ModelInfo,
    threads: usize,
}

impl BandModel for Published {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            handles: Handles::Whole,
            accompanies: false,
            white_keys: false,
            cuts: [Cut::at(PUBLISHED_THRESHOLD); Part::COUNT],
        }
    }

    fn phrase(
        &self,
        latents: &PhraseLatents,
        variety: f32,
        _: Option<&Given>,
    ) -> Result<Vec<f32>, ModelError> {
        let width = usize::try_from(self.generator.config().latent).unwrap_or(0);
        let noise = latents.noise(width, variety, |seeds| seeds.shared);
        set_threads(self.threads);
        let failed = |error: String| ModelError::Failed(error);
        let rolls = tch::no_grad(|| {
            let latent = Tensor::from_slice(&noise).f_view([1, -1])?;
            self.generator.forward(&latent)
        })
        .map_err(|error| failed(error.to_string()))?;
        let sounding = Vec::<f32>::try_from(
            rolls
                .f_view([-1])
                .map_err(|error| failed(error.to_string()))?,
        )
        .map_err(|error| failed(error.to_string()))?;
        // Nothing is known of onsets: their plane stays silent.
        let plane = PHRASE_BARS * STEPS_PER_BAR * PITCHES;
        let mut values = vec![0.0; PHRASE_VALUES];
        for (part, sounding) in values.chunks_mut(2 * plane).zip(sounding.chunks(plane)) {
            if let Some(slots) = part.get_mut(..sounding.len()) {
                slots.copy_from_slice(sounding);
            }
        }
        Ok(values)
    }
}

/// A generator of our family.
struct Family {
    generator: BandGenerator,
    info: ModelInfo,
    white_keys: bool,
    threads: usize,
}

impl BandModel for Family {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn abilities(&self) -> Abilities {
        let config = self.generator.config();
        Abilities {
            handles: if config.kind.has_private() {
                Handles::BarsAndParts
            } else {
                Handles::Bars
            },
            accompanies: config.accompanies,
            white_keys: self.white_keys,
            cuts: config.cuts(),
        }
    }

    fn phrase(
        &self,
        latents: &PhraseLatents,
        variety: f32,
        given: Option<&Given>,
    ) -> Result<Vec<f32>, ModelError> {
        set_threads(self.threads);
        let run = || -> Result<Vec<f32>, NetError> {
            let latents = self.latents(latents, variety)?;
            let given = given.map(given_part).transpose()?;
            let rolls = self.generator.forward(&latents, given.as_ref())?;
            Ok(Vec::<f32>::try_from(rolls.f_contiguous()?.f_view([-1])?)?)
        };
        tch::no_grad(run).map_err(|error| ModelError::Failed(error.to_string()))
    }
}

impl Family {
    /// The noise of one phrase.
    fn latents(&self, latents: &PhraseLatents, variety: f32) -> Result<Latents, TchError> {
        let config = self.generator.config();
        let (width, time) = (config.latent, config.latent_time);
        let noise = |length: i64, pick: &dyn Fn(&PhraseSeeds) -> u64| {
            latents.noise(usize::try_from(length).unwrap_or(0), variety, pick)
        };
        let bars = 0..PHRASE_BARS;
        let shared = noise(width, &|seeds| seeds.shared);
        let shared_time: Vec<f32> = bars
            .clone()
            .flat_map(|bar| noise(time, &|seeds| seeds.shared_time[bar]))
            .collect();
        let private: Vec<f32> = (0..Part::COUNT)
            .flat_map(|part| noise(width, &|seeds| seeds.private[part]))
            .collect();
        let private_time: Vec<f32> = (0..Part::COUNT)
            .flat_map(|part| bars.clone().map(move |bar| (part, bar)))
            .flat_map(|(part, bar)| noise(time, &|seeds| seeds.private_time[part][bar]))
            .collect();
        let (parts, bars) = (Part::COUNT as i64, PHRASE_BARS as i64);
        let tensor = |values: &[f32], shape: &[i64]| Tensor::from_slice(values).f_view(shape);
        Ok(Latents {
            shared: tensor(&shared, &[1, width])?,
            shared_time: tensor(&shared_time, &[1, bars, time])?,
            private: tensor(&private, &[1, parts, width])?,
            private_time: tensor(&private_time, &[1, parts, bars, time])?,
        })
    }
}

/// A given part as the network takes it: what sounds and what begins, [1, 2, 64, 72].
fn given_part(given: &Given) -> Result<musegan::Given, TchError> {
    let steps = PHRASE_BARS * STEPS_PER_BAR;
    let mut planes = vec![0.0_f32; 2 * steps * PITCHES];
    for step in 0..steps {
        let (sounding, onsets) = given.roll.bits(given.part, step);
        for (plane, bits) in [sounding, onsets].into_iter().enumerate() {
            for row in (0..PITCHES).filter(|row| bits >> row & 1 == 1) {
                planes[(plane * steps + step) * PITCHES + row] = 1.0;
            }
        }
    }
    let shape = [1, 2, steps as i64, PITCHES as i64];
    Ok(musegan::Given {
        rolls: Tensor::from_slice(&planes).f_view(shape)?,
        part: Tensor::from_slice(&[given.part.index() as i64]),
    })
}
