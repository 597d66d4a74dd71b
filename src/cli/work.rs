//! Having a request worked on, and writing what comes of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::bail;
use crossbeam_channel::RecvTimeoutError;
use serde_json::{Map, Value, json};

use super::{Common, Interrupt, Outcome, output, progress};
use crate::compose::{Candidate, Event, ModelInfo, Preload, Request, Worker, WorkerSettings};
use crate::formats::files::{self, Previous};
use crate::formats::midi::{self, MidiOptions};
use crate::score::{Key, Song};

/// What came of a request.
pub(super) struct Work {
    /// The best first, or in the order of a path.
    pub(super) candidates: Vec<Candidate>,
    complete: bool,
    models: Vec<ModelInfo>,
    tokens: Option<u64>,
    seconds: f64,
    seconds_to_load: Option<f64>,
    /// From the beginning of the job, the models loaded.
    seconds_to_first_bar: Option<f64>,
}

/// Has a request worked on; Ctrl+C ends it with what is complete. An error begins with `about`, if that is given.
pub(super) fn work(
    request: Request,
    preload: Preload,
    about: Option<&Path>,
    common: &Common,
) -> anyhow::Result<Work> {
    let interrupt = Interrupt::listen();
    let begun = Instant::now();
    let mut worker = Worker::with_settings(WorkerSettings {
        threads: usize::from(common.threads),
        writers: usize::from(common.threads),
        preload,
        ..WorkerSettings::default()
    });
    let candidates = u64::from(request.candidates);
    let job = worker.submit(request)?;
    let bar = progress::bar(candidates, "bars");
    let mut written = BTreeMap::new();
    let mut work = Work {
        candidates: Vec::new(),
        complete: false,
        models: Vec::new(),
        tokens: None,
        seconds: 0.0,
        seconds_to_load: None,
        seconds_to_first_bar: None,
    };
    let mut ready = begun;
    let mut cancelled = false;
    loop {
        if interrupt.is_asked() && !cancelled {
            cancelled = true;
            worker.cancel(job);
        }
        let event = match worker.events().recv_timeout(Duration::from_millis(100)) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => {
                bail!("the composing thread stopped; run the command again")
            }
        };
        match event {
            Event::Ready { model } => {
                ready = Instant::now();
                work.seconds_to_load = Some((ready - begun).as_secs_f64());
                work.models.push(model);
            }
            Event::Remark { message, .. } => output::note(&message),
            Event::Grown {
                draft, bars_total, ..
            } => {
                work.seconds_to_first_bar
                    .get_or_insert_with(|| ready.elapsed().as_secs_f64());
                written.insert(draft.index, u64::from(draft.bars));
                let all = candidates.max(written.len() as u64);
                bar.set_length(all * u64::from(bars_total));
                bar.set_position(written.values().sum());
            }
            Event::Finished {
                candidates,
                tokens,
                seconds,
                ..
            } => {
                bar.finish_and_clear();
                work.candidates = candidates;
                work.complete = true;
                work.tokens = tokens;
                work.seconds = seconds;
                return Ok(work);
            }
            Event::Cancelled { candidates, .. } => {
                bar.finish_and_clear();
                work.candidates = candidates;
                work.seconds = ready.elapsed().as_secs_f64();
                return Ok(work);
            }
            Event::Failed { message, .. } => {
                bar.finish_and_clear();
                match about {
                    Some(path) => bail!("{}: {message}", path.display()),
                    None => bail!("{message}"),
                }
            }
            // The job that fails for want of a model says the same; nobody here looks for themes.
            Event::Loading { .. } | Event::Unavailable { .. } | Event::ThemeFound { .. } => {}
        }
    }
}

/// The folder for results: NN.mid and report.json.
pub(super) struct Folder<'a> {
    out: &'a Path,
}

impl<'a> Folder<'a> {
    /// Makes the folder, in which `candidates` files may be written.
    pub(super) fn make(out: &'a Path, candidates: u32, common: &Common) -> anyhow::Result<Self> {
        let folder = Self { out };
        output::may_write(&folder.report(), common)?;
        for place in 1..=candidates as usize {
            output::may_write(&folder.path(place), common)?;
        }
        output::make_folder(out)?;
        Ok(folder)
    }

    fn report(&self) -> PathBuf {
        self.out.join("report.json")
    }

    fn path(&self, place: usize) -> PathBuf {
        self.out.join(format!("{place:02}.mid"))
    }

    /// Writes what came of a request: `song` makes a candidate's file, in which its clip is the last one written. `head` is
    /// what the report begins with.
    pub(super) fn write(
        &self,
        work: &Work,
        head: Value,
        scale: Option<Key>,
        song: &dyn Fn(&Candidate) -> Song,
        common: &Common,
    ) -> Outcome {
        let mut results = Vec::new();
        for (index, candidate) in work.candidates.iter().enumerate() {
            let path = self.path(index + 1);
            let file = song(candidate);
            write_midi(&path, &file)?;
            results.push(describe(candidate, &file, &path, scale));
        }
        let first = work.models.first();
        let mut report = json!({
            "model": first.map(|model| &model.name),
            "checkpoint": first.map(|model| &model.checkpoint),
            "models": (work.models.iter())
                .map(|model| json!({ "name": model.name, "checkpoint": model.checkpoint }))
                .collect::<Vec<_>>(),
            "threads": common.threads,
            "complete": work.complete,
            "seconds_to_load": work.seconds_to_load,
            "seconds_to_first_bar": work.seconds_to_first_bar,
            "seconds": work.seconds,
            "tokens": work.tokens,
            "tokens_per_second": work.tokens.map(|tokens| tokens as f64 / work.seconds.max(1e-9)),
            "candidates": results,
        });
        if let (Value::Object(report), Value::Object(head)) = (&mut report, head) {
            report.extend(head);
        }
        let text = serde_json::to_vec_pretty(&report)?;
        files::write_atomically(&self.report(), &text, Previous::Drop)?;
        output::report(common, &report, || as_text(work, &results));
        match (work.complete, results.len()) {
            (true, _) => Ok(()),
            (false, 0) => {
                bail!(
                    "stopped before any candidate was complete; run it again, or ask for fewer bars"
                )
            }
            (false, complete) => bail!(
                "stopped; the {complete} candidates that were complete are in {}",
                self.out.display()
            ),
        }
    }
}

/// Writes a song as a MIDI file.
pub(super) fn write_midi(path: &Path, song: &Song) -> anyhow::Result<()> {
    let bytes = midi::write(song, &MidiOptions::default())?;
    files::write_atomically(path, &bytes, Previous::Drop)?;
    Ok(())
}

fn describe(candidate: &Candidate, file: &Song, path: &Path, scale: Option<Key>) -> Value {
    let measures: Map<String, Value> = (candidate.measures.iter())
        .map(|measured| (measured.name.to_owned(), Value::from(measured.value)))
        .collect();
    let clip = &candidate.clip;
    let notes = || clip.tracks.iter().flat_map(|track| track.notes());
    let outside = scale.map(|key| {
        let inside = key.pitch_classes();
        let pitched = clip.tracks.iter().filter(|track| !track.instrument.drums);
        pitched
            .flat_map(|track| track.notes())
            .filter(|note| !inside.contains(note.pitch))
            .count()
    });
    // Where the clip stands in the file, for those who write parts of it again.
    let origin = file.origins.last();
    let tracks: Vec<usize> = origin
        .iter()
        .flat_map(|origin| &origin.tracks)
        .filter_map(|id| Some(file.track_index(*id)? + 1))
        .collect();
    json!({
        "file": path,
        "candidate": candidate.index,
        "score": candidate.score,
        "measures": measures,
        "bar": origin.map_or(1, |origin| file.metre.bar_at(origin.span.start) + 1),
        "bars": candidate.bars,
        "tracks": tracks,
        "notes": notes().count(),
        "notes_outside_scale": outside,
        "theme_regions": clip.themes.len(),
        "lineage": candidate.lineage,
    })
}

fn as_text(work: &Work, results: &[Value]) -> String {
    let mut rows = Vec::new();
    for (candidate, result) in work.candidates.iter().zip(results) {
        let measures: Vec<String> = (candidate.measures.iter())
            .map(|measured| format!("{} {:.2}", measured.name, measured.value))
            .collect();
        rows.push(vec![
            result["file"].as_str().unwrap_or_default().to_owned(),
            format!("{:.3}", candidate.score),
            measures.join(", "),
        ]);
    }
    output::table(&rows)
}
