//! What a training sounds like so far.

use rand::SeedableRng as _;
use rand_pcg::Pcg64;
use tch::Tensor;

use super::error::{TrainError, failed};
use super::log::Log;
use super::phrases::rolls_of;
use super::sheet::song;
use super::training::Training;
use crate::formats::files::{self, Previous};
use crate::formats::midi::{self, MidiOptions};
use crate::nets::NetError;
use crate::nets::musegan::BandGenerator;
use crate::tokens::band::BandRoll;
use crate::train::bands::sheet::sheet;
use crate::train::bands::statistics::BandStatistics;

impl Training<'_> {
    /// The measures of held-out phrases; of the training's where none are held out.
    pub(super) fn reference(&self) -> Option<BandStatistics> {
        let places = match self.phrases.held_out() {
            [] => self.phrases.train(),
            places => places,
        };
        let stride = places
            .len()
            .div_ceil(4 * self.options.samples.max(1))
            .max(1);
        let phrases: Vec<BandRoll> = places
            .iter()
            .step_by(stride)
            .map(|place| self.phrases.in_white_keys(*place))
            .collect();
        (!phrases.is_empty()).then(|| BandStatistics::of(phrases))
    }

    /// Plays phrases with the mean weights, measures them, and writes some down. Returns their distance from the data's.
    pub(super) fn sample(
        &mut self,
        log: &Log,
        reference: Option<&BandStatistics>,
    ) -> Result<f64, TrainError> {
        let mut phrases = Vec::new();
        let mut rng = Pcg64::seed_from_u64(self.options.seed);
        tch::manual_seed(self.options.seed as i64);
        while phrases.len() < self.options.samples.max(1) {
            let given = self.given(&mut rng)?.map(|(_, given)| given);
            let latents = self.latents(&mut rng)?;
            let played = tch::no_grad(|| -> Result<Tensor, NetError> {
                let played = self.mean.logits(&latents, given.as_ref())?.f_sigmoid()?;
                Ok(match &given {
                    Some(given) => BandGenerator::with_given(&played, given)?,
                    None => played,
                })
            })?;
            phrases.extend(rolls_of(&played, &self.mean.config().cuts())?);
        }
        phrases.truncate(self.options.samples.max(1));
        let measures = BandStatistics::of(phrases.iter().cloned());
        let distance = reference.and_then(|reference| measures.against(reference).mean());
        self.state.distance = distance;
        let distance = distance.unwrap_or(f64::NAN);
        let (out, step) = (&self.options.out, self.state.step);
        log.measures(step, self.state.seconds / 60.0, distance, &measures)
            .map_err(failed(out))?;
        let folder = out.join("samples");
        std::fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let path = folder.join(format!("{step:06}.png"));
        let picture = sheet(&phrases[..phrases.len().min(12)]).map_err(failed(&path))?;
        files::write_atomically(&path, &picture, Previous::Drop).map_err(failed(&path))?;
        let song = song(&phrases[..phrases.len().min(8)], 110.0);
        let path = folder.join(format!("{step:06}.mid"));
        let bytes = midi::write(&song, &MidiOptions::default()).map_err(failed(&path))?;
        files::write_atomically(&path, &bytes, Previous::Drop).map_err(failed(&path))?;
        // A picture is worth having but not worth stopping for.
        if let Err(error) = log.draw() {
            tracing::warn!("the curves could not be drawn: {error}");
        }
        Ok(distance)
    }
}
