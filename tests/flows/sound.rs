//! What the window asks of the sound, and what it says of it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use egui::vec2;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use leitmotif::app::Window;
use leitmotif::app::command::{Action, Command};
use leitmotif::app::sound::{AudioChoice, Sound, SoundState};
use leitmotif::app::studio::{FontChoice, Notice, Parts, Studio};
use leitmotif::audio::device::DeviceInfo;
use leitmotif::audio::midi::ports::PortNames;
use leitmotif::audio::midi::{MidiError, MidiInputChoice, MidiSettings, MidiState};
use leitmotif::formats;
use leitmotif::score::{Instrument, Pitch, Song, Span, Tick, Velocity};

use super::shown;

/// What was asked of a sound, and what it is to say.
#[derive(Default)]
struct Heard {
    choices: Vec<AudioChoice>,
    counted_in: Vec<u8>,
    played: usize,
    looked: usize,
    song: Arc<Song>,
    state: SoundState,
    midi: MidiState,
    midi_wishes: Vec<MidiSettings>,
}

/// A sound that writes down what it is asked.
struct Listening {
    heard: Rc<RefCell<Heard>>,
    devices: Vec<DeviceInfo>,
}

impl Sound for Listening {
    fn set_song(&mut self, song: Arc<Song>) {
        self.heard.borrow_mut().song = song;
    }
    fn play(&mut self) {
        self.heard.borrow_mut().played += 1;
    }
    fn play_after(&mut self, count_in_bars: u8) {
        self.heard.borrow_mut().counted_in.push(count_in_bars);
    }
    fn pause(&mut self) {}
    fn seek(&mut self, _tick: Tick) {}
    fn set_loop(&mut self, _range: Option<Span>) {}
    fn set_metronome(&mut self, _on: bool) {}
    fn preview(&mut self, _instrument: Instrument, _pitch: Pitch, _velocity: Velocity) {}
    fn position(&self) -> Tick {
        Tick::ZERO
    }
    fn is_playing(&self) -> bool {
        false
    }
    fn state(&self) -> SoundState {
        self.heard.borrow().state.clone()
    }
    fn fonts(&self) -> Vec<FontChoice> {
        Vec::new()
    }
    fn devices(&self) -> &[DeviceInfo] {
        &self.devices
    }
    fn look_for_devices(&mut self) {
        self.heard.borrow_mut().looked += 1;
    }
    fn choose(&mut self, choice: &AudioChoice) {
        self.heard.borrow_mut().choices.push(choice.clone());
    }
    fn set_midi(&mut self, settings: &MidiSettings) {
        self.heard.borrow_mut().midi_wishes.push(settings.clone());
    }
    fn midi(&self) -> Arc<MidiState> {
        Arc::new(self.heard.borrow().midi.clone())
    }
    fn poll(&mut self) {}
}

fn listening() -> (Studio, Rc<RefCell<Heard>>) {
    let heard = Rc::new(RefCell::new(Heard::default()));
    let sound = Listening {
        heard: Rc::clone(&heard),
        devices: vec![DeviceInfo {
            name: "Speakers".to_owned(),
            is_default: true,
            rate: Some(48_000),
            rates: vec![44_100, 48_000, 96_000],
            channels: Some(2),
        }],
    };
    let parts = Parts {
        sound: Some(Box::new(sound)),
        ..Parts::default()
    };
    (Studio::with_parts(formats::demo::song(), parts), heard)
}

fn harness(studio: Studio) -> Harness<'static, Window> {
    shown(studio, vec2(1600.0, 1000.0))
}

fn click(harness: &mut Harness<'static, Window>, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(4);
}

#[test]
fn device_rate_and_buffer_are_chosen_without_a_restart() {
    let (studio, heard) = listening();
    let mut harness = harness(studio);
    harness.state_mut().send(Action::Preferences);
    harness.run_steps(6);
    assert_eq!(heard.borrow().looked, 1, "the list of devices is new");
    for (menu, entry) in [
        ("Buffer", "256 frames (5.3 ms)"),
        ("Sample rate", "96 kHz"),
        ("Audio device", "Speakers"),
    ] {
        choose(&mut harness, menu, entry);
    }
    let chosen = AudioChoice {
        soundfont: None,
        device: Some("Speakers".to_owned()),
        buffer_frames: Some(256),
        rate: Some(96_000),
    };
    assert_eq!(heard.borrow().choices.len(), 3, "each takes effect at once");
    assert_eq!(heard.borrow().choices.last(), Some(&chosen));
    assert_eq!(harness.state().studio().settings().audio, chosen);
    for page in ["Look", "Models"] {
        click(&mut harness, page);
        harness.check_accessibility();
    }
}

fn choose(harness: &mut Harness<'static, Window>, menu: &str, entry: &str) {
    (harness.get_by_role_and_label(egui::Role::ComboBox, menu)).click();
    harness.run_steps(4);
    click(harness, entry);
}

#[test]
fn midi_ports_are_listed_and_chosen_and_one_that_is_gone_is_said() {
    let (studio, heard) = listening();
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    heard.borrow_mut().midi = MidiState {
        ports: PortNames {
            inputs: names(&["Keystation 49", "Wheel"]),
            outputs: names(&["Sampler"]),
        },
        ..MidiState::default()
    };
    let mut harness = harness(studio);
    harness.state_mut().send(Action::Preferences);
    harness.run_steps(6);
    click(&mut harness, "MIDI");
    harness.check_accessibility();
    harness.get_by_label("No keyboard is connected");

    choose(&mut harness, "MIDI input", "Keystation 49");
    choose(&mut harness, "MIDI output", "Sampler");
    for switch in ["Port “Leitmotif”", "Send clock", "Thru"] {
        click(&mut harness, switch);
    }
    let usual = MidiSettings::default();
    let chosen = MidiSettings {
        input: MidiInputChoice::Port("Keystation 49".to_owned()),
        virtual_output: !usual.virtual_output,
        output: Some("Sampler".to_owned()),
        clock: !usual.clock,
        thru: !usual.thru,
    };
    assert_eq!(heard.borrow().midi_wishes.last(), Some(&chosen));
    assert_eq!(harness.state().studio().settings().midi, chosen);
    heard.borrow_mut().midi.playing_on = names(&["Keystation 49"]);
    harness.run_steps(3);
    harness.get_by_label("Connected: Keystation 49");

    // Its cable is pulled: it stays chosen, and what is wrong is said.
    let gone = MidiError::PortMissing("Keystation 49".to_owned());
    heard.borrow_mut().midi = MidiState {
        ports: PortNames {
            inputs: names(&["Wheel"]),
            outputs: names(&["Sampler"]),
        },
        trouble: Some(gone.clone()),
        ..MidiState::default()
    };
    harness.run_steps(3);
    harness.get_by_label(&gone.to_string());
    assert_eq!(harness.state().studio().settings().midi, chosen);
    (harness.get_by_role_and_label(egui::Role::ComboBox, "MIDI input")).click();
    harness.run_steps(4);
    let offered = |name| harness.query_all_by_label(name).next().is_some();
    assert!(offered("Wheel") && !offered("Keystation 49"));
    click(&mut harness, "Every port");
    let wishes = &heard.borrow().midi_wishes;
    let input = wishes.last().map(|wish| wish.input.clone());
    assert_eq!(input, Some(MidiInputChoice::All));
}

#[test]
fn a_count_in_is_chosen_in_the_bar_and_shown_at_the_playhead() {
    let (studio, heard) = listening();
    let mut harness = harness(studio);
    harness.state_mut().send(Action::PlayPause);
    harness.run_steps(2);
    for bars in [1, 2] {
        click(&mut harness, "Count-in");
        assert_eq!(harness.state().studio().settings().count_in_bars, bars);
        harness.state_mut().send(Action::PlayPause);
        harness.run_steps(2);
    }
    assert_eq!(heard.borrow().played, 1);
    assert_eq!(heard.borrow().counted_in, [1, 2]);
    heard.borrow_mut().state.count_in = Some(Tick(3_840 + 960));
    harness.run_steps(3);
    harness.get_by_label("\u{2212}2 . 4 . 000");
    click(&mut harness, "Count-in");
    assert_eq!(harness.state().studio().settings().count_in_bars, 0);
}

#[test]
fn the_chorus_of_a_track_is_a_slider() {
    let (studio, heard) = listening();
    let mut harness = harness(studio);
    let track = harness.state().studio().focused().unwrap();
    let slider = harness.get_by_label("Chorus").rect();
    let right = slider.right_center() - vec2(8.0, 0.0);
    harness.drag_at(slider.left_center() + vec2(8.0, 0.0));
    harness.step();
    harness.hover_at(right);
    harness.step();
    harness.drop_at(right);
    harness.run_steps(3);
    let chorus = harness.state().studio().song().track(track).unwrap().chorus;
    assert!(chorus > 110, "{chorus}");
    assert_eq!(heard.borrow().song.track(track).unwrap().chorus, chorus);
    harness.state_mut().send(Action::Undo);
    harness.run_steps(2);
    assert_eq!(heard.borrow().song.track(track).unwrap().chorus, 0);
}

#[test]
fn a_lost_device_is_said_once_and_so_is_its_return() {
    let (mut studio, heard) = listening();
    let mut poll = |problem: Option<&str>, device: &str| {
        heard.borrow_mut().state = SoundState {
            problem: problem.map(str::to_owned),
            device: device.to_owned(),
            ..SoundState::default()
        };
        studio.poll();
        studio.apply(Command::CloseDialog);
        studio.take_notices()
    };
    assert_eq!(poll(None, "48 kHz"), []);
    let lost = poll(Some("the device was lost"), "No audio device");
    assert_eq!(
        lost,
        [Notice::Error("No sound: the device was lost.".to_owned())]
    );
    // Another reason of the same silence is not said again.
    for reason in ["the device was lost", "no device was found"] {
        assert_eq!(poll(Some(reason), "No audio device"), []);
    }
    let back = poll(None, "48 kHz, 512 frames");
    assert_eq!(
        back,
        [Notice::Info(
            "Sound is back: 48 kHz, 512 frames.".to_owned()
        )]
    );
    assert_eq!(poll(None, "48 kHz, 512 frames"), []);
}
