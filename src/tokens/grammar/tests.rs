#![allow(clippy::unwrap_used)]

use std::ops::RangeInclusive;

use proptest::prelude::*;
use rand::SeedableRng as _;
use rand_pcg::Pcg64Mcg;

use super::super::theme::{decode, encode};
use super::*;
use crate::score::{Key, Pitch, PitchClassSet};

/// Draws from the mask, all allowed tokens alike but bar lines rarer, until the music is over or `most` tokens stand.
fn draw(rules: &Rules, seed: u64, most: usize) -> (Vec<Id>, Grammar) {
    draw_on(Grammar::new(rules.clone()), Vec::new(), seed, most)
}

fn draw_on(
    mut grammar: Grammar,
    mut tokens: Vec<Id>,
    seed: u64,
    most: usize,
) -> (Vec<Id>, Grammar) {
    let mut rng = Pcg64Mcg::seed_from_u64(seed);
    let mut mask = [false; SIZE];
    while tokens.len() < most && !grammar.is_finished() {
        grammar.allowed(&mut mask);
        let allowed: Vec<usize> = (0..SIZE).filter(|index| mask[*index]).collect();
        assert!(!allowed.is_empty(), "stuck after {tokens:?}");
        let lines: Vec<usize> = allowed.iter().copied().filter(|id| *id >= 1012).collect();
        let pool = if !lines.is_empty() && rng.random_bool(0.5) {
            lines
        } else {
            allowed
        };
        let token = pool[rng.random_range(0..pool.len())] as Id;
        assert!(grammar.permits(token));
        grammar.push(token);
        tokens.push(token);
    }
    (tokens, grammar)
}

fn ids(names: &[&str]) -> Vec<Id> {
    names
        .iter()
        .map(|name| name.parse::<Token>().unwrap().id())
        .collect()
}

fn after(rules: &Rules, names: &[&str]) -> Grammar {
    let mut grammar = Grammar::new(rules.clone());
    for id in ids(names) {
        assert!(grammar.permits(id), "{:?}", Token::from_id(id));
        grammar.push(id);
    }
    grammar
}

fn permitted(grammar: &Grammar, name: &str) -> bool {
    grammar.permits(name.parse::<Token>().unwrap().id())
}

#[test]
fn the_published_themes_are_grammatical() {
    let themes: std::collections::BTreeMap<String, Vec<Id>> =
        serde_json::from_str(include_str!("../../../tests/data/theme_tokens.json")).unwrap();
    for (name, tokens) in themes {
        let mut grammar = Grammar::new(Rules::default());
        for (at, token) in tokens.iter().enumerate() {
            assert!(grammar.permits(*token), "{name} token {at}");
            grammar.push(*token);
        }
    }
}

#[test]
fn within_a_step_pitches_fall_and_voices_follow_their_order() {
    let grammar = after(
        &Rules::default(),
        &[
            "Tempo_119",
            "Theme_Start",
            "Bar",
            "Position_4",
            "Note-On-MELODY_60",
            "Note-Duration-MELODY_4",
            "Note-Velocity-MELODY_90",
        ],
    );
    for (name, allowed) in [
        ("Note-On-MELODY_59", true),
        ("Note-On-MELODY_60", false),
        ("Note-On-MELODY_61", false),
        ("Note-On-PIANO_61", true),
        ("Position_5", true),
        ("Position_4", false),
        ("Theme_End", true),
        ("Theme_Start", false),
        ("Tempo_119", false),
        ("Bar", true),
        ("padding", false),
    ] {
        assert_eq!(permitted(&grammar, name), allowed, "{name}");
    }
}

#[test]
fn painted_bars_become_regions_and_the_end_closes_them() {
    let rules = Rules {
        bars: Some(3),
        painted: std::iter::once(1..3).collect(),
        free_themes: FreeThemes::Never,
        ..Rules::default()
    };
    let mut grammar = after(&rules, &["Tempo_119", "Bar"]);
    assert!(!permitted(&grammar, "Bar"));
    for (token, next) in [
        ("Theme_Start", "Bar"),
        ("Bar", "Bar"),
        ("Bar", "Theme_End"),
        ("Theme_End", "padding"),
    ] {
        assert!(permitted(&grammar, token), "{token}");
        grammar.push(ids(&[token])[0]);
        assert!(permitted(&grammar, next), "{next} after {token}");
    }
    assert!(grammar.is_finished());
    assert_eq!(grammar.bars_done(), 3);
}

#[test]
fn a_fixed_melody_is_written_note_for_note() {
    let notes: Vec<ClipNote> = [(2, 60), (9, 64), (9, 55), (20, 62)]
        .map(|(step, pitch)| ClipNote {
            voice: Voice::Melody,
            step,
            length: 3,
            pitch,
            velocity: 77,
        })
        .to_vec();
    let rules = Rules {
        bars: Some(3),
        fixed: Fixed::voice(Voice::Melody, 0..2, notes.clone()),
        ..Rules::default()
    };
    for seed in 0..50 {
        let (tokens, grammar) = draw(&rules, seed, 100_000);
        assert!(grammar.is_finished());
        let clip = decode(&tokens).unwrap();
        let melody: Vec<ClipNote> = clip
            .notes
            .into_iter()
            .filter(|note| note.voice == Voice::Melody && note.step < 32)
            .collect();
        assert_eq!(melody, notes);
    }
}

/// Locked notes among free ones: a note of either voice, a chord, and two that ring on into the next bar.
#[test]
fn fixed_notes_are_kept_among_free_ones() {
    let note = |voice, step, length, pitch| ClipNote {
        voice,
        step,
        length,
        pitch,
        velocity: 77,
    };
    let notes = vec![
        note(Voice::Melody, 3, 6, 61),
        note(Voice::Piano, 3, 2, 40),
        note(Voice::Melody, 14, 8, 70),
        note(Voice::Piano, 20, 4, 55),
        note(Voice::Piano, 20, 4, 48),
        note(Voice::Piano, 47, 1, 50),
    ];
    let mut rules = Rules {
        bars: Some(3),
        scale: "C major".parse::<Key>().unwrap().pitch_classes(),
        ending: Some(PitchClassSet::from_bits(1)),
        empty_bars: 0,
        ..Rules::default()
    };
    rules.voice_mut(Voice::Melody).chord = 1;
    rules.voice_mut(Voice::Piano).chord = 3;
    rules.fixed.notes = notes.clone();
    let mut free = 0;
    for seed in 0..100 {
        let (tokens, grammar) = draw(&rules, seed, 100_000);
        assert!(grammar.is_finished());
        let clip = decode(&tokens).unwrap();
        let kept: Vec<ClipNote> = (clip.notes.iter())
            .filter(|note| notes.contains(note))
            .copied()
            .collect();
        assert_eq!(kept, notes);
        free += clip.notes.len() - notes.len();
        for step in 0..48 {
            let at = |voice| {
                let here = |note: &&ClipNote| note.step == step && note.voice == voice;
                clip.notes.iter().filter(here).count()
            };
            assert!(at(Voice::Melody) <= 1 && at(Voice::Piano) <= 3);
        }
        let line: Vec<&ClipNote> = (clip.notes.iter())
            .filter(|note| note.voice == Voice::Melody)
            .collect();
        // No free note of the melody sounds together with a fixed one.
        for locked in line.iter().filter(|note| notes.contains(note)) {
            let over = (line.iter()).filter(|note| {
                note.step < locked.step + u32::from(locked.length)
                    && locked.step < note.step + u32::from(note.length)
            });
            assert_eq!(over.count(), 1);
        }
    }
    assert!(free > 1000, "{free}");
}

/// A voice that is closed plays its fixed notes, the other goes on around it.
#[test]
fn a_closed_piano_leaves_the_melody_free() {
    let piano = ClipNote {
        voice: Voice::Piano,
        step: 9,
        length: 4,
        pitch: 50,
        velocity: 60,
    };
    let mut rules = Rules {
        bars: Some(2),
        fixed: Fixed::voice(Voice::Piano, 0..2, vec![piano]),
        ..Rules::default()
    };
    *rules.voice_mut(Voice::Bridge) = VoiceRule::silent();
    let mut melody = 0;
    for seed in 0..50 {
        let (tokens, grammar) = draw(&rules, seed, 100_000);
        assert!(grammar.is_finished());
        let clip = decode(&tokens).unwrap();
        let (own, others): (Vec<_>, Vec<_>) =
            (clip.notes.into_iter()).partition(|note| note.voice == Voice::Piano);
        assert_eq!(own, [piano]);
        melody += others.len();
    }
    assert!(melody > 100, "{melody}");
}

#[test]
fn a_melody_is_taken_over_while_it_is_written() {
    let note = |step, pitch, length| ClipNote {
        voice: Voice::Melody,
        step,
        length,
        pitch,
        velocity: 1,
    };
    let locked = note(21, 72, 1);
    let rules = Rules {
        bars: Some(3),
        fixed: Fixed {
            notes: vec![locked],
            ..Fixed::default()
        },
        ..Rules::default()
    };
    let mut velocities = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let start = ["Tempo_119", "Bar"];
        let mut grammar = after(&rules, &start);
        grammar.hold_melody(Held {
            spans: vec![20..24, 40..48],
            // The first lies over a fixed note, the third begins outside, the last would last beyond the end.
            notes: vec![
                note(20, 61, 2),
                note(22, 60, 3),
                note(30, 70, 3),
                note(47, 65, 8),
            ],
        });
        let (tokens, grammar) = draw_on(grammar, ids(&start), seed, 100_000);
        assert!(grammar.is_finished());
        let clip = decode(&tokens).unwrap();
        let kept: Vec<_> = (clip.notes.iter())
            .filter(|note| note.voice == Voice::Melody)
            .filter(|note| (20..24).contains(&note.step) || note.step >= 40)
            .inspect(|note| {
                if **note != locked {
                    velocities.insert(note.velocity);
                }
            })
            .map(|note| (note.step, note.pitch, note.length))
            .collect();
        assert_eq!(kept, [(21, 72, 1), (22, 60, 3), (47, 65, 1)]);
    }
    assert!(velocities.len() > 10, "the velocities are free");
}

#[test]
fn a_settled_ending_is_one_held_chord_note() {
    let triad = PitchClassSet::from_bits(0b1001_0001);
    let mut rules = Rules {
        bars: Some(3),
        free_themes: FreeThemes::Never,
        ending: Some(triad),
        ..Rules::default()
    };
    rules.voice_mut(Voice::Melody).chord = 1;
    for seed in 0..100 {
        let (tokens, grammar) = draw(&rules, seed, 100_000);
        assert!(grammar.is_finished());
        let clip = decode(&tokens).unwrap();
        let last = clip
            .notes
            .iter()
            .rfind(|note| note.voice == Voice::Melody)
            .unwrap();
        assert!((40..=44).contains(&last.step), "{last:?}");
        assert_eq!(last.step + u32::from(last.length), 48);
        assert!(triad.contains(Pitch::clamped(i32::from(last.pitch))));
        assert!(clip.notes.iter().all(|note| note.step <= 44));
    }
}

fn rules() -> impl Strategy<Value = Rules> {
    let painted = prop_oneof![
        Just(vec![]),
        Just(std::iter::once(0..2).collect()),
        Just(vec![1..2, 2..4]),
        Just(std::iter::once(3..40).collect()),
    ];
    let free = prop_oneof![
        Just(FreeThemes::Never),
        Just(FreeThemes::OfBars(2..=2)),
        Just(FreeThemes::OfBars(1..=4)),
    ];
    let registers = prop_oneof![
        Just(1..=127),
        Just(48..=72),
        Just(61..=61),
        Just(RangeInclusive::new(90, 80))
    ];
    (
        0_u16..4096,
        1_u32..7,
        painted,
        free,
        registers,
        0_u8..4,
        0_u32..3,
        (any::<bool>(), prop::option::of(0_u16..4096)),
    )
        .prop_map(
            |(scale, bars, painted, free_themes, register, chord, empty_bars, (tempo, ending))| {
                let mut rules = Rules {
                    scale: PitchClassSet::from_bits(scale),
                    bars: Some(bars),
                    painted,
                    free_themes,
                    empty_bars,
                    tempos: if tempo {
                        Tempos::Anywhere
                    } else {
                        Tempos::AtStart
                    },
                    ending: ending.map(PitchClassSet::from_bits),
                    ..Rules::default()
                };
                *rules.voice_mut(Voice::Melody) = VoiceRule {
                    register: register.clone(),
                    chord: 1,
                };
                *rules.voice_mut(Voice::Bridge) = VoiceRule::silent();
                *rules.voice_mut(Voice::Piano) = VoiceRule { register, chord };
                rules
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_is_drawn_is_music_and_keeps_the_rules(rules in rules(), seed in any::<u64>()) {
        let (tokens, grammar) = draw(&rules, seed, 20_000);
        prop_assume!(grammar.is_finished());
        let clip = decode(&tokens).unwrap();
        // The token that ends the music is a Bar that begins none.
        let bars = rules.bars.unwrap();
        prop_assert!(clip.bars == bars || clip.bars == bars + 1);
        for note in &clip.notes {
            prop_assert!(rules.allows(note.voice, note.pitch));
            prop_assert!(note.step + u32::from(note.length) <= bars * STEPS_PER_BAR);
        }
        for painted in &rules.painted {
            let painted = painted.start..painted.end.min(bars);
            prop_assert!(painted.is_empty() || clip.themes.contains(&painted), "{:?}", clip.themes);
        }
        for theme in &clip.themes {
            if let FreeThemes::OfBars(lengths) = &rules.free_themes {
                let length = theme.end - theme.start;
                prop_assert!(
                    lengths.contains(&length)
                        || rules.painted.iter().any(|painted| painted.start == theme.start || painted.start == theme.end)
                        || theme.end == bars
                );
            }
        }
        let again = encode(&clip);
        let start_tempo = tokens.first().is_some_and(|id| matches!(Token::from_id(*id), Some(Token::Tempo(_))));
        if !start_tempo {
            prop_assert_eq!(again, tokens);
        }
    }

    #[test]
    fn without_rules_it_never_sticks(seed in any::<u64>()) {
        let (tokens, _) = draw(&Rules { scale: Key::default().pitch_classes(), ..Rules::default() }, seed, 600);
        prop_assert_eq!(tokens.len(), 600);
        for id in tokens {
            if let Some(Token::NoteOn(_, pitch)) = Token::from_id(id) {
                prop_assert!(Key::default().pitch_classes().contains(Pitch::clamped(i32::from(pitch))));
            }
        }
    }
}
