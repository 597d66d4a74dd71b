//! The compose worker as the studio's composer.

use crate::compose::{
    AccompanySettings, ContinueSettings, Event, JobId, Kind, ModelPaths, Request, SeedSettings,
    Worker,
};

use super::composer::Composer;

/// The models that the studio asks for.
const MODELS: [&str; 3] = [
    ContinueSettings::MODEL,
    SeedSettings::MODEL,
    AccompanySettings::MODEL,
];

/// Asks the worker thread that owns the networks.
#[derive(Debug)]
pub struct WorkerComposer {
    worker: Worker,
    /// The music that was asked for last, unless it was given up.
    job: Option<JobId>,
    /// The theme that is looked for.
    finding: Option<JobId>,
    models: Vec<String>,
}

impl WorkerComposer {
    /// Starts the worker thread.
    pub fn start(paths: ModelPaths) -> Self {
        let installed = MODELS.iter().filter(|name| paths.model(name).is_some());
        Self {
            models: installed.map(ToString::to_string).collect(),
            worker: Worker::start(paths),
            job: None,
            finding: None,
        }
    }
}

impl Composer for WorkerComposer {
    fn ask(&mut self, request: Request) -> Result<(), String> {
        let finds = matches!(request.kind, Kind::FindTheme(_));
        if !finds {
            self.cancel();
        }
        let id = self
            .worker
            .submit(request)
            .map_err(|busy| busy.to_string())?;
        if finds {
            self.finding = Some(id);
        } else {
            self.job = Some(id);
        }
        Ok(())
    }

    fn cancel(&mut self) {
        if let Some(job) = self.job.take() {
            self.worker.cancel(job);
        }
    }

    fn poll(&mut self) -> Vec<Event> {
        let events = self.worker.events().try_iter();
        events
            .filter(|event| {
                let job = event.job();
                job.is_none() || job == self.job || job == self.finding
            })
            .map(|event| match event {
                // Whatever becomes of the search, the music that is being written goes on.
                Event::Failed { job, message } if Some(job) == self.finding => Event::ThemeFound {
                    job,
                    found: Err(message),
                },
                other => other,
            })
            .collect()
    }

    fn models(&self) -> Vec<String> {
        self.models.clone()
    }
}
