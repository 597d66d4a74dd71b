//! Judging what a band plays, in measures that are shown.
//!
//! What songs that people wrote have is the mean of POP909 arrangements and of band files under free licences, four bars at
//! a time.

use super::recipe::Cells;
use super::write::track_id;
use crate::compose::{Better, Candidate, Measured, rank};
use crate::measure::pianoroll::{TrackMeasures, best_key_share, share_in, tonal_distance};
use crate::score::{Key, Note, Song, Span, Tick, Track, TrackId};
use crate::tokens::clip::bar_ticks;
use crate::tokens::part::Part;

/// Tonal distance of two parts that people wrote.
const HUMAN_DISTANCE: f64 = 1.0;
/// Share of drum strokes on eighths, those between them counted at 0.3.
const HUMAN_DRUMS: f64 = 0.84;
/// Notes of a bar of each part.
const HUMAN_NOTES: [f64; Part::COUNT] = [16.0, 11.0, 7.0, 5.0, 6.0];
/// Share of bars in which a part plays.
const HUMAN_PLAYING: f64 = 0.85;
/// How much of a bar comes again in one of the bars before it, onset by onset: 0.27 in the arrangements, 0.43 in the files.
const HUMAN_REPETITION: f64 = 0.35;

/// Measures a candidate of a band, whose own parts are `parts` and whose clip also has the tracks `given`, and scores it.
pub(crate) fn judge(
    candidate: &mut Candidate,
    parts: &[Part],
    key: Option<Key>,
    given: &[TrackId],
) {
    let clip = &candidate.clip;
    let span = Span::new(Tick::ZERO, bar_ticks() * i64::from(candidate.bars));
    let own: Vec<(Part, &Track)> = parts
        .iter()
        .filter_map(|part| Some((*part, clip.track(track_id(*part))?.as_ref())))
        .collect();
    let given: Vec<&Track> = given
        .iter()
        .filter_map(|id| Some(clip.track(*id)?.as_ref()))
        .filter(|track| !track.instrument.drums)
        .collect();
    let pitched: Vec<&Track> = (own.iter())
        .filter(|(part, _)| *part != Part::Drums)
        .map(|(_, track)| *track)
        .collect();
    let of = |track: &Track| TrackMeasures::of(track, &clip.metre, span);
    let notes = || pitched.iter().flat_map(|track| track.notes());
    let distance = |a: &Track, b: &Track| tonal_distance(a, b, &clip.metre, span);

    let mut measures = Vec::new();
    let mut add = |name, meaning, value: Option<f64>, better, merit: &dyn Fn(f64) -> f64| {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            measures.push(Measured {
                name,
                meaning,
                value,
                better,
                merit: merit(value).clamp(0.0, 1.0),
            });
        }
    };
    // As far apart as people's parts is as good as nearer.
    let near_enough = |distance: f64| (1.8 - distance) / (1.8 - HUMAN_DISTANCE);
    add(
        "follows",
        "How far the harmony of what is written lies from what was given, beat by beat; 0 is the same",
        mean(
            given
                .iter()
                .flat_map(|given| pitched.iter().filter_map(|own| distance(given, own))),
        ),
        Better::Lower,
        &near_enough,
    );
    add(
        "harmony",
        "How far the parts lie apart in harmony, beat by beat; 0 is the same",
        mean(pairs(&pitched).filter_map(|(a, b)| distance(a, b))),
        Better::Lower,
        &near_enough,
    );
    add(
        "in key",
        "Share of notes in one key",
        key.map_or_else(
            || best_key_share(notes()),
            |key| share_in(notes(), key.pitch_classes()),
        ),
        Better::Higher,
        &|share| 1.0 - (1.0 - share) * 4.0,
    );
    add(
        "drums",
        "How regular the drums are: strokes on eighths count 1, those between 0.3",
        (own.iter())
            .find(|(part, _)| *part == Part::Drums)
            .and_then(|(_, track)| of(track).drum_pattern),
        Better::Near(HUMAN_DRUMS),
        &|pattern| 1.0 - (pattern - HUMAN_DRUMS).abs() * 3.0,
    );
    let usual: f64 = own.iter().map(|(part, _)| HUMAN_NOTES[part.index()]).sum();
    let density = |(part, track): &(Part, &Track)| {
        let (notes, human) = (of(track).notes_per_bar?, HUMAN_NOTES[part.index()]);
        Some((notes, (notes / human).min(human / notes.max(1e-9))))
    };
    let densities: Vec<(f64, f64)> = own.iter().filter_map(density).collect();
    let fit = mean(densities.iter().map(|(_, fit)| *fit)).unwrap_or(0.0);
    add(
        "density",
        "Notes in a bar, all parts together; judged part by part",
        (!densities.is_empty()).then(|| densities.iter().map(|(notes, _)| notes).sum()),
        Better::Near(usual),
        &|_| fit,
    );
    add(
        "playing",
        "Share of bars in which the parts play",
        mean(
            own.iter()
                .filter_map(|(_, track)| Some(1.0 - of(track).empty_bars?)),
        ),
        Better::Higher,
        &|share| share / HUMAN_PLAYING,
    );
    add(
        "repetition",
        "How much of a bar comes again in the next ones, note by note",
        mean(
            own.iter()
                .filter_map(|(_, track)| repetition(track, candidate.bars)),
        ),
        Better::Near(HUMAN_REPETITION),
        &|share| 1.0 - (share - HUMAN_REPETITION).abs() * 1.5,
    );
    candidate.score = rank::score(&measures);
    candidate.measures = measures;
}

/// Adds how different the cells are that were written again, compared with the clip `before`, and scores anew: what changed
/// nothing is of no use.
pub(crate) fn judge_news(candidate: &mut Candidate, before: &Song, cells: &Cells) {
    let span = Span::new(
        bar_ticks() * i64::from(cells.bars.start),
        bar_ticks() * i64::from(cells.bars.end),
    );
    let onsets = |song: &Song| -> Vec<(Part, Tick, u8)> {
        let of = |part: &Part| {
            let track = song.track(track_id(*part)).cloned();
            let notes = track.map(|track| track.notes_starting_in(span).to_vec());
            let part = *part;
            notes
                .into_iter()
                .flatten()
                .map(move |note| (part, note.start.round_to(Tick::SIXTEENTH), note.pitch.get()))
        };
        cells.parts.iter().flat_map(of).collect()
    };
    let Some(same) = overlap(&onsets(before), &onsets(&candidate.clip)) else {
        return;
    };
    candidate.measures.insert(
        0,
        Measured {
            name: "new",
            meaning: "How different it is from what was there, 0 to 1",
            value: 1.0 - same,
            better: Better::Higher,
            merit: ((1.0 - same) * 2.0).min(1.0),
        },
    );
    candidate.score = rank::score(&candidate.measures);
}

/// Mean over the bars but the first: the largest share of its onsets that one of the three bars before has too.
fn repetition(track: &Track, bars: u32) -> Option<f64> {
    let bar = |number: u32| -> Vec<(Tick, u8)> {
        let start = bar_ticks() * i64::from(number);
        let notes = track.notes_starting_in(Span::new(start, start + bar_ticks()));
        let onset = |note: &Note| {
            (
                (note.start - start).round_to(Tick::SIXTEENTH),
                note.pitch.get(),
            )
        };
        notes.iter().map(onset).collect()
    };
    let all: Vec<_> = (0..bars).map(bar).collect();
    mean((1..all.len()).filter_map(|now| {
        (now.saturating_sub(3)..now)
            .filter_map(|before| overlap(&all[before], &all[now]))
            .reduce(f64::max)
    }))
}

/// What two sets have in common, as a share of all that is in either; `None` where both are empty.
fn overlap<T: PartialEq>(a: &[T], b: &[T]) -> Option<f64> {
    let common = a.iter().filter(|item| b.contains(item)).count();
    let all = a.len() + b.len() - common;
    (all > 0).then(|| common as f64 / all as f64)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

fn pairs<T>(items: &[T]) -> impl Iterator<Item = (&T, &T)> {
    items
        .iter()
        .enumerate()
        .flat_map(|(index, a)| items[index + 1..].iter().map(move |b| (a, b)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::compose::PlacedTrack;
    use crate::score::{Lineage, Pitch, Velocity};

    /// Notes as (part, step, steps, pitch) of two bars.
    fn candidate(notes: &[(Part, i64, i64, i32)]) -> Candidate {
        let mut clip = Song::default();
        for part in Part::ALL {
            let of = notes.iter().filter(|note| note.0 == part);
            let of = of.map(|(_, step, steps, pitch)| {
                Note::new(
                    Tick::SIXTEENTH * *step,
                    Tick::SIXTEENTH * *steps,
                    Pitch::clamped(*pitch),
                    Velocity::DEFAULT,
                )
            });
            let track = Track::new(track_id(part), "t", part.instrument(), part.role());
            clip = clip.with_track(track.with_notes(of.collect()));
        }
        Candidate {
            index: 0,
            clip: Arc::new(clip),
            bars: 2,
            at: Tick::ZERO,
            tracks: Vec::<PlacedTrack>::new(),
            keeps: vec![],
            stages: vec![],
            lineage: Arc::new(Lineage {
                kind: "seed".into(),
                model: String::new(),
                checkpoint: String::new(),
                seed: 0,
                candidate: 0,
                settings: BTreeMap::new(),
                parent: None,
            }),
            measures: vec![],
            score: 0.0,
        }
    }

    fn value(candidate: &Candidate, name: &str) -> Option<f64> {
        (candidate.measures.iter())
            .find(|measured| measured.name == name)
            .map(|measured| measured.value)
    }

    #[test]
    fn a_small_band_by_hand() {
        let mut judged = candidate(&[
            (Part::Drums, 0, 1, 36),
            (Part::Drums, 3, 1, 38),
            (Part::Drums, 16, 1, 36),
            (Part::Drums, 18, 1, 38),
            (Part::Bass, 0, 16, 36),
            (Part::Piano, 0, 16, 60),
        ]);
        let parts = [Part::Drums, Part::Piano, Part::Bass];
        judge(&mut judged, &parts, None, &[]);
        assert_eq!(value(&judged, "harmony"), Some(0.0));
        assert_eq!(value(&judged, "in key"), Some(1.0));
        // Three strokes on eighths, one between: (3 + 0.3) / 4.
        assert!((value(&judged, "drums").unwrap() - 0.825).abs() < 1e-9);
        // 4 strokes, 1 and 1 notes in two bars.
        assert_eq!(value(&judged, "density"), Some(3.0));
        // Drums in both bars, the others in one of two.
        assert!((value(&judged, "playing").unwrap() - 2.0 / 3.0).abs() < 1e-9);
        // Drums: the kick of three different onsets; the others play in one bar only: 0.
        assert!((value(&judged, "repetition").unwrap() - (1.0 / 3.0) / 3.0).abs() < 1e-9);
        assert_eq!(value(&judged, "follows"), None);
        assert!(judged.score > 0.0 && judged.score < 1.0);
    }

    #[test]
    fn what_is_given_is_compared_and_silence_has_no_measures() {
        let notes = [(Part::Guitar, 0, 4, 64), (Part::Strings, 0, 4, 64)];
        let mut judged = candidate(&notes);
        let given = [track_id(Part::Guitar)];
        judge(&mut judged, &[Part::Strings], Some(Key::default()), &given);
        assert_eq!(value(&judged, "follows"), Some(0.0));
        let mut silent = candidate(&[]);
        judge(&mut silent, &Part::ALL, None, &[]);
        assert_eq!(
            (value(&silent, "in key"), value(&silent, "harmony")),
            (None, None)
        );
        assert!(silent.score < judged.score);
    }

    #[test]
    fn news_are_what_was_not_there() {
        let before = candidate(&[(Part::Bass, 0, 4, 40), (Part::Bass, 8, 4, 43)]);
        let mut after = candidate(&[(Part::Bass, 0, 4, 40), (Part::Bass, 4, 4, 45)]);
        let cells = Cells {
            bars: 0..1,
            parts: vec![Part::Bass],
        };
        judge_news(&mut after, &before.clip, &cells);
        // One of three onsets is in both.
        assert!((value(&after, "new").unwrap() - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!(after.measures[0].merit, 1.0);
    }
}
