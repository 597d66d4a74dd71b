//! Mining by clusters: the segments of a song as points, close ones gathered (DBSCAN, Ester et al. 1996).

use std::ops::Range;

use linfa::ParamGuard as _;
use linfa::traits::Transformer as _;
use linfa_clustering::Dbscan;
use linfa_nn::CommonNearestNeighbour;
use linfa_nn::distance::L2Dist;
// What linfa is built with; the rest of the program has a newer one.
use ndarray_0_16::Array2;

use super::{Line, MiningOptions, apart, begins};
use crate::nets::NetError;
use crate::nets::melody_encoder::MelodyEncoder;
use crate::tokens::melody::Segment;

/// Neighbours, itself included, that make a point the core of a cluster.
const CORE: usize = 2;
/// A chain of neighbours can lead far away: returns are no farther from the theme than this many times the distance of
/// neighbours.
const REACH: f64 = 1.5;
/// Mean distances of returns from their theme that differ by less are equal.
const CLOSE: f64 = 0.1;

/// Mines by the points of `encoder`: the largest cluster of bar-aligned windows is the theme's, its first member the theme, its
/// others the returns, the nearest taken first where windows overlap.
///
/// # Errors
/// When the encoder fails.
pub fn mine(
    line: &Line,
    encoder: &MelodyEncoder,
    options: &MiningOptions,
) -> Result<Option<Vec<Range<u32>>>, NetError> {
    let (bars, points) = points(line, encoder, options)?;
    Ok(largest(&bars, &points, options))
}

/// The windows of a melody that have notes enough, also in their first bar; by that bar, and their points.
///
/// # Errors
/// When the encoder fails.
pub fn points(
    line: &Line,
    encoder: &MelodyEncoder,
    options: &MiningOptions,
) -> Result<(Vec<u32>, Vec<Vec<f32>>), NetError> {
    let enough = |(bar, segment): &(u32, Segment)| {
        segment.notes().len() >= options.notes.max(2) && begins(line, *bar)
    };
    let (bars, segments): (Vec<u32>, Vec<Segment>) = (line.windows(options.bars))
        .map(|bars| (bars.start, line.segment(bars)))
        .filter(enough)
        .unzip();
    let numbers: Vec<f32> = segments.iter().flat_map(Segment::features).collect();
    let points = encoder.encode(&numbers)?;
    let size = encoder.config().embedding as usize;
    Ok((bars, points.chunks(size).map(<[f32]>::to_vec).collect()))
}

/// The largest cluster of windows from these `bars` on: most members that do not overlap, of equally large ones the closest.
pub fn largest(
    bars: &[u32],
    points: &[Vec<f32>],
    options: &MiningOptions,
) -> Option<Vec<Range<u32>>> {
    let length = options.bars.max(1);
    let mut clusters: Vec<Vec<usize>> = Vec::new();
    for (index, cluster) in cluster(points, options.distance).into_iter().enumerate() {
        if let Some(cluster) = cluster {
            clusters.resize(clusters.len().max(cluster + 1), Vec::new());
            clusters[cluster].push(index);
        }
    }
    let mut best: Option<(usize, f64, Vec<Range<u32>>)> = None;
    for members in clusters {
        let Some((&theme, others)) = members.split_first() else {
            continue;
        };
        let later = (others.iter())
            .filter(|other| bars[**other] >= bars[theme] + length)
            .filter(|other| apart_by(&points[theme], &points[**other]) <= REACH * options.distance)
            .map(|other| {
                (
                    -apart_by(&points[theme], &points[*other]),
                    bars[*other] as usize,
                )
            });
        let found = apart(later, length as usize);
        let size = found.len() + 1;
        let near: f64 = found.iter().map(|(s, _)| *s).sum::<f64>() / size as f64;
        // What differs less than this is as close: the earlier one is the theme.
        let near = (near / CLOSE).round();
        let better = |(most, nearest, _): &(usize, f64, _)| (size, near) > (*most, *nearest);
        if size >= options.regions && best.as_ref().is_none_or(better) {
            let mut first: Vec<u32> = found.iter().map(|(_, bar)| *bar as u32).collect();
            first.push(bars[theme]);
            first.sort_unstable();
            let regions = first.into_iter().map(|bar| bar..bar + length);
            best = Some((size, near, regions.collect()));
        }
    }
    best.map(|(_, _, regions)| regions)
}

/// The cluster of each point, `None` of those that stand alone.
fn cluster(points: &[Vec<f32>], distance: f64) -> Vec<Option<usize>> {
    let size = points.first().map_or(0, Vec::len);
    let flat: Vec<f32> = points.concat();
    let table = Array2::from_shape_vec((points.len(), size), flat);
    let parameters = Dbscan::params_with(CORE, L2Dist, CommonNearestNeighbour::LinearSearch)
        .tolerance(distance as f32)
        .check();
    match (table, parameters) {
        (Ok(table), Ok(parameters)) if size > 0 => parameters.transform(&table).to_vec(),
        _ => vec![None; points.len()],
    }
}

fn apart_by(a: &[f32], b: &[f32]) -> f64 {
    let squares: f32 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    f64::from(squares).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of the plane at these angles, in degrees.
    fn at(degrees: &[f32]) -> Vec<Vec<f32>> {
        let point = |degrees: &f32| {
            let (sine, cosine) = degrees.to_radians().sin_cos();
            vec![cosine, sine]
        };
        degrees.iter().map(point).collect()
    }

    fn options(distance: f64) -> MiningOptions {
        MiningOptions {
            distance,
            ..MiningOptions::default()
        }
    }

    #[test]
    fn the_largest_cluster_is_the_theme() {
        // Near 0 degrees: bars 0, 4 and 8; near 90: 2, 6, 10 and 14, and 11, which overlaps with 10 and is farther off.
        let bars = [0, 2, 4, 6, 8, 10, 11, 12, 14];
        let points = at(&[0.0, 90.0, 1.0, 92.0, 2.0, 91.0, 95.0, 200.0, 89.0]);
        let found = largest(&bars, &points, &options(0.1));
        assert_eq!(found, Some(vec![2..4, 6..8, 10..12, 14..16]));
    }

    #[test]
    fn what_stands_alone_is_no_theme() {
        let bars = [0, 2, 4];
        assert_eq!(
            largest(&bars, &at(&[0.0, 60.0, 120.0]), &options(0.1)),
            None
        );
        // Two are fewer than three.
        assert_eq!(largest(&bars, &at(&[0.0, 1.0, 120.0]), &options(0.1)), None);
        assert_eq!(largest(&[], &[], &options(0.1)), None);
        assert_eq!(cluster(&at(&[0.0, 1.0, 90.0]), 0.0), [None; 3]);
    }

    #[test]
    fn chains_of_neighbours_are_one_cluster() {
        // Steps of five degrees are .087 apart, the ends .26.
        let clusters = cluster(&at(&[0.0, 5.0, 10.0, 15.0, 180.0]), 0.1);
        assert_eq!(clusters, [Some(0), Some(0), Some(0), Some(0), None]);
    }
}
