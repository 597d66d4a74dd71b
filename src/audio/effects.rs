//! Reverb and chorus for a whole mix, whether it is played or rendered. Both are linear: one pair for all tracks gives what
//! a pair for each would.

use super::bus::{Bus, Sends};
use super::true_peak::loudest;

/// Delays of the comb filters of the left side, in samples at 44.1 kHz (the tuning of Freeverb).
const COMBS: [[usize; 4]; 2] = [[1116, 1188, 1277, 1356], [1422, 1491, 1557, 1617]];
/// Delays of the all-pass filters after them.
const ALL_PASSES: [usize; 4] = [556, 441, 341, 225];
/// How much longer the delays of the right side are.
const SPREAD: usize = 23;
const COMB_FEEDBACK: f32 = 0.84;
const DAMPING: f32 = 0.2;
const ALL_PASS_FEEDBACK: f32 = 0.5;
const REVERB_GAIN: f32 = 0.015;
/// Mean delay and depth of the chorus in seconds, and its turns a second.
const CHORUS_DELAY: f64 = 0.002;
const CHORUS_DEPTH: f64 = 0.0019;
const CHORUS_RATE: f64 = 0.4;
/// Samples that go through the reverb together.
const STRETCH: usize = 256;
/// Added to what goes round, far below hearing: numbers too small for full precision slow processors down.
const NOTHING: f32 = 1e-18;
/// An effect rests after so many seconds without input in which nothing louder than -110 dB came out.
const REST_SECONDS: f64 = 0.1;
const SILENCE: f32 = 3e-6;

/// A delay line.
#[derive(Debug)]
struct Delay {
    samples: Vec<f32>,
    at: usize,
}

impl Delay {
    fn new(length: usize) -> Self {
        Self {
            // The system gives memory when it is first written to, and the callback should not be the one to wait for that.
            samples: vec![NOTHING; length.max(1)],
            at: 0,
        }
    }

    /// How many samples there are before the line wraps.
    fn before_wrap(&mut self) -> usize {
        if self.at >= self.samples.len() {
            self.at = 0;
        }
        self.samples.len() - self.at
    }

    /// The places of the next samples in the line: `count`, or as many as there are before it wraps.
    fn run(&mut self, count: usize) -> &mut [f32] {
        let count = count.min(self.before_wrap());
        let from = self.at;
        self.at += count;
        self.samples.get_mut(from..from + count).unwrap_or_default()
    }
}

#[derive(Debug)]
struct Comb {
    delay: Delay,
    damped: f32,
}

/// Four combs side by side: each sample of one waits for the sample before, so that one alone keeps the processor idle.
#[derive(Debug)]
struct Combs([Comb; 4]);

impl Combs {
    fn add_to(&mut self, input: &[f32], output: &mut [f32]) {
        let (mut input, mut output) = (input, output);
        let [a, b, c, d] = &mut self.0;
        while !input.is_empty() {
            let count = [&mut *a, &mut *b, &mut *c, &mut *d]
                .into_iter()
                .map(|comb| comb.delay.before_wrap())
                .fold(input.len(), usize::min);
            let mut damped = [a.damped, b.damped, c.damped, d.damped];
            let left = a.delay.run(count).iter_mut().zip(b.delay.run(count));
            let right = c.delay.run(count).iter_mut().zip(d.delay.run(count));
            for (((a, b), (c, d)), (input, output)) in
                left.zip(right).zip(input.iter().zip(output.iter_mut()))
            {
                let mut sum = 0.0;
                for (held, damped) in [a, b, c, d].into_iter().zip(&mut damped) {
                    let heard = *held;
                    *damped = (heard * (1.0 - DAMPING) + NOTHING) + *damped * DAMPING;
                    *held = input + *damped * COMB_FEEDBACK;
                    sum += heard;
                }
                *output += sum;
            }
            [a.damped, b.damped, c.damped, d.damped] = damped;
            input = &input[count..];
            output = &mut output[count..];
        }
    }
}

#[derive(Debug)]
struct AllPass(Delay);

impl AllPass {
    fn process(&mut self, samples: &mut [f32]) {
        let mut samples = samples;
        while !samples.is_empty() {
            let run = self.0.run(samples.len());
            let count = run.len();
            for (held, sample) in run.iter_mut().zip(samples.iter_mut()) {
                let heard = *held;
                *held = *sample + heard * ALL_PASS_FEEDBACK + NOTHING;
                *sample = heard - *sample;
            }
            samples = &mut samples[count..];
        }
    }
}

/// One side of the reverb.
#[derive(Debug)]
struct Side {
    combs: [Combs; 2],
    all_passes: [AllPass; 4],
}

impl Side {
    fn new(rate: u32, spread: usize) -> Self {
        let delay = |tuning: usize| {
            let samples = f64::from(rate) / 44_100.0 * (tuning + spread) as f64;
            Delay::new(samples.round() as usize)
        };
        let comb = |tuning| Comb {
            delay: delay(tuning),
            damped: 0.0,
        };
        Self {
            combs: COMBS.map(|tunings| Combs(tunings.map(comb))),
            all_passes: ALL_PASSES.map(|tuning| AllPass(delay(tuning))),
        }
    }

    /// Adds the reverb of `input`, a stretch at most, to `to`; says how loud it is.
    fn add_to(&mut self, input: &[f32], to: &mut [f32]) -> f32 {
        let mut output = [0.0; STRETCH];
        let Some(output) = output.get_mut(..input.len()) else {
            return 0.0;
        };
        for combs in &mut self.combs {
            combs.add_to(input, output);
        }
        for all_pass in &mut self.all_passes {
            all_pass.process(output);
        }
        for (to, sample) in to.iter_mut().zip(&*output) {
            *to += sample;
        }
        loudest(output)
    }
}

/// A delay that swings, for each side.
#[derive(Debug)]
struct Chorus {
    held: [Vec<f32>; 2],
    at: usize,
    /// Cosine and sine of where the swing is, and of a step of it.
    phase: [f64; 2],
    step: [f64; 2],
    rate: f64,
}

impl Chorus {
    fn new(rate: u32) -> Self {
        let rate = f64::from(rate);
        let length = (rate * (CHORUS_DELAY + CHORUS_DEPTH)) as usize + 3;
        let angle = std::f64::consts::TAU * CHORUS_RATE / rate;
        Self {
            held: [vec![NOTHING; length], vec![NOTHING; length]],
            at: 0,
            phase: [1.0, 0.0],
            step: [angle.cos(), angle.sin()],
            rate,
        }
    }

    /// Adds the chorus of `input` to `to`; says how loud it is.
    fn add_to(&mut self, input: [&[f32]; 2], to: [&mut [f32]; 2]) -> f32 {
        let length = self.held[0].len();
        let [left_in, right_in] = input;
        let [left_out, right_out] = to;
        let mut loudest = 0.0_f32;
        let samples = left_in.iter().zip(right_in);
        let outputs = left_out.iter_mut().zip(right_out.iter_mut());
        for ((left_in, right_in), (left_out, right_out)) in samples.zip(outputs) {
            let [cos, sin] = self.phase;
            // The right side is a quarter of a turn ahead.
            for ((held, swing), (input, out)) in self
                .held
                .iter_mut()
                .zip([sin, cos])
                .zip([(left_in, left_out), (right_in, right_out)])
            {
                let delay = self.rate * (CHORUS_DELAY + CHORUS_DEPTH * swing);
                let place = self.at as f64 + length as f64 - delay;
                let whole = place as usize;
                let part = (place - whole as f64) as f32;
                let sample = |index: usize| held.get(index % length).copied().unwrap_or(0.0);
                let (before, after) = (sample(whole), sample(whole + 1));
                let heard = before + part * (after - before);
                *out += heard;
                loudest = loudest.max(heard.abs());
                if let Some(slot) = held.get_mut(self.at) {
                    *slot = *input;
                }
            }
            self.phase = [
                cos * self.step[0] - sin * self.step[1],
                sin * self.step[0] + cos * self.step[1],
            ];
            self.at = (self.at + 1) % length;
        }
        // Rounding lets the swing grow or shrink by less than anyone hears, and here not even that.
        let size = self.phase[0].hypot(self.phase[1]);
        self.phase = [self.phase[0] / size, self.phase[1] / size];
        loudest
    }
}

/// Counts how long nothing came in or out.
#[derive(Debug)]
struct Rest {
    quiet: usize,
    after: usize,
}

impl Rest {
    /// Whether there is nothing to do as long as nothing comes in.
    fn is_over(&self) -> bool {
        self.quiet >= self.after
    }

    /// So many frames of `silent` input made an output as loud as `output`.
    fn heard(&mut self, frames: usize, silent: bool, output: f32) {
        self.quiet = if silent && output < SILENCE {
            self.quiet.saturating_add(frames)
        } else {
            0
        };
    }
}

fn is_silent(samples: &[f32]) -> bool {
    samples.iter().all(|sample| *sample == 0.0)
}

/// Reverb and chorus.
#[derive(Debug)]
pub struct Effects {
    left: Side,
    right: Side,
    chorus: Chorus,
    reverb_rest: Rest,
    chorus_rest: Rest,
}

impl Effects {
    /// Effects at rest, for `rate` samples a second.
    pub fn new(rate: u32) -> Self {
        let rest = || Rest {
            quiet: usize::MAX / 2,
            after: (f64::from(rate) * REST_SECONDS) as usize,
        };
        Self {
            left: Side::new(rate, 0),
            right: Side::new(rate, SPREAD),
            chorus: Chorus::new(rate),
            reverb_rest: rest(),
            chorus_rest: rest(),
        }
    }

    /// Whether nothing echoes any more.
    pub fn is_at_rest(&self) -> bool {
        self.reverb_rest.is_over() && self.chorus_rest.is_over()
    }

    /// Adds what the effects make of the sends of a mix to the mix. Neither allocates nor waits.
    pub fn apply(&mut self, bus: &mut Bus) {
        let [left, right] = &mut bus.sides;
        let frames = left.len();
        let Sends { reverb, chorus } = &bus.sends;
        let [chorus_left, chorus_right] = chorus;
        let silent = is_silent(chorus_left) && is_silent(chorus_right);
        if !(silent && self.chorus_rest.is_over()) {
            let input = [chorus_left.as_slice(), chorus_right];
            let loudest = self.chorus.add_to(input, [&mut *left, &mut *right]);
            self.chorus_rest.heard(frames, silent, loudest);
        }
        let silent = is_silent(reverb);
        if !(silent && self.reverb_rest.is_over()) {
            let mut loudest = 0.0_f32;
            let sides = left.chunks_mut(STRETCH).zip(right.chunks_mut(STRETCH));
            for (input, (left, right)) in reverb.chunks(STRETCH).zip(sides) {
                let mut scaled = [0.0; STRETCH];
                for (scaled, sample) in scaled.iter_mut().zip(input) {
                    *scaled = sample * REVERB_GAIN;
                }
                let scaled = scaled.get(..input.len()).unwrap_or_default();
                loudest = loudest.max(self.left.add_to(scaled, left));
                loudest = loudest.max(self.right.add_to(scaled, right));
            }
            self.reverb_rest.heard(frames, silent, loudest);
        }
    }
}
