//! Pitch, times and spectra of a note.

use std::f64::consts::TAU;

use leitmotif::audio::instruments::synthesis::hertz;
use realfft::RealFftPlanner;

use super::play::RATE;

/// What is measured of a note.
pub(crate) struct Sound {
    /// Milliseconds from the beginning to nine tenths of the peak.
    pub attack: f64,
    /// Seconds for 60 dB, as the first 0.3 s and 0.8 to 2.3 s fall; infinite for what does not fall.
    pub decays: [f64; 2],
    /// Hertz at the centre of the power in the first 0.15 s and in 0.8 to 1.3 s.
    pub centroids: [f64; 2],
}

impl Sound {
    /// Measures a note that begins at once.
    pub(crate) fn of(points: &[f64]) -> Self {
        let rate = f64::from(RATE);
        let part = |from: f64, to: f64| {
            let (from, to) = ((from * rate) as usize, (to * rate) as usize);
            points.get(from..to.min(points.len())).unwrap_or(&[])
        };
        // Root mean squares of 5 ms, every millisecond.
        let level = |milliseconds: f64| {
            let at = milliseconds / 1_000.0;
            let block = part(at, at + 0.005);
            (block.iter().map(|v| v * v).sum::<f64>() / block.len().max(1) as f64).sqrt()
        };
        let curve: Vec<f64> = (0..1_500).map(|at| level(f64::from(at))).collect();
        let peak = curve.iter().fold(0.0_f64, |peak, value| peak.max(*value));
        let at = |share: f64| curve.iter().position(|value| *value > share * peak);
        let attack = at(0.9).unwrap_or(0) as f64 - at(0.02).unwrap_or(0) as f64;
        let summit = at(0.999).unwrap_or(0) as f64 / 1_000.0;
        let first = decay(part(summit, summit + 0.3));
        let later = decay(part(0.8, 2.3));
        Self {
            attack,
            decays: [first, later],
            centroids: [centroid(part(0.0, 0.15)), centroid(part(0.8, 1.3))],
        }
    }
}

/// Seconds for 60 dB at the mean slope of the level (50 ms).
fn decay(points: &[f64]) -> f64 {
    let window = RATE as usize / 20;
    let levels: Vec<(f64, f64)> = points
        .chunks_exact(window)
        .enumerate()
        .map(|(index, block)| {
            let power = block.iter().map(|v| v * v).sum::<f64>() / window as f64;
            (index as f64 * 0.05, 10.0 * power.max(1e-14).log10())
        })
        .collect();
    let slope = slope(
        &levels
            .iter()
            .map(|(x, y)| (*x, *y, 1.0))
            .collect::<Vec<_>>(),
    );
    if slope < -0.3 {
        -60.0 / slope
    } else {
        f64::INFINITY
    }
}

/// Slope of the line through weighted points (x, y, weight).
fn slope(points: &[(f64, f64, f64)]) -> f64 {
    let weight: f64 = points.iter().map(|(_, _, w)| w).sum();
    let mean_x = points.iter().map(|(x, _, w)| x * w).sum::<f64>() / weight;
    let mean_y = points.iter().map(|(_, y, w)| y * w).sum::<f64>() / weight;
    let over: f64 = points
        .iter()
        .map(|(x, y, w)| w * (x - mean_x) * (y - mean_y))
        .sum();
    let under: f64 = points
        .iter()
        .map(|(x, _, w)| w * (x - mean_x).powi(2))
        .sum();
    over / under
}

/// Magnitudes of a Hann-windowed spectrum, padded to a power of two of at least four seconds; and hertz a bin.
pub(crate) fn spectrum(points: &[f64]) -> (Vec<f64>, f64) {
    let size = (4 * RATE as usize).max(points.len()).next_power_of_two();
    let fft = RealFftPlanner::<f64>::new().plan_fft_forward(size);
    let mut input = fft.make_input_vec();
    let turn = TAU / points.len().max(1) as f64;
    for (index, (place, point)) in input.iter_mut().zip(points).enumerate() {
        *place = point * (0.5 - 0.5 * (turn * index as f64).cos());
    }
    let mut output = fft.make_output_vec();
    if fft.process(&mut input, &mut output).is_err() {
        output.clear();
    }
    let magnitudes = output.iter().map(|value| value.norm()).collect();
    (magnitudes, f64::from(RATE) / size as f64)
}

fn centroid(points: &[f64]) -> f64 {
    let (magnitudes, step) = spectrum(points);
    let power = |bin: usize, m: f64| {
        if (bin as f64) * step < 20.0 {
            0.0
        } else {
            m * m
        }
    };
    let all: f64 = magnitudes
        .iter()
        .enumerate()
        .map(|(bin, m)| power(bin, *m))
        .sum();
    let weighted = magnitudes.iter().enumerate();
    weighted
        .map(|(bin, m)| power(bin, *m) * bin as f64 * step)
        .sum::<f64>()
        / all.max(1e-30)
}

/// How many cents the pitch is off a key: the mean turning of the phase of its lowest strong harmonic, from 0.1 s on.
pub(crate) fn cents_off(points: &[f64], key: u8) -> f64 {
    let wanted = hertz(f64::from(key));
    let rate = f64::from(RATE);
    let body = points.get(RATE as usize / 10..).unwrap_or(&[]);
    let tracks: Vec<Vec<(f64, f64, f64)>> = (1..=4)
        .map(|k| {
            phases(
                body,
                f64::from(k) * wanted,
                (8.0 * rate / wanted).max(6_000.0),
            )
        })
        .collect();
    let power = |track: &[(f64, f64, f64)]| track.iter().map(|(_, _, w)| w).sum::<f64>();
    let strongest = tracks
        .iter()
        .fold(0.0_f64, |most, track| most.max(power(track)));
    for (track, k) in tracks.iter().zip(1..) {
        if power(track) > 0.01 * strongest {
            return 1_200.0 * (1.0 + slope(track) / (f64::from(k) * wanted)).log2();
        }
    }
    f64::NAN
}

/// How the phase at a frequency (hertz) moves: seconds, turns and power of a Hann window of so many points.
fn phases(points: &[f64], frequency: f64, window: f64) -> Vec<(f64, f64, f64)> {
    let rate = f64::from(RATE);
    let pieces = 16;
    let piece = window as usize / pieces;
    let (turn_sin, turn_cos) = (TAU * frequency / rate).sin_cos();
    let (mut sin, mut cos) = (0.0, 1.0);
    // The sound turned back by the frequency, summed up in pieces.
    let sums: Vec<(f64, f64)> = points
        .chunks_exact(piece)
        .map(|chunk| {
            let mut sum = (0.0, 0.0);
            for point in chunk {
                sum.0 += point * cos;
                sum.1 -= point * sin;
                (sin, cos) = (
                    sin * turn_cos + cos * turn_sin,
                    cos * turn_cos - sin * turn_sin,
                );
            }
            sum
        })
        .collect();
    let mut track: Vec<(f64, f64, f64)> = Vec::new();
    for (index, run) in sums.windows(pieces).enumerate().step_by(pieces / 8) {
        let (mut re, mut im) = (0.0, 0.0);
        for (place, (x, y)) in run.iter().enumerate() {
            let hann = 0.5 - 0.5 * (TAU * (place as f64 + 0.5) / pieces as f64).cos();
            re += hann * x;
            im += hann * y;
        }
        let mut phase = im.atan2(re) / TAU;
        if let Some((_, last, _)) = track.last() {
            phase += (last - phase).round();
        }
        track.push(((index * piece) as f64 / rate, phase, re * re + im * im));
    }
    track
}
