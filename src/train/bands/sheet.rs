//! Phrases as pictures: the parts above each other, each in its colour.

use image::{Rgb, RgbImage};

use crate::formats::png::{PngError, encode, fill};
use crate::tokens::band::{BandRoll, LOWEST_PITCH, STEPS_PER_BAR};
use crate::tokens::part::Part;

/// Pixels of a step.
const STEP: u32 = 6;
/// Pixels between phrases, and between parts.
const GAP: u32 = 14;
const PART_GAP: u32 = 3;
/// Phrases side by side.
const COLUMNS: u32 = 4;

const PAPER: Rgb<u8> = Rgb([0xff, 0xff, 0xff]);
const GROUND: Rgb<u8> = Rgb([0xf1, 0xf2, 0xf5]);
const BEAT: Rgb<u8> = Rgb([0xe2, 0xe4, 0xe9]);
const BAR: Rgb<u8> = Rgb([0xa9, 0xae, 0xb8]);

/// The pitches that are shown of a part, and the pixels of one.
fn lane(part: Part) -> (std::ops::RangeInclusive<u8>, u32) {
    match part {
        Part::Drums => (35..=59, 3),
        Part::Piano => (LOWEST_PITCH..=95, 2),
        Part::Guitar | Part::Strings => (36..=90, 2),
        Part::Bass => (24..=60, 2),
    }
}

fn height(part: Part) -> u32 {
    let (pitches, pixels) = lane(part);
    pitches.len() as u32 * pixels
}

/// Draws phrases (of equal numbers of bars), four side by side, drums on top. The result is the bytes of a PNG file; a note's
/// first step is darker than the rest of it, and notes outside the pitches that are shown are left out.
pub fn sheet(phrases: &[BandRoll]) -> Result<Vec<u8>, PngError> {
    let steps = phrases.iter().map(BandRoll::steps).max().unwrap_or(0) as u32;
    let rows = (phrases.len() as u32).div_ceil(COLUMNS).max(1);
    let phrase_height: u32 = Part::ALL
        .into_iter()
        .map(|part| height(part) + PART_GAP)
        .sum();
    let width = COLUMNS * (steps * STEP + GAP) + GAP;
    let mut image = RgbImage::from_pixel(width, rows * (phrase_height + GAP) + GAP, PAPER);
    for (index, phrase) in phrases.iter().enumerate() {
        let left = GAP + (index as u32 % COLUMNS) * (steps * STEP + GAP);
        let mut top = GAP + (index as u32 / COLUMNS) * (phrase_height + GAP);
        for part in Part::ALL {
            draw(&mut image, phrase, part, (left, top));
            top += height(part) + PART_GAP;
        }
    }
    encode(&image)
}

fn draw(image: &mut RgbImage, phrase: &BandRoll, part: Part, (left, top): (u32, u32)) {
    let (pitches, pixels) = lane(part);
    let steps = phrase.steps() as u32;
    let rows = (top, top + height(part));
    fill(image, (left, left + steps * STEP), rows, GROUND);
    for step in (0..=steps).step_by(4) {
        let x = left + step * STEP;
        let bar = step % STEPS_PER_BAR as u32 == 0;
        fill(image, (x, x + 1), rows, if bar { BAR } else { BEAT });
    }
    let Rgb(colour) = Rgb(part.role().colour().0);
    let dark = Rgb(colour.map(|channel| channel / 2));
    for note in phrase.notes(part) {
        if !pitches.contains(&note.pitch) {
            continue;
        }
        let y = top + u32::from(pitches.end() - note.pitch) * pixels;
        let x = left + note.step as u32 * STEP;
        let end = x + note.length as u32 * STEP;
        fill(image, (x, end), (y, y + pixels), Rgb(colour));
        fill(image, (x, x + 2), (y, y + pixels), dark);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::band::BandNote;

    #[test]
    fn a_note_is_drawn_in_its_parts_lane() {
        let mut roll = BandRoll::new(4);
        let note = BandNote {
            step: 16,
            length: 4,
            pitch: 95,
        };
        roll.add(Part::Piano, note);
        let bytes = sheet(&[BandRoll::new(4), roll]).unwrap_or_default();
        let image = image::load_from_memory(&bytes).map(|image| image.to_rgb8());
        let image = image.unwrap_or_default();
        let colour = Rgb(Part::Piano.role().colour().0);
        let at: Vec<(u32, u32)> = (image.enumerate_pixels())
            .filter(|(_, _, pixel)| **pixel == colour)
            .map(|(x, y, _)| (x, y))
            .collect();
        // Second phrase: 14 + 64 * 6 + 14; bar 2: 96 more; the onset's two dark columns; below 25 drums of 3 pixels and gaps.
        assert_eq!(at.first(), Some(&(14 + 384 + 14 + 96 + 2, 14 + 75 + 3)));
        assert_eq!(at.len(), (24 - 2) * 2);
    }
}
