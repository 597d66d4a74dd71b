//! A take: what is played while the song runs, on its way to becoming notes.

use super::{ControlChange, Note, Pitch, Tick, Velocity};

/// The sustain pedal.
const SUSTAIN: u8 = 64;
/// Controllers that belong to the playing: modulation, breath, expression and the pedals. Volume and pan belong to the
/// mixer.
const KEPT: [u8; 6] = [1, 2, 11, SUSTAIN, 66, 67];

/// How a take is put onto the grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputGrid {
    /// Onsets go towards multiples of this; `None` leaves them.
    pub grid: Option<Tick>,
    /// How far: 1 all the way, 0 not at all.
    pub strength: f32,
}

impl Default for InputGrid {
    fn default() -> Self {
        Self {
            grid: None,
            strength: 1.0,
        }
    }
}

impl InputGrid {
    fn place(self, start: Tick) -> Tick {
        match self.grid {
            Some(grid) if grid > Tick::ZERO => {
                let way = start.round_to(grid) - start;
                start + Tick((way.0 as f32 * self.strength.clamp(0.0, 1.0)).round() as i64)
            }
            _ => start,
        }
    }
}

/// A note as it was played.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Played {
    start: Tick,
    end: Option<Tick>,
    pitch: Pitch,
    velocity: Velocity,
    /// End and start of the loop, if it began again after this was played.
    turn: Option<(Tick, Tick)>,
}

/// What was played so far, in ticks. Loops may be played over: each round adds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Take {
    notes: Vec<Played>,
    controls: Vec<ControlChange>,
    pedal: bool,
}

impl Take {
    /// Whether nothing was played.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.controls.is_empty()
    }

    /// A key goes down.
    pub fn note_on(&mut self, at: Tick, pitch: Pitch, velocity: Velocity) {
        self.note_off(at, pitch);
        self.notes.push(Played {
            start: at,
            end: None,
            pitch,
            velocity,
            turn: None,
        });
    }

    /// A key comes up.
    pub fn note_off(&mut self, at: Tick, pitch: Pitch) {
        if let Some(note) =
            (self.notes.iter_mut().rev()).find(|note| note.pitch == pitch && note.end.is_none())
        {
            note.end = Some(at.max(note.start + Tick(1)));
        }
    }

    /// A controller moves; those of the mixer are left out.
    pub fn control(&mut self, at: Tick, controller: u8, value: u8) {
        if !KEPT.contains(&controller) {
            return;
        }
        if controller == SUSTAIN {
            self.pedal = value >= 64;
        }
        self.controls.push(ControlChange {
            at,
            controller,
            value: value.min(127),
        });
    }

    /// The loop began again: what is held ends with it, and a pedal that is down is taken along.
    pub fn wrap(&mut self, left: Tick, begins: Tick) {
        let pedal = self.pedal;
        self.end(left);
        for note in &mut self.notes {
            note.turn.get_or_insert((left, begins));
        }
        if pedal {
            self.control(begins, SUSTAIN, 127);
        }
    }

    /// The playing ended, or jumped elsewhere: keys and pedal come up.
    pub fn end(&mut self, at: Tick) {
        for note in self.notes.iter_mut().filter(|note| note.end.is_none()) {
            note.end = Some(at.max(note.start + Tick(1)));
        }
        if self.pedal {
            self.control(at, SUSTAIN, 0);
        }
    }

    /// The notes on the grid; those that are still held reach to `now`. A note keeps its length where its onset moves,
    /// and one that is drawn onto the end of a loop belongs to its start.
    pub fn notes(&self, now: Tick, grid: InputGrid) -> Vec<Note> {
        (self.notes.iter())
            .map(|note| {
                let end = note.end.unwrap_or(now).max(note.start + Tick(1));
                let mut start = grid.place(note.start).max(Tick::ZERO);
                let mut length = end - note.start;
                if let Some((left, begins)) = note.turn {
                    if start >= left {
                        start = begins;
                    } else {
                        length = length.min(left - start);
                    }
                }
                Note::new(start, length, note.pitch, note.velocity)
            })
            .collect()
    }

    /// The controllers.
    pub fn controls(&self) -> &[ControlChange] {
        &self.controls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(take: &mut Take, at: i64, key: u8) {
        take.note_on(Tick(at), Pitch::clamped(key.into()), Velocity::clamped(80));
    }

    fn off(take: &mut Take, at: i64, key: u8) {
        take.note_off(Tick(at), Pitch::clamped(key.into()));
    }

    fn shown(take: &Take, now: i64, grid: InputGrid) -> Vec<(i64, i64, u8)> {
        (take.notes(Tick(now), grid).iter())
            .map(|note| (note.start.0, note.duration.0, note.pitch.get()))
            .collect()
    }

    const AS_PLAYED: InputGrid = InputGrid {
        grid: None,
        strength: 1.0,
    };

    #[test]
    fn keys_become_notes_and_held_ones_grow() {
        let mut take = Take::default();
        on(&mut take, 10, 60);
        on(&mut take, 20, 64);
        off(&mut take, 500, 60);
        off(&mut take, 510, 99);
        assert_eq!(shown(&take, 700, AS_PLAYED), [(10, 490, 60), (20, 680, 64)]);
        take.end(Tick(960));
        assert_eq!(shown(&take, 9_999, AS_PLAYED)[1], (20, 940, 64));
    }

    #[test]
    fn a_key_that_is_struck_again_ends_its_note() {
        let mut take = Take::default();
        on(&mut take, 0, 60);
        on(&mut take, 480, 60);
        off(&mut take, 700, 60);
        assert_eq!(shown(&take, 700, AS_PLAYED), [(0, 480, 60), (480, 220, 60)]);
    }

    #[test]
    fn onsets_go_to_the_grid_as_far_as_is_wished() {
        let mut take = Take::default();
        on(&mut take, 260, 60);
        off(&mut take, 500, 60);
        let grid = |strength| InputGrid {
            grid: Some(Tick::SIXTEENTH),
            strength,
        };
        assert_eq!(shown(&take, 0, grid(1.0)), [(240, 240, 60)]);
        assert_eq!(shown(&take, 0, grid(0.5)), [(250, 240, 60)]);
        assert_eq!(shown(&take, 0, grid(0.0)), [(260, 240, 60)]);
    }

    #[test]
    fn each_round_of_a_loop_adds() {
        let mut take = Take::default();
        let (start, end) = (Tick(960), Tick(1_920));
        on(&mut take, 1_000, 60);
        off(&mut take, 1_100, 60);
        on(&mut take, 1_850, 62);
        take.control(Tick(1_800), 64, 127);
        // A little before the loop begins again: meant for its first beat.
        on(&mut take, 1_910, 65);
        take.wrap(end, start);
        off(&mut take, 980, 65);
        on(&mut take, 1_200, 67);
        off(&mut take, 1_300, 67);
        take.end(Tick(1_500));
        let grid = InputGrid {
            grid: Some(Tick::SIXTEENTH),
            strength: 1.0,
        };
        assert_eq!(
            shown(&take, 0, grid),
            [
                (960, 100, 60),
                (960, 70, 62),
                (960, 10, 65),
                (1_200, 100, 67)
            ]
        );
        assert_eq!(shown(&take, 0, AS_PLAYED)[1], (1_850, 70, 62));
        let pedal: Vec<_> = take.controls().iter().map(|c| (c.at.0, c.value)).collect();
        assert_eq!(pedal, [(1_800, 127), (1_920, 0), (960, 127), (1_500, 0)]);
    }

    #[test]
    fn the_mixer_is_not_played() {
        let mut take = Take::default();
        take.control(Tick(0), 7, 100);
        take.control(Tick(0), 1, 50);
        assert_eq!(take.controls().len(), 1);
        assert!(!take.is_empty());
    }
}
