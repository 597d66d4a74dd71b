//! Themes that no training saw, and pieces that people and the program made of them.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use leitmotif::compose::{Candidate, ContinueSettings, Event, Kind, Request, Worker, place};
use leitmotif::formats::midi;
use leitmotif::measure::fragment::Fragment;
use leitmotif::score::{Song, Span, Tempo, Tick, TrackId, edit};
use leitmotif::tokens::clip::{Clip, bar_ticks};
use leitmotif::tokens::theme::{decode, encode_published};
use leitmotif::tokens::theme_vocab::Token;
use leitmotif::train::theme::sequences::{SequenceSet, SequenceSong};

/// A theme.
pub(crate) struct Theme {
    pub(crate) name: String,
    pub(crate) clip: Clip,
    pub(crate) bpm: u8,
    /// The song that it is from, where that may be measured.
    pub(crate) song: Option<SequenceSong>,
}

/// A piece that begins with its theme, or with what was made of it.
pub(crate) struct Piece {
    /// Number of its theme: pieces of one theme are no independent witnesses.
    pub(crate) group: usize,
    pub(crate) name: String,
    pub(crate) song: Song,
    pub(crate) bars: u32,
    pub(crate) theme: Fragment,
    pub(crate) theme_bars: u32,
    /// Whether the first region is the theme itself, which is no return.
    pub(crate) begins_with_theme: bool,
    /// Tokens of the piece, those among them that cannot stand where they stand, and those that were drawn in vain.
    pub(crate) tokens: usize,
    pub(crate) invalid: usize,
    pub(crate) in_vain: usize,
    /// Whether it stopped before its last bar.
    pub(crate) broken_off: bool,
}

impl Piece {
    /// The labelled regions, in order.
    pub(crate) fn regions(&self) -> Vec<Span> {
        let mut regions: Vec<Span> = self.song.themes.iter().map(|region| region.span).collect();
        regions.sort_by_key(|region| region.start);
        regions
    }
}

/// The themes of the validation songs, then those of the .mid files of a folder.
pub(crate) fn themes(set: &SequenceSet, folder: Option<&Path>) -> Result<Vec<Theme>> {
    let mut themes = Vec::new();
    for song in set.validation() {
        let bpm = match Token::from_id(song.tempo) {
            Some(Token::Tempo(bpm)) => bpm,
            _ => 119,
        };
        themes.push(Theme {
            name: format!("{:03}", song.number),
            clip: decode(&song.source)?,
            bpm,
            song: Some(song.clone()),
        });
    }
    let Some(folder) = folder else {
        return Ok(themes);
    };
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "mid"))
        .collect();
    files.sort();
    for path in files {
        let song = midi::read(&std::fs::read(&path)?)?.song;
        let mut clip = decode(&encode_published(&song))?;
        let bpm = clip.tempos.first().map_or(119, |tempo| tempo.bpm);
        clip.tempos.clear();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        themes.push(Theme {
            name: name.into_owned(),
            clip,
            bpm,
            song: None,
        });
    }
    Ok(themes)
}

impl Theme {
    /// A song that is this theme, marked.
    pub(crate) fn as_song(&self) -> Song {
        let song = self.clip.to_song(Tempo::from_bpm(f64::from(self.bpm)));
        let end = bar_ticks() * i64::from(self.clip.bars);
        edit::set_theme(&song, TrackId(1), Span::new(Tick::ZERO, end))
    }
}

/// Stretches of `bars` bars of a theme's own song, each from one of its regions on, the next at least half a stretch later.
pub(crate) fn human(theme: &Theme, group: usize, bars: u32) -> Result<Vec<Piece>> {
    let Some(song) = &theme.song else {
        return Ok(Vec::new());
    };
    let whole = decode(&song.tokens)?;
    let mut pieces = Vec::new();
    let mut next = 0;
    for region in &whole.themes {
        if region.start < next || region.start + bars > whole.bars {
            continue;
        }
        next = region.start + bars / 2;
        let clip = whole.bars_of(region.start..region.start + bars);
        pieces.push(Piece {
            group,
            name: format!("{} from bar {}", theme.name, region.start + 1),
            song: clip.to_song(Tempo::from_bpm(f64::from(theme.bpm))),
            bars,
            theme: theme.clip.melody(),
            theme_bars: theme.clip.bars,
            begins_with_theme: true,
            tokens: leitmotif::tokens::theme::encode(&clip).len(),
            invalid: 0,
            in_vain: 0,
            broken_off: false,
        });
    }
    Ok(pieces)
}

/// Waits for the candidates of a request, by number.
pub(crate) fn candidates(worker: &mut Worker, request: Request) -> Result<(Vec<Candidate>, u64)> {
    let job = worker.submit(request)?;
    for event in worker.events() {
        match event {
            Event::Finished {
                job: of,
                mut candidates,
                tokens,
                ..
            } if of == job => {
                candidates.sort_by_key(|candidate| candidate.index);
                return Ok((candidates, tokens.unwrap_or_default()));
            }
            Event::Failed { message, .. } | Event::Unavailable { message, .. } => bail!(message),
            _ => {}
        }
    }
    bail!("the worker stopped")
}

/// `count` continuations, which with the theme in front have `bars` bars.
pub(crate) fn ours(
    worker: &mut Worker,
    theme: &Theme,
    group: usize,
    bars: u32,
    change: &dyn Fn(&mut ContinueSettings),
    (seed, count): (u64, u32),
) -> Result<Vec<Piece>> {
    let song = theme.as_song();
    let mut settings = ContinueSettings::of_song(&song).context("no theme")?;
    settings.bars = bars - theme.clip.bars;
    change(&mut settings);
    let request = Request {
        song: Arc::new(song.clone()),
        kind: Kind::Continue(settings),
        seed,
        candidates: count,
    };
    let (candidates, tokens) = candidates(worker, request)?;
    let each = tokens as usize / candidates.len().max(1);
    let piece = |candidate: &Candidate| Piece {
        group,
        name: format!("{} #{}", theme.name, candidate.index + 1),
        song: place(&song, candidate, candidate.at),
        bars,
        theme: theme.clip.melody(),
        theme_bars: theme.clip.bars,
        begins_with_theme: true,
        tokens: each,
        // What cannot be read as music fails the job.
        invalid: 0,
        in_vain: 0,
        broken_off: candidate.bars + theme.clip.bars < bars,
    };
    Ok(candidates.iter().map(piece).collect())
}
