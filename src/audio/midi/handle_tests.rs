use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::super::message::Message;
use super::super::ports::OutputPort;
use super::*;
use crate::audio::{AudioSettings, Engine, Output as AudioOutput};
use crate::score::{Instrument, Note, Pitch, Role, Song, Tick, Track, TrackId, Velocity};

/// Ports that the test plugs in and out. Without any the system has no MIDI.
struct Bench {
    names: Arc<ArcSwap<Option<PortNames>>>,
    hands: Sender<(String, Hand)>,
    closed: Sender<String>,
    sent: Sender<(Instant, Vec<u8>)>,
}

struct Lead(String, Sender<String>);

impl InputConnection for Lead {
    fn close(self: Box<Self>) -> Hand {
        let _ = self.1.send(self.0.clone());
        // The test has the hand that plays.
        Hand::new(Arc::default(), bounded(1).0)
    }
}

struct Wire(Sender<(Instant, Vec<u8>)>);

impl OutputPort for Wire {
    fn send(&mut self, message: Message) -> bool {
        self.0
            .try_send((Instant::now(), message.bytes().to_vec()))
            .is_ok()
    }
}

impl PortSystem for Bench {
    fn list(&mut self) -> Result<PortNames, MidiError> {
        (**self.names.load()).clone().ok_or(MidiError::Missing)
    }

    fn open_input(
        &mut self,
        name: &str,
        hand: Hand,
    ) -> Result<Box<dyn InputConnection>, MidiError> {
        self.hands.send((name.to_owned(), hand)).unwrap();
        Ok(Box::new(Lead(name.to_owned(), self.closed.clone())))
    }

    fn open_output(&mut self, _: &str) -> Result<Box<dyn OutputPort>, MidiError> {
        Ok(Box::new(Wire(self.sent.clone())))
    }

    fn open_virtual_output(&mut self) -> Result<Box<dyn OutputPort>, MidiError> {
        Ok(Box::new(Wire(self.sent.clone())))
    }
}

struct Ends {
    names: Arc<ArcSwap<Option<PortNames>>>,
    hands: Receiver<(String, Hand)>,
    closed: Receiver<String>,
    sent: Receiver<(Instant, Vec<u8>)>,
}

fn bench(inputs: &[&str]) -> (Bench, Ends) {
    let names = Arc::new(ArcSwap::from_pointee(Some(names(inputs))));
    let ((hands, take_hand), (closed, take_closed)) = (bounded(8), bounded(8));
    let (sent, take_sent) = bounded(100_000);
    let bench = Bench {
        names: Arc::clone(&names),
        hands,
        closed,
        sent,
    };
    let ends = Ends {
        names,
        hands: take_hand,
        closed: take_closed,
        sent: take_sent,
    };
    (bench, ends)
}

fn names(inputs: &[&str]) -> PortNames {
    PortNames {
        inputs: inputs.iter().map(|&name| name.to_owned()).collect(),
        outputs: vec!["Synth".to_owned()],
    }
}

const PATIENCE: Duration = Duration::from_secs(20);

fn wait(mut until: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !until() {
        assert!(Instant::now() < end, "nothing happens");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_keyboard_that_comes_back_is_played_on_again() {
    let (system, ends) = bench(&["Piano", "Midi Through"]);
    let live = Arc::<LiveQueue>::default();
    let midi = Midi::start_on(system, &live, MidiSettings::default(), || {}).unwrap();
    let (name, mut hand) = ends.hands.recv_timeout(PATIENCE).unwrap();
    assert_eq!(name, "Piano", "the loop-back port is left out");
    hand.hear(0, &[0x90, 60, 90]);
    assert_eq!(
        live.pop(),
        Some(LiveEvent::NoteOn {
            key: 60,
            velocity: 90
        })
    );
    drop(hand);
    ends.names.store(Arc::new(Some(names(&[]))));
    assert_eq!(ends.closed.recv_timeout(PATIENCE).unwrap(), "Piano");
    ends.names.store(Arc::new(Some(names(&["Piano"]))));
    let (name, hand) = ends.hands.recv_timeout(PATIENCE).unwrap();
    assert_eq!(name, "Piano");
    wait(|| midi.state().playing_on == ["Piano"]);
    drop(hand);
}

#[test]
fn without_midi_it_says_so_and_the_rest_works() {
    let (system, ends) = bench(&[]);
    ends.names.store(Arc::new(None));
    let live = Arc::<LiveQueue>::default();
    let mut midi = Midi::start_on(system, &live, MidiSettings::default(), || {}).unwrap();
    wait(|| midi.state().trouble == Some(MidiError::Missing));
    let trouble = midi.state().trouble.as_ref().unwrap().to_string();
    assert!(trouble.starts_with("No MIDI on this machine"), "{trouble}");
    assert_eq!(midi.tapped(), Tapped::Time);
    // The typing keyboard is heard all the same.
    midi.play(LiveEvent::NoteOff { key: 7 });
    assert_eq!(live.pop(), Some(LiveEvent::NoteOff { key: 7 }));
}

#[test]
fn a_song_goes_out_and_what_is_played_comes_in_with_its_tick() {
    let notes = (0..8).map(|index| {
        Note::new(
            Tick(index * 240),
            Tick(200),
            Pitch::clamped(60 + index as i32),
            Velocity::DEFAULT,
        )
    });
    let track = Track::new(TrackId(1), "A", Instrument::pitched(4), Role::Piano);
    let song = Song::default().with_track(track.with_notes(notes.collect()));
    let (system, ends) = bench(&[]);
    let mut engine = Engine::start(AudioSettings {
        output: AudioOutput::Silent,
        ..AudioSettings::default()
    });
    let mut midi = Midi::start_on(system, engine.live(), MidiSettings::default(), || {}).unwrap();
    wait(|| midi.state().open_outputs == 1);
    engine.set_song(Arc::new(song));
    engine.set_live_track(Some(TrackId(1)));
    let mut moments = Vec::new();
    let poll = |engine: &mut Engine, midi: &mut Midi, moments: &mut Vec<Moment>| {
        engine.poll();
        if let Some(tap) = engine.take_tap() {
            midi.follow(tap);
        }
        engine.set_tapped(midi.tapped());
        moments.extend(midi.moments());
    };
    poll(&mut engine, &mut midi, &mut moments);
    engine.play();
    let mut played = false;
    wait(|| {
        poll(&mut engine, &mut midi, &mut moments);
        if !played && engine.position() > Tick(500) {
            played = true;
            midi.play(LiveEvent::NoteOn {
                key: 50,
                velocity: 80,
            });
        }
        played && !engine.is_playing()
    });
    wait(|| {
        poll(&mut engine, &mut midi, &mut moments);
        ends.sent.len() > 8
            && moments
                .iter()
                .any(|moment| matches!(moment, Moment::Ended { .. }))
    });
    drop(midi);
    let sent: Vec<_> = ends.sent.try_iter().map(|(_, bytes)| bytes).collect();
    let of = |status: u8| sent.iter().filter(|bytes| bytes[0] == status).count();
    assert_eq!((of(0x90), of(0x80)), (8, 8));
    assert_eq!((of(0xFA), of(0xFC)), (1, 1));
    // Eight eighths of a second at 120 beats a minute: four quarters to the bar line.
    assert_eq!(of(0xF8), 96);
    assert!(of(0xC0) >= 1);
    assert!(matches!(moments[0], Moment::Began { tick } if tick.abs() < 1.0));
    let tick = moments.iter().find_map(|moment| match moment {
        Moment::Played { tick, .. } => Some(*tick),
        _ => None,
    });
    // The position is a buffer ahead of what is heard.
    assert!(
        tick.is_some_and(|tick| (400.0..1_500.0).contains(&tick)),
        "{tick:?}"
    );
}
