//! The record of a training.

use std::path::{Path, PathBuf};

use plotters::prelude::*;

use crate::train::curves::{self, columns, panel, smoothed};

/// The mean of the steps since the last row.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TrainingRow {
    /// Optimiser steps.
    pub step: u64,
    /// Minutes trained.
    pub minutes: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Nats a velocity.
    pub velocity: f64,
    /// Nats a timing.
    pub timing: f64,
    /// Norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// Notes a second.
    pub notes_per_second: f64,
}

/// One round of validation, in nats.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ValidationRow {
    /// Optimiser steps.
    pub step: u64,
    /// Minutes trained.
    pub minutes: f64,
    /// Velocity of drums.
    pub drums: f64,
    /// Timing of drums.
    pub timing: f64,
    /// Velocity of pitched players, all of them alike.
    pub pitched: f64,
}

impl ValidationRow {
    /// What the weights are chosen by: the sum of the three.
    pub fn sum(&self) -> f64 {
        self.drums + self.timing + self.pitched
    }
}

/// Appends rows to `training.csv` and `validation.csv` of a folder and draws `curve.png`.
#[derive(Debug)]
pub(super) struct Log {
    dir: PathBuf,
}

impl Log {
    /// A new log in `dir`; tables of an earlier training are removed.
    pub(super) fn new(dir: &Path) -> std::io::Result<Self> {
        for table in ["training.csv", "validation.csv"] {
            let path = dir.join(table);
            if path.exists() {
                std::fs::remove_file(path)?;
            }
        }
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    pub(super) fn training(&self, row: &TrainingRow) -> std::io::Result<()> {
        curves::append(
            &self.dir.join("training.csv"),
            "step,minutes,learning_rate,velocity,timing,gradient_norm,notes_per_second",
            &format!(
                "{},{:.3},{:.3e},{:.4},{:.4},{:.3},{:.0}",
                row.step,
                row.minutes,
                row.learning_rate,
                row.velocity,
                row.timing,
                row.gradient_norm,
                row.notes_per_second
            ),
        )
    }

    pub(super) fn validation(&self, row: &ValidationRow) -> std::io::Result<()> {
        curves::append(
            &self.dir.join("validation.csv"),
            "step,minutes,drums,timing,pitched",
            &format!(
                "{},{:.3},{:.4},{:.4},{:.4}",
                row.step, row.minutes, row.drums, row.timing, row.pitched
            ),
        )
    }

    /// Draws both tables into `curve.png`.
    pub(super) fn draw(&self) -> Result<(), Box<dyn std::error::Error>> {
        let training = columns(&self.dir.join("training.csv"))?;
        let validation = columns(&self.dir.join("validation.csv")).unwrap_or_default();
        let path = self.dir.join("curve.png");
        let area = curves::picture(&path, (1200, 900))?;
        let (upper, lower) = area.split_vertically(450);
        let grey = RGBColor(120, 130, 150);
        panel(
            &upper,
            "Velocity (nats a note)",
            "thousand steps",
            &[
                ("training", smoothed(&series(&training, 3)), grey),
                (
                    "validation, drums",
                    series(&validation, 2),
                    RGBColor(20, 110, 200),
                ),
                (
                    "validation, pitched players",
                    series(&validation, 4),
                    RGBColor(0, 140, 90),
                ),
            ],
        )?;
        panel(
            &lower,
            "Timing of drums (nats a note)",
            "thousand steps",
            &[
                ("training", smoothed(&series(&training, 4)), grey),
                ("validation", series(&validation, 3), RGBColor(20, 110, 200)),
            ],
        )?;
        area.present()?;
        Ok(())
    }
}

/// Points (thousand steps, value) of one column.
fn series(rows: &[Vec<f64>], column: usize) -> Vec<(f64, f64)> {
    rows.iter()
        .filter_map(|row| Some((row.first()? / 1e3, *row.get(column)?)))
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .collect()
}
