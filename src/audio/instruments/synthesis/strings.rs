//! Struck and plucked strings as sums of their modes.
//!
//! A stiff string's partial k lies at `k f sqrt((1 + B k^2) / (1 + B))` (H. Fletcher, 1964). Where it is struck or plucked, at the
//! share p of its length, mode k is excited as `sin(k pi p)`. It moves in two polarisations that decay at two rates (G.
//! Weinreich, 1977): a strong prompt sound and a weak, long after-sound at a slightly different frequency, which beat.

use std::f64::consts::PI;

use super::{Noise, Partial, Shape};

/// The physics of one string.
pub struct StringModel<'a> {
    /// Frequency of the first partial in hertz.
    pub fundamental: f64,
    /// Inharmonicity B.
    pub inharmonicity: f64,
    /// Where it is struck or plucked, as a share of the length.
    pub contact: f64,
    /// Exponent of the fall of amplitude with the partial's number.
    pub tilt: f64,
    /// Hertz over which the hammer's or finger's softness takes off 8.7 dB.
    pub softness: f64,
    /// Gain of the body or pickup at a frequency.
    pub body: &'a dyn Fn(f64) -> f64,
    /// Decay (1/s) of the after-sound at frequency 0.
    pub decay: f64,
    /// Decay (1/s) to add for every kilohertz.
    pub damping: f64,
    /// How many times faster the prompt sound decays.
    pub prompt: f64,
    /// Amplitude of the after-sound; the prompt sound has the rest to 1.
    pub after: f64,
    /// Partials above this frequency are left out.
    pub limit: f64,
}

impl StringModel<'_> {
    /// Decay (1/s) of the after-sound of the first partial: what the player's envelope can take over.
    pub fn envelope_rate(&self) -> f64 {
        self.decay + self.damping * self.fundamental / 1000.0
    }

    /// The modes, with phases from `noise`.
    pub fn partials(&self, noise: &mut Noise) -> Vec<Partial> {
        let mut partials = Vec::new();
        for number in 1..=120 {
            let k = f64::from(number);
            let stretch = ((1.0 + self.inharmonicity * k * k) / (1.0 + self.inharmonicity)).sqrt();
            let frequency = k * self.fundamental * stretch;
            // The same draws for every partial keep the others as they are when the limit moves.
            let (phase, turn, drift) = (noise.unit(), noise.unit(), noise.white());
            if frequency > self.limit {
                break;
            }
            // A hammer or finger is wide and the string is never struck on a point: no mode is quite silent.
            let contact = (k * PI * self.contact).sin().abs().mul_add(0.85, 0.15);
            let amplitude = contact
                * k.powf(-self.tilt)
                * (-(frequency - self.fundamental) / self.softness).exp()
                * (self.body)(frequency);
            let after = self.decay + self.damping * frequency / 1000.0;
            partials.push(Partial {
                frequency,
                amplitude: amplitude * (1.0 - self.after),
                phase,
                shape: Shape::Transient(after * self.prompt),
            });
            partials.push(Partial {
                frequency: frequency + if number == 1 { 0.0 } else { 0.3 * drift },
                amplitude: amplitude * self.after,
                // The first partial is the pitch: both its parts stay together.
                phase: if number == 1 {
                    phase
                } else {
                    phase + 0.15 * turn
                },
                shape: Shape::Heir {
                    rate: after,
                    prompt: after * self.prompt,
                    ratio: (1.0 - self.after) / self.after,
                },
            });
        }
        partials
    }
}
