//! Threads that help to decode.

use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::fast::Decoder;
use super::group::{Group, Prefix};
use crate::nets::NetError;

/// What a helper is told.
enum Order {
    Prime(Vec<Prefix>, usize),
    Step(Vec<i64>, Vec<i64>),
    Keep(Vec<usize>),
}

/// What it answers: the logits of its rows and the tokens in the context of each.
#[derive(Debug, Default)]
struct Answer {
    logits: Vec<f32>,
    contexts: Vec<usize>,
}

/// A thread with some rows of a session. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Helper {
    orders: Option<Sender<Order>>,
    answers: Receiver<Result<Answer, NetError>>,
    /// Whether an answer is on its way.
    busy: bool,
    /// Rows that are left; a helper without any has nothing to do.
    rows: usize,
    last: Answer,
    thread: Option<JoinHandle<()>>,
}

impl Helper {
    /// Starts a thread that reads the sources for so many rows; [`Self::wait`] tells when and whether it has.
    pub(super) fn start(
        decoder: &Decoder,
        sources: &[&[i64]],
        rows: usize,
    ) -> Result<Self, NetError> {
        let (orders, inbox) = bounded(1);
        let (outbox, answers) = bounded(1);
        let decoder = decoder.clone();
        let sources: Vec<Vec<i64>> = sources.iter().map(|source| source.to_vec()).collect();
        let thread = std::thread::Builder::new()
            .name("decode".to_owned())
            .spawn(move || {
                // One thread a group: libtorch's own would wait for each other's turns.
                tch::set_num_threads(1);
                work(&decoder, &sources, rows, &inbox, &outbox);
            })
            .map_err(|error| NetError::Input(format!("no thread to decode with: {error}")))?;
        Ok(Self {
            orders: Some(orders),
            answers,
            busy: true,
            rows,
            last: Answer::default(),
            thread: Some(thread),
        })
    }

    pub(super) fn prime(&mut self, prefixes: Vec<Prefix>, slots: usize) -> Result<(), NetError> {
        self.order(Order::Prime(prefixes, slots))
    }

    pub(super) fn step(&mut self, tokens: Vec<i64>, labels: Vec<i64>) -> Result<(), NetError> {
        self.order(Order::Step(tokens, labels))
    }

    pub(super) fn keep(&mut self, rows: Vec<usize>) -> Result<(), NetError> {
        self.rows = rows.len();
        self.order(Order::Keep(rows))
    }

    fn order(&mut self, order: Order) -> Result<(), NetError> {
        if self.rows > 0 {
            // An answer left over by a call that failed.
            self.wait()?;
            let orders = self.orders.as_ref().ok_or_else(stopped)?;
            orders.send(order).map_err(|_| stopped())?;
            self.busy = true;
        }
        Ok(())
    }

    /// Waits for the answer to the last order.
    pub(super) fn wait(&mut self) -> Result<(), NetError> {
        if std::mem::take(&mut self.busy) {
            self.last = self.answers.recv().map_err(|_| stopped())??;
        }
        Ok(())
    }

    /// The logits of the last answer.
    pub(super) fn logits(&self) -> &[f32] {
        &self.last.logits
    }

    /// The tokens in a row's context.
    pub(super) fn context(&self, row: usize) -> usize {
        self.last.contexts.get(row).copied().unwrap_or_default()
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a decoding thread panicked");
        }
    }
}

fn stopped() -> NetError {
    NetError::Input("a decoding thread stopped: try again".to_owned())
}

/// Does what it is told until nobody tells it any more.
fn work(
    decoder: &Decoder,
    sources: &[Vec<i64>],
    rows: usize,
    inbox: &Receiver<Order>,
    outbox: &Sender<Result<Answer, NetError>>,
) {
    let sources: Vec<&[i64]> = sources.iter().map(Vec::as_slice).collect();
    let mut group = match Group::new(decoder, &sources, rows) {
        Ok(group) => group,
        Err(error) => {
            let _ = outbox.send(Err(error));
            return;
        }
    };
    let mut done = Ok(());
    loop {
        let answer = done.map(|()| Answer {
            logits: group.logits().to_vec(),
            contexts: (0..group.rows()).map(|row| group.context(row)).collect(),
        });
        if outbox.send(answer).is_err() {
            return;
        }
        done = match inbox.recv() {
            Ok(Order::Prime(prefixes, slots)) => group.prime(&prefixes, slots),
            Ok(Order::Step(tokens, labels)) => group.step(&tokens, &labels),
            Ok(Order::Keep(rows)) => group.keep(&rows),
            Err(_) => return,
        };
    }
}
