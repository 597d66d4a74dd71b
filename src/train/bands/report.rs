//! What a set holds, and what was left out of it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::set::{BandSet, PhraseRef, Source, Split};
use super::statistics::{BandStatistics, table};
use crate::tokens::band::{BandRoll, PHRASE_BARS};
use crate::tokens::part::Part;

/// Phrases that are measured of each source and split: evenly spaced over all of them.
const MEASURED: usize = 2000;

/// The songs of one source and split.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Figures {
    /// Songs, or stretches of files.
    pub songs: usize,
    /// Their bars.
    pub bars: usize,
    /// Phrases to read.
    pub phrases: usize,
    /// Share of the phrases in which a part sounds in two bars or more.
    pub active: BTreeMap<Part, f64>,
    /// Mean number of notes of a part in a bar of the phrases that were measured.
    pub notes_per_bar: BTreeMap<Part, f64>,
    /// How many phrases were measured.
    pub measured: usize,
    /// Means of the measures.
    pub measures: Value,
}

/// Who made what the songs were made of, for model cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Credit {
    /// The folder of the data.
    pub folder: &'static str,
    /// Whose work it is and under which licence.
    pub text: &'static str,
}

const POP909: Credit = Credit {
    folder: "pop909",
    text: "POP909 (Wang, Chen, Jiang, Zhang, Xu, Dai, Bin & Xia, \"POP909: A Pop-song Dataset for Music Arrangement Generation\", \
           ISMIR 2020), MIT licence; arrangements of commercial songs, whose melodies remain their owners'",
};
const POP909_CL: Credit = Credit {
    folder: "pop909-cl",
    text: "POP909-CL, corrected bar lines and chords, copyright 2025 AndyWeasley2004, MIT licence",
};
const GROOVE: Credit = Credit {
    folder: "groove",
    text: "Groove MIDI Dataset (Gillick, Roberts, Engel, Eck & Bamman, \"Learning to Groove with Inverse Sequence Transformations\", \
           ICML 2019), Google LLC, CC BY 4.0",
};
/// The collections of `bands`, by folder.
const BANDS: [Credit; 4] = [
    Credit {
        folder: "bands/freedoom",
        text: "Freedoom music, by the contributors named in its CREDITS-MUSIC, BSD 3-clause licence",
    },
    Credit {
        folder: "bands/simutrans",
        text: "Simutrans music, the Simutrans team and contributors, Artistic License",
    },
    Credit {
        folder: "bands/openmsx",
        text: "OpenMSX, the base music set of OpenTTD, by the authors named in its README, GPL 2",
    },
    Credit {
        folder: "bands/easyrpg",
        text: "EasyRPG RTP music, by the authors named in its AUTHORS.md, CC BY 4.0",
    },
];

/// The credits of the sources of a set; a user's own folder has none here. `folders` are the collections of `bands` that were
/// read.
pub fn credits(sources: &[Source], folders: &[String]) -> Vec<Credit> {
    let mut credits = Vec::new();
    if sources.contains(&Source::Pop909) {
        credits.extend([POP909, POP909_CL, GROOVE]);
    }
    let read = |credit: &&Credit| folders.iter().any(|folder| credit.folder == folder);
    credits.extend(BANDS.iter().filter(read));
    credits
}

/// A set and how it was made.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Report {
    /// The seed of the arrangements.
    pub seed: u64,
    /// What counts as a phrase and how the songs are split, in words.
    pub rules: Vec<&'static str>,
    /// By source and split.
    pub sources: BTreeMap<Source, BTreeMap<Split, Figures>>,
    /// Songs, files and stretches left out: by source and reason, with their names.
    pub left_out: BTreeMap<Source, BTreeMap<String, Vec<String>>>,
    /// Stretches of four bars that are no phrases: by source and reason.
    pub no_phrases: BTreeMap<Source, BTreeMap<&'static str, usize>>,
    /// Bass bars learned, and how many different ones.
    pub bass_rhythms: (usize, usize),
    /// Beats and fills that the arrangements choose from.
    pub grooves: (usize, usize),
    /// For model cards.
    pub credits: Vec<Credit>,
    /// The measures of all sources side by side, as text.
    pub table: String,
}

/// The rules by which phrases are found.
pub const RULES: [&str; 4] = [
    "a phrase is four bars of 4/4 at a stride of one bar, with at least three parts that sound in two of its bars or more",
    "of phrases of a song that share more than 90 % of their onsets the first is kept",
    "songs of POP909 whose number leaves 7 modulo 20 validate",
    "files whose path in its folder has an FNV-1a hash (64 bits) that leaves 7 modulo 20 validate, with all of their stretches",
];

impl Report {
    /// Measures the songs of a set; the rest of the report is left as it is.
    pub fn measure(&mut self, set: &BandSet) {
        let mut tables: Vec<(String, BandStatistics)> = Vec::new();
        for split in [Split::Train, Split::Validation] {
            let mut by_source: BTreeMap<Source, Vec<PhraseRef>> = BTreeMap::new();
            for song in set.songs().iter().filter(|song| song.split == split) {
                let figures = self.sources.entry(song.source).or_default();
                let figures = figures.entry(split).or_default();
                figures.songs += 1;
                figures.bars += song.bars as usize;
                by_source.entry(song.source).or_default();
            }
            for phrase in set.phrases(split) {
                let source = set.song(phrase.song).source;
                by_source.entry(source).or_default().push(*phrase);
            }
            for (source, phrases) in by_source {
                let figures = self.sources.entry(source).or_default();
                let figures = figures.entry(split).or_default();
                let statistics = figures.measure(set, &phrases);
                tables.push((format!("{source} {split}"), statistics));
            }
        }
        tables.sort_by_key(|(name, _)| name.clone());
        let tables: Vec<(&str, &BandStatistics)> = tables
            .iter()
            .map(|(name, set)| (name.as_str(), set))
            .collect();
        self.table = table(&tables);
    }
}

impl Figures {
    fn measure(&mut self, set: &BandSet, phrases: &[PhraseRef]) -> BandStatistics {
        self.phrases = phrases.len();
        let every = phrases.len().div_ceil(MEASURED).max(1);
        let rolls: Vec<BandRoll> = (phrases.iter().step_by(every))
            .map(|phrase| set.phrase(*phrase))
            .collect();
        self.measured = rolls.len();
        let count = rolls.len().max(1) as f64;
        for part in Part::ALL {
            let active = rolls
                .iter()
                .filter(|roll| super::phrases::is_active(roll, part));
            self.active.insert(part, active.count() as f64 / count);
            let notes: usize = rolls.iter().map(|roll| roll.notes(part).len()).sum();
            let bars = count * PHRASE_BARS as f64;
            self.notes_per_bar.insert(part, notes as f64 / bars);
        }
        let statistics = BandStatistics::of(rolls);
        self.measures = statistics.to_json();
        statistics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_name_what_was_read() {
        let all = credits(
            &[Source::Pop909, Source::BandFile],
            &["bands/openmsx".to_owned()],
        );
        let folders: Vec<_> = all.iter().map(|credit| credit.folder).collect();
        assert_eq!(folders, ["pop909", "pop909-cl", "groove", "bands/openmsx"]);
        assert_eq!(credits(&[Source::Folder], &[]), []);
    }
}
