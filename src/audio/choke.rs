//! Chokes of stereo instruments.
//!
//! A region of an exclusive class ends the sounding notes of that class: a closed hi-hat silences the open one. The
//! synthesizer also ends what belongs to the same note, so that of a stereo pair in one class only the side that starts
//! last is heard. Therefore the regions that sound together get classes of their own before the font is parsed.
//! [`super::voices`] sees to it that they choke each other all the same.

use std::io::{Read, Seek, SeekFrom};

const KEY_RANGE: u16 = 43;
const VELOCITY_RANGE: u16 = 44;
const PAN: u16 = 17;
const EXCLUSIVE_CLASS: u16 = 57;
/// Classes of the format are 1..=127; those of the second side and further ones come after them.
pub(super) const CLASSES: i32 = 128;
/// Longest list that is looked at, in bytes: fonts of several hundred megabytes have lists of less than one.
const LONGEST_LIST: u64 = 16 << 20;

/// A range of keys or velocities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    low: u8,
    high: u8,
}

impl Range {
    const ALL: Self = Self { low: 0, high: 127 };

    fn overlaps(self, other: Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }
}

/// A zone of an instrument that has an exclusive class of its own.
#[derive(Debug, Clone, Copy)]
struct Zone {
    keys: Range,
    velocities: Range,
    pan: i16,
    class: u16,
    /// Where in the list of generators the value of the class stands, in bytes.
    class_at: usize,
}

/// Two bytes that are read in place of those in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Patch {
    at: u64,
    bytes: [u8; 2],
}

/// Where a chunk's data lie.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    at: u64,
    size: u64,
}

/// A font file as it is read: with the classes of regions that sound together told apart.
#[derive(Debug)]
pub(super) struct Unchoked<R> {
    inner: R,
    at: u64,
    /// In order of place.
    patches: Vec<Patch>,
}

impl<R: Read + Seek> Unchoked<R> {
    /// Looks through the instruments of the font in `inner` and goes back to its start. A font whose lists make no
    /// sense is left as it is: the parser says what is wrong with it.
    pub(super) fn new(mut inner: R) -> std::io::Result<Self> {
        let patches = patches(&mut inner)?;
        inner.seek(SeekFrom::Start(0))?;
        Ok(Self {
            inner,
            at: 0,
            patches,
        })
    }
}

impl<R: Read> Read for Unchoked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let (start, end) = (self.at, self.at + count as u64);
        let first = self.patches.partition_point(|patch| patch.at + 2 <= start);
        for patch in self.patches.iter().skip(first) {
            if patch.at >= end {
                break;
            }
            for (offset, byte) in patch.bytes.into_iter().enumerate() {
                let place = (patch.at + offset as u64).checked_sub(start);
                if let Some(slot) = place.and_then(|place| buffer.get_mut(place as usize))
                    && patch.at + (offset as u64) < end
                {
                    *slot = byte;
                }
            }
        }
        self.at = end;
        Ok(count)
    }
}

fn patches(reader: &mut (impl Read + Seek)) -> std::io::Result<Vec<Patch>> {
    let [Some(instruments), Some(bags), Some(generators)] =
        find_chunks(reader, [*b"inst", *b"ibag", *b"igen"])?
    else {
        return Ok(Vec::new());
    };
    let list = Lists {
        instruments: read_chunk(reader, instruments)?,
        bags: read_chunk(reader, bags)?,
        generators: read_chunk(reader, generators)?,
    };
    let mut patches = Vec::new();
    for instrument in 0..list.instrument_count() {
        for (class_at, class) in told_apart(&list.zones(instrument)) {
            patches.push(Patch {
                at: generators.at + class_at as u64,
                bytes: class.to_le_bytes(),
            });
        }
    }
    patches.sort_unstable_by_key(|patch| patch.at);
    Ok(patches)
}

/// The chunks of these names, wherever they stand; the first of each.
fn find_chunks<const N: usize>(
    reader: &mut (impl Read + Seek),
    names: [[u8; 4]; N],
) -> std::io::Result<[Option<Chunk>; N]> {
    let end = reader.seek(SeekFrom::End(0))?;
    let mut found = [None; N];
    let mut at = 12;
    while at + 8 <= end {
        reader.seek(SeekFrom::Start(at))?;
        let mut head = [0_u8; 8];
        reader.read_exact(&mut head)?;
        let [a, b, c, d, size @ ..] = head;
        let (name, size) = ([a, b, c, d], u64::from(u32::from_le_bytes(size)));
        for (wanted, slot) in names.iter().zip(&mut found) {
            if *wanted == name && slot.is_none() && at + 8 + size <= end {
                *slot = Some(Chunk { at: at + 8, size });
            }
        }
        // A list holds chunks after its four-letter name.
        at += 8 + if name == *b"LIST" { 4 } else { size + size % 2 };
    }
    Ok(found)
}

fn read_chunk(reader: &mut (impl Read + Seek), chunk: Chunk) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; chunk.size.min(LONGEST_LIST) as usize];
    reader.seek(SeekFrom::Start(chunk.at))?;
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// The lists of a font that say what its instruments consist of.
struct Lists {
    instruments: Vec<u8>,
    bags: Vec<u8>,
    generators: Vec<u8>,
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(pair.try_into().ok()?))
}

impl Lists {
    /// Without the terminator.
    fn instrument_count(&self) -> usize {
        (self.instruments.len() / 22).saturating_sub(1)
    }

    /// The zones of an instrument that have a class of their own.
    fn zones(&self, instrument: usize) -> Vec<Zone> {
        let bag = |index: usize| word(&self.instruments, 22 * index + 20).map(usize::from);
        let (Some(first), Some(end)) = (bag(instrument), bag(instrument + 1)) else {
            return Vec::new();
        };
        (first..end).filter_map(|bag| self.zone(bag)).collect()
    }

    fn zone(&self, bag: usize) -> Option<Zone> {
        let first = usize::from(word(&self.bags, 4 * bag)?);
        let end = usize::from(word(&self.bags, 4 * (bag + 1))?);
        let mut zone = Zone {
            keys: Range::ALL,
            velocities: Range::ALL,
            pan: 0,
            class: 0,
            class_at: 0,
        };
        for generator in first..end {
            let at = 4 * generator;
            let (kind, value) = (word(&self.generators, at)?, word(&self.generators, at + 2)?);
            let [low, high] = value.to_le_bytes();
            match kind {
                KEY_RANGE => zone.keys = Range { low, high },
                VELOCITY_RANGE => zone.velocities = Range { low, high },
                PAN => zone.pan = value as i16,
                EXCLUSIVE_CLASS => (zone.class, zone.class_at) = (value, at + 2),
                _ => {}
            }
        }
        (1..CLASSES as u16).contains(&zone.class).then_some(zone)
    }
}

/// New classes for zones that one note may start together, left ones first, and where they are written.
fn told_apart(zones: &[Zone]) -> Vec<(usize, u16)> {
    let together = |a: &Zone, b: &Zone| {
        a.class == b.class && a.keys.overlaps(b.keys) && a.velocities.overlaps(b.velocities)
    };
    let mut changes = Vec::new();
    for (index, zone) in zones.iter().enumerate() {
        let before = zones.iter().enumerate().filter(|(other_index, other)| {
            together(zone, other) && (other.pan, *other_index) < (zone.pan, index)
        });
        let rank = before.count() as u16;
        if rank > 0
            && let Some(class) = rank
                .checked_mul(CLASSES as u16)
                .and_then(|first| first.checked_add(zone.class))
                .filter(|class| i16::try_from(*class).is_ok())
        {
            changes.push((zone.class_at, class));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::bus::Bus;
    use crate::audio::synths::TrackSynth;
    use crate::audio::test_font::{self, Closed};
    use crate::audio::true_peak::loudest;
    use crate::score::Instrument;

    fn zone(key: u8, pan: i16, class: u16, class_at: usize) -> Zone {
        Zone {
            keys: Range {
                low: key,
                high: key,
            },
            velocities: Range::ALL,
            pan,
            class,
            class_at,
        }
    }

    #[test]
    fn sides_are_told_apart_whatever_their_order() {
        let zones = [
            zone(42, -500, 1, 10),
            zone(42, 500, 1, 20),
            zone(46, 500, 1, 30),
            zone(46, -500, 1, 40),
            zone(80, 0, 5, 50),
            zone(81, 0, 5, 60),
        ];
        assert_eq!(told_apart(&zones), [(20, 129), (30, 129)]);
    }

    #[test]
    fn patches_hold_at_the_edges_of_reads() {
        let bytes: Vec<u8> = (0..10).collect();
        for size in 1..=10 {
            let mut unchoked = Unchoked {
                inner: bytes.as_slice(),
                at: 0,
                patches: vec![
                    Patch {
                        at: 3,
                        bytes: [93, 94],
                    },
                    Patch {
                        at: 8,
                        bytes: [98, 99],
                    },
                ],
            };
            let mut read = Vec::new();
            let mut buffer = vec![0; size];
            loop {
                let count = unchoked.read(&mut buffer).unwrap();
                if count == 0 {
                    break;
                }
                read.extend_from_slice(&buffer[..count]);
            }
            assert_eq!(
                read,
                [0, 1, 2, 93, 94, 5, 6, 7, 98, 99],
                "in steps of {size}"
            );
        }
    }

    /// Peaks of left and right of the next 0.1 s.
    fn listen(synth: &mut TrackSynth) -> [f32; 2] {
        let mut peaks = [0.0_f32; 2];
        let mut bus = Bus::default();
        for _ in 0..50 {
            bus.clear(96);
            synth.render_onto(&mut bus);
            for (peak, side) in peaks.iter_mut().zip(&bus.sides) {
                *peak = peak.max(loudest(side));
            }
        }
        peaks
    }

    #[test]
    fn both_sides_of_a_stereo_hi_hat_sound_and_are_choked() {
        for font in [test_font::stereo_hats(), test_font::hats(Closed::Mono)] {
            let mut synth = TrackSynth::new(Some(&font), 48_000, 8);
            for key in [test_font::OPEN_HAT, test_font::CLOSED_HAT] {
                synth.try_note(Instrument::DRUMS, key, 100);
                let [left, right] = listen(&mut synth);
                assert!(
                    left > 0.02 && right > 0.02,
                    "key {key}: left {left}, right {right}"
                );
            }
            // The closed one is short and the open one rings for seconds, unless it is choked.
            for _ in 0..10 {
                listen(&mut synth);
            }
            let [left, right] = listen(&mut synth);
            assert!(left < 0.001 && right < 0.001, "left {left}, right {right}");
        }
    }
}
