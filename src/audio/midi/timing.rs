//! Which song tick was heard when something was played by hand.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::live::LiveEvent;
use super::stream_clock::StreamClock;
use super::tap::Place;

/// What was played so long before the first beat belongs to it: nobody starts on the click to the millisecond.
const EARLY: Duration = Duration::from_millis(150);
/// A jump of the playhead is told so long after it was heard, because what was played before it may still be on its way.
const PATIENCE: Duration = Duration::from_millis(15);
/// Events that are remembered while time stands still.
const REMEMBERED: usize = 64;
/// Places that are remembered: more than any output lags behind.
const PLACES: usize = 4_096;

/// Something that happened while the song played, in song time as it was heard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Moment {
    /// Time began to pass, or jumped, without a loop.
    Began {
        /// Where it goes on.
        tick: f64,
    },
    /// Something was played by hand while time passed.
    Played {
        /// What.
        event: LiveEvent,
        /// When, in song ticks.
        tick: f64,
    },
    /// The loop began again.
    Wrapped {
        /// Its end.
        left: f64,
        /// Its start.
        begins: f64,
    },
    /// Time stands still, or jumped from here.
    Ended {
        /// Where.
        tick: f64,
    },
}

/// Follows the places that the audio callback tells at the pace at which they are heard.
#[derive(Debug)]
pub struct Timing {
    /// What is heard now is at the front.
    places: VecDeque<(u64, Place)>,
    /// Played while time stood still.
    early: VecDeque<(LiveEvent, Instant)>,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            places: VecDeque::with_capacity(PLACES),
            early: VecDeque::with_capacity(REMEMBERED),
        }
    }
}

impl Timing {
    /// The song stands at `place` from a sample of the stream on.
    pub fn place(&mut self, sample: u64, place: Place) {
        if self.places.len() == PLACES {
            self.places.pop_front();
        }
        if self.places.is_empty() && place.ticks_per_sample > 0.0 {
            // Nobody has heard yet that time passes.
            let still = Place {
                ticks_per_sample: 0.0,
                stretch: place.stretch.wrapping_sub(1),
                ..place
            };
            self.places.push_back((sample, still));
        }
        self.places.push_back((sample, place));
    }

    /// Another stream begins: its samples are counted from 0 again.
    pub fn begin_stream(&mut self, mut tell: impl FnMut(Moment)) {
        if let Some((_, place)) = self.places.front()
            && place.ticks_per_sample > 0.0
        {
            tell(Moment::Ended { tick: place.tick });
        }
        self.places.clear();
    }

    /// Whether time passes in what is heard or made.
    pub fn is_moving(&self) -> bool {
        (self.places.iter()).any(|(_, place)| place.ticks_per_sample > 0.0)
    }

    /// Goes on to what is heard at `sample`, telling where time jumped, began or ended on the way.
    fn go_on(
        &mut self,
        sample: f64,
        clock: &StreamClock,
        delay: Duration,
        tell: &mut impl FnMut(Moment),
    ) {
        while let Some((next, after)) = self.places.get(1).copied()
            && next as f64 <= sample
        {
            let Some((from, before)) = self.places.pop_front() else {
                break;
            };
            if before.stretch == after.stretch {
                continue;
            }
            let left = before.tick + (next - from) as f64 * before.ticks_per_sample;
            let (moved, moves) = (before.ticks_per_sample > 0.0, after.ticks_per_sample > 0.0);
            match after.wrapped_at {
                Some(end) if moved && moves => tell(Moment::Wrapped {
                    left: end,
                    begins: after.tick,
                }),
                _ => {
                    if moved {
                        tell(Moment::Ended { tick: left });
                    }
                    if moves {
                        tell(Moment::Began { tick: after.tick });
                        let begins = clock.at(next).map(|at| at + delay);
                        self.tell_early(after, begins, clock, tell);
                    }
                }
            }
        }
    }

    /// What was played just before time began to pass is played on its first tick, as long as it was.
    fn tell_early(
        &mut self,
        place: Place,
        begins: Option<Instant>,
        clock: &StreamClock,
        tell: &mut impl FnMut(Moment),
    ) {
        let mut shifts = [None; 128];
        for (event, at) in self.early.drain(..) {
            let Some(ahead) = begins.map(|begins| begins.saturating_duration_since(at)) else {
                continue;
            };
            match event {
                LiveEvent::NoteOn { key, .. } if ahead <= EARLY => {
                    if let Some(shift) = shifts.get_mut(usize::from(key)) {
                        *shift = Some(ahead);
                    }
                    tell(Moment::Played {
                        event,
                        tick: place.tick,
                    });
                }
                LiveEvent::NoteOff { key } => {
                    let shift = shifts.get_mut(usize::from(key)).and_then(Option::take);
                    if let Some(length) = shift.and_then(|shift| shift.checked_sub(ahead)) {
                        let samples = clock.samples_in(length);
                        tell(Moment::Played {
                            event,
                            tick: place.tick + samples * place.ticks_per_sample,
                        });
                    }
                }
                LiveEvent::Control { .. } | LiveEvent::Bend(_) if ahead <= EARLY => {
                    tell(Moment::Played {
                        event,
                        tick: place.tick,
                    });
                }
                _ => {}
            }
        }
    }

    /// Something was played at `at`. A sample is heard `delay` after it is made.
    pub fn played(
        &mut self,
        event: LiveEvent,
        at: Instant,
        clock: &StreamClock,
        delay: Duration,
        mut tell: impl FnMut(Moment),
    ) {
        let heard = at.checked_sub(delay).and_then(|at| clock.sample(at));
        if let Some(heard) = heard {
            self.go_on(heard, clock, delay, &mut tell);
        }
        match (heard, self.places.front()) {
            (Some(heard), Some(&(from, place))) if place.ticks_per_sample > 0.0 => {
                let tick = place.tick + (heard - from as f64) * place.ticks_per_sample;
                tell(Moment::Played { event, tick });
            }
            _ => {
                if self.early.len() == REMEMBERED {
                    self.early.pop_front();
                }
                self.early.push_back((event, at));
            }
        }
    }

    /// Tells what was heard up to a little before `now`.
    pub fn listen(
        &mut self,
        now: Instant,
        clock: &StreamClock,
        delay: Duration,
        mut tell: impl FnMut(Moment),
    ) {
        let heard = now
            .checked_sub(delay + PATIENCE)
            .and_then(|at| clock.sample(at));
        if let Some(heard) = heard {
            self.go_on(heard, clock, delay, &mut tell);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ON: LiveEvent = LiveEvent::NoteOn {
        key: 60,
        velocity: 90,
    };
    const OFF: LiveEvent = LiveEvent::NoteOff { key: 60 };
    const DELAY: Duration = Duration::from_millis(20);
    /// 120 beats a minute at 48 kHz.
    const SLOPE: f64 = 0.04;

    fn clock(start: Instant) -> StreamClock {
        let mut clock = StreamClock::new(48_000);
        for index in 0..400 {
            clock.buffer(index * 480, start + Duration::from_millis(10 * index));
        }
        clock
    }

    fn place(tick: f64, ticks_per_sample: f64, stretch: u32, wrapped_at: Option<f64>) -> Place {
        Place {
            tick,
            ticks_per_sample,
            stretch,
            wrapped_at,
        }
    }

    fn near(moment: Moment, expected: Moment) -> bool {
        let parts = |moment| match moment {
            Moment::Began { tick } => (0, None, tick, 0.0),
            Moment::Played { event, tick } => (1, Some(event), tick, 0.0),
            Moment::Wrapped { left, begins } => (2, None, left, begins),
            Moment::Ended { tick } => (3, None, tick, 0.0),
        };
        let (a, b) = (parts(moment), parts(expected));
        a.0 == b.0 && a.1 == b.1 && (a.2 - b.2).abs() < 0.5 && (a.3 - b.3).abs() < 0.5
    }

    fn assert_told(told: &[Moment], expected: &[Moment]) {
        assert_eq!(told.len(), expected.len(), "{told:?}");
        for (a, b) in told.iter().zip(expected) {
            assert!(near(*a, *b), "{a:?} is not {b:?}");
        }
    }

    #[test]
    fn what_is_played_gets_the_tick_that_was_heard() {
        let start = Instant::now();
        let (clock, mut timing, mut told) = (clock(start), Timing::default(), Vec::new());
        timing.place(0, place(0.0, 0.0, 0, None));
        timing.place(48_000, place(960.0, SLOPE, 1, None));
        // Made at 1.5 s, heard 20 ms later: half a second, 960 ticks, after the start.
        let at = start + Duration::from_millis(1_520);
        timing.played(ON, at, &clock, DELAY, |moment| told.push(moment));
        assert_told(
            &told,
            &[
                Moment::Began { tick: 960.0 },
                Moment::Played {
                    event: ON,
                    tick: 1_920.0,
                },
            ],
        );
    }

    #[test]
    fn a_loop_is_told_where_it_is_heard() {
        let start = Instant::now();
        let (clock, mut timing, mut told) = (clock(start), Timing::default(), Vec::new());
        timing.place(0, place(0.0, SLOPE, 0, None));
        timing.place(48_000, place(0.0, SLOPE, 1, Some(1_920.0)));
        timing.place(96_000, place(1_920.0, 0.0, 2, None));
        let millis = |millis| start + Duration::from_millis(millis) + DELAY;
        timing.played(ON, millis(990), &clock, DELAY, |moment| told.push(moment));
        timing.listen(millis(1_000), &clock, DELAY, |moment| told.push(moment));
        timing.played(OFF, millis(1_010), &clock, DELAY, |moment| {
            told.push(moment);
        });
        timing.listen(millis(2_500), &clock, DELAY, |moment| told.push(moment));
        assert_told(
            &told,
            &[
                Moment::Began { tick: 0.0 },
                Moment::Played {
                    event: ON,
                    tick: 1_900.8,
                },
                Moment::Wrapped {
                    left: 1_920.0,
                    begins: 0.0,
                },
                Moment::Played {
                    event: OFF,
                    tick: 19.2,
                },
                Moment::Ended { tick: 1_920.0 },
            ],
        );
    }

    #[test]
    fn what_is_played_just_before_the_first_beat_belongs_to_it() {
        let start = Instant::now();
        let (clock, mut timing, mut told) = (clock(start), Timing::default(), Vec::new());
        timing.place(0, place(0.0, 0.0, 0, None));
        timing.place(48_000, place(0.0, SLOPE, 1, None));
        let beat = start + Duration::from_secs(1) + DELAY;
        let other = LiveEvent::NoteOn {
            key: 70,
            velocity: 90,
        };
        let before = |millis| beat.checked_sub(Duration::from_millis(millis)).unwrap();
        timing.played(other, before(400), &clock, DELAY, |moment| {
            told.push(moment);
        });
        timing.played(ON, before(140), &clock, DELAY, |moment| told.push(moment));
        timing.played(OFF, before(40), &clock, DELAY, |moment| told.push(moment));
        timing.played(ON, before(10), &clock, DELAY, |moment| told.push(moment));
        assert!(told.is_empty());
        let after = beat + Duration::from_millis(50);
        timing.played(OFF, after, &clock, DELAY, |moment| told.push(moment));
        assert_told(
            &told,
            &[
                Moment::Began { tick: 0.0 },
                Moment::Played {
                    event: ON,
                    tick: 0.0,
                },
                Moment::Played {
                    event: OFF,
                    tick: 192.0,
                },
                Moment::Played {
                    event: ON,
                    tick: 0.0,
                },
                Moment::Played {
                    event: OFF,
                    tick: 96.0,
                },
            ],
        );
    }
}
