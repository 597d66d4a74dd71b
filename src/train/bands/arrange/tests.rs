use super::*;
use crate::train::bands::grooves::{Fill, Groove};

fn note(voice: Voice, step: u32, length: u8, pitch: u8) -> ClipNote {
    ClipNote {
        voice,
        step,
        length,
        pitch,
        velocity: 80,
    }
}

/// Eight bars of piano alone, eight with melody, eight more with the same chords: C, A minor, F, G, a bar each.
fn song(number: u16) -> WholeSong {
    let mut notes: Vec<ClipNote> = (0..24 * 4)
        .map(|beat| note(Voice::Piano, beat * 4, 4, 60 + (beat % 3) as u8))
        .collect();
    notes.extend(
        (8 * 8..24 * 8).map(|eighth| note(Voice::Melody, eighth * 2, 2, 67 + (eighth % 5) as u8)),
    );
    let chords = [[48, 52, 55], [45, 48, 52], [53, 57, 60], [43, 47, 50]];
    let mut clip = Clip {
        bars: 24,
        notes,
        ..Clip::default()
    };
    clip.sort();
    WholeSong {
        number,
        bpm: 100.0,
        clip,
        chords: (0..24_u32)
            .flat_map(|bar| chords[bar as usize % 4].map(|pitch| (bar * 16, 16, pitch)))
            .collect(),
    }
}

fn books() -> Books {
    let mut rhythms = BandRoll::new(8);
    for step in (0..128).step_by(4) {
        let pitch = 40;
        rhythms.add(
            Part::Bass,
            BandNote {
                step,
                length: 4,
                pitch,
            },
        );
    }
    let mut books = Books::default();
    books.rhythms.learn(&rhythms);
    let bar = vec![(0, 36), (0, 42), (4, 38), (8, 36), (12, 38)];
    books.grooves = GrooveBook {
        grooves: vec![Groove {
            style: "rock".to_owned(),
            bpm: 100.0,
            bars: [bar.clone(), bar],
        }],
        fills: vec![Fill {
            style: "rock".to_owned(),
            bpm: 100.0,
            bar: (0..8).map(|eighth| (eighth * 2, 50)).collect(),
        }],
    };
    books
}

#[test]
fn one_seed_is_one_arrangement() {
    let books = books();
    assert_eq!(arrange(&song(3), &books, 1), arrange(&song(3), &books, 1));
    let others = (2..8).map(|seed| arrange(&song(3), &books, seed));
    assert!(
        others
            .into_iter()
            .any(|other| other != arrange(&song(3), &books, 1))
    );
}

#[test]
fn sections_that_are_alike_are_played_alike_and_three_parts_play() {
    for number in 1..20 {
        let roll = arrange(&song(number), &books(), 1);
        assert_eq!(roll.bars(), 24);
        // The two sung sections, but for drums where sections meet, and where the bass and chords come from.
        for bar in 9..15 {
            let (a, b) = (roll.slice(bar..bar + 1), roll.slice(bar + 8..bar + 9));
            assert_eq!(
                a.notes(Part::Drums),
                b.notes(Part::Drums),
                "song {number}, bar {bar}"
            );
        }
        for section in [0..8, 8..16, 16..24] {
            let parts = Part::ALL
                .iter()
                .filter(|part| !roll.is_silent(**part, section.clone()));
            assert!(parts.count() >= 3, "song {number}, {section:?}");
        }
    }
}

#[test]
fn the_melody_is_in_one_part_and_all_play_in_the_harmony() {
    let chords = [[0, 4, 7], [9, 0, 4], [5, 9, 0], [7, 11, 2]];
    let mut leads = std::collections::BTreeSet::new();
    for number in 1..20 {
        let song = song(number);
        let roll = arrange(&song, &books(), 1);
        let melody: Vec<_> = song
            .clip
            .notes
            .iter()
            .filter(|note| note.voice == Voice::Melody)
            .collect();
        let plays = |part: &&Part| {
            let notes = roll.notes(**part);
            melody.iter().all(|sung| {
                notes
                    .iter()
                    .any(|note| (note.step, note.pitch) == (sung.step as usize, sung.pitch))
            })
        };
        let lead: Vec<_> = [Part::Piano, Part::Guitar, Part::Strings]
            .iter()
            .copied()
            .filter(|p| plays(&p))
            .collect();
        assert_eq!(lead.len(), 1, "song {number}");
        leads.insert(lead[0]);
        // Where nobody sings, guitar and strings have chord tones only.
        for part in [Part::Guitar, Part::Strings] {
            for note in roll.notes(part).iter().filter(|note| note.step < 8 * 16) {
                let chord = chords[note.step / 16 % 4];
                assert!(
                    chord.contains(&(note.pitch % 12)),
                    "song {number}, {part}, {note:?}"
                );
            }
        }
        // On the first beat the bass has the root.
        for note in roll
            .notes(Part::Bass)
            .iter()
            .filter(|note| note.step % 16 == 0)
        {
            assert_eq!(
                note.pitch % 12,
                chords[note.step / 16 % 4][0],
                "song {number}"
            );
        }
    }
    assert_eq!(leads.len(), 3, "all three lead in some song");
}
