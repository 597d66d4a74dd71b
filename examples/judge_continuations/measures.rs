//! What is measured of a piece.

use std::cmp::Ordering;

use leitmotif::measure::fragment::Fragment;
use leitmotif::measure::memory::Move;
use leitmotif::measure::phrase::Line;
use leitmotif::measure::pianoroll::{TrackMeasures, best_key_share};
use leitmotif::measure::theme::ThemePiece;
use leitmotif::score::{Role, Song, Span, Tick, Track};
use leitmotif::tokens::clip::bar_ticks;

use crate::pieces::Piece;

/// From so many bars of a loop on a piece is stuck, and from so many without melody on it has lost it.
const STUCK_BARS: f64 = 8.0;

/// The melodies of the training songs, sorted by what goes on from each note.
pub(crate) struct Corpus {
    moves: Vec<Move>,
    order: Vec<u32>,
}

/// Stands between songs; no melody has it.
const BETWEEN: Move = (i32::MAX, -1);

impl Corpus {
    pub(crate) fn new(melodies: &[Fragment]) -> Self {
        let mut moves = Vec::new();
        for melody in melodies {
            moves.extend_from_slice(melody.moves());
            moves.push(BETWEEN);
        }
        let mut order: Vec<u32> = (0..moves.len() as u32).collect();
        order.sort_unstable_by(|a, b| compare(&moves[*a as usize..], &moves[*b as usize..]));
        Self { moves, order }
    }

    /// Notes of the longest run that a melody shares with any of them.
    pub(crate) fn longest_run(&self, melody: &Fragment) -> usize {
        let moves = melody.moves();
        let longest = (0..moves.len())
            .map(|at| {
                let rest = &moves[at..];
                let place = self
                    .order
                    .partition_point(|other| compare(&self.moves[*other as usize..], rest).is_lt());
                [place.checked_sub(1), Some(place)]
                    .into_iter()
                    .flatten()
                    .filter_map(|place| self.order.get(place))
                    .map(|other| shared(&self.moves[*other as usize..], rest))
                    .max()
                    .unwrap_or(0)
            })
            .max()
            .unwrap_or(0);
        if longest > 0 { longest + 1 } else { 0 }
    }
}

/// Moves that two melodies begin with.
fn shared(a: &[Move], b: &[Move]) -> usize {
    a.iter()
        .zip(b)
        .take_while(|(a, b)| a == b && **a != BETWEEN)
        .count()
}

/// By the next moves; songs hardly share as many.
fn compare(a: &[Move], b: &[Move]) -> Ordering {
    const DEPTH: usize = 64;
    a[..a.len().min(DEPTH)].cmp(&b[..b.len().min(DEPTH)])
}

fn with_role(song: &Song, role: Role) -> Option<&Track> {
    song.tracks
        .iter()
        .find(|track| track.role == role)
        .map(AsRef::as_ref)
}

/// The span of a piece.
fn span(piece: &Piece) -> Span {
    Span::new(Tick::ZERO, bar_ticks() * i64::from(piece.bars))
}

/// What the theme measures look at, with these regions; `None` without a melody.
fn theme_piece<'a>(piece: &'a Piece, regions: &'a [Span]) -> Option<ThemePiece<'a>> {
    Some(ThemePiece {
        melody: with_role(&piece.song, Role::Melody)?,
        metre: &piece.song.metre,
        span: span(piece),
        theme: &piece.theme,
        theme_bars: piece.theme_bars,
        regions,
    })
}

/// Every measure by name, in the order of the table; those that are not defined for the piece are left out.
pub(crate) fn measures(piece: &Piece, corpus: &Corpus) -> Vec<(String, f64)> {
    let mut values: Vec<(String, Option<f64>)> = Vec::new();
    let mut add = |name: &str, value: Option<f64>| values.push((name.to_owned(), value));
    let per_thousand = |count: usize| Some(count as f64 * 1000.0 / piece.tokens.max(1) as f64);
    add(
        "invalid tokens, of 1,000 written",
        per_thousand(piece.invalid),
    );
    add(
        "drawn in vain, for 1,000 written",
        per_thousand(piece.in_vain),
    );

    let regions = piece.regions();
    let returns = &regions[usize::from(piece.begins_with_theme && !regions.is_empty())..];
    let Some(melody) = with_role(&piece.song, Role::Melody) else {
        return Vec::new();
    };
    let whole = theme_piece(piece, &regions).map_or_else(Default::default, |of| of.measures());
    let later = theme_piece(piece, returns).map_or_else(Default::default, |of| of.measures());
    let alike: Vec<f64> =
        theme_piece(piece, returns).map_or_else(Vec::new, |of| of.likenesses().collect());
    add("returns", Some(returns.len() as f64));
    add(
        "without a return",
        Some(f64::from(u8::from(returns.is_empty()))),
    );
    add("uncontrollability", later.uncontrollability);
    add("first return's likeness", alike.first().copied());
    add("last return's likeness", alike.last().copied());
    add("exact copies", later.exact_copies);
    add("inconsistency", later.inconsistency);
    add("gap, bars", whole.gap);
    add("coverage", whole.coverage);
    add("labels right (precision)", whole.label_precision);
    add("theme labelled (recall)", whole.label_recall);
    add("melody inconsistency", whole.melody_inconsistency);
    let lags =
        theme_piece(piece, &regions).map_or_else(Default::default, |of| of.self_similarity());
    for (lag, value) in (1..).zip(lags) {
        add(&format!("self-similarity {lag:02} bars on"), value);
    }
    add("entropy of 1 bar, bits", whole.entropy_1_bar);
    add("entropy of 4 bars, bits", whole.entropy_4_bars);
    add("grooving consistency", whole.grooving_consistency);

    let notes = || piece.song.tracks.iter().flat_map(|track| track.notes());
    add("in key", best_key_share(notes()));
    let line = TrackMeasures::of(melody, &piece.song.metre, span(piece));
    add("melody notes a bar", line.notes_per_bar);
    let phrase = Line {
        melody,
        accompaniment: with_role(&piece.song, Role::Piano),
        metre: &piece.song.metre,
        span: span(piece),
    }
    .measures();
    add("rests at ends of phrases", phrase.rests_at_ends);
    add("rests elsewhere", phrase.rests_elsewhere);
    add("chord tones at ends of phrases", phrase.chord_tones_at_ends);
    add("bars without melody", phrase.silent_bars);
    add("longest silence, bars", phrase.longest_silence);
    let stuck = piece.broken_off || phrase.longest_loop >= Some(STUCK_BARS);
    add("stuck", Some(f64::from(u8::from(stuck))));
    let lost = phrase.longest_silence >= Some(STUCK_BARS);
    add("melody lost", Some(f64::from(u8::from(lost))));
    let run = corpus.longest_run(&Fragment::of(melody.notes())) as f64;
    add("longest shared run, notes", Some(run));
    add(
        "shares more than 12 notes",
        Some(f64::from(u8::from(run > 12.0))),
    );
    values
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// Of a piece with painted bars: how many of them lie inside an occurrence of the theme, of how many; and how many of the other
/// written bars do not, of how many.
pub(crate) fn painted(piece: &Piece) -> Option<[usize; 4]> {
    let occurs = theme_piece(piece, &[])?.occurrence_bars();
    let regions = piece.regions();
    let mut counts = [0; 4];
    for (bar, occurs) in (0..).zip(occurs).skip(piece.theme_bars as usize) {
        let start = bar_ticks() * bar;
        if regions.iter().any(|region| region.contains(start)) {
            counts[0] += usize::from(occurs);
            counts[1] += 1;
        } else {
            counts[2] += usize::from(!occurs);
            counts[3] += 1;
        }
    }
    Some(counts)
}
