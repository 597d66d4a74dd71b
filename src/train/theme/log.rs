//! The record of a training: CSV tables, and curves as a picture.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use plotters::prelude::*;
use plotters::style::register_font;

/// What the curves are written in: carried along, so that no fonts need be installed.
const FONT: &str = "Inter";

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
        self.append(
            "training.csv",
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
        self.append(
            "validation.csv",
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

    fn append(&self, name: &str, header: &str, row: &str) -> std::io::Result<()> {
        let path = self.dir.join(name);
        let fresh = !path.exists();
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        if fresh {
            writeln!(file, "{header}")?;
        }
        writeln!(file, "{row}")
    }

    /// Draws loss and accuracy over tokens, from the two tables, into `curve.png`.
    pub fn draw(&self) -> Result<(), Box<dyn std::error::Error>> {
        register_font(
            FONT,
            FontStyle::Normal,
            include_bytes!("../../../assets/fonts/Inter-Regular.otf"),
        )
        .map_err(|_| "the font of the curves cannot be read")?;
        let training = columns(&self.dir.join("training.csv"))?;
        let validation = columns(&self.dir.join("validation.csv")).unwrap_or_default();
        let path = self.dir.join("curve.png");
        let area = BitMapBackend::new(&path, (1200, 900)).into_drawing_area();
        area.fill(&WHITE)?;
        let (upper, lower) = area.split_vertically(520);
        panel(
            &upper,
            "Loss (nats a token)",
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

/// The numbers of a CSV table, row by row, the header left out.
fn columns(path: &Path) -> std::io::Result<Vec<Vec<f64>>> {
    Ok(std::fs::read_to_string(path)?
        .lines()
        .skip(1)
        .map(|line| {
            line.split(',')
                .map(|cell| cell.parse().unwrap_or(f64::NAN))
                .collect()
        })
        .collect())
}

/// Points (million tokens, value) of one column.
fn series(rows: &[Vec<f64>], column: usize) -> Vec<(f64, f64)> {
    rows.iter()
        .filter_map(|row| Some((row.get(1)? / 1e6, *row.get(column)?)))
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .collect()
}

/// An exponential moving mean, so that a curve of small batches can be read.
fn smoothed(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut mean = None;
    points
        .iter()
        .map(|(x, y)| {
            let next = mean.map_or(*y, |last: f64| 0.8 * last + 0.2 * y);
            mean = Some(next);
            (*x, next)
        })
        .collect()
}

type Curve<'a> = (&'a str, Vec<(f64, f64)>, RGBColor);

fn panel(
    area: &DrawingArea<BitMapBackend<'_>, plotters::coord::Shift>,
    title: &str,
    curves: &[Curve<'_>],
) -> Result<(), Box<dyn std::error::Error>> {
    let points = || curves.iter().flat_map(|(_, points, _)| points);
    let right = points().map(|(x, _)| *x).fold(0.01, f64::max);
    let low = points().map(|(_, y)| *y).fold(f64::INFINITY, f64::min);
    let high = points().map(|(_, y)| *y).fold(f64::NEG_INFINITY, f64::max);
    if !(low.is_finite() && high.is_finite()) {
        return Ok(());
    }
    let margin = ((high - low) * 0.05).max(0.01);
    let mut chart = ChartBuilder::on(area)
        .caption(title, (FONT, 22))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..right, low - margin..high + margin)?;
    chart
        .configure_mesh()
        .label_style((FONT, 12))
        .axis_desc_style((FONT, 14))
        .x_desc("million tokens")
        .light_line_style(WHITE)
        .draw()?;
    for (name, points, colour) in curves {
        let colour = *colour;
        chart
            .draw_series(LineSeries::new(
                points.iter().copied(),
                colour.stroke_width(2),
            ))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .label_font((FONT, 13))
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.2))
        .draw()?;
    Ok(())
}
