//! What is looked at before a SoundFont is parsed, and after: the parser believes what a file says about itself, asks for
//! the memory, and panics where tables contradict each other.

use std::io::{self, Read, Seek, SeekFrom};

use rustysynth::{InstrumentRegion, LoopMode, SoundFont};

/// More entries than 16-bit indices reach are of no use, and would only cost memory.
const MOST_ENTRIES: usize = 1 << 16;
/// More than this is no text about a font.
const MOST_INFO: u64 = 16 << 20;
/// Keys at which every region must be playable.
const KEYS: std::ops::RangeInclusive<i32> = 24..=96;
/// The rate at which they must be, in samples a second.
const RATE: f64 = 44_100.0;

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It is another kind of file: what it is, and what can be done.
    Other(&'static str, &'static str),
    /// It is damaged: how.
    Damaged(String),
}

impl From<io::Error> for Flaw {
    fn from(error: io::Error) -> Self {
        Self::Damaged(if error.kind() == io::ErrorKind::UnexpectedEof {
            "it is cut short".to_owned()
        } else {
            error.to_string()
        })
    }
}

fn damaged(text: impl Into<String>) -> Flaw {
    Flaw::Damaged(text.into())
}

const CONVERT: &str = "convert it to SF2, for example with Polyphone, or choose another";
const UNPACK: &str = "unpack it and choose the .sf2 file that is in it";
const CHOOSE: &str = "choose an .sf2 file";

/// What a file that is no SoundFont is, by its first bytes.
fn kind(head: &[u8]) -> Option<Flaw> {
    let (what, advice) = match head {
        [b'R', b'I', b'F', b'F', _, _, _, _, form @ ..] => match form.get(..4) {
            Some(b"DLS ") => ("a DLS sound bank", CONVERT),
            Some(b"WAVE") => ("a sound file", CHOOSE),
            Some(b"RMID") => ("a MIDI file", CHOOSE),
            _ => return None,
        },
        [b'M', b'T', b'h', b'd', ..] => ("a MIDI file", CHOOSE),
        [b'O', b'g', b'g', b'S', ..] | [b'f', b'L', b'a', b'C', ..] | [b'I', b'D', b'3', ..] => {
            ("a sound file", CHOOSE)
        }
        [b'P', b'K', 3, 4, ..]
        | [0x1F, 0x8B, ..]
        | [b'7', b'z', 0xBC, 0xAF, ..]
        | [b'R', b'a', b'r', b'!', ..]
        | [0xFD, b'7', b'z', b'X', b'Z', ..] => ("a packed archive", UNPACK),
        _ => {
            let text = String::from_utf8_lossy(head).to_lowercase();
            let marks = ["<region>", "<group>", "<global>", "<control>", "<master>"];
            if marks.iter().any(|mark| text.contains(mark)) {
                ("an SFZ text with samples of its own", CONVERT)
            } else {
                return None;
            }
        }
    };
    Some(Flaw::Other(what, advice))
}

const COMPRESSED: Flaw = Flaw::Other("a SoundFont with compressed samples (SF3)", CONVERT);

/// A chunk of a RIFF file.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    id: [u8; 4],
    /// Where its bytes begin.
    from: u64,
    size: u64,
}

/// A name as it can be shown: a damaged one holds anything.
fn shown(name: &str) -> String {
    let name = name.trim();
    let odd = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
    if name.is_empty() || name.contains(odd) {
        "without a name".to_owned()
    } else {
        name.to_owned()
    }
}

fn text(id: [u8; 4]) -> String {
    shown(&String::from_utf8_lossy(&id))
}

/// The chunks between `from` and `end`; every one lies inside.
fn chunks(reader: &mut (impl Read + Seek), from: u64, end: u64) -> Result<Vec<Chunk>, Flaw> {
    let mut found = Vec::new();
    let mut at = from;
    while at + 8 <= end {
        reader.seek(SeekFrom::Start(at))?;
        let mut head = [0_u8; 8];
        reader.read_exact(&mut head)?;
        let [a, b, c, d, size @ ..] = head;
        let size = u64::from(u32::from_le_bytes(size));
        let chunk = Chunk {
            id: [a, b, c, d],
            from: at + 8,
            size,
        };
        if chunk.from + size > end {
            let id = text(chunk.id);
            return Err(damaged(format!("it is cut short in its part \"{id}\"")));
        }
        at = chunk.from + size;
        found.push(chunk);
        if found.len() > 64 {
            return Err(damaged("it has more parts than a SoundFont"));
        }
    }
    Ok(found)
}

/// The records of a table as far as they matter here: one 16-bit number of each, at `offset`.
fn column(
    reader: &mut (impl Read + Seek),
    tables: &[Chunk],
    id: [u8; 4],
    record: usize,
    offset: usize,
) -> Result<Vec<u16>, Flaw> {
    let missing = || damaged(format!("its table \"{}\" is missing", text(id)));
    let table = tables
        .iter()
        .find(|chunk| chunk.id == id)
        .ok_or_else(missing)?;
    let size = table.size as usize;
    let count = size / record;
    if !size.is_multiple_of(record) || count == 0 || count > MOST_ENTRIES {
        let id = text(id);
        return Err(damaged(format!(
            "its table \"{id}\" has an impossible size"
        )));
    }
    reader.seek(SeekFrom::Start(table.from))?;
    let mut bytes = vec![0; size];
    reader.read_exact(&mut bytes)?;
    let number = |bytes: &[u8]| match bytes.get(offset..offset + 2) {
        Some(&[low, high]) => u16::from_le_bytes([low, high]),
        _ => 0,
    };
    Ok(bytes.chunks_exact(record).map(number).collect())
}

/// Checks that indices never go back, and stay inside the table they point into.
fn indices(of: &str, column: &[u16], entries: usize) -> Result<(), Flaw> {
    let rising = column.is_sorted();
    let inside = column
        .last()
        .is_none_or(|&last| usize::from(last) < entries.max(1));
    if rising && inside {
        Ok(())
    } else {
        Err(damaged(format!("its table of {of} contradicts itself")))
    }
}

/// Checks what can be known about a font before it is parsed: what kind of file it is, that every chunk lies inside the
/// file, and that the tables agree with each other. Gives the number of its presets; the samples are not read.
pub(super) fn check_file(reader: &mut (impl Read + Seek)) -> Result<usize, Flaw> {
    let end = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    reader.by_ref().take(4096).read_to_end(&mut head)?;
    if let Some(flaw) = kind(&head) {
        return Err(flaw);
    }
    if !head.starts_with(b"RIFF") || head.get(8..12) != Some(b"sfbk") {
        return Err(damaged("it does not begin as a SoundFont does"));
    }
    // Bytes after the three lists are ignored, as the parser does.
    let lists = chunks(reader, 12, end)?;
    let mut parts = Vec::new();
    for (list, wanted) in lists.iter().zip([b"INFO", b"sdta", b"pdta"]) {
        let mut name = [0; 4];
        reader.seek(SeekFrom::Start(list.from))?;
        reader.read_exact(&mut name)?;
        if list.id != *b"LIST" || name != *wanted || list.size < 4 {
            let wanted = text(*wanted);
            return Err(damaged(format!(
                "its part \"{wanted}\" is not where it belongs"
            )));
        }
        parts.push(chunks(reader, list.from + 4, list.from + list.size)?);
    }
    let [info, samples, tables] = parts.as_slice() else {
        return Err(damaged("it is cut short"));
    };
    for chunk in info {
        if chunk.size > MOST_INFO {
            return Err(damaged("its texts have an impossible size"));
        }
        if chunk.id == *b"ifil" && chunk.size >= 2 {
            let mut version = [0; 2];
            reader.seek(SeekFrom::Start(chunk.from))?;
            reader.read_exact(&mut version)?;
            if version == [3, 0] {
                return Err(COMPRESSED);
            }
        }
    }
    if let Some(first) = samples.first()
        && first.size >= 4
    {
        let mut mark = [0; 4];
        reader.seek(SeekFrom::Start(first.from))?;
        reader.read_exact(&mut mark)?;
        if mark == *b"OggS" {
            return Err(COMPRESSED);
        }
    }
    for (head, record, offset, bag, generators) in [
        (*b"phdr", 38, 24, *b"pbag", *b"pgen"),
        (*b"inst", 22, 20, *b"ibag", *b"igen"),
    ] {
        let heads = column(reader, tables, head, record, offset)?;
        let bags = column(reader, tables, bag, 4, 0)?;
        let count = column(reader, tables, generators, 4, 0)?.len();
        indices(&text(head), &heads, bags.len())?;
        // The last one may point behind the last generator.
        indices(&text(bag), &bags, count + 1)?;
    }
    column(reader, tables, *b"shdr", 46, 0)?;
    // The last entry only ends the table.
    let presets = column(reader, tables, *b"phdr", 38, 24)?.len() - 1;
    reader.seek(SeekFrom::Start(0))?;
    Ok(presets)
}

/// How fast a region runs through its samples of `rate` at `key`, in samples of the font for each that is played.
fn speed(region: &InstrumentRegion, rate: i32, tune: f64, scale: f64, key: i32) -> f64 {
    let semitones = scale * f64::from(key - region.get_root_key()) + tune;
    f64::from(rate) / RATE * (semitones / 12.0).exp2()
}

/// Checks what only shows when the font is played: a loop that is shorter than a step through it is left behind, and the
/// synthesizer then reads beyond the samples.
pub(super) fn check_loops(font: &SoundFont) -> Result<(), Flaw> {
    for preset in font.get_presets() {
        for outer in preset.get_regions() {
            let Some(instrument) = font.get_instruments().get(outer.get_instrument_id()) else {
                continue;
            };
            for inner in instrument.get_regions() {
                let tune = f64::from(outer.get_coarse_tune() + inner.get_coarse_tune())
                    + 0.01 * f64::from(outer.get_fine_tune() + inner.get_fine_tune());
                let scale = 0.01 * f64::from(outer.get_scale_tuning() + inner.get_scale_tuning());
                let (low, high) = (
                    outer.get_key_range_start().max(inner.get_key_range_start()),
                    outer.get_key_range_end().min(inner.get_key_range_end()),
                );
                if low > high {
                    continue;
                }
                let sample = font.get_sample_headers().get(inner.get_sample_id());
                let rate = sample.map_or(0, rustysynth::SampleHeader::get_sample_rate);
                let fastest = [low, high]
                    .map(|key| key.clamp(*KEYS.start(), *KEYS.end()))
                    .map(|key| speed(inner, rate, tune, scale, key))
                    .into_iter()
                    .fold(0.0, f64::max);
                let length = inner.get_sample_end_loop() - inner.get_sample_start_loop();
                let loops = inner.get_sample_modes() != LoopMode::NoLoop && length > 0;
                if rate <= 0 || (loops && fastest > f64::from(length)) || fastest > 1e6 {
                    return Err(damaged(format!(
                        "\"{}\" cannot be played at its own pitch",
                        shown(instrument.get_name())
                    )));
                }
            }
        }
    }
    Ok(())
}
