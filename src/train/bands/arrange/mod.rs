//! A POP909 song arranged for five: the piano as it was played, the other parts written by rules.
//!
//! What is drawn at random is drawn once for all sections that are alike, so that a chorus comes back as it was: who plays the
//! melody (once for the song), which parts play, the beat, the bass rhythm, the guitar pattern. All of it follows from the seed
//! and the song's number.

mod bass;
mod drums;
mod guitar;
mod strings;
mod voicing;

use std::collections::BTreeMap;

use rand::{Rng, RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::form::{self, Energy, Section};
use super::grooves::GrooveBook;
use super::harmony::Harmony;
use super::rhythms::{RhythmBook, draw_weighted};
use crate::tokens::band::{BandNote, BandRoll, STEPS_PER_BAR};
use crate::tokens::clip::{Clip, ClipNote};
use crate::tokens::part::Part;
use crate::tokens::theme_vocab::Voice;
use crate::train::corpus::WholeSong;

/// Fewest parts of a section.
const FEWEST_PARTS: usize = 3;

/// What the players know.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Books {
    /// Bass rhythms of bands.
    pub rhythms: RhythmBook,
    /// Beats and fills.
    pub grooves: GrooveBook,
}

/// A song on its way to five parts.
struct Score<'a> {
    song: &'a WholeSong,
    harmony: Harmony,
    /// The seven pitch classes that are heard most.
    scale: u16,
    /// Who plays the melody.
    lead: Part,
    /// By bar: whether anything is played in the original.
    played: Vec<bool>,
}

/// How a section, and all that are like it, is played.
struct Plan {
    drums: bool,
    bass: Option<bass::Plan>,
    guitar: guitar::Plan,
    strings: Option<strings::Plan>,
}

/// Arranges a song.
pub fn arrange(song: &WholeSong, books: &Books, seed: u64) -> BandRoll {
    let mut rng = Pcg64::seed_from_u64(seed << 16 | u64::from(song.number));
    let bars = song.clip.bars as usize;
    let harmony = Harmony::from_notes(&song.chords, bars);
    let sections = form::sections(&song.clip, &harmony);
    let lead = [Part::Guitar, Part::Strings, Part::Piano];
    let score = Score {
        song,
        harmony,
        scale: scale(&song.clip),
        lead: lead[draw_weighted(&[0.4, 0.3, 0.3], &mut rng).unwrap_or(0)],
        played: played(&song.clip),
    };
    let kit = drums::Kit::choose(&books.grooves, song.bpm, &mut rng);
    let mut plans: BTreeMap<usize, Plan> = BTreeMap::new();
    let mut roll = BandRoll::new(bars);
    let mut hands = Hands::default();
    for (index, section) in sections.iter().enumerate() {
        let plan = plans
            .entry(section.label)
            .or_insert_with(|| score.plan(section, index == 0, &kit, books, &mut rng));
        score.play_piano(section, &mut roll);
        if plan.drums {
            let first = index == 0 || section.bars.start == 0;
            kit.play(section, first, &score.played, &mut roll);
        }
        if let Some(plan) = &plan.bass {
            bass::play(&score, section, plan, &mut hands.bass, &mut roll);
        }
        guitar::play(&score, section, &plan.guitar, &mut hands.guitar, &mut roll);
        strings::play(
            &score,
            section,
            plan.strings.as_ref(),
            &mut hands.strings,
            &mut roll,
        );
    }
    roll
}

/// Where the players' hands are: what they played last.
#[derive(Default)]
struct Hands {
    bass: Option<u8>,
    guitar: Vec<u8>,
    strings: Vec<u8>,
}

impl Score<'_> {
    fn plan(
        &self,
        section: &Section,
        opening: bool,
        kit: &drums::Kit<'_>,
        books: &Books,
        rng: &mut impl Rng,
    ) -> Plan {
        let chance = |low: f64, middle: f64, high: f64| match section.energy {
            Energy::Low => low,
            Energy::Middle => middle,
            Energy::High => high,
        };
        let hold_back = if opening { 0.6 } else { 1.0 };
        let mut plays = |share: f64| rng.random::<f64>() < share;
        let mut drums = plays(chance(0.72, 0.97, 1.0) * hold_back) && kit.is_there();
        let mut bass = plays(chance(0.8, 0.97, 1.0) * hold_back);
        let mut guitar = plays(chance(0.6, 0.85, 0.95));
        let strings = plays(chance(0.4, 0.6, 0.85));
        // What leads is there anyway, and so is a bridge that the guitar can play.
        let leads = |part: Part| section.sung && self.lead == part;
        let bridge = self.voice_share(Voice::Bridge, section) > 0.0;
        let parts = |drums: bool, bass: bool, guitar: bool| {
            let others = [
                guitar || leads(Part::Guitar) || bridge,
                strings || leads(Part::Strings),
            ];
            let all = [drums, bass, others[0], others[1], true];
            all.into_iter().filter(|plays| *plays).count()
        };
        if parts(drums, bass, guitar) < FEWEST_PARTS {
            bass = true;
        }
        if parts(drums, bass, guitar) < FEWEST_PARTS {
            guitar = true;
        }
        if parts(drums, bass, guitar) < FEWEST_PARTS {
            drums = kit.is_there();
        }
        Plan {
            drums,
            bass: if bass {
                let kick = kit.kick(section.energy).filter(|_| drums);
                bass::Plan::draw(section, kick.as_deref(), &books.rhythms, rng)
            } else {
                None
            },
            guitar: guitar::Plan::draw(self, section, guitar, rng),
            strings: strings.then(|| strings::Plan::draw(section, rng)),
        }
    }

    /// The notes of a voice that begin in some bars.
    fn notes(&self, voice: Voice, bars: std::ops::Range<usize>) -> impl Iterator<Item = ClipNote> {
        let steps = bars.start * STEPS_PER_BAR..bars.end * STEPS_PER_BAR;
        let notes = self.song.clip.notes.iter().copied();
        notes.filter(move |note| note.voice == voice && steps.contains(&(note.step as usize)))
    }

    /// Share of a section's bars in which a voice begins notes.
    fn voice_share(&self, voice: Voice, section: &Section) -> f64 {
        let heard = |bar: &usize| self.notes(voice, *bar..bar + 1).next().is_some();
        let bars = section.bars.clone().filter(heard).count();
        bars as f64 / section.bars.len().max(1) as f64
    }

    fn play_piano(&self, section: &Section, roll: &mut BandRoll) {
        for note in self.notes(Voice::Piano, section.bars.clone()) {
            roll.add(Part::Piano, on_band_grid(note));
        }
        if self.lead == Part::Piano {
            self.play_melody(section, Part::Piano, roll);
        }
    }

    /// Gives a part the melody: one note at a time, the highest of those that begin together.
    fn play_melody(&self, section: &Section, part: Part, roll: &mut BandRoll) {
        let notes: Vec<BandNote> = self
            .notes(Voice::Melody, section.bars.clone())
            .map(on_band_grid)
            .collect();
        for note in one_at_a_time(notes) {
            roll.add(part, note);
        }
    }
}

/// One note at a time: the highest of those that begin together, each until the next begins.
fn one_at_a_time(mut notes: Vec<BandNote>) -> Vec<BandNote> {
    notes.sort_by_key(|note| (note.step, 255 - note.pitch));
    notes.dedup_by_key(|note| note.step);
    for index in 1..notes.len() {
        let next = notes[index].step;
        let note = &mut notes[index - 1];
        note.length = note.length.min(next - note.step);
    }
    notes
}

fn on_band_grid(note: ClipNote) -> BandNote {
    BandNote {
        step: note.step as usize,
        length: usize::from(note.length),
        pitch: note.pitch,
    }
}

/// The seven pitch classes that sound longest.
fn scale(clip: &Clip) -> u16 {
    let mut lengths = [0_u32; 12];
    for note in &clip.notes {
        lengths[usize::from(note.pitch % 12)] += u32::from(note.length);
    }
    let mut classes: Vec<usize> = (0..12).collect();
    classes.sort_by_key(|class| std::cmp::Reverse(lengths[*class]));
    classes[..7].iter().fold(0, |bits, class| bits | 1 << class)
}

fn played(clip: &Clip) -> Vec<bool> {
    let mut played = vec![false; clip.bars as usize];
    for note in &clip.notes {
        let from = note.step as usize / STEPS_PER_BAR;
        let to = (note.step as usize + usize::from(note.length) - 1) / STEPS_PER_BAR;
        for bar in from..=to {
            if let Some(bar) = played.get_mut(bar) {
                *bar = true;
            }
        }
    }
    played
}

#[cfg(test)]
mod tests;
