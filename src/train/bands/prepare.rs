//! From folders of data to the packed set, a report, and pictures of what went in.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::arrange::{Books, arrange};
use super::files::{self, Contents, LeftOut};
use super::grooves::{GrooveBook, GrooveError};
use super::phrases;
use super::report::{RULES, Report, credits};
use super::set::{BandSet, BandSetError, BandSetWriter, SongInfo, Source, Split};
use super::sheet::sheet;
use crate::formats::files::{FileError, Previous, read, write_atomically};
use crate::formats::png::PngError;
use crate::tokens::band::BandRoll;
use crate::train::corpus::{self, CorpusError};

/// Folders of the data that are no user's MIDI.
const CORPORA: [&str; 4] = ["pop909", "pop909-cl", "groove", "bands"];
/// Phrases of a source that are drawn, and how many on a picture.
const DRAWN: usize = 24;
const ON_A_SHEET: usize = 8;

/// What to prepare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrepareOptions {
    /// A folder with MIDI files of bands, in any depth; or the one that `pop909`, `pop909-cl`, `groove` and `bands` were unpacked
    /// into.
    pub data: PathBuf,
    /// Where the set goes; made if it is not there.
    pub out: PathBuf,
    /// The seed of the arrangements; by default 1.
    pub seed: u64,
}

/// Why no set was made.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// POP909 could not be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The drum patterns could not be read.
    #[error(transparent)]
    Grooves(#[from] GrooveError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The set could not be written.
    #[error(transparent)]
    Set(#[from] BandSetError),
    /// A picture could not be made.
    #[error(transparent)]
    Picture(#[from] PngError),
    /// The report could not be put together.
    #[error("the report could not be put together: {0}")]
    Report(#[from] serde_json::Error),
    /// A folder cannot be used.
    #[error("{path}: {source}; choose a folder that is there and may be used")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// POP909 cannot be arranged without bands to learn bass rhythms from.
    #[error(
        "{0}: pop909 is there but no bands whose bass rhythms its arrangements could use; unpack bands beside it"
    )]
    NoRhythms(PathBuf),
    /// There is nothing to learn from.
    #[error(
        "{path}: no four bars of 4/4 with three of the five parts in its {files} MIDI files; give a folder with MIDI files of bands"
    )]
    Nothing {
        /// The folder.
        path: PathBuf,
        /// How many files there are.
        files: usize,
    },
    /// The caller ended it; nothing was written.
    #[error("stopped before the set was complete; nothing was written")]
    Stopped,
}

/// What is gathered on the way.
#[derive(Default)]
struct Gathered {
    set: BandSetWriter,
    report: Report,
    /// The rolls of files.
    known: HashSet<BandRoll>,
    phrases: usize,
    files: usize,
}

/// Reads all sources of a folder and writes `bands.bin`, `report.json`, `credits.txt` and sheets of phrases (PNG) of each
/// source. `progress` hears (songs done, songs in all).
pub fn run(
    options: &PrepareOptions,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Report, PrepareError> {
    let folder = |path: &Path, source| PrepareError::Folder {
        path: path.to_owned(),
        source,
    };
    let data = &options.data;
    let list = |at: &Path, except: &[&str]| -> Result<Vec<PathBuf>, PrepareError> {
        files::midi_files(at, except).map_err(|source| folder(at, source))
    };
    let own = list(data, &CORPORA)?;
    let bands_at = data.join("bands");
    let bands = if bands_at.is_dir() {
        list(&bands_at, &[])?
    } else {
        Vec::new()
    };
    let numbers = if data.join("pop909").is_dir() {
        corpus::pop909_numbers(data)?
    } else {
        Vec::new()
    };
    let all = own.len() + bands.len() + numbers.len();
    let mut done = 0;
    let mut step = || {
        done += 1;
        match progress(done, all) {
            ControlFlow::Break(()) => Err(PrepareError::Stopped),
            ControlFlow::Continue(()) => Ok(()),
        }
    };

    let mut gathered = Gathered::default();
    let mut books = Books::default();
    for (source, at, names) in [
        (Source::BandFile, &bands_at, bands),
        (Source::Folder, data, own),
    ] {
        for name in names {
            step()?;
            gathered.add_file(source, at, &name, &mut books)?;
        }
    }
    if !numbers.is_empty() {
        if books.rhythms.size().0 == 0 {
            return Err(PrepareError::NoRhythms(data.clone()));
        }
        books.grooves = GrooveBook::read(&data.join("groove"))?;
    }
    for number in numbers {
        step()?;
        gathered.add_pop909(data, number, &books, options.seed)?;
    }
    if gathered.phrases == 0 {
        return Err(PrepareError::Nothing {
            path: data.clone(),
            files: gathered.files,
        });
    }

    std::fs::create_dir_all(&options.out).map_err(|source| folder(&options.out, source))?;
    gathered.set.write(&options.out)?;
    let set = BandSet::open(&options.out)?;
    let mut report = gathered.report;
    report.seed = options.seed;
    report.rules = RULES.to_vec();
    report.bass_rhythms = books.rhythms.size();
    report.grooves = (books.grooves.grooves.len(), books.grooves.fills.len());
    report.measure(&set);
    let sources: Vec<Source> = report.sources.keys().copied().collect();
    report.credits = credits(&sources, &collections(&set));
    write(
        &options.out,
        "report.json",
        &serde_json::to_vec_pretty(&report)?,
    )?;
    let texts: Vec<&str> = report.credits.iter().map(|credit| credit.text).collect();
    write(
        &options.out,
        "credits.txt",
        (texts.join("\n") + "\n").as_bytes(),
    )?;
    for source in sources {
        draw(&set, source, options)?;
    }
    Ok(report)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), FileError> {
    write_atomically(&folder.join(name), bytes, Previous::Drop)
}

/// The collections of `bands` that songs are from: "bands/freedoom".
fn collections(set: &BandSet) -> Vec<String> {
    let songs = set.songs().iter();
    let files = songs.filter(|song| song.source == Source::BandFile);
    let mut names: Vec<String> = files
        .filter_map(|song| Some(format!("bands/{}", song.name.split_once('/')?.0)))
        .collect();
    names.dedup();
    names
}

/// Draws phrases of a source, chosen at random from all of its phrases.
fn draw(set: &BandSet, source: Source, options: &PrepareOptions) -> Result<(), PrepareError> {
    let mut refs: Vec<_> = [Split::Train, Split::Validation]
        .iter()
        .flat_map(|split| set.phrases(*split))
        .filter(|phrase| set.song(phrase.song).source == source)
        .collect();
    let mut rng = Pcg64::seed_from_u64(options.seed);
    let mut drawn = Vec::new();
    while drawn.len() < DRAWN && !refs.is_empty() {
        let phrase = refs.swap_remove(rng.random_range(0..refs.len()));
        drawn.push(set.phrase(*phrase));
    }
    for (index, phrases) in drawn.chunks(ON_A_SHEET).enumerate() {
        let name = format!("{source}-{}.png", index + 1);
        write(&options.out, &name, &sheet(phrases)?)?;
    }
    Ok(())
}

impl Gathered {
    fn leave_out(&mut self, source: Source, reason: &impl ToString, name: String) {
        let reasons = self.report.left_out.entry(source).or_default();
        reasons.entry(reason.to_string()).or_default().push(name);
    }

    /// Adds a song if it has phrases; whether it has.
    fn add_song(&mut self, song: SongInfo, roll: &BandRoll) -> bool {
        let found = phrases::find(roll);
        let reasons = self.report.no_phrases.entry(song.source).or_default();
        *reasons.entry("fewer than three active parts").or_default() += found.thin;
        *reasons.entry("a copy of an earlier phrase").or_default() += found.copies;
        self.phrases += found.bars.len();
        let has = !found.bars.is_empty();
        if has {
            self.set.push(song, roll, &found.bars);
        }
        has
    }

    fn add_file(
        &mut self,
        source: Source,
        folder: &Path,
        path: &Path,
        books: &mut Books,
    ) -> Result<(), PrepareError> {
        self.files += 1;
        let name = path.to_string_lossy().replace('\\', "/");
        let Ok(contents) = files::read(&read(&folder.join(path))?) else {
            self.leave_out(source, &LeftOut::Unreadable, name);
            return Ok(());
        };
        let Contents {
            stretches,
            left_out,
        } = contents;
        for (bar, reason) in left_out {
            self.leave_out(source, &reason, at_bar(&name, bar));
        }
        let split = if hash(name.as_bytes()) % 20 == 7 {
            Split::Validation
        } else {
            Split::Train
        };
        for stretch in stretches {
            let name = at_bar(&name, stretch.first_bar);
            if !self.known.insert(stretch.roll.clone()) {
                self.leave_out(source, &LeftOut::Copy, name);
                continue;
            }
            if source == Source::BandFile && split == Split::Train {
                books.rhythms.learn(&stretch.roll);
            }
            let song = SongInfo::new(name.clone(), source, split, stretch.bpm, 0);
            if !self.add_song(song, &stretch.roll) {
                self.leave_out(source, &LeftOut::NoPhrase, name);
            }
        }
        Ok(())
    }

    fn add_pop909(
        &mut self,
        data: &Path,
        number: u16,
        books: &Books,
        seed: u64,
    ) -> Result<(), PrepareError> {
        let name = format!("{number:03}");
        let song = match corpus::pop909_whole(data, number)? {
            Ok(song) => song,
            Err(reason) => {
                self.leave_out(Source::Pop909, &reason, name);
                return Ok(());
            }
        };
        let split = if corpus::validates(number) {
            Split::Validation
        } else {
            Split::Train
        };
        let roll = arrange(&song, books, seed);
        let info = SongInfo::new(name.clone(), Source::Pop909, split, song.bpm, 0);
        if !self.add_song(info, &roll) {
            self.leave_out(Source::Pop909, &LeftOut::NoPhrase, name);
        }
        Ok(())
    }
}

fn at_bar(name: &str, bar: u32) -> String {
    if bar == 0 {
        name.to_owned()
    } else {
        format!("{name} from bar {}", bar + 1)
    }
}

/// FNV-1a, 64 bits: the same on every machine and in every version.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
