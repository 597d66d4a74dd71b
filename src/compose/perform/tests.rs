//! A band by the profile; the installed network is held to the same.

use super::*;
use crate::tokens::band::STEPS_PER_BAR;

fn roll() -> BandRoll {
    let mut roll = BandRoll::new(4);
    for step in 0..4 * STEPS_PER_BAR {
        let mut add = |part, pitch| {
            roll.add(
                part,
                BandNote {
                    step,
                    length: 2,
                    pitch,
                },
            );
        };
        add(Part::Drums, 42);
        if step % 4 == 0 {
            add(Part::Drums, if step % 8 == 0 { 36 } else { 38 });
            for pitch in [60, 64, 67] {
                add(Part::Piano, pitch);
                add(Part::Guitar, pitch + 12);
            }
            add(Part::Bass, 36);
        }
        if step % 16 == 0 {
            add(Part::Strings, 72);
        }
    }
    roll
}

fn performers() -> Vec<Box<dyn Performer>> {
    vec![Box::new(Profile), performer_in(&ModelPaths::find())]
}

#[test]
fn a_band_is_whole_and_its_seed_decides_it() {
    let roll = roll();
    for performer in performers() {
        let played = |seed| band(&*performer, &roll, 110.0, 1.0, seed).unwrap();
        let first = played(1);
        assert_eq!(first, played(1), "{}", performer.name());
        assert_ne!(first, played(2), "{}", performer.name());
        for part in Part::ALL {
            let notes = &first[part.index()];
            assert_eq!(notes.len(), roll.notes(part).len());
            let bar = |tick: Tick| tick.0.div_euclid(bar_ticks().0);
            let bars =
                |notes: &[Note]| notes.iter().map(|note| bar(note.start)).collect::<Vec<_>>();
            let grid = roll.score_notes(part, Velocity::DEFAULT);
            assert_eq!(bars(notes), bars(&grid), "{part}");
            for pair in notes.windows(2) {
                assert!(pair[0].pitch != pair[1].pitch || pair[0].end() <= pair[1].start);
            }
            let end = Tick::SIXTEENTH * roll.steps() as i64;
            assert!(notes.iter().all(|note| note.end() <= end));
            let mut velocities: Vec<u8> = notes.iter().map(|note| note.velocity.get()).collect();
            velocities.sort_unstable();
            velocities.dedup();
            assert!(velocities.len() > 1, "{part} is flat");
        }
    }
}

#[test]
fn without_strength_all_is_on_the_grid_at_the_mean() {
    let roll = roll();
    for performer in performers() {
        let played = band(&*performer, &roll, 110.0, 0.0, 1).unwrap();
        for part in Part::ALL {
            let flat = roll.score_notes(part, Velocity::clamped(loudness(part) as i32));
            assert_eq!(played[part.index()], flat, "{part}");
        }
    }
}

#[test]
fn an_empty_roll_is_played_in_silence() {
    for performer in performers() {
        let played = band(&*performer, &BandRoll::new(0), 110.0, 1.0, 1).unwrap();
        assert!(played.iter().all(Vec::is_empty));
    }
}

#[cfg(feature = "torch")]
#[test]
fn a_model_of_other_sizes_is_refused_and_the_profile_plays() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(MODEL);
    std::fs::create_dir(&folder).unwrap();
    let paths = ModelPaths {
        folders: vec![home.path().to_owned()],
    };
    assert_eq!(performer_in(&paths).name(), "profile");
    assert!(matches!(
        network::load(&paths),
        Err(ModelError::Missing { .. })
    ));
    let config = r#"{ "architecture": "performance", "hidden": 1000000 }"#;
    std::fs::write(folder.join("config.json"), config).unwrap();
    let error = network::load(&paths).err().map(|error| error.to_string());
    assert!(
        error.as_ref().is_some_and(|error| error.contains("hidden")),
        "{error:?}"
    );
    assert_eq!(performer_in(&paths).name(), "profile");
}
