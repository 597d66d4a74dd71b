//! The trained performer.

use rand::RngExt as _;
use rand_pcg::Pcg64;

use super::{MODEL, ModelError, ModelPaths, Performer, random};
use crate::nets::NetError;
use crate::nets::performance::PerformanceNet;
use crate::tokens::band::BandNote;
use crate::tokens::expression::{
    FEATURES, History, PAST, Player, Stroke, TIMING_BINS, VELOCITY_BINS, offset_in, score_features,
    velocity_in,
};

/// The share of what may happen that is never drawn: slips of the hand, which no one asks for.
const SLIPS: f32 = 0.04;

/// A loaded network.
pub(super) struct Network {
    network: PerformanceNet,
}

/// Loads the model from the first folder that has it.
pub(super) fn load(paths: &ModelPaths) -> Result<Network, ModelError> {
    let folder = paths.model(MODEL).ok_or_else(|| ModelError::Missing {
        name: MODEL.to_owned(),
        searched: paths.folders.clone(),
    })?;
    let broken = |message: String| ModelError::Broken {
        folder: folder.clone(),
        message,
    };
    let network = PerformanceNet::load(&folder, tch::Device::Cpu)
        .map_err(|error| broken(error.to_string()))?;
    let config = network.config();
    let sizes = [
        config.features,
        config.past,
        config.velocities,
        config.timings,
    ];
    let wanted = [FEATURES, PAST, VELOCITY_BINS, TIMING_BINS].map(|size| size as i64);
    if sizes != wanted {
        return Err(broken(format!(
            "features, past, velocities and timings are {sizes:?}, this program has {wanted:?}"
        )));
    }
    Ok(Network { network })
}

impl Performer for Network {
    fn name(&self) -> &str {
        MODEL
    }

    fn perform(
        &self,
        player: Player,
        notes: &[BandNote],
        bpm: f64,
        seed: u64,
    ) -> Result<Vec<Stroke>, ModelError> {
        if notes.is_empty() {
            return Ok(Vec::new());
        }
        let failed = |error: NetError| ModelError::Failed(error.to_string());
        let mut rng = random(seed, player, 0);
        let mut history = History::new(player, notes);
        let mut playing = self
            .network
            .start(&score_features(player, notes, bpm))
            .map_err(failed)?;
        for _ in notes {
            let logits = playing.velocity(&history.past()).map_err(failed)?;
            let loud = draw(&logits, &mut rng);
            let velocity = velocity_in(loud, rng.random());
            let offset = if player == Player::Drums {
                let late = draw(&playing.timing(loud).map_err(failed)?, &mut rng);
                offset_in(late, rng.random())
            } else {
                0.0
            };
            history.push(Stroke::clamped(f32::from(velocity), offset));
        }
        Ok(history.into_strokes())
    }
}

/// A class, as likely as its logit says, but for the least likely ones that make up [`SLIPS`] together.
fn draw(logits: &[f32], rng: &mut Pcg64) -> usize {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut classes: Vec<(usize, f32)> = logits
        .iter()
        .map(|logit| (logit - most).exp())
        .enumerate()
        .collect();
    classes.sort_by(|a, b| b.1.total_cmp(&a.1));
    let all: f32 = classes.iter().map(|(_, weight)| weight).sum();
    let mut kept = 0.0;
    let count = classes.iter().take_while(|(_, weight)| {
        let more = kept < (1.0 - SLIPS) * all;
        kept += if more { *weight } else { 0.0 };
        more
    });
    classes.truncate(count.count().max(1));
    let mut left = rng.random::<f32>() * kept;
    let found = classes.iter().find(|(_, weight)| {
        left -= weight;
        left < 0.0
    });
    found.or(classes.first()).map_or(0, |(class, _)| *class)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;

    use super::*;

    #[test]
    fn classes_come_as_often_as_their_logits_say() {
        let mut rng = Pcg64::seed_from_u64(4);
        // The last one is half as likely as what is never drawn.
        let logits = [0.0, f32::NEG_INFINITY, 3.0_f32.ln(), 0.08_f32.ln()];
        let mut counts = [0; 4];
        for _ in 0..4000 {
            counts[draw(&logits, &mut rng)] += 1;
        }
        // 1000, 0 and 3000 on average; five deviations of 27.
        assert_eq!((counts[1], counts[3]), (0, 0));
        assert!((865..=1135).contains(&counts[0]), "{counts:?}");
    }
}
