//! The drums: a beat for each energy, fills at the ends of sections, a beat of fill in their middle.

use rand::Rng;

use crate::tokens::band::{BandNote, BandRoll, STEPS_PER_BAR};
use crate::tokens::part::Part;
use crate::train::bands::form::{Energy, Section};
use crate::train::bands::grooves::{DrumBar, Fill, Groove, GrooveBook};
use crate::train::bands::harmony::BEAT;
use crate::train::bands::rhythms::draw_weighted;

/// General MIDI keys.
const KICK: u8 = 36;
const CRASH: u8 = 49;
/// Standard deviation of the tempo in octaves (9 %): a beat played slower or faster than it was meant loses its feel.
const TEMPO: f64 = 0.125;
/// A section shorter than this has no fill.
const SHORTEST_WITH_FILL: usize = 3;

/// How well a style suits a pop song; others hardly.
const STYLES: [(&str, f64); 11] = [
    ("pop", 4.0),
    ("rock", 3.0),
    ("soul", 3.0),
    ("funk", 2.0),
    ("country", 2.0),
    ("dance", 2.0),
    ("hiphop", 1.5),
    ("gospel", 1.5),
    ("punk", 0.7),
    ("reggae", 0.5),
    ("latin", 0.3),
];

/// The beats and fills of a song, from one style.
#[derive(Debug, Clone)]
pub(super) struct Kit<'a> {
    /// For each energy, ever denser.
    grooves: Vec<&'a Groove>,
    fills: Vec<&'a Fill>,
}

fn style(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

fn nearness(bpm: f64, song: f64) -> f64 {
    let octaves = (bpm / song).log2() / TEMPO;
    (-0.5 * octaves * octaves).exp().max(1e-9)
}

impl<'a> Kit<'a> {
    /// Draws beats and fills near the song's tempo.
    pub(super) fn choose(book: &'a GrooveBook, bpm: f64, rng: &mut impl Rng) -> Self {
        let suits = |name: &str| {
            let found = STYLES.iter().find(|(known, _)| *known == style(name));
            found.map_or(0.02, |(_, weight)| *weight)
        };
        let weights: Vec<f64> = (book.grooves.iter())
            .map(|groove| suits(&groove.style) * nearness(groove.bpm, bpm))
            .collect();
        let Some(first) = draw_weighted(&weights, rng).map(|index| &book.grooves[index]) else {
            return Self {
                grooves: Vec::new(),
                fills: Vec::new(),
            };
        };
        let same = |name: &str| style(name) == style(&first.style);
        let weights: Vec<f64> = (book.grooves.iter())
            .map(|groove| f64::from(u8::from(same(&groove.style))) * nearness(groove.bpm, bpm))
            .collect();
        let mut draw = || draw_weighted(&weights, rng).map_or(first, |index| &book.grooves[index]);
        let mut grooves = vec![first, draw(), draw()];
        grooves.sort_by(|a, b| a.density().total_cmp(&b.density()));
        let weights: Vec<f64> = (book.fills.iter())
            .map(|fill| {
                let likes = if same(&fill.style) {
                    1.0
                } else {
                    0.05 * suits(&fill.style)
                };
                likes * nearness(fill.bpm, bpm)
            })
            .collect();
        let fills = (0..2)
            .filter_map(|_| draw_weighted(&weights, rng).map(|index| &book.fills[index]))
            .collect();
        Self { grooves, fills }
    }

    /// Whether there is a beat to play.
    pub(super) fn is_there(&self) -> bool {
        !self.grooves.is_empty()
    }

    fn groove(&self, energy: Energy) -> Option<&'a Groove> {
        self.grooves.get(energy as usize).copied()
    }

    /// The steps of the bar on which the beat has the kick drum.
    pub(super) fn kick(&self, energy: Energy) -> Option<Vec<usize>> {
        let bar = &self.groove(energy)?.bars[0];
        let kick = bar.iter().filter(|(_, key)| *key == KICK);
        Some(kick.map(|(step, _)| *step).collect())
    }

    /// Plays a section: its beat, a fill in its last bar, a crash at its beginning unless it is quiet or the song's first. Bars in
    /// which nobody else plays are silent; the song's last bar is one stroke.
    pub(super) fn play(
        &self,
        section: &Section,
        opening: bool,
        played: &[bool],
        roll: &mut BandRoll,
    ) {
        let Some(groove) = self.groove(section.energy) else {
            return;
        };
        let fills = section.bars.len() >= SHORTEST_WITH_FILL && section.energy != Energy::Low;
        let fill = self.fills.get(section.label % self.fills.len().max(1));
        for bar in section
            .bars
            .clone()
            .filter(|bar| played.get(*bar) == Some(&true))
        {
            let mut strokes: DrumBar = groove.bars[(bar - section.bars.start) % 2].clone();
            // In the middle of eight bars the fill is only a beat long.
            let from = match section.bars.end - bar {
                1 => 0,
                5 if section.bars.len() == 8 => STEPS_PER_BAR - BEAT,
                _ => STEPS_PER_BAR,
            };
            if let Some(fill) = fill.filter(|_| fills && from < STEPS_PER_BAR) {
                strokes.retain(|(step, _)| *step < from);
                strokes.extend(fill.bar.iter().filter(|(step, _)| *step >= from));
            }
            let crashes = bar == section.bars.start && section.energy != Energy::Low && !opening;
            if bar + 1 == played.len() {
                strokes = vec![(0, KICK), (0, CRASH)];
            } else if crashes {
                // The hand that crashes leaves the cymbal it was on.
                strokes.retain(|(step, key)| *step > 0 || !matches!(key, 42 | 46 | 51 | 53));
                strokes.extend([(0, KICK), (0, CRASH)]);
            }
            for (step, pitch) in strokes {
                let note = BandNote {
                    step: bar * STEPS_PER_BAR + step,
                    length: 1,
                    pitch,
                };
                roll.add(Part::Drums, note);
            }
        }
    }
}
