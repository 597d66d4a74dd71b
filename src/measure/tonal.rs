//! The tonal centroid of Harte, Sandler & Gasser (2006).

use std::f64::consts::PI;

/// A point of the tonal space: fifths, minor thirds, major thirds, each as sine and cosine.
pub type Centroid = [f64; 6];

/// (radius, angle of one semitone) of the three circles.
const CIRCLES: [(f64, f64); 3] = [
    (1.0, 7.0 * PI / 6.0),
    (1.0, 3.0 * PI / 2.0),
    (0.5, 2.0 * PI / 3.0),
];

/// The centroid of how much each pitch class sounds, in any unit; `None` where nothing does.
pub fn centroid(chroma: &[f64; 12]) -> Option<Centroid> {
    let sum: f64 = chroma.iter().sum();
    if sum <= 0.0 {
        return None;
    }
    let mut centroid = [0.0; 6];
    for (class, weight) in chroma.iter().enumerate() {
        for (circle, (radius, angle)) in CIRCLES.iter().enumerate() {
            let (sine, cosine) = (angle * class as f64).sin_cos();
            centroid[2 * circle] += weight / sum * radius * sine;
            centroid[2 * circle + 1] += weight / sum * radius * cosine;
        }
    }
    Some(centroid)
}

/// Euclidean distance.
pub fn distance(a: &Centroid, b: &Centroid) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f64>()
        .sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn c_and_g_by_hand() {
        let one = |class: usize| {
            let mut chroma = [0.0; 12];
            chroma[class] = 3.0;
            centroid(&chroma).unwrap_or_default()
        };
        for (got, expected) in one(0).iter().zip([0.0, 1.0, 0.0, 1.0, 0.0, 0.5]) {
            assert!((got - expected).abs() < 1e-12);
        }
        // G is class 7: angles 49pi/6 = pi/6, 21pi/2 = pi/2, 14pi/3 = 2pi/3 (mod 2pi).
        let g = [
            0.5,
            3_f64.sqrt() / 2.0,
            1.0,
            0.0,
            0.5 * 3_f64.sqrt() / 2.0,
            -0.25,
        ];
        for (got, expected) in one(7).iter().zip(g) {
            assert!((got - expected).abs() < 1e-12);
        }
        assert_eq!(centroid(&[0.0; 12]), None);
    }

    proptest! {
        #[test]
        fn loudness_and_transposition_do_not_matter(
            a in prop::array::uniform12(0.0_f64..4.0), b in prop::array::uniform12(0.0_f64..4.0),
            gain in 0.1_f64..9.0, shift in 0_usize..12
        ) {
            let move_up = |chroma: &[f64; 12]| std::array::from_fn(|class| gain * chroma[(class + 12 - shift) % 12]);
            if let (Some(left), Some(right), Some(up_left), Some(up_right)) =
                (centroid(&a), centroid(&b), centroid(&move_up(&a)), centroid(&move_up(&b)))
            {
                prop_assert!((distance(&left, &right) - distance(&up_left, &up_right)).abs() < 1e-9);
            }
        }
    }
}
