//! POP909: pop songs as MELODY, BRIDGE and PIANO on the grid of sixteenths, with bar lines that can be trusted.
//!
//! The performances (Wang et al. 2020) keep one tempo throughout but carry no usable metre, and their beats lie beside the
//! file's own. `beat_midi.txt` says where the first beat is; which beat begins a bar is taken from the corrected edition
//! (POP909-CL), whose notes are the same ones on the grid.

use std::collections::BTreeMap;
use std::ops::Range;
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

/// A whole song of the corpus on the grid, from the first bar of the corrected edition on.
#[derive(Debug, Clone, PartialEq)]
pub struct WholeSong {
    /// Its number, 1..=909.
    pub number: u16,
    /// Beats per minute.
    pub bpm: f64,
    /// Melody, bridge and piano in whole bars.
    pub clip: Clip,
    /// The notes of the corrected edition's chords, as (step, length in steps, MIDI pitch), in order; one chord's notes begin
    /// together.
    pub chords: Vec<(u32, u32, u8)>,
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

/// Whether a song is kept out of every training: those whose number leaves 7 modulo 20. The split is by song and fixed.
pub fn validates(number: u16) -> bool {
    number % 20 == 7
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

/// Melody and piano of song `number` of the corpus in `data`, or why it is left out.
pub fn pop909(data: &Path, number: u16) -> Result<Result<CorpusSong, LeftOut>, CorpusError> {
    Ok(Editions::read(data, number)?.align().and_then(|aligned| {
        let clip = aligned.sung_part().ok_or(LeftOut::NoMelody)?;
        Ok(CorpusSong { number, clip })
    }))
}

/// The whole of song `number` of the corpus in `data` with its chords, or why it is left out.
pub fn pop909_whole(data: &Path, number: u16) -> Result<Result<WholeSong, LeftOut>, CorpusError> {
    let editions = Editions::read(data, number)?;
    Ok(editions.align().map(|aligned| WholeSong {
        number,
        bpm: aligned.bpm,
        clip: aligned.whole(),
        chords: chords(&editions.corrected),
    }))
}

/// What the corpus has of a song.
struct Editions {
    performed: Song,
    corrected: Song,
    /// The time of the performance's first beat in seconds.
    first_beat: f64,
}

impl Editions {
    fn read(data: &Path, number: u16) -> Result<Self, CorpusError> {
        let name = format!("{number:03}");
        let folder = data.join("pop909").join("songs").join(&name);
        let corrected = data.join("pop909-cl").join("songs");
        Ok(Self {
            performed: read_midi(&folder.join(format!("{name}.mid")))?,
            corrected: read_midi(&corrected.join(format!("{name}.mid")))?,
            first_beat: read_first_beat(&folder.join("beat_midi.txt"))?,
        })
    }

    fn align(&self) -> Result<Aligned, LeftOut> {
        let changes = self.corrected.metre.changes();
        if changes.iter().any(|change| change.metre != Metre::COMMON) {
            return Err(LeftOut::NotCommonTime);
        }
        let bpm = self.performed.tempo.tempo_at(Tick::ZERO).bpm();
        let first_beat = self.first_beat * bpm / 60.0;
        let tracks = self.performed.tracks.iter();
        let played: Vec<Played> = tracks.flat_map(|track| played(track, first_beat)).collect();
        let offset = offset(&played, &self.corrected).ok_or(LeftOut::Misaligned)?;
        Ok(Aligned {
            played,
            offset,
            bpm,
        })
    }
}

/// A performance whose place on the corrected bars is known.
struct Aligned {
    played: Vec<Played>,
    /// By how many beats the corrected edition is later.
    offset: f64,
    bpm: f64,
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

/// The notes of a track in beats from the song's first.
fn played(track: &Track, first_beat: f64) -> impl Iterator<Item = Played> + '_ {
    let voice = match track.name.trim() {
        "MELODY" => Some(Voice::Melody),
        "BRIDGE" => Some(Voice::Bridge),
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

impl Aligned {
    /// The grid step of a beat of the performance.
    fn step(&self, beat: f64) -> i64 {
        ((beat + self.offset) * STEPS_PER_BEAT).round() as i64
    }

    /// Melody and piano from the bar of the first melody note to the end of the last one.
    fn sung_part(&self) -> Option<Clip> {
        let melody = || {
            let notes = self.played.iter();
            notes.filter(|note| note.voice == Some(Voice::Melody))
        };
        let first = melody().map(|note| self.step(note.start)).min()?.max(0);
        let last = melody().map(|note| self.step(note.end)).max()?;
        let origin = first.div_euclid(i64::from(STEPS_PER_BAR)) * i64::from(STEPS_PER_BAR);
        Some(Clip {
            bars: u32::try_from((last - origin).max(1))
                .ok()?
                .div_ceil(STEPS_PER_BAR),
            tempos: vec![ClipTempo {
                step: u32::try_from(first - origin).ok()?,
                bpm: nearest_tempo(self.bpm),
            }],
            ..self.clip(origin, first..last, &[Voice::Melody, Voice::Piano])
        })
    }

    /// All voices from the corrected edition's first bar on. What was played before is left out.
    fn whole(&self) -> Clip {
        let last = self.played.iter().map(|note| self.step(note.end)).max();
        let last = last.unwrap_or(0).max(0);
        let voices = [Voice::Melody, Voice::Bridge, Voice::Piano];
        Clip {
            bars: u32::try_from(last).unwrap_or(0).div_ceil(STEPS_PER_BAR),
            ..self.clip(0, 0..last, &voices)
        }
    }

    /// The notes of `voices` that begin in `steps`, from `origin` on.
    fn clip(&self, origin: i64, steps: Range<i64>, voices: &[Voice]) -> Clip {
        let notes = self.played.iter().filter_map(|played| {
            let start = self.step(played.start);
            let voice = played.voice.filter(|voice| voices.contains(voice))?;
            let step = u32::try_from(start - origin).ok()?;
            steps.contains(&start).then(|| ClipNote {
                voice,
                step,
                length: (self.step(played.end) - start).clamp(1, i64::from(MAX_DURATION)) as u8,
                pitch: played.note.pitch.get().max(1),
                velocity: played.note.velocity.get().min(MAX_VELOCITY),
            })
        });
        let mut clip = Clip {
            notes: notes.collect(),
            ..Clip::default()
        };
        clip.sort();
        clip
    }
}

/// The notes of the corrected edition's chords: the track that is not the piano.
fn chords(corrected: &Song) -> Vec<(u32, u32, u8)> {
    let step = |tick: Tick| (tick.round_to(Tick::SIXTEENTH).0 / Tick::SIXTEENTH.0) as u32;
    let tracks = corrected.tracks.iter();
    let mut chords: Vec<_> = tracks
        .filter(|track| track.name.trim() != "piano")
        .flat_map(|track| track.notes())
        .map(|note| {
            let (start, end) = (step(note.start), step(note.end()));
            (start, end.saturating_sub(start), note.pitch.get())
        })
        .filter(|(_, length, _)| *length > 0)
        .collect();
    chords.sort_unstable();
    chords
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

    fn editions(corrected: Song) -> Editions {
        Editions {
            performed: performance(),
            corrected,
            first_beat: FIRST_BEAT,
        }
    }

    #[test]
    fn a_whole_song_begins_with_the_first_bar_and_has_its_chords() {
        let chord = vec![note(2.0, 2.0, 48, 60), note(2.0, 2.0, 55, 60)];
        let editions = editions(corrected().with_track(track(2, "chords", chord)));
        let clip = editions
            .align()
            .map(|song| song.whole())
            .unwrap_or_default();
        let piano = clip.notes.iter().filter(|note| note.voice == Voice::Piano);
        let steps: Vec<u32> = piano.map(|note| note.step).collect();
        // The piano's 20 quarter notes begin three beats into the corrected edition.
        assert_eq!((steps.len(), steps[0], steps[19]), (20, 12, 88));
        assert_eq!(clip.bars, 6);
        assert_eq!(chords(&editions.corrected), [(8, 8, 48), (8, 8, 55)]);
    }

    #[test]
    fn a_performance_lands_on_the_corrected_bars() {
        let song = editions(corrected()).align().ok();
        let clip = song.and_then(|song| song.sung_part()).unwrap_or_default();
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
        let mut waltz = corrected();
        let metre = Metre {
            numerator: 3,
            denominator: 4,
        };
        waltz.metre = std::sync::Arc::new(crate::score::MetreMap::constant(metre));
        assert_eq!(editions(waltz).align().err(), Some(LeftOut::NotCommonTime));
        let strange = Song::default().with_track(track(1, "piano", vec![note(0.0, 1.0, 99, 1)]));
        assert_eq!(editions(strange).align().err(), Some(LeftOut::Misaligned));
    }
}
