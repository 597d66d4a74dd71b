//! The song that the studio opens with: sixteen bars with a two-bar theme that returns twice.

use std::sync::Arc;

use crate::score::{
    Instrument, Key, Marker, Note, Pitch, PitchClass, Role, Scale, Song, Span, Tempo, TempoMap,
    ThemeKind, ThemeRegion, Tick, Track, TrackId, Velocity,
};

/// Steps (sixteenths) in a bar.
const BAR: i64 = 16;
const BARS: usize = 16;

/// (step, length in steps, pitch), bar by bar.
type Bar = &'static [(i64, i64, i32)];

/// The theme, bars 1 and 2, and again 5 and 6, 13 and 14.
const THEME: [Bar; 2] = [
    &[
        (0, 3, 71),
        (3, 3, 74),
        (6, 2, 76),
        (8, 4, 74),
        (12, 2, 71),
        (14, 2, 69),
    ],
    &[(0, 3, 67), (3, 3, 69), (6, 6, 71), (12, 2, 64), (14, 2, 67)],
];

const MELODY: [Bar; BARS] = [
    THEME[0],
    THEME[1],
    &[
        (0, 3, 69),
        (3, 3, 67),
        (6, 4, 64),
        (10, 2, 67),
        (12, 2, 69),
        (14, 2, 72),
    ],
    &[(0, 3, 71), (3, 5, 69), (8, 2, 66), (10, 2, 69), (12, 3, 74)],
    THEME[0],
    THEME[1],
    &[
        (0, 3, 72),
        (3, 3, 71),
        (6, 4, 69),
        (10, 2, 76),
        (12, 2, 74),
        (14, 2, 72),
    ],
    &[(0, 3, 71), (3, 6, 69), (12, 2, 74), (14, 2, 76)],
    &[(0, 4, 79), (4, 3, 78), (7, 5, 76), (12, 2, 74), (14, 2, 72)],
    &[(0, 3, 74), (3, 5, 78), (8, 2, 76), (10, 2, 74), (12, 4, 69)],
    &[(0, 3, 71), (3, 3, 74), (6, 4, 78), (10, 2, 76), (12, 4, 74)],
    &[(0, 6, 76), (6, 2, 74), (8, 5, 71), (14, 2, 69)],
    THEME[0],
    THEME[1],
    &[
        (0, 3, 69),
        (3, 3, 67),
        (6, 2, 64),
        (8, 3, 66),
        (11, 3, 69),
        (14, 2, 72),
    ],
    &[(0, 3, 71), (3, 1, 69), (4, 11, 67)],
];

/// A chord: its bass note, and its tones close together in the middle of the piano.
struct Chord {
    bass: i32,
    fifth: i32,
    tones: [i32; 3],
}

const fn chord(bass: i32, fifth: i32, tones: [i32; 3]) -> Chord {
    Chord { bass, fifth, tones }
}

const G: Chord = chord(43, 50, [55, 59, 62]);
const EM7: Chord = chord(40, 47, [55, 59, 64]);
const C7: Chord = chord(36, 43, [55, 59, 64]);
const C: Chord = chord(36, 43, [55, 60, 64]);
const D: Chord = chord(38, 45, [54, 57, 62]);
const D_SUS: Chord = chord(38, 45, [55, 57, 62]);
const AM7: Chord = chord(45, 40, [55, 60, 64]);
const BM7: Chord = chord(47, 42, [54, 57, 62]);

/// The chords of each bar; the second one, if there is one, from the middle.
const HARMONY: [(&Chord, Option<&Chord>); BARS] = [
    (&G, None),
    (&EM7, None),
    (&C7, None),
    (&D, None),
    (&G, None),
    (&EM7, None),
    (&AM7, None),
    (&D_SUS, Some(&D)),
    (&C, None),
    (&D, None),
    (&BM7, None),
    (&EM7, None),
    (&G, None),
    (&EM7, None),
    (&C, Some(&D)),
    (&G, None),
];

/// How loud the piece is in each bar, added to velocities: it opens, rises to the bridge, and comes home.
const SWELL: [i32; BARS] = [-8, -6, -4, -4, 0, 1, 2, 4, 8, 10, 8, 5, 2, 0, -4, -10];

/// The chord at a step of a bar.
fn chord_at(bar: usize, step: i64) -> &'static Chord {
    let (first, second) = HARMONY[bar];
    second.filter(|_| step >= BAR / 2).unwrap_or(first)
}

/// Whether the harmony changes in the middle of a bar.
fn turns(bar: usize) -> bool {
    HARMONY[bar].1.is_some()
}

/// Collects the notes of one track.
struct Writer(Vec<Note>);

impl Writer {
    /// A note at a step of a bar, `length` in steps, shortened a little so that repeated notes part.
    fn add(&mut self, bar: usize, step: i64, length: i64, pitch: i32, velocity: i32) {
        let start = Tick::SIXTEENTH * (bar as i64 * BAR + step);
        let duration = Tick::SIXTEENTH * length - Tick(12);
        self.0.push(Note::new(
            start,
            duration,
            Pitch::clamped(pitch),
            Velocity::clamped(velocity + SWELL[bar]),
        ));
    }
}

fn melody(notes: &mut Writer) {
    for (bar, line) in MELODY.iter().enumerate() {
        for &(step, length, pitch) in *line {
            let accent = match step {
                0 => 10,
                8 => 6,
                4 | 12 => 3,
                _ => 0,
            };
            // Higher notes sing out, long ones too.
            let height = (pitch - 69) / 2;
            notes.add(
                bar,
                step,
                length,
                pitch,
                78 + accent + height + length.min(6) as i32,
            );
        }
    }
}

fn piano(notes: &mut Writer) {
    for bar in 0..BARS {
        let last = bar == BARS - 1;
        let strokes: &[(i64, i64, i32)] = if last {
            &[(0, 16, 62)]
        } else {
            &[(0, 6, 62), (6, 6, 52), (12, 4, 56)]
        };
        for &(step, length, velocity) in strokes {
            let chord = chord_at(bar, step);
            for (index, tone) in chord.tones.iter().enumerate() {
                notes.add(bar, step, length, *tone, velocity + index as i32 * 3);
            }
        }
        for half in [0, 8] {
            let chord = chord_at(bar, half);
            let whole = !turns(bar);
            if half == 0 || !whole {
                let length = if whole { 16 } else { 8 };
                notes.add(bar, half, length, chord.bass + 12, 58);
            }
        }
    }
}

fn guitar(notes: &mut Writer) {
    for bar in 2..BARS - 1 {
        for (index, step) in (0..BAR).step_by(2).enumerate() {
            let chord = chord_at(bar, step);
            let [low, middle, high] = chord.tones;
            let broken = [low, middle, high, low + 12, high, middle, high, middle];
            let accent = if step % 8 == 0 { 8 } else { 0 };
            notes.add(bar, step, 3, broken[index], 52 + accent);
        }
    }
    for (index, tone) in [43, 50, 55, 59, 62, 67].into_iter().enumerate() {
        notes.add(BARS - 1, index as i64, BAR - index as i64, tone, 62);
    }
}

fn bass(notes: &mut Writer) {
    for bar in 0..BARS {
        if bar == BARS - 1 {
            notes.add(bar, 0, 16, 31, 84);
            continue;
        }
        if bar < 2 {
            notes.add(bar, 0, 14, chord_at(bar, 0).bass, 70);
            continue;
        }
        let (chord, second) = (chord_at(bar, 0), chord_at(bar, 8));
        let next = chord_at(bar + 1, 0).bass;
        notes.add(bar, 0, 6, chord.bass, 86);
        notes.add(bar, 6, 2, chord.bass, 72);
        let middle = if turns(bar) {
            second.bass
        } else {
            second.fifth
        };
        notes.add(bar, 8, 5, middle, 80);
        // A step of the scale that leads into the next bar.
        let lead = if next > middle { next - 2 } else { next + 2 };
        let lead = if lead % 12 == 5 { lead + 1 } else { lead };
        notes.add(
            bar,
            14,
            2,
            if lead % 12 == 10 { lead + 1 } else { lead },
            70,
        );
    }
}

fn strings(notes: &mut Writer) {
    for bar in 4..BARS {
        let halves: &[(i64, i64)] = if turns(bar) {
            &[(0, 8), (8, 8)]
        } else {
            &[(0, 16)]
        };
        for &(step, length) in halves {
            let [low, middle, high] = chord_at(bar, step).tones;
            for pitch in [low, middle + 12, high] {
                notes.add(bar, step, length, pitch, 56);
            }
            if (8..12).contains(&bar) {
                notes.add(bar, step, length, high + 12, 50);
            }
        }
    }
}

fn drums(notes: &mut Writer) {
    const KICK: i32 = 36;
    const STICK: i32 = 37;
    const SNARE: i32 = 38;
    const CLOSED_HAT: i32 = 42;
    const OPEN_HAT: i32 = 46;
    const LOW_TOM: i32 = 45;
    const HIGH_TOM: i32 = 48;
    const CRASH: i32 = 49;
    const RIDE: i32 = 51;
    for bar in 0..BARS {
        if bar == BARS - 1 {
            notes.add(bar, 0, 4, CRASH, 84);
            notes.add(bar, 0, 1, KICK, 94);
            continue;
        }
        let bridge = (8..12).contains(&bar);
        let fill = matches!(bar, 7 | 11 | 14);
        let time = if bridge { RIDE } else { CLOSED_HAT };
        for step in (0..BAR).step_by(2) {
            let beyond = fill && step >= 12;
            let open = bar % 4 == 3 && step == 14 && !fill;
            if !beyond {
                let velocity = if step % 4 == 0 { 70 } else { 50 };
                notes.add(bar, step, 1, if open { OPEN_HAT } else { time }, velocity);
            }
        }
        if bar < 2 {
            continue;
        }
        if matches!(bar, 2 | 8 | 12) {
            notes.add(bar, 0, 4, CRASH, 82);
        }
        for (step, velocity) in [(0, 98), (6, 74), (10, 84)] {
            notes.add(bar, step, 1, KICK, velocity);
        }
        let back = if bridge { SNARE } else { STICK };
        notes.add(bar, 4, 1, back, 82);
        if fill {
            for (index, drum) in [SNARE, HIGH_TOM, HIGH_TOM, LOW_TOM].into_iter().enumerate() {
                notes.add(bar, 12 + index as i64, 1, drum, 74 + index as i32 * 7);
            }
        } else {
            notes.add(bar, 12, 1, back, 86);
        }
    }
}

/// The demo song, in G major at 92 quarter notes a minute.
pub fn song() -> Song {
    type Compose = fn(&mut Writer);
    let parts: [(&str, Instrument, Role, [u8; 3], Compose); 6] = [
        // Name, instrument, role, [volume, pan, reverb].
        (
            "Melody",
            Instrument::pitched(73),
            Role::Melody,
            [104, 64, 52],
            melody,
        ),
        (
            "Piano",
            Instrument::pitched(0),
            Role::Piano,
            [86, 54, 40],
            piano,
        ),
        (
            "Guitar",
            Instrument::pitched(25),
            Role::Guitar,
            [80, 88, 36],
            guitar,
        ),
        (
            "Bass",
            Instrument::pitched(33),
            Role::Bass,
            [96, 64, 12],
            bass,
        ),
        (
            "Strings",
            Instrument::pitched(48),
            Role::Strings,
            [70, 44, 64],
            strings,
        ),
        ("Drums", Instrument::DRUMS, Role::Drums, [88, 64, 24], drums),
    ];
    let mut song = Song {
        title: "Paper Boats".to_owned(),
        tempo: Arc::new(TempoMap::constant(Tempo::from_bpm(92.0))),
        key: Some(Key {
            tonic: PitchClass::from_semitones(7),
            scale: Scale::Major,
        }),
        ..Song::default()
    };
    for (index, (name, instrument, role, [volume, pan, reverb], compose)) in
        parts.into_iter().enumerate()
    {
        let mut notes = Writer(Vec::new());
        compose(&mut notes);
        let mut track = Track::new(TrackId(index as u32 + 1), name, instrument, role);
        (track.volume, track.pan, track.reverb) = (volume, pan, reverb);
        song.tracks.push(Arc::new(track.with_notes(notes.0)));
    }
    let bar = |bar: u32| song.metre.bar_start(bar);
    song.themes = [
        (0, ThemeKind::Theme),
        (4, ThemeKind::Return),
        (12, ThemeKind::Return),
    ]
    .into_iter()
    .map(|(first, kind)| ThemeRegion {
        span: Span::new(bar(first), bar(first + 2)),
        track: TrackId(1),
        kind,
    })
    .collect();
    song.markers = [(0, "Theme"), (4, "Again"), (8, "Bridge"), (12, "Home")]
        .into_iter()
        .map(|(at, name)| Marker {
            at: bar(at),
            name: name.to_owned(),
        })
        .collect();
    song
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_is_sixteen_bars_in_one_key_with_a_theme_that_returns() {
        let song = song();
        assert_eq!(song.bars(), 16);
        let roles: Vec<Role> = song.tracks.iter().map(|track| track.role).collect();
        assert_eq!(
            roles,
            [
                Role::Melody,
                Role::Piano,
                Role::Guitar,
                Role::Bass,
                Role::Strings,
                Role::Drums
            ]
        );
        let inside = song.key.unwrap().pitch_classes();
        for track in song.tracks.iter().filter(|track| !track.instrument.drums) {
            for note in track.notes() {
                assert!(
                    inside.contains(note.pitch),
                    "{} has {} at {:?}",
                    track.name,
                    note.pitch,
                    song.metre.position(note.start)
                );
            }
        }
        let melody = &song.tracks[0];
        let shape = |region: &ThemeRegion| -> Vec<(Tick, Tick, Pitch)> {
            melody
                .notes_starting_in(region.span)
                .iter()
                .map(|n| (n.start - region.span.start, n.duration, n.pitch))
                .collect()
        };
        let theme = shape(&song.themes[0]);
        assert!(theme.len() >= 8);
        for again in &song.themes[1..] {
            assert_eq!(shape(again), theme);
        }
    }

    /// `assets/demo.mid` is the same song for every other program. With `LEITMOTIF_UPDATE` set it is written anew.
    #[test]
    fn the_demo_file_is_the_demo_song() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/demo.mid");
        let bytes =
            crate::formats::midi::write(&song(), &crate::formats::midi::MidiOptions::default())
                .unwrap();
        if std::env::var_os("LEITMOTIF_UPDATE").is_some() {
            std::fs::write(&path, &bytes).unwrap();
        }
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert_eq!(crate::formats::open(&path).unwrap().song, song());
    }

    #[test]
    fn the_demo_breathes() {
        for track in &song().tracks {
            let velocities: Vec<u8> = track.notes().iter().map(|n| n.velocity.get()).collect();
            let (low, high) = (
                velocities.iter().min().unwrap(),
                velocities.iter().max().unwrap(),
            );
            assert!(high - low >= 12, "{} is flat", track.name);
        }
    }
}
