//! MIDI files of bands as five parts.

use std::path::{Path, PathBuf};

use crate::formats::midi::{self, MidiError};
use crate::score::{Metre, Song, Span, Tick};
use crate::tokens::band::{BandNote, BandRoll, PHRASE_BARS};
use crate::tokens::part::Part;

use super::phrases::ACTIVE_PARTS;

/// Mean distance of the onsets from the sixteenths, in steps, beyond which music is not on the grid: a quarter of a step is what
/// chance gives, triplets .22.
const OFF_GRID: f64 = 0.19;

/// Bars of 4/4 without another metre between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// Its first bar in the file, from 0.
    pub first_bar: u32,
    /// Beats per minute at its beginning.
    pub bpm: f64,
    /// The five parts.
    pub roll: BandRoll,
}

/// Why a file, or a stretch of one, was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::Display)]
pub enum LeftOut {
    /// The file is damaged.
    #[strum(to_string = "cannot be read")]
    Unreadable,
    /// Other metres.
    #[strum(to_string = "not in 4/4")]
    NotCommonTime,
    /// Triplets, swing, free time.
    #[strum(to_string = "not on a grid of sixteenths")]
    OffGrid,
    /// Less than a phrase.
    #[strum(to_string = "shorter than four bars")]
    TooShort,
    /// Instruments of too few of the five parts.
    #[strum(to_string = "fewer than three of the five parts")]
    FewParts,
    /// Another file has the same notes.
    #[strum(to_string = "the same notes as another file")]
    Copy,
    /// No four bars were worth learning from.
    #[strum(to_string = "no four bars with three active parts")]
    NoPhrase,
}

/// What a file holds: the stretches that can be used, and what cannot with its first bar (from 0).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Contents {
    /// In order.
    pub stretches: Vec<Stretch>,
    /// In order.
    pub left_out: Vec<(u32, LeftOut)>,
}

/// Reads a MIDI file.
pub fn read(bytes: &[u8]) -> Result<Contents, MidiError> {
    Ok(contents(&midi::read(bytes)?.song))
}

/// The stretches of 4/4 of a song. Tracks go to the parts of their instruments' families, several of one family together; the
/// bass plays one note at a time, the lowest.
pub fn contents(song: &Song) -> Contents {
    let mut contents = Contents::default();
    let changes = song.metre.changes();
    let end = song.metre.bar_start(song.bars());
    for (index, change) in changes.iter().enumerate() {
        let until = changes.get(index + 1).map_or(end, |next| next.at.min(end));
        let span = Span::new(change.at.min(end), until);
        if span.is_empty() {
            continue;
        }
        let first_bar = song.metre.bar_at(span.start);
        let bars = (span.length().0 / Metre::COMMON.bar().0) as usize;
        let left_out = if change.metre != Metre::COMMON {
            Some(LeftOut::NotCommonTime)
        } else if bars < PHRASE_BARS {
            Some(LeftOut::TooShort)
        } else if distance_from_grid(song, span).is_some_and(|mean| mean > OFF_GRID) {
            Some(LeftOut::OffGrid)
        } else {
            None
        };
        if let Some(reason) = left_out {
            contents.left_out.push((first_bar, reason));
            continue;
        }
        let roll = roll(song, span.start, bars);
        let parts = Part::ALL
            .iter()
            .filter(|part| !roll.is_silent(**part, 0..bars));
        if parts.count() < ACTIVE_PARTS {
            contents.left_out.push((first_bar, LeftOut::FewParts));
            continue;
        }
        contents.stretches.push(Stretch {
            first_bar,
            bpm: song.tempo.tempo_at(span.start).bpm(),
            roll,
        });
    }
    contents
}

fn roll(song: &Song, from: Tick, bars: usize) -> BandRoll {
    let mut roll = BandRoll::new(bars);
    let mut bass = BandRoll::new(bars);
    for track in &song.tracks {
        match Part::of(track.instrument) {
            Some(Part::Bass) => bass.add_track(Part::Bass, track, from),
            Some(part) => roll.add_track(part, track, from),
            None => {}
        }
    }
    for note in lowest_at_a_time(bass.notes(Part::Bass)) {
        roll.add(Part::Bass, note);
    }
    roll
}

/// One note at a time: the lowest of those that begin together, each until the next begins.
fn lowest_at_a_time(mut notes: Vec<BandNote>) -> Vec<BandNote> {
    notes.sort_by_key(|note| (note.step, note.pitch));
    notes.dedup_by_key(|note| note.step);
    for index in 1..notes.len() {
        let next = notes[index].step;
        let note = &mut notes[index - 1];
        note.length = note.length.min(next - note.step);
    }
    notes
}

/// Mean distance of the onsets in `span` from the nearest sixteenth, in steps; `None` without notes.
fn distance_from_grid(song: &Song, span: Span) -> Option<f64> {
    let tracks = song.tracks.iter();
    let tracks = tracks.filter(|track| Part::of(track.instrument).is_some());
    crate::measure::grid::mean(tracks.flat_map(|track| {
        track.notes_starting_in(span).iter().map(|note| {
            let nearest = note.start.round_to(Tick::SIXTEENTH);
            (note.start - nearest).0.abs() as f64 / Tick::SIXTEENTH.0 as f64
        })
    }))
}

/// The MIDI files under a folder, as paths relative to it, in order. Links are not followed; folders named in `except` (directly
/// under `folder`) are passed over.
pub fn midi_files(folder: &Path, except: &[&str]) -> std::io::Result<Vec<PathBuf>> {
    fn search(
        folder: &Path,
        at: &Path,
        except: &[&str],
        found: &mut Vec<PathBuf>,
    ) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder.join(at))? {
            let entry = entry?;
            let path = at.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                let passed_over = except.iter().any(|name| Path::new(name) == path);
                if !passed_over {
                    search(folder, &path, except, found)?;
                }
            } else if kind.is_file() && is_midi(&path) {
                found.push(path);
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    search(folder, Path::new(""), except, &mut found)?;
    found.sort();
    Ok(found)
}

fn is_midi(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| ["mid", "midi"].contains(&extension.to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::score::{
        Instrument, MetreChange, MetreMap, Note, Pitch, Role, Track, TrackId, Velocity,
    };

    /// (start in ticks, key), a quarter long.
    fn track(id: u32, instrument: Instrument, notes: &[(i64, i32)]) -> Track {
        let note = |(start, key): &(i64, i32)| {
            Note::new(
                Tick(*start),
                Tick(960),
                Pitch::clamped(*key),
                Velocity::DEFAULT,
            )
        };
        Track::new(TrackId(id), "t", instrument, Role::Melody)
            .with_notes(notes.iter().map(note).collect())
    }

    fn quarters(bars: i64, key: i32) -> Vec<(i64, i32)> {
        (0..bars * 4).map(|beat| (beat * 960, key)).collect()
    }

    fn band(bars: i64) -> Song {
        Song::default()
            .with_track(track(1, Instrument::DRUMS, &quarters(bars, 36)))
            .with_track(track(2, Instrument::pitched(33), &quarters(bars, 40)))
            .with_track(track(3, Instrument::pitched(33), &quarters(bars, 52)))
            .with_track(track(4, Instrument::pitched(56), &quarters(bars, 70)))
            .with_track(track(5, Instrument::pitched(48), &quarters(bars, 60)))
    }

    #[test]
    fn families_go_to_parts_and_the_bass_plays_one_note() {
        let contents = contents(&band(5));
        let roll = &contents.stretches[0].roll;
        assert_eq!((contents.stretches.len(), roll.bars()), (1, 5));
        let first = |part| {
            roll.notes(part)
                .iter()
                .take(2)
                .map(|n| n.pitch)
                .collect::<Vec<_>>()
        };
        assert_eq!(first(Part::Bass), [40, 40]);
        // The trumpet plays with the strings.
        assert_eq!(first(Part::Strings), [60, 70]);
        assert!(roll.is_silent(Part::Piano, 0..5));
    }

    #[test]
    fn other_metres_short_stretches_and_triplets_are_left_out() {
        let mut song = band(12);
        let change = |quarter: i64, numerator| MetreChange {
            at: Tick(quarter * 960),
            metre: Metre {
                numerator,
                denominator: 4,
            },
        };
        // Five bars of 4/4, two of 3/4, two of 4/4, one of 3/4, and four of 4/4 and a rest.
        song.metre = Arc::new(MetreMap::new(vec![
            change(0, 4),
            change(20, 3),
            change(26, 4),
            change(34, 3),
            change(37, 4),
        ]));
        let found = contents(&song);
        let stretches: Vec<_> = found
            .stretches
            .iter()
            .map(|s| (s.first_bar, s.roll.bars()))
            .collect();
        assert_eq!(stretches, [(0, 5)]);
        let left_out: Vec<_> = found.left_out.iter().map(|(_, reason)| *reason).collect();
        let (metre, short) = (LeftOut::NotCommonTime, LeftOut::TooShort);
        assert_eq!(left_out, [metre, short, metre, short]);

        let triplets: Vec<_> = (0..60).map(|third| (third * 320, 60)).collect();
        let swung = Song::default().with_track(track(1, Instrument::pitched(0), &triplets));
        assert_eq!(contents(&swung).left_out, [(0, LeftOut::OffGrid)]);
        let solo = Song::default().with_track(track(1, Instrument::pitched(0), &quarters(4, 60)));
        assert_eq!(contents(&solo).left_out, [(0, LeftOut::FewParts)]);
    }

    #[test]
    fn midi_files_are_found_in_all_folders_but_some() {
        let Ok(folder) = tempfile::tempdir() else {
            return;
        };
        for name in [
            "b/x.MID",
            "a.midi",
            "c.txt",
            "groove/y.mid",
            "b/groove/z.mid",
        ] {
            let path = folder.path().join(name);
            assert!(std::fs::create_dir_all(path.parent().unwrap_or(&path)).is_ok());
            assert!(std::fs::write(&path, b"").is_ok());
        }
        let found = midi_files(folder.path(), &["groove"]).unwrap_or_default();
        let expected = ["a.midi", "b/groove/z.mid", "b/x.MID"].map(PathBuf::from);
        assert_eq!(found, expected);
    }
}
