//! Writes SoundFont 2.04 files.
//!
//! The layout follows the *SoundFont Technical Specification 2.04* (Creative, E-mu 2006): a RIFF form `sfbk` of three
//! lists. `INFO` names the bank, `sdta` holds all sample points as 16-bit numbers, `pdta` holds nine tables that say
//! which preset plays which instrument, and which instrument plays which sample how.

use std::ops::RangeInclusive;

use thiserror::Error;

/// Sample points of silence that the format wants after every sample.
const GAP: usize = 46;
/// The longest name that leaves room for the closing zero.
const NAME_BYTES: usize = 19;

/// Numbers of the generators in use (section 8.1.2 of the specification).
pub mod generator {
    #![allow(missing_docs)]
    pub const VIBRATO_TO_PITCH: u16 = 6;
    pub const MODULATION_ENVELOPE_TO_PITCH: u16 = 7;
    pub const FILTER_CUTOFF: u16 = 8;
    pub const FILTER_Q: u16 = 9;
    pub const MODULATION_ENVELOPE_TO_CUTOFF: u16 = 11;
    pub const MODULATION_TO_VOLUME: u16 = 13;
    pub const CHORUS: u16 = 15;
    pub const REVERB: u16 = 16;
    pub const PAN: u16 = 17;
    pub const MODULATION_FREQUENCY: u16 = 22;
    pub const VIBRATO_DELAY: u16 = 23;
    pub const VIBRATO_FREQUENCY: u16 = 24;
    pub const MODULATION_ATTACK: u16 = 26;
    pub const MODULATION_DECAY: u16 = 28;
    pub const MODULATION_SUSTAIN: u16 = 29;
    pub const MODULATION_RELEASE: u16 = 30;
    pub const VOLUME_ATTACK: u16 = 34;
    pub const VOLUME_HOLD: u16 = 35;
    pub const VOLUME_DECAY: u16 = 36;
    pub const VOLUME_SUSTAIN: u16 = 37;
    pub const VOLUME_RELEASE: u16 = 38;
    pub const INSTRUMENT: u16 = 41;
    pub const KEY_RANGE: u16 = 43;
    pub const VELOCITY_RANGE: u16 = 44;
    pub const ATTENUATION: u16 = 48;
    pub const COARSE_TUNE: u16 = 51;
    pub const FINE_TUNE: u16 = 52;
    pub const SAMPLE: u16 = 53;
    pub const SAMPLE_MODES: u16 = 54;
    pub const SCALE_TUNING: u16 = 56;
    pub const EXCLUSIVE_CLASS: u16 = 57;
    pub const ROOT_KEY: u16 = 58;
}

/// Why a bank cannot be written.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Sf2Error {
    /// A table would need more rows than its 16-bit index can count.
    #[error(
        "the bank has too many {what}: {count}, and the format counts up to 65534; use fewer zones or samples"
    )]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        count: usize,
    },
    /// A zone refers to a sample or instrument that is not in the bank.
    #[error("{name:?} refers to {what} {index}, but the bank has only {count}; add it first")]
    Missing {
        /// The instrument or preset.
        name: String,
        /// What it refers to.
        what: &'static str,
        /// The number it refers to.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A sample is too short or its loop lies outside of it.
    #[error(
        "the loop {start}..{end} of sample {name:?} does not fit into its {length} points; a loop needs 32 points and 8 after it"
    )]
    Loop {
        /// The sample.
        name: String,
        /// First point of the loop.
        start: usize,
        /// First point after the loop.
        end: usize,
        /// Length of the sample.
        length: usize,
    },
    /// More sample points than a 32-bit RIFF file holds.
    #[error("the samples need {0} bytes, and the format holds 4 GiB at most")]
    TooLarge(usize),
}

/// One sample: mono, 16 bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Name, of which 19 ASCII characters are kept.
    pub name: String,
    /// The points.
    pub points: Vec<i16>,
    /// Points per second.
    pub rate: u32,
    /// First point of the loop and first point after it; both sound the same. `None` plays once.
    pub cycle: Option<(usize, usize)>,
    /// The key at which the sample sounds as it is.
    pub root: u8,
    /// Cents to add when played.
    pub correction: i8,
}

/// One row of a generator table: its number, and its value as the two bytes mean it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generator {
    /// See [`generator`].
    pub number: u16,
    /// A signed amount, or two bytes of a range (low byte first).
    pub amount: i16,
}

/// A part of an instrument or preset: what sounds for a range of keys and velocities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Keys, 0..=127.
    pub keys: RangeInclusive<u8>,
    /// Velocities, 0..=127.
    pub velocities: RangeInclusive<u8>,
    /// All other settings; not the ranges and not `target`.
    pub generators: Vec<Generator>,
    /// Index of the sample (in an instrument) or of the instrument (in a preset).
    pub target: usize,
}

/// A named list of zones: an instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// Name, of which 19 ASCII characters are kept.
    pub name: String,
    /// Its zones.
    pub zones: Vec<Zone>,
}

/// What a program change selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preset {
    /// Name, of which 19 ASCII characters are kept.
    pub name: String,
    /// Bank: 0 melodic, 128 drums.
    pub bank: u16,
    /// Program, 0..=127.
    pub program: u16,
    /// Its zones.
    pub zones: Vec<Zone>,
}

/// A whole SoundFont.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bank {
    /// Name of the bank.
    pub name: String,
    /// Who made it.
    pub author: String,
    /// Under what terms it may be used.
    pub copyright: String,
    /// Anything else.
    pub comment: String,
    /// The program that wrote it.
    pub software: String,
    /// The samples.
    pub samples: Vec<Sample>,
    /// The instruments, whose zones refer to the samples.
    pub instruments: Vec<Instrument>,
    /// The presets, whose zones refer to the instruments.
    pub presets: Vec<Preset>,
}

impl Bank {
    /// The bank as the bytes of an `.sf2` file. The same bank always gives the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Sf2Error> {
        self.check()?;
        let mut body = b"sfbk".to_vec();
        chunk(&mut body, *b"LIST", &self.info());
        chunk(&mut body, *b"LIST", &self.sample_data());
        chunk(&mut body, *b"LIST", &self.tables());
        let mut file = Vec::with_capacity(body.len() + 8);
        chunk(&mut file, *b"RIFF", &body);
        Ok(file)
    }

    fn check(&self) -> Result<(), Sf2Error> {
        let bytes = self
            .samples
            .iter()
            .map(|sample| 2 * (sample.points.len() + GAP))
            .sum::<usize>();
        if bytes > 0xF000_0000 {
            return Err(Sf2Error::TooLarge(bytes));
        }
        for sample in &self.samples {
            let length = sample.points.len();
            let (start, end) = sample.cycle.unwrap_or((0, length.saturating_sub(8)));
            if end < start + 32 || end + 8 > length {
                return Err(Sf2Error::Loop {
                    name: sample.name.clone(),
                    start,
                    end,
                    length,
                });
            }
        }
        let instruments = self
            .instruments
            .iter()
            .map(|i| (&i.name, &i.zones, "sample", self.samples.len()));
        let presets = self
            .presets
            .iter()
            .map(|p| (&p.name, &p.zones, "instrument", self.instruments.len()));
        for (name, zones, what, count) in instruments.chain(presets) {
            if let Some(zone) = zones.iter().find(|zone| zone.target >= count) {
                return Err(Sf2Error::Missing {
                    name: name.clone(),
                    what,
                    index: zone.target,
                    count,
                });
            }
        }
        let rows = |zones: &[Zone]| {
            zones
                .iter()
                .map(|zone| zone.generators.len() + 3)
                .sum::<usize>()
        };
        let counts = [
            ("samples", self.samples.len()),
            ("instruments", self.instruments.len()),
            ("presets", self.presets.len()),
            (
                "instrument generators",
                self.instruments.iter().map(|i| rows(&i.zones)).sum(),
            ),
            (
                "preset generators",
                self.presets.iter().map(|p| rows(&p.zones)).sum(),
            ),
        ];
        match counts.into_iter().find(|(_, count)| *count > 65_534) {
            Some((what, count)) => Err(Sf2Error::TooMany { what, count }),
            None => Ok(()),
        }
    }

    fn info(&self) -> Vec<u8> {
        let mut list = b"INFO".to_vec();
        chunk(&mut list, *b"ifil", &[2, 0, 4, 0]);
        for (id, value) in [
            (*b"isng", "EMU8000"),
            (*b"INAM", self.name.as_str()),
            (*b"IENG", self.author.as_str()),
            (*b"ICOP", self.copyright.as_str()),
            (*b"ICMT", self.comment.as_str()),
            (*b"ISFT", self.software.as_str()),
        ] {
            if !value.is_empty() {
                chunk(&mut list, id, &text(value));
            }
        }
        list
    }

    fn sample_data(&self) -> Vec<u8> {
        let mut points = Vec::new();
        for sample in &self.samples {
            points.extend(sample.points.iter().flat_map(|point| point.to_le_bytes()));
            points.resize(points.len() + 2 * GAP, 0);
        }
        let mut list = b"sdta".to_vec();
        chunk(&mut list, *b"smpl", &points);
        list
    }

    fn tables(&self) -> Vec<u8> {
        let mut list = b"pdta".to_vec();
        let presets = self.presets.iter().map(|preset| preset.zones.as_slice());
        let instruments = self
            .instruments
            .iter()
            .map(|instrument| instrument.zones.as_slice());
        let (preset_bags, preset_generators, preset_starts) = bags(presets, generator::INSTRUMENT);
        let (bags_, generators, starts) = bags(instruments, generator::SAMPLE);

        let mut headers = Vec::new();
        for (preset, start) in self.presets.iter().zip(&preset_starts) {
            preset_header(
                &mut headers,
                &preset.name,
                preset.program,
                preset.bank,
                *start,
            );
        }
        preset_header(
            &mut headers,
            "EOP",
            0,
            0,
            preset_starts.last().copied().unwrap_or(0),
        );
        chunk(&mut list, *b"phdr", &headers);
        chunk(&mut list, *b"pbag", &preset_bags);
        // No modulators beside the default ones: only the closing row.
        chunk(&mut list, *b"pmod", &[0; 10]);
        chunk(&mut list, *b"pgen", &preset_generators);

        let mut headers = Vec::new();
        for (instrument, start) in self.instruments.iter().zip(&starts) {
            headers.extend(name(&instrument.name));
            headers.extend(start.to_le_bytes());
        }
        headers.extend(name("EOI"));
        headers.extend(starts.last().copied().unwrap_or(0).to_le_bytes());
        chunk(&mut list, *b"inst", &headers);
        chunk(&mut list, *b"ibag", &bags_);
        chunk(&mut list, *b"imod", &[0; 10]);
        chunk(&mut list, *b"igen", &generators);
        chunk(&mut list, *b"shdr", &self.sample_headers());
        list
    }

    fn sample_headers(&self) -> Vec<u8> {
        let mut headers = Vec::new();
        let mut start = 0_u32;
        for sample in &self.samples {
            let end = start + sample.points.len() as u32;
            // A sample that plays once has a loop all the same, as readers check it.
            let (from, to) = sample.cycle.unwrap_or((8, sample.points.len() - 8));
            headers.extend(name(&sample.name));
            for number in [
                start,
                end,
                start + from as u32,
                start + to as u32,
                sample.rate,
            ] {
                headers.extend(number.to_le_bytes());
            }
            headers.extend([sample.root, sample.correction.to_le_bytes()[0]]);
            // No partner, mono.
            headers.extend([0, 0, 1, 0]);
            start = end + GAP as u32;
        }
        headers.extend(name("EOS"));
        headers.resize(headers.len() + 26, 0);
        headers
    }
}

fn preset_header(table: &mut Vec<u8>, title: &str, program: u16, bank: u16, start: u16) {
    table.extend(name(title));
    for number in [program, bank, start] {
        table.extend(number.to_le_bytes());
    }
    table.extend([0; 12]);
}

/// The bag and generator tables of a list of zone lists, and the first bag of each with the closing one.
fn bags<'a>(lists: impl Iterator<Item = &'a [Zone]>, link: u16) -> (Vec<u8>, Vec<u8>, Vec<u16>) {
    let (mut bags, mut generators, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut bag_count, mut generator_count) = (0_u16, 0_u16);
    let range = |range: &RangeInclusive<u8>| i16::from_le_bytes([*range.start(), *range.end()]);
    for zones in lists {
        starts.push(bag_count);
        for zone in zones {
            bags.extend(generator_count.to_le_bytes());
            bags.extend([0, 0]);
            bag_count += 1;
            // The order matters: key range first, velocity range second, the link last.
            let first = [
                (generator::KEY_RANGE, range(&zone.keys)),
                (generator::VELOCITY_RANGE, range(&zone.velocities)),
            ];
            let rest = zone
                .generators
                .iter()
                .map(|generator| (generator.number, generator.amount));
            for (number, amount) in first
                .into_iter()
                .chain(rest)
                .chain([(link, zone.target as i16)])
            {
                generators.extend(number.to_le_bytes());
                generators.extend(amount.to_le_bytes());
                generator_count += 1;
            }
        }
    }
    starts.push(bag_count);
    bags.extend(generator_count.to_le_bytes());
    bags.extend([0, 0]);
    generators.extend([0; 4]);
    (bags, generators, starts)
}

fn chunk(out: &mut Vec<u8>, id: [u8; 4], body: &[u8]) {
    out.extend(id);
    out.extend((body.len() as u32).to_le_bytes());
    out.extend(body);
    if body.len() % 2 == 1 {
        out.push(0);
    }
}

/// Text with one or two closing zeros, so that its length is even.
fn text(value: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = value.bytes().filter(u8::is_ascii).take(250).collect();
    bytes.push(0);
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

fn name(value: &str) -> [u8; 20] {
    let mut field = [0; 20];
    for (place, byte) in field
        .iter_mut()
        .zip(value.bytes().filter(u8::is_ascii).take(NAME_BYTES))
    {
        *place = byte;
    }
    field
}
