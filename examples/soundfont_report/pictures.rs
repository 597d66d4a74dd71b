//! Spectra of two fonts in one picture.

use std::path::Path;

use anyhow::Context;
use plotters::prelude::*;
use plotters::style::register_font;

use super::measures;
use super::play::{self, Font, Note, RATE};

/// What is drawn: file, title, program, key.
const DRAWN: [(&str, &str, u8, u8); 8] = [
    ("piano", "Grand piano C4", 0, 60),
    ("nylon", "Nylon guitar E3", 24, 52),
    ("finger-bass", "Finger bass C2", 33, 36),
    ("strings", "String ensemble G4", 48, 67),
    ("choir", "Choir C4", 52, 60),
    ("trumpet", "Trumpet G4", 56, 67),
    ("clarinet", "Clarinet G3", 71, 55),
    ("flute", "Flute E5", 73, 76),
];
/// What the pictures are written in: carried along, so that no fonts need be installed.
const FONT: &str = "Inter";
/// Hertz from left to right.
const SHOWN: std::ops::Range<f64> = 40.0..16_000.0;

/// Writes one picture an instrument into a folder: the first second at velocity 100, in steps of a twelfth of an octave.
pub(crate) fn spectra(folder: &Path, font: &Font, other: Option<&Font>) -> anyhow::Result<()> {
    let inter = include_bytes!("../../assets/fonts/Inter-Regular.otf");
    register_font(FONT, FontStyle::Normal, inter)
        .map_err(|_| anyhow::anyhow!("the font of the pictures cannot be read"))?;
    for (file, title, program, key) in DRAWN {
        let path = folder.join(format!("{file}.png"));
        let curve = |font: &Font| -> anyhow::Result<Vec<(f64, f64)>> {
            let sound = font.play(&Note::of(program, key, 100), 1.0, 1.0)?;
            Ok(bands(&play::mono(&sound)))
        };
        let ours = curve(font)?;
        let others = other.map(curve).transpose()?;
        draw(&path, title, &ours, others.as_deref())
            .map_err(|error| anyhow::anyhow!("{error}"))
            .with_context(|| format!("{} cannot be drawn", path.display()))?;
    }
    Ok(())
}

/// Decibels against the loudest in each 24th of an octave.
fn bands(points: &[f64]) -> Vec<(f64, f64)> {
    let second = points.get(..RATE as usize).unwrap_or(points);
    let (magnitudes, step) = measures::spectrum(second);
    let width = (1.0_f64 / 24.0).exp2();
    let mut curve = Vec::new();
    let mut low = SHOWN.start;
    while low < SHOWN.end {
        let range = (low / step) as usize..(low * width / step) as usize + 1;
        let most = magnitudes.get(range).unwrap_or(&[]).iter();
        curve.push((low, most.fold(1e-12_f64, |most, m| most.max(*m))));
        low *= width;
    }
    let peak = curve.iter().fold(1e-12_f64, |peak, (_, m)| peak.max(*m));
    curve
        .into_iter()
        .map(|(frequency, m)| (frequency, (20.0 * (m / peak).log10()).max(-90.0)))
        .collect()
}

fn draw(
    path: &Path,
    title: &str,
    ours: &[(f64, f64)],
    others: Option<&[(f64, f64)]>,
) -> Result<(), Box<dyn std::error::Error>> {
    let area = BitMapBackend::new(path, (960, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, (FONT, 20))
        .margin(10)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(SHOWN.log_scale(), -90.0..3.0)?;
    chart
        .configure_mesh()
        .label_style((FONT, 13))
        .x_desc("hertz")
        .y_desc("decibels")
        .light_line_style(WHITE)
        .draw()?;
    let curves = [("this font", RED, Some(ours)), ("the other", BLUE, others)];
    for (name, colour, curve) in curves {
        if let Some(curve) = curve {
            chart
                .draw_series(LineSeries::new(curve.iter().copied(), colour))?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour));
        }
    }
    chart
        .configure_series_labels()
        .label_font((FONT, 13))
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}
