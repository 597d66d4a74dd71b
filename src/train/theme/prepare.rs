//! From a corpus to the packed set of sequences that the training reads.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use super::sequences::{SequenceSet, SequenceSong, SequencesError};
use crate::tokens::clip::Clip;
use crate::tokens::theme::{encode, encode_source};
use crate::tokens::theme_vocab::Token;
use crate::train::corpus::{self, CorpusError, LeftOut};
use crate::train::theme_mining::{Line, Miner, MiningError, MiningOptions};

/// What to prepare.
#[derive(Debug, Clone, PartialEq)]
pub struct PrepareOptions {
    /// The folder that `pop909` and `pop909-cl` were unpacked into.
    pub data: PathBuf,
    /// Where `sequences.npz` goes.
    pub out: PathBuf,
    /// What counts as a theme.
    pub mining: MiningOptions,
    /// The folder of a melody encoder; without one themes are found by edit similarity.
    pub encoder: Option<PathBuf>,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PrepareReport {
    /// Songs read.
    pub songs: usize,
    /// Songs whose bar lines are known.
    pub aligned: usize,
    /// Songs with a theme: those in the set.
    pub kept: usize,
    /// Of these, songs kept for validation.
    pub validation: usize,
    /// Tokens of the songs kept.
    pub tokens: usize,
    /// Bars of the songs kept.
    pub bars: usize,
    /// Theme regions.
    pub regions: usize,
    /// Songs left out, by reason.
    pub left_out: BTreeMap<LeftOut, usize>,
}

/// Why no set was made.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The corpus could not be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The encoder could not be loaded, or failed.
    #[error(transparent)]
    Mining(#[from] MiningError),
    /// The set could not be written.
    #[error(transparent)]
    Write(#[from] SequencesError),
    /// The folder could not be made.
    #[error("{path}: {source}; choose a folder that can be written")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The caller ended it; nothing was written.
    #[error("stopped before the set was complete; nothing was written")]
    Stopped,
}

/// Reads the corpus, finds the themes, writes `sequences.npz`. `progress` hears (songs done, songs in all).
pub fn run(
    options: &PrepareOptions,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<PrepareReport, PrepareError> {
    let numbers = corpus::pop909_numbers(&options.data)?;
    let mut report = PrepareReport::default();
    let mut set = SequenceSet::default();
    let miner = Miner::with_encoder(options.encoder.as_deref())?;
    for (done, number) in numbers.iter().enumerate() {
        if progress(done, numbers.len()).is_break() {
            return Err(PrepareError::Stopped);
        }
        report.songs += 1;
        let song = match corpus::pop909(&options.data, *number)? {
            Ok(song) => song,
            Err(reason) => {
                *report.left_out.entry(reason).or_default() += 1;
                continue;
            }
        };
        report.aligned += 1;
        if let Some(song) = sequence(song.number, song.clip, &miner, &options.mining)? {
            report.kept += 1;
            report.validation += usize::from(song.validates());
            report.tokens += song.tokens.len();
            report.bars += song
                .tokens
                .iter()
                .filter(|id| **id == Token::Bar.id())
                .count();
            report.regions += song.regions.len();
            set.songs.push(song);
        }
    }
    std::fs::create_dir_all(&options.out).map_err(|source| PrepareError::Folder {
        path: options.out.clone(),
        source,
    })?;
    set.write(&options.out.join("sequences.npz"))?;
    Ok(report)
}

/// A clip as a training sequence; `None` where it has no theme.
fn sequence(
    number: u16,
    mut clip: Clip,
    miner: &Miner,
    mining: &MiningOptions,
) -> Result<Option<SequenceSong>, MiningError> {
    let regions = miner.mine(&Line::of_clip(&clip), mining)?;
    let (Some(regions), Some(tempo)) = (regions, clip.tempos.first()) else {
        return Ok(None);
    };
    let tempo = Token::Tempo(tempo.bpm).id();
    let theme = regions.first().cloned().unwrap_or_default();
    let source = encode_source(&clip.bars_of(theme));
    clip.themes = regions;
    let song = SequenceSong::new(number, tempo, encode(&clip), source);
    Ok(Some(song))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::clip::{ClipNote, ClipTempo};
    use crate::tokens::theme_vocab::{STEPS_PER_BAR, THEME_END, THEME_START, Voice};

    #[test]
    fn a_clip_becomes_tokens_with_its_theme_as_source() {
        let theme = [(0, 60), (4, 64), (8, 67), (14, 65), (18, 64), (26, 62)];
        let notes = [0_u32, 3, 6].into_iter().flat_map(|bar| {
            theme.map(|(step, pitch)| ClipNote {
                voice: Voice::Melody,
                step: bar * STEPS_PER_BAR + step,
                length: 2,
                pitch,
                velocity: 80,
            })
        });
        let clip = Clip {
            bars: 8,
            notes: notes.collect(),
            tempos: vec![ClipTempo { step: 0, bpm: 89 }],
            themes: Vec::new(),
        };
        let song = sequence(27, clip, &Miner::Similarity, &MiningOptions::default());
        let song = song
            .ok()
            .flatten()
            .unwrap_or_else(|| SequenceSong::new(0, 0, vec![], vec![]));
        assert!(song.validates());
        assert_eq!(song.regions.len(), 3);
        // The later regions are exact copies of the source; the first holds the tempo too.
        assert_eq!(song.tokens[song.regions[1].clone()], song.source);
        assert_eq!(song.regions[0].len(), song.source.len() + 1);
        assert_eq!(song.source.first(), Some(&THEME_START));
        assert_eq!(song.source.last(), Some(&THEME_END));

        let set = SequenceSet { songs: vec![song] };
        let folder = tempfile::tempdir().map(|dir| dir.path().join("sequences.npz"));
        let path = folder.unwrap_or_default();
        let _ = std::fs::create_dir_all(path.parent().unwrap_or(&path));
        assert!(set.write(&path).is_ok());
        assert_eq!(SequenceSet::read(&path).ok(), Some(set));
    }
}
