//! Training windows: which stretch of which song, with which source, in which key.

use std::ops::Range;
use std::sync::Arc;

use rand::seq::IndexedRandom as _;
use rand::{Rng, RngExt as _};
use rand_pcg::Pcg64;

use super::sequences::{SequenceSet, SequenceSong};
use crate::nets::theme_transformer::KeyKind;
use crate::tokens::labels::{LabelClock, Labels, SourceMarks};
use crate::tokens::theme_vocab::{BAR, Id, Token, Voice};
use crate::tokens::transpose::{self, pitch};

/// One training example, all token ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// What the encoder reads.
    pub source: Vec<Id>,
    /// What the decoder reads.
    pub input: Vec<Id>,
    /// The theme label of every input token.
    pub labels: Vec<Id>,
    /// What the decoder is to say: `input` one token later.
    pub target: Vec<Id>,
}

impl Window {
    fn parts(&mut self) -> impl Iterator<Item = &mut Id> {
        let decoder = self.input.iter_mut().chain(&mut self.target);
        self.source.iter_mut().chain(decoder)
    }
}

/// How windows are drawn; every share is a probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowOptions {
    /// Decoder tokens in a window, 512 by default.
    pub length: usize,
    /// Windows that begin at a `Theme_Start`, .4 by default.
    pub from_theme: f64,
    /// Windows that begin at a Bar, .35 by default; the rest begin at any token.
    pub from_bar: f64,
    /// Of the windows that begin at a theme: those with the Tempo before it, .5 by default.
    pub with_tempo: f64,
    /// Of the windows that begin at a theme: those whose source is that very region, .6 by default; the rest
    /// have another member of the cluster.
    pub own_source: f64,
    /// Sources without their piano notes, .3 by default: what a musician draws has no accompaniment yet.
    pub melody_only: f64,
    /// How windows are transposed, to any key by default.
    pub keys: KeyKind,
}

impl Default for WindowOptions {
    fn default() -> Self {
        Self {
            length: 512,
            from_theme: 0.4,
            from_bar: 0.35,
            with_tempo: 0.5,
            own_source: 0.6,
            melody_only: 0.3,
            keys: KeyKind::Any,
        }
    }
}

/// Draws windows from the training songs of a set.
#[derive(Debug)]
pub struct WindowSampler<'a> {
    songs: Vec<&'a SequenceSong>,
    themes: Vec<(usize, usize)>,
    bars: Vec<(usize, usize)>,
    tokens: Vec<usize>,
    /// What moves each song to the common key, in semitones.
    homes: Vec<i32>,
    options: WindowOptions,
}

impl<'a> WindowSampler<'a> {
    /// A sampler over the training songs that hold a theme region; `None` if there is none.
    pub fn new(set: &'a SequenceSet, options: WindowOptions) -> Option<Self> {
        let songs: Vec<&SequenceSong> = set
            .training()
            .filter(|song| !song.regions.is_empty() && song.tokens.len() > 1)
            .collect();
        let mut themes = Vec::new();
        let mut bars = Vec::new();
        let mut tokens = vec![0];
        for (index, song) in songs.iter().enumerate() {
            themes.extend(song.regions.iter().map(|region| (index, region.start)));
            bars.extend(
                song.tokens
                    .iter()
                    .enumerate()
                    .filter(|(at, token)| **token == BAR && at + 1 < song.tokens.len())
                    .map(|(at, _)| (index, at)),
            );
            tokens.push(tokens.last().copied().unwrap_or(0) + song.tokens.len() - 1);
        }
        (!songs.is_empty() && !bars.is_empty()).then(|| Self {
            homes: songs
                .iter()
                .map(|song| transpose::to_common(&song.tokens))
                .collect(),
            songs,
            themes,
            bars,
            tokens,
            options,
        })
    }

    /// One window.
    pub fn draw(&self, rng: &mut Pcg64) -> Window {
        let options = &self.options;
        let kind: f64 = rng.random();
        let from_theme = kind < options.from_theme;
        let (index, start) = if from_theme {
            self.themes.choose(rng).copied().unwrap_or((0, 0))
        } else if kind < options.from_theme + options.from_bar {
            self.bars.choose(rng).copied().unwrap_or((0, 0))
        } else {
            let token = rng.random_range(0..self.tokens.last().copied().unwrap_or(1).max(1));
            let song = self.tokens.partition_point(|first| *first <= token) - 1;
            (song, token - self.tokens[song])
        };
        let song = self.songs[index];
        let tempo = from_theme && rng.random_bool(options.with_tempo);
        let source = self.source(song, from_theme.then_some(start), rng);
        let mut window = cut(
            song,
            start,
            options.length,
            tempo.then_some(song.tempo),
            source,
        );
        let shifts = allowed_shifts(&window);
        let shift = match options.keys {
            KeyKind::Any => rng.random_range(shifts),
            KeyKind::Common => self.homes[index].clamp(shifts.start, shifts.end - 1),
        };
        move_by(window.parts(), shift);
        window
    }

    fn source(&self, song: &SequenceSong, theme: Option<usize>, rng: &mut impl Rng) -> Vec<Id> {
        let own = theme.and_then(|start| song.region_at(start));
        let full = match own {
            Some(region) if rng.random_bool(self.options.own_source) => region_source(song, region),
            None if rng.random_bool(0.5) => song.source.clone(),
            _ => song
                .regions
                .choose(rng)
                .map_or_else(|| song.source.clone(), |region| region_source(song, region)),
        };
        if rng.random_bool(self.options.melody_only) {
            melody_only(&full)
        } else {
            full
        }
    }
}

/// A region of a song as the encoder reads it.
pub fn region_source(song: &SequenceSong, region: &Range<usize>) -> Vec<Id> {
    song.tokens
        .get(region.clone())
        .unwrap_or_default()
        .iter()
        .copied()
        .filter(|id| !matches!(Token::from_id(*id), Some(Token::Tempo(_))))
        .collect()
}

/// A source without its piano notes and without the positions that then hold nothing. A source without melody stays
/// as it is.
pub fn melody_only(source: &[Id]) -> Vec<Id> {
    let notes: Vec<Id> = source
        .iter()
        .copied()
        .filter(|id| Token::from_id(*id).and_then(Token::voice) != Some(Voice::Piano))
        .collect();
    if !notes.iter().any(|id| pitch(*id).is_some()) {
        return source.to_vec();
    }
    let next = notes.iter().skip(1).map(Some).chain([None]);
    notes
        .iter()
        .zip(next)
        .filter(|(id, next)| {
            !matches!(Token::from_id(**id), Some(Token::Position(_)))
                || next.is_some_and(|next| pitch(*next).is_some())
        })
        .map(|(id, _)| *id)
        .collect()
}

/// The window of up to `length` decoder tokens that begins at token `start` of `song`, a `tempo` token before it if one is
/// given, with labels of `source`.
pub fn cut(
    song: &SequenceSong,
    start: usize,
    length: usize,
    tempo: Option<Id>,
    source: Vec<Id>,
) -> Window {
    let body = length.saturating_sub(usize::from(tempo.is_some())).max(1);
    let end = (start + body + 1).min(song.tokens.len());
    // Labels run from the beginning of the region that the window begins in.
    let run_in = song.region_at(start).map_or(start, |region| region.start);
    let mut clock = LabelClock::new(Labels::Timed, Arc::new(SourceMarks::new(&source)));
    let labels = song.tokens[run_in..end - 1]
        .iter()
        .map(|id| clock.push(*id));
    let mut window = Window {
        labels: labels.skip(start - run_in).collect(),
        input: song.tokens[start..end - 1].to_vec(),
        target: song.tokens[start + 1..end].to_vec(),
        source,
    };
    if let Some(tempo) = tempo {
        window.input.insert(0, tempo);
        window.labels.insert(0, 0);
        window.target.insert(0, song.tokens[start]);
    }
    window
}

/// A0 and C8, the ends of a piano.
const LOWEST: i32 = 21;
const HIGHEST: i32 = 108;

/// The transpositions, at most a tritone down and up, that leave every pitch of a window on a piano.
fn allowed_shifts(window: &Window) -> Range<i32> {
    let (low, high) = window
        .source
        .iter()
        .chain(&window.input)
        .chain(&window.target)
        .filter_map(|id| pitch(*id))
        .map(i32::from)
        .fold((i32::MAX, i32::MIN), |(low, high), pitch| {
            (low.min(pitch), high.max(pitch))
        });
    if low > high {
        return 0..1;
    }
    -(low - LOWEST).clamp(0, 6)..(HIGHEST - high).clamp(0, 6) + 1
}

/// Moves every note by some semitones.
pub fn move_by<'a>(ids: impl IntoIterator<Item = &'a mut Id>, semitones: i32) {
    for id in ids {
        *id = transpose::moved(*id, semitones);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng as _;

    use super::*;
    use crate::tokens::theme_vocab::{THEME_END, THEME_START};

    fn note(voice: Voice, pitch: u8) -> Vec<Id> {
        [
            Token::NoteOn(voice, pitch),
            Token::Duration(voice, 4),
            Token::Velocity(voice, 80),
        ]
        .map(Token::id)
        .to_vec()
    }

    /// Two bars: melody and piano on step 0, piano alone on step 8 of each.
    fn two_bars(pitch: u8) -> Vec<Id> {
        let mut ids = Vec::new();
        for _ in 0..2 {
            ids.extend([BAR, Token::Position(0).id()]);
            ids.extend(note(Voice::Melody, pitch));
            ids.extend(note(Voice::Piano, pitch - 12));
            ids.push(Token::Position(8).id());
            ids.extend(note(Voice::Piano, pitch - 15));
        }
        ids
    }

    fn song() -> SequenceSong {
        let theme = [vec![THEME_START], two_bars(72), vec![THEME_END]].concat();
        let ids = [
            two_bars(60),
            theme.clone(),
            two_bars(64),
            theme.clone(),
            two_bars(55),
        ]
        .concat();
        SequenceSong::new(1, Token::Tempo(89).id(), ids, theme)
    }

    #[test]
    fn a_melody_alone_loses_its_empty_positions() {
        let source = [vec![THEME_START], two_bars(72), vec![THEME_END]].concat();
        let bar = [vec![BAR, Token::Position(0).id()], note(Voice::Melody, 72)].concat();
        let expected = [vec![THEME_START], bar.clone(), bar, vec![THEME_END]].concat();
        assert_eq!(melody_only(&source), expected);
        let piano = [
            vec![THEME_START, BAR, Token::Position(3).id()],
            note(Voice::Piano, 40),
        ]
        .concat();
        assert_eq!(melody_only(&piano), piano);
    }

    #[test]
    fn a_window_inside_a_region_goes_on_counting() {
        let song = song();
        let region = song.regions[0].clone();
        let source = region_source(&song, &region);
        assert_eq!(source, song.source);
        let window = cut(&song, region.start + 5, 512, None, source);
        assert_eq!(window.labels[..3], [6, 7, 8]);
        let whole = cut(
            &song,
            region.start,
            512,
            Some(song.tempo),
            song.source.clone(),
        );
        assert_eq!(whole.input[..2], [song.tempo, THEME_START]);
        assert_eq!(whole.target[..2], [THEME_START, BAR]);
        assert_eq!(whole.labels[..4], [0, 1, 2, 3]);
    }

    proptest! {
        #[test]
        fn windows_fit_together(seed in 0_u64..500, length in 2_usize..80) {
            let set = SequenceSet { songs: vec![song()] };
            let options = WindowOptions { length, ..WindowOptions::default() };
            let sampler = WindowSampler::new(&set, options);
            let window = sampler.map(|sampler| sampler.draw(&mut Pcg64::seed_from_u64(seed)));
            let window = window.unwrap_or_else(|| Window { source: vec![], input: vec![], labels: vec![], target: vec![] });
            prop_assert!(!window.input.is_empty() && window.input.len() <= length);
            prop_assert_eq!(window.input.len(), window.target.len());
            prop_assert_eq!(window.input.len(), window.labels.len());
            prop_assert_eq!(&window.input[1..], &window.target[..window.target.len() - 1]);
            prop_assert_eq!(window.source.first().copied(), Some(THEME_START));
            prop_assert!(window.labels.iter().all(|label| (0..=window.source.len() as i64).contains(label)));
            let range = allowed_shifts(&window);
            prop_assert!(range.contains(&0) || window.input.iter().all(|id| pitch(*id).is_none()));
        }
    }
}
