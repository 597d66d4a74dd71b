//! A phrase of a band made into a theme: melody and accompaniment.

use std::sync::Arc;

use super::ThemeForm;
use crate::compose::band::track_id;
use crate::score::{
    Instrument, Note, Pitch, Role, Song, Span, Tempo, ThemeKind, ThemeRegion, Tick, Track, TrackId,
};
use crate::tokens::band::PHRASE_BARS;
use crate::tokens::clip::bar_ticks;
use crate::tokens::part::Part;

/// What a theme's lineage is called.
pub(crate) const KIND: &str = "theme";
/// The melody's and the accompaniment's track.
pub(crate) const MELODY: TrackId = TrackId(1);
/// See [`MELODY`].
pub(crate) const PIANO: TrackId = TrackId(2);

/// Most melody notes of a bar: eighths.
const MELODY_NOTES: usize = 8;
/// Most keys at once: two hands that also move.
const KEYS: usize = 4;
/// A note this many semitones under the one that sounds is accompaniment, not melody.
const UNDER: i32 = 7;
/// Notes without which a line is no melody.
const FEWEST: usize = 3;
/// The lowest middle of a melody's pitches: what lies below is moved up by octaves.
const LOW: u8 = 58;

/// A theme that was taken from a phrase.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Taken {
    /// Tracks MELODY and PIANO on the grid, and the marked theme, from tick 0.
    pub(crate) song: Song,
    /// Its bars.
    pub(crate) bars: u32,
}

impl Taken {
    /// The theme of a band's clip: as many whole bars as are nearest to `seconds`, 1 to 4. The guitar becomes the melody
    /// (else the strings, else the piano's upper line), the piano the accompaniment. `None` where nobody plays a melody.
    pub(crate) fn from(phrase: &Song, seconds: f64, form: ThemeForm) -> Option<Self> {
        let tempo = phrase.tempo.tempo_at(Tick::ZERO);
        let bars = bars_of(seconds, tempo);
        let span = Span::new(Tick::ZERO, bar_ticks() * i64::from(bars));
        let part = |part: Part| {
            let track = phrase.track(track_id(part));
            track.map_or_else(Vec::new, |track| on_grid(track, span))
        };
        let (melody, piano) = match form {
            ThemeForm::Raw => (part(Part::Guitar), part(Part::Piano)),
            ThemeForm::Thinned => {
                let line = [Part::Guitar, Part::Strings, Part::Piano]
                    .into_iter()
                    .map(|source| thinned_melody(&part(source), span))
                    .find(|line| line.len() >= FEWEST)?;
                (line, thinned_piano(&part(Part::Piano)))
            }
        };
        if melody.len() < FEWEST {
            return None;
        }
        let mut song = Song {
            tempo: Arc::clone(&phrase.tempo),
            key: phrase.key,
            ..Song::default()
        };
        for (id, name, role, notes) in [
            (MELODY, "MELODY", Role::Melody, melody),
            (PIANO, "PIANO", Role::Piano, piano),
        ] {
            let track = Track::new(id, name, Instrument::pitched(0), role);
            song = song.with_track(track.with_notes(notes));
        }
        song.themes = vec![ThemeRegion {
            span,
            track: MELODY,
            kind: ThemeKind::Theme,
        }];
        Some(Self { song, bars })
    }
}

/// The whole bars that are nearest to so many seconds.
fn bars_of(seconds: f64, tempo: Tempo) -> u32 {
    let bar = 4.0 * 60.0 / tempo.bpm();
    ((seconds / bar).round() as u32).clamp(1, PHRASE_BARS as u32)
}

/// The notes of `span` on the grid, cut at its end.
fn on_grid(track: &Track, span: Span) -> Vec<Note> {
    let snapped = |note: &Note| {
        let start = note.start.round_to(Tick::SIXTEENTH);
        let end = note.end().round_to(Tick::SIXTEENTH);
        Note {
            start,
            duration: end.max(start + Tick::SIXTEENTH).min(span.end) - start,
            ..*note
        }
    };
    let notes = track.notes().iter().map(snapped);
    notes.filter(|note| span.contains(note.start)).collect()
}

/// How strong a place of the bar is: the first, the half, the quarters, the eighths, the sixteenths.
fn strength(at: Tick) -> u8 {
    match at.0.rem_euclid(bar_ticks().0) / Tick::SIXTEENTH.0 {
        0 => 4,
        8 => 3,
        4 | 12 => 2,
        step if step.rem_euclid(2) == 0 => 1,
        _ => 0,
    }
}

/// The highest notes, one at a time, at most eight in a bar, each held until the next if that is near, in the range of a voice.
fn thinned_melody(notes: &[Note], span: Span) -> Vec<Note> {
    let mut line: Vec<Note> = Vec::new();
    for note in notes {
        match line.last_mut() {
            Some(last) if last.start == note.start => {
                if note.pitch > last.pitch {
                    *last = *note;
                }
            }
            Some(last) if last.end() > note.start => {
                let under = i32::from(last.pitch.get()) - i32::from(note.pitch.get());
                if under < UNDER {
                    last.duration = note.start - last.start;
                    line.push(*note);
                }
            }
            _ => line.push(*note),
        }
    }
    let bar = |note: &Note| note.start.0 / bar_ticks().0;
    for number in 0..span.end.0 / bar_ticks().0 {
        let mut places: Vec<Tick> = (line.iter())
            .filter(|note| bar(note) == number)
            .map(|note| note.start)
            .collect();
        // The strongest places stay, the earlier of equals.
        places.sort_by_key(|at| (std::cmp::Reverse(strength(*at)), *at));
        let dropped = places.split_off(places.len().min(MELODY_NOTES));
        line.retain(|note| !dropped.contains(&note.start));
    }
    // A rest of a sixteenth is a gap, not a breath.
    let starts: Vec<Tick> = line.iter().skip(1).map(|note| note.start).collect();
    for (note, next) in line.iter_mut().zip(starts) {
        if next - note.end() <= Tick::SIXTEENTH {
            note.duration = next - note.start;
        }
    }
    let mut pitches: Vec<u8> = line.iter().map(|note| note.pitch.get()).collect();
    pitches.sort_unstable();
    let middle = pitches.get(pitches.len() / 2).copied().unwrap_or(LOW);
    let octaves = i32::from(LOW.saturating_sub(middle).div_ceil(12));
    for note in &mut line {
        note.pitch = Pitch::clamped(i32::from(note.pitch.get()) + 12 * octaves);
    }
    line
}

/// What two hands can play: onsets on eighths only, at most four keys at once, the lowest and the highest ones first.
fn thinned_piano(notes: &[Note]) -> Vec<Note> {
    let mut played: Vec<Note> = Vec::new();
    let mut onsets: Vec<Tick> = notes.iter().map(|note| note.start).collect();
    onsets.retain(|at| strength(*at) > 0);
    onsets.dedup();
    for at in onsets {
        let mut chord: Vec<Note> = notes.iter().filter(|n| n.start == at).copied().collect();
        chord.sort_by_key(|note| note.pitch);
        let held = played.iter().filter(|note| note.end() > at).count();
        let room = KEYS.saturating_sub(held);
        if chord.len() > room {
            let lowest = chord.first().copied();
            let highest = chord.split_off(chord.len() - room.saturating_sub(1));
            chord = lowest.into_iter().take(room).chain(highest).collect();
        }
        played.extend(chord);
    }
    played
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::{TempoMap, Velocity};

    fn note(step: i64, steps: i64, pitch: i32) -> Note {
        Note::new(
            Tick::SIXTEENTH * step,
            Tick::SIXTEENTH * steps,
            Pitch::clamped(pitch),
            Velocity::DEFAULT,
        )
    }

    fn shown(notes: &[Note]) -> Vec<(i64, i64, u8)> {
        let sixteenth = Tick::SIXTEENTH.0;
        notes
            .iter()
            .map(|note| {
                (
                    note.start.0 / sixteenth,
                    note.duration.0 / sixteenth,
                    note.pitch.get(),
                )
            })
            .collect()
    }

    const BAR: Span = Span {
        start: Tick(0),
        end: Tick(3840),
    };

    #[test]
    fn the_melody_is_the_upper_line() {
        // A chord whose top sings, a note far under it, a note that moves on, and a gap of a sixteenth.
        let notes = [
            note(0, 6, 60),
            note(0, 6, 64),
            note(0, 6, 67),
            note(2, 2, 55),
            note(4, 3, 65),
            note(8, 4, 62),
        ];
        let line = thinned_melody(&notes, BAR);
        assert_eq!(shown(&line), [(0, 4, 67), (4, 4, 65), (8, 4, 62)]);
    }

    #[test]
    fn a_crowded_bar_keeps_its_strong_places() {
        let notes: Vec<Note> = (0..16)
            .map(|step| note(step, 1, 60 + step as i32 % 3))
            .collect();
        let line = thinned_melody(&notes, BAR);
        assert_eq!(line.len(), 8);
        assert!(line.iter().all(|note| strength(note.start) > 0));
        assert!(
            line.iter()
                .all(|note| note.duration == Tick::SIXTEENTH * 2 || note.start.0 == 14 * 240)
        );
    }

    #[test]
    fn low_lines_are_moved_up_by_octaves() {
        let low: Vec<Note> = (0..4)
            .map(|beat| note(beat * 4, 4, 40 + beat as i32))
            .collect();
        let pitches: Vec<u8> = thinned_melody(&low, BAR)
            .iter()
            .map(|n| n.pitch.get())
            .collect();
        assert_eq!(pitches, [64, 65, 66, 67]);
    }

    #[test]
    fn the_piano_has_two_hands() {
        let mut notes: Vec<Note> = [36, 48, 55, 60, 64, 67]
            .map(|pitch| note(0, 4, pitch))
            .into();
        notes.extend([note(1, 1, 72), note(2, 2, 74), note(4, 2, 50)]);
        assert_eq!(
            shown(&thinned_piano(&notes)),
            [(0, 4, 36), (0, 4, 60), (0, 4, 64), (0, 4, 67), (4, 2, 50)]
        );
    }

    fn band(guitar: Vec<Note>, piano: Vec<Note>, bpm: f64) -> Song {
        let mut song = Song {
            tempo: TempoMap::constant(Tempo::from_bpm(bpm)).into(),
            ..Song::default()
        };
        for (part, notes) in [(Part::Guitar, guitar), (Part::Piano, piano)] {
            let track = Track::new(track_id(part), "t", part.instrument(), part.role());
            song = song.with_track(track.with_notes(notes));
        }
        song
    }

    #[test]
    fn six_seconds_are_whole_bars() {
        for (bpm, bars) in [(120.0, 3), (80.0, 2), (60.0, 2), (200.0, 4), (30.0, 1)] {
            assert_eq!(bars_of(6.0, Tempo::from_bpm(bpm)), bars, "{bpm}");
        }
        let line: Vec<Note> = (0..16)
            .map(|beat| note(beat * 4, 6, 60 + beat as i32))
            .collect();
        let song = band(line, vec![note(0, 64, 48)], 120.0);
        let raw = Taken::from(&song, 6.0, ThemeForm::Raw).unwrap();
        assert_eq!(raw.bars, 3);
        assert_eq!(raw.song.themes[0].span, Span::new(Tick(0), Tick(3 * 3840)));
        assert_eq!(raw.song.tracks[0].notes().len(), 12);
        assert_eq!(raw.song.end(), Tick(3 * 3840), "nothing reaches beyond");
    }

    #[test]
    fn who_has_no_melody_is_passed_over() {
        let line: Vec<Note> = (0..8).map(|beat| note(beat * 4, 4, 72)).collect();
        let song = band(vec![note(0, 4, 60)], line, 120.0);
        let taken = Taken::from(&song, 6.0, ThemeForm::Thinned).unwrap();
        assert_eq!(taken.song.tracks[0].notes()[0].pitch.get(), 72);
        assert_eq!(Taken::from(&song, 6.0, ThemeForm::Raw), None);
        let silent = band(vec![], vec![], 120.0);
        assert_eq!(Taken::from(&silent, 6.0, ThemeForm::Thinned), None);
    }
}
