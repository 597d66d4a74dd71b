//! How far a set of clips is from a reference set, measure by measure.

use super::grid::mean;

/// The distance of one measure's values from the reference's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// |difference of the means| / standard deviation of the reference; `None` where the reference does not vary.
    pub mean: Option<f64>,
    /// Overlapping area of the two distributions (Yang & Lerch 2020), 0..=1: 1 for the same distribution.
    pub overlap: Option<f64>,
}

/// Compares the values of one measure. `None` where either set has no value.
pub fn distance(values: &[f64], reference: &[f64]) -> Option<Distance> {
    let difference = (mean(values.iter().copied())? - mean(reference.iter().copied())?).abs();
    let deviation = deviation(reference);
    Some(Distance {
        mean: deviation
            .filter(|deviation| *deviation > 0.0)
            .map(|deviation| difference / deviation),
        overlap: overlap(values, reference),
    })
}

/// The one figure of several measures: the mean of their distances of means; `None` of none.
pub fn mean_distance(distances: &[Distance]) -> Option<f64> {
    mean(distances.iter().filter_map(|distance| distance.mean))
}

/// Standard deviation of a population; `None` without values.
fn deviation(values: &[f64]) -> Option<f64> {
    let centre = mean(values.iter().copied())?;
    Some(mean(values.iter().map(|value| (value - centre).powi(2)))?.sqrt())
}

/// The area under the lower of the two densities, each estimated with Gaussian kernels of Scott's width; `None` where a
/// set does not vary (it has no density).
fn overlap(a: &[f64], b: &[f64]) -> Option<f64> {
    const POINTS: usize = 1000;
    let width = |values: &[f64]| {
        let deviation = deviation(values)?;
        (deviation > 0.0).then(|| deviation * (values.len() as f64).powf(-0.2))
    };
    let (width_a, width_b) = (width(a)?, width(b)?);
    let reach = 5.0 * width_a.max(width_b);
    let all = || a.iter().chain(b).copied();
    let low = all().fold(f64::INFINITY, f64::min) - reach;
    let high = all().fold(f64::NEG_INFINITY, f64::max) + reach;
    let step = (high - low) / POINTS as f64;
    let area: f64 = (0..POINTS)
        .map(|point| {
            let x = low + (point as f64 + 0.5) * step;
            density(a, width_a, x).min(density(b, width_b, x)) * step
        })
        .sum();
    Some(area.clamp(0.0, 1.0))
}

fn density(values: &[f64], width: f64, x: f64) -> f64 {
    let norm = width * (2.0 * std::f64::consts::PI).sqrt() * values.len() as f64;
    values
        .iter()
        .map(|value| (-0.5 * ((x - value) / width).powi(2)).exp())
        .sum::<f64>()
        / norm
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn distances_by_hand() {
        // Reference 1, 3: mean 2, deviation 1. Values 4, 6: mean 5.
        let d = distance(&[4.0, 6.0], &[1.0, 3.0]);
        assert_eq!(d.and_then(|d| d.mean), Some(3.0));
        // Two kernels of one width at 0 and 2 widths: the overlap of N(0,1) and N(2,1) is 2 Phi(-1) = .3173.
        let spread = |centre: f64| [centre - 1e-3, centre + 1e-3];
        let width = 1e-3 * 2.0_f64.powf(-0.2);
        let near = overlap(&spread(0.0), &spread(0.0)).unwrap_or_default();
        assert!((near - 1.0).abs() < 1e-3, "{near}");
        let far = overlap(&spread(0.0), &spread(100.0 * width)).unwrap_or(1.0);
        assert!(far < 1e-6, "{far}");
    }

    #[test]
    fn sets_without_values_or_variation_have_none() {
        assert_eq!(distance(&[], &[1.0]), None);
        let flat = distance(&[1.0, 2.0], &[3.0, 3.0]);
        assert_eq!(
            flat,
            Some(Distance {
                mean: None,
                overlap: None
            })
        );
        assert_eq!(mean_distance(&[]), None);
    }

    proptest! {
        #[test]
        fn a_set_overlaps_itself_and_the_overlap_is_symmetric(
            a in prop::collection::vec(-5.0_f64..5.0, 2..12), b in prop::collection::vec(-5.0_f64..5.0, 2..12)
        ) {
            prop_assume!(deviation(&a) > Some(0.05) && deviation(&b) > Some(0.05));
            let same = overlap(&a, &a).unwrap_or_default();
            prop_assert!((same - 1.0).abs() < 0.01, "{same}");
            let (ab, ba) = (overlap(&a, &b).unwrap_or_default(), overlap(&b, &a).unwrap_or_default());
            prop_assert!((ab - ba).abs() < 1e-9 && (0.0..=1.0).contains(&ab));
        }
    }
}
