//! The trained MuseGANs behind the seam of [`super::band`].

use std::path::Path;

use serde_json::Value;
use tch::{Device, Tensor};

use super::band::{Abilities, BandModel, Given, Handles, PHRASE_VALUES, PhraseLatents};
use super::model::{ModelError, ModelInfo, ModelPaths};
use crate::nets::checkpoint;
use crate::nets::musegan::{self, Generator};
use crate::nets::theme_transformer::weights_in;
use crate::tokens::band::{LOWEST_PITCH, PHRASE_BARS, PITCHES, STEPS_PER_BAR};
use crate::tokens::part::Part;

/// Where published generators cut.
const PUBLISHED_THRESHOLD: f32 = 0.5;

/// Loads the model from the first folder that has it, whichever MuseGAN it is.
pub(crate) fn load(paths: &ModelPaths, name: &str) -> Result<Box<dyn BandModel>, ModelError> {
    let folder = paths.model(name).ok_or_else(|| ModelError::Missing {
        name: name.to_owned(),
        searched: paths.folders.clone(),
    })?;
    load_from(&folder, name).map_err(|message| ModelError::Broken { folder, message })
}

fn load_from(folder: &Path, name: &str) -> Result<Box<dyn BandModel>, String> {
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
            Ok(Box::new(Published { generator, info }))
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
            thresholds: [[PUBLISHED_THRESHOLD, 1.0]; Part::COUNT],
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
