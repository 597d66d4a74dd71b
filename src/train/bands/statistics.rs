//! The measures of many phrases, and how far they are from those of others.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::measure::grid::mean;
use crate::measure::pianoroll::{TrackMeasures, tonal_distance};
use crate::measure::reference::{self, Distance};
use crate::score::{MetreMap, Span, Tick, Track, TrackId, Velocity};
use crate::tokens::band::{BandRoll, STEPS_PER_BAR};
use crate::tokens::part::Part;

/// The parts with pitches.
const PITCHED: [Part; 4] = [Part::Piano, Part::Guitar, Part::Bass, Part::Strings];

/// A measure of a phrase, as the `MuseGAN` paper defines it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// EB: empty bars / bars.
    EmptyBars(Part),
    /// UPC: distinct pitch classes of a bar that is not empty.
    UsedPitchClasses(Part),
    /// QN: share of notes of an eighth or longer.
    QualifiedNotes(Part),
    /// DP of the drums.
    DrumPattern,
    /// TD between two parts, mean over the beats in which both sound.
    TonalDistance(Part, Part),
    /// Notes that begin in a bar; not one of the paper's, and not counted in the mean distance.
    NotesPerBar(Part),
}

impl Measure {
    /// All of them: EB of five parts, UPC and QN of four, DP, TD of six pairs, notes a bar of five.
    pub fn all() -> Vec<Self> {
        let pairs = (0..PITCHED.len()).flat_map(|a| (a + 1..PITCHED.len()).map(move |b| (a, b)));
        Part::ALL
            .into_iter()
            .map(Self::EmptyBars)
            .chain(PITCHED.into_iter().map(Self::UsedPitchClasses))
            .chain(PITCHED.into_iter().map(Self::QualifiedNotes))
            .chain([Self::DrumPattern])
            .chain(pairs.map(|(a, b)| Self::TonalDistance(PITCHED[a], PITCHED[b])))
            .chain(Part::ALL.into_iter().map(Self::NotesPerBar))
            .collect()
    }

    /// Whether the mean distance counts it: the paper's measures.
    pub fn counts(self) -> bool {
        !matches!(self, Self::NotesPerBar(_))
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyBars(part) => write!(f, "EB {part}"),
            Self::UsedPitchClasses(part) => write!(f, "UPC {part}"),
            Self::QualifiedNotes(part) => write!(f, "QN {part}"),
            Self::DrumPattern => f.write_str("DP drums"),
            Self::TonalDistance(a, b) => write!(f, "TD {a} {b}"),
            Self::NotesPerBar(part) => write!(f, "notes/bar {part}"),
        }
    }
}

/// The measures of phrases.
#[derive(Debug, Clone, PartialEq)]
pub struct BandStatistics {
    measures: Vec<Measure>,
    /// Phrase by phrase, in the order of [`Measure::all`]; `None` where a measure is not defined.
    phrases: Vec<Vec<Option<f64>>>,
}

impl BandStatistics {
    /// Measures phrases (of any number of bars).
    pub fn of(phrases: impl IntoIterator<Item = BandRoll>) -> Self {
        let measures = Measure::all();
        let phrases = phrases.into_iter();
        Self {
            phrases: phrases.map(|phrase| measure(&phrase, &measures)).collect(),
            measures,
        }
    }

    /// How many phrases were measured.
    pub fn len(&self) -> usize {
        self.phrases.len()
    }

    /// Whether there was none.
    pub fn is_empty(&self) -> bool {
        self.phrases.is_empty()
    }

    /// The measures in the order of the rows of [`Self::phrases`].
    pub fn measures(&self) -> &[Measure] {
        &self.measures
    }

    /// The values phrase by phrase, each as long as [`Self::measures`]; `None` where a measure is not defined.
    pub fn phrases(&self) -> &[Vec<Option<f64>>] {
        &self.phrases
    }

    /// The values of one measure where it is defined.
    pub fn values(&self, measure: Measure) -> Vec<f64> {
        let Some(index) = self.measures.iter().position(|other| *other == measure) else {
            return Vec::new();
        };
        let phrases = self.phrases.iter();
        phrases
            .filter_map(|values| values.get(index).copied().flatten())
            .collect()
    }

    /// The mean of one measure over the phrases in which it is defined.
    pub fn mean(&self, measure: Measure) -> Option<f64> {
        mean(self.values(measure))
    }

    /// How far these phrases are from reference phrases, measure by measure.
    pub fn against(&self, reference: &Self) -> BandDistance {
        let distance = |measure: &Measure| {
            let distance = reference::distance(&self.values(*measure), &reference.values(*measure));
            (*measure, distance)
        };
        BandDistance {
            measures: self.measures.iter().map(distance).collect(),
        }
    }

    /// The means, by the measures' names; null where none is defined.
    pub fn to_json(&self) -> Value {
        let means = self.measures.iter();
        let means = means.map(|measure| (measure.to_string(), json!(self.mean(*measure))));
        Value::Object(means.collect::<Map<_, _>>())
    }
}

/// How far phrases are from a reference.
#[derive(Debug, Clone, PartialEq)]
pub struct BandDistance {
    /// By measure; `None` where one of the two has no value.
    pub measures: Vec<(Measure, Option<Distance>)>,
}

impl BandDistance {
    /// The distance of one measure.
    pub fn of(&self, measure: Measure) -> Option<Distance> {
        let found = self.measures.iter().find(|(other, _)| *other == measure);
        found.and_then(|(_, distance)| *distance)
    }

    fn counted(&self) -> Vec<Distance> {
        let counted = self.measures.iter().filter(|(measure, _)| measure.counts());
        counted.filter_map(|(_, distance)| *distance).collect()
    }

    /// The one figure: mean over the paper's measures of |difference of means| / standard deviation of the reference.
    pub fn mean(&self) -> Option<f64> {
        reference::mean_distance(&self.counted())
    }

    /// Mean overlapping area over the paper's measures, 0..=1; 1 is best.
    pub fn mean_overlap(&self) -> Option<f64> {
        mean(
            self.counted()
                .iter()
                .filter_map(|distance| distance.overlap),
        )
    }
}

/// The means of several sets side by side, and for all but the first their distance from the first (difference of means in
/// standard deviations; overlapping area). The last line is the mean over the paper's measures.
pub fn table(sets: &[(&str, &BandStatistics)]) -> String {
    let Some(((_, reference), others)) = sets.split_first() else {
        return String::new();
    };
    let distances: Vec<BandDistance> = others
        .iter()
        .map(|(_, set)| set.against(reference))
        .collect();
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
    let distance_cells = |distance: Option<f64>, overlap: Option<f64>| {
        format!("{:>10}{:>9}", number(distance), number(overlap))
    };
    // A cell for each set, the distances behind all but the first.
    let line = |name: String, cell: &dyn Fn(usize) -> String, behind: &dyn Fn(usize) -> String| {
        let cells = (0..sets.len()).map(|index| match index {
            0 => format!("{:>28}", cell(0)),
            _ => format!("{:>28}{}", cell(index), behind(index - 1)),
        });
        format!("{name:<22}{}", cells.collect::<String>())
    };
    let mut lines = vec![line(
        "phrases".to_owned(),
        &|index| format!("{} ({})", sets[index].0, sets[index].1.len()),
        &|_| format!("{:>10}{:>9}", "distance", "overlap"),
    )];
    lines.extend(reference.measures.iter().map(|measure| {
        line(
            measure.to_string(),
            &|index| number(sets[index].1.mean(*measure)),
            &|index| {
                let distance = distances[index].of(*measure);
                distance_cells(
                    distance.and_then(|d| d.mean),
                    distance.and_then(|d| d.overlap),
                )
            },
        )
    }));
    lines.push(line("mean".to_owned(), &|_| String::new(), &|index| {
        distance_cells(distances[index].mean(), distances[index].mean_overlap())
    }));
    lines.join("\n")
}

fn measure(phrase: &BandRoll, measures: &[Measure]) -> Vec<Option<f64>> {
    let metre = MetreMap::default();
    let span = Span {
        start: Tick::ZERO,
        end: Tick::SIXTEENTH * (phrase.bars() * STEPS_PER_BAR) as i64,
    };
    let tracks: Vec<Track> = Part::ALL
        .into_iter()
        .map(|part| {
            let id = TrackId(part.index() as u32 + 1);
            Track::new(id, part.to_string(), part.instrument(), part.role())
                .with_notes(phrase.score_notes(part, Velocity::DEFAULT))
        })
        .collect();
    let of: Vec<TrackMeasures> = tracks
        .iter()
        .map(|track| TrackMeasures::of(track, &metre, span))
        .collect();
    let value = |measure: &Measure| match *measure {
        Measure::EmptyBars(part) => of[part.index()].empty_bars,
        Measure::UsedPitchClasses(part) => of[part.index()].used_pitch_classes,
        Measure::QualifiedNotes(part) => of[part.index()].qualified_notes,
        Measure::DrumPattern => of[Part::Drums.index()].drum_pattern,
        Measure::TonalDistance(a, b) => {
            tonal_distance(&tracks[a.index()], &tracks[b.index()], &metre, span)
        }
        Measure::NotesPerBar(part) => of[part.index()].notes_per_bar,
    };
    measures.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::band::BandNote;

    fn roll(notes: &[(Part, usize, usize, u8)]) -> BandRoll {
        let mut roll = BandRoll::new(4);
        for (part, step, length, pitch) in notes {
            let note = BandNote {
                step: *step,
                length: *length,
                pitch: *pitch,
            };
            roll.add(*part, note);
        }
        roll
    }

    #[test]
    fn a_phrase_by_hand() {
        let phrase = roll(&[
            (Part::Drums, 0, 1, 36),
            (Part::Drums, 3, 1, 42),
            // Piano in two of four bars: C and E for an eighth, G for a sixteenth.
            (Part::Piano, 0, 2, 60),
            (Part::Piano, 0, 2, 64),
            (Part::Piano, 16, 1, 67),
            (Part::Bass, 0, 4, 36),
            (Part::Strings, 16, 4, 55),
        ]);
        let statistics = BandStatistics::of([phrase]);
        let mean = |measure| statistics.mean(measure);
        assert_eq!(mean(Measure::EmptyBars(Part::Piano)), Some(0.5));
        assert_eq!(mean(Measure::EmptyBars(Part::Guitar)), Some(1.0));
        assert_eq!(mean(Measure::UsedPitchClasses(Part::Piano)), Some(1.5));
        assert_eq!(mean(Measure::UsedPitchClasses(Part::Guitar)), None);
        assert_eq!(mean(Measure::QualifiedNotes(Part::Piano)), Some(2.0 / 3.0));
        assert_eq!(mean(Measure::DrumPattern), Some(0.65));
        // G in the piano and G in the strings: the only beat in which both sound.
        let td = mean(Measure::TonalDistance(Part::Piano, Part::Strings));
        assert!(td.is_some_and(|td| td.abs() < 1e-12), "{td:?}");
        assert_eq!(
            mean(Measure::TonalDistance(Part::Bass, Part::Strings)),
            None
        );
        assert_eq!(mean(Measure::NotesPerBar(Part::Piano)), Some(0.75));
        assert_eq!(statistics.measures().len(), 25);
    }

    #[test]
    fn a_set_is_at_no_distance_from_itself() {
        let piano = |steps: &[usize]| {
            let notes: Vec<_> = steps
                .iter()
                .map(|step| (Part::Piano, *step, 2, 60 + (*step % 5) as u8))
                .collect();
            roll(&notes)
        };
        let set = BandStatistics::of([piano(&[0]), piano(&[0, 17]), piano(&[0, 17, 34])]);
        let distance = set.against(&set);
        assert_eq!(distance.mean(), Some(0.0));
        let eb = Measure::EmptyBars(Part::Piano);
        assert!(distance.of(eb).and_then(|d| d.overlap) > Some(0.99));
        // Empty bars 1/4 instead of 3/4, 1/2, 1/4: a quarter from the mean, deviation sqrt(1/24).
        let full = BandStatistics::of([piano(&[0, 17, 34])]);
        let away = full
            .against(&set)
            .of(eb)
            .and_then(|d| d.mean)
            .unwrap_or_default();
        assert!((away - 0.25 * 24_f64.sqrt()).abs() < 1e-9, "{away}");
        let text = table(&[("real", &set), ("made", &full)]);
        assert_eq!(text.lines().count(), 27);
        assert!(text.contains("made (1)"), "{text}");
    }
}
