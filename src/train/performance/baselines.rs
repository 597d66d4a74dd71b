//! What a network must be better than.

use super::Window;
use crate::tokens::band::STEPS_PER_BAR;
use crate::tokens::expression::{CLASSES, Player, TIMING_BINS, VELOCITY_BINS};

/// How many notes of the player a table's cell is worth before any of its own.
const PRIOR: f64 = 20.0;

/// Two predictions that know no neighbours: one bell curve a player (what "mean and deviation" humanising does), and a table of
/// how often each class came for each piece or player at each step of the bar.
#[derive(Debug, Clone)]
pub struct Baselines {
    velocity: Tables,
    timing: Tables,
}

/// The nats of one note under both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Nats {
    /// One mean and deviation a player.
    pub constant: f64,
    /// The table by piece and step.
    pub table: f64,
}

#[derive(Debug, Clone)]
struct Tables {
    /// Of each player, a probability of each class.
    bells: Vec<Vec<f64>>,
    /// Of each class of note and step, a probability of each class.
    cells: Vec<Vec<f64>>,
}

impl Baselines {
    /// Counts the windows of a training set.
    pub fn new<'a>(windows: impl Iterator<Item = &'a Window>) -> Self {
        let mut velocity = Counts::new(VELOCITY_BINS);
        let mut timing = Counts::new(TIMING_BINS);
        for window in windows {
            let player = window.player;
            let classes = window.velocities().zip(window.timings());
            for (note, (loud, late)) in window.notes.iter().zip(classes) {
                let cell = cell(player, note.pitch, note.step);
                velocity.add(player, cell, loud);
                if let Some(late) = late {
                    timing.add(player, cell, late);
                }
            }
        }
        Self {
            velocity: velocity.tables(),
            timing: timing.tables(),
        }
    }

    /// What the velocity of a note costs.
    pub fn velocity(&self, player: Player, pitch: u8, step: usize, class: usize) -> Nats {
        self.velocity.nats(player, cell(player, pitch, step), class)
    }

    /// What the timing of a note costs.
    pub fn timing(&self, player: Player, pitch: u8, step: usize, class: usize) -> Nats {
        self.timing.nats(player, cell(player, pitch, step), class)
    }
}

fn cell(player: Player, pitch: u8, step: usize) -> usize {
    player.class(pitch) * STEPS_PER_BAR + step % STEPS_PER_BAR
}

impl Tables {
    fn nats(&self, player: Player, cell: usize, class: usize) -> Nats {
        Nats {
            constant: -self.bells[player.index()][class].ln(),
            table: -self.cells[cell][class].ln(),
        }
    }
}

struct Counts {
    players: Vec<Vec<f64>>,
    cells: Vec<Vec<f64>>,
    player_of_cell: Vec<usize>,
}

impl Counts {
    fn new(bins: usize) -> Self {
        Self {
            players: vec![vec![0.0; bins]; Player::COUNT],
            cells: vec![vec![0.0; bins]; CLASSES * STEPS_PER_BAR],
            player_of_cell: vec![0; CLASSES * STEPS_PER_BAR],
        }
    }

    fn add(&mut self, player: Player, cell: usize, class: usize) {
        self.players[player.index()][class] += 1.0;
        self.cells[cell][class] += 1.0;
        self.player_of_cell[cell] = player.index();
    }

    fn tables(&self) -> Tables {
        // Every class gets one note more, so that none is impossible.
        let shares = |counts: &Vec<f64>| -> Vec<f64> {
            let all: f64 = counts.iter().map(|count| count + 1.0).sum();
            counts.iter().map(|count| (count + 1.0) / all).collect()
        };
        let players: Vec<Vec<f64>> = self.players.iter().map(shares).collect();
        let cells = self.cells.iter().zip(&self.player_of_cell);
        Tables {
            bells: self.players.iter().map(|counts| bell(counts)).collect(),
            cells: cells
                .map(|(counts, player)| {
                    let all: f64 = counts.iter().sum::<f64>() + PRIOR;
                    let both = counts.iter().zip(&players[*player]);
                    both.map(|(count, share)| (count + PRIOR * share) / all)
                        .collect()
                })
                .collect(),
        }
    }
}

/// A bell curve over classes with the mean and deviation of counts.
fn bell(counts: &[f64]) -> Vec<f64> {
    let all: f64 = counts.iter().sum::<f64>().max(1.0);
    let moment = |centre: f64, power: i32| -> f64 {
        let each = counts.iter().enumerate();
        each.map(|(class, count)| count * (class as f64 - centre).powi(power))
            .sum::<f64>()
            / all
    };
    let mean = moment(0.0, 1);
    let variance = moment(mean, 2).max(0.25);
    let heights: Vec<f64> = (0..counts.len())
        .map(|class| (-0.5 * (class as f64 - mean).powi(2) / variance).exp() + 1e-6)
        .collect();
    let sum: f64 = heights.iter().sum();
    heights.iter().map(|height| height / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::band::BandNote;
    use crate::tokens::expression::Stroke;

    #[test]
    fn the_table_knows_the_accent_that_the_bell_cannot() {
        // Loud on the beat, soft between, a hundred times.
        let notes: Vec<BandNote> = (0..200)
            .map(|index| BandNote {
                step: 2 * index,
                length: 1,
                pitch: 42,
            })
            .collect();
        let strokes: Vec<Stroke> = (0..200)
            .map(|index| Stroke::clamped(if index % 2 == 0 { 100.0 } else { 20.0 }, 0.0))
            .collect();
        let window = Window {
            player: Player::Drums,
            notes,
            strokes,
            bpm: 120.0,
        };
        let baselines = Baselines::new(std::iter::once(&window));
        // Each of the eight cells in use holds 25 notes of one class, which the player's share (101 of 232) backs.
        let loud = baselines.velocity(Player::Drums, 42, 0, 25);
        let expected: f64 = (25.0 + 20.0 * 101.0 / 232.0) / 45.0;
        assert!((loud.table + expected.ln()).abs() < 1e-9, "{loud:?}");
        assert!(loud.table < loud.constant);
        let soft = baselines.velocity(Player::Drums, 42, 0, 5);
        assert!(soft.table > loud.table);
        // Mean class 15, deviation 10: both are one deviation away.
        assert!((soft.constant - loud.constant).abs() < 1e-9);
    }
}
