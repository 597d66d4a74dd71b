//! Notes on the grid as a human would play them: velocities, and how far each note lies from its line.
//!
//! [`performer_in`] gives the trained network where it is installed, else a profile of rules. Either decides velocities of
//! every part, and the timing of drums. Nobody recorded how the pitched parts of a band are timed, so they follow the drums by
//! a rule (`timing`). [`band`] plays a roll, [`humanise()`] a song.

mod humanise;
mod level;
#[cfg(feature = "torch")]
mod network;
mod play;
mod profile;
mod timing;

pub use humanise::{Humanised, humanise};
pub use play::play;
pub use profile::Profile;

use super::{ModelError, ModelPaths};
use crate::score::{Note, Tick, Velocity};
use crate::tokens::band::{BandNote, BandRoll};
use crate::tokens::clip::bar_ticks;
use crate::tokens::expression::{Player, Stroke};
use crate::tokens::part::Part;
use timing::Lead;

/// The name of the trained performer: its folder's.
pub const MODEL: &str = "performance";

/// Somebody who plays notes on the grid.
pub trait Performer: Send {
    /// What it is called in a lineage: the model's name or "profile".
    fn name(&self) -> &str;

    /// One stroke for each of `notes`, which are in order of (step, pitch), step 0 beginning a bar. Equal seeds give equal
    /// strokes. Offsets of pitched players are 0: see `timing`.
    ///
    /// # Errors
    /// When a network fails.
    fn perform(
        &self,
        player: Player,
        notes: &[BandNote],
        bpm: f64,
        seed: u64,
    ) -> Result<Vec<Stroke>, ModelError>;
}

/// The trained network, if this build has networks and it is installed, else the profile. A model that is there but does not
/// load is told in the log and replaced by the profile too: music is worth more than its last polish.
pub fn performer_in(paths: &ModelPaths) -> Box<dyn Performer> {
    #[cfg(feature = "torch")]
    match network::load(paths) {
        Ok(network) => return Box::new(network),
        Err(ModelError::Missing { .. }) => {}
        Err(error) => tracing::warn!("notes are played by rules: {error}"),
    }
    let _ = paths;
    Box::new(Profile)
}

/// Plays the five parts of a roll, the drums first, whose timing the others follow. Notes come part by part from tick 0, in
/// order. None begins outside its bar: bars are re-rolled one by one, and told apart by onset. None sounds beyond the roll's
/// end, and no two of one pitch overlap. `strength` 0.0 leaves all on the grid at the parts' mean velocities ([`loudness`]),
/// 1.0 is as learned.
///
/// # Errors
/// When a network fails.
pub fn band(
    performer: &dyn Performer,
    roll: &BandRoll,
    bpm: f64,
    strength: f32,
    seed: u64,
) -> Result<[Vec<Note>; Part::COUNT], ModelError> {
    let end = Tick::SIXTEENTH * roll.steps() as i64;
    let mut lead = Lead::default();
    let mut played: [Vec<Note>; Part::COUNT] = Default::default();
    // Drums are the first part.
    for part in Part::ALL {
        let player = Player::of(part);
        let notes = roll.notes(part);
        let mut strokes = strokes(performer, player, &notes, bpm, &mut lead, seed)?;
        level::settle(player, &notes, &mut strokes, loudness(part));
        let flat = roll.score_notes(part, Velocity::DEFAULT);
        let loose = play(&flat, &strokes, loudness(part), strength);
        let mut kept: Vec<Note> = loose.iter().map(|note| in_its_bar(note, end)).collect();
        kept.sort_by_key(|note| (note.start, note.pitch));
        played[part.index()] = kept;
    }
    Ok(played)
}

/// The mean velocity of a part among the others, and all of it at strength 0: a band's balance, which recordings that were each
/// made alone do not tell.
pub fn loudness(part: Part) -> f32 {
    match part {
        Part::Drums | Part::Bass => 80.0,
        Part::Piano => 72.0,
        Part::Guitar => 68.0,
        Part::Strings => 64.0,
    }
}

/// A note that was played off its line, begun in the bar of the line at the earliest and ended at `end` at the latest.
fn in_its_bar(note: &Note, end: Tick) -> Note {
    let line = note.start.round_to(Tick::SIXTEENTH);
    let start = note.start.max(line.floor_to(bar_ticks()));
    Note {
        start,
        duration: (note.end().min(end) - start).max(Tick(1)),
        ..*note
    }
}

/// The strokes of one player: drums set the lead, pitched players follow it.
fn strokes(
    performer: &dyn Performer,
    player: Player,
    notes: &[BandNote],
    bpm: f64,
    lead: &mut Lead,
    seed: u64,
) -> Result<Vec<Stroke>, ModelError> {
    let mut strokes = performer.perform(player, notes, bpm, seed)?;
    if player == Player::Drums {
        lead.add(notes, &strokes);
    } else {
        timing::follow(player, notes, &mut strokes, lead, bpm, seed);
    }
    Ok(strokes)
}

/// Random numbers of one player and one use of them, from a seed that all share.
fn random(seed: u64, player: Player, purpose: u64) -> rand_pcg::Pcg64 {
    use rand::SeedableRng as _;
    let stream = (player.index() as u64 + 1) << 8 | purpose;
    rand_pcg::Pcg64::seed_from_u64(seed ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// A random number around 0 with deviation 1, never beyond 3: three dice of variance a third each.
fn normal(rng: &mut rand_pcg::Pcg64) -> f32 {
    use rand::RngExt as _;
    (0..3).map(|_| rng.random_range(-1.0_f32..=1.0)).sum()
}

#[cfg(test)]
mod tests;
