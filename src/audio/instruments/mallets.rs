//! Struck bars, tubes, tongues and tuned skins as their modes.
//!
//! Ratios after N. Fletcher and T. Rossing, *The Physics of Musical Instruments*: a free bar 1 : 2.756 : 5.404 : 8.933, tuned bars with the
//! second mode at 4 (marimba, vibraphone) or 3 (xylophone), bells and tubes by their partials, kettledrums 1 : 1.5 : 1.98 : 2.44.

use super::synthesis::tone::ToneSpec;
use super::synthesis::{
    Biquad, Envelope, Noise, Partial, Region, Shape, every, gain, hertz, spread,
};

/// What makes one struck instrument differ from another.
pub struct Bar {
    /// Name of the tones.
    pub name: &'static str,
    /// Lowest and highest key that gets a tone of its own.
    pub range: (u8, u8),
    /// Times the fundamental, amplitude, decay (1/s) at key 60 of each mode; the first is what is heard as the pitch.
    pub modes: &'static [(f64, f64, f64)],
    /// How many times faster it decays an octave higher.
    pub per_octave: f64,
    /// Level (decibels) and band (hertz) of the mallet's knock.
    pub knock: (f64, f64),
    /// Seconds to the loop, and of the loop; a loop of 0 plays once.
    pub times: (f64, f64),
    /// Seconds by which a damped bar has fallen by 80 dB.
    pub release: f64,
    /// Seconds until full level: the mallet is soft.
    pub fade_in: f64,
}

const BAR: Bar = Bar {
    name: "Bar",
    range: (56, 96),
    modes: &[
        (1.0, 1.0, 1.2),
        (2.756, 0.4, 4.0),
        (5.404, 0.2, 9.0),
        (8.933, 0.08, 20.0),
    ],
    per_octave: 1.5,
    knock: (-22.0, 3_000.0),
    times: (0.22, 0.05),
    release: 1.0,
    fade_in: 0.0006,
};

impl Bar {
    /// The instrument over the whole keyboard.
    pub fn regions(&self) -> Vec<Region> {
        spread(&every(self.range.0, self.range.1), |root| {
            let key = f64::from(root);
            let mut spec = ToneSpec::new(self.name, root);
            let mut noise = Noise::new(u64::from(root) * 17);
            let faster = self.per_octave.powf((key - 60.0) / 12.0);
            let slowest = self.modes.first().map_or(1.0, |mode| mode.2 * faster);
            for (index, (ratio, amplitude, decay)) in self.modes.iter().enumerate() {
                let decay = decay * faster;
                let shape = if index == 0 || decay < 3.0 * slowest {
                    Shape::Decay(decay)
                } else {
                    Shape::Transient(decay)
                };
                spec.partials.push(Partial {
                    frequency: hertz(key) * ratio,
                    amplitude: *amplitude,
                    phase: 0.08 * noise.unit(),
                    shape,
                });
            }
            spec.fade_in = self.fade_in;
            (spec.settle, spec.cycle) = self.times;
            spec.fit_rate();
            let envelope = if spec.cycle > 0.0 {
                spec.envelope_rate = slowest;
                Envelope::struck(slowest, self.release)
            } else {
                // The whole sound is in the points.
                spec.settle = (7.0 / slowest).min(self.times.0);
                Envelope::struck(0.0, self.release)
            };
            let rate = spec.rate;
            let tone = spec.render_with(|points, _| {
                let length = (0.025 * f64::from(rate)) as usize;
                let peak = points
                    .iter()
                    .fold(0.0_f64, |peak, point| peak.max(point.abs()));
                let mut knock: Vec<f64> = noise
                    .take(length)
                    .iter()
                    .enumerate()
                    .map(|(i, v)| v * (-(i as f64) / 90.0).exp())
                    .collect();
                Biquad::band_pass(rate, self.knock.1, 0.8).run(&mut knock);
                let top = knock
                    .iter()
                    .fold(1e-9_f64, |top, value| top.max(value.abs()));
                for (index, (point, value)) in points.iter_mut().zip(&knock).enumerate() {
                    *point += value / top
                        * peak
                        * gain(self.knock.0)
                        * (1.0 - index as f64 / length as f64)
                        * (index as f64 / 10.0).min(1.0);
                }
            });
            (tone, envelope)
        })
    }
}

/// Glockenspiel: free steel bars.
pub const GLOCKENSPIEL: Bar = Bar {
    name: "Glockenspiel",
    modes: &[
        (1.0, 1.0, 0.75),
        (2.756, 0.5, 2.6),
        (5.404, 0.25, 7.0),
        (8.933, 0.1, 14.0),
    ],
    ..BAR
};

/// Celesta: steel plates on wooden boxes, struck by felt.
pub const CELESTA: Bar = Bar {
    name: "Celesta",
    modes: &[
        (1.0, 1.0, 1.1),
        (2.0, 0.12, 2.4),
        (4.0, 0.16, 5.0),
        (6.7, 0.05, 12.0),
    ],
    knock: (-24.0, 1_600.0),
    release: 0.5,
    ..BAR
};

/// Vibraphone: tuned aluminium bars over tubes.
pub const VIBRAPHONE: Bar = Bar {
    name: "Vibraphone",
    range: (48, 82),
    modes: &[(1.0, 1.0, 0.95), (4.0, 0.22, 3.2), (10.0, 0.06, 9.0)],
    per_octave: 1.35,
    knock: (-28.0, 1_200.0),
    release: 0.6,
    ..BAR
};

/// Marimba: tuned wooden bars over tubes, soft mallets.
pub const MARIMBA: Bar = Bar {
    name: "Marimba",
    range: (40, 84),
    modes: &[(1.0, 1.0, 5.0), (3.93, 0.28, 16.0), (9.2, 0.1, 40.0)],
    per_octave: 1.5,
    knock: (-20.0, 600.0),
    times: (0.2, 0.04),
    release: 0.4,
    fade_in: 0.001,
};

/// Xylophone: tuned wooden bars, hard mallets.
pub const XYLOPHONE: Bar = Bar {
    name: "Xylophone",
    modes: &[(1.0, 1.0, 8.0), (3.0, 0.5, 18.0), (6.1, 0.25, 36.0)],
    knock: (-14.0, 2_400.0),
    times: (0.15, 0.03),
    release: 0.3,
    ..BAR
};

/// Tubular bells: the ear hears the pitch an octave below modes four to six.
pub const TUBULAR_BELLS: Bar = Bar {
    name: "Tubular bells",
    range: (54, 78),
    modes: &[
        (1.0, 0.35, 0.7),
        (2.0, 1.0, 0.7),
        (3.0, 0.75, 1.0),
        (4.17, 0.5, 1.5),
        (5.43, 0.35, 2.4),
        (6.8, 0.2, 4.0),
        (0.53, 0.12, 0.9),
    ],
    per_octave: 1.2,
    knock: (-18.0, 2_500.0),
    times: (0.4, 0.2),
    release: 2.0,
    ..BAR
};

/// Steel drum: tuned fields with their octave and twelfth swelling in.
pub const STEEL_DRUM: Bar = Bar {
    name: "Steel drum",
    modes: &[
        (1.0, 1.0, 3.2),
        (2.0, 0.75, 3.6),
        (3.0, 0.3, 5.0),
        (4.06, 0.22, 8.0),
        (6.2, 0.1, 14.0),
    ],
    per_octave: 1.25,
    knock: (-20.0, 1_800.0),
    times: (0.22, 0.05),
    release: 0.5,
    fade_in: 0.002,
    ..BAR
};

/// Kalimba: plucked tongues.
pub const KALIMBA: Bar = Bar {
    name: "Kalimba",
    modes: &[
        (1.0, 1.0, 2.4),
        (5.6, 0.16, 18.0),
        (2.0, 0.06, 4.0),
        (10.2, 0.05, 40.0),
    ],
    knock: (-16.0, 900.0),
    times: (0.25, 0.04),
    release: 0.4,
    ..BAR
};

/// Timpani: the preferred modes of an air-loaded membrane.
pub const TIMPANI: Bar = Bar {
    name: "Timpani",
    range: (38, 62),
    modes: &[
        (1.0, 1.0, 1.6),
        (1.5, 0.8, 2.2),
        (1.98, 0.5, 2.8),
        (2.44, 0.35, 3.6),
        (2.89, 0.2, 5.0),
        (0.85, 0.5, 12.0),
    ],
    per_octave: 1.2,
    knock: (-10.0, 250.0),
    times: (0.34, 0.12),
    release: 0.8,
    fade_in: 0.002,
};

/// Woodblock, agogo and tinkle bell share a short bell of two close groups.
pub const AGOGO: Bar = Bar {
    name: "Agogo",
    range: (54, 90),
    modes: &[
        (1.0, 1.0, 5.0),
        (1.51, 0.5, 7.0),
        (2.68, 0.4, 9.0),
        (3.9, 0.25, 14.0),
        (5.3, 0.15, 20.0),
    ],
    per_octave: 1.2,
    knock: (-14.0, 3_500.0),
    times: (0.18, 0.06),
    release: 0.5,
    ..BAR
};

/// Woodblock: a slit hollow.
pub const WOODBLOCK: Bar = Bar {
    name: "Woodblock",
    range: (48, 84),
    modes: &[(1.0, 1.0, 22.0), (1.62, 0.45, 34.0), (2.9, 0.25, 60.0)],
    per_octave: 1.2,
    knock: (-14.0, 1_800.0),
    times: (0.3, 0.0),
    release: 0.2,
    ..BAR
};

/// Taiko, melodic tom: a large skin whose pitch settles.
pub const TAIKO: Bar = Bar {
    name: "Taiko",
    range: (40, 72),
    modes: &[
        (1.0, 1.0, 4.2),
        (1.59, 0.55, 8.0),
        (2.14, 0.35, 11.0),
        (2.65, 0.25, 15.0),
        (3.5, 0.15, 22.0),
    ],
    per_octave: 1.3,
    knock: (-6.0, 350.0),
    times: (0.3, 0.08),
    release: 0.6,
    fade_in: 0.0015,
};
