//! Pianorolls as pictures.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

use crate::score::{Note, Song, Span, Tick, Track};

/// How a pianoroll is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PngOptions {
    /// Width in pixels, held to 64..=16384; by default 1600.
    pub width: u32,
    /// Height in pixels, held to 48..=8192; by default 480.
    pub height: u32,
    /// The stretch that is shown; by default the whole song, in whole bars.
    pub span: Option<Span>,
    /// Light notes on a dark ground, or the reverse; by default dark.
    pub dark: bool,
}

impl Default for PngOptions {
    fn default() -> Self {
        Self {
            width: 1600,
            height: 480,
            span: None,
            dark: true,
        }
    }
}

/// A picture that could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the picture could not be put together: {0}")]
pub struct PngError(#[from] image::ImageError);

/// The colours of the ground.
struct Ground {
    white_keys: Rgb<u8>,
    black_keys: Rgb<u8>,
    beat: Rgb<u8>,
    bar: Rgb<u8>,
    theme: Rgb<u8>,
    border: Rgb<u8>,
}

const DARK: Ground = Ground {
    white_keys: Rgb([0x1b, 0x1e, 0x25]),
    black_keys: Rgb([0x16, 0x18, 0x1e]),
    beat: Rgb([0x23, 0x27, 0x30]),
    bar: Rgb([0x3a, 0x40, 0x4d]),
    theme: Rgb([0xf2, 0xb8, 0x4b]),
    border: Rgb([0x0e, 0x10, 0x14]),
};

const LIGHT: Ground = Ground {
    white_keys: Rgb([0xfb, 0xfb, 0xfc]),
    black_keys: Rgb([0xf0, 0xf1, 0xf4]),
    beat: Rgb([0xe6, 0xe8, 0xec]),
    bar: Rgb([0xc4, 0xc8, 0xd0]),
    theme: Rgb([0xe0, 0x9a, 0x1a]),
    border: Rgb([0xff, 0xff, 0xff]),
};

/// Draws all tracks over each other, each in its colour, velocity as strength; drums in a lane of their own below; bar lines;
/// a tint where the theme stands or returns. Muted notes are faint. The result is the bytes of a PNG file.
pub fn pianoroll(song: &Song, options: &PngOptions) -> Result<Vec<u8>, PngError> {
    let picture = Picture::new(song, options);
    let mut image = RgbImage::new(picture.width, picture.height);
    picture.draw(song, &mut image);
    encode(&image)
}

/// The bytes of a PNG file.
pub(crate) fn encode(image: &RgbImage) -> Result<Vec<u8>, PngError> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

/// A lane of pitches.
#[derive(Debug, Clone, Copy)]
struct Lane {
    top: u32,
    height: u32,
    lowest: u8,
    pitches: u32,
}

impl Lane {
    /// The rows of pixels of a pitch, from..to; at least one.
    fn rows(self, pitch: u8) -> (u32, u32) {
        let from_top =
            self.pitches - 1 - u32::from(pitch.saturating_sub(self.lowest)).min(self.pitches - 1);
        let from = self.top + from_top * self.height / self.pitches;
        let to = self.top + (from_top + 1) * self.height / self.pitches;
        (from, to.max(from + 1))
    }
}

struct Picture {
    width: u32,
    height: u32,
    span: Span,
    ground: Ground,
    pitched: Lane,
    drums: Option<Lane>,
}

impl Picture {
    fn new(song: &Song, options: &PngOptions) -> Self {
        let width = options.width.clamp(64, 16_384);
        let height = options.height.clamp(48, 8192);
        let whole = Span {
            start: Tick::ZERO,
            end: song.metre.bar_start(song.bars().max(1)),
        };
        let span = options
            .span
            .filter(|span| !span.is_empty())
            .unwrap_or(whole);
        let range = |drums: bool| {
            let pitches = (song.tracks.iter())
                .filter(|track| track.instrument.drums == drums)
                .flat_map(|track| track.notes())
                .filter(|note| note.span().overlaps(span))
                .map(|note| note.pitch.get());
            pitches.fold(None, |range: Option<(u8, u8)>, pitch| {
                let (low, high) = range.unwrap_or((pitch, pitch));
                Some((low.min(pitch), high.max(pitch)))
            })
        };
        let drum_range = range(true);
        let drum_height = if drum_range.is_some() { height / 5 } else { 0 };
        let lane = |top: u32, height: u32, (low, high): (u8, u8), margin: u8| {
            let lowest = low.saturating_sub(margin);
            let highest = high.saturating_add(margin).min(127);
            Lane {
                top,
                height,
                lowest,
                pitches: u32::from(highest - lowest) + 1,
            }
        };
        // A range of at least two octaves, so that a short idea is not blown up.
        let (low, high) = range(false).unwrap_or((60, 60));
        let missing = 24u8.saturating_sub(high - low);
        let low = low.saturating_sub(missing / 2);
        let high = high.saturating_add(missing - missing / 2).min(127);
        Self {
            width,
            height,
            span,
            ground: if options.dark { DARK } else { LIGHT },
            pitched: lane(0, height - drum_height, (low, high), 2),
            drums: drum_range.map(|range| lane(height - drum_height, drum_height, range, 1)),
        }
    }

    /// The column of a tick, held to the picture.
    fn column(&self, tick: Tick) -> u32 {
        let inside = (tick.max(self.span.start).min(self.span.end) - self.span.start).0;
        (i128::from(inside) * i128::from(self.width) / i128::from(self.span.length().0.max(1)))
            as u32
    }

    fn draw(&self, song: &Song, image: &mut RgbImage) {
        self.draw_ground(image);
        for region in &song.themes {
            self.tint(image, region.span);
        }
        self.draw_lines(song, image);
        if let Some(drums) = self.drums {
            fill(
                image,
                (0, self.width),
                (drums.top, drums.top + 2),
                self.ground.border,
            );
        }
        // The first track on top: it is most often the melody.
        for track in song.tracks.iter().rev() {
            let lane = if track.instrument.drums {
                self.drums
            } else {
                Some(self.pitched)
            };
            let Some(lane) = lane else { continue };
            let heard = song.is_audible(track);
            for note in track.notes() {
                if note.span().overlaps(self.span) {
                    self.draw_note(image, lane, track, note, heard);
                }
            }
        }
    }

    fn draw_ground(&self, image: &mut RgbImage) {
        fill(
            image,
            (0, self.width),
            (0, self.height),
            self.ground.white_keys,
        );
        let lane = self.pitched;
        for index in 0..lane.pitches {
            let pitch = lane.lowest.saturating_add(index as u8);
            if matches!(pitch % 12, 1 | 3 | 6 | 8 | 10) {
                fill(
                    image,
                    (0, self.width),
                    lane.rows(pitch),
                    self.ground.black_keys,
                );
            }
        }
        if let Some(drums) = self.drums {
            let rows = (drums.top, drums.top + drums.height);
            fill(image, (0, self.width), rows, self.ground.black_keys);
        }
    }

    fn tint(&self, image: &mut RgbImage, span: Span) {
        let (from, to) = (self.column(span.start), self.column(span.end));
        for y in 0..self.pitched.height {
            // A strong edge along the top says the same as the tint to who cannot see it.
            let share = if y < 3 { 0.9 } else { 0.13 };
            for x in from..to {
                let pixel = image.get_pixel_mut(x, y);
                *pixel = mix(*pixel, self.ground.theme, share);
            }
        }
    }

    /// Bar lines, and beats where there is room; at least six pixels apart.
    fn draw_lines(&self, song: &Song, image: &mut RgbImage) {
        let metre = &song.metre;
        let first = metre.bar_at(self.span.start);
        let last = metre.bar_at((self.span.end - Tick(1)).max(Tick::ZERO));
        let bars = last.saturating_sub(first) + 1;
        let step = (bars.saturating_mul(6) / self.width).max(1) as usize;
        let with_beats = u64::from(bars) * 48 < u64::from(self.width);
        for bar in (first..=last).step_by(step) {
            let start = metre.bar_start(bar);
            if with_beats {
                let held = metre.metre_at(start);
                for beat in 1..i64::from(held.numerator) {
                    self.line(image, start + held.beat() * beat, self.ground.beat);
                }
            }
            self.line(image, start, self.ground.bar);
        }
    }

    fn line(&self, image: &mut RgbImage, at: Tick, colour: Rgb<u8>) {
        if self.span.contains(at) {
            let x = self.column(at).min(self.width - 1);
            fill(image, (x, x + 1), (0, self.height), colour);
        }
    }

    fn draw_note(&self, image: &mut RgbImage, lane: Lane, track: &Track, note: &Note, heard: bool) {
        let from = self.column(note.start).min(self.width - 1);
        let to = self.column(note.end()).max(from + 1);
        // A gap between repeated notes, where there is room for one.
        let to = if to - from > 3 { to - 1 } else { to };
        let (top, bottom) = lane.rows(note.pitch.get());
        let bottom = if bottom - top > 3 { bottom - 1 } else { bottom };
        let strength = if note.muted || !heard {
            0.25
        } else {
            0.45 + 0.55 * f32::from(note.velocity.get()) / 127.0
        };
        let colour = mix(self.ground.white_keys, Rgb(track.colour.0), strength);
        fill(image, (from, to), (top, bottom), colour);
    }
}

/// Fills columns from..to of rows from..to, as far as they are in the picture.
pub(crate) fn fill(image: &mut RgbImage, columns: (u32, u32), rows: (u32, u32), colour: Rgb<u8>) {
    let (width, height) = image.dimensions();
    for y in rows.0..rows.1.min(height) {
        for x in columns.0..columns.1.min(width) {
            image.put_pixel(x, y, colour);
        }
    }
}

/// `share` (0..=1) of `b` over `a`.
fn mix(a: Rgb<u8>, b: Rgb<u8>, share: f32) -> Rgb<u8> {
    let mut mixed = a;
    for (channel, over) in mixed.0.iter_mut().zip(b.0) {
        *channel = (f32::from(*channel) * (1.0 - share) + f32::from(over) * share).round() as u8;
    }
    mixed
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::formats::demo;
    use crate::score::edit::testing::{note, song_of};
    use crate::score::{ThemeKind, ThemeRegion, TrackId};

    fn decoded(song: &Song, options: &PngOptions) -> RgbImage {
        image::load_from_memory(&pianoroll(song, options).unwrap())
            .unwrap()
            .to_rgb8()
    }

    #[test]
    fn a_note_is_drawn_where_it_sounds_in_its_colour() {
        let mut song = song_of(&[]);
        let mut loud = note(960, 960, 60);
        loud.velocity = crate::score::Velocity::clamped(127);
        song = song.with_track(song.tracks[0].with_notes(vec![loud]));
        let options = PngOptions {
            width: 400,
            height: 290,
            ..PngOptions::default()
        };
        let image = decoded(&song, &options);
        let colour = Rgb(song.tracks[0].colour.0);
        let columns: Vec<u32> = (0..400)
            .filter(|x| (0..290).any(|y| *image.get_pixel(*x, y) == colour))
            .collect();
        assert_eq!((columns[0], columns.len()), (100, 99), "beat 2 of 4");
    }

    #[test]
    fn the_theme_is_tinted() {
        let mut song = song_of(&[(0, 7680, 60)]);
        song.themes.push(ThemeRegion {
            span: Span::new(Tick(0), Tick(3840)),
            track: TrackId(1),
            kind: ThemeKind::Theme,
        });
        let image = decoded(&song, &PngOptions::default());
        assert_ne!(image.get_pixel(10, 0), image.get_pixel(1590, 0));
    }

    #[test]
    fn odd_songs_and_sizes_are_drawn() {
        let far = song_of(&[(1 << 29, 10, 0), (0, 1, 127)]);
        let tiny = PngOptions {
            width: 0,
            height: 0,
            dark: false,
            span: Some(Span::new(Tick(-5), Tick(1))),
        };
        for song in [&Song::default(), &far, &demo::song()] {
            for options in [tiny, PngOptions::default()] {
                let image = decoded(song, &options);
                assert!(image.width() >= 64);
            }
        }
    }
}
