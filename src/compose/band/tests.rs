//! Requests to a band through the worker, with a model that needs no network.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use super::*;
use crate::compose::model::{Library, ModelError, ThemeModel};
use crate::compose::perform::{Performer, Profile};
use crate::compose::{Candidate, Event, JobId, Kind, ModelInfo, Preload, Request, Worker, place};
use crate::formats::project::{self, Project};
use crate::score::{
    Instrument, Key, Lineage, Note, Pitch, Role, Song, Span, Tick, Track, TrackId, Velocity,
};
use crate::tokens::band::{LOWEST_PITCH, PHRASE_BARS, PITCHES, STEPS_PER_BAR};
use crate::tokens::part::Part;

/// What the fake models can do.
const ALL: Abilities = Abilities {
    handles: Handles::BarsAndParts,
    accompanies: false,
    white_keys: false,
    thresholds: [[0.5, 0.5]; Part::COUNT],
};

/// A model whose bars are picked by the bits of their noise: each bar of each part depends on its own latents and on what is
/// given in that bar, and on nothing else.
struct Fake {
    info: ModelInfo,
    abilities: Abilities,
}

impl BandModel for Fake {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn abilities(&self) -> Abilities {
        self.abilities
    }

    fn phrase(
        &self,
        latents: &PhraseLatents,
        variety: f32,
        given: Option<&Given>,
    ) -> Result<Vec<f32>, ModelError> {
        assert_eq!(given.is_some(), self.abilities.accompanies);
        if let (true, Some(given)) = (self.abilities.white_keys, given) {
            let notes = given.roll.notes(given.part);
            assert!(
                notes
                    .iter()
                    .all(|note| [0, 2, 4, 5, 7, 9, 11].contains(&(note.pitch % 12)))
            );
        }
        let mut values = vec![0.0; PHRASE_VALUES];
        let hashed = |pick: &dyn Fn(&PhraseSeeds) -> u64| {
            let noise = latents.noise(3, variety, pick);
            (noise.iter()).fold(1, |hash, value| derived(hash, u64::from(value.to_bits())))
        };
        for part in Part::ALL {
            for bar in 0..PHRASE_BARS {
                let mut hash = hashed(&|seeds| seeds.shared);
                if self.abilities.handles.by_bar() {
                    hash ^= hashed(&|seeds| seeds.shared_time[bar]).rotate_left(1);
                }
                if self.abilities.handles.by_part() {
                    hash ^= hashed(&|seeds| seeds.private[part.index()]).rotate_left(2);
                    let own = |seeds: &PhraseSeeds| seeds.private_time[part.index()][bar];
                    hash ^= hashed(&own).rotate_left(3);
                } else {
                    hash ^= part.index() as u64;
                }
                if !self.abilities.handles.by_bar() {
                    hash ^= (bar as u64) << 7;
                }
                if let Some(given) = given {
                    for note in given.roll.slice(bar..bar + 1).notes(given.part) {
                        hash = derived(hash, (note.step * 128) as u64 + u64::from(note.pitch));
                    }
                }
                for beat in 0..8 {
                    hash = derived(hash, beat);
                    // C major, an octave around the middle of each part.
                    let class = [0, 2, 4, 5, 7, 9, 11][(hash % 7) as usize];
                    let row = 12 * (1 + part.index() % 4) + class;
                    let step = bar * STEPS_PER_BAR + beat as usize * 2;
                    let length = 1 + (hash >> 20) as usize % 3;
                    if (hash >> 40) % 4 == 0 {
                        continue;
                    }
                    for step in step..(step + length).min(64) {
                        let at =
                            |plane: usize| ((part.index() * 2 + plane) * 64 + step) * PITCHES + row;
                        values[at(0)] = 0.9;
                        if step % 2 == 0 {
                            values[at(1)] = 0.9;
                        }
                    }
                }
            }
        }
        Ok(values)
    }
}

/// A model by name: "band", "other", "accompany", "published" (one latent), "composer" (no latents of parts).
pub(crate) fn fake(name: &str) -> Result<Box<dyn BandModel>, ModelError> {
    let abilities = match name {
        "band" | "other" => ALL,
        "accompany" => Abilities {
            accompanies: true,
            ..ALL
        },
        "white" => Abilities {
            accompanies: true,
            white_keys: true,
            ..ALL
        },
        "published" => Abilities {
            handles: Handles::Whole,
            ..ALL
        },
        "composer" => Abilities {
            handles: Handles::Bars,
            ..ALL
        },
        _ => {
            return Err(ModelError::Missing {
                name: name.to_owned(),
                searched: vec!["/nowhere".into()],
            });
        }
    };
    Ok(Box::new(Fake {
        info: ModelInfo {
            name: name.to_owned(),
            checkpoint: format!("hash of {name}"),
        },
        abilities,
    }))
}

/// The fake models, without one that continues themes.
struct Models;

impl Library for Models {
    fn theme(&mut self) -> Result<Box<dyn ThemeModel>, ModelError> {
        Err(ModelError::NoNetworks)
    }

    fn band(&mut self, name: &str) -> Result<Box<dyn BandModel>, ModelError> {
        fake(name)
    }

    fn performer(&mut self) -> Box<dyn Performer> {
        Box::new(Profile)
    }
}

fn worker() -> Worker {
    Worker::with_library(Box::new(Models), Preload::Nothing)
}

fn request(song: &Song, kind: Kind, seed: u64, candidates: u32) -> Request {
    Request {
        song: Arc::new(song.clone()),
        kind,
        seed,
        candidates,
    }
}

/// The events of a job, its last one at the end.
fn events(worker: &Worker, job: JobId) -> Vec<Event> {
    let mut events = Vec::new();
    for event in worker.events() {
        if event.job() != Some(job) {
            continue;
        }
        let is_last = !matches!(event, Event::Grown { .. } | Event::Remark { .. });
        events.push(event);
        if is_last {
            break;
        }
    }
    events
}

fn made(song: &Song, kind: Kind, seed: u64, candidates: u32) -> Vec<Candidate> {
    let mut worker = worker();
    let job = worker
        .submit(request(song, kind, seed, candidates))
        .unwrap();
    match events(&worker, job).pop() {
        Some(Event::Finished { candidates, .. }) => candidates,
        other => panic!("{other:?}"),
    }
}

fn refused(song: &Song, kind: Kind) -> String {
    let mut worker = worker();
    let job = worker.submit(request(song, kind, 1, 1)).unwrap();
    match events(&worker, job).pop() {
        Some(Event::Failed { message, .. }) => message,
        other => panic!("{other:?}"),
    }
}

fn seed_settings() -> SeedSettings {
    SeedSettings {
        model: "band".to_owned(),
        ..SeedSettings::default()
    }
}

/// A song with the best candidate of a seed from bar 2 on.
fn seeded(settings: SeedSettings) -> (Song, Candidate) {
    let settings = SeedSettings {
        at: Tick(2 * 3840),
        ..settings
    };
    let best = made(&Song::default(), Kind::Seed(settings), 5, 3).remove(0);
    (place(&Song::default(), &best, best.at), best)
}

/// Notes of a track in bars of the song.
fn notes(song: &Song, part: Part, bars: std::ops::Range<i64>) -> Vec<Note> {
    let track = song
        .tracks
        .iter()
        .find(|track| part_of(track) == Some(part));
    let span = Span::new(Tick(bars.start * 3840), Tick(bars.end * 3840));
    track.unwrap().notes_starting_in(span).to_vec()
}

fn saved_and_opened(song: &Song) -> Song {
    let project = Project {
        song: song.clone(),
        ..Project::default()
    };
    project::read(&project::write(&project)).unwrap().song
}

#[test]
fn a_band_plays_from_nothing_and_the_same_seed_gives_the_same() {
    let kind = || {
        Kind::Seed(SeedSettings {
            bars: 8,
            parts: vec![Part::Bass, Part::Drums],
            ..seed_settings()
        })
    };
    let song = Song::default();
    let candidates = made(&song, kind(), 7, 4);
    assert_eq!(candidates, made(&song, kind(), 7, 4));
    assert_eq!(candidates.len(), 4);
    for pair in candidates.windows(2) {
        assert!(pair[0].score >= pair[1].score);
        assert_ne!(pair[0].clip, pair[1].clip);
    }
    for candidate in &candidates {
        assert_eq!((candidate.bars, candidate.clip.tracks.len()), (8, 2));
        let drums = &candidate.clip.tracks[0];
        assert!(drums.instrument.drums && !drums.notes().is_empty());
        assert!(candidate.clip.end() <= Tick(8 * 3840));
        let loud: Vec<u8> = drums
            .notes()
            .iter()
            .map(|note| note.velocity.get())
            .collect();
        assert!(
            loud.iter().any(|velocity| *velocity != loud[0]),
            "never flat"
        );
    }
    // Fewer candidates are the first of many.
    let one = made(&song, kind(), 7, 1).remove(0);
    let same = candidates.iter().find(|candidate| candidate.index == 0);
    assert_eq!(Some(&one), same);
}

#[test]
fn phrases_are_shown_as_they_grow() {
    let mut worker = worker();
    let settings = SeedSettings {
        bars: 12,
        ..seed_settings()
    };
    let request = request(&Song::default(), Kind::Seed(settings), 1, 2);
    let job = worker.submit(request).unwrap();
    let mut grown = [vec![], vec![]];
    for event in events(&worker, job) {
        if let Event::Grown {
            draft, bars_total, ..
        } = event
        {
            assert_eq!(bars_total, 12);
            grown[draft.index as usize].push(draft.bars);
            if draft.bars < 12 {
                assert_eq!(draft.lineage.settings["stopped"], draft.bars.to_string());
            }
        }
    }
    assert_eq!(grown, [[4, 8, 12], [4, 8, 12]]);
}

#[test]
fn what_was_stored_is_made_again_to_the_note() {
    let (song, best) = seeded(SeedSettings {
        bars: 8,
        ..seed_settings()
    });
    let opened = saved_and_opened(&song);
    assert_eq!(opened, song);
    let lineage = Arc::clone(&opened.origins[0].lineage);
    let again = made(&opened, Kind::Again(lineage), 99, 1).remove(0);
    assert_eq!(again.clip, best.clip);
    assert_eq!(again.at, Tick(2 * 3840));
    assert_eq!(place(&opened, &again, again.at), song);
}

#[test]
fn a_bar_is_written_again_and_all_else_stays() {
    let (song, _) = seeded(SeedSettings {
        bars: 8,
        ..seed_settings()
    });
    let song = saved_and_opened(&song);
    let vary = VarySettings {
        bars: 4..5,
        ..VarySettings::default()
    };
    let best = made(&song, Kind::Vary(vary), 3, 3).remove(0);
    let varied = place(&song, &best, best.at);
    for part in Part::ALL {
        assert_eq!(
            notes(&varied, part, 0..4),
            notes(&song, part, 0..4),
            "{part}"
        );
        assert_eq!(
            notes(&varied, part, 5..20),
            notes(&song, part, 5..20),
            "{part}"
        );
        assert_ne!(
            notes(&varied, part, 4..5),
            notes(&song, part, 4..5),
            "{part}"
        );
        // The clip itself says the same as the song.
        let clip = best.clip.track(track_id(part)).unwrap();
        let moved = |note: &Note| Note {
            start: note.start + Tick(2 * 3840),
            ..*note
        };
        let clip: Vec<Note> = clip.notes().iter().map(moved).collect();
        assert_eq!(clip, notes(&varied, part, 0..20));
    }
    assert_eq!(varied.origins.len(), 1, "the clip is still one");
    assert_eq!(best.measures[0].name, "new");
    // And it is made again from what was stored.
    let opened = saved_and_opened(&varied);
    let lineage = Arc::clone(&opened.origins[0].lineage);
    let again = made(&opened, Kind::Again(lineage), 1, 1).remove(0);
    assert_eq!(again.clip.tracks, best.clip.tracks);
}

#[test]
fn parts_and_bars_of_parts_are_written_again_and_again() {
    let (song, _) = seeded(seed_settings());
    let vary = |song: &Song, bars, parts: &[Part], seed| {
        let settings = VarySettings {
            bars,
            parts: parts.to_vec(),
            ..VarySettings::default()
        };
        let best = made(song, Kind::Vary(settings), seed, 1).remove(0);
        place(song, &best, best.at)
    };
    let drums = vary(&song, 2..6, &[Part::Drums], 1);
    assert_ne!(
        notes(&drums, Part::Drums, 2..6),
        notes(&song, Part::Drums, 2..6)
    );
    for part in Part::ALL.into_iter().skip(1) {
        assert_eq!(notes(&drums, part, 0..9), notes(&song, part, 0..9));
    }
    let cell = vary(&drums, 3..4, &[Part::Bass, Part::Guitar], 2);
    for part in Part::ALL {
        let is_meant = [Part::Bass, Part::Guitar].contains(&part);
        let same = notes(&cell, part, 3..4) == notes(&drums, part, 3..4);
        assert_eq!(same, !is_meant, "{part}");
        for rest in [0..3, 4..9] {
            assert_eq!(notes(&cell, part, rest.clone()), notes(&drums, part, rest));
        }
    }
    // However often: the lineage does not grow inwards, and leads back to the notes.
    let mut song = cell;
    for seed in 10..14 {
        song = vary(&song, 2..3, &[Part::Piano], seed);
    }
    let lineage = Arc::clone(&song.origins[0].lineage);
    assert_eq!(lineage.parent.as_ref().unwrap().kind, "seed");
    assert!(lineage.parent.as_ref().unwrap().parent.is_none());
    let again = made(&song, Kind::Again(lineage), 1, 1).remove(0);
    assert_eq!(
        place(&Song::default(), &again, Tick(7680)).tracks,
        song.tracks
    );
}

#[test]
fn notes_changed_by_hand_are_kept_as_they_are() {
    let (song, _) = seeded(seed_settings());
    let bass = song
        .tracks
        .iter()
        .find(|track| track.role == Role::Bass)
        .unwrap();
    let mut edited = bass.notes().to_vec();
    edited[0].velocity = Velocity::clamped(3);
    edited.push(Note {
        locked: true,
        ..Note::new(
            Tick(3 * 3840 + 77),
            Tick(11),
            Pitch::clamped(100),
            Velocity::DEFAULT,
        )
    });
    let song = song.with_track(bass.with_notes(edited));
    let vary = VarySettings {
        bars: 3..6,
        ..VarySettings::default()
    };
    let best = made(&song, Kind::Vary(vary), 8, 1).remove(0);
    let varied = place(&song, &best, best.at);
    assert_eq!(
        notes(&varied, Part::Bass, 0..3),
        notes(&song, Part::Bass, 0..3)
    );
    let locked = notes(&varied, Part::Bass, 3..4);
    assert!(
        locked
            .iter()
            .any(|note| note.locked && note.pitch.get() == 100)
    );
}

fn drawn() -> Song {
    let notes = |pitch: i32| {
        (0..32)
            .map(|beat| {
                Note::new(
                    Tick(beat * 960),
                    Tick(900),
                    Pitch::clamped(pitch + (beat % 3) as i32),
                    Velocity::clamped(70),
                )
            })
            .collect()
    };
    let piano = Instrument::pitched(0);
    let bass = Instrument::pitched(33);
    Song::default()
        .with_track(Track::new(TrackId(4), "Keys", piano, Role::Piano).with_notes(notes(60)))
        .with_track(Track::new(TrackId(9), "Bass", bass, Role::Bass).with_notes(notes(36)))
}

fn accompany() -> AccompanySettings {
    AccompanySettings {
        model: "accompany".to_owned(),
        bars: 1..7,
        given: vec![TrackId(4)],
        ..AccompanySettings::default()
    }
}

#[test]
fn what_is_given_stays_and_is_followed() {
    let song = drawn();
    let best = made(&song, Kind::Accompany(accompany()), 2, 2).remove(0);
    let with = place(&song, &best, best.at);
    assert_eq!(
        with.tracks[0], song.tracks[0],
        "the given track is untouched"
    );
    assert_eq!(
        (best.bars, best.at, best.keeps.clone()),
        (6, Tick(3840), vec![TrackId(4)])
    );
    let roles: Vec<Role> = with.tracks.iter().map(|track| track.role).collect();
    let expected = [
        Role::Piano,
        Role::Bass,
        Role::Drums,
        Role::Guitar,
        Role::Strings,
    ];
    assert_eq!(roles, expected);
    // The bass of the song takes the new bass in the bars that were asked for.
    assert_eq!(
        notes(&with, Part::Bass, 0..1),
        notes(&song, Part::Bass, 0..1)
    );
    assert_ne!(
        notes(&with, Part::Bass, 1..7),
        notes(&song, Part::Bass, 1..7)
    );
    // The clip shows what was given.
    let given = best.clip.tracks[0].notes();
    assert_eq!(given.len(), notes(&song, Part::Piano, 1..7).len());
    // Another given part, another band.
    let mut other = drawn();
    let moved = other.tracks[0].notes().iter().map(|note| Note {
        pitch: note.pitch.transposed(1).unwrap(),
        ..*note
    });
    other = other.with_track(other.tracks[0].with_notes(moved.collect()));
    let changed = made(&other, Kind::Accompany(accompany()), 2, 2);
    let same = changed
        .iter()
        .find(|candidate| candidate.index == best.index)
        .unwrap();
    let strings = track_id(Part::Strings);
    assert_ne!(same.clip.track(strings), best.clip.track(strings));
    // It is made again from the lineage alone, and re-rolled with what was given then.
    let stored = saved_and_opened(&with);
    let lineage = Arc::clone(&stored.origins[0].lineage);
    let again = made(&Song::default(), Kind::Again(lineage), 1, 1).remove(0);
    assert_eq!(again.clip.track(strings), best.clip.track(strings));
    let vary = VarySettings {
        bars: 2..3,
        parts: vec![Part::Strings],
        ..VarySettings::default()
    };
    let rolled = made(&stored, Kind::Vary(vary), 4, 1).remove(0);
    let rolled = place(&stored, &rolled, rolled.at);
    assert_eq!(rolled.tracks[..4], stored.tracks[..4]);
    assert_ne!(
        notes(&rolled, Part::Strings, 2..3),
        notes(&stored, Part::Strings, 2..3)
    );
    assert_eq!(
        notes(&rolled, Part::Strings, 3..9),
        notes(&stored, Part::Strings, 3..9)
    );
}

#[test]
fn a_model_of_the_white_keys_hears_and_is_heard_in_the_key_of_what_is_given() {
    let scale = [0, 2, 4, 5, 7, 9, 11, 12];
    let notes = (0..32).map(|beat| {
        Note::new(
            Tick(beat * 960),
            Tick(960),
            Pitch::clamped(64 + scale[(beat * 3 % 8) as usize]),
            Velocity::DEFAULT,
        )
    });
    let piano = Instrument::pitched(0);
    let track = Track::new(TrackId(4), "Keys", piano, Role::Piano).with_notes(notes.collect());
    let song = Song::default().with_track(track);
    let settings = AccompanySettings {
        model: "white".to_owned(),
        bars: 0..8,
        ..accompany()
    };
    let key: Key = "E major".parse().unwrap();
    let best = made(&song, Kind::Accompany(settings), 2, 1).remove(0);
    for track in best
        .clip
        .tracks
        .iter()
        .filter(|track| !track.instrument.drums)
    {
        assert!(!track.notes().is_empty());
        let mut pitches = track.notes().iter().map(|note| note.pitch);
        assert!(pitches.all(|pitch| key.pitch_classes().contains(pitch)));
    }
}

#[test]
fn music_drawn_by_hand_is_varied_around_what_stays() {
    let song = drawn();
    let vary = |parts: &[Part]| VarySettings {
        bars: 2..4,
        parts: parts.to_vec(),
        model: "accompany".to_owned(),
        ..VarySettings::default()
    };
    let best = made(&song, Kind::Vary(vary(&[Part::Bass])), 1, 1).remove(0);
    let varied = place(&song, &best, best.at);
    assert_eq!(varied.tracks[0], song.tracks[0]);
    assert_eq!(varied.tracks.len(), 2);
    assert_ne!(
        notes(&varied, Part::Bass, 2..4),
        notes(&song, Part::Bass, 2..4)
    );
    assert_eq!(
        notes(&varied, Part::Bass, 4..8),
        notes(&song, Part::Bass, 4..8)
    );
    for parts in [&[][..], &Part::ALL] {
        let message = refused(&song, Kind::Vary(vary(parts)));
        assert!(message.contains("leave at least one"), "{message}");
    }
}

fn ideas() -> [Candidate; 2] {
    [1, 2].map(|seed| made(&Song::default(), Kind::Seed(seed_settings()), seed, 1).remove(0))
}

fn morph(ideas: &[Candidate], way: MorphWay) -> MorphSettings {
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

#[test]
fn the_key_is_locked_and_the_song_is_moved_into_it() {
    let key: Key = "E major".parse().unwrap();
    let mut settings = seed_settings();
    settings.band.scale = Some(key);
    for candidate in made(&Song::default(), Kind::Seed(settings), 4, 4) {
        let mut count = 0;
        for track in &candidate.clip.tracks {
            for note in track.notes().iter().filter(|_| !track.instrument.drums) {
                assert!(key.pitch_classes().contains(note.pitch));
                count += 1;
            }
        }
        // The fake plays in C major: most of its notes would be outside if they were not moved.
        assert!(count > 60, "{count}");
    }
}

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

#[test]
fn bars_that_were_cut_out_of_a_clip_are_noticed() {
    let (song, _) = seeded(seed_settings());
    let mut song = song;
    song.origins[0].span.end = song.origins[0].span.end - Tick(3840);
    let vary = VarySettings {
        bars: 2..3,
        ..VarySettings::default()
    };
    let message = refused(&song, Kind::Vary(vary));
    assert!(
        message.contains("added to this clip or taken out"),
        "{message}"
    );
}

#[test]
fn a_changed_model_is_told() {
    let (mut song, _) = seeded(seed_settings());
    let mut lineage: Lineage = (*song.origins[0].lineage).clone();
    lineage.checkpoint = "another".to_owned();
    song.origins[0].lineage = Arc::new(lineage);
    let mut worker = worker();
    let kind = Kind::Again(Arc::clone(&song.origins[0].lineage));
    let job = worker.submit(request(&song, kind, 1, 1)).unwrap();
    let told = events(&worker, job).into_iter().any(
        |event| matches!(event, Event::Remark { message, .. } if message.contains("has changed")),
    );
    assert!(told);
}

#[test]
fn a_cancelled_piece_keeps_what_is_complete() {
    let mut worker = worker();
    let long = SeedSettings {
        bars: 64,
        ..seed_settings()
    };
    let job = worker
        .submit(request(&Song::default(), Kind::Seed(long), 1, 64))
        .unwrap();
    worker.cancel(job);
    assert!(matches!(
        events(&worker, job).pop(),
        Some(Event::Cancelled { .. })
    ));
}

#[test]
fn small_changes_and_more_notes_are_heard() {
    let (song, _) = seeded(seed_settings());
    let vary = |change| {
        let settings = VarySettings {
            bars: 2..6,
            change,
            ..VarySettings::default()
        };
        made(&song, Kind::Vary(settings), 6, 1).remove(0)
    };
    assert_ne!(vary(0.3).clip, vary(1.0).clip);
    let unchanged = vary(0.0);
    assert_eq!(place(&song, &unchanged, unchanged.at).tracks.len(), 5);
    let mut dense = seed_settings();
    dense.band.density = -1.0;
    let sparse = made(&Song::default(), Kind::Seed(dense), 5, 1);
    assert!(
        sparse[0]
            .clip
            .tracks
            .iter()
            .all(|track| !track.notes().is_empty())
    );
    assert!(usize::from(LOWEST_PITCH) + PITCHES <= 128);
}
