//! Between ideas.

use super::*;

pub(super) fn ideas() -> [Candidate; 2] {
    [1, 2].map(|seed| made(&Song::default(), Kind::Seed(seed_settings()), seed, 1).remove(0))
}

pub(super) fn morph(ideas: &[Candidate], way: MorphWay) -> MorphSettings {
    MorphSettings {
        ideas: ideas.iter().map(|idea| Arc::clone(&idea.lineage)).collect(),
        way,
        blend: Blend::Slerp,
        joined: false,
        at: Tick::ZERO,
        performance: Performance::default(),
    }
}

#[test]
fn the_corners_of_a_morph_are_its_ideas() {
    let ideas = ideas();
    let of = |way| made(&Song::default(), Kind::Morph(morph(&ideas, way)), 1, 1);
    let path = of(MorphWay::Path { steps: 5 });
    let places: Vec<u32> = path.iter().map(|candidate| candidate.index).collect();
    assert_eq!(places, [0, 1, 2, 3, 4], "in the order of the path");
    assert_eq!(path[0].clip, ideas[0].clip);
    assert_eq!(path[4].clip, ideas[1].clip);
    assert_ne!(path[2].clip.tracks, path[0].clip.tracks);
    let half = of(MorphWay::Point(vec![0.5, 0.5])).remove(0);
    assert_eq!(half.clip, path[2].clip);
    let again = made(&Song::default(), Kind::Again(half.lineage.clone()), 1, 1).remove(0);
    assert_eq!(again.clip, half.clip);
    let grid = of(MorphWay::Grid { side: 3 });
    assert_eq!(grid.len(), 9);
    assert_eq!(
        (&grid[0].clip, &grid[8].clip),
        (&ideas[0].clip, &ideas[1].clip)
    );
    // A mixture is an idea like any other.
    let mixed = [half.clone(), ideas[0].clone()];
    let far = made(
        &Song::default(),
        Kind::Morph(morph(&mixed, MorphWay::Point(vec![1.0, 0.0]))),
        1,
        1,
    );
    assert_eq!(far[0].clip, half.clip);
}

#[test]
fn a_path_can_be_one_piece() {
    let ideas = ideas();
    let settings = MorphSettings {
        joined: true,
        ..morph(&ideas, MorphWay::Path { steps: 3 })
    };
    let pieces = made(&Song::default(), Kind::Morph(settings), 1, 1);
    assert_eq!((pieces.len(), pieces[0].bars), (1, 12));
    let start = |clip: &Song, bar: i64| {
        let track = clip.track(track_id(Part::Bass)).unwrap();
        let span = Span::new(Tick(bar * 3840), Tick((bar + 1) * 3840));
        let onset = |note: &Note| ((note.start - span.start).round_to(Tick(240)), note.pitch);
        let mut onsets: Vec<_> = track.notes_starting_in(span).iter().map(onset).collect();
        onsets.sort_unstable();
        onsets
    };
    assert_eq!(start(&pieces[0].clip, 0), start(&ideas[0].clip, 0));
    assert_eq!(start(&pieces[0].clip, 9), start(&ideas[1].clip, 1));
}
