#![allow(clippy::unwrap_used)]

use rand::SeedableRng as _;
use rand_pcg::Pcg64;

use super::*;
use crate::compose::ContinueSettings;
use crate::measure::fragment::Fragment;
use crate::score::TrackId;
use crate::tokens::clip::{Clip, ClipNote};
use crate::tokens::theme_vocab::SIZE;

/// A theme of two bars in C major.
fn theme() -> Theme {
    let scale = [60, 62, 64, 65, 67, 69, 71, 72];
    let notes = (0..).zip(scale).map(|(beat, pitch)| ClipNote {
        voice: Voice::Melody,
        step: beat * 4,
        length: 4,
        pitch,
        velocity: 80,
    });
    Theme {
        clip: Clip {
            bars: 2,
            notes: notes.collect(),
            ..Clip::default()
        },
        melody: TrackId(1),
        piano: None,
        bpm: 119,
        key: None,
        remarks: Vec::new(),
    }
}

fn lead() -> Lead {
    Lead::theme(&theme(), false)
}

fn settings(steering: Steering) -> ContinueSettings {
    ContinueSettings {
        steering,
        ..ContinueSettings::default()
    }
}

/// The steering of any continuation of the theme.
fn steer(steering: Steering) -> Steer<'static> {
    let settings = settings(steering);
    Steer::new(&theme(), &lead(), &settings, &Rules::default(), None)
}

/// A row that has read some tokens.
struct Row {
    grammar: Grammar,
    trace: Trace,
}

impl Row {
    fn after(names: &str) -> Self {
        let mut row = Self {
            grammar: Grammar::new(Rules::default()),
            trace: Trace::default(),
        };
        for name in names.split_whitespace() {
            let id = name.parse::<Token>().unwrap().id();
            row.grammar.push(id);
            row.trace.push(id, &row.grammar);
        }
        row
    }

    /// The logits, all 0 before, and the mask after bending; and the probability of a return.
    fn bent(&self, steer: &Steer<'_>) -> (Vec<f32>, Vec<bool>, Option<f32>) {
        let (mut logits, mut mask) = (vec![0.0; SIZE], vec![false; SIZE]);
        self.grammar.allowed(&mut mask);
        let returns = steer.bend(&self.grammar, &self.trace, &mut logits, &mut mask);
        (logits, mask, returns)
    }
}

fn id(name: &str) -> usize {
    name.parse::<Token>().unwrap().id() as usize
}

fn note(voice: &str, pitch: u8, length: u8) -> String {
    format!("Note-On-{voice}_{pitch} Note-Duration-{voice}_{length} Note-Velocity-{voice}_80 ")
}

#[test]
fn nothing_is_bent_where_nothing_is_asked_for() {
    let steer = Steer::new(
        &theme(),
        &lead(),
        &settings(Steering::NONE),
        &Rules::default(),
        None,
    );
    for names in ["Tempo_119", "Tempo_119 Bar", "Tempo_119 Bar Position_13"] {
        let row = Row::after(names);
        let (logits, mask, returns) = row.bent(&steer);
        let mut allowed = vec![false; SIZE];
        row.grammar.allowed(&mut allowed);
        assert!(logits.iter().all(|logit| *logit == 0.0), "{names}");
        assert_eq!((mask, returns), (allowed, None), "{names}");
    }
}

#[test]
fn notes_outside_the_key_are_held_back_unless_the_scale_is_locked() {
    let steering = Steering {
        key: 1.0,
        ..Steering::NONE
    };
    let row = Row::after("Tempo_119 Bar Position_0");
    let steer = steer(steering);
    let (logits, ..) = row.bent(&steer);
    for voice in ["MELODY", "PIANO"] {
        assert!(logits[id(&format!("Note-On-{voice}_60"))].abs() < 0.01);
        assert!(logits[id(&format!("Note-On-{voice}_61"))] < -3.0);
    }
    let locked = ContinueSettings {
        scale: Some(crate::score::Key::default()),
        ..settings(steering)
    };
    let (logits, ..) = row.bent(&Steer::new(
        &theme(),
        &lead(),
        &locked,
        &Rules::default(),
        None,
    ));
    assert!(logits.iter().all(|logit| *logit == 0.0));
}

#[test]
fn a_silent_melody_is_called_back() {
    let steering = Steering {
        melody: 1.0,
        ..Steering::NONE
    };
    let steer = steer(steering);
    let sung = format!("Tempo_119 Bar Position_0 {}", note("MELODY", 60, 4));
    let bonus = |bars: usize| {
        let silence = "Bar ".repeat(bars);
        let (logits, ..) = Row::after(&format!("{sung}{silence}Position_0")).bent(&steer);
        assert_eq!(logits[id("Note-On-PIANO_60")], 0.0);
        logits[id("Note-On-MELODY_60")]
    };
    assert_eq!(bonus(4), 0.0);
    assert_eq!(bonus(5), SILENCE_BONUS);
    assert_eq!(bonus(7), 3.0 * SILENCE_BONUS);
}

#[test]
fn a_melody_denser_than_songs_with_the_theme_is_thinned() {
    let steering = Steering {
        density: 1.0,
        ..Steering::NONE
    };
    let steer = steer(steering);
    let bonus = |positions: &[u32]| {
        let notes = (positions.iter()).fold(String::new(), |notes, position| {
            notes + &format!("Position_{position} {}", note("MELODY", 60, 1))
        });
        let (logits, ..) =
            Row::after(&format!("Tempo_119 Bar {notes}Bar {notes}Position_15")).bent(&steer);
        assert_eq!(logits[id("Note-On-PIANO_60")], 0.0);
        logits[id("Note-On-MELODY_60")]
    };
    assert_eq!(bonus(&[0, 4, 8]), 0.0, "three for the theme's four");
    let twice = bonus(&[0, 2, 4, 6, 8, 10, 12, 14]);
    let expected = THINNING * (2.0 / OF_THEME).ln();
    assert!((twice + expected).abs() < 1e-4, "{twice}");
}

#[test]
fn phrases_end_at_rest_on_the_chord() {
    let steering = Steering {
        phrases: 1.0,
        ..Steering::NONE
    };
    let steer = steer(steering);
    let chord = note("PIANO", 48, 16);
    let end = format!("Tempo_119 Bar Bar Bar Bar Position_0 {chord}");
    let (logits, mask, _) = Row::after(&format!("{end}Position_8")).bent(&steer);
    let (in_chord, other) = (
        logits[id("Note-On-MELODY_60")],
        logits[id("Note-On-MELODY_62")],
    );
    assert!((in_chord - other - CHORD_BONUS).abs() < 1e-5);
    let notes: Vec<f32> = (1..=127)
        .map(|pitch| id(&format!("Note-On-MELODY_{pitch}")))
        .filter(|id| mask[*id])
        .map(|id| logits[id].exp())
        .collect();
    let sum: f32 = notes.iter().sum();
    assert!(
        (sum / notes.len() as f32 - 1.0).abs() < 1e-4,
        "a note is as likely as it was"
    );
    let (logits, ..) = Row::after(&format!("{end}Position_13")).bent(&steer);
    let late = logits[id("Note-On-MELODY_62")] - other;
    assert!((late + LATE_PENALTY).abs() < 1e-5, "{late}");
    assert_eq!(logits[id("Note-On-PIANO_62")], 0.0);
    let (logits, ..) = Row::after("Tempo_119 Bar Bar Bar Position_13").bent(&steer);
    assert!(
        logits.iter().all(|logit| *logit == 0.0),
        "bar 3 ends nothing"
    );
    // A melody alone is kept from choosing a late position.
    let alone = ContinueSettings {
        piano: false,
        ..settings(steering)
    };
    let steer = Steer::new(&theme(), &lead(), &alone, &Rules::default(), None);
    let (logits, ..) = Row::after("Tempo_119 Bar Bar Bar Bar").bent(&steer);
    assert_eq!(logits[id("Position_11")], 0.0);
    assert_eq!(logits[id("Position_12")], -LATE_PENALTY);
}

#[test]
fn returns_come_as_the_network_likes_and_as_in_songs() {
    let steering = |returns: f32| Steering {
        returns,
        ..Steering::NONE
    };
    let piano = note("PIANO", 60, 4);
    let row = Row::after(&format!(
        "Tempo_119 Theme_Start Bar Theme_End Bar Bar Bar Position_0 {piano}"
    ));
    let chance = |returns: f32, theme_logit: f32| {
        let steer = Steer::new(
            &theme(),
            &lead(),
            &settings(steering(returns)),
            &Rules::default(),
            None,
        );
        let (mut logits, mut mask) = (vec![0.0; SIZE], vec![false; SIZE]);
        logits[THEME_START as usize] = theme_logit;
        row.grammar.allowed(&mut mask);
        let chance = steer.bend(&row.grammar, &row.trace, &mut logits, &mut mask);
        (chance, logits[BAR as usize], mask[THEME_START as usize])
    };
    assert_eq!(chance(0.0, -9.0), (None, 0.0, true));
    let (rare, line, open) = chance(0.5, -9.0);
    assert!((rare.unwrap() - 0.5 * returns::hazard(3)).abs() < 1e-3);
    assert!(line.abs() < 1e-3 && !open);
    assert_eq!(chance(1.0, -9.0).0, Some(returns::hazard(3)));
    // As likely as not to the network: the bar is closed with the probability of both.
    let (both, line, _) = chance(0.5, 0.0);
    let expected = 0.5 * (0.5 + returns::hazard(3));
    assert!((both.unwrap() - expected).abs() < 1e-6 && (line - 2.0_f32.ln()).abs() < 1e-6);
}

#[test]
fn the_theme_stands_twice_in_a_row_but_not_three_times() {
    let steering = Steering {
        returns: 1.0,
        ..Steering::NONE
    };
    let steer = steer(steering);
    let theme = format!(
        "Theme_Start Bar Position_0 {} Theme_End ",
        note("PIANO", 60, 4)
    );
    let bar = format!("Bar Position_0 {} ", note("PIANO", 60, 4));
    let chance = |before: &str| {
        let row = Row::after(&format!("Tempo_119 {before}"));
        let (mut logits, mut mask) = (vec![0.0; SIZE], vec![false; SIZE]);
        row.grammar.allowed(&mut mask);
        steer.bend(&row.grammar, &row.trace, &mut logits, &mut mask)
    };
    assert_eq!(chance(&theme), Some(returns::hazard(0)));
    assert_eq!(chance(&theme.repeat(2)), Some(0.0));
    let later = format!("{}{bar}{theme}", theme.repeat(2));
    assert_eq!(
        chance(&later),
        Some(returns::hazard(0)),
        "the row was broken"
    );
}

#[test]
fn what_a_training_song_has_is_not_recited_to_the_end() {
    let song: Vec<(i64, i32)> = (0..)
        .step_by(2)
        .zip([60, 67, 62, 69, 64, 71, 60, 72, 65, 60, 74, 61, 70, 66])
        .collect();
    let memory = MelodyMemory::of(&[Fragment::of_line(&song)]);
    let mut names = "Tempo_119 ".to_owned();
    for (step, pitch) in &song[..12] {
        if step % 16 == 0 {
            names += "Bar ";
        }
        let sung = note("MELODY", *pitch as u8, 1);
        names = format!("{names}Position_{} {sung}", step % 16);
    }
    let row = Row::after(&format!("{names}Position_8"));
    let masked = |memory: bool, rules: &Rules, theme: &Theme, known: &MelodyMemory| -> Vec<usize> {
        let steering = Steering {
            memory,
            ..Steering::NONE
        };
        let steer = Steer::new(theme, &lead(), &settings(steering), rules, Some(known));
        let (_, mask, _) = row.bent(&steer);
        let mut before = vec![false; SIZE];
        row.grammar.allowed(&mut before);
        (0..SIZE).filter(|id| before[*id] != mask[*id]).collect()
    };
    let rules = Rules::default();
    // The thirteenth note of the song, and no other.
    assert_eq!(
        masked(true, &rules, &theme(), &memory),
        [id("Note-On-MELODY_70")]
    );
    assert_eq!(masked(false, &rules, &theme(), &memory), [0_usize; 0]);
    // Whoever's theme it is may go on.
    let mut own = theme();
    own.clip.notes = (song.iter())
        .map(|(step, pitch)| ClipNote {
            voice: Voice::Melody,
            step: *step as u32,
            length: 1,
            pitch: *pitch as u8,
            velocity: 80,
        })
        .collect();
    assert_eq!(masked(true, &rules, &own, &memory), [0_usize; 0]);
}

#[test]
fn steering_comes_back_from_settings_and_is_none_where_it_is_missing() {
    let settings = ContinueSettings {
        likeness: 0.25,
        steering: Steering {
            key: 0.5,
            memory: false,
            ..Steering::default()
        },
        ..ContinueSettings::default()
    };
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(
        serde_json::from_str::<ContinueSettings>(&text).unwrap(),
        settings
    );
    let old: ContinueSettings = serde_json::from_str(r#"{"bars":8}"#).unwrap();
    assert_eq!((old.likeness, old.steering), (0.0, Steering::NONE));
    let mut rng = Pcg64::seed_from_u64(1);
    let steer = Steer::new(&theme(), &lead(), &old, &Rules::default(), None);
    assert!(steer.held(4, &mut rng).is_none());
}
