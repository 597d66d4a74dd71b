//! SoundFonts: finding and loading them. A font of unknown origin cannot take the program down: what makes the parser
//! fail or panic is an error that names the file.

use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustysynth::SoundFont;

use super::choke::Unchoked;
use super::font_check::{Flaw, check_file, check_loops};
use super::guard::{hush, quietly};
use super::zones::Zones;
use crate::formats::places::Places;

/// Where a font came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FontOrigin {
    /// It is part of the program.
    BuiltIn,
    /// A file.
    File(PathBuf),
}

/// A SoundFont, ready to be played.
pub struct Font {
    zones: Arc<Zones>,
    name: String,
    origin: FontOrigin,
    onset_delay: f32,
}

impl std::fmt::Debug for Font {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Font")
            .field("name", &self.name)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl Font {
    /// Its name, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it came from.
    pub fn origin(&self) -> &FontOrigin {
        &self.origin
    }

    /// What the synthesizers read.
    pub fn parsed(&self) -> &Arc<SoundFont> {
        self.zones.font()
    }

    /// What it says about its notes.
    pub(super) fn zones(&self) -> &Arc<Zones> {
        &self.zones
    }

    /// How long most of its instruments wait after a note begins, in seconds. The format's own default is 1 ms; a render
    /// takes it back, so that sound begins where the score says.
    pub fn onset_delay(&self) -> f32 {
        self.onset_delay
    }

    /// How many instruments (presets) it has.
    pub fn presets(&self) -> usize {
        self.parsed().get_presets().len()
    }

    /// A font from the bytes of an `.sf2` file.
    pub fn from_bytes(
        bytes: &[u8],
        name: impl Into<String>,
        origin: FontOrigin,
    ) -> Result<Self, FontError> {
        let name = name.into();
        let shown = match &origin {
            FontOrigin::BuiltIn => PathBuf::from(&name),
            FontOrigin::File(path) => path.clone(),
        };
        Self::parse(&mut std::io::Cursor::new(bytes), name, origin, &shown)
    }

    fn parse(
        reader: &mut (impl Read + Seek),
        name: String,
        origin: FontOrigin,
        shown: &Path,
    ) -> Result<Self, FontError> {
        let damaged = |reason: String| FontError::Damaged {
            path: shown.to_owned(),
            reason,
        };
        let flawed = |flaw| FontError::from_flaw(flaw, shown);
        check_file(reader).map_err(flawed)?;
        let mut reader = Unchoked::new(reader).map_err(|error| damaged(error.to_string()))?;
        hush();
        let parsed = quietly(|| SoundFont::new(&mut reader))
            .ok_or_else(|| damaged("its tables contradict each other".to_owned()))?
            .map_err(|error| damaged(error.to_string()))?;
        if parsed.get_presets().is_empty() {
            return Err(damaged("it has no instruments".to_owned()));
        }
        check_loops(&parsed).map_err(flawed)?;
        Ok(Self {
            onset_delay: usual_delay(&parsed),
            zones: Arc::new(Zones::new(parsed)),
            name,
            origin,
        })
    }
}

/// The median of the regions' volume envelope delays, in seconds, no more than 10 ms.
fn usual_delay(font: &SoundFont) -> f32 {
    let mut delays: Vec<f32> = font
        .get_instruments()
        .iter()
        .flat_map(rustysynth::Instrument::get_regions)
        .map(rustysynth::InstrumentRegion::get_delay_volume_envelope)
        .filter(|delay| delay.is_finite())
        .collect();
    delays.sort_by(f32::total_cmp);
    delays
        .get(delays.len() / 2)
        .map_or(0.0, |delay| delay.clamp(0.0, 0.01))
}

/// Why a SoundFont cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FontError {
    /// The file cannot be read.
    #[error("cannot read the SoundFont {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is not a sound SoundFont.
    #[error("{} is damaged or not a SoundFont 2 file ({reason}): choose another, or get this one anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is of another kind.
    #[error("{} is {what}, which cannot be played: {advice}", path.display())]
    OtherKind {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
        /// What can be done.
        advice: &'static str,
    },
}

impl FontError {
    fn from_flaw(flaw: Flaw, path: &Path) -> Self {
        let path = path.to_owned();
        match flaw {
            Flaw::Damaged(reason) => Self::Damaged { path, reason },
            Flaw::Other(what, advice) => Self::OtherKind { path, what, advice },
        }
    }
}

fn open(path: &Path) -> Result<std::io::BufReader<std::fs::File>, FontError> {
    let unreadable = |source| FontError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(unreadable(std::io::Error::other("it is not a file")));
    }
    Ok(std::io::BufReader::with_capacity(1 << 16, file))
}

/// How many instruments the font at `path` has, or what is wrong with it, without reading its samples.
pub fn inspect(path: &Path) -> Result<usize, FontError> {
    check_file(&mut open(path)?).map_err(|flaw| FontError::from_flaw(flaw, path))
}

/// Loads an `.sf2` file. A file that is damaged is an error, never a panic. Large fonts take a second: not for the
/// window's thread.
pub fn load(path: &Path) -> Result<Arc<Font>, FontError> {
    let mut reader = open(path)?;
    let origin = FontOrigin::File(path.to_owned());
    Font::parse(&mut reader, stem(path), origin, path).map(Arc::new)
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(
        || "SoundFont".to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    )
}

/// A SoundFont file on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFont {
    /// Its name, for people.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

/// The folders in which SoundFonts are looked for, the user's own first.
pub fn folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Some(places) = Places::find() {
        folders.push(places.data.join("soundfonts"));
    }
    if let Some(base) = directories::BaseDirs::new() {
        for below in ["soundfonts", "sounds/sf2", "sounds/sf3"] {
            folders.push(base.data_dir().join(below));
        }
        folders.push(base.home_dir().join("soundfonts"));
        folders.push(base.home_dir().join("SoundFonts"));
        folders.push(base.home_dir().join("Library/Audio/Sounds/Banks"));
    }
    if let Ok(program) = std::env::current_exe()
        && let Some(beside) = program.parent()
    {
        folders.push(beside.join("soundfonts"));
    }
    for system in [
        "/usr/local/share/soundfonts",
        "/usr/local/share/sounds/sf2",
        "/usr/share/soundfonts",
        "/usr/share/sounds/sf2",
        "/Library/Audio/Sounds/Banks",
        "C:\\soundfonts",
    ] {
        folders.push(PathBuf::from(system));
    }
    folders
}

/// Every `.sf2` file in [`folders`], by name; a file reached by two ways counts once.
pub fn find() -> Vec<FoundFont> {
    find_in(&folders())
}

/// Every `.sf2` file directly in one of `folders`, by name.
pub fn find_in(folders: &[PathBuf]) -> Vec<FoundFont> {
    let mut found: Vec<FoundFont> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for folder in folders {
        let Ok(entries) = std::fs::read_dir(folder) else {
            continue;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let is_font = path
                .extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("sf2"));
            let Ok(real) = path.canonicalize() else {
                continue;
            };
            let Ok(about) = real.metadata() else {
                continue;
            };
            // Debian links a font under the name "default-GM" beside its own: the file's own name tells which font it is.
            if is_font && about.is_file() && seen.insert(real.clone()) {
                found.push(FoundFont {
                    name: stem(&real),
                    bytes: about.len(),
                    path: real,
                });
            }
        }
    }
    found.sort_by(|a, b| (a.name.to_lowercase(), &a.path).cmp(&(b.name.to_lowercase(), &b.path)));
    found
}

/// The best font among `found`: FluidR3, if it is there.
pub fn best(found: &[FoundFont]) -> Option<&FoundFont> {
    found
        .iter()
        .filter(|font| font.name.to_lowercase().contains("fluidr3"))
        .max_by_key(|font| font.bytes)
}

/// FluidR3 where it is installed and sound, else [`built_in`].
pub fn preferred() -> Result<Arc<Font>, FontError> {
    if let Some(font) = best(&find()) {
        match load(&font.path) {
            Ok(font) => return Ok(font),
            Err(error) => tracing::warn!("{error}"),
        }
    }
    built_in()
}

/// The font that is part of the program.
pub fn built_in() -> Result<Arc<Font>, FontError> {
    Font::from_bytes(
        include_bytes!("../../soundfonts/leitmotif.sf2"),
        "Leitmotif",
        FontOrigin::BuiltIn,
    )
    .map(Arc::new)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::audio::test_font;

    /// The flows of tests/ take it from there.
    #[test]
    fn the_font_of_the_flows_is_that_of_the_tests() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/click.sf2");
        if std::env::var_os("LEITMOTIF_UPDATE").is_some() {
            std::fs::write(&path, test_font::click()).unwrap();
        }
        assert!(std::fs::read(&path).unwrap() == test_font::click());
    }

    #[test]
    fn a_font_is_found_once_and_loaded() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("B.SF2"), test_font::click()).unwrap();
        std::fs::write(folder.path().join("a.sf2"), test_font::click()).unwrap();
        std::fs::write(folder.path().join("c.txt"), "no font").unwrap();
        let twice = [folder.path().to_owned(), folder.path().to_owned()];
        let found = find_in(&twice);
        let names: Vec<_> = found.iter().map(|font| font.name.as_str()).collect();
        assert_eq!(names, ["a", "B"]);
        let font = load(&found[0].path).unwrap();
        assert_eq!((font.name(), font.presets()), ("a", 2));
    }

    /// Counts what is read of a file.
    struct Counted<R>(R, u64);

    impl<R: Read> Read for Counted<R> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let count = self.0.read(into)?;
            self.1 += count as u64;
            Ok(count)
        }
    }

    impl<R: Seek> Seek for Counted<R> {
        fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn a_list_of_large_fonts_reads_no_samples() {
        // A hundred megabytes of silence between the head and the tables; on the disk they are a hole.
        let click = test_font::click();
        let at = |id: &[u8; 4]| click.windows(4).position(|bytes| bytes == id).unwrap();
        let (samples, smpl) = (at(b"sdta") - 8, at(b"smpl"));
        let tables = at(b"pdta") - 8;
        let silence = 100 << 20;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.sf2");
        let mut file = std::fs::File::create(&path).unwrap();
        let size = |extra: u32, place: usize| {
            let bytes = click[place + 4..place + 8].try_into().unwrap();
            (u32::from_le_bytes(bytes) + extra).to_le_bytes()
        };
        let mut head = click[..tables].to_vec();
        for place in [0, samples, smpl] {
            head[place + 4..place + 8].copy_from_slice(&size(silence, place));
        }
        file.write_all(&head).unwrap();
        file.seek(std::io::SeekFrom::Current(i64::from(silence)))
            .unwrap();
        file.write_all(&click[tables..]).unwrap();
        drop(file);
        assert_eq!(inspect(&path).unwrap(), 2);
        let mut counted = Counted(std::fs::File::open(&path).unwrap(), 0);
        assert_eq!(check_file(&mut counted), Ok(2));
        assert!(counted.1 < 100_000, "{} bytes", counted.1);
        assert_eq!(find_in(&[folder.path().to_owned()]).len(), 1);
        assert_eq!(load(&path).unwrap().presets(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_with_another_name_does_not_hide_which_font_it_is() {
        let (system, links) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let font = system.path().join("FluidR3_GM.sf2");
        std::fs::write(&font, test_font::click()).unwrap();
        std::os::unix::fs::symlink(&font, links.path().join("default-GM.sf2")).unwrap();
        let found = find_in(&[links.path().to_owned(), system.path().to_owned()]);
        assert_eq!(found.len(), 1);
        assert_eq!(
            best(&found).map(|font| font.name.as_str()),
            Some("FluidR3_GM")
        );
    }

    #[test]
    fn fluid_is_preferred() {
        let font = |name: &str, bytes| FoundFont {
            name: name.into(),
            path: name.into(),
            bytes,
        };
        let found = [
            font("Other", 9),
            font("FluidR3_GM", 5),
            font("FluidR3_GS", 2),
        ];
        assert_eq!(best(&found).map(|font| font.bytes), Some(5));
        assert_eq!(best(&found[..1]), None);
    }

    #[test]
    fn what_is_no_font_is_a_clear_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("broken.sf2");
        assert!(matches!(load(&path), Err(FontError::Unreadable { .. })));
        let whole = test_font::click();
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        let message = load(&path).unwrap_err().to_string();
        assert!(message.contains("cut short"), "{message}");
        std::fs::write(&path, b"RIFF....nonsense").unwrap();
        let message = load(&path).unwrap_err().to_string();
        assert!(message.contains("broken.sf2"), "{message}");
        assert!(load(folder.path()).is_err());
    }

    #[test]
    fn damaged_fonts_neither_panic_nor_pass_unplayable() {
        let sound = test_font::click();
        let mut seed = 12_345_u64;
        let mut random = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as usize
        };
        let mut refused = 0;
        for _ in 0..300 {
            let mut bytes = sound.clone();
            for _ in 0..=random() % 8 {
                let at = random() % bytes.len();
                bytes[at] = random() as u8;
            }
            if random() % 4 == 0 {
                bytes.truncate(random() % bytes.len());
            }
            match Font::from_bytes(&bytes, "mutant", FontOrigin::BuiltIn) {
                Err(_) => refused += 1,
                Ok(font) => test_font::play_everything(&Arc::new(font)),
            }
        }
        assert!(refused > 30, "only {refused} of 300 were refused");
    }
}
