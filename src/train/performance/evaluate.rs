//! How well performances that were not trained on are foretold.

use serde::Serialize;
use strum::IntoEnumIterator as _;
use tch::Tensor;

use super::{Baselines, Batch, Window};
use crate::nets::NetError;
use crate::nets::performance::PerformanceNet;
use crate::tokens::expression::Player;

/// Windows that go through the network at once.
const ROWS: usize = 32;

/// Mean nats of one player's notes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct PlayerScore {
    /// Notes.
    pub notes: u64,
    /// A note's velocity: the network.
    pub velocity: f64,
    /// One mean and deviation for all of the player's notes.
    pub velocity_constant: f64,
    /// The table by piece and step of the bar.
    pub velocity_table: f64,
    /// A note's timing (drums only, else 0): the network.
    pub timing: f64,
    /// One mean and deviation.
    pub timing_constant: f64,
    /// The table.
    pub timing_table: f64,
}

/// The scores of all players.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Scores {
    /// In the order of [`Player`]s.
    pub players: Vec<(Player, PlayerScore)>,
}

impl Scores {
    /// The score of one player.
    pub fn of(&self, player: Player) -> Option<&PlayerScore> {
        self.players
            .iter()
            .find(|(of, _)| *of == player)
            .map(|(_, score)| score)
    }

    /// The mean velocity nats of pitched players, all of them alike.
    pub fn pitched(&self) -> f64 {
        let pitched = || {
            let players = self.players.iter();
            players.filter(|(player, score)| *player != Player::Drums && score.notes > 0)
        };
        let sum: f64 = pitched().map(|(_, score)| score.velocity).sum();
        sum / pitched().count().max(1) as f64
    }
}

/// Measures `network` and `baselines` on the same notes, each note given the true ones before it.
///
/// # Errors
/// When the network is of other sizes, or libtorch refuses.
pub fn scores(
    network: &PerformanceNet,
    baselines: &Baselines,
    windows: &[Window],
) -> Result<Scores, NetError> {
    let mut players = Vec::new();
    for player in Player::iter() {
        let of_player: Vec<&Window> = windows
            .iter()
            .filter(|window| window.player == player)
            .collect();
        let mut sums = PlayerScore::default();
        for rows in of_player.chunks(ROWS) {
            let batch = Batch::new(rows)?;
            let losses = tch::no_grad(|| batch.losses(network, false))?;
            let sum = |nats: &Tensor| nats.f_sum(tch::Kind::Double)?.f_double_value(&[]);
            sums.velocity += sum(&losses.velocity)?;
            sums.timing += sum(&losses.timing)?;
            for window in rows {
                add_baselines(&mut sums, baselines, window);
            }
        }
        let count = sums.notes.max(1) as f64;
        for sum in [
            &mut sums.velocity,
            &mut sums.velocity_constant,
            &mut sums.velocity_table,
            &mut sums.timing,
            &mut sums.timing_constant,
            &mut sums.timing_table,
        ] {
            *sum /= count;
        }
        players.push((player, sums));
    }
    Ok(Scores { players })
}

fn add_baselines(sums: &mut PlayerScore, baselines: &Baselines, window: &Window) {
    let classes = window.velocities().zip(window.timings());
    for (note, (loud, late)) in window.notes.iter().zip(classes) {
        let nats = baselines.velocity(window.player, note.pitch, note.step, loud);
        sums.velocity_constant += nats.constant;
        sums.velocity_table += nats.table;
        if let Some(late) = late {
            let nats = baselines.timing(window.player, note.pitch, note.step, late);
            sums.timing_constant += nats.constant;
            sums.timing_table += nats.table;
        }
        sums.notes += 1;
    }
}
