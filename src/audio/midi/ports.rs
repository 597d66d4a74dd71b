//! The MIDI ports of this machine, through midir.

use midir::{Ignore, MidiIO, MidiInput, MidiInputConnection, MidiOutput, MidiOutputConnection};

use super::input::Hand;
use super::message::Message;

/// The name that other programs see.
pub const CLIENT: &str = "Leitmotif";

/// Why there is no MIDI, or not this port.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MidiError {
    /// The system has no MIDI.
    #[error(
        "No MIDI on this machine: the system's MIDI service does not answer. On Linux load the ALSA sequencer \
         (modprobe snd-seq), or build Leitmotif with the feature “jack” and start JACK"
    )]
    Missing,
    /// The port that was asked for is not there.
    #[error("The MIDI port “{0}” is not there: connect it, or choose another in Preferences")]
    PortMissing(String),
    /// The port cannot be opened.
    #[error(
        "The MIDI port “{port}” cannot be opened ({reason}): close what else uses it, or choose another"
    )]
    Refused {
        /// The port.
        port: String,
        /// What the system says.
        reason: String,
    },
    /// This system has no virtual ports.
    #[error(
        "This system has no virtual MIDI ports: choose a port in Preferences (such as one of loopMIDI)"
    )]
    NoVirtualPorts,
}

/// Where messages go.
pub trait OutputPort: Send {
    /// Sends one message now; false if the port is dead.
    fn send(&mut self, message: Message) -> bool;
}

impl OutputPort for MidiOutputConnection {
    fn send(&mut self, message: Message) -> bool {
        MidiOutputConnection::send(self, message.bytes()).is_ok()
    }
}

/// A connection from a port. Dropping it ends it.
pub trait InputConnection {
    /// Ends it and gives back what it was connected with.
    fn close(self: Box<Self>) -> Hand;
}

impl InputConnection for MidiInputConnection<Hand> {
    fn close(self: Box<Self>) -> Hand {
        MidiInputConnection::close(*self).1
    }
}

/// The names of ports, in the order of the system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PortNames {
    /// What can be played on.
    pub inputs: Vec<String>,
    /// What can be sent to.
    pub outputs: Vec<String>,
}

/// A kind of MIDI system.
pub trait PortSystem: Send + 'static {
    /// The ports there are, without this program's own.
    fn list(&mut self) -> Result<PortNames, MidiError>;
    /// Connects `hand` to an input.
    fn open_input(&mut self, name: &str, hand: Hand)
    -> Result<Box<dyn InputConnection>, MidiError>;
    /// Connects to an output.
    fn open_output(&mut self, name: &str) -> Result<Box<dyn OutputPort>, MidiError>;
    /// Makes an output that other programs can connect to.
    fn open_virtual_output(&mut self) -> Result<Box<dyn OutputPort>, MidiError>;
}

/// The system's own.
#[derive(Default)]
pub struct SystemPorts {
    /// Kept open: a new client every second would flicker in every patch bay.
    listers: Option<(MidiInput, MidiOutput)>,
}

/// The name without the numbers that ALSA gives a port anew each time it is connected ("Keystation MIDI 1 20:0").
pub fn stable_name(name: &str) -> &str {
    let numbers = |text: &str| {
        text.split_once(':').is_some_and(|(client, port)| {
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            digits(client) && digits(port)
        })
    };
    match name.rsplit_once(' ') {
        Some((stem, last)) if numbers(last) => stem,
        _ => name,
    }
}

fn is_own(name: &str) -> bool {
    name.starts_with(CLIENT)
}

fn names<P: MidiIO>(ports: &P) -> Vec<String> {
    (ports.ports().iter())
        .filter_map(|port| ports.port_name(port).ok())
        .map(|name| stable_name(&name).to_owned())
        .filter(|name| !is_own(name))
        .collect()
}

fn find<P: MidiIO>(ports: &P, wanted: &str) -> Result<P::Port, MidiError> {
    (ports.ports().into_iter())
        .find(|port| {
            (ports.port_name(port)).is_ok_and(|name| stable_name(&name) == wanted && !is_own(&name))
        })
        .ok_or_else(|| MidiError::PortMissing(wanted.to_owned()))
}

fn input() -> Result<MidiInput, MidiError> {
    let mut input = MidiInput::new(CLIENT).map_err(|_| MidiError::Missing)?;
    // Clocks, active sensing and system exclusive messages are not played.
    input.ignore(Ignore::All);
    Ok(input)
}

fn output() -> Result<MidiOutput, MidiError> {
    MidiOutput::new(CLIENT).map_err(|_| MidiError::Missing)
}

fn refused(port: &str, reason: impl std::fmt::Display) -> MidiError {
    MidiError::Refused {
        port: port.to_owned(),
        reason: reason.to_string(),
    }
}

impl PortSystem for SystemPorts {
    fn list(&mut self) -> Result<PortNames, MidiError> {
        super::super::device::hush();
        let (input, output) = match self.listers.take() {
            Some(listers) => listers,
            None => (input()?, output()?),
        };
        let found = PortNames {
            inputs: names(&input),
            outputs: names(&output),
        };
        // Where nothing is left the service may have gone: ask anew the next time.
        if found != PortNames::default() {
            self.listers = Some((input, output));
        }
        Ok(found)
    }

    fn open_input(
        &mut self,
        name: &str,
        hand: Hand,
    ) -> Result<Box<dyn InputConnection>, MidiError> {
        super::super::device::hush();
        let input = input()?;
        let port = find(&input, name)?;
        let connection = input
            .connect(
                &port,
                "input",
                |stamp, bytes, hand: &mut Hand| hand.hear(stamp, bytes),
                hand,
            )
            .map_err(|error| refused(name, error))?;
        Ok(Box::new(connection))
    }

    fn open_output(&mut self, name: &str) -> Result<Box<dyn OutputPort>, MidiError> {
        super::super::device::hush();
        let output = output()?;
        let port = find(&output, name)?;
        let connection = output
            .connect(&port, "output")
            .map_err(|error| refused(name, error))?;
        Ok(Box::new(connection))
    }

    #[cfg(unix)]
    fn open_virtual_output(&mut self) -> Result<Box<dyn OutputPort>, MidiError> {
        use midir::os::unix::VirtualOutput as _;
        super::super::device::hush();
        let connection = output()?
            .create_virtual(CLIENT)
            .map_err(|error| refused(CLIENT, error))?;
        Ok(Box::new(connection))
    }

    #[cfg(not(unix))]
    fn open_virtual_output(&mut self) -> Result<Box<dyn OutputPort>, MidiError> {
        Err(MidiError::NoVirtualPorts)
    }
}

impl std::fmt::Debug for SystemPorts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SystemPorts").finish_non_exhaustive()
    }
}

/// The ports of this machine, for a list.
pub fn list() -> Result<PortNames, MidiError> {
    SystemPorts::default().list()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_keeps_its_name_when_it_is_connected_again() {
        for (name, stable) in [
            (
                "Keystation:Keystation MIDI 1 20:0",
                "Keystation:Keystation MIDI 1",
            ),
            (
                "Keystation:Keystation MIDI 1 24:0",
                "Keystation:Keystation MIDI 1",
            ),
            ("system:midi_capture_1", "system:midi_capture_1"),
            ("Piano 2", "Piano 2"),
            ("12:30", "12:30"),
            ("", ""),
        ] {
            assert_eq!(stable_name(name), stable);
        }
    }
}
