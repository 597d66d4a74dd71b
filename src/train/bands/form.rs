//! The form of a song: sections of up to eight bars, which of them are alike, and how full they are.

use std::ops::Range;

use super::harmony::Harmony;
use crate::tokens::clip::{Clip, ClipNote};
use crate::tokens::theme_vocab::Voice;

const STEPS: usize = 16;
/// The longest section in bars.
const LONGEST: usize = 8;
/// A section shorter than this joins its neighbour.
const SHORTEST: usize = 3;
/// Bars without melody that make an interlude.
const REST: usize = 2;
/// Share of beats with equal chords that makes two sections alike.
const ALIKE: f64 = 0.75;

/// How full a section is, compared with the others of its song.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Energy {
    /// The quietest third.
    Low,
    /// The middle.
    Middle,
    /// The fullest third.
    High,
}

/// A stretch of bars that is played in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its bars.
    pub bars: Range<usize>,
    /// Sections with one label are alike.
    pub label: usize,
    /// Whether the melody is heard in half of its bars or more.
    pub sung: bool,
    /// Of all sections with its label.
    pub energy: Energy,
}

/// The sections of a song, in order and without gaps. A section begins where the melody enters after two bars' rest or more,
/// where such a rest begins, and every eight bars.
pub fn sections(clip: &Clip, harmony: &Harmony) -> Vec<Section> {
    let bars = clip.bars as usize;
    let melody = melody_bars(clip);
    let mut sections: Vec<Section> = Vec::new();
    for span in spans(&melody, bars) {
        let sung = melody[span.clone()].iter().filter(|bar| **bar).count() * 2 >= span.len();
        let alike = sections
            .iter()
            .find(|other| other.sung == sung && likeness(harmony, &other.bars, &span) >= ALIKE)
            .map(|other| other.label);
        let new = sections.iter().map(|other| other.label + 1).max();
        sections.push(Section {
            bars: span,
            label: alike.or(new).unwrap_or(0),
            sung,
            energy: Energy::Middle,
        });
    }
    set_energies(&mut sections, clip);
    sections
}

/// In which bars the melody begins a note. A pickup, which begins in the last half of a bar after a bar of rest and goes on in
/// the next one, is counted to the next.
fn melody_bars(clip: &Clip) -> Vec<bool> {
    let bars = clip.bars as usize;
    let mut first = vec![None; bars];
    for note in clip.notes.iter().filter(|note| note.voice == Voice::Melody) {
        let bar = note.step as usize / STEPS;
        if let Some(first) = first.get_mut(bar) {
            let step = note.step as usize % STEPS;
            *first = Some(first.map_or(step, |earliest: usize| earliest.min(step)));
        }
    }
    let heard: Vec<bool> = first.iter().map(Option::is_some).collect();
    (0..bars)
        .map(|bar| {
            let rested = bar == 0 || !heard[bar - 1];
            let goes_on = heard.get(bar + 1) == Some(&true);
            let pickup = rested && goes_on && first[bar].is_some_and(|step| step >= STEPS / 2);
            heard[bar] && !pickup
        })
        .collect()
}

fn spans(melody: &[bool], bars: usize) -> Vec<Range<usize>> {
    // Rests of one bar belong to the phrase.
    let mut sung = melody.to_vec();
    let mut bar = 0;
    while bar < bars {
        let rest = melody[bar..].iter().take_while(|heard| !**heard).count();
        let inside = bar > 0 && bar + rest < bars;
        if (1..REST).contains(&rest) && inside {
            sung[bar..bar + rest].fill(true);
        }
        bar += rest.max(1);
    }
    let mut cuts: Vec<usize> = (1..bars)
        .filter(|bar| sung[*bar] != sung[bar - 1])
        .collect();
    cuts.push(bars);
    let mut spans: Vec<Range<usize>> = Vec::new();
    let mut from = 0;
    for to in cuts {
        if to - from < SHORTEST && to < bars {
            continue;
        }
        while to - from > LONGEST {
            let rest = to - from - LONGEST;
            let take = if rest < SHORTEST {
                LONGEST / 2
            } else {
                LONGEST
            };
            spans.push(from..from + take);
            from += take;
        }
        if to > from {
            spans.push(from..to);
            from = to;
        }
    }
    spans
}

/// Share of beats with equal chords; 0 for spans of other lengths.
fn likeness(harmony: &Harmony, a: &Range<usize>, b: &Range<usize>) -> f64 {
    if a.len() != b.len() || a.is_empty() {
        return 0.0;
    }
    let beats = a.len() * 4;
    let chord = |span: &Range<usize>, beat: usize| harmony.at(span.start * STEPS + beat * 4);
    let equal = (0..beats).filter(|beat| chord(a, *beat) == chord(b, *beat));
    equal.count() as f64 / beats as f64
}

/// Ranks the labels by how much is played and how high the melody is.
fn set_energies(sections: &mut [Section], clip: &Clip) {
    let labels = sections.iter().map(|section| section.label + 1).max();
    let mut ranks: Vec<(usize, f64)> = (0..labels.unwrap_or(0))
        .map(|label| {
            let alike = sections.iter().filter(|section| section.label == label);
            let bars: Vec<usize> = alike.flat_map(|section| section.bars.clone()).collect();
            (label, fullness(clip, &bars))
        })
        .collect();
    ranks.sort_by(|a, b| a.1.total_cmp(&b.1));
    for section in sections {
        let rank = ranks.iter().position(|(label, _)| *label == section.label);
        // The third that the middle of the rank's share lies in: a lone label is in the middle.
        section.energy = match (rank.unwrap_or(0) * 2 + 1) * 3 / (ranks.len() * 2).max(1) {
            0 => Energy::Low,
            1 => Energy::Middle,
            _ => Energy::High,
        };
    }
}

/// Notes of all voices in a bar, and a third of the melody's mean pitch above middle C.
fn fullness(clip: &Clip, bars: &[usize]) -> f64 {
    let inside = |note: &&ClipNote| bars.contains(&(note.step as usize / STEPS));
    let notes = clip.notes.iter().filter(inside).count() as f64;
    let melody: Vec<f64> = (clip.notes.iter().filter(inside))
        .filter(|note| note.voice == Voice::Melody)
        .map(|note| f64::from(note.pitch) - 60.0)
        .collect();
    let height = melody.iter().sum::<f64>() / melody.len().max(1) as f64;
    notes / bars.len().max(1) as f64 + height / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(voice: Voice, step: u32, pitch: u8) -> ClipNote {
        ClipNote {
            voice,
            step,
            length: 4,
            pitch,
            velocity: 80,
        }
    }

    /// Four bars of piano, then twice eight bars with melody (the second an octave higher), a pickup before the first.
    fn song() -> (Clip, Harmony) {
        let mut notes: Vec<ClipNote> = (0..20)
            .map(|bar| note(Voice::Piano, bar * 16, 48))
            .collect();
        notes.push(note(Voice::Melody, 3 * 16 + 12, 60));
        notes.extend((4..12).map(|bar| note(Voice::Melody, bar * 16, 62)));
        notes.extend((12..20).map(|bar| note(Voice::Melody, bar * 16, 74)));
        let clip = Clip {
            bars: 20,
            notes,
            ..Clip::default()
        };
        let chords: Vec<(u32, u32, u8)> = (0..20)
            .map(|bar| (bar * 16, 16, if bar < 12 { 48 } else { 53 }))
            .collect();
        (clip, Harmony::from_notes(&chords, 20))
    }

    #[test]
    fn sections_begin_where_the_melody_enters() {
        let (clip, harmony) = song();
        let found = sections(&clip, &harmony);
        let spans: Vec<_> = found.iter().map(|section| section.bars.clone()).collect();
        assert_eq!(spans, [0..4, 4..12, 12..20]);
        let told: Vec<_> = (found.iter())
            .map(|section| (section.label, section.sung, section.energy))
            .collect();
        let expected = [
            (0, false, Energy::Low),
            (1, true, Energy::Middle),
            (2, true, Energy::High),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn equal_chords_make_equal_sections() {
        let (clip, _) = song();
        let chords: Vec<_> = (0..20).map(|bar| (bar * 16, 16, 48)).collect();
        let found = sections(&clip, &Harmony::from_notes(&chords, 20));
        let labels: Vec<_> = found.iter().map(|section| section.label).collect();
        assert_eq!(labels, [0, 1, 1]);
    }

    #[test]
    fn long_stretches_are_cut_into_eights_without_scraps() {
        let lengths = |bars: usize| -> Vec<usize> {
            let spans = spans(&vec![true; bars], bars);
            spans.into_iter().map(|span| span.len()).collect()
        };
        assert_eq!(lengths(16), [8, 8]);
        assert_eq!(lengths(18), [8, 4, 6]);
        assert!(lengths(0).is_empty());
        assert_eq!(lengths(1), [1]);
    }
}
