//! How certain the mean of a measure is.

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use super::grid::mean;

/// A mean with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The mean of all values.
    pub mean: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// How often the groups are drawn.
const DRAWS: usize = 2000;

/// The mean of all values of all groups, and the percentile bootstrap interval (Efron 1979) of 2,000 draws. What belongs
/// together (pieces of one song) is one group and is drawn as a whole: such values are no independent witnesses. `None`
/// without values; the same seed gives the same interval.
pub fn interval(groups: &[Vec<f64>], seed: u64) -> Option<Interval> {
    let mean = mean(groups.iter().flatten().copied())?;
    let sums: Vec<(f64, usize)> = groups
        .iter()
        .filter(|group| !group.is_empty())
        .map(|group| (group.iter().sum(), group.len()))
        .collect();
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut means: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let drawn = (0..sums.len()).map(|_| sums[rng.random_range(0..sums.len())]);
            let (sum, count) = drawn.fold((0.0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
            sum / count as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[((DRAWS - 1) as f64 * share).round() as usize];
    Some(Interval {
        mean,
        low: at(0.025),
        high: at(0.975),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_coin_throws_is_the_binomial_one() {
        let groups: Vec<Vec<f64>> = (0..400).map(|i| vec![f64::from(i % 2)]).collect();
        let interval = interval(&groups, 1).unwrap();
        assert_eq!(interval.mean, 0.5);
        // 1.96 x sqrt(.25 / 400) = .049.
        assert!((interval.high - 0.549).abs() < 0.01, "{interval:?}");
        assert!((interval.low - 0.451).abs() < 0.01, "{interval:?}");
    }

    #[test]
    fn values_of_one_group_count_as_one_witness() {
        let wide = interval(&[vec![0.0; 50], vec![1.0; 50]], 1).unwrap();
        assert_eq!((wide.low, wide.high), (0.0, 1.0));
        let one = interval(&[vec![3.0, 5.0]], 1).unwrap();
        assert_eq!((one.mean, one.low, one.high), (4.0, 4.0, 4.0));
        assert_eq!(interval(&[vec![], vec![]], 1), None);
    }
}
