//! What the requests to a band have in common: recipes written side by side, reported as they grow, judged when they stand.

use std::sync::Arc;

use super::model::BandModel;
use super::recipe::Recipe;
use super::{BandError, write};
use crate::compose::perform::Performer;
use crate::compose::{Candidate, lineage, rank};
use crate::score::Song;
use crate::tokens::band::{BandRoll, PHRASE_BARS};

/// A request being worked on.
pub(crate) struct Session<'a> {
    /// The song as it stands.
    pub(crate) song: &'a Song,
    /// The request's seed.
    pub(crate) seed: u64,
    /// How many candidates are wanted.
    pub(crate) candidates: u32,
    /// Who writes.
    pub(crate) model: &'a dyn BandModel,
    /// Who plays what is written.
    pub(crate) performer: &'a dyn Performer,
    /// Whether it is to stop.
    pub(crate) is_cancelled: &'a dyn Fn() -> bool,
    /// Takes drafts, and the number of bars that they will have.
    pub(crate) report: &'a dyn Fn(Candidate, u32),
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Done {
    /// The candidates that are complete.
    pub(crate) candidates: Vec<Candidate>,
    /// Whether all are.
    pub(crate) complete: bool,
}

impl Done {
    /// The best first.
    pub(crate) fn ranked(mut self) -> Self {
        rank::sort(&mut self.candidates);
        self
    }
}

impl Session<'_> {
    /// Writes recipes side by side, phrase by phrase. `candidate` makes a candidate of a recipe, its
    /// clip, and the number of bars that it has so far.
    pub(crate) fn write(
        &self,
        mut recipes: Vec<Recipe>,
        candidate: &dyn Fn(u32, &Recipe, Song, u32) -> Candidate,
    ) -> Result<Done, BandError> {
        let mut rolls = vec![BandRoll::new(0); recipes.len()];
        let mut candidates = Vec::new();
        let phrases = recipes.iter().map(|recipe| recipe.phrases.len()).max();
        for phrase in 0..phrases.unwrap_or(0) {
            for (index, (recipe, roll)) in (0..).zip(recipes.iter_mut().zip(&mut rolls)) {
                if (self.is_cancelled)() {
                    return Ok(Done {
                        candidates,
                        complete: false,
                    });
                }
                if phrase >= recipe.phrases.len() {
                    continue;
                }
                *roll = roll
                    .followed_by(&write::phrase(self.model, recipe, phrase)?)
                    .slice(0..recipe.bars as usize);
                let clip = write::song(roll, recipe, self.performer)?;
                let mut written = candidate(index, recipe, clip, roll.bars() as u32);
                if roll.bars() < recipe.bars as usize {
                    written.lineage = Arc::new(lineage::stopped(&written.lineage, written.bars));
                    (self.report)(written, recipe.bars);
                } else {
                    (self.report)(written.clone(), recipe.bars);
                    candidates.push(written);
                }
            }
        }
        Ok(Done {
            candidates,
            complete: true,
        })
    }
}

/// Phrases that so many bars need.
pub(crate) fn phrases_of(bars: u32) -> usize {
    (bars as usize).div_ceil(PHRASE_BARS)
}
