#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::score::{
    ControlChange, Instrument, Key, Marker, Metre, MetreChange, MetreMap, Note, Pitch, PitchBend,
    Role, Span, Tempo, TempoChange, TempoMap, ThemeKind, ThemeRegion, Tick, Track, TrackId,
    Velocity,
};

/// A file of `division` with these track chunks.
fn file(format: u16, division: u16, tracks: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"MThd\0\0\0\x06".to_vec();
    bytes.extend(format.to_be_bytes());
    bytes.extend((tracks.len() as u16).to_be_bytes());
    bytes.extend(division.to_be_bytes());
    for track in tracks {
        bytes.extend(b"MTrk");
        bytes.extend((track.len() as u32).to_be_bytes());
        bytes.extend(*track);
    }
    bytes
}

const END: [u8; 4] = [0, 0xFF, 0x2F, 0];

fn track(events: &[&[u8]]) -> Vec<u8> {
    let mut bytes: Vec<u8> = events.concat();
    bytes.extend(END);
    bytes
}

fn shown(track: &Track) -> Vec<(i64, i64, u8, u8)> {
    track
        .notes()
        .iter()
        .map(|n| (n.start.0, n.duration.0, n.pitch.get(), n.velocity.get()))
        .collect()
}

#[test]
fn running_status_and_any_time_base_are_read() {
    // Two notes with running status, ended by velocity 0; 120 ticks a quarter.
    let body = track(&[
        &[0, 0x90, 60, 80],
        &[60, 60, 0],
        &[0, 62, 90],
        &[0x78, 62, 0],
    ]);
    let song = read(&file(1, 120, &[&body])).unwrap().song;
    assert_eq!(
        shown(&song.tracks[0]),
        [(0, 480, 60, 80), (480, 960, 62, 90)]
    );
}

#[test]
fn format_0_is_taken_apart_by_channel() {
    let body = track(&[
        &[0, 0xFF, 3, 4, b'S', b'o', b'n', b'g'],
        &[0, 0xC0, 73],
        &[0, 0xC2, 33],
        &[0, 0x90, 72, 80],
        &[0, 0x92, 40, 80],
        &[0, 0x99, 36, 100],
        &[96, 0x80, 72, 0],
        &[0, 0x82, 40, 0],
        &[0, 0x89, 36, 0],
    ]);
    let song = read(&file(0, 96, &[&body])).unwrap().song;
    assert_eq!(song.title, "Song");
    let names: Vec<_> = song
        .tracks
        .iter()
        .map(|t| (t.name.as_str(), t.role, t.instrument.drums))
        .collect();
    assert_eq!(
        names,
        [
            ("Flute", Role::Melody, false),
            ("Fingered electric bass", Role::Bass, false),
            ("Standard kit", Role::Drums, true)
        ]
    );
}

#[test]
fn overlaps_end_the_earlier_and_hanging_notes_are_closed() {
    let body = track(&[
        &[0, 0x90, 60, 80],
        &[10, 0x90, 60, 90], // again while it sounds
        &[10, 0x80, 60, 0],  // ends the older
        &[10, 0x80, 60, 0],  // ends the newer
        &[0, 0x90, 64, 70],  // never ends
        &[30, 0xB0, 1, 5],
    ]);
    let imported = read(&file(1, 960, &[&body])).unwrap();
    assert_eq!(
        shown(&imported.song.tracks[0]),
        [(0, 10, 60, 80), (10, 20, 60, 90), (30, 30, 64, 70)]
    );
    assert_eq!(imported.warnings.len(), 1);
    assert!(imported.warnings[0].contains("1 notes had no end"));
}

#[test]
fn controllers_at_the_start_become_fields() {
    let body = track(&[
        &[0, 0xB0, 7, 80],
        &[0, 10, 20],
        &[5, 91, 30],
        &[5, 0x90, 60, 80],
        &[10, 0x80, 60, 0],
        &[0, 0xB0, 7, 60],
        &[0, 64, 127],
    ]);
    let song = read(&file(1, 960, &[&body])).unwrap().song;
    let track = &song.tracks[0];
    assert_eq!((track.volume, track.pan, track.reverb), (80, 20, 30));
    let kept: Vec<_> = track
        .controls()
        .iter()
        .map(|c| (c.at.0, c.controller, c.value))
        .collect();
    assert_eq!(kept, [(20, 7, 60), (20, 64, 127)]);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_byte() {
    let good = track(&[&[0, 0x90, 60, 80], &[96, 0x80, 60, 0]]);
    let whole = file(1, 96, &[&good, &good]);
    assert!(read(&whole).is_ok());
    assert_eq!(read(b"RIFFabc").unwrap_err().offset(), 0);
    assert_eq!(read(b"hello, world, this is text"), Err(MidiError::NotMidi));
    assert_eq!(read(b""), Err(MidiError::NotMidi));
    assert_eq!(read(&whole[..10]).unwrap_err().offset(), 10);
    assert_eq!(read(&file(1, 0xE728, &[&good])), Err(MidiError::Smpte));
    assert_eq!(read(&file(1, 0, &[&good])), Err(MidiError::NoTimeBase));
    assert_eq!(read(&file(2, 96, &[&good])), Err(MidiError::Format2));
    // Cut inside the second track, right behind its head, and between the tracks.
    let second = 14 + 8 + good.len();
    for (length, expected) in [
        (
            whole.len() - 3,
            MidiError::Truncated {
                offset: whole.len() - 3,
                track: 2,
                missing: 3,
            },
        ),
        (
            second + 8,
            MidiError::Truncated {
                offset: second + 8,
                track: 2,
                missing: good.len(),
            },
        ),
        (
            second,
            MidiError::MissingTracks {
                offset: second,
                found: 1,
                declared: 2,
            },
        ),
    ] {
        assert_eq!(read(&whole[..length]), Err(expected));
    }
    // A data byte above 127, and an event without a status.
    let bad = track(&[&[0, 0x90, 60, 0xC8]]);
    let error = read(&file(1, 96, &[&bad])).unwrap_err();
    assert_eq!(error.offset(), 14 + 8);
    assert!(error.to_string().starts_with("byte 22: track 1"));
    let bad = track(&[&[0, 60, 60]]);
    assert_eq!(read(&file(1, 96, &[&bad])).unwrap_err().offset(), 14 + 8);
    // An event that claims more bytes than the track has.
    let bad = [0, 0xFF, 1, 100, b'x'];
    assert_eq!(read(&file(1, 96, &[&bad])).unwrap_err().offset(), 14 + 8);
    // More time than any music takes.
    let bad = [[0xFF, 0xFF, 0xFF, 0x7F, 0x90, 60, 80].as_slice(); 40].concat();
    assert!(matches!(
        read(&file(1, 1, &[&bad])),
        Err(MidiError::TooLong { .. })
    ));
}

#[test]
fn theme_notes_of_the_published_sampler_become_regions() {
    let melody = track(&[
        &[0, 0xFF, 3, 6, b'M', b'E', b'L', b'O', b'D', b'Y'],
        &[0, 0x90, 60, 80],
        &[100, 0x80, 60, 0],
    ]);
    let mut info = vec![0, 0xFF, 3, 16];
    info.extend(b"Theme info track");
    info.extend([0, 0x92, 1, 1, 0x87, 4, 0x82, 1, 0]); // 900 ticks of 120 a quarter
    info.extend([60, 0x92, 1, 1, 60, 0x82, 1, 0]);
    info.extend(END);
    let song = read(&file(1, 120, &[&melody, &info])).unwrap().song;
    assert_eq!(song.tracks.len(), 1);
    let regions: Vec<_> = song
        .themes
        .iter()
        .map(|r| (r.span.start.0 / 3840, r.span.end.0 / 3840, r.kind))
        .collect();
    assert_eq!(
        regions,
        [(0, 2, ThemeKind::Theme), (2, 3, ThemeKind::Return)]
    );
}

#[test]
fn many_tracks_are_written_and_read_again() {
    let mut song = Song::default();
    for index in 0..40u8 {
        let instrument = Instrument {
            program: index % 30,
            drums: index % 10 == 9,
        };
        let note = Note::new(
            Tick(i64::from(index) * 10),
            Tick(100),
            Pitch::clamped(60),
            Velocity::DEFAULT,
        );
        song = song.with_track(
            Track::new(
                TrackId(u32::from(index) + 1),
                format!("T{index}"),
                instrument,
                Role::of(instrument),
            )
            .with_notes(vec![note]),
        );
    }
    let back = read(&write(&song, &MidiOptions::default()).unwrap()).unwrap();
    assert_eq!(back.song, song);
    assert_eq!(
        write_tracks(&song, &MidiOptions::default()).unwrap().len(),
        40
    );
}

#[test]
fn a_distance_beyond_28_bits_is_bridged() {
    let far = Note::new(
        Tick((1 << 30) - 1000),
        Tick(10),
        Pitch::MIDDLE_C,
        Velocity::DEFAULT,
    );
    let track = Track::new(TrackId(1), "Far", Instrument::pitched(0), Role::Piano);
    let song = Song::default().with_track(track.with_notes(vec![far]));
    let back = read(&write(&song, &MidiOptions::default()).unwrap()).unwrap();
    assert_eq!(back.song, song);
    assert!(back.warnings.is_empty());
}

/// Songs that MIDI can hold whole.
fn songs() -> impl Strategy<Value = Song> {
    let note = (0i64..20_000, 1i64..4000, 0i32..128, 1i32..128).prop_map(|(s, d, p, v)| {
        Note::new(Tick(s), Tick(d), Pitch::clamped(p), Velocity::clamped(v))
    });
    let control = (
        1i64..20_000,
        prop::sample::select(vec![1u8, 11, 64]),
        0u8..128,
    )
        .prop_map(|(at, controller, value)| ControlChange {
            at: Tick(at),
            controller,
            value,
        });
    let track = (
        "[A-Za-z][A-Za-z0-9 ]{0,12}[a-z]",
        0u8..128,
        prop::bool::weighted(0.2),
        prop::collection::vec(note, 0..20),
        prop::collection::vec(control, 0..4),
        (0u8..128, 0u8..128, 0u8..128, 0u8..128),
        0usize..6,
    );
    let change = (1i64..20_000, 200_000u32..2_000_000);
    (
        "[A-Za-zäöü]{0,10}",
        prop::collection::vec(track, 1..6),
        prop::collection::vec(change, 0..4),
        prop::collection::vec((1i64..6, 1u8..13, 0u32..5), 0..3),
        prop::option::of((0i32..12, 0usize..13)),
        prop::collection::vec((0i64..8, 1i64..4, 0usize..3), 0..4),
        prop::collection::vec((0i64..9000, "[a-z]{1,8}"), 0..3),
    )
        .prop_map(|(title, tracks, tempo, metre, key, themes, markers)| {
            use strum::IntoEnumIterator as _;
            let mut song = Song {
                title,
                ..Song::default()
            };
            let mut drums_seen = false;
            for (index, (name, program, drums, notes, controls, mix, role)) in
                tracks.into_iter().enumerate()
            {
                let drums = drums && !drums_seen;
                drums_seen |= drums;
                let role = Role::iter().nth(role).unwrap();
                let instrument = Instrument { program, drums };
                let mut track =
                    Track::new(TrackId(index as u32 + 1), name, instrument, role).with_notes(notes);
                // Drawn colours are the window's; a file gives the role's.
                track.colour = role.colour();
                (track.volume, track.pan, track.reverb, track.chorus) = mix;
                let bends = (controls.iter())
                    .map(|c: &ControlChange| PitchBend::new(c.at, i16::from(c.value) * 128 - 8_192))
                    .collect();
                song = song.with_track(track.with_controls(controls).with_bends(bends));
            }
            song.tempo = Arc::new(TempoMap::new(
                tempo
                    .into_iter()
                    .map(|(at, micros)| TempoChange {
                        at: Tick(at),
                        tempo: Tempo::from_micros_per_quarter(micros),
                    })
                    .collect(),
            ));
            song.metre = Arc::new(MetreMap::new(
                metre
                    .into_iter()
                    .map(|(bar, numerator, power)| MetreChange {
                        at: Tick(bar * 3840),
                        metre: Metre::new(numerator, 1 << power).unwrap(),
                    })
                    .collect(),
            ));
            song.key = key.map(|(tonic, scale)| Key {
                tonic: crate::score::PitchClass::from_semitones(tonic),
                scale: crate::score::Scale::iter().nth(scale).unwrap(),
            });
            let mut at = Tick::ZERO;
            for (index, (skip, length, kind)) in themes.into_iter().enumerate() {
                let start = at + Tick(3840) * skip;
                at = start + Tick(3840) * length;
                song.themes.push(ThemeRegion {
                    span: Span::new(start, at),
                    track: TrackId(1),
                    kind: match (index, kind) {
                        (0, _) => ThemeKind::Theme,
                        (_, 1) => ThemeKind::Painted,
                        _ => ThemeKind::Return,
                    },
                });
            }
            song.markers = markers
                .into_iter()
                .map(|(at, name)| Marker { at: Tick(at), name })
                .collect();
            song.markers.sort_by_key(|marker| marker.at);
            song
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_song_survives_format_1(song in songs()) {
        let back = read(&write(&song, &MidiOptions::default()).unwrap()).unwrap();
        prop_assert_eq!(&back.song, &song);
        prop_assert!(back.warnings.is_empty(), "{:?}", back.warnings);
    }

    #[test]
    fn a_song_survives_format_0(song in songs()) {
        let options = MidiOptions { format: MidiFormat::Zero, ..MidiOptions::default() };
        let back = read(&write(&song, &options).unwrap()).unwrap().song;
        // Tracks come back in order of channel, and only those with notes: their parts are compared by name.
        prop_assert_eq!(&back.tempo, &song.tempo);
        prop_assert_eq!(&back.metre, &song.metre);
        prop_assert_eq!(back.key, song.key);
        prop_assert_eq!(&back.title, &song.title);
        prop_assert_eq!(&back.markers, &song.markers);
        let parts = |song: &Song| {
            let mut parts: Vec<_> = song.tracks.iter()
                .filter(|t| !t.notes().is_empty())
                .map(|t| (t.name.clone(), t.instrument.program, t.role.name(), t.notes().to_vec(), t.controls().to_vec(), t.bends().to_vec()))
                .collect();
            parts.sort_by(|a, b| a.0.cmp(&b.0).then(a.3.len().cmp(&b.3.len())));
            parts
        };
        let (back, song) = (parts(&back), parts(&song));
        prop_assert_eq!(back.len(), song.len());
        let distinct: std::collections::BTreeSet<_> = song.iter().map(|part| &part.0).collect();
        if distinct.len() == song.len() {
            prop_assert_eq!(back, song);
        }
    }
}
