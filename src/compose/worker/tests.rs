#![allow(clippy::unwrap_used)]

use super::*;

use crate::compose::band::BandModel;
use crate::compose::model::{ModelError, ThemeModel};
use crate::compose::perform::{Performer, Profile};
use crate::compose::{Kind, SeedSettings};

/// A library without a book.
struct Empty;

impl Library for Empty {
    fn theme(&mut self) -> Result<Box<dyn ThemeModel>, ModelError> {
        Err(missing("theme"))
    }

    fn band(&mut self, name: &str) -> Result<Box<dyn BandModel>, ModelError> {
        Err(missing(name))
    }

    fn performer(&mut self) -> Box<dyn Performer> {
        Box::new(Profile)
    }
}

fn missing(name: &str) -> ModelError {
    ModelError::Missing {
        name: name.to_owned(),
        searched: vec!["/nowhere".into()],
    }
}

#[test]
fn without_a_model_requests_fail_with_what_to_do() {
    let mut worker = Worker::with_library(Box::new(Empty), Preload::Theme);
    let request = Request {
        song: Arc::default(),
        kind: Kind::Continue(super::super::ContinueSettings::default()),
        seed: 1,
        candidates: 8,
    };
    let id = worker.submit(request).unwrap();
    let events: Vec<Event> = worker
        .events()
        .iter()
        .take_while(|event| !matches!(event, Event::Failed { .. }))
        .collect();
    assert!(
        events.iter().any(
            |event| matches!(event, Event::Unavailable { model, message } if model == "theme" && message.contains("/nowhere"))
        ),
        "{events:?}"
    );
    assert_eq!(id, JobId(1));
    let seed = Request {
        song: Arc::default(),
        kind: Kind::Seed(SeedSettings::default()),
        seed: 1,
        candidates: 1,
    };
    worker.submit(seed).unwrap();
    let failed = worker.events().iter().find_map(|event| match event {
        Event::Failed { message, .. } => Some(message),
        _ => None,
    });
    let message = failed.unwrap();
    assert!(
        message.contains("musegan-hybrid") && message.contains("/nowhere"),
        "{message}"
    );
}

#[cfg(feature = "torch")]
mod with_fake_network {
    mod between;
    mod returning;

    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::compose::model::NextToken;
    use crate::compose::{
        AccompanySettings, Candidate, ChainSettings, ContinueSettings, ModelInfo, Returns,
        settings_of,
    };
    use crate::score::{
        Instrument, Key, Lineage, Note, Pitch, Role, Song, Span, ThemeKind, Tick, Track, TrackId,
        Velocity,
    };
    use crate::tokens::labels::Labels;
    use crate::tokens::theme_vocab::{Id, SIZE, Token};

    /// A network without an opinion: fixed logits with bar lines and positions made likely. It checks that its
    /// context is fed as a network's must be.
    #[derive(Clone)]
    struct Fake {
        info: ModelInfo,
        context: usize,
        steps: Arc<AtomicUsize>,
        panics_at: usize,
    }

    impl Library for Fake {
        fn theme(&mut self) -> Result<Box<dyn ThemeModel>, ModelError> {
            Ok(Box::new(self.clone()))
        }

        fn band(&mut self, name: &str) -> Result<Box<dyn BandModel>, ModelError> {
            crate::compose::band::tests::fake(name)
        }

        fn performer(&mut self) -> Box<dyn Performer> {
            Box::new(Profile)
        }
    }

    struct FakeSession<'a> {
        fake: &'a Fake,
        rows: usize,
        length: usize,
    }

    fn logits(rows: usize) -> Vec<f32> {
        let row: Vec<f32> = (0..SIZE as Id)
            .map(|id| match Token::from_id(id) {
                Some(Token::Position(_)) => 2.0,
                Some(Token::Bar | Token::ThemeStart | Token::ThemeEnd) => 3.5,
                _ => ((id * 37) % 11) as f32 / 11.0,
            })
            .collect();
        row.repeat(rows)
    }

    impl ThemeModel for Fake {
        fn info(&self) -> &ModelInfo {
            &self.info
        }

        fn labels(&self) -> Labels {
            Labels::Timed
        }

        fn context(&self) -> usize {
            self.context
        }

        fn start<'a>(
            &'a self,
            source: &[Id],
            rows: usize,
        ) -> Result<Box<dyn NextToken + 'a>, ModelError> {
            assert_eq!(source.first(), Some(&Token::ThemeStart.id()));
            assert_eq!(source.last(), Some(&Token::ThemeEnd.id()));
            Ok(Box::new(FakeSession {
                fake: self,
                rows,
                length: 0,
            }))
        }
    }

    impl NextToken for FakeSession<'_> {
        fn prime(&mut self, prefixes: &[(&[Id], &[i64])]) -> Result<Vec<f32>, ModelError> {
            assert!(prefixes.len() == 1 || prefixes.len() == self.rows);
            for (tokens, labels) in prefixes {
                assert_eq!(tokens.len(), labels.len());
                assert!((1..=self.fake.context).contains(&tokens.len()));
            }
            self.length = prefixes.iter().map(|prefix| prefix.0.len()).max().unwrap();
            Ok(logits(self.rows))
        }

        fn step(&mut self, tokens: &[Id], labels: &[i64]) -> Result<Vec<f32>, ModelError> {
            assert_eq!((tokens.len(), labels.len()), (self.rows, self.rows));
            self.length += 1;
            assert!(self.length <= self.fake.context);
            let step = self.fake.steps.fetch_add(1, Ordering::Relaxed);
            assert!(step != self.fake.panics_at, "step {step} went wrong");
            Ok(logits(self.rows))
        }

        fn keep(&mut self, rows: &[usize]) -> Result<(), ModelError> {
            assert!(rows.iter().all(|row| *row < self.rows));
            self.rows = rows.len();
            Ok(())
        }

        fn remaining(&self) -> usize {
            self.fake.context - self.length
        }
    }

    fn worker(context: usize, panics_at: usize) -> Worker {
        let fake = Fake {
            info: ModelInfo {
                name: "fake".into(),
                checkpoint: "0".into(),
            },
            context,
            steps: Arc::default(),
            panics_at,
        };
        Worker::with_library(Box::new(fake), Preload::Theme)
    }

    fn song() -> Arc<Song> {
        let notes = [60, 64, 67, 72, 71, 67, 64, 62]
            .iter()
            .enumerate()
            .map(|(beat, pitch)| {
                Note::new(
                    Tick(beat as i64 * 960),
                    Tick(900),
                    Pitch::clamped(*pitch),
                    Velocity::DEFAULT,
                )
            })
            .collect();
        Arc::new(Song::default().with_track(
            Track::new(TrackId(1), "Lead", Instrument::pitched(73), Role::Melody).with_notes(notes),
        ))
    }

    fn settings() -> ContinueSettings {
        ContinueSettings {
            theme: Span::new(Tick(0), Tick(7680)),
            track: TrackId(1),
            bars: 6,
            ..ContinueSettings::default()
        }
    }

    fn request(settings: ContinueSettings, seed: u64) -> Request {
        Request {
            song: song(),
            kind: Kind::Continue(settings),
            seed,
            candidates: 5,
        }
    }

    /// The events of a job up to its last.
    fn events_of(worker: &Worker, id: JobId) -> Vec<Event> {
        let mut events = Vec::new();
        for event in worker.events() {
            if event.job() != Some(id) {
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

    fn finished(worker: &mut Worker, request: Request) -> Vec<Candidate> {
        let id = worker.submit(request).unwrap();
        match events_of(worker, id).pop() {
            Some(Event::Finished { candidates, .. }) => candidates,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn candidates_keep_scale_bars_and_painted_regions() {
        let settings = ContinueSettings {
            scale: Some(Key::default()),
            painted: [1..3, 4..6].to_vec(),
            returns: Returns::Painted,
            ..settings()
        };
        let candidates = finished(&mut worker(512, usize::MAX), request(settings.clone(), 3));
        assert_eq!(candidates.len(), 5);
        for pair in candidates.windows(2) {
            assert!(pair[0].score >= pair[1].score);
        }
        for candidate in &candidates {
            assert_eq!(candidate.bars, 6);
            assert_eq!(candidate.clip.end().max(Tick(6 * 3840)), Tick(6 * 3840));
            let regions: Vec<_> = candidate
                .clip
                .themes
                .iter()
                .map(|theme| {
                    assert_eq!(theme.kind, ThemeKind::Return);
                    (theme.span.start.0 / 3840, theme.span.end.0 / 3840)
                })
                .collect();
            assert_eq!(regions, [(1, 3), (4, 6)]);
            for track in &candidate.clip.tracks {
                assert!(!track.notes().is_empty());
                for note in track.notes() {
                    assert!(Key::default().pitch_classes().contains(note.pitch));
                }
            }
            assert_eq!(candidate.lineage.seed, 3);
            assert_eq!(settings_of(&candidate.lineage), Some(settings.clone()));
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_notes_and_another_does_not() {
        let mut worker = worker(512, usize::MAX);
        let first = finished(&mut worker, request(settings(), 9));
        let again = finished(&mut worker, request(settings(), 9));
        assert_eq!(first, again);
        assert_ne!(first, finished(&mut worker, request(settings(), 10)));
    }

    #[test]
    fn a_full_context_is_primed_again_without_a_gap() {
        let long = ContinueSettings {
            bars: 24,
            ..settings()
        };
        let candidates = finished(&mut worker(150, usize::MAX), request(long, 1));
        assert!(candidates.iter().all(|candidate| candidate.bars == 24));
    }

    #[test]
    fn bars_come_in_order_and_grow() {
        let mut worker = worker(512, usize::MAX);
        let id = worker.submit(request(settings(), 5)).unwrap();
        let mut bars = [0; 5];
        for event in events_of(&worker, id) {
            if let Event::Grown {
                draft, bars_total, ..
            } = event
            {
                let before = &mut bars[draft.index as usize];
                assert_eq!((draft.bars, bars_total), (*before + 1, 6));
                assert!(draft.clip.bars() <= bars_total);
                assert_eq!(draft.lineage.settings["stopped"], draft.bars.to_string());
                *before = draft.bars;
            }
        }
        assert_eq!(bars, [6; 5]);
    }

    #[test]
    fn a_panic_fails_the_job_and_the_next_one_works() {
        let mut worker = worker(512, 20);
        let id = worker.submit(request(settings(), 1)).unwrap();
        match events_of(&worker, id).pop() {
            Some(Event::Failed { message, .. }) => {
                assert!(message.contains("step 20 went wrong"), "{message}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(finished(&mut worker, request(settings(), 1)).len(), 5);
    }

    #[test]
    fn a_cancelled_job_ends_and_leaves_the_worker_ready() {
        let mut worker = worker(512, usize::MAX);
        let endless = ContinueSettings {
            bars: 128,
            ..settings()
        };
        let id = worker.submit(request(endless.clone(), 1)).unwrap();
        let waiting = worker.submit(request(endless, 2)).unwrap();
        worker.cancel(id);
        worker.cancel(waiting);
        for job in [id, waiting] {
            assert!(matches!(
                events_of(&worker, job).pop(),
                Some(Event::Cancelled { .. })
            ));
        }
        assert_eq!(finished(&mut worker, request(settings(), 1)).len(), 5);
    }

    #[test]
    fn a_song_without_the_theme_fails_clearly() {
        let mut worker = worker(512, usize::MAX);
        let nowhere = ContinueSettings {
            track: TrackId(99),
            ..settings()
        };
        let id = worker.submit(request(nowhere, 1)).unwrap();
        match events_of(&worker, id).pop() {
            Some(Event::Failed { message, .. }) => assert!(message.contains("mark the theme")),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn dropping_the_worker_while_it_writes_joins_it() {
        let mut worker = worker(512, usize::MAX);
        let endless = ContinueSettings {
            bars: 128,
            ..settings()
        };
        worker.submit(request(endless, 1)).unwrap();
        drop(worker);
    }

    fn chain(accompany: bool) -> ChainSettings {
        let model = |name: &str| name.to_owned();
        ChainSettings {
            seed: SeedSettings {
                model: model("band"),
                at: Tick(4 * 3840),
                ..SeedSettings::default()
            },
            continuation: ContinueSettings {
                bars: 4,
                ..ContinueSettings::default()
            },
            accompany: accompany.then(|| AccompanySettings {
                model: model("accompany"),
                ..AccompanySettings::default()
            }),
            ..ChainSettings::default()
        }
    }

    fn chained(settings: ChainSettings, candidates: u32) -> Vec<Candidate> {
        let request = Request {
            song: Arc::default(),
            kind: Kind::Chain(Box::new(settings)),
            seed: 4,
            candidates,
        };
        finished(&mut worker(512, usize::MAX), request)
    }

    #[test]
    fn a_phrase_becomes_a_theme_and_goes_on() {
        let candidates = chained(chain(false), 5);
        assert_eq!(candidates, chained(chain(false), 5));
        let mut numbers: Vec<u32> = candidates.iter().map(|c| c.index).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        for candidate in &candidates {
            // Six seconds at 120 beats a minute are three bars.
            assert_eq!((candidate.bars, candidate.at), (7, Tick(4 * 3840)));
            let [phrase, theme, continuation] = candidate.stages.as_slice() else {
                panic!("{:?}", candidate.stages);
            };
            assert_eq!((phrase.bars, phrase.clip.tracks.len()), (4, 5));
            assert_eq!((theme.bars, theme.clip.tracks.len()), (3, 2));
            assert_eq!(continuation.clip, candidate.clip);
            // The theme stands in front, marked, and is what the song's theme becomes.
            let placed = crate::compose::place(&Song::default(), candidate, candidate.at);
            let marked = placed.theme().unwrap();
            assert_eq!(marked.span, Span::new(Tick(4 * 3840), Tick(7 * 3840)));
            let own = placed
                .track(marked.track)
                .unwrap()
                .notes_starting_in(marked.span);
            let taken = theme.clip.tracks[0].notes();
            assert_eq!(own.len(), taken.len());
            // From child to parent.
            let kinds: Vec<&str> = parents(&candidate.lineage);
            assert_eq!(kinds, ["continue", "theme", "seed"]);
        }
        let phrases: std::collections::BTreeSet<u32> = (candidates.iter())
            .map(|candidate| candidate.stages[0].lineage.candidate)
            .collect();
        assert_eq!(phrases.len(), 2, "two phrases are continued");
    }

    fn parents(lineage: &Lineage) -> Vec<&str> {
        std::iter::successors(Some(lineage), |lineage| lineage.parent.as_deref())
            .map(|lineage| lineage.kind.as_str())
            .collect()
    }

    #[test]
    fn every_step_of_the_chain_is_made_again() {
        let candidates = chained(chain(true), 3);
        for candidate in candidates {
            let kinds = parents(&candidate.lineage);
            assert_eq!(kinds, ["accompany", "continue", "theme", "seed"]);
            assert_eq!(candidate.stages.len(), 4);
            assert_eq!(
                candidate.clip.tracks.len(),
                6,
                "melody, piano and four of the band"
            );
            let again = |stage: usize| {
                let request = Request {
                    song: Arc::default(),
                    kind: Kind::Again(Arc::clone(&candidate.stages[stage].lineage)),
                    seed: 0,
                    candidates: 1,
                };
                finished(&mut worker(512, usize::MAX), request).remove(0)
            };
            assert_eq!(again(0).clip, candidate.stages[0].clip);
            let continuation = again(2);
            let whole =
                crate::compose::place(&candidate.stages[1].clip, &continuation, continuation.at);
            assert_eq!(whole.tracks, candidate.stages[2].clip.tracks);
            let band = again(3);
            let of = |song: &Song, role: Role| {
                let track = song.tracks.iter().find(|track| track.role == role);
                track.unwrap().notes().to_vec()
            };
            for role in [Role::Drums, Role::Guitar, Role::Bass, Role::Strings] {
                assert_eq!(of(&band.clip, role), of(&candidate.clip, role));
            }
        }
    }

    #[test]
    fn a_continuation_that_was_stopped_is_made_again_as_far_as_it_went() {
        let mut worker = worker(512, usize::MAX);
        let id = worker.submit(request(settings(), 5)).unwrap();
        let draft = events_of(&worker, id)
            .into_iter()
            .find_map(|event| match event {
                Event::Grown { draft, .. } if draft.bars == 3 && draft.index == 2 => Some(draft),
                _ => None,
            })
            .unwrap();
        let again = Request {
            kind: Kind::Again(Arc::clone(&draft.lineage)),
            ..request(settings(), 0)
        };
        let again = finished(&mut worker, again).remove(0);
        assert_eq!((again.bars, &again.clip), (3, &draft.clip));
    }
}
