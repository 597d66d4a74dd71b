//! Recorded performances on the grid of sixteenths.
//!
//! - Groove (Gillick et al. 2019): drummers on an electronic kit to a click. Velocities and timing.
//! - POP909 (Wang et al. 2020): melody, bridge and piano. Velocities only: nine of ten onsets of its files lie exactly on a
//!   sixteenth, once a song's own phase is taken away, so that there is no timing of hands to learn.
//!
//! Nobody recorded a bass or a guitar for us. What stands in for them is cut out of the piano: its lowest line for the bass,
//! the rest for guitars.

use std::path::{Path, PathBuf};

use crate::formats::midi;
use crate::score::{Note, Tick};
use crate::tokens::band::{BandNote, STEPS_PER_BAR};
use crate::tokens::clip::ClipNote;
use crate::tokens::expression::{DrumPiece, Player, Stroke};
use crate::tokens::theme_vocab::Voice;
use crate::train::corpus::{self, CorpusError};

/// What a performance is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Split {
    /// To train on.
    Train,
    /// To watch the training by, and to choose the weights.
    Validation,
    /// To report on, once.
    Test,
}

impl Split {
    /// Songs of POP909, by number: of twenty one is for validation (as for the Theme Transformer) and one for the test.
    pub fn of_song(number: u16) -> Self {
        match number % 20 {
            7 => Self::Validation,
            17 => Self::Test,
            _ => Self::Train,
        }
    }
}

/// One player's part of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Performed {
    /// Where it is from.
    pub name: String,
    /// Who plays.
    pub player: Player,
    /// Quarter notes a minute.
    pub bpm: f64,
    /// What it is used for.
    pub split: Split,
    /// The notes on the grid, in order of (step, pitch); step 0 begins a bar.
    pub notes: Vec<BandNote>,
    /// How each was played. Timing means something for drums only.
    pub strokes: Vec<Stroke>,
}

/// Recordings that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file of Groove is missing or unreadable.
    #[error(
        "{path}: {source}; unpack groove, pop909 and pop909-cl side by side into the data folder"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A MIDI file is damaged.
    #[error("{path}: {source}; unpack groove again")]
    Midi {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: midi::MidiError,
    },
    /// The table of Groove lacks a column, or a line of it a number.
    #[error("{path}, line {line}: {column} is missing or not readable; unpack groove again")]
    Table {
        /// The table.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column.
        column: &'static str,
    },
    /// POP909 cannot be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
}

/// Velocities that differ less than this (standard deviation) were typed, not played: such parts are left out.
const FLAT: f32 = 2.0;
/// The highest note that is of the bass, middle C.
const LOW: u8 = 60;

/// All of Groove in 4/4 in the folder `groove` of `data`.
pub fn groove(data: &Path) -> Result<Vec<Performed>, DataError> {
    let folder = data.join("groove");
    let path = folder.join("info.csv");
    let bytes = read(&path)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines().enumerate();
    let header: Vec<&str> = lines.next().map_or(Vec::new(), |(_, line)| {
        line.split(',').map(str::trim).collect()
    });
    let mut recordings = Vec::new();
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let bad = |column| DataError::Table {
            path: path.clone(),
            line: index + 1,
            column,
        };
        let cell = |column: &'static str| {
            let place = header.iter().position(|name| *name == column);
            let cell = place.and_then(|place| cells.get(place).copied());
            cell.ok_or_else(|| bad(column))
        };
        if cell("time_signature")? != "4-4" {
            continue;
        }
        let bpm: f64 = cell("bpm")?.parse().map_err(|_| bad("bpm"))?;
        let split = match cell("split")? {
            "train" => Split::Train,
            "validation" => Split::Validation,
            "test" => Split::Test,
            _ => return Err(bad("split")),
        };
        let file = folder.join(cell("midi_filename")?);
        let song = midi::read(&read(&file)?)
            .map_err(|source| DataError::Midi {
                path: file.clone(),
                source,
            })?
            .song;
        let tracks = song.tracks.iter();
        let played: Vec<Note> = tracks.flat_map(|track| track.notes()).copied().collect();
        let (notes, strokes) = drums_on_grid(&played);
        recordings.push(Performed {
            name: cell("id")?.to_owned(),
            player: Player::Drums,
            bpm,
            split,
            notes,
            strokes,
        });
    }
    Ok(recordings)
}

fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    std::fs::read(path).map_err(|source| DataError::Io {
        path: path.to_owned(),
        source,
    })
}

/// Drum strokes on the grid, one of a piece at a step (the louder of two). How much the drummer is late on the beats as a
/// whole, the median, is taken away: of one part alone it cannot be heard, and in a band it would be a delay.
fn drums_on_grid(played: &[Note]) -> (Vec<BandNote>, Vec<Stroke>) {
    let place = |note: &Note| note.start.0 as f64 / Tick::SIXTEENTH.0 as f64;
    let mut on_beats: Vec<f64> = played
        .iter()
        .map(place)
        .filter(|place| place.round().rem_euclid(4.0) == 0.0)
        .map(|place| place - place.round())
        .collect();
    let late = median(&mut on_beats);
    let mut found: Vec<(BandNote, Stroke)> = played
        .iter()
        .filter_map(|note| {
            let place = place(note) - late;
            let note_on_grid = BandNote {
                step: (place.round() >= 0.0).then_some(place.round() as usize)?,
                length: 1,
                pitch: DrumPiece::of(note.pitch.get()).key(),
            };
            let offset = (place - place.round()) as f32;
            let velocity = f32::from(note.velocity.get());
            Some((note_on_grid, Stroke::clamped(velocity, offset)))
        })
        .collect();
    found.sort_by_key(|(note, stroke)| (note.step, note.pitch, u8::MAX - stroke.velocity));
    found.dedup_by_key(|(note, _)| (note.step, note.pitch));
    found.into_iter().unzip()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

/// The parts of one song of POP909 in `data`; none of a song that the corpus leaves out.
pub fn pop909(data: &Path, number: u16) -> Result<Vec<Performed>, DataError> {
    let Ok(song) = corpus::pop909_whole(data, number)? else {
        return Ok(Vec::new());
    };
    let of = |voice: Voice| -> Vec<ClipNote> {
        let notes = song.clip.notes.iter();
        notes.filter(|note| note.voice == voice).copied().collect()
    };
    let (low, upper) = hands(&of(Voice::Piano));
    let parts = [
        (Player::Melody, of(Voice::Melody)),
        (Player::Bridge, of(Voice::Bridge)),
        (Player::Piano, of(Voice::Piano)),
        (Player::Upper, upper),
        (Player::Low, low),
    ];
    let performed = parts.into_iter().map(|(player, notes)| {
        let (notes, strokes) = pitched(notes);
        Performed {
            name: format!("POP909 {number:03}"),
            player,
            bpm: song.bpm,
            split: Split::of_song(number),
            notes,
            strokes,
        }
    });
    Ok(performed
        .filter(|part| deviation(&part.strokes) >= FLAT)
        .collect())
}

/// Splits a piano into its lowest line, where that is at or below middle C, and the rest.
fn hands(piano: &[ClipNote]) -> (Vec<ClipNote>, Vec<ClipNote>) {
    let mut lowest = std::collections::BTreeMap::new();
    for note in piano {
        let pitch = lowest.entry(note.step).or_insert(note.pitch);
        *pitch = note.pitch.min(*pitch);
    }
    piano
        .iter()
        .partition(|note| note.pitch <= LOW && lowest.get(&note.step) == Some(&note.pitch))
}

fn pitched(mut notes: Vec<ClipNote>) -> (Vec<BandNote>, Vec<Stroke>) {
    notes.sort_by_key(|note| (note.step, note.pitch, u8::MAX - note.velocity));
    notes.dedup_by_key(|note| (note.step, note.pitch));
    let split = |note: &ClipNote| {
        let on_grid = BandNote {
            step: note.step as usize,
            length: usize::from(note.length),
            pitch: note.pitch,
        };
        (on_grid, Stroke::clamped(f32::from(note.velocity), 0.0))
    };
    notes.iter().map(split).unzip()
}

/// The standard deviation of velocities, 0 without any.
fn deviation(strokes: &[Stroke]) -> f32 {
    let count = strokes.len().max(1) as f32;
    let velocities = || strokes.iter().map(|stroke| f32::from(stroke.velocity));
    let mean = velocities().sum::<f32>() / count;
    let squares: f32 = velocities().map(|velocity| (velocity - mean).powi(2)).sum();
    (squares / count).sqrt()
}

/// Bars of a performance, the last one counted whole.
pub fn bars(performed: &Performed) -> usize {
    performed
        .notes
        .last()
        .map_or(0, |note| note.step / STEPS_PER_BAR + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Pitch, Velocity};

    fn hit(ticks: i64, key: i32, velocity: i32) -> Note {
        Note::new(
            Tick(ticks),
            Tick(60),
            Pitch::clamped(key),
            Velocity::clamped(velocity),
        )
    }

    #[test]
    fn a_late_drummer_is_on_the_grid_but_for_what_varies() {
        // 24 ticks (a tenth of a sixteenth) late on every beat, once 48; the sixteenth between them is 12 early.
        let played = [
            hit(24, 36, 100),
            hit(24, 42, 60),
            hit(228, 42, 30),
            hit(984, 38, 110),
            hit(1000, 40, 50),
            hit(1968, 36, 90),
        ];
        let (notes, strokes) = drums_on_grid(&played);
        let places: Vec<(usize, u8)> = notes.iter().map(|note| (note.step, note.pitch)).collect();
        assert_eq!(places, [(0, 36), (0, 42), (1, 42), (4, 38), (8, 36)]);
        let offsets = [0.0, 0.0, -0.15, 0.0, 0.1];
        for (stroke, offset) in strokes.iter().zip(offsets) {
            assert!((stroke.offset - offset).abs() < 1e-5, "{stroke:?}");
        }
        // Snare and rim at one step are one stroke, the louder.
        assert_eq!(strokes[3].velocity, 110);
    }

    #[test]
    fn hands_are_the_lowest_line_and_the_rest() {
        let note = |step, pitch| ClipNote {
            voice: Voice::Piano,
            step,
            length: 4,
            pitch,
            velocity: 70,
        };
        let piano = [
            note(0, 76),
            note(0, 48),
            note(4, 72),
            note(8, 60),
            note(8, 55),
        ];
        let (low, upper) = hands(&piano);
        let pitches = |notes: &[ClipNote]| notes.iter().map(|note| note.pitch).collect::<Vec<_>>();
        assert_eq!(pitches(&low), [48, 55]);
        assert_eq!(pitches(&upper), [76, 72, 60]);
    }

    #[test]
    fn typed_velocities_are_told_from_played_ones() {
        let strokes = |velocities: &[u8]| -> Vec<Stroke> {
            let stroke = |velocity: &u8| Stroke::clamped(f32::from(*velocity), 0.0);
            velocities.iter().map(stroke).collect()
        };
        assert_eq!(deviation(&strokes(&[80, 80, 80])), 0.0);
        assert_eq!(deviation(&strokes(&[70, 90])), 10.0);
        assert_eq!(deviation(&[]), 0.0);
    }

    #[test]
    fn a_table_without_tempo_is_refused_with_its_line() {
        let home = tempfile::tempdir().unwrap();
        let missing = groove(home.path()).unwrap_err().to_string();
        assert!(missing.contains("unpack groove"), "{missing}");
        std::fs::create_dir(home.path().join("groove")).unwrap();
        let table = "id,bpm,time_signature,midi_filename,split\na/1,fast,4-4,a.mid,train\n";
        std::fs::write(home.path().join("groove/info.csv"), table).unwrap();
        let error = groove(home.path()).unwrap_err().to_string();
        assert!(error.contains("line 2: bpm"), "{error}");
    }
}
