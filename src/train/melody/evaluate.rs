//! How well variations of a melody are found again among others, beside what edit similarity finds.

use rand::SeedableRng as _;
use rand_pcg::Pcg64;
use serde::Serialize;

use super::songs::MelodySong;
use super::vary::vary;
use crate::measure::fragment::Fragment;
use crate::measure::theme::OCCURRENCE;
use crate::nets::NetError;
use crate::nets::melody_encoder::MelodyEncoder;
use crate::tokens::melody::Segment;

/// Segments among which a variation is to be found.
pub const AMONG: usize = 256;

/// What an encoder finds, and edit similarity beside it. All lie in 0..=1; chance is 1 / [`Self::among`] for shares, .5 for areas.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Scores {
    /// Segments that were looked among: [`AMONG`], or fewer where there are not so many.
    pub among: usize,
    /// Share of segments whose own variation is the nearest of all variations.
    pub top1: f64,
    /// The same by edit similarity (of equally similar ones the first).
    pub top1_edit: f64,
    /// Area under the ROC curve: a segment's own variation is nearer than another's.
    pub auc: f64,
    /// The same by edit similarity.
    pub auc_edit: f64,
    /// Area under the ROC curve: of two pairs of segments of one song the nearer one is edit-similar
    /// (s >= [`OCCURRENCE`]), the other not.
    pub auc_same_theme: f64,
}

/// Measures `encoder` on the segments of `songs`, the same segments and variations each time.
///
/// # Errors
/// When libtorch refuses.
pub fn scores(encoder: &MelodyEncoder, songs: &[&MelodySong]) -> Result<Scores, NetError> {
    let mut rng = Pcg64::seed_from_u64(1);
    let chosen = different(songs, AMONG);
    let varied: Vec<Segment> = (chosen.iter())
        .map(|(song, segment)| vary(segment, song.scale, &mut rng))
        .collect();
    let own: Vec<Fragment> = chosen.iter().map(|(_, s)| s.fragment()).collect();
    let others: Vec<Fragment> = varied.iter().map(Segment::fragment).collect();
    let points = points(encoder, chosen.iter().map(|(_, segment)| *segment))?;
    let around = self::points(encoder, &varied)?;
    let edit = |i: usize, j: usize| own[i].similarity(&others[j]).unwrap_or(0.0);
    let near = |i: usize, j: usize| f64::from(cosine(&points[i], &around[j]));
    let (top1, auc) = found(chosen.len(), near);
    let (top1_edit, auc_edit) = found(chosen.len(), edit);
    Ok(Scores {
        among: chosen.len(),
        top1,
        top1_edit,
        auc,
        auc_edit,
        auc_same_theme: same_theme(encoder, songs)?,
    })
}

/// Share of rows whose greatest value is the diagonal's, and area under the curve of the diagonal against the rest.
fn found(size: usize, value: impl Fn(usize, usize) -> f64) -> (f64, f64) {
    let (mut own, mut others, mut first) = (Vec::new(), Vec::new(), 0);
    for i in 0..size {
        let row: Vec<f64> = (0..size).map(|j| value(i, j)).collect();
        let best = (0..size).max_by(|a, b| row[*a].total_cmp(&row[*b]).then(b.cmp(a)));
        first += usize::from(best == Some(i));
        own.push(row[i]);
        others.extend(
            row.iter()
                .enumerate()
                .filter(|(j, _)| *j != i)
                .map(|(_, v)| *v),
        );
    }
    let share = first as f64 / size.max(1) as f64;
    (share, area(&own, &mut others).unwrap_or(0.5))
}

/// Segments of all songs in turn, no two of one song alike by edit similarity.
fn different<'a>(songs: &[&'a MelodySong], count: usize) -> Vec<(&'a MelodySong, &'a Segment)> {
    let mut kept: Vec<Vec<(&Segment, Fragment)>> = vec![Vec::new(); songs.len()];
    let mut left: Vec<_> = songs.iter().map(|song| song.segments.iter()).collect();
    let mut all = Vec::new();
    let mut before = usize::MAX;
    while before != all.len() && all.len() < count {
        before = all.len();
        for ((song, left), kept) in songs.iter().zip(&mut left).zip(&mut kept) {
            let next = left.find_map(|segment| {
                let fragment = segment.fragment();
                let unlike = kept
                    .iter()
                    .all(|(_, other)| other.similarity(&fragment).is_none_or(|s| s < OCCURRENCE));
                unlike.then_some((segment, fragment))
            });
            if let Some((segment, fragment)) = next
                && all.len() < count
            {
                kept.push((segment, fragment));
                all.push((*song, segment));
            }
        }
    }
    all
}

/// How well nearness agrees with edit similarity inside songs.
fn same_theme(encoder: &MelodyEncoder, songs: &[&MelodySong]) -> Result<f64, NetError> {
    let (mut alike, mut unlike) = (Vec::new(), Vec::new());
    for song in songs {
        let points = points(encoder, &song.segments)?;
        let fragments: Vec<Fragment> = song.segments.iter().map(Segment::fragment).collect();
        for (i, a) in fragments.iter().enumerate() {
            for (j, b) in fragments.iter().enumerate().skip(i + 1) {
                let near = f64::from(cosine(&points[i], &points[j]));
                match a.similarity(b) {
                    Some(s) if s >= OCCURRENCE => alike.push(near),
                    Some(_) => unlike.push(near),
                    None => {}
                }
            }
        }
    }
    Ok(area(&alike, &mut unlike).unwrap_or(0.5))
}

/// The points of segments.
///
/// # Errors
/// When libtorch refuses.
pub fn points<'a>(
    encoder: &MelodyEncoder,
    segments: impl IntoIterator<Item = &'a Segment>,
) -> Result<Vec<Vec<f32>>, NetError> {
    let numbers: Vec<f32> = segments.into_iter().flat_map(Segment::features).collect();
    let points = encoder.encode(&numbers)?;
    let size = encoder.config().embedding as usize;
    Ok(points.chunks(size).map(<[f32]>::to_vec).collect())
}

/// The cosine of two points at distance 1 from the origin.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Area under the ROC curve: how often one of `positive` is greater than one of `negative`, equal ones counted half; `None`
/// where either is empty. Sorts `negative`.
pub fn area(positive: &[f64], negative: &mut [f64]) -> Option<f64> {
    negative.sort_by(f64::total_cmp);
    let wins: f64 = (positive.iter())
        .map(|value| {
            let below = negative.partition_point(|other| other < value);
            let not_above = negative.partition_point(|other| other <= value);
            (below + not_above) as f64 / 2.0
        })
        .sum();
    let pairs = positive.len() * negative.len();
    (pairs > 0).then(|| wins / pairs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_by_hand() {
        // 3 beats 1 and 2; 2 beats 1 and ties with 2: 3.5 of 4.
        assert_eq!(area(&[3.0, 2.0], &mut [2.0, 1.0]), Some(0.875));
        assert_eq!(area(&[], &mut [1.0]), None);
    }

    #[test]
    fn what_is_nearest_is_found() {
        let table = [[0.9, 0.1, 0.2], [0.8, 0.7, 0.1], [0.0, 0.1, 0.5]];
        // Rows 0 and 2; of the 18 pairs of own and other only .8 beats .7 and .5.
        let (top1, auc) = found(3, |i, j| table[i][j]);
        assert_eq!(top1, 2.0 / 3.0);
        assert!((auc - 16.0 / 18.0).abs() < 1e-12, "{auc}");
    }
}
