//! How literally the theme returns.

use super::*;

/// The melody of bars `from..from + 2` of a candidate: (ticks from there, pitch, length), and its velocities.
fn line(candidate: &Candidate, from: i64) -> (Vec<(i64, u8, i64)>, Vec<u8>) {
    let start = Tick(from * 3840);
    let notes = candidate.clip.tracks[0].notes_starting_in(Span::new(start, start + Tick(7680)));
    notes
        .iter()
        .map(|note| {
            let place = ((note.start - start).0, note.pitch.get(), note.duration.0);
            (place, note.velocity.get())
        })
        .unzip()
}

fn painted(likeness: f32) -> Vec<Candidate> {
    let settings = ContinueSettings {
        painted: [1..3, 4..6].to_vec(),
        returns: Returns::Painted,
        likeness,
        ..settings()
    };
    finished(&mut worker(512, usize::MAX), request(settings, 8))
}

#[test]
fn at_likeness_one_the_theme_itself_returns_with_another_touch() {
    // On the grid of sixteenths a note of 900 ticks has three steps.
    let theme: Vec<(i64, u8, i64)> = (0..)
        .step_by(960)
        .zip([60, 64, 67, 72, 71, 67, 64, 62])
        .map(|(at, pitch)| (at, pitch, 720))
        .collect();
    let mut velocities = std::collections::BTreeSet::new();
    for candidate in painted(1.0) {
        for from in [1, 4] {
            let (notes, touch) = line(&candidate, from);
            assert_eq!(notes, theme, "bar {from}");
            velocities.extend(touch);
        }
        let between = line(&candidate, 3).0;
        assert_ne!(between[..between.len().min(4)], theme[..4]);
    }
    assert!(velocities.len() > 8, "the velocities are the network's");
}

#[test]
fn below_one_returns_keep_some_of_it_and_at_zero_it_is_left_to_the_network() {
    let kept = |likeness: f32| -> usize {
        let theme = line(&painted(1.0)[0], 1).0;
        painted(likeness)
            .iter()
            .flat_map(|candidate| [line(candidate, 1).0, line(candidate, 4).0])
            .map(|notes| notes.iter().filter(|note| theme.contains(note)).count())
            .sum()
    };
    // Ten returns of eight notes; the fake network hits none of them but by chance.
    let (none, half) = (kept(0.0), kept(0.5));
    assert!(none < 4, "{none}");
    assert!((20..=70).contains(&half), "{half}");
}
