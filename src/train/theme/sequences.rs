//! The packed set of tokenised songs that the Theme Transformer is trained on.

use std::fs::File;
use std::io::BufWriter;
use std::ops::Range;
use std::path::Path;

use ndarray::{Array1, OwnedRepr};
use ndarray_npy::{NpzReader, NpzWriter, ReadNpzError, WriteNpzError};

use crate::measure::fragment::Fragment;
use crate::measure::memory::MelodyMemory;
use crate::tokens::theme::{DecodeError, decode};
use crate::tokens::theme_vocab::{self, Id, THEME_END, THEME_START};
use crate::train::corpus;

/// One tokenised song with its theme regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceSong {
    /// The song's number in its corpus.
    pub number: u16,
    /// Its first Tempo token.
    pub tempo: i64,
    /// Token ids of the theme vocabulary, with `Theme_Start` and `Theme_End` around every region.
    pub tokens: Vec<i64>,
    /// The theme as the encoder reads it: `Theme_Start`, the tokens without Tempo, `Theme_End`.
    pub source: Vec<i64>,
    /// Where the regions lie in `tokens`: from `Theme_Start` to `Theme_End`, both included.
    pub regions: Vec<Range<usize>>,
}

impl SequenceSong {
    /// A song from its tokens; the regions are read from the tags in them.
    pub fn new(number: u16, tempo: i64, tokens: Vec<i64>, source: Vec<i64>) -> Self {
        let mut regions = Vec::new();
        let mut open = None;
        for (index, &token) in tokens.iter().enumerate() {
            match token {
                THEME_START => open = Some(index),
                THEME_END => {
                    if let Some(start) = open.take() {
                        regions.push(start..index + 1);
                    }
                }
                _ => {}
            }
        }
        Self {
            number,
            tempo,
            tokens,
            source,
            regions,
        }
    }

    /// Whether the song is kept out of training.
    pub fn validates(&self) -> bool {
        corpus::validates(self.number)
    }

    /// Its melody.
    pub fn melody(&self) -> Result<Fragment, DecodeError> {
        Ok(decode(&self.tokens)?.melody())
    }

    /// The region that holds token `index`.
    pub fn region_at(&self, index: usize) -> Option<&Range<usize>> {
        self.regions.iter().find(|region| region.contains(&index))
    }
}

/// Why a sequence set could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SequencesError {
    /// The file could not be opened or made.
    #[error(
        "{path}: {source}; give a folder that holds sequences.npz (made by `leitmotif train prepare theme`)"
    )]
    Io {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// An array is missing or has another type.
    #[error("{path}: {source}; the file is not a sequence set of this version: prepare it again")]
    Read {
        /// The file.
        path: String,
        /// What was wrong.
        source: ReadNpzError,
    },
    /// An array could not be written.
    #[error("{path}: {source}; free some space or choose another folder")]
    Write {
        /// The file.
        path: String,
        /// What was wrong.
        source: WriteNpzError,
    },
    /// The arrays do not fit together.
    #[error("{path}: {what}; the file is damaged: prepare it again")]
    Inconsistent {
        /// The file.
        path: String,
        /// What does not fit.
        what: String,
    },
}

/// Every song of a training set, validation songs included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SequenceSet {
    /// The songs, in the order of the file.
    pub songs: Vec<SequenceSong>,
}

impl SequenceSet {
    /// Reads a `NumPy` archive: `tokens` with `token_offsets`, `source` with `source_offsets`, `song` numbers and `tempo`
    /// tokens, one a song. Other arrays in it are left alone.
    pub fn read(path: &Path) -> Result<Self, SequencesError> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|source| SequencesError::Io {
            path: name.clone(),
            source,
        })?;
        let read = |source| SequencesError::Read {
            path: name.clone(),
            source,
        };
        let mut npz = NpzReader::new(file).map_err(read)?;
        let mut ids = |array: &str| -> Result<Vec<i16>, SequencesError> {
            let values = npz
                .by_name::<OwnedRepr<i16>, ndarray::Ix1>(array)
                .map_err(read)?;
            Ok(values.to_vec())
        };
        let tokens = ids("tokens")?;
        let source = ids("source")?;
        let numbers = ids("song")?;
        let tempi = ids("tempo")?;
        let mut offsets = |array: &str| -> Result<Vec<i32>, SequencesError> {
            let values = npz
                .by_name::<OwnedRepr<i32>, ndarray::Ix1>(array)
                .map_err(read)?;
            Ok(values.to_vec())
        };
        let token_offsets = offsets("token_offsets")?;
        let source_offsets = offsets("source_offsets")?;
        let inconsistent = |what: &str| SequencesError::Inconsistent {
            path: name.clone(),
            what: what.to_owned(),
        };
        if tempi.len() != numbers.len()
            || token_offsets.len() != numbers.len() + 1
            || source_offsets.len() != numbers.len() + 1
        {
            return Err(inconsistent("the arrays are of different numbers of songs"));
        }
        let part = |values: &[i16], offsets: &[i32], song: usize| -> Option<Vec<i64>> {
            let start = usize::try_from(*offsets.get(song)?).ok()?;
            let end = usize::try_from(*offsets.get(song + 1)?).ok()?;
            let ids: Vec<i64> = values
                .get(start..end)?
                .iter()
                .map(|id| i64::from(*id))
                .collect();
            ids.iter()
                .all(|id| (0..theme_vocab::SIZE as Id).contains(id))
                .then_some(ids)
        };
        let mut songs = Vec::with_capacity(numbers.len());
        for (song, (number, tempo)) in numbers.iter().zip(&tempi).enumerate() {
            let song_tokens = part(&tokens, &token_offsets, song).ok_or_else(|| {
                inconsistent("the tokens of a song lie outside the file or the vocabulary")
            })?;
            let song_source = part(&source, &source_offsets, song).ok_or_else(|| {
                inconsistent("the source of a song lies outside the file or the vocabulary")
            })?;
            songs.push(SequenceSong::new(
                u16::try_from(*number).map_err(|_| inconsistent("a song number is negative"))?,
                i64::from(*tempo),
                song_tokens,
                song_source,
            ));
        }
        Ok(Self { songs })
    }

    /// Writes what [`Self::read`] reads, compressed.
    pub fn write(&self, path: &Path) -> Result<(), SequencesError> {
        let name = path.display().to_string();
        let file = File::create(path).map_err(|source| SequencesError::Io {
            path: name.clone(),
            source,
        })?;
        let write = |source| SequencesError::Write {
            path: name.clone(),
            source,
        };
        let mut npz = NpzWriter::new_compressed(BufWriter::new(file));
        for (array, values) in [
            (
                "tokens",
                self.songs
                    .iter()
                    .flat_map(|song| &song.tokens)
                    .collect::<Vec<_>>(),
            ),
            (
                "source",
                self.songs.iter().flat_map(|song| &song.source).collect(),
            ),
            ("tempo", self.songs.iter().map(|song| &song.tempo).collect()),
        ] {
            let ids: Array1<i16> = values.into_iter().map(|id| *id as i16).collect();
            npz.add_array(array, &ids).map_err(write)?;
        }
        let numbers: Array1<i16> = self.songs.iter().map(|song| song.number as i16).collect();
        npz.add_array("song", &numbers).map_err(write)?;
        for (array, lengths) in [
            (
                "token_offsets",
                self.songs
                    .iter()
                    .map(|song| song.tokens.len())
                    .collect::<Vec<_>>(),
            ),
            (
                "source_offsets",
                self.songs.iter().map(|song| song.source.len()).collect(),
            ),
        ] {
            let mut offsets = vec![0_i32];
            for length in lengths {
                offsets.push(offsets.last().copied().unwrap_or(0) + length as i32);
            }
            npz.add_array(array, &Array1::from(offsets))
                .map_err(write)?;
        }
        npz.finish().map_err(write)?;
        Ok(())
    }

    /// What a sampler needs to know of the melodies that are trained on in order not to recite them.
    ///
    /// # Errors
    /// When the tokens of a song are no music.
    pub fn memory(&self) -> Result<MelodyMemory, DecodeError> {
        let melodies: Vec<Fragment> = self
            .training()
            .map(SequenceSong::melody)
            .collect::<Result<_, _>>()?;
        Ok(MelodyMemory::of(&melodies))
    }

    /// The songs that are trained on.
    pub fn training(&self) -> impl Iterator<Item = &SequenceSong> {
        self.songs.iter().filter(|song| !song.validates())
    }

    /// The songs that are only measured.
    pub fn validation(&self) -> impl Iterator<Item = &SequenceSong> {
        self.songs.iter().filter(|song| song.validates())
    }
}
