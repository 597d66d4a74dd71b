//! Judging candidates by named measures.

use super::{Better, Candidate, Measured, Theme};
use crate::measure::fragment::Fragment;
use crate::measure::memory::MelodyMemory;
use crate::measure::pianoroll::{TrackMeasures, best_key_share, share_in};
use crate::measure::theme::ThemePiece;
use crate::score::{Key, Note, Song, Span, Tick, Track};
use crate::tokens::clip::bar_ticks;
use crate::tokens::theme_vocab::Voice;

/// Mean dissimilarity of two-bar windows of melody in songs that people wrote: neither one phrase over and over nor no
/// phrase twice.
const HUMAN_VARIETY: f64 = 0.78;

/// The measures of a candidate, those that are defined.
pub(crate) fn measures(clip: &Song, bars: u32, theme: &Theme, scale: Option<Key>) -> Vec<Measured> {
    let span = Span {
        start: Tick::ZERO,
        end: bar_ticks() * i64::from(bars),
    };
    let Some(melody) = clip.tracks.first() else {
        return Vec::new();
    };
    let fragment = theme.clip.melody();
    let regions: Vec<Span> = clip.themes.iter().map(|region| region.span).collect();
    let piece = ThemePiece {
        melody,
        metre: &clip.metre,
        span,
        theme: &fragment,
        theme_bars: theme.clip.bars,
        regions: &regions,
    }
    .measures();
    let line = TrackMeasures::of(melody, &clip.metre, span);
    let notes = || clip.tracks.iter().flat_map(|track| track.notes());
    let key = scale.or(theme.key);
    let in_key = key.map_or_else(
        || best_key_share(notes()),
        |key| share_in(notes(), key.pitch_classes()),
    );
    let theme_density = theme
        .clip
        .notes
        .iter()
        .filter(|note| note.voice == Voice::Melody)
        .count() as f64
        / f64::from(theme.clip.bars.max(1));
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
    add(
        "theme",
        "How closely the theme's returns resemble it, 0 to 1",
        piece.uncontrollability.map(|u| 1.0 - u),
        Better::Higher,
        &|s| s,
    );
    add(
        "in key",
        "Share of notes in the key of the theme",
        in_key,
        Better::Higher,
        &|share| 1.0 - (1.0 - share) * 4.0,
    );
    add(
        "melody",
        "Share of bars in which the melody plays",
        line.empty_bars.map(|empty| 1.0 - empty),
        Better::Higher,
        &|share| share,
    );
    add(
        "density",
        "Melody notes in a bar, compared with the theme's",
        line.notes_per_bar.filter(|_| theme_density > 0.0),
        Better::Near(theme_density),
        &|density| (density / theme_density).min(theme_density / density.max(1e-9)),
    );
    add(
        "variety",
        "How much its two-bar phrases differ, 0 to 1",
        piece.melody_inconsistency,
        Better::Near(HUMAN_VARIETY),
        &|variety| 1.0 - (variety - HUMAN_VARIETY).abs() * 2.0,
    );
    add(
        "groove",
        "How alike the rhythms of neighbouring bars are, 0 to 1",
        piece.grooving_consistency,
        Better::Higher,
        &|groove| groove,
    );
    add(
        "ending",
        "1 where the melody ends on the key note, 0.7 on its third or fifth",
        key.and_then(|key| ending(melody, key)),
        Better::Higher,
        &|settled| settled,
    );
    measures
}

/// How many notes in a row a melody shares with a song that the network learnt from, outside the theme's returns; `None`
/// where these songs are not known.
pub(crate) fn borrowed(clip: &Song, memory: Option<&MelodyMemory>) -> Option<Measured> {
    let (memory, melody) = (memory?, clip.tracks.first()?);
    let mut ends: Vec<Tick> = (clip.themes.iter())
        .flat_map(|region| [region.span.start, region.span.end])
        .collect();
    ends.sort_unstable();
    let returns = |note: &Note| {
        let mut regions = clip.themes.iter();
        regions.any(|region| region.span.contains(note.start))
    };
    let stretch = |note: &Note| ends.partition_point(|end| *end <= note.start);
    let longest = (melody.notes())
        .chunk_by(|a, b| stretch(a) == stretch(b))
        .filter(|notes| !notes.first().is_some_and(returns))
        .map(|notes| memory.longest_run(&Fragment::of(notes)))
        .max()? as f64;
    // Songs share seven notes as a rule and thirteen never.
    let (common, most) = (7.0, MelodyMemory::most_notes() as f64);
    Some(Measured {
        name: "borrowed",
        meaning: "Notes in a row that the melody shares with a song of the training; 0 below seven",
        value: longest,
        better: Better::Lower,
        merit: (1.0 - (longest - common) / (most - common)).clamp(0.0, 1.0),
    })
}

/// The score of a candidate: the mean merit of its measures; 0 without any.
pub(crate) fn score(measures: &[Measured]) -> f32 {
    if measures.is_empty() {
        return 0.0;
    }
    (measures.iter().map(|measure| measure.merit).sum::<f64>() / measures.len() as f64) as f32
}

/// The best first; of equals the one with the lower number.
pub(crate) fn sort(candidates: &mut [Candidate]) {
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.index.cmp(&b.index)));
}

/// How settled the melody's last note is in `key`.
fn ending(melody: &Track, key: Key) -> Option<f64> {
    let last = melody.notes().last()?;
    let above = (i32::from(last.pitch.get()) - i32::from(key.tonic.get())).rem_euclid(12);
    Some(match above {
        0 => 1.0,
        3 | 4 | 7 => 0.7,
        _ => 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{Tempo, TrackId};
    use crate::tokens::clip::{Clip, ClipNote};

    fn line(pitches: &[u8]) -> Clip {
        Clip {
            bars: pitches.len() as u32 / 4,
            notes: (0..)
                .zip(pitches)
                .map(|(beat, pitch)| ClipNote {
                    voice: Voice::Melody,
                    step: beat * 4,
                    length: 4,
                    pitch: *pitch,
                    velocity: 80,
                })
                .collect(),
            ..Clip::default()
        }
    }

    fn theme() -> Theme {
        Theme {
            clip: line(&[60, 62, 64, 65, 67, 65, 64, 62]),
            melody: TrackId(1),
            piano: None,
            bpm: 119,
            key: Some(Key::default()),
            remarks: vec![],
        }
    }

    fn judged(pitches: &[u8], regions: Vec<std::ops::Range<u32>>) -> Vec<Measured> {
        let clip = Clip {
            themes: regions,
            ..line(pitches)
        };
        measures(&clip.to_song(Tempo::default()), clip.bars, &theme(), None)
    }

    fn value(measures: &[Measured], name: &str) -> Option<f64> {
        measures
            .iter()
            .find(|measure| measure.name == name)
            .map(|measure| measure.value)
    }

    #[test]
    fn measures_say_what_was_written() {
        let copy = judged(
            &[
                60, 62, 64, 65, 67, 65, 64, 62, 66, 62, 64, 65, 67, 65, 62, 60,
            ],
            std::iter::once(0..2).collect(),
        );
        assert_eq!(value(&copy, "theme"), Some(1.0));
        assert_eq!(value(&copy, "in key"), Some(15.0 / 16.0));
        assert_eq!(value(&copy, "density"), Some(4.0));
        assert_eq!(value(&copy, "ending"), Some(1.0));
        assert_eq!(value(&copy, "melody"), Some(1.0));
        let without = judged(&[61, 63, 66, 68], vec![]);
        assert_eq!(value(&without, "theme"), None);
        assert_eq!(value(&without, "ending"), Some(0.0));
        assert!(score(&copy) > score(&without));
        assert_eq!(score(&[]), 0.0);
    }

    #[test]
    fn what_is_borrowed_is_counted_outside_returns() {
        let pitches = [60, 62, 64, 65, 67, 65, 64, 62, 60, 59, 57, 55];
        let clip = |themes: &[std::ops::Range<u32>]| {
            Clip {
                themes: themes.to_vec(),
                ..line(&pitches)
            }
            .to_song(Tempo::default())
        };
        let song = clip(&[]);
        let memory = MelodyMemory::of(&[Fragment::of(song.tracks[0].notes())]);
        let borrowed =
            |song: &Song| borrowed(song, Some(&memory)).map(|b| (b.value, b.merit > 0.5));
        assert_eq!(borrowed(&song), Some((11.0, false)));
        let second_bar: Vec<std::ops::Range<u32>> = std::iter::once(1..2).collect();
        assert_eq!(borrowed(&clip(&second_bar)), Some((0.0, true)));
        let first_bar: Vec<std::ops::Range<u32>> = std::iter::once(0..1).collect();
        assert_eq!(borrowed(&clip(&first_bar)), Some((7.0, true)));
        assert!(super::borrowed(&song, None).is_none());
    }

    #[test]
    fn an_empty_candidate_has_no_made_up_measures() {
        let empty = judged(&[], vec![]);
        assert_eq!(value(&empty, "in key"), None);
        assert_eq!(value(&empty, "ending"), None);
    }
}
