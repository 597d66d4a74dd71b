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
    /// NT-Xent, in nats.
    pub loss: f64,
    /// Share of segments whose own variation is the nearest in the batch.
    pub accuracy: f64,
    /// Norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// Segments a second, variations not counted.
    pub segments_per_second: f64,
}

/// One round of validation: see [`super::evaluate::Scores`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ValidationRow {
    /// Optimiser steps.
    pub step: u64,
    /// Minutes trained.
    pub minutes: f64,
    /// Own variations found.
    pub top1: f64,
    /// Area of own against other variations.
    pub auc: f64,
    /// Area of edit-similar against other pairs.
    pub auc_same_theme: f64,
}

/// Appends rows to `training.csv` and `validation.csv` of a folder and draws `curve.png`.
#[derive(Debug)]
pub(super) struct Log {
    dir: PathBuf,
}

impl Log {
    /// The log in `dir`; with `anew` tables of an earlier training are removed.
    pub(super) fn new(dir: &Path, anew: bool) -> std::io::Result<Self> {
        for table in ["training.csv", "validation.csv"] {
            let path = dir.join(table);
            if anew && path.exists() {
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
            "step,minutes,learning_rate,loss,accuracy,gradient_norm,segments_per_second",
            &format!(
                "{},{:.3},{:.3e},{:.4},{:.4},{:.3},{:.0}",
                row.step,
                row.minutes,
                row.learning_rate,
                row.loss,
                row.accuracy,
                row.gradient_norm,
                row.segments_per_second
            ),
        )
    }

    pub(super) fn validation(&self, row: &ValidationRow) -> std::io::Result<()> {
        curves::append(
            &self.dir.join("validation.csv"),
            "step,minutes,top1,auc,auc_same_theme",
            &format!(
                "{},{:.3},{:.4},{:.5},{:.5}",
                row.step, row.minutes, row.top1, row.auc, row.auc_same_theme
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
        let (grey, blue, green) = (
            RGBColor(120, 130, 150),
            RGBColor(20, 110, 200),
            RGBColor(0, 140, 90),
        );
        panel(
            &upper,
            "NT-Xent (nats)",
            "thousand steps",
            &[("training", smoothed(&series(&training, 3)), grey)],
        )?;
        panel(
            &lower,
            "Variations found again",
            "thousand steps",
            &[
                ("training batches", smoothed(&series(&training, 4)), grey),
                ("validation songs, among 256", series(&validation, 2), blue),
                (
                    "validation songs, AUC of edit-similar pairs",
                    series(&validation, 4),
                    green,
                ),
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
