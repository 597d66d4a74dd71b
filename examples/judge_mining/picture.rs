//! Theme maps: bars from left to right, a row for each miner.

use std::ops::Range;
use std::path::Path;

use anyhow::{Result, anyhow};
use leitmotif::train::theme_mining::Line;
use plotters::prelude::*;
use plotters::style::register_font;

use crate::Song;

const WIDTH: i32 = 1600;
const LEFT: i32 = 170;
const ROW: i32 = 20;
const GAP: i32 = 30;

/// Draws the maps of some songs, one below the other: the theme framed, regions as opaque as they are like it.
pub(crate) fn draw(names: &[String], songs: &[&Song], path: &Path) -> Result<()> {
    register_font(
        "Inter",
        FontStyle::Normal,
        include_bytes!("../../assets/fonts/Inter-Regular.otf"),
    )
    .map_err(|_| anyhow!("the font of the picture cannot be read"))?;
    let rows = names.len() as i32 + 2;
    let height = songs.len() as i32 * (rows * ROW + GAP) + GAP;
    let area = BitMapBackend::new(path, (WIDTH as u32, height as u32)).into_drawing_area();
    area.fill(&WHITE)?;
    let text = |words: &str, x: i32, y: i32| {
        area.draw(&Text::new(
            words.to_owned(),
            (x, y),
            ("Inter", 14).into_font(),
        ))
    };
    for (index, song) in songs.iter().enumerate() {
        let top = GAP / 2 + index as i32 * (rows * ROW + GAP);
        let bars = song.line.bars().max(1) as i32;
        let x = |bar: i64| LEFT + (bar * i64::from(WIDTH - LEFT - 20) / i64::from(bars)) as i32;
        text(
            &format!("song {:03}, {bars} bars", song.number),
            8,
            top - 12,
        )?;
        for bar in (0..=i64::from(bars)).step_by(8) {
            area.draw(&PathElement::new(
                [(x(bar), top), (x(bar), top + rows * ROW)],
                RGBColor(215, 215, 220),
            ))?;
        }
        for (row, name) in names.iter().enumerate() {
            let y = top + row as i32 * ROW;
            text(name, 8, y + 4)?;
            regions(&area, &song.line, song.mined[row].as_deref(), y, &x)?;
        }
        let y = top + names.len() as i32 * ROW;
        text("prepared labels", 8, y + 4)?;
        if let Some((line, labels)) = &song.labels {
            regions(&area, line, Some(labels), y, &x)?;
        }
        let y = y + ROW;
        text("phrases", 8, y + 4)?;
        for (letter, at, length) in song.heard.iter().flat_map(|heard| &heard.phrases) {
            if at + length <= 0 || *at >= i64::from(bars) {
                continue;
            }
            let (from, to) = (x((*at).max(0)), x((at + length).min(i64::from(bars))));
            let hue = f64::from(*letter as u32 % 7) / 7.0;
            let colour = HSLColor(hue, 0.5, if letter.is_uppercase() { 0.75 } else { 0.92 });
            let block = [(from + 1, y + 2), (to - 1, y + ROW - 2)];
            area.draw(&Rectangle::new(block, colour.filled()))?;
            text(&letter.to_string(), from + 5, y + 4)?;
        }
    }
    area.present()?;
    Ok(())
}

fn regions(
    area: &DrawingArea<BitMapBackend<'_>, plotters::coord::Shift>,
    line: &Line,
    mined: Option<&[Range<u32>]>,
    y: i32,
    x: &dyn Fn(i64) -> i32,
) -> Result<()> {
    for (index, region) in mined.into_iter().flatten().enumerate() {
        let theme = mined.and_then(<[_]>::first).cloned().unwrap_or_default();
        let s = line
            .fragment(theme)
            .similarity(&line.fragment(region.clone()));
        let block = [
            (x(i64::from(region.start)) + 1, y + 2),
            (x(i64::from(region.end)) - 1, y + ROW - 2),
        ];
        let colour = RGBColor(200, 120, 10);
        area.draw(&Rectangle::new(
            block,
            colour.mix(s.unwrap_or(0.0).max(0.06)).filled(),
        ))?;
        area.draw(&Rectangle::new(
            block,
            if index == 0 {
                BLACK.stroke_width(2)
            } else {
                colour.mix(0.5).stroke_width(1)
            },
        ))?;
    }
    Ok(())
}
