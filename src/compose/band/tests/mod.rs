//! Requests to a band through the worker, with a model that needs no network.

#![allow(clippy::unwrap_used)]

mod accompanying;
mod morphing;
mod refusing;
mod seeding;
mod varying;

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
use crate::tokens::cut::{Cut, PHRASE_VALUES};
use crate::tokens::part::Part;

/// What the fake models can do.
const ALL: Abilities = Abilities {
    handles: Handles::BarsAndParts,
    accompanies: false,
    white_keys: false,
    cuts: [Cut::at(0.5); Part::COUNT],
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
