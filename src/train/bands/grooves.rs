//! Drum patterns from the Groove MIDI Dataset (Gillick et al., "Learning to Groove with Inverse Sequence Transformations", 2019).

use std::path::{Path, PathBuf};

use crate::formats::midi;
use crate::score::Tick;
use crate::tokens::band::STEPS_PER_BAR;

/// Strokes softer than this are ghost notes, which a roll without velocities cannot tell from accents.
const GHOST: u8 = 30;
/// Mean distance of the strokes from the sixteenths, in steps, beyond which a performance swings too much for the grid.
const SWING: f64 = 0.19;
/// Strokes of a bar of fill, at least.
const FILL_STROKES: usize = 6;

/// A bar of drums: (step, General MIDI key), in order.
pub type DrumBar = Vec<(usize, u8)>;

/// Two bars of a beat that can be repeated.
#[derive(Debug, Clone, PartialEq)]
pub struct Groove {
    /// Style, as the data set names it: "rock", "funk/groove1".
    pub style: String,
    /// The tempo it was played in.
    pub bpm: f64,
    /// The bars, played in turn.
    pub bars: [DrumBar; 2],
}

impl Groove {
    /// Strokes of a bar.
    pub fn density(&self) -> f64 {
        (self.bars[0].len() + self.bars[1].len()) as f64 / 2.0
    }
}

/// A bar of fill.
#[derive(Debug, Clone, PartialEq)]
pub struct Fill {
    /// Style of the beat that it ends.
    pub style: String,
    /// The tempo it was played in.
    pub bpm: f64,
    /// Its strokes.
    pub bar: DrumBar,
}

/// All usable beats and fills.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GrooveBook {
    /// Beats.
    pub grooves: Vec<Groove>,
    /// Fills.
    pub fills: Vec<Fill>,
}

/// A groove data set that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GrooveError {
    /// The table or a file is missing.
    #[error("{path}: {source}; unpack the groove archive into the data folder")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The table has other columns.
    #[error("{path}: no column \"{column}\"; unpack the groove archive again")]
    Column {
        /// The table.
        path: PathBuf,
        /// What is missing.
        column: &'static str,
    },
    /// Nothing in it can be used.
    #[error(
        "{0}: none of its beats is in 4/4 and straight enough for a grid of sixteenths; unpack the groove archive again"
    )]
    Empty(PathBuf),
}

impl GrooveBook {
    /// Reads `info.csv` and the MIDI files of a folder. Only 4/4 performances that do not swing; a damaged MIDI file is
    /// passed over.
    pub fn read(folder: &Path) -> Result<Self, GrooveError> {
        let table = folder.join("info.csv");
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| GrooveError::Io { path, source }
        };
        let text = std::fs::read_to_string(&table).map_err(io(&table))?;
        let mut lines = text.lines();
        let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
        let column = |column: &'static str| {
            let found = head.iter().position(|name| *name == column);
            found.ok_or_else(|| GrooveError::Column {
                path: table.clone(),
                column,
            })
        };
        let (style, bpm, kind, metre, file) = (
            column("style")?,
            column("bpm")?,
            column("beat_type")?,
            column("time_signature")?,
            column("midi_filename")?,
        );
        let mut book = Self::default();
        for line in lines {
            let cells: Vec<&str> = line.split(',').collect();
            let cell = |column: usize| cells.get(column).copied().unwrap_or_default();
            let (style, bpm) = (cell(style).to_owned(), cell(bpm).parse().unwrap_or(120.0));
            if cell(metre) != "4-4" {
                continue;
            }
            let path = folder.join(cell(file));
            let bytes = std::fs::read(&path).map_err(io(&path))?;
            let Some(bars) = straight_bars(&bytes) else {
                continue;
            };
            if cell(kind) == "fill" {
                let fills = bars.into_iter().filter(is_fill);
                book.fills.extend(fills.map(|bar| Fill {
                    style: style.clone(),
                    bpm,
                    bar,
                }));
            } else if let Some(bars) = typical_pair(&bars) {
                book.grooves.push(Groove { style, bpm, bars });
            }
        }
        if book.grooves.is_empty() {
            return Err(GrooveError::Empty(folder.to_owned()));
        }
        Ok(book)
    }
}

/// The bars of a performance on the grid; `None` if it swings or cannot be read.
fn straight_bars(bytes: &[u8]) -> Option<Vec<DrumBar>> {
    let song = midi::read(bytes).ok()?.song;
    let strokes: Vec<(f64, u8, u8)> = (song.tracks.iter())
        .flat_map(|track| track.notes())
        .map(|note| {
            let step = note.start.0 as f64 / Tick::SIXTEENTH.0 as f64;
            (step, note.pitch.get(), note.velocity.get())
        })
        .collect();
    let distance = |(step, _, _): &(f64, u8, u8)| (step - step.round()).abs();
    let mean = strokes.iter().map(distance).sum::<f64>() / strokes.len().max(1) as f64;
    if strokes.is_empty() || mean > SWING {
        return None;
    }
    let mut bars: Vec<DrumBar> = Vec::new();
    for (step, key, velocity) in strokes {
        let Some(key) = general_midi(key).filter(|_| velocity >= GHOST) else {
            continue;
        };
        let step = step.round() as usize;
        let bar = step / STEPS_PER_BAR;
        if bars.len() <= bar {
            bars.resize(bar + 1, DrumBar::new());
        }
        bars[bar].push((step % STEPS_PER_BAR, key));
    }
    for bar in &mut bars {
        bar.sort_unstable();
        bar.dedup();
    }
    Some(bars)
}

/// The General MIDI key of a pad of the Roland TD-11: rims and edges become what they belong to, as in the data set's own
/// table, but for what General MIDI has a key for (side stick, pedal hi-hat, ride bell). `None` for other keys.
pub fn general_midi(key: u8) -> Option<u8> {
    Some(match key {
        36 | 35 => 36,
        38 | 40 => 38,
        37 => 37,
        48 | 50 => 50,
        45 | 47 => 47,
        43 | 58 => 43,
        46 | 26 => 46,
        42 | 22 => 42,
        44 => 44,
        49 | 52 | 55 | 57 => 49,
        51 | 59 => 51,
        53 => 53,
        _ => return None,
    })
}

/// The two neighbouring bars that are most like the others: at even places like even ones, at odd places like odd ones, for
/// drummers think in pairs. The first bar of a performance with one is never taken: it often begins with a crash.
fn typical_pair(bars: &[DrumBar]) -> Option<[DrumBar; 2]> {
    let full = |bar: &DrumBar| bar.len() >= 4 && bar.iter().any(|(_, key)| *key == 36);
    let pairs: Vec<(&DrumBar, &DrumBar)> = (bars.chunks_exact(2))
        .map(|pair| (&pair[0], &pair[1]))
        .filter(|(a, b)| full(a) && full(b))
        .collect();
    let likeness = |(a, b): &(&DrumBar, &DrumBar)| -> f64 {
        let all = pairs.iter();
        all.map(|(c, d)| alike(a, c) + alike(b, d)).sum()
    };
    let rest = if pairs.len() > 1 {
        &pairs[1..]
    } else {
        &pairs[..]
    };
    let best = rest
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    // A crash belongs to the beginning of a section, not into a loop.
    let clean = |bar: &DrumBar| -> DrumBar {
        let strokes = bar.iter().filter(|(_, key)| *key != 49);
        strokes.copied().collect()
    };
    Some([clean(best.0), clean(best.1)])
}

/// Strokes in both / strokes in either.
fn alike(a: &DrumBar, b: &DrumBar) -> f64 {
    let both = a.iter().filter(|stroke| b.contains(stroke)).count();
    both as f64 / (a.len() + b.len() - both).max(1) as f64
}

/// Whether a bar of a fill can stand at the end of a section: enough strokes, in its last half too, on snare or toms.
fn is_fill(bar: &DrumBar) -> bool {
    let skins = bar
        .iter()
        .filter(|(_, key)| matches!(key, 38 | 43 | 47 | 50));
    let late = skins.clone().filter(|(step, _)| *step >= STEPS_PER_BAR / 2);
    bar.len() >= FILL_STROKES && skins.count() >= FILL_STROKES / 2 && late.count() >= 2
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::formats::midi::{MidiOptions, write};
    use crate::score::{Instrument, Note, Pitch, Role, Song, Track, TrackId, Velocity};

    /// A drum performance as MIDI, from (tick, key, velocity).
    pub(in crate::train::bands) fn performance(strokes: &[(i64, i32, i32)]) -> Vec<u8> {
        let note = |(tick, key, velocity): &(i64, i32, i32)| {
            Note::new(
                Tick(*tick),
                Tick(60),
                Pitch::clamped(*key),
                Velocity::clamped(*velocity),
            )
        };
        let track = Track::new(TrackId(1), "kit", Instrument::DRUMS, Role::Drums)
            .with_notes(strokes.iter().map(note).collect());
        write(&Song::default().with_track(track), &MidiOptions::default()).unwrap_or_default()
    }

    #[test]
    fn strokes_land_on_the_grid_of_general_midi() {
        // A rim shot a little late, a ghost, an open hi-hat's edge a little early in the second bar.
        let bytes = performance(&[(20, 40, 90), (240, 38, 10), (3840 + 700, 26, 70)]);
        let bars = straight_bars(&bytes).unwrap_or_default();
        assert_eq!(bars, [vec![(0, 38)], vec![(3, 46)]]);
        // Triplets: steps 0, 2.67, 5.33.
        let swung = performance(&[(0, 36, 90), (640, 42, 90), (1280, 42, 90)]);
        assert_eq!(straight_bars(&swung), None);
        assert_eq!(straight_bars(b"no file"), None);
    }

    #[test]
    fn the_pair_like_the_others_is_taken_without_its_crash() {
        let beat = vec![(0, 36), (0, 42), (4, 38), (8, 36), (12, 38)];
        let other = vec![(0, 36), (2, 36), (6, 36), (8, 36)];
        let mut crashing = beat.clone();
        crashing.insert(1, (0, 49));
        let bars = [&other, &other, &crashing, &beat, &crashing, &beat].map(Clone::clone);
        assert_eq!(typical_pair(&bars), Some([beat.clone(), beat]));
        assert_eq!(typical_pair(&[vec![], vec![]]), None);
    }

    #[test]
    fn a_fill_ends_on_the_skins() {
        let fill: DrumBar = (0..8).map(|eighth| (eighth * 2, 38)).collect();
        assert!(is_fill(&fill));
        let early: DrumBar = (0..8).map(|step| (step, 50)).collect();
        assert!(!is_fill(&early));
    }
}
