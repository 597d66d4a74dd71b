//! What cannot be done, and what is said then.

use super::morphing::{ideas, morph};
use super::*;

#[test]
fn what_cannot_be_done_says_what_to_do() {
    let (song, _) = seeded(seed_settings());
    let seed = |change: fn(&mut SeedSettings)| {
        let mut settings = seed_settings();
        change(&mut settings);
        Kind::Seed(settings)
    };
    let vary = |bars, parts: &[Part]| {
        Kind::Vary(VarySettings {
            bars,
            parts: parts.to_vec(),
            ..VarySettings::default()
        })
    };
    let waltz = {
        let metre = crate::score::Metre::new(3, 4).unwrap();
        Song {
            metre: crate::score::MetreMap::constant(metre).into(),
            ..drawn()
        }
    };
    let (published, _) = seeded(SeedSettings {
        model: "published".to_owned(),
        ..seed_settings()
    });
    let (composer, _) = seeded(SeedSettings {
        model: "composer".to_owned(),
        ..seed_settings()
    });
    let ideas = ideas();
    let mut other = ideas.clone();
    let mut lineage = (*other[1].lineage).clone();
    lineage.model = "other".to_owned();
    other[1].lineage = Arc::new(lineage);
    let mut foreign = ideas.clone();
    let mut lineage = (*foreign[1].lineage).clone();
    (lineage.kind, lineage.settings) = ("continue".to_owned(), std::collections::BTreeMap::new());
    foreign[1].lineage = Arc::new(lineage);
    let half = MorphWay::Point(vec![0.5, 0.5]);
    for (song, kind, words) in [
        (&song, seed(|s| s.bars = 6), "4, 8, 12"),
        (&song, seed(|s| s.bars = 68), "up to 64"),
        (&song, seed(|s| s.parts = vec![]), "at least one of drums"),
        (
            &song,
            seed(|s| s.model = "none".into()),
            "\"none\" is not installed",
        ),
        (
            &song,
            seed(|s| s.model = "accompany".into()),
            "musegan-hybrid",
        ),
        (&song, vary(2..2, &[]), "no bars"),
        (&song, vary(4..7, &[]), "bars 3 to 6"),
        (&published, vary(2..3, &[]), "one piece"),
        (&published, vary(2..6, &[Part::Bass]), "all parts together"),
        (&composer, vary(2..6, &[Part::Bass]), "all parts together"),
        (&waltz, Kind::Accompany(accompany()), "bar 2 is in 3/4"),
        (
            &drawn(),
            Kind::Accompany(AccompanySettings {
                model: "band".into(),
                ..accompany()
            }),
            "musegan-accompany",
        ),
        (
            &drawn(),
            Kind::Accompany(AccompanySettings {
                bars: 20..24,
                ..accompany()
            }),
            "no audible notes",
        ),
        (
            &song,
            Kind::Morph(morph(&ideas[..1], half.clone())),
            "two to four",
        ),
        (
            &song,
            Kind::Morph(morph(&ideas, MorphWay::Point(vec![0.0, 0.0]))),
            "more than 0",
        ),
        (&song, Kind::Morph(morph(&other, half.clone())), "one model"),
        (&song, Kind::Morph(morph(&foreign, half)), "no latents"),
    ] {
        let message = refused(song, kind);
        assert!(message.contains(words), "{message}");
    }
    // What published and composer models can: all of it, and composer's bars.
    assert_eq!(made(&published, vary(2..6, &[]), 1, 1).len(), 1);
    assert_eq!(made(&composer, vary(3..4, &[]), 1, 1).len(), 1);
}
