//! A song as the performer would play it.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use super::play::{held, moved, shift};
use super::timing::Lead;
use super::{ModelError, Performer, strokes};
use crate::score::{Note, Song, Tick, Track, Velocity};
use crate::tokens::band::{BandNote, STEPS_PER_BAR};
use crate::tokens::expression::{Player, Stroke};

/// Steps of a phrase, whose loudness as a whole is kept.
const PHRASE: usize = 4 * STEPS_PER_BAR;
/// A note this near to a line of the grid, in ticks, is on it.
const NEAR: i64 = Tick::SIXTEENTH.0 / 16;

/// A song that was played, and what happened to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Humanised {
    /// The song.
    pub song: Song,
    /// Notes whose velocity or place changed.
    pub changed: usize,
    /// Notes that kept their place because it was off the grid already.
    pub off_grid: usize,
}

/// Plays every track of a song: velocities go `strength` of the way (0.0..=1.0) to the performer's, every four bars as loud as
/// they were, and notes on the grid of sixteenths move by `strength` of the performer's timing. Notes between the lines (triplets, what was played in) keep their
/// place; locked notes and tracks stay as they are. Bars are those of the song's metre, the tempo of a track that at its
/// first note.
///
/// # Errors
/// When a network fails.
pub fn humanise(
    performer: &dyn Performer,
    song: &Song,
    strength: f32,
    seed: u64,
) -> Result<Humanised, ModelError> {
    let strength = held(strength);
    let mut lead = Lead::default();
    let mut result = Humanised {
        song: song.clone(),
        changed: 0,
        off_grid: 0,
    };
    // The drums first: the others follow them.
    let mut order: Vec<usize> = (0..song.tracks.len()).collect();
    order.sort_by_key(|index| !song.tracks[*index].instrument.drums);
    for index in order {
        let track = &song.tracks[index];
        if track.locked || track.notes().is_empty() {
            continue;
        }
        let seed = seed.wrapping_add(u64::from(track.id.0) << 32);
        let played = play_track(performer, song, track, &mut lead, strength, seed)?;
        let after: HashSet<&Note> = played.iter().collect();
        let before = track.notes().iter();
        result.changed += before.filter(|note| !after.contains(note)).count();
        let lines = track.notes().iter();
        result.off_grid += lines.filter(|note| off_line(song, note).0 > NEAR).count();
        result.song.tracks[index] = Arc::new(track.with_notes(played));
    }
    Ok(result)
}

fn play_track(
    performer: &dyn Performer,
    song: &Song,
    track: &Track,
    lead: &mut Lead,
    strength: f32,
    seed: u64,
) -> Result<Vec<Note>, ModelError> {
    let player = Player::of_track(track.instrument, track.role);
    let notes = track.notes();
    let places = Places::of(song);
    let mut on_grid: Vec<(BandNote, usize)> = notes
        .iter()
        .enumerate()
        .map(|(index, note)| (places.note(song, note), index))
        .collect();
    on_grid.sort_by_key(|(note, index)| (note.step, note.pitch, *index));
    let (in_order, indices): (Vec<BandNote>, Vec<usize>) = on_grid.into_iter().unzip();
    let bpm = song.tempo.tempo_at(notes[0].start).bpm();
    let mut strokes = strokes(performer, player, &in_order, bpm, lead, seed)?;
    for phrase in phrases(&in_order) {
        let own = indices[phrase.clone()].iter();
        keep_loudness(
            &mut strokes[phrase],
            own.map(|index| notes[*index].velocity),
        );
    }

    let mut shifts = vec![Tick::ZERO; notes.len()];
    let mut velocities: Vec<Velocity> = notes.iter().map(|note| note.velocity).collect();
    for (stroke, index) in strokes.iter().zip(indices) {
        let note = &notes[index];
        if note.locked {
            continue;
        }
        let own = f32::from(note.velocity.get());
        let velocity = own + strength * (f32::from(stroke.velocity) - own);
        velocities[index] = Velocity::clamped(velocity.round() as i32);
        if off_line(song, note).0 <= NEAR {
            shifts[index] = shift(stroke.offset * strength);
        }
    }
    let loud: Vec<Note> = notes
        .iter()
        .zip(velocities)
        .map(|(note, velocity)| Note { velocity, ..*note })
        .collect();
    Ok(moved(&loud, &shifts))
}

/// Notes of the same four bars, as ranges.
fn phrases(notes: &[BandNote]) -> Vec<Range<usize>> {
    let mut start = 0;
    let phrases = notes.chunk_by(|a, b| a.step / PHRASE == b.step / PHRASE);
    phrases
        .map(|phrase| {
            start += phrase.len();
            start - phrase.len()..start
        })
        .collect()
}

/// Gives strokes the mean velocity that their notes have: how loud a phrase is was its composer's choice.
fn keep_loudness(strokes: &mut [Stroke], own: impl Iterator<Item = Velocity>) {
    let own: f32 = own.map(|velocity| f32::from(velocity.get())).sum();
    let played: f32 = strokes
        .iter()
        .map(|stroke| f32::from(stroke.velocity))
        .sum();
    let change = (own - played) / strokes.len().max(1) as f32;
    for stroke in strokes {
        *stroke = Stroke::clamped(f32::from(stroke.velocity) + change, stroke.offset);
    }
}

/// How far a note lies from the nearest sixteenth of its bar.
fn off_line(song: &Song, note: &Note) -> Tick {
    let bar = song.metre.bar_start(song.metre.bar_at(note.start));
    let within = note.start - bar;
    Tick((within - within.round_to(Tick::SIXTEENTH)).0.abs())
}

/// Where notes lie in bars of sixteen steps. A longer bar (5/4) takes several such bars, a shorter one (3/4) leaves the end of
/// one empty, so that beats are found where a performer expects them.
struct Places {
    /// Bars of sixteen steps that one bar of the song takes.
    share: usize,
}

impl Places {
    fn of(song: &Song) -> Self {
        let longest = song.metre.changes().iter();
        let longest = longest.map(|change| change.metre.bar().0).max();
        let steps = longest.map_or(STEPS_PER_BAR as i64, |bar| bar / Tick::SIXTEENTH.0);
        Self {
            share: (steps.max(1) as usize).div_ceil(STEPS_PER_BAR),
        }
    }

    fn note(&self, song: &Song, note: &Note) -> BandNote {
        let steps_to = |from: Tick, to: Tick| {
            ((to - from).round_to(Tick::SIXTEENTH).0 / Tick::SIXTEENTH.0).max(0) as usize
        };
        let mut bar = song.metre.bar_at(note.start);
        let start = song.metre.bar_start(bar);
        let mut step = steps_to(start, note.start);
        if step > 0 && step == steps_to(start, song.metre.bar_start(bar + 1)) {
            (bar, step) = (bar + 1, 0);
        }
        BandNote {
            step: bar as usize * self.share * STEPS_PER_BAR + step,
            length: steps_to(note.start, note.end()).max(1),
            pitch: note.pitch.get(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use super::*;
    use crate::score::{Instrument, Metre, MetreMap, Pitch, Role, TrackId};

    fn note(start: i64, pitch: i32) -> Note {
        Note::new(
            Tick(start),
            Tick(200),
            Pitch::clamped(pitch),
            Velocity::clamped(64),
        )
    }

    fn song(notes: Vec<Note>) -> Song {
        let track = Track::new(TrackId(1), "p", Instrument::pitched(0), Role::Piano);
        Song::default().with_track(track.with_notes(notes))
    }

    #[test]
    fn no_strength_changes_nothing_and_equal_seeds_play_alike() {
        let song = song((0..32).map(|step| note(240 * step, 60)).collect());
        let played = |strength, seed| humanise(&Profile, &song, strength, seed).unwrap();
        let same = played(0.0, 1);
        assert_eq!((same.song, same.changed), (song.clone(), 0));
        assert_eq!(played(1.0, 1), played(1.0, 1));
        assert_ne!(played(1.0, 1), played(1.0, 2));
        assert!(played(1.0, 1).changed > 28);
    }

    #[test]
    fn a_crescendo_from_phrase_to_phrase_stays() {
        let notes = (0..128).map(|step| Note {
            velocity: Velocity::clamped(if step < 64 { 40 } else { 100 }),
            ..note(240 * step, 60)
        });
        let played = humanise(&Profile, &song(notes.collect()), 1.0, 3).unwrap();
        for (phrase, loud) in played.song.tracks[0].notes().chunks(64).zip([40.0, 100.0]) {
            let sum: u32 = phrase
                .iter()
                .map(|note| u32::from(note.velocity.get()))
                .sum();
            // Rounding to whole velocities.
            assert!((f64::from(sum) / 64.0 - loud).abs() < 0.6, "{sum}");
            assert!(
                phrase
                    .iter()
                    .any(|note| note.velocity != phrase[0].velocity)
            );
        }
    }

    #[test]
    fn what_is_locked_or_between_the_lines_keeps_its_place() {
        let locked = Note {
            locked: true,
            ..note(480, 62)
        };
        let song = song(vec![note(0, 60), note(320, 60), locked, note(960, 60)]);
        let played = humanise(&Profile, &song, 1.0, 5).unwrap();
        let notes = played.song.tracks[0].notes();
        assert_eq!(notes[1].start, Tick(320));
        assert_ne!(notes[1].velocity.get(), 64);
        assert_eq!(notes[2], locked);
        assert_eq!(played.off_grid, 1);
    }

    #[test]
    fn beats_are_found_in_any_metre() {
        let with = |numerator| {
            let mut song = song(vec![]);
            let metre = Metre::new(numerator, 4).unwrap();
            song.metre = Arc::new(MetreMap::constant(metre));
            song
        };
        let step = |song: &Song, ticks| Places::of(song).note(song, &note(ticks, 60)).step;
        // The second bar of 3/4 begins after twelve sixteenths; just before it a note belongs to it.
        let waltz = with(3);
        assert_eq!(step(&waltz, 3 * 960), 16);
        assert_eq!(step(&waltz, 3 * 960 - 10), 16);
        assert_eq!(step(&waltz, 4 * 960), 20);
        // A bar of 5/4 takes two of sixteen steps.
        assert_eq!(step(&with(5), 4 * 960), 16);
        assert_eq!(step(&with(5), 5 * 960), 32);
    }
}
