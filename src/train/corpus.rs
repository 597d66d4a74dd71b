//! POP909: pop songs as MELODY and PIANO on the grid of sixteenths, with bar lines that can be trusted.
//!
//! The performances (Wang et al. 2020) keep one tempo throughout but carry no usable metre, and their beats lie beside the
//! file's own. `beat_midi.txt` says where the first beat is; which beat begins a bar is taken from the corrected edition
//! (POP909-CL), whose notes are the same ones on the grid.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::formats::midi;
use crate::score::{Metre, Note, Song, Tick, Track};
use crate::tokens::clip::{Clip, ClipNote, ClipTempo};
use crate::tokens::theme_vocab::{MAX_DURATION, MAX_VELOCITY, STEPS_PER_BAR, Voice, nearest_tempo};

const STEPS_PER_BEAT: f64 = 4.0;
/// Share of notes that must lie where the corrected edition has them.
const AGREEMENT: f64 = 0.99;

/// A song of the corpus on the grid.
#[derive(Debug, Clone, PartialEq)]
pub struct CorpusSong {
    /// Its number, 1..=909.
    pub number: u16,
    /// Melody and piano from the bar of the first melody note to the end of the last one; the tempo stands at the first
    /// melody note.
    pub clip: Clip,
}

/// Why a song was left out of the corpus. Not errors: some songs cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::Display)]
pub enum LeftOut {
    /// Metres other than 4/4, which the vocabulary cannot say.
    #[strum(to_string = "not in 4/4")]
    NotCommonTime,
    /// The two editions disagree about where the notes are.
    #[strum(to_string = "bar lines not certain")]
    Misaligned,
    /// No melody.
    #[strum(to_string = "no melody")]
    NoMelody,
}

/// A file of the corpus that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A file or folder is missing or unreadable.
    #[error("{path}: {source}; unpack pop909 and pop909-cl side by side into the data folder")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A MIDI file is damaged.
    #[error("{path}: {source}")]
    Midi {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: midi::MidiError,
    },
    /// The beats do not begin with a time.
    #[error("{path}: does not begin with the time of a beat in seconds; unpack the corpus again")]
    Beats {
        /// The file.
        path: PathBuf,
    },
    /// There is no song.
    #[error(
        "{0} holds no pop909/songs/NNN folders: give the folder that pop909 and pop909-cl were unpacked into"
    )]
    Empty(PathBuf),
}

/// The numbers of the songs in `data/pop909/songs`, in order.
pub fn pop909_numbers(data: &Path) -> Result<Vec<u16>, CorpusError> {
    let folder = data.join("pop909").join("songs");
    let io = |source| CorpusError::Io {
        path: folder.clone(),
        source,
    };
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        if let Some(number) = name.to_str().and_then(|name| name.parse().ok()) {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    if numbers.is_empty() {
        return Err(CorpusError::Empty(data.to_owned()));
    }
    Ok(numbers)
}

/// Song `number` of the corpus in `data`, or why it is left out.
pub fn pop909(data: &Path, number: u16) -> Result<Result<CorpusSong, LeftOut>, CorpusError> {
    let name = format!("{number:03}");
    let folder = data.join("pop909").join("songs").join(&name);
    let corrected = data.join("pop909-cl").join("songs");
    let performed = read_midi(&folder.join(format!("{name}.mid")))?;
    let corrected = read_midi(&corrected.join(format!("{name}.mid")))?;
    let first_beat = read_first_beat(&folder.join("beat_midi.txt"))?;
    Ok(align(number, &performed, &corrected, first_beat))
}

fn read(path: &Path) -> Result<Vec<u8>, CorpusError> {
    std::fs::read(path).map_err(|source| CorpusError::Io {
        path: path.to_owned(),
        source,
    })
}

fn read_midi(path: &Path) -> Result<Song, CorpusError> {
    midi::read(&read(path)?)
        .map(|imported| imported.song)
        .map_err(|source| CorpusError::Midi {
            path: path.to_owned(),
            source,
        })
}

/// The time of the first beat, in seconds.
fn read_first_beat(path: &Path) -> Result<f64, CorpusError> {
    let text = String::from_utf8_lossy(&read(path)?).into_owned();
    let first = text.split_whitespace().next();
    first
        .and_then(|cell| cell.parse::<f64>().ok())
        .filter(|seconds| seconds.is_finite())
        .ok_or_else(|| CorpusError::Beats {
            path: path.to_owned(),
        })
}

/// A performed note in beats.
struct Played {
    voice: Option<Voice>,
    start: f64,
    end: f64,
    note: Note,
}

fn align(
    number: u16,
    performed: &Song,
    corrected: &Song,
    first_beat: f64,
) -> Result<CorpusSong, LeftOut> {
    let changes = corrected.metre.changes();
    if changes.iter().any(|change| change.metre != Metre::COMMON) {
        return Err(LeftOut::NotCommonTime);
    }
    let tempo = performed.tempo.tempo_at(Tick::ZERO).bpm();
    let first_beat = first_beat * tempo / 60.0;
    let played: Vec<Played> = performed
        .tracks
        .iter()
        .flat_map(|track| played(track, first_beat))
        .collect();
    let offset = offset(&played, corrected).ok_or(LeftOut::Misaligned)?;
    let clip = on_grid(&played, offset, tempo).ok_or(LeftOut::NoMelody)?;
    Ok(CorpusSong { number, clip })
}

/// The notes of a track in beats from the song's first.
fn played(track: &Track, first_beat: f64) -> impl Iterator<Item = Played> + '_ {
    let voice = match track.name.trim() {
        "MELODY" => Some(Voice::Melody),
        "PIANO" => Some(Voice::Piano),
        _ => None,
    };
    track.notes().iter().map(move |note| Played {
        voice,
        start: note.start.quarters() - first_beat,
        end: note.end().quarters() - first_beat,
        note: *note,
    })
}

/// By how many beats the corrected edition is later: the multiple of half a beat at which most notes find their like.
/// `None` where too few notes then have one of their pitch beside them.
///
/// Velocities tell repeated notes apart while the offset is sought. They are not asked for afterwards: where the corrected
/// edition has two notes of one pitch at one onset (melody and piano in unison), only one of them is read.
fn offset(played: &[Played], corrected: &Song) -> Option<f64> {
    /// Half of the corrected edition's grid and as much again for what was rounded there.
    const NEAR: f64 = 0.26;
    let mut alike: BTreeMap<(u8, u8), Vec<f64>> = BTreeMap::new();
    let mut of_pitch: BTreeMap<u8, Vec<f64>> = BTreeMap::new();
    for note in corrected.tracks.iter().flat_map(|track| track.notes()) {
        let (pitch, beat) = (note.pitch.get(), note.start.quarters());
        let key = (pitch, note.velocity.get());
        alike.entry(key).or_default().push(beat);
        of_pitch.entry(pitch).or_default().push(beat);
    }
    let mut votes: BTreeMap<i64, usize> = BTreeMap::new();
    for Played { start, note, .. } in played {
        let key = (note.pitch.get(), note.velocity.get());
        for beat in alike.get(&key).into_iter().flatten() {
            let halves = ((beat - start) * 2.0).round() as i64;
            *votes.entry(halves).or_default() += 1;
        }
    }
    let (halves, _) = votes
        .into_iter()
        .max_by_key(|(halves, count)| (*count, -halves.abs()))?;
    let offset = halves as f64 / 2.0;
    let agreeing = played.iter().filter(|Played { start, note, .. }| {
        let mut beats = of_pitch.get(&note.pitch.get()).into_iter().flatten();
        beats.any(|beat| (start + offset - beat).abs() <= NEAR)
    });
    (agreeing.count() as f64 >= AGREEMENT * played.len() as f64).then_some(offset)
}

fn on_grid(played: &[Played], offset: f64, bpm: f64) -> Option<Clip> {
    let step = |beat: f64| ((beat + offset) * STEPS_PER_BEAT).round() as i64;
    let melody = || {
        played
            .iter()
            .filter(|note| note.voice == Some(Voice::Melody))
    };
    let first = melody().map(|note| step(note.start)).min()?.max(0);
    let last = melody().map(|note| step(note.end)).max()?;
    let origin = first.div_euclid(i64::from(STEPS_PER_BAR)) * i64::from(STEPS_PER_BAR);
    let mut clip = Clip {
        bars: u32::try_from((last - origin).max(1))
            .ok()?
            .div_ceil(STEPS_PER_BAR),
        tempos: vec![ClipTempo {
            step: u32::try_from(first - origin).ok()?,
            bpm: nearest_tempo(bpm),
        }],
        ..Clip::default()
    };
    for note in played {
        let start = step(note.start);
        let (Some(voice), true) = (note.voice, (first..last).contains(&start)) else {
            continue;
        };
        clip.notes.push(ClipNote {
            voice,
            step: u32::try_from(start - origin).ok()?,
            length: (step(note.end) - start).clamp(1, i64::from(MAX_DURATION)) as u8,
            pitch: note.note.pitch.get().max(1),
            velocity: note.note.velocity.get().min(MAX_VELOCITY),
        });
    }
    clip.sort();
    Some(clip)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Instrument, Pitch, Role, Tempo, TempoMap, TrackId, Velocity};

    fn track(id: u32, name: &str, notes: Vec<Note>) -> Track {
        Track::new(TrackId(id), name, Instrument::pitched(0), Role::Piano).with_notes(notes)
    }

    fn note(beat: f64, length: f64, key: i32, velocity: i32) -> Note {
        Note::new(
            Tick::from_quarters(beat),
            Tick::from_quarters(length),
            Pitch::clamped(key),
            Velocity::clamped(velocity),
        )
    }

    /// A performance at 100 whose first beat is .3 seconds in, half a beat, played a little beside the beats.
    const FIRST_BEAT: f64 = 0.3;

    fn performance() -> Song {
        let at = |beat: f64, late: f64| 0.5 + beat + late;
        let melody = (0..8)
            .map(|i| note(at(6.0 + f64::from(i), 0.04), 0.5, 60 + i, 80 + i))
            .collect();
        let piano = (0..20)
            .map(|i| note(at(f64::from(i), -0.03), 1.0, 40 + i, 60 + i))
            .collect();
        let song = Song {
            tempo: std::sync::Arc::new(TempoMap::constant(Tempo::from_bpm(100.0))),
            ..Song::default()
        };
        song.with_track(track(1, "MELODY", melody))
            .with_track(track(2, "PIANO", piano))
    }

    /// The same notes on the grid, three beats later.
    fn corrected() -> Song {
        let melody = (0..8).map(|i| note(9.0 + f64::from(i), 0.5, 60 + i, 80 + i));
        let piano = (0..20).map(|i| note(3.0 + f64::from(i), 1.0, 40 + i, 60 + i));
        Song::default().with_track(track(1, "piano", melody.chain(piano).collect()))
    }

    #[test]
    fn a_performance_lands_on_the_corrected_bars() {
        let performed = performance();
        let song = align(7, &performed, &corrected(), FIRST_BEAT);
        let clip = song.map(|song| song.clip).unwrap_or_default();
        // First melody note on beat 9 = bar 2, step 4; the clip begins with that bar.
        let melody: Vec<u32> = clip
            .notes
            .iter()
            .filter(|note| note.voice == Voice::Melody)
            .map(|note| note.step)
            .collect();
        assert_eq!(melody, [4, 8, 12, 16, 20, 24, 28, 32]);
        assert_eq!(clip.tempos, [ClipTempo { step: 4, bpm: 101 }]);
        assert_eq!(clip.bars, 3);
        // Piano before the melody and after its end is left out.
        let piano = clip.notes.iter().filter(|note| note.voice == Voice::Piano);
        assert_eq!(piano.map(|note| note.step).collect::<Vec<_>>(), melody);
    }

    #[test]
    fn other_metres_and_other_notes_are_left_out() {
        let performed = performance();
        let mut waltz = corrected();
        let metre = Metre {
            numerator: 3,
            denominator: 4,
        };
        waltz.metre = std::sync::Arc::new(crate::score::MetreMap::constant(metre));
        assert_eq!(
            align(1, &performed, &waltz, FIRST_BEAT),
            Err(LeftOut::NotCommonTime)
        );
        let strange = Song::default().with_track(track(1, "piano", vec![note(0.0, 1.0, 99, 1)]));
        assert_eq!(
            align(1, &performed, &strange, FIRST_BEAT),
            Err(LeftOut::Misaligned)
        );
    }
}
