//! How loud a sound is heard: K-weighted level after ITU-R BS.1770.

use super::Biquad;

/// The loudest 400 ms of a sound in LUFS, were it played from both of two speakers; silence is -120.
pub fn momentary(samples: &[f64], rate: u32) -> f64 {
    let weighted = weighted(samples, rate);
    let window = (rate as usize * 2 / 5).max(1);
    let hop = (window / 8).max(1);
    let mut loudest = 0.0_f64;
    let mut start = 0;
    loop {
        let end = (start + window).min(weighted.len());
        let energy = weighted
            .get(start..end)
            .unwrap_or(&[])
            .iter()
            .map(|value| value * value)
            .sum::<f64>();
        loudest = loudest.max(energy / window as f64);
        if end == weighted.len() {
            break;
        }
        start += hop;
    }
    if loudest < 1e-12 {
        -120.0
    } else {
        10.0 * loudest.log10() + 10.0 * 2_f64.log10() - 0.691
    }
}

/// Integrated loudness of a sound in LUFS, from its two sides: what sounds of it, as the recommendation gates it; silence is -120.
///
/// The gates are the recommendation's (-70 LUFS, then 10 dB below the mean), over blocks of 50 ms in place of 400 ms: a short sound is
/// not mixed with the silence after it.
pub fn sounding(sides: &[Vec<f64>; 2], rate: u32) -> f64 {
    let [left, right] = sides.each_ref().map(|side| weighted(side, rate));
    let power: Vec<f64> = left
        .iter()
        .zip(&right)
        .map(|(left, right)| left * left + right * right)
        .collect();
    let window = (rate as usize / 20).max(1);
    let blocks: Vec<f64> = (0..power.len())
        .step_by((window / 4).max(1))
        .filter_map(|start| power.get(start..start + window))
        .map(|block| block.iter().sum::<f64>() / window as f64)
        .collect();
    let mean_above = |gate: f64| {
        let passed = blocks.iter().filter(|block| **block > gate);
        let (sum, count) = passed.fold((0.0, 0), |(sum, count), block| (sum + block, count + 1));
        sum / f64::from(count.max(1))
    };
    // -70 LUFS as a power.
    let absolute = 10_f64.powf((-70.0 + 0.691) / 10.0);
    let mean = mean_above(0.1 * mean_above(absolute));
    if mean < 1e-12 {
        -120.0
    } else {
        10.0 * mean.log10() - 0.691
    }
}

/// The weighting of the recommendation: a shelf for the head and a high-pass for the ear's bass.
fn weighted(samples: &[f64], rate: u32) -> Vec<f64> {
    let mut weighted = samples.to_vec();
    Biquad::high_shelf(rate, 1_682.0, 4.0).run(&mut weighted);
    Biquad::high_pass(rate, 38.1, 0.5).run(&mut weighted);
    weighted
}
