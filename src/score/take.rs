//! A take: what is played while the song runs, on its way to becoming notes.

use super::{ControlChange, Note, Pitch, PitchBend, Span, Tick, Velocity};

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
    bends: Vec<PitchBend>,
    /// Where the wheel was away from its middle: what was bent there before is replaced.
    sweeps: Vec<Span>,
    /// Since when it is.
    bent_since: Option<Tick>,
}

impl Take {
    /// Whether nothing was played.
    pub fn is_empty(&self) -> bool {
        self.notes.is_empty() && self.controls.is_empty() && self.bends.is_empty()
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

    /// The pitch wheel moves, to one of -8192..=8191. Where it is away from its middle, it replaces what earlier rounds of
    /// a loop bent.
    pub fn bend(&mut self, at: Tick, value: i16) {
        let last = self.sweeps.last_mut().filter(|_| self.bent_since.is_some());
        if let Some(sweep) = last {
            let passed = Span::new(sweep.end, at.max(sweep.end));
            sweep.end = passed.end;
            self.bends
                .retain(|bend| bend.at <= passed.start || bend.at >= passed.end);
        }
        let bend = PitchBend::new(at, value);
        match (self.bent_since, bend.value) {
            (None, 0) => return,
            (None, _) => {
                self.bent_since = Some(at);
                self.sweeps.push(Span::new(at, at));
            }
            (Some(_), 0) => self.bent_since = None,
            (Some(_), _) => {}
        }
        self.bends.push(bend);
    }

    /// The loop began again: what is held ends with it, and a pedal that is down and a wheel that is bent are taken along.
    pub fn wrap(&mut self, left: Tick, begins: Tick) {
        let pedal = self.pedal;
        let bent = self
            .bent_since
            .and(self.bends.last())
            .map(|bend| bend.value);
        self.end(left);
        for note in &mut self.notes {
            note.turn.get_or_insert((left, begins));
        }
        if pedal {
            self.control(begins, SUSTAIN, 127);
        }
        if let Some(bent) = bent {
            self.bend(begins, bent);
        }
    }

    /// The playing ended, or jumped elsewhere: keys and pedal come up, and the wheel goes back.
    pub fn end(&mut self, at: Tick) {
        for note in self.notes.iter_mut().filter(|note| note.end.is_none()) {
            note.end = Some(at.max(note.start + Tick(1)));
        }
        if self.pedal {
            self.control(at, SUSTAIN, 0);
        }
        if self.bent_since.is_some() {
            self.bend(at, 0);
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

    /// The pitch bends.
    pub fn bends(&self) -> &[PitchBend] {
        &self.bends
    }

    /// Where the wheel was away from its middle.
    pub fn sweeps(&self) -> &[Span] {
        &self.sweeps
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

    fn bends(take: &Take) -> Vec<(i64, i16)> {
        (take.bends().iter())
            .map(|bend| (bend.at.0, bend.value))
            .collect()
    }

    #[test]
    fn a_wheel_that_is_left_bent_goes_back_where_the_playing_ends() {
        let mut take = Take::default();
        take.bend(Tick(5), 0);
        assert!(take.is_empty(), "a wheel at rest says nothing");
        take.bend(Tick(10), 400);
        take.bend(Tick(20), 9_000);
        take.bend(Tick(40), 0);
        take.bend(Tick(100), -300);
        take.end(Tick(200));
        assert_eq!(
            bends(&take),
            [(10, 400), (20, 8_191), (40, 0), (100, -300), (200, 0)]
        );
        assert_eq!(
            take.sweeps(),
            [
                Span::new(Tick(10), Tick(40)),
                Span::new(Tick(100), Tick(200))
            ]
        );
    }

    #[test]
    fn a_wheel_replaces_what_was_bent_in_the_round_before() {
        let mut take = Take::default();
        for (at, value) in [
            (100, 1_000),
            (200, 2_000),
            (300, 3_000),
            (400, 0),
            (800, 500),
        ] {
            take.bend(Tick(at), value);
        }
        take.wrap(Tick(960), Tick(0));
        // Bent across the turn, it goes on bent; then it comes to rest, and later moves within the first sweep.
        assert_eq!(bends(&take)[4..], [(800, 500), (960, 0), (0, 500)]);
        take.bend(Tick(50), 0);
        take.bend(Tick(150), -100);
        take.bend(Tick(350), 0);
        let mut all = bends(&take);
        all.sort_unstable();
        assert_eq!(
            all,
            [
                (0, 500),
                (50, 0),
                (100, 1_000),
                (150, -100),
                (350, 0),
                (400, 0),
                (800, 500),
                (960, 0)
            ]
        );
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
