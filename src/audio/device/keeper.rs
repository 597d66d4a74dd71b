//! The thread that owns the system's devices, because opening one can take long.

use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::super::callback::Callback;
use super::{Backend, DeviceError, DeviceInfo, Health, Stream, StreamFormat, StreamWish};

/// What the keeper is asked to do.
enum KeeperOrder {
    Probe(StreamWish),
    Start(StreamFormat, Box<Callback>, Arc<Health>),
    Close,
    List,
}

/// What it answers.
#[derive(Debug)]
pub enum KeeperReply {
    /// What the device would give.
    Probed(Result<StreamFormat, DeviceError>),
    /// The stream runs, or not.
    Started(Result<StreamFormat, DeviceError>),
    /// The devices there are.
    Listed(Vec<DeviceInfo>),
}

/// Owns devices and their stream on a thread of its own, ended and joined on drop.
#[derive(Debug)]
pub struct DeviceKeeper {
    orders: Option<Sender<KeeperOrder>>,
    replies: Receiver<KeeperReply>,
    thread: Option<JoinHandle<()>>,
}

impl DeviceKeeper {
    /// Starts the thread.
    pub fn start(mut backend: impl Backend) -> std::io::Result<Self> {
        let (orders, incoming) = bounded::<KeeperOrder>(8);
        let (outgoing, replies) = bounded::<KeeperReply>(8);
        let thread = std::thread::Builder::new()
            .name("audio-device".into())
            .spawn(move || {
                let mut stream: Option<Box<dyn Stream>> = None;
                for order in incoming {
                    let reply = match order {
                        KeeperOrder::Probe(wish) => KeeperReply::Probed(backend.probe(&wish)),
                        KeeperOrder::Start(format, callback, health) => {
                            drop(stream.take());
                            KeeperReply::Started(backend.start(&format, *callback, health).map(
                                |started| {
                                    stream = Some(started);
                                    format
                                },
                            ))
                        }
                        KeeperOrder::List => KeeperReply::Listed(backend.list()),
                        KeeperOrder::Close => {
                            stream = None;
                            continue;
                        }
                    };
                    if outgoing.send(reply).is_err() {
                        break;
                    }
                }
            })?;
        Ok(Self {
            orders: Some(orders),
            replies,
            thread: Some(thread),
        })
    }

    fn send(&self, order: KeeperOrder) -> bool {
        self.orders
            .as_ref()
            .is_some_and(|orders| orders.try_send(order).is_ok())
    }

    /// Asks what a device would give; answered by [`KeeperReply::Probed`]. False if the thread is too busy.
    pub fn probe(&self, wish: StreamWish) -> bool {
        self.send(KeeperOrder::Probe(wish))
    }

    /// Asks for a stream, in place of the one there is; answered by [`KeeperReply::Started`]. False if the thread is
    /// too busy.
    pub fn open(&self, format: StreamFormat, callback: Callback, health: Arc<Health>) -> bool {
        self.send(KeeperOrder::Start(format, Box::new(callback), health))
    }

    /// Asks which devices there are; answered by [`KeeperReply::Listed`]. False if the thread is too busy.
    pub fn list(&self) -> bool {
        self.send(KeeperOrder::List)
    }

    /// Ends the stream.
    pub fn close(&self) -> bool {
        self.send(KeeperOrder::Close)
    }

    /// The next answer, if there is one.
    pub fn reply(&self) -> Option<KeeperReply> {
        self.replies.try_recv().ok()
    }
}

impl Drop for DeviceKeeper {
    fn drop(&mut self) {
        drop(self.orders.take());
        // Nobody may be waiting to answer.
        while self.replies.try_recv().is_ok() {}
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the audio device thread panicked");
        }
    }
}
