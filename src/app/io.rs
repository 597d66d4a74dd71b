//! The I/O worker: everything that touches disks and system dialogs happens on its threads, never on the window's.
//!
//! Two threads, because a system dialog may stay open for minutes while the autosave goes on.

use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

/// A piece of work, and what it was in the end.
type Work<T> = Box<dyn FnOnce() -> T + Send>;

/// How many pieces of work wait at most.
const WAITING: usize = 16;

/// The worker refused: too much waits already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many files are being read or written at once: wait a moment and try again")]
pub struct Busy;

/// Runs work on two named threads, joined when it is dropped.
pub struct IoWorker<T: Send + 'static> {
    files: Option<Sender<Work<T>>>,
    dialogs: Option<Sender<Work<T>>>,
    done: Receiver<T>,
    threads: Vec<JoinHandle<()>>,
}

impl<T: Send + 'static> std::fmt::Debug for IoWorker<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IoWorker")
            .field("threads", &self.threads.len())
            .finish_non_exhaustive()
    }
}

impl<T: Send + 'static> IoWorker<T> {
    /// Starts the threads. `wake` is called after each piece of work, so that the window looks.
    pub fn start(wake: impl Fn() + Send + Clone + 'static) -> std::io::Result<Self> {
        // Room for every result of everything that can wait, so that a worker never waits for the window.
        let (result, done) = bounded(4 * WAITING);
        let mut threads = Vec::new();
        let mut run = |name: &str| {
            let (sender, work) = bounded::<Work<T>>(WAITING);
            let (result, wake) = (result.clone(), wake.clone());
            let thread = std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || {
                    for piece in work {
                        // Nobody listens any more while the program ends; files are written all the same.
                        let _ = result.send(piece());
                        wake();
                    }
                })?;
            threads.push(thread);
            std::io::Result::Ok(sender)
        };
        let files = run("files")?;
        let dialogs = run("dialogs")?;
        Ok(Self {
            files: Some(files),
            dialogs: Some(dialogs),
            done,
            threads,
        })
    }

    /// Has a file read or written.
    pub fn file(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<(), Busy> {
        submit(self.files.as_ref(), Box::new(work))
    }

    /// Has a system dialog shown.
    pub fn dialog(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<(), Busy> {
        submit(self.dialogs.as_ref(), Box::new(work))
    }

    /// What was done since the last call.
    pub fn finished(&self) -> Vec<T> {
        self.done.try_iter().collect()
    }
}

fn submit<T>(sender: Option<&Sender<Work<T>>>, work: Work<T>) -> Result<(), Busy> {
    match sender.map(|sender| sender.try_send(work)) {
        Some(Ok(())) => Ok(()),
        Some(Err(TrySendError::Full(_) | TrySendError::Disconnected(_))) | None => Err(Busy),
    }
}

impl<T: Send + 'static> Drop for IoWorker<T> {
    /// Finishes the files that wait. A system dialog that is still open is left to the system.
    fn drop(&mut self) {
        self.files = None;
        self.dialogs = None;
        // Results that nobody wants any more must not keep a thread from its end.
        let (_, none) = bounded(0);
        self.done = none;
        if let Some(files) = self.threads.drain(..).next() {
            // A thread that panicked has nothing left to finish.
            let _ = files.join();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn work_is_done_in_order_off_this_thread() {
        let worker = IoWorker::start(|| {}).unwrap();
        for number in 0..5 {
            worker
                .file(move || (number, std::thread::current().name().map(str::to_owned)))
                .unwrap();
        }
        let done: Vec<_> = (0..5)
            .map(|_| worker.done.recv_timeout(Duration::from_secs(5)).unwrap())
            .collect();
        for (index, (number, thread)) in done.into_iter().enumerate() {
            assert_eq!(number, index);
            assert_eq!(thread.as_deref(), Some("files"));
        }
    }

    #[test]
    fn an_open_dialog_does_not_hold_up_files_and_files_are_finished_at_the_end() {
        let (close, opened) = bounded::<()>(0);
        let written = Arc::new(AtomicUsize::new(0));
        let worker = IoWorker::start(|| {}).unwrap();
        worker
            .dialog(move || {
                let _ = opened.recv();
            })
            .unwrap();
        for _ in 0..3 {
            let written = Arc::clone(&written);
            worker
                .file(move || {
                    std::thread::sleep(Duration::from_millis(5));
                    written.fetch_add(1, Ordering::SeqCst);
                })
                .unwrap();
        }
        drop(worker);
        assert_eq!(written.load(Ordering::SeqCst), 3);
        drop(close);
    }

    #[test]
    fn too_much_work_is_refused() {
        let (go, wait) = bounded::<()>(0);
        let worker = IoWorker::start(|| {}).unwrap();
        let first = wait.clone();
        worker
            .file(move || {
                let _ = first.recv();
            })
            .unwrap();
        let refused = (0..WAITING + 2)
            .filter(|_| worker.file(|| ()).is_err())
            .count();
        assert!(refused >= 1);
        drop(go);
    }
}
