//! How loud a sound is heard: K-weighted level after ITU-R BS.1770.

use super::Biquad;

/// The loudest 400 ms of a sound in LUFS, were it played from both of two speakers; silence is -120.
///
/// The weighting is the recommendation's: a shelf for the head and a high-pass for the ear's bass.
pub fn momentary(samples: &[f64], rate: u32) -> f64 {
    let mut weighted = samples.to_vec();
    Biquad::high_shelf(rate, 1_682.0, 4.0).run(&mut weighted);
    Biquad::high_pass(rate, 38.1, 0.5).run(&mut weighted);
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
