//! The melodies of the corpus as segments.

use std::ops::ControlFlow;
use std::path::Path;

use rayon::prelude::*;

use crate::score::{Key, Note, Pitch, PitchClassSet, Velocity};
use crate::tokens::clip::{Clip, step_ticks};
use crate::tokens::melody::Segment;
use crate::tokens::theme_vocab::Voice;
use crate::train::corpus::{self, CorpusError, validates};
use crate::train::theme_mining::{Line, MiningOptions};

/// Melody notes of a segment that is worth learning from.
const NOTES: usize = 4;

/// The melody of a song as two-bar segments, one from every bar on that has enough notes.
#[derive(Debug, Clone, PartialEq)]
pub struct MelodySong {
    /// Its number in the corpus.
    pub number: u16,
    /// The pitch classes of its key, or all.
    pub scale: PitchClassSet,
    /// Its segments in order.
    pub segments: Vec<Segment>,
}

impl MelodySong {
    /// The melody of a clip; `None` where it has fewer than two segments.
    pub fn of(number: u16, clip: &Clip) -> Option<Self> {
        let bars = MiningOptions::default().bars;
        let line = Line::of_clip(clip);
        let segments: Vec<Segment> = (line.windows(bars))
            .map(|bars| line.segment(bars))
            .filter(|segment| segment.notes().len() >= NOTES)
            .collect();
        (segments.len() > 1).then(|| Self {
            number,
            scale: scale(clip),
            segments,
        })
    }

    /// Whether it is kept out of the training.
    pub fn validates(&self) -> bool {
        validates(self.number)
    }
}

/// The pitch classes of the key that the melody is in.
fn scale(clip: &Clip) -> PitchClassSet {
    let melody: Vec<Note> = (clip.notes.iter())
        .filter(|note| note.voice == Voice::Melody)
        .map(|note| {
            Note::new(
                step_ticks(note.step),
                step_ticks(u32::from(note.length)),
                Pitch::clamped(i32::from(note.pitch)),
                Velocity::DEFAULT,
            )
        })
        .collect();
    Key::detect(&melody).map_or(PitchClassSet::ALL, Key::pitch_classes)
}

/// The songs of the corpus in `data` that have a melody and sure bar lines. `progress` hears (songs done, songs in all); `None`
/// where it ended the reading.
pub fn pop909(
    data: &Path,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Option<Vec<MelodySong>>, CorpusError> {
    /// Songs between two looks at whether to go on.
    const SONGS: usize = 32;
    let numbers = corpus::pop909_numbers(data)?;
    let mut songs = Vec::new();
    for (index, some) in numbers.chunks(SONGS).enumerate() {
        if progress(index * SONGS, numbers.len()).is_break() {
            return Ok(None);
        }
        let read: Result<Vec<Option<MelodySong>>, CorpusError> = some
            .par_iter()
            .map(|number| {
                let song = corpus::pop909(data, *number)?.ok();
                Ok(song.and_then(|song| MelodySong::of(*number, &song.clip)))
            })
            .collect();
        songs.extend(read?.into_iter().flatten());
    }
    Ok(Some(songs))
}
