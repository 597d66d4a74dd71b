//! The grid of sixteenths that the measures look at.

use crate::score::{Note, Span, Tick};

/// The step (a sixteenth, from 0 at the start of the song) that holds `tick`.
pub fn step_of(tick: Tick) -> i64 {
    tick.0.div_euclid(Tick::SIXTEENTH.0)
}

/// Steps a note lasts, at least 1: from the step of its onset to the step of its end.
pub fn steps_of(note: &Note) -> i64 {
    (step_of(note.end()) - step_of(note.start)).max(1)
}

/// `span` cut into consecutive windows of `length`; a shorter rest is left out. Without windows where `length` is not positive.
pub fn windows(span: Span, length: Tick) -> impl Iterator<Item = Span> {
    let count = if length.0 > 0 {
        span.length().0 / length.0
    } else {
        0
    };
    (0..count).map(move |index| Span {
        start: span.start + length * index,
        end: span.start + length * (index + 1),
    })
}

/// The mean of some values; `None` of none.
pub fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values
        .into_iter()
        .fold((0.0, 0_u64), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

/// `part / whole`; `None` where the whole is 0.
pub fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_shorter_than_a_window_is_left_out() {
        let span = Span::new(Tick(960), Tick(960 + 2500));
        let starts: Vec<i64> = windows(span, Tick(1000))
            .map(|window| window.start.0)
            .collect();
        assert_eq!(starts, [960, 1960]);
        assert_eq!(windows(span, Tick(0)).count(), 0);
    }

    #[test]
    fn nothing_has_no_mean() {
        assert_eq!(mean([]), None);
        assert_eq!(mean([1.0, 2.0]), Some(1.5));
        assert_eq!(share(1, 0), None);
    }
}
