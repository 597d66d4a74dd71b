//! The record of a training.

use std::path::{Path, PathBuf};

use plotters::prelude::*;

use crate::train::bands::statistics::BandStatistics;
use crate::train::curves::{self, columns, panel, smoothed};

/// The mean of the steps since the last row.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TrainingRow {
    /// Generator steps.
    pub step: u64,
    /// Minutes trained.
    pub minutes: f64,
    /// The critic's score of real phrases less that of generated ones (its estimate of the Wasserstein distance).
    pub distance: f64,
    /// The gradient penalty, before its weight.
    pub penalty: f64,
    /// The critic's score of real phrases less that of phrases with a part of others; `None` where no part is given.
    pub mismatch: Option<f64>,
    /// Share of the cells that sound, generated to real.
    pub density: f64,
    /// Norm of the generator's gradient.
    pub generator_norm: f64,
    /// Seconds of a generator step with its critic steps.
    pub seconds: f64,
}

/// Appends rows to `training.csv` and `measures.csv` of a folder and draws `curve.png`.
#[derive(Debug)]
pub(super) struct Log {
    dir: PathBuf,
}

impl Log {
    /// A log in `dir`, continued where there already is one.
    pub(super) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
        }
    }

    pub(super) fn training(&self, row: &TrainingRow) -> std::io::Result<()> {
        curves::append(
            &self.dir.join("training.csv"),
            "step,minutes,distance,penalty,mismatch,density,generator_norm,seconds",
            &format!(
                "{},{:.3},{:.4},{:.4},{:.4},{:.3},{:.4},{:.3}",
                row.step,
                row.minutes,
                row.distance,
                row.penalty,
                row.mismatch.unwrap_or(f64::NAN),
                row.density,
                row.generator_norm,
                row.seconds
            ),
        )
    }

    /// Every measure of generated phrases, behind the mean distance from the data's.
    pub(super) fn measures(
        &self,
        step: u64,
        minutes: f64,
        distance: f64,
        measures: &BandStatistics,
    ) -> std::io::Result<()> {
        let names: Vec<String> = (measures.measures().iter())
            .map(ToString::to_string)
            .collect();
        let mean = |measure| format!("{:.4}", measures.mean(measure).unwrap_or(f64::NAN));
        let means: Vec<String> = measures.measures().iter().copied().map(mean).collect();
        curves::append(
            &self.dir.join("measures.csv"),
            &format!("step,minutes,distance,{}", names.join(",")),
            &format!("{step},{minutes:.3},{distance:.4},{}", means.join(",")),
        )
    }

    /// Draws the critic's distance and that of the measures over steps, from the two tables.
    pub(super) fn draw(&self) -> Result<(), curves::Failed> {
        let training = columns(&self.dir.join("training.csv"))?;
        let measures = columns(&self.dir.join("measures.csv")).unwrap_or_default();
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
            "The critic's distance of generated from real phrases",
            "thousand steps",
            &[
                ("generated", smoothed(&series(&training, 2)), blue),
                (
                    "with a part of others",
                    smoothed(&series(&training, 4)),
                    grey,
                ),
            ],
        )?;
        panel(
            &lower,
            "Distance of the measures (standard deviations), and notes to the data's",
            "thousand steps",
            &[
                ("measures", series(&measures, 2), green),
                ("density", smoothed(&series(&training, 5)), grey),
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
