//! The compose worker as the studio's composer.

use crate::compose::{
    AccompanySettings, ContinueSettings, Event, JobId, ModelPaths, Request, SeedSettings, Worker,
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
    /// The job that was asked for last, unless it was given up.
    job: Option<JobId>,
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
        }
    }
}

impl Composer for WorkerComposer {
    fn ask(&mut self, request: Request) -> Result<(), String> {
        self.cancel();
        let id = self
            .worker
            .submit(request)
            .map_err(|busy| busy.to_string())?;
        self.job = Some(id);
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
            .filter(|event| event.job().is_none_or(|job| Some(job) == self.job))
            .collect()
    }

    fn models(&self) -> Vec<String> {
        self.models.clone()
    }
}
