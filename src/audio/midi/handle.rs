//! The owner's handle on MIDI: what is wanted, what there is, what was played.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use serde::{Deserialize, Serialize};

use super::input::Hand;
use super::live::{LiveEvent, LiveQueue};
use super::ports::{CLIENT, InputConnection, MidiError, PortNames, PortSystem, SystemPorts};
use super::tap::{TapLine, Tapped};
use super::thread::{ClockOut, MidiThread, Order, Outlet};
use super::timing::Moment;

/// How often it is looked which ports there are.
const LOOK: Duration = Duration::from_secs(1);
/// Without MIDI it is tried again after twice as long each time, up to this.
const LONGEST_LOOK: Duration = Duration::from_mins(1);

/// What is played on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MidiInputChoice {
    /// Nothing.
    None,
    /// Every port there is.
    #[default]
    All,
    /// The port of this name.
    Port(String),
}

/// What MIDI is to do; kept between sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent switches of one page"
)]
pub struct MidiSettings {
    /// What is played on; every port by default.
    pub input: MidiInputChoice,
    /// Whether other programs see a port “Leitmotif”; by default they do.
    pub virtual_output: bool,
    /// The port that the song is sent to, by name; none by default.
    pub output: Option<String>,
    /// Whether clock, start, stop and song position are sent as well; by default they are.
    pub clock: bool,
    /// Whether what is played by hand is sent on as well; by default it is not.
    pub thru: bool,
}

impl Default for MidiSettings {
    fn default() -> Self {
        Self {
            input: MidiInputChoice::default(),
            virtual_output: cfg!(unix),
            output: None,
            clock: true,
            thru: false,
        }
    }
}

/// How MIDI fares.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MidiState {
    /// The ports there are.
    pub ports: PortNames,
    /// Those that are played on now.
    pub playing_on: Vec<String>,
    /// How many outputs are open.
    pub open_outputs: usize,
    /// How often an output has been opened: each time it is to be told everything.
    pub outputs_opened: u64,
    /// Why something that is wanted is not so.
    pub trouble: Option<MidiError>,
}

/// The owner's handle. No method waits but dropping it, which ends and joins its threads.
#[derive(Debug)]
pub struct Midi {
    /// Before `thread`, which ends when nobody can tell it anything.
    hand: Option<Hand>,
    watcher: Option<Watcher>,
    thread: MidiThread,
    state: Arc<ArcSwap<MidiState>>,
    settings: MidiSettings,
    thru_channel: Option<u8>,
}

impl Midi {
    /// MIDI as the system has it. What is played goes to `live`; `wake` is called when something has changed that a
    /// window shows.
    pub fn start(
        live: &Arc<LiveQueue>,
        settings: MidiSettings,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        Self::start_on(SystemPorts::default(), live, settings, wake)
    }

    /// MIDI on other ports than the system's.
    pub fn start_on(
        ports: impl PortSystem,
        live: &Arc<LiveQueue>,
        settings: MidiSettings,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let thread = MidiThread::start()?;
        let state = Arc::new(ArcSwap::from_pointee(MidiState::default()));
        let sender = thread.sender();
        let hand = sender
            .clone()
            .map(|sender| Hand::new(Arc::clone(live), sender));
        let watcher = sender
            .map(|thread| {
                let watch = Watch {
                    ports,
                    live: Arc::clone(live),
                    thread,
                    state: Arc::clone(&state),
                    settings: settings.clone(),
                    outputs: [const { Output::Closed }; 2],
                    opened: 0,
                    wake: Box::new(wake),
                };
                Watcher::start(watch)
            })
            .transpose()?;
        let midi = Self {
            hand,
            watcher,
            thread,
            state,
            settings,
            thru_channel: None,
        };
        midi.tell_clock();
        Ok(midi)
    }

    fn tell_clock(&self) {
        self.thread.tell(Order::Clock(if self.settings.clock {
            ClockOut::Sent
        } else {
            ClockOut::Off
        }));
    }

    /// What is to be done from now on.
    pub fn set(&mut self, settings: &MidiSettings) {
        if self.settings == *settings {
            return;
        }
        self.settings = settings.clone();
        self.tell_clock();
        self.tell_thru();
        if let Some(watcher) = &self.watcher {
            watcher.set(settings.clone());
        }
    }

    /// The channel on which what is played by hand is sent, where that is wanted.
    pub fn set_thru_channel(&mut self, channel: Option<u8>) {
        if self.thru_channel != channel {
            self.thru_channel = channel;
            self.tell_thru();
        }
    }

    fn tell_thru(&self) {
        let channel = self.thru_channel.filter(|_| self.settings.thru);
        self.thread.tell(Order::Thru(channel));
    }

    /// What the audio callback of a new stream tells.
    pub fn follow(&mut self, line: TapLine) {
        self.thread.tell(Order::Line(line));
    }

    /// How much the audio callback is to tell.
    pub fn tapped(&self) -> Tapped {
        if self.state.load().open_outputs > 0 {
            Tapped::Messages
        } else {
            Tapped::Time
        }
    }

    /// Plays something as if it came from a port.
    pub fn play(&mut self, event: LiveEvent) {
        if let Some(hand) = &mut self.hand {
            hand.play(event, Instant::now());
        }
    }

    /// Lets every key and pedal come up, and tells every channel of every output to be silent.
    pub fn panic(&mut self) {
        if let Some(hand) = &mut self.hand {
            hand.let_go();
        }
        self.thread.tell(Order::Panic);
    }

    /// How MIDI fares.
    pub fn state(&self) -> Arc<MidiState> {
        self.state.load_full()
    }

    /// What happened since this was asked last, while the song played.
    pub fn moments(&self) -> Vec<Moment> {
        self.thread.moments().collect()
    }
}

impl Drop for Midi {
    fn drop(&mut self) {
        // Both hold lines to the MIDI thread, which is joined after this.
        self.hand = None;
        self.watcher = None;
    }
}

/// The thread that knows the ports, because asking and opening can take long. Ended and joined on drop.
#[derive(Debug)]
struct Watcher {
    wishes: Option<Sender<MidiSettings>>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    fn start<P: PortSystem>(watch: Watch<P>) -> std::io::Result<Self> {
        let (wishes, incoming) = bounded(16);
        let thread = std::thread::Builder::new()
            .name("midi-ports".into())
            .spawn(move || watch.run(&incoming))?;
        Ok(Self {
            wishes: Some(wishes),
            thread: Some(thread),
        })
    }

    fn set(&self, settings: MidiSettings) {
        if let Some(wishes) = &self.wishes
            && wishes.try_send(settings).is_err()
        {
            tracing::warn!("the MIDI ports do not answer");
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        drop(self.wishes.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the MIDI ports panicked");
        }
    }
}

/// One of the two outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Output {
    Closed,
    /// Open, under this name.
    Open(String),
    /// It could not be opened under this name.
    Failed(String, MidiError),
}

/// The inputs that are open, by name.
type OpenInputs = Vec<(String, Box<dyn InputConnection>)>;

struct Watch<P> {
    ports: P,
    live: Arc<LiveQueue>,
    thread: Sender<Order>,
    state: Arc<ArcSwap<MidiState>>,
    settings: MidiSettings,
    outputs: [Output; 2],
    opened: u64,
    wake: Box<dyn Fn() + Send>,
}

impl<P: PortSystem> Watch<P> {
    fn run(mut self, wishes: &Receiver<MidiSettings>) {
        // Connections stay on this thread: not every system lets them go to another.
        let mut open = OpenInputs::new();
        let mut wait = LOOK;
        loop {
            let found = self.look(&mut open);
            wait = match &found.trouble {
                Some(MidiError::Missing) => (2 * wait).min(LONGEST_LOOK),
                _ => LOOK,
            };
            if **self.state.load() != found {
                let known = self.state.load().trouble.clone();
                if let Some(trouble) = found
                    .trouble
                    .as_ref()
                    .filter(|now| known.as_ref() != Some(now))
                {
                    tracing::info!("{trouble}");
                }
                self.state.store(Arc::new(found));
                (self.wake)();
            }
            match wishes.recv_timeout(wait) {
                Ok(settings) => {
                    self.settings = wishes.try_iter().last().unwrap_or(settings);
                    wait = LOOK;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        close_inputs(&mut open, |_| false);
    }

    /// Looks which ports there are, and connects and disconnects as is wished.
    fn look(&mut self, open: &mut OpenInputs) -> MidiState {
        let ports = match self.ports.list() {
            Ok(ports) => ports,
            Err(error) => {
                close_inputs(open, |_| false);
                self.set_output(Outlet::Virtual, None);
                self.set_output(Outlet::Hardware, None);
                return MidiState {
                    trouble: Some(error),
                    outputs_opened: self.opened,
                    ..MidiState::default()
                };
            }
        };
        let mut trouble = None;
        let wanted: Vec<String> = match &self.settings.input {
            MidiInputChoice::None => Vec::new(),
            // What goes into the system's loop-back port would come back from it.
            MidiInputChoice::All => (ports.inputs.iter())
                .filter(|name| !name.starts_with("Midi Through"))
                .cloned()
                .collect(),
            MidiInputChoice::Port(name) if ports.inputs.contains(name) => vec![name.clone()],
            MidiInputChoice::Port(name) => {
                trouble = Some(MidiError::PortMissing(name.clone()));
                Vec::new()
            }
        };
        close_inputs(open, |name| wanted.iter().any(|wanted| wanted == name));
        for name in wanted {
            if open.iter().any(|(open, _)| *open == name) {
                continue;
            }
            let hand = Hand::new(Arc::clone(&self.live), self.thread.clone());
            match self.ports.open_input(&name, hand) {
                Ok(connection) => open.push((name, connection)),
                Err(error) => trouble = Some(error),
            }
        }
        trouble = self.open_outputs(&ports).or(trouble);
        let is_open = |output: &&Output| matches!(output, Output::Open(_));
        MidiState {
            ports,
            playing_on: open.iter().map(|(name, _)| name.clone()).collect(),
            open_outputs: self.outputs.iter().filter(is_open).count(),
            outputs_opened: self.opened,
            trouble,
        }
    }

    /// Opens the outputs that are wished for and closes the others; says what does not work.
    fn open_outputs(&mut self, ports: &PortNames) -> Option<MidiError> {
        let own = self.settings.virtual_output.then(|| CLIENT.to_owned());
        let mut trouble = self.set_output(Outlet::Virtual, own);
        let wished = self.settings.output.clone();
        if let Some(name) = wished.as_ref().filter(|name| !ports.outputs.contains(name)) {
            trouble = Some(MidiError::PortMissing(name.clone()));
        }
        let port = wished.filter(|name| ports.outputs.contains(name));
        self.set_output(Outlet::Hardware, port).or(trouble)
    }

    /// Opens an output under `name` unless it is open; says why it is not.
    fn set_output(&mut self, outlet: Outlet, name: Option<String>) -> Option<MidiError> {
        let [own, hardware] = &mut self.outputs;
        let output = match outlet {
            Outlet::Virtual => own,
            Outlet::Hardware => hardware,
        };
        match (&*output, &name) {
            (Output::Closed, None) => return None,
            (Output::Open(open), Some(name)) if open == name => return None,
            (Output::Failed(failed, error), Some(name)) if failed == name => {
                return Some(error.clone());
            }
            _ => {}
        }
        let opened = name.as_ref().map(|name| match outlet {
            Outlet::Virtual => self.ports.open_virtual_output(),
            Outlet::Hardware => self.ports.open_output(name),
        });
        let (now, port, trouble) = match (name, opened) {
            (Some(name), Some(Ok(port))) => (Output::Open(name), Some(port), None),
            (Some(name), Some(Err(error))) => {
                (Output::Failed(name, error.clone()), None, Some(error))
            }
            _ => (Output::Closed, None, None),
        };
        self.opened += u64::from(port.is_some());
        *output = now;
        // The thread takes orders all the time: this waits for a moment at most.
        let _ = (self.thread).send_timeout(Order::Port(outlet, port), Duration::from_secs(1));
        trouble
    }
}

/// Ends the connections to all inputs but those to `keep`; what they held is let go.
fn close_inputs(open: &mut OpenInputs, keep: impl Fn(&str) -> bool) {
    for index in (0..open.len()).rev() {
        if open.get(index).is_some_and(|(name, _)| !keep(name)) {
            let (_, connection) = open.swap_remove(index);
            connection.close().let_go();
        }
    }
}

#[cfg(test)]
#[path = "handle_tests.rs"]
mod tests;
