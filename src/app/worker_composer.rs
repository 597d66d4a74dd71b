//! The compose worker as the studio's composer.

use std::sync::Arc;

use crate::compose::{
    self, Better, Candidate, ContinueSettings, JobId, Kind, Measured, ModelPaths, Request, Returns,
    Worker,
};
use crate::score::{Song, Tick};

use super::composer::{Ask, Composer, Event, Proposal, Rating};

/// The folder of the model that continues themes.
const MODEL: &str = "theme";

/// Asks the worker thread that owns the networks.
#[derive(Debug)]
pub struct WorkerComposer {
    worker: Worker,
    job: Option<Running>,
    /// The candidates of the last job, or what there is of them, to place them with all that is known of them.
    candidates: Vec<Candidate>,
    models: Vec<String>,
}

/// What the job that runs, or ran last, was asked.
#[derive(Debug)]
struct Running {
    id: JobId,
    over: bool,
}

impl WorkerComposer {
    /// Starts the worker thread; models are loaded at the first request.
    pub fn start(paths: ModelPaths) -> Self {
        let models = paths.model(MODEL).map(|_| MODEL.to_owned());
        Self {
            models: models.into_iter().collect(),
            worker: Worker::start(paths),
            job: None,
            candidates: Vec::new(),
        }
    }

    fn event(&mut self, event: compose::Event) -> Option<Event> {
        let running = self.job.as_mut().filter(|job| !job.over);
        if event.job().is_some() && event.job() != running.as_ref().map(|job| job.id) {
            // What was given up is of no interest any more.
            return None;
        }
        Some(match event {
            compose::Event::Loading { .. } => Event::Loading,
            // The request that needed a model that cannot be used fails with the same words.
            compose::Event::Ready { .. } | compose::Event::Unavailable { .. } => return None,
            compose::Event::Remark { message, .. } => Event::Remark(message),
            compose::Event::Grown {
                draft, bars_total, ..
            } => {
                let wrote = Event::Wrote {
                    candidate: draft.index as usize,
                    done: draft.bars,
                    total: bars_total,
                    proposal: proposal(&draft),
                };
                self.candidates.retain(|known| known.index != draft.index);
                self.candidates.push(*draft);
                wrote
            }
            compose::Event::Finished { candidates, .. }
            | compose::Event::Cancelled { candidates, .. } => {
                if let Some(job) = running {
                    job.over = true;
                }
                let proposals = candidates.iter().map(proposal).collect();
                self.candidates = candidates;
                Event::Finished(proposals)
            }
            compose::Event::Failed { message, .. } => {
                if let Some(job) = running {
                    job.over = true;
                }
                Event::Failed(message)
            }
        })
    }
}

fn proposal(candidate: &Candidate) -> Proposal {
    Proposal {
        clip: Arc::clone(&candidate.clip),
        lineage: Some(Arc::clone(&candidate.lineage)),
        ratings: candidate.measures.iter().map(rating).collect(),
        score: candidate.score,
    }
}

fn rating(measured: &Measured) -> Rating {
    let way = match measured.better {
        Better::Higher => "the higher the better".to_owned(),
        Better::Lower => "the lower the better".to_owned(),
        Better::Near(value) => format!("best near {value:.2}"),
    };
    Rating {
        name: measured.name.to_owned(),
        meaning: format!("{} ({way})", measured.meaning.trim_end_matches('.')),
        share: measured.merit as f32,
        value: measured.value,
    }
}

/// The settings that an ask means; the error says what the song lacks.
fn settings_of(ask: &Ask) -> Result<ContinueSettings, String> {
    let mut settings = ContinueSettings::of_song(&ask.song)
        .ok_or("Mark a theme first: select its notes and press T.")?;
    settings.bars = ask.bars.clamp(1, ContinueSettings::MAX_BARS);
    settings.temperature = ask.temperature;
    settings.theme_temperature = ask.theme_temperature;
    settings.top_p = ask.top_p;
    settings.top_k = ask.top_k as usize;
    settings.scale = ask.key;
    settings.piano = ask.accompany;
    settings.painted = if ask.return_where_painted {
        settings.painted_in(&ask.song, ask.at)
    } else {
        Vec::new()
    };
    settings.returns = if ask.only_painted {
        Returns::Painted
    } else {
        Returns::Free
    };
    Ok(settings)
}

impl Composer for WorkerComposer {
    fn ask(&mut self, ask: Ask) -> Result<(), String> {
        let settings = settings_of(&ask)?;
        let request = Request {
            song: Arc::clone(&ask.song),
            kind: Kind::Continue(settings),
            seed: ask.seed,
            candidates: ask.candidates,
        };
        let id = self
            .worker
            .submit(request)
            .map_err(|busy| busy.to_string())?;
        self.candidates.clear();
        self.job = Some(Running { id, over: false });
        Ok(())
    }

    fn cancel(&mut self) {
        if let Some(job) = &mut self.job {
            job.over = true;
            self.worker.cancel(job.id);
        }
    }

    fn poll(&mut self) -> Vec<Event> {
        let events: Vec<compose::Event> = self.worker.events().try_iter().collect();
        events
            .into_iter()
            .filter_map(|event| self.event(event))
            .collect()
    }

    fn placed(&self, song: &Song, proposal: &Proposal, at: Tick) -> Song {
        let known = proposal.lineage.as_ref().and_then(|lineage| {
            self.candidates
                .iter()
                .find(|candidate| Arc::ptr_eq(&candidate.lineage, lineage))
        });
        match known {
            // Its clip may have been cut down to the melody.
            Some(candidate) => {
                let cut = Candidate {
                    clip: Arc::clone(&proposal.clip),
                    ..candidate.clone()
                };
                compose::place(song, &cut, at)
            }
            None => song.clone(),
        }
    }

    fn models(&self) -> Vec<String> {
        self.models.clone()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::formats::demo;

    fn ask(song: Song) -> Ask {
        Ask {
            song: Arc::new(song),
            at: Tick(7680),
            bars: 8,
            candidates: 2,
            seed: 1,
            temperature: 1.0,
            theme_temperature: 0.5,
            top_p: 0.9,
            top_k: 0,
            key: None,
            return_where_painted: true,
            only_painted: false,
            accompany: true,
        }
    }

    #[test]
    fn a_song_without_a_theme_cannot_be_continued() {
        let mut song = demo::song();
        song.themes.clear();
        let message = settings_of(&ask(song)).unwrap_err();
        assert!(message.contains("press T"), "{message}");
    }

    #[test]
    fn painted_bars_count_from_where_the_music_begins() {
        let mut song = demo::song();
        let track = song.theme().unwrap().track;
        song.themes
            .retain(|region| region.kind == crate::score::ThemeKind::Theme);
        let song = crate::score::edit::paint_theme(&song, track, 4..6);
        let settings = settings_of(&ask(song.clone())).unwrap();
        assert_eq!(settings.painted.len(), 1);
        assert_eq!(settings.painted[0], 2..4);
        assert_eq!((settings.bars, settings.theme_temperature), (8, 0.5));
        let free = Ask {
            return_where_painted: false,
            ..ask(song)
        };
        assert!(settings_of(&free).unwrap().painted.is_empty());
    }
}
