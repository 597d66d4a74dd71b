//! Which channel, and which port, each track is written to.

use std::collections::BTreeMap;

use super::{MidiFormat, MidiWriteError};
use crate::score::Track;

/// The drum channel, 10 in a musician's count.
pub(super) const DRUMS: u8 = 9;

/// A place for a track's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    /// MIDI port, 0 for the first sixteen channels.
    pub(super) port: u8,
    /// Channel, 0..=15.
    pub(super) channel: u8,
}

/// Everything that holds for a whole channel: tracks that agree in it may share one.
type Setup = (u8, u8, u8, u8, u8);

fn setup(track: &Track) -> Setup {
    (
        track.instrument.program,
        track.volume,
        track.pan,
        track.reverb,
        track.chorus,
    )
}

/// A place for each track, and the first free one after them if there is any left on the first port.
///
/// Every track has a channel of its own as long as there are enough. Then, in format 1, tracks with the same sound and mix
/// share one, and after that further tracks go to the next port, which starts again with sixteen channels.
pub(super) fn assign(
    tracks: &[&Track],
    format: MidiFormat,
) -> Result<(Vec<Place>, Option<Place>), MidiWriteError> {
    let pitched = tracks.iter().filter(|t| !t.instrument.drums).count();
    let share = pitched > 15;
    let mut places = Vec::with_capacity(tracks.len());
    let mut shared: BTreeMap<(bool, Setup), Place> = BTreeMap::new();
    let mut next_pitched = 0u16;
    let mut next_drums = 0u16;
    for track in tracks {
        let drums = track.instrument.drums;
        let alike = (drums, setup(track));
        let can_share = format == MidiFormat::One
            && (drums || share)
            && track.controls().is_empty()
            && track.bends().is_empty();
        if let Some(place) = shared.get(&alike).filter(|_| can_share) {
            places.push(*place);
            continue;
        }
        let place = if drums {
            next_drums += 1;
            Place {
                port: (next_drums - 1).min(127) as u8,
                channel: DRUMS,
            }
        } else {
            next_pitched += 1;
            pitched_place(next_pitched - 1)
        };
        if format == MidiFormat::Zero && place.port > 0 {
            return Err(MidiWriteError::NoChannelLeft {
                track: track.name.clone(),
            });
        }
        if can_share {
            shared.insert(alike, place);
        }
        places.push(place);
    }
    let free = Some(pitched_place(next_pitched)).filter(|place| place.port == 0);
    Ok((places, free))
}

/// The place of the pitched track `index`: fifteen to a port, the drum channel left out.
fn pitched_place(index: u16) -> Place {
    let channel = (index % 15) as u8;
    Place {
        port: (index / 15).min(127) as u8,
        channel: if channel < DRUMS {
            channel
        } else {
            channel + 1
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::score::{Instrument, Role, TrackId};

    fn track(program: u8, drums: bool) -> Track {
        Track::new(TrackId(1), "T", Instrument { program, drums }, Role::Piano)
    }

    #[test]
    fn fifteen_instruments_and_drums_have_their_own_channels() {
        let tracks: Vec<Track> = (0..15)
            .map(|p| track(p, false))
            .chain([track(0, true)])
            .collect();
        let all: Vec<&Track> = tracks.iter().collect();
        let (places, free) = assign(&all, MidiFormat::Zero).unwrap();
        let mut channels: Vec<u8> = places.iter().map(|place| place.channel).collect();
        channels.sort_unstable();
        assert_eq!(channels, (0..16).collect::<Vec<u8>>());
        assert_eq!(places[15].channel, DRUMS);
        assert_eq!(free, None);
    }

    #[test]
    fn more_share_by_sound_and_then_take_another_port() {
        let tracks: Vec<Track> = (0..20).map(|i| track(i % 17, false)).collect();
        let all: Vec<&Track> = tracks.iter().collect();
        let (places, _) = assign(&all, MidiFormat::One).unwrap();
        assert_eq!(places[17], places[0], "same sound, same channel");
        assert_eq!(
            places[15],
            Place {
                port: 1,
                channel: 0
            }
        );
        assert!(matches!(
            assign(&all, MidiFormat::Zero),
            Err(MidiWriteError::NoChannelLeft { .. })
        ));
    }
}
