//! The record of a training: CSV tables, and curves as a picture.

use std::path::{Path, PathBuf};

use plotters::prelude::*;

use crate::train::curves::{self, columns, panel, smoothed};

/// The mean of the training windows since the last row.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TrainingRow {
    /// Optimiser steps.
    pub step: u64,
    /// Decoder tokens trained on.
    pub tokens: u64,
    /// Minutes trained.
    pub minutes: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Nats a token.
    pub loss: f64,
    /// Share of tokens predicted right.
    pub accuracy: f64,
    /// Nats a token inside theme regions.
    pub inside: f64,
    /// Nats a token elsewhere.
    pub outside: f64,
    /// Norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// Decoder tokens a second.
    pub tokens_per_second: f64,
}

/// One round of validation.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ValidationRow {
    /// Optimiser steps.
    pub step: u64,
    /// Decoder tokens trained on.
    pub tokens: u64,
    /// Minutes trained.
    pub minutes: f64,
    /// Nats a token.
    pub loss: f64,
    /// Share of tokens predicted right.
    pub accuracy: f64,
    /// Nats a token inside theme regions, given the song's theme.
    pub inside: f64,
    /// The same given the theme's melody alone.
    pub inside_melody_only: f64,
    /// The same given another song's theme.
    pub inside_wrong: f64,
    /// Nats a token outside theme regions.
    pub outside: f64,
}

/// Appends rows to `training.csv` and `validation.csv` of a folder and draws `curve.png`.
#[derive(Debug)]
pub struct Log {
    dir: PathBuf,
}

impl Log {
    /// A log in `dir`, continued where there already is one.
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    /// Adds a row of training.
    pub fn training(&self, row: &TrainingRow) -> std::io::Result<()> {
        curves::append(
            &self.dir.join("training.csv"),
            "step,tokens,minutes,learning_rate,loss,accuracy,inside,outside,gradient_norm,tokens_per_second",
            &format!(
                "{},{},{:.3},{:.3e},{:.4},{:.4},{:.4},{:.4},{:.3},{:.0}",
                row.step,
                row.tokens,
                row.minutes,
                row.learning_rate,
                row.loss,
                row.accuracy,
                row.inside,
                row.outside,
                row.gradient_norm,
                row.tokens_per_second
            ),
        )
    }

    /// Adds a row of validation.
    pub fn validation(&self, row: &ValidationRow) -> std::io::Result<()> {
        curves::append(
            &self.dir.join("validation.csv"),
            "step,tokens,minutes,loss,accuracy,inside,inside_melody_only,inside_wrong,outside",
            &format!(
                "{},{},{:.3},{:.4},{:.4},{:.4},{:.4},{:.4},{:.4}",
                row.step,
                row.tokens,
                row.minutes,
                row.loss,
                row.accuracy,
                row.inside,
                row.inside_melody_only,
                row.inside_wrong,
                row.outside
            ),
        )
    }

    /// Draws loss and accuracy over tokens, from the two tables, into `curve.png`.
    pub fn draw(&self) -> Result<(), Box<dyn std::error::Error>> {
        let training = columns(&self.dir.join("training.csv"))?;
        let validation = columns(&self.dir.join("validation.csv")).unwrap_or_default();
        let path = self.dir.join("curve.png");
        let area = curves::picture(&path, (1200, 900))?;
        let (upper, lower) = area.split_vertically(520);
        panel(
            &upper,
            "Loss (nats a token)",
            "million tokens",
            &[
                (
                    "training windows",
                    smoothed(&series(&training, 4)),
                    RGBColor(120, 130, 150),
                ),
                ("validation", series(&validation, 3), RGBColor(20, 110, 200)),
                (
                    "validation, inside themes",
                    series(&validation, 5),
                    RGBColor(0, 140, 90),
                ),
                (
                    "inside, theme of melody alone",
                    series(&validation, 6),
                    RGBColor(215, 110, 20),
                ),
                (
                    "inside, wrong theme",
                    series(&validation, 7),
                    RGBColor(190, 40, 90),
                ),
            ],
        )?;
        panel(
            &lower,
            "Accuracy",
            "million tokens",
            &[
                (
                    "training windows",
                    smoothed(&series(&training, 5)),
                    RGBColor(120, 130, 150),
                ),
                ("validation", series(&validation, 4), RGBColor(20, 110, 200)),
            ],
        )?;
        area.present()?;
        Ok(())
    }
}

/// Points (million tokens, value) of one column.
fn series(rows: &[Vec<f64>], column: usize) -> Vec<(f64, f64)> {
    rows.iter()
        .filter_map(|row| Some((row.get(1)? / 1e6, *row.get(column)?)))
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .collect()
}
