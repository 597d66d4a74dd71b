//! The MIDI thread: sends what the song plays at its moment, and times what is played by hand.
//!
//! The audio callback tells it every message some time before the message is due ([`super::tap`]). It sleeps until
//! shortly before that and waits out the rest awake, so that a message leaves within a fraction of a millisecond.

use std::collections::VecDeque;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::live::LiveEvent;
use super::message::{ALL_NOTES_OFF, ALL_SOUND_OFF, Message, RESET_CONTROLLERS, SUSTAIN};
use super::ports::OutputPort;
use super::stream_clock::StreamClock;
use super::tap::{TapEvent, TapLine};
use super::timing::{Moment, Timing};

/// No message is sent sooner after its buffer was asked for: what the system's scheduler and this thread may take.
const MARGIN: Duration = Duration::from_millis(10);
/// How fast the device's latency is followed, in hertz: what it tells of single buffers jitters.
const LATENCY_BANDWIDTH: f64 = 0.5;
/// A latency that jumps so far, in seconds, is that of another stream.
const LATENCY_JUMP: f64 = 0.02;
/// The last of the wait is spent awake: sleeping is only as exact as this.
const AWAKE: Duration = Duration::from_micros(200);
/// How often the ring is looked at: while time passes, while an output is open, and else.
const LOOKS: [Duration; 3] = [
    Duration::from_millis(2),
    Duration::from_millis(5),
    Duration::from_millis(40),
];
/// Orders that may be under way.
const ORDERS: usize = 1_024;
/// Moments that may wait for the owner: an hour of a hidden window's recording.
const MOMENTS: usize = 65_536;
/// Messages that may wait for their moment.
const WAITING: usize = 16_384;

/// What the thread is told.
pub enum Order {
    /// Something was played by hand.
    Played(LiveEvent, Instant),
    /// The stream goes on elsewhere.
    Line(TapLine),
    /// The song is sent here from now on, in place of the port that was there.
    Port(Outlet, Option<Box<dyn OutputPort>>),
    /// Whether the clock is sent as well.
    Clock(ClockOut),
    /// What is played by hand is sent on this channel as well.
    Thru(Option<u8>),
    /// Everything that sounds on the ports ends.
    Panic,
}

/// The two outputs that may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlet {
    /// The port that other programs connect to.
    Virtual,
    /// A port of the system.
    Hardware,
}

/// Whether the MIDI clock is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClockOut {
    /// It is, with start, stop and song position.
    #[default]
    Sent,
    /// Only notes and controllers.
    Off,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Played(..) => "Played",
            Self::Line(_) => "Line",
            Self::Port(..) => "Port",
            Self::Clock(_) => "Clock",
            Self::Thru(_) => "Thru",
            Self::Panic => "Panic",
        })
    }
}

/// The owner's handle. Dropping it ends the thread: what sounds on the ports ends first.
#[derive(Debug)]
pub struct MidiThread {
    orders: Option<Sender<Order>>,
    moments: Receiver<Moment>,
    thread: Option<JoinHandle<()>>,
}

impl MidiThread {
    /// Starts the thread.
    pub fn start() -> std::io::Result<Self> {
        let (orders, incoming) = bounded(ORDERS);
        let (outgoing, moments) = bounded(MOMENTS);
        let thread = std::thread::Builder::new()
            .name("midi".into())
            .spawn(move || Worker::new(outgoing).run(&incoming))?;
        Ok(Self {
            orders: Some(orders),
            moments,
            thread: Some(thread),
        })
    }

    /// Tells the thread something; false if it has too much to do.
    pub fn tell(&self, order: Order) -> bool {
        (self.orders.as_ref()).is_some_and(|orders| orders.try_send(order).is_ok())
    }

    /// A line to the thread for others. All must be dropped before this handle.
    pub fn sender(&self) -> Option<Sender<Order>> {
        self.orders.clone()
    }

    /// What happened since this was asked last, while the song played.
    pub fn moments(&self) -> impl Iterator<Item = Moment> + '_ {
        self.moments.try_iter()
    }
}

impl Drop for MidiThread {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the MIDI thread panicked");
        }
    }
}

struct Worker {
    line: Option<TapLine>,
    clock: StreamClock,
    /// The longest buffer so far, in samples.
    buffer: u32,
    /// From when a buffer is asked for until it is heard, in seconds, where the device tells; evened out.
    device_latency: Option<f64>,
    timing: Timing,
    /// Messages with the sample at which they are due, in order.
    waiting: VecDeque<(u64, Message)>,
    ports: [Option<Box<dyn OutputPort>>; 2],
    clock_out: ClockOut,
    thru: Option<u8>,
    /// Which keys are down on each channel of the ports, and on which the pedal is.
    held: [u128; 16],
    pedals: u16,
    moments: Sender<Moment>,
}

impl Worker {
    fn new(moments: Sender<Moment>) -> Self {
        Self {
            line: None,
            clock: StreamClock::new(48_000),
            buffer: 0,
            device_latency: None,
            timing: Timing::default(),
            waiting: VecDeque::with_capacity(1_024),
            ports: [None, None],
            clock_out: ClockOut::default(),
            thru: None,
            held: [0; 16],
            pedals: 0,
            moments,
        }
    }

    fn run(mut self, orders: &Receiver<Order>) {
        loop {
            self.read_tap();
            let now = Instant::now();
            self.listen(now);
            let next = self.send_due(now);
            if next.is_some_and(|due| due <= Instant::now() + AWAKE) {
                std::hint::spin_loop();
                continue;
            }
            let [moving, open, idle] = LOOKS;
            let look = now
                + if self.timing.is_moving() {
                    moving
                } else if self.ports.iter().all(Option::is_none) {
                    idle
                } else {
                    open
                };
            let wake = next
                .and_then(|due| due.checked_sub(AWAKE))
                .map_or(look, |due| due.min(look));
            match orders.recv_deadline(wake) {
                Ok(order) => self.obey(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.silence();
    }

    /// How long after it is made a sample is heard: as the device tells, or else a buffer later.
    fn heard_after(&self) -> Duration {
        let rate = self.line.as_ref().map_or(48_000, |line| line.rate).max(1);
        let mixer = self.line.as_ref().map_or(0, |line| line.latency);
        let seconds = |samples: f64| samples / f64::from(rate);
        let device = self.device_latency.unwrap_or(seconds(self.buffer.into()));
        Duration::from_secs_f64(device + seconds(mixer as f64))
    }

    /// How long after it is made a message is sent: when it is heard, if this thread then knows of it for sure.
    fn sent_after(&self) -> Duration {
        match self.device_latency {
            Some(_) => self.heard_after().max(MARGIN),
            None => self.heard_after() + MARGIN,
        }
    }

    /// Follows what the device tells of its latency, buffer by buffer.
    fn follow_latency(&mut self, told: Option<Duration>, seconds: f64) {
        let Some(told) = told.map(|latency| latency.as_secs_f64()) else {
            self.device_latency = None;
            return;
        };
        let known = self
            .device_latency
            .filter(|known| (told - known).abs() < LATENCY_JUMP)
            .unwrap_or(told);
        let way = (std::f64::consts::TAU * LATENCY_BANDWIDTH * seconds).min(1.0);
        self.device_latency = Some(known + way * (told - known));
    }

    /// Takes in what the callback told.
    fn read_tap(&mut self) {
        let mut lost = false;
        while let Some(line) = &mut self.line
            && let Ok(event) = line.events.pop()
        {
            let rate = f64::from(line.rate.max(1));
            match event {
                TapEvent::Buffer {
                    sample,
                    frames,
                    at,
                    latency,
                } => {
                    self.buffer = self.buffer.max(frames);
                    self.clock.buffer(sample, at);
                    self.follow_latency(latency, f64::from(frames) / rate);
                }
                TapEvent::Place { sample, place } => self.timing.place(sample, place),
                TapEvent::Message { sample, message } => {
                    // Messages of different tracks come out of order by less than a stretch.
                    let place = self.waiting.partition_point(|(at, _)| *at <= sample);
                    if self.waiting.len() < WAITING {
                        self.waiting.insert(place, (sample, message));
                    } else {
                        lost = true;
                    }
                }
                TapEvent::Lost => lost = true,
            }
        }
        if lost {
            tracing::warn!("MIDI messages were lost: the machine is too busy");
            self.waiting.clear();
            self.silence();
        }
    }

    fn listen(&mut self, now: Instant) {
        let delay = self.heard_after();
        let moments = &self.moments;
        self.timing.listen(now, &self.clock, delay, |moment| {
            // An owner who does not ask for an hour loses what came after.
            let _ = moments.try_send(moment);
        });
    }

    /// Sends what is due and says when the next message is.
    fn send_due(&mut self, now: Instant) -> Option<Instant> {
        let delay = self.sent_after();
        while let Some((sample, message)) = self.waiting.front().copied() {
            let due = self.clock.at(sample)? + delay;
            if due > now {
                return Some(due);
            }
            self.waiting.pop_front();
            self.send(message);
        }
        None
    }

    fn send(&mut self, message: Message) {
        let (status, first, second) = match *message.bytes() {
            [status, first, second] => (status, first, second),
            [status, ..] => (status, 0, 0),
            [] => return,
        };
        let is_clock = matches!(status, 0xF2 | 0xF8..);
        if is_clock && self.clock_out == ClockOut::Off {
            return;
        }
        let channel = status & 15;
        if let Some(held) = self.held.get_mut(usize::from(channel)) {
            match status & 0xF0 {
                0x90 => *held |= 1 << first,
                0x80 => *held &= !(1 << first),
                0xB0 if first == SUSTAIN && second >= 64 => self.pedals |= 1 << channel,
                0xB0 if first == SUSTAIN => self.pedals &= !(1 << channel),
                _ => {}
            }
        }
        for port in &mut self.ports {
            // A port that died is opened again by who watches the ports.
            port.take_if(|port| !port.send(message));
        }
    }

    /// Lets every key and pedal on the ports come up.
    fn silence(&mut self) {
        for channel in 0..16 {
            let held = self.held.get(usize::from(channel)).copied().unwrap_or(0);
            for key in (0..128).filter(|key| held >> key & 1 == 1) {
                self.send(Message::note_off(channel, key));
            }
            if self.pedals >> channel & 1 == 1 {
                self.send(Message::control(channel, SUSTAIN, 0));
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Played(event, at) => {
                self.read_tap();
                let delay = self.heard_after();
                let moments = &self.moments;
                self.timing.played(event, at, &self.clock, delay, |moment| {
                    let _ = moments.try_send(moment);
                });
                if let Some(channel) = self.thru {
                    self.send(match event {
                        LiveEvent::NoteOn { key, velocity } => {
                            Message::note_on(channel, key, velocity)
                        }
                        LiveEvent::NoteOff { key } => Message::note_off(channel, key),
                        LiveEvent::Control { controller, value } => {
                            Message::control(channel, controller, value)
                        }
                        LiveEvent::Bend(bend) => Message::bend(channel, bend),
                    });
                }
            }
            Order::Line(line) => {
                let moments = &self.moments;
                self.timing.begin_stream(|moment| {
                    let _ = moments.try_send(moment);
                });
                self.waiting.clear();
                self.silence();
                self.clock = StreamClock::new(line.rate);
                self.buffer = 0;
                self.device_latency = None;
                self.line = Some(line);
            }
            Order::Port(outlet, port) => {
                self.silence();
                let [own, hardware] = &mut self.ports;
                match outlet {
                    Outlet::Virtual => *own = port,
                    Outlet::Hardware => *hardware = port,
                }
            }
            Order::Clock(clock) => {
                if clock == ClockOut::Off {
                    self.send(Message::STOP);
                }
                self.clock_out = clock;
            }
            Order::Thru(channel) => {
                if self.thru != channel {
                    self.silence();
                }
                self.thru = channel;
            }
            Order::Panic => {
                self.silence();
                for channel in 0..16 {
                    for controller in [ALL_SOUND_OFF, ALL_NOTES_OFF, RESET_CONTROLLERS] {
                        self.send(Message::control(channel, controller, 0));
                    }
                }
                self.held = [0; 16];
                self.pedals = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tap::{Tap, Tapped};
    use super::*;

    /// A worker on a stream of 48 kHz whose mixer lags 120 samples, and the callback's end.
    fn worker() -> (Worker, Tap) {
        let mut worker = Worker::new(bounded(8).0);
        let (mut tap, line) = Tap::new(48_000, 120);
        tap.set_tapped(Tapped::Messages);
        worker.obey(Order::Line(line));
        (worker, tap)
    }

    fn millis(time: Duration) -> f64 {
        1_000.0 * time.as_secs_f64()
    }

    /// Ten seconds of buffers of 480 samples; the latency of each in milliseconds.
    fn pass(
        tap: &mut Tap,
        worker: &mut Worker,
        start: Instant,
        latency: impl Fn(u64) -> Option<f64>,
    ) {
        for index in 0..1_000 {
            tap.tell(TapEvent::Buffer {
                sample: 480 * index,
                frames: 480,
                at: start + Duration::from_millis(10 * index),
                latency: latency(index).map(|millis| Duration::from_secs_f64(millis / 1_000.0)),
            });
            worker.read_tap();
        }
    }

    #[test]
    fn a_message_leaves_when_the_device_sounds() {
        let start = Instant::now();
        for (latency, heard, sent) in [
            // Mixer 2.5 ms, and a buffer of 10 ms where the device tells nothing.
            (None, 12.5, 22.5),
            (Some(34.0), 36.5, 36.5),
            // Sooner than this thread can be sure to know of it.
            (Some(3.0), 5.5, 10.0),
        ] {
            let (mut worker, mut tap) = worker();
            pass(&mut tap, &mut worker, start, |_| latency);
            assert!((millis(worker.heard_after()) - heard).abs() < 0.01);
            tap.tell(TapEvent::Message {
                sample: 480 * 999 + 240,
                message: Message::note_on(0, 60, 100),
            });
            worker.read_tap();
            let due = worker.send_due(start).unwrap().duration_since(start);
            assert!((millis(due) - 9_995.0 - sent).abs() < 0.1, "{due:?}");
        }
    }

    #[test]
    fn the_latency_of_single_buffers_is_evened_out() {
        let (mut worker, mut tap) = worker();
        let jitter = |index: u64| Some(30.0 + 4.0 * ((index * 7 % 11) as f64 / 5.0 - 1.0));
        pass(&mut tap, &mut worker, Instant::now(), jitter);
        let heard = millis(worker.heard_after());
        assert!((heard - 32.5).abs() < 0.3, "{heard}");
        // A device that takes another buffer size is believed at once.
        pass(&mut tap, &mut worker, Instant::now(), |_| Some(80.0));
        assert!((millis(worker.heard_after()) - 82.5).abs() < 0.01);
    }
}
