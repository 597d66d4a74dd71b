//! The packed set of songs for five parts: one file, read through a memory map.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `LEITBAND` |
//! | 4 | version, 1 (all numbers little endian) |
//! | 4 | length of the song table |
//! | 8, 8 | phrases to train on, phrases to validate with |
//! | 8 | bars of all songs |
//! | ... | song table: JSON, a list of [`SongInfo`] |
//! | 8 each | phrases, song and first bar; those to train on first |
//! | 1,440 each | bars, song after song: part, step, what sounds, what begins; 72 bits in 9 bytes each, lowest pitch first |

use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use serde::{Deserialize, Serialize};

use crate::formats::files::{self, FileError, Previous};
use crate::tokens::band::{BandRoll, PHRASE_BARS, PITCHES, STEPS_PER_BAR};
use crate::tokens::part::Part;

/// The name of the file in the folder of a set.
pub const FILE_NAME: &str = "bands.bin";
const MAGIC: [u8; 8] = *b"LEITBAND";
const VERSION: u32 = 1;
const HEADER: usize = 40;
const PLANE_BYTES: usize = PITCHES / 8;
const BAR_BYTES: usize = Part::COUNT * STEPS_PER_BAR * 2 * PLANE_BYTES;

/// Where a song is from.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Source {
    /// A song of POP909, arranged by rules.
    Pop909,
    /// A MIDI file of a band from the `bands` folder of the data.
    BandFile,
    /// A MIDI file from a user's folder.
    Folder,
}

/// Whether a song is trained on.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Split {
    /// Trained on.
    Train,
    /// Only measured.
    Validation,
}

/// What is known of a song.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SongInfo {
    /// Its number in the corpus or its file's path in the folder; the first bar (from 1) where a file gave several stretches.
    pub name: String,
    /// Where it is from.
    pub source: Source,
    /// Which split all of its phrases belong to.
    pub split: Split,
    /// Beats per minute at its beginning.
    pub bpm: f64,
    /// Its length.
    pub bars: u32,
    /// Bars of all songs before it.
    #[serde(default)]
    first_bar: u64,
}

impl SongInfo {
    /// What is known of a song of so many bars.
    pub fn new(name: String, source: Source, split: Split, bpm: f64, bars: u32) -> Self {
        Self {
            name,
            source,
            split,
            bpm,
            bars,
            first_bar: 0,
        }
    }
}

/// Four bars of a song.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PhraseRef {
    /// The song's place in the set.
    pub song: u32,
    /// The phrase's first bar in the song, from 0.
    pub bar: u32,
}

/// A set that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BandSetError {
    /// The file cannot be opened or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is another kind of file.
    #[error(
        "{0}: not a set of bands; make one with `leitmotif train prepare bands --data DIR --out DIR`"
    )]
    NotASet(PathBuf),
    /// It was written by another version.
    #[error(
        "{path}: written in version {found} of the format, and this program reads {VERSION}; prepare the set again"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// Its parts do not fit together.
    #[error("{path}: {what}; the file is cut off or damaged: prepare the set again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        what: String,
    },
}

/// A set of songs, open for reading.
#[derive(Debug)]
pub struct BandSet {
    map: Mmap,
    songs: Vec<SongInfo>,
    phrases: Vec<PhraseRef>,
    /// How many of `phrases` are trained on; the others validate.
    train: usize,
    /// Where the bars begin in `map`.
    bars_at: usize,
}

impl BandSet {
    /// Opens the set in a folder, or a file of that format, and checks that its parts fit together.
    #[allow(
        unsafe_code,
        reason = "a memory map is only sound while nobody shortens the file; sets are replaced by renaming, never changed in place"
    )]
    pub fn open(path: &Path) -> Result<Self, BandSetError> {
        let path = if path.is_dir() {
            path.join(FILE_NAME)
        } else {
            path.to_owned()
        };
        let unreadable = |source| FileError::new(&path, "read", source);
        let file = File::open(&path).map_err(unreadable)?;
        // SAFETY: see above.
        let map = unsafe { Mmap::map(&file) }.map_err(unreadable)?;
        let header = map
            .get(..HEADER)
            .filter(|header| header.starts_with(&MAGIC));
        let header = header.ok_or_else(|| BandSetError::NotASet(path.clone()))?;
        let version = u32_at(header, 8);
        if version != VERSION {
            return Err(BandSetError::Version {
                path,
                found: version,
            });
        }
        let damaged = |what: String| BandSetError::Damaged {
            path: path.clone(),
            what,
        };
        let too_long = || damaged("the header announces more than a file can hold".to_owned());
        let length = |at| usize::try_from(u64_at(header, at)).map_err(|_| too_long());
        let (table, train, validation, bars) = (
            u32_at(header, 12) as usize,
            length(16)?,
            length(24)?,
            length(32)?,
        );
        let count = train.checked_add(validation).ok_or_else(too_long)?;
        let phrases_at = HEADER + table;
        let bars_at = count
            .checked_mul(8)
            .and_then(|size| size.checked_add(phrases_at));
        let size = bars
            .checked_mul(BAR_BYTES)
            .and_then(|size| size.checked_add(bars_at?));
        let (bars_at, size) = bars_at.zip(size).ok_or_else(too_long)?;
        if map.len() != size {
            let what = format!("{} bytes long instead of {size}", map.len());
            return Err(damaged(what));
        }
        let songs: Vec<SongInfo> = serde_json::from_slice(&map[HEADER..phrases_at])
            .map_err(|error| damaged(format!("the song table cannot be read ({error})")))?;
        let mut next = 0;
        for song in &songs {
            if song.first_bar != next {
                return Err(damaged(format!("\"{}\" is out of place", song.name)));
            }
            next += u64::from(song.bars);
        }
        if next != bars as u64 {
            return Err(damaged(format!(
                "the songs have {next} bars, the file {bars}"
            )));
        }
        let phrases: Vec<PhraseRef> = map[phrases_at..bars_at]
            .chunks_exact(8)
            .map(|bytes| PhraseRef {
                song: u32_at(bytes, 0),
                bar: u32_at(bytes, 4),
            })
            .collect();
        for phrase in &phrases {
            let last = u64::from(phrase.bar) + PHRASE_BARS as u64;
            let song = songs.get(phrase.song as usize);
            if song.is_none_or(|song| u64::from(song.bars) < last) {
                return Err(damaged(format!("{phrase:?} is outside the songs")));
            }
        }
        Ok(Self {
            map,
            songs,
            phrases,
            train,
            bars_at,
        })
    }

    /// All songs, in the order of their numbers.
    pub fn songs(&self) -> &[SongInfo] {
        &self.songs
    }

    /// What is known of a song.
    ///
    /// # Panics
    /// If there is no such song.
    pub fn song(&self, song: u32) -> &SongInfo {
        &self.songs[song as usize]
    }

    /// The phrases of a split, song by song.
    pub fn phrases(&self, split: Split) -> &[PhraseRef] {
        match split {
            Split::Train => &self.phrases[..self.train],
            Split::Validation => &self.phrases[self.train..],
        }
    }

    /// Four bars.
    ///
    /// # Panics
    /// If they are outside the song; those of [`Self::phrases`] are inside.
    pub fn phrase(&self, phrase: PhraseRef) -> BandRoll {
        let song = self.song(phrase.song);
        assert!(phrase.bar as usize + PHRASE_BARS <= song.bars as usize);
        self.roll(song.first_bar as usize + phrase.bar as usize, PHRASE_BARS)
    }

    /// A whole song.
    ///
    /// # Panics
    /// If there is no such song.
    pub fn song_roll(&self, song: u32) -> BandRoll {
        let song = self.song(song);
        self.roll(song.first_bar as usize, song.bars as usize)
    }

    fn roll(&self, first: usize, bars: usize) -> BandRoll {
        let mut roll = BandRoll::new(bars);
        let bytes = &self.map[self.bars_at + first * BAR_BYTES..][..bars * BAR_BYTES];
        let mut planes = bytes.chunks_exact(PLANE_BYTES).map(from_bytes);
        for bar in 0..bars {
            for part in Part::ALL {
                for step in 0..STEPS_PER_BAR {
                    let (sounding, onsets) =
                        (planes.next().unwrap_or(0), planes.next().unwrap_or(0));
                    roll.set_bits(part, bar * STEPS_PER_BAR + step, sounding, onsets);
                }
            }
        }
        roll
    }
}

/// Songs that become a set.
#[derive(Debug, Default)]
pub struct BandSetWriter {
    songs: Vec<SongInfo>,
    train: Vec<PhraseRef>,
    validation: Vec<PhraseRef>,
    bars: Vec<u8>,
}

impl BandSetWriter {
    /// Adds a song and the phrases (first bars) that are to be read from it; its length is the roll's.
    pub fn push(&mut self, mut song: SongInfo, roll: &BandRoll, phrases: &[u32]) {
        song.first_bar = (self.bars.len() / BAR_BYTES) as u64;
        song.bars = roll.bars() as u32;
        let number = self.songs.len() as u32;
        let list = match song.split {
            Split::Train => &mut self.train,
            Split::Validation => &mut self.validation,
        };
        list.extend(phrases.iter().map(|bar| PhraseRef {
            song: number,
            bar: *bar,
        }));
        for bar in 0..roll.bars() {
            for part in Part::ALL {
                for step in 0..STEPS_PER_BAR {
                    let (sounding, onsets) = roll.bits(part, bar * STEPS_PER_BAR + step);
                    for plane in [sounding, onsets] {
                        let bytes = plane.to_le_bytes();
                        self.bars.extend_from_slice(&bytes[..PLANE_BYTES]);
                    }
                }
            }
        }
        self.songs.push(song);
    }

    /// How many songs there are.
    pub fn len(&self) -> usize {
        self.songs.len()
    }

    /// Whether there is no song.
    pub fn is_empty(&self) -> bool {
        self.songs.is_empty()
    }

    /// Writes the set into a folder that exists.
    pub fn write(&self, folder: &Path) -> Result<(), BandSetError> {
        let path = folder.join(FILE_NAME);
        let table = serde_json::to_vec(&self.songs).map_err(|error| BandSetError::Damaged {
            path: path.clone(),
            what: format!("the song table cannot be written ({error})"),
        })?;
        let mut bytes = Vec::with_capacity(HEADER + table.len() + self.bars.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(table.len() as u32).to_le_bytes());
        for count in [
            self.train.len(),
            self.validation.len(),
            self.bars.len() / BAR_BYTES,
        ] {
            bytes.extend_from_slice(&(count as u64).to_le_bytes());
        }
        bytes.extend_from_slice(&table);
        for phrase in self.train.iter().chain(&self.validation) {
            bytes.extend_from_slice(&phrase.song.to_le_bytes());
            bytes.extend_from_slice(&phrase.bar.to_le_bytes());
        }
        bytes.extend_from_slice(&self.bars);
        Ok(files::write_atomically(&path, &bytes, Previous::Drop)?)
    }
}

/// The little-endian number at a byte; bytes that are not there count as 0.
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let bytes = bytes.iter().skip(at).take(8).rev();
    bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u64_at(bytes, at) as u32
}

fn from_bytes(plane: &[u8]) -> u128 {
    let bytes = plane.iter().rev();
    bytes.fold(0, |bits, byte| bits << 8 | u128::from(*byte))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tokens::band::{BandNote, LOWEST_PITCH};

    fn info(name: &str, split: Split) -> SongInfo {
        SongInfo::new(name.to_owned(), Source::BandFile, split, 97.5, 0)
    }

    fn roll(bars: usize, notes: &[(usize, usize, usize, u8)]) -> BandRoll {
        let mut roll = BandRoll::new(bars);
        for (part, step, length, row) in notes {
            let note = BandNote {
                step: step % roll.steps(),
                length: *length,
                pitch: LOWEST_PITCH + row,
            };
            roll.add(Part::ALL[*part], note);
        }
        roll
    }

    fn notes() -> impl Strategy<Value = Vec<(usize, usize, usize, u8)>> {
        prop::collection::vec((0..5_usize, 0..200_usize, 1..40_usize, 0..72_u8), 0..60)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(first in notes(), second in notes(), bars in 4..9_usize) {
            let folder = tempfile::tempdir().unwrap();
            let rolls = [roll(bars, &first), roll(5, &second)];
            let mut writer = BandSetWriter::default();
            writer.push(info("a", Split::Validation), &rolls[0], &[0, bars as u32 - 4]);
            writer.push(info("b", Split::Train), &rolls[1], &[1]);
            writer.write(folder.path()).unwrap();
            let set = BandSet::open(folder.path()).unwrap();
            prop_assert_eq!(set.song_roll(0), rolls[0].clone());
            prop_assert_eq!(set.song_roll(1), rolls[1].clone());
            prop_assert_eq!(set.phrases(Split::Train), &[PhraseRef { song: 1, bar: 1 }]);
            prop_assert_eq!(set.phrase(set.phrases(Split::Train)[0]), rolls[1].slice(1..5));
            let last = set.phrases(Split::Validation)[1];
            prop_assert_eq!(set.phrase(last), rolls[0].slice(bars - 4..bars));
            prop_assert_eq!((set.song(0).name.as_str(), set.song(0).bars), ("a", bars as u32));
        }
    }

    #[test]
    fn damaged_sets_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        let mut writer = BandSetWriter::default();
        writer.push(info("a", Split::Train), &roll(4, &[(1, 3, 4, 30)]), &[0]);
        writer.write(folder.path()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let open = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            BandSet::open(&path)
        };
        assert!(open(&whole).is_ok());
        assert!(matches!(open(b"LEIT"), Err(BandSetError::NotASet(_))));
        let mut other = whole.clone();
        other[8] = 9;
        assert!(matches!(
            open(&other),
            Err(BandSetError::Version { found: 9, .. })
        ));
        for length in HEADER..whole.len() {
            let cut = open(&whole[..length]);
            assert!(matches!(cut, Err(BandSetError::Damaged { .. })), "{length}");
        }
        // A phrase that reaches beyond its song: the last 8 bytes before the bars.
        let mut outside = whole.clone();
        let at = whole.len() - 4 * BAR_BYTES - 4;
        outside[at] = 1;
        assert!(matches!(open(&outside), Err(BandSetError::Damaged { .. })));
        // Counts that no file could hold.
        for at in [16, 24, 32] {
            let mut huge = whole.clone();
            huge[at..at + 8].fill(0xff);
            assert!(matches!(open(&huge), Err(BandSetError::Damaged { .. })));
        }
    }
}
