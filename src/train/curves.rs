//! Records of a training: CSV tables, and curves as pictures.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use plotters::prelude::*;
use plotters::style::register_font;

/// What the curves are written in: carried along, so that no fonts need be installed.
const FONT: &str = "Inter";

/// A drawing that went wrong.
pub(super) type Failed = Box<dyn std::error::Error>;

/// Adds a row to a table, which begins with `header`.
pub(super) fn append(path: &Path, header: &str, row: &str) -> std::io::Result<()> {
    let fresh = !path.exists();
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    if fresh {
        writeln!(file, "{header}")?;
    }
    writeln!(file, "{row}")
}

/// A white picture to draw panels in.
pub(super) fn picture(
    path: &Path,
    size: (u32, u32),
) -> Result<DrawingArea<BitMapBackend<'_>, plotters::coord::Shift>, Failed> {
    register_font(
        FONT,
        FontStyle::Normal,
        include_bytes!("../../assets/fonts/Inter-Regular.otf"),
    )
    .map_err(|_| "the font of the curves cannot be read")?;
    let area = BitMapBackend::new(path, size).into_drawing_area();
    area.fill(&WHITE)?;
    Ok(area)
}

/// The numbers of a CSV table, row by row, the header left out.
pub(super) fn columns(path: &Path) -> std::io::Result<Vec<Vec<f64>>> {
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

/// An exponential moving mean, so that a curve of small batches can be read.
pub(super) fn smoothed(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
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

/// Name, points and colour.
pub(super) type Curve<'a> = (&'a str, Vec<(f64, f64)>, RGBColor);

/// Curves over a common axis, with a legend; nothing where there are no points.
pub(super) fn panel(
    area: &DrawingArea<BitMapBackend<'_>, plotters::coord::Shift>,
    title: &str,
    axis: &str,
    curves: &[Curve<'_>],
) -> Result<(), Failed> {
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
        .x_desc(axis)
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
